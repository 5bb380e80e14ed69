"""The index IR: expressions in entries of indexed families, with sums over index ranges.

Nothing here knows SymPy or NumPy. Indices count from 1, as in the formulas; an emitter gives each an array axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from symasym.codegen.numpy.affine import Affine

__all__ = [
    "Add",
    "Const",
    "Entry",
    "Mul",
    "Node",
    "PairSum",
    "Power",
    "Range",
    "Scalar",
    "Size",
    "Sum",
    "bound_indices",
    "free_indices",
    "is_number",
    "map_children",
    "size_of",
    "walk",
]


@dataclass(frozen=True)
class Range:
    """`first <= index <= last`."""

    index: str
    first: Affine
    last: Affine

    @property
    def size(self) -> Affine:
        """Number of indices."""
        return self.last - self.first + 1

    @property
    def compact(self) -> str:
        """`a=k+1..d`."""
        return str(self).replace(" ", "")

    def __str__(self) -> str:
        return f"{self.index} = {self.first}..{self.last}"


class Node:
    """An expression."""


@dataclass(frozen=True)
class Const(Node):
    """An exact number."""

    value: Fraction


@dataclass(frozen=True)
class Size(Node):
    """A dimension, a Python integer when the kernel runs."""

    name: str


@dataclass(frozen=True)
class Scalar(Node):
    """A scalar argument or a named intermediate: one number for each member of the batch."""

    name: str


@dataclass(frozen=True)
class Entry(Node):
    """The entry of a family at an index, which runs over `range`."""

    family: str
    index: str
    range: Range


@dataclass(frozen=True)
class Sum(Node):
    """The sum of `body` over one range."""

    range: Range
    body: Node


@dataclass(frozen=True)
class PairSum(Node):
    """The sum of `body` over the pairs `range.index < partner` within one range."""

    range: Range
    partner: str
    body: Node


@dataclass(frozen=True)
class Add(Node):
    """A sum of terms."""

    terms: tuple[Node, ...]


@dataclass(frozen=True)
class Mul(Node):
    """A product of factors; division is a negative power."""

    factors: tuple[Node, ...]


@dataclass(frozen=True)
class Power(Node):
    """A rational power."""

    base: Node
    exponent: Fraction


def map_children(node: Node, change: Callable[[Node], Node]) -> Node:
    """The node with `change` applied to its children."""
    match node:
        case Sum(range=over, body=body):
            return Sum(over, change(body))
        case PairSum(range=over, partner=partner, body=body):
            return PairSum(over, partner, change(body))
        case Add(terms=terms):
            return Add(tuple(map(change, terms)))
        case Mul(factors=factors):
            return Mul(tuple(map(change, factors)))
        case Power(base=base, exponent=exponent):
            return Power(change(base), exponent)
    return node


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Sum(body=body) | PairSum(body=body):
            return (body,)
        case Add(terms=children) | Mul(factors=children):
            return children
        case Power(base=base):
            return (base,)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    for child in _children(node):
        yield from walk(child)


def bound_indices(node: Node) -> tuple[str, ...]:
    """The indices that a sum binds itself; none for other nodes."""
    match node:
        case Sum(range=over):
            return (over.index,)
        case PairSum(range=over, partner=partner):
            return (over.index, partner)
    return ()


def free_indices(node: Node) -> frozenset[str]:
    """The indices on which the value depends."""
    if isinstance(node, Entry):
        return frozenset({node.index})
    below: frozenset[str] = frozenset().union(*map(free_indices, _children(node)))
    return below - set(bound_indices(node))


def is_number(node: Node) -> bool:
    """True if the value is a Python number: constants and dimensions alone."""
    return all(isinstance(child, Const | Size | Add | Mul | Power) for child in walk(node))


def size_of(count: Affine) -> Node:
    """A number of indices as a node."""
    terms: list[Node] = [Size(n) if c == 1 else Mul((Const(Fraction(c)), Size(n))) for n, c in count.terms]
    if count.constant or not terms:
        terms.append(Const(Fraction(count.constant)))
    return terms[0] if len(terms) == 1 else Add(tuple(terms))
