"""From a model of a family to its forms: symmetry, projection, score, information, displaced target; for every `K` and `d`."""

from __future__ import annotations

from dataclasses import dataclass

from symasym.errors import ConditionViolated, NotDerivableYet
from symasym.model.displayed import Displayed
from symasym.model.families import FamilyModel, target_term
from symasym.projection.algebra import FREE, Dot, Monomial, Polynomial, Role, Side
from symasym.projection.derivative import derivative
from symasym.projection.features import outside_span, signature, spanned
from symasym.projection.lower import Lowering
from symasym.projection.reduce import (
    at_truth,
    degree_outside,
    expectation_outside,
    has_member,
    prove_projection,
    require_translation,
)
from symasym.projection.show import show

__all__ = ["FamilyDerivation", "V", "derive_family"]

V, W = "v", "w"
"""Names of directions of the family."""


@dataclass(frozen=True)
class FamilyDerivation(Displayed):
    """The stages for symbolic sizes; the integrals over `xi` that are left are named by their integrands.

    * `score`: `Dl[v]`; `information`: `s(v, w) = E[Dl[v] Dl[w] | xi]`, whose mean over `xi` is the score form; `hessian`:
      the same of `D^2 l[v, w]`. The means of both are equal: the loss is minus the log density of the data.
    * `target`: `f*`; `blocks`: its parts, one for each block of features.
    * `displaced`: `D f*[v]` without what is a combination of features whatever the constants; it splits into `inside`, a function
      of `xi`, and `outside`, linear in `y`, which no feature is.
    """

    name: str
    model: FamilyModel
    score: Polynomial
    information: Polynomial
    hessian: Polynomial
    target: Polynomial
    blocks: tuple[Polynomial, ...]
    displaced: Polynomial

    @property
    def inside(self) -> Polynomial:
        """The displaced target as far as it is a function of `xi`, up to features."""
        return self.displaced.select(lambda monomial: degree_outside(monomial) == 0)

    @property
    def outside(self) -> Polynomial:
        """The displaced target as far as it is linear in `y`."""
        return self.displaced.select(lambda monomial: degree_outside(monomial) == 1)

    @property
    def slots(self) -> tuple[tuple[Polynomial, str], ...]:
        """Every block with the name of its coefficients."""
        names = [str(block.coefficient.args[0]) for block in self.model.features]
        return tuple(zip(self.blocks, names, strict=True))

    @property
    def score_inside(self) -> Polynomial:
        """The score along directions inside the span."""
        return self.score.select(lambda monomial: degree_outside(monomial) == 0)

    @property
    def score_outside(self) -> Polynomial:
        """The score along directions outside, linear in `y`."""
        return self.score.select(lambda monomial: degree_outside(monomial) == 1)

    @property
    def integrals(self) -> tuple[str, ...]:
        """The integrals that are left, by what stands in them: shares, degree in `xi`, dimension, symmetry."""
        K = self.model.parameter.count
        named = {
            "information inside": _kinds(self.score_inside, self.score_inside),
            "information outside": _kinds(self.score_outside, self.score_outside),
            "displaced target inside": _kinds(self.inside, self.inside),
            "displaced target with features": _kinds(self.inside, *self.blocks),
            "features": _kinds(self.blocks[0], *self.blocks),
            "displaced target outside": _kinds(self.outside, self.outside),
        }
        return tuple(
            f"{name}: E of {shares} shares times a polynomial of degree {degree} in xi, over r dimensions, symmetric under "
            f"S({K}) together with the members"
            for name, (shares, degree) in named.items()
        )

    def __str__(self) -> str:
        count, d = self.model.parameter.count, self.model.parameter.dimension
        lines = [
            self.model.title or self.name,
            "  n (R - sigma^2) -> sigma^2 d_eff + (1/alpha) ||L(Z)||^2,   alpha = m/n",
            f"  symbolic in {count} and {d}: a weight of multiplicity 1 for each eigenvalue of K_in V_in, one of multiplicity",
            f"    {d} - r for each eigenvalue of K_out V_out; r is the dimension of the affine span of the members",
            "  xi: the data inside that span, y: outside; w[i]: shares; means over xi are r-dimensional integrals",
            f"  Dl[v]      = {show(self.score)}",
            f"  s = h      = E {show(self.information)}",
            f"  Df*[v] in  = {show(self.inside)}   (up to features)",
            f"  Df*[v] out = {show(self.outside)}",
            f"  E||L(Z)||^2 = c_in + ({d} - r) c_out,   c = tr(K V), V the inverse information",
            f"  d_eff = {count} (r + 1)",
        ]
        lines += [f"  where {', '.join(map(str, self.model.where))}"] if self.model.where else []
        lines += [f"  assumed: {words}" for words in self.model.assumptions]
        return "\n".join(lines)


