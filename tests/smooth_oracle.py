"""Score and Hessian forms from the definitions alone: a tensor rule in all dimensions of the data, derivatives by complex steps.

No reduction, no words, no formula of a derivative. The loss is a function of the entries of the parameters, `(N,)`, complex
allowed, and of samples `(n, D)`. The Hessian is that of the population loss: its gradient, exact to rounding, is differenced
along a direction, with the step 2e-3 to the sixth order, so that its own error is about 1e-12.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

STEP = 1e-30
MOVED = 2e-3
SIXTH = {-3: -1 / 60, -2: 3 / 20, -1: -3 / 4, 1: 3 / 4, 2: -3 / 20, 3: 1 / 60}

Loss = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Component:
    """A Gaussian component: probability, mean `(D,)`, covariance `(D, D)`."""

    weight: float
    mean: np.ndarray
    covariance: np.ndarray


@dataclass(frozen=True)
class Oracle:
    """The loss and the rule."""

    loss: Loss
    x: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, loss: Loss, components: Sequence[Component], order: int) -> Oracle:
        nodes, w = np.polynomial.hermite_e.hermegauss(order)
        w = w / w.sum()
        points, weights = [], []
        for part in components:
            D = len(part.mean)
            grid = np.stack(np.meshgrid(*[nodes] * D, indexing="ij"), axis=-1).reshape(-1, D)
            product = np.ones(1)
            for _ in range(D):
                product = np.multiply.outer(product, w).ravel()
            points.append(part.mean + grid @ np.linalg.cholesky(part.covariance).T)
            weights.append(part.weight * product)
        return cls(loss, np.concatenate(points), np.concatenate(weights))

    def slopes(self, w: np.ndarray) -> np.ndarray:
        """`Dl`, `(n, N)`."""
        columns = []
        for n in range(len(w)):
            moved = w.astype(complex)
            moved[n] += 1j * STEP
            columns.append(self.loss(moved, self.x).imag / STEP)
        return np.stack(columns, axis=1)

    def gradient(self, w: np.ndarray) -> np.ndarray:
        return self.weights @ self.slopes(w)

    def score(self, w: np.ndarray) -> np.ndarray:
        slopes = self.slopes(w)
        return (slopes * self.weights[:, None]).T @ slopes

    def hessian(self, w: np.ndarray, u: np.ndarray) -> np.ndarray:
        """`h u`."""
        return sum(c * self.gradient(w + n * MOVED * u) for n, c in SIXTH.items()) / MOVED


def weights(
    h: np.ndarray,
    s: np.ndarray,
    features: Callable[[np.ndarray], np.ndarray],
    w: np.ndarray,
    down: np.ndarray,
    f: np.ndarray,
) -> np.ndarray:
    """Non-zero weights of `||L(Z)||^2`: `features(w)` `(p, d)`, of full rank, `f` `(d,)` in their span, `down` `(d, d)`."""
    inverse = np.linalg.inv(h)
    root = np.linalg.cholesky(down)
    phi = features(w)
    theta = np.linalg.lstsq(phi.T, f, rcond=None)[0]
    moved = []
    for n in range(len(w)):
        there = w.astype(complex)
        there[n] += 1j * STEP
        moved.append(theta @ features(there).imag / STEP)
    span = np.linalg.qr(root.T @ phi.T)[0]
    left = root.T @ np.array(moved).T
    left = left - span @ (span.T @ left)
    values = np.linalg.eigvalsh(left @ inverse @ s @ inverse @ left.T)[::-1]
    return values[values > 1e-10 * values[0]]
