"""Kernels against plain NumPy, C, JAX and `lambdify`, in a process of its own with one thread for linear algebra.

Seconds are those of the processor for this thread, so that other work on the machine shows less; against JAX, which has threads
of its own, those of the wall clock.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from symasym.benchmarks.forms import compiled_s, form_f, form_s, inputs_f, inputs_s, lambdified_s, plain_f, plain_s
from symasym.benchmarks.native import native
from symasym.benchmarks.rows import Row, interleaved
from symasym.errors import InputError

__all__ = ["rows"]

S_SIZES = {(10, 2, 100_000): (4, 3), (64, 8, 50_000): (3, 9), (512, 32, 4_000): (3, 8.5)}
"""Sizes `(d, k, B)` of S: how many times faster than plain NumPy, at most how many times slower than C."""
F_SIZES = {2: 1.6, 8: 5.0, 32: 3.5, 128: 3.5}
"""Sizes `k` of F: at most how many times slower than C."""
BATCH = 100_000
GRADIENT, RIVALS, WORKSPACE, SINGLE, COMPILED = 2.2, 5, 4.0, 1.1, 1.1
LAMBDIFY = {(10, 2): 10_000, (64, 8): 10_000}
"""Sizes of S at which formulas written out can be differentiated in reasonable time, with the batch."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
TILE, REPEAT = 65_536, 20
BOTH = {"mean": 1.0, "variance": 1.0}


def rows(runs: int) -> Iterator[Row]:
    """All rows, as they come from the other process."""
    command = [sys.executable, "-m", "symasym.benchmarks.kernels", str(runs)]
    environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield Row(**json.loads(line))
    if process.returncode:
        raise InputError(f"bench: the process that measures kernels ended with {process.returncode}")


def measured(runs: int) -> Iterator[Row]:
    """All rows, measured here."""
    for sizes, (faster, slower) in S_SIZES.items():
        yield from _form_s(sizes, faster, slower, runs)
    yield from _single(runs)
    for size, most in F_SIZES.items():
        yield from _form_f(size, most, runs)
    yield from _workspace()


def _form_s(size: tuple[int, int, int], faster: float, slower: float, runs: int) -> Iterator[Row]:
    rank = size[1]
    kernel, (b, lam), c = form_s(), inputs_s(*size), native()
    actions: dict[str, Callable[[], Any]] = {
        "kernel": partial(kernel.cumulants, b, lam, order=2),
        "gradient": partial(kernel.value_and_gradient, b, lam, of=BOTH),
        "plain": partial(plain_s, b, lam),
        **_floor(rank, size[0] - rank),
    }
    if c is not None:
        actions |= {"c": partial(c.s, b, lam), "folded": partial(c.s, b, lam, True)}
        actions["compiled"] = partial(compiled_s(False).cumulants, 2, b=b, lam=lam)
        actions["compiled, folded"] = partial(compiled_s(True).cumulants, 2, b=b, lam=lam)
    taken = interleaved(actions, runs, time.thread_time)
    where = f"S, (d, k, B) = ({size[0]}, {rank}, {size[2]:.0e})"
    elements = size[2] * rank * (size[0] - rank)
    floor = f"the same array operations by themselves, in L2: {_floor_seconds(taken, elements, rank) / taken['kernel']:.2f} of it"
    yield Row(f"{where}: kernel", taken["kernel"] * 1e3, "ms", note=floor)
    yield Row(f"{where}: plain NumPy / kernel", taken["plain"] / taken["kernel"], "x", faster, at_least=True)
    yield _against(f"{where}: kernel / C", taken, "kernel", "c", slower, "no C compiler")
    yield _against(f"{where}: C, four terms to a division / C", taken, "folded", "c", None, "no C compiler")
    yield _against(f"{where}: compiled from the law / C", taken, "compiled", "c", COMPILED, "no C compiler")
    what = f"{where}: compiled from the law, two terms to a division / C"
    yield _against(what, taken, "compiled, folded", "c", 1.0, "no C compiler")
    yield Row(f"{where}: value + gradient / value", taken["gradient"] / taken["kernel"], "x", GRADIENT)
    jax = _beside_jax(b, lam, actions["gradient"], runs)
    what = f"{where}: jax.value_and_grad / kernel's value + gradient"
    yield _against(what, jax, "jax", "gradient", RIVALS, "no JAX", True)
    what = f"{where}: jax.jit(jax.value_and_grad) / kernel's value + gradient"
    yield _against(what, jax, "compiled", "gradient", RIVALS, "no JAX", True)
    yield _lambdify(size, runs)


def _against(
    what: str, taken: Mapping[str, float], above: str, below: str, goal: float | None, why: str, at_least: bool = False
) -> Row:
    """A ratio, or why there is none."""
    if above not in taken or below not in taken:
        return Row(what, None, "x", goal, at_least, note=why)
    return Row(what, taken[above] / taken[below], "x", goal, at_least)


