"""The general route on checked inputs: `w*` by formula or by search, the law exact on top of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from symasym.calculus.forms import Forms
from symasym.errors import ConditionViolated, InputError, NotDerivableYet
from symasym.evaluation.numbers import constants_of, sizes_of
from symasym.evaluation.outcome import Evaluation, Misspecified, NamedIntegral
from symasym.general.landscape import landscape
from symasym.general.minimiser import find_minimiser
from symasym.general.point import natural_point
from symasym.general.route import General, general
from symasym.model.instance import AlignedPoint, GeneralPoint, Instance
from symasym.model.matrices import ScalarTruth, Truth
from symasym.model.model import Model
from symasym.pipeline import GeneralDerivation, derive_general

__all__ = ["Placed", "evaluate_general", "place_minimiser"]

RESIDUAL = 1e-8
"""A target further than this outside the span of the features is refused unless it is declared misspecified."""
DROPPED = 1e-12
"""Weights below this fraction of the largest are rounding."""


class Placed(NamedTuple):
    """`w*` by parameter name in the coordinates of the input.

    Where it was searched for, `(reached, starts)` and the minima at which those that reached its value ended.
    """

    minimiser: Mapping[str, Any]
    starts: tuple[int, int] | None = None
    minima: Sequence[Mapping[str, np.ndarray]] = ()


def place_minimiser(
    stages: GeneralDerivation,
    given: Mapping[str, Any],
    point: AlignedPoint | GeneralPoint,
    constants: Mapping[str, Any],
) -> Placed:
    """`w*`, and how it was found.

    The true values where data law or loss hold them: what is downstream refers to that representative of the orbit. By the
    inverse of the frame from an aligned point; by the formula of the model file; else numerically.
    """
    model = stages.model
    truths = {t.of for part in (model.loss, *(v.law for v in model.data)) for t in part.atoms(Truth, ScalarTruth)}
    names = [*(p.name for p in model.parameters), *(v.name for v in model.scalar_parameters)]
    if truths and all(name in given for name in names):
        return Placed({name: given[name] for name in names})
    if isinstance(point, AlignedPoint):
        sizes = {symbol.name: size for symbol, size in sizes_of(model, given).items()}
        placed = AlignedPoint({**sizes, **point.values}, point.frames)
        scalars = {v.name: np.asarray(point.values[v.name], float) for v in model.scalar_parameters}
        return Placed({**natural_point(model, placed), **scalars})
    if point.minimiser is not None:
        return Placed(point.minimiser, point.starts, point.minima)
    found = find_minimiser(landscape(model, stages.forms, stages.quotient, constants))
    return Placed(found.values, (found.reached, found.starts), found.minima)


def evaluate_general(
    model: Model, instance: Instance, given: Mapping[str, Any], point: AlignedPoint | GeneralPoint
) -> Evaluation:
    """The law of a problem in general position.

    Raises `ConditionViolated` where a hypothesis fails at `w*`, `InputError` for a target outside the span.
    """
    stages = derive_general(model)
    constants = constants_of(model, instance, given, point)
    minimiser, starts, minima = place_minimiser(stages, given, point, constants)
    outcome = general(model, {**constants, **minimiser}, stages.forms, stages.quotient, misspecified=True)
    residual = float(outcome.residual)
    if residual > RESIDUAL and not given["misspecified"]:
        name = getattr(model.downstream.target, "name", "target")
        raise InputError(
            f"{name}: f* lies outside the span of the features, ||(I - Pi) f*|| / ||f*|| = {residual:.3g}; at most "
            f"{RESIDUAL:g} is expected, as for its projection on the span, {_listed(outcome.projection)}"
        )
    numeric = outcome.law(given["alpha"])
    noise = np.asarray(given["sigma2"], float) if "sigma2" in given else numeric.noise
    numeric = replace(numeric.kept(numeric.weights > DROPPED * np.max(numeric.weights, initial=0.0)), noise=noise)
    outside = _misspecified(outcome) if residual > RESIDUAL else None
    named = _named(stages.forms, outcome)
    return Evaluation(given, None, point, numeric, residual, minimiser, starts, minima, outside, named=named)


def _named(forms: Forms, outcome: General) -> dict[str, NamedIntegral]:
    """The integrals in the forms."""
    return {
        symbol.name: NamedIntegral(
            float(outcome.integrals[symbol.name].value),
            float(outcome.integrals[symbol.name].error),
            f"E {scalar.function}",
            len(scalar.arguments),
        )
        for symbol, scalar in forms.integrals.items()
    }


def _listed(vector: np.ndarray) -> str:
    return json.dumps([float(f"{value:.12g}") for value in vector])


def _misspecified(outcome: General) -> Misspecified:
    if np.any(outcome.drift):
        raise NotDerivableYet("target: the limit of a misspecified target with a local penalty is not derived yet")
    variance = float(outcome.misspecified_variance)
    if not np.isfinite(variance):
        raise ConditionViolated("target: the slope of the risk at w* is not finite")
    return Misspecified(float(outcome.excess), variance)
