"""The judge on results drawn from a known law: it accepts that law and must be able to refuse others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from symasym.errors import InputError, NotDerivableYet
from symasym.law.numeric import NumericLaw
from symasym.simulation import Results, verify_law
from symasym.simulation.fit import fit_line

WEIGHTS = np.array([3.0, 2.0, 1.5, 1.0, 0.7, 0.0])
GRID = (250, 500, 1000, 2000)


def law(weights: np.ndarray = WEIGHTS, d_eff: int = 2, noise: float = 1.5) -> NumericLaw:
    return NumericLaw(np.asarray(noise), np.asarray(2.0), weights, d_eff, d_eff + 6)


def drawn(reps: int, seed: int, slope: float = 20.0, curve: float = 0.0, n: int = 1000) -> Results:
    """Displacements with covariance `diag(w) (1 + slope/m + curve/m^2)` in rotated coordinates, labels for 2 features."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    displaced = tuple(
        rng.standard_normal((reps, 6)) * np.sqrt(WEIGHTS * (1 + slope / m + curve / m**2)) @ turn.T for m in GRID
    )
    design = rng.standard_normal((reps, n, 3))
    inverse = np.linalg.inv(np.matmul(design[..., :2].swapaxes(1, 2), design[..., :2]))
    spread = n * np.trace(inverse, axis1=1, axis2=2)
    fitted = np.matmul(inverse, np.matmul(design[..., :2].swapaxes(1, 2), design[..., 2:]))[..., 0]
    bias = n / GRID[-1] * np.sum(displaced[-1] ** 2, axis=1) * (1 + np.sum(fitted**2, axis=1))
    return Results(GRID, displaced, n, bias, spread, 1.5)


@pytest.fixture(scope="module")
def results() -> Results:
    return drawn(8000, seed=1, n=100)


def failed(judged: NumericLaw, results: Results) -> set[str]:
    return {check.name for check in verify_law(judged, results).checks if check.holds is False}


def test_the_right_law_is_accepted(results: Results) -> None:
    judgement = verify_law(law(), results)
    assert judgement.accepted and judgement.verdict == "accepted" and judgement.reasons == ()
    assert abs(judgement.interaction.z) < 3
    np.testing.assert_allclose(judgement.observed_weights, WEIGHTS[:5], rtol=0.08)
    assert [group.size for group in judgement.weights] == [1] * 5
    assert abs(judgement.interaction.fit.slope - 20 * WEIGHTS.sum()) < 4 * judgement.interaction.fit.slope_se


@pytest.mark.parametrize("position", range(5))
@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_ten_per_cent_in_one_weight_is_found(position: int, factor: float, results: Results) -> None:
    wrong = WEIGHTS.copy()
    wrong[position] *= factor
    assert "weights" in failed(law(wrong), results)


@pytest.mark.parametrize("position", range(5))
def test_a_missing_weight_is_found(position: int, results: Results) -> None:
    wrong = WEIGHTS.copy()
    wrong[position] = 0
    assert "interaction" in failed(law(wrong), results)


def test_a_weight_too_many_is_found(results: Results) -> None:
    wrong = WEIGHTS.copy()
    wrong[5] = 0.5
    assert "interaction" in failed(law(wrong), results)


@pytest.mark.parametrize("d_eff", [1, 3])
def test_a_wrong_number_of_degrees_of_freedom_is_found(d_eff: int, results: Results) -> None:
    assert failed(law(d_eff=d_eff), results) == {"degrees of freedom", "total"}


def test_a_wrong_noise_variance_is_found_in_the_total(results: Results) -> None:
    assert failed(law(noise=1.65), results) == {"total"}


def test_weights_with_the_right_sum_and_the_wrong_shape_are_found(results: Results) -> None:
    """The mean says nothing here; the variance and the distribution do."""
    wrong = np.full(6, WEIGHTS.sum() / 6)
    assert failed(law(wrong), results) == {"variance", "distribution"}


def test_the_variance_has_an_honest_standard_error() -> None:
    """Repeated experiments at one size: the extrapolated variance scatters as it says, around the truth."""
    found = [verify_law(law(), drawn(200, seed=seed, n=20)).variance for seed in range(150)]
    scaled = np.array([extrapolation.z for extrapolation in found])
    assert abs(scaled.mean()) < 4 / np.sqrt(150) + 0.15  # value and error are correlated, as for any skewed statistic
    assert abs(scaled.std() - 1) < 0.25


def test_few_repetitions_are_not_enough_for_a_verdict() -> None:
    judgement = verify_law(law(), drawn(300, seed=2, n=100))
    assert judgement.verdict == "inconclusive" and not judgement.accepted
    (reason,) = judgement.reasons
    assert reason.startswith("precision: ") and "times the repetitions" in reason


def test_means_off_the_line_are_not_extrapolated() -> None:
    """A correction of order `1/m^2` at too small `m`: the judge asks for larger ones and blames nobody."""
    judgement = verify_law(law(), drawn(8000, seed=3, curve=40_000, n=100))
    states = {check.name: check.holds for check in judgement.checks}
    assert all(states[name] is None for name in ("straight line", "interaction", "variance", "weights"))


def test_the_right_law_is_rarely_rejected() -> None:
    """Forty runs of independent seeds: about two of them may fail one of five checks."""
    rejected = [verify_law(law(), drawn(400, seed=seed, n=100)).verdict == "rejected" for seed in range(100, 140)]
    assert sum(rejected) <= 5


def test_standard_errors_of_the_fit_are_those_of_repeated_experiments() -> None:
    rng = np.random.default_rng(4)
    errors = np.array([0.3, 0.2, 0.2, 0.1])
    lines = [fit_line(GRID, 5 + 300 / np.array(GRID) + errors * rng.standard_normal(4), errors) for _ in range(4000)]
    for name, truth in (("intercept", 5), ("slope", 300)):
        found = np.array([getattr(line, name) for line in lines])
        said = getattr(lines[0], f"{name}_se")
        assert abs(found.mean() - truth) < 4 * said / np.sqrt(4000)
        assert abs(found.std() / said - 1) < 4 / np.sqrt(2 * 4000)
    assert abs(np.mean([line.chi2 for line in lines]) - 2) < 4 * np.sqrt(4 / 4000)
    assert abs(np.mean([line.p < 0.5 for line in lines]) - 0.5) < 4 * 0.5 / np.sqrt(4000)


def test_what_cannot_be_judged_is_said() -> None:
    results = drawn(50, seed=5, n=100)
    with pytest.raises(NotDerivableYet, match="interaction is zero"):
        verify_law(law(np.zeros(6)), results)
    with pytest.raises(InputError, match=r"^weights: 7 that are not zero came, at most 6 are expected$"):
        verify_law(law(np.ones(7)), results)
    with pytest.raises(InputError, match="at least 2"):
        verify_law(law(), replace(results, displaced=tuple(moved[:1] for moved in results.displaced)))
