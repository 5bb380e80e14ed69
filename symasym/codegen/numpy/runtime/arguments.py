"""Arguments of a kernel: one floating-point type for all, shapes checked, leading axes broadcast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Floats = NDArray[np.floating]

# ---- copied into kernels


DOUBLE = np.dtype(np.float64)
FEW = 8
"""Up to so many problems the formula as it reads is the quickest."""


def _float_type(dtype: DTypeLike | None, **arguments: ArrayLike | None) -> np.dtype:
    """The requested floating-point type, or the one that holds all arguments; Python numbers do not widen it."""
    found = set()
    for name, value in arguments.items():
        if value is None or type(value) is float or type(value) is int:
            continue
        try:
            own = value.dtype if isinstance(value, np.ndarray) else np.asarray(value).dtype
        except ValueError:
            raise ValueError(f"{name}: rows of different lengths came, an array of real numbers is expected") from None
        if own.kind not in "biuf":
            raise ValueError(f"{name}: an array of {own} came, an array of real numbers is expected")
        found.add(own)
    if dtype is None and (not found or found == {DOUBLE}):
        return DOUBLE
    kind = np.dtype(dtype) if dtype is not None else np.result_type(*found)
    if dtype is None and kind.kind != "f":
        return DOUBLE
    if kind.kind != "f" or kind.itemsize < 4:
        raise ValueError(f"dtype: {kind} came, float32 or a wider floating-point type is expected")
    return kind


def _length(name: str, array: Floats, wanted: str, rest: int = 0) -> int:
    """Length of the last axis without `rest`, at least 1."""
    if array.ndim < 1 or array.shape[-1] - rest < 1:
        raise ValueError(f"{name}: shape {array.shape} came, {wanted} is expected")
    return array.shape[-1] - rest


def _positive(name: str, size: int) -> int:
    if type(size) is int and size > 0:
        return size
    if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < 1:
        raise ValueError(f"{name}: {size!r} came, a positive integer is expected")
    return int(size)


def _check_core(name: str, array: Floats, core: tuple[int, ...], wanted: str) -> None:
    """Refuse an array whose last axes do not have the shape `core`."""
    if array.shape[-len(core) :] != core:
        raise ValueError(f"{name}: shape {array.shape} came, {wanted} is expected")


def _downstream(name: str, value: ArrayLike, kind: np.dtype, core: tuple[int, ...], length: str) -> Floats:
    """A downstream covariance as an array of the given type."""
    array = np.asarray(value, kind)
    wanted = ", ".join([length] * len(core))
    _check_core(name, array, core, f"(..., {wanted}) with {length} = {core[0]}")
    if len(core) == 2 and kind.itemsize > 8:
        raise ValueError(f"dtype: {kind} came, float32 or float64 is expected with {name}")
    return array


NOWHERE = np.empty(0, int)


def _positions(
    g: Floats | None, sigma_down: Floats | None, inside: Sequence[tuple[int, int]], outside: Sequence[tuple[int, int]]
) -> tuple[NDArray, NDArray]:
    """The positions of the indices in and out of the learned span, where a downstream covariance needs them."""
    if g is None and sigma_down is None:
        return NOWHERE, NOWHERE
    first, second = (np.concatenate([np.arange(*ends) for ends in ranges]) for ranges in (inside, outside))
    return first, second


def _batch(**leads: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which all leading axes broadcast."""
    batch: tuple[int, ...] = ()
    several = set(leads.values())
    several.discard(())
    if len(several) <= 1:
        return several.pop() if several else ()
    for name, lead in leads.items():
        try:
            batch = np.broadcast_shapes(batch, lead)
        except ValueError:
            raise ValueError(f"{name}: leading axes {lead} came, axes that fit {batch} are expected") from None
    return batch


def _rows(array: Floats | None, cores: int, batch: tuple[int, ...]) -> Any:
    """The problems of a batch as rows, `(rows, ...)` with `cores` further axes: all of them, or one for all."""
    if array is None:
        return None
    lead, core = array.shape[: array.ndim - cores], array.shape[array.ndim - cores :]
    if lead == batch and (len(batch) == 1 or array.flags.c_contiguous):
        return array if len(batch) == 1 else array.reshape(math.prod(batch), *core)
    if math.prod(lead) == 1:
        return array.reshape(1, *core)
    if lead != batch:
        array = np.broadcast_to(array, batch + core)
    if len(batch) != 1 and math.prod(batch) <= FEW:
        return array.reshape(math.prod(batch), *core)
    return array if len(batch) == 1 else _Scattered(array, batch)


class _Scattered:
    """Rows of an array that cannot be viewed as rows: they are copied a block at a time."""

    def __init__(self, array: Floats, batch: tuple[int, ...]) -> None:
        self.array, self.batch = array, batch

    def __len__(self) -> int:
        return math.prod(self.batch)

    def __getitem__(self, rows: slice) -> Floats:
        return self.array[np.unravel_index(np.arange(rows.start, rows.stop), self.batch)]
