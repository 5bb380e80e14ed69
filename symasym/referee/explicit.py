"""`explicit`: every ingredient of the limit law at concrete sizes and rational values, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import numpy as np
import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError
from symasym.model import GaussianLaw, Model
from symasym.referee.copies import score as score_form, shares, with_explicit_copies
from symasym.referee.downstream import downstream
from symasym.referee.evaluate import Evaluator
from symasym.referee.linear_algebra import identity, kernel, projector, pseudoinverse, rank, zeros
from symasym.referee.mixtures import Mixed
from symasym.referee.moments import Moments, Scaled
from symasym.referee.sample_means import influence, settle_sample_means
from symasym.referee.values import Given

__all__ = ["Explicit", "explicit"]


@dataclass(frozen=True, eq=False)
class Explicit:
    """Forms in the basis `e_c` of all parameter entries, `c = 0 .. N-1`; arrays of `Fraction`.

    * `coordinates`: `(parameter name, row, column)` of `e_c`, parameters by name, row by row, counted from 0.
    * `gradient` `(N,)`: `E Dl(w*)[e_c]`, zero where `w*` is stationary; not enforced.
    * `score` `(N, N)`: `s = E[Dl(w*)[e_c] Dl(w*)[e_c']]`; with sample means, of what one sample adds to the score.
    * `hessian` `(N, N)`: `h = E D^2 l(w*)[e_c, e_c']`.
    * `vertical` `(N - rank h, N)`: rows span the kernel of `h`, found from `h` alone, not from the group.
    * `covariance` `(N, N)`: `V = h^+ s h^+`, `h^+` the Moore-Penrose inverse.
    * `L` `(d, N)`: coefficient vectors of the linear functions `L(e_c)`; `K` `(N, N)`: their inner products.
    * `theta` `(p,)`: `f* = <theta, psi(., w*)>`; `d_eff`: rank of the features; `d_base`: `d_eff` plus the
      rank of `L` on the orthogonal complement of `vertical`.
    * `noise`: `sigma^2`, or `None` where a symbol in it has no value.
    * `excess_loss_mean`: `tr(h V) / 2`, the mean of the limit of `m (L(w_hat) - L(w*))`.
    """

    coordinates: list[tuple[str, int, int]]
    gradient: np.ndarray
    score: np.ndarray
    hessian: np.ndarray
    vertical: np.ndarray
    covariance: np.ndarray
    L: np.ndarray
    K: np.ndarray
    theta: np.ndarray
    d_eff: int
    d_base: int
    noise: Fraction | None
    excess_loss_mean: Fraction

    def traces(self, r: int) -> Fraction:
        """`tr((K V)^r)`, `r >= 1`: the sum of the `r`-th powers of the weights of the limit law."""
        if r < 1:
            raise InputError(f"traces: r is {r}, at least 1 is expected")
        product = step = self.K @ self.covariance
        for _ in range(r - 1):
            product = product @ step
        return Fraction(product.trace())


def explicit(
    model: Model, sizes: Mapping[sympy.Symbol, int], values: Mapping[MatrixExpr | sympy.Symbol, Any]
) -> Explicit:
    """The model at concrete `sizes`, with exact `values` (nested lists or arrays of `int` or `Fraction`).

    `values` holds `w*` for every parameter, every constant matrix or vector (a vector may be flat) and every
    scalar symbol; true values follow their parameter. Covariances are taken as they come: neither their
    positivity nor that `w*` is a minimiser is checked; look at `gradient`, `vertical` and `hessian`.

    Raises `InputError` for a missing, mis-shaped, asymmetric or inexact value, `ConditionViolated` if an
    inverse does not exist or the target lies outside the span of the features, `NotDerivableYet` for an
    expression that is not evaluated here.
    """
    given = Given(model, sizes, values)
    averaged, model = model, with_explicit_copies(model, given)
    evaluator = Evaluator(model, given)
    moments = _moments(evaluator)
    deviations = settle_sample_means(model, evaluator, moments)
    terms = evaluator.scalar(model.loss).terms
    n, nothing = len(evaluator.coordinates), evaluator.ring.zero

    slopes = [terms.get((c,), nothing) + influence(c, terms, deviations, evaluator, moments) for c in range(n)]
    gradient = np.array([moments.expect(slope) for slope in slopes], dtype=object)
    score = score_form(slopes, moments, shares(averaged, given), evaluator)
    hessian = zeros(n, n)
    for c in range(n):
        for other in range(c, n):
            second = moments.expect(terms.get((c, other), nothing))
            hessian[c, other] = hessian[other, c] = 2 * second if c == other else second

    vertical, inverted = kernel(hessian), pseudoinverse(hessian)
    covariance = inverted @ score @ inverted
    task = downstream(model, evaluator)
    noise = model.downstream.noise
    return Explicit(
        coordinates=[(parameter.name, row, column) for parameter, row, column in evaluator.coordinates],
        gradient=gradient,
        score=score,
        hessian=hessian,
        vertical=vertical,
        covariance=covariance,
        L=task.L,
        K=task.K,
        theta=task.theta,
        d_eff=task.d_eff,
        d_base=task.d_eff + rank(task.L @ (identity(n) - projector(vertical))),
        noise=evaluator.exact_scalar(noise, "downstream.noise") if given.can_evaluate(noise) else None,
        excess_loss_mean=(hessian @ covariance).trace() / 2,
    )


def _moments(evaluator: Evaluator) -> Mixed:
    """Moments of all data entries together: conditional on the component of every law, which are drawn independently."""
    laws = list(dict.fromkeys(vector.law for vector in evaluator.vectors))
    parts = []
    for drawn in product(*(law.components for law in laws)):
        weight = prod((evaluator.exact_scalar(p, "mixture, weight") for p, _ in drawn), start=Fraction(1))
        parts.append((weight, _given(evaluator, {law: given for law, (_, given) in zip(laws, drawn, strict=True)})))
    return Mixed(parts)


def _given(evaluator: Evaluator, drawn: Mapping[GaussianLaw, GaussianLaw]) -> Moments:
    """Moments given the Gaussian law of every vector: vectors of different laws are independent."""
    total = evaluator.ring.ngens
    mean, covariance = zeros(1, total)[0], zeros(total, total)
    for u in evaluator.vectors:
        rows = evaluator.variables[u]
        mean[rows.start : rows.stop] = evaluator.exact(drawn[u.law].mean(u.position), f"mean of {u}")[:, 0]
        for v in evaluator.vectors:
            if u.law == v.law:
                columns = evaluator.variables[v]
                entries = drawn[u.law].covariance(u.position, v.position)
                block = evaluator.exact(entries, f"covariance of {u} and {v}")
                covariance[rows.start : rows.stop, columns.start : columns.stop] = block
    keep = {mask: evaluator.exact_scalar(mask.keep, f"the probability to keep of {mask}") for mask in evaluator.masks}
    return Moments(mean, covariance, _scales(evaluator), {n: keep[r] for r in keep for n in evaluator.variables[r]})


def _scales(evaluator: Evaluator) -> list[Scaled]:
    """Laws with a random scale: their variables and the moments of the scale, exactly."""
    found: list[Scaled] = []
    for law in dict.fromkeys(vector.law for vector in evaluator.vectors if vector.law.scale is not None):
        variables = [n for vector in evaluator.vectors if vector.law == law for n in evaluator.variables[vector]]

        def moment(order: int, law: GaussianLaw = law) -> Fraction:
            scale = law.scale
            return evaluator.exact_scalar(scale.moment(order), "scale") if scale is not None else Fraction(1)

        found.append((variables, moment))
    return found
