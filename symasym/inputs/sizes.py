"""Named dimensions of the arrays: one size each, and the relations that the model wants between them.

A shape may be a sum of dimensions, e.g. `d1 + d2` for a joint covariance: with all but one of them known it tells the last.
"""

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
    """Every named dimension has one size; a dimension given as a key of its own counts, sums are read last."""
    sizes: Sizes = {name: (value, name) for name, value in values.items() if keys[name].kind is Kind.DIMENSION}
    arrays = [keys[name] for name, value in values.items() if np.ndim(value)]
    for key in arrays:
        _enter(sizes, key, np.shape(values[key.name]))
    for key in arrays:
        _enter_sums(sizes, key, np.shape(values[key.name]))
    return sizes


def _parts(dimension: str) -> list[str]:
    return [part.strip() for part in dimension.split("+")]


def _enter(sizes: Sizes, key: Key, shape: tuple[int, ...]) -> None:
    for dimension, size in zip(key.shape, shape, strict=True):
        if len(_parts(dimension)) > 1:
            continue
        known, source = sizes.setdefault(dimension, (size, key.name))
        if known != size:
            raise InputError(
                f"{key.name}: shape {shape} came, ({', '.join(key.shape)}) with {dimension} = {known} (from {source}) is expected"
            )


def _enter_sums(sizes: Sizes, key: Key, shape: tuple[int, ...]) -> None:
    for dimension, size in zip(key.shape, shape, strict=True):
        parts = _parts(dimension)
        if len(parts) == 1:
            continue
        known = {
            part: (int(part), "") if part.isdigit() else sizes[part]
            for part in parts
            if part.isdigit() or part in sizes
        }
        left = [part for part in parts if part not in known]
        rest = size - sum(number for number, _ in known.values())
        if len(left) == 1 and rest > 0:
            sizes[left[0]] = rest, key.name
        elif rest < len(left) or (rest > 0 and not left):
            raise _refused(dimension, size, key, known, left)


def _refused(dimension: str, size: int, key: Key, known: Sizes, left: list[str]) -> InputError:
    """A sum that does not come out, put to a part that is a key of its own, if one is."""
    own = next((part for part, (_, source) in known.items() if part == source), None)
    named = {part: item for part, item in known.items() if not part.isdigit()}
    others = [f"{part} = {shown(number)} (from {source})" for part, (number, source) in named.items() if part != own]
    rest = " and ".join([*others, *(f"{part} >= 1" for part in left)])
    rest = f" with {rest}" if rest else ""
    if own is None:
        return InputError(f"{key.name}: size {size} came, {dimension}{rest} is expected")
    return InputError(f"{own}: {shown(known[own][0])} came, {dimension} = {size} (from {key.name}){rest} is expected")


def require(relations: Iterable[sympy.Basic], sizes: Sizes) -> None:
    """Relations between dimensions, e.g. `k < d`; the refusal names the smaller one, if it is a key of its own."""
    for relation in relations:
        smaller = getattr(relation, "lts", relation).free_symbols
        symbols = sorted(relation.free_symbols, key=lambda s: (s not in smaller, str(s)))
        known = {s: sizes[s.name] for s in symbols if s.name in sizes}
        if relation.subs({s: size for s, (size, _) in known.items()}) == sympy.false:
            own = [s.name for s, (_, source) in known.items() if source == s.name]
            name = own[0] if own else next(source for _, source in known.values())
            came = shown(sizes[name][0]) if own else _listed(known)
            rest = f" with {_listed({s: item for s, item in known.items() if s.name != name})}" if own else ""
            raise InputError(f"{name}: {came} came, {relation}{rest} is expected")


def _listed(known: Mapping[sympy.Symbol, tuple[int, str]]) -> str:
    ordered = sorted(known.items(), key=lambda item: str(item[0]))
    return ", ".join(f"{s} = {shown(size)} (from {source})" for s, (size, source) in ordered)
