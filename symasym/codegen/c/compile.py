"""C of a law compiled and called with NumPy arrays."""

from __future__ import annotations

import ctypes
import math
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symasym.codegen.c.emit import Module, emit_c
from symasym.errors import InputError
from symasym.law.law import Law

__all__ = ["Compiled", "compile_c"]

FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-shared", "-fPIC")


class Compiled:
    """The weights of a law and the cumulants of `||L(Z)||^2`, in double precision, by one thread; no domain is checked."""

    def __init__(self, module: Module, function: Any) -> None:
        self.module, self._function = module, function

    def cumulants(self, order: int = 2, **arguments: ArrayLike) -> NDArray[np.float64]:
        """`kappa_1 .. kappa_order`, `(..., order)`; families, scalars and dimensions by name, leading axes broadcast."""
        return self(order, False, **arguments)[1]

    def weights(self, **arguments: ArrayLike) -> NDArray[np.float64]:
        """The weights, `(..., n)`."""
        return self(1, True, **arguments)[0]

    def __call__(
        self, order: int, keep: bool, **arguments: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Weights, none unless they are to be kept, and cumulants."""
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
        leads = [array.shape[:-1] if name in given.lengths else array.shape for name, array in arrays.items()]
        batch = np.broadcast_shapes(*leads)
        count, number = math.prod(batch), _value(self.module.number, sizes)
        weights, sums = np.empty((count if keep else 0, number)), np.empty((count, order))
        passed: list[Any] = [count, order, *(sizes[name] for name in given.sizes)]
        kept = []
        for name, array in arrays.items():
            core = array.shape[-1:] if name in given.lengths else ()
            whole = math.prod(array.shape[: array.ndim - len(core)]) == 1
            rows = np.ascontiguousarray(array if whole else np.broadcast_to(array, batch + core))
            kept.append(rows)
            passed += [ctypes.c_void_p(rows.ctypes.data), 0 if whole else math.prod(core)]
        longs = [ctypes.c_long(x) if isinstance(x, int) else x for x in passed]
        kept_weights = ctypes.c_void_p(weights.ctypes.data if keep else None)
        self._function(*longs, kept_weights, ctypes.c_void_p(sums.ctypes.data))
        sums *= [2.0 ** (r - 1) * math.factorial(r - 1) for r in range(1, order + 1)]
        return weights.reshape((*batch, number) if keep else (0, number)), sums.reshape(*batch, order)


def _value(number: Any, sizes: dict[str, int]) -> int:
    return number.constant + sum(factor * sizes[name] for name, factor in number.terms)


def compile_c(law: Law, fold: bool = False) -> Compiled:
    """The law compiled for this machine; `InputError` without a C compiler, `NotDerivableYet` for sums that it does not write.

    `fold` as in `emit_c`.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise InputError("cc: no C compiler was found; the NumPy kernel does the same without one")
    module = emit_c(law, fold)
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "law.c", Path(folder) / "law.so"
        source.write_text(module.text, encoding="utf-8")
        subprocess.run([compiler, *FLAGS, str(source), "-o", str(library), "-lm"], check=True, capture_output=True)
        return Compiled(module, ctypes.CDLL(str(library)).power_sums)
