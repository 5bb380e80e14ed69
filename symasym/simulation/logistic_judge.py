"""The judge of a logistic second stage: both excess risks, extrapolated along `1/n`, and their distributions.

Judged are the means of `n` times the excess log-loss and the excess 0-1 error, less a control whose mean is exactly 0 (the score
at `f*`, to first order what label noise adds), against the means of the laws; and the Kolmogorov distances at the largest `n`,
chi-square part included. What label noise adds is known, so that precision is relative to the first stage's part alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symasym.errors import NotDerivableYet
from symasym.law.numeric import NumericLaw
from symasym.law.numeric_logistic import NumericLogistic
from symasym.simulation.findings import Check, Extrapolation, GridPoint, Kolmogorov, Verdict
from symasym.simulation.fit import fit_line
from symasym.simulation.judge import BOUND, KOLMOGOROV, PRECISION, STRAIGHT
from symasym.simulation.logistic_procedure import LogisticResults

__all__ = ["LogisticJudgement", "Risk", "verify_logistic_law"]

SEPARABLE = 1e-3
"""Share of the draws without a fit from which the means of the others say nothing of the law."""


@dataclass(frozen=True)
class Risk:
    """One of the two risks: its law, the means along the grid less the control, the distance at the largest `n`."""

    law: NumericLaw
    grid: tuple[GridPoint, ...]
    distance: Kolmogorov


@dataclass(frozen=True)
class LogisticJudgement(Verdict):
    """What was found of both risks; `separable` draws at each `m`."""

    law: NumericLogistic
    log_loss: Extrapolation
    zero_one: Extrapolation
    risks: tuple[Risk, Risk]
    separable: tuple[int, ...]

    @property
    def named(self) -> tuple[tuple[str, Extrapolation, Risk], ...]:
        """Both risks by name."""
        return ("log-loss", self.log_loss, self.risks[0]), ("0-1 error", self.zero_one, self.risks[1])


def verify_logistic_law(law: NumericLogistic, results: LogisticResults) -> LogisticJudgement:
    """Judge both laws by results of the procedure. Raises `NotDerivableYet` where the interaction is zero."""
    if not np.any(law.least_squares.weights > 0):
        raise NotDerivableYet("verify: the derived interaction is zero, so there is no constant to judge")
    stages = results.stages
    log_loss, first = _risk(
        law.log_loss.unconditional(), results, [s.log_loss for s in stages], [s.log_loss_control for s in stages]
    )
    zero_one, second = _risk(law.zero_one, results, [s.zero_one for s in stages], [s.zero_one_control for s in stages])
    checks = (
        _separable(results),
        *_checks("log-loss", log_loss, first),
        *_checks("0-1 error", zero_one, second),
    )
    return LogisticJudgement(checks, law, log_loss, zero_one, (first, second), results.separable)


def _risk(
    law: NumericLaw, results: LogisticResults, values: Sequence[np.ndarray], controls: Sequence[np.ndarray]
) -> tuple[Extrapolation, Risk]:
    """The line through the means, and the distance of the distribution at the largest `n`."""
    less = [v[np.isfinite(v)] - c[np.isfinite(v)] for v, c in zip(values, controls, strict=True)]
    means = np.array([v.mean() for v in less])
    errors = np.array([v.std(ddof=1) / np.sqrt(len(v)) for v in less])
    found = Extrapolation(float(law.mean), fit_line(results.labelled, means, errors))
    grid = tuple(GridPoint(m, float(a), float(e)) for m, a, e in zip(results.grid, means, errors, strict=True))
    return found, Risk(law, grid, _kolmogorov(law, found, results, values[-1]))


def _kolmogorov(law: NumericLaw, found: Extrapolation, results: LogisticResults, values: np.ndarray) -> Kolmogorov:
    ordered = np.sort(values[np.isfinite(values)])
    count, expected = len(ordered), law.cdf(ordered)
    above, below = np.arange(1, count + 1) / count - expected, expected - np.arange(count) / count
    stretch = 1 + abs(found.fit.slope) / (results.n * found.derived)
    moved = np.abs(law.cdf(ordered / stretch) - expected)
    distance = float(max(above.max(), below.max()))
    return Kolmogorov(results.grid[-1], distance, KOLMOGOROV / float(np.sqrt(count)), 2 * float(moved.max()))


def _separable(results: LogisticResults) -> Check:
    share = max(count / len(stage.separable) for count, stage in zip(results.separable, results.stages, strict=True))
    return Check(
        "separable draws", share, SEPARABLE, share <= SEPARABLE or None,
        f"{share:.2%} of the draws have no fit because their labels are separable; more labelled samples (n, m) are needed",
    )  # fmt: skip


def _checks(name: str, found: Extrapolation, risk: Risk) -> tuple[Check, ...]:
    fit, distance = found.fit, risk.distance
    part = float(risk.law.interaction_cumulant(1) / risk.law.alpha)
    precision, straight = fit.intercept_se / part, fit.p >= STRAIGHT
    return (
        Check(
            f"{name}, straight line", fit.p, STRAIGHT, straight or None,
            "the means along the grid do not lie on a + b/n; larger m are needed",
        ),
        Check(
            f"{name}, precision", precision, PRECISION, precision <= PRECISION or None,
            f"the standard error of the intercept is {precision:.2%} of what the first stage adds; "
            f"{(precision / PRECISION) ** 2:.2g} times the repetitions, or a smaller alpha, are needed",
        ),
        Check(
            name, found.z, BOUND, abs(found.z) <= BOUND if straight else None,
            f"the intercept {fit.intercept:.5g} is {found.z:+.2f} standard errors from the derived mean {found.derived:.5g}",
        ),
        Check(
            f"{name}, distribution", distance.distance, distance.bound, distance.distance < distance.bound,
            f"the Kolmogorov distance is {distance.distance:.4f}, at most {distance.bound:.4f} is expected",
        ),
    )  # fmt: skip
