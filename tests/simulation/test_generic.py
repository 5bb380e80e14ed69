"""The generic first stage against the estimators of model files, on the same samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import FAMILIES, NAMES

from symasym import catalogue
from symasym.errors import ConditionViolated
from symasym.model import (
    LeastSquares,
    constant,
    covariance,
    dims,
    eye,
    gaussian,
    logdet,
    norm2,
    parameter,
    quad,
    scalar_parameter,
    tr,
    trivial,
)
from symasym.model.model import Model
from symasym.simulation import verify
from symasym.simulation.chunks import Chunk, simulate
from symasym.simulation.generic import filled_up, generic_estimator
from symasym.simulation.problem import Problem, problem
from symasym.simulation.procedure import default_input
from symasym.simulation.sampler import draw

LOADINGS = np.array([1.0, 0.8, -0.7, 0.9, 0.6])
MASKED_ONLY = {
    "masked_only": True,
    "Sigma": (1.5 * np.outer(LOADINGS, LOADINGS) + np.eye(5)).tolist(),
    "k": 1,
    "target": [1.0, 1.0, -1.0, 1.0, 1.0],
    "project": True,
}

CHANGES: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in NAMES if name not in FAMILIES),
    ("factor", {"noise_known": False, "noise": 0.5}),
    ("linear_autoencoder", {"degrees_of_freedom": 9.0}),
    ("spectral", {"negatives": 3}),
    ("masked_autoencoder", {"masks": 2}),
    ("masked_autoencoder", {**MASKED_ONLY, "masks": 2}),
]


def silent(name: str) -> catalogue.Loaded:
    """A model file that names no estimator."""
    loaded = catalogue.load(name)
    assert loaded.instance is not None
    return replace(loaded, instance=replace(loaded.instance, estimator=None))


def both(name: str, changes: dict[str, Any]) -> tuple[Problem, Problem]:
    loaded = catalogue.load(name)
    document = {**default_input(loaded), **changes}
    return problem(silent(name), document), problem(loaded, document)


def spans(here: Problem, estimates: dict[str, np.ndarray]) -> np.ndarray:
    """Projectors on the learned spans."""
    basis = np.linalg.qr(here.feature_matrices(estimates).swapaxes(1, 2))[0]
    return basis @ basis.swapaxes(1, 2)


@pytest.mark.parametrize(("name", "changes"), CHANGES)
def test_the_minimiser_is_that_of_the_model_file(name: str, changes: dict[str, Any]) -> None:
    """The same span to 1e-6, and the same numbers that no rotation moves."""
    generic, own = both(name, changes)
    samples = draw(own.sources, 6, 1500, np.random.default_rng(1))
    found, expected = (here.estimates(samples, np.random.default_rng(2)) for here in (generic, own))
    assert np.max(np.abs(spans(own, found) - spans(own, expected))) < 1e-6
    for parameter_ in own.model.scalar_parameters:
        np.testing.assert_allclose(found[parameter_.name], expected[parameter_.name], rtol=1e-6)


def test_the_procedure_is_the_same_repetition_by_repetition() -> None:
    """A file without an estimator goes through both stages as it does with its own."""
    for changes in ({}, {"noise_known": False}):
        generic, own = (simulate(here, Chunk(400, 0, 30, 200), seed=3) for here in both("factor", changes))
        np.testing.assert_allclose(generic.displaced, own.displaced, atol=1e-5)
        np.testing.assert_allclose(generic.bias, own.bias, rtol=1e-5)


def test_a_file_without_an_instance_is_verified() -> None:
    """A model of one's own: `w*` found on the population loss, the first stage by the generic estimator."""
    bare = catalogue.load(str(Path(__file__).parents[1] / "files" / "bare.py"))
    document = {"Sigma": np.diag([3.0, 1.2, 0.7]).tolist(), "k": 1, "target": [1.0, 0, 0], "sigma2": 1.0, "alpha": 2.0}
    outcome = verify(bare, document, reps=1500, m=(300, 1500))
    assert not [check for check in outcome.judgement.checks if check.holds is False]
    assert outcome.judgement.interaction.fit.intercept_se < 0.06 * outcome.judgement.interaction.derived


