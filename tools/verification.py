"""Run the full simulation of every model and variant, keep the numbers, and write `docs/verification.md` from them.

`./run verify [MODEL ...]` calls it; the seed is fixed, so the numbers come back. Records of other models stay. They are
in `symasym/evidence/simulation.json`, from which the write-ups take them too.
"""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from symasym import catalogue
from symasym.evaluation.evaluate import prepare
from symasym.evidence import Simulation, simulations
from symasym.evidence.stored import write_simulations
from symasym.files import write_whole
from symasym.simulation.family_judge import FamilyJudgement
from symasym.simulation.findings import MisspecifiedJudgement
from symasym.simulation.procedure import GRID, REPETITIONS, SEED, Verification, default_input, verify

DOCS = Path(__file__).parent.parent / "docs" / "verification.md"

DOWN = [[(2.0 if m == n else 0.0) + 1.0 / (1 + abs(m - n)) for n in range(8)] for m in range(8)]
"""A downstream covariance that is diagonal in no basis of the first stage."""

VARIANCES = [1.1, 4.0, 0.9, 1.2, 3.0, 1.0, 0.8, 0.7]
CHAIN = [[VARIANCES[m] if m == n else 0.2 * (abs(m - n) == 1) for n in range(8)] for m in range(8)]
"""Neighbouring coordinates are correlated."""
NOISE = [[(0.3 + 0.1 * m if m == n else 0.0) + 0.2 * (-1) ** (m + n) for n in range(8)] for m in range(8)]
"""It commutes with no covariance of the verified problems."""
LOADINGS = [1.0, 0.8, -0.7, 0.9, 0.6]
COMMON = [[1.5 * u * v + (m == n) for n, v in enumerate(LOADINGS)] for m, u in enumerate(LOADINGS)]
"""One factor and noise: what is masked can be told from what is kept."""

FURTHER: list[tuple[str, str, dict[str, Any]]] = [
    ("denoising_autoencoder", "isotropic noise", {"noise": 0.6}),
    ("denoising_autoencoder", "noise in another basis", {"noise": NOISE, "project": True}),
    ("factor", "noise level estimated", {"noise_known": False, "noise": 0.5}),
    ("factor", "another downstream covariance", {"Sigma_down": DOWN, "sigma2": 1.0, "sigma_nu2": None}),
    ("linear_autoencoder", "another downstream covariance", {"Sigma_down": DOWN}),
    ("linear_autoencoder", "t data, 15 degrees of freedom", {"degrees_of_freedom": 15.0}),
    (
        "linear_autoencoder",
        "misspecified target",
        {"misspecified": True, "target": [1.0, 0.8, 0.3, -0.2, 0.1, 0.2, 0.3, 0.4]},
    ),
    ("masked_autoencoder", "one mask sampled", {"masks": "sampled"}),
    ("masked_autoencoder", "correlated coordinates, three masks", {"Sigma": CHAIN, "masks": 3, "project": True}),
    (
        "masked_autoencoder",
        "loss on the masked coordinates alone",
        {"Sigma": COMMON, "k": 1, "target": [1, 1, -1, 1, 1], "project": True, "masked_only": True, "masks": "sampled"},
    ),
    (
        "regularised_encoder",
        "ridge",
        {"representation_penalty": None, "encoder_penalty": 0.2, "decoder_penalty": 0.45, "project": True},
    ),
    (
        "regularised_encoder",
        "ridge that fades",
        {"representation_penalty": None, "encoder_penalty": 8.0, "decoder_penalty": 4.0, "fading": True},
    ),
    ("sipt", "cliques of four nodes", {"clique_size": 4}),
    ("spectral", "four negatives", {"negatives": 4}),
    ("sipt", "structure alone", {"structure_weight": 1.0}),
]
"""Problems beyond the one that each model file suggests: model, what is different, the changed keys."""

SLOW = {("masked_autoencoder", "loss on the masked coordinates alone"): (2000, 4000, 8000, 16000)}
"""Problems whose terms of second order in `1/m` are still seen at the usual sizes, and the sizes taken instead."""

