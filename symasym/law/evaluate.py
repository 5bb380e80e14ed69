"""SymPy expressions with `Sum` and `Indexed`, evaluated on arrays by walking the tree.

A direct reading, one axis for each index; slow beside a generated kernel and therefore an independent check of it. Families
are arrays whose last axis is the index, counted from 1 in formulas; leading axes are a batch and broadcast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from symasym.errors import InputError

__all__ = ["evaluate"]

Array = np.ndarray


@dataclass(frozen=True)
class _Scope:
    """What names mean: scalars, families, and the values of the active indices, each on an axis of its own."""

    values: Mapping[str, Any]
    indices: Mapping[sympy.Symbol, Array]
    depth: int
    next_axis: int

    def on_axis(self, numbers: Array) -> Array:
        """Numbers along the next free index axis."""
        shape = [1] * self.depth
        shape[self.next_axis] = len(numbers)
        return numbers.reshape(shape)


def _nesting(expression: sympy.Basic) -> int:
    below = max((_nesting(child) for child in expression.args), default=0)
    return below + len(expression.limits) if isinstance(expression, sympy.Sum) else below


def evaluate(
    expression: sympy.Expr, values: Mapping[str, Any], free: Mapping[sympy.Symbol, tuple[int, int]] | None = None
) -> Array:
    """Value of an expression; shape `batch + (size of each free index, in the order given)`.

    `values` maps names of scalars (arrays of shape `batch`) and families (`batch + (n,)`, or `batch + (n, n)` for two indices) to
    arrays. `free` gives first and last value of each index the expression leaves open.
    """
    limits = dict(free or {})
    scope = _Scope(values, {}, len(limits) + _nesting(expression), 0)
    for index, (first, last) in limits.items():
        scope = _enter(scope, index, np.arange(first, last + 1))
    result = _walk(expression, scope)
    result = np.broadcast_to(result, _with_free(result.shape, scope.depth, [b - a + 1 for a, b in limits.values()]))
    return result.reshape(result.shape[: result.ndim - scope.depth + len(limits)])


def _with_free(shape: tuple[int, ...], depth: int, sizes: list[int]) -> tuple[int, ...]:
    lead = shape[: len(shape) - depth]
    return (*lead, *sizes, *([1] * (depth - len(sizes))))


def _enter(scope: _Scope, index: sympy.Symbol, numbers: Array) -> _Scope:
    return replace(scope, indices={**scope.indices, index: scope.on_axis(numbers)}, next_axis=scope.next_axis + 1)


def _lookup(name: str, scope: _Scope) -> Array:
    if name not in scope.values:
        raise InputError(f"{name}: a value is missing; given are {', '.join(sorted(scope.values))}")
    return np.asarray(scope.values[name])


def _indexed(expression: sympy.Indexed, scope: _Scope) -> Array:
    family = _lookup(str(expression.base.label), scope)
    positions = [_walk(index, scope).astype(int) - 1 for index in expression.indices]
    count = len(positions)
    lead = family.shape[: family.ndim - count]
    top = [family.shape[len(lead) + n] for n in range(count)]
    for n, position in enumerate(positions):
        if position.size and (position.min() < 0 or position.max() >= top[n]):
            raise InputError(
                f"{expression.base.label}: has {top[n]} entries, but {expression} is asked for index {position.max() + 1}"
            )
    where: Any = (..., *positions)
    return family.reshape(*lead, *top)[where]


def _sum(expression: sympy.Sum, scope: _Scope) -> Array:
    """Innermost limit first in SymPy's order: `Sum(f, (j, ..), (i, ..))` has `i` outside."""
    body, limits = expression.function, expression.limits
    index, first, last = limits[-1]
    rest = sympy.Sum(body, *limits[:-1]) if len(limits) > 1 else body
    low, high = _walk(first, scope).astype(int), _walk(last, scope).astype(int)
    numbers = np.arange(int(low.min()), int(high.max()) + 1) if low.size and high.size else np.arange(0)
    inside = _enter(scope, index, numbers)
    axis = scope.next_axis - scope.depth
    if not numbers.size:
        return np.zeros([1] * scope.depth)
    along = inside.indices[index]
    wanted = (along >= low) & (along <= high)
    with np.errstate(divide="ignore", invalid="ignore"):  # entries that the bounds exclude may be singular
        summand = _walk(rest, inside)
    return np.sum(np.where(wanted, summand, 0), axis=axis, keepdims=True)


def _walk(expression: sympy.Expr, scope: _Scope) -> Array:
    match expression:
        case sympy.Sum():
            return _sum(expression, scope)
        case sympy.Indexed():
            return _indexed(expression, scope)
        case sympy.Symbol() if expression in scope.indices:
            return scope.indices[expression]
        case sympy.Symbol():
            value = _lookup(expression.name, scope)
            return value.reshape(value.shape + (1,) * scope.depth)
        case sympy.Integer():
            return np.full((1,) * scope.depth, int(expression), dtype=np.result_type(int))
        case sympy.Number():
            return np.full((1,) * scope.depth, float(expression))
        case sympy.Add():
            total = _walk(expression.args[0], scope)
            for item in expression.args[1:]:
                total = total + _walk(item, scope)
            return total
        case sympy.Mul():
            total = _walk(expression.args[0], scope)
            for item in expression.args[1:]:
                total = total * _walk(item, scope)
            return total
        case sympy.Pow():
            base = _walk(expression.base, scope)
            if expression.exp.is_Integer:
                return base.astype(float) ** int(expression.exp)
            return base.astype(float) ** _walk(expression.exp, scope)
    raise InputError(f"{expression} is a {type(expression).__name__}, which cannot be evaluated")
