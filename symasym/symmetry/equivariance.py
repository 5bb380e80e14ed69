"""Orbit compatibility of the features: `psi(x, g.w) = rho(g) psi(x, w)` with a representation found on words."""

from __future__ import annotations

import numpy as np
import sympy
from sympy.matrices.expressions import MatrixSymbol
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import ConditionViolated, NotDerivableYet
from symasym.model.evaluate import evaluate_matrix, small_sizes
from symasym.model.groups import Action
from symasym.model.model import Model
from symasym.symmetry.invariance import SEED, dimensions_of, random_values
from symasym.words.lower import atom_of, lower_matrix
from symasym.words.substitute import substitute_matrix

__all__ = ["representation"]


def _candidates(action: Action, size: sympy.Expr) -> list[MatrixExpr]:
    """What a group element of the right size can become on the features."""
    element = action.element
    if element.shape[0] != size:
        return [sympy.Identity(size)]
    if element.orthogonal:
        return [sympy.Identity(size), element, element.T]
    return [sympy.Identity(size), element, element.T, element.inv(), element.inv().T]


def representation(model: Model, action: Action) -> MatrixExpr:
    """`rho(g)` with `psi(x, g.w) = rho(g) psi(x, w)`, proved on words.

    Raises `ConditionViolated` where the span of the features moves along the orbit (a counterexample is shown), and
    `NotDerivableYet` where it does not but no representation is found.
    """
    features = lower_matrix(model.features)
    images = {atom_of(symbol): lower_matrix(image) for symbol, image in action.images.items()}
    moved = substitute_matrix(features, images)
    for rho in _candidates(action, model.features.shape[0]):
        if moved == lower_matrix(rho) @ features:
            return rho
    _refute(model, action)
    raise NotDerivableYet(f"features: no representation rho with psi(x, g.w) = rho(g) psi(x, w) was found for {action}")


def _refute(model: Model, action: Action) -> None:
    """Compare the row spaces of `Phi(g.w)` and `Phi(w)` at a random point."""
    image = model.features.xreplace(dict(action.images))
    symbols = model.features.atoms(MatrixSymbol) | image.atoms(MatrixSymbol)
    sizes = small_sizes(dimensions_of(*symbols), list(model.where))
    values = random_values(symbols, sizes, action.group, np.random.default_rng(SEED))
    x, dimension = model.input, int(model.input.shape[0].subs(sizes))

    def rows(expression: MatrixExpr) -> np.ndarray:
        columns = [evaluate_matrix(expression, {**values, x: e[:, None]}, sizes) for e in np.eye(dimension)]
        return np.hstack(columns)

    before, after = rows(model.features), rows(image)
    basis = np.linalg.qr(before.T)[0]
    outside = after.T - basis @ (basis.T @ after.T)
    if np.linalg.norm(outside) > 1e-9 * np.linalg.norm(after):
        worst = outside[:, np.argmax(np.linalg.norm(outside, axis=0))]
        direction = ", ".join(f"{value:.3g}" for value in worst / np.linalg.norm(worst))
        at = ", ".join(f"{symbol} = {size}" for symbol, size in sizes.items())
        raise ConditionViolated(
            f"features: {model.features} is not equivariant under {action}; at a random point with {at} its span gains the "
            f"direction ({direction})"
        )
