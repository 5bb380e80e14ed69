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
from symasym.simulation.bilinear_quadratic import BilinearQuadratic
from symasym.simulation.gram_quadratic import GramQuadratic
from symasym.simulation.moments import cross_moment, pair_moment, product_moment, sandwich, second_moment

__all__ = [
    "BilinearQuadratic",
    "Estimator",
    "GramQuadratic",
    "canonical_start",
    "cross_moment",
    "minimise",
    "pair_moment",
    "principal",
    "product_moment",
    "random_starts",
    "reduced_rank",
    "sandwich",
    "second_moment",
    "square_root",
    "whitened_eigen",
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


def square_root(matrix: np.ndarray) -> np.ndarray:
    """The symmetric root of positive definite matrices `(B, d, d)`."""
    values, vectors = np.linalg.eigh(matrix)
    return np.matmul(vectors * np.sqrt(values)[..., None, :], vectors.swapaxes(-1, -2))


def whitened_eigen(cross: np.ndarray, covariance: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The `k` largest eigenvalues `(B, k)` of `S^{-1/2} C S^{-1/2}`, `C` symmetrised, and `U_k^T S^{-1/2}`, `(B, k, d)`."""
    white = _inverse_root(covariance)
    values, vectors = principal(white @ cross @ white, k)
    return values, np.matmul(vectors.swapaxes(-1, -2), white)


def whitened_start(cross: np.ndarray, covariance: np.ndarray, k: int) -> np.ndarray:
    """`A = (Lambda_k)_+^{1/2} U_k^T S^{-1/2}`, `(B, k, d)`, from the top eigenpairs of `S^{-1/2} C S^{-1/2}`.

    `C` and `S` are sample moments; were they the population's, this would be the minimiser of the spectral contrastive
    loss.
    """
    values, rows = whitened_eigen(cross, covariance, k)
    roots = np.sqrt(np.maximum(values, 1e-3 * np.abs(values).max(-1, keepdims=True)))
    return roots[..., None] * rows


def random_starts(covariance: np.ndarray, k: int, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """`count` starts `R S^{-1/2}`, `(B, k, d)`, with independent `N(0, 1/d)` entries in `R`: no direction is preferred."""
    batch, d = covariance.shape[:2]
    white = _inverse_root(covariance)
    return [rng.standard_normal((batch, k, d)) / np.sqrt(d) @ white for _ in range(count)]


def reduced_rank(moment: np.ndarray, cross: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """`A` `(B, k, p)` and `B` `(B, q, k)` that minimise the mean of `||y - B A x||^2` [Izenman1975].

    `moment` `(B, p, p)` and `cross` `(B, p, q)` are the sample moments of `x`, and of `x` with `y`; `BA` is the regression of
    `y` on `x` with all but its `k` largest singular values, after whitening `x`, set to zero.
    """
    white = _inverse_root(moment)
    left, values, right = np.linalg.svd(cross.swapaxes(-1, -2) @ white, full_matrices=False)
    return right[..., :k, :] @ white, left[..., :k] * values[..., None, :k]


def canonical_start(cross: np.ndarray, first: np.ndarray, second: np.ndarray, k: int) -> np.ndarray:
    """`[A B]`, `(B, k, p + q)`, from the top singular triples `U, s, V` of `S_1^{-1/2} C S_2^{-1/2}`.

    `A = s^{1/2} U^T S_1^{-1/2}` and `B = s^{1/2} V^T S_2^{-1/2}`, with sample moments `C` `(B, p, q)` and `S_1`, `S_2`; were they
    the population's, this would be the minimiser of the two-view spectral loss.
    """
    white_1, white_2 = _inverse_root(first), _inverse_root(second)
    left, values, right = np.linalg.svd(white_1 @ cross @ white_2, full_matrices=False)
    roots = np.sqrt(values[..., :k, None])
    return np.concatenate(
        [roots * (left[..., :k].swapaxes(-1, -2) @ white_1), roots * (right[..., :k, :] @ white_2)], axis=-1
    )
