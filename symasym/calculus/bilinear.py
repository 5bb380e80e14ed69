"""A form in two directions, taken apart: terms `c tr(U M V N)` and `c tr(U M) tr(V N)`.

Both routes start here: the aligned one reads the words at single indices, the general one on arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from symasym.calculus.forms import ScalarDirection
from symasym.model.matrices import ScalarParameter
from symasym.words.atoms import Atom, Kind, Word, transpose
from symasym.words.polynomial import MatrixPolynomial, Monomial, ScalarPolynomial

__all__ = ["Linear", "MatrixTerm", "Pair", "Product", "matrix_terms", "scalar_terms", "split_bilinear", "split_linear"]


@dataclass(frozen=True)
class Linear:
    """`coefficient * tr(V word)` with `V` the direction in `parameter`; for a scalar parameter `coefficient * V`."""

    coefficient: ScalarPolynomial
    parameter: Atom | ScalarParameter
    word: Word


@dataclass(frozen=True)
class Pair:
    """`coefficient * tr(U inner V outer)`, with `V^T` in place of `V` where `transposed`."""

    coefficient: ScalarPolynomial
    left: Atom
    right: Atom
    inner: Word
    outer: Word
    transposed: bool


@dataclass(frozen=True)
class Product:
    """`coefficient * tr(U left_word) * tr(V right_word)`."""

    coefficient: ScalarPolynomial
    left: Linear
    right: Linear


@dataclass(frozen=True)
class MatrixTerm:
    """`coefficient * before V after` of a matrix that is linear in one direction, `V^T` where `transposed`."""

    coefficient: ScalarPolynomial
    moving: Atom
    before: Word
    after: Word
    transposed: bool


def positions(word: Word) -> list[int]:
    """Where the directions stand in a word."""
    return [n for n, (atom, _) in enumerate(word) if atom.kind is Kind.DIRECTION]


def _turned(word: Word, slot: str) -> Word:
    """Rotate (and transpose) a cyclic word so that the direction of the given slot comes first, untransposed."""
    n = next(m for m in positions(word) if word[m][0].payload[1] == slot)
    if word[n][1]:
        word = transpose(word)
        n = len(word) - 1 - n
    return word[n:] + word[:n]


Moving = Word | ScalarDirection
"""A trace with a direction in it, or the direction of a scalar parameter."""


def _separate(monomial: Monomial, number: Fraction) -> tuple[ScalarPolynomial, list[Moving]]:
    """The part of a term that stands still, and what moves in it."""
    words: list[Moving] = [word for word in monomial.scalars if isinstance(word, tuple) and positions(word)]
    fixed = tuple(word for word in monomial.scalars if word not in words)
    numbers: list[Moving] = [symbol for symbol, _ in monomial.powers if isinstance(symbol, ScalarDirection)]
    powers = tuple((symbol, power) for symbol, power in monomial.powers if symbol not in numbers)
    return ScalarPolynomial({Monomial(powers, fixed): number}), [*words, *numbers]


def _slot(item: Moving) -> str:
    return item.slot if isinstance(item, ScalarDirection) else str(item[positions(item)[0]][0].payload[1])


def _linear(item: Moving, slot: str, coefficient: ScalarPolynomial) -> Linear:
    if isinstance(item, ScalarDirection):
        return Linear(coefficient, item.parameter, ())
    turned = _turned(item, slot)
    return Linear(coefficient, turned[0][0].payload[0], turned[1:])


def split_linear(form: ScalarPolynomial) -> list[Linear]:
    """Terms of a form that is linear in the directions `V`."""
    terms = []
    for monomial, number in form.sorted_terms():
        coefficient, (item,) = _separate(monomial, number)
        terms.append(_linear(item, "V", coefficient))
    return terms


def split_bilinear(form: ScalarPolynomial) -> tuple[list[Pair], list[Product]]:
    """Terms of a form that is linear in `U` and in `V`."""
    pairs, products, one = [], [], ScalarPolynomial.number(1)
    for monomial, number in form.sorted_terms():
        coefficient, moving = _separate(monomial, number)
        if len(moving) == 1 and not isinstance(moving[0], ScalarDirection):
            word = _turned(moving[0], "U")
            n = positions(word)[1]
            (first, _), (second, flag) = word[0], word[n]
            pairs.append(Pair(coefficient, first.payload[0], second.payload[0], word[1:n], word[n + 1 :], flag))
        else:
            u, v = sorted(moving, key=_slot)
            products.append(Product(coefficient, _linear(u, "U", one), _linear(v, "V", one)))
    return pairs, products


def scalar_terms(polynomial: MatrixPolynomial) -> list[tuple[ScalarParameter, MatrixPolynomial]]:
    """`dP/dv` for every scalar parameter `v` that moves in a matrix polynomial linear in directions."""
    found: dict[ScalarParameter, MatrixPolynomial] = {}
    for (monomial, word), number in polynomial.sorted_terms():
        for symbol, _ in monomial.powers:
            if isinstance(symbol, ScalarDirection):
                powers = tuple(item for item in monomial.powers if item[0] != symbol)
                term = MatrixPolynomial(
                    polynomial.rows, polynomial.columns, {(Monomial(powers, monomial.scalars), word): number}
                )
                found[symbol.parameter] = found[symbol.parameter] + term if symbol.parameter in found else term
    return list(found.items())


def matrix_terms(polynomial: MatrixPolynomial) -> list[MatrixTerm]:
    """Terms of a matrix polynomial in which a matrix direction stands, once."""
    terms = []
    for (monomial, word), number in polynomial.sorted_terms():
        if not positions(word):
            continue
        (n,) = positions(word)
        coefficient = ScalarPolynomial({monomial: number})
        terms.append(MatrixTerm(coefficient, word[n][0], word[:n], word[n + 1 :], word[n][1]))
    return terms
