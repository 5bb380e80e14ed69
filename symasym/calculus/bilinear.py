"""A form in two directions, taken apart: terms `c tr(U M V N)`, `c tr(U M) tr(V N)`, and networks with `U` and `V` in them.

Both routes start here: the aligned one reads the words at single indices, the general one on arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from symasym.calculus.forms import ScalarDirection
from symasym.model.matrices import ScalarParameter
from symasym.words.atoms import Atom, Kind, Word, transpose
from symasym.words.network import Network, words_of
from symasym.words.polynomial import MatrixPolynomial, Monomial, ScalarPolynomial

__all__ = [
    "Linear",
    "MatrixTerm",
    "Pair",
    "Product",
    "Web",
    "matrix_terms",
    "moving_in",
    "pair_of",
    "positions",
    "scalar_terms",
    "split_bilinear",
    "split_linear",
]


@dataclass(frozen=True)
class Linear:
    """`coefficient * tr(V word)` with `V` the direction in `parameter`; for a scalar parameter `coefficient * V`.

    Where `V` stands in a network, that network is in place of the word.
    """

    coefficient: ScalarPolynomial
    parameter: Atom | ScalarParameter
    word: Word | Network


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
class Web:
    """`coefficient * network` with `U`, the direction in `left`, and `V`, that in `right`, both in one network."""

    coefficient: ScalarPolynomial
    left: Atom
    right: Atom
    network: Network


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


Moving = Word | Network | ScalarDirection
"""A trace or network with a direction in it, or the direction of a scalar parameter."""


def moving_in(item: Word | Network) -> list[Atom]:
    """The directions in a trace or a network."""
    return [word[n][0] for word in words_of(item) for n in positions(word)]


def _separate(monomial: Monomial, number: Fraction) -> tuple[ScalarPolynomial, list[Moving]]:
    """The part of a term that stands still, and what moves in it."""
    words: list[Moving] = [item for item in monomial.scalars if isinstance(item, tuple | Network) and moving_in(item)]
    fixed = tuple(item for item in monomial.scalars if item not in words)
    numbers: list[Moving] = [symbol for symbol, _ in monomial.powers if isinstance(symbol, ScalarDirection)]
    powers = tuple((symbol, power) for symbol, power in monomial.powers if symbol not in numbers)
    return ScalarPolynomial({Monomial(powers, fixed): number}), [*words, *numbers]


def _slot(item: Moving) -> str:
    return item.slot if isinstance(item, ScalarDirection) else str(moving_in(item)[0].payload[1])


def _linear(item: Moving, slot: str, coefficient: ScalarPolynomial) -> Linear:
    if isinstance(item, ScalarDirection):
        return Linear(coefficient, item.parameter, ())
    if isinstance(item, Network):
        return Linear(coefficient, moving_in(item)[0].payload[0], item)
    turned = _turned(item, slot)
    return Linear(coefficient, turned[0][0].payload[0], turned[1:])


def split_linear(form: ScalarPolynomial) -> list[Linear]:
    """Terms of a form that is linear in the directions `V`."""
    terms = []
    for monomial, number in form.sorted_terms():
        coefficient, (item,) = _separate(monomial, number)
        terms.append(_linear(item, "V", coefficient))
    return terms


def pair_of(coefficient: ScalarPolynomial, word: Word) -> Pair:
    """The term `coefficient * tr(word)` with both directions in the word."""
    word = _turned(word, "U")
    n = positions(word)[1]
    (first, _), (second, flag) = word[0], word[n]
    return Pair(coefficient, first.payload[0], second.payload[0], word[1:n], word[n + 1 :], flag)


def split_bilinear(form: ScalarPolynomial) -> tuple[list[Pair], list[Product], list[Web]]:
    """Terms of a form that is linear in `U` and in `V`."""
    pairs, products, webs, one = [], [], [], ScalarPolynomial.number(1)
    for monomial, number in form.sorted_terms():
        coefficient, moving = _separate(monomial, number)
        if len(moving) == 1 and isinstance(moving[0], Network):
            left, right = sorted((atom.payload for atom in moving_in(moving[0])), key=lambda payload: payload[1])
            webs.append(Web(coefficient, left[0], right[0], moving[0]))
        elif len(moving) == 1 and isinstance(moving[0], tuple):
            pairs.append(pair_of(coefficient, moving[0]))
        else:
            u, v = sorted(moving, key=_slot)
            products.append(Product(coefficient, _linear(u, "U", one), _linear(v, "V", one)))
    return pairs, products, webs


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
