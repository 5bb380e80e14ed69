"""`symasym bench`: start-up, derivation and evaluation, measured in one run; ratios wherever a rival exists."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from symasym import catalogue
from symasym.document import dump
from symasym.evaluation import evaluate_inputs, law_document
from symasym.general.point import aligned_matrices
from symasym.general.route import general
from symasym.general.sample import random_point
from symasym.pipeline import Derivation, derive_model

__all__ = ["configure", "run"]

SEED = 20261120


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--runs", type=int, default=7, help="interleaved runs of each command (medians are shown)")


def _commands(runs: int) -> dict[str, float]:
    """Median wall seconds of whole processes, interleaved so that a drift of the machine hits all alike."""
    commands = {
        "import sympy": [sys.executable, "-c", "import sympy"],
        "symasym list": [sys.executable, "-m", "symasym", "list"],
        "symasym derive spectral": [sys.executable, "-m", "symasym", "derive", "spectral"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            if number:  # the first round warms the file cache
                seconds[name].append(time.perf_counter() - start)
        print(f"start-up: round {number} of {runs}", file=sys.stderr)
    return {name: statistics.median(values) for name, values in seconds.items()}


def _median(action: Callable[[], Any], runs: int) -> float:
    values = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        values.append(time.perf_counter() - start)
    return statistics.median(values)


def _traced(action: Callable[[], Any]) -> tuple[float, float]:
    """Seconds, and peak memory of arrays in MB (in a second run, because tracing slows things down)."""
    start = time.perf_counter()
    action()
    seconds = time.perf_counter() - start
    tracemalloc.start()
    action()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak / 1e6


def _large_spectral() -> dict[str, Any]:
    """A spectral problem with `d = 512`, `k = 32`, general covariances, a closed span for the target."""
    rng, d, k = np.random.default_rng(SEED), 512, 32
    root = rng.standard_normal((d, d)) / np.sqrt(d) + np.eye(d)
    basis = np.linalg.qr(rng.standard_normal((d, d)))[0]
    lam = np.concatenate([np.linspace(0.9, 0.6, k), np.linspace(0.5, 0.05, d - k)])
    down = rng.standard_normal((d, d)) / np.sqrt(d)
    frame = root @ basis  # x = frame z with z aligned
    target = np.linalg.solve(frame.T, np.concatenate([rng.standard_normal(k), np.zeros(d - k)]))
    return {
        "Sigma": (root @ root.T).tolist(),
        "Sigma_plus": _symmetric((frame * lam) @ frame.T).tolist(),
        "Sigma_down": _symmetric(np.eye(d) + down @ down.T).tolist(),
        "k": k,
        "target": target.tolist(),
        "sigma2": 1.0,
    }


def _symmetric(matrix: np.ndarray) -> np.ndarray:
    return (matrix + matrix.T) / 2


def _general_route(derivation: Derivation, d: int, k: int) -> Callable[[], Any]:
    rng = np.random.default_rng(SEED)
    model = derivation.model
    assert model.aligned is not None
    point = random_point(model, rng)
    point.update({"d": d, "k": k})
    for name, value in point.items():
        if isinstance(value, np.ndarray):
            point[name] = np.linspace(0.9, 0.2, d)
    scalars = {symbol.name: point[symbol.name] for symbol in model.scalars}
    matrices = {**aligned_matrices(model.aligned, point), **scalars, "Sigma_down": np.eye(d)}
    return lambda: general(model, matrices, derivation.forms, derivation.quotient)


def measure(runs: int) -> list[dict[str, Any]]:
    """Rows of the table: what, value, unit, goal."""
    wall = _commands(runs)
    sympy_time = wall["import sympy"]
    rows = [
        _row("import sympy, whole process", sympy_time, "s", None),
        _row("symasym list / import sympy", wall["symasym list"] / sympy_time, "x", 0.8),
        _row("symasym derive spectral (cold) / import sympy", wall["symasym derive spectral"] / sympy_time, "x", 5),
    ]
    derivations = {}
    for name in catalogue.names():
        loaded = catalogue.load(name)
        derivations[name] = derive_model(loaded.model, name)
        seconds = _median(lambda model=loaded.model, name=name: derive_model(model, name), runs)  # type: ignore[misc]
        rows.append(_row(f"derivation of {name}, every (d, k) at once", seconds, "s", 0.3))
    print("derivations done", file=sys.stderr)
    document = json.loads(json.dumps(_large_spectral()))
    loaded = catalogue.load("spectral")
    seconds, memory = _traced(lambda: law_document("spectral", evaluate_inputs(loaded, document), (0.5, 0.95)))
    rows.append(_row("eval spectral, d = 512, k = 32, general Sigma_down", seconds, "s", 5))
    rows.append(_row("  its peak memory", memory, "MB", 1000))
    for name, derivation in derivations.items():
        seconds, memory = _traced(_general_route(derivation, 64, 16))
        rows.append(_row(f"general route of {name}, d k = 1024", seconds, "s", 5))
        rows.append(_row("  its peak memory", memory, "MB", None))
        print(f"general route of {name} done", file=sys.stderr)
    return rows


def _row(what: str, value: float, unit: str, goal: float | None) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "goal": goal, "met": None if goal is None else value <= goal}


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; no exit code depends on a time."""
    rows = measure(arguments.runs)
    if arguments.format == "json":
        print(dump("symasym.bench/1", {"seed": SEED, "rows": rows}))
        return 0
    print("| what | measured | goal | met |\n|---|---|---|---|")
    for row in rows:
        goal = "" if row["goal"] is None else f"at most {row['goal']:g} {row['unit']}"
        met = "" if row["met"] is None else ("yes" if row["met"] else "no")
        print(f"| {row['what']} | {row['value']:.3g} {row['unit']} | {goal} | {met} |")
    return 0
