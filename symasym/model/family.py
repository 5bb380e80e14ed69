"""Exchangeable families of symbolic size: averages over their members and over ordered pairs of these.

With `Cov(x_n, x_n) = S` and `Cov(x_n, x_l) = S_+`, an orthogonal change of basis (Helmert's) turns `x_1 .. x_q` into the mean
`x_bar ~ N(0, (S + (q - 1) S_+) / q)` and `q - 1` independent contrasts `w ~ N(0, S - S_+)`, independent of the mean, and

    (1/q) sum_n Q(x_n)             = Q(x_bar) + (1 - 1/q) average_w Q(w)     for a quadratic form Q,
    sum_{n != l} B(x_n, x_l) / (q (q - 1)) = B(x_bar, x_bar) - (1/q) average_w B(w, w)     for a bilinear form B.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError
from symasym.model.data import GaussianVector, exchangeable, gaussian
from symasym.model.degree import degree
from symasym.model.scalars import average

__all__ = ["ExchangeableFamily", "exchangeable_family"]


@dataclass(frozen=True)
class ExchangeableFamily:
    """`count` exchangeable vectors, every one with covariance `node.cov`, every two with the same cross-covariance.

    `node` stands for any member (features are computed from it); `mean` and `contrast` are what a loss is made of.
    """

    count: sympy.Expr
    node: GaussianVector
    other: GaussianVector
    mean: GaussianVector
    contrast: GaussianVector

    @property
    def vectors(self) -> tuple[GaussianVector, ...]:
        """The vectors that a change of data coordinates must move."""
        return self.node, self.other, self.mean, self.contrast

    def mean_over_nodes(self, form: Callable[[MatrixExpr], sympy.Expr]) -> sympy.Expr:
        """`(1/q) sum_n form(x_n)` of a quadratic form, constants allowed."""
        terms = _terms(form(self.node))
        found = {term: degree(term, {self.node}) for term in terms}
        if not set(found.values()) <= {0, 2}:
            raise InputError(
                f"mean_over_nodes: {form(self.node)} is not a quadratic form in the node {self.node}; quadratic terms and "
                "constants are expected"
            )
        constant = sympy.Add(*(term for term in terms if found[term] == 0))
        spread = average(form(self.contrast) - constant, over=self.contrast, count=self.count - 1)
        return form(self.mean) + (1 - 1 / self.count) * spread

    def mean_over_pairs(self, form: Callable[[MatrixExpr, MatrixExpr], sympy.Expr]) -> sympy.Expr:
        """`sum_{n != l} form(x_n, x_l) / (q (q - 1))` of a bilinear form."""
        value = form(self.node, self.other)
        for vector in (self.node, self.other):
            if {degree(term, {vector}) for term in _terms(value)} != {1}:
                raise InputError(f"mean_over_pairs: {value} is not linear in {vector}; a bilinear form is expected")
        spread = average(form(self.contrast, self.contrast), over=self.contrast, count=self.count - 1)
        return form(self.mean, self.mean) - spread / self.count


def exchangeable_family(name: str, count: sympy.Expr | int, cov: MatrixExpr, cross: MatrixExpr) -> ExchangeableFamily:
    """`count` (at least 2) exchangeable vectors, of which only averages are seen; `cross` must be symmetric.

    A loss built from it mentions the vectors `NAME_mean` and `NAME_contrast`; a sample of it is that of one family.
    """
    number = sympy.sympify(count)
    if isinstance(number, sympy.Number) and not (number.is_Integer and number >= 2):
        raise InputError(f"exchangeable_family: count is {count}, an integer of at least 2 or a symbol is expected")
    node, other = exchangeable(f"{name} {name}'", cov=cov, cross=cross)
    mean = gaussian(f"{name}_mean", cov.shape[0], cov=(cov + (number - 1) * cross) / number)
    contrast = gaussian(f"{name}_contrast", cov.shape[0], cov=cov - cross)
    return ExchangeableFamily(number, node, other, mean, contrast)


def _terms(expression: sympy.Expr) -> tuple[sympy.Expr, ...]:
    return sympy.Add.make_args(sympy.expand(expression))
