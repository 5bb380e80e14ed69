"""Sums in the common part of kernels, against the same sums written down; what BLAS is called with stays small."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from symasym.codegen.numpy.runtime.blocks import SERIAL, _finite, _squares, _store
from symasym.codegen.numpy.runtime.cumulants import _row_sums

SHAPES = [
    (1, 1),
    (7,),
    (SERIAL,),
    (SERIAL + 1,),
    (3 * SERIAL + 5,),
    (10, 7692),
    (2, 9001),
    (20_000, 2),
    (5, 4000),
    (40_000, 1),
]
MOST = 9216
"""So many numbers, and OpenBLAS takes threads."""


@pytest.fixture(autouse=True)
def _small_calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every product that goes to BLAS is counted, for each pair of matrix and vector."""

    def watched(name: str, numbers: Callable[..., int]) -> None:
        own = getattr(np, name)

        def call(*arguments: Any, **more: Any) -> Any:
            assert numbers(*arguments) < MOST, (name, [x.shape for x in arguments])
            return own(*arguments, **more)

        monkeypatch.setattr(np, name, call)

    def core(x: np.ndarray, y: np.ndarray) -> int:
        return max(math.prod(x.shape[-2:]), math.prod(y.shape[-2:]))

    watched("vdot", lambda x, y: x.size)
    watched("dot", lambda x, y: x.size)
    watched("vecdot", lambda x, y: x.shape[-1])
    watched("matmul", core)
    yield


@pytest.mark.parametrize("shape", SHAPES)
def test_squares_are_summed(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(SERIAL).standard_normal(shape)
    assert _squares(x) == pytest.approx(np.sum(x**2), rel=1e-13)
    assert _finite(True, x) is True


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_found(shape: tuple[int, ...], bad: float) -> None:
    x = np.ones(shape)
    x[(-1,) * x.ndim] = bad
    with np.errstate(all="raise"):
        inside = np.asarray(_finite(True, x))
    assert not inside.all()
    if x.ndim == 2:
        assert inside.shape == (shape[1],) and inside[:-1].all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_squares_out_of_range_are_no_infinities(shape: tuple[int, ...], size: float) -> None:
    with np.errstate(all="raise"):
        assert np.all(_finite(True, np.full(shape, size)))


LONG = [
    (1, 5),
    (9, 1),
    (4, 0),
    (20_000, 0),
    (20_000, 2),
    (30_001, 3),
    (9000, 8),
    (700, 100),
    (3, 8000),
    (2, 9216),
    (5, 20_000),
]


@pytest.mark.parametrize("shape", LONG)
def test_rows_are_summed(shape: tuple[int, ...]) -> None:
    x, y = np.random.default_rng(shape).standard_normal((2, *shape))
    np.testing.assert_allclose(_row_sums(x), x.sum(axis=1), atol=1e-10)
    np.testing.assert_allclose(_row_sums(x, y), (x * y).sum(axis=1), atol=1e-10)
    there = np.full(2 * len(x), 7.0)
    _row_sums(x, out=there[: len(x)])
    np.testing.assert_array_equal(there, [*_row_sums(x), *[7.0] * len(x)])


@pytest.mark.parametrize("columns", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("repeated", [False, True])
def test_results_are_written_row_by_row_or_column_by_column(columns: int, repeated: bool) -> None:
    result, value = np.zeros((50, columns)), np.random.default_rng(columns).random((1 if repeated else columns, 50))
    _store(result, value, True)
    assert np.array_equal(result, np.broadcast_to(value, (columns, 50)).T)
