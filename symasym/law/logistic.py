"""The laws of a logistic second stage, for symbolic dimensions: those of least squares, `||f*||` and one named integral.

`n (R - R*) -> (1/2) chi2_{d_eff} + (J / (2 alpha)) ||L(Z)||^2` for the log-loss and, for the 0-1 error,
`n (R01 - R01*) -> (q / 4) ((1/J) chi2_{d_eff - 1} + (1/alpha) ||L(Z)||^2)`, with `s = ||f*||`, `J = E sigma'(s xi)` and
`q = 1 / (s sqrt(2 pi))`; see `numeric_logistic` and `docs/logistic.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from symasym.law.law import IndexRange, Law, alpha, downstream_variance
from symasym.law.numbers import target_size_at
from symasym.law.numeric_logistic import NumericLogistic
from symasym.model.displayed import Displayed

__all__ = ["LogisticLaw"]

SIZE = sympy.Symbol("s_f", positive=True)
"""`||f*||` in `L2(mu_down)`."""
FISHER = sympy.Symbol("J", positive=True)
"""`E p (1 - p)`."""
DENSITY = sympy.Symbol("q_f", positive=True)
"""Density of `f*` at 0."""
COVARIANCE = sympy.IndexedBase(sympy.Symbol("D", real=True))
"""The downstream covariance in aligned coordinates."""
U = sympy.Symbol("u", real=True)


@dataclass(frozen=True)
class LogisticLaw(Displayed):
    """`least_squares`: the law of the same model; `target`: each learned range with the coefficient `t_i` of `f*` there."""

    least_squares: Law
    target: tuple[tuple[IndexRange, sympy.Expr], ...]

    @property
    def squared_size(self) -> sympy.Expr:
        """`||f*||^2 = sum_i g_i t_i^2`, for a downstream covariance that is diagonal in aligned coordinates."""
        return sympy.Add(*(sympy.Sum(downstream_variance[r.index] * t**2, r.limits) for r, t in self.target))

    @property
    def general_squared_size(self) -> sympy.Expr:
        """`||f*||^2 = sum_ij t_i D_ij t_j`, for any downstream covariance `D`, in aligned coordinates."""
        terms = []
        for r, t in self.target:
            for q, other in self.target:
                index = r.partner if q == r else q.index
                second = other.xreplace({q.index: index})
                terms.append(sympy.Sum(t * COVARIANCE[r.index, index] * second, (index, q.first, q.last), r.limits))
        return sympy.Add(*terms)

    @property
    def integral(self) -> sympy.Expr:
        """`J = E sigma'(s xi)`, as an integral over `u = f*`."""
        density = sympy.exp(-(U**2) / (2 * SIZE**2)) / (SIZE * sympy.sqrt(2 * sympy.pi))
        return sympy.Integral(density / (4 * sympy.cosh(U / 2) ** 2), (U, -sympy.oo, sympy.oo))

    @property
    def definitions(self) -> tuple[tuple[sympy.Symbol, sympy.Expr], ...]:
        """What `s_f`, `q_f` and `J` stand for, for a diagonal downstream covariance."""
        density = 1 / (SIZE * sympy.sqrt(2 * sympy.pi))
        return (SIZE, sympy.sqrt(self.squared_size)), (DENSITY, density), (FISHER, self.integral)

    @property
    def weights(self) -> tuple[tuple[sympy.Expr, tuple[sympy.Symbol, sympy.Expr, sympy.Expr]], ...]:
        """`J omega_a`, those of `||L(Z)||^2` in `L2` weighted by `p (1 - p)`, with the range of `a`."""
        return tuple((FISHER * weight, limits) for weight, limits in self.least_squares.weights)

    @property
    def mean(self) -> sympy.Expr:
        """`J E||L(Z)||^2`, for a diagonal downstream covariance."""
        return FISHER * self.least_squares.mean

    @property
    def log_loss_mean(self) -> sympy.Expr:
        """Mean of the limit of `n (R - R*)`: `d_eff / 2 + J E||L(Z)||^2 / (2 alpha)`."""
        return self.least_squares.d_eff / 2 + self.mean / (2 * alpha)

    @property
    def zero_one_mean(self) -> sympy.Expr:
        """Mean of the limit of `n (R01 - R01*)`."""
        law = self.least_squares
        return DENSITY / 4 * ((law.d_eff - 1) / FISHER + law.mean / alpha)

    @property
    def alpha0(self) -> sympy.Expr:
        """Crossover, of both risks: `J E||L(Z)||^2 / (d_base - d_eff)`."""
        return self.mean / self.least_squares.rank

    def at(self, alpha: Any = 1.0, Sigma_down: Any = None, **values: Any) -> NumericLogistic:
        """Numbers in, both laws out; arguments as for `Law.at`, without a label noise."""
        law = self.least_squares.at(alpha, Sigma_down, **{"sigma2": 1.0, **values})
        size = target_size_at(self.least_squares, self.target, Sigma_down, values)
        return NumericLogistic(law, np.asarray(size, float))

    def __str__(self) -> str:
        law = self.least_squares
        ranges = ", ".join(
            f"{r.index} = {r.first}..{r.last}{'' if not r.learned else ' (learned)'}" for r in law.ranges
        )
        lines = [
            f"{law.title or law.name}, logistic downstream: P(y = 1 | x) = p = 1 / (1 + exp(-f*))",
            f"  n (R - R*) -> (1/2) chi2_d_eff + (1/(2 alpha)) ||L(Z)||^2_p(1-p),   alpha = m/n,   {ranges}",
            "  ||L(Z)||^2_p(1-p) = sum of J omega chi2_1 over the indices outside the learned span",
            "  n (R01 - R01*) -> (q_f/4) ((1/J) chi2_(d_eff - 1) + (1/alpha) sum of omega chi2_1)",
            *(f"  omega[{index}] = {weight}" for weight, (index, _, _) in law.weights),
            *(f"  {symbol} = {definition}" for symbol, definition in (*law.definitions, *self.definitions)),
            f"  s_f = ||f*|| = sqrt({self.general_squared_size})   for any downstream covariance D",
            "  J = E p (1 - p): one integral over f* ~ N(0, s_f^2), by quadrature",
            f"  mean of n (R - R*): {self.log_loss_mean}",
            f"  mean of n (R01 - R01*): {self.zero_one_mean}",
            f"  d_eff = {law.d_eff}, d_base = {law.d_base}, alpha0 = J E||L(Z)||^2 / (d_base - d_eff), for both risks",
            "  g: diagonal of the downstream covariance in aligned coordinates",
            f"  where {', '.join(map(str, (*law.where, *law.assume)))}",
        ]
        lines += [f"  assumed positive, not decided: {minor}" for minor in law.undecided]
        lines += [f"  assumed: {words}" for words in law.hypotheses]
        return "\n".join(lines)
