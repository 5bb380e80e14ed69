"""First stages: minimisers of the model's own empirical loss, and global ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy
from support import MODELS, checked, derivation, instance_of, loaded, optional, verified
from test_sampler import prepared

from symasym.errors import ConditionViolated
from symasym.general.point import natural_point
from symasym.model.evaluate import evaluate, evaluate_matrix
from symasym.model.instance import GeneralPoint
from symasym.model.masks import Mask
from symasym.model.scalars import Average
from symasym.optimise.newton import TOLERANCE, descend, minimise
from symasym.simulation.estimators import GramQuadratic, random_starts, whitened_start
from symasym.simulation.moments import cross_moment, pair_moment, second_moment
from symasym.simulation.problem import Problem
from symasym.simulation.sampler import draw


def variants() -> list[tuple[str, dict[str, Any]]]:
    """Changes of a problem that ask for a variant of its model."""
    further = [(name, changes) for name in MODELS for changes in optional(name, "FURTHER", [])]
    documents = [verified(name, changes) for name, changes in further]
    return [
        case for case, given in zip(further, documents, strict=True)
        if loaded(case[0]).for_inputs(checked(case[0], given)) is not loaded(case[0])
    ]  # fmt: skip


CASES = [*((name, {}) for name in MODELS), *variants()]


def mean_loss(here: Problem, samples: Mapping[str, np.ndarray], estimates: Mapping[str, np.ndarray]) -> float:
    """`(1/m) sum_s l(w; z_s)`, `F(w, S_m)` of sample means, for the first data set of a batch, by the model's own expression."""
    point = {**here.values, **{parameter: estimates[parameter.name] for parameter in here.parameters}}
    m = len(next(iter(samples.values()))[0])
    letters = [v for v in (*here.model.data, *here.model.masks) if v.name in samples]
    draws = [{v: samples[v.name][0][s] for v in letters} for s in range(m)]
    for mean in here.model.sample_means:
        one = [evaluate_matrix(mean.expression, {**point, **plain(drawn)}, here.sizes) for drawn in draws]
        point[mean] = np.mean(one, axis=0)
    return float(np.mean([loss_of_one(here, point, drawn) for drawn in draws]))


def plain(drawn: Mapping[Any, np.ndarray]) -> dict[Any, np.ndarray]:
    """The letters that are not averaged over copies."""
    return {v: as_matrix(v, x) for v, x in drawn.items() if x.ndim == 1}


def loss_of_one(here: Problem, values: Mapping[Any, Any], drawn: Mapping[Any, np.ndarray]) -> float:
    """`l(w; z)`; a vector or mask that is averaged over copies has come as `(copies, d)`."""
    values, means = {**values, **plain(drawn)}, {}
    for node in here.model.loss.atoms(Average):
        inside, letter = node.args[:2]
        nodes = [(1 / len(drawn[letter]), copy) for copy in drawn[letter]] if letter in drawn else rule(here, letter)
        table = ((weight, {**values, letter: as_matrix(letter, copy)}) for weight, copy in nodes)
        means[node] = sympy.Float(sum(weight * evaluate(inside, at, here.sizes) for weight, at in table), 30)
    return evaluate(here.model.loss.xreplace(means), values, here.sizes)


def as_matrix(letter: Any, entries: np.ndarray) -> np.ndarray:
    """A vector as a column, a mask as a diagonal matrix."""
    return np.diag(entries) if isinstance(letter, Mask) else entries.reshape(-1, 1)


def rule(here: Problem, letter: Mask) -> list[tuple[float, np.ndarray]]:
    """The expectation over a mask as a weighted sum over points, exact for polynomials of degree two in its entries.

    `E f(r) = f(p) + (1/2) p (1 - p) sum_l f''_ll(p)`, second differences of step 1; of few coordinates all masks, always exact.
    """
    d, keep = int(letter.shape[0].subs(here.sizes)), evaluate(letter.keep, here.values, here.sizes)
    if d <= 4:
        masks = (np.array(r, float) for r in product((0, 1), repeat=d))
        return [(float(np.prod(np.where(r == 1, keep, 1 - keep))), r) for r in masks]
    centre, variance = np.full(d, keep), keep * (1 - keep)
    around = [(variance / 2, centre + sign * unit) for unit in np.eye(d) for sign in (1, -1)]
    return [(1 - d * variance, centre), *around]


def true_parameters(name: str, here: Problem) -> dict[str, np.ndarray]:
    """`w*` in the coordinates of the input; the target's coefficients do not enter."""
    sizes = {symbol.name: size for symbol, size in here.sizes.items()}
    point = instance_of(name).align(here.given)
    if isinstance(point, GeneralPoint):
        assert point.minimiser is not None
        return {key: np.asarray(value) for key, value in point.minimiser.items()}
    absent = {family: np.zeros(max(sizes.values())) for family in derivation(name).law.families}
    scalars = {key: value for key, value in here.given.items() if np.ndim(value) == 0}
    return natural_point(here.model, replace(point, values={**absent, **scalars, **sizes, **point.values}))


