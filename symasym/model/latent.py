"""Latent linear-Gaussian models: `x = A h + u`, `y = beta^T h + nu`, with `E[y|x]` and `Var(y|x)` derived."""

from __future__ import annotations

from dataclasses import dataclass

import sympy
from sympy.matrices.expressions import MatMul, ZeroMatrix
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import NotDerivableYet
from symasym.model.data import GaussianLaw, GaussianVector, joint
from symasym.model.scalars import tr

__all__ = ["Regression", "observed", "regression"]


def _linear_terms(expression: MatrixExpr) -> list[tuple[sympy.Expr, MatrixExpr | None, GaussianVector]]:
    """`expression = sum_i c_i M_i v_i` as the list of `(c_i, M_i, v_i)`; `M_i` is None for the identity."""
    terms = []
    for term in expression.expand().as_coeff_add()[1] if expression.is_MatAdd else (expression,):
        coefficient, factors = term.as_coeff_mmul() if term.is_MatMul else (1, term)
        parts = factors.args if factors.is_MatMul else (factors,)
        if not isinstance(parts[-1], GaussianVector):
            raise NotDerivableYet(
                f"observed: {term} is not a matrix times a Gaussian vector; only linear maps are supported"
            )
        if term.atoms(GaussianVector) != {parts[-1]} or sum(isinstance(part, GaussianVector) for part in parts) > 1:
            raise NotDerivableYet(
                f"observed: {term} is not linear in the Gaussian vectors; only linear maps are supported"
            )
        law = parts[-1].law
        if not isinstance(law, GaussianLaw) or law.scale is not None or not isinstance(parts[-1].mean, ZeroMatrix):
            raise NotDerivableYet(f"observed: {parts[-1]} is not a centred Gaussian vector; only such are supported")
        matrix = MatMul(*parts[:-1]).doit() if len(parts) > 1 else None
        terms.append((coefficient, matrix, parts[-1]))
    return terms


def _apply(matrix: MatrixExpr | None, block: MatrixExpr, other: MatrixExpr | None) -> MatrixExpr:
    left = block if matrix is None else matrix * block
    return (left if other is None else left * other.T).doit()


def _covariance(first: MatrixExpr, second: MatrixExpr) -> MatrixExpr:
    """`Cov(first, second)` of two linear images of Gaussian vectors."""
    total: MatrixExpr = ZeroMatrix(first.shape[0], second.shape[0])
    for a, m, u in _linear_terms(first):
        for b, n, v in _linear_terms(second):
            if u.law == v.law:
                total = total + a * b * _apply(m, u.law.covariance(u.position, v.position), n)
    return total


def observed(names: str, *expressions: MatrixExpr) -> tuple[GaussianVector, ...]:
    """Observed vectors that are linear in latent Gaussian ones; their joint covariance is derived.

    `x, y = observed("x y", A*h + u, beta.T*h + nu)`.
    """
    count = len(expressions)
    table = {(i, j): _covariance(expressions[i], expressions[j]) for i in range(count) for j in range(i, count)}
    return joint(names, tuple(expression.shape[0] for expression in expressions), table)


@dataclass(frozen=True)
class Regression:
    """`y | x`: `E[y|x] = coefficient^T x` with `coefficient = Cov(x)^{-1} Cov(x, y)`, and `variance = Var(y|x)`."""

    coefficient: MatrixExpr
    variance: object


def regression(y: GaussianVector, x: GaussianVector) -> Regression:
    """Conditional law of the scalar `y` (shape `(1, 1)`) given `x`, both centred and from one joint law."""
    if y.law != x.law or y.shape != (1, 1):
        raise NotDerivableYet(f"regression: {y} must be a scalar with the same joint law as {x}")
    cross = x.law.covariance(x.position, y.position)
    coefficient = x.cov.inv() * cross
    return Regression(coefficient, tr(y.cov) - tr(cross.T * coefficient))
