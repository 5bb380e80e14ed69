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
from dataclasses import asdict, dataclass
from functools import partial
from types import ModuleType
from typing import Any

from symasym.benchmarks.breakdown import Breakdown
from symasym.benchmarks.forms import compiled_s, form_f, form_s, inputs_f, inputs_s, lambdified_s, plain_f, plain_s
from symasym.benchmarks.handwritten import best, f_by_hand, s_by_hand, s_gradient_by_hand, with_small_buffers
from symasym.benchmarks.native import native
from symasym.benchmarks.roofs import f_parts, operations_written, shown, single_parts
from symasym.benchmarks.rows import Clock, Row, interleaved
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
    by_hand = {"kernel": Hands.of(s_by_hand, b, lam, runs), "gradient": Hands.of(s_gradient_by_hand, b, lam, runs)}
    taken, ways = _with_hands(actions, by_hand, runs, time.thread_time)
    parts = Breakdown.of(kernel, b, lam, runs)
    where = f"S, (d, k, B) = ({size[0]}, {rank}, {size[2]:.0e})"
    why = parts.shares(taken["kernel"], False)
    yield _milliseconds(f"{where}: kernel", taken, "kernel", why)
    yield _against(f"{where}: plain NumPy / kernel", taken, "plain", "kernel", faster, at_least=True)
    yield _against(f"{where}: kernel / C", taken, "kernel", "c", slower, note=f"by hand: {ways['kernel']}")
    yield _against(f"{where}: C, four terms to a division / C", taken, "folded", "c")
    yield _against(f"{where}: compiled from the law / C", taken, "compiled", "c", SHARED)
    yield _against(f"{where}: compiled, a division for each term / C", taken, "alone", "c", COMPILED)
    why = parts.shares(taken["gradient"], True)
    yield _milliseconds(f"{where}: kernel, value + gradient", taken, "gradient", why)
    why = f"the array operations alone: {parts.steep / parts.roof:.2f}; by hand: {ways['gradient']}"
    yield _against(f"{where}: value + gradient / value", taken, "gradient", "kernel", GRADIENT, note=why)
    yield _against(f"{where}: compiled, value + gradient / value", taken, "compiled gradient", "compiled")
    yield from _jax_rows(where, b, lam, actions, by_hand["gradient"], runs)
    yield from _lambdify(size, runs)


Ways = Mapping[str, Callable[[], Any]]


@dataclass(frozen=True)
class Hands:
    """The same by hand in a few ways, and with checks of arguments and results."""

    bare: Ways
    checked: Ways

    @classmethod
    def of(cls, write: Callable[..., dict[str, Callable[[], Any]]], first: Any, second: Any, runs: int) -> Hands:
        """The quickest ways, and the same ones with checks."""
        bare = best(write(first, second), runs)
        checked = write(first, second, True)
        return cls(bare, with_small_buffers({name: checked[name] for name in bare}))


def _with_hands(
    actions: Ways, by_hand: Mapping[str, Hands], runs: int, clock: Clock
) -> tuple[dict[str, float], dict[str, str]]:
    """Seconds of all actions, and of the quickest way by hand for those that have such ways, which is named."""
    groups = {HANDS[name]: hands.bare for name, hands in by_hand.items()}
    groups |= {CHECKED[name]: hands.checked for name, hands in by_hand.items()}
    every = {f"{group}: {way}": action for group, ways in groups.items() for way, action in ways.items()}
    taken = interleaved({**actions, **every}, runs, clock)
    found, quickest = {name: taken[name] for name in actions}, {}
    for group, ways in groups.items():
        seconds = {way: taken[f"{group}: {way}"] for way in ways}
        quickest[group] = min(seconds, key=seconds.__getitem__)
        found[group] = seconds[quickest[group]]
    return found, {name: quickest[HANDS[name]] for name in by_hand}


def _milliseconds(what: str, taken: Mapping[str, float], name: str, note: str) -> Row:
    """Milliseconds of a kernel and of the same by hand."""
    bare, checked = taken[HANDS[name]] * 1e3, taken[CHECKED[name]] * 1e3
    return Row(what, taken[name] * 1e3, "ms", note=note, roof=bare, checked=checked)


