"""Formulas in normal form into array operations: hoisting, strength reduction, contractions.

* Hoisting: the factors of a product, and the terms of a sum, that depend on fewer indices are computed on those alone.
* Strength reduction: whole powers become squares and products; terms with a factor in common are joined,
  `3 lam_i^2 - K lam_i^2 = (3 - K) lam_i^2`; a denominator that occurs in several products is inverted once.
* Contraction: a sum of products of two arrays is one operation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from symasym.codegen.index.algebra import ONE, add, mul, number, powers, product
from symasym.codegen.index.ir import (
    Add,
    Entry,
    Exact,
    HalfSum,
    Mul,
    Node,
    Power,
    Rank,
    Scalar,
    Sum,
)
from symasym.codegen.index.ops import Leaf, Op, Ops, Reduction

__all__ = ["Lowering", "denominators", "divisions"]

Layout = frozenset[str]


def divisions(nodes: Iterable[Node]) -> Counter[Node]:
    """How many products divide by each base with an index."""
    seen: set[Node] = set()
    counts: Counter[Node] = Counter()
    left = list(nodes)
    while left:
        node = left.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, (Mul, Power)):
            factors = powers(node)[1]
            for base, exponent in factors.items():
                if exponent < 0 and base.free:
                    counts[base] += 1
            left += factors
        else:
            left += node.below
    return counts


def denominators(counts: Mapping[Node, int], least: int = 2) -> frozenset[Node]:
    """Bases with an index that several products divide by; those with two, if `least` products do."""
    return frozenset(base for base, count in counts.items() if count >= (least if len(base.free) > 1 else 2))


@dataclass
class Lowering:
    """Lowers nodes one after another into the same operations; `inverted` are the bases that are inverted once."""

    inverted: frozenset[Node] = frozenset()
    seeds: Mapping[str, Op] = field(default_factory=dict)
    ops: Ops = field(default_factory=Ops)
    _done: dict[Node, Op] = field(default_factory=dict)

    def lower(self, node: Node) -> Op:
        """The operation that computes a node."""
        found = self._done.get(node)
        if found is None:
            found = self._done[node] = self._lower(node)
        return found

    def _lower(self, node: Node) -> Op:
        if node.is_number:
            return self.ops.constant(node)
        if isinstance(node, (Mul, Power)):
            return self._product(node)
        match node:
            case Scalar(name=name):
                return self.ops.make("scalar", data=name)
            case Entry(family=family, index=index, range=over):
                if family in self.seeds:
                    return self.seeds[family]
                return self.ops.make("entry", data=Leaf(over, family), layout={index})
            case Rank(index=index, range=over, above=above):
                return self.ops.make("rank", data=Leaf(over, None, above), layout={index})
            case Add():
                return self._sum_of(node)
            case Sum(range=over, body=body):
                return self._total(Reduction(over), body)
            case HalfSum(range=over, other=other, above=above, body=body):
                return self._total(Reduction(over, other, above), body)
        raise TypeError(type(node).__name__)

    # ---- sums of terms

    def _sum_of(self, node: Add) -> Op:
        """Terms with fewer indices first; within one layout what is added before what is subtracted."""
        result: tuple[bool, Op] | None = None
        for layer in _layers(node):
            mine = self._chain([(negative, self.lower(term)) for negative, term in layer])
            result = mine if result is None else self._chain([result, mine])
        assert result is not None
        negative, op = result
        return self.ops.make("neg", op) if negative else op

    def _chain(self, parts: list[tuple[bool, Op]]) -> tuple[bool, Op]:
        (negative, total), *rest = sorted(parts, key=lambda part: part[0])
        for minus, op in rest:
            total = self.ops.make("sub" if minus != negative else "add", total, op)
        return negative, total

    # ---- products

    def _product(self, node: Node) -> Op:
        front, layers = _factors(node)
        result = None if front == ONE else self.ops.constant(front)
        for layer in layers:
            above, below = self._fraction(layer)
            if above is not None:
                result = above if result is None else self.ops.times([result, above])
            if below is not None:
                result = self.ops.make("div", result or self.ops.constant(ONE), below)
        assert result is not None
        return result

    def _fraction(self, layer: _Layer) -> tuple[Op | None, Op | None]:
        """What stands above and below the bar."""
        if not layer.below:
            return self._raised(layer.above), None
        parts, below = [], dict[Exact, list[Node]]()
        for base, exponent in layer.below.items():
            if base in self.inverted:
                parts.append(self.ops.raised(self._inverse(base), exponent))
            else:
                below.setdefault(exponent, []).append(base)
        top = self._raised(layer.above)
        if top is not None:
            parts.insert(0, top)
        return self.ops.times(parts) if parts else None, self._raised(below)

    def _inverse(self, base: Node) -> Op:
        return self.ops.make("div", self.ops.constant(ONE), self.lower(base))

    def _raised(self, bases: Mapping[Exact, list[Node]]) -> Op | None:
        """A product of positive powers; bases with the same exponent are multiplied first."""
        if not bases:
            return None
        return self.ops.times([self._power(bases[exponent], exponent) for exponent in sorted(bases)])

    def _power(self, bases: Sequence[Node], exponent: Exact) -> Op:
        """A power of a product."""
        together = self.lower(bases[0]) if len(bases) == 1 else self.ops.times([self.lower(base) for base in bases])
        return together if exponent == 1 else self.ops.raised(together, exponent)

    # ---- sums over an index

    def _total(self, reduction: Reduction, body: Node) -> Op:
        """A sum of a product is a contraction of two arrays, unless the product ends in a division."""
        free = body.free - {reduction.letter} | ({reduction.other} if reduction.other else set())
        args = self._contracted(body)
        return self.ops.make("sum", *args, data=reduction, layout=free)

    def _contracted(self, body: Node) -> tuple[Op, ...]:
        coefficient, factors = powers(body)
        layers = _by_layout(factors)
        if len(layers) < 2 or coefficient != 1:
            square = len(factors) == 1 and next(iter(factors.values())) == 2
            return (self.lower(next(iter(factors))),) * 2 if square else (self.lower(body),)
        last = layers[-1]
        above, below = self._fraction(last)
        if above is None or below is not None:
            return (self.lower(body),)
        first = self._product(product(1, {b: e for b, e in factors.items() if b.free != last.layout}))
        return first, above


@dataclass(slots=True)
class _Layer:
    """Factors with the same indices: those above the bar by exponent, those below with their exponents there."""

    layout: Layout
    above: dict[Exact, list[Node]] = field(default_factory=dict)
    below: dict[Node, Exact] = field(default_factory=dict)


def _by_layout(factors: Mapping[Node, Exact]) -> list[_Layer]:
    """Factors that are no numbers, those with fewer indices first."""
    groups: dict[Layout, _Layer] = {}
    for base, exponent in factors.items():
        if base.is_number:
            continue
        free = base.free
        layer = groups.get(free)
        if layer is None:
            layer = groups[free] = _Layer(free)
        if exponent > 0:
            layer.above.setdefault(exponent, []).append(base)
        else:
            layer.below[base] = -exponent
    return _in_order(groups)


T = TypeVar("T")


def _in_order(groups: Mapping[Layout, T]) -> list[T]:
    """What belongs to layouts with fewer indices first."""
    if len(groups) < 2:
        return list(groups.values())
    return [groups[layout] for layout in sorted(groups, key=_by_number)]


@cache
def _by_number(layout: Layout) -> tuple[int, list[str]]:
    """Layouts with fewer indices first."""
    return len(layout), sorted(layout)


def _factors(node: Node) -> tuple[Node, list[_Layer]]:
    """The number in front of a product, and its factors, those with fewer indices first; kept, for every layout asks."""
    known = vars(node)
    if "factors_by_layout" not in known:
        coefficient, factors = powers(node)
        numbers = {base: e for base, e in factors.items() if base.is_number}
        front = product(coefficient, numbers) if numbers else number(coefficient)
        known["factors_by_layout"] = front, _by_layout(factors)
    found: tuple[Node, list[_Layer]] = known["factors_by_layout"]
    return found


def _layers(node: Add) -> list[list[tuple[bool, Node]]]:
    """The terms of a sum, joined, by layout: whether each is subtracted, and what; kept, for every layout asks."""
    known = vars(node)
    if "terms_by_layout" not in known:
        groups: dict[Layout, list[tuple[bool, Node]]] = {}
        for term in _joined(node.terms):
            groups.setdefault(term.free, []).append(_signed(term))
        known["terms_by_layout"] = _in_order(groups)
    found: list[list[tuple[bool, Node]]] = known["terms_by_layout"]
    return found


def _signed(term: Node) -> tuple[bool, Node]:
    coefficient, factors = powers(term)
    return (True, product(-coefficient, factors)) if coefficient < 0 else (False, term)


def _joined(terms: Iterable[Node]) -> list[Node]:
    """Terms with the same factors in all their indices are joined: their coefficients depend on fewer."""
    found: dict[frozenset[tuple[Node, Exact]], list[Node]] = {}
    for term in terms:
        found.setdefault(frozenset(_upper(term).items()), []).append(term)
    joined: list[Node] = []
    for top, alike in found.items():
        joined += [_common_in_front(alike, dict(top))] if top and len(alike) > 1 else alike
    return joined


def _upper(term: Node) -> dict[Node, Exact]:
    """The factors of a term in all its indices."""
    free = term.free
    return {base: e for base, e in powers(term)[1].items() if base.free == free} if free else {}


def _common_in_front(terms: Iterable[Node], common: Mapping[Node, Exact]) -> Node:
    """The sum of terms with common factors."""
    rests = []
    for term in terms:
        coefficient, factors = powers(term)
        rests.append(product(coefficient, {base: e for base, e in factors.items() if base not in common}))
    return mul(product(1, common), add(*rests))
