"""One check for each kind of key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from symasym.errors import InputError
from symasym.inputs.arrays import array, number
from symasym.inputs.shown import shown
from symasym.model.instance import Key, Kind

__all__ = ["value"]

LARGEST_COUNT = 2**53
"""Above, whole numbers have no exact floats."""
SYMMETRY = 1e-10
"""Relative asymmetry that is still read as rounding."""


def value(key: Key, given: Any) -> Any:
    """The value of a key as an array, a number or a flag; `InputError` unless it is of the key's kind."""
    with np.errstate(all="ignore"):  # what overflows here is caught by the comparisons
        return CHECKS[key.kind](key, given)


def _whole(key: Key, given: Any) -> int:
    if isinstance(given, bool | np.bool) or not isinstance(given, int | np.integer) or given < 1:
        raise InputError(f"{key.name}: {shown(given)} came, {key.kind.value} is expected")
    if given > LARGEST_COUNT:
        raise InputError(f"{key.name}: {shown(given)} came, {key.kind.value} up to 2^53 is expected")
    return int(given)


def _draws(key: Key, given: Any) -> Fraction:
    """`1/K` of the `K` draws that a loss averages over for each sample; 0 for an expectation."""
    named = {"averaged": Fraction(0), "sampled": Fraction(1)}
    return named[given] if isinstance(given, str) and given in named else Fraction(1, _whole(key, given))


def _bounded(fine: Callable[[float], bool], why: str = "") -> Callable[[Key, Any], float]:
    def check(key: Key, given: Any) -> float:
        result = number(key, given)
        if not fine(result):
            raise InputError(f"{key.name}: {shown(given)} came, {key.kind.value} is expected{why}")
        return result

    return check


def _flag(key: Key, given: Any) -> bool:
    if not isinstance(given, bool):
        raise InputError(f"{key.name}: {shown(given)} came, {key.kind.value} is expected")
    return given


def _vector(key: Key, given: Any) -> np.ndarray:
    result = array(key, given)
    if not np.any(result):
        raise InputError(f"{key.name}: only zeros came, so that f* = 0; {key.kind.value} is expected")
    return result


def _symmetric(key: Key, given: Any) -> np.ndarray:
    result = array(key, given)
    if result.shape[0] != result.shape[1]:
        raise InputError(f"{key.name}: shape {result.shape} came, a square matrix is expected")
    gap = float(np.max(np.abs(result - result.T)))
    if not gap <= SYMMETRY * float(np.max(np.abs(result))):
        raise InputError(f"{key.name}: it differs from its transpose by {gap:.3g}, a symmetric matrix is expected")
    return result / 2 + result.T / 2


def _covariance(key: Key, given: Any) -> np.ndarray:
    """Positive definite beyond rounding: an eigenvalue of which no digit is certain counts as zero."""
    result = _symmetric(key, given)
    smallest, largest = _extremes(key, result)
    if not smallest > len(result) * np.finfo(float).eps * largest:
        raise _indefinite(key, smallest, largest)
    return result


def _semidefinite(key: Key, given: Any) -> np.ndarray:
    """Positive semidefinite to rounding; singular is allowed."""
    result = _symmetric(key, given)
    smallest, largest = _extremes(key, result)
    if not smallest >= -SYMMETRY * largest:
        raise _indefinite(key, smallest, largest)
    return result


def _extremes(key: Key, matrix: np.ndarray) -> tuple[float, float]:
    try:
        eigenvalues = np.linalg.eigvalsh(matrix)
    except np.linalg.LinAlgError:
        raise InputError(f"{key.name}: its eigenvalues cannot be computed, {key.kind.value} is expected") from None
    return float(eigenvalues[0]), float(eigenvalues[-1])


def _indefinite(key: Key, smallest: float, largest: float) -> InputError:
    return InputError(
        f"{key.name}: its smallest eigenvalue is {smallest:.6g} and its largest {largest:.6g}, {key.kind.value} is expected"
    )


_positive = _bounded(lambda x: x > 0)


def _noise(key: Key, given: Any) -> float | np.ndarray:
    """A variance that all coordinates share, or a covariance."""
    return _covariance(key, given) if isinstance(given, list | np.ndarray) else _positive(key, given)


CHECKS: Mapping[Kind, Callable[[Key, Any], Any]] = {
    Kind.COVARIANCE: _covariance,
    Kind.SYMMETRIC: _symmetric,
    Kind.SEMIDEFINITE: _semidefinite,
    Kind.NOISE: _noise,
    Kind.MATRIX: array,
    Kind.VECTOR: _vector,
    Kind.POSITIVE: _positive,
    Kind.NOT_NEGATIVE: _bounded(lambda x: x >= 0),
    Kind.WEIGHT: _bounded(lambda x: 0 <= x <= 1),
    Kind.DEGREES_OF_FREEDOM: _bounded(lambda x: x > 4, " (fourth moments must exist)"),
    Kind.PROBABILITY: _bounded(lambda x: 0 < x <= 1),
    Kind.DIMENSION: _whole,
    Kind.COUNT: _whole,
    Kind.DRAWS: _draws,
    Kind.FLAG: _flag,
    Kind.NUMBER: number,
    Kind.ARRAY: array,
}
