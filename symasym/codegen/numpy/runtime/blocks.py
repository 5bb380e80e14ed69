"""A batch in blocks of rows: workspace that does not grow with the batch, and NaN where a problem is outside the domain."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

# ---- copied into kernels

WORKSPACE = 4_000_000
"""Bytes for arrays inside a kernel, whatever the batch."""
TILE = 65_536
"""Numbers in one array over two and more indices."""
ROWS = 1024
"""Rows in a block, the innermost loop of every operation."""


class _Work:
    """The workspace: how many `rows` a block has, and arrays for the tiles of a nest.

    A problem holds `cold` numbers at a time; each of `nests` is the number of arrays that it needs, the product of the sizes of their
    other indices, and the size of its own.
    """

    def __init__(self, kind: np.dtype, count: int, cold: int, *nests: tuple[int, int, int]) -> None:
        half = WORKSPACE // kind.itemsize // 2
        rows = min(count, max(1, half // max(1, cold)))
        for slots, others, size in nests:
            wide = max(ROWS, TILE // max(1, others * size))
            rows = min(rows, wide, max(1, half // max(1, slots * others)))
        self.rows = max(1, rows)
        self.capacity = 0
        for slots, others, size in nests:
            least = others * self.rows
            self.capacity = max(self.capacity, min(least * size, max(least, min(TILE, half // max(1, slots)))))
        self.slots = [np.empty(self.capacity, kind) for _ in range(max((nest[0] for nest in nests), default=0))]

    def __call__(self, slot: int, *shape: int) -> Floats:
        """An array of this shape; what it held is overwritten."""
        return self.slots[slot][: math.prod(shape)].reshape(shape)

    def tiles(self, size: int, others: int, rows: int) -> Iterator[slice]:
        """Tiles of an index range that fit."""
        width = max(1, self.capacity // max(1, others * rows))
        for start in range(0, size, width):
            yield slice(start, min(size, start + width))


def _run(
    batch: tuple[int, ...],
    step: int,
    arrays: Sequence[Floats | None],
    domain: Callable[..., bool | NDArray[np.bool_]],
    compute: Callable[..., Sequence[Floats]],
    outputs: Sequence[Floats],
    blocked: bool,
    checked: int,
) -> None:
    """Blocks of rows through `compute` into `outputs`; NaN where a problem is outside the domain or leaves the range of numbers.

    With `blocked`, families are handed over with the batch on the last axis. All but `checked` outputs may have NaN of their own.
    """
    count = math.prod(batch)
    results = [out.reshape(count, *out.shape[len(batch) :]) for out in outputs]
    with np.errstate(divide="raise", over="raise", under="raise", invalid="raise"):
        for start in range(0, count, step):
            rows = slice(start, min(count, start + step))
            parts = [x if x is None or len(x) == 1 else x[rows] for x in arrays]
            _block(rows.stop - start, parts, domain, compute, [result[rows] for result in results], blocked, checked)


def _block(
    n: int,
    parts: Sequence[Floats | None],
    domain: Callable[..., bool | NDArray[np.bool_]],
    compute: Callable[..., Sequence[Floats]],
    results: Sequence[Floats],
    blocked: bool,
    checked: int,
) -> None:
    """One block of `n` rows; halves of it where a number overflows, underflows or is not one."""
    given = [np.ascontiguousarray(x.T) if blocked and x is not None and x.ndim == 2 else x for x in parts]
    inside = domain(*given)
    if inside is not True and not np.all(inside):
        for result in results:
            result[...] = np.nan
        keep = np.flatnonzero(np.broadcast_to(inside, n))
        if keep.size:
            kept = [np.empty((keep.size, *result.shape[1:]), result.dtype) for result in results]
            some = [x if x is None or len(x) == 1 else x[keep] for x in parts]
            _block(keep.size, some, lambda *_: True, compute, kept, blocked, checked)
            for result, values in zip(results, kept, strict=True):
                result[keep] = values
        return
    try:
        found = compute(n, *given)
    except FloatingPointError:
        if n == 1:
            for result in results:
                result[...] = np.nan
            return
        for half in (slice(0, n // 2), slice(n // 2, n)):
            some = [x if x is None or len(x) == 1 else x[half] for x in parts]
            _block(half.stop - half.start, some, lambda *_: True, compute, [r[half] for r in results], blocked, checked)
        return
    for result, value in zip(results, found, strict=True):
        result[...] = value.T if blocked and value.ndim == 2 else value
    fine = _finite(False, *results[:checked])
    if fine is not True:
        for result in results:
            result[~fine] = np.nan


def _finite(blocked: bool, *arrays: Floats | None) -> bool | NDArray[np.bool_]:
    """Whether all numbers of a problem are finite: True for all problems, or a value for each."""
    inside: bool | NDArray[np.bool_] = True
    for x in arrays:
        if x is not None and not math.isfinite(np.vdot(x, x)):
            fine = np.isfinite(x)
            if x.ndim > 1:
                fine = fine.all(axis=0 if blocked and x.ndim == 2 else tuple(range(1, x.ndim)))
            inside = fine if inside is True else inside & fine
    return inside


def _above(more: Floats, less: Floats | float, strict: bool, axis: int) -> bool | NDArray[np.bool_]:
    """Whether `more > less` (`>=` if not `strict`) for every index on either side: for all problems, or for each."""
    if axis == 1:  # along short rows a minimum for each is slow, and rarely needed
        least, most = np.min(more, initial=np.inf), np.max(less, initial=-np.inf)
        if least > most or (least == most and not strict):
            return True
    least = np.minimum.reduce(more, axis=axis, initial=np.inf) if more.ndim == 2 else more
    most = np.maximum.reduce(less, axis=axis, initial=-np.inf) if np.ndim(less) == 2 else less
    return least > most if strict else least >= most
