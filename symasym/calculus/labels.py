"""Projection reduction for losses of labels: what is not polynomial sees the data through `eta` alone.

For a canonical family with cumulant function `c`, well specified, the score `(c'(eta) - y) D eta` has mean zero given the data at
`w*`, so that score and Hessian forms agree: `E c''(eta) D eta[U] D eta[V]`. With `s^2 = E eta^2` at `w*`, Wick on what is left
of `x` beyond `eta` gives

    J E[D eta[U] D eta[V]] + K E[D eta[U] eta] E[D eta[V] eta],   J = E c''(s xi),   K = E c''(s xi) (xi^2 - 1) / s^2:

polynomials in trace words and two named integrals of one dimension for each label. Labels are independent given the data, so
that nothing stands between two of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from symasym.calculus.derivative import differentiate_scalar
from symasym.calculus.expectation import Moments, expectation
from symasym.errors import NotDerivableYet
from symasym.model.scalars import LabelLoss
from symasym.words.lower import lower_scalar
from symasym.words.polynomial import ScalarPolynomial

__all__ = ["LabelForms", "NamedIntegral", "label_forms"]


@dataclass(frozen=True)
class NamedIntegral:
    """`E c''(eta)`, or where `second` `E c''(eta) (eta^2/s^2 - 1) / s^2`, over `eta ~ N(0, s^2)`, `s^2 = variance` at `w*`."""

    family: str
    variance: ScalarPolynomial
    second: bool


@dataclass(frozen=True)
class LabelForms:
    """The loss without its labels, and what they add to the two forms, with the integrals that occur."""

    rest: sympy.Expr
    score: ScalarPolynomial
    hessian: ScalarPolynomial
    integrals: dict[sympy.Symbol, NamedIntegral]


def label_forms(
    loss: sympy.Expr, along_u: Mapping[Any, Any], along_v: Mapping[Any, Any], moments: Moments
) -> LabelForms:
    """Take the losses of labels out of a loss; directions as for `differentiate_scalar`.

    Raises `NotDerivableYet` for one that does not stand in a sum with a known coefficient.
    """
    nodes = sorted(loss.atoms(LabelLoss), key=str)
    total, rest = LabelForms(loss, ScalarPolynomial(), ScalarPolynomial(), {}), sympy.expand(loss) if nodes else loss
    for number, node in enumerate(nodes, 1):
        weight = rest.coeff(node) if isinstance(rest, sympy.Add) else rest / node
        rest = sympy.expand(rest - weight * node)
        if not weight.is_Rational:
            raise NotDerivableYet(f"loss: {node} has the coefficient {weight}; a number is expected")
        eta = lower_scalar(node.args[0])
        moved_u, moved_v = differentiate_scalar(eta, along_u), differentiate_scalar(eta, along_v)
        J, K = sympy.Symbol(f"J_{number}", positive=True), sympy.Symbol(f"K_{number}", real=True)
        variance = expectation(eta * eta, moments)
        within = expectation(moved_u * moved_v, moments)
        along = expectation(moved_u * eta, moments) * expectation(moved_v * eta, moments)
        form = ScalarPolynomial.symbol(J) * within + ScalarPolynomial.symbol(K) * along
        once, twice = lower_scalar(weight), lower_scalar(weight**2)
        total = LabelForms(
            rest,
            total.score + twice * form,
            total.hessian + once * form,
            {
                **total.integrals,
                J: NamedIntegral(node.family, variance, False),
                K: NamedIntegral(node.family, variance, True),
            },
        )
    return total
