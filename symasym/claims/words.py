"""Scalar expressions of claims as polynomials in trace words, `cov` included.

`cov(f, g)` is evaluated by the engine's expectation, so that a claim may be stated about covariances of expressions in the data.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from symasym.calculus.expectation import Moments, expectation
from symasym.claims.language import Covariance
from symasym.model.shapes import check_scalar
from symasym.words.lower import lower_scalar
from symasym.words.polynomial import ScalarPolynomial

__all__ = ["covariance_of", "lowered"]


def covariance_of(first: ScalarPolynomial, second: ScalarPolynomial, moments: Moments) -> ScalarPolynomial:
    """`E[f g] - E[f] E[g]`."""
    return expectation(first * second, moments) - expectation(first, moments) * expectation(second, moments)


def lowered(expression: sympy.Expr, moments: Moments, fixed: Mapping[sympy.Symbol, sympy.Expr]) -> ScalarPolynomial:
    """The polynomial of an expression, `fixed` scalars put in."""
    match expression:
        case Covariance(args=(first, second)):
            return covariance_of(lowered(first, moments, fixed), lowered(second, moments, fixed), moments)
        case sympy.Add() | sympy.Mul() if expression.has(Covariance):
            parts = [lowered(item, moments, fixed) for item in expression.args]
            total, *rest = parts
            for part in rest:
                total = total + part if isinstance(expression, sympy.Add) else total * part
            return total
    check_scalar(expression, "formula")
    return lower_scalar(expression.xreplace(dict(fixed)))
