"""The judge: a law in numbers against results of the procedure.

What is judged, and why by itself. With `r = (I - Pi_w_hat) f*`, the displacement, and `a + b/m` fitted along the grid:

* *interaction*: the intercept of the means of `m ||r||^2` against the mean of the law, `sum_j w_j` without a local
  penalty. In the total a large `sigma^2 d_eff` could hide a wrong constant.
* *variance*: the intercept of `2 tr(C^2)`, `C` the second moment of `sqrt(m) r`, against `2 sum_j w_j^2`: weights with
  the right sum and a wrong shape.
* *weights*: the eigenvalues of `C`, which the law says are the `w_j`, extrapolated in the same way; neighbours that the
  repetitions cannot tell apart are judged by their sum. A single wrong weight moves one of these by its own error,
  while it moves the mean only by its share.
* *drift*, with a local penalty alone: the squared length of the mean of `sqrt(m) r` against `||L(b)||^2`; `C` is then the
  covariance of `sqrt(m) r`.
* *distribution*: the Kolmogorov distance at the largest `m`.
* *degrees of freedom*: the mean of `n tr((F^T F)^{-1} G)`, what label noise of variance 1 costs, against its exact
  value for `d_eff` Gaussian features and `n` samples, `n d_eff / (n - d_eff - 1)`.
* *total*: the mean of `n (R - sigma^2)` at the largest `m` against `sigma^2 n d_eff / (n - d_eff - 1)` plus `(n/m) (n - 1)
  / (n - d_eff - 1)` times `sum_j w_j + b/m`, which tends to the law's mean; the factors are exact for Gaussian features.

Standard errors are those of the sample; z is judged against 3, and against 4 for the weights, of which there are
several.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from symasym.errors import InputError, NotDerivableYet
from symasym.law import quadratic_form
from symasym.law.numeric import NumericLaw
from symasym.simulation.findings import Check, Extrapolation, GridPoint, Judgement, Kolmogorov, Mean, WeightGroup
from symasym.simulation.fit import fit_line
from symasym.simulation.results import Results

__all__ = ["verify_law"]

BOUND = 3.0
"""Standard errors that a mean may be off."""
WEIGHT_BOUND = 4.0
"""The same for each group of weights."""
PRECISION = 0.01
"""Standard error of the intercept relative to the derived mean that a verdict needs."""
KOLMOGOROV = 1.63
"""`sqrt(reps)` times the distance that a sample from the law itself exceeds once in a hundred times."""
STRAIGHT = 1e-3
"""Tail probability of the deviations from `a + b/m` below which the grid is too coarse for that line."""
APART = 6.0
"""Derived weights are neighbours unless they differ by this many relative standard errors `sqrt(2 / reps)`."""


def verify_law(law: NumericLaw, results: Results) -> Judgement:
    """Judge a law in numbers by results of the procedure; sampling is somebody else's business.

    `law.weights` `(N,)` are those of `||L(Z)||^2`, zeros allowed, at most as many as there are dimensions; `law.noise` is
    `sigma^2`; `m` and `n` are those of the results, not `law.alpha`.
    """
    law = law.kept(np.argsort(-law.weights, kind="stable")[: np.sum(law.weights > 0)])
    weights = law.weights
    dimension = results.displaced[-1].shape[1]
    if not len(weights):
        raise NotDerivableYet("verify: the derived interaction is zero, so there is no constant to judge")
    if len(weights) > dimension:
        raise InputError(f"weights: {len(weights)} that are not zero came, at most {dimension} are expected")
    grid = tuple(GridPoint(m, *_mean(sample)) for m, sample in zip(results.grid, results.interactions, strict=True))
    derived = float(law.interaction_cumulant(1))
    interaction = _extrapolate(results, lambda moved: _mean(np.sum(moved**2, axis=1)), derived, law)
    drift = None if law.central else _extrapolate(results, _length, derived - float(weights.sum()), law)
    around = results if law.central else results.centred()
    variance = _extrapolate(around, _variance, 2 * float(np.sum(weights**2)), law)
    groups, observed = _weights(law, around)
    distance = _kolmogorov(law, interaction, results)
    spread = _spread(law.d_act, results)
    total = _total(law, interaction, results)
    checks = _checks(interaction, variance, groups, drift, distance, spread, total)
    return Judgement(
        checks, law, grid, interaction, variance, groups, observed, distance, spread, total, results.n, drift
    )


def _mean(sample: np.ndarray) -> tuple[float, float]:
    """Mean and its standard error."""
    if len(sample) < 2:
        raise InputError(f"reps: {len(sample)} came, at least 2 are needed for a standard error")
    return float(sample.mean()), float(sample.std(ddof=1) / np.sqrt(len(sample)))


def _variance(moved: np.ndarray) -> tuple[float, float]:
    """`2 tr(C^2)` from the pairs of different repetitions, without bias, and its standard error (U-statistic)."""
    count = len(moved)
    second = moved.T @ moved / count
    squares = np.sum(moved**2, axis=1)
    pairs = (count**2 * np.sum(second**2) - np.sum(squares**2)) / (count * (count - 1))
    _, error = _mean(np.sum((moved @ second) * moved, axis=1))
    return 2 * float(pairs), 4 * error


def _length(moved: np.ndarray) -> tuple[float, float]:
    """The squared length of the mean from the pairs of different repetitions, without bias, and its standard error."""
    count, total = len(moved), moved.sum(0)
    pairs = (total @ total - np.sum(moved**2)) / (count * (count - 1))
    _, error = _mean(moved @ total / count)
    return float(pairs), 2 * error


def _pace(law: NumericLaw, m: int) -> float:
    """The first correction at `m` is of order one over this: with a local penalty `P / sqrt(m)` the penalty's own next order."""
    return float(m) if law.central else float(np.sqrt(m))


