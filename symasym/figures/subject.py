"""What a figure is about: one law in numbers, or several by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from symasym.errors import InputError
from symasym.law.numeric import NumericLaw
from symasym.law.numeric_logistic import NumericLogistic

__all__ = ["LOG_LOSS", "LawLike", "SQUARED", "ZERO_ONE", "Subject", "interaction_of", "subject", "subjects"]

LawLike: TypeAlias = NumericLaw | NumericLogistic
SQUARED, LOG_LOSS, ZERO_ONE = r"$n\,(R - \sigma^2)$", r"$n\,(R - R^*)$", r"$n\,(R_{01} - R_{01}^*)$"
"""The risk whose limit the law is: for least squares, for log-loss and 0-1 error of a logistic second stage."""


@dataclass(frozen=True)
class Subject:
    """A law with the name of its risk."""

    law: NumericLaw
    quantity: str


def subject(law: LawLike) -> Subject:
    """One law; of a logistic one that of the log-loss. Raises `InputError` for a batch."""
    if isinstance(law, NumericLogistic):
        return Subject(_single(law.log_loss), LOG_LOSS)
    if not isinstance(law, NumericLaw):
        raise InputError(f"law: a {type(law).__name__} came, a law in numbers (Law.at, symasym.evaluate) is expected")
    return Subject(_single(law), SQUARED)


def subjects(laws: LawLike | Mapping[str, LawLike]) -> dict[str, Subject]:
    """Laws by name; a single one has none."""
    if isinstance(laws, Mapping):
        if not laws:
            raise InputError("laws: none came, at least one is expected")
        return {str(name): subject(law) for name, law in laws.items()}
    return {"": subject(laws)}


def _single(law: NumericLaw) -> NumericLaw:
    shape = np.broadcast_shapes(np.shape(law.noise), np.shape(law.alpha), law.weights.shape[:-1])
    if shape != ():
        raise InputError(f"law: a batch of shape {shape} came, one law, or a mapping of names to laws, is expected")
    return law


def interaction_of(law: NumericLaw) -> NumericLaw:
    """The law of `||L(Z)||^2` by itself."""
    return replace(law, noise=np.zeros(()), alpha=np.ones(()), averaged=True)
