"""The probabilities of a mixture as numbers: they must be some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import sympy

from symasym.errors import InputError
from symasym.model.data import GaussianVector
from symasym.model.evaluate import evaluate
from symasym.model.model import Model

__all__ = ["check_mixtures", "mixture_weights"]

ROUNDING = 1e-9
"""By how much the weights of a mixture may miss 1 in sum."""

Values = Mapping[sympy.Basic, np.ndarray | float]
Sizes = Mapping[sympy.Symbol, int]


def mixture_weights(vectors: Sequence[GaussianVector], values: Values, sizes: Sizes) -> np.ndarray:
    """The probability of each component of the law that some vectors share.

    Raises `InputError` naming the scalars that the weights are made of.
    """
    weights = [weight for weight, _ in vectors[0].law.components]
    found = np.array([evaluate(weight, values, sizes) for weight in weights])
    if not np.all(found >= 0) or not abs(np.sum(found) - 1) <= ROUNDING:
        keys = sorted({str(symbol) for weight in weights for symbol in weight.free_symbols}) or ["weights"]
        raise InputError(
            f"{', '.join(keys)}: the mixture of {', '.join(v.name for v in vectors)} has the weights {found.tolist()}; numbers "
            "from 0 to 1 with the sum 1 are expected"
        )
    return found / np.sum(found)


def check_mixtures(model: Model, values: Values, sizes: Sizes) -> None:
    """Refuse weights that are no probabilities."""
    for law in sorted({vector.law for vector in model.data if len(vector.law.components) > 1}, key=str):
        mixture_weights([vector for vector in model.data if vector.law == law], values, sizes)
