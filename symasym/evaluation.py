"""From the JSON inputs of a model to its law in numbers (schema `symasym.law/1`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from symasym import inputs
from symasym.alignment.entries import entry_table
from symasym.alignment.ranges import Ranges
from symasym.catalogue import Loaded
from symasym.errors import InputError, NotDerivableYet
from symasym.law.law import Law
from symasym.law.numbers import entries_at
from symasym.law.numeric import NumericLaw
from symasym.model.instance import AlignedPoint
from symasym.model.model import Model
from symasym.pipeline import derive_model

__all__ = ["Evaluation", "evaluate_inputs", "law_document"]

RESIDUAL = 1e-8
"""A target further than this outside the span of the features is refused."""
DROPPED = 1e-12
"""Weights below this fraction of the largest are dropped."""


@dataclass(frozen=True)
class Evaluation:
    """A concrete problem: the symbolic law, the point in aligned coordinates, the numeric law."""

    law: Law
    point: AlignedPoint
    numeric: NumericLaw
    residual: float


def evaluate_inputs(loaded: Loaded, document: Mapping[str, Any]) -> Evaluation:
    """Check the inputs, align them, put them into the derived law.

    Raises `InputError` naming the key.
    """
    if loaded.instance is None:
        raise NotDerivableYet(f"{loaded.name}: the model file defines no instance, so it takes no JSON input")
    given = inputs.check(loaded.instance, document)
    law = derive_model(loaded.model, loaded.name).law
    _check_noise(law, given)
    _check_sizes(law, given)
    point = loaded.instance.align(given)
    down = _aligned_down(loaded.model, point, given)
    values, residual = _with_target(loaded.model, law, point, given, down)
    numbers = {name: given[name] for name in (*law.scalars, "sigma2") if name in given and name not in values}
    numeric = law.at(alpha=given.get("alpha", 1.0), Sigma_down=down, **values, **numbers)
    _check_finite(numeric)
    return Evaluation(law, point, numeric, residual)


def _check_noise(law: Law, given: Mapping[str, Any]) -> None:
    """`sigma2` where the model leaves it open or the downstream covariance is another; else the model's own scalars."""
    own = [s for s in law.scalars if sympy.Symbol(s, positive=True) in law.noise.free_symbols and s != "sigma2"]
    open_noise = not own or "Sigma_down" in given
    if open_noise and "sigma2" not in given:
        why = "" if not own else ", because Sigma_down is given"
        raise InputError(f"sigma2: the key is missing{why}; a positive number is expected (label noise variance)")
    for name in own:
        if open_noise and name in given:
            raise InputError(f"{name}: came together with Sigma_down; sigma2 alone is expected then")
        if not open_noise and "sigma2" in given:
            raise InputError(f"sigma2: the model determines it from {name}; leave it out, or give Sigma_down as well")
        if not open_noise and name not in given:
            raise InputError(f"{name}: the key is missing; a positive number is expected")


def _check_sizes(law: Law, given: Mapping[str, Any]) -> None:
    """Relations between dimensions, e.g. `k < d`, on the sizes that came."""
    for relation in law.where:
        known = {s: given[s.name] for s in relation.free_symbols if s.name in given}
        if len(known) == len(relation.free_symbols) and relation.subs(known) == sympy.false:
            came = ", ".join(f"{s} = {n}" for s, n in sorted(known.items(), key=lambda item: str(item[0])))
            raise InputError(
                f"{min(map(str, known), key=lambda name: name != 'k')}: {came} came, {relation} is expected"
            )


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
    return frame @ given["Sigma_down"] @ frame.T


def _with_target(
    model: Model, law: Law, point: AlignedPoint, given: Mapping[str, Any], down: np.ndarray | None
) -> tuple[dict[str, Any], float]:
    """Aligned values with the dimensions and, where `f*` comes as `target`, its coefficients on the learned span."""
    frame = _input_frame(model, point)
    values = {**{name: given[name] for name in law.dimensions if name in given}, **point.values}
    symbol = model.downstream.target
    name = str(getattr(symbol, "name", ""))
    if name not in given:
        return {key: value for key, value in values.items() if key in (*law.dimensions, *law.families, *law.scalars)}, 0.0
    assert model.aligned is not None
    aligned = np.linalg.solve(frame.T, given[name])
    learned = values["k"]
    covariance = np.diag(entries_at(law, values)) if down is None else down
    coefficients, residual = _project(aligned, covariance, learned)
    if residual > RESIDUAL:
        raise InputError(
            f"{name}: f* lies outside the span of the features, ||(I - Pi) f*|| / ||f*|| = {residual:.3g}; at most "
            f"{RESIDUAL:g} is expected"
        )
    spec = entry_table(model.aligned, Ranges(model.aligned.ranges))[symbol]
    (family,) = {entry.base for value in spec.values() for entry in value.atoms(sympy.Indexed)}
    values[str(family.label)] = coefficients
    wanted = {key: value for key, value in values.items() if key in (*law.dimensions, *law.families, *law.scalars)}
    return wanted, residual


def _project(target: np.ndarray, covariance: np.ndarray, learned: int) -> tuple[np.ndarray, float]:
    """Coefficients of the projection of `<target, x>` on the first `learned` coordinates in `L2`, and the relative residual."""
    size = float(np.sqrt(target @ covariance @ target))
    if size == 0:
        raise InputError("target: f* is zero; a target that is not zero is expected")
    coefficients = np.linalg.solve(covariance[:learned, :learned], covariance[:learned] @ target)
    rest = target.copy()
    rest[:learned] -= coefficients
    return coefficients, float(np.sqrt(max(rest @ covariance @ rest, 0.0))) / size


def _check_finite(numeric: NumericLaw) -> None:
    if not (np.all(np.isfinite(numeric.weights)) and np.isfinite(numeric.mean) and np.isfinite(numeric.var)):
        raise InputError("--input: the numbers are so large or so small that the law overflows; rescale them")


def _distinct(weights: np.ndarray) -> tuple[list[float], list[int]]:
    """Distinct non-zero weights, descending, with multiplicities."""
    kept = weights[weights > DROPPED * weights.max(initial=0)]
    values, counts = np.unique(kept, return_counts=True)
    return values[::-1].tolist(), counts[::-1].tolist()


def law_document(name: str, evaluation: Evaluation, quantiles: Sequence[float]) -> dict[str, Any]:
    """The document of `symasym eval`, without its schema key."""
    numeric = evaluation.numeric
    weights, multiplicities = _distinct(numeric.weights)
    return {
        "model": name,
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
        "risk": {
            "mean": float(numeric.mean),
            "variance": float(numeric.var),
            "quantiles": {str(p): float(numeric.ppf(np.asarray(p))) for p in quantiles},
        },
        "alpha0": float(numeric.crossover),
        "residual": evaluation.residual,
    }
