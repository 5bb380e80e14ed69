"""Sample moments as symbols of a loss: `w_hat = argmin F(w, S_m)`, `S_m` the mean of `S(z)` over the pre-training sample.

A sample mean stands in a loss like a constant matrix and remembers what it is the mean of. The calculus puts its expectation in
its place and lets one sample move it by `S(z) - E S` (symasym.calculus.linearise).
"""

from __future__ import annotations

import sympy
from sympy.core.symbol import Str
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError, NotDerivableYet
from symasym.model.data import GaussianVector
from symasym.model.masks import Mask
from symasym.model.matrices import ModelSymbol, Parameter, ScalarParameter, is_symmetric
from symasym.model.shapes import check_matrix

__all__ = ["SampleMean", "sample_mean"]


class SampleMean(ModelSymbol):
    """The mean of `expression` over the sample, a matrix of its shape; symmetric where the expression is."""

    @property
    def symmetric(self) -> bool:
        """True if the mean equals its transpose for every sample."""
        return bool(self.args[3])

    @property
    def expression(self) -> MatrixExpr:
        """What one sample contributes, `S(z)`."""
        return self.args[4]


def sample_mean(name: str, expression: MatrixExpr) -> SampleMean:
    """`S_m = (1/m) sum_j S(z_j)` of a matrix `S(z)` made of data vectors, e.g. `sample_mean("S", x*x.T)`.

    Raises `InputError` for something that is not a matrix, has no data in it, or depends on parameters or other sample means.
    """
    if not isinstance(expression, MatrixExpr):
        raise InputError(
            f"sample_mean: {name} is the mean of {expression}, a scalar; a matrix is expected, e.g. x*x.T, whose trace is the "
            "mean of norm2(x)"
        )
    check_matrix(expression, f"sample_mean {name}")
    if not expression.atoms(GaussianVector):
        raise InputError(f"sample_mean: {name} = {expression} has no data vector in it")
    if expression.has(Mask):
        raise NotDerivableYet(f"sample_mean: {name} = {expression} contains a random mask, which is not derived yet")
    stray = sorted(map(str, expression.atoms(Parameter, ScalarParameter, SampleMean)))
    if stray:
        raise InputError(
            f"sample_mean: {name} = {expression} contains {stray[0]}; only data and known matrices are expected"
        )
    flag = sympy.true if is_symmetric(expression) else sympy.false
    return SampleMean(Str(name), *expression.shape, flag, expression)
