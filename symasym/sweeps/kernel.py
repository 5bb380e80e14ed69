"""One chunk of a sweep: the kernel's answer as named arrays, or the point where it fails."""

from __future__ import annotations

import functools
import hashlib
import inspect
import pickle
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symasym.errors import InputError
from symasym.sweeps.grid import array_digest, said

__all__ = ["Failure", "compute", "identity"]

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Failure:
    """What went wrong, and at which point or points."""

    sentence: str


def compute(kernel: Callable[..., Any], points: Arrays, each: bool) -> Arrays | Failure:
    """Arrays `(points, ...)` by name. Exceptions do not travel between processes unharmed, sentences do."""
    try:
        return _answer(kernel, points, each)
    except Exception as error:
        low, high = _narrowed(kernel, points, each)
        first = {name: values[low] for name, values in points.items()}
        where = f"at {said(first)}" if high == low + 1 else f"on the {high - low} points that start at {said(first)}"
        return Failure(f"{where}: {type(error).__name__}: {error}")


def _answer(kernel: Callable[..., Any], points: Arrays, each: bool) -> Arrays:
    count = len(next(iter(points.values())))
    if each:
        answers = [_named(kernel(**{name: values[n] for name, values in points.items()})) for n in range(count)]
        return {name: _plain(name, [answer[name] for answer in answers]) for name in answers[0]}
    found = {}
    for name, value in _named(kernel(**points)).items():
        array = _plain(name, value)
        if array.ndim == 0:  # the same at every point
            array = np.repeat(array[None], count)
        if array.shape[0] != count:
            raise InputError(f"its result {name} has shape {array.shape}; a leading axis of {count} points is expected")
        found[name] = array
    return found


def _plain(name: str, value: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.hasobject:
        kind = type(value[0] if isinstance(value, list) else value).__name__
        raise InputError(f"its result {name} is of type {kind}; numbers or arrays are expected")
    return array


def _named(answer: Any) -> dict[str, Any]:
    """An array is called `value`; fields that are None are left out."""
    if isinstance(answer, Mapping):
        named = dict(answer)
    elif hasattr(answer, "_asdict"):
        named = answer._asdict()
    else:
        named = {"value": answer}
    return {str(name): value for name, value in named.items() if value is not None}


def _narrowed(kernel: Callable[..., Any], points: Arrays, each: bool) -> tuple[int, int]:
    """The first part that fails by itself, by halving."""

    def fails(low: int, high: int) -> bool:
        try:
            _answer(kernel, {name: values[low:high] for name, values in points.items()}, each)
        except Exception:
            return True
        return False

    low, high = 0, len(next(iter(points.values())))
    while high - low > 1:
        middle = (low + high) // 2
        if fails(low, middle):
            high = middle
        elif fails(middle, high):
            low = middle
        else:
            break
    return low, high


def identity(kernel: Callable[..., Any], within: frozenset[int] = frozenset()) -> dict[str, str]:
    """Name and digest of a kernel: of its module's source, or its own where it was typed in, and of what is bound to it."""
    bound, within = hashlib.sha256(), within | {id(kernel)}
    held: list[Any] = []
    while isinstance(kernel, functools.partial):
        held += [*kernel.args, *(item for pair in sorted(kernel.keywords.items()) for item in pair)]
        kernel = kernel.func
    if inspect.ismethod(kernel):
        held.append(kernel.__self__)
    held += [cell.cell_contents for cell in getattr(kernel, "__closure__", None) or ()]
    held += [*(getattr(kernel, "__defaults__", None) or ()), *(getattr(kernel, "__kwdefaults__", None) or {}).values()]
    own = kernel if hasattr(kernel, "__qualname__") else type(kernel)
    if own is not kernel:
        held.append(kernel)
    for value in held:
        bound.update(_value_digest(value, within).encode())
    module = sys.modules.get(own.__module__ or "")
    try:
        source = inspect.getsource(own if module is None or own.__module__ == "__main__" else module)
    except (OSError, TypeError):  # compiled, or typed at a prompt
        code = getattr(own, "__code__", None)
        source = repr((code.co_code, code.co_names)) if code else ""
    name = f"{own.__module__}.{own.__qualname__}"
    bound.update(f"{name}\n{source}".encode())
    return {"name": name, "sha256": bound.hexdigest()}


def _value_digest(value: Any, within: frozenset[int]) -> str:
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return array_digest(value)
    if inspect.isroutine(value):
        return "itself" if id(value) in within else identity(value, within)["sha256"]
    try:
        return hashlib.sha256(pickle.dumps(value, protocol=4)).hexdigest()
    except Exception:  # whatever a class makes of pickling
        return type(value).__qualname__
