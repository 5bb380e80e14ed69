"""Run the full simulation of every model and variant and write `docs/verification.md`.

`./run verify` calls it: some five minutes on two cores; the seed is fixed, so the numbers come back.
"""

from __future__ import annotations

import datetime
import os
import sys
from pathlib import Path
from typing import Any

from symasym import catalogue
from symasym.files import write_whole
from symasym.simulation.procedure import GRID, REPETITIONS, SEED, Verification, default_input, verify

DOCS = Path(__file__).parent.parent / "docs" / "verification.md"

DOWN = [[(2.0 if m == n else 0.0) + 1.0 / (1 + abs(m - n)) for n in range(8)] for m in range(8)]
"""A downstream covariance that is diagonal in no basis of the first stage."""

CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("factor", "defaults", {}),
    ("factor", "noise level estimated", {"noise_known": False, "noise": 0.5}),
    ("factor", "another downstream covariance", {"Sigma_down": DOWN, "sigma2": 1.0, "sigma_nu2": None}),
    ("linear_autoencoder", "defaults, Gaussian", {}),
    ("linear_autoencoder", "another downstream covariance", {"Sigma_down": DOWN}),
    ("linear_autoencoder", "t data, 15 degrees of freedom", {"degrees_of_freedom": 15.0}),
    ("spectral", "defaults, one negative", {}),
    ("spectral", "four negatives", {"negatives": 4}),
    ("sipt", "defaults, edges", {}),
    ("sipt", "cliques of four", {"clique_size": 4}),
    ("sipt", "structure alone", {"structure_weight": 1.0}),
]

HEAD = """# Verification by simulation

Made by `./run verify` on {date}: seed {seed}, {reps} repetitions at each `m` of {grid}, 2 cores. Each row is the
real two-stage procedure on data drawn from the model's own law, first stage solved by the estimator that the model file names,
against the law derived for the same numbers. *Interaction*: intercept of `a + b/m` through the means of `m ||(I - Pi) f*||^2`,
its standard error relative to the derived mean, and the difference in standard errors. *KS*: Kolmogorov distance at the
largest `m` and its bound `1.63 / sqrt(reps)` plus the allowance for finite `m` that `symasym verify` states. *Total*: mean of
`n (R - sigma^2)` at the largest `m` against what the law says there, in standard errors. One case again:
`symasym verify spectral --seed {seed}`; the inputs are those of the model files, with the changes named.
Longer runs, more seeds and how it is judged: `verification-long.md`.

| model | case | derived mean | intercept | se / mean | z | KS | bound | z of the total | verdict |
|---|---|---|---|---|---|---|---|---|---|
"""


def row(case: str, done: Verification) -> str:
    """One line of the table."""
    judged = done.judgement
    mean, distance = judged.interaction, judged.kolmogorov
    cells = [
        done.model,
        case,
        f"{mean.derived:.5g}",
        f"{mean.fit.intercept:.5g}",
        f"{mean.fit.intercept_se / mean.derived:.2%}",
        f"{mean.z:+.2f}",
        f"{distance.distance:.4f}",
        f"{distance.bound:.4f}",
        f"{judged.total.z:+.2f}",
        judged.verdict,
    ]
    return f"| {' | '.join(cells)} |\n"


def main() -> int:
    """Run all cases; 1 if one of them is not accepted."""
    rows, accepted = [], True
    for name, case, changes in CASES:
        loaded = catalogue.load(name)
        document = {key: value for key, value in {**default_input(loaded), **changes}.items() if value is not None}
        done = verify(loaded, document, jobs=os.cpu_count() or 1)
        rows.append(row(case, done))
        accepted = accepted and done.accepted
        print(f"{done.seconds:.0f} s: {rows[-1].strip()}", file=sys.stderr, flush=True)
    grid = ", ".join(map(str, GRID))
    head = HEAD.format(date=datetime.datetime.now(datetime.UTC).date(), seed=SEED, reps=REPETITIONS, grid=grid)
    write_whole(DOCS, head + "".join(rows))
    return 0 if accepted else 1


if __name__ == "__main__":
    sys.exit(main())
