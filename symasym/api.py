"""What a user calls from Python."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, Literal, TypeAlias, overload

from symasym import catalogue, pipeline
from symasym.errors import InputError, NotDerivableYet
from symasym.evaluation import DOWNSTREAM, Evaluation, evaluate_inputs
from symasym.general.route import General, general
from symasym.inputs import label
from symasym.law.law import Law
from symasym.law.logistic import LogisticLaw
from symasym.model.families import FamilyModel
from symasym.model.model import Model
from symasym.pipeline import AnyDerivation, derive_model

__all__ = ["derive", "evaluate", "explain", "general_law", "models"]

AnyModel: TypeAlias = str | PathLike[str] | Model | FamilyModel


def models() -> list[str]:
    """Names of the models of the catalogue."""
    return catalogue.names()


def _resolve(model: AnyModel, name: str | None) -> tuple[Model | FamilyModel, str]:
    if isinstance(model, Model | FamilyModel):
        return model, name or "model"
    if not isinstance(model, str | PathLike):
        raise InputError(
            f"model: a {type(model).__name__} came; a name, the path of a model file or a Model is expected"
        )
    loaded = catalogue.load(str(model))
    return loaded.definition, name or loaded.name


@overload
def derive(model: AnyModel, name: str | None = None, downstream: Literal["least_squares"] = "least_squares") -> Law: ...


@overload
def derive(model: AnyModel, name: str | None = None, *, downstream: Literal["logistic"]) -> LogisticLaw: ...


def derive(model: AnyModel, name: str | None = None, downstream: str = "least_squares") -> Law | LogisticLaw:
    """The limit law of a model for symbolic dimensions, derived now.

    `model` is a name of the catalogue, the path of a model file, or a `Model`; `downstream` is `least_squares` or `logistic`.
    Raises `ConditionViolated` with the offending direction where a hypothesis fails, `NotDerivableYet` where a stage does not
    reach.
    """
    if downstream not in DOWNSTREAM:
        raise InputError(f"downstream: {label(downstream)} came, {' or '.join(DOWNSTREAM)} is expected")
    found, title = _resolve(model, name)
    if downstream == "logistic" and isinstance(found, FamilyModel):
        raise pipeline.not_linear(title)
    derivation = derive_model(found, title)
    return derivation.logistic if downstream == "logistic" else derivation.law


def explain(model: AnyModel, name: str | None = None) -> AnyDerivation:
    """The whole derivation, stage by stage; without aligned coordinates the stages that need none: symmetry and forms."""
    found, title = _resolve(model, name)
    return pipeline.derive(found, title)


def evaluate(model: str | PathLike[str], document: Mapping[str, Any], downstream: str = "least_squares") -> Evaluation:
    """The law in numbers for natural inputs, as `symasym eval` takes them; `.numeric` is the distribution.

    With `downstream="logistic"` it is that of the excess log-loss, and `.logistic.zero_one` that of the excess 0-1 error.
    Raises `InputError` naming the key.
    """
    if not isinstance(model, str | PathLike):
        raise InputError(f"model: a {type(model).__name__} came, a name or the path of a model file is expected")
    return evaluate_inputs(catalogue.load(str(model)), document, downstream)


def general_law(model: AnyModel, values: Mapping[str, Any]) -> General:
    """Forms, covariance and weights as arrays at numeric `values`, for any covariances (see `symasym.general.route`)."""
    found, title = _resolve(model, None)
    if isinstance(found, FamilyModel):
        raise NotDerivableYet(
            f"{title}: a model of a family has no trace words; symasym.evaluate gives its law in numbers"
        )
    return general(found, values)
