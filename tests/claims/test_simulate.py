"""Deciding simulations, in small: right numbers are kept, planted ones are rejected."""

from dataclasses import replace

import numpy as np
import pytest
from claims_findings import finding

from symasym.claims.audit import audit_claim
from symasym.claims.confirm import quadrature_covariance
from symasym.claims.finding import Simulated
from symasym.claims.problems import Numbers
from symasym.claims.reading import published
from symasym.claims.samples import degree, hermite_nodes, sample_derivative, sample_values
from symasym.claims.setting import setting
from symasym.claims.simulate import simulate
from symasym.errors import InputError

SMALL = {
    "factor-law": {"reps": 400, "grid": (200, 400, 800)},
    "factor-section": {"reps": 1500, "grid": (200, 400, 800)},
    "factor-descriptor": {"reps": 1500, "grid": (200, 400, 800)},
    "factor-noise": {"reps": 50_000},
    "spectral-cross": {"reps": 300_000},
    "spectral-score": {"reps": 300_000},
    "spectral-suboptimality": {"reps": 300, "grid": (500, 1000)},
    "spectral-hessian": {"reps": 800, "grid": (500, 1000, 2000)},
}


def small(name: str, seed: int) -> Simulated:
    found = finding(name)
    spec = replace(found.claim.simulation, **SMALL[name])
    return simulate(replace(found, claim=replace(found.claim, simulation=spec)), seed)


@pytest.mark.parametrize("name", SMALL)
def test_small_simulations_stay_with_the_derived_number(name: str) -> None:
    """Four standard errors, since eight seeds are looked at and a short grid bends a little."""
    result = small(name, seed=5)
    assert abs(result.z_derived) < 4
    if finding(name).verdict == "differs":
        assert abs(result.z_claimed) > 5
    assert result.seed == 5 and result.how


def test_the_same_seed_gives_the_same_numbers() -> None:
    first, second, other = small("factor-section", 1), small("factor-section", 1), small("factor-section", 2)
    assert (first.mean, first.se) == (second.mean, second.se) and first.mean != other.mean


def test_a_right_claim_is_not_rejected() -> None:
    claim = published("factor-section")
    part = replace(claim.parts[0], claimed="1/sqrt(ell[i])")
    spec = replace(claim.simulation, **SMALL["factor-section"])
    result = simulate(audit_claim(replace(claim, parts=(part,), simulation=spec)), 5)
    assert result.z_claimed == result.z_derived


def test_a_claim_without_a_simulation_is_refused() -> None:
    with pytest.raises(InputError, match="describes no simulation"):
        simulate(finding("factor-prior"))


# ---- samples and nodes


def test_five_points_differentiate_the_loss_exactly() -> None:
    here = Numbers(setting("spectral-diagonal"), published("spectral-score").simulation)
    (parameter,) = here.setting.model.parameters
    rng = np.random.default_rng(3)
    samples = {name: rng.standard_normal((20, 2)) for name in ("x", "x_plus", "x_minus")}
    loss, along = here.setting.model.loss, rng.standard_normal((1, 2))
    at = here.matrices["A"]
    found = sample_derivative(loss, parameter, along, here.values, samples)
    x, p, m = samples["x"], samples["x_plus"], samples["x_minus"]
    u, v = at[0], along[0]
    by_hand = -2 * ((x @ v) * (p @ u) + (x @ u) * (p @ v)) + 2 * (x @ u) * (m @ u) * (
        (x @ v) * (m @ u) + (x @ u) * (m @ v)
    )
    assert np.allclose(found, by_hand)
    values = sample_values(loss, here.values, samples)
    assert np.allclose(values, -2 * (x @ u) * (p @ u) + ((x @ u) * (m @ u)) ** 2)
    assert degree(loss, ("x", "x_plus")) == 2 and degree(loss, ("x_minus",)) == 2


def test_nodes_integrate_polynomials_exactly() -> None:
    here = Numbers(setting("spectral-diagonal"), published("spectral-score").simulation)
    nodes, weights = hermite_nodes(here.problem.sources, 3)
    x, p = nodes["x"], nodes["x_plus"]
    sigma, cross = here.matrices["Sigma"], here.matrices["Sigma_plus"]
    assert np.allclose((weights[:, None] * x).T @ x, sigma) and np.allclose((weights[:, None] * x).T @ p, cross)
    assert weights @ (x[:, 0] ** 2 * p[:, 0] ** 2) == pytest.approx(sigma[0, 0] ** 2 + 2 * cross[0, 0] ** 2)


def test_quadrature_confirms_the_cross_term_by_hand() -> None:
    lam, mu, b = 0.64, 0.2, 1.5
    spec = published("spectral-cross").simulation
    spec = replace(spec, entries={**spec.entries, "lam": [lam], "mu": [0, mu], "b": [0, b]})
    here = Numbers(setting("spectral-diagonal"), spec)
    found = quadrature_covariance(here.setting, published("spectral-cross").parts[0], here.point)
    assert found == pytest.approx(lam * (lam + mu) / b)
