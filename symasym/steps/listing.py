"""The list of steps of a derivation."""

from __future__ import annotations

from symasym.pipeline import AnyDerivation, FamilyDerivation, GeneralDerivation
from symasym.steps.blocks import alignment_step, blocks_step, covariance_step
from symasym.steps.family import family_steps
from symasym.steps.forms import forms_step
from symasym.steps.further import logistic_step, numeric_step
from symasym.steps.law import downstream_step, excess_step, law_step
from symasym.steps.setting import setting_step, symmetry_step
from symasym.steps.step import Step

__all__ = ["steps"]


def steps(derivation: AnyDerivation, downstream: str = "least_squares") -> tuple[Step, ...]:
    """All stages in order; with `downstream = "logistic"` the step from least squares to logistic regression as well."""
    if downstream == "logistic":
        return *steps(derivation), logistic_step(derivation)
    if isinstance(derivation, FamilyDerivation):
        return family_steps(derivation)
    if isinstance(derivation, GeneralDerivation):
        return (
            setting_step(derivation.model),
            symmetry_step(derivation.quotient),
            forms_step(derivation.forms),
            numeric_step(derivation.model),
        )
    return (
        setting_step(derivation.model),
        symmetry_step(derivation.quotient),
        forms_step(derivation.forms),
        alignment_step(derivation.model, derivation.blocks),
        blocks_step(derivation.blocks),
        covariance_step(derivation.covariance),
        excess_step(derivation.law),
        downstream_step(derivation.downstream, derivation.blocks.entries),
        law_step(derivation.law),
    )
