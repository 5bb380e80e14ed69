"""Logistic regression as the second stage: fits, exact risks, and small runs of both stages that wrong laws do not survive."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from support import loaded, verified

from symasym.errors import InputError, NotDerivableYet
from symasym.law.numeric import NumericLaw
from symasym.law.numeric_logistic import NumericLogistic
from symasym.simulation.logistic_judge import LogisticJudgement, verify_logistic_law
from symasym.simulation.logistic_procedure import LogisticResults
from symasym.simulation.logistic_stage import excess_log_loss, excess_zero_one, logistic_fit, logistic_stage
from symasym.simulation.procedure import Verification, verify
from symasym.simulation.second_stage import LearnedSpan

TARGET = np.array([1.2, 0.5, 0.0])
PREDICTORS = np.array([[1.0, 0.7, 0.3], [-1.0, 0.2, 0.4], [0.01, 0.0, 0.0], [3.0, 1.25, 1e-3]])


def test_excess_risks_against_their_definitions() -> None:
    """Gauss-Hermite on 80^3 nodes (1e-7 at `s = 1.3`), and a million draws (4 standard errors)."""
    x, w = np.polynomial.hermite_e.hermegauss(80)
    w = w / w.sum()
    nodes = np.stack(np.meshgrid(x, x, x, indexing="ij"), axis=-1).reshape(-1, 3)
    weights = np.einsum("i,j,k->ijk", w, w, w).ravel()
    p = 1 / (1 + np.exp(-(nodes @ TARGET)))

    def loss(f: np.ndarray) -> float:
        return float(weights @ (np.logaddexp(0, f) - p * f))

    expected = [loss(nodes @ u) - loss(nodes @ TARGET) for u in PREDICTORS]
    np.testing.assert_allclose(excess_log_loss(PREDICTORS, TARGET), expected, atol=2e-7)
    g = np.random.default_rng(2).standard_normal((1_000_000, 3))
    f = g @ TARGET
    wrong = np.abs(np.tanh(f / 2)) * ((g @ PREDICTORS[:2].T > 0) != (f > 0)[:, None]).T
    errors = wrong.std(axis=1) / 1000
    assert np.all(np.abs(wrong.mean(axis=1) - excess_zero_one(PREDICTORS[:2], TARGET)) < 4 * errors)
    np.testing.assert_allclose(excess_zero_one(PREDICTORS, TARGET), excess_zero_one(5 * PREDICTORS, TARGET), rtol=1e-12)
    assert excess_zero_one(TARGET[None], TARGET)[0] == pytest.approx(0, abs=1e-15)


def test_the_fit_is_stationary_or_separable() -> None:
    """A problem that is separated, one that is not, one that strong signals nearly separate."""
    rng = np.random.default_rng(5)
    z = rng.standard_normal((3, 40, 2))
    labels = np.stack([z[0, :, 0] > 0, rng.random(40) < 0.5, z[2, :, 0] + 0.01 * rng.standard_normal(40) > 0]).astype(
        float
    )
    labels[2, 0] = 1 - labels[2, 0]
    found = logistic_fit(z, labels)
    assert found.separable.tolist() == [True, False, False]
    for b in (1, 2):
        p = 1 / (1 + np.exp(-(z[b] @ found.coefficients[b])))
        np.testing.assert_allclose(z[b].T @ (labels[b] - p), 0, atol=1e-5)


def test_separable_draws_are_counted_and_controls_have_mean_zero() -> None:
    """At `n = 12` a twentieth of the draws is separable; the controls' means are exact at any `n`."""
    rng, B = np.random.default_rng(7), 1000
    basis = np.broadcast_to(np.linalg.qr(rng.standard_normal((3, 2)))[0], (B, 3, 2))
    found = logistic_stage(
        LearnedSpan(basis, np.full(B, 2), np.zeros((B, 3))), rng.standard_normal((B, 12, 3)), TARGET, rng
    )
    assert 15 < found.separable.sum() < 200
    assert np.array_equal(np.isnan(found.log_loss), found.separable)
    for control in (found.log_loss_control, found.zero_one_control):
        assert abs(control.mean()) < 4 * control.std() / np.sqrt(B)


