"""Square roots of expressions: entries that hold them, shown in SymPy and put to numbers, against SymPy's own arithmetic."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy

from symasym.alignment import Entries, Ranges
from symasym.alignment.rational import value_at
from symasym.alignment.roots import find_roots
from symasym.errors import InputError, NotDerivableYet
from symasym.model import Aligned, constant, dims, indexed, indices, parameter, scalar
from symasym.words.atoms import Atom
from symasym.words.lower import atom_of

d, k = dims("d k")
i, a = indices("i a")
lam, u, v = indexed("lam u v")
g = scalar("g")
A, B, S, R = parameter("A_r", k, d), parameter("B_r", k, d), constant("S_r", d, d), constant("R_r", d, d)
RADICAND = (1 + g * u[i]) / (2 + g * v[i])
ALIGNED = Aligned(
    ranges={i: (1, k), a: (k + 1, d)},
    diagonal={S: {i: u[i] * v[i], a: u[a]}, R: {i: 1 + u[i], a: v[a]}},
    at={A: {i: sympy.sqrt(RADICAND)}, B: {i: sympy.sqrt(lam[i]) * RADICAND ** sympy.Rational(3, 2)}},
)
VALUES = {
    "lam": [4, 9],
    "u": [Fraction(7, 4), Fraction(43, 8), Fraction(5, 3)],
    "v": [Fraction(0), Fraction(1, 8), Fraction(1, 2)],
}
"""With `g = 4` the radicands are 4 and 9."""
G = Fraction(4)


def entries() -> Entries:
    return Entries(ALIGNED, Ranges(ALIGNED.ranges), [g], 2)


def word(*symbols) -> tuple[tuple[Atom, bool], ...]:
    return tuple((atom_of(symbol), False) for symbol in symbols)


def root(value: Fraction) -> Fraction:
    found = sympy.sqrt(sympy.Rational(value.numerator, value.denominator))
    assert found.is_Rational
    return Fraction(int(found.p), int(found.q))


def number(expression: sympy.Expr) -> sympy.Expr:
    table = {}
    for entry in expression.atoms(sympy.Indexed):
        position = {"i": 0, "j": 1, "a": 2, "c": 2}[str(entry.indices[0])]
        value = Fraction(VALUES[str(entry.base.label)][position])
        table[entry] = sympy.Rational(value.numerator, value.denominator)
    return sympy.nsimplify(expression.xreplace({**table, g: sympy.Integer(4)}))


def expected(symbol, index: sympy.Symbol, name: str) -> sympy.Expr:
    table = {**ALIGNED.diagonal, **ALIGNED.at}[symbol]
    return table[index].subs(index, sympy.Symbol(name, integer=True))


@pytest.mark.parametrize("symbols", [(A,), (A, A), (A, B), (B, B, S), (A, S, R), (S, S), (A, B, A, B)])
@pytest.mark.parametrize("second", [False, True])
def test_words_with_roots_have_their_value_shown_and_in_numbers(symbols, second: bool) -> None:
    """At one index, and as a sum over the two indices of a block, where roots at both stand side by side."""
    field = entries()
    item = field.ranges.all[0]
    ours = field.of_word(word(*symbols), item, 1)
    theirs = sympy.prod([expected(s, i, "i") for s in symbols])
    if second:
        ours = (ours + field.of_word(word(*symbols), item, 2)) / field.of_word(word(A), item, 2) ** 3
        other = sympy.prod([expected(s, i, "j") for s in symbols])
        theirs = (theirs + other) / expected(A, i, "j") ** 3
    shown = field.show(ours, item, item if second else None)
    assert number(shown) == number(theirs)
    values = field.generator_values(
        lambda family, n: VALUES[str(family.label)][n - 1], root, {"g": G}, {}, (item, 1), (item, 2)
    )
    found = value_at(ours, values)
    assert sympy.Rational(found.numerator, found.denominator) == number(theirs)


def test_what_cancels_is_shown_without_roots() -> None:
    field = entries()
    item = field.ranges.all[0]
    square = field.of_word(word(A, A), item, 1)
    assert sympy.simplify(field.show(square, item) - RADICAND) == 0 and not field.show(square, item).has(sympy.sqrt)
    assert field.show(square * (field.convert(2 + g * v[i], i, 1)), item) == g * u[i] + 1
    assert not field.show(square, item).atoms(sympy.Pow) - {1 / (g * v[i] + 2)}


def test_for_signs_a_root_is_a_positive_symbol() -> None:
    field = entries()
    item = field.ranges.all[0]
    shown = field.show_with_roots(field.of_word(word(A, A), item, 1), item)
    (symbol,) = shown.free_symbols
    assert shown == symbol**2 and symbol.is_positive
    relation = field.with_roots(g * u[i] + 1 > v[a])
    assert not relation.has(u[i]) and relation.has(symbol) and relation.has(v[a])
    assert field.radicands == (RADICAND,)


@pytest.mark.parametrize(
    ("expression", "family"),
    [
        (u[i], "u"),
        (1 + u[i], "u"),
        ((1 + u[i]) / (1 + v[i]), "u"),
        (1 / (1 + v[i]), "v"),
        ((u[i] + 1) / (u[i] + 2), "u"),
        (u[i] ** 2 + g * v[i], "v"),
        (1 + g * u[i] * v[i], "u"),
    ],
)
def test_the_family_that_a_root_determines(expression: sympy.Expr, family: str) -> None:
    (((found, index), root_),) = find_roots([(i, sympy.sqrt(expression))]).items()
    assert str(found.label) == family and index == i
    square = sympy.Symbol("s")
    entry = found[i]
    assert sympy.simplify(expression.subs(entry, root_.family_at(square)) - square) == 0


@pytest.mark.parametrize(
    ("expressions", "error", "message"),
    [
        ([sympy.sqrt(u[i] ** 2 + 1)], NotDerivableYet, "determines no family"),
        ([sympy.sqrt(u[i]), sympy.sqrt(1 + u[i])], NotDerivableYet, "share the family u"),
        ([sympy.sqrt(u[i]), sympy.sqrt(v[i] + u[i])], NotDerivableYet, "share the family"),
        ([sympy.sqrt(u[a])], InputError, "uses another index"),
    ],
)
def test_roots_that_cannot_be_read_are_refused(expressions, error, message: str) -> None:
    with pytest.raises(error, match=message):
        find_roots([(i, expression) for expression in expressions])
