"""Expressions of a model of a family in numbers: the front end's own nodes, member by member, for samples of the data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import numpy as np
import sympy
from sympy.matrices.expressions import MatAdd, MatMul
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import NotDerivableYet
from symasym.model.families import FamilyMixture, FamilyModel, FamilyNumber, FamilyVector, Softmax, SpanProjector
from symasym.model.scalars import Inner

__all__ = ["feature_matrix", "target_values"]

FLAT = 1e-9
"""Singular values of the centred members below this fraction of the largest are zero."""
ROWS = 1024
"""Samples in one piece."""


def feature_matrix(model: FamilyModel, x: np.ndarray, members: np.ndarray) -> np.ndarray:
    """All features of data `x` `(n, d)` for members `(K, d)`, without the coordinates in which they vanish: `(n, p)`.

    Vector features are taken in a basis of the span of the centred members.
    """
    basis = span_basis(members)
    return np.concatenate([_features(model, rows, members, basis) for rows in _blocks(x)])


def _features(model: FamilyModel, x: np.ndarray, members: np.ndarray, basis: np.ndarray) -> np.ndarray:
    at = _At(x, {model.parameter.name: members}, basis)
    parts = [
        _times(at.value(block.value), basis) if isinstance(block.value, MatrixExpr) else at.value(block.value)
        for block in model.features
    ]
    return np.concatenate([part.reshape(len(x), -1) for part in parts], axis=1)


def _blocks(x: np.ndarray) -> list[np.ndarray]:
    """Samples in pieces that stay in the cache with all that is made of them."""
    return [x[first : first + ROWS] for first in range(0, max(len(x), 1), ROWS)]


def target_values(
    model: FamilyModel, x: np.ndarray, members: np.ndarray, coefficients: Mapping[str, np.ndarray]
) -> np.ndarray:
    """`f*` at data `x` `(n, d)`: `(n,)`; `coefficients` by name, `(K, d)` or `(K,)`."""
    basis = span_basis(members)
    return np.concatenate([_targets(model, rows, members, coefficients, basis) for rows in _blocks(x)])


def _targets(
    model: FamilyModel, x: np.ndarray, members: np.ndarray, coefficients: Mapping[str, np.ndarray], basis: np.ndarray
) -> np.ndarray:
    at, total = _At(x, {model.parameter.name: members}, basis), np.zeros(len(x))
    for block in model.features:
        value, given = at.value(block.value), coefficients[str(block.coefficient.args[0])]
        total += value.reshape(len(x), -1) @ given.ravel()
    return total


def span_basis(members: np.ndarray) -> np.ndarray:
    """Orthonormal columns that span the centred members, `(d, r)`."""
    _, values, axes = np.linalg.svd(members - members.mean(axis=0), full_matrices=False)
    return np.asarray(axes[values > FLAT * values[0]].T)


class _At:
    """Values at samples `x` `(n, d)`, every sub-expression once."""

    def __init__(self, x: np.ndarray, values: Mapping[str, np.ndarray], basis: np.ndarray) -> None:
        self._x, self._values, self._basis = x, values, basis
        self._known: dict[sympy.Basic, np.ndarray] = {}

    def value(self, expression: sympy.Basic) -> np.ndarray:
        """A scalar at every sample and member `(n, K)`, or a vector `(n, K, d)`; axes of length 1 where it does not vary."""
        if expression not in self._known:
            self._known[expression] = np.asarray(self._made(expression))
        return self._known[expression]

    def _made(self, expression: sympy.Basic) -> np.ndarray:
        match expression:
            case sympy.Rational():
                return np.full((1, 1), float(expression))
            case FamilyMixture():
                return self._x[:, None, :]
            case FamilyVector() | FamilyNumber():
                return self._values[str(expression.args[0])][None]
            case MatMul():  # a sympy.Mul as well
                return self._product(expression)
            case sympy.Add() | MatAdd():
                return reduce(np.add, map(self.value, expression.args))
            case sympy.Mul():
                return reduce(np.multiply, map(self.value, expression.args))
            case sympy.Pow():
                return self.value(expression.base) ** int(expression.exp)
            case Inner():
                first, second = map(self.value, expression.args)
                return np.asarray(np.einsum("nkd,nkd->nk", first, second))
            case Softmax():
                logits = self.value(expression.args[0])
                raised = np.exp(logits - logits.max(axis=1, keepdims=True))
                return np.asarray(raised / raised.sum(axis=1, keepdims=True))
        raise NotDerivableYet(f"verify: {expression} is a {type(expression).__name__}, which is not sampled yet")

    def _product(self, expression: MatMul) -> np.ndarray:
        *left, last = expression.args
        found = self.value(last)
        for factor in reversed(left):
            if isinstance(factor, SpanProjector):
                found = _times(_times(found, self._basis), self._basis.T)
            else:
                found = self.value(factor)[..., None] * found
        return found


def _times(vectors: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Vectors `(n, K, d)` times a matrix `(d, c)`."""
    return np.asarray((vectors.reshape(-1, vectors.shape[-1]) @ matrix).reshape(*vectors.shape[:-1], matrix.shape[1]))
