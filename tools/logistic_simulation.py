"""Simulate both stages with logistic regression as the second, and put the result into `docs/logistic.md`.

    python tools/logistic_simulation.py [REPETITIONS]

The seed is fixed, so the numbers come back. 4000 repetitions take about ten minutes on one core.
"""

from __future__ import annotations

import datetime
import sys
import time
from pathlib import Path
from typing import Any

from symasym import catalogue
from symasym.files import write_whole
from symasym.simulation.logistic_procedure import LogisticFinding, LogisticRun, run_logistic
from symasym.simulation.procedure import SEED, default_input

DOCS = Path(__file__).parent.parent / "docs" / "logistic.md"
REPETITIONS = 4000
BEGIN, END = "<!-- simulation -->\n", "<!-- end of the simulation -->\n"
DOWN = [[(2.0 if m == n else 0.0) + 1.0 / (1 + abs(m - n)) for n in range(8)] for m in range(8)]
"""A downstream covariance that is diagonal in no basis of the first stage."""

CASES: list[tuple[str, str, dict[str, Any], tuple[int, ...]]] = [
    ("factor", "defaults", {"alpha": 0.5}, (1000, 2000, 4000, 8000)),
    ("factor", "another downstream covariance", {"Sigma_down": DOWN}, (1000, 2000, 4000, 8000)),
    ("spectral", "defaults", {"alpha": 4.0}, (500, 1000, 2000, 4000)),
]
"""Model, what is different from the problem that its file verifies, the changed keys, the grid of `n`."""
FEW = ("factor", {"alpha": 4.0}, (16, 24, 32))
"""A problem with so few labels that many draws are separable: they are counted, nothing is judged."""


def rows(name: str, case: str, run: LogisticRun, seconds: float) -> list[str]:
    """Two rows of the table, one for each risk."""
    found = []
    for risk, finding in (("log-loss", run.log_loss), ("0-1", run.zero_one)):
        fit = finding.fit
        found.append(
            f"| {name} | {case} | {run.alpha:g} | {risk} | {finding.derived:.5g} | {fit.intercept:.5g} "
            f"| {fit.intercept_se:.2g} | "
            f"{finding.z:+.2f} | {fit.p:.2f} | {finding.distance:.4f} | {finding.bound:.4f} | {verdict(finding)} |"
        )
    print(f"{name}, {case}: {seconds:.0f} s", file=sys.stderr)
    return found


def shares(run: LogisticRun) -> str:
    """Separable draws at each `n`."""
    return ", ".join(f"{count} at n = {n}" for n, count in zip(run.grid, run.separable, strict=True))


def verdict(finding: LogisticFinding) -> str:
    """Accepted within 3 standard errors and the Kolmogorov bound."""
    return (
        "accepted" if abs(finding.z) <= 3 and finding.distance < finding.bound and finding.fit.p > 1e-3 else "refused"
    )


def main() -> int:
    """Run every case and write the table."""
    reps = int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS
    table, counts, accepted = [], [], True
    for name, case, changes, grid in CASES:
        loaded = catalogue.load(name)
        start = time.monotonic()
        run = run_logistic(loaded, {**default_input(loaded), **changes}, grid, reps, SEED)
        table += rows(name, case, run, time.monotonic() - start)
        counts.append(
            f"{name}, {case}: " + ", ".join(f"{c} at n = {n}" for n, c in zip(grid, run.separable, strict=True))
        )
        accepted &= "refused" not in (verdict(run.log_loss), verdict(run.zero_one))
    name, changes, grid = FEW
    few = run_logistic(catalogue.load(name), {**default_input(catalogue.load(name)), **changes}, grid, reps, SEED)
    counts.append(f"{name}, few labels: {shares(few)}")
    text = "\n".join(
        [
            f"Seed {SEED}, {reps} repetitions at each `n`, {datetime.date.today()}, one core.",
            "",
            "| model | case | alpha | risk | derived | intercept | se | z | line | KS | bound | verdict |",
            "|---|---|---|---|---|---|---|---|---|---|---|---|",
            *table,
            "",
            f"Separable draws, of {reps}:",
            "",
            *(f"* {line}." for line in counts),
            "",
        ]
    )
    page = DOCS.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    write_whole(DOCS, before + BEGIN + text + END + rest.split(END)[1])
    print(text)
    return 0 if accepted else 1


if __name__ == "__main__":
    raise SystemExit(main())
