"""Spectral steps that instances share: inverse roots, descending eigenvalues, open gaps."""

from __future__ import annotations

import numpy as np

from symasym.errors import InputError

__all__ = ["RELATIVE_GAP", "descending_eigen", "inverse_root", "require_gap", "require_pair"]

RELATIVE_GAP = 1e-10
"""An eigengap below this fraction of the largest eigenvalue in modulus is closed."""


def descending_eigen(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues in descending order and the eigenvectors, in columns, of a symmetric matrix `(d, d)`."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return values[::-1], vectors[:, ::-1]


def inverse_root(matrix: np.ndarray) -> np.ndarray:
    """`S^{-1/2}`, symmetric, of a positive definite matrix `(d, d)`."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors / np.sqrt(values)) @ vectors.T


def require_gap(values: np.ndarray, k: int, what: str) -> None:
    """Refuse a closed gap between the `k`-th and the next of descending `values`; `what` names them."""
    scale = float(np.max(np.abs(values)))
    if k < len(values) and (values[k - 1] - values[k] < RELATIVE_GAP * scale or values[k - 1] == values[k]):
        raise InputError(
            f"k: the gap between {what} {k} ({values[k - 1]:.6g}) and {k + 1} ({values[k]:.6g}) is closed, so the "
            "learned subspace is not defined; choose another k"
        )


def require_pair(values: np.ndarray, covariance: np.ndarray, key: str) -> np.ndarray:
    """Descending canonical correlations `(d,)` of a pair, brought into `[-1, 1]`; refuse those beyond by more than rounding.

    They are the eigenvalues of the cross-covariance, the input `key`, whitened by `covariance`, whose condition number
    multiplies rounding. At 1 the joint covariance of the pair is singular, which is allowed.
    """
    furthest = float(values[np.argmax(np.abs(values))])
    slack = 1e-9 + 16 * len(values) * np.finfo(float).eps * float(np.linalg.cond(covariance))
    if abs(furthest) > 1 + slack:
        raise InputError(
            f"{key}: the joint covariance of the pair is not positive semidefinite (the whitened cross-covariance has the "
            f"eigenvalue {furthest:.6g}, at most 1 in modulus is expected)"
        )
    return np.clip(values, -1.0, 1.0)
