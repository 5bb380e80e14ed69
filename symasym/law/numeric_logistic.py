r"""Logistic regression as the second stage: laws of the excess log-loss and of the excess 0-1 error.

`P(y = 1 | x) = p = 1 / (1 + exp(-f*))`, `x ~ N(0, Sigma_down)`, `f*` in the span of linear features. With `s = ||f*||` in
`L2(mu_down)` and `xi` standard Gaussian everything beyond the least-squares law comes from one integral,

    J = E p (1 - p) = E sigma'(s xi).

* The Fisher inner product is `<u, v>_{p(1-p)} = J <u, v> + (H - J) <u, f*> <v, f*> / s^2`, `H = E xi^2 sigma'(s xi)`, because `x`
  less its projection on `f*` is independent of `f*`. `f*` lies in the span, so the complement of the span is the same as in
  `L2(mu_down)`, and on it the Fisher norm is `J` times the squared one: `L` is that of least squares, `||L(Z)||^2_{p(1-p)} = J
  ||L(Z)||^2`.
* Log-loss: `n (R - R*) -> (1/2) chi2_{d_act} + (J / (2 alpha)) ||L(Z)||^2`, the two parts independent.
* 0-1 error: where `f*` changes its sign, `E (f - f*)^2 1{f* = 0}` counts, with `|2p - 1| = |f*| / 2` next to it:
  `n (R01 - R01*) -> (1 / (4 s sqrt(2 pi))) ((1/J) chi2_{d_act - 1} + (1/alpha) ||L(Z)||^2)`; the length of `f` does not matter.

Derived in `docs/logistic.md`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from symasym.law.numeric import NumericLaw
from symasym.model.displayed import Displayed
from symasym.quadrature.line import Integral, even_mean, mean

__all__ = ["NumericLogistic"]


def _probability(u: np.ndarray) -> np.ndarray:
    """`1 / (1 + exp(u))` for `u >= 0`, that of the less likely label."""
    small = np.exp(-u)
    return small / (1 + small)


def _variance(u: np.ndarray) -> np.ndarray:
    """`sigma'(u) = p (1 - p)`."""
    small = _probability(np.abs(u))
    return small * (1 - small)


def _entropy(u: np.ndarray) -> np.ndarray:
    """`-p log p - (1 - p) log (1 - p)`; analytic, also at 0."""
    size = np.abs(u)
    return size * _probability(size) + np.log1p(np.exp(-size))


@dataclass(frozen=True)
class NumericLogistic(Displayed):
    """Both limits for a logistic second stage; leading axes are a batch.

    * `least_squares`: the law of the same problem with least squares; its noise is not used.
    * `size`: `s = ||f*||` in `L2(mu_down)`, shape `(...)`.
    """

    least_squares: NumericLaw
    size: np.ndarray

    @cached_property
    def fisher(self) -> Integral:
        """`J = E p (1 - p) = E sigma'(s xi)`."""
        return mean(_variance, self.size)

    @cached_property
    def fisher_along(self) -> Integral:
        """`H = E xi^2 sigma'(s xi)`, the Fisher norm of `f* / s`; enters the information, not the two limits."""
        size = np.asarray(self.size, float)[..., None]
        return mean(lambda u: (u / size) ** 2 * _variance(u), self.size)

    @cached_property
    def log_loss_of_truth(self) -> Integral:
        """`R*`, the log-loss of `f*`: the mean entropy of a label given `x`."""
        return mean(_entropy, self.size)

    @cached_property
    def error_of_truth(self) -> Integral:
        """The 0-1 error of `f*`: `E min(p, 1 - p)`."""
        return even_mean(_probability, self.size)

    @property
    def boundary(self) -> np.ndarray:
        """`1 / (4 s sqrt(2 pi))`: a quarter of the density of `f*` at 0."""
        return 1 / (4 * np.sqrt(2 * np.pi) * np.asarray(self.size, float))

    @property
    def interaction(self) -> NumericLaw:
        """Twice the log-loss law: `d_act + (1/alpha) ||L(Z)||^2_{p(1-p)}`, so that its weights are those of the interaction."""
        return self._with(np.ones_like(self.fisher.value), self.fisher.value)

    @property
    def log_loss(self) -> NumericLaw:
        """The limit of `n (R - R*)` with `chi2_{d_act}` replaced by its mean; `.unconditional()` is the limit itself."""
        return self._with(np.full_like(self.fisher.value, 0.5), self.fisher.value / 2)

    @property
    def zero_one(self) -> NumericLaw:
        """The limit of `n` times the excess 0-1 error; a constant 0 for one feature that nothing displaces."""
        law = self._with(self.boundary / self.fisher.value, self.boundary)
        own = replace(law, d_eff=law.d_eff - 1, d_base=law.d_base - 1)
        return replace(own, averaged=own.d_act == 0)

    def _with(self, noise: np.ndarray, factor: np.ndarray) -> NumericLaw:
        """The law with this noise and `factor ||L(Z)||^2` in place of `||L(Z)||^2`."""
        law = self.least_squares
        return replace(
            law, noise=noise, weights=law.weights * factor[..., None], offset=law.offset * factor, averaged=True
        )
