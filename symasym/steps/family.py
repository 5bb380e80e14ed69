"""Steps of a model of a family of vectors."""

from __future__ import annotations

import sympy

from symasym.pipeline import FamilyDerivation
from symasym.projection.show import expression
from symasym.steps.step import Line, Step, bracket

__all__ = ["family_steps"]


def family_steps(derivation: FamilyDerivation) -> tuple[Step, ...]:
    """Setting, symmetry, projection, forms and displaced target of a model of a family."""
    model = derivation.model
    return (
        Step(
            "Setting",
            "the model as it stands on the page",
            (
                Line(sympy.Symbol("l"), model.loss, "loss of one sample"),
                Line(
                    None,
                    model.input,
                    f"mean over {model.parameter.count} members of Gaussian laws around {model.parameter.name}*",
                ),
                *(
                    Line(None, block.value, f"features of a member, with the coefficients {block.coefficient}")
                    for block in model.features
                ),
                Line(sympy.Symbol("sigma^2"), model.noise, "label noise"),
            ),
        ),
        Step(
            "Symmetry",
            "sums over all members do not change when the members change places",
            (Line(None, None, f"{model.symmetry}: a finite group, so that no direction is vertical"),),
        ),
        Step(
            "Projection",
            "shares see the data through differences of logits; the rest is Gaussian, independent of them and of the member",
            (
                Line(None, None, "the loss and the features do not change when data and family are moved together"),
                Line(
                    None,
                    None,
                    "x = xi + y: xi inside the affine span of the members, of dimension r, y outside, N(0, I)",
                ),
                Line(None, None, "all shares are functions of xi, with logits <xi, u[i]> - ||u[i]||^2 / 2"),
            ),
        ),
        Step(
            "Score and information",
            "D w[i] = w[i] (D q[i] - sum_j w[j] D q[j]); Wick's theorem for y; repeated indices are summed over the members",
            (
                Line(sympy.Symbol("Dl[v]"), expression(derivation.score), "score"),
                Line(bracket("s", "v", "w"), expression(derivation.information), "its mean over xi is the score form"),
                Line(bracket("h", "v", "w"), expression(derivation.hessian), "its mean over xi is the Hessian form"),
                Line(
                    None,
                    None,
                    "the loss is minus the log density of the data, so that both means are equal and V = h^{-1}",
                ),
            ),
        ),
        Step(
            "Displaced target",
            "D P[v] = sum_k (I - P) v[k] g[k]^T + g[k] v[k]^T (I - P), g the dual vectors of the centred members",
            (
                Line(
                    sympy.Symbol("D f*[v]"), expression(derivation.inside), "inside, up to functions that are features"
                ),
                Line(
                    sympy.Symbol("D f*[v]"), expression(derivation.outside), "outside: linear in y, which no feature is"
                ),
            ),
        ),
        Step(
            "Integrals",
            "K = E D D^T less its part in the span of the features; weights are the eigenvalues of K V, inside and outside",
            tuple(
                Line(None, None, words)
                for words in (*derivation.integrals, *(f"assumed: {a}" for a in model.assumptions))
            ),
        ),
    )
