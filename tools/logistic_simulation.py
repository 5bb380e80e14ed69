"""Simulate both stages with logistic regression as the second, and put the result into `docs/logistic.md`.

    python tools/logistic_simulation.py [REPETITIONS]

The seed is fixed, so the numbers come back. 4000 repetitions take about ten minutes on one core.
"""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import Any

from symasym import catalogue
from symasym.files import write_whole
from symasym.simulation.logistic_judge import LogisticJudgement
from symasym.simulation.logistic_procedure import LogisticResults
from symasym.simulation.procedure import SEED, Verification, default_input, verify

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


def run(name: str, changes: dict[str, Any], grid: tuple[int, ...], reps: int) -> tuple[LogisticJudgement, Verification]:
    """Both stages at every `n` of the grid, with `alpha n` unlabelled samples."""
    loaded = catalogue.load(name)
    document = {**default_input(loaded), **changes}
    sizes = [round(document["alpha"] * n) for n in grid]
    found = verify(loaded, document, seed=SEED, reps=reps, m=sizes, downstream="logistic")
    assert isinstance(found.judgement, LogisticJudgement)
    return found.judgement, found


def rows(name: str, case: str, judged: LogisticJudgement, seconds: float) -> list[str]:
    """Two rows of the table, one for each risk."""
    alpha, found = float(judged.law.least_squares.alpha), []
    for risk, (_, constant, judged_risk) in zip(("log-loss", "0-1"), judged.named, strict=True):
        fit, distance = constant.fit, judged_risk.distance
        found.append(
            f"| {name} | {case} | {alpha:g} | {risk} | {constant.derived:.5g} | {fit.intercept:.5g} | {fit.intercept_se:.2g} | "
            f"{constant.z:+.2f} | {fit.p:.2f} | {distance.distance:.4f} | {distance.bound:.4f} | {verdict(judged, risk)} |"
        )
    print(f"{name}, {case}: {seconds:.0f} s", file=sys.stderr)
    return found


def shares(found: Verification) -> str:
    """Separable draws at each `n`."""
    assert isinstance(found.results, LogisticResults)
    counts = zip(found.results.labelled, found.results.separable, strict=True)
    return ", ".join(f"{count} at n = {n}" for n, count in counts)


def verdict(judged: LogisticJudgement, risk: str) -> str:
    """Of the checks that concern this risk."""
    mine = [check.holds for check in judged.checks if check.name.startswith(risk)]
    return "accepted" if all(mine) else "refused" if False in mine else "inconclusive"


def main() -> int:
    """Run every case and write the table."""
    reps = int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS
    table, counts, accepted = [], [], True
    for name, case, changes, grid in CASES:
        judged, found = run(name, changes, grid, reps)
        table += rows(name, case, judged, found.seconds)
        counts.append(f"{name}, {case}: {shares(found)}")
        accepted &= judged.accepted
    name, changes, grid = FEW
    counts.append(f"{name}, few labels: {shares(run(name, changes, grid, reps)[1])}")
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
