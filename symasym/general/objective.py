"""A loss without data in it, as numbers: value and gradient of a polynomial in trace words, term by term, on arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symasym.calculus.bilinear import Linear, split_linear
from symasym.calculus.derivative import differentiate_scalar
from symasym.calculus.forms import directions
from symasym.general.arrays import Matrices, Moving, linear_parts, scalar_array, shape_of
from symasym.model.matrices import ScalarParameter
from symasym.optimise.quasi_newton import Local
from symasym.words.atoms import Atom
from symasym.words.polynomial import ScalarPolynomial

__all__ = ["Objective"]


@dataclass(frozen=True)
class Objective:
    """`value`, a polynomial in trace words of the `parameters` and of fixed letters, and the terms of its `gradient`."""

    parameters: tuple[Moving, ...]
    value: ScalarPolynomial
    gradient: tuple[Linear, ...]

    @classmethod
    def of(
        cls,
        value: ScalarPolynomial,
        matrices: Sequence[Atom],
        scalars: Sequence[ScalarParameter],
        following: Mapping[Any, ScalarPolynomial] | None = None,
    ) -> Objective:
        """Differentiate. `following`: symbols that depend on the parameters too, each with what moves as it does."""
        moving = directions(matrices, scalars, "V")
        follow = {symbol: differentiate_scalar(like, moving) for symbol, like in (following or {}).items()}
        gradient = split_linear(differentiate_scalar(value, {**moving, **follow}))
        return cls((*matrices, *scalars), value, tuple(gradient))

    def at(self, letters: Matrices, batch: int) -> Local:
        """The losses where the letters, of `batch` points or of all alike, have their values."""
        terms = [scalar_array(ScalarPolynomial({m: c}), letters) for m, c in self.value.sorted_terms()]
        values = np.stack([np.broadcast_to(term, batch) for term in terms])
        count = sum(int(np.prod(shape_of(parameter, letters))) for parameter in self.parameters)
        slopes = np.zeros((len(self.gradient), batch, count))
        for slope, (where, vector) in zip(slopes, linear_parts(self.gradient, self.parameters, letters), strict=True):
            slope[:, where] = vector
        return Local(values.sum(0), np.abs(values).sum(0), slopes)
