"""Expressions of the front end as jets, entry by entry.

A matrix is a NumPy object array of jets, so that `@` is the schoolbook product of its entries.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce

import numpy as np
import sympy
from sympy import QQ
from sympy.matrices.expressions import Identity, MatAdd, MatMul, MatPow, MatrixSymbol, Transpose, ZeroMatrix
from sympy.matrices.expressions.matexpr import MatrixExpr
from sympy.polys.rings import PolyElement, PolyRing

from symasym.errors import InputError, NotDerivableYet
from symasym.model import GaussianVector, Mask, Model, Parameter, SampleMean, ScalarParameter
from symasym.model.scalars import Inner, LogDet, Tr
from symasym.referee.jets import Jet
from symasym.referee.linear_algebra import identity, inverse, zeros
from symasym.referee.moments import fraction
from symasym.referee.values import Given

__all__ = ["Evaluator"]


class Evaluator:
    """Evaluates at `w = w* + e`.

    * `vectors`: the data vectors of loss and features, by name; `variables[v]` numbers the entries of `v`.
    * `masks`: the random masks, by name; `variables[R]` numbers the diagonal entries of `R`.
    * `coordinates`: `(parameter, row, column)` of each entry of `e`, parameters by name, row by row.
    * `sampled`: the same for the entries of the sample means. They stand at their expectations plus entries of `e` of their
      own, numbered after the parameters'; `settle` says what the expectations are.
    """

    def __init__(self, model: Model, given: Given) -> None:
        self._given = given
        self._matrices: dict[MatrixExpr, np.ndarray] = {}
        self.vectors = sorted(
            model.loss.atoms(GaussianVector) | model.features.atoms(GaussianVector),
            key=lambda vector: (vector.name, vector.law.names),
        )
        self.masks = model.masks
        self.variables: dict[GaussianVector | Mask, range] = {}
        start = 0
        for vector in (*self.vectors, *self.masks):
            self.variables[vector] = range(start, start + given.shape(vector)[0])
            start = self.variables[vector].stop
        self.ring = PolyRing([f"z{position}" for position in range(start)], QQ)
        self.coordinates = [
            (parameter, row, column)
            for parameter in model.parameters
            for row in range(given.shape(parameter)[0])
            for column in range(given.shape(parameter)[1])
        ] + [(parameter, 0, 0) for parameter in model.scalar_parameters]
        self.sampled = [
            (mean, row, column)
            for mean in model.sample_means
            for row in range(given.shape(mean)[0])
            for column in range(given.shape(mean)[1])
        ]

    def settle(self, mean: SampleMean, value: np.ndarray) -> None:
        """Put a sample mean at its expectation."""
        self._matrices[mean] = self._numbers(value) + self._displacement(mean)

    def scalar(self, expression: sympy.Expr) -> Jet:
        """The jet of a scalar expression; `NotDerivableYet` names a node that is not known here."""
        match expression:
            case Inner():
                u, v = map(self.matrix, expression.args)
                return self._trace(u.T @ v)
            case Tr():
                return self._trace(self.matrix(expression.args[0]))
            case LogDet():
                return self._logdet(expression)
            case ScalarParameter():
                moved = next(n for n, (owner, _, _) in enumerate(self.coordinates) if owner == expression)
                return self._number(self._given.scalar(expression)) + Jet({(moved,): self.ring.one})
            case sympy.Symbol():
                return self._number(self._given.scalar(expression))
            case sympy.Rational():
                return self._number(Fraction(int(expression.p), int(expression.q)))
            case sympy.Add():
                return reduce(Jet.__add__, map(self.scalar, expression.args))
            case sympy.Mul():
                return reduce(Jet.__mul__, map(self.scalar, expression.args))
            case sympy.Pow() if expression.exp.is_Integer:
                base = np.array([[self.scalar(expression.base)]], dtype=object)
                return self._power(base, int(expression.exp), expression)[0, 0]
        raise _unknown(expression)

    def matrix(self, expression: MatrixExpr) -> np.ndarray:
        """The jets of a matrix expression, kept; `NotDerivableYet` names a node that is not known here."""
        if expression not in self._matrices:
            self._matrices[expression] = self._matrix(expression)
        return self._matrices[expression]

    def _matrix(self, expression: MatrixExpr) -> np.ndarray:
        match expression:
            case GaussianVector():
                generators = [self.ring.gens[position] for position in self.variables[expression]]
                return np.array([[Jet({(): generator})] for generator in generators], dtype=object)
            case Mask():
                entries = self._numbers(zeros(*self._given.shape(expression)))
                for row, position in enumerate(self.variables[expression]):
                    entries[row, row] = Jet({(): self.ring.gens[position]})
                return entries
            case Parameter():
                return self._numbers(self._given.matrix(expression)) + self._displacement(expression)
            case SampleMean():
                raise NotDerivableYet(f"{expression} is a sample mean, which may stand in a loss only")
            case MatrixSymbol():
                return self._numbers(self._given.matrix(expression))
            case Identity():
                return self._numbers(identity(self._given.size(expression.shape[0])))
            case ZeroMatrix():
                return self._numbers(zeros(*map(self._given.size, expression.shape)))
            case Transpose():
                return self.matrix(expression.arg).T
            case MatAdd():
                return reduce(np.add, map(self.matrix, expression.args))
            case MatMul():
                scalars = [self.scalar(item) for item in expression.args if not isinstance(item, MatrixExpr)]
                matrices = [self.matrix(item) for item in expression.args if isinstance(item, MatrixExpr)]
                return reduce(np.matmul, matrices) * reduce(Jet.__mul__, scalars, self._number(Fraction(1)))
            case MatPow() if expression.exp.is_Integer:  # an Inverse is a MatPow with exponent -1
                return self._power(self.matrix(expression.base), int(expression.exp), expression)
        raise _unknown(expression)

    def exact(self, expression: MatrixExpr, where: str) -> np.ndarray:
        """The value of a matrix; `InputError`, naming `where`, if it depends on data or parameters."""
        entries = self.matrix(expression)
        if not all(entry.constant for entry in entries.flat):
            raise InputError(f"{where}: {expression} depends on data or parameters; a constant is expected")
        return self._values(entries)

    def exact_scalar(self, expression: sympy.Expr, where: str) -> Fraction:
        """The same for a scalar."""
        jet = self.scalar(expression)
        if not jet.constant:
            raise InputError(f"{where}: {expression} is not a rational constant")
        return self._value(jet)

    def _displacement(self, symbol: Parameter | SampleMean) -> np.ndarray:
        """The matrix of the variables `e_c` of one parameter or sample mean."""
        owners = [owner for owner, _, _ in (*self.coordinates, *self.sampled)]
        numbers = [number for number, owner in enumerate(owners) if owner == symbol]
        entries = np.empty(len(numbers), dtype=object)
        entries[:] = [Jet({(number,): self.ring.one}) for number in numbers]
        return entries.reshape(self._given.shape(symbol))

    def _number(self, value: Fraction) -> Jet:
        return Jet({(): self._ground(value)} if value else {})

    def _numbers(self, values: np.ndarray) -> np.ndarray:
        return np.array([[self._number(value) for value in row] for row in values], dtype=object)

    def _ground(self, value: Fraction) -> PolyElement:
        return self.ring.ground_new(QQ(value.numerator, value.denominator))

    def _value(self, jet: Jet) -> Fraction:
        return fraction(jet.terms[()].LC) if () in jet.terms else Fraction(0)

    def _values(self, matrix: np.ndarray) -> np.ndarray:
        return np.array([[self._value(entry) for entry in row] for row in matrix], dtype=object)

    def _trace(self, matrix: np.ndarray) -> Jet:
        return reduce(Jet.__add__, matrix.diagonal())

    def _series(self, matrix: np.ndarray, node: sympy.Basic) -> tuple[np.ndarray, np.ndarray]:
        """`S0^{-1}` and `S0^{-1} D` for `S = S0 + D`, `S0` the value at `w*`; `S` must not contain data."""
        if not all(entry.known and entry.free_of_data for entry in matrix.flat):
            raise NotDerivableYet(f"{node} takes the inverse of a matrix that contains data")
        inverted = self._numbers(inverse(self._values(matrix), f"{node}: the matrix"))
        rest = [[Jet({p: c for p, c in entry.terms.items() if p}) for entry in row] for row in matrix]
        return inverted, inverted @ np.array(rest, dtype=object)

    def _power(self, base: np.ndarray, exponent: int, node: sympy.Basic) -> np.ndarray:
        """Integer powers; `S^{-1} = S0^{-1} - N S0^{-1} + N N S0^{-1} + O(e^3)` with `N = S0^{-1} D`."""
        if exponent < 0:
            inverted, n = self._series(base, node)
            minus = self._number(Fraction(-1))
            base = inverted + (n @ inverted) * minus + n @ n @ inverted
        return reduce(np.matmul, [base] * abs(exponent), self._numbers(identity(len(base))))

    def _logdet(self, node: LogDet) -> Jet:
        """`log det S = log det S0 + tr N - tr(N N)/2 + O(e^3)`; the first term is marked as not known."""
        _, n = self._series(self.matrix(node.args[0]), node)
        series = self._trace(n) + self._trace(n @ n) * self._number(Fraction(-1, 2))
        return Jet(series.terms, known=False)


def _unknown(node: sympy.Basic) -> NotDerivableYet:
    return NotDerivableYet(f"{node} is a {type(node).__name__}, which the referee does not evaluate")
