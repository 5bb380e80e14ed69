r"""The second stage with labels in {0, 1}: logistic regression on the learned features, its risks exactly.

In coordinates of `L2(mu_down)` (see `second_stage`) a linear predictor is a vector `u`, and with `r = |u|`, `a = <u, f*>`, `s =
|f*|` both excess risks are functions of one variable away:

    R(u) - R* = Lambda(r) - Lambda(s) - J(s) (a - s^2),     Lambda(r) = E log(1 + exp(r xi)),   J(s) = E sigma'(s xi),
    R01(u) - R01* = sqrt(2/pi) int_0^phi t(psi) J(t(psi)) dpsi,   t(psi) = s sin psi,   phi the angle between u and f*,

by Stein's identity and, in polar coordinates of the plane of `u` and `f*`, by parts in the radius.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symasym.quadrature.line import even_mean, mean
from symasym.simulation.second_stage import LearnedSpan

__all__ = ["Fitted", "LogisticStage", "excess_log_loss", "excess_zero_one", "logistic_fit", "logistic_stage"]

SWEEPS = 100
"""Newton steps at most."""
HALVINGS = 40
CONVERGED = 1e-11
"""Newton decrement for each sample at which the fit has converged."""
NODES = 32
"""Of the Gauss-Legendre rule in the angle."""


def _sigma(u: np.ndarray) -> np.ndarray:
    """`1 / (1 + exp(-u))`."""
    return (1 + np.tanh(u / 2)) / 2


def _slope(u: np.ndarray) -> np.ndarray:
    """`sigma'(u)`."""
    return 1 / (4 * np.cosh(np.minimum(np.abs(u), 700) / 2) ** 2)


def _softplus_mean(r: np.ndarray) -> np.ndarray:
    """`E log(1 + exp(r xi)) = E log(1 + exp(-|r xi|)) + r / sqrt(2 pi)`."""
    return even_mean(lambda u: np.log1p(np.exp(-u)), r).value + r / np.sqrt(2 * np.pi)


def excess_log_loss(predictor: np.ndarray, target: np.ndarray) -> np.ndarray:
    """`R(u) - R*` for predictors `(B, d)` and `f*` `(d,)`; the coefficient vector 0 is not among them."""
    s = np.asarray(np.linalg.norm(target))
    fisher = mean(_slope, s).value
    along = predictor @ target - s**2
    return _softplus_mean(np.linalg.norm(predictor, axis=-1)) - _softplus_mean(s) - fisher * along


def excess_zero_one(predictor: np.ndarray, target: np.ndarray) -> np.ndarray:
    """`R01(u) - R01*` for predictors `(B, d)` and `f*` `(d,)`."""
    s = np.linalg.norm(target)
    along = predictor @ target / s
    across = np.linalg.norm(predictor - along[..., None] * (target / s), axis=-1)
    angle = np.arctan2(across, along)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    t = s * np.sin(angle[..., None] * (1 + nodes) / 2)
    t = np.maximum(t, 1e-300)
    return np.sqrt(2 / np.pi) * angle / 2 * np.sum(weights * t * mean(_slope, t).value, axis=-1)


@dataclass(frozen=True)
class Fitted:
    """`coefficients` `(B, p)`; `separable` `(B,)`: some hyperplane separates the labels, so that there is no minimiser."""

    coefficients: np.ndarray
    separable: np.ndarray


def logistic_fit(features: np.ndarray, labels: np.ndarray) -> Fitted:
    """Newton's method with step halving for `B` problems at once: features `(B, n, p)`, labels `(B, n)` in {0, 1}.

    On separable labels the iterates run off along a separating direction, which shows; elsewhere the loss is strictly convex and
    has its minimum. Raises `ArithmeticError` where neither comes out.
    """
    batch, _, p = features.shape
    signs = 2 * labels - 1
    signed = features * signs[..., None]
    fit, open_, separable = np.zeros((batch, p)), np.arange(batch), np.zeros(batch, bool)
    for _ in range(SWEEPS):
        z, c = signed[open_], fit[open_]
        margin = np.einsum("bnp,bp->bn", z, c)
        parted = margin.min(-1) > 0
        separable[open_[parted]] = True
        miss = _sigma(-margin)
        gradient = -np.einsum("bnp,bn->bp", z, miss)
        hessian = np.einsum("bnp,bn,bnq->bpq", z, miss * (1 - miss), z)
        hessian += 1e-300 * np.eye(p)
        going = ~parted
        step = np.zeros_like(c)
        step[going] = -np.linalg.solve(hessian[going], gradient[going][..., None])[..., 0]
        decrement = -np.sum(gradient * step, axis=-1)
        loss = np.logaddexp(0, -margin).sum(-1)
        length, ahead = np.ones(len(open_)), np.einsum("bnp,bp->bn", z, step)
        for _ in range(HALVINGS):
            moved = np.logaddexp(0, -margin - length[:, None] * ahead).sum(-1)
            high = going & (moved > loss + 1e-12 * np.abs(loss))
            if not np.any(high):
                break
            length[high] /= 2
        fit[open_] = c + length[:, None] * step
        open_ = open_[going & (decrement > CONVERGED * features.shape[1])]
        if not len(open_):
            return Fitted(fit, separable)
    raise ArithmeticError(f"logistic regression: {len(open_)} of {batch} fits did not converge in {SWEEPS} steps")


@dataclass(frozen=True)
class LogisticStage:
    """For `B` repetitions: `log_loss`, `zero_one`, `n` times the excess risks; NaN where `separable`.

    `log_loss_control` and `zero_one_control` are the same functions of the score at `f*` in the learned features, to first order
    what label noise adds; their means are exactly `p / 2` and, with the constants of the law, `(p - 1) / (4 s sqrt(2 pi) J)`,
    which is taken off them, so that they have mean 0.
    """

    log_loss: np.ndarray
    zero_one: np.ndarray
    log_loss_control: np.ndarray
    zero_one_control: np.ndarray
    separable: np.ndarray


def logistic_stage(
    span: LearnedSpan, design: np.ndarray, target: np.ndarray, rng: np.random.Generator
) -> LogisticStage:
    """Draw labels for a design `(B, n, d)`, standard normal in coordinates of `L2(mu_down)`, fit, and take the exact risks."""
    n = design.shape[1]
    probability = _sigma(design @ target)
    labels = (rng.random(probability.shape) < probability).astype(float)
    features = design @ span.basis
    fitted = logistic_fit(features, labels)
    predictor = np.einsum("bdp,bp->bd", span.basis, fitted.coefficients)
    score = np.einsum("bnp,bn->bp", features, labels - probability) / n
    lost = np.where(fitted.separable, np.nan, 1.0)
    log_control, boundary_control = _controls(score, np.einsum("bdp,d->bp", span.basis, target), target, n)
    return LogisticStage(
        n * lost * excess_log_loss(predictor, target),
        n * lost * excess_zero_one(predictor, target),
        log_control,
        boundary_control,
        fitted.separable,
    )


def _controls(score: np.ndarray, inside: np.ndarray, target: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """`(n/2) S^T I^{-1} S - p/2` and the same across `f*`; `inside` `(B, p)` is `f*` projected on the span.

    The score `S` has the covariance `I / n`, `I = J + (H - J) b b^T / s^2` with `b` the projection of `f*`.
    """
    s, p = float(np.linalg.norm(target)), score.shape[-1]
    fisher, along = (float(mean(g, s).value) for g in (_slope, lambda u: (u / s) ** 2 * _slope(u)))
    squared = np.sum(inside**2, axis=-1)
    parallel = np.sum(score * inside, axis=-1) ** 2 / squared
    across = np.sum(score**2, axis=-1) - parallel
    eigenvalue = fisher + (along - fisher) * squared / s**2
    boundary = 1 / (4 * s * np.sqrt(2 * np.pi))
    log_control = n * (across / fisher + parallel / eigenvalue) / 2 - p / 2
    return log_control, boundary * (n * across / fisher**2 - (p - 1) / fisher)
