"""The mixture model: the derived law against its definitions, invariances, sizes, refusals."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mixture_oracle import dense, sampled

import symasym
from symasym import catalogue
from symasym.cli.main import main
from symasym.errors import ConditionViolated, InputError, NeverDerivable
from symasym.simulation import verify
from symasym.simulation.family_judge import verify_family_law
from symasym.simulation.family_procedure import FamilyResults

NAME = "gmm"
GOOD = {
    "centers": [[2.0, 0, 0, 1], [0, 1.5, 0, 1], [-1, 0, 0.5, 1]],
    "theta": [[1, 0, 0, 2, 0.5], [0, 1, 0, 0, -1], [0, -1, 1, 0, 0]],
    "sigma2": 1.0,
}


def law(centres: Any, theta: Any, **more: Any) -> Any:
    document = {"centers": np.asarray(centres).tolist(), "theta": np.asarray(theta).tolist(), "sigma2": 1.0, **more}
    return symasym.evaluate(NAME, document)


def weights(centres: Any, theta: Any, **more: Any) -> np.ndarray:
    numeric = law(centres, theta, **more).numeric
    return np.sort(np.repeat(numeric.weights, numeric.multiplicities.astype(int)))


def problem(K: int, d: int, seed: int, shift: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((K, d)) + shift, rng.standard_normal((K, d + 1))


# ---- against the definitions


@pytest.mark.parametrize(("K", "d", "order"), [(2, 3, 36), (3, 2, 64)])
def test_weights_are_those_of_the_definitions(K: int, d: int, order: int) -> None:
    """A tensor rule in all dimensions, derivatives by complex steps; its own accuracy is some 1e-6."""
    centres, theta = problem(K, d, 3)
    expected = dense(centres, theta, order).eigenvalues()
    found = weights(centres, theta)
    np.testing.assert_allclose(found, expected[-len(found) :], rtol=2e-5, atol=2e-6 * expected[-1])
    assert np.all(np.abs(expected[: -len(found)]) < 1e-10 * expected[-1])  # a common shift outside moves nothing


def test_a_brute_force_monte_carlo_agrees() -> None:
    """The small version of tools/gmm_acceptance.py."""
    centres, theta = problem(3, 4, 8)
    mean, error = sampled(centres, theta, 2000, 16, np.random.default_rng(1))
    derived = float(law(centres, theta).numeric.interaction_cumulant(1))
    assert error < 0.04 * derived
    assert abs(mean - derived) < 3.5 * error


def test_dependent_centres_that_span_the_space() -> None:
    """K - 1 > r = d: nothing lies outside, so that the span does not move."""
    centres, theta = np.array([[0.0], [1.5], [3.7]]), np.array([[1, 0.5], [-1, 0], [0.4, -1.0]])
    numeric = law(centres, theta).numeric
    assert (numeric.d_eff, numeric.d_act) == (6, 6)
    np.testing.assert_allclose(weights(centres, theta), dense(centres, theta, 150).eigenvalues(), rtol=1e-6)


def test_null_directions_that_every_perturbation_wakes() -> None:
    """Three centres on a line in the plane: every perturbed family spans the plane, and so do the features."""
    centres = np.array([[0.0, 0], [1.5, 0], [3.0, 0]])
    theta = np.array([[1, 5, 0.5], [-1, 0, 0], [0.4, 0, -1.0]])  # 5 is outside the span and plays no part
    numeric = law(centres, theta).numeric
    assert (numeric.d_eff, numeric.d_act) == (6, 9)
    expected = dense(centres, np.where(theta == 5, 0, theta), 70).eigenvalues()
    found = weights(centres, theta)
    np.testing.assert_allclose(found, expected[-len(found) :], rtol=1e-5, atol=1e-8)


# ---- invariances


def test_relabelling() -> None:
    centres, theta = problem(4, 5, 1)
    order = [2, 0, 3, 1]
    np.testing.assert_allclose(weights(centres[order], theta[order]), weights(centres, theta), rtol=1e-8)


def test_motions() -> None:
    centres, theta = problem(3, 4, 2)
    rng = np.random.default_rng(0)
    turn, shift = np.linalg.qr(rng.standard_normal((4, 4)))[0], rng.standard_normal(4)
    turned = np.column_stack([theta[:, :-1] @ turn.T, theta[:, -1]])
    np.testing.assert_allclose(weights(centres @ turn.T + shift, turned), weights(centres, theta), rtol=1e-8)


def test_scale_and_what_lies_outside_of_theta() -> None:
    centres, theta = problem(3, 4, 4)
    np.testing.assert_allclose(weights(centres, 10 * theta), 100 * weights(centres, theta), rtol=1e-9)
    normal = np.linalg.svd(centres - centres.mean(axis=0))[2][2:]  # orthogonal to the span
    moved = theta.copy()
    moved[:, :-1] += np.array([[1.0], [-3.0], [2.0]]) @ normal.sum(axis=0, keepdims=True)
    np.testing.assert_allclose(weights(centres, moved), weights(centres, theta), rtol=1e-9)


def test_the_dimension_enters_by_multiplicities_alone() -> None:
    centres, theta = problem(3, 2, 5)
    small, large = (law(centres, theta, ambient=d) for d in (5, 10**6))
    inside, outside = (small.remarks["integrals"]["mean"][key] for key in ("inside", "outside_per_dimension"))
    for d, found in ((5, small), (10**6, large)):
        assert found.numeric.interaction_cumulant(1) == pytest.approx(inside + (d - 2) * outside, rel=1e-12)
        assert found.numeric.d_base - found.numeric.d_eff == 6 + 2 * (d - 2)
    assert sorted(set(large.numeric.multiplicities)) == [1, 10**6 - 2]
    padded = np.pad(theta, ((0, 0), (0, 3)))[:, [0, 1, 3, 4, 5, 2]]
    np.testing.assert_allclose(
        weights(np.pad(centres, ((0, 0), (0, 3))), padded), weights(centres, theta, ambient=5), rtol=1e-8
    )


# ---- special cases


def test_an_affine_target_moves_with_the_span_alone() -> None:
    """Equal `theta_i` and `b_i = <theta, u_i>`: `f*` is linear, so nothing moves inside, and one direction outside."""
    centres = problem(3, 4, 6)[0]
    slope = centres[1] - centres[0]
    theta = np.column_stack([np.tile(slope, (3, 1)), centres @ slope])
    numeric = law(centres, theta).numeric
    assert numeric.d_base - numeric.d_eff == 2
    assert (len(numeric.weights), numeric.multiplicities.tolist()) == (1, [2])


def test_the_growth_in_the_dimension_of_the_paper_is_a_hyperbola() -> None:
    """`theta` proportional to `(1/i) 1_{d+1}` with a fixed norm: `a - b / (d + 1)`, as the audit says of gmm-growth-in-d."""

    def mean(d: int) -> float:
        theta = np.outer(1 / np.arange(1, 4), np.ones(d + 1))
        return float(law(2 * np.eye(3, d), theta / np.linalg.norm(theta)).numeric.interaction_cumulant(1))

    small, middle, large = (mean(d) for d in (4, 9, 99))  # 1/(d + 1) = 0.2, 0.1, 0.01
    assert (small - middle) / 0.1 == pytest.approx((middle - large) / 0.09, rel=1e-8)
    assert small < middle < large


def test_a_constant_target_has_no_interaction() -> None:
    numeric = law(problem(3, 4, 6)[0], np.column_stack([np.zeros((3, 4)), np.ones(3)])).numeric
    assert numeric.d_base == numeric.d_eff == 9
    assert not len(numeric.weights)


# ---- refusals


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        (
            {"centers": [[0, 0, 0, 0], [1, 1, 0, 0], [2, 2, 0, 0]]},
            NeverDerivable,
            "span 1 dimensions where 2 are expected",
        ),
        (
            {"centers": [[0, 0, 0, 0], [1, 1, 0, 0], [2, 2 + 1e-7, 0, 0]]},
            ConditionViolated,
            "cannot be told from rounding",
        ),
        ({"centers": [[1, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]]}, InputError, "centers: rows 1 and 2 are equal"),
        ({"centers": [[1, 0, 0, 0]], "theta": [[1, 0, 0, 0, 0]]}, InputError, "centers: 1 row came"),
        ({"theta": [[0, 0, 0, 1, 0]] * 3}, InputError, "theta: f\\* = 0"),
        ({"theta": [[0, 0, 0, 1]] * 3}, InputError, "theta: size 4 came, d \\+ 1 with d = 4"),
        ({"Sigma_down": np.eye(4).tolist()}, InputError, "Sigma_down: it came"),
        ({"sigma2": None}, InputError, "sigma2: the key is missing"),
        ({"ambient": 3}, InputError, "ambient: 3 came"),
        ({"centres": 1}, InputError, "centres: not a key of this model; did you mean centers"),
    ],
)
def test_refusals(changes: dict[str, Any], error: type[Exception], words: str) -> None:
    document = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    with pytest.raises(error, match=words):
        symasym.evaluate(NAME, document)


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e3, 1e9, 1e200])
def test_odd_scales_end_in_a_law_or_a_sentence(
    scale: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in ("centers", "theta"):
        path = tmp_path / f"{key}.json"
        path.write_text(json.dumps({**GOOD, key: (scale * np.array(GOOD[key])).tolist()}))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            code = main(["eval", NAME, "--input", str(path)])
        out, err = capsys.readouterr()
        assert (code == 0 and not err and "NaN" not in out) or (code == 2 and not out and err.count("\n") == 1)


# ---- the procedure


def test_the_procedure_at_small_samples() -> None:
    """A quick run: nothing is rejected; precision is for tools/gmm_acceptance.py."""
    found = verify(catalogue.load(NAME), reps=60, m=(500, 1000))
    assert found.judgement.verdict in ("accepted", "inconclusive")
    assert abs(found.judgement.interaction.z) < 3
    assert found.judgement.law.d_eff == 9


def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    """The file holds the chunks that are done; the end is that of an undisturbed run, number for number."""
    path, settings = tmp_path / "run.json", {"reps": 70, "m": (200, 400)}
    seen: list[int] = []

    def stop(done: int, planned: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        verify(catalogue.load(NAME), progress=stop, checkpoint=path, **settings)
    assert len(json.loads(path.read_text())["chunks"]) == 1
    resumed = verify(catalogue.load(NAME), progress=lambda done, _: seen.append(done), checkpoint=path, **settings)
    assert len(seen) == 3  # of four chunks
    whole = verify(catalogue.load(NAME), **settings).results
    for name in ("interactions", "bias", "spread"):
        np.testing.assert_array_equal(getattr(resumed.results, name), getattr(whole, name))
    with pytest.raises(InputError, match="belongs to a run with another seed"):
        verify(catalogue.load(NAME), seed=1, checkpoint=path, **settings)


def test_the_judge_sees_a_wrong_number_of_degrees_of_freedom() -> None:
    """Costs of label noise with their terms of second order, `n p / (n - p - 1)` at `n = m / 4`, and the same with `p + 1`."""
    numeric, rng = law(*problem(3, 4, 2), alpha=4.0).numeric, np.random.default_rng(3)
    grid, p = (500, 1000, 2000, 4000), numeric.d_act

    def judged(p: int) -> bool | None:
        costs = [m / 4 * p / (m / 4 - p - 1) * (1 + 0.1 * rng.standard_normal(4000)) for m in grid]
        drawn = [rng.standard_normal((4000, len(numeric.weights))) ** 2 @ numeric.weights for _ in grid]
        found = verify_family_law(numeric, FamilyResults(grid, 1000, tuple(drawn), tuple(drawn), tuple(costs)))
        return next(check.holds for check in found.checks if check.name == "degrees of freedom")

    assert judged(p) is True
    assert judged(p + 1) is False
