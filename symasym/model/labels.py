"""Losses of labels: `logistic_loss(eta)`, `poisson_loss(eta)`, minus log-likelihoods whose model is well specified.

The label `y` of a sample is not a vector of the model: given the data its law is that of its family at the true value of `eta`,
independent of all other labels. `eta` is linear in one centred Gaussian vector. A node has the arguments `eta` and `eta*`, its
true value, so that `w*` is the truth as in any model whose data law holds it.
"""

from __future__ import annotations

import sympy
from sympy.printing.printer import Printer

from symasym.errors import InputError, NotDerivableYet
from symasym.model.data import GaussianLaw, GaussianVector
from symasym.model.degree import degree
from symasym.model.matrices import Parameter, ScalarParameter, truth
from symasym.model.scalars import LabelLoss
from symasym.model.shapes import check_scalar

__all__ = ["logistic_loss", "poisson_loss"]


class LogisticLoss(LabelLoss):
    """`log(1 + exp(eta)) - y eta`, `P(y = 1 | data) = 1 / (1 + exp(-eta*))`."""

    family = "logistic"

    def _sympystr(self, printer: Printer) -> str:
        eta = printer._print(self.args[0])
        return f"(log(1 + exp({eta})) - y {eta})"

    def _latex(self, printer: Printer) -> str:
        eta = printer._print(self.args[0])
        return rf"\bigl(\log(1 + e^{{{eta}}}) - y\,{eta}\bigr)"


class PoissonLoss(LabelLoss):
    """`exp(eta) - y eta`, `y` Poisson with mean `exp(eta*)` given the data."""

    family = "Poisson"

    def _sympystr(self, printer: Printer) -> str:
        eta = printer._print(self.args[0])
        return f"(exp({eta}) - y {eta})"

    def _latex(self, printer: Printer) -> str:
        eta = printer._print(self.args[0])
        return rf"\bigl(e^{{{eta}}} - y\,{eta}\bigr)"


def _checked(eta: sympy.Expr, verb: str) -> tuple[sympy.Expr, sympy.Expr]:
    """`eta` and its true value."""
    check_scalar(eta, verb)
    vectors = eta.atoms(GaussianVector)
    if len(vectors) != 1 or degree(sympy.expand(eta), vectors) != 1:
        raise InputError(f"{verb}: {eta} came, a scalar linear in one data vector is expected, as inner(b, A*x)")
    (vector,) = vectors
    if not isinstance(vector.law, GaussianLaw) or vector.law.scale is not None or not vector.mean.is_ZeroMatrix:
        raise NotDerivableYet(f"{verb}: {vector} is not Gaussian with mean 0, which its integrals are written for")
    parameters = eta.atoms(Parameter, ScalarParameter)
    if not parameters:
        raise InputError(f"{verb}: {eta} mentions no parameter")
    return eta, eta.xreplace({parameter: truth(parameter) for parameter in parameters})


def logistic_loss(eta: sympy.Expr) -> sympy.Expr:
    """Minus the log-likelihood of a label in {0, 1}, `P(y = 1 | data) = 1 / (1 + exp(-eta))`, at a sample drawn at `w*`.

    Raises `InputError` unless `eta` is linear in one data vector.
    """
    return LogisticLoss(*_checked(eta, "logistic_loss"))


def poisson_loss(eta: sympy.Expr) -> sympy.Expr:
    """Minus the log-likelihood, up to a constant, of a count with mean `exp(eta)` given the data; errors as `logistic_loss`."""
    return PoissonLoss(*_checked(eta, "poisson_loss"))
