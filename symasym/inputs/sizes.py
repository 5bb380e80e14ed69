"""Named dimensions of the arrays: one size each, and the relations that the model wants between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import sympy

from symasym.errors import InputError
from symasym.inputs.shown import shown
from symasym.model.instance import Key, Kind

__all__ = ["agree", "require"]

Sizes = dict[str, tuple[int, str]]
"""Size of each named dimension, and the key it was read from."""


def agree(keys: Mapping[str, Key], values: Mapping[str, Any]) -> Sizes:
    """Every named dimension has one size; a dimension given as a key of its own counts."""
    sizes: Sizes = {name: (value, name) for name, value in values.items() if keys[name].kind is Kind.DIMENSION}
    for name, value in values.items():
        if keys[name].shape:
            _enter(sizes, keys[name], np.shape(value))
    return sizes


def _enter(sizes: Sizes, key: Key, shape: tuple[int, ...]) -> None:
    for dimension, size in zip(key.shape, shape, strict=True):
        known, source = sizes.setdefault(dimension, (size, key.name))
        if known != size:
            raise InputError(
                f"{key.name}: shape {shape} came, ({', '.join(key.shape)}) with {dimension} = {known} (from {source}) is expected"
            )


def require(relations: Iterable[sympy.Basic], sizes: Sizes) -> None:
    """Relations between dimensions, e.g. `k < d`; the refusal names the dimension that is a key of its own, if one is."""
    for relation in relations:
        known = {s: sizes[s.name] for s in sorted(relation.free_symbols, key=str) if s.name in sizes}
        if relation.subs({s: size for s, (size, _) in known.items()}) == sympy.false:
            own = [s.name for s, (_, source) in known.items() if source == s.name]
            name = own[0] if own else next(source for _, source in known.values())
            came = shown(sizes[name][0]) if own else _listed(known)
            rest = f" with {_listed({s: item for s, item in known.items() if s.name != name})}" if own else ""
            raise InputError(f"{name}: {came} came, {relation}{rest} is expected")


def _listed(known: Mapping[sympy.Symbol, tuple[int, str]]) -> str:
    return ", ".join(f"{s} = {shown(size)} (from {source})" for s, (size, source) in known.items())
