"""The symbols of a model: dimensions, parameters, constant matrices, scalars.

All are SymPy objects, so a user can print and manipulate them; what a symbol *is* (something to be estimated, a known
covariance, the true value) is its class, never its name.
"""

from __future__ import annotations

import sympy
from sympy.core.symbol import Str
from sympy.matrices.expressions import Identity, Inverse, MatAdd, MatMul, MatrixSymbol, Transpose, ZeroMatrix
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError

__all__ = [
    "Constant",
    "ModelSymbol",
    "Parameter",
    "ScalarParameter",
    "ScalarTruth",
    "Truth",
    "constant",
    "covariance",
    "dims",
    "eye",
    "is_symmetric",
    "parameter",
    "scalar",
    "scalar_parameter",
    "truth",
]


class ModelSymbol(MatrixSymbol):
    """A matrix symbol with further arguments that say what it is.

    SymPy rebuilds expressions by `func(*args)` and by `doit`; both must leave those arguments alone.
    """

    def __new__(cls, name: str | Str, rows: sympy.Expr, columns: sympy.Expr, *more: sympy.Basic) -> ModelSymbol:
        label = Str(name) if isinstance(name, str) else name
        for size in (rows, columns):
            if isinstance(size, tuple | sympy.Tuple):
                raise InputError(
                    f"{label}: the tuple {size} came, one size is expected; dims gives a tuple, so write (d,) = dims('d')"
                )
        return sympy.Basic.__new__(cls, label, sympy.sympify(rows), sympy.sympify(columns), *more)

    def doit(self, **hints: object) -> ModelSymbol:
        """The symbol itself: there is nothing to evaluate."""
        return self


class Parameter(ModelSymbol):
    """A first-stage parameter `w`, a matrix of shape `(rows, columns)`: what the loss is minimised over."""


class Truth(ModelSymbol):
    """The true value `w*` of a parameter where the data law refers to it; differentiation leaves it alone."""

    @property
    def of(self) -> str:
        """Name of the parameter this is the true value of."""
        return str(self.args[3])


class Constant(ModelSymbol):
    """A known matrix; `symmetric` says that it equals its transpose."""

    @property
    def symmetric(self) -> bool:
        """True if the matrix equals its transpose."""
        return bool(self.args[3])


class ScalarParameter(sympy.Symbol):
    """A first-stage parameter that is a positive number, e.g. a noise level."""


class ScalarTruth(sympy.Symbol):
    """The true value of a scalar parameter, whose name it carries with an asterisk."""

    @property
    def of(self) -> str:
        """Name of the parameter this is the true value of."""
        return str(self.name).removesuffix("_*")


def scalar_parameter(name: str) -> ScalarParameter:
    """A positive first-stage parameter."""
    return ScalarParameter(name, positive=True)


def dims(names: str) -> tuple[sympy.Symbol, ...]:
    """Symbolic dimensions: positive integers, from names separated by blanks, e.g. `d, k = dims("d k")`."""
    return tuple(sympy.Symbol(name, integer=True, positive=True) for name in names.split())


def parameter(name: str, rows: sympy.Expr, columns: sympy.Expr) -> Parameter:
    """A first-stage parameter of shape `(rows, columns)`."""
    return Parameter(name, rows, columns)


def truth(of: Parameter | ScalarParameter) -> Truth | ScalarTruth:
    """The true value of the parameter `of`, for data laws that depend on it; printed with an asterisk."""
    if isinstance(of, ScalarParameter):
        return ScalarTruth(of.name + "_*", positive=True)
    return Truth(of.name + "_*", *of.shape, Str(of.name))


def constant(name: str, rows: sympy.Expr, columns: sympy.Expr | int = 1, symmetric: bool = False) -> Constant:
    """A known matrix of shape `(rows, columns)`; one column by default, so a vector."""
    flag = sympy.true if symmetric else sympy.false
    return Constant(name, rows, columns, flag)


def covariance(name: str, dimension: sympy.Expr) -> Constant:
    """A known symmetric matrix of shape `(dimension, dimension)`: a covariance, or a symmetric cross-covariance."""
    return constant(name, dimension, dimension, symmetric=True)


def scalar(name: str, positive: bool = True) -> sympy.Symbol:
    """A known real number, positive unless said otherwise."""
    return sympy.Symbol(name, positive=True) if positive else sympy.Symbol(name, real=True)


def is_symmetric(expression: MatrixExpr) -> bool:
    """True if a matrix expression reads the same transposed: symmetric symbols, `M S M^T`, `M + M^T`, sums of such."""
    match expression:
        case ModelSymbol():
            return bool(getattr(expression, "symmetric", False))
        case Identity() | ZeroMatrix():
            return True
        case MatAdd():
            return all(map(is_symmetric, expression.args)) or _transposed(expression).expand() == expression.expand()
        case MatMul():
            factors = [item for item in expression.args if isinstance(item, MatrixExpr)]
            return all(_mirrors(u, v) for u, v in zip(factors, reversed(factors), strict=True))
        case Inverse():
            return is_symmetric(expression.arg)
    return False


def _transposed(expression: MatrixExpr) -> MatrixExpr:
    """The transpose, worked into sums and products; symmetric symbols stay."""
    match expression:
        case Transpose():
            return expression.arg
        case MatAdd():
            return MatAdd(*map(_transposed, expression.args))
        case MatMul():
            matrices = [item for item in expression.args if isinstance(item, MatrixExpr)]
            scalars = [item for item in expression.args if not isinstance(item, MatrixExpr)]
            return MatMul(*scalars, *(_transposed(item) for item in reversed(matrices)))
        case ModelSymbol() if is_symmetric(expression):
            return expression
    return Transpose(expression)


def _mirrors(first: MatrixExpr, second: MatrixExpr) -> bool:
    return second == Transpose(first).doit() or (first == second and is_symmetric(first))


def eye(dimension: sympy.Expr) -> Identity:
    """The identity matrix of the given dimension."""
    return Identity(dimension)
