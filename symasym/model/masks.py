"""Coordinate masks: random diagonal matrices with independent 0-1 entries, independent of all data.

A mask carries its law with it, as a data vector does: `R = mask("R", d, keep=p)` is `diag(r)` with i.i.d. Bernoulli(p) `r_l`.
"""

from __future__ import annotations

import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError
from symasym.model.matrices import ModelSymbol

__all__ = ["Mask", "mask"]


class Mask(ModelSymbol):
    """A random diagonal matrix `(d, d)` with independent entries, 1 with probability `keep` and 0 otherwise."""

    @property
    def keep(self) -> sympy.Expr:
        """The probability with which a coordinate is kept."""
        return self.args[3]

    @property
    def symmetric(self) -> bool:
        """A diagonal matrix equals its transpose."""
        return True


def mask(name: str, dimension: sympy.Expr, keep: sympy.Expr | float) -> Mask:
    """A mask of `dimension` coordinates, each kept with probability `keep`: a symbol, or a number in (0, 1]."""
    probability = sympy.sympify(keep)
    if isinstance(probability, MatrixExpr) or (probability.is_number and not 0 < probability <= 1):
        raise InputError(
            f"mask: {name} keeps a coordinate with probability {keep}; a number in (0, 1] or a symbol is expected"
        )
    return Mask(name, dimension, dimension, probability)
