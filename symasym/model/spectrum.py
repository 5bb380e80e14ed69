"""Spectral steps that instances share: inverse roots, eigenvalues and singular values in descending order, open gaps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symasym.errors import InputError

__all__ = [
    "RELATIVE_GAP",
    "canonical_pair",
    "common_eigenbasis",
    "descending_eigen",
    "inverse_root",
    "is_diagonal",
    "require_correlations",
    "require_definite",
    "require_exchangeable",
    "require_gap",
    "require_pair",
    "require_positive",
    "singular_basis",
    "whitened_regression",
]

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


def require_positive(values: np.ndarray, k: int, what: str, of: str) -> None:
    """Refuse descending `values` of which fewer than `k` are positive beyond rounding: eigenvalues (`what`) `of` a matrix."""
    if k > len(values):
        raise InputError(f"k: {k} came, but {of} has only {len(values)} {what}s; at most {len(values)} is expected")
    if values[k - 1] <= RELATIVE_GAP * np.max(np.abs(values)):
        raise InputError(f"k: {what} {k} of {of} is {values[k - 1]:.6g}; a positive one is expected")


def require_definite(matrix: np.ndarray, what: str) -> None:
    """Refuse a symmetric matrix that is not positive definite beyond rounding; `what` begins with the key it came in."""
    values = np.linalg.eigvalsh(matrix)
    if not values[0] > len(values) * np.finfo(float).eps * values[-1]:
        raise InputError(
            f"{what}: its smallest eigenvalue is {values[0]:.6g} and its largest {values[-1]:.6g}, a symmetric positive definite "
            "matrix is expected"
        )


def canonical_pair(covariance: np.ndarray, cross: np.ndarray, k: int, key: str) -> tuple[np.ndarray, np.ndarray]:
    """Descending canonical correlations of an exchangeable pair, and `T` with `T Sigma T^T = I`, `T Sigma_plus T^T` diagonal.

    Refuses a `k` at which the correlation is not positive or the gap is closed, and a pair that does not exist; `key` is the
    input `Sigma_plus`.
    """
    white = inverse_root(covariance)
    values, vectors = descending_eigen(white @ cross @ white)
    values = require_pair(values, covariance, key)
    require_positive(values, k, "eigenvalue", "the whitened cross-covariance")
    require_gap(values, k, "eigenvalues of the whitened cross-covariance")
    return values, vectors.T @ white


def singular_basis(matrix: np.ndarray, form: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Orthogonal `U` `(p, p)`, `V` `(q, q)` and descending `s`, with `U^T M V` rectangular diagonal with entries `s`.

    Singular values below the rounding of the largest are zero.
    Where singular values coincide, zeros included, `U` is not unique; it is then chosen to make `U^T form U` diagonal as far
    as that goes, and `V` follows.
    """
    left, values, right = np.linalg.svd(matrix)
    right = right.T
    values = np.where(values > max(matrix.shape) * np.finfo(float).eps * values[0], values, 0.0)
    if form is not None:
        padded = np.append(values, np.zeros(len(left) - len(values)))
        scale = RELATIVE_GAP * np.max(values, initial=0.0)
        jumps = np.flatnonzero(padded[:-1] - padded[1:] > scale) + 1
        for group in np.split(np.arange(len(left)), jumps):
            turn = descending_eigen(left[:, group].T @ form @ left[:, group])[1]
            left[:, group] = left[:, group] @ turn
            if padded[group[0]] > scale:
                right[:, group] = right[:, group] @ turn
    return left, values, right


def common_eigenbasis(covariance: np.ndarray, other: np.ndarray) -> np.ndarray | None:
    """Orthonormal eigenvectors `(d, d)`, in columns, of two symmetric matrices that commute; None where they do not.

    They are those of a combination in which no two eigenvalues are expected to coincide.
    """
    size, other_size = (float(np.max(np.abs(matrix))) for matrix in (covariance, other))
    mixed = covariance / size + (np.sqrt(5) - 1) / 2 * other / (other_size or 1.0)
    _, vectors = descending_eigen(mixed)
    spread = np.sqrt(np.maximum(np.diagonal(vectors.T @ covariance @ vectors), 0))
    allowed = RELATIVE_GAP * np.outer(spread, spread) + 64 * len(spread) * np.finfo(float).eps * size
    for matrix in (covariance, other):
        turned = vectors.T @ matrix @ vectors
        if np.any(np.abs(turned - np.diag(np.diagonal(turned))) > allowed):
            return None
    return vectors


