"""Formulas of claims as text: a small language, read without `eval`.

    2/b[j] * Sum(beta[i]**2 * (1 + tau + lam[i]**2)/lam[i], (i, 1, k))
    4*(tr(H1*S*H2*S) + tr(H1*Sp*H2*Sp))

Arithmetic with `+ - * / **`, families `lam[i]`, sums `Sum(f, (i, 1, k))`, `sqrt`, `log`, `largest(f, (i, 1, k))` and
`smallest`; matrices with `.T`, `inv`, `eye`, `tr`, `inner`, `quad`, `norm2`, `logdet`, and `cov(f, g)` of two expressions in data
vectors. Definitions may come along: `tau = ...`, `r[i] = ...`, `P(X) = ...`. A number is exact: `0.25` is one quarter.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sympy
from sympy.matrices.exceptions import NonSquareMatrixError, ShapeError as SympyShapeError
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError, ShapeError
from symasym.model.matrices import eye
from symasym.model.scalars import inner, logdet, norm2, quad, tr
from symasym.model.shapes import check_matrix, check_scalar

__all__ = ["Covariance", "Extreme", "Scope", "parse", "relation"]

LONGEST = 4000
"""Characters in one formula."""
EXPONENT = 24
"""Largest exponent."""


class Covariance(sympy.Expr):
    """`Cov(f, g)` of two scalar expressions in data vectors, not yet evaluated."""

    is_commutative = True


class Extreme(sympy.Expr):
    """The largest (or, with sign -1, the smallest) value of an expression over an index: arguments `(f, index,
    first, last, sign)`.
    """

    is_commutative = True

    @property
    def free_symbols(self) -> set[sympy.Basic]:
        """Without the index, which is bound."""
        body, index, first, last, _ = self.args
        return (body.free_symbols | first.free_symbols | last.free_symbols) - {index}

    def written(self, sizes: Mapping[sympy.Symbol, int]) -> sympy.Expr:
        """`Max` or `Min` over the values of the index at concrete dimensions."""
        body, index, first, last, sign = self.args
        numbers = range(int(first.subs(sizes)), int(last.subs(sizes)) + 1)
        choose = sympy.Max if sign == 1 else sympy.Min
        return choose(*(body.xreplace({index: sympy.Integer(n)}) for n in numbers))

    def _latex(self, printer: Any) -> str:
        body, index, _, _, sign = self.args
        name = r"\max" if sign == 1 else r"\min"
        return rf"{name}_{{{printer._print(index)}}} {printer._print(body)}"

    def _sympystr(self, printer: Any) -> str:
        body, index, first, last, sign = self.args
        name = "largest" if sign == 1 else "smallest"
        return f"{name}({printer._print(body)}, ({index}, {printer._print(first)}, {printer._print(last)}))"


@dataclass(frozen=True)
class Macro:
    """A definition: parameters (names, or one index of a family) and what it stands for."""

    parameters: tuple[str, ...]
    body: ast.expr
    indexed: bool = False


@dataclass(frozen=True)
class Scope:
    """What names mean. `letters` are scalars that stand for a sum: kept as symbols, so that formulas print as the
    source writes them.

    A family may have the name of a vector: what carries an index is the family.
    """

    names: Mapping[str, Any]
    families: Mapping[str, sympy.IndexedBase] = field(default_factory=dict)
    macros: Mapping[str, Macro] = field(default_factory=dict)
    letters: Mapping[sympy.Symbol, sympy.Expr] = field(default_factory=dict)
    where: str = "formula"

    def defining(self, definitions: Sequence[str]) -> Scope:
        """The scope with further definitions, each `left = right`; later ones may use earlier ones."""
        scope = self
        for text in definitions:
            scope = scope._define(text)
        return scope

    def _define(self, text: str) -> Scope:
        left, equals, right = text.partition("=")
        if not equals:
            raise InputError(f"{self.where}: the definition {text} is not of the form name = formula")
        target, body = _tree(left, self.where), _tree(right, self.where)
        match target:
            case ast.Name(id=name):
                value = parse(right, self)
                if isinstance(value, sympy.Expr) and not isinstance(value, MatrixExpr) and value.has(sympy.Sum):
                    symbol = sympy.Symbol(name, real=True)
                    return replace(self, names={**self.names, name: symbol}, letters={**self.letters, symbol: value})
                return replace(self, names={**self.names, name: value})
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Name(id=index)):
                return replace(self, macros={**self.macros, name: Macro((index,), body, indexed=True)})
            case ast.Call(func=ast.Name(id=name), args=arguments) if all(isinstance(a, ast.Name) for a in arguments):
                parameters = tuple(a.id for a in arguments if isinstance(a, ast.Name))
                return replace(self, macros={**self.macros, name: Macro(parameters, body)})
        raise InputError(f"{self.where}: {left.strip()} cannot be defined; name, name[i] or name(X, Y) is expected")


def _tree(text: str, where: str) -> ast.expr:
    if len(text) > LONGEST:
        raise InputError(f"{where}: a formula of {len(text)} characters came, at most {LONGEST} are read")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"{where}: {text.strip()} is not a formula ({getattr(error, 'msg', error)})") from None


def parse(text: str, scope: Scope) -> Any:
    """The SymPy expression (scalar or matrix) that a text stands for.

    Raises `InputError` naming what is not known, `ShapeError` where shapes do not fit.
    """
    value = _build(_tree(text, scope.where), scope)
    if isinstance(value, MatrixExpr):
        check_matrix(value, scope.where)
    return value


def relation(text: str, scope: Scope) -> sympy.Basic:
    """A relation `u > v`, `u >= v`, `u < v` or `u <= v` between two formulas."""
    match _tree(text, scope.where):
        case ast.Compare(left=left, ops=[operator], comparators=[right]) if type(operator) in _RELATIONS:
            return _RELATIONS[type(operator)](_build(left, scope), _build(right, scope))
    raise InputError(f"{scope.where}: {text} is not of the form u > v, u >= v, u < v or u <= v")


_RELATIONS: dict[type[ast.cmpop], Callable[..., sympy.Basic]] = {
    ast.Gt: sympy.StrictGreaterThan,
    ast.Lt: sympy.StrictLessThan,
    ast.GtE: sympy.GreaterThan,
    ast.LtE: sympy.LessThan,
}


def _build(node: ast.expr, scope: Scope) -> Any:
    match node:
        case ast.Constant(value=bool() | complex() | str() | bytes() | None):
            pass
        case ast.Constant(value=int() as value):
            return sympy.Integer(value)
        case ast.Constant(value=float() as value):
            return sympy.Rational(repr(value))
        case ast.Name(id=name):
            return _name(name, scope)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_build(operand, scope)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _build(operand, scope)
        case ast.BinOp(left=left, op=operator, right=right):
            return _operation(node, operator, _build(left, scope), _build(right, scope), scope)
        case ast.Subscript(value=ast.Name(id=name), slice=position):
            return _entry(name, position, scope)
        case ast.Attribute(value=matrix, attr="T"):
            found = _build(matrix, scope)
            if isinstance(found, MatrixExpr):
                return found.T
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _call(name, arguments, scope)
    raise InputError(f"{scope.where}: {ast.unparse(node)} is not part of the language of formulas")


def _name(name: str, scope: Scope) -> Any:
    if name in scope.names:
        return scope.names[name]
    known = ", ".join(sorted({*scope.names, *scope.macros}))
    raise InputError(f"{scope.where}: {name} is not known here; known are {known}")


def _entry(name: str, position: ast.expr, scope: Scope) -> sympy.Expr:
    nodes = position.elts if isinstance(position, ast.Tuple) else [position]
    places = [_build(node, scope) for node in nodes]
    if name in scope.macros and scope.macros[name].indexed:
        (parameter,) = scope.macros[name].parameters
        inside = replace(scope, names={**scope.names, parameter: places[0]})
        return _build(scope.macros[name].body, inside)
    if name not in scope.families:
        known = ", ".join(sorted({*scope.families, *(n for n, m in scope.macros.items() if m.indexed)}))
        raise InputError(
            f"{scope.where}: {name}[{ast.unparse(position)}] came, but there is no family {name}; known are {known}"
        )
    return scope.families[name][tuple(places)]


def _operation(node: ast.BinOp, operator: ast.operator, left: Any, right: Any, scope: Scope) -> Any:
    matrices = isinstance(left, MatrixExpr), isinstance(right, MatrixExpr)
    try:
        match operator:
            case ast.Add() | ast.Sub():
                if matrices[0] != matrices[1]:
                    left, right = _as_scalar(left, node, scope), _as_scalar(right, node, scope)
                return left + right if isinstance(operator, ast.Add) else left - right
            case ast.Mult():
                product = left * right
                return _checked(product, scope) if all(matrices) else product
            case ast.Div() if not matrices[1]:
                return left / right
            case ast.Pow() if not any(matrices) and _small(right):
                return left**right
    except (SympyShapeError, NonSquareMatrixError, TypeError) as error:
        raise ShapeError(f"{scope.where}: {ast.unparse(node)}: {error}") from None
    raise InputError(f"{scope.where}: {ast.unparse(node)} is not part of the language of formulas")


def _small(exponent: sympy.Expr) -> bool:
    return bool(exponent.is_Rational and abs(exponent) <= EXPONENT)


def _checked(matrix: MatrixExpr, scope: Scope) -> MatrixExpr:
    check_matrix(matrix, scope.where)
    return matrix


def _as_scalar(value: Any, node: ast.BinOp, scope: Scope) -> sympy.Expr:
    """A 1x1 matrix is a number on the printed page."""
    if not isinstance(value, MatrixExpr):
        return value
    shape = check_matrix(value, scope.where)
    if shape != (1, 1):
        raise ShapeError(f"{scope.where}: {ast.unparse(node)} adds a scalar and a matrix of shape {shape}")
    return tr(value)


def _call(name: str, arguments: Sequence[ast.expr], scope: Scope) -> Any:
    if name in scope.macros and not scope.macros[name].indexed:
        macro = scope.macros[name]
        if len(arguments) != len(macro.parameters):
            raise InputError(f"{scope.where}: {name} takes {len(macro.parameters)} arguments, {len(arguments)} came")
        given = {p: _build(a, scope) for p, a in zip(macro.parameters, arguments, strict=True)}
        return _build(macro.body, replace(scope, names={**scope.names, **given}))
    if name in ("Sum", "largest", "smallest"):
        return _over(name, arguments, scope)
    if name not in _FUNCTIONS:
        known = ", ".join(sorted({*_FUNCTIONS, "Sum", "largest", "smallest", *scope.macros}))
        raise InputError(f"{scope.where}: the function {name} is not known; known are {known}")
    try:
        return _FUNCTIONS[name](*(_build(a, scope) for a in arguments))
    except (NonSquareMatrixError, SympyShapeError) as error:
        raise ShapeError(f"{scope.where}: {name}: {error}") from None
    except (TypeError, AttributeError) as error:
        raise InputError(f"{scope.where}: {name}({', '.join(map(ast.unparse, arguments))}): {error}") from None


def _over(name: str, arguments: Sequence[ast.expr], scope: Scope) -> sympy.Expr:
    """`Sum(f, (i, 1, k), ...)` and the like: the index is bound inside."""
    body, *limits = arguments
    bound: list[tuple[sympy.Symbol, sympy.Expr, sympy.Expr]] = []
    for limit in limits:
        match limit:
            case ast.Tuple(elts=[ast.Name(id=index), first, last]):
                symbol = sympy.Symbol(index, integer=True)
                bound.append((symbol, _build(first, scope), _build(last, scope)))
            case _:
                raise InputError(f"{scope.where}: {ast.unparse(limit)} is not of the form (i, first, last)")
    if not bound or (name != "Sum" and len(bound) != 1):
        raise InputError(f"{scope.where}: {name} needs an expression and (i, first, last)")
    inside = replace(scope, names={**scope.names, **{str(index): index for index, _, _ in bound}})
    summand = _build(body, inside)
    if name == "Sum":
        return sympy.Sum(summand, *bound)
    return Extreme(summand, *bound[0], sympy.Integer(1 if name == "largest" else -1))


def _cov(first: sympy.Expr, second: sympy.Expr) -> Covariance:
    for item in (first, second):
        check_scalar(item, "cov")
    return Covariance(first, second)


def _inverse(matrix: MatrixExpr) -> MatrixExpr:
    shape = check_matrix(matrix, "inv")
    if shape[0] != shape[1]:
        raise ShapeError(f"inv: {matrix} has shape {shape}, a square matrix is expected")
    return matrix.inv()


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": sympy.sqrt,
    "log": sympy.log,
    "Max": sympy.Max,
    "Min": sympy.Min,
    "tr": tr,
    "inner": inner,
    "quad": quad,
    "norm2": norm2,
    "logdet": logdet,
    "inv": _inverse,
    "eye": eye,
    "cov": _cov,
}
