"""Roofs over single problems, over F and over formulas written out: their parts, each measured by itself."""

from __future__ import annotations

import ast
import inspect
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symasym.benchmarks.breakdown import workspace
from symasym.benchmarks.rows import interleaved

__all__ = ["f_parts", "operations_written", "shown", "single_parts"]

Floats = NDArray[np.floating]
Action = Callable[[], Any]
REPEAT, FEW = 200, 16


def shown(parts: Mapping[str, float], unit: float, digits: int = 0) -> str:
    """The parts in this unit: `domain 12, formula 60`."""
    return ", ".join(f"{name} {seconds / unit:.{digits}f}" for name, seconds in parts.items())


def single_parts(kernel: Any, b: Floats, lam: Floats, runs: int) -> dict[str, float]:
    """Seconds of the parts of `cumulants` of S for one problem: arguments, domain, formula, and the sums of the weights."""
    kind, size, rank = lam.dtype, lam.shape[1], b.shape[1]
    weights = kernel.formula(b, lam)

    def arguments() -> None:
        kernel._float_type(None, b=b, lam=lam, g=None, sigma_down=None)
        np.asarray(b, kind), np.asarray(lam, kind)
        kernel._sizes(b, lam)
        kernel._positive("order", 2)
        kernel._batch(b=b.shape[:-1], lam=lam.shape[:-1], g=(), sigma_down=())
        kernel._is_few(1, (rank, size - rank))

    def domain() -> None:
        rows = kernel._rows(b, 1, (1,)), kernel._rows(lam, 1, (1,))
        kernel._LAW_FIRST.weights_domain(*rows, size, rank, 1, kind, None)

    actions: dict[str, Action] = {
        "arguments": arguments,
        "domain": domain,
        "formula": partial(kernel.formula, b, lam, xp=kernel._Plain),
        "sums": partial(kernel._plain_cumulants, (1,), 2, kind, lambda: True, lambda: weights),
    }
    taken = interleaved({name: _many(action, REPEAT) for name, action in actions.items()}, runs, time.thread_time)
    return {name: seconds / REPEAT for name, seconds in taken.items()}


def f_parts(kernel: Any, a: Floats, s: Floats, runs: int) -> tuple[dict[str, float], float]:
    """Seconds of the parts of `excess_loss_mean` of F for a batch and of its calls for few problems; of its operations alone.

    There is nothing to turn round: rows are used as they come. The roof has the two additions and squares, the product, the
    division and the sum in place, in blocks that stay in the second cache.
    """
    count, rank = s.shape
    work = workspace(kernel, partial(kernel.excess_loss_mean, a, s, d=rank + 1))
    blocks = [slice(n, min(n + work.rows, count)) for n in range(0, count, work.rows)]
    small = max(1, min(count, 16_384 // rank))
    one, two = np.ones((small, rank)), np.full((small, rank), 2.0)
    left, right, ones, out = np.empty_like(one), np.empty_like(one), np.ones(rank), np.empty(small)

    def part(function: Callable[..., Any]) -> None:
        for block in blocks:
            rows = block.stop - block.start
            function(a[block], s[block], rank + 1, rank, rows, s.dtype, work)

    def operations() -> None:
        for _ in range(0, count, small):
            np.add(two, 2, out=left)
            np.square(left, out=left)
            np.multiply(two, left, out=left)
            np.square(one, out=right)
            np.divide(right, left, out=right)
            np.dot(right, ones, out=out)

    values = np.ones(work.rows)

    def results() -> None:
        into = np.empty(count)
        for block in blocks:
            kernel._store(into[block], values[: block.stop - block.start], False)
            kernel._finite(False, values[: block.stop - block.start])

    few = partial(kernel.excess_loss_mean, a[:FEW], s[:FEW], d=rank + 1)
    actions: dict[str, Action] = {
        "domain": partial(part, kernel._EXCESS_FIRST.domain),
        "formula": partial(part, kernel._EXCESS_FIRST.value),
        "results": results,
        "calls at most": _many(few, len(blocks)),
        "roof": operations,
    }
    taken = interleaved(actions, runs, time.thread_time)
    roof = taken.pop("roof")
    return taken, roof


def operations_written(function: Callable[..., Any]) -> int:
    """How many operations on whole columns a function made by `lambdify` has."""
    tree = ast.parse(inspect.getsource(function))
    return sum(isinstance(node, ast.BinOp | ast.Call) for node in ast.walk(tree))


def _many(action: Action, repeat: int) -> Action:
    def repeated() -> None:
        for _ in range(repeat):
            action()

    return repeated
