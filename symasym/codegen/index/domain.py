"""What a law assumes of entries and scalars, as conditions that a kernel can check for each problem.

A relation whose sides have at most one index each is checked at the least entry of its larger side and the largest entry of
its smaller one. Others are stated and not checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy

from symasym.codegen.index.algebra import ZERO
from symasym.codegen.index.canonical import Letters
from symasym.codegen.index.convert import convert, every_part
from symasym.codegen.index.formulas import Formulas
from symasym.codegen.index.inputs import scalars_of
from symasym.codegen.index.ir import Entry, Node, Range, Scalar, walk
from symasym.errors import NotDerivableYet
from symasym.law.law import Law

__all__ = ["Condition", "conditions"]


@dataclass(frozen=True)
class Condition:
    """`more > less` or `more >= less`, for every index on either side."""

    more: Node
    strict: bool
    less: Node

    @property
    def nodes(self) -> tuple[Node, Node]:
        """Both sides."""
        return self.more, self.less


def conditions(law: Law, read: Formulas, letters: Letters) -> tuple[list[Condition], list[sympy.Basic]]:
    """What can be checked, and the relations that cannot.

    Scalars whose symbol is positive must not be negative, which is left out where a relation says more.
    """
    ranges = _ranges(law, read)
    relations = [*law.assume, *(sympy.Gt(expression, 0) for expression in law.undecided)]
    found, left = [], []
    for relation in relations:
        try:
            condition = _condition(relation, read, letters, ranges)
        except NotDerivableYet:
            condition = None
        if condition is None:
            left.append(relation)
        else:
            found.append(condition)
    shown = [law.noise, law.excess_loss_mean, *(r.own for r in law.ranges), *(e for _, e in law.definitions)]
    shown += [r.variance for r in law.outside if r.variance is not None]
    symbols = [part for part in every_part(shown) if isinstance(part, sympy.Symbol)]
    signed = {symbol.name for symbol in symbols if symbol.is_nonnegative}
    defined = {name for name, _ in read.definitions}
    bounded = {r.gts.name for r in relations if isinstance(r.gts, sympy.Symbol) and r.lts.is_Number and r.lts >= 0}
    for name in sorted(signed & set().union(*map(scalars_of, read.nodes)) - defined - bounded):
        found.append(Condition(Scalar(name), False, ZERO))
    return found, left


def _condition(
    relation: sympy.Basic, read: Formulas, letters: Letters, ranges: Mapping[str, Range]
) -> Condition | None:
    more, less = (convert(side, read.sizes, ranges) for side in (relation.gts, relation.lts))
    used = {part.index: part.range for side in (more, less) for part in walk(side) if isinstance(part, Entry)}
    if len(more.free) > 1 or len(less.free) > 1 or more.free & less.free:
        return None
    strict = isinstance(relation, sympy.StrictGreaterThan | sympy.StrictLessThan)
    return Condition(letters.rename(more, {}, used.values()), strict, letters.rename(less, {}, used.values()))


def _ranges(law: Law, read: Formulas) -> dict[str, Range]:
    """The ranges of letters: those of the law, and those that have the same range in all formulas."""
    found: dict[str, set[Range]] = {}
    for node in (read.noise, read.excess_loss_mean, *read.variances):
        for summed in node.mentions.sums:
            found.setdefault(summed.index, set()).add(summed)
    only = {letter: ranges.pop() for letter, ranges in found.items() if len(ranges) == 1}
    for item, over in zip(law.ranges, read.ranges, strict=True):
        only |= {str(item.index): over.range}
        only |= {str(item.partner): Range(str(item.partner), over.range.first, over.range.last)}
    return only
