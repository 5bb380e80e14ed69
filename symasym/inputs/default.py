"""The keys of a model whose file states none: its constants, true values, scalars, and the dimensions that no array shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from symasym.model.data import GaussianLaw, GaussianVector
from symasym.model.instance import GeneralPoint, Instance, Key, Kind
from symasym.model.matrices import Constant, ScalarParameter, ScalarTruth, Truth
from symasym.model.model import Model

__all__ = ["default_instance"]

ELSEWHERE = ("sigma2", "Sigma_down")
"""Names that every model has as keys already."""


def default_instance(model: Model, example: Mapping[str, Any] | None = None) -> Instance:
    """Natural inputs read off the model: one key for each symbol that needs a value, called by its name.

    The problem is taken in general position: `w*` is found numerically (or is the truth, where the data law holds it).
    """
    keys = [*_matrix_keys(model), *_scalar_keys(model)]
    shown = {dimension for key in keys if key.required for dimension in key.shape}
    every = [*keys, *_dimension_keys(model, shown)]
    return Instance(keys=every, align=lambda given: GeneralPoint(), example=example or {})


def _parts(model: Model) -> tuple[sympy.Basic, ...]:
    task = model.downstream
    return model.loss, model.local_penalty, model.features, task.target, task.noise, task.x


def _atoms(model: Model, *kinds: type[sympy.Basic]) -> list[Any]:
    return sorted({symbol for part in _parts(model) for symbol in part.atoms(*kinds)}, key=str)


def _matrix_keys(model: Model) -> list[Key]:
    vectors = _atoms(model, GaussianVector)
    own = {law.covariance(v.position, v.position) for v in vectors for _, law in v.law.components}
    keys: list[Key] = []
    for symbol in _atoms(model, Constant, Truth):
        name = symbol.of if isinstance(symbol, Truth) else symbol.name
        if name in ELSEWHERE or name in {key.name for key in keys}:
            continue
        rows, columns = symbol.shape
        shape = (str(rows),) if columns == 1 else (str(rows), str(columns))
        keys.append(Key(name, _kind(symbol, own, model), shape, meaning=_meaning(symbol, vectors, model)))
    return keys


def _kind(symbol: Any, covariances: set[Any], model: Model) -> Kind:
    if symbol in covariances:
        return Kind.COVARIANCE
    if symbol == model.downstream.target:
        return Kind.VECTOR
    return Kind.SYMMETRIC if getattr(symbol, "symmetric", False) else Kind.ARRAY


def _meaning(symbol: Any, vectors: list[GaussianVector], model: Model) -> str:
    for what in ("covariance", "mean"):
        owners = [v.name for v in vectors for _, law in v.law.components if _moment(law, v.position, what) == symbol]
        if owners:
            return f"{what} of {' and '.join(dict.fromkeys(owners))}{'' if _everywhere(symbol, vectors) else ' in one component'}"
    if symbol == model.downstream.target:
        return "coefficients of f* in the features' input"
    return f"the true {symbol.of}" if isinstance(symbol, Truth) else f"the constant {symbol.name}"


def _moment(law: GaussianLaw, position: int, what: str) -> Any:
    return law.covariance(position, position) if what == "covariance" else law.mean(position)


def _everywhere(symbol: Any, vectors: list[GaussianVector]) -> bool:
    """True if no mixture has the symbol in some components and not in others."""
    return all(len({law.has(symbol) for _, law in vector.law.components}) == 1 for vector in vectors)


def _scalar_keys(model: Model) -> list[Key]:
    dimensions = set(_dimensions(model))
    names: dict[str, sympy.Symbol] = {}
    for symbol in _atoms(model, sympy.Symbol):
        if symbol in dimensions or isinstance(symbol, ScalarParameter):
            continue
        names[symbol.of if isinstance(symbol, ScalarTruth) else symbol.name] = symbol
    kept = {mask.keep for mask in model.masks}
    return [
        Key(name, Kind.PROBABILITY if symbol in kept else _scalar_kind(symbol), meaning=f"the scalar {name}")
        for name, symbol in names.items()
        if name not in ELSEWHERE
    ]


def _scalar_kind(symbol: sympy.Symbol) -> Kind:
    return Kind.POSITIVE if symbol.is_positive else Kind.NUMBER


def _dimensions(model: Model) -> list[sympy.Symbol]:
    shapes = (n for symbol in _atoms(model, sympy.MatrixSymbol) for n in symbol.shape)
    return sorted({s for n in shapes for s in sympy.sympify(n).free_symbols}, key=str)


def _dimension_keys(model: Model, shown: set[str]) -> list[Key]:
    return [
        Key(symbol.name, Kind.DIMENSION, meaning=f"the dimension {symbol.name}")
        for symbol in _dimensions(model)
        if symbol.name not in shown
    ]
