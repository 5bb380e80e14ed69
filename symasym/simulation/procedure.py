"""`verify`: the real two-stage procedure, repeated, against the derived law."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from symasym import __version__
from symasym.catalogue import Loaded
from symasym.errors import InputError
from symasym.evaluation import Evaluation, evaluate_inputs
from symasym.law.numeric import NumericLaw
from symasym.model.displayed import Displayed
from symasym.model.families import FamilyModel
from symasym.simulation.checkpoint import Checkpoint, fingerprint
from symasym.simulation.chunks import Chunk, Piece, collect, plan
from symasym.simulation.family_judge import FamilyJudgement, verify_family_law
from symasym.simulation.family_procedure import FamilyResults, run_family
from symasym.simulation.findings import Judgement, MisspecifiedJudgement
from symasym.simulation.judge import verify_law
from symasym.simulation.logistic_judge import LogisticJudgement, verify_logistic_law
from symasym.simulation.logistic_procedure import LogisticResults, collect_logistic, plan_logistic
from symasym.simulation.logistic_stage import LogisticStage
from symasym.simulation.misspecified import verify_misspecified
from symasym.simulation.problem import Problem, problem
from symasym.simulation.regime import regime, within_regime
from symasym.simulation.results import Results
from symasym.simulation.runner import run_chunks

__all__ = ["GRID", "REPETITIONS", "SEED", "Verification", "default_input", "verify"]

SEED = 20261120
REPETITIONS = 6000
GRID = (500, 1000, 2000, 4000)
BEYOND = 4
"""`n` must exceed the number of features by this much, for the mean and the variance of the risk to exist."""

PIECES = {"least_squares": Piece, "logistic": LogisticStage}
"""What a chunk gives, by the second stage."""

Progress = Callable[[int, int], None]
"""Called after every chunk with the unlabelled samples done and those planned."""


@dataclass(frozen=True)
class Verification(Displayed):
    """A finished run: what was run, what the judge says, and the results it says it of.

    `input` is the JSON object of the problem, `reps` the repetitions at each `m`, `jobs` the processes, `seconds` the
    wall time of this run (without what a checkpoint brought).
    """

    model: str
    input: Mapping[str, Any]
    seed: int
    reps: int
    jobs: int
    judgement: Judgement | MisspecifiedJudgement | FamilyJudgement | LogisticJudgement
    results: Results | FamilyResults | LogisticResults
    seconds: float

    @property
    def accepted(self) -> bool:
        """True if every check of the judge holds."""
        return self.judgement.accepted


def default_input(loaded: Loaded) -> Mapping[str, Any]:
    """The problem that the model file suggests for verification, else its example."""
    stated = loaded.example if loaded.instance is None else loaded.instance.verification or loaded.instance.example
    if not stated:
        raise InputError(f"--input: missing; {loaded.name} states no example, so the problem to simulate is expected")
    return stated


def verify(
    loaded: Loaded,
    document: Mapping[str, Any] | None = None,
    *,
    seed: int = SEED,
    reps: int = REPETITIONS,
    m: Sequence[int] = GRID,
    n: int | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
    checkpoint: str | PathLike[str] | None = None,
    downstream: str = "least_squares",
) -> Verification:
    """Run both stages `reps` times at every `m`, and judge the law that is derived for the same input.

    * `document`: natural inputs as for `symasym eval`; by default what the model file suggests.
    * `n`: labelled samples at the largest `m`, by default `m / alpha`; the law is then taken at `alpha = m / n`.
    * `jobs`: processes; the numbers do not depend on it. More than one needs the usual `if __name__ == "__main__"` in a
      script.
    * `progress(done, planned)` is called in unlabelled samples after every chunk; what it raises ends the run.
    * `checkpoint`: a file that a stopped run goes on from; the numbers are then those of an undisturbed run.

    * `downstream`: `least_squares`, or `logistic`, where there are labels at every `m`, `m / alpha` of them.

    Raises `InputError` naming the argument or key, `NotDerivableYet` for a family with a logistic second stage.
    """
    start = time.monotonic()
    grid = _grid(m)
    for name, value, least in (("seed", seed, 0), ("reps", reps, 2), ("jobs", jobs, 1)):
        _require_whole(name, value, least)
    document = default_input(loaded) if document is None else document
    evaluation = evaluate_inputs(loaded, document, downstream)
    law = evaluation.numeric
    stated = {"input": document, "seed": seed, "reps": reps, "m": grid, "n": n}
    arguments = {"version": __version__, "model": loaded.name, "model file": fingerprint(loaded.path), **stated}
    path = None if checkpoint is None else Path(checkpoint)
    if isinstance(loaded.definition, FamilyModel):
        law = law if n is None else replace(law, alpha=np.asarray(grid[-1] / n))
        found = run_family(
            loaded, document, grid, reps, float(law.alpha), seed, jobs, progress, Checkpoint(path, arguments)
        )
        seconds = time.monotonic() - start
        return Verification(loaded.name, document, seed, reps, jobs, verify_family_law(law, found), found, seconds)
    here = problem(loaded, document, downstream)
    checks = regime(loaded, evaluation, here, grid[-1])
    labelled = _labelled(n, grid[-1], float(law.alpha), here)
    law, logistic = replace(law, alpha=np.asarray(grid[-1] / labelled)), evaluation.logistic
    if logistic is None:
        chunks = plan(grid, reps, labelled, here.width)
    else:
        chunks = plan_logistic(grid, reps, float(law.alpha), here)
        arguments["downstream"] = downstream
    kept = Checkpoint(path, {**arguments, "n": labelled}, PIECES[downstream])
    try:
        _run(here, loaded, document, chunks, seed, jobs, kept, progress, downstream)
    finally:
        kept.save()
    pieces = [(chunk, kept.pieces[chunk.key]) for chunk in chunks]
    judged, results = _judged(evaluation, law, grid, labelled, here.noise, pieces)
    seconds = time.monotonic() - start
    return Verification(loaded.name, document, seed, reps, jobs, within_regime(judged, checks), results, seconds)


def _judged(
    evaluation: Evaluation,
    law: NumericLaw,
    grid: tuple[int, ...],
    n: int,
    noise: float,
    pieces: Sequence[tuple[Chunk, Any]],
) -> tuple[Judgement | MisspecifiedJudgement | LogisticJudgement, Results | LogisticResults]:
    """What the judge says of the pieces, and the results it says it of."""
    if evaluation.logistic is not None:
        found = collect_logistic(pieces)
        own = replace(evaluation.logistic.least_squares, alpha=law.alpha)
        return verify_logistic_law(replace(evaluation.logistic, least_squares=own), found), found
    results, outside = collect(grid, n, noise, pieces), evaluation.misspecified
    return (verify_law(law, results) if outside is None else verify_misspecified(outside, results)), results


def _run(
    here: Problem,
    loaded: Loaded,
    document: Mapping[str, Any],
    chunks: Sequence[Chunk],
    seed: int,
    jobs: int,
    kept: Checkpoint,
    progress: Progress | None,
    downstream: str,
) -> None:
    """Do the chunks that are not there yet."""
    left = [chunk for chunk in chunks if chunk.key not in kept.pieces]
    planned = sum(chunk.m * chunk.repetitions for chunk in chunks)
    done = planned - sum(chunk.m * chunk.repetitions for chunk in left)
    for chunk, piece in run_chunks(here, str(loaded.path), document, left, seed, jobs, downstream):
        kept.add(chunk, piece)
        done += chunk.m * chunk.repetitions
        if progress is not None:
            progress(done, planned)


def _require_whole(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name}: {value!r} came, a whole number of at least {least} is expected")


def _grid(m: Sequence[int]) -> tuple[int, ...]:
    for size in m:
        _require_whole("m", size, 2)
    grid = tuple(sorted({int(size) for size in m}))
    if len(grid) < 2:
        raise InputError(
            f"m: {len(grid)} value came, at least two different ones are expected to extrapolate along 1/m"
        )
    return grid


def _labelled(n: int | None, m: int, alpha: float, here: Problem) -> int:
    least = here.features + BEYOND
    if n is None:
        n = round(m / alpha)
        if n < least:
            raise InputError(
                f"alpha: {alpha:g} leaves n = {n} labelled samples at m = {m}, at least {least} are expected; give larger m, or n"
            )
    _require_whole("n", n, least)
    return int(n)
