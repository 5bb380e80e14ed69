"""Derivations for symbolic dimensions, the code generated from them, and the build of the whole catalogue."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial

from symasym import catalogue
from symasym.benchmarks import generation
from symasym.benchmarks.rows import Row, median, seconds
from symasym.pipeline import derive

__all__ = ["rows"]

SHARP = {"factor": 0.3, "linear_autoencoder": 0.3, "spectral": 0.3}
LIMIT = 2.0
BUILD = 180.0


def rows(runs: int) -> Iterator[Row]:
    """Every model and variant with its kernel, then `build`."""
    for name in catalogue.names():
        loaded = catalogue.load(name)
        variants = {f"{name}_{variant}": model for variant, model in loaded.variants.items()}
        for label, model in {name: loaded.definition, **variants}.items():
            derivation = derive(model, label)
            taken = median(partial(derive, model, label), max(runs // 2, 1))
            closed = "closed form" if model.aligned is not None else "symbolic stages"
            yield Row(f"derivation of {label}, every (d, k) at once", taken, "s", SHARP.get(label, LIMIT), note=closed)
            yield from generation.rows(derivation, label, runs)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "symasym", "build", "--output", folder]
        taken = seconds(partial(subprocess.run, command, check=True, capture_output=True))
    yield Row("build of the whole catalogue, one process", taken, "s", BUILD)
