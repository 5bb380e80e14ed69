"""The mixture model: rules and their accuracy, and Monte Carlo in the published style at one per cent."""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from symasym import catalogue
from symasym.benchmarks.published import mean, point
from symasym.benchmarks.rows import SEED, Row, seconds, traced
from symasym.evaluation import evaluate_inputs

__all__ = ["rows"]

NAME = "gmm"
BLOCKS = 8
SAMPLES = 16000
"""In each block, whose spread gives the noise."""
TARGET = 0.01
POINTS = ((4, 100), (8, 30))
"""Of Figure 2: `K` and `d`, with `beta = 2`."""
BETA, NORM = 2.0, 10.0
HELD, TIMED = 64e6, 2000
"""Bytes of Jacobians that the rival holds at a time, which says how many samples, and the samples that it is timed on."""
ONE_THREAD = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def rows(runs: int) -> Iterator[Row]:
    """Each is run once; seconds of the processor, which are those of the wall clock on one thread of an idle machine."""
    del runs
    simplex = {
        f"K = {K}, centres beta e_i, beta = {beta:g}": (beta * np.eye(K), 5.0) for K, beta in ((5, 2.0), (14, 2.0))
    }
    rng = np.random.default_rng(SEED)
    cases = {
        "K = 2, separation 8": (8 * np.eye(2, 1)[::-1], 1.0),
        "K = 3, general centres": (2 * rng.standard_normal((3, 2)), 1.0),
        "K = 4, separation 8": (np.array([[0, 0, 0], [8, 0, 0], [1.5, 7.9, 0], [3, 4, 9.0]]), 30.0),
        **simplex,
        "K = 8, general centres": (1.5 * rng.standard_normal((8, 7)), 60.0),
    }
    loaded = catalogue.load(NAME)
    for what, (centres, goal) in cases.items():
        document = _problem(centres, centres.shape[1] + 3)
        start = time.process_time()
        error = evaluate_inputs(loaded, document).remarks["integrals"]["error"]
        taken, memory = time.process_time() - start, traced(partial(evaluate_inputs, loaded, document))[1]
        yield Row(f"law of {what}", taken, "s", goal, note=f"{error['kind']} {error['mean']:.0e}; {memory:.0f} MB")
    yield from _against_sampling()


def _problem(centres: np.ndarray, dimension: int) -> dict[str, Any]:
    K, c = centres.shape
    theta = np.random.default_rng(SEED).standard_normal((K, c + 1))
    return {"centers": centres.tolist(), "theta": theta.tolist(), "sigma2": 1.0, "ambient": dimension}


def _against_sampling() -> Iterator[Row]:
    """Seconds of the processor, one thread on both sides; samples for one per cent from the spread of blocks, by `1/sqrt(N)`."""
    loaded = catalogue.load(NAME)
    for K, d in POINTS:
        centres, theta = point(K, d, BETA, NORM)
        document = {"centers": centres.tolist(), "theta": theta.tolist(), "sigma2": 1.0}
        evaluate = partial(evaluate_inputs, loaded, document)
        first = seconds(evaluate, time.process_time)
        law = statistics.median(seconds(evaluate, time.process_time) for _ in range(BLOCKS))
        memory = traced(evaluate)[1]
        what = f"K = {K}, d = {d}, centres beta e_i, beta = {BETA:g}"
        yield Row(f"law of {what}", law, "s", note=f"{memory:.1f} MB; {first:.2f} s with what is planned once")
        blocks = [_sampled(centres, theta, seed) for seed in range(BLOCKS)]
        needed = SAMPLES * float(np.std(blocks, ddof=1) / np.mean(blocks) / TARGET) ** 2
        yield from _rivals(f"{K}, d = {d}", (K, d), needed, law, memory)
        by_hand = seconds(partial(_sampled, centres, theta, 0), time.process_time) * needed / SAMPLES
        yield Row(
            f"Monte Carlo at 1 % / law, K = {K}, d = {d}: derivatives by hand, all samples at once",
            by_hand / law, "x", note="NumPy, of our own, not the published style",
        )  # fmt: skip


