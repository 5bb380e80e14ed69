"""Quantiles of weighted chi-squares: Newton's method on the logarithm of a tail, from bounds that hold for every law.

[LaurentMassart2000] Ann. Statist. 28, 1302-1338; [Ruben1962] Ann. Math. Statist. 33, 542-570.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from symasym.law.contour import log_integrals
from symasym.law.weighted import Booleans, Floats, Indices, WeightedLaw, pair, require

__all__ = ["TINY", "quantile", "upper_bound"]

TINY = 1e-280
"""Points this small next to the largest weight: the first term of the series at 0."""

_ROUGH = 1e-6  # relative accuracy of tails on the way
_PAST = 1e-4


def upper_bound(law: WeightedLaw, of: Indices, minus_log_p: Floats | float) -> Floats:
    """A point beyond which Q has at most the probability p [LaurentMassart2000, Lemma 1]."""
    return law.moment(1)[of] + 2.0 * np.sqrt(law.moment(2)[of] * minus_log_p) + 2.0 * minus_log_p


def _log_lower_bound(law: WeightedLaw, of: Indices, minus_log_p: Floats) -> Floats:
    """Logarithm of a point below which Q has at most the probability p: [LaurentMassart2000], [Ruben1962]."""
    point = law.moment(1)[of] - 2.0 * np.sqrt(law.moment(2)[of] * minus_log_p)
    central = WeightedLaw(law.weights, law.halves, 0.0 * law.shifts, law.largest)
    with np.errstate(divide="ignore"):
        # P(Q <= q) is at most the C q^k that it approaches at 0 without shifts
        return np.maximum(np.log(np.maximum(point, 0.0)), _log_near_zero(central, of, minus_log_p))


def _log_near_zero(law: WeightedLaw, of: Indices, minus_log_p: Floats) -> Floats:
    """Logarithm of the q with C q^k = p, the first term of the series of P(Q <= q) at 0 [Ruben1962]."""
    k = law.halves.sum(-1)
    log_c = -(law.halves * np.log(2.0 * law.weights) + law.shifts / 2.0).sum(-1)
    log_c = log_c - [math.lgamma(power + 1.0) for power in k]
    return (-minus_log_p - log_c[of]) / k[of]


def quantile(p: ArrayLike, is_above: bool, law: WeightedLaw, tolerance: float) -> Floats:
    """The q with P(Q > q) = p if `is_above`, else with P(Q <= q) = p; `p` broadcasts against the laws."""
    p = np.asarray(p, dtype=float)
    require("p", p, (p >= 0.0) & (p <= 1.0), "in [0, 1]")
    law, of, p, shape = pair(law, p)
    below, above = (1.0 - p, p) if is_above else (p, 1.0 - p)  # both, for neither to lose its digits
    atom = law.largest[of] == 0.0
    found = np.where(~atom & (above == 0.0), np.inf, 0.0)
    inside = ~atom & (below > 0.0) & (above > 0.0)
    of = of[inside]
    found[inside] = _solve(below[inside], above[inside], law, of, tolerance) * law.largest[of]
    return found.reshape(shape)


def _solve(below: Floats, above: Floats, law: WeightedLaw, of: Indices, tolerance: float) -> Floats:
    """Newton's method for log P(Q > q) in q if the quantile exceeds E Q, else for log P(Q <= q) in log q."""
    mean = law.moment(1)[of]
    upper = below > np.exp(log_integrals(mean, law, of, np.zeros(mean.shape, dtype=bool), _ROUGH).tail)
    target = np.log(np.where(upper, above, below))
    x = np.where(upper, upper_bound(law, of, -target), _log_lower_bound(law, of, -target))
    # Both are nearly concave: steps from a bound stay on its side of the root; where they do not, bisection.
    near = _log_near_zero(law, of, -target)
    inside = upper | (near > math.log(TINY))  # closer to 0 the first term of the series gives the quantile
    x = np.where(inside, np.where(upper, x, np.maximum(x, math.log(TINY))), near)
    # As upper was decided to _ROUGH only, the bracket reaches past the mean.
    low, high = np.where(upper, mean * (1.0 - _PAST), x), np.where(upper, x, np.log(mean) + _PAST)
    search = _Search(law, of, upper, target, x, low, high)
    search.run(inside, _ROUGH, 1e-3)
    search.run(inside, tolerance, 1e-9)  # the last step squares that
    return np.exp(x, out=x, where=~upper)


@dataclass(frozen=True)
class _Search:
    """Newton's method within brackets; `x`, `low` and `high` change in place, and are logarithms except for `upper`."""

    law: WeightedLaw
    of: Indices
    upper: Booleans
    target: Floats
    x: Floats
    low: Floats
    high: Floats

    def run(self, chosen: Booleans, tolerance: float, enough: float) -> None:
        """Steps until one was made from an error of at most `enough` in the logarithm of the tail."""
        left = np.flatnonzero(chosen)
        for _ in range(100):
            if left.size == 0:
                break
            left = left[self._step(left, tolerance, enough) > enough]

    def _step(self, left: Indices, tolerance: float, enough: float) -> Floats:
        at, upper, low, high = self.x[left], self.upper[left], self.low[left], self.high[left]
        q = np.exp(at, out=at.copy(), where=~upper)
        found = log_integrals(q, self.law, self.of[left], upper, tolerance)
        error = found.tail - self.target[left]
        # a rough tail does not tell the side of a root that is as close as that
        sure, beyond = np.abs(error) > (1e-5 if tolerance >= _ROUGH else 0.0), (error < 0.0) == upper
        low, high = np.where(sure & ~beyond, at, low), np.where(sure & beyond, at, high)
        newton = at - error / (np.exp(found.density - found.tail) * np.where(upper, -1.0, q))
        bracketed = (newton >= low) & (newton <= high)
        close = np.clip(newton, low, high)  # next to a bound that is nearly the root
        moved = np.where(bracketed | (np.abs(error) <= enough), close, (low + high) / 2.0)
        self.x[left] = np.where(np.isnan(error), np.nan, moved)
        self.low[left], self.high[left] = low, high
        return np.abs(error)
