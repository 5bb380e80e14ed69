"""Exact Gaussian expectations of polynomials in bilinear forms: Wick's (Isserlis') theorem on words.

Every data vector sits at an end of a scalar `u^T M v`: a *slot*. The expectation of a product of scalars is the sum, over all
ways to pair the slots within a law and to replace the remaining ones by their means, of the product of what closes up:
a pairing `(u, v)` inserts `Cov(u, v)`, and the scalars, entered from either end, chain into traces (`pairings`). Mixtures are
Gaussian given their components (`mixtures`). Smooth functions of linear forms stay, as integrals over these forms, and what is
left of the data is paired as before (`projection`).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from symasym.calculus.masks import expectation_over_masks
from symasym.calculus.mixtures import choices
from symasym.calculus.moments import Moments
from symasym.calculus.pairings import Segment, close, is_random, pairings, segment_of
from symasym.calculus.projection import Integrand, mean_of_product
from symasym.errors import NotDerivableYet
from symasym.words.atoms import Kind, Word
from symasym.words.network import Network, words_of
from symasym.words.polynomial import LogDet, MatrixPolynomial, Monomial, ScalarPolynomial, Smooth

__all__ = ["Moments", "expectation"]


def _refuse_hidden_data(monomial: Monomial) -> None:
    """Data or masks inside an inverse or a log-determinant: not a polynomial, and never to be taken for a constant."""
    for scalar in monomial.scalars:
        if isinstance(scalar, Network):
            if any(map(_word_has_data, words_of(scalar))):
                raise NotDerivableYet(
                    "expectation: data or masks stand inside a sum over coordinates, which is not derived yet"
                )
            continue
        if isinstance(scalar, LogDet):
            hidden = [scalar.of]
        else:
            hidden = [a.payload for word in words_of(scalar) for a, _ in word if a.kind is Kind.INVERSE]
        for polynomial in hidden:
            if has_data(polynomial):
                raise NotDerivableYet(
                    "expectation: data stand inside an inverse or a log-determinant, so it is not a polynomial"
                )


def has_data(polynomial: MatrixPolynomial) -> bool:
    """True if a data vector or mask occurs anywhere in a matrix polynomial, inside its inverses and scalars as well."""
    words = [word for _, word in polynomial.terms]
    for monomial, _ in polynomial.terms:
        for scalar in monomial.scalars:
            if isinstance(scalar, LogDet):
                if has_data(scalar.of):
                    return True
            else:
                words += words_of(scalar)
    return any(map(_word_has_data, words))


def _word_has_data(word: Word) -> bool:
    return any(
        atom.kind in (Kind.DATA, Kind.MASK) or (atom.kind is Kind.INVERSE and has_data(atom.payload))
        for atom, _ in word
    )


def expectation(polynomial: ScalarPolynomial, moments: Moments) -> ScalarPolynomial:
    """`E p` over all data vectors and masks: a polynomial in trace words of constant matrices, and in networks of them."""
    return expectation_over_masks(_expectation_over_data(polynomial, moments))


def _expectation_over_data(polynomial: ScalarPolynomial, moments: Moments) -> ScalarPolynomial:
    """`E p` given the masks, which are independent of the data: Wick's theorem, and projection reduction."""
    parts: list[ScalarPolynomial] = []
    for monomial, number in polynomial.terms.items():
        _refuse_hidden_data(monomial)
        functions = [scalar for scalar in monomial.scalars if isinstance(scalar, Smooth) and _is_function(scalar)]
        forms = [scalar for scalar in monomial.scalars if isinstance(scalar, tuple) and is_random(scalar)]
        fixed = tuple(scalar for scalar in monomial.scalars if scalar not in forms and scalar not in functions)
        factor = ScalarPolynomial({Monomial(monomial.powers, fixed): Fraction(number)})
        parts += _of_product(list(map(segment_of, forms)), functions, factor, moments)
    return ScalarPolynomial.sum(parts)


def _is_function(scalar: Smooth) -> bool:
    """True for a function of the data, not a mean over them."""
    return any(map(_word_has_data, scalar.words))


def _of_product(
    segments: list[Segment], functions: list[Smooth], factor: ScalarPolynomial, moments: Moments
) -> Iterator[ScalarPolynomial]:
    """The mean of a product of forms and smooth functions, given each choice of components, times a factor."""
    places = [(n, side) for n, segment in enumerate(segments) for side in segment.sides]
    ends = [end for segment in segments for side in segment.sides if (end := segment.end(side)) is not None]
    if not functions:
        factor = moments.scale_factor(ends) * factor
        for probability, choice in choices(ends):
            drawn = [segment.given(choice) for segment in segments]
            outer = factor * probability
            yield from (close(drawn, pairing, moments) * outer for pairing in pairings(places, drawn, moments))
        return
    integrand = Integrand.of(functions)
    for probability, choice in choices([*ends, *integrand.vectors]):
        drawn = [segment.given(choice) for segment in segments]
        yield mean_of_product(places, drawn, integrand.given(choice), moments) * factor * probability
