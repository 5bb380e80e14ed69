"""Means `E g(eta)` over a Gaussian vector of one to three dimensions, `g` analytic: trapezoidal rules with an error estimate.

In whitened coordinates, `eta = m + L xi`, the trapezoidal rule converges geometrically: for `g` analytic in a strip of half-width
`a` its error is about `exp(-2 pi a / h)`, and `exp(-2 (pi / h)^2)` for entire functions. Steps shrink until two rules, shifted
against each other by half a step in every direction, agree to `ACCURACY` of `E|g|`; the value is their mean, the error estimate
their distance. The ball of nodes grows until the outermost shell adds nothing, since `g` may grow like an exponential.
A singular covariance has fewer dimensions: that of its range.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from symasym.errors import NotDerivableYet

__all__ = ["LARGEST", "GaussianIntegral", "GaussianNodes"]

LARGEST = 3
"""Dimensions."""
ACCURACY = 1e-13
"""Of `E|g|`, at which steps stop shrinking."""
STEP, SHRINK = 0.6, 1.5
NODES = 1.2e6
REACH, REACHES = 9.0, 5
"""Radius of the first ball of nodes, and how often it may grow by `SHRINK`."""
SHELL = 1e-14
"""Of `E|g|`: what the outermost unit of the ball may add."""
SINGULAR = 1e-13
"""Eigenvalues below this fraction of the largest are zero."""
BALL = {1: 2.0, 2: np.pi, 3: 4 * np.pi / 3}

Function = Callable[[np.ndarray], np.ndarray]
"""`(r, n)` -> `(n,)`."""


@lru_cache(maxsize=64)
def _standard(dimension: int, step: float, shift: float, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes `(q, n)` in a ball and weights `(n,)` of the rule for a standard Gaussian vector."""
    line = (np.arange(-np.ceil(reach / step), np.ceil(reach / step) + 1) + shift) * step
    nodes = np.array(list(product(line, repeat=dimension))).T if dimension > 1 else line[None]
    squares = np.sum(nodes**2, axis=0)
    nodes, squares = nodes[:, squares <= reach**2], squares[squares <= reach**2]
    with np.errstate(under="ignore"):
        weights = np.exp(-squares / 2) * (step / np.sqrt(2 * np.pi)) ** dimension
    return nodes, weights


@dataclass(frozen=True)
class GaussianIntegral:
    """`value`, `error`, an estimate of its absolute error, and `size`, `E|g|`; arrays for a batch."""

    value: np.ndarray
    error: np.ndarray
    size: np.ndarray


def exactly(value: np.ndarray) -> GaussianIntegral:
    """What is known up to rounding."""
    size = np.abs(value)
    return GaussianIntegral(value, size * np.finfo(float).eps, size)


class GaussianNodes:
    """Nodes for one law `N(mean, covariance)`, `(r,)` and `(r, r)`; they serve every integrand."""

    def __init__(self, mean: np.ndarray, covariance: np.ndarray, nodes: float = NODES) -> None:
        self.mean, self.nodes = mean, nodes
        finite = bool(np.all(np.isfinite(covariance)))
        values, vectors = np.linalg.eigh(covariance if finite else np.zeros_like(covariance))
        kept = values > SINGULAR * max(values.max(initial=0.0), np.finfo(float).tiny)
        self.root = vectors[:, kept] * np.sqrt(values[kept]) if finite else np.full((len(mean), 1), np.nan)
        self._rules: dict[tuple[float, float, float], tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    @property
    def dimension(self) -> int:
        """Of the integral: the rank of the covariance."""
        return int(self.root.shape[1])

    def integral(self, function: Function) -> GaussianIntegral:
        """`E g` as exactly as so many nodes allow. Raises `NotDerivableYet` beyond three dimensions."""
        if self.dimension == 0:
            return exactly(np.asarray(function(self.mean[:, None]), float).reshape(-1)[0])
        if self.dimension > LARGEST:
            raise NotDerivableYet(
                f"integrals: one of {self.dimension} dimensions has to be evaluated, which is done up to {LARGEST}; the forms "
                "hold for any number"
            )
        if not np.all(np.isfinite(self.root)):
            return exactly(np.asarray(np.nan))
        reach, step = REACH, STEP
        while True:
            reach, found = self._reached(function, step, reach)
            step /= SHRINK
            if not found.error > ACCURACY * found.size or self._count(step, reach) > self.nodes:
                return found

    def _reached(self, function: Function, step: float, reach: float) -> tuple[float, GaussianIntegral]:
        """Two rules in a ball that is large enough: the ball, their mean and distance, `E|g|`."""
        for _ in range(REACHES):
            rules, outside, size = [], 0.0, 0.0
            for shift in (0.0, 0.5):
                points, weights, shell = self._rule(step, shift, reach)
                with np.errstate(all="ignore"):
                    terms = np.broadcast_to(function(points), weights.shape) * weights
                rules.append(np.sum(terms))
                size += float(np.sum(np.abs(terms))) / 2
                outside += float(np.sum(np.abs(terms[shell]))) / 2
            if not outside > SHELL * size or self._count(step, reach * SHRINK) > self.nodes:
                break
            reach *= SHRINK
        error = np.abs(rules[0] - rules[1]) / 2 + outside + 4 * np.finfo(float).eps * size
        return reach, GaussianIntegral((rules[0] + rules[1]) / 2, error, np.asarray(size))

    def _count(self, step: float, reach: float) -> float:
        return float(BALL[self.dimension] * (reach / step) ** self.dimension)

    def _rule(self, step: float, shift: float, reach: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        key = (step, shift, reach)
        if key not in self._rules:
            nodes, weights = _standard(self.dimension, step, shift, reach)
            shell = np.sum(nodes**2, axis=0) > (reach - 1) ** 2
            self._rules[key] = (self.mean[:, None] + self.root @ nodes, weights, shell)
        return self._rules[key]
