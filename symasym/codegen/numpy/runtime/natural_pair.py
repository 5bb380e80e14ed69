"""Two symmetric matrices: `T M T^T = 1`, `T N T^T = diag(mu)`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symasym.codegen.numpy.runtime.downstream import _definite
from symasym.codegen.numpy.runtime.matrices import _stand_in, _symmetric
from symasym.codegen.numpy.runtime.natural import _descending, _Frame, _placed

Floats = NDArray[np.floating]

# ---- copied into kernels


def _frame(first: Floats, second: Floats, t: Floats, down: Floats | None, k: int) -> _Frame:
    """Whiten by the first matrix, rotate to the eigenvectors of the second."""
    fine = _definite(first) & _symmetric(second)
    root = np.linalg.cholesky(_stand_in(fine, first))
    white = np.linalg.inv(root)
    mu, vectors = _descending(white @ _stand_in(fine, second) @ np.swapaxes(white, 1, 2))
    return _placed(fine, mu, np.swapaxes(vectors, 1, 2) @ white, root @ vectors, t, down, k, True)


def _to_matrices(
    by_m: Floats, by_n: Floats, by_t: Floats, first: Floats, second: Floats, t: Floats
) -> tuple[Floats, ...]:
    """Derivatives by the arguments."""
    return by_m, by_n, by_t
