"""What a kernel computes, as schedules: the formulas themselves, and their pullbacks.

The pullback of formulas `f` along a cotangent `c` is the derivative of `sum c f` by every entry and scalar. The cotangent of a
variance `v_a` is a function of `v_a` that the caller supplies, a *seed*; it is asked for as soon as `v_a` is there, so that
values and derivatives come out of one pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from symasym.codegen.index.adjoint import adjoints
from symasym.codegen.index.affine import Affine
from symasym.codegen.index.algebra import ZERO
from symasym.codegen.index.canonical import Known, Letters
from symasym.codegen.index.formulas import Formulas
from symasym.codegen.index.interned import lazy
from symasym.codegen.index.ir import Entry, Node, Range, Scalar, walk
from symasym.codegen.index.lower import Lowering, denominators, divisions
from symasym.codegen.index.ops import Op
from symasym.codegen.index.schedule import Nest, Step, schedule

__all__ = ["Derivative", "Normal", "Program", "Seeded", "normal", "pullback", "values"]


@dataclass(frozen=True, eq=False)
class Normal:
    """The formulas of a law in normal form: `outside` are `v_a` by range, `own` are `g_a` there; `kept` has programs made."""

    letters: Letters
    definitions: Mapping[str, Node]
    outside: tuple[tuple[Range, Node], ...]
    own: tuple[tuple[Range, Node], ...]
    noise: Node
    excess: Node
    kept: dict[object, Program] = field(default_factory=dict)
    counted: dict[tuple[Node, ...], Counter[Node]] = field(default_factory=dict)

    def divisions(self, nodes: tuple[Node, ...]) -> Counter[Node]:
        """How many products of formulas divide by each base; counted once for all layouts."""
        if nodes not in self.counted:
            self.counted[nodes] = divisions(nodes)
        return self.counted[nodes]

    @property
    def start(self) -> Mapping[str, Affine]:
        """Where each outside range starts among all indices outside, by its letter."""
        found, reached = {}, Affine()
        for over, _ in self.outside:
            found[over.index] = reached
            reached = reached + over.size
        return found

    @lazy
    def places(self) -> _Places:
        """The nests of layouts."""
        return _Places(self.letters, frozenset(over.index for over, _ in self.outside))


def normal(read: Formulas) -> Normal:
    """All formulas with common letters, named intermediates put in."""
    letters = Letters([item.range for item in read.ranges], read.nodes)
    definitions: dict[str, Node] = {}
    for name, definition in read.definitions:
        definitions[name] = letters.rename(definition, definitions)

    known: Known = {}

    def along(item_range: Range, node: Node) -> tuple[Range, Node]:
        return letters.own(item_range), letters.rename(node, definitions, [item_range], known)

    return Normal(
        letters,
        definitions,
        tuple(along(item.range, item.variance) for item in read.outside if item.variance is not None),
        tuple(along(item.range, item.own) for item in read.outside),
        letters.rename(read.noise, definitions, known=known),
        letters.rename(read.excess_loss_mean, definitions, known=known),
    )


@dataclass(frozen=True)
class Derivative:
    """The derivative by a scalar, or by the entries of a family in a range, as a sum of operations."""

    name: str
    range: Range | None
    terms: tuple[Op, ...]


@dataclass(frozen=True)
class Program:
    """A schedule with what it computes; `hints` names operations."""

    steps: tuple[Step, ...]
    outputs: tuple[Op, ...]
    derivatives: tuple[Derivative, ...] = ()
    hints: Mapping[Op, str] = field(default_factory=dict)

    @property
    def results(self) -> list[Op]:
        """Everything that is asked for."""
        return [*self.outputs, *(op for derivative in self.derivatives for op in derivative.terms)]

    @lazy
    def variables(self) -> set[Op]:
        """Operations that a text gives a variable each: results, what has a name, is used twice or is used in a nest."""
        uses = Counter(chain.from_iterable([op.args for step in self.steps for op in step.ops]))
        found = set[Op]().union(*[op.args for step in self.steps if isinstance(step, Nest) for op in step.ops])
        found.update(op for op, number in uses.items() if number > 1)
        return found.union(self.results, self.hints)

    @property
    def has_nests(self) -> bool:
        """True if there are arrays over more than one index."""
        return any(isinstance(step, Nest) for step in self.steps)


@dataclass(frozen=True)
class Seeded:
    """A formula with its cotangent: `seed` is what a `seed` operation stands for, or the name of a scalar argument.

    `after`: the cotangent is known as soon as that other formula's is, and does not need the value.
    """

    value: Node
    seed: object
    over: Range | None = None
    after: int | None = None


def values(form: Normal, nodes: Sequence[Node], names: Sequence[str], invert: bool = False) -> Program:
    """The values of formulas; with `invert` every denominator over two indices is inverted, so that sums are contractions."""
    counts = form.divisions(tuple(nodes))
    inverted = denominators(counts, 1 if invert else 2)
    key = ("values", tuple(nodes), tuple(names), inverted)
    if key not in form.kept:
        form.kept[key] = _values(form, nodes, names, inverted)
    return form.kept[key]


def _values(form: Normal, nodes: Sequence[Node], names: Sequence[str], inverted: frozenset[Node]) -> Program:
    lowering = Lowering(inverted)
    hints = _definition_hints(form, lowering, nodes)
    outputs = tuple(lowering.lower(node) for node in nodes)
    hints |= {op: name for op, name in zip(outputs, names, strict=True) if not op.is_leaf}
    return Program(tuple(schedule(outputs, form.places)), outputs, (), hints)


def pullback(form: Normal, parts: Sequence[Seeded]) -> Program:
    """The derivatives of `sum seed value` by all entries and scalars; without seeds over ranges the values are outputs."""
    key = ("pullback", tuple(parts))
    if key not in form.kept:
        form.kept[key] = _pullback(form, parts)
    return form.kept[key]


def _pullback(form: Normal, parts: Sequence[Seeded]) -> Program:
    marks = [_mark(part, n) for n, part in enumerate(parts)]
    found = adjoints([(part.value, mark) for part, mark in zip(parts, marks, strict=True)], form.letters)
    found = {leaf: adjoint for leaf, adjoint in found.items() if adjoint != ZERO}
    seeds: dict[str, Op] = {}
    lowering = Lowering(denominators(divisions([*(p.value for p in parts), *found.values()])), seeds)
    hints = _definition_hints(form, lowering, [part.value for part in parts])
    for part, mark in zip(parts, marks, strict=True):
        if isinstance(mark, Entry):
            assert part.over is not None
            before = lowering.lower(part.value) if part.after is None else seeds[f"seed_{part.after}"]
            op = lowering.ops.make("seed", before, data=part.seed, layout={mark.index})
            seeds[mark.family] = op
            hints[op] = f"{'v' if part.after is None else 'g'}_bar_{part.over.index}"
            if part.after is None and not before.is_leaf:
                hints[before] = f"v_{part.over.index}"
    collected: dict[tuple[str, object], tuple[Range | None, list[Op]]] = {}
    for leaf, adjoint in found.items():
        key, over = _place_of(leaf, form)
        collected.setdefault(key, (over, []))[1].append(lowering.lower(adjoint))
    derivatives = tuple(Derivative(key[0], over, tuple(ops)) for key, (over, ops) in collected.items())
    asked = tuple(seeds.values()) or tuple(lowering.lower(part.value) for part in parts)
    outputs = (*asked, *(op for derivative in derivatives for op in derivative.terms))
    return Program(tuple(schedule(outputs, form.places)), asked, derivatives, hints)


def _mark(part: Seeded, n: int) -> Node:
    """The cotangent as a leaf: an entry of a family of its own, or a scalar."""
    if part.over is None:
        return Scalar(str(part.seed))
    return Entry(f"seed_{n}", part.over.index, part.over)


def _place_of(leaf: Node, form: Normal) -> tuple[tuple[str, object], Range | None]:
    """What a leaf belongs to: a scalar, or the part of a family that a range has, whatever the letter."""
    if isinstance(leaf, Scalar):
        return (leaf.name, None), None
    assert isinstance(leaf, Entry)
    return (leaf.family, leaf.range.bounds), form.letters.own(leaf.range)


def _definition_hints(form: Normal, lowering: Lowering, nodes: Sequence[Node]) -> dict[Op, str]:
    """Named intermediates keep their names."""
    if not form.definitions:
        return {}
    parts = {part for node in nodes for part in walk(node)}
    found = {lowering.lower(node): name for name, node in form.definitions.items() if node in parts}
    return {op: name for op, name in found.items() if not op.is_leaf}


@dataclass(frozen=True, eq=False)
class _Places:
    """The nest of a layout: the first pair in it, else an index outside the learned span, else the last index."""

    letters: Letters
    outside: frozenset[str]
    known: dict[frozenset[str], tuple[str, str | None]] = field(default_factory=dict)

    def __call__(self, layout: frozenset[str]) -> tuple[str, str | None]:
        if layout not in self.known:
            self.known[layout] = self._find(layout)
        return self.known[layout]

    def _find(self, layout: frozenset[str]) -> tuple[str, str | None]:
        ordered = sorted(layout, key=self.letters.order)
        for letter in ordered:
            partner = self.letters.partner(letter)
            if partner in layout:
                return letter, partner
        return next((letter for letter in reversed(ordered) if letter in self.outside), ordered[-1]), None
