"""C of a law compiled and called with NumPy arrays."""

from __future__ import annotations

import ctypes
import math
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symasym.codegen.c.emit import Module, emit_c
from symasym.errors import InputError
from symasym.law.law import Law

__all__ = ["Compiled", "compile_c"]

FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-Wno-psabi", "-shared", "-fPIC")


class Compiled:
    """The weights of a law, the cumulants of `||L(Z)||^2` and their derivatives, in double precision, by one thread.

    No domain is checked. Families, scalars and dimensions are given by name; leading axes broadcast.
    """

    def __init__(self, module: Module, library: Any) -> None:
        self.module, self._library = module, library

    def cumulants(self, order: int = 2, **arguments: ArrayLike) -> NDArray[np.float64]:
        """`kappa_1 .. kappa_order`, `(..., order)`."""
        return self._forward(order, False, arguments)[1]

    def weights(self, **arguments: ArrayLike) -> NDArray[np.float64]:
        """The weights, `(..., n)`."""
        return self._forward(1, True, arguments)[0]

    def value_and_gradient(
        self, factors: ArrayLike = (1.0,), **arguments: ArrayLike
    ) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
        """`sum_r factors_r kappa_r` for factors `(..., order)`, and its derivative by each family and scalar, by name."""
        wanted = np.asarray(factors, np.float64)
        if wanted.ndim < 1 or wanted.shape[-1] < 1:
            raise InputError(f"factors: shape {wanted.shape} came, (..., order) with order >= 1 is expected")
        order = wanted.shape[-1]
        read = self._read(arguments, wanted.shape[:-1])
        value = np.empty(read.batch)
        by = {name: np.empty((*read.batch, *core)) for name, core in read.cores.items()}
        passed, kept = read.rows(wanted * _factors(order), (order,))
        pointers = [_pointer(array) for array in (value, *by.values())]
        self._call("pullback", read, order, [*passed, *pointers])
        del kept
        return value, by

    def _forward(
        self, order: int, keep: bool, arguments: Mapping[str, ArrayLike]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Weights, none unless they are to be kept, and cumulants."""
        read = self._read(arguments, ())
        number = _value(self.module.number, read.sizes)
        weights = np.empty((*read.batch, number) if keep else (0, number))
        sums = np.empty((*read.batch, order))
        self._call("forward", read, order, [_pointer(weights) if keep else None, _pointer(sums)])
        return weights, sums

    def _read(self, arguments: Mapping[str, ArrayLike], lead: tuple[int, ...]) -> _Read:
        """Arguments as arrays that fit; `lead` are leading axes of others."""
        given = self.module.given
        names = [*given.lengths, *given.scalars]
        for name in [*names, *given.keywords]:
            if name not in arguments:
                raise InputError(
                    f"{name}: the argument is missing; {', '.join([*names, *given.keywords])} are expected"
                )
        arrays = {name: np.asarray(arguments[name], np.float64) for name in names}
        sizes = {name: int(np.asarray(arguments[name])) for name in given.keywords}
        for source in given.sources:
            if source.family is not None:
                sizes[source.size] = arrays[source.family].shape[-1] - _value(source.rest, sizes)
        for name, length in given.lengths.items():
            if arrays[name].shape[-1:] != (_value(length, sizes),):
                raise InputError(f"{name}: shape {arrays[name].shape} came, (..., {_value(length, sizes)}) is expected")
        cores = {name: array.shape[-1:] if name in given.lengths else () for name, array in arrays.items()}
        leads = [array.shape[: array.ndim - len(cores[name])] for name, array in arrays.items()]
        return _Read(arrays, cores, sizes, np.broadcast_shapes(lead, *leads))

    def _call(self, function: str, read: _Read, order: int, last: Sequence[Any]) -> None:
        passed: list[Any] = [math.prod(read.batch), order, *(read.sizes[name] for name in self.module.given.sizes)]
        kept = []
        for name, array in read.arrays.items():
            more, rows = read.rows(array, read.cores[name])
            passed += more
            kept.append(rows)
        longs = [ctypes.c_long(x) if isinstance(x, int) else x for x in (*passed, *last)]
        if getattr(self._library, function)(*longs):
            raise MemoryError("no memory for one block of problems")


@dataclass(frozen=True)
class _Read:
    """Arguments: arrays, their core shapes, dimensions, and the shape of the batch."""

    arrays: Mapping[str, NDArray[np.float64]]
    cores: Mapping[str, tuple[int, ...]]
    sizes: Mapping[str, int]
    batch: tuple[int, ...]

    def rows(self, array: NDArray[np.float64], core: tuple[int, ...]) -> tuple[list[Any], NDArray[np.float64]]:
        """Pointer and stride from one problem to the next, 0 for one row for all; and what must live as long as the pointer."""
        whole = math.prod(array.shape[: array.ndim - len(core)]) == 1
        rows = np.ascontiguousarray(array if whole else np.broadcast_to(array, self.batch + core))
        return [_pointer(rows), 0 if whole else math.prod(core)], rows


def _pointer(array: NDArray[np.float64]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _factors(order: int) -> NDArray[np.float64]:
    """`kappa_r / sum_a w_a^r = 2^{r-1} (r-1)!`."""
    return np.array([2.0 ** (r - 1) * math.factorial(r - 1) for r in range(1, order + 1)])


def _value(number: Any, sizes: Mapping[str, int]) -> int:
    return number.constant + sum(factor * sizes[name] for name, factor in number.terms)


LANES = (2, 4, 8)
"""Problems in a vector."""


def compile_c(law: Law, share: bool = True, lanes: int | None = None) -> Compiled:
    """The law compiled for this machine; `InputError` without a C compiler, `NotDerivableYet` for sums that it does not write.

    `share` as in `emit_c`; `lanes` problems are in a vector, 2, 4 or 8; what is quickest on this machine unless given.
    """
    if lanes is not None and lanes not in LANES:
        raise InputError(f"lanes: {lanes!r} came, 2, 4 or 8 is expected")
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise InputError("cc: no C compiler was found; the NumPy kernel does the same without one")
    module = emit_c(law, share)
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "law.c", Path(folder) / "law.so"
        source.write_text(module.text, encoding="utf-8")
        flags = FLAGS if lanes is None else (*FLAGS, f"-DLANES={lanes}")
        subprocess.run([compiler, *flags, str(source), "-o", str(library), "-lm"], check=True, capture_output=True)
        return Compiled(module, ctypes.CDLL(str(library)))
