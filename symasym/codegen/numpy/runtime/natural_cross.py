"""Two views: covariances `M` and `S`, cross-covariance `C`; `N = C S^{-1} C^T` has squared canonical correlations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symasym.codegen.numpy.runtime.downstream import _definite
from symasym.codegen.numpy.runtime.matrices import _stand_in
from symasym.codegen.numpy.runtime.natural import _Frame, _placed

Floats = NDArray[np.floating]

# ---- copied into kernels


def _frame(first: Floats, cross: Floats, second: Floats, t: Floats, down: Floats | None, k: int) -> _Frame:
    """Whiten both views, rotate the first to the left singular vectors of the cross-covariance."""
    fine = _definite(first) & _definite(second) & np.all(np.isfinite(cross), axis=(1, 2))
    root = np.linalg.cholesky(_stand_in(fine, first))
    white, other = np.linalg.inv(root), np.linalg.inv(np.linalg.cholesky(_stand_in(fine, second)))
    vectors, singular, _ = np.linalg.svd(white @ _stand_in(fine, cross) @ np.swapaxes(other, 1, 2))
    mu = np.zeros(vectors.shape[:2], first.dtype)
    mu[:, : singular.shape[1]] = singular**2
    return _placed(fine, mu, np.swapaxes(vectors, 1, 2) @ white, root @ vectors, t, down, k, True)


def _to_matrices(
    by_m: Floats, by_n: Floats, by_t: Floats, first: Floats, cross: Floats, second: Floats, t: Floats
) -> tuple[Floats, ...]:
    """Derivatives by the arguments."""
    fine = _definite(second)
    regression = np.linalg.solve(_stand_in(fine, second), np.swapaxes(cross, 1, 2))
    turned = by_n @ np.swapaxes(regression, 1, 2)
    return by_m, 2 * turned, -regression @ turned, by_t
