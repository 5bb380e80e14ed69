"""Random exact numbers, for the point files: rationals whose roots are rational where a `w*` needs them."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np

__all__ = ["correlations", "covariance", "rational", "rational_covariance", "squares"]


def rational(rng: Random) -> Fraction:
    """A rational of either sign, never zero."""
    return Fraction(rng.choice([-1, 1]) * rng.randint(1, 12), rng.randint(1, 7))


def squares(count: int, rng: Random) -> list[Fraction]:
    """Distinct squares of rationals below 1, descending."""
    roots = sorted(rng.sample(range(1, 24), count), reverse=True)
    return [Fraction(root, 25) ** 2 for root in roots]


def rational_covariance(d: int, rng: Random) -> np.ndarray:
    """A random rational symmetric positive definite matrix."""
    root = np.array([[rational(rng) for _ in range(d)] for _ in range(d)], dtype=object)
    return root @ root.T + np.array([[Fraction(int(m == n)) for n in range(d)] for m in range(d)], dtype=object)


def correlations(count: int, length: int, upper: int, rng: np.random.Generator) -> np.ndarray:
    """Descending in (-1, 1), `(count, length)`, the first `upper` of them positive; gaps from 0.1 down to 1e-7."""
    steps = 10.0 ** -rng.uniform(0, 6, (count, length)) * 0.9 / length
    values = 0.99 - np.cumsum(steps, axis=1)
    values[:, upper:] -= np.where(rng.random(count) < 0.5, rng.uniform(0, 0.9, count), 0)[:, None]
    return values


def covariance(size: int, rng: np.random.Generator) -> np.ndarray:
    """A random covariance matrix in floats."""
    factor = rng.standard_normal((size, size + 2))
    return factor @ factor.T / size
