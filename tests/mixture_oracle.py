"""The mixture model from its definitions alone: no reduction, no splitting, no formula of a derivative.

Loss, features and target are written down in all `d` dimensions, derivatives are complex steps, the projector comes from a least
squares formula, and means are taken over samples or over a tensor rule in `d` dimensions around every centre.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

STEP = 1e-30


def shares(x: np.ndarray, U: np.ndarray, P: np.ndarray) -> np.ndarray:
    """Responsibilities of the mixture projected by `P`, `(n, K)`; complex `U` allowed."""
    logits = np.stack([-0.5 * np.sum(((x - u) @ P.T) ** 2, axis=1) for u in U], axis=1)
    logits = logits - logits.real.max(axis=1, keepdims=True)
    raised = np.exp(logits)
    return raised / raised.sum(axis=1, keepdims=True)


def loss(x: np.ndarray, U: np.ndarray) -> np.ndarray:
    """Minus the log density, up to a constant."""
    logits = np.stack([-0.5 * np.sum((x - u) ** 2, axis=1) for u in U], axis=1)
    top = logits.real.max(axis=1, keepdims=True)
    return -(np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0])


def projector(U: np.ndarray) -> np.ndarray:
    """Onto the span of the centred rows: all of the space, or from the differences to the first row, which are independent."""
    if len(U) > U.shape[1]:
        return np.eye(U.shape[1])
    D = (U[1:] - U[0]).T
    return D @ np.linalg.inv(D.T @ D) @ D.T


def features(x: np.ndarray, U: np.ndarray) -> np.ndarray:
    """`(pi_i P (x - u_i), pi_i)` for all `i`, `(n, K (d + 1))`."""
    P = projector(U)
    pi = shares(x, U, P)
    parts = [np.column_stack([pi[:, [i]] * ((x - u) @ P.T), pi[:, i]]) for i, u in enumerate(U)]
    return np.concatenate(parts, axis=1)


def slopes(function, U: np.ndarray) -> np.ndarray:
    """Derivatives along every entry of `U`, `(n, K d)`."""
    columns = []
    for entry in product(*map(range, U.shape)):
        moved = U.astype(complex)
        moved[entry] += 1j * STEP
        columns.append(function(moved).imag / STEP)
    return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Moments:
    """Second moments of features, displaced target and score."""

    FF: np.ndarray
    FD: np.ndarray
    DD: np.ndarray
    SS: np.ndarray

    @staticmethod
    def at(x: np.ndarray, weights: np.ndarray, U: np.ndarray, theta: np.ndarray) -> Moments:
        F = features(x, U)
        D = slopes(lambda moved: features(x, moved) @ theta.ravel(), U)
        S = slopes(lambda moved: loss(x, moved), U)
        return Moments(*((A * weights[:, None]).T @ B for A, B in ((F, F), (F, D), (D, D), (S, S))))

    def __add__(self, other: Moments) -> Moments:
        return Moments(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    def __sub__(self, other: Moments) -> Moments:
        return Moments(*(a - b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    def eigenvalues(self) -> np.ndarray:
        """Of `K V`, ascending, with `V` the inverse of the score's second moment."""
        K = self.DD - self.FD.T @ np.linalg.pinv(self.FF, rcond=1e-10, hermitian=True) @ self.FD
        root = np.linalg.inv(np.linalg.cholesky(self.SS))
        return np.linalg.eigvalsh(root @ K @ root.T)


def dense(U: np.ndarray, theta: np.ndarray, order: int) -> Moments:
    """By a Gauss-Hermite rule in all `d` dimensions around every centre."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(order)
    x = np.array(list(product(nodes, repeat=U.shape[1])))
    w = np.prod(np.array(list(product(weights, repeat=U.shape[1]))), axis=1)
    w = w / w.sum() / len(U)
    total = None
    for u in U:
        found = Moments.at(x + u, w, U, theta)
        total = found if total is None else total + found
    assert total is not None
    return total


def sampled(U: np.ndarray, theta: np.ndarray, size: int, blocks: int, rng: np.random.Generator) -> tuple[float, float]:
    """`E||L(Z)||^2` and its standard error from blocks of `size` samples; less the bias of sampled inverses, by the jackknife."""
    parts = []
    for _ in range(blocks):
        x = U[rng.integers(len(U), size=size)] + rng.standard_normal((size, U.shape[1]))
        parts.append(Moments.at(x, np.full(size, 1 / size), U, theta))
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    whole = total.eigenvalues().sum()  # the number of samples cancels
    left = np.array([(total - part).eigenvalues().sum() for part in parts])
    mean = blocks * whole - (blocks - 1) * left.mean()
    return float(mean), float(np.sqrt((blocks - 1) * left.var()))
