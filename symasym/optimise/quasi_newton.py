"""Quasi-Newton descent (BFGS) for a batch of losses, each at its own pace.

One evaluation of the batch is one step for those whose trial point brings enough decrease and a shorter trial for the rest;
what has arrived leaves. The matrix starts at the identity and no step is longer than `1 + |w|`: give coordinates `w` in which
the minimiser is near 0 and the Hessian there near the identity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

__all__ = ["Descent", "Local", "descend"]

TOLERANCE = 1e-8
"""Norm of the gradient relative to the terms that cancel in it."""
LIMIT = 600
"""Evaluations; next to the minimiser it takes ten to twenty."""
ENOUGH = 1e-4
"""Share of the predicted decrease that a step must bring (Armijo)."""
ROUNDING = 1e-12
"""Of the terms that cancel in the value, which are themselves sums of terms that cancel: with a hundredth of this, one
quadratic of twenty with a condition number of 1e4 was left where its value moves no more, before its gradient vanished."""
SHORTEST = 2.0**-40


@dataclass(frozen=True)
class Local:
    """A batch of losses, each at a point of its own.

    `value` `(b,)`, and `size`, the sum of the moduli of the terms that cancel in it; `slopes` `(T, b, N)`: the terms of the
    gradient.
    """

    value: np.ndarray
    size: np.ndarray
    slopes: np.ndarray


Losses: TypeAlias = Callable[[np.ndarray, np.ndarray], Local]
"""Points `(b, N)` and which `(b,)` of the batch they are for -> the losses there."""


@dataclass(frozen=True)
class Descent:
    """Where each of the batch got to, `(B, N)`, its `value` `(B,)`, and whether the gradient vanishes there."""

    point: np.ndarray
    value: np.ndarray
    arrived: np.ndarray


def descend(losses: Losses, start: np.ndarray) -> Descent:
    """Follow every loss down from its start, `(B, N)`.

    A point outside of a loss's domain has a value that is not a number and counts as too high.
    """
    batch, size = start.shape
    point, here = start.copy(), losses(start, np.arange(batch))
    value, gradient = here.value.copy(), here.slopes.sum(0)
    arrived, step, length = _flat(here), -gradient, _first(point, -gradient)
    metric = np.tile(np.eye(size), (batch, 1, 1))
    left = np.flatnonzero(~arrived & np.isfinite(value))
    for _ in range(LIMIT):
        if not len(left):
            break
        trial = point[left] + length[left, None] * step[left]
        there = losses(trial, left)
        slope = np.sum(step[left] * gradient[left], axis=1)
        enough = there.value <= value[left] + ENOUGH * length[left] * slope + ROUNDING * there.size
        enough &= np.isfinite(there.value) & np.isfinite(there.slopes).all((0, 2))
        moved = left[enough]
        new = there.slopes.sum(0)[enough]
        metric[moved] = _updated(metric[moved], trial[enough] - point[moved], new - gradient[moved])
        point[moved], value[moved], gradient[moved] = trial[enough], there.value[enough], new
        step[moved] = -np.matmul(metric[moved], new[..., None])[..., 0]
        length[moved] = _first(point[moved], step[moved])
        arrived[moved] = _flat(there)[enough]
        length[left[~enough]] /= 2
        left = left[~arrived[left] & (length[left] > SHORTEST)]
    return Descent(point, value, arrived)


def _first(point: np.ndarray, step: np.ndarray) -> np.ndarray:
    """How much of each step is tried first."""
    return np.minimum(
        1, (1 + np.linalg.norm(point, axis=1)) / np.maximum(np.linalg.norm(step, axis=1), np.finfo(float).tiny)
    )


def _flat(here: Local) -> np.ndarray:
    """Whether the gradient vanishes next to the terms that cancel in it."""
    norms = np.linalg.norm(here.slopes, axis=-1)
    scale = norms.sum(0)
    return np.isfinite(scale) & (np.linalg.norm(here.slopes.sum(0), axis=-1) <= TOLERANCE * scale)


def _updated(metric: np.ndarray, moved: np.ndarray, bent: np.ndarray) -> np.ndarray:
    """BFGS: the inverse Hessian `H` after a move `s` that changed the gradient by `y`; left alone where `y^T s` is not positive.

    `H + (1 + y^T H y / y^T s) s s^T / y^T s - (H y s^T + s y^T H) / y^T s`.
    """
    along = np.sum(moved * bent, axis=1)
    convex = along > 1e-10 * np.linalg.norm(moved, axis=1) * np.linalg.norm(bent, axis=1)
    rho = np.where(convex, 1 / np.where(convex, along, 1), 0)[:, None, None]
    image = np.matmul(metric, bent[..., None])[..., 0]
    across = image[:, :, None] * moved[:, None, :]
    stretch = rho + rho**2 * np.sum(bent * image, axis=1)[:, None, None]
    return metric + stretch * moved[:, :, None] * moved[:, None, :] - rho * (across + across.swapaxes(-1, -2))
