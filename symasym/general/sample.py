"""A random point in aligned coordinates, for checks that need numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from symasym.alignment.ranges import Ranges
from symasym.alignment.specification import entry_table
from symasym.law.evaluate import evaluate
from symasym.model.aligned import Aligned
from symasym.model.evaluate import small_sizes
from symasym.model.model import Model
from symasym.model.scalars import Average

__all__ = ["random_point"]


def random_point(model: Model, rng: np.random.Generator) -> dict[str, Any]:
    """Small sizes, families, scalars, by name.

    Each family descends through (0.2, 0.9), so that relations such as `lam[i] > lam[a] > 0` hold; scalars lie in (5, 9), above
    the degrees of freedom at which fourth moments exist, or in (0.05, 0.15) where `assume` holds there and not above;
    probabilities lie in (0.3, 0.9).
    """
    assert model.aligned is not None
    bounds = [sympy.sympify(bound) for pair in model.aligned.ranges.values() for bound in pair]
    dimensions = sorted({symbol for bound in bounds for symbol in bound.free_symbols}, key=str)
    sizes = {symbol.name: size for symbol, size in small_sizes(dimensions, list(model.where)).items()}
    top = max(sizes.values())
    steps = np.linspace(0.9, 0.2, top)
    families = {name: steps + rng.uniform(-0.2, 0.2, top) / top for name in _families(model)}
    shares = _shares(model)

    def scalars(low: float, high: float) -> dict[str, float]:
        return {s.name: float(rng.uniform(*((0.3, 0.9) if s in shares else (low, high)))) for s in model.scalars}

    points = [{**sizes, **families, **scalars(low, high)} for low, high in ((5.0, 9.0), (0.05, 0.15))]
    relations, aligned = model.aligned.assume, model.aligned
    return next((point for point in points if all(_holds(r, aligned, point) for r in relations)), points[0])


def _holds(relation: sympy.Basic, aligned: Aligned, point: dict[str, Any]) -> bool:
    """True if `u > v` holds for all indices."""
    bounds: dict[sympy.Symbol, tuple[int, int]] = {}
    for index in sorted(relation.free_symbols & set(aligned.ranges), key=str):
        first, last = (int(evaluate(sympy.sympify(bound), point)) for bound in aligned.ranges[index])
        bounds[index] = (first, last)
    return bool(np.all(evaluate(relation.gts - relation.lts, point, bounds) >= 0))


def _shares(model: Model) -> set[sympy.Basic]:
    """What lies between 0 and 1: probabilities of masks, and `kappa` where `1/kappa` is a number of copies."""
    return {mask.keep for mask in model.masks} | {
        1 / count for _, _, count in (a.args for a in model.loss.atoms(Average))
    }


def _families(model: Model) -> list[str]:
    assert model.aligned is not None
    specs = entry_table(model.aligned, Ranges(model.aligned.ranges)).values()
    entries = (entry for spec in specs for value in spec.values() for entry in value.atoms(sympy.Indexed))
    return sorted({str(entry.base.label) for entry in entries})
