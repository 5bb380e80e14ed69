"""Arithmetic on what came: overflow and underflow become one sentence that names the key."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from symasym.errors import InputError

__all__ = ["guarded", "out_of_range"]


@contextmanager
def guarded(given: Mapping[str, Any], underflow: bool = False) -> Iterator[None]:
    """No floating-point error passes in silence, and none leaves as anything but `InputError`.

    `given` are the checked inputs. With `underflow` a product that becomes smaller than every normal float is an error as
    well, as it must be where products of inputs are divided by each other.
    """
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise", under="raise" if underflow else "ignore"):
            yield
    except (ArithmeticError, np.linalg.LinAlgError):
        raise out_of_range(given) from None


def out_of_range(given: Mapping[str, Any]) -> InputError:
    """The refusal of numbers with which the arithmetic fails, under the name of the key furthest from 1."""
    scales = {name: _scale(value) for name, value in given.items() if isinstance(value, float | np.ndarray)}
    name = max(scales, key=lambda name: _decades(scales[name]), default="--input")
    return InputError(
        f"{name}: numbers of size {scales.get(name, math.inf):.3g} came, with which the arithmetic overflows or underflows; "
        "numbers nearer to 1 are expected (rescale the data)"
    )


def _scale(value: float | np.ndarray) -> float:
    return float(np.max(np.abs(value)))


def _decades(scale: float) -> float:
    return abs(math.log10(scale)) if scale > 0 else 0.0