def derive_family(model: FamilyModel, name: str = "model") -> FamilyDerivation:
    """Derive the forms of a model of a family.

    Raises `ConditionViolated` where loss or features are not symmetric or not those of a translation family,
    `NotDerivableYet` where the reduction does not reach.
    """
    lowering = Lowering()
    loss = lowering.scalar(model.loss)
    parts = [lowering.scalar(target_term(block)) for block in model.features]
    _require_symmetric(loss)
    _require_log_density(model, loss, lowering)
    alike = prove_projection(lowering.logits)
    blocks = [part.summed() for part in parts]
    target = Polynomial.of(pair for block in blocks for pair in block.terms.items())
    slope, moved = derivative(loss, lowering.logits, V), derivative(target, lowering.logits, V)
    for polynomial, what in ((slope, "loss"), (moved, "features")):
        require_translation(polynomial, what)
    score, again = (at_truth(derivative(loss, lowering.logits, name), alike) for name in (V, W))
    curvature = at_truth(derivative(slope, lowering.logits, W), alike)
    truth = tuple(at_truth(block, alike) for block in blocks)
    displaced = outside_span(at_truth(moved, alike), spanned(truth))
    _require_split(displaced)
    return FamilyDerivation(
        name,
        model,
        score,
        expectation_outside(score * again),
        expectation_outside(curvature),
        at_truth(target, alike),
        truth,
        displaced,
    )


def _require_symmetric(loss: Polynomial) -> None:
    """Sums over all members do not change when the members change places; what is about one member does."""
    for monomial in loss.terms:
        if any(has_member(factor, FREE) for factor in monomial):
            raise ConditionViolated("symmetry: the loss names a single member, so that relabelling changes it")


def _require_log_density(model: FamilyModel, loss: Polynomial, lowering: Lowering) -> None:
    """The information equality `E D^2 l = E Dl Dl` holds where the loss is minus the log density of the data."""
    expected = Lowering()
    density = expected.log_density(model.input.name, model.parameter.name)
    if loss != density or lowering.logits[0] != expected.logits[0]:
        raise NotDerivableYet(
            "loss: it is not minus the log density of the data, -log_mean_exp_over(-norm2(x - u[i])/2, over=i), which is derived"
        )


def _require_split(displaced: Polynomial) -> None:
    """Directions inside move functions of `xi`, directions outside what is linear in `y`; known vectors lie inside."""
    for monomial, number in displaced.terms.items():
        degree, outside = degree_outside(monomial), _outside(monomial)
        if degree > 1 or outside != degree:
            term = show(Polynomial({monomial: number}))
            raise NotDerivableYet(f"features: the displaced target has the term {term}, which mixes inside and outside")


def _outside(monomial: Monomial) -> int:
    """Directions and known vectors that enter by what of them lies outside."""
    dots = [factor for factor in monomial if isinstance(factor, Dot) and factor.side is Side.OUT]
    return sum(v.role is not Role.DATA for dot in dots for v in (dot.first, dot.second))


def _kinds(left: Polynomial, *right: Polynomial) -> tuple[int, int]:
    """Most shares, and highest degree in `xi`, of the products."""
    ours = [signature(m) for m in left.terms]
    theirs = [signature(m) for polynomial in right for m in polynomial.terms]
    shares, degree = (max(s[n] for s in ours) + max(s[n] for s in theirs) for n in (0, 1))
    return shares, degree
