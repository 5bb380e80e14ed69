"""The front end's own shape check.

SymPy does not check shapes with symbolic sizes: for `A` of shape `(k, d)` it lets `A*A`, `A + A.T` and `I_d + A*A.T`
pass. Here two sizes are equal only if they are the same expression.
"""

from __future__ import annotations

import sympy
from sympy.matrices.expressions import (
    Identity,
    Inverse,
    MatAdd,
    MatMul,
    MatPow,
    MatrixSymbol,
    Transpose,
    ZeroMatrix,
)
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError, ShapeError
from symasym.model.scalars import Average, Inner, LabelLoss, LogDet, MatrixScalar, Smooth, Tr

__all__ = ["check_matrix", "check_scalar"]

Shape = tuple[sympy.Expr, sympy.Expr]


def check_matrix(expression: MatrixExpr, where: str) -> Shape:
    """Shape of a matrix expression, every sub-expression checked; `ShapeError` names the first that does not fit."""
    if isinstance(expression, MatrixSymbol | Identity | ZeroMatrix):
        rows, columns = expression.shape
        return rows, columns
    if isinstance(expression, Transpose):
        rows, columns = check_matrix(expression.arg, where)
        return columns, rows
    if isinstance(expression, MatAdd):
        return _check_sum(expression, where)
    if isinstance(expression, MatMul):
        return _check_product(expression, where)
    if isinstance(expression, Inverse | MatPow):
        rows, columns = check_matrix(expression.base, where)
        if rows != columns:
            raise ShapeError(
                f"{where}: {expression} needs a square matrix, but {expression.base} has shape {(rows, columns)}"
            )
        return rows, columns
    raise InputError(
        f"{where}: {expression} is a {type(expression).__name__}, which the front end does not know; use sums, products, "
        "transposes and inverses"
    )


def _check_sum(expression: MatAdd, where: str) -> Shape:
    first, *others = expression.args
    shape = check_matrix(first, where)
    for other in others:
        found = check_matrix(other, where)
        if found != shape:
            raise ShapeError(
                f"{where}: the sum {expression} adds {first} of shape {shape} and {other} of shape {found}"
            )
    return shape


def _check_product(expression: MatMul, where: str) -> Shape:
    shape: Shape | None = None
    left: MatrixExpr | None = None
    for factor in expression.args:
        if not isinstance(factor, MatrixExpr):
            check_scalar(factor, where)
            continue
        found = check_matrix(factor, where)
        if shape is not None and shape[1] != found[0]:
            raise ShapeError(
                f"{where}: in the product {expression}, {left} has {shape[1]} columns but {factor} has {found[0]} rows"
            )
        shape = found if shape is None else (shape[0], found[1])
        left = factor
    if shape is None:
        raise InputError(f"{where}: {expression} has no matrix factor")
    return shape


def check_scalar(expression: sympy.Basic, where: str) -> None:
    """Check a scalar expression; a bare 1x1 matrix is refused with a hint."""
    if isinstance(expression, MatrixExpr):
        rows, columns = check_matrix(expression, where)
        hint = (
            "write inner(u, v) for u.T*v and quad(u, S) for u.T*S*u"
            if (rows, columns) == (1, 1)
            else "a scalar is expected"
        )
        raise ShapeError(f"{where}: {expression} is a matrix of shape {(rows, columns)}, not a scalar; {hint}")
    if isinstance(expression, Inner):
        shapes = [check_matrix(argument, where) for argument in expression.args]
        if shapes[0] != shapes[1]:
            raise ShapeError(f"{where}: {expression} pairs shapes {shapes[0]} and {shapes[1]}; they must be equal")
    elif isinstance(expression, Tr | LogDet):
        rows, columns = check_matrix(expression.args[0], where)
        if rows != columns:
            raise ShapeError(f"{where}: {expression} needs a square matrix, the shape is {(rows, columns)}")
    elif isinstance(expression, Average | LabelLoss):
        check_scalar(expression.args[0], where)
    elif isinstance(expression, Smooth):
        for argument in expression.args[1:]:
            check_scalar(argument, where)
    elif isinstance(expression, sympy.Expr) and not isinstance(expression, MatrixScalar):
        for argument in expression.args:
            check_scalar(argument, where)
    else:
        raise InputError(f"{where}: {expression} is a {type(expression).__name__}, a scalar expression is expected")
