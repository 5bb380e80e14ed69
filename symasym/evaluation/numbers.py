"""Every symbol of a model as a number, in the coordinates of the input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError
from symasym.model.evaluate import evaluate_matrix
from symasym.model.instance import AlignedPoint, GeneralPoint, Instance
from symasym.model.matrices import Constant, ScalarTruth, Truth
from symasym.model.model import Model

__all__ = ["constants_of", "sizes_of", "symbol_values"]


def _parts(model: Model) -> tuple[sympy.Basic, ...]:
    task = model.downstream
    return model.loss, model.local_penalty, model.features, task.target, task.noise, task.x.cov


def _symbols(model: Model, *kinds: type[sympy.Basic]) -> list[Any]:
    return sorted({symbol for part in _parts(model) for symbol in part.atoms(*kinds)}, key=str)


def sizes_of(model: Model, given: Mapping[str, Any]) -> dict[sympy.Symbol, int]:
    """The dimensions of the model that the checked inputs state."""
    shapes = {n for symbol in _symbols(model, sympy.MatrixSymbol) for n in symbol.shape}
    symbols = sorted({symbol for n in shapes for symbol in sympy.sympify(n).free_symbols}, key=str)
    return {symbol: given[symbol.name] for symbol in symbols if symbol.name in given}


def symbol_values(
    model: Model, instance: Instance, given: Mapping[str, Any], point: AlignedPoint | GeneralPoint
) -> dict[sympy.Basic, np.ndarray | float]:
    """Constants and true values as matrices, scalars as numbers, by symbol.

    Matrices come from the inputs, from `Instance.constants` and, in general position, from the point; scalars from there or
    from an aligned point as well. A downstream covariance that nobody gave is that of the features' input in the data.
    Raises `InputError` naming a constant for which there is no value.
    """
    extra = dict(instance.constants(given)) if instance.constants is not None else {}
    known = {**point.values, **given, **extra}
    matrices = {**given, **extra, **(point.values if isinstance(point, GeneralPoint) else {})}
    values: dict[sympy.Basic, np.ndarray | float] = {}
    for scalar in _symbols(model, sympy.Symbol):
        name = scalar.of if isinstance(scalar, ScalarTruth) else scalar.name
        if name in known and np.ndim(known[name]) == 0 and not isinstance(known[name], str):
            values[scalar] = float(known[name])
    missing = []
    for symbol in _symbols(model, Constant, Truth):
        name = symbol.of if isinstance(symbol, Truth) else symbol.name
        if name in matrices:
            array = np.asarray(matrices[name], float)
            values[symbol] = array.reshape([1, -1]) if symbol.shape[0] == 1 else array.reshape([len(array), -1])
        else:
            missing.append(symbol)
    down: MatrixExpr = model.downstream.x.cov
    for symbol in missing:
        if symbol != down or model.input.cov == down:
            raise InputError(f"{symbol}: a value of shape {tuple(symbol.shape)} is missing from the input")
        values[symbol] = evaluate_matrix(model.input.cov, values, sizes_of(model, given))
    return values


def constants_of(
    model: Model, instance: Instance, given: Mapping[str, Any], point: AlignedPoint | GeneralPoint
) -> dict[str, Any]:
    """The same by name, with the dimensions: what the general route takes beside `w*`."""
    sizes = sizes_of(model, given)
    values = symbol_values(model, instance, given, point)
    named = {symbol.name: value for symbol, value in values.items() if isinstance(symbol, Constant)}
    scalars = {s.name: v for s, v in values.items() if isinstance(s, sympy.Symbol) and not isinstance(s, ScalarTruth)}
    return {**{s.name: n for s, n in sizes.items()}, **scalars, **named}
