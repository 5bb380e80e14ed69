"""Index IR into NumPy lines: every index range becomes an axis, every sum a reduction over trailing axes.

A *layout* is the list of axes that an array has after its batch axes. A sum is computed in the layout of the indices on
which it depends, followed by its own axes; a pair sum `i < j` has one axis for all pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from symasym.codegen.numpy.affine import Affine
from symasym.codegen.numpy.ir import (
    Entry,
    Node,
    PairSum,
    Range,
    Scalar,
    Sum,
    bound_indices,
    free_indices,
    is_number,
    map_children,
    walk,
)
from symasym.codegen.numpy.notation import ATOM, POWER, Notation
from symasym.codegen.numpy.wrap import WIDTH, broken

__all__ = ["Lines", "local_names"]

INDENT = "    "


@dataclass(frozen=True)
class Axis:
    """An array axis: one index, or two for the pairs of a pair sum."""

    indices: tuple[str, ...]


Layout = tuple[Axis, ...]


@dataclass(frozen=True)
class Local(Node):
    """A sum that has been computed: a variable and its axes."""

    name: str
    layout: Layout


def _subscript(keys: Iterable[str]) -> str:
    listed = list(keys)
    return f"[..., {', '.join(listed)}]" if listed else ""


class _Expression(Notation):
    """An expression without sums in a given layout."""

    times = " * "

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def power(self, base: Node, exponent: Fraction) -> tuple[str, int]:
        if exponent.denominator == 2 and not is_number(base):
            root = f"np.sqrt({self.show(base)})"
            return (root, ATOM) if exponent.numerator == 1 else (f"{root} ** {exponent.numerator}", POWER)
        shown = str(exponent) if exponent.denominator == 1 else f"({exponent.numerator} / {exponent.denominator})"
        text = self.show(base, ATOM)
        return (f"{text}**{shown}" if text.isidentifier() else f"{text} ** {shown}"), POWER

    def other(self, node: Node) -> tuple[str, int]:
        match node:
            case Scalar(name=name):
                return name + _subscript("None" for _ in self.layout), ATOM
            case Local(name=name, layout=own):
                keys = [":" if axis in own else "None" for axis in self.layout]
                return name + (_subscript(keys) if "None" in keys else ""), ATOM
            case Entry(family=family, index=index):
                return f"{family}_{index}", ATOM
        raise TypeError(type(node).__name__)


def _slice(over: Range, length: Affine) -> str:
    start, stop = over.first - 1, over.last
    return f"{'' if start == Affine() else start}:{'' if stop == length else stop}"


@dataclass
class Lines:
    """The body of a function, written line by line; `lengths` holds the length of each family."""

    lengths: Mapping[str, Affine]
    lines: list[str] = field(default_factory=list)
    _slices: dict[str, str] = field(default_factory=dict)
    _sums: set[str] = field(default_factory=set)

    def define(self, name: str, node: Node, over: Range | None = None) -> str:
        """`name = node`, and the text of the variable with `over` on its last axis if it is given."""
        layout = () if over is None else (Axis((over.index,)),)
        lowered = self._lower(node, layout, name)
        if not isinstance(lowered, Local):
            self._bind(lowered, layout)
            self._assign(f"{name} = ", _Expression(layout).show(lowered))
            return name
        return _Expression(layout).show(lowered)

    def give(self, node: Node) -> None:
        """`return node`."""
        lowered = self._lower(node, ())
        self._assign("return ", _Expression(()).show(lowered))

    def finish(self, text: str) -> None:
        """`return text` for a text made from what `define` returned."""
        self._assign("return ", text)

    # ---- sums become variables

    def _lower(self, node: Node, layout: Layout, name: str | None = None) -> Node:
        """The node with its sums computed and replaced by variables; a sum as a whole is stored under `name`."""
        if isinstance(node, Sum | PairSum):
            return self._reduce(node, layout, name)
        return map_children(node, lambda child: self._lower(child, layout))

    def _reduce(self, node: Sum | PairSum, layout: Layout, name: str | None) -> Local:
        free = free_indices(node)
        outer = tuple(axis for axis in layout if free & set(axis.indices))
        body: Node = node
        own: list[Axis] = []
        while isinstance(body, Sum | PairSum):
            own.append(Axis(bound_indices(body)))
            if isinstance(body, PairSum):
                self._pairs(body)
            body = body.body
        inner = (*outer, *own)
        lowered = self._lower(body, inner)
        axes = ", ".join("".join(axis.indices) for axis in inner)
        self.lines.append(f"# axes (..., {axes})")
        self._bind(lowered, inner)
        axis = "-1" if len(own) == 1 else str(tuple(range(-len(own), 0)))
        target = name or self._fresh("sum_" + "".join("".join(axis.indices) for axis in own))
        self._assign(f"{target} = ", _Expression(inner).show(lowered), f"axis={axis}")
        return Local(target, outer)

    def _pairs(self, node: PairSum) -> None:
        size, start = node.range.size, node.range.first - 1
        pairs = f"np.triu_indices({size}, 1)"
        names = f"{node.range.index}, {node.partner}"
        if self._let(names, pairs if start == Affine() else f"np.add({start}, {pairs})"):
            self._slices = {names: self._slices[names]}

    def _fresh(self, name: str) -> str:
        number = 1
        while (candidate := name + (f"_{number}" if number > 1 else "")) in self._sums:
            number += 1
        self._sums.add(candidate)
        return candidate

    # ---- entries become slices

    def _bind(self, node: Node, layout: Layout) -> None:
        entries = {part for part in walk(node) if isinstance(part, Entry)}
        for entry in sorted(entries, key=lambda e: (e.family, e.index)):
            keys = [self._key(entry, axis) if entry.index in axis.indices else "None" for axis in layout]
            whole = keys == [":"]
            self._let(f"{entry.family}_{entry.index}", entry.family + ("" if whole else _subscript(keys)))

    def _key(self, entry: Entry, axis: Axis) -> str:
        return entry.index if len(axis.indices) > 1 else _slice(entry.range, self.lengths[entry.family])

    def _let(self, name: str, text: str) -> bool:
        """`name = text` unless that holds already; whether a line was needed."""
        if self._slices.get(name) == text:
            return False
        self.lines.append(f"{name} = {text}")
        self._slices[name] = text
        return True

    # ---- layout of the text

    def _assign(self, head: str, text: str, reduction: str | None = None) -> None:
        """One line if it fits, otherwise an argument or a bracket broken between tokens."""
        line = head + (text if reduction is None else f"np.sum({text}, {reduction})")
        if len(INDENT + line) <= WIDTH:
            self.lines.append(line)
            return
        parts = broken(text, WIDTH - 2 * len(INDENT) - 1)
        opening, closing = (f"{head}(", ")") if reduction is None else (f"{head}np.sum(", ")")
        if reduction is not None:
            parts[-1] += ","
            parts.append(f"{reduction},")
        self.lines += [opening, *(INDENT + part for part in parts), closing]


def local_names(nodes: Iterable[Node]) -> set[str]:
    """Variables that the lines of these formulas may bind, apart from sums."""
    names = set()
    for node in nodes:
        for part in walk(node):
            if isinstance(part, Entry):
                names.add(f"{part.family}_{part.index}")
            if isinstance(part, PairSum):
                names |= set(bound_indices(part))
    return names