HEAD = """# Verification by simulation

Made by `./run verify`: seed {seed}, {reps} repetitions at each `m` of {grid}, 2 cores; each row with its date.
It is the real two-stage procedure on data drawn from the model's own law, first stage solved by the estimator that the model file
names (where it names none, by minimising the empirical loss), against the law derived for the same numbers.

* *Interaction*: intercept of `a + b/m` through the means of `m ||(I - Pi) f*||^2`, its standard error relative to the derived
  mean, and the difference in standard errors. For a misspecified target it is the variance of `sqrt(m) (R(w_hat) - R(w*))`.
* *KS*: Kolmogorov distance at the largest `m` and its bound `1.63 / sqrt(reps)` plus the allowance for finite `m` that
  `symasym verify` states.
* Where 6000 repetitions leave a standard error above one per cent, the row is from 12000.
* *m*: the smallest and the largest sample size. Where the usual ones still show terms of second order in `1/m` (the loss on
  the masked coordinates alone is rejected at them, z = +2.35 for the interaction and 0.0215 against 0.0210 for KS), larger
  ones are taken.
* *Total*: mean of `n (R - sigma^2)` at the largest `m` against what the law says there, in standard errors.

One case again: `symasym verify spectral --seed {seed}`; the inputs are those of the model files, with the changes named.
Longer runs, more seeds and how it is judged: `verification-long.md`.

| model | case | m | date | derived | intercept | se / derived | z | KS | bound | z of the total | verdict |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""


def cases(names: Sequence[str]) -> list[tuple[str, str, dict[str, Any]]]:
    """Every model as its file suggests, and the further problems, of the models named."""
    wanted = names or catalogue.names()
    own = [(name, "defaults", {}) for name in wanted]
    return sorted([*own, *(case for case in FURTHER if case[0] in wanted)], key=lambda case: case[0])


def grid_of(name: str, case: str) -> tuple[int, ...]:
    """The sizes `m` of a case."""
    return SLOW.get((name, case), GRID)


def record(name: str, case: str, done: Verification, document: dict[str, Any]) -> Simulation:
    """What is kept of a run, rounded to what the page shows."""
    judged = done.judgement
    mean = judged.variance if isinstance(judged, MisspecifiedJudgement) else judged.interaction
    grid = grid_of(name, case)
    return Simulation(
        model=name if isinstance(judged, FamilyJudgement) else prepare(catalogue.load(name), document).loaded.name,
        file=name,
        case=case,
        m=(grid[0], grid[-1]),
        reps=done.reps,
        seed=done.seed,
        date=str(datetime.datetime.now(datetime.UTC).date()),
        derived=float(f"{mean.derived:.5g}"),
        intercept=float(f"{mean.fit.intercept:.5g}"),
        se=round(mean.fit.intercept_se / mean.derived, 4),
        z=round(mean.z, 2),
        distance=round(judged.kolmogorov.distance, 4),
        bound=round(judged.kolmogorov.bound, 4),
        total_z=None if isinstance(judged, MisspecifiedJudgement) else round(judged.total.z, 2),
        verdict=judged.verdict,
    )


def row(found: Simulation) -> str:
    """One line of the table."""
    cells = [
        found.file,
        found.case,
        "{}-{}".format(*found.m),
        found.date,
        f"{found.derived:.5g}",
        f"{found.intercept:.5g}",
        f"{found.se:.2%}",
        f"{found.z:+.2f}",
        f"{found.distance:.4f}",
        f"{found.bound:.4f}",
        "" if found.total_z is None else f"{found.total_z:+.2f}",
        found.verdict,
    ]
    return f"| {' | '.join(cells)} |"


def page(records: Iterable[Simulation]) -> str:
    """The page with these records."""
    grid = ", ".join(map(str, GRID))
    own = (found for found in records if found.distance is not None)
    lines = [row(found) for found in sorted(own, key=lambda found: (found.file, found.case))]
    return HEAD.format(seed=SEED, reps=REPETITIONS, grid=grid) + "\n".join(lines) + "\n"


def write(records: Iterable[Simulation]) -> None:
    """File of records and page; those of models and cases that are gone are left out, those of other tools stay."""
    known = {(name, case) for name, case, _ in cases(())}
    kept = [found for found in records if found.distance is None or (found.file, found.case) in known]
    write_simulations(kept)
    write_whole(DOCS, page(kept))


def main(names: Sequence[str]) -> int:
    """Run the cases of the models named, all by default; 1 if one of them is not accepted."""
    records, accepted = {(found.file, found.case): found for found in simulations()}, True
    for name, case, changes in cases(names):
        loaded = catalogue.load(name)
        document = {key: value for key, value in {**default_input(loaded), **changes}.items() if value is not None}
        done = verify(loaded, document, m=grid_of(name, case), jobs=os.cpu_count() or 1)
        if done.judgement.verdict == "inconclusive":  # what is missing is precision
            done = verify(loaded, document, m=grid_of(name, case), reps=2 * REPETITIONS, jobs=os.cpu_count() or 1)
        records[name, case] = record(name, case, done, document)
        accepted = accepted and done.accepted
        print(f"{done.seconds:.0f} s: {row(records[name, case])}", file=sys.stderr, flush=True)
        write(records.values())
    return 0 if accepted else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
