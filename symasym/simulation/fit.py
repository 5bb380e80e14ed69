"""A straight line in `1/m` through means with known standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symasym.law import quadratic_form

__all__ = ["Fit", "fit_line"]


@dataclass(frozen=True)
class Fit:
    """Least squares fit of `a + b/m` with weights `1/se^2`.

    * `intercept` `a`, `slope` `b`, and their standard errors, from those of the means, which are independent.
    * `slope_weights` `c` with `b = sum_j c_j mean_j`, `(G,)`.
    * `chi2`: weighted sum of squared deviations from the line, `chi2` distributed with `G - 2` degrees of freedom where
      the means lie on a line; `p`: its tail probability, 1 for two points.
    """

    intercept: float
    intercept_se: float
    slope: float
    slope_se: float
    slope_weights: np.ndarray
    chi2: float
    p: float

    @property
    def degrees_of_freedom(self) -> int:
        """`G - 2`."""
        return len(self.slope_weights) - 2


def fit_line(grid: Sequence[float], means: np.ndarray, errors: np.ndarray) -> Fit:
    """Fit `a + b/m` to `means` `(G,)` with standard errors `errors` `(G,)` at the `m` of `grid`, at least two."""
    design = np.stack([np.ones(len(grid)), 1 / np.asarray(grid, float)], axis=1)
    weighted = design / errors[:, None]
    solution = np.linalg.pinv(weighted) / errors  # (2, G): the estimate as a linear map of the means
    intercept, slope = solution @ means
    intercept_se, slope_se = np.sqrt(solution**2 @ errors**2)
    chi2 = float(np.sum(((means - design @ [intercept, slope]) / errors) ** 2))
    spare = len(grid) - 2
    p = float(quadratic_form.sf(chi2, np.ones(spare))) if spare else 1.0
    return Fit(float(intercept), float(intercept_se), float(slope), float(slope_se), solution[1], chi2, p)
