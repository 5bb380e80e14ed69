"""The general route: `h`, `s`, `V`, `K` as arrays, and the weights as eigenvalues, for any covariances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from symasym.asymptotics.downstream import feature_derivative, feature_matrix
from symasym.calculus.forms import Forms, forms
from symasym.errors import ConditionViolated, InputError
from symasym.general.arrays import (
    Matrices,
    Moving,
    bilinear_array,
    derivative_array,
    linear_array,
    matrix_array,
    scalar_array,
    shape_of,
)
from symasym.law.evaluate import evaluate
from symasym.law.numeric import NumericLaw
from symasym.model.groups import Algebra
from symasym.model.matrices import Constant, Parameter, ScalarParameter
from symasym.model.model import Model
from symasym.symmetry.quotient import Quotient, quotient
from symasym.words.lower import lower_matrix, lower_scalar
from symasym.words.substitute import substitute_matrix, substitute_scalar

__all__ = ["General", "general"]

KERNEL = 1e-10
"""An eigenvalue of `h` below this fraction of the largest counts as zero."""
DROPPED = 1e-12
"""Weights below this fraction of the largest are dropped."""


@dataclass(frozen=True)
class General:
    """Arrays over the `N` entries of all parameters, row by row, parameters by name; leading axes are a batch.

    * `gradient` `(..., N)`; `hessian`, `score`, `covariance`, `interaction` (`K`) `(..., N, N)`.
    * `vertical` `(..., g, N)`: directions along the orbit; `horizontal` `(..., N, q)`: orthonormal basis of the complement.
    * `weights` `(..., d)`: eigenvalues of `K V`, descending, zeros included.
    * `residual`: `||(I - Pi) f*|| / ||f*||` in `L2(mu_down)`.
    """

    gradient: np.ndarray
    hessian: np.ndarray
    score: np.ndarray
    vertical: np.ndarray
    horizontal: np.ndarray
    covariance: np.ndarray
    interaction: np.ndarray
    weights: np.ndarray
    noise: np.ndarray
    residual: np.ndarray
    d_eff: int
    d_base: int

    def law(self, alpha: float | np.ndarray = 1.0) -> NumericLaw:
        """The limit law of `n (R - sigma^2)`."""
        return NumericLaw(self.noise, np.asarray(alpha, float), np.maximum(self.weights, 0), self.d_eff, self.d_base)


def _vertical(model_quotient: Quotient, matrices: Matrices, parameters: Sequence[Moving], count: int) -> np.ndarray:
    """The orbit's velocity along each basis element of the Lie algebras, `(..., g, N)`."""
    parts = []
    for field in model_quotient.fields:
        if field.algebra is Algebra.ZERO:
            continue
        n = matrices.size(field.xi.rows)
        pairs = [(i, j) for i in range(n) for j in range(n)]
        if field.algebra is Algebra.ANTISYMMETRIC:
            basis = [
                np.outer(np.eye(n)[i], np.eye(n)[j]) - np.outer(np.eye(n)[j], np.eye(n)[i]) for i, j in pairs if i < j
            ]
        else:
            basis = [np.outer(np.eye(n)[i], np.eye(n)[j]) for i, j in pairs]
        for xi in basis:
            moving = Matrices({**matrices.values, field.xi.key: xi}, matrices.scalars)
            pieces = []
            for parameter in parameters:
                shape = shape_of(parameter, matrices)
                velocity = field.velocity.get(parameter)
                value = np.zeros(shape) if velocity is None else matrix_array(velocity, moving)
                pieces.append(value.reshape(*value.shape[:-2], shape[0] * shape[1]))
            lead = np.broadcast_shapes(*(piece.shape[:-1] for piece in pieces))
            parts.append(np.concatenate([np.broadcast_to(p, (*lead, p.shape[-1])) for p in pieces], axis=-1))
    if not parts:
        return np.zeros((0, count))
    lead = np.broadcast_shapes(*(part.shape[:-1] for part in parts))
    return np.stack([np.broadcast_to(part, (*lead, count)) for part in parts], axis=-2)


