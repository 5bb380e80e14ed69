"""Loadings `A`, `N = A A^T`, and a target `A beta`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symasym.codegen.numpy.runtime.matrices import _stand_in
from symasym.codegen.numpy.runtime.natural import _Frame, _placed

Floats = NDArray[np.floating]

# ---- copied into kernels


def _loadings_shape(name: str, array: Floats) -> tuple[int, int]:
    """Rows and columns, more rows than columns."""
    if array.ndim < 2 or not 1 <= array.shape[-1] < array.shape[-2]:
        raise ValueError(f"{name}: shape {array.shape} came, (..., d, k) with k < d is expected")
    return array.shape[-2], array.shape[-1]


def _frame(loadings: Floats, beta: Floats, down: Floats | None, k: int) -> _Frame:
    """Rotate to the left singular vectors; the target stays in the span of the columns whatever these are."""
    fine = np.all(np.isfinite(loadings), axis=(1, 2))
    vectors, singular, _ = np.linalg.svd(_stand_in(fine, loadings))
    mu = np.zeros(vectors.shape[:2], loadings.dtype)
    mu[:, :k] = singular**2
    t = np.matmul(loadings, beta[:, :, None])[:, :, 0]
    return _placed(fine, mu, np.swapaxes(vectors, 1, 2), vectors, t, down, k, False)


def _to_matrices(by_m: Floats, by_n: Floats, by_t: Floats, loadings: Floats, beta: Floats) -> tuple[Floats, ...]:
    """Derivatives by the arguments."""
    by_loadings = 2 * (by_n @ loadings) + by_t[:, :, None] * beta[:, None, :]
    return by_loadings, np.matmul(np.swapaxes(loadings, 1, 2), by_t[:, :, None])[:, :, 0]
