"""A step as people read it: a title, the rule used, labelled formulas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.model.displayed import Displayed

__all__ = ["Line", "Step", "bracket"]


Formula: TypeAlias = sympy.Basic | MatrixExpr


@dataclass(frozen=True)
class Line:
    """One formula, `left = right`; `note` says in words what it is. Either side may be missing."""

    left: Formula | None
    right: Formula | None
    note: str = ""


@dataclass(frozen=True)
class Step(Displayed):
    """One stage: what it is, the rule it uses, its formulas."""

    title: str
    rule: str
    lines: tuple[Line, ...]


def bracket(name: str, *parameters: str) -> sympy.Expr:
    """A form with its arguments: `h(U, V)`."""
    return sympy.Function(name)(*map(sympy.Symbol, parameters))
