"""Derivatives of formulas by reverse accumulation on the index IR: sizes stay symbolic, nothing is expanded.

If `y` is used in `x`, then `adjoint(y) += sum adjoint(x) dx/dy`, over the indices of `x` that `y` does not have. The adjoint
of an output is its seed; that of an entry `lam_i` is the derivative of the seeded sum of all outputs by `lam_i`.
"""

from __future__ import annotations

from collections.abc import Sequence

from symasym.codegen.index.algebra import Over, add, mul, number, power, summed
from symasym.codegen.index.canonical import Letters
from symasym.codegen.index.ir import Entry, HalfSum, Mul, Node, Power, Scalar, Sum, children

__all__ = ["adjoints"]


def adjoints(outputs: Sequence[tuple[Node, Node]], letters: Letters) -> dict[Node, Node]:
    """`(output, seed)` pairs -> adjoint of every entry and scalar in the outputs, by the order of their texts.

    A seed may depend on more indices than its output; it is summed over those.
    """
    order = _above_first([node for node, _ in outputs])
    found: dict[Node, list[Node]] = {node: [] for node in order}
    for node, seed in outputs:
        found[node].append(_over(seed.free - node.free, (seed,), node, letters))
    done: dict[Node, Node] = {}
    for node in order:
        adjoint = add(*found[node])
        if isinstance(node, Entry | Scalar):
            done[node] = adjoint
        for child, derivative in _derivatives(node):
            indices = node.free | _bound(node)
            found[child].append(_over(indices - child.free, (adjoint, *derivative), child, letters))
    return {node: done[node] for node in sorted(done, key=lambda n: n.key)}


def _above_first(nodes: Sequence[Node]) -> list[Node]:
    """Every node once, before everything that it uses."""
    seen: set[Node] = set()
    order: list[Node] = []

    def visit(node: Node) -> None:
        if node not in seen:
            seen.add(node)
            for child in children(node):
                visit(child)
            order.append(node)

    for node in nodes:
        visit(node)
    return order[::-1]


def _bound(node: Node) -> frozenset[str]:
    return frozenset({node.range.index}) if isinstance(node, Sum | HalfSum) else frozenset()


def _derivatives(node: Node) -> list[tuple[Node, tuple[Node, ...]]]:
    """The nodes that are used directly, each with the factors of the partial derivative by it."""
    match node:
        case Mul(factors=factors):
            return [(factor, (*factors[:n], *factors[n + 1 :])) for n, factor in enumerate(factors)]
        case Power(base=base, exponent=exponent):
            return [(base, (number(exponent), power(base, exponent - 1)))]
    return [(child, ()) for child in children(node)]


def _over(indices: frozenset[str], factors: tuple[Node, ...], kept: Node, letters: Letters) -> Node:
    """The sum over indices; one of a pair `i1 < i2` runs on one side of the other where that one is kept."""
    if not indices:
        return mul(*factors)
    sums = []
    for letter in sorted(indices, key=letters.order, reverse=True):
        over, partner = letters.range_of[letter], letters.partner(letter)
        indices = indices - {letter}
        if partner is not None and partner in kept.free | indices:
            sums.append(Over(over, partner, letters.is_second(letter)))
        else:
            sums.append(Over(over))
    return summed(factors, sums)
