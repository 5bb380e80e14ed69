"""A setting with numbers in it: formulas, matrices and the two-stage problem at one point, in floating point."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy

from symasym.claims.claim import SimulationSpec
from symasym.claims.points import Point
from symasym.claims.setting import Setting
from symasym.errors import InputError
from symasym.general.point import aligned_matrices
from symasym.simulation.problem import Problem, problem

__all__ = ["Numbers"]

ALPHA = 20.0
"""Unlabelled samples for each labelled one; no claim that is simulated depends on it."""


@dataclass(frozen=True)
class Numbers:
    """The point of a simulation."""

    setting: Setting
    spec: SimulationSpec

    @cached_property
    def point(self) -> Point:
        """Dimensions, entries, scalars and open indices; decimals as they are written."""
        scope, families, scalars = self.setting.scope, {}, {}
        for name, values in self.spec.entries.items():
            for n, value in enumerate(values, 1):
                number = sympy.Rational(repr(float(value)))
                if name in scope.families:
                    families[scope.families[name][n]] = number
                else:
                    scalars[scope.names[name]] = number
        sizes = {s: self.spec.sizes[s.name] for s in self.setting.domain.dimensions}
        return Point(sizes, families, scalars, {sympy.Symbol(i, integer=True): n for i, n in self.spec.index.items()})

    def value(self, expression: sympy.Expr) -> float:
        """A formula at the point."""
        letters = dict(self.setting.scope.letters)
        for _ in letters:
            expression = expression.xreplace(letters)
        return float(sympy.N(self.point.value(expression)))

    @cached_property
    def sizes(self) -> dict[sympy.Symbol, int]:
        """Dimensions by the symbols of the model."""
        return {sympy.Symbol(name, integer=True, positive=True): n for name, n in self.spec.sizes.items()}

    @cached_property
    def matrices(self) -> dict[str, np.ndarray]:
        """Constants of the model and `w*`, by name."""
        table: dict[str, Any] = {**self.spec.sizes, **{s.name: float(v) for s, v in self.setting.fixed.items()}}
        families = self.setting.scope.families
        table |= {name: np.asarray(values, float) for name, values in self.spec.entries.items() if name in families}
        return aligned_matrices(self.setting.aligned, table)

    @cached_property
    def values(self) -> dict[Any, Any]:
        """The same by symbol, with dimensions and scalars: for expressions on samples."""
        found: dict[Any, Any] = {
            s: self.matrices[s.name] for s in (*self.setting.aligned.diagonal, *self.setting.aligned.at)
        }
        found |= {s: float(v) for s, v in (*self.setting.fixed.items(), *self.point.scalars.items())}
        return {**found, **self.sizes}

    @cached_property
    def document(self) -> dict[str, Any]:
        """The input of the model's instance."""
        loaded = self.setting.loaded
        if loaded.instance is None:
            raise InputError(f"{loaded.name}: the model file defines no instance, so it cannot be simulated")
        numbers = dict(self.spec.sizes) | {s.name: float(v) for s, v in self.point.scalars.items()}
        found: dict[str, Any] = {key.name: numbers[key.name] for key in loaded.instance.keys if key.name in numbers}
        for key in loaded.instance.keys:
            if key.name in self.matrices:
                matrix = self.matrices[key.name]
                found[key.name] = (matrix[:, 0] if len(key.shape) == 1 else matrix).tolist()
        if self.setting.downstream:
            d = self.setting.loaded.model.input.shape[0]
            found["Sigma_down"] = np.eye(int(sympy.sympify(d).subs(self.sizes))).tolist()
        noise = {} if self.setting.derivation.law.noise != sympy.Symbol("sigma2", positive=True) else {"sigma2": 1.0}
        return {**found, "alpha": ALPHA, **noise, **self.spec.inputs}

    @cached_property
    def problem(self) -> Problem:
        """Samplers and estimator."""
        return problem(self.setting.loaded, self.document)
