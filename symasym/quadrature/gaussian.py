"""Means `E g(eta)` over a Gaussian vector of one to three dimensions, `g` analytic: trapezoidal rules with an error estimate.

In whitened coordinates, `eta = m + L xi`, the trapezoidal rule converges geometrically: for `g` analytic in a strip of half-width
`a` its error is about `exp(-2 pi a / h)`, and `exp(-2 (pi / h)^2)` for entire functions. Steps shrink until a rule and the one
before it agree to `ACCURACY` of `E|g|`. The error estimate is their distance, which is the error of the coarser one, `eps`; that
of the value is about `eps^SHRINK`. (Two rules of one step, shifted against each other, would not see every frequency.) The ball
of nodes grows until the outermost shell adds nothing, since `g` may grow like an exponential. A singular covariance has fewer
dimensions: that of its range.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from symasym.errors import NotDerivableYet

__all__ = ["LARGEST", "GaussianIntegral", "GaussianNodes", "exactly"]

LARGEST = 3
"""Dimensions."""
ACCURACY = 1e-10
"""Of `E|g|`, at which steps stop shrinking."""
STEP, SHRINK = 0.6, 1.5
NODES = {1: 2e4, 2: 2.5e5, 3: 1.2e6}
"""At most, by dimension."""
REACH, REACHES = 9.0, 5
"""Radius of the first ball of nodes, and how often it may grow by `SHRINK`."""
SHELL = 1e-14
"""Of `E|g|`: what the outermost unit of the ball may add."""
SINGULAR = 1e-13
"""Eigenvalues below this fraction of the largest are zero."""
BALL = {1: 2.0, 2: np.pi, 3: 4 * np.pi / 3}

Function = Callable[[np.ndarray], np.ndarray]
"""`(r, n)` -> `(n,)`."""


@lru_cache(maxsize=8)
def _standard(dimension: int, step: float, reach: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes `(q, n)` in a ball, weights `(n,)` of the rule for a standard Gaussian vector, and which nodes are outermost."""
    line = np.arange(-np.ceil(reach / step), np.ceil(reach / step) + 1) * step
    nodes = np.stack(np.meshgrid(*[line] * dimension, indexing="ij")).reshape(dimension, -1)
    squares = np.sum(nodes**2, axis=0)
    inside = squares <= reach**2
    nodes, squares = nodes[:, inside], squares[inside]
    with np.errstate(under="ignore"):
        weights = np.exp(-squares / 2) * (step / np.sqrt(2 * np.pi)) ** dimension
    return nodes, weights, np.flatnonzero(squares > (reach - 1) ** 2)


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

    def __init__(self, mean: np.ndarray, covariance: np.ndarray) -> None:
        self.mean = mean
        finite = bool(np.all(np.isfinite(covariance)))
        values, vectors = np.linalg.eigh(covariance if finite else np.zeros_like(covariance))
        kept = values > SINGULAR * max(values.max(initial=0.0), np.finfo(float).tiny)
        self.root = vectors[:, kept] * np.sqrt(values[kept]) if finite else np.full((len(mean), 1), np.nan)
        self._rules: dict[tuple[float, float], tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

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
        reach, found = self._reached(function, STEP, REACH)
        step = STEP / SHRINK
        while True:
            before, (reach, found) = found, self._reached(function, step, reach)
            with np.errstate(invalid="ignore"):
                found = replace(found, error=found.error + np.abs(found.value - before.value))
            step /= SHRINK
            if not found.error > ACCURACY * found.size or self._count(step, reach) > NODES[self.dimension]:
                return found

    def _reached(self, function: Function, step: float, reach: float) -> tuple[float, GaussianIntegral]:
        """The rule in a ball that is large enough; its error is what rounding and the outermost shell contribute."""
        for last in (*[False] * REACHES, True):
            points, weights, shell = self._rule(step, reach)
            with np.errstate(all="ignore"):
                terms = np.broadcast_to(function(points), weights.shape) * weights
                size, outside = np.sum(np.abs(terms)), np.sum(np.abs(terms[shell]))
            if last or not outside > SHELL * size or self._count(step, reach * SHRINK) > NODES[self.dimension]:
                break
            reach *= SHRINK
        return reach, GaussianIntegral(np.sum(terms), outside + 4 * np.finfo(float).eps * size, size)

    def _count(self, step: float, reach: float) -> float:
        """About how many nodes."""
        return float(BALL[self.dimension] * (reach / step) ** self.dimension)

    def _rule(self, step: float, reach: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if (step, reach) not in self._rules:
            nodes, weights, shell = _standard(self.dimension, step, reach)
            self._rules[step, reach] = (self.mean[:, None] + self.root @ nodes, weights, shell)
        return self._rules[step, reach]
