"""The derived side of a comparison once more, by a route that shares no code with the derivation."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import sympy

from symasym.claims.claim import Part
from symasym.claims.exact import Exact, unit
from symasym.claims.finding import Confirmation
from symasym.claims.language import parse
from symasym.claims.place import Kind, Place, place
from symasym.claims.points import Point
from symasym.claims.samples import degree, hermite_nodes, sample_values
from symasym.claims.setting import Setting
from symasym.errors import NotDerivableYet
from symasym.simulation.sampler import Source, sources

__all__ = ["confirm", "quadrature_covariance"]

SEED = 1963
LARGEST = 3
"""Largest dimension at which the referee is asked."""
TOLERANCE = 1e-9
"""Relative difference up to which floating-point quadrature agrees."""


def confirm(setting: Setting, part: Part, derived: sympy.Expr) -> Confirmation | None:
    """The derived expression against the referee (exactly) or Gauss-Hermite quadrature, at a random point of the setting.

    None where there is no such route.
    """
    for _ in setting.scope.letters:
        derived = derived.xreplace(dict(setting.scope.letters))
    point = _point(setting, derived, _indices(setting, part))
    if point is None:
        return None
    expected = point.value(derived)
    if part.what == "data_covariance":
        number = quadrature_covariance(setting, part, point)
        close = abs(number - float(expected)) <= TOLERANCE * max(1.0, abs(float(expected)))
        return Confirmation("quadrature", point.document(), str(expected), f"{number:.12g}", close)
    exact = _referee_value(setting, part, point)
    if exact is None:
        return None
    same = Fraction(int(expected.p), int(expected.q)) == exact
    return Confirmation("referee", point.document(), str(expected), str(exact), same)


def _indices(setting: Setting, part: Part) -> tuple[sympy.Symbol, ...]:
    """The indices that the quantity has, whether its value depends on them or not."""
    if part.what == "weight":
        return (setting.derivation.law.weights[0][1][0],)
    if part.entry:
        where = place(part.entry, part.what)
        return (where.p, where.q)
    return ()


def _point(setting: Setting, derived: sympy.Expr, also: tuple[sympy.Symbol, ...]) -> Point | None:
    """A random point of the setting, at the largest dimensions that the referee is asked for."""
    rng, domain = Random(SEED), setting.domain
    candidates = [sizes for sizes in domain.sizes() if max(sizes.values()) <= LARGEST]
    found = (domain.random([derived], sizes, rng, also) for sizes in sorted(candidates, key=lambda s: -sum(s.values())))
    return next((point for point in found if point is not None), None)


def _referee_value(setting: Setting, part: Part, point: Point) -> Fraction | None:
    exact = Exact(setting, point)
    simple: dict[str, Callable[[], Any]] = {
        "mean": lambda: exact.referee.traces(1),
        "variance": lambda: 2 * exact.referee.traces(2),
        "noise": lambda: exact.referee.noise,
        "excess_mean": lambda: exact.referee.excess_loss_mean,
        "risk_mean": lambda: _risk(exact, point),
        "weight": lambda: exact.weight(next(iter(point.indices.values()))),
    }
    if part.what in simple:
        value = simple[part.what]()
        return None if value is None else Fraction(value)
    where = place(part.entry, part.what)
    p, q = _numbers(where, point)
    if part.what == "section":
        return exact.section(p, q)
    factor = 4 if where.kind is Kind.PAIR and part.what in ("estimator_pairing", "inverse_hessian") else 1
    pairs = ((p, p), (q, q)) if where.kind is Kind.APART else ((p, q), (p, q))
    return factor * exact.entry_covariance(*pairs, inverse_hessian=part.what == "inverse_hessian")


def _risk(exact: Exact, point: Point) -> Fraction | None:
    if exact.referee.noise is None:
        return None
    ratio = next((Fraction(int(v.p), int(v.q)) for s, v in point.scalars.items() if s.name == "alpha"), Fraction(1))
    return exact.referee.noise * exact.referee.d_eff + exact.referee.traces(1) / ratio


def _numbers(where: Place, point: Point) -> tuple[int, int]:
    """The indices of the entry at the point."""
    return point.indices[where.p], point.indices[where.q]


def quadrature_covariance(setting: Setting, part: Part, point: Point) -> float:
    """`Cov` of two expressions in the data at unit tangent matrices, by Gauss-Hermite quadrature."""
    exact, where = Exact(setting, point), place(part.entry, part.what)
    p, q = _numbers(where, point)
    size = setting.tangents[0].shape[0].subs(exact.sizes)
    values: dict[Any, Any] = {**exact.values, **exact.sizes}
    values[setting.tangents[0]] = unit(int(size), p, p if where.kind is Kind.APART else q)
    values[setting.tangents[1]] = unit(int(size), q if where.kind is Kind.APART else p, q)
    numbers = {s: np.asarray(v, dtype=object).astype(float) for s, v in values.items()}
    model = setting.loaded.model
    found = sources(model, {s: v if np.ndim(v) else float(v) for s, v in numbers.items()}, exact.sizes)
    law = [source for source in found if isinstance(source, Source)]
    if len(law) != len(found):
        raise NotDerivableYet("quadrature: the data law has masks, for which there are no Gauss-Hermite nodes")
    one, other = (parse(text, setting.scope) for text in part.of)
    highest = max(degree(one, source.names) + degree(other, source.names) for source in law)
    nodes, weights = hermite_nodes(law, highest // 2 + 1)
    first, second = sample_values(one, numbers, nodes), sample_values(other, numbers, nodes)
    return float(weights @ (first * second) - (weights @ first) * (weights @ second))
