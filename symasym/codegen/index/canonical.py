"""One letter for each index range, so that equal parts of different formulas are equal nodes.

A free index and a sum over the same range use that range's letter, a second index in the same place the next one. The two
indices of a sum over pairs have letters of their own, `i1 < i2`: `sum_{i1 < i2}` becomes a sum over `i1` of a half sum over `i2`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.algebra import add, half_total, mul, power, total
from symasym.codegen.index.ir import Add, Entry, Mul, Node, PairSum, Power, Range, Scalar, Sum

__all__ = ["Known", "Letters"]

Bounds = tuple[Affine, Affine]
Known = dict[frozenset[tuple[str, str]], dict[Node, Node]]
"""What was made of nodes, by the letters of the indices that were open there."""
_SUFFIXES = ("", *"34567")


class Letters:
    """The letters of the ranges of a law; `preferred` are ranges whose own letters are kept."""

    def __init__(self, preferred: Iterable[Range], nodes: Iterable[Node]) -> None:
        self._first: dict[Bounds, str] = {}
        for over in (*preferred, *(over for node in nodes for over in node.mentions.ranges)):
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

    def unused(self, bounds: Bounds, scope: Iterable[str], *suffixes: str) -> str:
        """The first letter of a range that is not in use."""
        used = set(scope)
        letter = next(name for end in suffixes or _SUFFIXES if (name := self._first[bounds] + end) not in used)
        self.range_of.setdefault(letter, Range(letter, *bounds))
        return letter

    def own(self, over: Range) -> Range:
        """A range with its own letter."""
        return self.range_of.get(self._first[over.bounds]) or Range(self.unused(over.bounds, ()), *over.bounds)

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

    def rename(
        self, node: Node, definitions: Mapping[str, Node], free: Iterable[Range] = (), known: Known | None = None
    ) -> Node:
        """The node in normal form, with the range's letters and with named intermediates (renamed already) put in.

        With the same `known`, for the same definitions, parts that several nodes share are renamed once.
        """
        start = {over.index: self.own(over).index for over in free}
        return _Renaming(self, definitions, start, {} if known is None else known).node(node)


class _Renaming:
    """Renames where these letters stand for the open indices."""

    def __init__(
        self, letters: Letters, definitions: Mapping[str, Node], names: Mapping[str, str], known: Known
    ) -> None:
        self.letters, self.definitions, self.names, self.known = letters, definitions, names, known
        self.here = known.setdefault(frozenset(names.items()), {})

    def node(self, node: Node) -> Node:
        found = self.here.get(node)
        if found is None:
            found = self.here[node] = self._node(node)
        return found

    def _inside(self, body: Node, **more: str) -> Node:
        return _Renaming(self.letters, self.definitions, {**self.names, **more}, self.known).node(body)

    def _node(self, node: Node) -> Node:
        match node:
            case Mul(factors=factors):
                return mul(*map(self.node, factors))
            case Add(terms=terms):
                return add(*map(self.node, terms))
            case Power(base=base, exponent=exponent):
                return power(self.node(base), exponent)
            case Scalar(name=name):
                return self.definitions.get(name, node)
            case Entry(family=family, index=index, range=over):
                letter = self.names[index]
                return Entry(family, letter, Range(letter, over.first, over.last))
            case Sum(range=over, body=body):
                letter = self._letter(over)
                return total(Range(letter, *over.bounds), self._inside(body, **{over.index: letter}))
            case PairSum(range=over, partner=partner, body=body):
                letter, second = self._letter(over, "1"), self._letter(over, "2")
                summand = self._inside(body, **{over.index: letter, partner: second})
                inner = half_total(Range(second, *over.bounds), letter, True, summand)
                return total(Range(letter, *over.bounds), inner)
        return node

    def _letter(self, over: Range, *suffixes: str) -> str:
        """A letter for an index that a sum binds."""
        return self.letters.unused(over.bounds, self.names.values(), *suffixes)
