"""The section on prior bounds: each beside the derived formula, and the factor between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy

from symasym.codegen.latex.blocks import aligned
from symasym.codegen.latex.layout import Layout

__all__ = ["Bound", "Prior", "PriorBound", "prior"]


@dataclass(frozen=True)
class PriorBound:
    """A bound on the mean interaction in its source's letters, and what is derived there.

    * `key` of the bibliography and `place` in it; `statement`, `coordinates`, `remark` in LaTeX.
    * `bound`, `derived`; `definitions` of letters in them.
    * `example`: a point in words with formulas, the bound, the derived value, and their ratio there.
    """

    key: str
    place: str
    statement: str
    coordinates: str
    bound: sympy.Expr
    derived: sympy.Expr
    definitions: tuple[tuple[sympy.Symbol, sympy.Expr], ...]
    example: tuple[str, sympy.Expr, sympy.Expr] | None
    remark: str


@dataclass(frozen=True)
class Bound:
    """One bound as it is printed; `factor` and `derived` are displays."""

    key: str
    place: str
    statement: str
    coordinates: str
    display: str
    point: str
    bound: str
    derived: str
    ratio: str
    remark: str


@dataclass(frozen=True)
class Prior:
    """Section on prior bounds."""

    bounds: tuple[Bound, ...]


def prior(found: Iterable[PriorBound], layout: Layout) -> Prior:
    """Everything that the section prints."""
    return Prior(tuple(_bound(item, layout) for item in found))


def _bound(item: PriorBound, layout: Layout) -> Bound:
    rows = [
        (sympy.Symbol("bound"), "=", item.bound),
        (sympy.Symbol("E||L(Z)||^2"), "=", item.derived),
        (sympy.Symbol("bound") / sympy.Symbol("E||L(Z)||^2"), "=", item.bound / item.derived),
        *((symbol, "=", meaning) for symbol, meaning in item.definitions),
    ]
    point, bound, derived = item.example or ("", sympy.S.Zero, sympy.S.One)
    return Bound(
        key=item.key,
        place=item.place,
        statement=item.statement,
        coordinates=item.coordinates,
        display=aligned(rows, layout),
        point=point,
        bound=str(bound),
        derived=str(derived),
        ratio=str(bound / derived),
        remark=item.remark,
    )
