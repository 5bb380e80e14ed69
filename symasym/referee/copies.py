"""Averages over independent copies, written out copy by copy; over masks, by how often two copies are the same.

A product of two averages over the same `K` independent masks has the mean `(1/K) E[f(R) g(R)] + (1 - 1/K) E[f(R)] E[g(R)]`, the
masks being independent of everything else, which is held fixed; `1/K` may be 0, when an average is an expectation.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
import sympy
from sympy.polys.rings import PolyElement

from symasym.errors import InputError
from symasym.model import Mask, Model, copy
from symasym.model.scalars import Average
from symasym.referee.evaluate import Evaluator
from symasym.referee.linear_algebra import zeros
from symasym.referee.mixtures import Mixed
from symasym.referee.values import Given

__all__ = ["score", "shares", "with_explicit_copies"]


def with_explicit_copies(model: Model, given: Given) -> Model:
    """The model with `(1/K) (f(x_1) + .. + f(x_K))` in place of every average over vectors, and `f(R)` of one over masks.

    `K` of an average over vectors must have a value.
    """
    written = {node: _written_out(node, given) for node in model.loss.atoms(Average)}
    return replace(model, loss=model.loss.xreplace(written)) if written else model


def _written_out(node: Average, given: Given) -> sympy.Expr:
    expression, vector, count = node.args
    if isinstance(vector, Mask):
        return expression
    copies = _exact(count, given)
    if copies != int(copies) or copies < 1:
        raise InputError(f"values: {count} is {copies}, a positive integer is expected")
    terms = (expression.xreplace({vector: copy(vector, f"{vector.name}_{n}")}) for n in range(1, int(copies) + 1))
    return sympy.Add(*terms) / int(copies)


def _exact(count: sympy.Expr, given: Given) -> Fraction:
    """A number of copies, which may be an expression in scalars."""
    values = {symbol: given.scalar(symbol) for symbol in count.free_symbols}
    number = count.subs({symbol: sympy.Rational(v.numerator, v.denominator) for symbol, v in values.items()})
    return Fraction(int(number.p), int(number.q))


def shares(model: Model, given: Given) -> dict[Mask, Fraction]:
    """`1/K` of every mask that the loss averages over."""
    found = {}
    for _, mask, count in (node.args for node in sorted(model.loss.atoms(Average), key=str)):
        if isinstance(mask, Mask):
            found[mask] = _exact(1 / count, given)
            if not 0 <= found[mask] <= 1:
                raise InputError(f"values: 1/({count}) is {found[mask]}, a number from 0 to 1 is expected")
    return found


def score(slopes: list[PolyElement], moments: Mixed, share: dict[Mask, Fraction], evaluator: Evaluator) -> np.ndarray:
    """`E[p_c p_c']` of averages `p_c`, written at one copy of each mask: both copies the same or not, mask by mask."""
    total = zeros(len(slopes), len(slopes))
    for choice in product((True, False), repeat=len(share)):
        weight = prod((s if same else 1 - s for s, same in zip(share.values(), choice, strict=True)), start=Fraction(1))
        apart = [n for mask, same in zip(share, choice, strict=True) if not same for n in evaluator.variables[mask]]
        if weight:
            total = total + moments.gram([moments.average(slope, apart) for slope in slopes]) * weight
    return total
