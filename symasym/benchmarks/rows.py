"""Rows of the table, and the clocks."""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["SEED", "Row", "interleaved", "median", "seconds", "traced"]

SEED = 20261120


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, the value and its unit, the most it should be, and what to know about it."""

    what: str
    value: float | None
    unit: str
    goal: float | None = None
    at_least: bool = False
    """The goal is a lower bound."""
    note: str = ""
    roof: float | None = None
    """What the same ratio is with NumPy by hand in the place of the kernel."""
    checked: float | None = None
    """The same, where the program by hand looks at arguments and results as a kernel has to."""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal or a measurement."""
        if self.goal is None or self.value is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


Clock = Callable[[], float]


def seconds(action: Callable[[], Any], clock: Clock = time.perf_counter) -> float:
    """Seconds of one call, of the wall clock unless another one is given; without the garbage collector, as `timeit` has it."""
    collects = gc.isenabled()
    gc.disable()
    try:
        start = clock()
        action()
        return clock() - start
    finally:
        if collects:
            gc.enable()


def median(action: Callable[[], Any], runs: int, clock: Clock = time.perf_counter) -> float:
    """Median seconds, of the wall clock unless another one is given."""
    return statistics.median(seconds(action, clock) for _ in range(runs))


def interleaved(
    actions: Mapping[str, Callable[[], Any]], runs: int, clock: Clock = time.perf_counter
) -> dict[str, float]:
    """Median seconds of each action, in turns, so that a drift of the machine hits all alike; one round more warms up."""
    found: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(runs + 1):
        for name, action in actions.items():
            taken = seconds(action, clock)
            if number:
                found[name].append(taken)
    return {name: statistics.median(values) for name, values in found.items()}


def traced(action: Callable[[], Any]) -> tuple[float, float]:
    """Seconds, and peak memory of arrays in MB (in a second run, because tracing slows things down)."""
    taken = seconds(action)
    tracemalloc.start()
    action()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return taken, peak / 1e6
