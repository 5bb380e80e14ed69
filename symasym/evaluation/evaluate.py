"""Check the inputs, place the problem, take the route that reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from symasym import inputs
from symasym.catalogue import Loaded
from symasym.errors import InputError
from symasym.evaluation.closed import evaluate_closed
from symasym.evaluation.families import evaluate_family
from symasym.evaluation.general import evaluate_general
from symasym.evaluation.logistic import require_well_specified, with_logistic, without_noise
from symasym.evaluation.mixtures import check_mixtures
from symasym.evaluation.noise import check_noise
from symasym.evaluation.numbers import sizes_of, symbol_values
from symasym.evaluation.outcome import Evaluation
from symasym.evaluation.project import projected
from symasym.model.families import FamilyModel
from symasym.model.instance import AlignedPoint, FamilyPoint, GeneralPoint, Instance
from symasym.model.model import Model
from symasym.pipeline import not_linear

__all__ = ["DOWNSTREAM", "Prepared", "evaluate_inputs", "prepare"]

DOWNSTREAM = ("least_squares", "logistic")
"""What can be fitted on the labelled samples."""


@dataclass(frozen=True)
class Prepared:
    """Checked inputs, the model or variant that they ask for, and where the problem stands."""

    loaded: Loaded
    instance: Instance
    given: Mapping[str, Any]
    point: AlignedPoint | GeneralPoint

    @property
    def model(self) -> Model:
        """The model or variant."""
        return self.loaded.model


def prepare(loaded: Loaded, document: Mapping[str, Any], downstream: str = "least_squares") -> Prepared:
    """Check the inputs and align them; a logistic second stage has no label noise to be stated.

    Raises `InputError` naming the key.
    """
    instance = loaded.instance or inputs.default_instance(loaded.model, loaded.example)
    given = inputs.check(instance, document, loaded.model.where, str(loaded.model.input.shape[0]))
    chosen = loaded.for_inputs(given)
    if downstream == "logistic":
        require_well_specified(given)
        given = without_noise(chosen.model, given)
    else:
        check_noise(chosen.model, instance, given)
    with inputs.guarded(given):
        point = instance.align(given)
    assert not isinstance(point, FamilyPoint)
    if chosen.model.aligned is None and isinstance(point, AlignedPoint):
        point = GeneralPoint()  # the alignment is that of another variant
    if any(len(vector.law.components) > 1 for vector in chosen.model.data):
        check_mixtures(chosen.model, symbol_values(chosen.model, instance, given, point), sizes_of(chosen.model, given))
    if given["project"]:
        with inputs.guarded(given):
            given, point = projected(chosen.model, instance, given, point)
    return Prepared(chosen, instance, given, point)


def evaluate_inputs(loaded: Loaded, document: Mapping[str, Any], downstream: str = "least_squares") -> Evaluation:
    """Check the inputs, align them where that is possible, put them into the derived law.

    `downstream`: `least_squares` or `logistic`. Raises `InputError` naming the key.
    """
    if downstream not in DOWNSTREAM:
        raise InputError(f"downstream: {inputs.label(downstream)} came, {' or '.join(DOWNSTREAM)} is expected")
    if isinstance(loaded.definition, FamilyModel):
        if downstream == "logistic":
            raise not_linear(loaded.name)
        return evaluate_family(loaded, document)
    here = prepare(loaded, document, downstream)
    remarks = {} if here.instance.remarks is None else here.instance.remarks(here.given, here.point)
    found = replace(_evaluate(here), remarks=remarks)
    return with_logistic(here.model, here.instance, found) if downstream == "logistic" else found


def _evaluate(here: Prepared) -> Evaluation:
    if isinstance(here.point, AlignedPoint) and not here.given["misspecified"]:
        return evaluate_closed(here.loaded, here.instance, here.given, here.point)
    with inputs.guarded(here.given):
        outcome = evaluate_general(here.model, here.instance, here.given, here.point)
    if isinstance(here.point, AlignedPoint) and outcome.misspecified is None:
        fitting = {**here.given, "misspecified": False}
        return replace(evaluate_closed(here.loaded, here.instance, fitting, here.point), given=here.given)
    return outcome
