"""The judge for models of a family: scalars of each repetition, extrapolated along `1/m`.

Judged are the mean of the interaction `m ||(I - Pi_w_hat) f*||^2`, its variance, the Kolmogorov distance at the largest `m`, the
cost of label noise and the whole of `n (R - sigma^2)`, both with `n = m / alpha` along the same grid. These two have terms of
second order in `p / n`, `p` features on `n` samples, which are seen at small `n` (for Gaussian features `n p / (n - p - 1)`):
they are fitted with one more term, `c / m^2`, where the grid has points to spare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symasym.errors import NotDerivableYet
from symasym.law import quadratic_form
from symasym.law.numeric import NumericLaw
from symasym.simulation.family_procedure import FamilyResults
from symasym.simulation.findings import Check, Extrapolation, GridPoint, Kolmogorov, Verdict
from symasym.simulation.fit import fit_line
from symasym.simulation.judge import BOUND, KOLMOGOROV, PRECISION, STRAIGHT

__all__ = ["FamilyJudgement", "verify_family_law"]


@dataclass(frozen=True)
class FamilyJudgement(Verdict):
    """What was found: extrapolated mean and variance of the interaction, cost of label noise, total."""

    law: NumericLaw
    grid: tuple[GridPoint, ...]
    interaction: Extrapolation
    variance: Extrapolation
    spread: Extrapolation
    total: Extrapolation
    kolmogorov: Kolmogorov


def verify_family_law(law: NumericLaw, results: FamilyResults) -> FamilyJudgement:
    """Judge a law in numbers by results of the procedure. Raises `NotDerivableYet` where the interaction is zero."""
    if not len(law.weights):
        raise NotDerivableYet("verify: the derived interaction is zero, so there is no constant to judge")
    grid, derived = results.grid, float(law.interaction_cumulant(1))
    interaction = _line(grid, [_mean(sample) for sample in results.interactions], derived)
    variance = _line(grid, [_variance(s) for s in results.interactions], float(law.interaction_cumulant(2)))
    curved = 2 if len(grid) > 3 else 1
    spread = _line(grid, [_mean(sample) for sample in results.spread], float(law.d_act), curved)
    totals = [b + float(law.noise) * s for b, s in zip(results.bias, results.spread, strict=True)]
    total = _line(grid, [_mean(sample) for sample in totals], float(law.mean), curved)
    distance = _kolmogorov(law, interaction, results)
    points = tuple(GridPoint(m, *_mean(sample)) for m, sample in zip(grid, results.interactions, strict=True))
    checks = _checks(interaction, variance, spread, total, distance)
    return FamilyJudgement(checks, law, points, interaction, variance, spread, total, distance)


def _mean(sample: np.ndarray) -> tuple[float, float]:
    return float(sample.mean()), float(sample.std(ddof=1) / np.sqrt(len(sample)))


def _variance(sample: np.ndarray) -> tuple[float, float]:
    squares = (sample - sample.mean()) ** 2 * len(sample) / (len(sample) - 1)
    return _mean(squares)


def _line(grid: Sequence[int], found: list[tuple[float, float]], derived: float, order: int = 1) -> Extrapolation:
    values, errors = np.transpose(found)
    return Extrapolation(derived, fit_line(grid, values, errors, order))


def _kolmogorov(law: NumericLaw, interaction: Extrapolation, results: FamilyResults) -> Kolmogorov:
    ordered, m = np.sort(results.interactions[-1]), results.grid[-1]
    counts = np.broadcast_to(law.multiplicities, law.weights.shape)
    expected = quadratic_form.cdf(ordered, law.weights, counts)
    places = np.arange(len(ordered) + 1) / len(ordered)
    distance = float(max((places[1:] - expected).max(), (expected - places[:-1]).max()))
    stretch = 1 + abs(interaction.fit.slope) / (m * interaction.derived)
    moved = np.abs(quadratic_form.cdf(ordered / stretch, law.weights, counts) - expected)
    return Kolmogorov(m, distance, KOLMOGOROV / float(np.sqrt(len(ordered))), 2 * float(moved.max()))


def _checks(
    interaction: Extrapolation,
    variance: Extrapolation,
    spread: Extrapolation,
    total: Extrapolation,
    distance: Kolmogorov,
) -> tuple[Check, ...]:
    fit = interaction.fit
    precision, straight = fit.intercept_se / interaction.derived, fit.p >= STRAIGHT
    named = {"interaction": interaction, "variance": variance, "degrees of freedom": spread, "total": total}
    return (
        Check(
            "straight line", fit.p, STRAIGHT, straight or None,
            "the means along the grid do not lie on a + b/m; larger m are needed",
        ),
        Check(
            "precision", precision, PRECISION, precision <= PRECISION or None,
            f"the standard error of the intercept is {precision:.2%} of the derived mean",
        ),
        *(
            Check(
                name, found.z, BOUND, abs(found.z) <= BOUND if straight else None,
                f"the intercept {found.fit.intercept:.5g} is {found.z:+.2f} standard errors from the derived {found.derived:.5g}",
            )
            for name, found in named.items()
        ),
        Check(
            "distribution", distance.distance, distance.bound, distance.distance < distance.bound,
            f"the Kolmogorov distance is {distance.distance:.4f}, at most {distance.bound:.4f} is expected",
        ),
    )  # fmt: skip
