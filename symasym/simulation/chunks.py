"""Repetitions in chunks, each with a random stream of its own: results do not depend on who runs which chunk, or when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symasym.errors import InputError
from symasym.simulation.moments import gram
from symasym.simulation.problem import Problem
from symasym.simulation.results import Results
from symasym.simulation.sampler import draw, normals
from symasym.simulation.second_stage import labelled_stage, learned_span

__all__ = ["Chunk", "Piece", "collect", "plan", "simulate"]

NUMBERS = 2**22
"""Random numbers held at a time, 32 MB."""
LARGEST = 64
"""Repetitions in one chunk at most."""


@dataclass(frozen=True)
class Chunk:
    """`repetitions` data sets of `m` samples; `n` labelled ones where the second stage is wanted, else 0.

    `number` counts the chunks of one `m`; with the seed it names the random stream.
    """

    m: int
    number: int
    repetitions: int
    n: int

    @property
    def key(self) -> str:
        """How a chunk is called in a checkpoint."""
        return f"{self.m}/{self.number}"


@dataclass(frozen=True)
class Piece:
    """What a chunk gives: `displaced` `(B, d)`, and `bias`, `spread`, each `(B,)` or empty (see `Results`).

    For a model of a family `displaced` is the interaction itself, `(B,)` (see `FamilyResults`).
    """

    displaced: np.ndarray
    bias: np.ndarray
    spread: np.ndarray


def plan(grid: Sequence[int], repetitions: int, n: int, width: int) -> list[Chunk]:
    """Chunks for every `m`, the largest first; only there is there a second stage. `width`: numbers in one sample."""
    chunks = []
    for m in sorted(grid, reverse=True):
        labelled = n if m == max(grid) else 0
        size = min(LARGEST, max(1, NUMBERS // (m * width)))
        for number, start in enumerate(range(0, repetitions, size)):
            chunks.append(Chunk(m, number, min(size, repetitions - start), labelled))
    return chunks


def simulate(problem: Problem, chunk: Chunk, seed: int) -> Piece:
    """Both stages for the data sets of one chunk.

    Raises `InputError` where `m` is too small for the first stage to have a solution.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(chunk.m, chunk.number)))
    samples = draw(problem.sources, chunk.repetitions, chunk.m, rng)
    try:
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            features = problem.feature_matrices(problem.estimates(samples, rng))
            span = learned_span(features, problem.down_root, problem.target)
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise InputError(f"m: the first stage breaks down on {chunk.m} samples ({error}); give larger m") from None
    bias = spread = np.zeros(0)
    if chunk.n:
        d = len(problem.target)
        design = normals(chunk.repetitions * chunk.n, np.eye(d), rng).reshape(chunk.repetitions, chunk.n, d)
        bias, spread = labelled_stage(span, gram(design, design), chunk.n, problem.target)
    return Piece(np.sqrt(chunk.m) * span.residual, bias, spread)


def collect(grid: Sequence[int], n: int, noise: float, pieces: Sequence[tuple[Chunk, Piece]]) -> Results:
    """Put the pieces in the order of their chunks."""
    ordered = sorted(pieces, key=lambda item: (item[0].m, item[0].number))
    by_size = {m: [piece for chunk, piece in ordered if chunk.m == m] for m in sorted(grid)}
    last = by_size[max(grid)]
    return Results(
        grid=tuple(by_size),
        displaced=tuple(np.concatenate([piece.displaced for piece in found]) for found in by_size.values()),
        n=n,
        bias=np.concatenate([piece.bias for piece in last]),
        spread=np.concatenate([piece.spread for piece in last]),
        noise=noise,
    )
