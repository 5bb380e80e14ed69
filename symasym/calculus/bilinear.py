"""A form in two directions, taken apart: terms `c tr(U M V N)` and `c tr(U M) tr(V N)`.

Both routes start here: the aligned one reads the words at single indices, the general one on arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from symasym.words.atoms import Atom, Kind, Word, transpose
from symasym.words.polynomial import MatrixPolynomial, Monomial, ScalarPolynomial

__all__ = ["Linear", "MatrixTerm", "Pair", "Product", "matrix_terms", "split_bilinear", "split_linear"]


@dataclass(frozen=True)
class Linear:
    """`coefficient * tr(V word)` with `V` the direction in `parameter`."""

    coefficient: ScalarPolynomial
    parameter: Atom
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


def _separate(monomial: Monomial, number: Fraction) -> tuple[ScalarPolynomial, list[Word]]:
    """The part of a term that stands still, and the words with directions."""
    moving = [word for word in monomial.scalars if isinstance(word, tuple) and positions(word)]
    fixed = tuple(word for word in monomial.scalars if word not in moving)
    return ScalarPolynomial({Monomial(monomial.powers, fixed): number}), moving


def _linear(word: Word, slot: str, coefficient: ScalarPolynomial) -> Linear:
    turned = _turned(word, slot)
    return Linear(coefficient, turned[0][0].payload[0], turned[1:])


def split_linear(form: ScalarPolynomial) -> list[Linear]:
    """Terms of a form that is linear in the directions `V`."""
    terms = []
    for monomial, number in form.sorted_terms():
        coefficient, (word,) = _separate(monomial, number)
        terms.append(_linear(word, "V", coefficient))
    return terms


def split_bilinear(form: ScalarPolynomial) -> tuple[list[Pair], list[Product]]:
    """Terms of a form that is linear in `U` and in `V`."""
    pairs, products, one = [], [], ScalarPolynomial.number(1)
    for monomial, number in form.sorted_terms():
        coefficient, moving = _separate(monomial, number)
        if len(moving) == 1:
            word = _turned(moving[0], "U")
            n = positions(word)[1]
            (first, _), (second, flag) = word[0], word[n]
            pairs.append(Pair(coefficient, first.payload[0], second.payload[0], word[1:n], word[n + 1 :], flag))
        else:
            u, v = sorted(moving, key=lambda w: w[positions(w)[0]][0].payload[1])
            products.append(Product(coefficient, _linear(u, "U", one), _linear(v, "V", one)))
    return pairs, products


def matrix_terms(polynomial: MatrixPolynomial) -> list[MatrixTerm]:
    """Terms of a matrix polynomial that is linear in one direction."""
    terms = []
    for (monomial, word), number in polynomial.sorted_terms():
        (n,) = positions(word)
        coefficient = ScalarPolynomial({monomial: number})
        terms.append(MatrixTerm(coefficient, word[n][0], word[:n], word[n + 1 :], word[n][1]))
    return terms
