"""Averages over independent copies, written out copy by copy."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import sympy

from symasym.errors import InputError
from symasym.model import Model, copy
from symasym.model.scalars import Average
from symasym.referee.values import Given

__all__ = ["with_explicit_copies"]


def with_explicit_copies(model: Model, given: Given) -> Model:
    """The model with `(1/K) (f(x_1) + .. + f(x_K))` in place of every average; `K` must have a value."""
    written = {node: _written_out(node, given) for node in model.loss.atoms(Average)}
    return replace(model, loss=model.loss.xreplace(written)) if written else model


def _written_out(node: Average, given: Given) -> sympy.Expr:
    expression, vector, count = node.args
    copies = _exact(count, given)
    if copies != int(copies) or copies < 1:
        raise InputError(f"values: {count} is {copies}, a positive integer is expected")
    terms = (expression.xreplace({vector: copy(vector, f"{vector.name}_{n}")}) for n in range(1, int(copies) + 1))
    return sympy.Add(*terms) / int(copies)


def _exact(count: sympy.Expr, given: Given) -> Fraction:
    """A number of copies, which may be an expression in scalars."""
    values = {symbol: given.scalar(symbol) for symbol in count.free_symbols}
    number = count.subs({symbol: sympy.Rational(v.numerator, v.denominator) for symbol, v in values.items()})
    return Fraction(int(number.p), int(number.q))
