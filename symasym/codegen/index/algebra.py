"""Sums, products and powers in normal form: equal parts are joined, constant factors leave sums over an index.

Nothing is multiplied out, so that `lam_i - lam_a` stays a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from operator import attrgetter

from symasym.codegen.index.ir import Add, Const, Exact, HalfSum, Mul, Node, Power, Range, Rank, Sum, exact, size_of

__all__ = [
    "ONE",
    "ZERO",
    "Over",
    "Powers",
    "add",
    "added",
    "half_total",
    "joined",
    "minus",
    "monic",
    "mul",
    "multiplied",
    "number",
    "power",
    "powers",
    "product",
    "scaled",
    "summed",
    "summed_powers",
    "terms",
    "total",
    "without",
]

ZERO, ONE = Const(0), Const(1)
Powers = tuple[Exact, Mapping[Node, Exact]]
_KEY = attrgetter("key")
_COMPOUND = frozenset({Const, Mul, Power})
"""Nodes whose powers are not those of one base alone."""


def number(value: Exact) -> Const:
    """An exact number as a node."""
    return Const(exact(value))


def powers(node: Node) -> Powers:
    """The node as a number times a product of powers."""
    if type(node) not in _COMPOUND:
        return 1, {node: 1}  # not kept: a node that holds itself would outlive its use
    known = vars(node)
    if "powers" not in known:
        known["powers"] = _powers(node)
    found: Powers = known["powers"]
    return found


def _powers(node: Node) -> Powers:
    match node:
        case Const(value=value):
            return value, {}
        case Mul(factors=factors):
            return multiplied(factors)
        case Power(base=base, exponent=exponent):
            return _raised(base, exponent)
    return 1, {node: 1}


def monic(node: Node) -> tuple[Exact, Node]:
    """The node as a number times a node whose own number is 1."""
    if type(node) not in _COMPOUND:
        return 1, node
    coefficient, found = powers(node)
    if coefficient == 1 and _is_normal(node):
        return 1, node
    known = vars(node)
    if "monic" not in known:
        known["monic"] = product(1, found)
    return coefficient, known["monic"]


def scaled(coefficient: Exact, node: Node) -> Node:
    """A number times a node in normal form."""
    if coefficient == 1 and _is_normal(node):
        return node
    own, found = powers(node)
    return product(exact(coefficient * own), found)


def _is_normal(node: Node) -> bool:
    """Whether the node is known to be what `product` or `add` makes of its parts."""
    return "normal" in vars(node) or (type(node) not in _COMPOUND and type(node) is not Add)


def multiplied(factors: Iterable[Node]) -> Powers:
    """A product as a number times a product of powers."""
    return joined(map(powers, factors))


def joined(factors: Iterable[Powers]) -> Powers:
    """The same for factors that are taken apart."""
    coefficient: Exact = 1
    found: dict[Node, Exact] = {}
    for own, part in factors:
        if own != 1:
            coefficient = exact(coefficient * own)
        for base, exponent in part.items():
            found[base] = exact(found[base] + exponent) if base in found else exponent
    return coefficient, found


def without(product_of: Powers, factor: Node) -> Powers:
    """A product of powers divided by one of its factors."""
    coefficient, found = product_of
    own, part = powers(factor)
    left = dict(found)
    for base, exponent in part.items():
        left[base] = exact(left[base] - exponent)
        if not left[base]:
            del left[base]
    return coefficient if own == 1 else exact(Fraction(coefficient) / own), left


def _raised(base: Node, exponent: Exact) -> Powers:
    if exponent.denominator != 1:
        return 1, {base: exponent}
    own, part = powers(base)
    coefficient = own if own == 1 else exact(Fraction(own) ** exponent.numerator)
    return coefficient, {b: exact(e * exponent) for b, e in part.items()}


def product(coefficient: Exact, found: Mapping[Node, Exact]) -> Node:
    """A number times a product of powers as a node; the factors are in the order of their text."""
    if not coefficient:
        return ZERO
    if 0 in found.values():
        found = {base: exponent for base, exponent in found.items() if exponent}
    bases = sorted(found, key=_KEY) if len(found) > 1 else list(found)
    factors = [base if found[base] == 1 else Power(base, found[base]) for base in bases]
    if coefficient != 1 or not factors:
        factors.insert(0, Const(coefficient))
    made = factors[0] if len(factors) == 1 else Mul(tuple(factors))
    known = vars(made)
    if type(made) in _COMPOUND and "normal" not in known and _COMPOUND.isdisjoint(map(type, bases)):
        known["normal"] = True
        known["powers"] = coefficient, {base: found[base] for base in bases}
    return made


def mul(*factors: Node) -> Node:
    """The product."""
    left = [factor for factor in factors if factor is not ONE]
    if len(left) == 1 and _is_normal(left[0]):
        return left[0]
    return product(*multiplied(left))


def power(base: Node, exponent: Exact) -> Node:
    """A rational power."""
    return product(*_raised(base, exact(exponent)))


def minus(node: Node) -> Node:
    """The node with the other sign."""
    return mul(number(-1), node)


def terms(node: Node) -> tuple[Node, ...]:
    """The terms of a sum, or the node alone."""
    return node.terms if isinstance(node, Add) else (node,)


def add(*summands: Node) -> Node:
    """The sum; equal terms are joined."""
    if len(summands) == 1 and _is_normal(summands[0]):
        return summands[0]
    return _sum(map(monic, _flat(summands)))


def added(products: Iterable[Powers]) -> Node:
    """The sum of products that are taken apart."""
    parts: list[tuple[Exact, Node]] = []
    for coefficient, found in products:
        node = product(1, found)
        if coefficient == 1 and isinstance(node, Add):
            parts += map(monic, _flat((node,)))
        else:
            parts.append((coefficient, node))
    return _sum(parts)


def _sum(parts: Iterable[tuple[Exact, Node]]) -> Node:
    """The sum of nodes with numbers in front; the terms are in the order of the nodes' text."""
    found: dict[Node, Exact] = {}
    for coefficient, node in parts:
        found[node] = found[node] + coefficient if node in found else coefficient
    bases = [node for node, coefficient in found.items() if coefficient]
    if len(bases) > 1:
        bases.sort(key=_KEY)
    kept = [scaled(found[node], node) for node in bases]
    if len(kept) < 2:
        return kept[0] if kept else ZERO
    made = Add(tuple(kept))
    vars(made)["normal"] = True
    return made


