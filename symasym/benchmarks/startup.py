"""Start-up: whole processes against importing SymPy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial

from symasym.benchmarks.rows import Row, interleaved

__all__ = ["rows"]


def _process(*arguments: str) -> Callable[[], object]:
    return partial(subprocess.run, [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def rows(runs: int) -> Iterator[Row]:
    """`import sympy`, `list` and a cold derivation."""
    wall = interleaved(
        {
            "sympy": _process("-c", "import sympy"),
            "list": _process("-m", "symasym", "list"),
            "derive": _process("-m", "symasym", "derive", "spectral"),
        },
        runs,
    )
    yield Row("import sympy, whole process", wall["sympy"], "s")
    yield Row("symasym list / import sympy", wall["list"] / wall["sympy"], "x", 0.8)
    yield Row("symasym derive spectral (cold) / import sympy", wall["derive"] / wall["sympy"], "x", 5)
