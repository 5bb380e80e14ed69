"""`log_mean_exp`: the logarithm of a Gaussian moment generating function, written out at once.

`log E exp(c + <g, z>) = c + <g, E z> + (1/2) <g, Cov(z) g>` for Gaussian `z`: what remains of infinitely many copies of `z`
whose law is known.
"""

from __future__ import annotations

import sympy
from sympy.matrices.expressions import MatMul, Transpose, ZeroMatrix
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError, NeverDerivable, NotDerivableYet
from symasym.model.data import GaussianLaw, GaussianVector
from symasym.model.scalars import Average, Inner, inner
from symasym.model.shapes import check_scalar

__all__ = ["log_mean_exp"]

Affine = tuple[sympy.Expr, MatrixExpr | None]
"""`c` and `g` of `c + <g, z>`; None where `g` is zero."""


def log_mean_exp(expression: sympy.Expr, over: GaussianVector) -> sympy.Expr:
    """`log E exp(expression)` over a Gaussian vector known at population level, `expression` affine in it.

    `log_mean_exp(inner(A*x, A*x_minus), over=x_minus)` is `(1/2) <A^T A x, Sigma A^T A x>` for `x_minus ~ N(0, Sigma)`. Raises
    `InputError` where `over` is not an independent data vector, `NotDerivableYet` where the expression is not affine in it or
    its law is not Gaussian, `NeverDerivable` where the expectation is infinite.
    """
    check_scalar(expression, "log_mean_exp")
    _check_vector(over)
    constant, slope = _affine(sympy.expand(expression), over)
    if slope is None:
        raise InputError(f"log_mean_exp: {expression} does not depend on {over}")
    mean = sympy.S.Zero if isinstance(over.mean, ZeroMatrix) else inner(slope, over.mean)
    return constant + mean + Inner(slope, (over.cov * slope).doit()) / 2


def _check_vector(over: GaussianVector) -> None:
    if not isinstance(over, GaussianVector):
        raise InputError(f"log_mean_exp: {over} is not a data vector; over is the vector that the mean is taken over")
    others = [name for name in over.law.names if name != over.name]
    if others:
        raise InputError(
            f"log_mean_exp: {over} belongs to a joint law with {', '.join(others)}; take the mean over a copy({over}, name) of it"
        )
    if not isinstance(over.law, GaussianLaw):
        raise NotDerivableYet(
            f"log_mean_exp: {over} is not Gaussian; the mean is written out for Gaussian vectors alone"
        )
    if over.law.scale is not None:
        raise NeverDerivable(f"log_mean_exp: {over} is multivariate t, whose exponential moments are infinite")


def _affine(expression: sympy.Expr, over: GaussianVector) -> Affine:
    """Take a scalar apart."""
    if not expression.has(over):
        return expression, None
    match expression:
        case sympy.Add():
            return _sum([_affine(term, over) for term in expression.args])
        case sympy.Mul():
            moving = [factor for factor in expression.args if factor.has(over)]
            if len(moving) == 1:
                rest = sympy.Mul(*(factor for factor in expression.args if factor != moving[0]))
                return _scaled(_affine(moving[0], over), rest)
        case Inner():
            u, v = expression.args
            return _affine_inner(u, v, over)
    what = "an average" if isinstance(expression, Average) else "not affine"
    raise NotDerivableYet(
        f"log_mean_exp: {expression} is {what} in {over}; a sum of inner products linear in it is expected"
    )


def _affine_inner(u: MatrixExpr, v: MatrixExpr, over: GaussianVector) -> Affine:
    """`<u, c_0 + c M z> = <u, c_0> + <c M^T u, z>`."""
    if v.shape[1] != 1 or (u.has(over) and v.has(over)):
        raise NotDerivableYet(
            f"log_mean_exp: {Inner(u, v)} is not affine in {over}; a sum of inner products linear in it is expected"
        )
    if u.has(over):
        u, v = v, u
    expanded = v.expand()
    terms = expanded.args if expanded.is_MatAdd else (expanded,)
    return _sum([_affine_term(u, term, over) for term in terms])


def _affine_term(u: MatrixExpr, term: MatrixExpr, over: GaussianVector) -> Affine:
    if not term.has(over):
        return inner(u, term), None
    factors = list(term.args) if term.is_MatMul else [term]
    scalars = [factor for factor in factors if not isinstance(factor, MatrixExpr)]
    *matrices, last = (factor for factor in factors if isinstance(factor, MatrixExpr))
    if last != over or any(factor.has(over) for factor in (*matrices, *scalars)):
        raise NotDerivableYet(f"log_mean_exp: {term} is not a matrix times {over}")
    turned = MatMul(*scalars, *(Transpose(factor).doit() for factor in reversed(matrices)), u).doit()
    return sympy.S.Zero, turned


def _sum(parts: list[Affine]) -> Affine:
    slopes = [slope for _, slope in parts if slope is not None]
    total = sum(slopes[1:], slopes[0]) if slopes else None
    return sympy.Add(*(constant for constant, _ in parts)), total


def _scaled(part: Affine, factor: sympy.Expr) -> Affine:
    constant, slope = part
    return constant * factor, None if slope is None else factor * slope
