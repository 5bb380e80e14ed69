"""Expressions in data vectors on samples: front-end nodes with a row for each sample.

Neither trace words nor the engine's expectations take part, so averages over samples, or over Gauss-Hermite nodes,
are a judge of both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
import sympy
from sympy.matrices.expressions import Identity, Inverse, MatAdd, MatMul, Transpose
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import NotDerivableYet
from symasym.model.data import GaussianVector
from symasym.model.matrices import Parameter
from symasym.model.scalars import Average, Inner
from symasym.simulation.sampler import Source

__all__ = ["degree", "hermite_nodes", "sample_derivative", "sample_values"]

Values = Mapping[Any, Any]


def _constant(expression: MatrixExpr, values: Values) -> np.ndarray:
    """A matrix without data vectors."""
    match expression:
        case sympy.MatrixSymbol():
            return np.asarray(values[expression], float)
        case Identity():
            return np.eye(int(sample_values(expression.shape[0], values, {})))
        case Transpose():
            return _constant(expression.arg, values).T
        case Inverse():
            return np.linalg.inv(_constant(expression.arg, values))
        case MatAdd():
            return reduce(np.add, (_constant(item, values) for item in expression.args))
        case MatMul():
            matrices = [_constant(item, values) for item in expression.args if isinstance(item, MatrixExpr)]
            numbers = [sample_values(item, values, {}) for item in expression.args if not isinstance(item, MatrixExpr)]
            return reduce(np.multiply, numbers, np.ones(())) * reduce(np.matmul, matrices)
    raise NotDerivableYet(f"{expression} is a {type(expression).__name__}, which has no value on samples")


def _vector(expression: MatrixExpr, values: Values, samples: Mapping[str, np.ndarray]) -> np.ndarray:
    """A column that ends in a data vector, `(N, rows)`."""
    match expression:
        case GaussianVector():
            return samples[expression.name]
        case MatMul(args=(*before, GaussianVector() as vector)):
            matrix = _constant(MatMul(*before) if len(before) > 1 else before[0], values)
            return samples[vector.name] @ matrix.T
        case MatAdd():
            return reduce(np.add, (_vector(item, values, samples) for item in expression.args))
    raise NotDerivableYet(f"{expression} is not linear in one data vector")


def sample_values(expression: sympy.Expr, values: Values, samples: Mapping[str, np.ndarray]) -> np.ndarray:
    """A scalar expression at every sample, `(N,)`; `samples` maps names of data vectors to `(N, d)`."""
    match expression:
        case Inner(args=(u, v)):
            return np.sum(_vector(u, values, samples) * _vector(v, values, samples), axis=-1)
        case Average(args=(inside, _, count)) if sample_values(count, values, {}) == 1:
            return sample_values(inside, values, samples)
        case sympy.Add():
            return reduce(np.add, (sample_values(item, values, samples) for item in expression.args))
        case sympy.Mul():
            return reduce(np.multiply, (sample_values(item, values, samples) for item in expression.args))
        case sympy.Pow() if expression.exp.is_Integer:
            return sample_values(expression.base, values, samples) ** int(expression.exp)
        case sympy.Number():
            return np.asarray(float(expression))
        case sympy.Symbol():
            return np.asarray(float(values[expression]))
    raise NotDerivableYet(f"{expression} is a {type(expression).__name__}, which has no value on samples")


def degree(expression: sympy.Expr, names: Collection[str]) -> int:
    """Degree of a polynomial in the data vectors of the given names."""
    match expression:
        case Inner(args=sides):
            return sum(any(v.name in names for v in side.atoms(GaussianVector)) for side in sides)
        case Average(args=(inside, _, _)):
            return degree(inside, names)
        case sympy.Add():
            return max(degree(item, names) for item in expression.args)
        case sympy.Mul():
            return sum(degree(item, names) for item in expression.args)
        case sympy.Pow():
            return int(expression.exp) * degree(expression.base, names)
    return 0


def sample_derivative(
    loss: sympy.Expr, parameter: Parameter, along: np.ndarray, values: Values, samples: Mapping[str, np.ndarray]
) -> np.ndarray:
    """`Dl(w)[V]` at every sample by the five-point formula, exact to rounding for a loss of degree four."""
    total = np.zeros(())
    for step, weight in ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12)):
        moved = {**values, parameter: np.asarray(values[parameter], float) + step * along}
        total = total + weight * sample_values(loss, moved, samples)
    return total


def hermite_nodes(sources: Sequence[Source], order: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Nodes for every data vector and weights, exact for polynomials of degree below `2 order` in each normal variable."""
    points, weights = np.polynomial.hermite_e.hermegauss(order)
    weights = weights / weights.sum()
    count = sum(sum(source.sizes) for source in sources)
    grid = np.array(list(product(range(order), repeat=count)))
    nodes, samples, start = points[grid], {}, 0
    for source in sources:
        width = sum(source.sizes)
        values = nodes[:, start : start + width] @ source.root.T + source.mean
        start += width
        parts = np.split(values, np.cumsum(source.sizes)[:-1], axis=1)
        samples.update(dict(zip(source.names, parts, strict=True)))
    return samples, np.prod(weights[grid], axis=1)
