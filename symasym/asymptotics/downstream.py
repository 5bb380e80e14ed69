"""The downstream map: how a displacement of the first stage leaves the span of the features.

For linear features `psi(x, w) = Phi(w) x` a function `<u, x>` is its coefficient vector `u`. With `theta` the coefficients of
`f*`, `L(v) = -(I - Pi) DPhi[v]^T theta`; in aligned coordinates `Phi(w*)` is diagonal, the span is that of the learned
indices, and component `a` outside of it is `c_a(v) = sum_i theta_i (DPhi[v])_ia`, which involves the blocks `{i, a}` alone.
These are independent, so `Cov(c(Z))` is diagonal with entries `v_a`, and `||L(Z)||^2 = c(Z)^T S c(Z)`, where `S` is the Schur
complement of `Sigma_down` on the learned indices.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy
from sympy.polys.fields import FracElement

from symasym.alignment.blocks import PairBlock, linear_entries
from symasym.alignment.entries import Entries
from symasym.alignment.ranges import Range
from symasym.asymptotics.covariance import Covariance
from symasym.calculus.derivative import differentiate_matrix
from symasym.calculus.forms import Forms, directions
from symasym.errors import ConditionViolated, NotDerivableYet
from symasym.model.displayed import Displayed
from symasym.model.model import Model
from symasym.words.atoms import Kind
from symasym.words.lower import lower_matrix
from symasym.words.polynomial import MatrixPolynomial
from symasym.words.substitute import substitute_matrix

__all__ = ["Downstream", "Leak", "downstream", "feature_matrix", "feature_derivative"]


@dataclass(frozen=True)
class Leak:
    """What a pair block `{i, a}` contributes to `c_a`: `theta_i * slope . coordinates`, with variance `variance`.

    `variance = theta_i^2 slope^T V slope` is the summand over `i` of `v_a`; `i` is in the slot that the learned range has in
    the block.
    """

    learned: Range
    outside: Range
    block: PairBlock
    theta: FracElement
    slope: tuple[FracElement, ...]
    variance: FracElement


@dataclass(frozen=True)
class Downstream(Displayed):
    """Learned and outside ranges, `Phi(w*)`, `theta`, and the leaks between them; their fractions are those of `entries`.

    `pretraining_variance` are the entries of the covariance of the features' input in the first stage: the default for the
    downstream one.
    """

    entries: Entries
    learned: tuple[Range, ...]
    outside: tuple[Range, ...]
    feature_entries: dict[Range, FracElement]
    theta: dict[Range, FracElement]
    leaks: tuple[Leak, ...]
    pretraining_variance: dict[Range, FracElement]

    @property
    def d_eff(self) -> sympy.Expr:
        """Rank of the features."""
        return sympy.Add(*(item.size for item in self.learned))

    @property
    def rank(self) -> sympy.Expr:
        """Rank of `L` on the horizontal space: the outside indices that some displacement reaches."""
        reached = {leak.outside for leak in self.leaks}
        return sympy.Add(*(item.size for item in self.outside if item in reached))


def feature_matrix(model: Model) -> MatrixPolynomial:
    """`Phi(w)` with `psi(x, w) = Phi(w) x`."""
    lowered = lower_matrix(model.features)
    terms = {}
    for (monomial, word), number in lowered.terms.items():
        if not word or word[-1][0].kind is not Kind.DATA or any(a.kind is Kind.DATA for a, _ in word[:-1]):
            raise NotDerivableYet(f"features: {model.features} is not linear in {model.input}")
        terms[monomial, word[:-1]] = number
    return MatrixPolynomial(lowered.rows, model.input.shape[0], terms)


def feature_derivative(model: Model, forms: Forms) -> MatrixPolynomial:
    """`DPhi(w*)[V]`, linear in the directions `V`."""
    moving = directions(forms.parameters, forms.scalar_parameters, "V")
    return substitute_matrix(differentiate_matrix(feature_matrix(model), moving), forms.point)


def _slots(block: PairBlock, learned: Range) -> tuple[int, int]:
    """Slots of the learned and of the outside index in a block."""
    return (1, 2) if block.first == learned else (2, 1)


def _leak(
    derivative: MatrixPolynomial, covariance: Covariance, learned: Range, outside: Range, theta: FracElement
) -> Leak | None:
    entries, found = covariance.entries, covariance.pair(learned, outside)
    if found is None:
        return None
    block = found.block
    row_slot, column_slot = _slots(block, learned)
    slope = [entries.field.zero] * len(block.coordinates)
    for atom, transposed, value in linear_entries(derivative, (learned, row_slot), (outside, column_slot), entries):
        # the entry [i, a] of the direction, [a, i] where transposed; the block's own order is [first, second]
        flipped = transposed != (block.first != learned)
        for n, coordinate in enumerate(block.coordinates):
            if coordinate.parameter == atom.payload[0] and coordinate.flipped == flipped:
                slope[n] += value
    if not any(slope):
        return None
    for vector in block.vertical:
        if entries.fractions.sum_of_products(zip(slope, vector, strict=True)):
            raise ConditionViolated(
                f"features: the downstream map does not vanish on a vertical direction of the pair "
                f"({learned.index}, {outside.index}), so the features move along the orbit"
            )
    variance = entries.fractions.sum_of_products(
        (slope[m], value, slope[n]) for m, row in enumerate(found.covariance) for n, value in enumerate(row)
    )
    return Leak(learned, outside, block, theta, tuple(slope), theta**2 * variance)


def downstream(model: Model, forms: Forms, covariance: Covariance) -> Downstream:
    """Span of the features at `w*`, coefficients of the target, and what a displacement does to them.

    Raises `ConditionViolated` where the target leaves the span, `NotDerivableYet` where a feature is null at `w*`.
    """
    entries = covariance.entries
    features = substitute_matrix(feature_matrix(model), forms.point)
    target = substitute_matrix(lower_matrix(model.downstream.target), forms.point)
    derivative = feature_derivative(model, forms)
    inputs, outputs = entries.ranges.of(features.columns), entries.ranges.of(features.rows)
    diagonal = {item: entries.of_matrix(features, item, 1) for item in outputs}
    for item, value in diagonal.items():
        if item not in inputs or not value:
            raise NotDerivableYet(
                f"features: the features {item} are null at w*; activated null directions are not derived yet"
            )
    outside = tuple(item for item in inputs if item not in outputs)
    for item in outside:
        value = entries.of_matrix(target, item, 1)
        if value:
            raise ConditionViolated(
                f"downstream.target: f* leaves the span of the features along {item}, where its coefficient is "
                f"{entries.show(value, item)} instead of 0"
            )
    theta = {item: entries.of_matrix(target, item, 1) / diagonal[item] for item in outputs}
    leaks = []
    for first in outputs:
        for second in outside:
            found = covariance.pair(first, second)
            if found is not None:
                slot = _slots(found.block, first)[0]
                coefficient = entries.of_matrix(target, first, slot) / entries.of_matrix(features, first, slot)
                leak = _leak(derivative, covariance, first, second, coefficient)
                if leak is not None:
                    leaks.append(leak)
    variance = substitute_matrix(lower_matrix(model.input.cov), forms.point)
    own = {item: entries.of_matrix(variance, item, 1) for item in inputs}
    return Downstream(entries, outputs, outside, diagonal, theta, tuple(leaks), own)
