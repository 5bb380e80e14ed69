"""Checks that every build makes: the closed form against the general route, and the kernel against the closed form.

They run at a random aligned point; the exact comparison with the explicit engine is in the tests.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import sympy

from symasym.errors import ConditionViolated
from symasym.general.point import aligned_matrices
from symasym.general.route import General, general
from symasym.general.sample import random_point
from symasym.pipeline import Derivation

__all__ = ["Checked", "check"]

SEED = 20261120
TOLERANCE = 1e-9
"""The general route solves systems in `h`; at the points drawn here its condition number stays below 1e4."""


class Checked(float):
    """The largest relative difference found."""


def check(derivation: Derivation, kernel: Any) -> Checked:
    """Compare three routes at a random point; `kernel` is the namespace of the emitted kernel.

    Raises `ConditionViolated` with the size of the difference.
    """
    rng = np.random.default_rng(SEED)
    model, law = derivation.model, derivation.law
    assert model.aligned is not None
    point = random_point(model, rng)
    sizes = {name: point[name] for name in law.dimensions}
    d = sum(
        int(item.size.subs({sympy.Symbol(n, integer=True, positive=True): s for n, s in sizes.items()}))
        for item in law.ranges
    )
    root = rng.standard_normal((d, d))
    down = np.eye(d) + root @ root.T / d
    needed = {name: point[name] for name in (*law.dimensions, *law.scalars)} | {n: point[n] for n in law.families}
    closed = law.at(alpha=1.0, Sigma_down=down, **needed)
    matrices: dict[str, Any] = {
        **aligned_matrices(model.aligned, point),
        **{s.name: point[s.name] for s in model.scalars},
    }
    matrices.update({symbol.name: down for symbol in model.downstream.x.cov.atoms(sympy.MatrixSymbol)})
    route: General = general(model, matrices, derivation.forms, derivation.quotient)
    difference = max(
        _relative(route.weights[: closed.weights.shape[-1]], closed.weights),
        _relative(route.noise, closed.noise),
        _relative(_kernel_weights(kernel, law, point, sizes, down), closed.weights),
    )
    if not difference < TOLERANCE or (route.d_eff, route.d_base) != (closed.d_eff, closed.d_base):
        raise ConditionViolated(
            f"{derivation.name}: closed form, general route and kernel differ by {difference:.3g} (relative) at a random point; "
            f"at most {TOLERANCE:g} is expected"
        )
    return Checked(difference)


def _kernel_weights(
    kernel: Any, law: Any, point: dict[str, Any], sizes: dict[str, int], down: np.ndarray
) -> np.ndarray:
    return kernel.law(**kernel_arguments(kernel, point, sizes), sigma_down=down).weights


def kernel_arguments(kernel: Any, point: dict[str, Any], sizes: dict[str, int]) -> dict[str, Any]:
    """The arguments of an emitted kernel at a point: families cut to the core dimensions that its signature states."""
    cores = re.findall(r"\(([^)]*)\)", kernel.SIGNATURE.split("->")[0])
    parameters = inspect.signature(kernel.law).parameters
    arguments: dict[str, Any] = {name: sizes[name] for name in parameters if name in sizes}
    positional = [name for name, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD and name != "alpha"]
    for name, core in zip(positional, cores, strict=False):
        value = point[name]
        arguments[name] = value[: int(sympy.sympify(core).subs(sizes))] if core else value
    return arguments


def _relative(found: np.ndarray, expected: np.ndarray) -> float:
    scale = float(np.max(np.abs(expected))) or 1.0
    return float(np.max(np.abs(found - expected))) / scale
