"""Expressions as a person would write them: equal in value, easier to read.

Numbers come out of sums, traces of 1 x 1 matrices become what they hold. Whatever changes a value has no place here.
"""

from __future__ import annotations

from functools import lru_cache

import sympy
from sympy.matrices.expressions import Identity, MatAdd, MatMul

from symasym.model.scalars import Tr

__all__ = ["common_factor", "tidy"]

_DESCEND = (sympy.Add, sympy.Mul, sympy.Pow, sympy.Tuple, sympy.core.relational.Relational)


def tidy(expression: sympy.Basic) -> sympy.Basic:
    """The expression with numbers in front of sums, dimensions factored, and without traces of scalars."""
    return expression.applyfunc(tidy) if isinstance(expression, sympy.MatrixBase) else _tidied(expression)


@lru_cache(maxsize=2**15)
def _tidied(expression: sympy.Basic) -> sympy.Basic:
    if isinstance(expression, sympy.Sum):
        return _sum(expression)
    if isinstance(expression, Tr):
        return _trace(expression)
    if isinstance(expression, sympy.Add) and all(
        isinstance(symbol, sympy.Symbol) for symbol in expression.free_symbols
    ):
        return sympy.factor(expression) if expression.is_polynomial() else expression
    if isinstance(expression, _DESCEND):
        return expression.func(*map(tidy, expression.args))
    return expression


def _sum(expression: sympy.Sum) -> sympy.Expr:
    number, rest = tidy(expression.function).as_coeff_Mul(rational=True)
    factors = []
    for factor in sympy.Mul.make_args(rest):
        base, exponent = factor.as_base_exp()
        if isinstance(base, sympy.Add) and exponent.is_Integer and not base.has(sympy.Sum):
            content, base = base.primitive()
            number, factor = number * content**exponent, base**exponent
        factors.append(factor)
    return number * sympy.Sum(sympy.Mul(*factors), *expression.limits)


def _trace(expression: Tr) -> sympy.Expr:
    matrix = expression.args[0]
    if matrix.shape != (1, 1):
        return expression
    if isinstance(matrix, Identity):
        return sympy.S.One
    if isinstance(matrix, MatAdd):
        return sympy.Add(*(_trace(Tr(term)) for term in matrix.args))
    if isinstance(matrix, MatMul):
        scalar, factors = matrix.as_coeff_matrices()
        return expression if scalar == 1 else scalar * _trace(Tr(MatMul(*factors).doit(deep=False)))
    return expression


def _powers(entry: sympy.Expr) -> tuple[sympy.Rational, dict[sympy.Expr, sympy.Rational]]:
    """An entry as a rational number times rational powers."""
    number = sympy.S.One
    powers: dict[sympy.Expr, sympy.Rational] = {}
    for factor in sympy.Mul.make_args(entry):
        base, exponent = factor.as_base_exp()
        if factor.is_Rational:
            number *= factor
        elif exponent.is_Rational:
            powers[base] = powers.get(base, sympy.S.Zero) + exponent
        else:
            powers[factor] = sympy.S.One
    return number, powers


def common_factor(matrix: sympy.MatrixBase) -> tuple[sympy.Rational, sympy.Expr, sympy.MatrixBase]:
    """`number, factor, rest` with `matrix = number * factor * rest`: what all entries that are not zero share."""
    entries = [_powers(entry) for entry in matrix if entry != 0]
    factor, number = sympy.S.One, sympy.S.One
    if len(entries) < 2:
        return number, factor, matrix
    numbers = [abs(rational) for rational, _ in entries]
    number = sympy.Rational(sympy.igcd(*(n.p for n in numbers)), sympy.ilcm(*(n.q for n in numbers)))
    if all(rational < 0 for rational, _ in entries):
        number = -number
    shared = [base for base in entries[0][1] if all(base in powers for _, powers in entries)]
    for base in sorted(shared, key=sympy.default_sort_key):
        exponents = [powers[base] for _, powers in entries]
        if all(e > 0 for e in exponents):
            factor *= base ** min(exponents)
        elif all(e < 0 for e in exponents):
            factor *= base ** max(exponents)
    return number, factor, matrix.applyfunc(lambda entry: entry / factor / number)
