"""The second stage on arrays: what the features span, what a displacement moves out of it, what null features wake up.

Functions of the input are vectors of `L2(mu_down)`: `<c, x>` is `L^T c` with `Sigma_down = L L^T`. With `Phi` the feature
matrix at `w*`, `theta*` of minimum norm and `n` running over the null features (`n^T Phi = 0`), a displacement `v` moves the
target by `<theta*, DPhi[v]>` and wakes the functions `n^T DPhi[v]`, whose span `B_0` the second stage then has for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symasym.asymptotics.downstream import feature_derivative, feature_matrix
from symasym.calculus.forms import Forms
from symasym.errors import NotDerivableYet
from symasym.general.arrays import Matrices, Moving, derivative_array, matrix_array
from symasym.model.model import Model
from symasym.words.lower import lower_matrix
from symasym.words.substitute import substitute_matrix

__all__ = ["Task", "task"]

RANK = 1e-10
"""Singular values below this fraction of the largest count as zero."""
SEED = 20261121


@dataclass(frozen=True)
class Task:
    """Everything in coordinates of `L2(mu_down)`; leading axes are a batch.

    * `leaving` `(..., d, N)`: columns are `L(e_c)` over the entries of the parameters, so that `K = leaving^T leaving`.
    * `outside` `(..., d)`: `(I - Pi) f*`; `residual`: its norm relative to that of `f*`; `excess`: its square.
    * `slope` `(..., N)`: derivative at `w*` of the risk after the best fit, `-2 <(I - Pi) f*, <theta*, DPhi[v]>>`; zero for a
      target in the span.
    * `projection` `(..., d)`: coefficients of `Pi f*` in the input itself.
    * `d_eff`: rank of the features; `activated`: dimension of `B_0`.
    """

    leaving: np.ndarray
    outside: np.ndarray
    residual: np.ndarray
    excess: np.ndarray
    slope: np.ndarray
    projection: np.ndarray
    d_eff: int
    activated: int


def task(model: Model, forms: Forms, matrices: Matrices, parameters: Sequence[Moving], horizontal: np.ndarray) -> Task:
    """The second stage at `w*`; `horizontal` `(..., N, q)` are the directions in which `w_hat` varies.

    Raises `NotDerivableYet` where the activated null directions depend on the perturbation ([TinatiTu2026], Assumption G.4).
    """
    features = matrix_array(substitute_matrix(feature_matrix(model), forms.point), matrices)
    target = matrix_array(substitute_matrix(lower_matrix(model.downstream.target), forms.point), matrices)[..., 0]
    root = np.linalg.cholesky(matrix_array(lower_matrix(model.downstream.x.cov), matrices))
    moved = feature_derivative(model, forms)
    into = np.swapaxes(root, -1, -2)
    span, theta, null = _span(features @ root, (into @ target[..., None])[..., 0])
    slopes = into @ derivative_array(moved, theta, parameters, matrices)
    leaving = slopes - span @ (np.swapaxes(span, -1, -2) @ slopes)
    size = (into @ target[..., None])[..., 0]
    outside = size - (span @ (np.swapaxes(span, -1, -2) @ size[..., None]))[..., 0]
    excess = np.sum(outside**2, axis=-1)
    projection = target - np.linalg.solve(into, outside[..., None])[..., 0]
    activated = 0
    if null.shape[-1]:
        woken = [into @ derivative_array(moved, null[..., n], parameters, matrices) for n in range(null.shape[-1])]
        basis = _activated([w - span @ (span.T @ w) for w in woken], horizontal)
        activated = basis.shape[-1]
        leaving = leaving - basis @ (basis.T @ leaving)
        outside = outside - basis @ (basis.T @ outside)
        excess = np.sum(outside**2, axis=-1)
    return Task(
        leaving=leaving,
        outside=outside,
        residual=np.sqrt(excess / np.sum(size**2, axis=-1)),
        excess=excess,
        slope=-2 * np.einsum("...i,...ij->...j", outside, leaving),
        projection=projection,
        d_eff=int(span.shape[-1]),
        activated=activated,
    )


def _span(features: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Orthonormal basis of the span `(..., d, r)`, `theta*` of minimum norm `(..., p)`, null features `(..., p, p - r)`.

    A batch must have one rank throughout.
    """
    left, singular, right = np.linalg.svd(features, full_matrices=True)
    ranks = np.sum(singular > RANK * singular[..., :1], axis=-1)
    rank = int(np.max(ranks))
    if np.any(ranks != rank):
        raise NotDerivableYet("features: their rank at w* differs within the batch; give one rank at a time")
    span = np.swapaxes(right, -1, -2)[..., :rank]
    along = np.einsum("...di,...d->...i", span, target) / singular[..., :rank]
    return span, np.einsum("...pi,...i->...p", left[..., :rank], along), left[..., rank:]


def _activated(woken: list[np.ndarray], horizontal: np.ndarray) -> np.ndarray:
    """Orthonormal basis of `B_0`, for one problem: what null features can wake, if every displacement wakes all of it."""
    if horizontal.ndim > 2:
        raise NotDerivableYet("features: null features at w* are derived for one problem at a time, not for a batch")
    reach = np.stack([w @ horizontal for w in woken])
    everything = np.concatenate(list(reach), axis=-1)
    left, singular, _ = np.linalg.svd(everything, full_matrices=False)
    basis = left[:, singular > RANK * max(float(singular[0]), np.finfo(float).tiny)]
    generic = np.random.default_rng(SEED).standard_normal(horizontal.shape[-1])
    at_once = np.linalg.svd(np.stack([r @ generic for r in reach], axis=-1), compute_uv=False)
    woken_at_once = int(np.sum(at_once > RANK * max(float(at_once[0]), np.finfo(float).tiny)))
    if woken_at_once < basis.shape[-1]:
        raise NotDerivableYet(
            f"features: {woken_at_once} of the null features at w* are activated by a perturbation, within a space of "
            f"{basis.shape[-1]} dimensions that depends on the perturbation; a fixed space is expected"
        )
    return basis
