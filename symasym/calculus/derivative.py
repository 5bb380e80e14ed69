"""Directional derivatives on words: `w -> w + t v`, first power of `t`.

Leibniz over the factors of a word and over the scalars of a monomial; `D inv(S)[H] = -inv(S) H inv(S)`;
`D log det S [H] = tr(inv(S) H)`; the chain rule for smooth functions of scalars. Applied again, with further directions, these
give every higher order.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from symasym.words.atoms import Factor, Kind, Word, columns_of, rows_of
from symasym.words.contract import contract, dimensions_of
from symasym.words.inverse import inverse
from symasym.words.network import Network
from symasym.words.polynomial import LogDet, MatrixPolynomial, Monomial, Scalar, ScalarPolynomial, Smooth
from symasym.words.smooth import smooth_derivative

__all__ = ["differentiate_matrix", "differentiate_scalar"]

Directions = Mapping[Any, Any]
"""Which atoms move along which matrix polynomial, which scalar symbols along which scalar; the rest stands still."""


def _factor_derivative(item: Factor, directions: Directions) -> MatrixPolynomial | None:
    atom, transposed = item
    if atom in directions:
        moved = directions[atom]
    elif atom.kind is Kind.INVERSE:
        inner = differentiate_matrix(atom.payload, directions)
        if not inner:
            return None
        itself = MatrixPolynomial.atom(atom)
        moved = (itself @ inner @ itself).scale(-1)
    else:
        return None
    return moved.T if transposed else moved


def _word_derivative(word: Word, directions: Directions) -> MatrixPolynomial | None:
    """Leibniz over the factors: the sum of the word with one factor replaced by its derivative."""
    total: MatrixPolynomial | None = None
    for n, item in enumerate(word):
        moved = _factor_derivative(item, directions)
        if moved is None:
            continue
        left = MatrixPolynomial.of_word(word[:n], rows_of(word[0]), rows_of(item))
        right = MatrixPolynomial.of_word(word[n + 1 :], columns_of(item), columns_of(word[-1]))
        term = left @ moved @ right
        total = term if total is None else total + term
    return total


def _network_derivative(network: Network, directions: Directions) -> ScalarPolynomial:
    """Leibniz over the edges."""
    total, dimensions = ScalarPolynomial(), dimensions_of(network)
    edges = [(tail, _plain(word), head) for tail, word, head in network.edges]
    for n, (tail, word, head) in enumerate(network.edges):
        moved = _word_derivative(word, directions)
        if moved is not None:
            total = total + contract([*edges[:n], (tail, moved, head), *edges[n + 1 :]], dimensions)
    return total


def _plain(word: Word) -> MatrixPolynomial:
    return MatrixPolynomial.of_word(word, rows_of(word[0]), columns_of(word[-1]))


def _scalar_derivative(scalar: Scalar, directions: Directions) -> ScalarPolynomial | None:
    if isinstance(scalar, Network):
        return _network_derivative(scalar, directions)
    if isinstance(scalar, Smooth):
        return smooth_derivative(scalar, lambda polynomial: differentiate_scalar(polynomial, directions))
    if isinstance(scalar, LogDet):
        inner = differentiate_matrix(scalar.of, directions)
        return (inverse(scalar.of) @ inner).trace() if inner else None
    moved = _word_derivative(scalar, directions)
    return None if moved is None else moved.trace()


def _monomial_derivative(monomial: Monomial, directions: Directions) -> ScalarPolynomial:
    """Leibniz over the powers and the scalars of a monomial."""
    total = ScalarPolynomial()
    for n, (symbol, power) in enumerate(monomial.powers):
        if symbol in directions:
            rest = Monomial(monomial.powers[:n] + monomial.powers[n + 1 :], monomial.scalars)
            lowered = ScalarPolynomial.symbol(symbol, power - 1) if power != 1 else ScalarPolynomial.number(1)
            total = total + ScalarPolynomial({rest: Fraction(power)}) * lowered * directions[symbol]
    for n, scalar in enumerate(monomial.scalars):
        moved = _scalar_derivative(scalar, directions)
        if moved is not None:
            others = Monomial(monomial.powers, monomial.scalars[:n] + monomial.scalars[n + 1 :])
            total = total + moved * ScalarPolynomial({others: Fraction(1)})
    return total


def differentiate_scalar(polynomial: ScalarPolynomial, directions: Directions) -> ScalarPolynomial:
    """`D p [directions]`, a scalar polynomial linear in the directions."""
    return ScalarPolynomial.sum(
        _monomial_derivative(monomial, directions).scale(number) for monomial, number in polynomial.terms.items()
    )


def differentiate_matrix(polynomial: MatrixPolynomial, directions: Directions) -> MatrixPolynomial:
    """`D P [directions]`, a matrix polynomial linear in the directions."""
    total = MatrixPolynomial(polynomial.rows, polynomial.columns)
    for (monomial, word), number in polynomial.terms.items():
        moved = _word_derivative(word, directions)
        if moved is not None:
            total = total + moved.times(ScalarPolynomial({monomial: Fraction(number)}))
        scalar = _monomial_derivative(monomial, directions)
        if scalar:
            total = total + MatrixPolynomial.of_word(word, polynomial.rows, polynomial.columns).times(scalar).scale(
                number
            )
    return total
