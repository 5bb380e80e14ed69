"""Code generation for symbolic dimensions: the text of a kernel from a derived law, and the tables of natural parameters."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

from symasym.benchmarks.rows import Row, median
from symasym.codegen.natural import natural_of
from symasym.codegen.numpy import emit
from symasym.pipeline import AnyDerivation, Derivation

__all__ = ["rows"]

GOAL = 0.05


def rows(derivation: AnyDerivation, label: str, runs: int) -> Iterator[Row]:
    """The kernel of a derivation with a closed form, in processor time; nothing is expanded, so that this is for any (d, k)."""
    if not isinstance(derivation, Derivation):
        return
    clock, runs = time.process_time, max(runs // 2, 3)
    taken = median(partial(emit, derivation.law), runs, clock)
    tables = median(partial(natural_of, derivation), runs, clock)
    note = f"processor time; what natural parameters need before: {1e3 * tables:.3g} ms"
    yield Row(f"code generation for {label}, every (d, k) at once", taken, "s", GOAL, note=note)
