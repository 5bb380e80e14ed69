"""Derivatives of formulas by reverse accumulation on the index IR: sizes stay symbolic, nothing is expanded.

If `y` is used in `x`, then `adjoint(y) += sum adjoint(x) dx/dy`, over the indices of `x` that `y` does not have. The adjoint
of an output is its seed; that of an entry `lam_i` is the derivative of the seeded sum of all outputs by `lam_i`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symasym.codegen.index.algebra import Over, Powers, added, joined, power, powers, product, summed_powers, without
from symasym.codegen.index.canonical import Letters
from symasym.codegen.index.ir import Entry, HalfSum, Mul, Node, Power, Scalar, Sum

__all__ = ["adjoints"]


def adjoints(outputs: Sequence[tuple[Node, Node]], letters: Letters) -> dict[Node, Node]:
    """`(output, seed)` pairs -> adjoint of every entry and scalar in the outputs, by the order of their texts.

    A seed may depend on more indices than its output; it is summed over those.
    """
    order = _above_first([node for node, _ in outputs])
    found: dict[Node, list[Powers]] = {node: [] for node in order}
    for node, seed in outputs:
        found[node].append(_over(seed.free - node.free, powers(seed), node.free, letters))
    done: dict[Node, Node] = {}
    for node in order:
        parts = found[node]
        adjoint = parts[0] if len(parts) == 1 else powers(added(parts))
        if isinstance(node, (Entry, Scalar)):
            done[node] = product(*adjoint)
        for child, part in _parts(node, adjoint, letters):
            found[child].append(part)
    return {node: done[node] for node in sorted(done, key=lambda n: n.key)}


def _above_first(nodes: Sequence[Node]) -> list[Node]:
    """Every node with entries or scalars in it once, before everything that it uses."""
    seen: set[Node] = set()
    order: list[Node] = []
    left = [(node, False) for node in reversed(nodes)]
    while left:
        node, is_done = left.pop()
        if is_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            left.append((node, True))
            left += [(child, False) for child in reversed(node.below) if child.names]
    return order[::-1]


def _bound(node: Node) -> frozenset[str]:
    return frozenset({node.range.index}) if isinstance(node, Sum | HalfSum) else frozenset()


def _parts(node: Node, adjoint: Powers, letters: Letters) -> Iterator[tuple[Node, Powers]]:
    """The nodes with names that are used directly, each with what this use adds to its adjoint."""
    indices = node.free | _bound(node)
    match node:
        case Power(base=base, exponent=exponent):
            yield base, joined([adjoint, (exponent, {}), powers(power(base, exponent - 1))])
        case Mul(factors=factors):
            whole = joined([adjoint, powers(node)])
            for factor in factors:
                if factor.names:
                    yield factor, _over(indices - factor.free, without(whole, factor), factor.free, letters)
        case _:
            alike = {free: _over(indices - free, adjoint, free, letters) for free in _layouts(node)}
            yield from ((child, alike[child.free]) for child in node.below if child.names)


def _layouts(node: Node) -> set[frozenset[str]]:
    """The indices of the nodes below."""
    return {child.free for child in node.below}


def _over(indices: frozenset[str], factors: Powers, kept: frozenset[str], letters: Letters) -> Powers:
    """The sum of a product over indices; one of a pair `i1 < i2` runs on one side of the other where that one is kept."""
    sums = []
    for letter in sorted(indices, key=letters.order, reverse=True):
        over, partner = letters.range_of[letter], letters.partner(letter)
        indices = indices - {letter}
        if partner is not None and partner in kept | indices:
            sums.append(Over(over, partner, letters.is_second(letter)))
        else:
            sums.append(Over(over))
    return summed_powers(factors, sums)