d, k = dims("d k")
S, D, f = covariance("S", d), covariance("D", d), constant("f", d)
x = gaussian("x", d, cov=S)
A, v = parameter("A", k, d), scalar_parameter("v")


def model(loss: Any) -> Model:
    return Model(loss, trivial(), A * x, LeastSquares(gaussian("x", d, cov=D), target=f))


def samples(batch: int, m: int, size: int, seed: int) -> dict[str, np.ndarray]:
    return {"x": np.random.default_rng(seed).standard_normal((batch, m, size))}


def test_a_positive_number_is_estimated_on_its_logarithm() -> None:
    """`d log v + |x|^2 / v` has its minimum at the mean of `|x|^2 / d`, however far off the start is."""
    given = samples(5, 50, 3, 4)
    loss = model(logdet(v * eye(d)) + quad(x, (v * eye(d)).inv()) + norm2(A))
    for start in (1.0, 1e-3, 1e3):
        hessian = np.diag([2.0, 2.0, 2.0, 3 / start**2])
        estimate = generic_estimator(loss, {}, {d: 3, k: 1}, {"A": np.zeros((1, 3)), "v": start}, hessian)
        found = estimate(given, {}, np.random.default_rng(5))
        np.testing.assert_allclose(found["v"], np.mean(given["x"] ** 2, axis=(1, 2)), rtol=1e-7)


def test_units_do_not_matter() -> None:
    """Data in other units, with `w*` and the Hessian of those: the same number of the same steps."""
    loss = model(norm2(x - A.T * A * x))
    given = samples(4, 200, 4, 6)["x"] * [2.0, 1.0, 0.5, 0.3]
    found = []
    for unit in (1.0, 1e3):
        start = np.array([[1.0, 0, 0, 0]])
        second = unit**2 * np.diag([4.0, 1, 0.25, 0.09])
        hessian = np.diag([8.0, 2, 2, 2]) * second[0, 0] - 2 * second * (1 - start.T @ start)
        estimate = generic_estimator(loss, {}, {d: 4, k: 1}, {"A": start}, hessian)
        found.append(estimate({"x": unit * given}, {}, np.random.default_rng(7))["A"])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9, atol=1e-12)


def test_a_lower_minimum_elsewhere_is_found_from_other_starts() -> None:
    """`(a^2 - 1)^2 + 0.3 a mean x^2` has minima next to 1 and, lower, next to -1."""
    a = parameter("A", 1, 1)
    y = gaussian("x", 1, cov=eye(1))
    tilted = Model((tr(a) ** 2 - 1) ** 2 + 0.3 * norm2(y) * tr(a), trivial(), a * y, LeastSquares(y, target=eye(1)))
    near = {"A": np.array([[0.96]])}
    given = samples(20, 200, 1, 8)
    alone, several = (
        generic_estimator(tilted, {}, {}, near, np.array([[7.0]]), starts)(given, {}, np.random.default_rng(9))["A"]
        for starts in (0, 10)
    )
    assert np.all(alone > 0.8)
    assert np.all(several < -0.8)


def test_a_loss_without_a_minimum_is_refused() -> None:
    falling = model(-norm2(A * x))
    estimate = generic_estimator(falling, {}, {d: 2, k: 1}, {"A": np.ones((1, 2))}, np.eye(2))
    with pytest.raises(
        ConditionViolated, match=r"^estimator: the first stage did not converge .* for 3 of 3 data sets"
    ):
        estimate(samples(3, 20, 2, 10), {}, np.random.default_rng(11))


def test_the_orbit_is_filled_up() -> None:
    """The kernel gets curvature of the size of the rest; the horizontal block stays as it is."""
    vertical = np.array([[0.0, 0.0, 3.0]])
    hessian = np.diag([2.0, 4.0, 0.0])
    np.testing.assert_allclose(filled_up(hessian, vertical), np.diag([2.0, 4.0, 2.0]))
    np.testing.assert_array_equal(filled_up(hessian, np.zeros((0, 3))), hessian)
