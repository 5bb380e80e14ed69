"""Means over a mixture whose centres are `beta e_1 .. beta e_K`, for any `K`, by integrals over one variable.

The density is `exp(-beta^2/2) (1/K) S phi(x)` with `S = sum_k exp(beta x_k)` and `phi` standard Gaussian in `K` dimensions;
`p` shares bring `S^{-p}`, and `S^{1-p} = int_0^inf t^{p-2} exp(-t S) dt / Gamma(p-1)` makes the coordinates independent and
alike. A product of `eps_k = t exp(beta x_k)` and `x_k` at various coordinates then has, by the sum over set partitions of
its factors, a mean in joint cumulants of `(eps, x)` under one tilted Gaussian law, where factors in different parts may fall
on the same coordinate or not: no index is kept apart from another one. What is left is one integral over `t`, of sums over
one coordinate.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import comb, gamma

import numpy as np

__all__ = ["LARGEST", "Tilted"]

LARGEST = 15.0
"""Of `beta`: beyond, `exp(beta^2)` leaves the range of floats, and the shares are those of separate classes."""
ACCURACY = 44.0
"""`-log` of the error of the trapezoidal rules."""
TAIL = 45.0
"""`-log` of what is left out where all shares but one are small."""
DEGREE = 4
LARGEST_LOG = 100.0
"""Of `eps`, where `exp(-eps)` is 0 and `eps^4` still a float."""
PIECE = 16384
"""Pairs of `s` and `x` at a time."""


class Tilted:
    """Joint cumulants of `(eps, x)` along `s = log t`, and the integrals of their products."""

    def __init__(self, beta: float, count: int, accuracy: float = ACCURACY) -> None:
        self.beta, self.count = beta, count
        strip = np.pi * np.pi / accuracy  # both integrands are analytic for |Im s| < pi / 2, |Im x| < pi / (2 beta)
        self.step = strip
        last = 6.0 + beta * np.sqrt(2 * TAIL / count)  # E exp(-eps) is P(s + beta x < 0) or so
        self.s = np.arange(-(beta**2) - 8.5 * beta - 40.0, last, strip)
        self._cumulants: dict[tuple[int, int], np.ndarray] = {}
        self._integrals: dict[tuple[tuple[int, int], ...], float] = {}

    @cached_property
    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        """`log E exp(-eps)`, and `E_s eps^a (x - mean)^b` under the law tilted by `exp(-eps)`: `(S,)` and `(a, b, S)`."""
        beta = self.beta
        h = min(0.35, self.step / beta)
        x = np.arange(-9.0, 9.0 + DEGREE * beta, h)
        found = [self._moments_at(s, x) for s in np.array_split(self.s, -(-len(self.s) * len(x) // PIECE))]
        logs, tables = zip(*found, strict=True)
        return np.concatenate(logs) + np.log(h / np.sqrt(2 * np.pi)), np.concatenate(tables).transpose(1, 2, 0)

    def _moments_at(self, s: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The log of the mass but for the step, `(S,)`, and the moments, `(S, a, b)`."""
        with np.errstate(under="ignore"):
            eps = np.exp(np.minimum(s[:, None] + self.beta * x, LARGEST_LOG))
            exponent = -eps - x * x / 2
            top = exponent.max(axis=1, keepdims=True)
            law = np.exp(exponent - top)
            mass = law.sum(axis=1, keepdims=True)
            law /= mass
            centred = x - np.sum(law * x, axis=1, keepdims=True)
            left, right = (np.empty((len(s), DEGREE + 1, len(x))) for _ in range(2))
            left[:, 0], right[:, 0] = law, 1.0
            for n in range(DEGREE):
                np.multiply(left[:, n], eps, out=left[:, n + 1])
                np.multiply(right[:, n], centred, out=right[:, n + 1])
            return (top + np.log(mass))[:, 0], left @ right.swapaxes(1, 2)

    def cumulant(self, a: int, b: int) -> np.ndarray:
        """Joint cumulant of `a` copies of `eps` and `b` of `x`, less the mean of `x`, `(S,)`."""
        if (a, b) not in self._cumulants:
            self._cumulants[a, b] = self._recursion(a, b)
        return self._cumulants[a, b]

    def _recursion(self, a: int, b: int) -> np.ndarray:
        """The moment less all partitions in which one chosen factor has fewer companions."""
        moments = self._moments[1]
        value = moments[a, b].copy()
        first, second = (1, 0) if a else (0, 1)
        for i in range(first, a + 1):
            for j in range(second, b + 1):
                if (i, j) != (a, b):
                    ways = comb(a - first, i - first) * comb(b - second, j - second)
                    value -= ways * self.cumulant(i, j) * moments[a - i, b - j]
        return value

    def integral(self, parts: Sequence[tuple[int, int]]) -> float:
        """The mean's coefficient for a partition into parts of `(shares, coordinates)`; zero for a lone coordinate."""
        key = tuple(sorted(parts))
        if key not in self._integrals:
            self._integrals[key] = self._integrate(key)
        return self._integrals[key]

    def _integrate(self, parts: tuple[tuple[int, int], ...]) -> float:
        shares = sum(a for a, _ in parts)
        product = np.exp(-self.s - self.beta**2 / 2 + self.count * self._moments[0])
        for a, b in parts:
            product = product * self.cumulant(a, b)
        return float(product.sum() * self.step / (gamma(shares - 1) * self.count))
