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

__all__ = ["Local", "Loss", "descend", "minimise"]

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


class Local(Protocol):
    """A batch of losses around a point of shape `(B, rows, columns)`; `N = rows * columns`."""

    @property
    def point(self) -> np.ndarray:
        """`(B, rows, columns)`."""

    def __getitem__(self, chosen: np.ndarray) -> Local:
        """The problems of the batch that are chosen."""

    def moved(self, point: np.ndarray) -> Local:
        """The same losses around another point."""

    @property
    def value(self) -> np.ndarray:
        """`(B,)`."""

    @property
    def gradient(self) -> np.ndarray:
        """`(B, rows, columns)`."""

    @property
    def scale(self) -> np.ndarray:
        """Size of the terms that cancel in the gradient, `(B,)`."""

    @property
    def hessian(self) -> np.ndarray:
        """`(B, N, N)`."""

    @property
    def vertical(self) -> np.ndarray:
        """Directions along the orbit, `(B, g, N)`."""


class Loss(Protocol):
    """A batch of losses of a matrix argument."""

    def at(self, point: np.ndarray) -> Local:
        """The losses around a point, `(B, rows, columns)`."""


def minimise(loss: Loss, starts: Sequence[np.ndarray]) -> np.ndarray:
    """The best of the minima reached from several starts, each `(B, rows, columns)`.

    Raises `ConditionViolated` where a start does not lead to a critical point.
    """
    reached = np.stack([descend(loss, start) for start in starts])
    values = np.stack([loss.at(point).value for point in reached])
    return reached[np.argmin(values, axis=0), np.arange(reached.shape[1])]


def descend(loss: Loss, start: np.ndarray) -> np.ndarray:
    """A critical point below the start, for every problem of the batch; those that have arrived leave the iteration."""
    result = start.copy()
    left, here = np.arange(len(start)), loss.at(start)
    for _ in range(LIMIT):
        gradient = here.gradient
        moving = np.sqrt(np.sum(gradient**2, axis=(-1, -2))) > TOLERANCE * here.scale
        if not moving.all():
            result[left[~moving]] = here.point[~moving]
            left, here, gradient = left[moving], here[moving], gradient[moving]
        if not len(left):
            return result
        step = _step(here, gradient)
        here = _backtrack(here, step, np.sum(step * gradient, axis=(-1, -2)))
    raise ConditionViolated(
        f"estimator: the first stage did not converge in {LIMIT} Newton steps for {len(left)} of {len(start)} data sets; "
        "the minimiser is degenerate or m is too small"
    )


def _step(here: Local, gradient: np.ndarray) -> np.ndarray:
    """`-|H + c sum v v^T|^{-1} gradient`."""
    hessian, vertical = here.hessian, here.vertical
    scale = np.abs(np.trace(hessian, axis1=-2, axis2=-1)) / hessian.shape[-1]
    size = np.sum(here.point**2, axis=(-1, -2))
    gauge = (scale / np.where(size > 0, size, 1))[:, None, None]
    values, vectors = np.linalg.eigh(hessian + gauge * np.matmul(vertical.swapaxes(-1, -2), vertical))
    curvature = np.abs(values)
    curvature = np.maximum(curvature, FLOOR * curvature.max(-1, keepdims=True))
    along = np.matmul(vectors.swapaxes(-1, -2), gradient.reshape(len(gradient), -1, 1))[..., 0]
    return -np.matmul(vectors, (along / curvature)[..., None]).reshape(gradient.shape)


def _backtrack(here: Local, step: np.ndarray, slope: np.ndarray) -> Local:
    """The first of `point + step / 2^j` that brings enough decrease."""
    before = here.value
    length = np.ones(len(step))
    there = here.moved(here.point + step)
    for _ in range(HALVINGS):
        short = there.value > before + ENOUGH * length * slope + ROUNDING * np.abs(before)
        if not short.any():
            break
        length = np.where(short, length / 2, length)
        there = here.moved(here.point + length[:, None, None] * step)
    return there
