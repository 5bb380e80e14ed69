"""Replace atoms by matrix polynomials, inside inverses and log-determinants as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from symasym.words.atoms import Atom, Factor, Kind, Word
from symasym.words.contract import contract, dimensions_of
from symasym.words.inverse import inverse, log_determinant
from symasym.words.network import Network, words_of
from symasym.words.polynomial import LogDet, MatrixPolynomial, Monomial, Scalar, ScalarPolynomial, Smooth
from symasym.words.smooth import smooth_scalar

__all__ = ["substitute_matrix", "substitute_scalar"]

NESTED = (Kind.INVERSE, Kind.SAMPLE, Kind.DERIVED)
"""Atoms that are made of others."""
Images = Mapping[Any, Any]
"""Atom -> matrix polynomial; scalar symbol -> another scalar symbol."""


def _factor_image(item: Factor, images: Images) -> MatrixPolynomial:
    atom, transposed = item
    if atom in images:
        image = images[atom]
    elif atom.copies is not None:
        image = _copy_image(atom, images)
    elif atom.kind is Kind.INVERSE:
        image = inverse(substitute_matrix(atom.payload, images))
    elif atom.kind is Kind.SAMPLE:
        image = _sample_image(atom, substitute_matrix(atom.payload, images))
    else:
        image = MatrixPolynomial.atom(atom)
    return image.T if transposed else image


def _copy_image(atom: Atom, images: Images) -> MatrixPolynomial:
    """A copy that an average runs over moves like the vector it is a copy of."""
    original = replace(atom, key=atom.payload.name, copies=None)
    if original not in images:
        return MatrixPolynomial.atom(atom)
    return substitute_matrix(images[original], {original: MatrixPolynomial.atom(atom)})


def _sample_image(atom: Atom, moved: MatrixPolynomial) -> MatrixPolynomial:
    """The mean of `moved`: `L S R` where what it is the mean of has become `L S(z) R`, else a sample mean of its own."""
    own = atom.payload
    if moved == own:
        return MatrixPolynomial.atom(atom)
    (monomial, word), number = max(own.sorted_terms(), key=lambda item: len(item[0][1]))
    for (other, longer), value in moved.sorted_terms():
        for start in range(len(longer) - len(word) + 1):
            end = start + len(word)
            if (other, value, longer[start:end]) == (monomial, number, word):
                left = MatrixPolynomial.of_word(longer[:start], moved.rows, own.rows)
                right = MatrixPolynomial.of_word(longer[end:], own.columns, moved.columns)
                if left @ own @ right == moved:
                    return left @ MatrixPolynomial.atom(atom) @ right
    return MatrixPolynomial.atom(
        replace(atom, key=f"{atom.key}[{moved.key}]", symmetric=moved == moved.T, payload=moved)
    )


def _word_image(word: Word, images: Images) -> MatrixPolynomial:
    first, *others = word
    result = _factor_image(first, images)
    for item in others:
        result = result @ _factor_image(item, images)
    return result


def _monomial_image(monomial: Monomial, images: Images, known: dict[Scalar, ScalarPolynomial]) -> ScalarPolynomial:
    result = ScalarPolynomial.number(1)
    for symbol, power in monomial.powers:
        result = result * ScalarPolynomial.symbol(images.get(symbol, symbol), power)
    for scalar in monomial.scalars:
        if scalar not in known:
            known[scalar] = _scalar_image(scalar, images)
        result = result * known[scalar]
    return result


def _scalar_image(scalar: Scalar, images: Images) -> ScalarPolynomial:
    if isinstance(scalar, LogDet):
        return log_determinant(substitute_matrix(scalar.of, images))
    if isinstance(scalar, Smooth):
        moved = (tuple(substitute_scalar(p, images) for p in parts) for parts in (scalar.arguments, scalar.covariance))
        return smooth_scalar(scalar.function.xreplace(_renamed_scalars(scalar, images)), *moved)
    if isinstance(scalar, Network):
        edges = [(tail, _word_image(word, images), head) for tail, word, head in scalar.edges]
        return contract(edges, dimensions_of(scalar))
    return _word_image(scalar, images).trace()


def _renamed_scalars(scalar: Smooth, images: Images) -> dict[Any, Any]:
    return {symbol: images[symbol] for symbol in scalar.function.free_symbols if symbol in images}


def substitute_scalar(polynomial: ScalarPolynomial, images: Images) -> ScalarPolynomial:
    """Replace each atom by its image."""
    stays = {monomial: number for monomial, number in polynomial.terms.items() if _untouched(monomial, images)}
    moves = ((monomial, number) for monomial, number in polynomial.terms.items() if monomial not in stays)
    known: dict[Scalar, ScalarPolynomial] = {}
    moved = (_monomial_image(monomial, images, known).scale(number) for monomial, number in moves)
    return ScalarPolynomial.sum([ScalarPolynomial(stays), *moved])


def _untouched(monomial: Monomial, images: Images) -> bool:
    """True if nothing in a monomial is replaced, which is quick to see and, in long polynomials, the rule."""
    if any(symbol in images for symbol, _ in monomial.powers):
        return False
    for scalar in monomial.scalars:
        if isinstance(scalar, LogDet | Smooth):
            return False
        for word in words_of(scalar):
            if any(atom in images or atom.copies is not None or atom.kind in NESTED for atom, _ in word):
                return False
    return True


def substitute_matrix(polynomial: MatrixPolynomial, images: Images) -> MatrixPolynomial:
    """Replace each atom by its image."""
    total = MatrixPolynomial(polynomial.rows, polynomial.columns)
    for (monomial, word), number in polynomial.terms.items():
        matrix = _word_image(word, images) if word else MatrixPolynomial.identity(polynomial.rows)
        total = total + matrix.times(_monomial_image(monomial, images, {})).scale(number)
    return total
