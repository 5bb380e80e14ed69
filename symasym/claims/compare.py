"""Two formulas for one thing: equal, or where not.

First as identities (`sums.normal` brings the difference to 0), else at random rational points of several sizes,
exactly; a value that is not rational is compared with 50 digits. Where they differ, the smallest point is looked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from random import Random

import sympy

from symasym.claims.points import Domain, Point
from symasym.claims.sums import anonymous, normal
from symasym.errors import InputError

__all__ = ["Comparison", "Counterexample", "compare"]

DIGITS = 50
POINTS = 6
"""Random points for each choice of dimensions."""
SIZES = 6
"""Choices of dimensions that are compared."""
SEED = 1918


@dataclass(frozen=True)
class Counterexample:
    """A point at which the two sides differ, and both values there."""

    point: Point
    claimed: sympy.Expr
    derived: sympy.Expr

    def document(self) -> dict[str, object]:
        """For JSON: the point with both values, as exact text."""
        return {**self.point.document(), "claimed": str(self.claimed), "derived": str(self.derived)}


@dataclass(frozen=True)
class Comparison:
    """`how` says what the verdict rests on: `identity`, `points` or `counterexample`; `difference = claimed - derived`."""

    equal: bool
    how: str
    difference: sympy.Expr
    counterexample: Counterexample | None = None


def compare(
    claimed: sympy.Expr,
    derived: sympy.Expr,
    domain: Domain,
    letters: Mapping[sympy.Symbol, sympy.Expr] | None = None,
) -> Comparison:
    """Compare on a domain; `letters` stand for sums and are written out only where the identity needs it.

    Raises `InputError` where the domain has no point.
    """
    difference = normal(claimed - derived)
    if difference == 0:
        return Comparison(True, "identity", sympy.S.Zero)
    table = dict(letters or {})
    sides = _without(claimed, table), _without(derived, table)
    if normal(anonymous(sides[0]) - anonymous(sides[1])) == 0:
        return Comparison(True, "identity", sympy.S.Zero)
    looked, rng = 0, Random(SEED)
    for sizes in domain.sizes():
        points = [domain.random(sides, sizes, rng) for _ in range(POINTS)]
        found = [point for point in points if point is not None]
        if any(not _equal(point.value(sides[0]), point.value(sides[1])) for point in found):
            return Comparison(False, "counterexample", difference, _smallest(sides, domain, found))
        looked += bool(found)
        if looked == SIZES:
            break
    if not looked:
        raise InputError("claim: no point of its domain was found, so there is nothing to compare at")
    return Comparison(True, "points", sympy.S.Zero)


def _without(expression: sympy.Expr, letters: Mapping[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
    """Letters written out, those inside other letters as well."""
    for _ in letters:
        expression = expression.xreplace(dict(letters))
    return expression


def _equal(first: sympy.Expr, second: sympy.Expr) -> bool:
    difference = first - second
    if difference.is_Rational:
        return bool(difference == 0)
    if difference.has(sympy.nan, sympy.zoo, sympy.oo):
        return False
    scale = 1 + abs(sympy.N(first, DIGITS))
    return bool(abs(sympy.N(difference, DIGITS, maxn=4 * DIGITS)) < scale * sympy.Float(10) ** (-DIGITS + 10))


def _smallest(sides: tuple[sympy.Expr, sympy.Expr], domain: Domain, known: list[Point]) -> Counterexample:
    """The first of the small points at which the sides differ; a random one that is known to do where none does."""
    for point in chain(domain.smallest(sides, known[0].sizes), known):
        values = point.value(sides[0]), point.value(sides[1])
        if not _equal(*values):
            return Counterexample(point, *values)
    raise AssertionError("a point at which the sides differ was found before")
