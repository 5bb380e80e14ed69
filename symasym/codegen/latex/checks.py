"""The section on what verified the law: the records of `symasym.evidence` in words and in a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy

from symasym.codegen.latex.names import escaped
from symasym.codegen.latex.printer import formula
from symasym.evidence import Evidence, Simulation

__all__ = ["Checks", "Run", "checks"]

ROUTES = 1e-9
"""Relative difference of closed form, general route and kernel at which `symasym build` stops."""


@dataclass(frozen=True)
class Run:
    """One row of the table of simulations."""

    case: str
    m: str
    derived: str
    found: str
    error: str
    z: str
    distance: str
    total: str
    verdict: str


@dataclass(frozen=True)
class Checks:
    """Section on the checks; empty fields where nothing is kept. `closed` with a closed form; `distances` with KS and total."""

    closed: bool
    routes: str
    sizes: str
    count: str
    points: str
    exact_date: str
    problems: str
    choices: str
    digits: str
    worst: str
    bound: str
    runs: tuple[Run, ...]
    seed: str
    dates: str
    repetitions: str
    sizes_of_m: str
    extrapolated: str
    distances: bool


def checks(evidence: Evidence, closed: bool) -> Checks:
    """What was compared, at how many points, how closely, when."""
    exact, many, runs = evidence.exact, evidence.digits, evidence.simulations
    several = any(run.m[0] < run.m[1] for run in runs)
    return Checks(
        closed=closed,
        routes=power(ROUTES),
        sizes="; ".join(map(_sizes, exact.sizes)) if exact else "",
        count=str(len(exact.sizes)) if exact else "",
        points=str(exact.points) if exact else "",
        exact_date=exact.date if exact else "",
        problems=str(many.problems) if many else "",
        choices=str(many.sizes) if many else "",
        digits=str(many.digits) if many else "",
        worst=power(many.worst) if many else "",
        bound=power(many.bound) if many else "",
        runs=tuple(map(_run, runs)),
        seed=", ".join(sorted({str(run.seed) for run in runs})),
        dates=" and ".join(sorted({run.date for run in runs})),
        repetitions=_repetitions(runs),
        sizes_of_m="four values of $m$ that double, from the smallest to the largest below"
        if several
        else "the $m$ below",
        extrapolated="the intercept of $a + b/m$ through the means" if several else "the mean",
        distances=any(run.distance is not None for run in runs),
    )


def power(value: float) -> str:
    r"""`3.1e-16` as `3.1 \cdot 10^{-16}`."""
    digits, _, exponent = f"{value:.1e}".partition("e")
    front = "" if digits == "1.0" else rf"{digits.removesuffix('.0')} \cdot "
    return f"{front}10^{{{int(exponent)}}}"


def _sizes(sizes: dict[str, int]) -> str:
    return f"${', '.join(f'{formula(sympy.Symbol(name))} = {size}' for name, size in sizes.items())}$"


def _run(run: Simulation) -> Run:
    return Run(
        case=escaped(run.case),
        m=f"{run.m[0]}--{run.m[1]}" if run.m[0] < run.m[1] else str(run.m[0]),
        derived=f"{run.derived:.5g}",
        found=f"{run.intercept:.5g}",
        error=f"{run.se * run.derived:.2g}",
        z=_signed(run.z),
        distance="" if run.distance is None else f"{run.distance:.4f} ({run.bound:.4f})",
        total="" if run.total_z is None else _signed(run.total_z),
        verdict=escaped(run.verdict),
    )


def _signed(value: float) -> str:
    return f"${value:+.2f}$"


def _repetitions(runs: Iterable[Simulation]) -> str:
    """Repetitions at each sample size; where a record does not say, how they were chosen."""
    known = sorted({run.reps for run in runs if run.reps is not None})
    if any(run.reps is None for run in runs):
        return "6000 repetitions (12000 where these left a standard error above one per cent of the mean)"
    return f"{' or '.join(map(str, known))} repetitions"
