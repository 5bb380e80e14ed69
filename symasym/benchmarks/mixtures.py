"""The mixture model: rules and their accuracy, and Monte Carlo in the published style at one per cent."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from symasym import catalogue
from symasym.benchmarks.rows import SEED, Row, traced
from symasym.evaluation import evaluate_inputs

__all__ = ["rows"]

NAME = "gmm"
BLOCKS = 8
SAMPLES = 4000
TARGET = 0.01


def rows(runs: int) -> Iterator[Row]:
    """Each is run once."""
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
        taken, memory = traced(partial(evaluate_inputs, loaded, document))
        error = evaluate_inputs(loaded, document).remarks["integrals"]["error"]
        yield Row(f"law of {what}", taken, "s", goal, note=f"{error['kind']} {error['mean']:.0e}; {memory:.0f} MB")
    yield from _against_sampling()


def _problem(centres: np.ndarray, dimension: int) -> dict[str, Any]:
    K, c = centres.shape
    theta = np.random.default_rng(SEED).standard_normal((K, c + 1))
    return {"centers": centres.tolist(), "theta": theta.tolist(), "sigma2": 1.0, "ambient": dimension}


def _against_sampling() -> Iterator[Row]:
    """Two points; the samples needed for one per cent follow from the spread of blocks, like `1/sqrt(N)`."""
    loaded = catalogue.load(NAME)
    for K, d in ((3, 30), (3, 100)):
        document = _problem(2.0 * np.eye(K), d)
        exact, memory = traced(partial(evaluate_inputs, loaded, document))
        taken, peak = traced(partial(_sampled, document, d))
        blocks = [_sampled(document, d, seed) for seed in range(BLOCKS)]
        needed = max(float(np.std(blocks, ddof=1) / np.mean(blocks) / TARGET) ** 2, 1.0)
        what = f"Monte Carlo at 1 % / law, K = {K}, d = {d}"
        yield Row(f"{what}: time", taken * needed / exact, "x", 1000, at_least=True)
        yield Row(f"{what}: memory", peak * needed / memory, "x", 100, at_least=True)


def _sampled(document: dict[str, Any], d: int, seed: int = 0) -> float:
    """`E||L(Z)||^2` from samples in all `d` dimensions, held at once as the published code does; the plug-in inverse as it is."""
    given = np.array(document["centers"])
    K, c = given.shape
    U, theta = np.zeros((K, d)), np.zeros((K, d))
    U[:, :c], theta[:, :c], b = given, np.array(document["theta"])[:, :-1], np.array(document["theta"])[:, -1]
    rng = np.random.default_rng([SEED, seed])
    x = U[rng.integers(K, size=SAMPLES)] + rng.standard_normal((SAMPLES, d))
    F, D, S = _columns(x, U, theta, b)
    FF, FD, DD, SS = F.T @ F, F.T @ D, D.T @ D, S.T @ S
    return float(np.trace(np.linalg.solve(SS, DD - FD.T @ np.linalg.pinv(FF, rcond=1e-10, hermitian=True) @ FD)))


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