@pytest.mark.parametrize(("name", "changes"), CASES)
def test_the_estimate_minimises_the_empirical_loss(name: str, changes: dict[str, Any]) -> None:
    """Slopes vanish in random directions, and nothing nearby or far away is lower."""
    here = prepared(name, **changes)
    rng = np.random.default_rng(1)
    samples = draw(here.sources, 1, 80, rng)
    best = {key: value[0] for key, value in here.estimates(samples, rng).items()}
    lowest = mean_loss(here, samples, best)
    scale = max(abs(lowest), 1.0)
    for size in (1e-3, 0.1, 1.0):
        for _ in range(3):
            step = {key: size * rng.standard_normal(value.shape) for key, value in best.items()}
            for key, value in best.items():
                if value.ndim == 0:  # a scalar parameter is positive
                    step[key] = np.clip(step[key], -value / 2, None)
            moved = {key: best[key] + step[key] for key in best}
            assert mean_loss(here, samples, moved) >= lowest - 1e-12 * scale
    step = {key: 1e-4 * rng.standard_normal(value.shape) for key, value in best.items()}
    up, down = (mean_loss(here, samples, {key: best[key] + sign * step[key] for key in best}) for sign in (1, -1))
    assert abs(up - down) < 1e-3 * (up + down - 2 * lowest)


@pytest.mark.parametrize("name", MODELS)
def test_the_estimate_is_below_the_truth_and_near_it(name: str) -> None:
    """The loss at the estimate is below that at `w*`, and the features' span is the population's up to `O(m^{-1/2})`."""
    here = prepared(name)
    rng = np.random.default_rng(2)
    samples = draw(here.sources, 1, 4000, rng)
    estimates = here.estimates(samples, rng)
    few = {key: value[:, :300] for key, value in samples.items()}
    at_few = {key: value[0] for key, value in here.estimates(few, rng).items()}
    truth = true_parameters(name, here)
    assert mean_loss(here, few, at_few) < mean_loss(here, few, {**at_few, **truth})
    learned, exact = (
        np.linalg.qr(here.feature_matrices(point)[0].T)[0]
        for point in (estimates, {k: v[None] for k, v in truth.items()})
    )
    assert np.linalg.norm(learned @ learned.T - exact @ exact.T) < 0.5


def contrastive(batch: int, m: int, seed: int) -> tuple[GramQuadratic, np.ndarray, np.ndarray, np.random.Generator]:
    here = prepared("spectral")
    rng = np.random.default_rng(seed)
    samples = draw(here.sources, batch, m, rng)
    moment, cross = second_moment(samples["x"]), cross_moment(samples["x"], samples["x_plus"])
    loss = GramQuadratic(-2 * cross, pair_moment(samples["x"], samples["x_minus"]))
    return loss, moment, whitened_start(cross, moment, 2), rng


def test_gradient_and_hessian_are_derivatives() -> None:
    loss, _, start, rng = contrastive(3, 200, 3)
    point, direction = start + 0.1, rng.standard_normal(start.shape)
    t = 1e-5
    here, up, down = (loss.at(point + step * direction) for step in (0, t, -t))
    np.testing.assert_allclose((up.value - down.value) / (2 * t), np.sum(here.gradient * direction, (1, 2)), rtol=1e-7)
    applied = np.matmul(here.hessian, direction.reshape(3, -1, 1)).reshape(start.shape)
    np.testing.assert_allclose((up.gradient - down.gradient) / (2 * t), applied, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(np.sum(here.vertical[:, 0] * here.gradient.reshape(3, -1), 1), 0, atol=1e-11)


def test_all_starts_lead_to_one_optimum() -> None:
    """From the moments, from random points and from the truth: one value and one Gram matrix, with no slope left."""
    loss, moment, start, rng = contrastive(20, 400, 4)
    truth = np.broadcast_to(true_parameters("spectral", prepared("spectral"))["A"], start.shape)
    best = minimise(loss, [start, *random_starts(moment, 2, 3, rng)])
    there = loss.at(best)
    assert np.all(np.sqrt(np.sum(there.gradient**2, (1, 2))) <= TOLERANCE * there.scale)
    values = there.value
    shape = np.matmul(best.swapaxes(1, 2), best)
    for other in (start, truth, *random_starts(moment, 2, 3, rng)):
        found = descend(loss, np.array(other))
        same = np.abs(loss.at(found).value - values) < 1e-10 * np.abs(values)
        assert np.all(loss.at(found).value >= values - 1e-10 * np.abs(values))
        assert same.mean() > 0.8  # a random start may end in a local minimum, which is why there are several
        np.testing.assert_allclose(np.matmul(found.swapaxes(1, 2), found)[same], shape[same], atol=1e-6)
    eigenvalues = np.linalg.eigvalsh(there.hessian)
    assert np.all(np.abs(eigenvalues[:, 0]) < 1e-7 * eigenvalues[:, -1])  # one direction along the orbit of O(2)
    assert np.all(eigenvalues[:, 1] > 1e-4 * eigenvalues[:, -1])


def test_a_loss_without_a_minimum_is_refused() -> None:
    """`F = -tr M` falls for ever."""
    loss = GramQuadratic(-np.eye(3)[None], np.zeros((1, 3, 3, 3, 3)))
    with pytest.raises((ConditionViolated, FloatingPointError)), np.errstate(all="raise"):
        minimise(loss, [np.ones((1, 1, 3))])
