"""Concrete sizes and exact values, read once and checked by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np
import sympy
from sympy.matrices.expressions import MatrixSymbol

from symasym.errors import InputError
from symasym.model import Constant, Model, ScalarTruth, Truth

__all__ = ["Given"]


@dataclass(frozen=True)
class Given:
    """`sizes` of the dimension symbols and exact `values` of constant matrices, parameters and scalars."""

    model: Model
    sizes: Mapping[sympy.Symbol, int]
    values: Mapping[Any, Any]

    def __post_init__(self) -> None:
        for symbol, size in self.sizes.items():
            if not isinstance(size, int) or size < 1:
                raise InputError(f"sizes: {symbol} is {size!r}, a positive integer is expected")
        for symbol in self.values:
            if isinstance(symbol, Truth):
                raise InputError(f"values: {symbol} is given, but it takes the value of {symbol.of}")
        for relation in self.model.where:
            if sympy.sympify(relation).subs(self.sizes) == sympy.false:
                raise InputError(f"sizes: {relation} does not hold at {_shown(self.sizes)}")

    def size(self, dimension: sympy.Expr | int) -> int:
        """A dimension as an integer."""
        found = sympy.sympify(dimension).subs(self.sizes)
        if not found.is_Integer:
            raise InputError(f"sizes: the dimension {dimension} has no value at {_shown(self.sizes)}")
        return int(found)

    def shape(self, matrix: MatrixSymbol) -> tuple[int, int]:
        """The shape of a matrix in integers."""
        return self.size(matrix.shape[0]), self.size(matrix.shape[1])

    def scalar(self, symbol: sympy.Symbol) -> Fraction:
        """The value of a scalar symbol; a dimension is a scalar too."""
        if symbol in self.sizes:
            return Fraction(self.sizes[symbol])
        if isinstance(symbol, ScalarTruth):
            return self.scalar(next(v for v in self.model.scalar_parameters if v.name == symbol.of))
        return _exact(self._look_up(symbol), symbol)

    def matrix(self, symbol: MatrixSymbol) -> np.ndarray:
        """The value of a parameter, constant or true value, `(rows, columns)`; a column may come flat."""
        if isinstance(symbol, Truth):
            return self.matrix(next(p for p in self.model.parameters if p.name == symbol.of))
        expected = self.shape(symbol)
        found = np.array(self._look_up(symbol), dtype=object)
        if expected[1] == 1 and found.shape == expected[:1]:
            found = found.reshape(expected)
        if found.shape != expected:
            raise InputError(f"values: {symbol} has shape {found.shape}, expected {expected}")
        entries = np.array([[_exact(entry, symbol) for entry in row] for row in found], dtype=object)
        if isinstance(symbol, Constant) and symbol.symmetric and (entries != entries.T).any():
            raise InputError(f"values: {symbol} is declared symmetric, but its value is not")
        return entries

    def can_evaluate(self, expression: sympy.Expr) -> bool:
        """True if every symbol of the expression has a size or a value."""
        needed = expression.atoms(sympy.Symbol, MatrixSymbol)
        return all(isinstance(s, Truth | ScalarTruth) or s in self.values or s in self.sizes for s in needed)

    def _look_up(self, symbol: sympy.Basic) -> Any:
        if symbol not in self.values:
            raise InputError(f"values: {symbol} is missing")
        return self.values[symbol]


def _exact(entry: Any, symbol: sympy.Basic) -> Fraction:
    if not isinstance(entry, Rational):
        raise InputError(f"values: {symbol} contains {entry!r}; an int or a Fraction is expected")
    return Fraction(int(entry.numerator), int(entry.denominator))


def _shown(sizes: Mapping[sympy.Symbol, int]) -> str:
    return ", ".join(f"{symbol} = {size}" for symbol, size in sizes.items()) or "no sizes"
