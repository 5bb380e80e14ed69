"""The judge for a target outside the span: `sqrt(m) (R(w_hat) - R(w*))` is Gaussian in the limit, with mean 0.

`R(w) = sigma^2 + ||(I - Pi_w) f*||^2` is the risk of the best fit on the features of `w`; the second stage adds `O(1/n)`, which
vanishes at this rate. Judged are the centre (intercept of the means along `1/sqrt(m)`, against 0), the variance (intercept along
`1/m`, against `slope^T V slope`) and the Kolmogorov distance at the largest `m`.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from symasym.errors import NotDerivableYet
from symasym.evaluation.outcome import Misspecified
from symasym.simulation.findings import Check, Extrapolation, Kolmogorov, MisspecifiedJudgement
from symasym.simulation.fit import fit_line
from symasym.simulation.judge import BOUND, KOLMOGOROV, PRECISION
from symasym.simulation.results import Results

__all__ = ["verify_misspecified"]

VARIANCE_PRECISION = 5 * PRECISION
"""A variance needs four times the repetitions of a mean for the same digits; 5 % tells a factor from its neighbours."""


def verify_misspecified(outside: Misspecified, results: Results) -> MisspecifiedJudgement:
    """Judge the Gaussian limit by results of the procedure.

    Raises `NotDerivableYet` where the derived variance is 0: the slope vanishes and the rate is another.
    """
    if not outside.variance > 0:
        raise NotDerivableYet(
            "verify: the slope of the risk vanishes at w*, so there is no limit at the rate sqrt(m) to judge"
        )
    moved = [
        np.sqrt(m) * (np.sum(vectors**2, axis=1) / m - outside.excess)
        for m, vectors in zip(results.grid, results.displaced, strict=True)
    ]
    roots = [np.sqrt(m) for m in results.grid]
    errors = np.array([sample.std(ddof=1) / np.sqrt(len(sample)) for sample in moved])
    centre = Extrapolation(0.0, fit_line(roots, np.array([sample.mean() for sample in moved]), errors))
    variances = np.array([sample.var(ddof=1) for sample in moved])
    squares = [(sample - sample.mean()) ** 2 for sample in moved]
    spread = np.array([square.std(ddof=1) / np.sqrt(len(square)) for square in squares])
    variance = Extrapolation(outside.variance, fit_line(results.grid, variances, spread))
    distance = _kolmogorov(moved[-1], outside.variance, results.grid[-1])
    return MisspecifiedJudgement(_checks(centre, variance, distance), outside, centre, variance, distance)


def _kolmogorov(sample: np.ndarray, variance: float, m: int) -> Kolmogorov:
    """Against `N(0, variance)`; finite `m` may shift it by the observed mean and stretch it to the observed variance."""
    normal, count = NormalDist(0, float(np.sqrt(variance))), len(sample)
    ordered = np.sort(sample)
    law = np.array([normal.cdf(value) for value in ordered])
    above, below = np.arange(1, count + 1) / count - law, law - np.arange(count) / count
    shift = abs(float(sample.mean())) / normal.stdev / np.sqrt(2 * np.pi)
    stretch = abs(float(sample.std()) / normal.stdev - 1) * 0.242  # max of |x phi(x)|
    return Kolmogorov(
        m, float(max(above.max(), below.max())), KOLMOGOROV / float(np.sqrt(count)), 2 * (shift + stretch)
    )


def _checks(centre: Extrapolation, variance: Extrapolation, distance: Kolmogorov) -> tuple[Check, ...]:
    precision = variance.fit.intercept_se / variance.derived
    return (
        Check(
            "precision", precision, VARIANCE_PRECISION, precision <= VARIANCE_PRECISION or None,
            f"the standard error of the variance is {precision:.2%} of the derived one",
        ),
        Check(
            "centre", centre.z, BOUND, abs(centre.z) <= BOUND,
            f"the means extrapolate to {centre.fit.intercept:.5g}, {centre.z:+.2f} standard errors from 0",
        ),
        Check(
            "variance", variance.z, BOUND, abs(variance.z) <= BOUND,
            f"the extrapolated variance {variance.fit.intercept:.5g} is {variance.z:+.2f} standard errors from the derived "
            f"{variance.derived:.5g}",
        ),
        Check(
            "distribution", distance.distance, distance.bound, distance.distance < distance.bound,
            f"the Kolmogorov distance is {distance.distance:.4f}, at most {distance.bound:.4f} is expected",
        ),
    )  # fmt: skip
