"""The mean of the mixture model by Monte Carlo in the style of its source: JAX, every derivative of every sample by itself.

    python -m symasym.benchmarks.published '{"K": 4, "d": 100, "beta": 2, "norm": 10, "samples": 4000, "batch": 100, "full": 1}'

Written from the description in [TT26] (Sec. 6.3, App. K), not from the published program, whose text has not been seen: scores
by `jax.grad` of the log likelihood, the Fisher matrix as the mean of their outer products in all `K d` dimensions, its plug-in
inverse; `D f*` by `jax.jacrev` of the features (`full`) or, which costs the rival far less, by `jax.grad` of `f*` alone; the
features' Gram matrix projected out. Samples are taken in batches under `jax.vmap` and `jax.jit`, in single precision, JAX's
default. A run prints one JSON object: seconds of the processor for each sample and for the rest, without compiling, and peak
memory in MB without that of the imports.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

__all__ = ["point"]

EIGENVALUE = 1e-5
"""Of the features' Gram matrix relative to the largest one, below which it is rounding in single precision."""
SEED = 20261120


def point(K: int, d: int, beta: float, norm: float) -> tuple[np.ndarray, np.ndarray]:
    """Centres `(K, d)` and `theta` `(K, d + 1)` of the paper's experiments: `beta e_i`, and blocks `(1/i) 1_{d+1}`."""
    theta = np.outer(1 / np.arange(1, K + 1), np.ones(d + 1))
    return beta * np.eye(K, d), norm * theta / np.linalg.norm(theta)


def _moments(jax: Any, jnp: ModuleType, theta: Any, full: bool) -> Callable[..., Any]:
    """Sums over a batch of samples, `x` and `U` given: `F F^T`, `F D^T`, `D D^T`, `S S^T`."""

    def shares(x: Any, U: Any) -> Any:
        return jax.nn.softmax(-jnp.sum((x - U) ** 2, axis=1) / 2)

    def features(x: Any, U: Any) -> Any:
        across = U[1:] - U[0]
        inside = (jnp.linalg.solve(across @ across.T, across @ (x - U).T).T) @ across
        pi = shares(x, U)  # of the projected mixture too: logits differ by what does not depend on the member
        return jnp.concatenate([pi[:, None] * inside, pi[:, None]], axis=1)

    def loss(x: Any, U: Any) -> Any:
        return -jax.scipy.special.logsumexp(-jnp.sum((x - U) ** 2, axis=1) / 2)

    def displaced(x: Any, U: Any) -> Any:
        if full:
            return jnp.tensordot(theta, jax.jacrev(features, argnums=1)(x, U), axes=2)
        return jax.grad(lambda V: jnp.sum(theta * features(x, V)))(U)

    def batch(x: Any, U: Any) -> Any:
        F, D, S = (
            jax.vmap(function, in_axes=(0, None))(x, U).reshape(len(x), -1)
            for function in (features, displaced, jax.grad(loss, argnums=1))
        )
        return F.T @ F, F.T @ D, D.T @ D, S.T @ S

    return jax.jit(batch)


def mean(FF: np.ndarray, FD: np.ndarray, DD: np.ndarray, SS: np.ndarray) -> float:
    """`tr(K V)`, the inverse of the sampled Fisher matrix as it is."""
    values, axes = np.linalg.eigh(FF)
    kept = values > EIGENVALUE * values[-1]
    cross = (axes[:, kept] / np.sqrt(values[kept])).T @ FD
    return float(np.trace(np.linalg.solve(SS, DD - cross.T @ cross)))


def _peak() -> float:
    """Peak memory of this process in MB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def run(
    K: int, d: int, beta: float, norm: float, samples: int, batch: int, full: bool, seed: int = 0
) -> dict[str, float]:
    """One point by `samples` samples."""
    jax: Any = importlib.import_module("jax")
    jnp: ModuleType = importlib.import_module("jax.numpy")
    centres, theta = point(K, d, beta, norm)
    U, moments = jnp.asarray(centres), _moments(jax, jnp, jnp.asarray(theta), full)
    before, rng = _peak(), np.random.default_rng([SEED, seed])

    def draw() -> Any:
        return jnp.asarray(centres[rng.integers(K, size=batch)] + rng.standard_normal((batch, d)), dtype=jnp.float32)

    jax.block_until_ready(moments(draw(), U))  # compiles
    start, total, count = time.process_time(), None, max(samples // batch, 1)
    for _ in range(count):
        found = moments(draw(), U)
        total = found if total is None else [a + b for a, b in zip(total, found, strict=True)]
    jax.block_until_ready(total)
    sampled, start = time.process_time() - start, time.process_time()
    assert total is not None
    value = mean(*(np.asarray(part, float) / (count * batch) for part in total))
    return {
        "value": value,
        "each": sampled / (count * batch),
        "rest": time.process_time() - start,
        "peak": _peak() - before,
    }


if __name__ == "__main__":
    print(json.dumps(run(**json.loads(sys.argv[1]))))
