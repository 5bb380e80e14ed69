"""The lines of one nest: array operations on tiles of an index range, on tiles of rows, or for one index of a pair at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.ir import Range
from symasym.codegen.index.ops import Op, Seed
from symasym.codegen.index.schedule import Nest
from symasym.codegen.numpy.in_place import UFUNCS, chain, into, onto
from symasym.codegen.numpy.slots import Slots
from symasym.codegen.numpy.text import Expression
from symasym.codegen.numpy.wrap import INDENT, wrapped

__all__ = ["PairTile", "RangeTile", "RowTile", "Tile"]


@dataclass
class Tile(ABC):
    """A nest with the names of arrays outside of it; `last` says that the batch is the last axis, otherwise it is the first."""

    nest: Nest
    slots: Slots
    name: Callable[[Op], str | None]
    ranges: Mapping[str, Range]
    order: Callable[[str], tuple[int, str]]
    last: bool
    _axes: dict[frozenset[str], list[str]] = field(default_factory=dict)
    _subscripts: dict[tuple[frozenset[str], str | None, frozenset[str]], str] = field(default_factory=dict)

    partial_sums_are_added: ClassVar[bool] = True
    """Whether a tile adds to sums over the nest's own index, rather than completing them."""

    # ---- what a kind of tile decides

    @abstractmethod
    def header(self) -> list[str]:
        """The loop."""

    @abstractmethod
    def size(self, letter: str) -> str:
        """Length of an axis of large arrays."""

    @abstractmethod
    def cut(self, name: str, op: Op) -> tuple[str, str | None]:
        """An array from outside the nest: its name, and the key of its index for this tile."""

    @abstractmethod
    def result(self, op: Op) -> str:
        """Where a result goes that lasts beyond the tile."""

    # ---- axes

    def axes(self, layout: frozenset[str]) -> list[str]:
        """The index axes of a large array: the nest's own index at the end."""
        if layout not in self._axes:
            end = self.nest.second or self.nest.letter
            kept = layout - {self.nest.letter} if self.nest.second else layout
            self._axes[layout] = sorted(kept, key=lambda letter: (letter == end, self.order(letter)))
        return self._axes[layout]

    def others(self) -> str:
        """Product of the sizes of all axes of large arrays but the nest's own, as text."""
        every = frozenset().union(*(op.body for op in self.nest.ops)) - {self.nest.letter}
        sizes = [str(self.ranges[letter].size) for letter in sorted(every, key=self.order)]
        return " * ".join(f"({size})" if " " in size else size for size in sizes) or "1"

    # ---- lines

    def lines(self) -> list[str]:
        """The whole nest."""
        inside = []
        for slot, layout in self.slots.arrays:
            sizes = [self.size(letter) for letter in self.axes(layout)]
            shape = [*sizes, "rows"] if self.last else [self.rows, *sizes]
            inside.append(f"{self.slots.name(slot, layout)} = work({slot}, {', '.join(shape)})")
        absorbed = {part for op in self.nest.ops for part in self._chain(op)[1:]}
        for op in self.nest.ops:
            if op not in absorbed:
                inside += self._op(op)
        return [*self.header(), *(INDENT + line for line in inside)]

    rows: ClassVar[str] = "rows"
    """Number of rows of large arrays, where these come first."""

    def _op(self, op: Op) -> list[str]:
        if op.kind == "sum":
            return self._sum(op)
        if self.nest.is_large(op):
            return [self._into(op, self.slots.name(self.slots.slot[op], op.layout))]
        if op in self.nest.stored and op.kind in UFUNCS:
            return self._stored(self._place(op)[0], f"{self.name(op)}_tile", self._chain(op)[::-1])
        return wrapped(f"{self._place(op)[0]} = ", self._small(op), 2)

    def _small(self, op: Op) -> str:
        """An array along the nest's own index."""
        if isinstance(op.data, Seed):
            return self.seed(op.data, self.operand(op.args[0], op.layout))

        def name(part: Op) -> str | None:
            return None if self.name(part) is None else self.operand(part, part.layout)

        return Expression(name, self.align).written_out(op)

    def align(self, op: Op, result: Op) -> str:
        """What is put behind an operand of an operation on arrays along one index."""
        return "[:, None]" if not self.last and result.layout and not op.layout and op.kind != "number" else ""

    def seed(self, seed: Seed, value: str) -> str:
        """The call of a seed on this tile."""
        raise NotImplementedError

    def _chain(self, op: Op) -> list[Op]:
        """What is computed in the place of a stored array: the operation, and those before that nothing else needs."""
        if op not in self.nest.stored or op.kind not in UFUNCS:
            return [op]

        def may_follow(arg: Op) -> bool:
            alone = arg.layout == op.layout and self.nest.reads[arg] == 1
            return alone and arg.kind in UFUNCS and self._is_local(arg)

        return chain(op, may_follow)

    def _stored(self, target: str, here: str, parts: Sequence[Op]) -> list[str]:
        """Operations, each in the place of the one before, into an array that lasts; `here` names the part for this tile."""
        if len(parts) == 1:
            return wrapped("", self._into(parts[0], target), 2)
        lines = [f"{here} = {target}", *wrapped("", self._into(parts[0], here), 2)]
        for inner, outer in pairwise(parts):
            args = [self.operand(arg, outer.layout) if arg is not inner else here for arg in outer.args]
            lines += wrapped(*onto(outer, inner, here, args.__getitem__), 2)
        return lines

    def _into(self, op: Op, target: str) -> str:
        """One operation that writes into an array which is there."""
        return into(op, [self.operand(arg, op.layout) for arg in op.args], target)

    def operand(self, op: Op, layout: frozenset[str]) -> str:
        """An operand of an operation with that layout: axes that it lacks are added."""
        if op.kind == "number":
            return Expression(self.name, self.align).show(op)
        if op in self.slots.slot:
            return self.slots.name(self.slots.slot[op], op.layout) + self._subscript(op.layout, None, layout)
        name = self.name(op)
        assert name is not None, op
        if self._is_local(op):
            return name + self._subscript(op.layout, None, layout)
        cut, key = self.cut(name, op)
        return cut + self._subscript(op.layout, key, layout)

    def _is_local(self, op: Op) -> bool:
        """True for arrays along the nest's own index that one tile needs alone."""
        return op in self.nest.ops and op not in self.nest.stored and not self.nest.is_partial(op)

    def _subscript(self, own: frozenset[str], key: str | None, layout: frozenset[str]) -> str:
        """Keys of all axes: `key` for the operand's own index, a new axis for each index that it lacks."""
        asked = (own, key, layout)
        if asked not in self._subscripts:
            self._subscripts[asked] = self._keys(own, key, layout)
        return self._subscripts[asked]

    def _keys(self, own: frozenset[str], key: str | None, layout: frozenset[str]) -> str:
        wanted = self.axes(layout)
        keys = [(key or ":") if letter in own else "None" for letter in wanted]
        if key is not None and own.isdisjoint(wanted):  # one position of an axis that the result does not have
            keys = [key] if self.last else [key, *keys]
        elif self.last:
            while keys and keys[0] == "None":
                keys.pop(0)
        if not self.last:
            keys.insert(0, ":")
        while keys and keys[-1] == ":":
            keys.pop()
        return f"[{', '.join(keys)}]" if keys else ""

    # ---- sums

    def _sum(self, op: Op) -> list[str]:
        """The sum of an array, or of the product of two arrays."""
        target, added = self._place(op)
        text = self._summed(op)
        if self._is_local(op) and not self.nest.is_large(op):
            return wrapped(f"{target} = ", text, 2)
        if added:
            return wrapped(f"{target} += ", text, 2)
        if text.startswith(("_added(", "_row_sums(", "np.add.reduce(", "np.einsum(")):
            return [f"{text[:-1]}, out={target})"]
        return wrapped(f"{target}[...] = " if "[" not in target else f"{target} = ", text, 2)

    def _summed(self, op: Op) -> str:
        axes, letter = self.axes(op.body), op.reduction.letter
        operands = [self.operand(arg, arg.layout) for arg in op.args]
        if len(op.args) == 1:
            if self.last and axes[0] == letter:
                return f"_added({operands[0]})"
            return f"np.add.reduce({operands[0]}, axis={axes.index(letter) + (not self.last)})"
        letters = self._letters(axes)

        def shown(layout: Sequence[str]) -> str:
            text = "".join(letters[a] for a in layout)
            return f"{text}n" if self.last else f"n{text}"

        left = ",".join(shown(self.axes(arg.layout)) for arg in op.args)
        right = shown([a for a in axes if a != letter])
        return f'np.einsum("{left}->{right}", {", ".join(operands)})'

    def _place(self, op: Op) -> tuple[str, bool]:
        """Where a result goes, and whether it is added to what other tiles have left there."""
        if op in self.slots.slot:
            return self.slots.name(self.slots.slot[op], op.layout), False
        if self.nest.is_partial(op) and self.partial_sums_are_added:
            return self.result(op), True
        if op in self.nest.stored or self.nest.is_partial(op):
            return self.result(op), False
        return str(self.name(op)), False

    def _letters(self, axes: Sequence[str]) -> dict[str, str]:
        """One character for each axis in an `einsum`."""
        spare = iter("abcdefghijklmpqrstuvwxyz")
        used = {a for a in axes if len(a) == 1 and a != "n"}
        return {a: a if a in used else next(c for c in spare if c not in used) for a in axes}


