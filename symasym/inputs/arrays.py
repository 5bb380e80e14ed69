"""Numbers, vectors and matrices from JSON: finite, rectangular, of a size that floating-point arithmetic carries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from symasym.errors import InputError
from symasym.inputs.shown import shown
from symasym.model.instance import Key

__all__ = ["array", "number"]

SMALLEST, LARGEST = 1e-250, 1e250
"""The largest entry of every key lies between: beyond, not even one product of two entries is a normal float."""
NEGLIGIBLE = 1e-100
"""Entries below this fraction of the largest are zero; every kind of key is well conditioned down to about 1e-16."""


def number(key: Key, given: Any) -> float:
    """A finite number."""
    plain = given.item() if isinstance(given, np.generic) else given
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        raise InputError(f"{key.name}: {shown(plain)} came, {key.kind.value} is expected")
    value = _finite(plain)
    if value is None:
        raise InputError(f"{key.name}: {_unbounded(plain)} came, {key.kind.value} and finite is expected")
    _carried(key, abs(value))
    return value + 0.0  # -0.0 becomes 0.0


def array(key: Key, given: Any) -> np.ndarray:
    """A vector or matrix of finite numbers, as many axes as the key has named dimensions, none of them empty."""
    nested = given.tolist() if isinstance(given, np.ndarray) else given
    result = np.array(_vector(key, nested) if len(key.shape) == 1 else _matrix(key, nested))
    largest = float(np.max(np.abs(result)))
    _carried(key, largest)
    return np.where(np.abs(result) < NEGLIGIBLE * largest, 0.0, result)


def _expected(key: Key) -> str:
    return f"{key.kind.value}, as an array of finite numbers of shape ({', '.join(key.shape)}),"


def _vector(key: Key, given: Any) -> list[float]:
    _filled(key, given)
    return [_entry(key, item, f"entry {n}") for n, item in enumerate(given, 1)]


def _matrix(key: Key, given: Any) -> list[list[float]]:
    _filled(key, given)
    rows: list[list[float]] = []
    for m, row in enumerate(given, 1):
        if not isinstance(row, list | tuple) or not row:
            raise InputError(f"{key.name}: row {m} is {shown(row)}, {_expected(key)} is expected")
        if len(row) != len(given[0]):
            raise InputError(
                f"{key.name}: row {m} has {len(row)} entries but row 1 has {len(given[0])}, {_expected(key)} is expected"
            )
        rows.append([_entry(key, item, f"entry ({m}, {n})") for n, item in enumerate(row, 1)])
    return rows


def _filled(key: Key, given: Any) -> None:
    if not isinstance(given, list) or not given:
        raise InputError(f"{key.name}: {shown(given)} came, {_expected(key)} is expected")


def _entry(key: Key, item: Any, where: str) -> float:
    if isinstance(item, bool) or not isinstance(item, int | float):
        raise InputError(f"{key.name}: {where} is {shown(item)}, {_expected(key)} is expected")
    value = _finite(item)
    if value is None:
        raise InputError(f"{key.name}: {where} is {_unbounded(item)}, {_expected(key)} is expected")
    return value


def _finite(item: int | float) -> float | None:
    try:
        value = float(item)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def _unbounded(item: int | float) -> str:
    return "NaN" if item != item else "an infinite number"


def _carried(key: Key, largest: float) -> None:
    """Refuse a scale at which arithmetic loses its digits; 0 is fine."""
    if largest > LARGEST or 0 < largest < SMALLEST:
        raise InputError(
            f"{key.name}: numbers of size {largest:.3g} came, sizes between {SMALLEST:g} and {LARGEST:g} are expected "
            "(rescale the data)"
        )
