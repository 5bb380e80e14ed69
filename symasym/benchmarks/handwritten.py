"""S and F by hand in NumPy: the arithmetic and nothing else, as a roof over kernels made of NumPy's operations.

No argument is checked and no domain, every array is there beforehand, and rows and tiles are of the size that is quickest where
it runs (`best` tries some). What comes in has the batch first, and so has what is returned. `checked` programs look besides at
what a kernel must not pass over, as quickly as NumPy can: infinities in arguments, a closed gap, results that are no numbers.
Nothing is shared with the kernels: what is slow there would be slow here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symasym.benchmarks.rows import interleaved

__all__ = ["best", "f_by_hand", "s_by_hand", "s_gradient_by_hand", "with_small_buffers"]

Floats = NDArray[np.floating]
Action = Callable[[], Any]
ROWS = (500, 1000, 2000, 4000, 8000, 16000)
"""Rows of a block that are tried."""
TILES = (16_384, 65_536, 131_072)
"""Numbers in an array over both indices that are tried."""
LARGEST = 500_000
"""More numbers would not fit the workspace of 4 MB."""
TRIES, KEPT = 3, 3
LINE = 64
"""Bytes of a cache line."""
PART = 8000
"""Numbers in one call of BLAS."""
BUFFER = 64
"""Numbers in the buffers of NumPy, as in the kernels: operands that lack an axis are not copied before they are used."""


def best(ways: Mapping[str, Action], runs: int) -> dict[str, Action]:
    """The quickest of several ways at a first look, to be measured again together with everything else."""
    quick = with_small_buffers(ways)
    taken = interleaved(quick, min(TRIES, runs), time.thread_time)
    return {name: quick[name] for name in sorted(taken, key=taken.__getitem__)[:KEPT]}


def with_small_buffers(ways: Mapping[str, Action]) -> dict[str, Action]:
    """The same ways, called as kernels call NumPy."""
    return {name: partial(_with_small_buffers, way) for name, way in ways.items()}


def _with_small_buffers(way: Action) -> Any:
    with np.errstate():  # it brings back what it finds, the size of buffers with it
        np.setbufsize(BUFFER)
        return way()


# ---- S


def s_by_hand(b: Floats, lam: Floats, checked: bool = False) -> dict[str, Action]:
    """Ways to compute `sum_a w_a` and `2 sum_a w_a^2`."""
    ways: dict[str, Action] = {}
    for rows, width in _sizes(b, lam, 1):
        ways[f"rows {rows}, {width} at a time"] = partial(_value, b, lam, rows, width, checked)
    if lam.shape[1] > 100:
        ways |= {f"{tile} numbers, batch first": partial(_value_first, b, lam, tile, checked) for tile in TILES}
    return ways


def s_gradient_by_hand(b: Floats, lam: Floats, checked: bool = False) -> dict[str, Action]:
    """Ways to compute `sum_a w_a + 2 sum_a w_a^2` and its derivatives by `b` and `lam`."""
    ways: dict[str, Action] = {}
    for rows, width in _sizes(b, lam, 2):
        ways[f"rows {rows}, {width} at a time"] = partial(_gradient, b, lam, rows, width, checked)
    if lam.shape[1] > 100:
        ways |= {f"{tile} numbers, batch first": partial(_gradient_first, b, lam, tile, checked) for tile in TILES}
    return ways


def _sizes(b: Floats, lam: Floats, arrays: int) -> Iterator[tuple[int, int]]:
    """Rows of a block, and how many indices outside the span are in a tile."""
    (count, size), rank = lam.shape, b.shape[1]
    held, beside = (2 * size + rank, 0) if arrays == 1 else (2 * size + 6 * rank + 3, 3)
    for rows in (n for n in ROWS if n <= count):
        widths = {min(size - rank, max(1, tile // (rows * rank))) for tile in TILES}
        yield from ((rows, w) for w in sorted(widths) if rows * (held + w * (arrays * rank + beside)) <= LARGEST)


def _blocks(count: int, rows: int) -> Iterator[slice]:
    """All rows; the last block overlaps the one before, so that all have one size."""
    for start in range(0, count, rows):
        start = min(start, count - rows)
        yield slice(start, start + rows)


def _empty(*shape: int) -> Floats:
    """A new array that begins on a cache line."""
    size = math.prod(shape)
    whole = np.empty(size + LINE // 8)
    start = -whole.ctypes.data % LINE // 8
    return whole[start : start + size].reshape(shape)


def _check_finite(*arrays: Floats) -> None:
    """`ValueError` for numbers that are not finite. BLAS gets so few at a time that it takes no threads."""
    for x in arrays:
        flat = x.reshape(-1)
        whole = flat[: flat.size // PART * PART].reshape(-1, PART)
        rest = flat[whole.size :]
        if not math.isfinite(np.add.reduce(np.vecdot(whole, whole)) + np.vdot(rest, rest)):
            raise ValueError("the kernel would have NaN here")


def _check_arguments(b: Floats, lam: Floats, inside: Floats, outside: Floats) -> None:
    """`ValueError` for numbers that are not finite, and for a closed gap."""
    _check_finite(b, lam)
    if not np.minimum.reduce(inside, axis=None) > np.maximum.reduce(outside, axis=None):
        raise ValueError("the kernel would have NaN here")


def _factor(inside: Floats, b: Floats, tau: Floats, top: Floats) -> None:
    """`2 + lam_i + tau` with the batch last."""
    np.einsum("in,in->n", inside, inside, out=tau)
    np.add(tau, 2, out=tau)
    np.add(inside, tau, out=top)


def _value(b: Floats, lam: Floats, rows: int, width: int, checked: bool) -> tuple[Floats, Floats]:
    (count, size), rank = lam.shape, b.shape[1]
    first, second, ones = np.empty(count), np.empty(count), np.ones(size - rank)
    turned, c, top, w = (_empty(n, rows) for n in (size, rank, rank, size - rank))
    tau, tile = _empty(rows), _empty(rank, width, rows)
    inside, outside = turned[:rank], turned[rank:]
    for block in _blocks(count, rows):
        np.copyto(turned, lam[block].T)
        np.copyto(c, b[block].T)
        if checked:
            _check_arguments(c, turned, inside, outside)
        _factor(inside, c, tau, top)
        np.multiply(top, c, out=top)
        np.multiply(top, c, out=top)
        for start in range(0, size - rank, width):
            here = slice(start, min(start + width, size - rank))
            t = tile[:, : here.stop - start]
            np.subtract(inside[:, None], outside[here], out=t)
            np.square(t, out=t)
            np.divide(top[:, None], t, out=t)
            if rank == 2:  # a sum of two rows takes three times as long
                np.add(t[0], t[1], out=w[here])
            else:
                np.add.reduce(t, axis=0, out=w[here])
        np.matmul(ones, w, out=first[block])
        np.square(w, out=w)
        np.matmul(ones, w, out=tau)
        np.multiply(tau, 2, out=second[block])
        if checked:
            _check_finite(second[block])
    return first, second


def _gradient(b: Floats, lam: Floats, rows: int, width: int, checked: bool) -> tuple[Floats, Floats, Floats]:
    (count, size), rank = lam.shape, b.shape[1]
    value, by_b, by_lam = np.empty(count), np.empty_like(b), np.empty_like(lam)
    turned, bar = _empty(size, rows), _empty(size, rows)
    c, top, p, own, squares, cubes = (_empty(rank, rows) for _ in range(6))
    tau, one, two = (_empty(rows) for _ in range(3))
    x, y, w, slope, more = (_empty(*s) for s in ((rank, width, rows),) * 2 + ((width, rows),) * 3)
    inside, outside = turned[:rank], turned[rank:]
    for block in _blocks(count, rows):
        np.copyto(turned, lam[block].T)
        np.copyto(c, b[block].T)
        if checked:
            _check_arguments(c, turned, inside, outside)
        _factor(inside, c, tau, top)
        np.multiply(top, c, out=own)
        np.multiply(own, c, out=p)
        one[:], two[:], squares[:], cubes[:] = 0, 0, 0, 0
        for start in range(0, size - rank, width):
            here = slice(start, min(start + width, size - rank))
            n = here.stop - start
            np.subtract(inside[:, None], outside[here], out=x[:, :n])
            np.divide(1, x[:, :n], out=x[:, :n])
            np.square(x[:, :n], out=y[:, :n])
            np.einsum("in,ian->an", p, y[:, :n], out=w[:n])
            one += np.add.reduce(w[:n], axis=0)
            np.multiply(w[:n], 4, out=slope[:n])
            np.add(slope[:n], 1, out=slope[:n])
            np.square(w[:n], out=w[:n])
            two += np.add.reduce(w[:n], axis=0)
            squares += np.einsum("an,ian->in", slope[:n], y[:, :n])
            np.multiply(x[:, :n], y[:, :n], out=x[:, :n])
            np.einsum("in,ian->an", p, x[:, :n], out=more[:n])
            np.multiply(more[:n], slope[:n], out=more[:n])
            np.multiply(more[:n], 2, out=bar[rank + start : rank + here.stop])
            cubes += np.einsum("an,ian->in", slope[:n], x[:, :n])
        np.multiply(two, 2, out=two)
        np.add(one, two, out=value[block])
        np.multiply(own, squares, out=own)
        np.multiply(own, 2, out=own)
        np.square(c, out=c)
        np.multiply(c, squares, out=squares)
        np.add.reduce(squares, axis=0, out=tau)
        np.multiply(tau, 2, out=tau)
        np.multiply(inside, tau, out=top)
        np.add(squares, top, out=squares)
        np.multiply(p, cubes, out=cubes)
        np.multiply(cubes, 2, out=cubes)
        np.subtract(squares, cubes, out=bar[:rank])
        if rank > 2:
            by_b[block] = own.T
        else:  # NumPy would write two numbers at a time
            for column in range(rank):
                by_b[block, column] = own[column]
        by_lam[block] = bar.T
        if checked:
            _check_finite(value[block], own, bar)
    return value, by_b, by_lam


def _value_first(b: Floats, lam: Floats, tile: int, checked: bool) -> tuple[Floats, Floats]:
    """The batch as the first axis: index ranges are long enough to be the inner loop."""
    (count, size), rank = lam.shape, b.shape[1]
    rows = min(count, max(1, tile // (rank * (size - rank))))
    first, second, t = np.empty(count), np.empty(count), _empty(rows, rank, size - rank)
    for block in _blocks(count, rows):
        inside, outside = lam[block, :rank], lam[block, rank:]
        if checked:
            _check_arguments(b[block], lam[block], inside, outside)
        top = b[block] ** 2 * (2 + inside + np.vecdot(inside, inside)[:, None])
        np.subtract(inside[:, :, None], outside[:, None], out=t)
        np.divide(1, t, out=t)
        np.square(t, out=t)
        w = np.matmul(top[:, None], t)[:, 0]
        np.add.reduce(w, axis=1, out=first[block])
        np.multiply(np.vecdot(w, w), 2, out=second[block])
        if checked:
            _check_finite(second[block])
    return first, second


def _gradient_first(b: Floats, lam: Floats, tile: int, checked: bool) -> tuple[Floats, Floats, Floats]:
    (count, size), rank = lam.shape, b.shape[1]
    rows = min(count, max(1, tile // (rank * (size - rank))))
    value, by_b, by_lam = np.empty(count), np.empty_like(b), np.empty_like(lam)
    x, y = _empty(rows, rank, size - rank), _empty(rows, rank, size - rank)
    for block in _blocks(count, rows):
        inside, outside, c = lam[block, :rank], lam[block, rank:], b[block]
        if checked:
            _check_arguments(c, lam[block], inside, outside)
        top = 2 + inside + np.vecdot(inside, inside)[:, None]
        p = top * c**2
        np.subtract(inside[:, :, None], outside[:, None], out=x)
        np.divide(1, x, out=x)
        np.square(x, out=y)
        w = np.matmul(p[:, None], y)[:, 0]
        np.add(np.add.reduce(w, axis=1), 2 * np.vecdot(w, w), out=value[block])
        slope = 4 * w + 1
        squares = np.matmul(y, slope[:, :, None])[:, :, 0]
        np.multiply(x, y, out=x)
        np.multiply(2 * slope, np.matmul(p[:, None], x)[:, 0], out=by_lam[block, rank:])
        cubes = np.matmul(x, slope[:, :, None])[:, :, 0]
        np.multiply(2 * top * c, squares, out=by_b[block])
        squares *= c**2
        by_lam[block, :rank] = squares + 2 * np.add.reduce(squares, axis=1)[:, None] * inside - 2 * p * cubes
        if checked:
            _check_finite(value[block], by_b[block], by_lam[block])
    return value, by_b, by_lam


# ---- F


def f_by_hand(a: Floats, s: Floats, checked: bool = False) -> dict[str, Action]:
    """Ways to compute `sum_i a_i^2 / (s_i (2 + s_i)^2)`."""
    count, rank = s.shape
    sizes = [rows for rows in (*ROWS, 32_000, 50_000) if rows <= count and 4000 <= rows * rank <= LARGEST // 2]
    return {
        f"rows {rows}, {how}": partial(_f, a, s, rows, how, checked)
        for rows in sizes
        for how in (("columns", "product") if rank <= 4 else ("product",))
    }


def _f(a: Floats, s: Floats, rows: int, how: str, checked: bool) -> Floats:
    count, rank = s.shape
    value, ones = np.empty(count), np.ones(rank)
    below, above = _empty(rows, rank), _empty(rows, rank)
    for block in _blocks(count, rows):
        if checked:
            _check_finite(s[block])
        np.add(s[block], 2, out=below)
        np.square(below, out=below)
        np.multiply(s[block], below, out=below)
        np.square(a[block], out=above)
        np.divide(above, below, out=above)
        if how == "product":
            np.dot(above, ones, out=value[block])
        else:
            np.add(above[:, 0], above[:, 1], out=value[block])
            for column in range(2, rank):
                np.add(value[block], above[:, column], out=value[block])
        if checked:
            _check_finite(value[block])
    return value