def _flat(summands: Iterable[Node]) -> Iterable[Node]:
    for term in summands:
        yield from _flat(term.terms) if isinstance(term, Add) else (term,)


@dataclass(frozen=True)
class Over:
    """A sum over a range: over all of it, or over the indices after (`above`) or before another one of the same range."""

    range: Range
    other: str | None = None
    above: bool = False

    def of(self, summand: Node) -> Node:
        """The sum of what depends on its index, or of 1."""
        over, other = self.range, self.other
        if summand is ONE:
            return size_of(over.size) if other is None else Rank(other, Range(other, over.first, over.last), self.above)
        return Sum(over, summand) if other is None else HalfSum(over, other, self.above, summand)


def summed(factors: Iterable[Node], sums: Iterable[Over]) -> Node:
    """Sums, one after the other, of a product; factors that do not depend on an index stand in front of the sum over it."""
    return product(*summed_powers(multiplied(factors), sums))


def summed_powers(factors: Powers, sums: Iterable[Over]) -> Powers:
    """The same for products that are taken apart."""
    coefficient, found = factors
    for over in sums:
        before, within = dict[Node, Exact](), dict[Node, Exact]()
        for base, exponent in found.items():
            (within if over.range.index in base.free else before)[base] = exponent
        own, more = powers(over.of(product(1, within)))
        coefficient = exact(coefficient * own)
        for base, exponent in more.items():
            before[base] = before[base] + exponent if base in before else exponent
        found = before
    return coefficient, found


def total(over: Range, body: Node) -> Node:
    """The sum over a range; factors that do not depend on its index stand in front."""
    return summed((body,), (Over(over),))


def half_total(over: Range, other: str, above: bool, body: Node) -> Node:
    """The sum over the indices after or before another one of the same range."""
    return summed((body,), (Over(over, other, above),))
