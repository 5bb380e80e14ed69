"""Where the least-squares law in closed form is not the end: numbers, and labels in {0, 1}."""

from __future__ import annotations

import sympy

from symasym.model.model import Model
from symasym.pipeline import AnyDerivation, Derivation
from symasym.steps.step import Line, Step

__all__ = ["logistic_step", "numeric_step"]


def numeric_step(model: Model) -> Step:
    """What is computed for given matrices."""
    lines = [
        Line(
            None,
            None,
            "w*: the formula of the model file, else the lowest minimum of several starts, stationary to rounding",
        ),
        Line(None, None, "V = h^{-1} s h^{-1} on the horizontal space, h > 0 checked there"),
        Line(None, None, "K from the features' derivative, weights as eigenvalues of K V"),
    ]
    lines += [Line(None, None, f"assumed: {words}") for words in model.assumptions]
    return Step(
        "Numbers", "the forms above, evaluated on given matrices: exact up to rounding, whatever w* is", tuple(lines)
    )


def logistic_step(derivation: AnyDerivation) -> Step:
    """From least squares to labels in {0, 1}; the formulas where there is a closed form."""
    rule = "x less its projection on f* is independent of f*: the Fisher metric is J times that of L2(mu_down) off the span"
    words = [
        "n (R - R*) -> (1/2) chi2_{d_act} + (J/(2 alpha)) ||L(Z)||^2 for the log-loss",
        "n (R01 - R01*) -> (q_f/4) ((1/J) chi2_{d_act - 1} + (1/alpha) ||L(Z)||^2) for the zero-one error",
        "s_f = ||f*|| in L2(mu_down), q_f the density of f* at 0, J = E p (1 - p), p = 1/(1 + exp(-f*))",
    ]
    lines = [Line(None, None, line) for line in words]
    if isinstance(derivation, Derivation):
        law = derivation.logistic
        notes = ("diagonal downstream covariance with entries g", "density of f* at 0", "integral over u = f*")
        lines += [Line(symbol, meaning, note) for (symbol, meaning), note in zip(law.definitions, notes, strict=True)]
        lines += [
            Line(None, law.log_loss_mean, "mean of the limit of n (R - R*)"),
            Line(None, law.zero_one_mean, "mean of the limit of n (R01 - R01*)"),
            Line(sympy.Symbol("alpha0"), law.alpha0, "crossover, of both"),
        ]
    return Step("Logistic downstream", rule, tuple(lines))
