"""A law with numbers in it: SciPy's vocabulary for the limit of `n (R - sigma^2)`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import factorial

import numpy as np

from symasym.law import quadratic_form
from symasym.model.displayed import Displayed

__all__ = ["NumericLaw"]


@dataclass(frozen=True)
class NumericLaw(Displayed):
    """`sigma^2 d_act + (1/alpha) (offset + sum_j w_j chi2_1(l_j))`, label noise averaged; leading axes are a batch.

    * `noise`: `sigma^2`, shape `(...)`; `alpha = m/n`, shape `(...)`.
    * `weights`: `(..., n)`, of `||L(Z)||^2` (not divided by `alpha`).
    * `d_eff`: rank of the features; `d_base`: that of the downstream-only baseline.
    * `averaged`: if false, label noise is not averaged: `sigma^2 d_act` becomes `sigma^2 chi2_{d_act}`, independent of the rest.
    * `noncentralities`: `l_j`, `(..., n)`; `offset`, `(...)`: both zero unless the limit of the first stage has a mean.
    * `multiplicities`: how often each weight occurs, `(..., n)`; once by default.
    * `activated`: null directions that every perturbation wakes; `d_act = d_eff + activated` coefficients are fitted.
    """

    noise: np.ndarray
    alpha: np.ndarray
    weights: np.ndarray
    d_eff: int
    d_base: int
    averaged: bool = True
    activated: int = 0
    noncentralities: np.ndarray = field(default_factory=lambda: np.zeros(()))
    offset: np.ndarray = field(default_factory=lambda: np.zeros(()))
    multiplicities: np.ndarray = field(default_factory=lambda: np.ones(()))

    def unconditional(self) -> NumericLaw:
        """The law over label noise as well, with the variance part `sigma^2 chi2_{d_act}`; it has every function of this one."""
        return replace(self, averaged=False)

    @property
    def d_act(self) -> int:
        """Coefficients that the second stage fits: the rank of the features and the null directions that wake."""
        return self.d_eff + self.activated

    @property
    def shift(self) -> np.ndarray:
        """The constant part: `sigma^2 d_act`, or 0 where label noise is not averaged, and `offset / alpha`."""
        own = self.noise * self.d_act if self.averaged else np.zeros_like(self.noise)
        return own + self.offset / self.alpha

    @property
    def central(self) -> bool:
        """True if the limit of the first stage has no mean."""
        return not (np.any(self.noncentralities) or np.any(self.offset))

    def kept(self, chosen: np.ndarray) -> NumericLaw:
        """The law with the weights `(n,)` that are chosen alone."""
        shifts = np.broadcast_to(self.noncentralities, self.weights.shape)
        counts = np.broadcast_to(self.multiplicities, self.weights.shape)
        return replace(
            self, weights=self.weights[chosen], noncentralities=shifts[chosen], multiplicities=counts[chosen]
        )

    def interaction_cumulant(self, order: int) -> np.ndarray:
        """`kappa_r = 2^{r-1} (r-1)! sum_j (1 + r l_j) w_j^r` of `||L(Z)||^2`, to whose mean `offset` is added."""
        spread = quadratic_form.cumulant(order, self.weights, self.multiplicities, self.noncentralities)
        return spread + self.offset if order == 1 else spread

    def cumulant(self, order: int) -> np.ndarray:
        """Cumulant of the limit of `n (R - sigma^2)`."""
        scaled = self.interaction_cumulant(order) / self.alpha**order
        if not self.averaged:
            return scaled + 2.0 ** (order - 1) * factorial(order - 1) * self.d_act * self.noise**order
        return self.noise * self.d_act + scaled if order == 1 else scaled

    @property
    def mean(self) -> np.ndarray:
        """Mean of the limit."""
        return self.cumulant(1)

    @property
    def var(self) -> np.ndarray:
        """Variance of the limit."""
        return self.cumulant(2)

    @property
    def crossover(self) -> np.ndarray:
        """`alpha0 = E||L(Z)||^2 / (sigma^2 (d_base - d_eff))`; NaN where `L = 0` or null directions wake."""
        rank = 0 if self.activated else self.d_base - self.d_eff
        return self.interaction_cumulant(1) / (self.noise * rank) if rank else np.full(np.shape(self.noise), np.nan)

    def budget(self, cost_unlabelled: float, cost_labelled: float) -> np.ndarray:
        """Best `m / n` when an unlabelled sample costs `cost_unlabelled` and a labelled one `cost_labelled`."""
        variance = self.noise * self.d_act
        return np.sqrt(self.interaction_cumulant(1) * cost_labelled / (variance * cost_unlabelled))

    @property
    def _form(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights, multiplicities and noncentralities of `alpha (limit - shift)`."""
        counts = np.broadcast_to(self.multiplicities, self.weights.shape)
        if self.averaged or self.d_act == 0:
            return self.weights, counts, self.noncentralities
        lead = np.broadcast_shapes(self.weights.shape[:-1], np.shape(self.noise), np.shape(self.alpha))
        label = np.broadcast_to(self.alpha * self.noise, lead)[..., None]
        weights = np.broadcast_to(self.weights, (*lead, self.weights.shape[-1]))
        shifts = np.concatenate([np.broadcast_to(self.noncentralities, weights.shape), np.zeros_like(label)], axis=-1)
        multiplicities = np.concatenate(
            [np.broadcast_to(counts, weights.shape), np.full_like(label, self.d_act)], axis=-1
        )
        return np.concatenate([weights, label], axis=-1), multiplicities, shifts

    def _standard(self, r: np.ndarray) -> np.ndarray:
        return self.alpha * (np.asarray(r, float) - self.shift)

    def cdf(self, r: np.ndarray) -> np.ndarray:
        """`P(limit <= r)`."""
        return quadratic_form.cdf(self._standard(r), *self._form)

    def sf(self, r: np.ndarray) -> np.ndarray:
        """`P(limit > r)`."""
        return quadratic_form.sf(self._standard(r), *self._form)

    def pdf(self, r: np.ndarray) -> np.ndarray:
        """Density of the limit at `r`."""
        return self.alpha * quadratic_form.pdf(self._standard(r), *self._form)

    def ppf(self, p: np.ndarray) -> np.ndarray:
        """Quantile of order `p`."""
        return self.shift + quadratic_form.ppf(p, *self._form) / self.alpha

    def isf(self, p: np.ndarray) -> np.ndarray:
        """The point that the limit exceeds with probability `p`, accurate also where `1 - p` rounds to 1."""
        return self.shift + quadratic_form.isf(p, *self._form) / self.alpha

    def estimate(
        self, kind: quadratic_form.Kind, x: np.ndarray, tolerance: float = quadratic_form.TOLERANCE
    ) -> quadratic_form.Estimate:
        """`cdf`, `sf`, `pdf`, `ppf` or `isf` at `x` with an estimate of the absolute error, the method and its nodes.

        `tolerance`: relative error of the smaller tail that is asked for. Raises ValueError for another `kind` and for a
        tolerance outside (0, 1). Fields: see `symasym.law.quadratic_form.Estimate`.
        """
        if kind in ("ppf", "isf"):
            found = quadratic_form.estimate(kind, x, *self._form, tolerance=tolerance)
            rounding = np.spacing(np.abs(self.shift))
            return found._replace(
                value=self.shift + found.value / self.alpha, error=found.error / self.alpha + rounding
            )
        found = quadratic_form.estimate(kind, self._standard(x), *self._form, tolerance=tolerance)
        scale = self.alpha if kind == "pdf" else 1.0
        return found._replace(value=scale * found.value, error=scale * found.error)

    def rvs(self, size: int | tuple[int, ...], rng: np.random.Generator | int) -> np.ndarray:
        """Samples of shape `size` + the batch shape; `rng` may be a seed."""
        weights, multiplicities, shifts = self._form
        return self.shift + quadratic_form.rvs(size, weights, multiplicities, rng, shifts) / self.alpha
