"""`w*` by numbers, where there is no formula for it: Newton's method on the population loss from several starts.

Steps use `|H + c sum v v^T|`, the absolute eigenvalues of the Hessian with the orbit's directions `v` made stiff: they descend,
leave saddle points, and near a minimiser converge quadratically in spite of the orbit. That the lowest minimum found is the
global one stays an assumption; how many starts led there is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from symasym.asymptotics.downstream import feature_matrix
from symasym.errors import ConditionViolated
from symasym.general.arrays import matrix_array
from symasym.general.landscape import Landscape
from symasym.words.substitute import substitute_matrix

__all__ = ["Minimum", "find_minimiser"]

STARTS = 12
SEED = 20261121
LIMIT = 100
"""Steps from one start."""
HALVINGS = 50
ENOUGH = 1e-4
"""Share of the predicted decrease that a step must bring (Armijo)."""
FLOOR = 1e-8
"""Smallest curvature in modulus, relative to the largest, that a step believes."""
FLAT = 1e-12
"""A gradient below this fraction of the largest seen ends the descent."""
STATIONARY = 1e-7
"""The same fraction, above which an ended descent has not arrived."""
SAME = 1e-9
"""Minima this close in value, relative to the range of values seen, are the same minimum."""
CLEAR = 1e-6
"""A descent that ends nowhere counts as endless where its loss is below the lowest minimum by this fraction."""
TURNED = 1e-5
"""Sine of the angle between learned spans from which two minimisers of one value are different."""


@dataclass(frozen=True)
class Minimum:
    """`values`: parameter name -> array; `value`: `L(w*)`; `reached` of `starts` starts led to it.

    `minima`: where each of these ended; that they are as low for every sample is another question (`symasym.simulation.regime`).
    """

    values: Mapping[str, np.ndarray]
    value: float
    starts: int
    reached: int
    minima: tuple[Mapping[str, np.ndarray], ...] = ()


def find_minimiser(scape: Landscape, starts: int = STARTS, seed: int = SEED) -> Minimum:
    """The lowest minimum reached from `starts` random starts of several scales.

    Raises `ConditionViolated` where no start arrives, where the loss is lowest at parameters that are 0, or where the lowest
    value is taken at two points with different learned spans, so that `w*` is not unique up to symmetry.
    """
    rng = np.random.default_rng(seed)
    found: list[tuple[float, np.ndarray]] = []
    lost: list[tuple[float, np.ndarray]] = []
    for n in range(starts):
        w, arrived = _descend(scape, _start(scape, rng, n))
        (found if arrived else lost).append((_value(scape, w), w))
    floor = min((value for value, _ in found), default=np.inf)
    below = [value for value, _ in lost if value < floor - CLEAR * max(abs(value), abs(floor))] if found else []
    if not found or below:
        raise ConditionViolated(
            f"w*: the population loss has no minimum that the {starts} starts agree on: {len(below or lost)} of them "
            f"descend without end; it may not be bounded below, or the "
            "minimiser is degenerate"
        )
    found.sort(key=lambda item: item[0])
    lowest, best = found[0]
    spread = max(abs(found[-1][0] - lowest), abs(lowest), np.finfo(float).tiny)
    same = [w for value, w in found if value - lowest <= SAME * spread]
    _require_features(scape, best, lowest, spread)
    _require_one_span(scape, same)
    return Minimum(scape.unpacked(best), lowest, starts, len(same), tuple(map(scape.unpacked, same)))


def _start(scape: Landscape, rng: np.random.Generator, number: int) -> np.ndarray:
    """Gaussian entries of scale 1, 0.3, 0.1 in turn; numbers positive."""
    w = rng.standard_normal(scape.size) * (1.0, 0.3, 0.1)[number % 3]
    count = len(scape.model.scalar_parameters)
    if count:
        w[-count:] = np.exp(rng.standard_normal(count))
    return w


def _admissible(scape: Landscape, w: np.ndarray) -> bool:
    count = len(scape.model.scalar_parameters)
    return not count or bool(np.all(w[-count:] > 0))


def _value(scape: Landscape, w: np.ndarray) -> float:
    """`L(w)`, infinite where it is not defined."""
    if not _admissible(scape, w):
        return np.inf
    try:
        value = scape.value(w)
    except np.linalg.LinAlgError:
        return np.inf
    return value if np.isfinite(value) else np.inf


def _descend(scape: Landscape, w: np.ndarray) -> tuple[np.ndarray, bool]:
    """Where the descent from a start ends, and whether that is a critical point."""
    value, largest = _value(scape, w), 0.0
    if not np.isfinite(value):
        return w, False
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(LIMIT):
            gradient = scape.gradient(w)
            size = float(np.linalg.norm(gradient))
            if not np.isfinite(size):
                return w, False
            largest = max(largest, size)
            if size <= FLAT * largest:
                return w, True
            step = _step(scape, w, gradient)
            moved = _backtrack(scape, w, value, step, float(gradient @ step))
            if moved is None:
                return w, size <= STATIONARY * largest
            w, value = moved
    return w, False


def _step(scape: Landscape, w: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    hessian, vertical = scape.hessian(w), scape.vertical(w)
    gauge = np.trace(np.abs(hessian)) / len(w) / max(float(w @ w), np.finfo(float).tiny)
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2 + gauge * vertical.T @ vertical)
    curvature = np.maximum(np.abs(values), FLOOR * np.abs(values).max())
    return -vectors @ ((vectors.T @ gradient) / curvature)


def _backtrack(
    scape: Landscape, w: np.ndarray, value: float, step: np.ndarray, slope: float
) -> tuple[np.ndarray, float] | None:
    """The first of `w + step / 2^j` that brings enough decrease; a full step that changes nothing but rounding is taken."""
    length = 1.0
    for _ in range(HALVINGS):
        there = w + length * step
        reached = _value(scape, there)
        if reached <= value + ENOUGH * length * slope:
            return there, reached
        length /= 2
    rounding = 1e-13 * (abs(value) + 1)
    there = w + step
    if _value(scape, there) <= value + rounding:
        better = np.linalg.norm(scape.gradient(there)) < 0.5 * np.linalg.norm(scape.gradient(w))
        return (there, _value(scape, there)) if better else None
    return None


def _require_features(scape: Landscape, best: np.ndarray, lowest: float, spread: float) -> None:
    """A minimum at 0 is approached along flat directions, and what is left of the features there has no span."""
    nothing = best.copy()
    nothing[: scape.size - len(scape.model.scalar_parameters)] = 0
    if _value(scape, nothing) <= lowest + 4 * np.finfo(float).eps * spread:
        raise ConditionViolated(
            "w*: the population loss is lowest where all parameters are 0, so nothing is learned and the features vanish; with a "
            "penalty, a smaller one is expected"
        )


def _require_one_span(scape: Landscape, minima: list[np.ndarray]) -> None:
    features = substitute_matrix(feature_matrix(scape.model), scape.forms.point)
    first: np.ndarray | None = None
    for w in minima:
        _, singular, right = np.linalg.svd(matrix_array(features, scape.at(w)))
        rank = int(np.sum(singular > TURNED * singular[0]))
        projector = right[:rank].T @ right[:rank]
        if first is None:
            first = projector
        turned = float(np.linalg.norm(projector - first, 2))
        if turned > TURNED:
            raise ConditionViolated(
                "w*: the lowest value of the population loss is taken at two points that the declared symmetry does not join: "
                f"their learned spans differ by an angle of sine {turned:.3g}, so w* is not unique"
            )
