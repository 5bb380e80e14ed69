"""Array operations: what an emitter writes, each once, in an order in which they can be computed.

An operation has a *layout*, the index letters on which its value depends; every value has the batch axis besides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from operator import attrgetter

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.interned import lazy
from symasym.codegen.index.ir import Exact, Node, Range

__all__ = ["Leaf", "Op", "Ops", "Reduction", "Seed", "reached"]

Data = object


@dataclass(frozen=True)
class Leaf:
    """What an operation without arguments stands for: an entry of a family, or how many indices are above or below."""

    range: Range
    family: str | None = None
    above: bool = False


@dataclass(frozen=True)
class Reduction:
    """A sum over one index: over all of its range, or over those after (`above`) or before the index `other`."""

    range: Range
    other: str | None = None
    above: bool = False

    @property
    def letter(self) -> str:
        """The index that is summed over."""
        return self.range.index


@dataclass(frozen=True)
class Seed:
    """What a `seed` operation stands for: a call on the argument, for a range that starts at `start` among those outside.

    `{value}`, `{start}`, `{size}` and `{rows}` stand in `call`.
    """

    call: str
    start: Affine
    size: Affine

    def text(self, value: str, start: str, size: str, rows: str) -> str:
        """The call; `rows` is a further argument with its comma, or nothing."""
        return self.call.format(value=value, start=start, size=size, rows=rows)


@dataclass(frozen=True, eq=False)
class Op:
    """One operation; two are the same only if they are the same object.

    Kinds: `number` (a Python number, `data` its node), `scalar` (`data` its name), `entry` and `rank` (`data` a `Leaf`),
    `seed` (`data` a `Seed`: what the caller makes of the argument), `add sub mul div neg square sqrt`, `pow` (`data` the
    exponent), `sum` (`data` a `Reduction`) of one argument or of the product of two.
    """

    number: int
    kind: str
    args: tuple[Op, ...]
    layout: frozenset[str]
    data: Data = None

    @lazy
    def is_leaf(self) -> bool:
        """True if nothing is computed."""
        return self.kind in ("number", "scalar", "entry")

    @property
    def reduction(self) -> Reduction:
        """What a `sum` runs over."""
        assert isinstance(self.data, Reduction)
        return self.data

    @property
    def leaf(self) -> Leaf:
        """What an `entry` or `rank` stands for."""
        assert isinstance(self.data, Leaf)
        return self.data

    @property
    def exponent(self) -> Fraction:
        """The exponent of a `pow`."""
        assert isinstance(self.data, Fraction)
        return self.data

    @lazy
    def rank(self) -> tuple[int, int]:
        """Operations with fewer indices first, then in the order in which they were made."""
        return len(self.layout), self.number

    @lazy
    def body(self) -> frozenset[str]:
        """The layout of what a `sum` adds up."""
        return frozenset().union(*[arg.layout for arg in self.args])


_RANK = attrgetter("rank")


@dataclass
class Ops:
    """Makes operations, each once."""

    _known: dict[tuple[object, ...], Op] = field(default_factory=dict)

    def make(self, kind: str, *args: Op, data: Data = None, layout: Iterable[str] | None = None) -> Op:
        """The operation of that kind on these arguments; its layout is that of the arguments unless given."""
        if kind in ("add", "mul"):
            args = tuple(sorted(args, key=_RANK))
        key = (kind, tuple([arg.number for arg in args]), data)
        found = self._known.get(key)
        if found is None:
            union: frozenset[str] = frozenset().union(*[arg.layout for arg in args])
            own = union if layout is None else frozenset(layout)
            found = self._known[key] = Op(len(self._known), kind, args, own, data)
        return found

    def constant(self, node: Node) -> Op:
        """A Python number."""
        return self.make("number", data=node)

    def times(self, *factors: Op | None) -> Op | None:
        """The product of those that are there, the one with the fewest indices first."""
        there = [factor for factor in factors if factor is not None]
        if len(there) < 2:
            return there[0] if there else None
        there.sort(key=_RANK)
        result = None
        for factor in there:
            result = factor if result is None else self.make("mul", result, factor)
        return result

    def raised(self, base: Op, exponent: Exact) -> Op:
        """A positive power: squares, products and square roots where the exponent allows."""
        if exponent.denominator == 2:
            root = self.make("sqrt", base)
            whole = exponent.numerator // 2
            return root if not whole else self.make("mul", root, self.raised(base, whole))
        if exponent.denominator != 1:
            return self.make("pow", base, data=exponent)
        n = exponent.numerator
        if n == 1:
            return base
        half = self.make("square", self.raised(base, n // 2))
        return half if n % 2 == 0 else self.make("mul", half, base)


def reached(outputs: Iterable[Op]) -> list[Op]:
    """Everything that the outputs need, arguments first."""
    found: dict[int, Op] = {}
    waiting = list(outputs)
    while waiting:
        op = waiting.pop()
        if op.number not in found:
            found[op.number] = op
            waiting += op.args
    return [found[number] for number in sorted(found)]