def _jax_rows(where: str, b: Any, lam: Any, actions: Ways, by_hand: Hands, runs: int) -> Iterator[Row]:
    """JAX as it is called against the kernel; JAX compiled against the compiled law, like against like.

    Seconds of the wall clock, because JAX has threads of its own; the ratio of processor seconds is noted.
    """
    rivals = _jax_s(b, lam)
    every = rivals | {name: actions[name] for name in ("gradient", "compiled gradient") if name in actions}
    wall, busy = (
        _with_hands(every, {"gradient": by_hand}, runs, clock)[0] if rivals else {}
        for clock in (time.perf_counter, time.process_time)
    )
    pairs = {
        ("jax", "gradient"): ("jax.value_and_grad / kernel's value + gradient", RIVALS),
        ("jax", "compiled gradient"): ("jax.value_and_grad / compiled value + gradient", RIVALS),
        ("jitted", "compiled gradient"): ("jax.jit(jax.value_and_grad) / compiled value + gradient", RIVALS),
        ("jitted", "gradient"): ("jax.jit(jax.value_and_grad) / kernel's value + gradient", None),
    }
    for (above, below), (text, goal) in pairs.items():
        there = above in busy and below in busy
        note = f"in seconds of all processors: {busy[above] / busy[below]:.2f}" if there else ""
        yield _against(f"{where}: {text}", wall, above, below, goal, True, note)


MISSING = {"jax": "no JAX", "jitted": "no JAX"}
HANDS = {"kernel": "kernel by hand", "gradient": "gradient by hand"}
"""What stands for the kernel in a roof."""
CHECKED = {"kernel": "kernel by hand with checks", "gradient": "gradient by hand with checks"}


def _against(
    what: str,
    taken: Mapping[str, float],
    above: str,
    below: str,
    goal: float | None = None,
    at_least: bool = False,
    note: str = "",
) -> Row:
    """A ratio with the same of NumPy by hand, or why there is none."""
    for name in (above, below):
        if name not in taken:
            return Row(what, None, "x", goal, at_least, MISSING.get(name, "no C compiler"))
    roofs = []
    for instead in (HANDS, CHECKED):
        first, second = instead.get(above, above), instead.get(below, below)
        has_roof = (first, second) != (above, below) and first in taken and second in taken
        roofs.append(taken[first] / taken[second] if has_roof else None)
    return Row(what, taken[above] / taken[below], "x", goal, at_least, note, *roofs)


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
    taken, ways = _with_hands(actions, {"kernel": Hands.of(f_by_hand, a, s, runs)}, runs, time.thread_time)
    where = f"F, (k, B) = ({size}, {BATCH:.0e})"
    parts, roof = f_parts(kernel, a, s, runs)
    why = f"in per cent: {shown(parts, taken['kernel'] / 100)}; by hand: {ways['kernel']}"
    if c is not None:
        why += f"; array operations alone / C: {roof / taken['c']:.2f}"
    yield _against(f"{where}: kernel / C", taken, "kernel", "c", slower, note=why)
    yield _against(f"{where}: plain NumPy / kernel", taken, "plain", "kernel")


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
        "gradient": partial(kernel.value_and_gradient, b, lam, of=BOTH),
    }
    if native() is not None:
        actions["compiled"] = partial(compiled_s(True).value_and_gradient, (1.0, 1.0), b=b, lam=lam)
    by_hand = {"gradient": Hands.of(s_gradient_by_hand, b, lam, runs)}
    taken, _ = _with_hands(actions, by_hand, max(runs // 2, 1), time.thread_time)
    written = operations_written(function)
    note = (
        f"B = {count:.0e}; its columns are turned beforehand; {written} operations on columns of {8 * count / 1000:.0f} kB, "
        f"{taken['rival'] / written / count * 1e9:.2f} ns a number"
    )
    yield _against(f"{what} / kernel's value + gradient", taken, "rival", "gradient", RIVALS, True, note)
    yield _against(f"{what} / compiled value + gradient", taken, "rival", "compiled", RIVALS, True)


if __name__ == "__main__":
    for row in measured(int(sys.argv[1])):
        print(json.dumps(asdict(row)), flush=True)