def _horizontal(vertical: np.ndarray) -> np.ndarray:
    """Orthonormal basis, in columns, of the complement of the vertical directions; refuses a group that does not act freely."""
    count, size = vertical.shape[-2:]
    if count == 0:
        return np.eye(size)
    q, r = np.linalg.qr(np.swapaxes(vertical, -1, -2), mode="complete")
    diagonal = np.abs(np.diagonal(r, axis1=-2, axis2=-1))
    if np.any(diagonal.min(-1) <= KERNEL * diagonal.max(-1)):
        raise ConditionViolated("symmetry: the group does not act freely at w*, so the quotient is not smooth there")
    return q[..., :, count:]


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


def _covariance(h: np.ndarray, s: np.ndarray, basis: np.ndarray, names: list[str]) -> np.ndarray:
    """`V = H (H^T h H)^{-1} H^T s H (H^T h H)^{-1} H^T`, with the kernel and the sign of `h` checked."""
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
    inverse = basis @ np.linalg.solve(reduced, transposed)
    return inverse @ s @ np.swapaxes(inverse, -1, -2)


def general(
    model: Model,
    values: Mapping[str, Any],
    first_stage: Forms | None = None,
    model_quotient: Quotient | None = None,
    tolerance: float = 1e-8,
) -> General:
    """Evaluate the forms of a model on numeric matrices.

    `values` maps the name of every parameter (at `w*`), constant matrix and vector to an array `(..., rows, columns)` (a vector
    may come as `(..., rows)`), and of every scalar to a number. Raises `ConditionViolated` where the point is not stationary, the
    kernel of `h` is larger than the vertical space, `h` is indefinite, or the target leaves the span of the features.
    """
    first_stage = first_stage or forms(model)
    model_quotient = model_quotient or quotient(model)
    matrices = _matrices(model, values, first_stage)
    parameters: tuple[Moving, ...] = (*first_stage.parameters, *first_stage.scalar_parameters)
    names = _names(parameters, matrices)
    gradient = linear_array(first_stage.gradient, parameters, matrices)
    h = bilinear_array(first_stage.hessian, parameters, matrices)
    s = bilinear_array(first_stage.score, parameters, matrices)
    scale = np.sqrt(np.trace(s, axis1=-2, axis2=-1))
    if np.any(np.linalg.norm(gradient, axis=-1) > tolerance * scale):
        raise ConditionViolated(
            f"w*: the point is not stationary; the gradient points along {_describe(gradient, names)}"
        )
    vertical = _vertical(model_quotient, matrices, parameters, len(names))
    basis = _horizontal(vertical)
    covariance = _covariance(h, s, basis, names)
    task = _downstream(model, first_stage, matrices, parameters, tolerance)
    weights = np.linalg.eigvalsh(task.leaving @ covariance @ np.swapaxes(task.leaving, -1, -2))[..., ::-1]
    weights = np.where(weights > DROPPED * weights[..., :1], weights, 0)
    on_horizontal = np.linalg.svd(task.leaving @ basis, compute_uv=False)
    rank = int(np.max(np.sum(on_horizontal > KERNEL * on_horizontal[..., :1], axis=-1)))
    return General(
        gradient=gradient,
        hessian=h,
        score=s,
        vertical=vertical,
        horizontal=basis,
        covariance=covariance,
        interaction=np.swapaxes(task.leaving, -1, -2) @ task.leaving,
        weights=weights,
        noise=task.noise,
        residual=task.residual,
        d_eff=task.d_eff,
        d_base=task.d_eff + rank,
    )


@dataclass(frozen=True)
class _Task:
    """`leaving^T leaving = K`: columns are the functions `L(e_c)` in an orthonormal basis of `L2(mu_down)`, `(..., d, N)`."""

    leaving: np.ndarray
    noise: np.ndarray
    residual: np.ndarray
    d_eff: int


