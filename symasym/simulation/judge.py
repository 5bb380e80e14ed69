"""The judge: a law in numbers against results of the procedure.

What is judged, and why by itself:

* *interaction*: the intercept of `a + b/m` through the means of `m ||(I - Pi_w_hat) f*||^2` against `sum_j w_j`. In the
  total a large `sigma^2 d_eff` could hide a wrong constant.
* *weights*: the eigenvalues of the second moment of `sqrt(m) (I - Pi_w_hat) f*`, which the law says are the `w_j`,
  extrapolated in the same way; neighbours that the repetitions cannot tell apart are judged by their sum. A single
  wrong weight moves one of these by its own error, while it moves the mean only by its share.
* *distribution*: the Kolmogorov distance at the largest `m`.
* *degrees of freedom*: the mean of `n tr(F^T F)^{-1} G`, what label noise of variance 1 costs, against its exact value
  for `d_eff` Gaussian features and `n` samples, `n d_eff / (n - d_eff - 1)`.
* *total*: the mean of `n (R - sigma^2)` at the largest `m` against `sigma^2 n d_eff/(n - d_eff - 1) + (n/m) (n - 1)/(n
  - d_eff - 1) (sum_j w_j + b/m)`, which tends to the law's mean; the factors are exact for Gaussian features, `b` is
  the fitted slope.

Standard errors are those of the sample; z is judged against 3 (4 for the weights, of which there are several).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from symasym.errors import InputError, NotDerivableYet
from symasym.law import quadratic_form
from symasym.law.numeric import NumericLaw
from symasym.simulation.fit import Fit, fit_line
from symasym.simulation.results import Results

__all__ = ["Check", "GridPoint", "Judgement", "Kolmogorov", "Mean", "WeightGroup", "verify_law"]

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


@dataclass(frozen=True)
class GridPoint:
    """Mean of the interaction at one `m`, with its standard error."""

    m: int
    mean: float
    se: float


@dataclass(frozen=True)
class Mean:
    """A mean with its standard error, and what is expected of it at this `m` and `n`.

    `z`: the difference in standard errors of its own, to which a fitted slope in the expectation contributes. `limit`:
    the law's value for `m, n -> oo`.
    """

    mean: float
    se: float
    expected: float
    limit: float
    z: float


@dataclass(frozen=True)
class WeightGroup:
    """Weights that stand together: their derived sum, the extrapolated one, its standard error and z."""

    size: int
    derived: float
    intercept: float
    se: float
    z: float


@dataclass(frozen=True)
class Kolmogorov:
    """Largest distance of two distribution functions at `m`; `bound = noise + allowance`.

    `noise = 1.63 / sqrt(reps)`. `allowance`: what finite `m` may add. The first correction to the law is of order `1/m`
    and moves the mean by `b/m`; a law stretched by `1 + |b| / (m mean)` is at a certain distance, and the allowance is
    twice that, because a part of the correction need not move the mean.
    """

    m: int
    distance: float
    noise: float
    allowance: float

    @property
    def bound(self) -> float:
        """Distance up to which the law stands."""
        return self.noise + self.allowance


@dataclass(frozen=True)
class Check:
    """One question with its answer: True holds, False fails, None cannot be told with these repetitions or this grid."""

    name: str
    value: float
    bound: float
    holds: bool | None
    meaning: str


@dataclass(frozen=True)
class Judgement:
    """Everything the judge found; `law` is what was judged."""

    law: NumericLaw
    grid: tuple[GridPoint, ...]
    derived: float
    fit: Fit
    weights: tuple[WeightGroup, ...]
    observed_weights: np.ndarray
    kolmogorov: Kolmogorov
    spread: Mean
    total: Mean
    n: int
    checks: tuple[Check, ...]

    @property
    def z(self) -> float:
        """Standard errors between the intercept and the derived mean."""
        return (self.fit.intercept - self.derived) / self.fit.intercept_se

    @property
    def accepted(self) -> bool:
        """True if every check holds."""
        return all(check.holds for check in self.checks)

    @property
    def verdict(self) -> str:
        """`accepted`, `rejected`, or `inconclusive` where nothing fails but something cannot be told."""
        if self.accepted:
            return "accepted"
        return "rejected" if any(check.holds is False for check in self.checks) else "inconclusive"

    @property
    def reasons(self) -> tuple[str, ...]:
        """What stands in the way of acceptance, in words."""
        failed = tuple(f"{check.name}: {check.meaning}" for check in self.checks if check.holds is False)
        return failed or tuple(f"{check.name}: {check.meaning}" for check in self.checks if check.holds is None)


def verify_law(law: NumericLaw, results: Results) -> Judgement:
    """Judge a law in numbers by results of the procedure; sampling is somebody else's business.

    `law.weights` `(N,)` are those of `||L(Z)||^2`, zeros allowed; `law.alpha` is taken from the results, `law.noise` is
    `sigma^2`.
    """
    weights = np.sort(law.weights[law.weights > 0])[::-1]
    if not len(weights):
        raise NotDerivableYet("verify: the derived interaction is zero, so there is no constant to judge")
    derived = float(weights.sum())
    interactions = results.interactions
    grid = tuple(
        GridPoint(m, float(sample.mean()), _se(sample)) for m, sample in zip(results.grid, interactions, strict=True)
    )
    fit = fit_line(results.grid, np.array([g.mean for g in grid]), np.array([g.se for g in grid]))
    groups, observed = _weights(weights, results)
    distance = _kolmogorov(weights, fit, results.grid[-1], interactions[-1])
    spread = _spread(law.d_eff, results)
    total = _total(law, derived, fit, results)
    judged = (fit, derived, groups, distance, spread, total)
    return Judgement(law, grid, derived, fit, groups, observed, distance, spread, total, results.n, _checks(*judged))


def _se(sample: np.ndarray) -> float:
    """Standard error of the mean."""
    if len(sample) < 2:
        raise InputError(f"reps: {len(sample)} came, at least 2 are needed for a standard error")
    return float(sample.std(ddof=1) / np.sqrt(len(sample)))


def _groups(weights: np.ndarray, repetitions: int) -> list[slice]:
    """Runs of descending weights whose neighbours differ by less than `APART` standard errors."""
    gaps = weights[:-1] - weights[1:] > APART * np.sqrt(2 / repetitions) * weights[:-1]
    edges = [0, *(np.flatnonzero(gaps) + 1).tolist(), len(weights)]
    return [slice(first, last) for first, last in pairwise(edges)]


def _weights(weights: np.ndarray, results: Results) -> tuple[tuple[WeightGroup, ...], np.ndarray]:
    """Each group of derived weights against the mean squares along the eigenvectors of the largest `m`."""
    vectors = results.displaced[-1]
    observed, axes = np.linalg.eigh(vectors.T @ vectors / len(vectors))
    observed, axes = observed[::-1], axes[:, ::-1]
    found = []
    for group in _groups(weights, results.repetitions):
        samples = [np.sum((moved @ axes[:, group]) ** 2, axis=1) for moved in results.displaced]
        if axes[:, group].shape[1] == 0:
            raise InputError(f"verify: the law has {len(weights)} weights in {len(axes)} dimensions")
        means, errors = np.array([s.mean() for s in samples]), np.array([_se(s) for s in samples])
        line = fit_line(results.grid, means, errors)
        derived = float(weights[group].sum())
        z = (line.intercept - derived) / line.intercept_se
        found.append(WeightGroup(group.stop - group.start, derived, line.intercept, line.intercept_se, z))
    return tuple(found), observed[: len(weights)]


def _kolmogorov(weights: np.ndarray, fit: Fit, m: int, sample: np.ndarray) -> Kolmogorov:
    ordered = np.sort(sample)
    count = len(ordered)
    law = quadratic_form.cdf(ordered, weights)
    above, below = np.arange(1, count + 1) / count - law, law - np.arange(count) / count
    stretch = 1 + abs(fit.slope) / (m * weights.sum())
    moved = np.abs(quadratic_form.cdf(ordered / stretch, weights) - law)
    return Kolmogorov(
        m, float(max(above.max(), below.max())), KOLMOGOROV / float(np.sqrt(count)), 2 * float(moved.max())
    )


def _spread(d_eff: int, results: Results) -> Mean:
    n = results.n
    expected = n * d_eff / (n - d_eff - 1)
    mean, se = float(results.spread.mean()), _se(results.spread)
    return Mean(mean, se, expected, float(d_eff), (mean - expected) / se)


def _total(law: NumericLaw, derived: float, fit: Fit, results: Results) -> Mean:
    """The slope comes from the same repetitions, so its covariance with the total enters the standard error."""
    n, m, d_eff, noise = results.n, results.grid[-1], law.d_eff, float(law.noise)
    sample, interaction = results.total, results.interactions[-1]
    share = n * (n - 1) / ((n - d_eff - 1) * m)
    expected = noise * n * d_eff / (n - d_eff - 1) + share * (derived + fit.slope / m)
    common = float(np.cov(sample, interaction)[0, 1]) / len(sample)
    slope = share / m
    variance = _se(sample) ** 2 + (slope * fit.slope_se) ** 2 - 2 * slope * float(fit.slope_weights[-1]) * common
    se, mean = float(np.sqrt(variance)), float(sample.mean())
    return Mean(mean, _se(sample), expected, noise * d_eff + derived * n / m, (mean - expected) / se)


def _checks(
    fit: Fit, derived: float, groups: Sequence[WeightGroup], distance: Kolmogorov, spread: Mean, total: Mean
) -> tuple[Check, ...]:
    straight = fit.p >= STRAIGHT
    z, precision = (fit.intercept - derived) / fit.intercept_se, fit.intercept_se / derived
    worst = max(groups, key=lambda group: abs(group.z))
    needed = f"{(precision / PRECISION) ** 2:.2g} times the repetitions are needed"
    return (
        Check("straight line", fit.p, STRAIGHT, straight or None,
              "the means along the grid do not lie on a + b/m; larger m are needed"),
        Check("precision", precision, PRECISION, precision <= PRECISION or None,
              f"the standard error of the intercept is {precision:.2%} of the derived mean; {needed}"),
        Check("interaction", z, BOUND, _within(z, BOUND, straight),
              f"the intercept is {z:+.2f} standard errors from the derived mean"),
        Check("weights", worst.z, WEIGHT_BOUND, _within(worst.z, WEIGHT_BOUND, straight),
              f"the weights that sum to {worst.derived:.6g} are {worst.z:+.2f} standard errors off"),
        Check("distribution", distance.distance, distance.bound, distance.distance < distance.bound,
              f"the Kolmogorov distance is {distance.distance:.4f}, at most {distance.bound:.4f} is expected"),
        Check("degrees of freedom", spread.z, BOUND, abs(spread.z) <= BOUND,
              f"label noise costs {spread.mean:.5g} per unit of variance, d_eff says {spread.expected:.5g}"),
        Check("total", total.z, BOUND, _within(total.z, BOUND, straight),
              f"the mean of n (R - sigma^2) is {total.z:+.2f} standard errors from what the law says at this m and n"),
    )  # fmt: skip


def _within(z: float, bound: float, straight: bool) -> bool | None:
    """True or False; None where the extrapolation that z rests on is not to be trusted."""
    return abs(z) <= bound if straight else None
