"""From the JSON inputs of a model to its law in numbers (schema `symasym.law/1`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from symasym import inputs
from symasym.alignment.entries import entry_table
from symasym.alignment.ranges import Ranges
from symasym.catalogue import Loaded
from symasym.errors import InputError, NotDerivableYet
from symasym.law.evaluate import evaluate
from symasym.law.law import Law
from symasym.law.numbers import entries_at
from symasym.law.numeric import NumericLaw
from symasym.model.instance import AlignedPoint, Instance
from symasym.model.model import Model
from symasym.pipeline import derive_model

__all__ = ["Evaluation", "evaluate_inputs", "law_document"]

RESIDUAL = 1e-8
"""A target further than this outside the span of the features is refused."""
DROPPED = 1e-12
"""Weights below this fraction of the largest are dropped where they are eigenvalues; products are known to be positive."""
NEGLIGIBLE = 1e-100
"""Aligned entries below this fraction of the largest of their family are zero: their squares would only underflow."""


@dataclass(frozen=True)
class Evaluation:
    """A concrete problem: the checked inputs, the symbolic law, the point in aligned coordinates, the numeric law."""

    given: Mapping[str, Any]
    law: Law
    point: AlignedPoint
    numeric: NumericLaw
    residual: float


def evaluate_inputs(loaded: Loaded, document: Mapping[str, Any]) -> Evaluation:
    """Check the inputs, align them, put them into the derived law.

    Raises `InputError` naming the key.
    """
    instance = loaded.instance
    if instance is None:
        raise NotDerivableYet(f"{loaded.name}: the model file defines no instance, so it takes no JSON input")
    given = inputs.check(instance, document, loaded.model.where)
    if given["misspecified"]:
        raise NotDerivableYet(
            "misspecified: true came; the law of a misspecified target is not derived yet, false is expected"
        )
    loaded = loaded.for_inputs(given)
    law = derive_model(loaded.model, loaded.name).law
    _check_noise(law, instance, given)
    with inputs.guarded(given):
        point = _aligned(instance, given)
        down = _aligned_down(loaded.model, point, given)
        values, residual = _with_target(loaded.model, law, point, given, down)
    numbers = {name: given[name] for name in (*law.scalars, "sigma2") if name in given and name not in values}
    with inputs.guarded(given, underflow=True):
        numeric = law.at(alpha=given["alpha"], Sigma_down=down, **values, **numbers)
        numeric = replace(numeric, weights=_significant(numeric, given))
    return Evaluation(given, law, point, numeric, residual)


def _check_noise(law: Law, instance: Instance, given: Mapping[str, Any]) -> None:
    """`sigma2` where the model leaves it open or the downstream covariance is another; else the model's own scalars."""
    elsewhere = {s.name for formula in law.formulas()[1:] for s in formula.atoms(sympy.Symbol)}
    own = [
        s
        for s in law.scalars
        if s not in {*elsewhere, "sigma2"} and s in {t.name for t in law.noise.atoms(sympy.Symbol)}
    ]
    open_noise = not own or "Sigma_down" in given
    if open_noise and "sigma2" not in given:
        why = "" if not own else ", because Sigma_down is given"
        raise InputError(
            f"sigma2: the key is missing{why}; a number that is not negative is expected (label noise variance)"
        )
    for name in own:
        if open_noise and name in given:
            raise InputError(f"{name}: came together with Sigma_down; sigma2 alone is expected then")
        if not open_noise and "sigma2" in given:
            raise InputError(f"sigma2: the model determines it from {name}; leave it out, or give Sigma_down as well")
        if not open_noise and name not in given:
            (key,) = (key for key in instance.keys if key.name == name)
            raise InputError(f"{name}: the key is missing; {key.kind.value} is expected ({key.meaning})")


def _aligned(instance: Instance, given: Mapping[str, Any]) -> AlignedPoint:
    """The aligned point, all of it finite."""
    point = instance.align(given)
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

    Products are positive where the rank of `L` says so; of eigenvalues, small ones are rounding.
    """
    weights, rank = numeric.weights, numeric.d_base - numeric.d_eff
    if not np.all(np.isfinite(weights)):
        raise inputs.out_of_range(given)
    if "Sigma_down" in given or rank < len(weights):
        return weights[weights > DROPPED * np.max(weights, initial=0.0)]
    if not np.all(weights > 0):
        raise inputs.out_of_range(given)
    return weights


def _distinct(weights: np.ndarray) -> tuple[list[float], list[int]]:
    """Distinct weights, descending, with multiplicities."""
    values, counts = np.unique(weights, return_counts=True)
    return values[::-1].tolist(), counts[::-1].tolist()


def _crossover(numeric: NumericLaw) -> float | None:
    """`alpha0`, None where it is undefined: no noise, or no direction to learn."""
    return float(numeric.crossover) if numeric.d_base > numeric.d_eff and numeric.noise > 0 else None


def law_document(name: str, evaluation: Evaluation, quantiles: Sequence[float]) -> dict[str, Any]:
    """The document of `symasym eval`, without its schema key.

    Raises `InputError` where a number in it overflows or underflows.
    """
    numeric = evaluation.numeric
    weights, multiplicities = _distinct(numeric.weights)
    with inputs.guarded(evaluation.given):
        orders = {str(p): float(numeric.ppf(np.asarray(p))) for p in quantiles}
    with inputs.guarded(evaluation.given, underflow=True):
        return {
            "model": name,
            "unconditional": not numeric.averaged,
            "downstream": "least_squares",
            "alpha": float(numeric.alpha),
            "sigma2": float(numeric.noise),
            "d_eff": numeric.d_eff,
            "d_act": numeric.d_eff,
            "d_base": numeric.d_base,
            "weights": weights,
            "multiplicities": multiplicities,
            "interaction": {
                "mean": float(numeric.interaction_cumulant(1)),
                "variance": float(numeric.interaction_cumulant(2)),
            },
            "risk": {"mean": float(numeric.mean), "variance": float(numeric.var), "quantiles": orders},
            "alpha0": _crossover(numeric),
            "residual": evaluation.residual,
        }
