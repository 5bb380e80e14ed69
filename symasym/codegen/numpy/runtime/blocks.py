"""A batch in blocks of rows: workspace that does not grow with the batch, and NaN where a problem is outside the domain."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from symasym.codegen.numpy.runtime.arguments import FEW

Floats = NDArray[np.floating]

# ---- copied into kernels

WORKSPACE = 4_000_000
"""Bytes for arrays inside a kernel, whatever the batch."""
# Once a large array has been freed, the C library of Linux keeps the memory of smaller ones rather than give it back to
# the system after each operation, which costs more than to compute with it. Nothing is written, so nothing is used.
np.empty(4 * WORKSPACE, np.uint8)
TILE = 131_072
"""Numbers in one array over two and more indices, at most."""
ROWS = 1024
"""Rows in a block where they are the innermost loop; more of them where problems are small."""
COLUMN = 32_768
"""Rows in a block, or numbers in a tile, without arrays over two indices: what is short stays in the caches."""
SERIAL = 8192
"""Numbers in one call of BLAS: from 9000 on it uses threads, which wait for one another where processors are busy."""
LONG = 96
"""An index range from here on is a better innermost loop than the rows of a batch."""
NARROW = 3
"""Up to so many columns are written one after the other: NumPy would take a row of them at a time."""
LINE = 64
"""Bytes of a cache line. NumPy takes twice as long for differences whose vectors cross from one line into the next."""
BUFFER = 64
"""Numbers in the buffers of NumPy: with its own 8192 an operand without one of the axes is copied before it is used."""


class _Work:
    """The workspace: how many `rows` a block has, arrays for the tiles of a nest, and others that a block needs.

    A problem holds `cold` numbers at a time; each of `nests` is the number of arrays that it needs, the product of the
    sizes of their other indices, and the size of its own, 1 for pairs. `last` says that the batch is the last axis.
    """

    def __init__(self, kind: np.dtype, count: int, cold: int, last: bool, *nests: tuple[int, int, int]) -> None:
        self.kind, self.kept, self.used = kind, list[Floats](), 0
        largest = max([others * size for _, others, size in nests], default=0)
        if 0 < count * max(largest, cold) <= TILE // 8:  # one block and one tile
            self.rows, self.capacity = count, count * largest
            self.slots = [np.empty(self.capacity, kind) for _ in range(max([nest[0] for nest in nests], default=0))]
            return
        room = WORKSPACE // kind.itemsize
        slots = max([nest[0] for nest in nests], default=0)
        short = not last and all(others == 1 for _, others, _ in nests)
        tile = min(COLUMN if short else TILE, room * 2 // 5 // slots) if slots else 0
        whole = room // (cold + slots * largest + 4)  # rows that fit with nests of one tile
        if not last or whole * largest > tile:
            whole = (room - slots * tile) // (cold + 1)
        rows = max(1, min(whole, room if nests else COLUMN))
        if count > 1:
            for _, others, size in nests:
                if last:
                    rows = min(rows, max(ROWS, tile // (others * size + 1)))
                if last or size == 1:
                    rows = min(rows, max(1, tile // (others + 1)))
        step = LINE // kind.itemsize if last and rows >= LINE else 1
        blocks = -(-count // (rows // step * step)) or 1
        self.rows = -(-count // (blocks * step)) * step or 1  # of one size, as few blocks as before
        self.capacity = 0
        if last and slots == 1:  # it stays in the second cache; for several arrays more calls cost what that saves
            tile //= 2
        for _, others, size in nests:
            least = others * (self.rows if last or size == 1 else size)
            most = others * size * self.rows
            self.capacity = max(self.capacity, min(most, max(least, tile)))
        self.slots = [_on_lines(kind, self.capacity) for _ in range(slots)]

    def __call__(self, slot: int, *shape: int) -> Floats:
        """An array of this shape; what it held is overwritten."""
        return self.slots[slot][: math.prod(shape)].reshape(shape)

    def new(self, *shape: int) -> Floats:
        """An array that is nobody else's as long as the block lasts; the next block gets its memory."""
        size = math.prod(shape)
        if self.used == len(self.kept):
            self.kept.append(_on_lines(self.kind, size))
        elif self.kept[self.used].size < size:
            self.kept[self.used] = _on_lines(self.kind, size)
        found = self.kept[self.used][:size]
        self.used += 1
        return found.reshape(shape)

    def tiles(self, size: int, others: int, rows: int) -> list[slice]:
        """Tiles of an index range that fit, where the batch is the last axis."""
        return _slices(size, self.capacity // (others * rows or 1))

    def row_tiles(self, rows: int, others: int, size: int) -> list[slice]:
        """Tiles of rows that fit, where the batch is the first axis."""
        return _slices(rows, self.capacity // (others * size or 1))


def _on_lines(kind: np.dtype, *shape: int) -> Floats:
    """A new array that begins on a cache line."""
    size = math.prod(shape)
    whole = np.empty(size + LINE // kind.itemsize, kind)
    start = -whole.ctypes.data % LINE // kind.itemsize
    return whole[start : start + size].reshape(shape)


def _slices(size: int, width: int) -> list[slice]:
    """Consecutive parts of at most this width, and of at least 1."""
    if width >= size:
        return [slice(0, size)] if size else []
    width = max(1, width)
    return [slice(start, min(size, start + width)) for start in range(0, size, width)]


def _is_short(*nests: tuple[int, int]) -> bool:
    """Whether the batch is to be the last axis: index ranges are short, or one problem alone does not fit a tile.

    A nest is the product of the sizes of its other indices and the size of its own.
    """
    others, size = max(nests, key=math.prod, default=(1, 1))
    return size < LONG or others * size > TILE // 2


def _is_few(count: int, *nests: tuple[int, int]) -> bool:
    """Whether the problems are so few, and so small, that blocks cost more than they save."""
    return 0 < count <= FEW and count * sum([others * size for others, size in nests]) <= TILE // 4


def _run(
    count: int,
    work: _Work,
    arrays: Sequence[Floats | None],
    domain: Callable[..., bool | NDArray[np.bool_]],
    compute: Callable[..., Sequence[Floats]],
    results: Sequence[Floats],
    last: bool,
    checked: Sequence[int],
) -> None:
    """Blocks of rows through `compute` into `results`.

    NaN where a problem is outside the domain or leaves the range of numbers. With `last`, families are handed over with
    the batch on the last axis. `checked` are the results that must be finite.
    """
    step = work.rows
    with np.errstate(divide="raise", over="raise", under="raise", invalid="raise"):
        if count > 1:
            np.setbufsize(BUFFER)
        for start in range(0, count, step):
            stop = min(count, start + step)
            parts = [x if x is None or len(x) == 1 else x[start:stop] for x in arrays]
            mine = results if count <= step else [result[start:stop] for result in results]
            _block(stop - start, work, parts, domain, compute, mine, last, checked)


def _block(
    n: int,
    work: _Work,
    parts: Sequence[Floats | None],
    domain: Callable[..., bool | NDArray[np.bool_]] | None,
    compute: Callable[..., Sequence[Floats]],
    results: Sequence[Floats],
    last: bool,
    checked: Sequence[int],
) -> None:
    """One block of `n` rows; halves of it where a number overflows, underflows or is not one."""
    work.used = 0
    given = [_turned(work, x) for x in parts] if last else parts
    if domain is not None:
        inside = domain(n, *given)
        if inside is not True and not inside.all():  # type: ignore[union-attr]
            _some(np.broadcast_to(inside, n), work, parts, compute, results, last, checked)
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
            _block(half.stop - half.start, work, some, None, compute, [r[half] for r in results], last, checked)
        return
    for result, value in zip(results, found, strict=True):
        _store(result, value, last)
    fine = _finite(last, *(found[number] for number in checked))
    if fine is not True:
        for result in results:
            result[~np.broadcast_to(fine, n)] = np.nan


def _turned(work: _Work, x: Floats | None) -> Floats | None:
    """A family with the batch on the last axis; whatever has no rows or more axes as it is."""
    if x is None or x.ndim != 2:
        return x
    turned = work.new(x.shape[1], len(x))
    np.copyto(turned, x.T)
    return turned


def _store(result: Floats, value: Floats, last: bool) -> None:
    """Copy what a block has found; `last` has the batch on the last axis of `value`.

    A value without the axis of an index is the same for all of them.
    """
    if np.ndim(value) < result.ndim:
        result[...] = value if result.ndim == 1 else np.reshape(value, (-1, 1))
    elif not last or value.ndim != 2:
        result[...] = value
    elif len(value) == result.shape[1] <= NARROW:
        for column, row in enumerate(value):
            result[:, column] = row
    else:
        result[...] = value.T


def _some(
    inside: NDArray[np.bool_],
    work: _Work,
    parts: Sequence[Floats | None],
    compute: Callable[..., Sequence[Floats]],
    results: Sequence[Floats],
    last: bool,
    checked: Sequence[int],
) -> None:
    """A block of which only the problems `inside` are computed."""
    for result in results:
        result[...] = np.nan
    keep = np.flatnonzero(inside)
    if keep.size:
        kept = [np.empty((keep.size, *result.shape[1:]), result.dtype) for result in results]
        some = [x if x is None or len(x) == 1 else x[keep] for x in parts]
        _block(keep.size, work, some, None, compute, kept, last, checked)
        for result, values in zip(results, kept, strict=True):
            result[keep] = values


def _finite(last: bool, *arrays: Floats | None) -> bool | NDArray[np.bool_]:
    """Whether all numbers of a problem are finite: True for all problems, or a value for each."""
    inside: bool | NDArray[np.bool_] = True
    for x in arrays:
        if x is not None and not math.isfinite(_squares(x := np.asarray(x))):
            axes = () if x.ndim == 1 else (0,) if last and x.ndim == 2 else tuple(range(1, x.ndim))
            inside = np.logical_and(inside, np.isfinite(x).all(axis=axes))
    return inside


def _squares(x: Floats) -> float:
    """The sum of the squares of all entries; infinite where one leaves the range of numbers."""
    if x.size <= SERIAL:
        return float(np.vdot(x, x))
    try:
        if x.ndim == 2 and SERIAL // 8 <= x.shape[1] <= SERIAL:
            return float(np.add.reduce(np.vecdot(x, x)))
        flat = x.reshape(-1)
        whole = flat[: flat.size // SERIAL * SERIAL].reshape(-1, SERIAL)
        rest = flat[whole.size :]
        return float(np.add.reduce(np.vecdot(whole, whole)) + np.vdot(rest, rest))
    except FloatingPointError:
        return math.inf


def _above(more: Floats | float, less: Floats | float, strict: bool, axis: int) -> bool | NDArray[np.bool_]:
    """Whether `more > less` (`>=` if not `strict`) for every index on either side: for all problems, or for each."""
    more = np.asarray(more)
    if more.size:  # a minimum for each problem takes longer, and is rarely needed
        lowest = np.minimum.reduce(more, axis=None)
        highest = np.maximum.reduce(less, axis=None, initial=-np.inf) if isinstance(less, np.ndarray) else less
        if lowest > highest or (lowest == highest and not strict):
            return True
    least = np.minimum.reduce(more, axis=axis, initial=np.inf) if more.ndim == 2 else more
    most = less
    if isinstance(less, np.ndarray) and less.ndim == 2:
        most = np.maximum.reduce(less, axis=axis, initial=-np.inf)
    return least > most if strict else least >= most
