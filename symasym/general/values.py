"""Numbers by name become matrices of atoms: names and shapes checked, dimensions read off the arrays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import sympy

from symasym.calculus.forms import Forms
from symasym.errors import InputError
from symasym.general.arrays import Matrices
from symasym.law.evaluate import evaluate
from symasym.model.matrices import Constant, Parameter
from symasym.model.model import Model

__all__ = ["matrices_of", "matrix_symbols"]


def matrix_symbols(model: Model) -> dict[str, Any]:
    """Every matrix symbol that needs a value, by name: parameters and constants, of the laws as well."""
    task = model.downstream
    parts = [model.loss, model.local_penalty, model.features, task.target, task.noise, task.x.cov]
    found = {symbol.name: symbol for part in parts for symbol in part.atoms(Parameter, Constant)}
    return dict(sorted(found.items()))


def matrices_of(model: Model, values: Mapping[str, Any], forms: Forms, without: Collection[str] = ()) -> Matrices:
    """The values of all atoms.

    `values` maps the name of every parameter and constant to an array `(..., rows, columns)`, a vector also to `(..., rows)`, of
    every scalar to a number; a dimension that no array shows may be given by its name. Symbols in `without` are left out.
    """
    symbols = {name: symbol for name, symbol in matrix_symbols(model).items() if name not in without}
    sizes = _stated_sizes(model, values)
    arrays: dict[str, np.ndarray] = {}
    for name, symbol in symbols.items():
        if name not in values:
            raise InputError(f"{name}: a value of shape {tuple(symbol.shape)} is missing")
        array = np.asarray(values[name], float)
        if symbol.shape[1] == 1 and (array.ndim == 1 or array.shape[-1] != 1):
            array = array[..., None]
        _enter(sizes, name, symbol, array)
        arrays[name] = array
    scalars: dict[sympy.Symbol, Any] = dict(sizes)
    for symbol in model.scalars:
        if symbol.name in without:
            continue
        if symbol.name not in values:
            raise InputError(f"{symbol.name}: a value is missing")
        scalars[symbol] = np.asarray(values[symbol.name], float)
    table = {symbol.name: value for symbol, value in scalars.items()}
    for condition in forms.scale_conditions:
        _require_finite(condition, table)
    for symbol, value in forms.scale_moments.items():
        scalars[symbol] = evaluate(value, table)
    return Matrices(arrays, scalars)


def _require_finite(condition: Any, table: Mapping[str, Any]) -> None:
    """Refuse tails so heavy that the score has no covariance: `condition` is `nu > 2p`."""
    came = np.asarray(evaluate(condition.lhs, table))
    if not np.all(came > float(condition.rhs)):
        raise InputError(
            f"{condition.lhs}: {np.min(came):g} came, a number above {condition.rhs} is expected (moments of order "
            f"{condition.rhs} of the data must exist)"
        )


def _stated_sizes(model: Model, values: Mapping[str, Any]) -> dict[sympy.Symbol, int]:
    shapes = (n for symbol in matrix_symbols(model).values() for n in symbol.shape)
    names = {s for n in shapes for s in sympy.sympify(n).free_symbols}
    return {s: int(values[s.name]) for s in sorted(names, key=str) if s.name in values}


def _enter(sizes: dict[sympy.Symbol, int], name: str, symbol: Any, array: np.ndarray) -> None:
    """Read the dimensions off an array; refuse one that contradicts what is known."""
    for dimension, size in zip(symbol.shape, array.shape[-2:], strict=True):
        if isinstance(dimension, sympy.Symbol):
            known = sizes.setdefault(dimension, size)
        else:
            found = sympy.sympify(dimension).subs(sizes)
            known = int(found) if found.is_Integer else size
        if known != size:
            raise InputError(
                f"{name}: an array of shape {array.shape} came, {tuple(symbol.shape)} with {dimension} = {known} is expected"
            )
