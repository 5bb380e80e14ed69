"""Random exact numbers, for the point files: rationals whose roots are rational where a `w*` needs them."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np

__all__ = ["covariance", "rational", "rational_covariance", "squares"]


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


def covariance(size: int, rng: np.random.Generator) -> np.ndarray:
    """A random covariance matrix in floats."""
    factor = rng.standard_normal((size, size + 2))
    return factor @ factor.T / size
