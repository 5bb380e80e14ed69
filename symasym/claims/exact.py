"""The referee at a point of a setting: the model with explicit entries, in exact rationals.

What is derived for an entry of the estimator or a weight is computed here again from the referee's arrays alone: displacements of
the descriptor by differences of exact matrices, weights from `L V L^T`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any

import numpy as np
import sympy
from sympy.matrices.expressions import Identity, Inverse, MatAdd, MatMul, Transpose
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.claims.points import Point
from symasym.claims.setting import Setting
from symasym.errors import NotDerivableYet
from symasym.model.matrices import Parameter
from symasym.model.scalars import Inner, Tr
from symasym.referee.explicit import Explicit, explicit
from symasym.referee.linear_algebra import identity, inverse, pseudoinverse, solve, zeros

__all__ = ["Exact", "exact_matrix", "exact_scalar", "unit"]

Values = Mapping[Any, Any]


def exact_matrix(expression: MatrixExpr, values: Values, sizes: Mapping[sympy.Symbol, int]) -> np.ndarray:
    """A front-end matrix at exact values."""
    match expression:
        case sympy.MatrixSymbol():
            return np.array(values[expression], dtype=object)
        case Identity():
            return identity(int(expression.shape[0].subs(sizes)))
        case Transpose():
            return exact_matrix(expression.arg, values, sizes).T
        case Inverse():
            return inverse(exact_matrix(expression.arg, values, sizes), str(expression.arg))
        case MatAdd():
            return reduce(np.add, (exact_matrix(item, values, sizes) for item in expression.args))
        case MatMul():
            matrices = [exact_matrix(item, values, sizes) for item in expression.args if isinstance(item, MatrixExpr)]
            numbers = [
                exact_scalar(item, values, sizes) for item in expression.args if not isinstance(item, MatrixExpr)
            ]
            return reduce(np.matmul, matrices) * reduce(lambda a, b: a * b, numbers, Fraction(1))
    raise NotDerivableYet(f"{expression} is a {type(expression).__name__}, which is not evaluated exactly")


def exact_scalar(expression: sympy.Expr, values: Values, sizes: Mapping[sympy.Symbol, int]) -> Fraction:
    """A front-end scalar at exact values."""
    match expression:
        case Tr():
            return Fraction(exact_matrix(expression.args[0], values, sizes).trace())
        case Inner():
            u, v = (exact_matrix(item, values, sizes) for item in expression.args)
            return Fraction((u.T @ v).trace())
        case sympy.Rational():
            return Fraction(int(expression.p), int(expression.q))
        case sympy.Symbol():
            return Fraction(sizes[expression]) if expression in sizes else Fraction(values[expression])
        case sympy.Add():
            return sum((exact_scalar(item, values, sizes) for item in expression.args), Fraction(0))
        case sympy.Mul():
            return reduce(lambda a, b: a * b, (exact_scalar(item, values, sizes) for item in expression.args))
        case sympy.Pow() if expression.exp.is_Integer:
            return exact_scalar(expression.base, values, sizes) ** int(expression.exp)
    raise NotDerivableYet(f"{expression} is a {type(expression).__name__}, which is not evaluated exactly")


@dataclass(frozen=True)
class Exact:
    """A setting at an exact point; families that have no value in the point are 1 (they do not matter there)."""

    setting: Setting
    point: Point

    @property
    def sizes(self) -> dict[sympy.Symbol, int]:
        """Concrete dimensions."""
        return {sympy.Symbol(s.name, integer=True, positive=True): n for s, n in self.point.sizes.items()}

    @cached_property
    def values(self) -> dict[Any, Any]:
        """Every matrix, vector and scalar of the model."""
        aligned, model = self.setting.aligned, self.setting.loaded.model
        found: dict[Any, Any] = {}
        for symbol, weight in (*aligned.diagonal.items(), *aligned.at.items()):
            found[symbol] = self._matrix(symbol, weight)
        fixed = {symbol: _fraction(value) for symbol, value in self.setting.fixed.items()}
        for symbol in model.scalars:
            found[symbol] = fixed.get(symbol, Fraction(self._scalar(symbol)))
        for symbol in model.downstream.x.cov.atoms(sympy.MatrixSymbol):
            if symbol not in found:
                found[symbol] = self._downstream(symbol)
        return found

    def _scalar(self, symbol: sympy.Symbol) -> Fraction:
        return _fraction(self.point.scalars.get(symbol, sympy.S.One))

    def _matrix(self, symbol: Any, weight: Any) -> np.ndarray:
        rows, columns = (int(sympy.sympify(n).subs(self.sizes)) for n in symbol.shape)
        matrix = zeros(rows, columns)
        for item in self.setting.domain.ranges:
            if isinstance(weight, Mapping) and item.index in weight:
                for n in item.numbers(self.point.sizes):
                    matrix[n - 1, 0 if columns == 1 and symbol.shape[1] == 1 else n - 1] = self._entry(
                        weight[item.index], item.index, n
                    )
        return matrix

    def _entry(self, entry: sympy.Expr, index: sympy.Symbol, n: int) -> Fraction:
        written = sympy.sympify(entry).subs(index, n)
        known = {e: self.point.entries.get(e, sympy.S.One) for e in written.atoms(sympy.Indexed)}
        return _fraction(written.xreplace(known))

    def _downstream(self, symbol: Any) -> np.ndarray:
        """The downstream covariance of the setting, or that of the pre-training data."""
        size = int(sympy.sympify(symbol.shape[0]).subs(self.sizes))
        matrix = identity(size)
        if self.setting.downstream:
            return matrix
        law = self.setting.derivation.law
        for item, own in zip(self.setting.domain.ranges, law.ranges, strict=True):
            value = self.setting.present(own.own, dict(law.definitions))
            for n in item.numbers(self.point.sizes):
                matrix[n - 1, n - 1] = self._entry(value, item.index, n)
        return matrix

    @cached_property
    def referee(self) -> Explicit:
        """The explicit engine at the point."""
        return explicit(self.setting.loaded.model, self.sizes, self.values)

    @cached_property
    def slope(self) -> np.ndarray:
        """`DD[e_c]` for every coordinate, `(N, d, d)`: central differences, which are exact for a quadratic descriptor."""
        assert self.setting.descriptor is not None
        slopes = []
        for name, row, column in self.referee.coordinates:
            moved = []
            for sign in (1, -1):
                values = dict(self.values)
                symbol = next(s for s in values if isinstance(s, Parameter) and s.name == name)
                values[symbol] = values[symbol].copy()
                values[symbol][row, column] += sign
                moved.append(exact_matrix(self.setting.descriptor, values, self.sizes))
            slopes.append((moved[0] - moved[1]) / Fraction(2))
        return np.array(slopes, dtype=object)

    def entry_covariance(self, pq: tuple[int, int], rs: tuple[int, int], inverse_hessian: bool = False) -> Fraction:
        """`Cov(Z_pq, Z_rs)` with indices from 1; of `h^+` in the place of `V` on request."""
        form = pseudoinverse(self.referee.hessian) if inverse_hessian else self.referee.covariance
        left, right = self.slope[:, pq[0] - 1, pq[1] - 1], self.slope[:, rs[0] - 1, rs[1] - 1]
        return Fraction(left @ form @ right)

    def weight(self, index: int) -> Fraction:
        """`g_a Var c_a` for an outside index and a diagonal downstream covariance."""
        variances = self.referee.L @ self.referee.covariance @ self.referee.L.T
        (symbol,) = [
            s for s in self.setting.loaded.model.downstream.x.cov.atoms(sympy.MatrixSymbol) if s in self.values
        ]
        return Fraction(variances[index - 1, index - 1] * self.values[symbol][index - 1, index - 1])

    def section(self, row: int, column: int) -> Fraction:
        """Entry `[row, column]` of a displacement `V` of the representative with `DD[V] = E_pq + E_qp`."""
        size = self.slope.shape[1]
        tangent = zeros(size, size)
        tangent[row - 1, column - 1] = tangent[column - 1, row - 1] = Fraction(1)
        found = solve(self.slope.reshape(len(self.slope), -1).T, tangent.reshape(-1))
        assert found is not None
        where = [c[1:] for c in self.referee.coordinates].index((row - 1, column - 1))
        return Fraction(found[where])

    def form(self, expression: sympy.Expr, first: np.ndarray, second: np.ndarray) -> Fraction:
        """A form in `H1` and `H2` at two tangent matrices."""
        h1, h2 = self.setting.tangents
        return exact_scalar(expression, {**self.values, h1: first, h2: second}, self.sizes)


def _fraction(value: Any) -> Fraction:
    number = sympy.sympify(value)
    if not number.is_Rational:
        raise NotDerivableYet(f"{number} is not rational, so the point is not exact")
    return Fraction(int(number.p), int(number.q))


def unit(size: int, p: int, q: int) -> np.ndarray:
    """`E_pq + E_qp`, and `E_pp` on the diagonal; indices from 1."""
    matrix = zeros(size, size)
    matrix[p - 1, q - 1] = matrix[q - 1, p - 1] = Fraction(1)
    return matrix
