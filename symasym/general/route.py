"""The general route: `h`, `s`, `V`, `K` as arrays, and the weights as eigenvalues, for any covariances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symasym.calculus.forms import Forms, forms
from symasym.errors import ConditionViolated
from symasym.general.arrays import Matrices, Moving, bilinear_array, linear_array, scalar_array, shape_of
from symasym.general.task import task
from symasym.general.values import matrices_of
from symasym.general.vertical import horizontal_basis, vertical_array
from symasym.law.numeric import NumericLaw
from symasym.model.displayed import Displayed
from symasym.model.matrices import ScalarParameter
from symasym.model.model import Model
from symasym.quadrature.gaussian import GaussianIntegral
from symasym.symmetry.quotient import Quotient, quotient
from symasym.words.lower import lower_scalar
from symasym.words.substitute import substitute_scalar

__all__ = ["General", "general"]

KERNEL = 1e-10
"""An eigenvalue of `h` below this fraction of the largest counts as zero."""
DROPPED = 1e-12
"""Weights below this fraction of the largest are dropped."""


@dataclass(frozen=True)
class General(Displayed):
    """Arrays over the `N` entries of all parameters, row by row, parameters by name; leading axes are a batch.

    * `gradient` `(..., N)`; `hessian`, `score`, `covariance`, `interaction` (`K`) `(..., N, N)`.
    * `vertical` `(..., g, N)`: directions along the orbit; `horizontal` `(..., N, q)`: orthonormal basis of the complement.
    * `weights` `(..., d)`: eigenvalues of `K V`, descending, zeros included.
    * `drift` `(..., N)`: `b = -h^+ DP(w*)`, the mean of the limit `Z`, zero without a local penalty `P`; `shifts` `(..., d)`:
      components of `L(b)` along the eigenvectors that belong to the `weights`.
    * `residual`: `||(I - Pi) f*|| / ||f*||` in `L2(mu_down)`; `excess`: `||(I - Pi) f*||^2`.
    * `slope` `(..., N)`: derivative of the risk after the best fit; zero unless the target is misspecified.
    * `projection` `(..., d)`: coefficients in `x` of the projection of `f*` on the span.
    * `d_eff`: rank of the features; `activated`: dimension of the null directions that every perturbation wakes.
    * `integrals`: values of the named integrals in the forms, with error estimates.
    """

    gradient: np.ndarray
    hessian: np.ndarray
    score: np.ndarray
    vertical: np.ndarray
    horizontal: np.ndarray
    covariance: np.ndarray
    interaction: np.ndarray
    weights: np.ndarray
    drift: np.ndarray
    shifts: np.ndarray
    noise: np.ndarray
    residual: np.ndarray
    excess: np.ndarray
    slope: np.ndarray
    projection: np.ndarray
    d_eff: int
    d_base: int
    activated: int = 0
    integrals: Mapping[str, GaussianIntegral] = field(default_factory=dict)

    @property
    def d_act(self) -> int:
        """Directions whose coefficients the second stage fits: `d_eff + dim B_0`."""
        return self.d_eff + self.activated

    @property
    def misspecified_variance(self) -> np.ndarray:
        """Variance of the Gaussian limit of `sqrt(m) (R(w_hat) - R(w*))` for a target outside the span: `slope^T V slope`."""
        return np.einsum("...i,...ij,...j->...", self.slope, self.covariance, self.slope)

    def law(self, alpha: float | np.ndarray = 1.0) -> NumericLaw:
        """The limit law of `n (R - sigma^2)`."""
        weights, squares = np.maximum(self.weights, 0), self.shifts**2
        spread = weights > 0
        return NumericLaw(
            self.noise,
            np.asarray(alpha, float),
            weights,
            self.d_eff,
            self.d_base,
            activated=self.activated,
            noncentralities=np.where(spread, squares / np.where(spread, weights, 1), 0),
            offset=np.sum(np.where(spread, 0, squares), axis=-1),
        )


def _names(parameters: Sequence[Moving], matrices: Matrices) -> list[str]:
    names = []
    for parameter in parameters:
        if isinstance(parameter, ScalarParameter):
            names.append(parameter.name)
            continue
        rows, columns = shape_of(parameter, matrices)
        names += [f"{parameter.key}[{i + 1},{j + 1}]" for i in range(rows) for j in range(columns)]
    return names


def _describe(vector: np.ndarray, names: list[str]) -> str:
    vector = vector.reshape(-1, len(names))[0] / np.abs(vector).max()
    large = np.argsort(-np.abs(vector))[:4]
    return ", ".join(f"{names[n]}: {vector[n]:.3g}" for n in large if abs(vector[n]) > 1e-3)


def _inverse(h: np.ndarray, basis: np.ndarray, names: list[str]) -> np.ndarray:
    """`h^+ = H (H^T h H)^{-1} H^T` with `H` a basis of the horizontal space; the kernel and the sign of `h` are checked."""
    transposed = np.swapaxes(basis, -1, -2)
    reduced = transposed @ h @ basis
    values, vectors = np.linalg.eigh(reduced)
    smallest, scale = values[..., 0], np.abs(values).max(-1)
    if np.any(smallest <= KERNEL * scale):
        bad = np.unravel_index(np.argmin(smallest / scale), smallest.shape)
        direction = (np.broadcast_to(basis, (*values.shape[:-1], *basis.shape[-2:]))[bad] @ vectors[bad][:, 0]).real
        kind = (
            "negative (a saddle)"
            if smallest[bad] < -KERNEL * scale[bad]
            else "zero (the declared group is too small, or the minimiser is degenerate)"
        )
        raise ConditionViolated(
            f"w*: the Hessian form is {kind} along the horizontal direction {_describe(direction, names)}"
        )
    return basis @ np.linalg.solve(reduced, transposed)


def _drift(
    slope: np.ndarray, inverse: np.ndarray, vertical: np.ndarray, names: list[str], tolerance: float
) -> np.ndarray:
    """`b = -h^+ DP`; `DP` must vanish along the orbit, which says which of its points `w*` is."""
    along = np.einsum("...gn,...n->...g", vertical, slope)
    scale = np.linalg.norm(vertical, axis=-1) * np.linalg.norm(slope, axis=-1)[..., None]
    if np.any(np.abs(along) > tolerance * np.maximum(scale, np.finfo(float).tiny)):
        worst = np.unravel_index(np.argmax(np.abs(along)), along.shape)
        direction = np.broadcast_to(vertical, (*along.shape, vertical.shape[-1]))[worst]
        raise ConditionViolated(
            "local_penalty: it is not stationary along the orbit at w*, where it changes along the vertical direction "
            f"{_describe(direction, names)}; the point of the orbit that balances it is expected"
        )
    return -np.einsum("...nm,...m->...n", inverse, slope)


def general(
    model: Model,
    values: Mapping[str, Any],
    first_stage: Forms | None = None,
    model_quotient: Quotient | None = None,
    tolerance: float = 1e-8,
    misspecified: bool = False,
) -> General:
    """Evaluate the forms of a model on numeric matrices.

    `values` maps the name of every parameter (at `w*`), constant matrix and vector to an array `(..., rows, columns)` (a vector
    may come as `(..., rows)`), and of every scalar to a number. Raises `ConditionViolated` where the point is not stationary, the
    kernel of `h` is larger than the vertical space, `h` is indefinite, or the target leaves the span of the features without
    being declared `misspecified`.
    """
    first_stage = first_stage or forms(model)
    model_quotient = model_quotient or quotient(model)
    matrices = matrices_of(model, values, first_stage)
    parameters: tuple[Moving, ...] = (*first_stage.parameters, *first_stage.scalar_parameters)
    names = _names(parameters, matrices)
    gradient = linear_array(first_stage.gradient, parameters, matrices)
    h = bilinear_array(first_stage.hessian, parameters, matrices)
    s = bilinear_array(first_stage.score, parameters, matrices)
    matrices.integrals.require_accurate()
    scale = np.sqrt(np.trace(s, axis1=-2, axis2=-1))
    if np.any(np.linalg.norm(gradient, axis=-1) > tolerance * scale):
        raise ConditionViolated(
            f"w*: the point is not stationary; the gradient points along {_describe(gradient, names)}"
        )
    vertical = vertical_array(model_quotient, matrices, parameters, len(names))
    basis = horizontal_basis(vertical)
    inverse = _inverse(h, basis, names)
    covariance = inverse @ s @ np.swapaxes(inverse, -1, -2)
    drift = _drift(linear_array(first_stage.penalty, parameters, matrices), inverse, vertical, names, tolerance)
    second = task(model, first_stage, matrices, parameters, basis)
    if not misspecified and np.any(second.residual > tolerance):
        raise ConditionViolated(
            f"target: f* leaves the span of the features; ||(I - Pi) f*|| / ||f*|| = {np.max(second.residual):.3g}, at most "
            f"{tolerance:g} is expected"
        )
    weights, axes = np.linalg.eigh(second.leaving @ covariance @ np.swapaxes(second.leaving, -1, -2))
    weights, axes = weights[..., ::-1], axes[..., ::-1]
    weights = np.where(weights > DROPPED * weights[..., :1], weights, 0)
    moved = np.einsum("...dn,...n->...d", second.leaving, drift)
    on_horizontal = np.linalg.svd(second.leaving @ basis, compute_uv=False)
    rank = int(np.max(np.sum(on_horizontal > KERNEL * on_horizontal[..., :1], axis=-1)))
    noise = scalar_array(substitute_scalar(lower_scalar(model.downstream.noise), first_stage.point), matrices)
    return General(
        gradient=gradient,
        hessian=h,
        score=s,
        vertical=vertical,
        horizontal=basis,
        covariance=covariance,
        interaction=np.swapaxes(second.leaving, -1, -2) @ second.leaving,
        weights=weights,
        drift=drift,
        shifts=np.einsum("...de,...d->...e", axes, moved),
        noise=noise,
        residual=second.residual,
        excess=second.excess,
        slope=second.slope,
        projection=second.projection,
        d_eff=second.d_eff,
        d_base=second.d_eff + rank,
        activated=second.activated,
        integrals={symbol.name: matrices.integrals(scalar) for symbol, scalar in first_stage.integrals.items()},
    )
