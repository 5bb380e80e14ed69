"""A derivation as plain data (schema `symasym.derivation/1`): text, LaTeX, and the `srepr` that rebuilds the law."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from symasym.codegen.latex import formula
from symasym.law.law import Law
from symasym.law.logistic import LogisticLaw
from symasym.pipeline import AnyDerivation, Derivation
from symasym.steps import steps

__all__ = ["derivation_document"]


def _expression(value: sympy.Basic) -> dict[str, str]:
    return {"text": str(value), "latex": formula(value), "srepr": sympy.srepr(value)}


def _law(law: Law) -> dict[str, Any]:
    return {
        "weights": [
            {**_expression(weight), "index": str(index), "first": str(first), "last": str(last)}
            for weight, (index, first, last) in law.weights
        ],
        "definitions": {str(symbol): _expression(value) for symbol, value in law.definitions},
        "mean": _expression(law.mean),
        "variance": _expression(law.variance),
        "general_mean": _expression(law.general_mean),
        "general_variance": _expression(law.general_variance),
        "sigma2": _expression(law.noise),
        "d_eff": _expression(law.d_eff),
        "d_base": _expression(law.d_base),
        "alpha0": _expression(law.alpha0),
        "excess_loss_mean": _expression(law.excess_loss_mean),
        "quotient_dimension": _expression(law.quotient_dimension),
        "assumptions": [str(item) for item in (*law.where, *law.assume)],
        "undecided": [str(item) for item in law.undecided],
        "hypotheses": list(law.hypotheses),
        "srepr": law.to_srepr(),
    }


def _logistic(law: LogisticLaw) -> dict[str, Any]:
    return {
        "definitions": {str(symbol): _expression(value) for symbol, value in law.definitions},
        "weights": [
            {**_expression(weight), "index": str(index), "first": str(first), "last": str(last)}
            for weight, (index, first, last) in law.weights
        ],
        "mean": _expression(law.mean),
        "squared_size": _expression(law.squared_size),
        "general_squared_size": _expression(law.general_squared_size),
        "log_loss_mean": _expression(law.log_loss_mean),
        "zero_one_mean": _expression(law.zero_one_mean),
        "alpha0": _expression(law.alpha0),
    }


def derivation_document(
    derivation: AnyDerivation, summary: str, references: Sequence[str], downstream: str = "least_squares"
) -> dict[str, Any]:
    """The document without its schema key; `law`, that of least squares, is null where there is no closed form.

    So is `logistic`, which is there for a logistic second stage.
    """
    both = _logistic(derivation.logistic) if isinstance(derivation, Derivation) else None
    further = {"logistic": both} if downstream == "logistic" else {}
    return {
        "model": derivation.name,
        "summary": summary,
        "law": _law(derivation.law) if isinstance(derivation, Derivation) else None,
        "steps": [
            {
                "title": step.title,
                "rule": step.rule,
                "lines": [
                    {
                        "left": None if line.left is None else str(line.left),
                        "right": None if line.right is None else str(line.right),
                        "note": line.note,
                    }
                    for line in step.lines
                ],
            }
            for step in steps(derivation, downstream)
        ],
        "references": list(references),
        **further,
    }
