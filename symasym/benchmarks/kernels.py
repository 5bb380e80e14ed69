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

from symasym.benchmarks.breakdown import Breakdown
from symasym.benchmarks.forms import compiled_s, form_f, form_s, inputs_f, inputs_s, lambdified_s, plain_f, plain_s
from symasym.benchmarks.native import native
from symasym.benchmarks.roofs import f_parts, operations_written, shown, single_parts
from symasym.benchmarks.rows import Row, interleaved
from symasym.errors import InputError

__all__ = ["rows"]

S_SIZES = {(10, 2, 100_000): (4, 3), (64, 8, 50_000): (3, 9), (512, 32, 4_000): (3, 8.5)}
"""Sizes `(d, k, B)` of S: how many times faster than plain NumPy, at most how many times slower than C."""
F_SIZES = {2: 1.6, 8: 5.0, 32: 3.5, 128: 3.5}
"""Sizes `k` of F: at most how many times slower than C."""
BATCH = 100_000
GRADIENT, RIVALS, WORKSPACE, SINGLE, COMPILED, SHARED = 2.2, 5, 4.0, 1.1, 1.1, 1.0
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
    }
    if c is not None:
        actions |= {"c": partial(c.s, b, lam), "folded": partial(c.s, b, lam, True)}
        actions["compiled"] = partial(compiled_s(True).cumulants, 2, b=b, lam=lam)
        actions["alone"] = partial(compiled_s(False).cumulants, 2, b=b, lam=lam)
        actions["compiled gradient"] = partial(compiled_s(True).value_and_gradient, (1.0, 1.0), b=b, lam=lam)
    taken = interleaved(actions, runs, time.thread_time)
    parts = Breakdown.of(kernel, b, lam, runs)
    where, none = f"S, (d, k, B) = ({size[0]}, {rank}, {size[2]:.0e})", "no C compiler"
    why = parts.shares(parts.value, parts.roof, taken["kernel"])
    yield Row(f"{where}: kernel", taken["kernel"] * 1e3, "ms", note=why)
    yield Row(f"{where}: plain NumPy / kernel", taken["plain"] / taken["kernel"], "x", faster, at_least=True)
    yield _against(f"{where}: kernel / C", taken, "kernel", "c", slower, none)
    yield _against(f"{where}: C, four terms to a division / C", taken, "folded", "c", None, none)
    yield _against(f"{where}: compiled from the law / C", taken, "compiled", "c", SHARED, none)
    yield _against(f"{where}: compiled, a division for each term / C", taken, "alone", "c", COMPILED, none)
    why = parts.shares(parts.gradient, parts.steep, taken["gradient"])
    yield Row(f"{where}: kernel, value + gradient", taken["gradient"] * 1e3, "ms", note=why)
    why = f"the array operations alone: {parts.steep / parts.roof:.2f}"
    yield Row(f"{where}: value + gradient / value", taken["gradient"] / taken["kernel"], "x", GRADIENT, note=why)
    what = f"{where}: compiled, value + gradient / value"
    yield _against(what, taken, "compiled gradient", "compiled", None, none)
    yield from _jax_rows(where, b, lam, actions, runs)
    yield from _lambdify(size, runs)


def _jax_rows(where: str, b: Any, lam: Any, actions: Mapping[str, Callable[[], Any]], runs: int) -> Iterator[Row]:
    """JAX as it is called against the kernel; JAX compiled against the compiled law, like against like.

    Seconds of the wall clock, because JAX has threads of its own; the ratio of processor seconds is noted.
    """
    mine = {name: actions[name] for name in ("gradient", "compiled gradient") if name in actions}
    rivals = _jax_s(b, lam)
    wall = interleaved({**rivals, **mine}, runs) if rivals else {}
    busy = interleaved({**rivals, **mine}, runs, time.process_time) if rivals else {}
    pairs = {
        ("jax", "gradient"): ("jax.value_and_grad / kernel's value + gradient", RIVALS),
        ("jax", "compiled gradient"): ("jax.value_and_grad / compiled value + gradient", RIVALS),
        ("jitted", "compiled gradient"): ("jax.jit(jax.value_and_grad) / compiled value + gradient", RIVALS),
        ("jitted", "gradient"): ("jax.jit(jax.value_and_grad) / kernel's value + gradient", None),
    }
    for (above, below), (text, goal) in pairs.items():
        if above in wall and below in wall:
            note = f"in seconds of all processors: {busy[above] / busy[below]:.2f}"
            yield Row(f"{where}: {text}", wall[above] / wall[below], "x", goal, True, note=note)
        else:
            yield Row(f"{where}: {text}", None, "x", goal, True, note="no JAX" if not rivals else "no C compiler")


def _against(
    what: str,
    taken: Mapping[str, float],
    above: str,
    below: str,
    goal: float | None,
    why: str,
    at_least: bool = False,
    note: str = "",
) -> Row:
    """A ratio, or why there is none."""
    if above not in taken or below not in taken:
        return Row(what, None, "x", goal, at_least, note=why)
    return Row(what, taken[above] / taken[below], "x", goal, at_least, note)


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
        parts = single_parts(kernel, b, lam, runs)
        note = f"{taken['kernel'] / 200 * 1e6:.0f} us: {shown(parts, 1e-6)}"
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
    parts, roof = f_parts(kernel, a, s, runs)
    why = f"in per cent: {shown(parts, taken['kernel'] / 100)}"
    if c is not None:
        why += f"; array operations alone / C: {roof / taken['c']:.2f}"
    yield _against(f"{where}: kernel / C", taken, "kernel", "c", slower, "no C compiler", note=why)
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
        "jitted": lambda: jax.block_until_ready(compiled(*there)),
    }


def _lambdify(size: tuple[int, int, int], runs: int) -> Iterator[Row]:
    what = f"S, ({size[0]}, {size[1]}): lambdify(diff, cse=True)"
    count = LAMBDIFY.get(size[:2])
    if count is None:
        yield Row(f"{what} / kernel's value + gradient", None, "x", RIVALS, True, note="too long to build")
        return
    b, lam = inputs_s(size[0], size[1], count)
    function, kernel, columns = lambdified_s(*size[:2]), form_s(), [*b.T.copy(), *lam.T.copy()]
    actions: dict[str, Callable[[], Any]] = {
        "rival": lambda: function(*columns),
        "kernel": partial(kernel.value_and_gradient, b, lam, of=BOTH),
    }
    if native() is not None:
        actions["compiled"] = partial(compiled_s(True).value_and_gradient, (1.0, 1.0), b=b, lam=lam)
    taken = interleaved(actions, max(runs // 2, 1), time.thread_time)
    steep = Breakdown.of(kernel, b, lam, runs).steep
    written = operations_written(function)
    note = (
        f"B = {count:.0e}; its columns are turned beforehand; {written} operations on columns of {8 * count / 1000:.0f} kB, "
        f"{taken['rival'] / written / count * 1e9:.2f} ns a number; "
        f"against the kernel's array operations alone: {taken['rival'] / steep:.2f}"
    )
    yield Row(f"{what} / kernel's value + gradient", taken["rival"] / taken["kernel"], "x", RIVALS, True, note=note)
    yield _against(f"{what} / compiled value + gradient", taken, "rival", "compiled", RIVALS, "no C compiler", True)


if __name__ == "__main__":
    for row in measured(int(sys.argv[1])):
        print(json.dumps(asdict(row)), flush=True)
