"""Both stages with logistic regression as the second, repeated along a grid of `n`, against the derived law."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from symasym.catalogue import Loaded
from symasym.evaluation import evaluate_inputs
from symasym.law.numeric import NumericLaw
from symasym.law.numeric_logistic import NumericLogistic
from symasym.simulation.fit import Fit, fit_line
from symasym.simulation.logistic_stage import LogisticStage, logistic_stage
from symasym.simulation.problem import Problem, problem
from symasym.simulation.sampler import draw, normals
from symasym.simulation.second_stage import learned_span

__all__ = ["LogisticFinding", "LogisticRun", "run_logistic"]

NUMBERS = 2**21
"""Random numbers held at a time."""
LARGEST = 64
"""Repetitions in one chunk at most."""
KOLMOGOROV = 1.63
"""`sqrt(reps)` times the distance that a sample from the law itself exceeds once in a hundred times."""


@dataclass(frozen=True)
class LogisticFinding:
    """One of the two risks: intercept of `a + b/n` through the means of `n` times the excess, less the control, against the law.

    `distance`: Kolmogorov distance at the largest `n` from the limit with its chi-square part, `bound` with `1.63 / sqrt(reps)`
    and twice what the fitted correction at that `n` moves the limit.
    """

    derived: float
    means: np.ndarray
    errors: np.ndarray
    fit: Fit
    distance: float
    bound: float

    @property
    def z(self) -> float:
        """Standard errors between the intercept and the derived mean."""
        return (self.fit.intercept - self.derived) / self.fit.intercept_se


@dataclass(frozen=True)
class LogisticRun:
    """`grid` of `n`, with `m = alpha n`; repetitions whose labels are `separable` at each, left out of the means; both risks."""

    grid: tuple[int, ...]
    alpha: float
    separable: tuple[int, ...]
    law: NumericLogistic
    log_loss: LogisticFinding
    zero_one: LogisticFinding


def run_logistic(
    loaded: Loaded,
    document: Mapping[str, object],
    grid: Sequence[int],
    reps: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> LogisticRun:
    """Simulate and compare; `document` are natural inputs as for `symasym eval`, `m = alpha n` rounded.

    `progress(n, repetitions done)` is called after every chunk. Raises `InputError` naming the key.
    """
    law = evaluate_inputs(loaded, document, "logistic").logistic
    assert law is not None
    here = problem(loaded, document, "logistic")
    alpha = float(law.least_squares.alpha)
    stages = [_repeat(here, n, round(alpha * n), reps, seed, progress) for n in grid]
    separable = tuple(int(stage.separable.sum()) for stage in stages)
    log_loss = _finding(
        law.log_loss.unconditional(), grid, [s.log_loss for s in stages], [s.log_loss_control for s in stages]
    )
    zero_one = _finding(law.zero_one, grid, [s.zero_one for s in stages], [s.zero_one_control for s in stages])
    return LogisticRun(tuple(grid), alpha, separable, law, log_loss, zero_one)


def _repeat(
    here: Problem, n: int, m: int, reps: int, seed: int, progress: Callable[[int, int], None] | None
) -> LogisticStage:
    """`reps` repetitions of both stages, in chunks with a random stream of their own."""
    d, parts = len(here.target), []
    size = min(LARGEST, max(1, NUMBERS // max(m * here.width, n * d)))
    for number, start in enumerate(range(0, reps, size)):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(n, number)))
        count = min(size, reps - start)
        features = here.feature_matrices(here.estimates(draw(here.sources, count, m, rng), rng))
        span = learned_span(features, here.down_root, here.target)
        design = normals(count * n, np.eye(d), rng).reshape(count, n, d)
        parts.append(logistic_stage(span, design, here.target, rng))
        if progress is not None:
            progress(n, start + count)
    return LogisticStage(
        **{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(LogisticStage)}
    )


def _finding(
    law: NumericLaw, grid: Sequence[int], values: Sequence[np.ndarray], controls: Sequence[np.ndarray]
) -> LogisticFinding:
    less = [v[np.isfinite(v)] - c[np.isfinite(v)] for v, c in zip(values, controls, strict=True)]
    means = np.array([v.mean() for v in less])
    errors = np.array([v.std(ddof=1) / np.sqrt(len(v)) for v in less])
    fit = fit_line(grid, means, errors)
    derived = float(law.mean)
    ordered = np.sort(values[-1][np.isfinite(values[-1])])
    count = len(ordered)
    expected = law.cdf(ordered)
    above, below = np.arange(1, count + 1) / count - expected, expected - np.arange(count) / count
    stretch = 1 + abs(fit.slope) / (grid[-1] * derived)
    moved = np.abs(law.cdf(ordered / stretch) - expected)
    bound = KOLMOGOROV / float(np.sqrt(count)) + 2 * float(moved.max())
    return LogisticFinding(derived, means, errors, fit, float(max(above.max(), below.max())), bound)
