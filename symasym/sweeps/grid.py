"""Points of a sweep: named arrays that broadcast against each other, or their product."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from symasym.errors import InputError

__all__ = ["Grid", "array_digest", "grid_of", "said"]


@dataclass(frozen=True)
class Grid:
    """`parameters`: arrays of shape `(..., *core)` whose leading axes broadcast to `shape`; `core`: how many axes a point has."""

    parameters: dict[str, np.ndarray]
    core: dict[str, int]
    shape: tuple[int, ...]

    @property
    def points(self) -> int:
        """How many points there are."""
        return int(np.prod(self.shape, dtype=np.int64))

    def at(self, start: int, stop: int) -> dict[str, np.ndarray]:
        """The points `start..stop - 1`, counted with the last axis fastest: arrays of shape `(stop - start, *core)`."""
        where = np.unravel_index(np.arange(start, stop), self.shape or (1,))
        found = {}
        for name, values in self.parameters.items():
            own = values.shape[: values.ndim - self.core[name]]
            axes = where[len(where) - len(own) :]
            index = tuple(axis if size > 1 else np.zeros_like(axis) for axis, size in zip(axes, own, strict=True))
            found[name] = values[index] if own else np.repeat(values[None], stop - start, axis=0)
        return found

    def digest(self) -> dict[str, object]:
        """What the parameters are, in a form that JSON takes."""
        return {
            name: {
                "core": self.core[name],
                "shape": list(values.shape),
                "dtype": values.dtype.str,
                "sha256": array_digest(values),
            }
            for name, values in self.parameters.items()
        }


def grid_of(arrays: Mapping[str, ArrayLike], core: Mapping[str, int], product: bool) -> Grid:
    """The grid, checked; see `symasym.sweep`."""
    if not arrays:
        raise InputError("grid: no parameter came, at least one array is expected")
    for name in core:
        if name not in arrays:
            raise InputError(f"core: {name} is not among the parameters {', '.join(arrays)}")
    parameters, axes = {}, {name: int(core.get(name, 0)) for name in arrays}
    for name, values in arrays.items():
        array = np.asarray(values)
        if array.dtype.hasobject:
            raise InputError(
                f"grid: {name} has entries of type {array.dtype}; numbers, truth values or text are expected"
            )
        if not 0 <= axes[name] <= array.ndim:
            raise InputError(f"core: {axes[name]} came for {name}, whose shape is {array.shape}")
        parameters[name] = array
    leading = {name: array.shape[: array.ndim - axes[name]] for name, array in parameters.items()}
    if product:
        after = sum(map(len, leading.values()))
        for name, own in leading.items():
            after -= len(own)  # axes of the parameters that follow
            parameters[name] = parameters[name].reshape((*own, *(1,) * after, *parameters[name].shape[len(own) :]))
            leading[name] = (*own, *(1,) * after)
    try:
        shape = np.broadcast_shapes(*leading.values())
    except ValueError:
        came = ", ".join(f"{name} {own}" for name, own in leading.items())
        raise InputError(f"grid: the shapes {came} do not broadcast; give product=True for the product") from None
    return Grid({name: array.copy(order="C") for name, array in parameters.items()}, axes, shape)


def array_digest(values: np.ndarray) -> str:
    """SHA-256 of type, shape and content."""
    found = hashlib.sha256(f"{values.dtype.str} {values.shape} ".encode())
    found.update(values.tobytes())
    return found.hexdigest()


def said(point: Mapping[str, np.ndarray]) -> str:
    """One point, as a sentence names it."""
    parts = []
    for name, value in point.items():
        array = np.asarray(value)
        text = np.array2string(array, threshold=8, edgeitems=2, max_line_width=10_000, separator=", ")
        parts.append(f"{name} = {' '.join(text.split()) if array.ndim else array.item()!r}")
    return ", ".join(parts)