def _extrapolate(
    results: Results, statistic: Callable[[np.ndarray], tuple[float, float]], derived: float, law: NumericLaw
) -> Extrapolation:
    """A statistic of the displacements, value and standard error, along the grid."""
    values, errors = np.transpose([statistic(moved) for moved in results.displaced])
    return Extrapolation(derived, fit_line([_pace(law, m) for m in results.grid], values, errors))


def _groups(weights: np.ndarray, repetitions: int) -> list[slice]:
    """Runs of descending weights whose neighbours differ by less than `APART` standard errors."""
    gaps = weights[:-1] - weights[1:] > APART * np.sqrt(2 / repetitions) * weights[:-1]
    edges = [0, *(np.flatnonzero(gaps) + 1).tolist(), len(weights)]
    return [slice(first, last) for first, last in pairwise(edges)]


def _weights(law: NumericLaw, results: Results) -> tuple[tuple[WeightGroup, ...], np.ndarray]:
    """Each group of derived weights against the mean squares along the eigenvectors of the largest `m`."""
    weights, vectors = law.weights, results.displaced[-1]
    observed, axes = np.linalg.eigh(vectors.T @ vectors / len(vectors))
    observed, axes = observed[::-1], axes[:, ::-1]

    def along(group: slice) -> Callable[[np.ndarray], tuple[float, float]]:
        return lambda moved: _mean(np.sum((moved @ axes[:, group]) ** 2, axis=1))

    found = tuple(
        WeightGroup(group.stop - group.start, _extrapolate(results, along(group), float(weights[group].sum()), law))
        for group in _groups(weights, results.repetitions)
    )
    return found, observed[: len(weights)]


def _kolmogorov(law: NumericLaw, interaction: Extrapolation, results: Results) -> Kolmogorov:
    ordered, m = np.sort(results.interactions[-1]), results.grid[-1]
    count = len(ordered)

    def below_of(points: np.ndarray) -> np.ndarray:
        return quadratic_form.cdf(points - law.offset, law.weights, 1.0, law.noncentralities)

    expected = below_of(ordered)
    above, below = np.arange(1, count + 1) / count - expected, expected - np.arange(count) / count
    stretch = 1 + abs(interaction.fit.slope) / (_pace(law, m) * interaction.derived)
    moved = np.abs(below_of(ordered / stretch) - expected)
    distance = float(max(above.max(), below.max()))
    return Kolmogorov(m, distance, KOLMOGOROV / float(np.sqrt(count)), 2 * float(moved.max()))