def _rivals(which: str, size: tuple[int, int], needed: float, law: float, memory: float) -> Iterator[Row]:
    style, gentle = f"Monte Carlo in the published style at 1 % / law, K = {which}", f"the same, K = {which}"
    if importlib.util.find_spec("jax") is None:
        for what, goal in ((f"{style}: time", 1000), (f"{style}: memory", 100)):
            yield Row(what, None, "x", goal, at_least=True, note="JAX is not installed")
        return
    full, alone = (_published(*size, jacobian) for jacobian in (True, False))
    taken = full["each"] * needed + full["rest"]
    yield Row(
        f"{style}: time", taken / law, "x", 1000, at_least=True,
        note=f"JAX, by ourselves from the description; every sample's Jacobian of the features, {1e3 * full['each']:.2g} ms "
        f"each, {needed:.0f} samples: {taken:.0f} s",
    )  # fmt: skip
    yield Row(
        f"{style}: memory", full["peak"] / memory, "x", 100, at_least=True,
        note=f"{full['peak']:.0f} MB with {_batch(*size)} samples at a time",
    )  # fmt: skip
    taken = alone["each"] * needed + alone["rest"]
    yield Row(
        f"{gentle}, gradient of f* alone: time", taken / law, "x",
        note=f"no Jacobian of the features: {1e3 * alone['each']:.2g} ms a sample; {alone['peak']:.0f} MB",
    )  # fmt: skip


def _batch(K: int, d: int) -> int:
    """Samples whose Jacobians, `K (d + 1)` by `K d` in single precision, are held at a time."""
    return int(HELD / (4 * K * (d + 1) * K * d))


def _published(K: int, d: int, full: bool) -> dict[str, float]:
    """One run in a process of its own."""
    many = 1 if full else 20
    size = many * _batch(K, d)
    run = {"K": K, "d": d, "beta": BETA, "norm": NORM, "samples": many * TIMED, "batch": size, "full": full}
    done = subprocess.run(
        [sys.executable, "-m", "symasym.benchmarks.published", json.dumps(run)],
        check=True, capture_output=True, text=True, env={**os.environ, **ONE_THREAD},
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _sampled(U: np.ndarray, theta: np.ndarray, seed: int) -> float:
    """`E||L(Z)||^2` from samples in all `d` dimensions; the plug-in inverse as it is."""
    rng, (K, d) = np.random.default_rng([SEED, seed]), U.shape
    x = U[rng.integers(K, size=SAMPLES)] + rng.standard_normal((SAMPLES, d))
    F, D, S = _columns(x, U, theta[:, :-1], theta[:, -1])
    return mean(F.T @ F, F.T @ D, D.T @ D, S.T @ S)


def _columns(
    x: np.ndarray, U: np.ndarray, theta: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, displaced target and score at samples, `(N, K (d + 1))` and `(N, K d)`; by hand, for this comparison."""
    g = np.linalg.pinv(U - U.mean(axis=0)).T
    P = g.T @ (U - U.mean(axis=0))
    r = x[:, None, :] - U
    inside = r @ P
    logits = -np.sum(inside**2, axis=2) / 2
    pi = np.exp(logits - logits.max(axis=1, keepdims=True))
    pi /= pi.sum(axis=1, keepdims=True)
    f = np.sum(inside * theta, axis=2) + b
    weighted = pi * (f - np.sum(pi * f, axis=1, keepdims=True))
    outside, duals = (r - inside)[:, 0], r @ g.T  # (N, d), (N, i, k)
    moved = weighted[:, :, None] * inside - pi[:, :, None] * (theta @ P)
    turned = pi @ (theta @ g.T) - np.einsum("ni,nik->nk", weighted, duals)
    moved += turned[:, :, None] * outside[:, None, :]
    moved += np.einsum("ni,nik,id->nkd", pi, duals, theta - theta @ P)
    features = np.concatenate([pi[:, :, None] * inside, pi[:, :, None]], axis=2)
    return tuple(array.reshape(len(x), -1) for array in (features, moved, pi[:, :, None] * r))  # type: ignore[return-value]
