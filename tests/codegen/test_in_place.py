"""Operations in place: whatever has one row for all problems, whatever the tiles, the numbers are those of whole rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support import ALL, arguments_of
from test_gradients import continuous, kernel_of, problem, sizes_of

from symasym.benchmarks.forms import form_f, inputs_f, plain_f
from symasym.codegen.index.affine import Affine
from symasym.codegen.index.algebra import number
from symasym.codegen.index.ir import Range
from symasym.codegen.index.ops import Leaf, Op, Ops
from symasym.codegen.numpy.in_place import chain, into, onto, perhaps_onto
from symasym.codegen.numpy.runtime.blocks import LINE, WORKSPACE, _Work
from symasym.codegen.numpy.runtime.cumulants import _onto

ROWS, SEED = 5, 20261201
DOUBLE = np.dtype(float)


@pytest.mark.parametrize("long", [1, 10**6], ids=["batch first", "batch last"])
@pytest.mark.parametrize("name", ALL)
def test_derivatives_where_one_argument_has_a_row_for_all(
    name: str, long: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = kernel_of(name)
    monkeypatch.setattr(kernel, "LONG", long)
    rng = np.random.default_rng(SEED)
    for function in (kernel.value_and_gradient, kernel.excess_loss_value_and_gradient):
        given = arguments_of(function, problem(name), sizes_of(name))
        names = continuous(given)
        several = {
            key: np.asarray(given[key]) * (1 + 1e-4 * rng.uniform(-1, 1, (ROWS, *np.shape(given[key]))))
            for key in names
        }
        for alone in names:
            _agrees(function, given, {key: x for key, x in several.items() if key != alone})


def _agrees(function: Callable, given: dict, several: dict) -> None:
    """Values and derivatives are those of each problem by itself."""
    value, gradient = function(**given | several)
    for n in range(ROWS if several else 0):
        expected, derivatives = function(**given | {key: x[n] for key, x in several.items()})
        np.testing.assert_allclose(value[n], expected, rtol=1e-13)
        for found, wanted in zip(gradient, derivatives, strict=True):
            if wanted is not None:
                np.testing.assert_allclose(found[n], wanted, rtol=1e-11, atol=1e-13 * np.max(np.abs(wanted), initial=0))


@pytest.mark.parametrize("column", [1, 64, 32_768])
@pytest.mark.parametrize("size", [1, 2, 5, 40])
def test_long_formulas_in_tiles_of_rows(size: int, column: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, (a, s) = form_f(), inputs_f(size, 9000)
    monkeypatch.setattr(kernel, "COLUMN", column)
    monkeypatch.setattr(kernel, "TILE", 8)  # otherwise one tile is enough
    np.testing.assert_allclose(kernel.excess_loss_mean(a, s, d=size + 1), plain_f(a, s), rtol=1e-13)
    np.testing.assert_allclose(kernel.excess_loss_mean(a[:1], s, d=size + 1), plain_f(a[:1], s), rtol=1e-13)
    expected = plain_f(a, s[:1])
    np.testing.assert_allclose(kernel.excess_loss_mean(a, s[:1], d=size + 1), expected, rtol=1e-13)


# ---- the workspace


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("nests", [((1, 2, 8),), ((2, 8, 56), (1, 8, 56)), ((3, 5, 1),), ((2, 32, 480),)])
@pytest.mark.parametrize("count", [3000, 100_000, 1_000_003])
def test_arrays_and_rows_of_the_workspace_begin_on_cache_lines(kind, nests, count: int) -> None:
    work = _Work(np.dtype(kind), count, 90, True, *nests)
    assert all(slot.ctypes.data % LINE == 0 for slot in work.slots)
    assert work.rows * np.dtype(kind).itemsize % LINE == 0
    assert sum(slot.nbytes for slot in work.slots) + work.rows * 90 * np.dtype(kind).itemsize <= WORKSPACE


@pytest.mark.parametrize("count", [0, 1, 7, 63, 64, 65, 1000, 77_777])
def test_blocks_cover_the_batch_without_a_needless_one(count: int) -> None:
    rows = _Work(DOUBLE, count, 90, True, (1, 8, 56)).rows
    assert rows >= 1 and (count == 0 or (-(-count // rows) - 1) * rows < count)


# ---- chains


def _array(ops: Ops, family: str) -> Op:
    return ops.make("entry", data=Leaf(Range("i", Affine(1), Affine.size("k")), family), layout={"i"})


def test_a_chain_is_the_longest_one() -> None:
    ops = Ops()
    x, y = _array(ops, "x"), _array(ops, "y")
    short, long = ops.make("square", x), ops.make("neg", ops.make("square", ops.make("neg", y)))
    whole = ops.make("sub", short, long)
    found = chain(whole, lambda op: not op.is_leaf)
    assert [op.kind for op in found] == ["sub", "neg", "square", "neg"]
    assert chain(whole, lambda op: False) == [whole]


def test_operations_in_the_place_of_an_operand() -> None:
    ops = Ops()
    x, y = _array(ops, "x"), _array(ops, "y")
    inner = ops.make("neg", x)

    def written(kind: str, *args: Op) -> tuple[str, str]:
        return onto(ops.make(kind, *args), inner, "t", lambda n: "y")

    assert written("sub", inner, y) == ("t -= ", "y")
    assert written("sub", y, inner) == ("", "np.subtract(y, t, out=t)")
    assert written("div", inner, y) == ("t /= ", "y")
    assert written("div", y, inner) == ("", "np.divide(y, t, out=t)")
    assert written("mul", y, inner) == written("mul", inner, y) == ("t *= ", "y")
    assert written("add", y, inner) == ("t += ", "y")
    assert written("sqrt", inner) == ("", "np.sqrt(t, out=t)")
    assert into(ops.make("square", x), ["x"], "t") == "np.square(x, out=t)"


# ---- what every block has of the workspace


def test_arrays_of_a_block_are_apart_and_those_of_the_next_one_reuse_them() -> None:
    work = _Work(DOUBLE, 100_000, 90, True, (1, 8, 56))
    first, second = work.new(3, 40), work.new(2, 40)
    assert first.shape == (3, 40) and second.shape == (2, 40)
    assert not np.shares_memory(first, second) and not np.shares_memory(first, work(0, 3, 40))
    assert all(x.ctypes.data % LINE == 0 and x.flags.c_contiguous for x in (first, second))
    work.used = 0
    again, larger = work.new(3, 8), work.new(5, 40)
    assert np.shares_memory(again, first)
    assert larger.shape == (5, 40) and not np.shares_memory(larger, again)


@pytest.mark.parametrize("function", [np.add, np.subtract, np.multiply, np.divide])
@pytest.mark.parametrize("swapped", [False, True])
def test_what_has_one_row_for_all_is_not_overwritten(function: np.ufunc, swapped: bool) -> None:
    rng = np.random.default_rng(SEED)
    for rows, others in ((6, (3, 6)), (6, (3, 1)), (6, (6,)), (6, (1,)), (1, (3, 6)), (1, (6,)), (1, (1,))):
        x, y = rng.uniform(1, 2, (3, rows)), rng.uniform(1, 2, others)
        expected = function(y, x) if swapped else function(x, y)
        found = _onto(function, x, y, swapped)
        np.testing.assert_array_equal(found, expected)
        assert (found is x) == (expected.shape == x.shape)


def test_kernels_overwrite_only_what_they_have_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments are as before, whatever the layout and the blocks."""
    for name in ALL:
        kernel = kernel_of(name)
        for long in (1, 10**6):
            monkeypatch.setattr(kernel, "LONG", long)
            given = arguments_of(kernel.value_and_gradient, problem(name), sizes_of(name))
            before = {key: np.array(x) for key, x in given.items()}
            kernel.value_and_gradient(**given)
            for key, x in given.items():
                np.testing.assert_array_equal(x, before[key])


def test_operations_where_rows_are_not_known() -> None:
    ops = Ops()
    x, y = _array(ops, "x"), _array(ops, "y")
    inner = ops.make("neg", x)

    def written(kind: str, *args: Op) -> tuple[str, str]:
        return perhaps_onto(ops.make(kind, *args), inner, "t", lambda n: "y")

    assert written("sub", inner, y) == ("t = ", "_onto(np.subtract, t, y)")
    assert written("div", y, inner) == ("t = ", "_onto(np.divide, t, y, True)")
    assert written("mul", y, inner) == ("t = ", "_onto(np.multiply, t, y)")
    assert written("sqrt", inner) == ("", "np.sqrt(t, out=t)")
    assert written("mul", inner, ops.constant(number(2)))[0] == "t *= "
