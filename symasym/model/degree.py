"""The degree of an expression in some vectors, read off its structure."""

from __future__ import annotations

from collections.abc import Set

import sympy
from sympy.matrices.expressions import MatAdd, MatMul, MatrixSymbol, Transpose
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError
from symasym.model.scalars import Average, Inner, Tr

__all__ = ["degree"]


def degree(expression: sympy.Basic, vectors: Set[MatrixExpr]) -> int:
    """Degree in the entries of the vectors, together, of a homogeneous expression.

    Raises `InputError` for a sum whose terms have different degrees, or vectors inside of anything but products and sums.
    """

    def inner(child: sympy.Basic) -> int:
        return degree(child, vectors)

    match expression:
        case MatrixSymbol():
            return int(expression in vectors)
        case MatMul() | sympy.Mul() | Inner():
            return sum(map(inner, expression.args))
        case Transpose() | Tr() | Average():
            return inner(expression.args[0])
        case MatAdd() | sympy.Add():
            found = set(map(inner, expression.args))
            if len(found) > 1:
                raise InputError(f"{expression}: its terms have the degrees {sorted(found)}, one degree is expected")
            return found.pop()
        case sympy.Pow() if expression.exp.is_Integer and expression.exp > 0:
            return int(expression.exp) * inner(expression.base)
    if any(expression.has(vector) for vector in vectors):
        raise InputError(f"{expression} is not a polynomial in {', '.join(map(str, vectors))}")
    return 0
