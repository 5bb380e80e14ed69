"""Losses of sample moments, entry by entry: every entry of a sample mean is one more variable of the loss.

With `t` the entries of the sample means, at `t0 = E S(z)`, the score of one sample is

    d l / d w_c (z) + sum_t E[d^2 l / d w_c d t] (S_t(z) - E S_t).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from sympy import QQ
from sympy.polys.rings import PolyElement

from symasym.errors import InputError
from symasym.model import Model
from symasym.referee.evaluate import Evaluator
from symasym.referee.jets import Powers
from symasym.referee.mixtures import Mixed

__all__ = ["influence", "settle_sample_means"]


def settle_sample_means(model: Model, evaluator: Evaluator, moments: Mixed) -> list[PolyElement]:
    """Put all sample means at their expectations; what one sample deviates from them, `S_t(z) - E S_t` for every entry `t`."""
    deviations = []
    for mean in model.sample_means:
        entries = evaluator.matrix(mean.expression)
        if any(powers != () for entry in entries.flat for powers in entry.terms):
            raise InputError(f"sample_mean: {mean} depends on parameters")
        polynomials = [entry.terms.get((), evaluator.ring.zero) for entry in entries.flat]
        expected = [moments.expect(polynomial) for polynomial in polynomials]
        evaluator.settle(mean, np.array(expected, dtype=object).reshape(entries.shape))
        deviations += [p - _ground(value, p) for p, value in zip(polynomials, expected, strict=True)]
    return deviations


def influence(
    c: int,
    terms: Mapping[Powers, PolyElement],
    deviations: Sequence[PolyElement],
    evaluator: Evaluator,
    moments: Mixed,
) -> PolyElement:
    """How one sample moves `d l / d w_c` through the sample means."""
    total, first = evaluator.ring.zero, len(evaluator.coordinates)
    for number, deviation in enumerate(deviations):
        slope = moments.expect(terms.get((c, first + number), evaluator.ring.zero))
        total = total + deviation * _ground(slope, deviation)
    return total


def _ground(value: Fraction, like: PolyElement) -> PolyElement:
    return like.ring.ground_new(QQ(value.numerator, value.denominator))
