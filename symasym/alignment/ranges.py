"""Index ranges with symbolic sizes, and how each dimension is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy

from symasym.errors import InputError

__all__ = ["Range", "Ranges"]

PARTNERS = {"i": "j", "j": "l", "a": "c", "c": "e", "m": "n", "p": "q", "r": "s"}
"""Name of a second index over the same range."""


@dataclass(frozen=True)
class Range:
    """`index` runs from `first` to `last`, both included; `partner` is a second index over the same range."""

    index: sympy.Symbol
    first: sympy.Expr
    last: sympy.Expr
    partner: sympy.Symbol

    @property
    def size(self) -> sympy.Expr:
        """Number of indices, possibly 0."""
        return sympy.expand(self.last - self.first + 1)

    def __str__(self) -> str:
        return f"{self.index} = {self.first}..{self.last}"


class Ranges:
    """The ranges of an aligned model; `of(dimension)` is the chain of ranges that makes up a dimension."""

    def __init__(self, table: Mapping[sympy.Symbol, tuple[sympy.Expr, sympy.Expr]]) -> None:
        taken = {str(index) for index in table}
        self.all: tuple[Range, ...] = ()
        for index, (first, last) in table.items():
            partner = PARTNERS.get(str(index), f"{index}_2")
            while partner in taken:
                partner += "_2"
            taken.add(partner)
            self.all += (Range(index, sympy.sympify(first), sympy.sympify(last), sympy.Symbol(partner, integer=True)),)
        self._chains: dict[sympy.Expr, tuple[Range, ...]] = {sympy.Integer(1): ()}

    def of(self, dimension: sympy.Expr) -> tuple[Range, ...]:
        """The ranges `1..r_1, r_1+1..r_2, ...` that end at `dimension`; none for the dimension 1 of a column."""
        if dimension not in self._chains:
            chain = self._chain(sympy.Integer(1), dimension)
            if chain is None:
                raise InputError(
                    f"aligned: the dimension {dimension} is not a chain of the ranges {', '.join(map(str, self.all))} that "
                    f"starts at 1 and ends at {dimension}"
                )
            self._chains[dimension] = chain
        return self._chains[dimension]

    def _chain(self, start: sympy.Expr, end: sympy.Expr) -> tuple[Range, ...] | None:
        for item in self.all:
            if sympy.expand(item.first - start) != 0:
                continue
            if sympy.expand(item.last - end) == 0:
                return (item,)
            rest = self._chain(item.last + 1, end)
            if rest is not None:
                return (item, *rest)
        return None
