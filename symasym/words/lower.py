"""From SymPy to words: `lower_scalar`, `lower_matrix`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import singledispatch

import sympy
from sympy.matrices.expressions import Identity, Inverse, MatAdd, MatMul, MatPow, Transpose, ZeroMatrix
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import NotDerivableYet
from symasym.model.data import GaussianVector
from symasym.model.groups import GroupElement
from symasym.model.masks import Mask
from symasym.model.matrices import Constant, Parameter, ScalarParameter, ScalarTruth, Truth
from symasym.model.sample_means import SampleMean
from symasym.model.scalars import Average, EntrySum, Inner, LabelLoss, LogDet, Smooth, Tr
from symasym.words.atoms import Atom, Kind
from symasym.words.contract import contract
from symasym.words.inverse import inverse, log_determinant
from symasym.words.linear_forms import linear_forms
from symasym.words.polynomial import MatrixPolynomial, ScalarPolynomial
from symasym.words.smooth import smooth_scalar
from symasym.words.substitute import substitute_scalar

__all__ = ["atom_of", "lower_matrix", "lower_scalar"]


def atom_of(symbol: MatrixExpr) -> Atom:
    """The atom of a model symbol."""
    rows, columns = symbol.shape
    match symbol:
        case Parameter():
            return Atom(symbol.name, Kind.PARAMETER, rows, columns, payload=symbol)
        case Truth():
            return Atom(symbol.name, Kind.TRUTH, rows, columns, payload=symbol)
        case Constant():
            return Atom(symbol.name, Kind.CONSTANT, rows, columns, symmetric=symbol.symmetric, payload=symbol)
        case SampleMean():
            one = lower_matrix(symbol.expression)
            return Atom(symbol.name, Kind.SAMPLE, rows, columns, symmetric=symbol.symmetric, payload=one)
        case GaussianVector():
            return Atom(symbol.name, Kind.DATA, rows, columns, payload=symbol)
        case Mask():
            return Atom(symbol.name, Kind.MASK, rows, columns, symmetric=True, payload=symbol)
        case GroupElement():
            return Atom(symbol.name, Kind.GROUP, rows, columns, orthogonal=symbol.orthogonal, payload=symbol)
    raise NotDerivableYet(f"{symbol} is a {type(symbol).__name__}, which the calculus does not know")


@singledispatch
def lower_matrix(expression: sympy.Basic) -> MatrixPolynomial:
    """A matrix expression as a polynomial in words."""
    raise NotDerivableYet(f"{expression} is a {type(expression).__name__}, which the calculus does not know")


@lower_matrix.register(Parameter)
@lower_matrix.register(Truth)
@lower_matrix.register(Constant)
@lower_matrix.register(GaussianVector)
@lower_matrix.register(Mask)
@lower_matrix.register(GroupElement)
@lower_matrix.register(SampleMean)
def _symbol(expression: MatrixExpr) -> MatrixPolynomial:
    return MatrixPolynomial.atom(atom_of(expression))


@lower_matrix.register
def _identity(expression: Identity) -> MatrixPolynomial:
    return MatrixPolynomial.identity(expression.shape[0])


@lower_matrix.register
def _zero(expression: ZeroMatrix) -> MatrixPolynomial:
    return MatrixPolynomial(*expression.shape)


@lower_matrix.register
def _transpose(expression: Transpose) -> MatrixPolynomial:
    return lower_matrix(expression.arg).T


@lower_matrix.register
def _sum(expression: MatAdd) -> MatrixPolynomial:
    first, *others = map(lower_matrix, expression.args)
    for other in others:
        first = first + other
    return first


@lower_matrix.register
def _product(expression: MatMul) -> MatrixPolynomial:
    result: MatrixPolynomial | None = None
    coefficient = ScalarPolynomial.number(1)
    for item in expression.args:
        if isinstance(item, MatrixExpr):
            lowered = lower_matrix(item)
            result = lowered if result is None else result @ lowered
        else:
            coefficient = coefficient * lower_scalar(item)
    if result is None:
        raise NotDerivableYet(f"{expression} has no matrix factor")
    return result.times(coefficient)


@lower_matrix.register
def _inverse(expression: Inverse) -> MatrixPolynomial:
    return inverse(lower_matrix(expression.arg))


@lower_matrix.register
def _power(expression: MatPow) -> MatrixPolynomial:
    base, exponent = lower_matrix(expression.base), expression.exp
    if not exponent.is_Integer:
        raise NotDerivableYet(f"{expression} has the exponent {exponent}; an integer is expected")
    base = inverse(base) if exponent < 0 else base
    result = MatrixPolynomial.identity(base.rows)
    for _ in range(abs(int(exponent))):
        result = result @ base
    return result


@singledispatch
def lower_scalar(expression: sympy.Basic) -> ScalarPolynomial:
    """A scalar expression as a polynomial in trace words."""
    raise NotDerivableYet(
        f"{expression} is not a polynomial in inner products, traces and log-determinants ({type(expression).__name__})"
    )


@lower_scalar.register
def _label(expression: LabelLoss) -> ScalarPolynomial:
    raise NotDerivableYet(
        f"{expression} holds a label, which is no sample of the model; to simulate it the model file has to bring an estimator "
        "that draws the labels from the true parameters"
    )


@lower_scalar.register
def _number(expression: sympy.Rational) -> ScalarPolynomial:
    return ScalarPolynomial.number(Fraction(int(expression.p), int(expression.q)))


@lower_scalar.register
def _float(expression: sympy.Float) -> ScalarPolynomial:
    return _number(sympy.Rational(str(expression)))


@lower_scalar.register
def _scalar_symbol(expression: sympy.Symbol) -> ScalarPolynomial:
    return ScalarPolynomial.symbol(expression)


@lower_scalar.register
def _add(expression: sympy.Add) -> ScalarPolynomial:
    total = ScalarPolynomial()
    for item in expression.args:
        total = total + lower_scalar(item)
    return total


@lower_scalar.register
def _mul(expression: sympy.Mul) -> ScalarPolynomial:
    _refuse_products(expression, sum(item.has(Average) for item in expression.args))
    total = ScalarPolynomial.number(1)
    for item in expression.args:
        total = total * lower_scalar(item)
    return total


def _refuse_products(expression: sympy.Expr, averages: int) -> None:
    if averages > 1:
        raise NotDerivableYet(f"{expression} is a product of averages, which a loss may not contain yet")


@lower_scalar.register
def _pow(expression: sympy.Pow) -> ScalarPolynomial:
    base, exponent = expression.args
    if isinstance(base, sympy.Symbol) and exponent.is_Integer:
        return ScalarPolynomial.symbol(base, int(exponent))
    if exponent.is_Integer and exponent < 0 and not base.has(MatrixExpr, ScalarParameter, ScalarTruth):
        return ScalarPolynomial.symbol(base, int(exponent))  # one over a number that stands still: a scalar of its own
    if not (exponent.is_Integer and exponent > 0):
        raise NotDerivableYet(f"{expression} has the exponent {exponent}; a positive integer is expected")
    _refuse_products(expression, int(exponent) if base.has(Average) else 0)
    lowered, total = lower_scalar(base), ScalarPolynomial.number(1)
    for _ in range(int(exponent)):
        total = total * lowered
    return total


@lower_scalar.register
def _inner(expression: Inner) -> ScalarPolynomial:
    u, v = map(lower_matrix, expression.args)
    return (u.T @ v).trace()


@lower_scalar.register
def _average(expression: Average) -> ScalarPolynomial:
    """The expression at one copy, marked as an average: products of averages are taken apart in `calculus.average`."""
    inner, vector, count = expression.args
    one = atom_of(vector)
    bound = replace(one, key=f"{one.key}~", copies=count)
    return substitute_scalar(lower_scalar(inner), {one: MatrixPolynomial.atom(bound)})


@lower_scalar.register
def _smooth(expression: Smooth) -> ScalarPolynomial:
    """The function of linear forms of the data; numbers that move are arguments of it as well."""
    rule, *arguments = expression.args
    moving = sorted(rule.free_symbols & rule.expr.atoms(ScalarParameter, ScalarTruth), key=str)
    taken = [*map(lower_scalar, arguments), *map(ScalarPolynomial.symbol, moving)]
    return smooth_scalar(*linear_forms(rule.expr, (*rule.variables, *moving), taken))


@lower_scalar.register
def _trace(expression: Tr) -> ScalarPolynomial:
    return lower_matrix(expression.args[0]).trace()


@lower_scalar.register
def _entry_sum(expression: EntrySum) -> ScalarPolynomial:
    edges, dimensions = [], {}
    for tail, matrix, head in (edge.args for edge in expression.args):
        ends = [None if end < 0 else int(end) for end in (tail, head)]
        edges.append((ends[0], lower_matrix(matrix), ends[1]))
        dimensions.update({end: size for end, size in zip(ends, matrix.shape, strict=True) if end is not None})
    return contract(edges, dimensions)


@lower_scalar.register
def _log_det(expression: LogDet) -> ScalarPolynomial:
    return log_determinant(lower_matrix(expression.args[0]))
