"""Sums with symbolic bounds, written out at concrete dimensions."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from symasym.errors import InputError

__all__ = ["write_out"]


def write_out(expression: sympy.Expr, sizes: Mapping[str, int]) -> sympy.Expr:
    """Concrete dimensions in, every sum written out, outer sums first.

    `Sum.doit` starts with the inner sum, whose bounds may depend on the outer index, and then searches for closed forms.
    """
    table = {sympy.Symbol(name, integer=True, positive=True): sympy.Integer(size) for name, size in sizes.items()}
    return _without_sums(sympy.sympify(expression).xreplace(table))


def _without_sums(expression: sympy.Expr) -> sympy.Expr:
    if not expression.has(sympy.Sum):
        return expression
    if not isinstance(expression, sympy.Sum):
        return expression.func(*map(_without_sums, expression.args))
    *inner, (index, first, last) = expression.limits
    if not (first.is_Integer and last.is_Integer):
        raise InputError(f"sizes: the bounds of {expression} stay open; a size for every dimension is expected")
    body = sympy.Sum(expression.function, *inner) if inner else expression.function
    terms = (_at(body, index, n) for n in range(int(first), int(last) + 1))
    return sympy.Add(*map(_without_sums, terms))


def _at(body: sympy.Expr, index: sympy.Symbol, n: int) -> sympy.Expr:
    """`body` at one value of the index; `subs` respects an inner sum over the same letter, `xreplace` is faster."""
    return body.subs(index, n) if body.has(sympy.Sum) else body.xreplace({index: sympy.Integer(n)})
