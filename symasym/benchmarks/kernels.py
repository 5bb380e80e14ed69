"""Kernels against plain NumPy, C, JAX and `lambdify`, in a process of its own with one thread for linear algebra."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from symasym.benchmarks.forms import form_f, form_s, inputs_f, inputs_s, lambdified_s, plain_f, plain_s
from symasym.benchmarks.native import native
from symasym.benchmarks.rows import Row, interleaved
from symasym.errors import InputError

__all__ = ["rows"]

S_SIZES = {(10, 2, 100_000): (4, 3), (64, 8, 50_000): (3, 9), (512, 32, 4_000): (3, 8.5)}
"""Sizes `(d, k, B)` of S: how many times faster than plain NumPy, at most how many times slower than C."""
F_SIZES = {2: 1.6, 8: 5.0, 32: 3.5, 128: 3.5}
"""Sizes `k` of F: at most how many times slower than C."""
BATCH = 100_000
GRADIENT, RIVALS, WORKSPACE = 2.2, 5, 4.0
LAMBDIFY = {(10, 2): 10_000, (64, 8): 10_000}
"""Sizes of S at which formulas written out can be differentiated in reasonable time, with the batch."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
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
    for size, (faster, slower) in S_SIZES.items():
        yield from _form_s(size, faster, slower, runs)
    yield from _single(runs)
    for size, slower in F_SIZES.items():
        yield from _form_f(size, slower, runs)
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
    jax = _jax_s(b, lam)
    actions |= {"jax": jax} if jax else {}
    taken = interleaved(actions, runs)
    where = f"S, (d, k, B) = ({size[0]}, {rank}, {size[2]:.0e})"
    elements = size[2] * rank * (size[0] - rank)
    floor = f"the same array operations one by one in L2: {_floor_seconds(taken, elements) / taken['kernel']:.2f} of it"
    yield Row(f"{where}: kernel", taken["kernel"] * 1e3, "ms", note=floor)
    yield Row(f"{where}: plain NumPy / kernel", taken["plain"] / taken["kernel"], "x", faster, at_least=True)
    yield _against(f"{where}: kernel / C", taken, "kernel", "c", slower, "no C compiler")
    yield _against(f"{where}: C, four terms to a division / C", taken, "folded", "c", None, "no C compiler")
    yield Row(f"{where}: value + gradient / value", taken["gradient"] / taken["kernel"], "x", GRADIENT)
    what = f"{where}: jax.value_and_grad / kernel's value + gradient"
    yield _against(what, taken, "jax", "gradient", RIVALS, "JAX is not installed", True)
    yield _lambdify(size, runs)


def _against(
    what: str, taken: Mapping[str, float], above: str, below: str, goal: float | None, why: str, at_least: bool = False
) -> Row:
    """A ratio, or why there is none."""
    if above not in taken or below not in taken:
        return Row(what, None, "x", goal, at_least, note=why)
    return Row(what, taken[above] / taken[below], "x", goal, at_least)


def _floor(rank: int, rest: int) -> dict[str, Callable[[], Any]]:
    """The operations of S on one tile that lies in the second-level cache: what array operations can do at best."""
    width = 16_384
    x, y, out = np.full(width, 3.0), np.full(width, 1.0), np.empty(width)
    repeat = range(50)

    def difference() -> None:
        for _ in repeat:
            np.subtract(x, y, out=out)

    def square() -> None:
        for _ in repeat:
            np.multiply(x, x, out=out)

    def divide() -> None:
        for _ in repeat:
            np.divide(x, y, out=out)

    matrix = x.reshape(8, -1)

    def reduce() -> None:
        for _ in repeat:
            np.add.reduce(matrix, axis=0)

    del rank, rest
    found = {"difference": difference, "square": square, "divide": divide, "reduce": reduce}
    return {f"floor {name}": action for name, action in found.items()}


def _floor_seconds(taken: Mapping[str, float], elements: int) -> float:
    """One difference, square, division and addition for each element."""
    return sum(value for name, value in taken.items() if name.startswith("floor ")) / (50 * 16_384) * elements


def _single(runs: int) -> Iterator[Row]:
    """One problem at a time."""
    kernel = form_s()
    for size, rank, _ in S_SIZES:
        b, lam = inputs_s(size, rank, 1)
        repeat = range(200)

        def many(action: Callable[[], Any], repeat: range = repeat) -> None:
            for _ in repeat:
                action()

        actions = {"kernel": partial(kernel.cumulants, b, lam, order=2), "plain": partial(plain_s, b, lam)}
        taken = interleaved({name: partial(many, action) for name, action in actions.items()}, runs)
        where = f"S, ({size}, {rank}, 1)"
        note = f"{taken['kernel'] / 200 * 1e6:.0f} us, of them what checks arguments and domain"
        yield Row(f"{where}: kernel / plain NumPy", taken["kernel"] / taken["plain"], "x", 1.0, note=note)


def _form_f(size: int, slower: float, runs: int) -> Iterator[Row]:
    kernel, (a, s), c = form_f(), inputs_f(size, BATCH), native()
    actions: dict[str, Callable[[], Any]] = {
        "kernel": partial(kernel.excess_loss_mean, a, s, d=size + 1),
        "plain": partial(plain_f, a, s),
    }
    if c is not None:
        actions["c"] = partial(c.f, a, s)
    taken = interleaved(actions, runs)
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


def _jax_s(b: Any, lam: Any) -> Callable[[], Any] | None:
    if importlib.util.find_spec("jax") is None:
        return None
    jax: Any = importlib.import_module("jax")
    jnp: ModuleType = importlib.import_module("jax.numpy")
    jax.config.update("jax_enable_x64", True)

    def form(b: Any, lam: Any) -> Any:
        rank = b.shape[-1]
        inside, outside = lam[:, :rank], lam[:, rank:]
        factor = b**2 * (2 + inside + jnp.sum(inside**2, axis=-1, keepdims=True))
        w = jnp.sum(factor[:, :, None] / (inside[:, :, None] - outside[:, None, :]) ** 2, axis=1)
        return jnp.sum(w) + 2 * jnp.sum(w**2)

    compiled = jax.jit(jax.value_and_grad(form, argnums=(0, 1)))
    there = jnp.asarray(b), jnp.asarray(lam)
    return lambda: jax.block_until_ready(compiled(*there))


def _lambdify(size: tuple[int, int, int], runs: int) -> Row:
    what = f"S, ({size[0]}, {size[1]}): lambdify(diff, cse=True) / kernel's value + gradient"
    count = LAMBDIFY.get(size[:2])
    if count is None:
        return Row(what, None, "x", RIVALS, True, note="written out it is too long to build")
    b, lam = inputs_s(size[0], size[1], count)
    function, kernel, columns = lambdified_s(*size[:2]), form_s(), [*b.T.copy(), *lam.T.copy()]
    actions = {
        "rival": lambda: function(*columns),
        "kernel": partial(kernel.value_and_gradient, b, lam, of=BOTH),
    }
    taken = interleaved(actions, max(runs // 2, 1))
    return Row(what, taken["rival"] / taken["kernel"], "x", RIVALS, True, note=f"B = {count:.0e}")


if __name__ == "__main__":
    for row in measured(int(sys.argv[1])):
        print(json.dumps(asdict(row)), flush=True)
