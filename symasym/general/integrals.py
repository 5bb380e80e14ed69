"""Named integrals of a form in numbers, by quadrature or in closed form."""

from __future__ import annotations

import numpy as np

from symasym.calculus.labels import NamedIntegral
from symasym.errors import NotDerivableYet
from symasym.general.arrays import Matrices, scalar_array
from symasym.quadrature.line import mean

__all__ = ["named_integral"]

SMALLEST = 1e-8
"""Of `s`: the integrals have reached their limits, `1/4` and `-1/8`, and nothing is divided by 0."""


def named_integral(integral: NamedIntegral, matrices: Matrices) -> np.ndarray:
    """Its value for the matrices at `w*`."""
    variance = scalar_array(integral.variance, matrices)
    if integral.family == "Poisson":  # c'' = exp, and E exp(eta) x x^T = exp(s^2/2) (Sigma + Sigma w w^T Sigma)
        return np.exp(variance / 2)
    if integral.family == "logistic":
        size = np.sqrt(np.maximum(variance, SMALLEST**2))
        return mean(_third if integral.second else _first, size).value
    raise NotDerivableYet(f"loss: labels of the family {integral.family} have no integrals yet")


def _first(u: np.ndarray) -> np.ndarray:
    """`sigma'(u)`."""
    small = np.exp(-np.abs(u))
    return small / (1 + small) ** 2


def _third(u: np.ndarray) -> np.ndarray:
    """`sigma'''(u) = sigma' (1 - 6 sigma')`: `E sigma'(s xi) (xi^2 - 1) / s^2 = E sigma'''(s xi)`, by Stein's identity twice."""
    slope = _first(u)
    return slope * (1 - 6 * slope)
