"""`"project": true`: the target of the problem is the projection of the one that was given on the learned span."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from symasym.errors import InputError
from symasym.evaluation.general import place_minimiser
from symasym.evaluation.numbers import constants_of
from symasym.general.route import general
from symasym.model.instance import AlignedPoint, GeneralPoint, Instance
from symasym.model.matrices import Constant
from symasym.model.model import Model
from symasym.pipeline import derive_general

__all__ = ["projected"]


def projected(
    model: Model, instance: Instance, given: Mapping[str, Any], point: AlignedPoint | GeneralPoint
) -> tuple[dict[str, Any], AlignedPoint | GeneralPoint]:
    """The inputs with `Pi f*` in place of `f*`, and the point with the `w*` that was found on the way.

    Raises `InputError` for a model whose target is not a key of its own.
    """
    target = model.downstream.target
    if not isinstance(target, Constant) or target.name not in given:
        raise InputError("project: true came, but the target of this model is no key of its own; false is expected")
    stages = derive_general(model)
    constants = constants_of(model, instance, given, point)
    minimiser, starts, minima = place_minimiser(stages, given, point, constants)
    outcome = general(model, {**constants, **minimiser}, stages.forms, stages.quotient, misspecified=True)
    size = float(np.linalg.norm(outcome.projection))
    if not size > 1e-10 * float(np.linalg.norm(given[target.name])):
        raise InputError(
            f"{target.name}: its projection on the learned span is 0; a target that reaches into it is expected"
        )
    if isinstance(point, GeneralPoint):
        point = replace(point, minimiser=minimiser, starts=starts, minima=minima)
    return {**given, target.name: outcome.projection}, point