def _spread(d_eff: int, results: Results) -> Mean:
    n = results.n
    expected = n * d_eff / (n - d_eff - 1)
    mean, se = _mean(results.spread)
    return Mean(mean, se, expected, float(d_eff), (mean - expected) / se)


def _total(law: NumericLaw, interaction: Extrapolation, results: Results) -> Mean:
    """The slope comes from the same repetitions, so its covariance with the total enters the standard error."""
    n, m, d_eff, noise, fit = results.n, results.grid[-1], law.d_act, float(law.noise), interaction.fit
    share = n * (n - 1) / ((n - d_eff - 1) * m)
    expected = noise * n * d_eff / (n - d_eff - 1) + share * (interaction.derived + fit.slope / _pace(law, m))
    mean, se = _mean(results.total)
    common = float(np.cov(results.total, results.interactions[-1])[0, 1]) / results.repetitions
    moved = share / _pace(law, m)
    variance = se**2 + (moved * fit.slope_se) ** 2 - 2 * moved * float(fit.slope_weights[-1]) * common
    limit = noise * d_eff + interaction.derived * n / m
    return Mean(mean, se, expected, limit, (mean - expected) / float(np.sqrt(variance)))


def _checks(
    interaction: Extrapolation,
    variance: Extrapolation,
    groups: tuple[WeightGroup, ...],
    drift: Extrapolation | None,
    distance: Kolmogorov,
    spread: Mean,
    total: Mean,
) -> tuple[Check, ...]:
    fit, derived = interaction.fit, interaction.derived
    precision = fit.intercept_se / derived
    worst = max((group.sum for group in groups), key=lambda extrapolation: abs(extrapolation.z))
    straight = fit.p >= STRAIGHT
    drifted = () if drift is None else (
        Check(
            "drift", drift.z, BOUND, _within(drift.z, BOUND, straight),
            f"the squared mean {drift.fit.intercept:.5g} is {drift.z:+.2f} standard errors from the derived {drift.derived:.5g}",
        ),
    )  # fmt: skip
    return (
        Check(
            "straight line", fit.p, STRAIGHT, straight or None,
            "the means along the grid do not lie on a + b/m; larger m are needed",
        ),
        Check(
            "precision", precision, PRECISION, precision <= PRECISION or None,
            f"the standard error of the intercept is {precision:.2%} of the derived mean; {(precision / PRECISION) ** 2:.2g} "
            "times the repetitions are needed",
        ),
        Check(
            "interaction", interaction.z, BOUND, _within(interaction.z, BOUND, straight),
            f"the intercept {fit.intercept:.5g} is {interaction.z:+.2f} standard errors from the derived mean {derived:.5g}",
        ),
        Check(
            "variance", variance.z, BOUND, _within(variance.z, BOUND, straight),
            f"the extrapolated variance {variance.fit.intercept:.5g} is {variance.z:+.2f} standard errors from the derived "
            f"{variance.derived:.5g}",
        ),
        Check(
            "weights", worst.z, WEIGHT_BOUND, _within(worst.z, WEIGHT_BOUND, straight),
            f"weights that sum to {worst.fit.intercept:.5g} are {worst.z:+.2f} standard errors from the derived "
            f"{worst.derived:.5g}",
        ),
        *drifted,
        Check(
            "distribution", distance.distance, distance.bound, distance.distance < distance.bound,
            f"the Kolmogorov distance is {distance.distance:.4f}, at most {distance.bound:.4f} is expected",
        ),
        Check(
            "degrees of freedom", spread.z, BOUND, abs(spread.z) <= BOUND,
            f"label noise costs {spread.mean:.5g} for each unit of variance, d_eff says {spread.expected:.5g}",
        ),
        Check(
            "total", total.z, BOUND, _within(total.z, BOUND, straight),
            f"the mean of n (R - sigma^2) is {total.mean:.5g}, {total.z:+.2f} standard errors from {total.expected:.5g}, "
            "which the law says at this m and n",
        ),
    )  # fmt: skip


def _within(z: float, bound: float, straight: bool) -> bool | None:
    """True or False; None where the extrapolation that z rests on is not to be trusted."""
    return abs(z) <= bound if straight else None
