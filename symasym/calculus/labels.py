"""Losses of labels as smooth functions of what the data bring into them: a use of projection reduction.

For a canonical family with cumulant function `c` the label has the mean `c'(eta*)` and the variance `c''(eta*)` given the data,
independent of all other labels. So the loss `c(eta) - y eta` has, given the data, the mean

    c(eta) - c'(eta*) eta,

a smooth function of two linear forms, and its derivative the variance `c''(eta*) D eta[U] D eta[V]`, which the score form has on
top of that of the mean. At `w*` both forms are `E c''(eta) D eta[U] D eta[V]`: nothing that is known here, but what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from symasym.calculus.derivative import differentiate_scalar
from symasym.errors import NotDerivableYet
from symasym.model.scalars import LabelLoss, Slot, Smooth
from symasym.model.special import Softplus
from symasym.words.lower import lower_scalar
from symasym.words.polynomial import ScalarPolynomial

__all__ = ["Labels", "averaged_labels"]

CUMULANT: Mapping[str, Callable[[sympy.Expr], sympy.Expr]] = {"logistic": Softplus, "Poisson": sympy.exp}
"""`c` of each family."""


@dataclass(frozen=True)
class Labels:
    """`loss`: its mean given the data; `noise`: what the variance of the labels adds to `Dl[U] Dl[V]`, a function of the data."""

    loss: sympy.Expr
    noise: ScalarPolynomial


def averaged_labels(loss: sympy.Expr, along_u: Mapping[Any, Any], along_v: Mapping[Any, Any]) -> Labels:
    """Average over the labels given the data; directions as for `differentiate_scalar`.

    Raises `NotDerivableYet` for a label that does not stand in a sum with a known coefficient: `w*` need not be the truth then.
    """
    nodes = sorted(loss.atoms(LabelLoss), key=str)
    rest, images, noise = sympy.expand(loss) if nodes else loss, {}, ScalarPolynomial()
    for node in nodes:
        weight = rest.coeff(node) if isinstance(rest, sympy.Add) else rest / node
        rest = sympy.expand(rest - weight * node)
        if not weight.is_Rational:
            raise NotDerivableYet(f"loss: {node} has the coefficient {weight}; a number is expected")
        eta, true = node.args
        t, s = Slot(1), Slot(2)
        c, slope, curved = _derivatives(node.family, t)
        images[node] = Smooth(sympy.Lambda((t, s), c - slope.xreplace({t: s}) * t), eta, true)
        variance = lower_scalar(Smooth(sympy.Lambda(t, curved), true))
        lowered = lower_scalar(eta)
        moved = differentiate_scalar(lowered, along_u) * differentiate_scalar(lowered, along_v)
        noise = noise + variance * moved * lower_scalar(weight**2)
    return Labels(loss.xreplace(images), noise)


def _derivatives(family: str, t: Slot) -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
    """`c`, `c'`, `c''`."""
    if family not in CUMULANT:
        raise NotDerivableYet(f"loss: labels of the family {family} have no cumulant function yet")
    c = CUMULANT[family](t)
    return c, sympy.diff(c, t), sympy.diff(c, t, 2)
