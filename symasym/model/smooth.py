"""`smooth(g, eta_1, ..)`: a smooth function of finitely many linear forms of the data, and the common ones by name.

`g` is any SymPy expression in its arguments. The expectation stage sees the data through the forms alone (projection
reduction), so that what is left are integrals over as many dimensions as there are forms. An argument that is a product of
forms, as in `softplus(-inner(a, x) * inner(a, x_plus))`, is taken apart into them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError
from symasym.model.scalars import MatrixScalar, Slot, Smooth
from symasym.model.shapes import check_scalar
from symasym.model.special import LogCosh, Softplus

__all__ = ["log_cosh", "log_sum_exp", "smooth", "softplus"]


def smooth(function: Callable[..., sympy.Expr], *arguments: sympy.Expr) -> Smooth:
    """`g(eta_1, .., eta_r)`, `function` taking as many SymPy symbols as there are arguments.

    `smooth(lambda t: sqrt(1 + t**2), inner(a, x))`. Raises `InputError` for what is not a smooth function of its arguments.
    """
    if not arguments:
        raise InputError("smooth: no argument came; at least one scalar such as inner(a, x) is expected")
    scalars = [sympy.sympify(argument) for argument in arguments]
    for argument in scalars:
        check_scalar(argument, "smooth")
    slots = [Slot(n) for n in range(1, len(scalars) + 1)]
    value = sympy.sympify(function(*slots))
    if not isinstance(value, sympy.Expr) or isinstance(value, MatrixExpr) or value.has(MatrixScalar, MatrixExpr):
        raise InputError(
            f"smooth: the function gives {value}; a scalar expression in its arguments is expected, and whatever it takes of "
            "the data or of matrices as a further argument"
        )
    if rough := sorted(map(str, value.atoms(sympy.Abs, sympy.sign, sympy.Max, sympy.Min, sympy.Piecewise))):
        raise InputError(f"smooth: {rough[0]} has a kink, so that score and Hessian differ from what is derived here")
    return Smooth(sympy.Lambda(tuple(slots), value), *scalars)


def softplus(argument: sympy.Expr) -> Smooth:
    """`log(1 + exp(eta))`."""
    return smooth(Softplus, argument)


def log_cosh(argument: sympy.Expr) -> Smooth:
    """`log cosh eta`."""
    return smooth(LogCosh, argument)


def log_sum_exp(arguments: Sequence[sympy.Expr], weights: Sequence[sympy.Expr | float] | None = None) -> sympy.Expr:
    """`log sum_c weights_c exp(eta_c)`; weights are 1 by default.

    Written as `eta_1` plus a smooth function of the differences `eta_c - eta_1`, so that what all of them have in common, such
    as a quadratic form, stands outside of it: minus the log density of a Gaussian mixture is

        -log_sum_exp([-quad(x - u, S.inv()) / 2 for u in (u_1, u_2)], weights=[p, 1 - p]).
    """
    if len(arguments) < 2 or (weights is not None and len(weights) != len(arguments)):
        count = "no" if weights is None else len(weights)
        raise InputError(
            f"log_sum_exp: {len(arguments)} arguments and {count} weights came; at least two arguments are expected, and a "
            "weight for each of them or none"
        )
    numbers = [sympy.S.One] * len(arguments) if weights is None else [sympy.nsimplify(w) for w in weights]
    first, *others = arguments
    differences = [other - first for other in others]

    def g(*t: sympy.Expr) -> sympy.Expr:
        total, (lead, *rest) = sympy.S.Zero, numbers
        terms = [q + sympy.log(w / lead) for q, w in zip(t, rest, strict=True)]
        for term in reversed(terms):
            total = term + Softplus(total - term) if total != 0 else term
        return Softplus(total) + sympy.log(lead)

    return first + smooth(g, *differences)
