"""What an evaluation gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symasym.law.law import Law
from symasym.law.numeric import NumericLaw
from symasym.law.numeric_logistic import NumericLogistic
from symasym.model.displayed import Displayed
from symasym.model.instance import AlignedPoint, FamilyPoint, GeneralPoint

__all__ = ["Evaluation", "Misspecified", "NamedIntegral"]


@dataclass(frozen=True)
class Misspecified:
    """A target outside the span: `n (R - sigma^2)` diverges, and `sqrt(m) (R(w_hat) - R(w*))` is Gaussian in the limit.

    `excess`: `R(w*) - sigma^2 = ||(I - Pi) f*||^2`; `variance`: of that limit, 0 where the slope of the risk vanishes.
    """

    excess: float
    variance: float


@dataclass(frozen=True)
class NamedIntegral:
    """An integral in numbers: what it is the mean of, over how many dimensions, and how exactly it is known."""

    value: float
    error: float
    integrand: str
    dimension: int


@dataclass(frozen=True)
class Evaluation(Displayed):
    """A concrete problem: the checked inputs, where it stands, the numeric law.

    `law` is the symbolic law where the closed form was used, else None; `point` is aligned or general; `minimiser` is `w*` in
    the coordinates of the input where the general route was used; `starts` counts the starts that reached its value and
    those that were made, None where a formula gives it; `minima` are the points at which the former ended. `misspecified`
    replaces the numeric law where the target leaves the span; `remarks` are the instance's own, or say how accurate integrals
    are; `integrals` is the rule by which a model of a family was integrated.
    `named`: the integrals in the forms of the first stage, by name. `logistic`: both laws of a logistic second stage where it was
    asked for; `numeric` is then that of the log-loss.
    """

    given: Mapping[str, Any]
    law: Law | None
    point: AlignedPoint | GeneralPoint | FamilyPoint
    numeric: NumericLaw
    residual: float
    minimiser: Mapping[str, np.ndarray] = field(default_factory=dict)
    starts: tuple[int, int] | None = None
    minima: Sequence[Mapping[str, np.ndarray]] = ()
    misspecified: Misspecified | None = None
    remarks: Mapping[str, Any] = field(default_factory=dict)
    integrals: str = ""
    logistic: NumericLogistic | None = None
    named: Mapping[str, NamedIntegral] = field(default_factory=dict)

    @property
    def route(self) -> str:
        """`closed form`, `general`: numeric linear algebra on the exact forms, or `integrals` of a few dimensions."""
        if self.integrals:
            return "integrals"
        return "general" if self.law is None else "closed form"
