"""Steps of a schedule as the lines of a function.

Arrays have the batch on one axis: on the last one where there are nests (*blocked*: rows of the batch are the inner loop of every
operation), on the first one where no array has more than one index (*flat*: arrays are used as they come).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.ir import Range
from symasym.codegen.index.ops import Op, Reduction
from symasym.codegen.index.schedule import Nest, Step
from symasym.codegen.numpy.slots import Slots
from symasym.codegen.numpy.text import Expression
from symasym.codegen.numpy.wrap import WIDTH, broken

__all__ = ["Body", "Seed"]

INDENT = "    "
UFUNCS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "neg": "negative",
    "square": "square",
    "sqrt": "sqrt",
    "pow": "power",
}


@dataclass(frozen=True)
class Seed:
    """What a `seed` operation stands for: the text of a call, where its range starts among the ranges outside, its size.

    `{value}`, `{start}` and `{size}` stand in the text.
    """

    call: str
    start: Affine
    size: Affine


@dataclass
class Body:
    """Lines of one function; `lengths` has the length of each family, `order` the place of each letter, `blocked` the layout."""

    lengths: Mapping[str, Affine]
    order: Callable[[str], tuple[int, str]]
    ranges: Mapping[str, Range]
    blocked: bool
    hints: Mapping[Op, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    hot: list[tuple[int, str, str]] = field(default_factory=list)
    """For each nest the number of workspace arrays, the product of the other axes and the length of the nest's own."""
    cold: Affine = field(default_factory=Affine)
    """How many numbers over at most one index the function holds for one problem."""
    _names: dict[Op, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _views: dict[tuple[str, tuple[Affine, Affine]], str] = field(default_factory=dict)

    # ---- the whole function

    def write(self, steps: Sequence[Step], outputs: Sequence[Op]) -> None:
        """Lines that leave every output in a variable; `text` gives its name."""
        uses = Counter(arg for step in steps for op in step.ops for arg in op.args)
        uses.update(outputs)
        in_nests = {arg for step in steps if isinstance(step, Nest) for op in step.ops for arg in op.args}
        bound = {op for op in uses if uses[op] > 1 or op in in_nests or op in self.hints}
        for step in steps:
            if isinstance(step, Nest):
                self._nest(step)
            elif step.op in bound or step.op in outputs or step.op.kind in ("sum", "seed", "rank"):
                self._cold(step.op)

    def text(self, op: Op) -> str:
        """The text of an output."""
        return self._expression().show(op)

    # ---- names

    def _expression(self, nest: Nest | None = None) -> Expression:
        """Writes whole arrays, or their parts for a tile of a nest."""

        def name(op: Op) -> str | None:
            found = self._name(op)
            return f"{found}[t]" if found and nest and op.layout == {nest.letter} and not _is_local(op, nest) else found

        return Expression(name, self._alignment)

    def _alignment(self, op: Op, result: Op) -> str:
        """Flat: numbers for each row of the batch need an axis for the index."""
        return "[:, None]" if not self.blocked and result.layout and not op.layout and op.kind != "number" else ""

    def _name(self, op: Op) -> str | None:
        match op.kind:
            case "scalar":
                return str(op.data)
            case "entry":
                return self._view(op)
        return self._names.get(op)

    def _view(self, op: Op) -> str:
        """The part of a family that belongs to a range."""
        leaf = op.leaf
        assert leaf.family is not None
        key = (leaf.family, leaf.range.bounds)
        if key not in self._views:
            cut = _slice(leaf.range, self.lengths[leaf.family])
            if cut == ":":
                self._views[key] = leaf.family
            else:
                self._views[key] = self.fresh(f"{leaf.family}_{leaf.range.index}")
                axis = cut if self.blocked else f":, {cut}"
                self.lines.insert(0, f"{self._views[key]} = {leaf.family}[{axis}]")
        return self._views[key]

    def fresh(self, wanted: str) -> str:
        """A variable of this name, or of one like it."""
        number, name = 1, wanted
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name)
        return name

    def _bind(self, op: Op) -> str:
        kind = ("sum" if op.layout else "total") if op.kind == "sum" else "part"
        stem = self.hints.get(op) or "_".join([kind, *sorted(op.layout)])
        self._names[op] = self.fresh(stem)
        return self._names[op]

    def _count(self, op: Op) -> None:
        """One more array that lives as long as the function runs."""
        for letter in op.layout:
            self.cold = self.cold + self.ranges[letter].size

    # ---- whole arrays

    def _cold(self, op: Op) -> None:
        text = self._cold_text(op)
        self._count(op)
        self.assign(f"{self._bind(op)} = ", text)

    def _cold_text(self, op: Op) -> str:
        expression = self._expression()
        match op.kind:
            case "sum":
                return self._cold_sum(op, op.reduction)
            case "rank":
                size = self.ranges[next(iter(op.layout))].size
                count = f"np.arange({size - 1}, -1, -1, kind)" if op.leaf.above else f"np.arange({size}, dtype=kind)"
                return f"{count}[:, None]" if self.blocked else f"{count}[None]"
            case "seed":
                assert isinstance(op.data, Seed)
                value = expression.show(op.args[0])
                return op.data.call.format(value=value, start=op.data.start, size=op.data.size)
        return expression.written_out(op)

    def _cold_sum(self, op: Op, reduction: Reduction) -> str:
        shown = [self._expression().show(arg) for arg in op.args]
        if reduction.other is not None:
            product = shown[0] if len(shown) == 1 else " * ".join(f"({s})" for s in shown)
            return f"_beyond({product}, {reduction.above}, {0 if self.blocked else 1})"
        size = reduction.range.size
        if any(arg.kind == "seed" for arg in op.args) and len(op.args) == 1:
            return f"_over({shown[0]}, {size}, {0 if self.blocked else 1})"
        if self.blocked:
            if len(shown) == 1:
                return f"np.add.reduce({shown[0]}, axis=0)"
            return f'np.einsum("in,in->n", {shown[0]}, {shown[1]})'
        return f"_row_sums({', '.join(shown)})"

    # ---- nests

    def _nest(self, nest: Nest) -> None:
        axes = sorted(frozenset().union(*(op.body for op in nest.ops)) - {nest.letter}, key=self.order)
        tile = _Tile(self, nest, Slots.of(nest))
        self._prepare(nest)
        others = [f"({n})" if " " in n else n for n in (str(self.ranges[a].size) for a in axes)]
        product, size = " * ".join(others) or "1", str(self.ranges[nest.letter].size)
        slots = tile.slots.count
        self.hot.append((slots, product, size if nest.second is None else "1"))
        if nest.second is None:
            self.lines.append(f"for t in work.tiles({size}, {product}, n):")
            self.lines.append(f"{INDENT}width = t.stop - t.start")
        else:
            self.lines.append(f"for p in range({self.ranges[nest.letter].size - 1}):")
        self.lines += [INDENT + line for line in tile.lines()]

    def _prepare(self, nest: Nest) -> None:
        """Arrays that tiles fill or add to; what only a tile needs is a variable inside."""
        for op in nest.ops:
            if nest.is_large(op):
                continue
            name = self._bind(op)
            added = nest.second is not None or nest.is_partial(op)
            if added or op in nest.stored:
                self._count(op)
                sizes = [str(self.ranges[letter].size) for letter in op.layout]
                shape = f"({', '.join([*sizes, 'n'])}{'' if sizes else ','})"
                self.lines.append(f"{name} = np.{'zeros' if added else 'empty'}({shape}, kind)")

    # ---- layout of the text

    def assign(self, head: str, text: str) -> None:
        """One line if it fits, otherwise a bracket broken between tokens."""
        self.lines += wrapped(head, text, 1)


