"""Both stages of a model of a family at finite `m` and `n`: nothing here is reduced, everything is fitted to samples.

The interaction `||(I - Pi_w_hat) f*||^2` is the residual of a least squares fit of `f*` on the features of `w_hat` to `N` fresh
samples for each repetition; the fit takes up its share `p / N` of it, which is put back.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from symasym import catalogue
from symasym.catalogue import Loaded
from symasym.errors import InputError
from symasym.evaluation.families import prepare_family
from symasym.model.families import FamilyModel
from symasym.model.instance import FamilyPoint
from symasym.simulation.checkpoint import Checkpoint
from symasym.simulation.chunks import Chunk, Piece
from symasym.simulation.family_values import feature_matrix, target_values
from symasym.simulation.runner import one_thread_each

__all__ = ["FamilyProblem", "FamilyResults", "family_problem", "run_family"]

FRESH = 8000
"""Fresh samples that one repetition is judged by."""
NUMBERS = 2**21
"""Random numbers of one chunk."""


@dataclass(frozen=True)
class FamilyProblem:
    """A concrete problem: true members `(K, d)`, the coefficients of `f*`, what solves the first stage."""

    model: FamilyModel
    members: np.ndarray
    coefficients: Mapping[str, np.ndarray]
    estimator: Callable[..., Mapping[str, np.ndarray]]
    given: Mapping[str, Any]

    def draw(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """`size` samples of the mixture."""
        chosen = rng.integers(len(self.members), size=size)
        samples = rng.standard_normal((size, self.members.shape[1]))
        samples += self.members[chosen]
        return samples


@dataclass(frozen=True)
class FamilyResults:
    """Repetitions along a grid: at each `m` the interaction `m ||(I - Pi) f*||^2`, and of `n (R - sigma^2)` at `n = m / alpha`.

    `n (R - sigma^2) = bias + sigma^2 spread`; all `(reps,)`. `n`: labelled samples at the largest `m`.
    """

    grid: tuple[int, ...]
    n: int
    interactions: tuple[np.ndarray, ...]
    bias: tuple[np.ndarray, ...]
    spread: tuple[np.ndarray, ...]


def family_problem(loaded: Loaded, document: Mapping[str, Any]) -> FamilyProblem:
    """The problem in the coordinates of the input. Raises `InputError` naming the key."""
    model, instance = loaded.definition, loaded.instance
    assert isinstance(model, FamilyModel) and instance is not None
    given, point = prepare_family(model, instance, document)
    estimator = instance.estimator_for(given)
    if estimator is None:
        raise InputError(
            f"{loaded.path.name}: the file names no estimator, which a model of a family needs to be verified"
        )
    members, coefficients = _padded(point)
    return FamilyProblem(model, members, coefficients, estimator, given)


def _padded(point: FamilyPoint) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    more = ((0, 0), (0, (point.dimension or point.members.shape[1]) - point.members.shape[1]))
    coefficients = {name: np.pad(table, more) for name, table in point.vectors.items()}
    return np.pad(point.members, more), {**coefficients, **point.numbers}


def simulate_family(here: FamilyProblem, chunk: Chunk, seed: int) -> Piece:
    """Interaction, bias and spread of every repetition of a chunk, each `(B,)`."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(chunk.m, chunk.number)))
    samples = np.stack([here.draw(chunk.m, rng) for _ in range(chunk.repetitions)])
    try:
        estimates = here.estimator({here.model.input.name: samples}, here.given, rng)[here.model.parameter.name]
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise InputError(f"m: the first stage breaks down on {chunk.m} samples ({error}); give larger m") from None
    return Piece(*np.stack([_repetition(here, members, chunk, rng) for members in estimates], axis=1))


def _repetition(here: FamilyProblem, members: np.ndarray, chunk: Chunk, rng: np.random.Generator) -> np.ndarray:
    fresh, design = here.draw(FRESH, rng), here.draw(chunk.n, rng)
    F, f = feature_matrix(here.model, fresh, members), target_values(here.model, fresh, here.members, here.coefficients)
    best = np.linalg.lstsq(F, f, rcond=None)[0]
    residual = f - F @ best
    interaction = chunk.m * float(residual @ residual) / (FRESH - F.shape[1])
    X = feature_matrix(here.model, design, members)
    own = target_values(here.model, design, here.members, here.coefficients) - X @ best
    off = F @ np.linalg.lstsq(X, own, rcond=None)[0]  # of the fit to the design from the best one
    bias = chunk.n * (interaction / chunk.m + float(off @ off) / FRESH)
    spread = chunk.n * float(np.trace(np.linalg.solve(X.T @ X, F.T @ F))) / FRESH
    return np.array([interaction, bias, spread])


def run_family(
    loaded: Loaded,
    document: Mapping[str, Any],
    grid: Sequence[int],
    reps: int,
    alpha: float,
    seed: int,
    jobs: int,
    progress: Callable[[int, int], None] | None = None,
    kept: Checkpoint | None = None,
) -> FamilyResults:
    """All repetitions at every `m`, with `n = m / alpha` labelled samples; what `kept` holds already is not done again."""
    here, kept = family_problem(loaded, document), kept or Checkpoint(None, {})
    chunks = _plan(here, grid, reps, alpha)
    left = [chunk for chunk in chunks if chunk.key not in kept.pieces]
    planned = sum(chunk.m * chunk.repetitions for chunk in chunks)
    done = planned - sum(chunk.m * chunk.repetitions for chunk in left)
    try:
        for chunk, piece in _pieces(here, str(loaded.path), document, left, seed, jobs):
            kept.add(chunk, piece)
            done += chunk.m * chunk.repetitions
            if progress is not None:
                progress(done, planned)
    finally:
        kept.save()
    found = [[kept.pieces[chunk.key] for chunk in chunks if chunk.m == m] for m in grid]
    interactions, bias, spread = (
        tuple(np.concatenate([getattr(piece, name) for piece in pieces]) for pieces in found)
        for name in ("displaced", "bias", "spread")
    )
    return FamilyResults(tuple(grid), max(chunk.n for chunk in chunks), interactions, bias, spread)


def _plan(here: FamilyProblem, grid: Sequence[int], reps: int, alpha: float) -> list[Chunk]:
    chunks, p = [], feature_matrix(here.model, here.members, here.members).shape[1]
    for m in sorted(grid, reverse=True):
        n = round(m / alpha)
        if n < 4 * p:
            raise InputError(
                f"alpha: {alpha:g} leaves n = {n} labelled samples at m = {m}, at least {4 * p} are expected"
            )
        size = min(64, max(1, NUMBERS // (m * here.members.shape[1])))
        chunks += [Chunk(m, number, min(size, reps - start), n) for number, start in enumerate(range(0, reps, size))]
    return chunks


def _pieces(
    here: FamilyProblem, path: str, document: Mapping[str, Any], chunks: list[Chunk], seed: int, jobs: int
) -> Iterator[tuple[Chunk, Piece]]:
    if jobs == 1 or len(chunks) < 2:
        for chunk in chunks:
            yield chunk, simulate_family(here, chunk, seed)
        return
    text = json.dumps(document)
    with one_thread_each():
        pool = ProcessPoolExecutor(min(jobs, len(chunks)), mp_context=multiprocessing.get_context("spawn"))
        futures = {pool.submit(_work, path, text, chunk, seed): chunk for chunk in chunks}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@cache
def _problem(path: str, text: str) -> FamilyProblem:
    return family_problem(catalogue.load(path), json.loads(text))


def _work(path: str, text: str, chunk: Chunk, seed: int) -> Piece:
    return simulate_family(_problem(path, text), chunk, seed)