class RangeTile(Tile):
    """Tiles of the nest's index range; the batch is the last axis."""

    def header(self) -> list[str]:
        """The loop."""
        size = self.ranges[self.nest.letter].size
        return [f"for tile in work.tiles({size}, {self.others()}, rows):", f"{INDENT}width = tile.stop - tile.start"]

    def size(self, letter: str) -> str:
        """Length of an axis of large arrays."""
        return "width" if letter == self.nest.letter else str(self.ranges[letter].size)

    def cut(self, name: str, op: Op) -> tuple[str, str | None]:
        """Arrays along the nest's own index are cut."""
        return name, "tile" if op.layout == {self.nest.letter} else None

    def result(self, op: Op) -> str:
        """Where a result goes that lasts beyond the tile."""
        return f"{self.name(op)}[tile]" if op.layout == {self.nest.letter} else str(self.name(op))

    def seed(self, seed: Seed, value: str) -> str:
        """The call of a seed on this tile."""
        start = "tile.start" if seed.start == Affine() else f"{seed.start} + tile.start"
        return seed.text(value, start, "width", "")


class RowTile(Tile):
    """Tiles of the rows of the batch, which is the first axis; sums are complete in a tile."""

    partial_sums_are_added = False
    rows = "height"

    def header(self) -> list[str]:
        """The loop."""
        size = self.ranges[self.nest.letter].size
        return [
            f"for tile in work.row_tiles(rows, {self.others()}, {size}):",
            f"{INDENT}height = tile.stop - tile.start",
        ]

    def size(self, letter: str) -> str:
        """Length of an axis of large arrays."""
        return str(self.ranges[letter].size)

    def cut(self, name: str, op: Op) -> tuple[str, str | None]:
        """All arrays are cut, unless there is one row for all."""
        return f"_cut({name}, tile)", None

    def result(self, op: Op) -> str:
        """Where a result goes that lasts beyond the tile."""
        return f"{self.name(op)}[tile]"

    def seed(self, seed: Seed, value: str) -> str:
        """The call of a seed on this tile."""
        return seed.text(value, str(seed.start), str(seed.size), ", tile")

    def _summed(self, op: Op) -> str:
        """A product of a matrix and a vector for each row goes to the linear algebra library; so do sums of one index."""
        if self.nest.single:
            return f"_row_sums({', '.join(self.operand(arg, arg.layout) for arg in op.args)})"
        if len(op.args) == 2:
            vector, matrix = op.args
            letter, axes = op.reduction.letter, self.axes(matrix.layout)
            if vector.layout == {letter} and len(axes) == 2:
                x, y = self.operand(vector, vector.layout), self.operand(matrix, matrix.layout)
                if axes[0] == letter:
                    return f"np.matmul({x}[:, None], {y})[:, 0]"
                return f"np.matmul({y}, {x}[:, :, None])[:, :, 0]"
        return super()._summed(op)


