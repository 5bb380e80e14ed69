"""The logistic second stage on checked inputs: no label noise to be stated, the size of `f*`, both limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy

from symasym import inputs
from symasym.errors import InputError, NotDerivableYet
from symasym.evaluation.noise import own_noise
from symasym.evaluation.numbers import sizes_of, symbol_values
from symasym.evaluation.outcome import Evaluation
from symasym.law.numeric_logistic import NumericLogistic
from symasym.model.evaluate import evaluate_matrix
from symasym.model.instance import AlignedPoint, GeneralPoint, Instance
from symasym.model.model import Model

__all__ = ["require_well_specified", "with_logistic", "without_noise"]


def without_noise(model: Model, given: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with 1 for every number that only the label noise of least squares needs and that did not come."""
    return {**dict.fromkeys(("sigma2", *own_noise(model)), 1.0), **given}


def require_well_specified(given: Mapping[str, Any]) -> None:
    """Raises `NotDerivableYet` where `f*` may leave the span."""
    if given["misspecified"]:
        raise NotDerivableYet(
            "misspecified: true came together with the logistic downstream, whose laws are derived for f* in the span of the "
            "features; false is expected (or project: true, for the projection of the target)"
        )


def with_logistic(model: Model, instance: Instance, evaluation: Evaluation) -> Evaluation:
    """The same problem with the logistic second stage; `numeric` is then the law of the excess log-loss."""
    assert isinstance(evaluation.point, AlignedPoint | GeneralPoint)
    with inputs.guarded(evaluation.given):
        size = target_size(model, instance, evaluation.given, evaluation.point)
        law = NumericLogistic(evaluation.numeric, np.asarray(size))
        return replace(evaluation, numeric=law.log_loss, logistic=law)


def target_size(
    model: Model, instance: Instance, given: Mapping[str, Any], point: AlignedPoint | GeneralPoint
) -> float:
    """`s = ||f*||` in `L2(mu_down)`, from the coefficients of `f*` in the coordinates of the input."""
    sizes: Mapping[sympy.Symbol, int] = sizes_of(model, given)
    values = symbol_values(model, instance, given, point)
    target = evaluate_matrix(model.downstream.target, values, sizes)[:, 0]
    covariance = given.get("Sigma_down")
    if covariance is None:
        covariance = evaluate_matrix(model.input.cov, values, sizes)
    unit = float(np.max(np.abs(target), initial=0.0))
    if unit == 0:
        raise InputError("target: f* is zero; a target that is not zero is expected")
    direction = target / unit
    return unit * float(np.sqrt(direction @ covariance @ direction))
