"""Both stages with logistic regression as the second, repeated along a grid of `m` with `n = m / alpha` labels at each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from symasym.errors import InputError
from symasym.simulation.chunks import Chunk
from symasym.simulation.logistic_stage import LogisticStage, logistic_stage
from symasym.simulation.problem import Problem
from symasym.simulation.sampler import draw, normals
from symasym.simulation.second_stage import learned_span

__all__ = ["LogisticResults", "collect_logistic", "plan_logistic", "simulate_logistic"]

NUMBERS = 2**21
"""Random numbers held at a time."""
LARGEST = 64
"""Repetitions in one chunk at most."""
LEAST = 8
"""Labelled samples for each feature below which hardly a draw has a fit."""


@dataclass(frozen=True)
class LogisticResults:
    """Repetitions at each `m` of the `grid`, with `labelled` samples; `stages` have both risks and their controls."""

    grid: tuple[int, ...]
    labelled: tuple[int, ...]
    stages: tuple[LogisticStage, ...]

    @property
    def n(self) -> int:
        """Labelled samples at the largest `m`."""
        return self.labelled[-1]

    @property
    def separable(self) -> tuple[int, ...]:
        """At each `m` the repetitions whose labels some hyperplane separates: they have no fit, and are left out of the means."""
        return tuple(int(np.sum(stage.separable)) for stage in self.stages)


def plan_logistic(grid: Sequence[int], repetitions: int, alpha: float, here: Problem) -> list[Chunk]:
    """Chunks for every `m`, the largest first, each with `m / alpha` labelled samples.

    Raises `InputError` where these are too few for a fit.
    """
    chunks = []
    for m in sorted(grid, reverse=True):
        n, d = round(m / alpha), len(here.target)
        if n < LEAST * here.features:
            raise InputError(
                f"alpha: {alpha:g} leaves n = {n} labelled samples at m = {m}, at least {LEAST * here.features} are expected "
                "for a logistic fit; give larger m, or n"
            )
        size = min(LARGEST, max(1, NUMBERS // max(m * here.width, n * d)))
        chunks += [
            Chunk(m, number, min(size, repetitions - start), n)
            for number, start in enumerate(range(0, repetitions, size))
        ]
    return chunks


def simulate_logistic(here: Problem, chunk: Chunk, seed: int) -> LogisticStage:
    """Both stages for the data sets of one chunk. Raises `InputError` where `m` is too small for the first stage."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(chunk.n, chunk.number)))
    d, count = len(here.target), chunk.repetitions
    try:
        features = here.feature_matrices(here.estimates(draw(here.sources, count, chunk.m, rng), rng))
        span = learned_span(features, here.down_root, here.target)
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise InputError(f"m: the first stage breaks down on {chunk.m} samples ({error}); give larger m") from None
    design = normals(count * chunk.n, np.eye(d), rng).reshape(count, chunk.n, d)
    return logistic_stage(span, design, here.target, rng)


def collect_logistic(pieces: Sequence[tuple[Chunk, LogisticStage]]) -> LogisticResults:
    """Put the pieces in the order of their chunks."""
    ordered = sorted(pieces, key=lambda item: (item[0].m, item[0].number))
    labelled = {chunk.m: chunk.n for chunk, _ in ordered}
    stages = tuple(_joined([piece for chunk, piece in ordered if chunk.m == m]) for m in labelled)
    return LogisticResults(tuple(labelled), tuple(labelled.values()), stages)


def _joined(parts: Sequence[LogisticStage]) -> LogisticStage:
    return LogisticStage(
        *(np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(LogisticStage))
    )
