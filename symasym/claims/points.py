"""Exact points of a claim's domain: the smallest first, or at random."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import gcd
from random import Random
from typing import Any

import sympy

from symasym.claims.language import Extreme
from symasym.law.write_out import write_out

__all__ = ["Domain", "Point", "Range"]

LARGEST = 5
"""Largest dimension at which points are looked for."""
TRIES = 2000
"""Points that are looked at before a search ends."""


@dataclass(frozen=True)
class Range:
    """An index that a formula may leave open, its range, and a second index over the same range (larger than the first)."""

    index: sympy.Symbol
    first: sympy.Expr
    last: sympy.Expr
    second: sympy.Symbol

    def numbers(self, sizes: Mapping[sympy.Symbol, int]) -> range:
        """The values of the index at concrete dimensions."""
        return range(int(self.first.subs(sizes)), int(self.last.subs(sizes)) + 1)


@dataclass(frozen=True)
class Point:
    """Concrete dimensions, entries of families, scalars, and values of the open indices; everything exact."""

    sizes: Mapping[sympy.Symbol, int]
    entries: Mapping[sympy.Indexed, sympy.Rational]
    scalars: Mapping[sympy.Symbol, sympy.Rational]
    indices: Mapping[sympy.Symbol, int] = field(default_factory=dict)

    def value(self, expression: sympy.Expr) -> sympy.Expr:
        """The expression at the point, a number."""
        return _numbers(written(expression, self.sizes, self.indices), self.entries, self.scalars)

    def document(self) -> dict[str, Any]:
        """For people and for JSON: dimensions, scalars, families as lists in the order of their index, open indices."""
        table: dict[str, Any] = {str(s): n for s, n in self.sizes.items()}
        table.update({str(s): str(value) for s, value in self.scalars.items()})
        families: dict[str, dict[tuple[int, ...], str]] = {}
        for entry, value in self.entries.items():
            families.setdefault(str(entry.base.label), {})[tuple(map(int, entry.indices))] = str(value)
        for name, values in sorted(families.items()):
            table[name] = {",".join(map(str, place)): values[place] for place in sorted(values)}
        table.update({f"index {index}": n for index, n in self.indices.items()})
        return table


def written(
    expression: sympy.Expr, sizes: Mapping[sympy.Symbol, int], indices: Mapping[sympy.Symbol, int]
) -> sympy.Expr:
    """Sums and extremes written out at concrete dimensions, open indices replaced."""
    table = {index: sympy.Integer(n) for index, n in indices.items()}
    extremes = {node: node.written(sizes) for node in expression.atoms(Extreme)}
    named = {s.name: n for s, n in sizes.items()}
    return write_out(expression.xreplace(extremes).subs(table), named)


def _numbers(
    expression: sympy.Expr,
    entries: Mapping[sympy.Indexed, sympy.Rational],
    scalars: Mapping[sympy.Symbol, sympy.Rational],
) -> sympy.Expr:
    return sympy.sympify(expression.xreplace({**entries, **scalars}))


@dataclass(frozen=True)
class Domain:
    """Where a claim is said to hold.

    * `ranges`: what the open indices run over.
    * `assume`: relations between entries, for all values of the indices; `where`: relations between dimensions.
    * `squares`: families and scalars whose values are squares of rationals, so that roots of them are exact.
    """

    dimensions: tuple[sympy.Symbol, ...]
    ranges: tuple[Range, ...]
    assume: tuple[sympy.Basic, ...] = ()
    where: tuple[sympy.Basic, ...] = ()
    squares: frozenset[str] = frozenset()

    def sizes(self) -> Iterator[dict[sympy.Symbol, int]]:
        """Dimensions that fit, small ones first; every range has at least one index."""
        for numbers in sorted(product(range(1, LARGEST + 1), repeat=len(self.dimensions)), key=lambda n: (sum(n), n)):
            sizes = dict(zip(self.dimensions, numbers, strict=True))
            fits = all(sympy.sympify(r).subs(sizes) == sympy.true for r in self.where)
            if fits and all(len(item.numbers(sizes)) > 0 for item in self.ranges):
                yield sizes

    def openings(
        self, open_indices: Sequence[sympy.Symbol], sizes: Mapping[sympy.Symbol, int]
    ) -> list[dict[sympy.Symbol, int]]:
        """All values of the open indices; a second index is larger than the first one over its range."""
        spaces = [self._range(index).numbers(sizes) for index in open_indices]
        found = []
        for numbers in product(*spaces):
            table = dict(zip(open_indices, numbers, strict=True))
            if all(table[r.index] < table[r.second] for r in self.ranges if {r.index, r.second} <= set(table)):
                found.append(table)
        return found

    def _range(self, index: sympy.Symbol) -> Range:
        return next(item for item in self.ranges if index in (item.index, item.second))

    def open_in(self, *expressions: sympy.Expr) -> tuple[sympy.Symbol, ...]:
        """The indices that the expressions leave open, in the order of the ranges."""
        free = set().union(*(e.free_symbols for e in expressions))
        return tuple(s for item in self.ranges for s in (item.index, item.second) if s in free)

    def relations(self, sizes: Mapping[sympy.Symbol, int]) -> list[sympy.Basic]:
        """The assumptions at concrete dimensions, one for each value of their indices."""
        return [item.subs(table) for item in self.assume for table in self.openings(self.open_in(item), sizes)]

    # ---- points

    def smallest(self, expressions: Sequence[sympy.Expr], sizes: Mapping[sympy.Symbol, int]) -> Iterator[Point]:
        """Points in the order of the size of their numerators and denominators."""
        slots = self._slots(expressions, sizes)
        pools = [_pool(self._is_square(slot), self._may_be_negative(slot)) for slot in slots]
        checks = [_check(item) for item in self.relations(sizes)]
        for ranks in _by_total([len(pool) for pool in pools]):
            values = {slot: pool[n] for slot, pool, n in zip(slots, pools, ranks, strict=True)}
            if all(_holds(check, values) for check in checks):
                yield from self._points(values, expressions, sizes)

    def random(
        self,
        expressions: Sequence[sympy.Expr],
        sizes: Mapping[sympy.Symbol, int],
        rng: Random,
        also: Sequence[sympy.Symbol] = (),
    ) -> Point | None:
        """A random point, or None where none was found; `also` names indices that get a value in any case."""
        slots = self._slots(expressions, sizes)
        checks = [_check(item) for item in self.relations(sizes)]
        kinds = [(self._is_square(slot), self._may_be_negative(slot)) for slot in slots]
        for _ in range(TRIES):
            values = {slot: _draw(*kind, rng) for slot, kind in zip(slots, kinds, strict=True)}
            if all(_holds(check, values) for check in checks):
                points = list(self._points(values, [*expressions, *also], sizes))
                return rng.choice(points) if points else None
        return None

    def _points(
        self, values: Mapping, expressions: Sequence[sympy.Expr], sizes: Mapping[sympy.Symbol, int]
    ) -> Iterator[Point]:
        entries = {s: v for s, v in values.items() if isinstance(s, sympy.Indexed)}
        scalars = {s: v for s, v in values.items() if not isinstance(s, sympy.Indexed)}
        for opening in self.openings(self.open_in(*expressions), sizes):
            yield Point(sizes, entries, scalars, opening)

    def _slots(self, expressions: Sequence[sympy.Expr], sizes: Mapping[sympy.Symbol, int]) -> list[sympy.Basic]:
        """What needs a number: entries and scalars of the expressions and of the assumptions."""
        found: set[sympy.Basic] = set()
        openings = self.openings(self.open_in(*expressions), sizes)
        for expression in expressions:
            for opening in openings:
                found |= _unknowns(written(expression, sizes, opening))
        for check in self.relations(sizes):
            found |= _unknowns(check)
        return sorted(found, key=sympy.default_sort_key)

    def _name(self, slot: sympy.Basic) -> str:
        return str(slot.base.label) if isinstance(slot, sympy.Indexed) else str(slot)

    def _is_square(self, slot: sympy.Basic) -> bool:
        return self._name(slot) in self.squares

    def _may_be_negative(self, slot: sympy.Basic) -> bool:
        return not self._is_square(slot) and not slot.is_positive and not slot.is_integer


def _unknowns(expression: sympy.Basic) -> set[sympy.Basic]:
    entries = expression.atoms(sympy.Indexed)
    labels = {entry.base.label for entry in entries}
    return {*entries, *(s for s in expression.free_symbols if isinstance(s, sympy.Symbol) and s not in labels)}


Check = tuple[sympy.Expr, bool]
"""What must be positive, or not negative where the flag is false."""


def _check(item: sympy.Basic) -> Check:
    """A relation as the sign of a difference, which is quicker to look at than a relation of numbers."""
    return item.gts - item.lts, isinstance(item, sympy.StrictGreaterThan | sympy.StrictLessThan)


def _holds(check: Check, values: Mapping[sympy.Basic, sympy.Rational]) -> bool:
    difference, strict = check
    number = difference.xreplace(values)
    return bool(number.is_positive if strict else number.is_nonnegative)


def _height(value: Fraction) -> tuple[int, Fraction]:
    return value.numerator + value.denominator, value


_HEIGHTS = sorted((Fraction(p, q) for p in range(1, 7) for q in range(1, 7) if gcd(p, q) == 1), key=_height)


def _pool(square: bool, negative: bool) -> list[sympy.Rational]:
    values = [v**2 for v in _HEIGHTS[:7]] if square else _HEIGHTS[:12]
    found = []
    for value in values:
        number = sympy.Rational(value.numerator, value.denominator)
        found += [number, -number] if negative and value != 1 else [number]
    return found


def _draw(square: bool, negative: bool, rng: Random) -> sympy.Rational:
    value = sympy.Rational(rng.randint(1, 24), rng.randint(1, 24))
    if square:
        return value**2
    return -value if negative and rng.random() < 0.5 else value


def _by_total(lengths: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Tuples of ranks, those with a small sum first; at most `TRIES`."""
    start = (0,) * len(lengths)
    heap, seen = [(0, start)], {start}
    for _ in range(TRIES):
        if not heap:
            return
        total, ranks = heapq.heappop(heap)
        yield ranks
        for n, length in enumerate(lengths):
            if ranks[n] + 1 < length:
                further = (*ranks[:n], ranks[n] + 1, *ranks[n + 1 :])
                if further not in seen:
                    seen.add(further)
                    heapq.heappush(heap, (total + 1, further))
