"""Front-end expressions at concrete sizes and numbers, in floating point.

Used to look for counterexamples and to place a general instance; the derivation itself never goes through here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import product

import numpy as np
import sympy
from sympy.matrices.expressions import Identity, Inverse, MatAdd, MatMul, MatPow, MatrixSymbol, Transpose, ZeroMatrix
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError, NotDerivableYet
from symasym.model.data import GaussianVector
from symasym.model.sample_means import SampleMean
from symasym.model.scalars import Average, Inner, LogDet, Smooth, Tr
from symasym.model.special import compiled

__all__ = ["evaluate", "evaluate_matrix", "small_sizes"]

Values = Mapping[sympy.Basic, np.ndarray | float]
Sizes = Mapping[sympy.Symbol, int]


def small_sizes(dimensions: Sequence[sympy.Symbol], where: Sequence[sympy.Basic]) -> dict[sympy.Symbol, int]:
    """Small concrete sizes that satisfy the relations `where`: at least 2 wherever possible, different if possible."""
    ordered = sorted({*dimensions, *(s for relation in where for s in relation.free_symbols)}, key=str)
    best: tuple[tuple[int, int, int], dict[sympy.Symbol, int]] | None = None
    for sizes in product((2, 3, 4, 5), repeat=len(ordered)):
        table = dict(zip(ordered, sizes, strict=True))
        if all(sympy.sympify(relation).subs(table) == sympy.true for relation in where):
            rank = (-len(set(sizes)), sum(sizes), max(sizes))
            if best is None or rank < best[0]:
                best = (rank, table)
    if best is None:
        raise InputError(f"where: no sizes from 2 to 5 satisfy {', '.join(map(str, where))}")
    return best[1]


SAMPLES = 8
"""In a sample mean; more than the sizes that are looked at, so that it is of full rank."""


def _samples(values: Values) -> list[Values]:
    """Several samples made from the one that is given: entry `j` of every data vector times `cos(r j)`."""
    vectors = {symbol: np.asarray(value) for symbol, value in values.items() if isinstance(symbol, GaussianVector)}
    waves = {symbol: np.arange(1, len(value) + 1)[:, None] for symbol, value in vectors.items()}
    return [
        {**values, **{symbol: value * np.cos(r * waves[symbol]) for symbol, value in vectors.items()}}
        for r in range(1, SAMPLES + 1)
    ]


def evaluate_matrix(expression: MatrixExpr, values: Values, sizes: Sizes) -> np.ndarray:
    """The matrix as an array of floats."""

    def inner(child: MatrixExpr) -> np.ndarray:
        return evaluate_matrix(child, values, sizes)

    match expression:
        case SampleMean() if expression not in values:
            few = [evaluate_matrix(expression.expression, sample, sizes) for sample in _samples(values)]
            return sum(few[1:], few[0]) / len(few)
        case MatrixSymbol():
            return np.asarray(values[expression], dtype=float)
        case Identity():
            return np.eye(int(expression.shape[0].subs(sizes)))
        case ZeroMatrix():
            return np.zeros([int(sympy.sympify(n).subs(sizes)) for n in expression.shape])
        case Transpose():
            return inner(expression.arg).T
        case MatAdd():
            return sum(map(inner, expression.args[1:]), inner(expression.args[0]))
        case MatMul():
            matrices = [inner(item) for item in expression.args if isinstance(item, MatrixExpr)]
            scalars = [evaluate(item, values, sizes) for item in expression.args if not isinstance(item, MatrixExpr)]
            return np.prod(scalars) * reduce(np.matmul, matrices)
        case Inverse():
            return np.linalg.inv(inner(expression.arg))
        case MatPow():
            return np.linalg.matrix_power(inner(expression.base), int(expression.exp))
    raise NotDerivableYet(f"{expression} is a {type(expression).__name__}, which cannot be evaluated")


def evaluate(expression: sympy.Expr, values: Values, sizes: Sizes) -> float:
    """The scalar as a float."""
    match expression:
        case Inner():
            u, v = (evaluate_matrix(item, values, sizes) for item in expression.args)
            return float(np.sum(u * v))
        case Tr():
            return float(np.trace(evaluate_matrix(expression.args[0], values, sizes)))
        case LogDet():
            return float(np.linalg.slogdet(evaluate_matrix(expression.args[0], values, sizes))[1])
        case Smooth():
            rule, *arguments = expression.args
            own = {s: evaluate(s, values, sizes) for s in rule.free_symbols}
            points = [evaluate(argument, values, sizes) for argument in arguments]
            return float(compiled(rule.expr, (*rule.variables, *own))(*points, *own.values()))
        case Average():  # all copies at the one point that is given
            return evaluate(expression.args[0], values, sizes)
        case sympy.Symbol():
            return float(sizes[expression]) if expression in sizes else float(values[expression])
        case sympy.Number():
            return float(expression)
        case sympy.Add():
            return sum(evaluate(item, values, sizes) for item in expression.args)
        case sympy.Mul():
            return float(np.prod([evaluate(item, values, sizes) for item in expression.args]))
        case sympy.Pow():
            return evaluate(expression.base, values, sizes) ** evaluate(expression.exp, values, sizes)
    raise NotDerivableYet(f"{expression} is a {type(expression).__name__}, which cannot be evaluated")
