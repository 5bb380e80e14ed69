"""One symmetric matrix: `T N T^T = diag(mu)` with `T` orthogonal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symasym.codegen.numpy.runtime.matrices import _stand_in, _symmetric
from symasym.codegen.numpy.runtime.natural import _descending, _Frame, _placed

Floats = NDArray[np.floating]

# ---- copied into kernels


def _frame(matrix: Floats, t: Floats, down: Floats | None, k: int) -> _Frame:
    """Rotate to the eigenvectors."""
    fine = _symmetric(matrix)
    mu, vectors = _descending(_stand_in(fine, matrix))
    return _placed(fine, mu, np.swapaxes(vectors, 1, 2), vectors, t, down, k, True)


def _to_matrices(by_m: Floats, by_n: Floats, by_t: Floats, matrix: Floats, t: Floats) -> tuple[Floats, ...]:
    """Derivatives by the arguments."""
    return by_n, by_t
