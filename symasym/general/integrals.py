"""Smooth functions of scalars and their Gaussian means in numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import sympy

from symasym.errors import ConditionViolated
from symasym.model.special import compiled
from symasym.quadrature.gaussian import GaussianIntegral, GaussianNodes, exactly
from symasym.words.polynomial import ScalarPolynomial, Smooth
from symasym.words.smooth import slots

__all__ = ["Integrals"]

ACCEPTED = 1e-6
"""Error estimate of an integral at `w*`, of the mean of the modulus of its integrand; the error itself is far below."""

Array = np.ndarray
Value: TypeAlias = Callable[[ScalarPolynomial], Array]


class Integrals:
    """The values of smooth scalars at one place, each evaluated once; nodes of one law serve all its integrands."""

    def __init__(self, value: Value, scalar: Callable[[sympy.Symbol], Array]) -> None:
        self._value = value
        self._scalar = scalar
        self._found: dict[Smooth, GaussianIntegral] = {}
        self._laws: dict[tuple[bytes, bytes], GaussianNodes] = {}

    def __call__(self, scalar: Smooth) -> GaussianIntegral:
        """Value and error estimate, each of the shape of the batch."""
        if scalar not in self._found:
            self._found[scalar] = self._evaluated(scalar)
        return self._found[scalar]

    def require_accurate(self) -> None:
        """Raises `ConditionViolated` where one of the integrals evaluated so far is not known well enough."""
        for scalar, found in self._found.items():
            if not np.all(found.error <= ACCEPTED * found.size):
                raise ConditionViolated(
                    f"integrals: the mean of {scalar.function} in {len(scalar.arguments)} dimensions, of size "
                    f"{np.max(found.size):.3g}, is known to {np.max(found.error):.2g} only; either it is infinite, or the "
                    "integrand varies too fast for the rule"
                )

    def _evaluated(self, scalar: Smooth) -> GaussianIntegral:
        symbols = tuple(sorted(scalar.function.free_symbols - set(slots(len(scalar.arguments))), key=str))
        function = compiled(scalar.function, (*slots(len(scalar.arguments)), *symbols))
        numbers = [self._scalar(symbol) for symbol in symbols]
        means = [self._value(argument) for argument in scalar.arguments]
        if not scalar.covariance:
            with np.errstate(all="ignore"):
                return exactly(np.asarray(function(*means, *numbers), float))
        count = range(len(means))
        spread = [[self._value(scalar.entry(i, j)) for j in count] for i in count]
        shape = np.broadcast_shapes(*(np.shape(v) for v in (*means, *numbers, *(v for row in spread for v in row))))
        m = np.stack([np.broadcast_to(v, shape) for v in means], axis=-1)
        S = np.stack([np.stack([np.broadcast_to(v, shape) for v in row], axis=-1) for row in spread], axis=-2)
        own = [np.broadcast_to(v, shape) for v in numbers]
        values, errors, sizes = (np.empty(shape) for _ in range(3))
        for place in np.ndindex(shape):
            found = self._nodes(m[place], S[place]).integral(_at(function, [v[place] for v in own]))
            values[place], errors[place], sizes[place] = found.value, found.error, found.size
        return GaussianIntegral(values, errors, sizes)

    def _nodes(self, mean: Array, covariance: Array) -> GaussianNodes:
        key = (mean.tobytes(), covariance.tobytes())
        if key not in self._laws:
            self._laws[key] = GaussianNodes(mean, covariance)
        return self._laws[key]


def _at(function: Callable[..., Array], numbers: list[Array]) -> Callable[[Array], Array]:
    """The function of its arguments alone."""
    return lambda t: function(*t, *numbers)
