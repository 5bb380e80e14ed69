"""`eval` of a large problem, and the general route."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from symasym import catalogue
from symasym.benchmarks.rows import SEED, Row, traced
from symasym.evaluation import evaluate_inputs, law_document
from symasym.general.point import aligned_matrices
from symasym.general.route import general
from symasym.general.sample import random_point
from symasym.pipeline import Derivation, derive_model

__all__ = ["rows"]


def rows(runs: int) -> Iterator[Row]:
    """Seconds and peak memory; each is run once, because it takes long enough."""
    del runs
    document, loaded = large_spectral(), catalogue.load("spectral")
    taken, memory = traced(lambda: law_document("spectral", evaluate_inputs(loaded, document), (0.5, 0.95)))
    yield Row("eval spectral, d = 512, k = 32, general Sigma_down", taken, "s", 5)
    yield Row("  its peak memory", memory, "MB", 1000)
    for name in ("factor", "linear_autoencoder", "spectral"):
        taken, memory = traced(_general_route(derive_model(catalogue.load(name).model, name), 64, 16))
        yield Row(f"general route of {name}, d k = 1024", taken, "s", 5)
        yield Row("  its peak memory", memory, "MB")


def large_spectral() -> dict[str, Any]:
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