def _floor(rank: int, rest: int) -> dict[str, Callable[[], Any]]:
    """The four operations of S on one tile in the second-level cache: a roof over what array operations can do."""
    rows = 1024
    high, low = np.full((rank, 1, rows), 3.0), np.full((max(1, TILE // (rank * rows)), rows), 1.0)
    tile = np.empty((rank, len(low), rows))
    total = np.empty(low.shape)
    del rest

    def operations() -> None:
        for _ in range(REPEAT):
            np.subtract(high, low, out=tile)
            np.square(tile, out=tile)
            np.divide(high, tile, out=tile)
            np.add.reduce(tile, axis=0, out=total)

    return {"floor": operations}


def _floor_seconds(taken: Mapping[str, float], elements: int, rank: int) -> float:
    """One difference, square, division and addition for each element."""
    return taken["floor"] / (REPEAT * rank * max(1, TILE // (rank * 1024)) * 1024) * elements


def _beside_jax(b: Any, lam: Any, gradient: Callable[[], Any], runs: int) -> dict[str, float]:
    """Wall seconds, because JAX has threads of its own; none without JAX."""
    jax = _jax_s(b, lam)
    return interleaved({**jax, "gradient": gradient}, runs) if jax else {}


def _single(runs: int) -> Iterator[Row]:
    """One problem at a time."""
    kernel = form_s()
    for size, rank, _ in S_SIZES:
        b, lam = inputs_s(size, rank, 1)
        repeat = range(200)

        def many(action: Callable[[], Any], repeat: range = repeat) -> None:
            for _ in repeat:
                action()

        def formula(b: Any = b, lam: Any = lam) -> tuple[Any, Any]:
            weights = kernel.formula(b, lam)
            return weights.sum(-1), 2 * (weights**2).sum(-1)

        actions: dict[str, Callable[[], Any]] = {
            "kernel": partial(kernel.cumulants, b, lam, order=2),
            "formula": formula,
            "plain": partial(plain_s, b, lam),
        }
        turns = {name: partial(many, action) for name, action in actions.items()}
        taken = interleaved(turns, runs, time.thread_time)
        where = f"S, ({size}, {rank}, 1)"
        yield Row(f"{where}: kernel's plain path / plain NumPy", taken["formula"] / taken["plain"], "x", SINGLE)
        note = f"{taken['kernel'] / 200 * 1e6:.0f} us, most of them for arguments, domain and blocks"
        yield Row(f"{where}: kernel with all checks / plain NumPy", taken["kernel"] / taken["plain"], "x", note=note)


def _form_f(size: int, slower: float, runs: int) -> Iterator[Row]:
    kernel, (a, s), c = form_f(), inputs_f(size, BATCH), native()
    actions: dict[str, Callable[[], Any]] = {
        "kernel": partial(kernel.excess_loss_mean, a, s, d=size + 1),
        "plain": partial(plain_f, a, s),
    }
    if c is not None:
        actions["c"] = partial(c.f, a, s)
    taken = interleaved(actions, runs, time.thread_time)
    where = f"F, (k, B) = ({size}, {BATCH:.0e})"
    yield _against(f"{where}: kernel / C", taken, "kernel", "c", slower, "no C compiler")
    yield Row(f"{where}: plain NumPy / kernel", taken["plain"] / taken["kernel"], "x")


def _workspace() -> Iterator[Row]:
    """Arrays beyond arguments and results, for a batch and for four times as much."""
    kernel = form_s()
    for count in (4_000, 16_000):
        b, lam = inputs_s(512, 32, count)
        for name, action in {
            "value": lambda b=b, lam=lam: kernel.cumulants(b, lam, order=2),
            "value + gradient": lambda b=b, lam=lam: kernel.value_and_gradient(b, lam, of=BOTH),
        }.items():
            tracemalloc.start()
            result = action()
            kept, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            del result
            yield Row(f"S, (512, 32, {count}): workspace of {name}", (peak - kept) / 1e6, "MB", WORKSPACE)


# ---- rivals that need not be there


def _jax_s(b: Any, lam: Any) -> dict[str, Callable[[], Any]]:
    """The gradient as it is called, and compiled; none without JAX."""
    if importlib.util.find_spec("jax") is None:
        return {}
    jax: Any = importlib.import_module("jax")
    jnp: ModuleType = importlib.import_module("jax.numpy")
    jax.config.update("jax_enable_x64", True)

    def form(b: Any, lam: Any) -> Any:
        rank = b.shape[-1]
        inside, outside = lam[:, :rank], lam[:, rank:]
        factor = b**2 * (2 + inside + jnp.sum(inside**2, axis=-1, keepdims=True))
        w = jnp.sum(factor[:, :, None] / (inside[:, :, None] - outside[:, None, :]) ** 2, axis=1)
        return jnp.sum(w) + 2 * jnp.sum(w**2)

    gradient = jax.value_and_grad(form, argnums=(0, 1))
    compiled = jax.jit(gradient)
    there = jnp.asarray(b), jnp.asarray(lam)
    return {
        "jax": lambda: jax.block_until_ready(gradient(*there)),
        "compiled": lambda: jax.block_until_ready(compiled(*there)),
    }


def _lambdify(size: tuple[int, int, int], runs: int) -> Row:
    what = f"S, ({size[0]}, {size[1]}): lambdify(diff, cse=True) / kernel's value + gradient"
    count = LAMBDIFY.get(size[:2])
    if count is None:
        return Row(what, None, "x", RIVALS, True, note="written out it is too long to build")
    b, lam = inputs_s(size[0], size[1], count)
    function, kernel, columns = lambdified_s(*size[:2]), form_s(), [*b.T.copy(), *lam.T.copy()]
    actions: dict[str, Callable[[], Any]] = {
        "rival": lambda: function(*columns),
        "kernel": partial(kernel.value_and_gradient, b, lam, of=BOTH),
    }
    taken = interleaved(actions, max(runs // 2, 1), time.thread_time)
    return Row(what, taken["rival"] / taken["kernel"], "x", RIVALS, True, note=f"B = {count:.0e}")


if __name__ == "__main__":
    for row in measured(int(sys.argv[1])):
        print(json.dumps(asdict(row)), flush=True)
