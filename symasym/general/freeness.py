"""Does the group act freely at `w*`? Otherwise the quotient is not smooth there and the law is another."""

from __future__ import annotations

import numpy as np
import sympy

from symasym.errors import ConditionViolated
from symasym.general.point import aligned_matrices
from symasym.general.sample import random_point
from symasym.model.evaluate import evaluate_matrix
from symasym.model.groups import Action, SignedPermutations
from symasym.model.model import Model
from symasym.symmetry.quotient import Quotient

__all__ = ["check_free"]

SEED = 20261120


def check_free(model: Model, quotient: Quotient, vertical_dimension: sympy.Expr) -> None:
    """A continuous group must have as many vertical directions as dimensions; no element of a finite one may fix `w*`.

    Finite groups are gone through element by element at a random aligned point of small size. Raises `ConditionViolated`.
    """
    if sympy.expand(vertical_dimension - quotient.orbit_dimension) != 0:
        raise ConditionViolated(
            f"symmetry: the group has dimension {sympy.factor(quotient.orbit_dimension)} but only "
            f"{sympy.factor(vertical_dimension)} independent vertical directions at w*, so it does not act freely there"
        )
    for action in model.actions:
        if isinstance(action.group, SignedPermutations):
            _check_finite(model, action)


def _check_finite(model: Model, action: Action) -> None:
    assert model.aligned is not None
    point = random_point(model, np.random.default_rng(SEED))
    matrices = aligned_matrices(model.aligned, point)
    here = {parameter: matrices[parameter.name] for parameter in model.parameters}
    size = int(sympy.sympify(action.group.size).subs({s: point[s.name] for s in action.group.size.free_symbols}))
    for element in SignedPermutations.elements(size):
        if np.array_equal(element, np.eye(size)):
            continue
        images = {
            p: evaluate_matrix(image, {**here, action.element: element}, {}) for p, image in action.images.items()
        }
        if all(np.allclose(images[p], here[p], atol=1e-12) for p in images):
            raise ConditionViolated(
                f"symmetry: the element {element.astype(int).tolist()} of {action.group} fixes w*, so the group does not act "
                "freely there"
            )
