"""The arguments of a kernel: families with the lengths that their ranges give, scalars, and what tells each size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.formulas import Formulas
from symasym.codegen.index.ir import Node, Range
from symasym.errors import NotDerivableYet

__all__ = ["Family", "Inputs", "SizeSource", "closure", "inputs", "scalars_of", "sizes_of"]


@dataclass(frozen=True)
class Family:
    """An indexed family: an array whose last axis has this length."""

    name: str
    length: Affine
    ranges: tuple[Range, ...]


@dataclass(frozen=True)
class SizeSource:
    """`size = length of family - rest`; a size that no family tells has `family` None and is an argument."""

    size: str
    family: str | None
    rest: Affine = field(default_factory=Affine)


@dataclass(frozen=True)
class Inputs:
    """Arguments of a function: `sizes` in alphabetical order, `sources` in the order in which they can be read off."""

    families: tuple[Family, ...]
    scalars: tuple[str, ...]
    sizes: tuple[str, ...]
    sources: tuple[SizeSource, ...]

    @property
    def keywords(self) -> tuple[str, ...]:
        """Sizes that the caller must name."""
        return tuple(source.size for source in self.sources if source.family is None)

    @property
    def lengths(self) -> dict[str, Affine]:
        """Length of each family by name."""
        return {family.name: family.length for family in self.families}

    def source(self, size: str) -> SizeSource:
        """Where a size comes from."""
        return next(source for source in self.sources if source.size == size)


def inputs(read: Formulas, nodes: Iterable[Node], extra: Iterable[Affine] = ()) -> Inputs:
    """Arguments that the nodes need, together with the definitions that they use; `extra` are further sizes in use."""
    needed = closure(read, nodes)
    families = _families(read, needed)
    sizes = {name for node in needed for name in sizes_of(node)}
    sizes |= {name for family in families for name in family.length.names}
    sizes |= {name for number in extra for name in number.names}
    defined = {name for name, _ in read.definitions}
    scalars = {name for node in needed for name in scalars_of(node)} - defined
    return Inputs(families, tuple(sorted(scalars)), tuple(sorted(sizes)), _sources(families, sizes))


def closure(read: Formulas, nodes: Iterable[Node]) -> list[Node]:
    """The nodes, preceded by the definitions that they use, directly or through one another."""
    found = list(nodes)
    used = {name for node in found for name in scalars_of(node)}
    before: list[Node] = []
    for name, definition in reversed(read.definitions):
        if name in used:
            before.insert(0, definition)
            used |= scalars_of(definition)
    return before + found


def scalars_of(node: Node) -> frozenset[str]:
    """Names of scalars and of named intermediates."""
    return node.mentions.scalars


def sizes_of(node: Node) -> set[str]:
    """Dimensions that the formula mentions, in ranges or as numbers."""
    bounds = [bound for over in node.mentions.ranges for bound in over.bounds]
    return {*node.mentions.sizes, *(name for bound in bounds for name in bound.names)}


def _families(read: Formulas, nodes: Iterable[Node]) -> tuple[Family, ...]:
    used: dict[str, set[Range]] = {}
    for node in nodes:
        for family, over in node.mentions.entries:
            used.setdefault(family, set()).add(over)
    steps = {(item.range.first - 1, item.range.last) for item in read.ranges}
    steps |= {(over.first - 1, over.last) for ranges in used.values() for over in ranges}
    return tuple(
        Family(name, _length(name, used[name], steps), tuple(sorted(used[name], key=_position)))
        for name in sorted(used)
    )


def _position(over: Range) -> tuple[int, str, str]:
    """Ranges that start at a number first."""
    return len(over.first.terms), str(over.first), over.index


def _length(name: str, ranges: set[Range], steps: set[tuple[Affine, Affine]]) -> Affine:
    """The furthest end of the ranges, which follow one another: a range leads from `first - 1` to `last`."""
    ends = {over.last for over in ranges}
    for end in sorted(ends, key=str):
        if ends <= _up_to(end, steps):
            return end
    raise NotDerivableYet(
        f"{name}: its length is not known, since the ranges {', '.join(sorted(map(str, ranges)))} do not follow one "
        "another"
    )


def _up_to(end: Affine, steps: set[tuple[Affine, Affine]]) -> set[Affine]:
    """The ends from which ranges, one after another, lead to this one."""
    reached: set[Affine] = set()
    before = {end}
    while before - reached:
        reached |= before
        before = {start for start, last in steps if last in reached}
    return reached


def _sources(families: tuple[Family, ...], sizes: set[str]) -> tuple[SizeSource, ...]:
    """Each size from the first family whose length leaves it alone unknown; where none does, a size is an argument."""
    found: list[SizeSource] = []
    known: set[str] = set()
    while True:
        source = _next_source(families, known) or next((SizeSource(name, None) for name in sorted(sizes - known)), None)
        if source is None:
            return tuple(found)
        found.append(source)
        known.add(source.size)


def _next_source(families: tuple[Family, ...], known: set[str]) -> SizeSource | None:
    for family in families:
        unknown = [name for name in family.length.names if name not in known]
        if len(unknown) == 1 and family.length.coefficient(unknown[0]) == 1:
            return SizeSource(unknown[0], family.name, family.length - Affine.size(unknown[0]))
    return None
