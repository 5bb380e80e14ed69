"""The downstream form `K` for features that are linear in one data vector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symasym.errors import ConditionViolated, NotDerivableYet
from symasym.model import Model
from symasym.referee.evaluate import Evaluator
from symasym.referee.jets import Powers
from symasym.referee.linear_algebra import echelon, identity, inverse, rank, solve, zeros
from symasym.referee.moments import fraction

__all__ = ["Downstream", "downstream"]


@dataclass(frozen=True)
class Downstream:
    """`theta` `(p,)`; `L` `(d, N)`, column `c` the coefficient vector of `L(e_c)`; `K` `(N, N)`; `d_eff`."""

    theta: np.ndarray
    L: np.ndarray
    K: np.ndarray
    d_eff: int


def downstream(model: Model, evaluator: Evaluator) -> Downstream:
    """With `psi(x, w) = Phi(w) x`, `<target, x> = theta^T Phi(w*) x` and `S = E[x x^T]` downstream:

    `c(v) = (D Phi(w*)[v])^T theta`, `L(v) = -(I - Pi) c(v)`, `Pi` the `S`-orthogonal projector on the rows of
    `Phi(w*)`, `K(u, v) = L(u)^T S L(v)`.

    Raises `ConditionViolated` if the target is outside the span or `S` singular, `NotDerivableYet` if the
    features are not linear in their input or have not the largest possible rank.
    """
    phi = _coefficients(model, evaluator, ())
    slopes = [_coefficients(model, evaluator, (c,)) for c in range(len(evaluator.coordinates))]
    law = model.downstream.x
    mean = evaluator.exact(law.mean, "downstream.x, mean")
    second = evaluator.exact(law.cov, "downstream.x, covariance") + mean @ mean.T
    target = evaluator.exact(model.downstream.target, "downstream.target")[:, 0]

    reduced, pivots = echelon(phi)
    if len(pivots) < min(phi.shape):
        raise NotDerivableYet(
            f"features: their rank at w* is {len(pivots)}, less than {min(phi.shape)}, so it may change next "
            "to w*; the referee does the regular case only"
        )
    if rank(second) < len(second):
        raise ConditionViolated(f"downstream.x: the second moment of {law} is singular at the given values")
    # The solution of Phi^T theta = target that is orthogonal to the kernel of Phi^T is Phi z, whatever z is.
    z = solve(phi.T @ phi, target)
    if z is None:
        raise ConditionViolated(
            f"downstream.target: f*(x) = <{model.downstream.target}, x> is not in the span of the features "
            f"{model.features} at w*"
        )
    theta = phi @ z

    rows = reduced[: len(pivots)]
    projection = rows.T @ inverse(rows @ second @ rows.T, "the second moment of the features") @ rows @ second
    c = np.array([slope.T @ theta for slope in slopes], dtype=object).T
    displacement = -((identity(len(second)) - projection) @ c)
    return Downstream(theta, displacement, displacement.T @ second @ displacement, len(pivots))


def _coefficients(model: Model, evaluator: Evaluator, powers: Powers) -> np.ndarray:
    """The matrix `(p, d)` of the coefficients of `e^powers x_j` in the features."""
    variables = evaluator.variables[model.input]
    features = evaluator.matrix(model.features)[:, 0]
    table = zeros(len(features), len(variables))
    for row, feature in enumerate(features):
        for monomial, coefficient in feature.terms.get(powers, evaluator.ring.zero).terms():
            if sum(monomial) != 1:
                raise NotDerivableYet(f"features: {model.features} is not linear in {model.input}")
            table[row, monomial.index(1) - variables.start] = fraction(coefficient)
    return table
