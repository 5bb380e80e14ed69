"""What a user calls from Python."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from symasym import catalogue, pipeline
from symasym.errors import InputError, NotDerivableYet
from symasym.evaluation import Evaluation, evaluate_inputs
from symasym.general.route import General, general
from symasym.law.law import Law
from symasym.model.families import FamilyModel
from symasym.model.model import Model
from symasym.pipeline import AnyDerivation, derive_model

__all__ = ["derive", "evaluate", "explain", "general_law", "models"]


def models() -> list[str]:
    """Names of the models of the catalogue."""
    return catalogue.names()


def _resolve(model: str | PathLike[str] | Model | FamilyModel, name: str | None) -> tuple[Model | FamilyModel, str]:
    if isinstance(model, Model | FamilyModel):
        return model, name or "model"
    if not isinstance(model, str | PathLike):
        raise InputError(
            f"model: a {type(model).__name__} came; a name, the path of a model file or a Model is expected"
        )
    loaded = catalogue.load(str(model))
    return loaded.definition, name or loaded.name


def derive(model: str | PathLike[str] | Model | FamilyModel, name: str | None = None) -> Law:
    """The limit law of a model for symbolic dimensions, derived now.

    `model` is a name of the catalogue, the path of a model file, or a `Model`. Raises `ConditionViolated` with the offending
    direction where a hypothesis fails, `NotDerivableYet` where a stage does not reach.
    """
    found, label = _resolve(model, name)
    return derive_model(found, label).law


def explain(model: str | PathLike[str] | Model | FamilyModel, name: str | None = None) -> AnyDerivation:
    """The whole derivation, stage by stage; without aligned coordinates the stages that need none: symmetry and forms."""
    found, label = _resolve(model, name)
    return pipeline.derive(found, label)


def evaluate(model: str | PathLike[str], document: Mapping[str, Any], downstream: str = "least_squares") -> Evaluation:
    """The law in numbers for natural inputs, as `symasym eval` takes them; `.numeric` is the distribution.

    With `downstream="logistic"` it is that of the excess log-loss, and `.logistic.zero_one` that of the excess 0-1 error.
    Raises `InputError` naming the key.
    """
    return evaluate_inputs(catalogue.load(str(model)), document, downstream)


def general_law(model: str | PathLike[str] | Model | FamilyModel, values: Mapping[str, Any]) -> General:
    """Forms, covariance and weights as arrays at numeric `values`, for any covariances (see `symasym.general.route`)."""
    found, label = _resolve(model, None)
    if isinstance(found, FamilyModel):
        raise NotDerivableYet(
            f"{label}: a model of a family has no trace words; symasym.evaluate gives its law in numbers"
        )
    return general(found, values)
