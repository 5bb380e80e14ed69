"""Array operations: what an emitter writes, each once, in an order in which they can be computed.

An operation has a *layout*, the index letters on which its value depends; every value has the batch axis besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from operator import attrgetter

from symasym.codegen.index.affine import Affine
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


_LEAVES = frozenset({"number", "scalar", "entry"})
_NONE: frozenset[str] = frozenset()


@dataclass(eq=False, slots=True)  # not frozen: thousands are made, and a frozen one takes three times as long
class Op:
    """One operation; two are the same only if they are the same object.

    Kinds: `number` (a Python number, `data` its node), `scalar` (`data` its name), `entry` and `rank` (`data` a `Leaf`),
    `seed` (`data` a `Seed`: what the caller makes of the argument), `add sub mul div neg square sqrt`, `pow` (`data` the
    exponent), `sum` (`data` a `Reduction`) of one argument or of the product of two. `body` is the layout of what is computed
    with: of a `sum` that of what it adds up.
    """

    rank: tuple[int, int]
    """Operations with fewer indices come first, then the order in which they were made."""
    kind: str
    args: tuple[Op, ...]
    layout: frozenset[str]
    body: frozenset[str]
    data: Data = None

    @property
    def number(self) -> int:
        """How many operations were made before."""
        return self.rank[1]

    @property
    def is_leaf(self) -> bool:
        """True if nothing is computed."""
        return self.kind in _LEAVES

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


_RANK = attrgetter("rank")


@dataclass
class Ops:
    """Makes operations, each once."""

    _known: dict[tuple[object, ...], Op] = field(default_factory=dict)

    def make(self, kind: str, *args: Op, data: Data = None, layout: Iterable[str] | None = None) -> Op:
        """The operation of that kind on these arguments; its layout is that of the arguments unless given."""
        if kind in ("add", "mul") and args[1].rank < args[0].rank:
            args = args[::-1]
        key = (kind, data, args)
        found = self._known.get(key)
        if found is None:
            body = args[0].layout | args[-1].layout if args else _NONE  # there are two at most
            own = body if layout is None else frozenset(layout)
            found = self._known[key] = Op((len(own), len(self._known)), kind, args, own, body, data)
        return found

    def constant(self, node: Node) -> Op:
        """A Python number."""
        return self.make("number", data=node)

    def times(self, factors: Sequence[Op]) -> Op:
        """The product, the factor with the fewest indices first."""
        if len(factors) > 2:
            factors = sorted(factors, key=_RANK)
        result = factors[0]
        for factor in factors[1:]:
            result = self.make("mul", result, factor)
        return result

    def raised(self, base: Op, exponent: Exact) -> Op:
        """A positive power: squares, products and square roots where the exponent allows."""
        if exponent == 1:
            return base
        if exponent.denominator == 2:
            root = self.make("sqrt", base)
            whole = exponent.numerator // 2
            return root if not whole else self.make("mul", root, self.raised(base, whole))
        if exponent.denominator != 1:
            return self.make("pow", base, data=exponent)
        n = exponent.numerator
        half = self.make("square", self.raised(base, n // 2))
        return half if n % 2 == 0 else self.make("mul", half, base)


def reached(outputs: Iterable[Op]) -> list[Op]:
    """Everything that the outputs need, arguments first."""
    found: set[Op] = set()
    waiting = list(outputs)
    while waiting:
        op = waiting.pop()
        if op not in found:
            found.add(op)
            waiting += op.args
    return sorted(found, key=attrgetter("number"))
