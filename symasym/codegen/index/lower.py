"""Formulas in normal form into array operations: hoisting, strength reduction, contractions.

* Hoisting: the factors of a product, and the terms of a sum, that depend on fewer indices are computed on those alone.
* Strength reduction: whole powers become squares and products; terms with a factor in common are joined,
  `3 lam_i^2 - K lam_i^2 = (3 - K) lam_i^2`; a denominator that occurs in several products is inverted once.
* Contraction: a sum of products of two arrays is one operation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from symasym.codegen.index.algebra import ONE, add, monic, mul, number, powers, product, scaled
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
    children,
    is_number,
)
from symasym.codegen.index.ops import Leaf, Op, Ops, Reduction

__all__ = ["Lowering", "denominators"]

Layout = frozenset[str]


def denominators(nodes: Iterable[Node], least: int = 2) -> frozenset[Node]:
    """Bases with an index that several products divide by; those with two, if `least` products do."""
    seen: set[Node] = set()
    counts: Counter[Node] = Counter()

    def visit(node: Node) -> None:
        if node in seen:
            return
        seen.add(node)
        if isinstance(node, Mul | Power):
            factors = powers(node)[1]
            counts.update(base for base, exponent in factors.items() if exponent < 0 and base.free)
            below: Iterable[Node] = factors
        else:
            below = children(node)
        for child in below:
            visit(child)

    for node in nodes:
        visit(node)
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
        if node not in self._done:
            self._done[node] = self._lower(node)
        return self._done[node]

    def _lower(self, node: Node) -> Op:
        if is_number(node):
            return self.ops.constant(node)
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
        return self._product(node)

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
            result = self.ops.times(result, above)
            if below is not None:
                result = self.ops.make("div", result or self.ops.constant(ONE), below)
        assert result is not None
        return result

    def _fraction(self, factors: Mapping[Node, Exact]) -> tuple[Op | None, Op | None]:
        """What stands above and below the bar."""
        above = {base: e for base, e in factors.items() if e > 0}
        if len(above) == len(factors):
            return self._raised(above), None
        below = {base: -e for base, e in factors.items() if e < 0}
        inverses = [
            self.ops.raised(self._inverse(base), below.pop(base)) for base in list(below) if base in self.inverted
        ]
        return self.ops.times(self._raised(above), *inverses), self._raised(below)

    def _inverse(self, base: Node) -> Op:
        return self.ops.make("div", self.ops.constant(ONE), self.lower(base))

    def _raised(self, factors: Mapping[Node, Exact]) -> Op | None:
        """A product of positive powers; bases with the same exponent are multiplied first."""
        if len(factors) < 2:
            return next((self.ops.raised(self.lower(base), e) for base, e in factors.items()), None)
        bases: dict[Exact, list[Node]] = {}
        for node, exponent in factors.items():
            bases.setdefault(exponent, []).append(node)
        parts = []
        for exponent in sorted(bases):
            base = self.ops.times(*[self.lower(node) for node in bases[exponent]])
            assert base is not None
            parts.append(self.ops.raised(base, exponent))
        return self.ops.times(*parts)

    # ---- sums over an index

    def _total(self, reduction: Reduction, body: Node) -> Op:
        """A sum of a product is a contraction of two arrays, unless the product ends in a division."""
        free = body.free - {reduction.letter} | ({reduction.other} if reduction.other else set())
        args = self._contracted(body)
        return self.ops.make("sum", *args, data=reduction, layout=free)

    def _contracted(self, body: Node) -> tuple[Op, ...]:
        coefficient, factors = powers(body)
        layouts = _layouts(factors)
        if len(layouts) < 2 or coefficient != 1:
            square = len(factors) == 1 and next(iter(factors.values())) == 2
            return (self.lower(next(iter(factors))),) * 2 if square else (self.lower(body),)
        last = {base: e for base, e in factors.items() if base.free == layouts[-1]}
        above, below = self._fraction(last)
        if above is None or below is not None:
            return (self.lower(body),)
        first = self._product(product(1, {b: e for b, e in factors.items() if b not in last}))
        return first, above


def _layouts(factors: Mapping[Node, Exact]) -> list[Layout]:
    """The layouts of factors, those with fewer indices first."""
    found = {base.free for base in factors if not base.is_number}
    return sorted(found, key=_by_number) if len(found) > 1 else list(found)


def _by_number(layout: Layout) -> tuple[int, list[str]]:
    """Layouts with fewer indices first."""
    return len(layout), sorted(layout)


def _factors(node: Node) -> tuple[Node, list[dict[Node, Exact]]]:
    """The number in front of a product, and its factors, those with fewer indices first; kept, for every layout asks."""
    known = vars(node)
    if "factors_by_layout" not in known:
        coefficient, factors = powers(node)
        numbers = {base: e for base, e in factors.items() if base.is_number}
        layers = [
            {b: e for b, e in factors.items() if b.free == layout and b not in numbers} for layout in _layouts(factors)
        ]
        known["factors_by_layout"] = product(coefficient, numbers), layers
    found: tuple[Node, list[dict[Node, Exact]]] = known["factors_by_layout"]
    return found


def _layers(node: Add) -> list[list[tuple[bool, Node]]]:
    """The terms of a sum, joined, by layout: whether each is subtracted, and what; kept, for every layout asks."""
    known = vars(node)
    if "terms_by_layout" not in known:
        groups: dict[Layout, list[tuple[bool, Node]]] = {}
        for term in _joined(node.terms):
            groups.setdefault(term.free, []).append(_signed(term))
        known["terms_by_layout"] = [groups[layout] for layout in sorted(groups, key=_by_number)]
    found: list[list[tuple[bool, Node]]] = known["terms_by_layout"]
    return found


def _signed(term: Node) -> tuple[bool, Node]:
    coefficient, rest = monic(term)
    return (True, scaled(-coefficient, rest)) if coefficient < 0 else (False, term)


def _joined(terms: Iterable[Node]) -> list[Node]:
    """Terms with the same factors in all their indices are joined: their coefficients depend on fewer."""
    found: dict[Node, list[Node]] = {}
    for term in terms:
        top, rest = _split(term)
        found.setdefault(top, []).append(rest)
    joined: list[Node] = []
    for top, rests in found.items():
        joined += rests if top == ONE else [mul(top, add(*rests))]
    return joined


def _split(term: Node) -> tuple[Node, Node]:
    """The factors of a term in all its indices, and the others."""
    coefficient, factors = powers(term)
    upper = {base: e for base, e in factors.items() if base.free == term.free and term.free}
    if not upper:
        return ONE, term
    if len(upper) == len(factors):
        return monic(term)[1], number(coefficient)
    return product(1, upper), product(coefficient, {base: e for base, e in factors.items() if base not in upper})
