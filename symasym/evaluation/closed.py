"""The closed form on checked inputs that align."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy

from symasym import inputs
from symasym.alignment.ranges import Ranges
from symasym.alignment.specification import entry_table
from symasym.catalogue import Loaded
from symasym.errors import InputError, NotDerivableYet
from symasym.evaluation.outcome import Evaluation
from symasym.law.evaluate import evaluate
from symasym.law.law import Law
from symasym.law.numbers import entries_at, law_at
from symasym.law.numeric import NumericLaw
from symasym.model.instance import AlignedPoint, Instance
from symasym.model.model import Model
from symasym.pipeline import derive_model

__all__ = ["evaluate_closed"]

RESIDUAL = 1e-8
"""A target further than this outside the span of the features is refused."""
DROPPED = 1e-12
"""Weights below this fraction of the largest are dropped where they are eigenvalues; products are known to be positive."""
NEGLIGIBLE = 1e-100
"""Aligned entries below this fraction of the largest of their family are zero: their squares would only underflow."""


def evaluate_closed(loaded: Loaded, instance: Instance, given: Mapping[str, Any], point: AlignedPoint) -> Evaluation:
    """The law in closed form at an aligned point.

    Raises `InputError` naming the key.
    """
    law = derive_model(loaded.model, loaded.name).law
    point = _finite(point, given)
    with inputs.guarded(given):
        down = _aligned_down(loaded.model, point, given)
        values, residual = _with_target(loaded.model, law, point, given, down)
    numbers = {name: given[name] for name in (*law.scalars, "sigma2") if name in given and name not in values}
    with inputs.guarded(given, underflow=True):
        numeric = law_at(law, given["alpha"], down, {**values, **numbers}, aligned=True)
        numeric = replace(numeric, weights=_significant(numeric, given))
    return Evaluation(given, law, point, numeric, residual)


def _finite(point: AlignedPoint, given: Mapping[str, Any]) -> AlignedPoint:
    """The aligned point, all of it finite."""
    for array in (*point.values.values(), *point.frames.values()):
        if isinstance(array, np.ndarray) and not np.all(np.isfinite(array)):
            raise inputs.out_of_range(given)
    return replace(point, values={name: _without_dust(value) for name, value in point.values.items()})


def _without_dust(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    return np.where(np.abs(value) < NEGLIGIBLE * np.max(np.abs(value), initial=0.0), 0.0, value)


def _input_frame(model: Model, point: AlignedPoint) -> np.ndarray:
    """`T` with `aligned x = T x` for the features' input."""
    assert model.aligned is not None
    for frame in model.aligned.frames:
        if model.input in frame.images:
            return np.asarray(point.frames[frame.element.name])
    raise NotDerivableYet(f"aligned: no frame moves the features' input {model.input}")


def _aligned_down(model: Model, point: AlignedPoint, given: Mapping[str, Any]) -> np.ndarray | None:
    if "Sigma_down" not in given:
        return None
    frame = _input_frame(model, point)
    if frame.shape[0] != given["Sigma_down"].shape[0]:
        raise InputError(
            f"Sigma_down: shape {given['Sigma_down'].shape} came, {(frame.shape[0],) * 2} is expected (the features' input)"
        )
    moved = frame @ given["Sigma_down"] @ frame.T
    return moved / 2 + moved.T / 2


def _with_target(
    model: Model, law: Law, point: AlignedPoint, given: Mapping[str, Any], down: np.ndarray | None
) -> tuple[dict[str, Any], float]:
    """Aligned values with the dimensions and, where `f*` comes as `target`, its coefficients on the learned span."""
    values = {**{name: given[name] for name in law.dimensions if name in given}, **point.values}
    symbol = model.downstream.target
    name, residual = str(getattr(symbol, "name", "")), 0.0
    if name in given:
        assert model.aligned is not None
        aligned = np.linalg.solve(_input_frame(model, point).T, given[name])
        covariance = np.diag(entries_at(law, values)) if down is None else down
        coefficients, residual = _project(aligned, covariance, int(evaluate(law.d_eff, values)))
        if not np.all(np.isfinite(coefficients)):
            raise inputs.out_of_range(given)
        if not residual <= RESIDUAL:
            raise InputError(
                f"{name}: f* lies outside the span of the features, ||(I - Pi) f*|| / ||f*|| = {residual:.3g}; at most "
                f"{RESIDUAL:g} is expected"
            )
        spec = entry_table(model.aligned, Ranges(model.aligned.ranges))[symbol]
        (family,) = {entry.base for value in spec.values() for entry in value.atoms(sympy.Indexed)}
        values[str(family.label)] = _without_dust(coefficients)
    wanted = {*law.dimensions, *law.families, *law.scalars}
    return {key: value for key, value in values.items() if key in wanted}, residual


def _project(target: np.ndarray, covariance: np.ndarray, learned: int) -> tuple[np.ndarray, float]:
    """Coefficients of the projection of `<target, x>` on the first `learned` coordinates in `L2`, and the relative residual."""
    unit = float(np.max(np.abs(target)))
    target = target / unit
    size = float(np.sqrt(target @ covariance @ target))
    coefficients = np.linalg.solve(covariance[:learned, :learned], covariance[:learned] @ target)
    rest = target.copy()
    rest[:learned] -= coefficients
    return coefficients * unit, float(np.sqrt(max(rest @ covariance @ rest, 0.0))) / size


def _significant(numeric: NumericLaw, given: Mapping[str, Any]) -> np.ndarray:
    """The weights that are known not to be zero.

    Of eigenvalues, small ones are rounding; a product that is zero although nothing underflowed is one in which a variance is
    zero, as a residual variance may be.
    """
    weights, rank = numeric.weights, numeric.d_base - numeric.d_eff
    if not np.all(np.isfinite(weights)):
        raise inputs.out_of_range(given)
    if "Sigma_down" in given or rank < len(weights):
        return weights[weights > DROPPED * np.max(weights, initial=0.0)]
    if np.any(weights < 0):
        raise inputs.out_of_range(given)
    return weights[weights > 0]
