"""A straight line in `1/m` through means with known standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symasym.law import quadratic_form

__all__ = ["Fit", "fit_line"]


@dataclass(frozen=True)
class Fit:
    """Least squares fit of `a + b/m`, and of further terms up to `1/m^order`, with weights `1/se^2`.

    * `intercept` `a`, `slope` `b`, and their standard errors, from those of the means, which are independent.
    * `slope_weights` `c` with `b = sum_j c_j mean_j`, `(G,)`.
    * `chi2`: weighted sum of squared deviations from the line, `chi2` distributed with `G - 1 - order` degrees of freedom where
      the means lie on it; `p`: its tail probability, 1 where there are none.
    """

    intercept: float
    intercept_se: float
    slope: float
    slope_se: float
    slope_weights: np.ndarray
    chi2: float
    p: float
    order: int = 1

    @property
    def degrees_of_freedom(self) -> int:
        """`G - 1 - order`."""
        return len(self.slope_weights) - 1 - self.order


def fit_line(grid: Sequence[float], means: np.ndarray, errors: np.ndarray, order: int = 1) -> Fit:
    """Fit `a + b/m` to `means` `(G,)` with standard errors `errors` `(G,)` at the `m` of `grid`, more than `order` of them.

    `order`: of the highest power of `1/m`.
    """
    design = np.asarray(grid, float)[:, None] ** -np.arange(order + 1.0)
    weighted = design / errors[:, None]
    solution = np.linalg.pinv(weighted) / errors  # (order + 1, G): the estimate as a linear map of the means
    found = solution @ means
    (intercept, slope), (intercept_se, slope_se) = found[:2], np.sqrt(solution[:2] ** 2 @ errors**2)
    chi2 = float(np.sum(((means - design @ found) / errors) ** 2))
    spare = len(grid) - 1 - order
    p = float(quadratic_form.sf(chi2, np.ones(spare))) if spare else 1.0
    return Fit(float(intercept), float(intercept_se), float(slope), float(slope_se), solution[1], chi2, p, order)
