"""Numbers into a law: sizes, families and scalars, checked by name, then weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from symasym.errors import ConditionViolated, InputError
from symasym.law.evaluate import evaluate
from symasym.law.numeric import NumericLaw

if TYPE_CHECKING:
    from symasym.law.law import IndexRange, Law

__all__ = ["entries_at", "law_at", "target_size_at"]


def law_at(law: Law, alpha: Any, Sigma_down: Any, values: Mapping[str, Any], aligned: bool = False) -> NumericLaw:
    """See `Law.at`. A point that an instance has `aligned` was checked there, in the words of its keys."""
    _check_names(law, values)
    sizes = {name: int(values[name]) for name in law.dimensions}
    if not aligned:
        _require_signs(law, {**values, "alpha": alpha})
    table: dict[str, Any] = dict(values)
    with np.errstate(divide="ignore", invalid="ignore"):  # a pole, as of E rho^2 at nu = 4, is refused below
        for symbol, definition in law.definitions:
            table[symbol.name] = evaluate(definition, table)
    if not aligned:
        _require_assumptions(law, table, sizes)
    given = _noise_is_given(law, values)
    noise = np.asarray(values["sigma2"], float) if given else evaluate(law.noise, table)
    bounds = {item: _bounds(item, sizes) for item in law.ranges}
    inside = _positions([bounds[item] for item in law.ranges if item.learned])
    beyond = _positions([bounds[item] for item in law.outside])
    spread = _concatenate([evaluate(item.variance, table, {item.index: bounds[item]}) for item in law.outside])
    if Sigma_down is None:
        own = _concatenate([evaluate(item.own, table, {item.index: bounds[item]}) for item in law.outside])
        weights = spread * own
    else:
        weights = _weights(spread, np.asarray(Sigma_down, float), inside, beyond)
    rank = int(evaluate(law.rank, sizes))
    return NumericLaw(noise, np.asarray(alpha, float), weights, len(inside), len(inside) + rank)


_HOLDS = {
    sympy.StrictGreaterThan: np.greater,
    sympy.GreaterThan: np.greater_equal,
    sympy.StrictLessThan: np.less,
    sympy.LessThan: np.less_equal,
}


def _require_signs(law: Law, values: Mapping[str, Any]) -> None:
    """Numbers throughout; `alpha` above zero, scalars whose symbol is positive not below it, as in the domain of a kernel."""
    formulas = [*law.formulas(), *(definition for _, definition in law.definitions)]
    symbols = {s for formula in formulas for s in formula.free_symbols if isinstance(s, sympy.Symbol)}
    positive = {"sigma2", *(s.name for s in symbols if s.is_nonnegative)} - set(law.families)
    for name, value in values.items():
        try:
            numbers = np.asarray(value, float)
        except (TypeError, ValueError):
            raise InputError(f"{name}: {value!r} came, a number or an array of numbers is expected") from None
        if name == "alpha":
            holds, expected = numbers > 0, "a positive number"
        elif name in positive:
            holds, expected = numbers >= 0, "a number that is not negative"
        else:
            continue
        if not np.all(holds):
            raise InputError(f"{name}: {numbers[~holds].flat[0]:g} came, {expected} is expected")


def _require_assumptions(law: Law, table: Mapping[str, Any], sizes: Mapping[str, Any]) -> None:
    """Outside of its assumptions the formulas of a law give numbers that look like any others.

    A relation in a scalar on which the law does not depend, and for which it therefore does not ask, is left to the caller.
    """
    bounds = {item.index: _bounds(item, sizes) for item in law.ranges}
    for relation in law.assume:
        if {symbol.name for symbol in relation.free_symbols - bounds.keys() if symbol.is_Symbol} - table.keys():
            continue
        free = {index: span for index, span in bounds.items() if index in relation.free_symbols}
        sides = [evaluate(side, table, free) for side in (relation.lhs, relation.rhs)]
        holds = _HOLDS[type(relation)](*sides)
        if not np.all(holds):
            first = np.argwhere(~holds)[0]
            where = ", ".join(
                f"{index} = {low + at}"
                for (index, (low, _)), at in zip(free.items(), first[-len(free) :], strict=False)
            )
            left, right = (np.broadcast_to(side, holds.shape)[tuple(first)] for side in sides)
            raise ConditionViolated(
                f"{law.name}: the law assumes {relation}; {f'at {where} ' if where else ''}"
                f"it is {left:g} against {right:g}"
            )


def target_size_at(
    law: Law, target: Sequence[tuple[IndexRange, sympy.Expr]], Sigma_down: Any, values: Mapping[str, Any]
) -> np.ndarray:
    """`||f*||` in `L2(mu_down)` from its coefficients on the learned ranges; arguments as for `Law.at`."""
    table: dict[str, Any] = dict(values)
    for symbol, definition in law.definitions:
        table[symbol.name] = evaluate(definition, table)
    bounds = [_bounds(item, values) for item, _ in target]
    parts = [evaluate(t, table, {item.index: b}) for (item, t), b in zip(target, bounds, strict=True)]
    sizes = [last - first + 1 for first, last in bounds]
    shown = [np.broadcast_to(p, (*p.shape[:-1], size)) for p, size in zip(parts, sizes, strict=True)]
    coefficients, inside = _concatenate(shown), _positions(bounds)
    covariance = entries_at(law, table) if Sigma_down is None else np.asarray(Sigma_down, float)
    total = sum(last - first + 1 for first, last in (_bounds(item, values) for item in law.ranges))
    if covariance.ndim < 2 or covariance.shape[-2] != total:
        return np.sqrt(np.sum(coefficients**2 * covariance[..., inside], axis=-1))
    block = covariance[..., inside[:, None], inside]
    return np.sqrt(np.einsum("...i,...ij,...j->...", coefficients, block, coefficients))


def entries_at(law: Law, values: Mapping[str, Any]) -> np.ndarray:
    """The aligned variances of the features' input in the pre-training data, `(..., d)`."""
    bounds = {item: _bounds(item, values) for item in law.ranges}
    return _concatenate(
        [
            np.broadcast_to(own, (*own.shape[:-1], last - first + 1))
            for item, (first, last) in bounds.items()
            for own in (evaluate(item.own, values, {item.index: (first, last)}),)
        ]
    )