def wrapped(head: str, text: str, depth: int) -> list[str]:
    """`head + text` on one line if it fits at this depth, otherwise in brackets on several."""
    if len(INDENT) * depth + len(head) + len(text) <= WIDTH:
        return [head + text]
    parts = broken(text, WIDTH - len(INDENT) * (depth + 1) - 1)
    return [f"{head}(", *(INDENT + part for part in parts), ")"]


def _is_local(op: Op, nest: Nest) -> bool:
    """True for arrays over the nest's own index that one tile needs alone."""
    return op in nest.ops and op not in nest.stored


def _slice(over: Range, length: Affine) -> str:
    start, stop = over.first - 1, over.last
    return f"{'' if start == Affine() else start}:{'' if stop == length else stop}"


@dataclass
class _Tile:
    """The lines of one tile of a nest."""

    body: Body
    nest: Nest
    slots: Slots

    @property
    def pair(self) -> bool:
        """True for sums over pairs: `p` is the position of the smaller index."""
        return self.nest.second is not None

    def axes(self, layout: frozenset[str]) -> list[str]:
        """The axes of a large array: the nest's own index last, the smaller index of a pair not at all."""
        kept = layout - {self.nest.letter} if self.pair else layout
        last = self.nest.second or self.nest.letter
        return sorted(kept, key=lambda letter: (letter == last, self.body.order(letter)))

    def lines(self) -> list[str]:
        """All lines, in order."""
        found = []
        for slot, layout in self.slots.arrays:
            sizes = [self._size(letter) for letter in self.axes(layout)]
            found.append(f"{self.slots.name(slot, layout)} = work({slot}, {', '.join([*sizes, 'n'])})")
        for op in self.nest.ops:
            found += self._op(op)
        return found

    def _size(self, letter: str) -> str:
        if letter == self.nest.second:
            return f"{self.body.ranges[letter].size} - p - 1"
        return str(self.body.ranges[letter].size) if self.pair or letter != self.nest.letter else "width"

    # ---- operands

    def _operand(self, op: Op, layout: frozenset[str]) -> str:
        """An operand of an operation with that layout."""
        if op in self.slots.slot:
            name, own = self.slots.name(self.slots.slot[op], op.layout), self.axes(op.layout)
            return name + self._subscript(own, [], layout)
        if op.kind == "number":
            return self.body._expression().show(op)
        name = self.body._name(op)
        assert name is not None, op
        keys: list[str] = []
        if self.pair and op.layout == {self.nest.letter}:
            keys = ["p"]
        elif self.pair and op.layout == {self.nest.second}:
            keys = ["p + 1:"]
        elif op.layout == {self.nest.letter} and not _is_local(op, self.nest):
            keys = ["t"]
        return name + self._subscript(self.axes(op.layout), keys, layout)

    def _subscript(self, own: list[str], keys: list[str], layout: frozenset[str]) -> str:
        """Axes that the operand lacks behind its first one are added."""
        wanted = self.axes(layout)
        if own:
            missing = wanted[wanted.index(own[0]) + 1 :]
            if not set(missing) <= set(own):
                keys = keys or [":"]
                keys = keys + ["None" if letter not in own else ":" for letter in missing]
        return f"[{', '.join(keys)}]" if keys else ""

    # ---- lines

    def _op(self, op: Op) -> list[str]:
        if op.kind == "sum":
            return self._sum(op)
        if self.nest.is_large(op):
            return self._large(op)
        target = self._target(op)[0] or str(self.body._name(op))
        if op.kind == "seed":
            assert isinstance(op.data, Seed)
            value = self._operand(op.args[0], op.layout)
            start = "t.start" if op.data.start == Affine() else f"{op.data.start} + t.start"
            return wrapped(f"{target} = ", op.data.call.format(value=value, start=start, size="width"), 2)
        return wrapped(f"{target} = ", self.body._expression(self.nest).written_out(op), 2)

    def _large(self, op: Op) -> list[str]:
        operands = [self._operand(arg, op.layout) for arg in op.args]
        if op.kind == "pow":
            assert hasattr(op.data, "numerator")
            operands.append(f"{op.data.numerator} / {op.data.denominator}")
        target = self.slots.name(self.slots.slot[op], op.layout)
        return [f"np.{UFUNCS[op.kind]}({', '.join(operands)}, out={target})"]

    def _sum(self, op: Op) -> list[str]:
        """The sum of an array, or of the product of two arrays."""
        reduction, axes = op.reduction, self.axes(op.body)
        if self.pair and reduction.letter == self.nest.letter:
            operands = [self._operand(arg, op.body) for arg in op.args]
            return [f"{self.body._name(op)}[p + 1:] += {' * '.join(operands)}"]
        operands = [self._operand(arg, arg.layout) for arg in op.args]
        if len(op.args) == 1:
            call = f"np.add.reduce({operands[0]}, axis={axes.index(reduction.letter)}"
        else:
            subscripts = self._letters(axes)
            shown = ["".join(subscripts[a] for a in self.axes(arg.layout)) + "n" for arg in op.args]
            result = "".join(subscripts[a] for a in axes if a != reduction.letter) + "n"
            call = f'np.einsum("{",".join(shown)}->{result}", {", ".join(operands)}'
        target, added = self._target(op)
        if target is None:
            return [f"{self.body._name(op)} = {call})"]
        return [f"{target} += {call})" if added else f"{call}, out={target})"]

    def _target(self, op: Op) -> tuple[str | None, bool]:
        """The array that takes the result, None for a new one; and whether the result is added to what other tiles have left."""
        if op in self.slots.slot:
            return self.slots.name(self.slots.slot[op], op.layout), False
        name = self.body._name(op)
        if self.pair:
            return (f"{name}[p]", False) if op.layout == {self.nest.letter} else (name, True)
        if self.nest.is_partial(op):
            return name, True
        return (f"{name}[t]" if op in self.nest.stored else None), False

    def _letters(self, axes: Sequence[str]) -> dict[str, str]:
        """One character for each axis in an `einsum`."""
        spare = iter("abcdefghijklmpqrstuvwxyz")
        used = {a for a in axes if len(a) == 1 and a != "n"}
        return {a: a if a in used else next(c for c in spare if c not in used) for a in axes}