def is_diagonal(matrix: np.ndarray, total: np.ndarray) -> bool:
    """True if a covariance `(p, p)`, found as a difference of which `total` is the first term, is diagonal to rounding."""
    spread, scale = (np.sqrt(np.maximum(np.diagonal(m), 0)) for m in (matrix, total))
    rounding = 64 * len(matrix) * np.finfo(float).eps
    allowed = RELATIVE_GAP * np.outer(spread, spread) + rounding * np.outer(scale, scale)
    return bool(np.all((np.abs(matrix) <= allowed) | np.eye(len(matrix), dtype=bool)))


def whitened_regression(
    first: np.ndarray, cross: np.ndarray, second: np.ndarray, key: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`S_1^{-1/2}`, the regression `C = S_12^T S_1^{-1/2}` of `y` on whitened `x`, and the residual covariance `S_2 - C C^T`.

    `S_1` `(p, p)`, `S_12` `(p, q)`, `S_2` `(q, q)` are the blocks of the covariance of `(x, y)`, the input `key`. Residual
    eigenvalues that are rounding, relative to the variances of `y`, become zero; negative ones beyond are refused.
    """
    white = inverse_root(first)
    slope = cross.T @ white
    rounding = min(16 * len(first) * np.finfo(float).eps * float(np.linalg.cond(first)), RELATIVE_GAP)
    variances = np.diagonal(second)
    spread = np.sqrt(np.where(variances > 0, variances, 1.0))
    values, vectors = descending_eigen((second - slope @ slope.T) / np.outer(spread, spread))
    if values[-1] < -10 * max(rounding, RELATIVE_GAP):
        raise InputError(
            f"{key}: the joint covariance is not positive semidefinite (relative to its variances, the residual covariance has "
            f"the eigenvalue {values[-1]:.6g})"
        )
    kept = np.where(values > rounding, values, 0.0)
    return white, slope, spread[:, None] * (vectors * kept @ vectors.T) * spread


def require_correlations(values: np.ndarray, covariances: Sequence[np.ndarray], key: str, what: str) -> np.ndarray:
    """Canonical correlations, brought into `[-1, 1]`; refuse those beyond by more than rounding.

    `what` says what they are of the cross-covariance, the input `key`, whitened by `covariances`, whose condition number
    multiplies rounding. At 1 the joint covariance is singular, which is allowed.
    """
    furthest = float(values[np.argmax(np.abs(values))])
    condition = max(float(np.linalg.cond(covariance)) for covariance in covariances)
    slack = 1e-9 + 16 * len(values) * np.finfo(float).eps * condition
    if abs(furthest) > 1 + slack:
        raise InputError(
            f"{key}: the joint covariance of the pair is not positive semidefinite (the whitened cross-covariance has the "
            f"{what} {furthest:.6g}, at most 1 in modulus is expected)"
        )
    return np.clip(values, -1.0, 1.0)


def require_pair(values: np.ndarray, covariance: np.ndarray, key: str) -> np.ndarray:
    """Descending canonical correlations `(d,)` of an exchangeable pair, brought into `[-1, 1]`; see `require_correlations`."""
    return require_correlations(values, [covariance], key, "eigenvalue")


def require_exchangeable(values: np.ndarray, covariance: np.ndarray, others: int, key: str) -> np.ndarray:
    """Correlations of an exchangeable family of `others + 1` vectors, brought into `[-1 / others, 1]`; refuse those beyond."""
    values = require_pair(values, covariance, key)
    slack = 1e-9 + 16 * len(values) * np.finfo(float).eps * float(np.linalg.cond(covariance))
    if np.min(values) < -1 / others - slack:
        raise InputError(
            f"{key}: the joint covariance of {others + 1} vectors is not positive semidefinite (the whitened cross-covariance "
            f"has the eigenvalue {np.min(values):.6g}, at least {-1 / others:.6g} is expected)"
        )
    return np.clip(values, -1 / others, 1.0)
