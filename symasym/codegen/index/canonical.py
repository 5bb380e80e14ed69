"""One letter for each index range, so that equal parts of different formulas are equal nodes.

A free index and a sum over the same range use that range's letter, a second index in the same place the next one. The two
indices of a sum over pairs have letters of their own, `i1 < i2`: `sum_{i1 < i2}` becomes a sum over `i1` of a half sum over `i2`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.algebra import add, half_total, mul, power, total
from symasym.codegen.index.ir import Add, Entry, Mul, Node, PairSum, Power, Range, Scalar, Sum, walk

__all__ = ["Letters"]

Bounds = tuple[Affine, Affine]


class Letters:
    """The letters of the ranges of a law; `preferred` are ranges whose own letters are kept."""

    def __init__(self, preferred: Iterable[Range], nodes: Iterable[Node]) -> None:
        self._first: dict[Bounds, str] = {}
        for over in (*preferred, *(over for node in nodes for over in _ranges(node))):
            if over.bounds not in self._first:
                self._first[over.bounds] = self._unused(over.index)
        self.range_of: dict[str, Range] = {}
        self._places = {bounds: n for n, bounds in enumerate(self._first)}
        self._partners = {f"{letter}{a}": f"{letter}{b}" for letter in self._first.values() for a, b in ("12", "21")}
        self._orders: dict[str, tuple[int, str]] = {}

    def _unused(self, letter: str) -> str:
        number, candidate = 1, letter
        while candidate in self._first.values():
            number += 1
            candidate = f"{letter}_{number}"
        return candidate

    def _index(self, bounds: Bounds, scope: Iterable[str], suffixes: Iterable[str] = ("", *"34567")) -> str:
        """The first letter of a range that is not in use."""
        used = set(scope)
        letter = next(name for suffix in suffixes if (name := self._first[bounds] + suffix) not in used)
        self.range_of.setdefault(letter, Range(letter, *bounds))
        return letter

    def own(self, over: Range) -> Range:
        """A range with its own letter."""
        return self.range_of.get(self._first[over.bounds]) or Range(self._index(over.bounds, ()), *over.bounds)

    def order(self, letter: str) -> tuple[int, str]:
        """The place of a letter among all: that of its range first."""
        if letter not in self._orders:
            self._orders[letter] = self._places[self.range_of[letter].bounds], letter
        return self._orders[letter]

    def is_second(self, letter: str) -> bool:
        """True for the larger index of a pair."""
        return letter == self._first[self.range_of[letter].bounds] + "2"

    def partner(self, letter: str) -> str | None:
        """The other letter of a sum over pairs."""
        return self._partners.get(letter)

    def rename(self, node: Node, definitions: Mapping[str, Node], free: Iterable[Range] = ()) -> Node:
        """The node in normal form, with the range's letters and with named intermediates (renamed already) put in."""
        start = {over.index: self.own(over).index for over in free}
        return self._rename(node, definitions, start)

    def _rename(self, node: Node, definitions: Mapping[str, Node], names: Mapping[str, str]) -> Node:
        def sub(part: Node, **more: str) -> Node:
            return self._rename(part, definitions, {**names, **more})

        match node:
            case Scalar(name=name):
                return definitions.get(name, node)
            case Entry(family=family, index=index, range=over):
                letter = names[index]
                return Entry(family, letter, Range(letter, over.first, over.last))
            case Sum(range=over, body=body):
                letter = self._index(over.bounds, names.values())
                return total(Range(letter, *over.bounds), sub(body, **{over.index: letter}))
            case PairSum(range=over, partner=partner, body=body):
                letter = self._index(over.bounds, names.values(), "1")
                second = self._index(over.bounds, names.values(), "2")
                summand = sub(body, **{over.index: letter, partner: second})
                inner = half_total(Range(second, *over.bounds), letter, True, summand)
                return total(Range(letter, *over.bounds), inner)
            case Add(terms=terms):
                return add(*map(sub, terms))
            case Mul(factors=factors):
                return mul(*map(sub, factors))
            case Power(base=base, exponent=exponent):
                return power(sub(base), exponent)
        return node


def _ranges(node: Node) -> Iterable[Range]:
    for part in walk(node):
        match part:
            case Entry(range=over) | Sum(range=over) | PairSum(range=over):
                yield over
