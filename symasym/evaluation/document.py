"""The document of `symasym eval` (schema `symasym.law/1`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from statistics import NormalDist
from typing import Any

import numpy as np

from symasym import inputs
from symasym.evaluation.outcome import Evaluation, Misspecified
from symasym.law.numeric import NumericLaw
from symasym.law.numeric_logistic import NumericLogistic

__all__ = ["law_document"]


def _distinct(numeric: NumericLaw) -> tuple[list[float], list[int], list[float]]:
    """Distinct weights, descending, with multiplicities and noncentralities, each the sum over equal weights."""
    values, where = np.unique(numeric.weights, return_inverse=True)
    counts = np.zeros(len(values))
    np.add.at(counts, where.ravel(), np.broadcast_to(numeric.multiplicities, numeric.weights.shape))
    shifts = np.zeros(len(values))
    np.add.at(shifts, where.ravel(), np.broadcast_to(numeric.noncentralities, numeric.weights.shape))
    return values[::-1].tolist(), counts[::-1].astype(int).tolist(), shifts[::-1].tolist()


def _crossover(numeric: NumericLaw) -> float | None:
    """`alpha0`, None where it is undefined: no noise, no direction to learn, or null directions that wake."""
    defined = numeric.d_base > numeric.d_eff and numeric.noise > 0 and not numeric.activated
    return float(numeric.crossover) if defined else None


def _risk(numeric: NumericLaw, quantiles: Sequence[float], evaluation: Evaluation) -> dict[str, Any]:
    """Mean, variance and quantiles of a limit."""
    with inputs.guarded(evaluation.given):
        orders = {str(p): float(numeric.ppf(np.asarray(p))) for p in quantiles}
    with inputs.guarded(evaluation.given, underflow=True):
        return {"mean": float(numeric.mean), "variance": float(numeric.var), "quantiles": orders}


def law_document(name: str, evaluation: Evaluation, quantiles: Sequence[float]) -> dict[str, Any]:
    """The document without its schema key.

    Raises `InputError` where a number in it overflows or underflows.
    """
    risk_law, outside, logistic = evaluation.numeric, evaluation.misspecified, evaluation.logistic
    numeric = risk_law if logistic is None else logistic.interaction
    weights, multiplicities, shifts = _distinct(numeric) if outside is None else ([], [], [])
    nothing: dict[str, Any] = {"mean": None, "variance": None}
    interaction, risk, crossover = nothing, {**nothing, "quantiles": {str(p): None for p in quantiles}}, None
    if outside is None:
        risk = _risk(risk_law, quantiles, evaluation)
        with inputs.guarded(evaluation.given, underflow=True):
            cumulants = [float(numeric.interaction_cumulant(order)) for order in (1, 2)]
            interaction = dict(zip(("mean", "variance"), cumulants, strict=True))
            crossover = _crossover(numeric)
    document = {
        "model": name,
        "unconditional": not risk_law.averaged,
        "downstream": "least_squares" if logistic is None else "logistic",
        "route": evaluation.route,
        "alpha": float(numeric.alpha),
        "sigma2": float(numeric.noise) if logistic is None else None,
        "d_eff": numeric.d_eff,
        "d_act": numeric.d_act,
        "d_base": numeric.d_base,
        "weights": weights,
        "multiplicities": multiplicities,
        "interaction": interaction,
        "risk": risk,
        "alpha0": crossover,
        "residual": evaluation.residual,
    }
    named = {name: asdict(integral) for name, integral in evaluation.named.items()}
    if named:
        document["integrals"] = named
    if logistic is not None:
        document |= _logistic(logistic, quantiles, evaluation)
        document["integrals"] = {**_integrals(logistic), **named}
    if not numeric.central:
        document |= {"noncentralities": shifts, "offset": float(numeric.offset)}
    if evaluation.law is None and not evaluation.integrals:
        document["minimiser"] = _minimiser(evaluation)
    if outside is not None:
        document["misspecified"] = _misspecified(outside, quantiles)
    if evaluation.remarks:
        document["remarks"] = dict(evaluation.remarks)
    return document


def _logistic(law: NumericLogistic, quantiles: Sequence[float], evaluation: Evaluation) -> dict[str, Any]:
    """The 0-1 error, and the integrals over `f* ~ N(0, s^2)` behind both laws."""
    zero_one = law.zero_one
    averaged = _risk(replace(zero_one, averaged=True), quantiles, evaluation)
    return {
        "zero_one": {**_risk(zero_one, quantiles, evaluation), "label_noise_averaged": averaged},
        "size": float(law.size),
    }


def _integrals(law: NumericLogistic) -> dict[str, Any]:
    """The integrals over `f*`."""
    named = {
        "J": (law.fisher, "E p(1-p)"),
        "H": (law.fisher_along, "E p(1-p) (f*/s)^2"),
        "log_loss": (law.log_loss_of_truth, "E [-p log p - (1-p) log(1-p)], the log-loss of f*"),
        "zero_one": (law.error_of_truth, "E min(p, 1-p), the 0-1 error of f*"),
    }
    return {
        name: {"value": float(found.value), "error": float(found.error), "integrand": words, "dimension": 1}
        for name, (found, words) in named.items()
    }


def _minimiser(evaluation: Evaluation) -> dict[str, Any]:
    """`w*` in the coordinates of the input, and how it was found."""
    reached = None if evaluation.starts is None else {"reached": evaluation.starts[0], "starts": evaluation.starts[1]}
    values = {name: np.asarray(value, float).tolist() for name, value in evaluation.minimiser.items()}
    return {"values": values, "search": reached}


def _misspecified(outside: Misspecified, quantiles: Sequence[float]) -> dict[str, Any]:
    """The Gaussian limit of `sqrt(m) (R(w_hat) - R(w*))`."""
    scale = float(np.sqrt(outside.variance))
    orders = {str(p): scale * NormalDist().inv_cdf(p) for p in quantiles}
    return {"excess": outside.excess, "rate": "sqrt(m)", "mean": 0.0, "variance": outside.variance, "quantiles": orders}
