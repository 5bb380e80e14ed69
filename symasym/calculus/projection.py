"""Projection reduction: means of products of polynomials in the data and a smooth function of finitely many linear forms.

The function `g` sees the data `x` through `eta = P x + c` alone, of `r` dimensions. With `C = Cov(x)`, what is left of `x`
beyond `eta`,

    x - E x - C P^T (P C P^T)^{-1} (eta - E eta),   of covariance   C - C P^T (P C P^T)^{-1} P C,

is independent of `eta`, and Wick's theorem applies to it. The same, without an inverse and so for a singular `P C P^T` too, is
Gaussian integration by parts (Stein's identity): a slot is paired with another slot, or replaced by its mean, or paired with
an argument of `g`, which is then differentiated by it,

    E[g(eta) x_1 x_2] = (Cov(x_1, x_2) + mu_1 mu_2) E g + sum_i (Cov(x_1, eta_i) mu_2 + mu_1 Cov(x_2, eta_i)) E g_i
                        + sum_ij Cov(x_1, eta_i) Cov(x_2, eta_j) E g_ij.

So the integrals that are left are those of derivatives of `g`, over `r` dimensions, under the Gaussian law of `eta`; means and
covariances of `eta` are trace words. In a mixture all this holds given the component, whatever its mean and covariance, so
that nothing need be assumed about what the components have in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import sympy

from symasym.calculus.mixtures import Choice
from symasym.calculus.moments import Moments
from symasym.calculus.pairings import Place, Segment, close, is_random, pairings, segment_of
from symasym.errors import NotDerivableYet
from symasym.words.atoms import Atom
from symasym.words.polynomial import Monomial, ScalarPolynomial, Smooth
from symasym.words.smooth import derived, product_of, smooth_scalar

__all__ = ["Integrand", "mean_of_product"]


@dataclass(frozen=True)
class Argument:
    """`eta = constant + sum_n coefficient_n f_n`, each `f_n` linear in one data vector."""

    constant: ScalarPolynomial
    terms: tuple[tuple[ScalarPolynomial, Segment], ...]

    @classmethod
    def of(cls, polynomial: ScalarPolynomial) -> Argument:
        """Take an argument apart, which is affine in the data."""
        fixed, terms = {}, []
        for monomial, number in polynomial.sorted_terms():
            forms = [scalar for scalar in monomial.scalars if isinstance(scalar, tuple) and is_random(scalar)]
            rest = tuple(scalar for scalar in monomial.scalars if scalar not in forms)
            if not forms:
                fixed[monomial] = number
                continue
            (form,) = forms
            terms.append((ScalarPolynomial({Monomial(monomial.powers, rest): number}), segment_of(form)))
        return cls(ScalarPolynomial(fixed), tuple(terms))

    def given(self, choice: Choice) -> Argument:
        """Under the laws given the components of mixtures."""
        return Argument(self.constant, tuple((c, segment.given(choice)) for c, segment in self.terms))

    def mean(self, moments: Moments) -> ScalarPolynomial:
        """`E eta`."""
        parts = [self.constant]
        for coefficient, segment in self.terms:
            if moments.mean(_vector(segment)) is not None:
                parts.append(close([segment], {_place(segment, 0): None}, moments) * coefficient)
        return ScalarPolynomial.sum(parts)

    def covariance(self, other: Argument, moments: Moments) -> ScalarPolynomial:
        """`Cov(eta, eta')`."""
        parts = []
        for c, one in self.terms:
            for b, two in other.terms:
                if moments.covariance(_vector(one), _vector(two)) is not None:
                    parts.append(close([one, two], _joined(_place(one, 0), _place(two, 1)), moments) * c * b)
        return ScalarPolynomial.sum(parts)


def _vector(segment: Segment) -> Atom:
    end = segment.end(segment.sides[0])
    assert end is not None
    return end


def _place(segment: Segment, number: int) -> Place:
    return number, segment.sides[0]


def _joined(first: Place, second: Place) -> dict[Place, Place | None]:
    return {first: second, second: first}


@dataclass(frozen=True)
class Integrand:
    """A function, in `t_1 .. t_r`, of arguments that are affine in the data."""

    function: sympy.Expr
    arguments: tuple[Argument, ...]

    @classmethod
    def of(cls, factors: Sequence[Smooth]) -> Integrand:
        """Their product."""
        function, arguments = product_of(factors)
        return cls(function, tuple(map(Argument.of, arguments)))

    @property
    def vectors(self) -> list[Atom]:
        """The data vectors that it sees."""
        found = [_vector(segment) for argument in self.arguments for _, segment in argument.terms]
        for vector in found:
            if vector.payload.law.scale is not None:
                raise NotDerivableYet(
                    f"smooth: {vector.key} has a random scale; Gaussian vectors and mixtures of such are expected in a smooth "
                    "function"
                )
        return found

    def given(self, choice: Choice) -> Integrand:
        """Under the laws given the components of mixtures."""
        return Integrand(self.function, tuple(argument.given(choice) for argument in self.arguments))


def mean_of_product(
    places: Sequence[Place], segments: Sequence[Segment], integrand: Integrand, moments: Moments
) -> ScalarPolynomial:
    """`E[g(eta) f_1 f_2 ..]` of forms with data at the given places, all Gaussian."""
    arguments = integrand.arguments
    means = [argument.mean(moments) for argument in arguments]
    spread = [a.covariance(b, moments) for a, b in combinations_with_replacement(arguments, 2)]
    gathered: dict[tuple[int, ...], list[ScalarPolynomial]] = {}
    for seen in _seen(tuple(places), segments, integrand, moments):
        whole, pairing, factor = [*segments], dict[Place, Place | None](), ScalarPolynomial.number(1)
        for place, (_, coefficient, segment) in seen.items():
            pairing |= _joined(place, _place(segment, len(whole)))
            whole.append(segment)
            factor = factor * coefficient
        left = [place for place in places if place not in seen]
        by = tuple(sorted(number for number, _, _ in seen.values()))
        parts = gathered.setdefault(by, [])
        parts += (close(whole, pairing | rest, moments) * factor for rest in pairings(left, segments, moments))
    return ScalarPolynomial.sum(
        smooth_scalar(derived(integrand.function, *by), means, spread) * ScalarPolynomial.sum(parts)
        for by, parts in gathered.items()
        if parts
    )


Seen = dict[Place, tuple[int, ScalarPolynomial, Segment]]
"""Slots paired with the integrand: the number of the argument, and of it the term, with its coefficient."""


def _seen(
    places: tuple[Place, ...], segments: Sequence[Segment], integrand: Integrand, moments: Moments
) -> Iterator[Seen]:
    """All ways to pair some of the slots with terms of the arguments of their law."""
    if not places:
        yield {}
        return
    first, *others = places
    vector = segments[first[0]].end(first[1])
    assert vector is not None
    for rest in _seen(tuple(others), segments, integrand, moments):
        yield rest
        for number, argument in enumerate(integrand.arguments):
            for coefficient, segment in argument.terms:
                if moments.covariance(vector, _vector(segment)) is not None:
                    yield {first: (number, coefficient, segment), **rest}
