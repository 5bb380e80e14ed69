"""Orders of growth: the closed form along paths of problems, against the claimed and against the derived order."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from symasym.claims.claim import Order, OrderPath, Part
from symasym.claims.finding import OrderFinding, PathFinding
from symasym.claims.language import Scope, parse
from symasym.claims.quantities import quantity
from symasym.claims.setting import Setting
from symasym.claims.specialise import values_of
from symasym.errors import InputError
from symasym.law.evaluate import evaluate

__all__ = ["order_finding"]

GROWTH = 1.25
"""A ratio that grows by more than this over the second half of a path is not bounded along it."""
BRACKET = 8.0
"""Largest by smallest ratio to the derived order, over all paths; where it is more, that order is not the right one."""


def order_finding(order: Order, setting: Setting) -> OrderFinding:
    """`agrees` where the ratio to the claimed order is bounded along every path, `conditional` where it is so in the
    named regime.
    """
    scope = setting.scope
    part = Part(what=order.what, claimed="")
    derived = quantity(order.what).derived(setting, part)
    for _ in setting.scope.letters:
        derived = derived.xreplace(dict(setting.scope.letters))
    claimed, found = parse(order.claimed, scope), parse(order.derived, scope)
    paths = tuple(_path(path, derived, claimed, found, scope, order.where) for path in order.paths)
    _check_derived_order(paths)
    return OrderFinding(claimed, found, _verdict(order, paths), order.condition, paths)


def _check_derived_order(paths: tuple[PathFinding, ...]) -> None:
    """The order that the claim file calls the derived one must be that of the derived quantity."""
    ratios = [ratio for path in paths for ratio in path.to_derived]
    if max(ratios) > BRACKET * min(ratios):
        raise InputError(
            f"order: the ratio of the derived quantity to the derived order goes from {min(ratios):.3g} to {max(ratios):.3g} "
            f"along the paths; a factor of at most {BRACKET:g} is expected"
        )


def _verdict(order: Order, paths: tuple[PathFinding, ...]) -> str:
    if all(path.bounded for path in paths):
        return "agrees"
    regime = [path for path in paths if path.regime]
    held = bool(regime) and all(path.bounded for path in regime)
    return "conditional" if held and not order.uniform else "differs"


def _path(
    path: OrderPath, derived: sympy.Expr, claimed: sympy.Expr, found: sympy.Expr, scope: Scope, where: tuple[str, ...]
) -> PathFinding:
    rows = [_values(path, value, (derived, claimed, found), scope, where) for value in path.values]
    exact, against, own = (np.array(column) for column in zip(*rows, strict=True))
    ratio = exact / against
    return PathFinding(
        name=path.name,
        vary=path.vary,
        values=path.values,
        derived=tuple(exact.tolist()),
        to_claimed=tuple(ratio.tolist()),
        to_derived=tuple((exact / own).tolist()),
        bounded=bool(ratio[-1] < GROWTH * ratio[len(ratio) // 2]),
        regime=path.regime,
    )


def _values(
    path: OrderPath, value: str, formulas: tuple[sympy.Expr, ...], scope: Scope, where: tuple[str, ...]
) -> list[float]:
    """The formulas at one value of what varies."""
    number = sympy.Rational(Fraction(value).numerator, Fraction(value).denominator)
    local = Scope({**scope.names, path.vary: number}, scope.families, scope.macros, scope.letters, scope.where)
    sizes = {name: int(parse(text, local)) for name, text in path.sizes.items()}
    values = values_of([*where, *path.where], local)
    table: dict[str, Any] = {**sizes, path.vary: float(number)}
    table |= _families(values.families, max(sizes.values()))
    table |= {str(s): float(v) for s, v in values.scalars.items()}
    return [float(evaluate(_plain(values.into(f), table), table)) for f in formulas]


def _families(
    families: Mapping[sympy.IndexedBase, tuple[sympy.Symbol, sympy.Expr]], count: int
) -> dict[str, np.ndarray]:
    return {
        str(base.label): np.array([float(sympy.sympify(value).subs(index, n)) for n in range(1, count + 1)])
        for base, (index, value) in families.items()
    }


def _plain(expression: sympy.Expr, table: Mapping[str, Any]) -> sympy.Expr:
    """Functions that `law.evaluate` does not know, at numbers."""
    numbers = {
        s: table[s.name]
        for s in expression.free_symbols
        if isinstance(s, sympy.Symbol) and np.ndim(table.get(s.name, [0])) == 0
    }
    replaced = {}
    for node in expression.atoms(sympy.log, sympy.Max, sympy.Min):
        value = node.subs(numbers).doit()
        if value.is_number:
            replaced[node] = value.evalf()
    return expression.xreplace(replaced)
