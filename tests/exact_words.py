"""Trace words at exact matrices, for tests: a reading of forms that shares nothing with the general route's arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import reduce
from itertools import product
from math import prod
from typing import Any

import numpy as np
import sympy

from symasym.calculus.forms import Forms
from symasym.referee.linear_algebra import identity, inverse, zeros
from symasym.words.atoms import Factor, Kind, Word
from symasym.words.network import Network
from symasym.words.polynomial import MatrixPolynomial, ScalarPolynomial

__all__ = ["ExactWords", "exact_forms"]


class ExactWords:
    """Values of matrices by name, `(rows, columns)`, of scalars and dimensions by symbol; all of them exact."""

    def __init__(self, matrices: Mapping[str, Any], scalars: Mapping[sympy.Symbol, Fraction | int]) -> None:
        self.matrices = {name: _column(np.array(value, dtype=object)) for name, value in matrices.items()}
        self.scalars = scalars

    def size(self, dimension: sympy.Expr) -> int:
        return int(sympy.sympify(dimension).subs(self.scalars))

    def factor(self, item: Factor) -> np.ndarray:
        atom, transposed = item
        if atom.kind is Kind.INVERSE:
            matrix = inverse(self.matrix(atom.payload), atom.key)
        elif atom.kind is Kind.DERIVED:
            matrix = self.matrix(atom.payload)
        else:
            matrix = self.matrices[atom.payload.of if atom.kind is Kind.TRUTH else atom.key]
        return matrix.T if transposed else matrix

    def word(self, word: Word, dimension: sympy.Expr) -> np.ndarray:
        return reduce(np.matmul, map(self.factor, word)) if word else identity(self.size(dimension))

    def scalar(self, polynomial: ScalarPolynomial) -> Fraction:
        total = Fraction(0)
        for monomial, number in polynomial.terms.items():
            value = Fraction(number)
            for symbol, power in monomial.powers:
                value *= Fraction(self.scalars[symbol]) ** power
            for scalar in monomial.scalars:
                network = isinstance(scalar, Network)
                value *= self.network(scalar) if network else np.trace(self.word(scalar, sympy.S.One))
            total += value
        return total

    def network(self, network: Network) -> Fraction:
        """The sum over all coordinates, one for each vertex, of the products of entries."""
        matrices = [(edge, self.word(edge.word, sympy.S.One)) for edge in network.edges]
        length = max(max(matrix.shape) for _, matrix in matrices)
        total = Fraction(0)
        for places in product(range(length), repeat=len(network.vertices)):
            at = {None: 0, **dict(zip(network.vertices, places, strict=True))}
            total += prod((matrix[at[edge.tail], at[edge.head]] for edge, matrix in matrices), start=Fraction(1))
        return total

    def matrix(self, polynomial: MatrixPolynomial) -> np.ndarray:
        total = zeros(self.size(polynomial.rows), self.size(polynomial.columns))
        for (monomial, word), number in polynomial.terms.items():
            total = total + self.scalar(ScalarPolynomial({monomial: number})) * self.word(word, polynomial.rows)
        return total


def _column(matrix: np.ndarray) -> np.ndarray:
    return matrix.reshape(-1, 1) if matrix.ndim == 1 else matrix


def exact_forms(
    forms: Forms, values: Mapping[Any, Any], sizes: Mapping[sympy.Symbol, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradient `(N,)`, score and Hessian `(N, N)` in the entries of the matrix parameters, by name, row by row."""
    matrices = {symbol.name: value for symbol, value in values.items() if isinstance(symbol, sympy.MatrixSymbol)}
    scalars = {**{s: v for s, v in values.items() if isinstance(s, sympy.Symbol)}, **sizes}
    scalars |= {s: _rational(moment.subs(scalars)) for s, moment in forms.scale_moments.items()}
    at = ExactWords(matrices, scalars)
    units = [unit for parameter in forms.parameters for unit in _units(parameter, at)]
    nothing = {p.key: zeros(at.size(p.rows), at.size(p.columns)) for p in forms.parameters}

    def along(**directions: dict[str, np.ndarray]) -> ExactWords:
        moved = {f"{slot}_{n}": v for slot, unit in directions.items() for n, v in {**nothing, **unit}.items()}
        return ExactWords({**at.matrices, **moved}, scalars)

    def table(form: ScalarPolynomial) -> np.ndarray:
        return np.array([[along(U=u, V=v).scalar(form) for v in units] for u in units], dtype=object)

    gradient = np.array([along(V=v).scalar(forms.gradient) for v in units], dtype=object)
    return gradient, table(forms.score), table(forms.hessian)


def _rational(number: sympy.Expr) -> Fraction:
    return Fraction(int(number.p), int(number.q))


def _units(parameter: Any, at: ExactWords) -> Sequence[dict[str, np.ndarray]]:
    rows, columns = at.size(parameter.rows), at.size(parameter.columns)
    found = []
    for n in range(rows * columns):
        unit = zeros(rows, columns)
        unit[divmod(n, columns)] = Fraction(1)
        found.append({parameter.key: unit})
    return found