class PairTile(Tile):
    """One tile for each smaller index of a pair, at position `place`; the larger ones are the axis at the end."""

    def header(self) -> list[str]:
        """The loop."""
        return [f"for place in range({self.ranges[self.nest.letter].size - 1}):"]

    def size(self, letter: str) -> str:
        """Length of an axis of large arrays."""
        size = self.ranges[letter].size
        return f"{size} - place - 1" if letter == self.nest.second else str(size)

    def cut(self, name: str, op: Op) -> tuple[str, str | None]:
        """Arrays along either index of the pair are cut."""
        return name, {self.nest.letter: "place", self.nest.second: "place + 1:"}.get(next(iter(op.layout), ""))

    def result(self, op: Op) -> str:
        """Where a result goes that lasts beyond the tile."""
        name, key = self.cut(str(self.name(op)), op)
        return name if key is None else f"{name}[{key if self.last else f':, {key}'}]"

    def _sum(self, op: Op) -> list[str]:
        """A sum over the smaller index adds up over the tiles; one over the larger index is complete for each smaller one."""
        if op.reduction.letter == self.nest.letter:
            operands = [self.operand(arg, op.body) for arg in op.args]
            return wrapped(f"{self.result(op)} += ", " * ".join(operands), 2)
        return super()._sum(op)

    def _place(self, op: Op) -> tuple[str, bool]:
        if op.layout == {self.nest.letter}:
            return self.result(op), False
        return super()._place(op)
