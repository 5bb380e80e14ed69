"""Is the largest `m` one of which the law speaks? Two ways in which it is not, and the means along the grid may look straight.

* *Weak direction.* Where `h` is small `w_hat` moves far, and the expansion at `w*` says nothing of what it meets there. With
  `S` the size of `w*`, a number for each parameter, `sqrt(|S^{-1} V S^{-1}| / m)` is the largest standard deviation of `w_hat`
  relative to `w*`.
* *One minimum.* The population loss may be as low at points at which the losses of samples differ, because a symmetry of the data
  law is none of the loss. Each sample then prefers one of them, and the first correction is of order `1 / sqrt(m)` in place of
  `1/m`. Where a symmetry of the loss joins the points, declared or not, no sample can tell them apart.

Either makes `a + b/m` the wrong line, so that nothing that rests on it is rejected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from symasym import inputs
from symasym.catalogue import Loaded
from symasym.evaluation.general import place_minimiser
from symasym.evaluation.noise import own_noise
from symasym.evaluation.numbers import constants_of
from symasym.evaluation.outcome import Evaluation
from symasym.general.route import general
from symasym.model.instance import FamilyPoint
from symasym.model.model import Model
from symasym.pipeline import derive_general
from symasym.simulation.empirical import Empirical
from symasym.simulation.findings import Check, Verdict
from symasym.simulation.problem import Problem
from symasym.simulation.sampler import draw

__all__ = ["regime", "within_regime"]

WEAK = 0.1
"""Standard deviation of `w_hat` relative to `w*` up to which the limit is near; problems of the catalogue have 0.01 to 0.05."""
TOLD = 1e-5
"""Difference of two losses, relative to the terms that cancel in them, from which a data set tells two minima apart."""
SAMPLES, SEED = 16, 20261130
EXACT = "degrees of freedom"
"""The check that holds at every `m`."""

Judged = TypeVar("Judged", bound=Verdict)


def within_regime(judged: Judged, checks: tuple[Check, ...]) -> Judged:
    """The judgement with the checks of the regime; where one of them is open, so is what fails and rests on the extrapolation."""
    found: tuple[Check, ...] = judged.checks
    if any(check.holds is None for check in checks):
        found = tuple(replace(c, holds=None) if c.holds is False and c.name != EXACT else c for c in found)
    return replace(judged, checks=(*checks, *found))


def regime(loaded: Loaded, evaluation: Evaluation, here: Problem, m: int) -> tuple[Check, ...]:
    """The checks for the largest `m`: the weak direction always, the number of minima where `w*` was searched for."""
    chosen = loaded.for_inputs(evaluation.given)
    model, point = chosen.model, evaluation.point
    assert not isinstance(point, FamilyPoint)
    instance = loaded.instance or inputs.default_instance(loaded.model, loaded.example)
    stages = derive_general(model)
    unused = dict.fromkeys(own_noise(model), 0.0)  # where the label noise came as sigma2
    constants = unused | constants_of(model, instance, evaluation.given, point)
    minimiser = evaluation.minimiser or place_minimiser(stages, evaluation.given, point, constants).minimiser
    there = general(model, {**constants, **minimiser}, stages.forms, stages.quotient, misspecified=True)
    checks = [_weak_direction(model, minimiser, there.covariance, m)]
    if evaluation.minima:
        checks.append(_one_minimum(_told_apart(here, evaluation.minima)))
    return tuple(checks)


def _weak_direction(model: Model, minimiser: Mapping[str, Any], covariance: np.ndarray, m: int) -> Check:
    names = [*(p.name for p in model.parameters), *(v.name for v in model.scalar_parameters)]
    entries = [np.asarray(minimiser[name], float).reshape(-1) for name in names]
    whole = float(np.linalg.norm(np.concatenate(entries)))
    size = np.concatenate([np.full(array.size, float(np.linalg.norm(array)) or whole) for array in entries])
    largest = float(np.linalg.eigvalsh(covariance / np.outer(size, size))[-1])
    spread = float(np.sqrt(max(largest, 0.0) / m))
    needed = 10 ** np.ceil(np.log10(max(largest, np.finfo(float).tiny) / WEAK**2))
    return Check(
        "weak direction", spread, WEAK, spread <= WEAK or None,
        f"at m = {m} the law gives the first stage a standard deviation of {spread:.2g} times the size of w* along its weakest "
        f"direction, so that the limit has not been reached; m of about {needed:.0e} are needed",
    )  # fmt: skip


def _told_apart(here: Problem, minima: Sequence[Mapping[str, np.ndarray]]) -> int:
    """How many of the minima a data set tells apart by its loss."""
    samples = draw(here.sources, 1, SAMPLES, np.random.default_rng(SEED))
    loss = Empirical.of(here.model, here.values).on(samples, here.values, here.sizes)
    points = {p.name: np.stack([np.asarray(point[p.name], float) for point in minima]) for p in here.parameters}
    found = loss.at(points, np.zeros(len(minima), int))
    order = np.argsort(found.value)
    jumps = np.diff(found.value[order]) > TOLD * np.max(found.size)
    return 1 + int(np.sum(jumps))


def _one_minimum(count: int) -> Check:
    return Check(
        "one minimum", count, 1, count == 1 or None,
        f"the population loss is equally low at {count} points at which the losses of samples differ, so that each sample "
        "prefers one of them; the limit is then approached like 1/sqrt(m) and not like 1/m",
    )  # fmt: skip
