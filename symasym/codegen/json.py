"""A derivation as plain data (schema `symasym.derivation/1`): text, LaTeX, and the `srepr` that rebuilds the law."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from symasym.codegen.latex import formula
from symasym.law.law import Law
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


def derivation_document(derivation: AnyDerivation, summary: str, references: Sequence[str]) -> dict[str, Any]:
    """The document without its schema key; `law` is null where there is no closed form."""
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
            for step in steps(derivation)
        ],
        "references": list(references),
    }
