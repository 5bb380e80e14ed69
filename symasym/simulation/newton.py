"""Newton's method for a batch of losses that do not change along orbits of a group.

At a minimiser the Hessian `H` vanishes on the vertical directions `v`; `H + c sum v v^T` is then invertible and leaves
the step in the horizontal directions alone, so convergence is quadratic in spite of the orbit. Far away the step uses
`|H|`, the matrix with the absolute eigenvalues, which descends and leaves saddle points, and is halved until the loss
decreases enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from symasym.errors import ConditionViolated

__all__ = ["Loss", "descend", "minimise"]

TOLERANCE = 1e-10
"""Norm of the gradient relative to the terms that cancel in it."""
LIMIT = 200
"""Steps; quadratic convergence takes five to twenty."""
HALVINGS = 40
FLOOR = 1e-8
"""Smallest curvature in modulus relative to the largest that a step believes."""
ENOUGH = 1e-4
"""Share of the predicted decrease that a step must bring (Armijo)."""
ROUNDING = 1e-13


class Loss(Protocol):
    """A batch of losses of a matrix argument, `point` of shape `(B, rows, columns)`, `N = rows * columns`."""

    def __getitem__(self, chosen: np.ndarray) -> Loss:
        """The problems of the batch that are chosen."""

    def value(self, point: np.ndarray) -> np.ndarray:
        """`(B,)`."""

    def gradient(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`(B, rows, columns)`, and the size of the terms that cancel in it, `(B,)`."""

    def hessian(self, point: np.ndarray) -> np.ndarray:
        """`(B, N, N)`."""

    def vertical(self, point: np.ndarray) -> np.ndarray:
        """Directions along the orbit, `(B, g, N)`."""


def minimise(loss: Loss, starts: Sequence[np.ndarray]) -> np.ndarray:
    """The best of the minima reached from several starts, each `(B, rows, columns)`.

    Raises `ConditionViolated` where a start does not lead to a critical point.
    """
    reached = np.stack([descend(loss, start) for start in starts])
    values = np.stack([loss.value(point) for point in reached])
    return reached[np.argmin(values, axis=0), np.arange(reached.shape[1])]


def descend(loss: Loss, start: np.ndarray) -> np.ndarray:
    """A critical point below the start, for every problem of the batch; those that have arrived leave the iteration."""
    result = start.copy()
    left = np.arange(len(start))
    for _ in range(LIMIT):
        point = result[left]
        gradient, scale = loss.gradient(point)
        moving = np.sqrt(np.sum(gradient**2, axis=(-1, -2))) > TOLERANCE * scale
        if not moving.all():
            left, loss, point, gradient = left[moving], loss[moving], point[moving], gradient[moving]
        if not len(left):
            return result
        step = _step(loss, point, gradient)
        result[left] = _backtrack(loss, point, step, np.sum(step * gradient, axis=(-1, -2)))
    raise ConditionViolated(
        f"estimator: the first stage did not converge in {LIMIT} Newton steps for {len(left)} of {len(start)} data sets; "
        "the minimiser is degenerate or m is too small"
    )


def _step(loss: Loss, point: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """`-|H + c sum v v^T|^{-1} gradient`."""
    hessian = loss.hessian(point)
    vertical = loss.vertical(point)
    scale = np.abs(np.trace(hessian, axis1=-2, axis2=-1)) / hessian.shape[-1]
    size = np.sum(point**2, axis=(-1, -2))
    gauge = (scale / np.where(size > 0, size, 1))[:, None, None]
    values, vectors = np.linalg.eigh(hessian + gauge * np.matmul(vertical.swapaxes(-1, -2), vertical))
    curvature = np.abs(values)
    curvature = np.maximum(curvature, FLOOR * curvature.max(-1, keepdims=True))
    along = np.matmul(vectors.swapaxes(-1, -2), gradient.reshape(len(point), -1, 1))[..., 0]
    return -np.matmul(vectors, (along / curvature)[..., None]).reshape(point.shape)


def _backtrack(loss: Loss, point: np.ndarray, step: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """The first of `point + step / 2^j` that brings enough decrease."""
    before = loss.value(point)
    length = np.ones(len(point))
    for _ in range(HALVINGS):
        after = loss.value(point + length[:, None, None] * step)
        short = after > before + ENOUGH * length * slope + ROUNDING * np.abs(before)
        if not short.any():
            break
        length = np.where(short, length / 2, length)
    return point + length[:, None, None] * step
