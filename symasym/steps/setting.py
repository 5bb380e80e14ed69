"""The model as it stands on the page, and its symmetry."""

from __future__ import annotations

import sympy
from sympy.matrices.expressions import ZeroMatrix

from symasym.model.data import GaussianLaw, GaussianVector
from symasym.model.model import Model
from symasym.steps.step import Line, Step
from symasym.symmetry.quotient import Quotient
from symasym.words.show import show_matrix

__all__ = ["setting_step", "symmetry_step"]


def setting_step(model: Model) -> Step:
    """Loss, laws of the data, features, target, noise."""
    lines = [Line(sympy.Symbol("l"), model.loss, "loss of one sample")]
    lines += [Line(mean, mean.expression, "mean over the sample of this") for mean in model.sample_means]
    if model.local_penalty != 0:
        lines.append(
            Line(sympy.Symbol("P"), model.local_penalty, "local penalty: P / sqrt(m) is added to the empirical loss")
        )
    for vector in model.data:
        lines += _law_lines(vector, model.data)
    for mask in model.masks:
        lines.append(Line(None, mask, f"mask: diagonal, a coordinate is kept with probability {mask.keep}, else 0"))
    lines.append(Line(sympy.Symbol("psi"), model.features, "features"))
    lines.append(Line(None, model.downstream.target, "coefficients of f* in x"))
    lines.append(Line(sympy.Symbol("sigma^2"), model.downstream.noise, "label noise"))
    return Step("Setting", "the model as it stands on the page", tuple(lines))


def _law_lines(vector: GaussianVector, data: tuple[GaussianVector, ...]) -> list[Line]:
    """What the vector is, and how it varies with others; in a mixture component by component."""
    components, lines = vector.law.components, []
    for probability, law in components:
        given = "" if len(components) == 1 else f" with probability {probability}"
        centre = law.mean(vector.position)
        family = _family(law)
        what = f"centred {family}" if isinstance(centre, ZeroMatrix) else f"{family}, mean {centre}"
        lines.append(
            Line(None, vector, f"{what}, covariance {law.covariance(vector.position, vector.position)}{given}")
        )
        for other in data:
            if other.law == vector.law and other.position > vector.position:
                cross = law.covariance(vector.position, other.position)
                lines.append(Line(None, cross, f"covariance of {vector} and {other}{given}"))
    return lines


def _family(law: GaussianLaw) -> str:
    return "Gaussian" if law.scale is None else f"multivariate t with {law.scale.degrees_of_freedom} degrees of freedom"


def symmetry_step(quotient: Quotient) -> Step:
    """What the groups do, how the features follow, which directions are vertical."""
    lines = []
    for field in quotient.fields:
        for parameter, image in field.action.images.items():
            lines.append(
                Line(parameter, image, f"{field.action.group} acts; the loss is invariant, proved on trace words")
            )
        lines.append(
            Line(sympy.Symbol("rho"), field.rho, "representation on the features: psi(x, g.w) = rho psi(x, w)")
        )
        for moved, velocity in field.velocity.items():
            note = f"vertical direction in {moved.key}, xi in {field.algebra.value}"
            lines.append(Line(None, show_matrix(velocity), note))
    lines.append(Line(sympy.Symbol("dim"), quotient.dimension, "dimension of the quotient"))
    if not quotient.fields:
        lines.insert(0, Line(None, None, "no continuous symmetry is declared; every direction is horizontal"))
    return Step("Symmetry", "Q^T Q = I, G^{-1} G = I; inverses transform by conjugation", tuple(lines))
