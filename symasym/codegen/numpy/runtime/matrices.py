"""Matrices as arguments: shapes, symmetry, stand-ins for those that are not fine; the batch comes first."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

# ---- copied into kernels


def _square(name: str, array: Floats, size: int | None = None) -> int:
    """The side of square matrices."""
    if array.ndim < 2 or array.shape[-1] != array.shape[-2] or array.shape[-1] != (size or array.shape[-1]):
        wanted = f"(..., {size}, {size})" if size else "square matrices (..., d, d)"
        raise ValueError(f"{name}: shape {array.shape} came, {wanted} is expected")
    return array.shape[-1]


def _below(name: str, size: int, most: int) -> int:
    """A whole number from 1 to `most`."""
    if not isinstance(size, int | np.integer) or isinstance(size, bool) or not 1 <= size <= most:
        raise ValueError(f"{name}: {size!r} came, an integer from 1 to {most} is expected")
    return int(size)


def _at_most_double(kind: np.dtype) -> None:
    if kind.itemsize > 8:
        raise ValueError(f"dtype: {kind} came, float32 or float64 is expected for natural parameters")


def _some_rows(array: Any, rows: slice) -> Any:
    """The problems of a block; one for all is repeated."""
    if array is None:
        return None
    size = rows.stop - rows.start
    return np.broadcast_to(array, (size, *array.shape[1:])) if len(array) == 1 else array[rows]


def _symmetric(matrix: Floats) -> NDArray[np.bool_]:
    """Which matrices are finite and symmetric to 1e-10 relative."""
    wide = np.max(np.abs(matrix), axis=(-2, -1))
    gap = np.max(np.abs(matrix - np.swapaxes(matrix, -1, -2)), axis=(-2, -1))
    return np.isfinite(wide) & (gap <= 1e-10 * wide)


def _stand_in(fine: NDArray[np.bool_], matrix: Floats) -> Floats:
    """Unit matrices in place of those that are not fine."""
    if fine.all():
        return matrix
    return np.where(fine[:, None, None], matrix, np.eye(*matrix.shape[-2:], dtype=matrix.dtype))