def _downstream(
    model: Model, first_stage: Forms, matrices: Matrices, parameters: Sequence[Moving], tolerance: float
) -> _Task:
    features = matrix_array(substitute_matrix(feature_matrix(model), first_stage.point), matrices)
    target = matrix_array(substitute_matrix(lower_matrix(model.downstream.target), first_stage.point), matrices)[..., 0]
    down = matrix_array(lower_matrix(model.downstream.x.cov), matrices)
    theta, outside = _project(features, target, down)
    size = np.sqrt(np.einsum("...i,...ij,...j->...", target, down, target))
    residual = np.sqrt(np.maximum(np.einsum("...i,...ij,...j->...", outside, down, outside), 0)) / size
    if np.any(residual > tolerance):
        raise ConditionViolated(
            f"target: f* leaves the span of the features; ||(I - Pi) f*|| / ||f*|| = {np.max(residual):.3g}, at most "
            f"{tolerance:g} is expected"
        )
    slopes = derivative_array(feature_derivative(model, first_stage), theta, parameters, matrices)
    leaving = slopes - np.swapaxes(features, -1, -2) @ _coefficients(features, down, slopes)
    noise = scalar_array(substitute_scalar(lower_scalar(model.downstream.noise), first_stage.point), matrices)
    root = np.linalg.cholesky(down)
    return _Task(np.swapaxes(root, -1, -2) @ leaving, noise, residual, int(np.max(np.linalg.matrix_rank(features))))


def _coefficients(features: np.ndarray, down: np.ndarray, functions: np.ndarray) -> np.ndarray:
    """Coefficients on the features of the projection, in `L2(mu_down)`, of functions given in columns `(..., d, r)`."""
    gram = features @ down @ np.swapaxes(features, -1, -2)
    return np.linalg.solve(gram, features @ down @ functions)


def _project(features: np.ndarray, target: np.ndarray, down: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`theta` of the projection of `f*`, and what is left of the target outside the span."""
    theta = _coefficients(features, down, target[..., None])
    return theta[..., 0], target - (np.swapaxes(features, -1, -2) @ theta)[..., 0]


def _matrices(model: Model, values: Mapping[str, Any], first_stage: Forms) -> Matrices:
    """Check names and shapes, and read the dimensions off the arrays."""
    symbols = _symbols(model)
    sizes: dict[sympy.Symbol, int] = {}
    arrays: dict[str, np.ndarray] = {}
    for name, symbol in symbols.items():
        if name not in values:
            raise InputError(f"{name}: a value of shape {tuple(symbol.shape)} is missing")
        array = np.asarray(values[name], float)
        if symbol.shape[1] == 1 and (array.ndim == 1 or array.shape[-1] != 1):
            array = array[..., None]
        for dimension, size in zip(symbol.shape, array.shape[-2:], strict=True):
            known = sizes.setdefault(dimension, size) if isinstance(dimension, sympy.Symbol) else int(dimension)
            if known != size:
                raise InputError(
                    f"{name}: an array of shape {array.shape} came, {tuple(symbol.shape)} with {dimension} = {known} is expected"
                )
        arrays[name] = array
    scalars: dict[sympy.Symbol, Any] = dict(sizes)
    for symbol in model.scalars:
        if symbol.name not in values:
            raise InputError(f"{symbol.name}: a value is missing")
        scalars[symbol] = np.asarray(values[symbol.name], float)
    table = {symbol.name: value for symbol, value in scalars.items()}
    for symbol, value in first_stage.scale_moments.items():
        scalars[symbol] = evaluate(value, table)
    return Matrices(arrays, scalars)


def _symbols(model: Model) -> dict[str, Any]:
    """Every matrix symbol that needs a value, by name: parameters and constants, of the laws as well."""
    parts = [model.loss, model.features, model.downstream.target, model.downstream.noise, model.downstream.x.cov]
    found = {}
    for part in parts:
        for symbol in part.atoms(Parameter, Constant):
            found[symbol.name] = symbol
    return dict(sorted(found.items()))
