"""Which keys may state the label noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from symasym.errors import InputError
from symasym.model.instance import Instance
from symasym.model.matrices import ScalarTruth
from symasym.model.model import Model

__all__ = ["check_noise", "own_noise"]


def own_noise(model: Model) -> list[str]:
    """Scalars that nothing but the model's label noise depends on, by name."""
    noise = {s.name for s in model.downstream.noise.atoms(sympy.Symbol) if not isinstance(s, ScalarTruth)}
    return sorted(noise - _first_stage_scalars(model) - {"sigma2"} - _dimensions(model))


def check_noise(model: Model, instance: Instance, given: Mapping[str, Any]) -> None:
    """`sigma2` where the model leaves it open or the downstream covariance is another; else the model's own scalars."""
    own = own_noise(model)
    open_noise = not own or "Sigma_down" in given
    if open_noise and "sigma2" not in given:
        why = "" if not own else ", because Sigma_down is given"
        raise InputError(
            f"sigma2: the key is missing{why}; a number that is not negative is expected (label noise variance)"
        )
    for name in own:
        if open_noise and name in given:
            raise InputError(f"{name}: came together with Sigma_down; sigma2 alone is expected then")
        if not open_noise and "sigma2" in given:
            raise InputError(f"sigma2: the model determines it from {name}; leave it out, or give Sigma_down as well")
        if not open_noise and name not in given:
            (key,) = (key for key in instance.keys if key.name == name)
            raise InputError(f"{name}: the key is missing; {key.kind.value} is expected ({key.meaning})")


def _first_stage_scalars(model: Model) -> set[str]:
    """Scalars of the loss and of the moments of the vectors in it; their law may know others, of labels only."""
    bare = model.loss.xreplace({v: sympy.MatrixSymbol(v.name, *v.shape) for v in model.data})
    pairs = [(u, v) for u in model.data for v in model.data if u.law == v.law]
    drawn = [(u, v, p, law) for u, v in pairs for p, law in u.law.components]
    moments = [
        part for u, v, p, law in drawn for part in (p, law.mean(u.position), law.covariance(u.position, v.position))
    ]
    parts = (bare, model.local_penalty, model.downstream.x.cov, *moments)
    return {s.name for part in parts for s in part.atoms(sympy.Symbol)}


def _dimensions(model: Model) -> set[str]:
    shapes = (n for symbol in model.downstream.noise.atoms(sympy.MatrixSymbol) for n in symbol.shape)
    return {str(s) for n in shapes for s in sympy.sympify(n).free_symbols}
