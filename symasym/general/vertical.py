"""Vertical and horizontal directions on arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symasym.errors import ConditionViolated
from symasym.general.arrays import Matrices, Moving, matrix_array, shape_of
from symasym.model.groups import Algebra
from symasym.symmetry.quotient import Quotient

__all__ = ["horizontal_basis", "vertical_array"]

FREE = 1e-10
"""A vertical direction shorter than this fraction of the longest, after the others are taken off, counts as zero."""


def algebra_basis(algebra: Algebra, n: int) -> list[np.ndarray]:
    """A basis of the Lie algebra of a group of `(n, n)` matrices."""
    unit = np.eye(n)
    if algebra is Algebra.ZERO:
        return []
    if algebra is Algebra.ANTISYMMETRIC:
        pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
        return [np.outer(unit[i], unit[j]) - np.outer(unit[j], unit[i]) for i, j in pairs]
    return [np.outer(unit[i], unit[j]) for i in range(n) for j in range(n)]


def vertical_array(quotient: Quotient, matrices: Matrices, parameters: Sequence[Moving], count: int) -> np.ndarray:
    """The orbit's velocity along each basis element of the Lie algebras, `(..., g, N)`."""
    parts = []
    for field in quotient.fields:
        for xi in algebra_basis(field.algebra, matrices.size(field.xi.rows)):
            moving = Matrices({**matrices.values, field.xi.key: xi}, matrices.scalars)
            pieces = []
            for parameter in parameters:
                shape = shape_of(parameter, matrices)
                velocity = field.velocity.get(parameter)
                value = np.zeros(shape) if velocity is None else matrix_array(velocity, moving)
                pieces.append(value.reshape(*value.shape[:-2], shape[0] * shape[1]))
            lead = np.broadcast_shapes(*(piece.shape[:-1] for piece in pieces))
            parts.append(np.concatenate([np.broadcast_to(p, (*lead, p.shape[-1])) for p in pieces], axis=-1))
    if not parts:
        return np.zeros((0, count))
    lead = np.broadcast_shapes(*(part.shape[:-1] for part in parts))
    return np.stack([np.broadcast_to(part, (*lead, count)) for part in parts], axis=-2)


def horizontal_basis(vertical: np.ndarray) -> np.ndarray:
    """Orthonormal basis, in columns, of the complement of the vertical directions; refuses a group that does not act freely."""
    count, size = vertical.shape[-2:]
    if count == 0:
        return np.eye(size)
    q, r = np.linalg.qr(np.swapaxes(vertical, -1, -2), mode="complete")
    diagonal = np.abs(np.diagonal(r, axis1=-2, axis2=-1))
    if np.any(diagonal.min(-1) <= FREE * diagonal.max(-1)):
        raise ConditionViolated("symmetry: the group does not act freely at w*, so the quotient is not smooth there")
    return q[..., :, count:]
