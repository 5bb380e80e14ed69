"""Code generation for symbolic dimensions: the text of a kernel from a derived law, and the tables of natural parameters."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import sympy

from symasym.benchmarks.rows import Row, median
from symasym.codegen.natural import natural_of
from symasym.codegen.numpy import emit
from symasym.law.law import Law
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
    alone = median(partial(_lambdified, derivation.law), runs, clock)
    note = f"processor time; `lambdify` of the values alone: {1e3 * alone:.3g} ms"
    note += f"; what natural parameters need before: {1e3 * tables:.3g} ms"
    yield Row(f"code generation for {label}, every (d, k) at once", taken, "s", GOAL, note=note)


def _lambdified(law: Law) -> object:
    """What SymPy writes for the same formulas: no derivatives, no batch, one layout, sums as loops in Python."""
    values = [item.variance for item in law.ranges if item.variance is not None]
    values += [definition for _, definition in law.definitions] + [law.noise, law.excess_loss_mean]
    free = set().union(*(value.free_symbols for value in values))
    bases = set().union(*(value.atoms(sympy.IndexedBase) for value in values))
    scalars = {s for s in free if isinstance(s, sympy.Symbol)} - {base.label for base in bases}
    return sympy.lambdify(sorted(scalars | bases, key=str), values, modules="numpy", cse=True)
