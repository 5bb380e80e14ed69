"""Code generation for symbolic dimensions: the text of a kernel from a derived law, and the tables of natural parameters."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import sympy

from symasym.benchmarks.rows import Row, median, seconds
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
    clock, runs, law = time.process_time, max(runs // 2, 3), derivation.law
    taken = median(partial(emit, law), runs, clock)
    tables = median(partial(natural_of, derivation), runs, clock)
    note = f"processor time; what natural parameters need before: {1e3 * tables:.3g} ms"
    yield Row(f"code generation for {label}, every (d, k) at once", taken, "s", GOAL, note=note)
    alone = median(partial(_lambdified, law, False), runs, clock)
    rival = seconds(partial(_lambdified, law, True), clock)
    note = f"`lambdify` of the values alone: {1e3 * alone:.3g} ms"
    yield Row("  SymPy's `diff` and `lambdify` / code generation", rival / taken, "x", note=note)


def _lambdified(law: Law, derivatives: bool) -> object:
    """What SymPy writes for the same formulas, with derivatives by every scalar and every entry: no batch, sums as loops."""
    values = [item.variance for item in law.ranges if item.variance is not None]
    values += [definition for _, definition in law.definitions] + [law.noise, law.excess_loss_mean]
    free = set().union(*(value.free_symbols for value in values))
    bases = sorted(set().union(*(value.atoms(sympy.IndexedBase) for value in values)), key=str)
    labels, place = {base.label for base in bases}, sympy.Symbol("place", integer=True)
    scalars = sorted((s for s in free if isinstance(s, sympy.Symbol) and s not in labels), key=str)
    by = [s for s in scalars if not s.is_integer] + [base[place] for base in bases]
    slopes = [value.diff(x) for value in values for x in by] if derivatives else []
    return sympy.lambdify([*scalars, place, *bases], values + slopes, modules="numpy", cse=True)
