"""The population loss `L(w) = E l(w; z)` as a function of numbers: value, gradient, Hessian, from the same trace words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from symasym.calculus.derivative import differentiate_scalar
from symasym.calculus.forms import Forms, directions
from symasym.errors import NotDerivableYet
from symasym.general.arrays import Matrices, Moving, bilinear_array, linear_array, scalar_array, shape_of
from symasym.general.values import matrices_of
from symasym.general.vertical import vertical_array
from symasym.model.matrices import ScalarParameter, Truth
from symasym.model.model import Model
from symasym.symmetry.quotient import Quotient
from symasym.words.polynomial import ScalarPolynomial

__all__ = ["Landscape", "landscape"]


@dataclass(frozen=True)
class Landscape:
    """`L`, its gradient `(N,)` and Hessian `(N, N)`, and the orbit's directions `(g, N)`, at `w` `(N,)`.

    `w` holds the entries of all parameters: matrices first, by name, row by row; then the scalar ones.
    """

    model: Model
    forms: Forms
    quotient: Quotient
    fixed: Matrices
    slope: ScalarPolynomial
    curvature: ScalarPolynomial
    shapes: tuple[tuple[Moving, tuple[int, int]], ...]

    @property
    def parameters(self) -> tuple[Moving, ...]:
        """What moves."""
        return tuple(parameter for parameter, _ in self.shapes)

    @property
    def size(self) -> int:
        """`N`."""
        return sum(rows * columns for _, (rows, columns) in self.shapes)

    def unpacked(self, w: np.ndarray) -> dict[str, np.ndarray]:
        """Parameter name -> array."""
        values, start = {}, 0
        for parameter, (rows, columns) in self.shapes:
            block = w[start : start + rows * columns].reshape(rows, columns)
            if isinstance(parameter, ScalarParameter):
                values[parameter.name] = block[0, 0]
            else:
                values[parameter.key] = block
            start += rows * columns
        return values

    def packed(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """The inverse of `unpacked`."""
        names = [p.name if isinstance(p, ScalarParameter) else p.key for p in self.parameters]
        return np.concatenate([np.ravel(np.asarray(values[name], float)) for name in names])

    def at(self, w: np.ndarray) -> Matrices:
        """All matrices with the parameters at `w`."""
        here = self.unpacked(w)
        numbers = {v: here[v.name] for v in self.forms.scalar_parameters}
        return Matrices({**self.fixed.values, **here}, {**self.fixed.scalars, **numbers})

    def value(self, w: np.ndarray) -> float:
        """`L(w)`."""
        return float(scalar_array(self.forms.population, self.at(w)))

    def gradient(self, w: np.ndarray) -> np.ndarray:
        """`DL(w)` on the entries."""
        return linear_array(self.slope, self.parameters, self.at(w))

    def hessian(self, w: np.ndarray) -> np.ndarray:
        """`D^2 L(w)` on the entries."""
        return bilinear_array(self.curvature, self.parameters, self.at(w))

    def vertical(self, w: np.ndarray) -> np.ndarray:
        """Directions along the orbit of `w`."""
        return vertical_array(self.quotient, self.at(w), self.parameters, self.size)


def landscape(model: Model, forms: Forms, quotient: Quotient, constants: Mapping[str, Any]) -> Landscape:
    """The population loss with numbers for everything but the parameters.

    `constants`: every constant matrix and scalar by name, and the dimensions that no constant shows. Raises
    `NotDerivableYet` for a model whose data law holds the true parameter: there `w*` is that truth.
    """
    parts: tuple[sympy.Basic, ...] = (model.loss, model.features, model.downstream.target)
    if any(part.atoms(Truth) for part in parts) or any(vector.law.atoms(Truth) for vector in model.data):
        raise NotDerivableYet(
            "w*: the data law holds the true parameter, so w* is that truth; give its value under the parameter's name"
        )
    moving: Sequence[Moving] = (*forms.parameters, *forms.scalar_parameters)
    names = [*(p.name for p in model.parameters), *(p.name for p in model.scalar_parameters)]
    blank = matrices_of(model, constants, forms, without=names)
    along_u, along_v = (directions(forms.parameters, forms.scalar_parameters, slot) for slot in "UV")
    slope = differentiate_scalar(forms.population, along_v)
    curvature = differentiate_scalar(differentiate_scalar(forms.population, along_u), along_v)
    shapes = tuple((parameter, shape_of(parameter, blank)) for parameter in moving)
    return Landscape(model, forms, quotient, blank, slope, curvature, shapes)
