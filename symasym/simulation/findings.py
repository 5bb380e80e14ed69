"""What the judge finds, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symasym.evaluation.outcome import Misspecified
from symasym.law.numeric import NumericLaw
from symasym.model.displayed import Displayed
from symasym.simulation.fit import Fit

__all__ = [
    "Check",
    "Extrapolation",
    "GridPoint",
    "Judgement",
    "Kolmogorov",
    "Mean",
    "MisspecifiedJudgement",
    "Verdict",
    "WeightGroup",
]


@dataclass(frozen=True)
class GridPoint:
    """Mean of the interaction at one `m`, with its standard error."""

    m: int
    mean: float
    se: float


@dataclass(frozen=True)
class Extrapolation:
    """A derived constant against the intercept of `a + b/m` through what was found at each `m`."""

    derived: float
    fit: Fit

    @property
    def z(self) -> float:
        """Standard errors of the intercept between the two."""
        return (self.fit.intercept - self.derived) / self.fit.intercept_se


@dataclass(frozen=True)
class WeightGroup:
    """Weights that stand together, `size` of them, and their sum."""

    size: int
    sum: Extrapolation


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
class Kolmogorov:
    """Largest distance of two distribution functions at `m`; `bound = noise + allowance`.

    `noise = 1.63 / sqrt(reps)`. `allowance`: what finite `m` may add. The first correction to the law is of order `1/m`
    and moves the mean by `b/m`; the law stretched by `1 + |b| / (m mean)` is at a certain distance from the law, and
    the allowance is twice that, because a part of the correction need not move the mean.
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
    """One question and its answer: True holds, False fails, None cannot be told with these repetitions or this grid.

    `value` is compared with `bound`; `meaning` says in words what it would mean if it does not hold.
    """

    name: str
    value: float
    bound: float
    holds: bool | None
    meaning: str


@dataclass(frozen=True)
class Verdict(Displayed):
    """The checks of a judge, and what they come to."""

    checks: tuple[Check, ...]

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


@dataclass(frozen=True)
class MisspecifiedJudgement(Verdict):
    """What the judge found of a target outside the span; `outside` is what was derived.

    `centre` and `variance` are those of `sqrt(m) (R(w_hat) - R(w*))`.
    """

    outside: Misspecified
    centre: Extrapolation
    variance: Extrapolation
    kolmogorov: Kolmogorov


@dataclass(frozen=True)
class Judgement(Verdict):
    """Everything the judge found; `law` is what was judged, `n` the labelled samples at the largest `m`.

    `variance` is that of the interaction, around its mean where there is a `drift`, the squared length of the mean of the
    displacement; `observed_weights`, descending, are the eigenvalues at the largest `m`.
    """

    law: NumericLaw
    grid: tuple[GridPoint, ...]
    interaction: Extrapolation
    variance: Extrapolation
    weights: tuple[WeightGroup, ...]
    observed_weights: np.ndarray
    kolmogorov: Kolmogorov
    spread: Mean
    total: Mean
    n: int
    drift: Extrapolation | None = None
