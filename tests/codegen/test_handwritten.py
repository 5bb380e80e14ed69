"""The roofs of `symasym bench`, programs by hand for S and F, compute what the kernels compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symasym.benchmarks.breakdown import Breakdown, _Block
from symasym.benchmarks.forms import form_f, form_s, inputs_f, inputs_s, plain_f, plain_s
from symasym.benchmarks.handwritten import best, f_by_hand, s_by_hand, s_gradient_by_hand
from symasym.benchmarks.roofs import f_parts, single_parts

SIZES = [(10, 2, 1200), (40, 8, 1100), (130, 3, 600)]
"""More rows than a block, and not a multiple of it; the last one has ways with the batch first too."""


@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_s_by_hand(size: tuple[int, int, int], checked: bool) -> None:
    b, lam = inputs_s(*size)
    expected, ways = plain_s(b, lam), s_by_hand(b, lam, checked)
    assert len(ways) > 1
    for way in ways.values():
        np.testing.assert_allclose(way(), expected, rtol=1e-12)


@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_derivatives_of_s_by_hand(size: tuple[int, int, int], checked: bool) -> None:
    b, lam = inputs_s(*size)
    value, gradient = form_s().value_and_gradient(b, lam, of={"mean": 1.0, "variance": 1.0})
    for way in s_gradient_by_hand(b, lam, checked).values():
        for found, wanted in zip(way(), (value, gradient.b, gradient.lam), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12 * np.abs(wanted).max())


@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("size", [2, 3, 32])
def test_f_by_hand(size: int, checked: bool) -> None:
    a, s = inputs_f(size, 4500)
    for way in f_by_hand(a, s, checked).values():
        np.testing.assert_allclose(way(), plain_f(a, s), rtol=1e-12)
    np.testing.assert_allclose(form_f().excess_loss_mean(a, s, d=size + 1), plain_f(a, s), rtol=1e-12)


@pytest.mark.parametrize("write", [s_by_hand, s_gradient_by_hand])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("number", [np.inf, np.nan, 0.5])
def test_checks_of_s_by_hand_refuse_what_a_kernel_has_nan_for(write: Any, size: Any, number: float) -> None:
    b, lam = inputs_s(*size)
    lam[-1, 0] = number  # 0.5 is below entries outside
    for way in write(b, lam, True).values():
        with pytest.raises(ValueError, match="NaN"):
            way()


@pytest.mark.parametrize("number", [np.inf, np.nan])
def test_checks_of_f_by_hand_refuse_what_a_kernel_has_nan_for(number: float) -> None:
    a, s = inputs_f(3, 4500)
    s[-1, 2] = number
    for way in f_by_hand(a, s, True).values():
        with pytest.raises(ValueError, match="NaN"):
            way()


def test_the_quickest_ways_are_kept() -> None:
    def slow() -> int:
        return sum(range(200_000))

    ways = {f"slow {n}": slow for n in range(4)} | {"quick": lambda: 1}
    kept = best(ways, 3)
    assert len(kept) == 3 and kept["quick"]() == 1


@pytest.mark.parametrize("size", SIZES)
def test_parts_of_kernels_are_measured(size: tuple[int, int, int]) -> None:
    b, lam = inputs_s(*size)
    parts = Breakdown.of(form_s(), b, lam, 1)
    assert "pullback 100 %" in parts.shares(parts.gradient["pullback"], True)
    assert min(parts.value["formula"], parts.gradient["pullback"], parts.roof, parts.steep, *parts.calls) > 0
    assert single_parts(form_s(), b[:1], lam[:1], 1).keys() == {"arguments", "domain", "formula", "sums"}
    a, s = inputs_f(size[1], 2000)
    shares, roof = f_parts(form_f(), a, s, 1)
    assert min(roof, *shares.values()) > 0


def test_parts_are_measured_in_the_memory_of_one_block() -> None:
    b, lam = inputs_s(10, 2, 3000)
    kernel = form_s()
    block = _Block(kernel, b, lam, lambda: kernel.value_and_gradient(b, lam, of={"mean": 1.0, "variance": 1.0}))
    with block.settings():
        actions = [block.every(action) for action in block.backward().values()]
        for action in actions:
            action()
        held = len(block.work.kept)
        for action in [*actions, block.turn]:
            action()
    assert len(block.work.kept) == held
