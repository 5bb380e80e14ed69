"""Sums, products and powers in normal form: equal parts are joined, constant factors leave sums over an index.

Nothing is multiplied out, so that `lam_i - lam_a` stays a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from symasym.codegen.index.ir import Add, Const, HalfSum, Mul, Node, Power, Range, Rank, Sum, size_of

__all__ = ["ONE", "ZERO", "add", "half_total", "minus", "mul", "number", "power", "powers", "product", "terms", "total"]

UNIT = Fraction(1)
ZERO, ONE = Const(Fraction(0)), Const(UNIT)


def number(value: int | Fraction) -> Const:
    """An exact number as a node."""
    return Const(Fraction(value))


def powers(node: Node) -> tuple[Fraction, Mapping[Node, Fraction]]:
    """The node as a number times a product of powers."""
    kept = vars(node)
    found = kept.get("powers")
    if found is None:
        found = kept["powers"] = _powers(node)
    return found


def _powers(node: Node) -> tuple[Fraction, Mapping[Node, Fraction]]:
    match node:
        case Const(value=value):
            return value, {}
        case Mul(factors=factors):
            coefficient, found = UNIT, dict[Node, Fraction]()
            for factor in factors:
                own, part = powers(factor)
                coefficient = coefficient if own is UNIT else own if coefficient is UNIT else coefficient * own
                for base, exponent in part.items():
                    found[base] = found[base] + exponent if base in found else exponent
            return coefficient, found
        case Power(base=base, exponent=exponent):
            own, part = powers(base)
            if exponent.denominator == 1:
                coefficient = own if own is UNIT else own**exponent.numerator
                return coefficient, {b: exponent if e is UNIT else e * exponent for b, e in part.items()}
            return UNIT, {base: exponent}
    return UNIT, {node: UNIT}


def product(coefficient: Fraction, found: Mapping[Node, Fraction]) -> Node:
    """A number times a product of powers as a node; the factors are in the order of their text."""
    kept = {base: exponent for base, exponent in found.items() if exponent}
    if not coefficient:
        return ZERO
    factors = [base if kept[base] == 1 else Power(base, kept[base]) for base in sorted(kept, key=lambda b: b.key)]
    if coefficient != 1 or not factors:
        factors.insert(0, Const(coefficient))
    return factors[0] if len(factors) == 1 else Mul(tuple(factors))


def mul(*factors: Node) -> Node:
    """The product."""
    return product(*powers(Mul(factors)))


def power(base: Node, exponent: int | Fraction) -> Node:
    """A rational power."""
    return product(*powers(Power(base, Fraction(exponent))))


def minus(node: Node) -> Node:
    """The node with the other sign."""
    return mul(number(-1), node)


def terms(node: Node) -> tuple[Node, ...]:
    """The terms of a sum, or the node alone."""
    return node.terms if isinstance(node, Add) else (node,)


def add(*summands: Node) -> Node:
    """The sum; equal terms are joined."""
    found: dict[Node, Fraction] = {}
    for term in _flat(summands):
        coefficient, rest = powers(term)
        key = product(Fraction(1), rest)
        found[key] = found.get(key, Fraction(0)) + coefficient
    kept = [mul(Const(c), node) for node, c in sorted(found.items(), key=lambda item: item[0].key) if c]
    return ZERO if not kept else kept[0] if len(kept) == 1 else Add(tuple(kept))


def _flat(summands: Iterable[Node]) -> Iterable[Node]:
    for term in summands:
        yield from _flat(term.terms) if isinstance(term, Add) else (term,)


def total(over: Range, body: Node) -> Node:
    """The sum over a range; factors that do not depend on its index stand in front."""
    before, inside = _split(body, frozenset({over.index}))
    return mul(before, size_of(over.size)) if inside == ONE else mul(before, Sum(over, inside))


def half_total(over: Range, other: str, above: bool, body: Node) -> Node:
    """The sum over the indices after or before another one of the same range."""
    before, inside = _split(body, frozenset({over.index}))
    if inside == ONE:
        return mul(before, Rank(other, Range(other, over.first, over.last), above))
    return mul(before, HalfSum(over, other, above, inside))


def _split(body: Node, indices: frozenset[str]) -> tuple[Node, Node]:
    coefficient, found = powers(body)
    within = {base: exponent for base, exponent in found.items() if base.free & indices}
    return product(coefficient, {b: e for b, e in found.items() if b not in within}), product(Fraction(1), within)