def _bounds(item: IndexRange, sizes: Mapping[str, Any]) -> tuple[int, int]:
    first, last = (int(evaluate(bound, sizes)) for bound in (item.first, item.last))
    return first, last


def _positions(bounds: list[tuple[int, int]]) -> np.ndarray:
    return np.concatenate([np.arange(first - 1, last) for first, last in bounds] or [np.arange(0)])


def _noise_is_given(law: Law, values: Mapping[str, Any]) -> bool:
    """True if `sigma2` stands for the whole noise variance and not for a term of it."""
    return "sigma2" in values and "sigma2" not in {str(s) for s in law.noise.free_symbols}


def _check_names(law: Law, values: Mapping[str, Any]) -> None:
    optional: set[str] = set()
    wanted = {*law.dimensions, *law.families, *law.scalars}
    if _noise_is_given(law, values):
        elsewhere = {str(s) for formula in law.formulas()[1:] for s in formula.free_symbols}
        optional = {name for name in law.scalars if name not in elsewhere}
        wanted = (wanted - optional) | {"sigma2"}
    missing, unknown = sorted(wanted - set(values)), sorted(set(values) - wanted - optional)
    if missing:
        raise InputError(f"{missing[0]}: a value is missing; the law of {law.name} needs {', '.join(sorted(wanted))}")
    if unknown:
        raise InputError(f"{unknown[0]}: not known to the law of {law.name}, which takes {', '.join(sorted(wanted))}")
    for name in law.dimensions:
        size = values[name]
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
            raise InputError(f"{name}: {size!r} came, a positive integer is expected")
    for relation in law.where:
        if relation.subs({s: values[s.name] for s in relation.free_symbols if s.name in values}) == sympy.false:
            came = ", ".join(f"{name} = {values[name]}" for name in law.dimensions)
            raise InputError(f"{law.dimensions[0]}: {came} came, {relation} is expected")


def _concatenate(parts: list[np.ndarray]) -> np.ndarray:
    if not parts:
        return np.zeros(0)
    lead = np.broadcast_shapes(*(part.shape[:-1] for part in parts))
    return np.concatenate([np.broadcast_to(part, (*lead, part.shape[-1])) for part in parts], axis=-1)


def _weights(spread: np.ndarray, covariance: np.ndarray, inside: np.ndarray, beyond: np.ndarray) -> np.ndarray:
    """Weights for a given downstream covariance: products where it is diagonal, eigenvalues otherwise."""
    total = len(inside) + len(beyond)
    if covariance.shape[-1:] != (total,):
        raise InputError(
            f"Sigma_down: the shape {covariance.shape} came, (..., {total}) or (..., {total}, {total}) is expected"
        )
    if covariance.ndim < 2 or covariance.shape[-2] != total:
        return spread * covariance[..., beyond]
    block = covariance[..., beyond[:, None], beyond]
    cross = covariance[..., inside[:, None], beyond]
    inner = covariance[..., inside[:, None], inside]
    complement = block - np.swapaxes(cross, -1, -2) @ np.linalg.solve(inner, cross)
    root = np.sqrt(spread)
    return np.linalg.eigvalsh(root[..., :, None] * complement * root[..., None, :])[..., ::-1]
