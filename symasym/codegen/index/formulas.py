"""The formulas of a law as index IR, before any choice of arguments or layout."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.convert import Known, affine, convert, every_part, index_range
from symasym.codegen.index.ir import Node, Range
from symasym.law.law import Law

__all__ = ["Formulas", "InputRange", "formulas"]


@dataclass(frozen=True)
class InputRange:
    """A range of the features' input: `own` variance there, `variance` of displacements (None if learned)."""

    range: Range
    own: Node
    variance: Node | None

    @property
    def learned(self) -> bool:
        """True if the features span this range at `w*`."""
        return self.variance is None


@dataclass(frozen=True)
class Formulas:
    """What a kernel computes; `definitions` are named intermediates, in the order in which they may use each other."""

    sizes: frozenset[str]
    definitions: tuple[tuple[str, Node], ...]
    ranges: tuple[InputRange, ...]
    noise: Node
    excess_loss_mean: Node
    rank: Affine

    @property
    def learned(self) -> tuple[InputRange, ...]:
        """Ranges in the span of the features."""
        return tuple(item for item in self.ranges if item.learned)

    @property
    def outside(self) -> tuple[InputRange, ...]:
        """Ranges out of the span of the features."""
        return tuple(item for item in self.ranges if not item.learned)

    @property
    def variances(self) -> tuple[Node, ...]:
        """Variances of every range: its own, and outside of the span that of displacements."""
        outside = [item.variance for item in self.outside if item.variance is not None]
        return (*(item.own for item in self.ranges), *outside)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All formulas, definitions first."""
        return (*(node for _, node in self.definitions), self.noise, self.excess_loss_mean, *self.variances)

    @property
    def length(self) -> Affine:
        """Dimension of the features' input."""
        return self.ranges[-1].range.last

    @property
    def d_eff(self) -> Affine:
        """Rank of the features."""
        return sum((item.range.size for item in self.learned), Affine())

    @property
    def number_outside(self) -> Affine:
        """Number of weights."""
        return sum((item.range.size for item in self.outside), Affine())


def formulas(law: Law) -> Formulas:
    """Read a law; `NotDerivableYet` where an expression has no place in a kernel."""
    sizes = frozenset(law.dimensions) | _dimensions(law)
    known: Known = {}

    def read(expression: sympy.Expr, *open_ranges: Range) -> Node:
        return convert(sympy.sympify(expression), sizes, {r.index: r for r in open_ranges}, known)

    ranges = []
    for item in law.ranges:
        over = index_range(*item.limits)
        variance = None if item.variance is None else read(item.variance, over)
        ranges.append(InputRange(over, read(item.own, over), variance))
    return Formulas(
        sizes=sizes,
        definitions=tuple((symbol.name, read(expression)) for symbol, expression in law.definitions),
        ranges=tuple(ranges),
        noise=read(law.noise),
        excess_loss_mean=read(law.excess_loss_mean),
        rank=affine(law.rank),
    )


def _dimensions(law: Law) -> frozenset[str]:
    """Dimensions that only the bounds of sums or the relations between dimensions mention."""
    expressions = [
        law.noise,
        law.excess_loss_mean,
        *(r.variance for r in law.outside),
        *(e for _, e in law.definitions),
    ]
    sums = [part for part in every_part(map(sympy.sympify, expressions)) if isinstance(part, sympy.Sum)]
    indices = {limit[0] for total in sums for limit in total.limits}
    bounds = {s for total in sums for limit in total.limits for bound in limit[1:] for s in bound.free_symbols}
    return frozenset(s.name for s in bounds - indices)