GRID, REPS = (400, 800, 1600), 400


@cache
def simulated() -> Verification:
    document: dict[str, Any] = {
        "A": [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.5, -0.5]],
        "beta": [2.5, 1.0],
        "alpha": 0.25,
    }
    sizes = [n // 4 for n in GRID]
    return verify(loaded("factor"), document, seed=20261120, reps=REPS, m=sizes, downstream="logistic")


def run() -> LogisticJudgement:
    found = simulated().judgement
    assert isinstance(found, LogisticJudgement)
    return found


def test_a_small_run_of_both_stages() -> None:
    """Both intercepts within 3 standard errors, of at most 5 %, and the whole distribution."""
    found = run()
    assert found.separable == (0, 0, 0)
    for _, constant, risk in found.named:
        assert constant.fit.intercept_se < 0.05 * constant.derived
        assert abs(constant.z) < 3 and risk.distance.distance < risk.distance.bound
    assert {check.name for check in found.checks if check.holds is False} == set()


def unweighted(law: NumericLogistic) -> tuple[float, float]:
    """`||L(Z)||^2` of least squares in the log-loss."""
    half = float(law.least_squares.interaction_cumulant(1) / law.least_squares.alpha) / 2
    return law.least_squares.d_act / 2 + half, float(law.zero_one.mean)


def without_first_stage(law: NumericLogistic) -> tuple[float, float]:
    bare = NumericLogistic(replace(law.least_squares, weights=np.zeros(1)), law.size)
    return float(bare.log_loss.mean), float(bare.zero_one.mean)


def weighted_twice(law: NumericLogistic) -> tuple[float, float]:
    """`J` where the 0-1 error has none, and `chi2_{d_eff}` where one direction is free."""
    own: NumericLaw = law.zero_one
    interaction = float(own.interaction_cumulant(1) / own.alpha)
    J = float(law.fisher.value)
    return float(law.log_loss.mean) + 0.5, float(own.noise) * (own.d_act + 1) + J * interaction


@pytest.mark.parametrize("mistake", [unweighted, without_first_stage, weighted_twice])
def test_wrong_laws_do_not_survive(mistake: Any) -> None:
    found = run()
    pairs = zip((found.log_loss, found.zero_one), mistake(found.law), strict=True)
    assert max(abs(f.fit.intercept - wrong) / f.fit.intercept_se for f, wrong in pairs) > 5


def test_the_judge_refuses_a_law_with_twice_the_interaction_and_one_with_another_size_of_the_target() -> None:
    law, results = run().law, simulated().results
    assert isinstance(results, LogisticResults)
    double = replace(law.least_squares, weights=2 * law.least_squares.weights)
    for wrong in (replace(law, least_squares=double), replace(law, size=1.5 * law.size)):
        found = verify_logistic_law(wrong, results)
        failed = {check.name for check in found.checks if check.holds is False}
        assert found.verdict == "rejected" and "0-1 error" in failed


def test_separable_draws_and_few_repetitions_leave_the_question_open() -> None:
    """At `n = 16` some draws have no fit; what the others say is not held against the law without a word."""
    document = {"A": [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.5, -0.5]], "beta": [2.5, 1.0], "alpha": 4.0}
    found = verify(loaded("factor"), document, reps=200, m=(64, 128), downstream="logistic")
    checks = {check.name: check for check in found.judgement.checks}
    assert checks["separable draws"].holds is None and "separable" in checks["separable draws"].meaning
    assert checks["log-loss, precision"].holds is None


def test_too_few_labels_are_refused() -> None:
    document = {**verified("factor"), "alpha": 100.0}
    with pytest.raises(InputError, match="alpha: 100 leaves n = 10 labelled samples at m = 1000"):
        verify(loaded("factor"), document, reps=10, m=(500, 1000), downstream="logistic")


def test_without_an_interaction_there_is_nothing_to_judge() -> None:
    results = simulated().results
    assert isinstance(results, LogisticResults)
    bare = replace(run().law, least_squares=replace(run().law.least_squares, weights=np.zeros(1)))
    with pytest.raises(NotDerivableYet, match="interaction is zero"):
        verify_logistic_law(bare, results)
