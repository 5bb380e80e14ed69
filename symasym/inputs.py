"""JSON inputs of a model, checked key by key: every refusal names the key, what came and what is expected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from symasym.errors import InputError
from symasym.model.instance import Instance, Key, Kind

__all__ = ["COMMON", "check", "read"]

COMMON = (
    Key("alpha", Kind.POSITIVE, required=False, meaning="ratio m/n of unlabelled to labelled samples"),
    Key("sigma2", Kind.POSITIVE, required=False, meaning="label noise variance"),
    Key(
        "Sigma_down",
        Kind.COVARIANCE,
        ("d", "d"),
        required=False,
        meaning="downstream covariance of the features' input",
    ),
)
SYMMETRY = 1e-10
"""Relative asymmetry that is still read as rounding."""


def read(path: str) -> dict[str, Any]:
    """The JSON object in a file; `InputError` for anything else."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"--input: {path} cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise InputError(f"--input: {path} is not UTF-8 text; a JSON object is expected") from None
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(
            f"--input: {path} is not JSON ({' '.join(str(error).split())}); a JSON object is expected"
        ) from None
    if not isinstance(document, dict):
        raise InputError(f"--input: {path} holds a {type(document).__name__}; a JSON object is expected")
    return document


def check(instance: Instance, document: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs by key as arrays and numbers, and the size of every named dimension; keys that were left out are absent."""
    keys = {key.name: key for key in (*instance.keys, *COMMON)}
    for name in document:
        if name not in keys:
            near = get_close_matches(name, keys, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(keys)}"
            raise InputError(f"{name}: not a key of this model; {hint}")
    for key in keys.values():
        if key.required and key.name not in document:
            raise InputError(f"{key.name}: the key is missing; {key.kind.value} is expected ({key.meaning})")
    values = {name: _value(keys[name], given) for name, given in document.items()}
    return {**_agree(keys, values), **values}


def _value(key: Key, given: Any) -> Any:
    if key.kind is Kind.DIMENSION:
        if isinstance(given, bool) or not isinstance(given, int) or given < 1:
            raise InputError(f"{key.name}: {given!r} came, a positive integer is expected")
        return given
    if key.kind is Kind.COUNT:
        if isinstance(given, bool) or not isinstance(given, int) or given < 1:
            raise InputError(f"{key.name}: {given!r} came, {key.kind.value} is expected")
        return given
    if key.kind is Kind.DEGREES_OF_FREEDOM:
        number = _array(key, given, ())
        if not number > 4:
            raise InputError(f"{key.name}: {given!r} came, {key.kind.value} is expected (fourth moments must exist)")
        return float(number)
    if key.kind is Kind.POSITIVE:
        number = _array(key, given, ())
        if not number > 0:
            raise InputError(f"{key.name}: {given!r} came, a positive number is expected")
        return float(number)
    array = _array(key, given, key.shape)
    if key.kind in (Kind.SYMMETRIC, Kind.COVARIANCE):
        array = _symmetric(key, array)
    if key.kind is Kind.COVARIANCE:
        smallest = float(np.linalg.eigvalsh(array)[0])
        if smallest <= 0:
            raise InputError(
                f"{key.name}: its smallest eigenvalue is {smallest:.6g}, a positive definite matrix is expected"
            )
    return array


def _array(key: Key, given: Any, shape: tuple[str, ...]) -> np.ndarray:
    expected = f"an array of shape ({', '.join(shape)})" if shape else "a number"
    _numbers_only(key, given, expected)
    try:
        array = np.array(given, dtype=float)
    except (ValueError, OverflowError):
        raise InputError(f"{key.name}: rows of different lengths came, {expected} is expected") from None
    if array.ndim != len(shape) or (shape and 0 in array.shape):
        raise InputError(f"{key.name}: shape {array.shape} came, {expected} is expected")
    if not np.all(np.isfinite(array)):
        raise InputError(f"{key.name}: an infinite or undefined number came, {expected} of finite numbers is expected")
    return array


def _numbers_only(key: Key, given: Any, expected: str) -> None:
    stack = [given]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, bool) or not isinstance(item, int | float):
            raise InputError(f"{key.name}: it holds {item!r}, {expected} is expected")


def _symmetric(key: Key, array: np.ndarray) -> np.ndarray:
    if array.shape[0] != array.shape[1]:
        raise InputError(f"{key.name}: shape {array.shape} came, a square matrix is expected")
    gap = float(np.max(np.abs(array - array.T)))
    if gap > SYMMETRY * float(np.max(np.abs(array))):
        raise InputError(f"{key.name}: it differs from its transpose by {gap:.3g}, a symmetric matrix is expected")
    return (array + array.T) / 2


def _agree(keys: Mapping[str, Key], values: Mapping[str, Any]) -> dict[str, int]:
    """Every named dimension has one size; a dimension given as a key of its own counts."""
    sizes = {name: (value, name) for name, value in values.items() if keys[name].kind is Kind.DIMENSION}
    for name, value in values.items():
        for dimension, size in zip(keys[name].shape, np.shape(value), strict=False):
            known, source = sizes.setdefault(dimension, (size, name))
            if known != size:
                raise InputError(
                    f"{name}: shape {np.shape(value)} came, ({', '.join(keys[name].shape)}) with {dimension} = {known} (from "
                    f"{source}) is expected"
                )
    return {dimension: size for dimension, (size, _) in sizes.items()}
