"""The diagonal entries that a model states, range by range."""

from __future__ import annotations

from collections.abc import Mapping

import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.alignment.ranges import Ranges
from symasym.model.aligned import Aligned, Weight

__all__ = ["Spec", "bases", "entry_table"]

Spec = Mapping[sympy.Symbol, sympy.Expr]
"""Range index -> entry as an expression in that index; ranges left out have the entry 0."""


def _spec(weight: Weight, ranges: Ranges) -> Spec:
    if isinstance(weight, Mapping):
        return {index: sympy.sympify(value) for index, value in weight.items()}
    if isinstance(weight, sympy.IndexedBase):
        return {item.index: weight[item.index] for item in ranges.all}
    return {item.index: sympy.sympify(weight) for item in ranges.all}


def entry_table(aligned: Aligned, ranges: Ranges) -> dict[MatrixExpr, Spec]:
    """For every constant and parameter the diagonal entries by range."""
    return {
        symbol: _spec(weight, ranges) for table in (aligned.diagonal, aligned.at) for symbol, weight in table.items()
    }


def bases(expression: sympy.Expr) -> set[sympy.IndexedBase]:
    """The indexed families of an expression."""
    return {entry.base for entry in expression.atoms(sympy.Indexed)}
