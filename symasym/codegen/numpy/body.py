"""Steps of a schedule as the lines of a function.

Arrays have the batch on one axis. *Last*: rows of the batch are the inner loop of every operation, which suits short index
ranges. *First*: arrays are used as they come and an index is the inner loop, which suits long ranges, and formulas with one
index alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.interned import lazy
from symasym.codegen.index.ir import Range
from symasym.codegen.index.ops import Op, Reduction, Seed, reached
from symasym.codegen.index.schedule import Nest, Step
from symasym.codegen.numpy.in_place import UFUNCS, chain, into, onto, perhaps_onto
from symasym.codegen.numpy.slots import Slots
from symasym.codegen.numpy.text import Expression
from symasym.codegen.numpy.tiles import PairTile, RangeTile, RowTile, Tile
from symasym.codegen.numpy.wrap import wrapped

__all__ = ["Body", "part_of"]

WORTH_TILES = 3
"""So many operations in a sum are worth tiles of rows."""


@dataclass
class Body:
    """Lines of one function.

    `lengths` has the length of each family, `order` the place of each letter, `ranges` its range; `last` says where the batch is.
    """

    lengths: Mapping[str, Affine]
    order: Callable[[str], tuple[int, str]]
    ranges: Mapping[str, Range]
    last: bool
    hints: Mapping[Op, str] = field(default_factory=dict)
    sums_in_tiles: bool = False
    """Whether sums of long formulas over one index are computed in tiles of rows."""
    lines: list[str] = field(default_factory=list)
    hot: list[tuple[int, str, str]] = field(default_factory=list)
    """For each nest the number of workspace arrays, the product of the other axes and the length of the nest's own."""
    homes: dict[Op, str] = field(default_factory=dict)
    """Where results belong, as a part of an array that is there from the start."""
    placed: dict[Op, str] = field(default_factory=dict)
    """Those of them that have been computed there."""
    _full: dict[Op, bool] = field(default_factory=dict)
    """Whether there is a value for every row of the block, or perhaps one for all."""
    _rest: Affine = field(default_factory=Affine)
    _held: Counter[str] = field(default_factory=Counter)
    """How many arrays over each index live as long as the function runs."""
    _names: dict[Op, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _numbers: dict[str, int] = field(default_factory=dict)
    _views: dict[tuple[str, tuple[Affine, Affine]], str] = field(default_factory=dict)

    @property
    def axis(self) -> int:
        """The axis of an index."""
        return 0 if self.last else 1

    @property
    def cold(self) -> Affine:
        """How many numbers over at most one index the function holds for one problem."""
        return sum((self.ranges[letter].size * number for letter, number in self._held.items()), self._rest)

    def write(self, steps: Sequence[Step], variables: Set[Op]) -> None:
        """Lines that compute every output; `text` gives what stands for it. `variables` are operations with one each."""
        for step in steps:
            if isinstance(step, Nest):
                self._nest(step)
            elif step.op in variables or step.op.kind in ("sum", "seed", "rank"):
                self._cold(step.op)

    def text(self, op: Op) -> str:
        """The text of an output."""
        return self._expression.show(op)

    @lazy
    def _expression(self) -> Expression:
        return Expression(self._name, self._alignment)

    def assign(self, head: str, text: str) -> None:
        """One line if it fits, otherwise a bracket broken between tokens."""
        self.lines += wrapped(head, text, 1)

    # ---- names

    def _alignment(self, op: Op, result: Op) -> str:
        """With the batch first, a number for each row needs an axis for the index."""
        return "[:, None]" if not self.last and result.layout and not op.layout and op.kind != "number" else ""

    def _name(self, op: Op) -> str | None:
        known = self._names.get(op)
        if known is None and op.kind in ("scalar", "entry"):
            known = self._names[op] = str(op.data) if op.kind == "scalar" else self._view(op)
        return known

    def _view(self, op: Op) -> str:
        """The part of a family that belongs to a range."""
        leaf = op.leaf
        assert leaf.family is not None
        key = (leaf.family, leaf.range.bounds)
        if key not in self._views:
            cut = part_of(leaf.range, self.lengths[leaf.family])
            if cut == ":":
                self._views[key] = leaf.family
            else:
                self._views[key] = self.fresh(f"{leaf.family}_{leaf.range.index}")
                self.lines.insert(0, f"{self._views[key]} = {leaf.family}[{cut if self.last else f':, {cut}'}]")
        return self._views[key]

    def fresh(self, wanted: str) -> str:
        """A variable of this name, or of one like it."""
        number, name = self._numbers.get(wanted, 1), wanted
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name)
        self._numbers[wanted] = number
        return name

    def _bind(self, op: Op) -> str:
        kind = ("sum" if op.layout else "total") if op.kind == "sum" else "part"
        self._names[op] = self.fresh(self.hints.get(op) or "_".join([kind, *sorted(op.layout)]))
        return self._names[op]

    def array(self, wanted: str, length: Affine) -> str:
        """A new array over an index, there from the start, under this name or one like it."""
        name = self.fresh(wanted)
        self.lines.append(f"{name} = {self._new(str(length))}")
        self._rest = self._rest + length
        return name

    def _new(self, *sizes: str, zeros: bool = False) -> str:
        """A new array; over an index it is one of the workspace, which begins on a cache line, as NumPy writes fastest."""
        whole = [*sizes, "rows"] if self.last else ["rows", *sizes]
        if sizes and not zeros:
            return f"work.new({', '.join(whole)})"
        shape = f"({', '.join(whole)})" if sizes else "rows"
        return f"np.{'zeros' if zeros else 'empty'}({shape}, kind)"

    def _count(self, op: Op) -> None:
        """One more array that lives as long as the function runs."""
        for letter in op.layout:
            self._held[letter] += 1

    # ---- whole arrays

    def _cold(self, op: Op) -> None:
        formula = self._added_up(op) if self.sums_in_tiles else []
        if len(formula) >= WORTH_TILES:
            self._nest(Nest(op.reduction.letter, None, (*formula, op), single=True))
            return
        self._count(op)
        if self._in_place(op):
            return
        text = self._cold_text(op)
        self.assign(f"{self._bind(op)} = ", text)

    def _is_full(self, op: Op) -> bool:
        """Whether there is a value for every row of the block, whatever the arguments have."""
        known = self._full.get(op)
        if known is None:
            known = self._full[op] = op.kind != "seed" and any(map(self._is_full, op.args))
        return known

    def _in_place(self, op: Op) -> bool:
        """Operations into one array, if there is more than one of them or the array is there already.

        With the batch last that is done also where the rows of an argument are not known: `_onto` finds out.
        """
        full = self._is_full(op)
        if not op.layout or op.kind not in UFUNCS or not (full or self.last):
            return False

        def may_follow(arg: Op) -> bool:
            alike = arg.layout == op.layout and arg.kind in UFUNCS and self._name(arg) is None
            return alike and (self._is_full(arg) or not full)

        parts, home = chain(op, may_follow)[::-1], self.homes.get(op) if full else None
        if len(parts) == 1 and home is None:
            return False
        name, first, operand = self._bind(op), parts[0], self._expression.operand
        if home is None:
            self.assign(f"{name} = ", self._expression.written_out(first))
        else:
            self.placed[op] = home
            self.lines.append(f"{name} = {home}")
            self.assign("", into(first, [operand(n, first) for n in range(len(first.args))], name))
        for inner, outer in pairwise(parts):
            self.assign(*(onto if full else perhaps_onto)(outer, inner, name, partial(operand, result=outer)))
        return True

    def _added_up(self, op: Op) -> list[Op]:
        """What a sum adds up, as operations on arrays over its index that have no variable yet; none where that does not do."""
        if op.kind != "sum" or op.reduction.other is not None:
            return []
        found = [part for part in reached(op.args) if self._name(part) is None and part.kind != "number"]
        return found if all(part.layout == op.body and part.kind in UFUNCS for part in found) else []

    def _cold_text(self, op: Op) -> str:
        match op.kind:
            case "sum":
                return self._cold_sum(op, op.reduction)
            case "rank":
                size = self.ranges[next(iter(op.layout))].size
                count = f"np.arange({size - 1}, -1, -1, kind)" if op.leaf.above else f"np.arange({size}, dtype=kind)"
                return f"{count}[{':, None' if self.last else 'None'}]"
        if isinstance(op.data, Seed):
            return op.data.text(self.text(op.args[0]), str(op.data.start), str(op.data.size), "")
        return self._expression.written_out(op)

    def _cold_sum(self, op: Op, reduction: Reduction) -> str:
        shown = [self.text(arg) for arg in op.args]
        if reduction.other is not None:
            product = shown[0] if len(shown) == 1 else " * ".join(f"({s})" for s in shown)
            return f"_beyond({product}, {reduction.above}, {self.axis})"
        if any(arg.kind == "seed" for arg in op.args) and len(op.args) == 1:
            return f"_over({shown[0]}, {reduction.range.size}, {self.axis})"
        if not self.last:
            return f"_row_sums({', '.join(shown)})"
        if len(shown) == 1:
            return f"_added({shown[0]})"
        return f"_dots({shown[0]}, {shown[1]})"

    # ---- nests

    def _nest(self, nest: Nest) -> None:
        kind: type[Tile] = PairTile if nest.second else RangeTile if self.last else RowTile
        tile = kind(nest, Slots.of(nest), self._name, self.ranges, self.order, self.last)
        for op in nest.ops:
            if not nest.is_large(op):
                self._prepare(op, nest, kind)
        self.hot.append((tile.slots.count, tile.others(), "1" if nest.second else str(self.ranges[nest.letter].size)))
        self.lines += tile.lines()

    def _prepare(self, op: Op, nest: Nest, kind: type[Tile]) -> None:
        """An array that tiles fill or add to; what only a tile needs is a variable inside."""
        name = self._bind(op)
        if op in nest.stored or nest.is_partial(op):
            self._full[op] = True
            sizes = [str(self.ranges[letter].size) for letter in op.layout]
            added = nest.second is not None or (nest.is_partial(op) and kind.partial_sums_are_added)
            if op in self.homes and not added:
                self.placed[op] = self.homes[op]
                self.lines.append(f"{name} = {self.homes[op]}")
            else:
                self._count(op)
                self.lines.append(f"{name} = {self._new(*sizes, zeros=added)}")


def part_of(over: Range, length: Affine) -> str:
    """A range as a part of an axis of this length."""
    start, stop = over.first - 1, over.last
    return f"{'' if start == Affine() else start}:{'' if stop == length else stop}"
