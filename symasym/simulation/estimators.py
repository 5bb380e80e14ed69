"""What a model file needs to say how its first stage is solved.

An estimator is a function `estimate(samples, given, rng)`: `samples` maps the name of every data vector of the loss to
an array `(B, m, d)` of `B` repetitions (`(B, m, K, d)` for a vector averaged over `K` copies), `given` holds the
checked inputs and the dimensions, `rng` is for random starts. It returns the minimisers of the empirical loss,
parameter name -> `(B, rows, columns)`; which point of an orbit does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from symasym.optimise.newton import minimise
from symasym.simulation.gram_quadratic import GramQuadratic
from symasym.simulation.moments import cross_moment, pair_moment, second_moment

__all__ = [
    "Estimator",
    "GramQuadratic",
    "cross_moment",
    "minimise",
    "pair_moment",
    "principal",
    "random_starts",
    "second_moment",
    "whitened_start",
]

Estimator: TypeAlias = Callable[
    [Mapping[str, np.ndarray], Mapping[str, Any], np.random.Generator], Mapping[str, np.ndarray]
]


def principal(matrix: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The `k` largest eigenvalues, descending, `(B, k)`, and their eigenvectors in columns, `(B, d, k)`."""
    values, vectors = np.linalg.eigh((matrix + matrix.swapaxes(-1, -2)) / 2)
    return values[..., : -k - 1 : -1], vectors[..., : -k - 1 : -1]


def _inverse_root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return np.matmul(vectors / np.sqrt(values)[..., None, :], vectors.swapaxes(-1, -2))


def whitened_start(cross: np.ndarray, covariance: np.ndarray, k: int) -> np.ndarray:
    """`A = (Lambda_k)_+^{1/2} U_k^T S^{-1/2}`, `(B, k, d)`, from the top eigenpairs of `S^{-1/2} C S^{-1/2}`.

    `C` and `S` are sample moments; were they the population's, this would be the minimiser of the spectral contrastive
    loss.
    """
    white = _inverse_root(covariance)
    values, vectors = principal(white @ cross @ white, k)
    roots = np.sqrt(np.maximum(values, 1e-3 * np.abs(values).max(-1, keepdims=True)))
    return np.matmul((vectors * roots[..., None, :]).swapaxes(-1, -2), white)


def random_starts(covariance: np.ndarray, k: int, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """`count` starts `R S^{-1/2}`, `(B, k, d)`, with independent `N(0, 1/d)` entries in `R`: no direction is preferred."""
    batch, d = covariance.shape[:2]
    white = _inverse_root(covariance)
    return [rng.standard_normal((batch, k, d)) / np.sqrt(d) @ white for _ in range(count)]
