"""The index IR: expressions in entries of indexed families, with sums over index ranges.

Nothing here knows SymPy or NumPy. Indices count from 1, as in the formulas; an emitter gives each an array axis. Nodes that
are written alike are one object, so that a node may be an entry of a dictionary whatever its depth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.interned import Interned, lazy

__all__ = [
    "Add",
    "Const",
    "Entry",
    "Exact",
    "HalfSum",
    "Mul",
    "Node",
    "PairSum",
    "Power",
    "Range",
    "Rank",
    "Scalar",
    "Size",
    "Sum",
    "bound_indices",
    "children",
    "exact",
    "free_indices",
    "is_number",
    "map_children",
    "size_of",
    "walk",
]

Exact = int | Fraction
"""A rational number; whole ones are integers, with which Python computes much faster."""


def exact(value: Exact) -> Exact:
    """The number, as an integer if it is one."""
    return value if value.denominator != 1 else value.numerator


@dataclass(frozen=True)
class Range:
    """`first <= index <= last`."""

    index: str
    first: Affine
    last: Affine

    @lazy
    def size(self) -> Affine:
        """Number of indices."""
        return self.last - self.first + 1

    @property
    def bounds(self) -> tuple[Affine, Affine]:
        """First and last index, whatever the letter."""
        return self.first, self.last

    @property
    def compact(self) -> str:
        """`a=k+1..d`."""
        return str(self).replace(" ", "")

    @lazy
    def _hash(self) -> int:
        return hash((self.index, self.first, self.last))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.index, self.first, self.last)  # the hash of a text is not that of another process

    @lazy
    def _text(self) -> str:
        return f"{self.index} = {self.first}..{self.last}"

    def __str__(self) -> str:
        return self._text


class Node(metaclass=Interned):
    """An expression."""

    @property
    def below(self) -> tuple[Node, ...]:
        """The nodes directly below."""
        return ()

    @lazy
    def key(self) -> str:
        """The expression as one text."""
        return f"{type(self).__name__}({', '.join(map(_key, self._parts))})"

    @property
    def _parts(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__)  # type: ignore[attr-defined]

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), self._parts  # a copy is the same object

    @lazy
    def free(self) -> frozenset[str]:
        """The indices on which the value depends."""
        below: frozenset[str] = frozenset().union(*[child.free for child in self.below])
        if isinstance(self, (Add, Mul, Power)):
            return below
        match self:
            case Entry(index=index) | Rank(index=index):
                return frozenset({index})
            case HalfSum(range=over, other=other):
                return below - {over.index} | {other}
        return below - set(bound_indices(self))

    @lazy
    def names(self) -> frozenset[str]:
        """The families and scalars in it."""
        match self:
            case Entry(family=name) | Scalar(name=name):
                return frozenset({name})
        return frozenset().union(*[child.names for child in self.below])

    @lazy
    def mentions(self) -> Mentions:
        """What the formula is made of."""
        parts = list(walk(self))
        sums = [part.range for part in parts if isinstance(part, (Sum, PairSum))]
        ranges = [part.range for part in parts if isinstance(part, (Entry, Sum, PairSum))]
        return Mentions(
            frozenset([(part.family, part.range) for part in parts if isinstance(part, Entry)]),
            frozenset([part.name for part in parts if isinstance(part, Scalar)]),
            frozenset([part.name for part in parts if isinstance(part, Size)]),
            tuple(dict.fromkeys(sums)),
            tuple(dict.fromkeys(ranges)),
        )

    @lazy
    def is_number(self) -> bool:
        """Whether it is made of constants and dimensions alone."""
        if isinstance(self, (Add, Mul, Power)):
            return all(child.is_number for child in self.below)
        return isinstance(self, (Const, Size))


@dataclass(frozen=True)
class Mentions:
    """Families with the ranges of their entries, scalars and dimensions by name; ranges of sums, and of sums and entries."""

    entries: frozenset[tuple[str, Range]]
    scalars: frozenset[str]
    sizes: frozenset[str]
    sums: tuple[Range, ...]
    ranges: tuple[Range, ...]


def _key(part: object) -> str:
    if isinstance(part, Node):
        return part.key
    return f"[{', '.join(map(_key, part))}]" if isinstance(part, tuple) else str(part)


@dataclass(frozen=True, eq=False)
class Const(Node):
    """An exact number."""

    value: Exact


@dataclass(frozen=True, eq=False)
class Size(Node):
    """A dimension, a Python integer when the kernel runs."""

    name: str


@dataclass(frozen=True, eq=False)
class Scalar(Node):
    """A scalar argument or a named intermediate: one number for each member of the batch."""

    name: str


@dataclass(frozen=True, eq=False)
class Entry(Node):
    """The entry of a family at an index, which runs over `range`."""

    family: str
    index: str
    range: Range


@dataclass(frozen=True, eq=False)
class Rank(Node):
    """How many indices of `range` come after `index` (`above`) or before it."""

    index: str
    range: Range
    above: bool


@dataclass(frozen=True, eq=False)
class Sum(Node):
    """The sum of `body` over one range."""

    range: Range
    body: Node

    @property
    def below(self) -> tuple[Node, ...]:
        """What is added up."""
        return (self.body,)


@dataclass(frozen=True, eq=False)
class PairSum(Node):
    """The sum of `body` over the pairs `range.index < partner` within one range."""

    range: Range
    partner: str
    body: Node

    @property
    def below(self) -> tuple[Node, ...]:
        """What is added up."""
        return (self.body,)


@dataclass(frozen=True, eq=False)
class HalfSum(Node):
    """The sum of `body` over the indices of `range` that come after the index `other` (`above`) or before it."""

    range: Range
    other: str
    above: bool
    body: Node

    @property
    def below(self) -> tuple[Node, ...]:
        """What is added up."""
        return (self.body,)


@dataclass(frozen=True, eq=False)
class Add(Node):
    """A sum of terms."""

    terms: tuple[Node, ...]

    @property
    def below(self) -> tuple[Node, ...]:
        """What is added."""
        return self.terms


@dataclass(frozen=True, eq=False)
class Mul(Node):
    """A product of factors; division is a negative power."""

    factors: tuple[Node, ...]

    @property
    def below(self) -> tuple[Node, ...]:
        """What is multiplied."""
        return self.factors


@dataclass(frozen=True, eq=False)
class Power(Node):
    """A rational power."""

    base: Node
    exponent: Exact

    @property
    def below(self) -> tuple[Node, ...]:
        """What is raised."""
        return (self.base,)


def map_children(node: Node, change: Callable[[Node], Node]) -> Node:
    """The node with `change` applied to its children."""
    match node:
        case Sum(range=over, body=body):
            return Sum(over, change(body))
        case PairSum(range=over, partner=partner, body=body):
            return PairSum(over, partner, change(body))
        case HalfSum(range=over, other=other, above=above, body=body):
            return HalfSum(over, other, above, change(body))
        case Add(terms=terms):
            return Add(tuple(map(change, terms)))
        case Mul(factors=factors):
            return Mul(tuple(map(change, factors)))
        case Power(base=base, exponent=exponent):
            return Power(change(base), exponent)
    return node


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    return node.below


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, each once."""
    left, seen = [node], set[Node]()
    while left:
        found = left.pop()
        if found not in seen:
            seen.add(found)
            yield found
            left += reversed(found.below)


def bound_indices(node: Node) -> tuple[str, ...]:
    """The indices that a sum binds itself; none for other nodes."""
    match node:
        case Sum(range=over) | HalfSum(range=over):
            return (over.index,)
        case PairSum(range=over, partner=partner):
            return (over.index, partner)
    return ()


def free_indices(node: Node) -> frozenset[str]:
    """The indices on which the value depends."""
    return node.free


def is_number(node: Node) -> bool:
    """True if the value is a Python number: constants and dimensions alone."""
    return node.is_number


def size_of(count: Affine) -> Node:
    """A number of indices as a node."""
    terms: list[Node] = [Size(n) if c == 1 else Mul((Const(c), Size(n))) for n, c in count.terms]
    if count.constant or not terms:
        terms.append(Const(count.constant))
    return terms[0] if len(terms) == 1 else Add(tuple(terms))
