"""Penalties of order `1 / sqrt(m)`: the drift against minimisers of slightly penalised losses, its law, what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from support import instance_of, loaded

from symasym.calculus.forms import forms
from symasym.errors import ConditionViolated, InputError, NotDerivableYet
from symasym.evaluation import evaluate_inputs, law_document
from symasym.general import General, general
from symasym.model import (
    LeastSquares,
    Model,
    O,
    constant,
    covariance,
    dims,
    gaussian,
    inner,
    norm2,
    parameter,
    scalar,
)
from symasym.simulation import verify
from symasym.simulation.judge import verify_law
from symasym.symmetry.quotient import quotient

d, k = dims("d k")
A, S, N, target = parameter("A", k, d), covariance("S", d), covariance("N", d), constant("target", d)
x, c = gaussian("x", d, cov=S), scalar("c")


def components(penalty) -> Model:
    """Principal components by a tied autoencoder."""
    return Model(
        loss=norm2(x - A.T * A * x),
        symmetry=O(k).acts(lambda Q: {A: Q * A}),
        features=A * x,
        downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=target),
        local_penalty=penalty,
    )


SPECTRUM = np.array([3.0, 2.0, 1.0, 0.5])
WEIGHT = np.random.default_rng(8).standard_normal((4, 4))
WEIGHT = WEIGHT @ WEIGHT.T


def at(**changes: Any) -> dict[str, Any]:
    plain = {
        "A": np.eye(2, 4),
        "S": np.diag(SPECTRUM),
        "N": WEIGHT,
        "c": 0.7,
        "sigma2": 1.0,
        "target": [1.0, -2.0, 0, 0],
    }
    return {**plain, "Sigma_down": np.diag(SPECTRUM), **changes}


def route(penalty, **changes: Any) -> General:
    model = components(penalty)
    return general(model, at(**changes), forms(model), quotient(model))


# ---- the drift


def test_by_hand() -> None:
    """`P = c tr(A N A^T)`: along `A_ia` the slope is `2 c N_ia`, the Hessian `2 (s_i - s_a)`: `b_ia = -c N_ia / (s_i - s_a)`."""
    drift = route(c * inner(A, A * N)).drift.reshape(2, 4)
    for i in range(2):
        for a in range(2, 4):
            assert drift[i, a] == pytest.approx(-0.7 * WEIGHT[i, a] / (SPECTRUM[i] - SPECTRUM[a]), rel=1e-12)


def test_an_invariant_penalty_asks_for_no_representative() -> None:
    """`tr(A N A^T)` is invariant under `O(k)`: every point of the orbit gives the same displacement of the target."""
    turn = np.linalg.qr(np.random.default_rng(3).standard_normal((2, 2)))[0]
    here, there = route(c * inner(A, A * N)), route(c * inner(A, A * N), A=turn @ np.eye(2, 4))
    np.testing.assert_allclose(here.shifts**2, there.shifts**2, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(there.drift.reshape(2, 4), turn @ here.drift.reshape(2, 4), atol=1e-12)


def test_the_law_is_that_of_shifted_normals() -> None:
    """Two directions outside: `||L(Z)||^2` from draws of `Z ~ N(b, V)`, cumulants exactly, frequencies within their error."""
    found = route(c * inner(A, A * N))
    law = found.law(alpha=2.0)
    assert not law.central and law.kept(law.weights > 0).weights.shape == (2,)
    K, V, b = found.interaction, found.covariance, found.drift
    mean = np.trace(K @ V) + b @ K @ b
    variance = 2 * np.trace(K @ V @ K @ V) + 4 * b @ K @ V @ K @ b
    assert float(law.interaction_cumulant(1)) == pytest.approx(mean, rel=1e-12)
    assert float(law.interaction_cumulant(2)) == pytest.approx(variance, rel=1e-12)
    assert float(law.mean) == pytest.approx(2 + mean / 2, rel=1e-12)
    assert float(law.unconditional().mean) == pytest.approx(2 + mean / 2, rel=1e-12)
    rng = np.random.default_rng(4)
    z = rng.multivariate_normal(b, V, size=100_000)
    draws = 2 + np.einsum("ni,ij,nj->n", z, K, z) / 2
    p = np.array([0.02, 0.2, 0.5, 0.8, 0.98])
    for sample in (draws, law.rvs(100_000, rng)):
        below = np.mean(sample[:, None] <= law.ppf(p), axis=0)
        assert np.all(np.abs(below - p) < 5 * np.sqrt(p * (1 - p) / len(sample)))
    points = law.ppf(p)
    np.testing.assert_allclose(law.cdf(points), p, rtol=1e-9)
    np.testing.assert_allclose(law.sf(points), 1 - p, rtol=1e-9)
    step = 1e-5
    np.testing.assert_allclose(
        (law.cdf(points + step) - law.cdf(points - step)) / (2 * step), law.pdf(points), rtol=1e-6
    )


def test_one_direction_is_a_noncentral_chi_square() -> None:
    law = route(c * inner(A, A * N), A=np.eye(3, 4), target=[1.0, -2.0, 0.5, 0]).law()
    (weight,), (shift,) = law.kept(law.weights > 0).weights, law.kept(law.weights > 0).noncentralities
    points = 3 + weight * stats.ncx2(1, shift).ppf([0.1, 0.5, 0.9])
    np.testing.assert_allclose(law.cdf(points), [0.1, 0.5, 0.9], rtol=1e-9)


def test_what_does_not_vary_is_a_constant() -> None:
    """A drift in a direction without variance moves the law as a whole."""
    law = replace(route(c * inner(A, A * N)), weights=np.zeros(4), shifts=np.array([2.0, 1.0, 0, 0])).law(alpha=5.0)
    assert float(law.offset) == 5.0 and float(law.mean) == 2 + 5 / 5
    assert float(law.cdf(2.999)) == 0 and float(law.cdf(3.001)) == 1


# ---- refused


def test_a_representative_that_does_not_balance_is_refused() -> None:
    """`<A, M>` is not invariant; along the orbit it is stationary only where `A M^T` is symmetric."""
    M = constant("M", k, d)
    model = components(inner(A, M))
    balanced = np.array([[1.0, 0.3, 0.2, 0], [0.3, 2.0, 0, 0.1]])
    general(model, at(M=balanced), forms(model), quotient(model))
    tilted = balanced + np.array([[0, 0.5, 0, 0], [0, 0, 0, 0]])
    with pytest.raises(ConditionViolated, match="local_penalty: it is not stationary along the orbit at w"):
        general(model, at(M=tilted), forms(model), quotient(model))


def test_penalties_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match=r"local_penalty: .* depends on data"):
        components(norm2(A * x))
    with pytest.raises(InputError, match="local_penalty: B is not a parameter of the loss"):
        components(norm2(parameter("B", k, d)))
    spectral = loaded("spectral").model
    with pytest.raises(NotDerivableYet, match="local_penalty: the closed form does not know about it"):
        replace(spectral, local_penalty=norm2(spectral.parameters[0]))


# ---- the catalogue's own: a ridge penalty that fades


def fading(weight: float, **changes: Any) -> dict[str, Any]:
    plain = dict(instance_of("regularised_encoder").verification)
    del plain["representation_penalty"]
    return {**plain, "encoder_penalty": weight, "decoder_penalty": weight / 2, "fading": True, **changes}


def test_the_drift_is_the_slope_of_the_ridge_path() -> None:
    """`w*` of the plain ridge at `eps` displaces the target by `eps L(b)`: two searches against one formula."""
    name = "regularised_encoder"
    law = evaluate_inputs(loaded(name), fading(1.0)).numeric
    squared = float(np.sum(law.weights * law.noncentralities) + law.offset)
    residuals = []
    for epsilon in (2e-4, 1e-4):
        ridge = fading(epsilon, fading=False, misspecified=True)
        residuals.append(evaluate_inputs(loaded(name), ridge).misspecified.excess / epsilon**2)
    extrapolated = 2 * residuals[1] - residuals[0]
    assert extrapolated == pytest.approx(squared, rel=1e-3)
    assert residuals[0] == pytest.approx(squared, rel=1e-2)


def test_the_drift_is_linear_in_the_penalty_and_in_the_document() -> None:
    documents = [
        law_document("regularised_encoder", evaluate_inputs(loaded("regularised_encoder"), fading(w)), (0.5,))
        for w in (1.0, 3.0)
    ]
    np.testing.assert_allclose(documents[0]["weights"], documents[1]["weights"], rtol=1e-12)
    np.testing.assert_allclose(
        9 * np.array(documents[0]["noncentralities"]), documents[1]["noncentralities"], rtol=1e-9
    )
    shift = np.dot(documents[1]["weights"], documents[1]["noncentralities"]) + documents[1]["offset"]
    assert documents[1]["interaction"]["mean"] == pytest.approx(np.sum(documents[1]["weights"]) + shift, rel=1e-12)


def test_the_procedure_drifts_as_the_law_says() -> None:
    """A drift of more than half the noise; half of it, none, or weights three tenths too large are refused."""
    outcome = verify(loaded("regularised_encoder"), fading(8.0), reps=600, m=(1000, 4000, 10000), seed=3)
    law, judged = outcome.judgement.law, outcome.judgement
    assert judged.drift is not None and judged.drift.derived > 0.5 * np.sum(law.weights)
    assert all(check.holds for check in judged.checks if check.name != "precision")
    for wrong in (
        replace(law, noncentralities=0.5 * law.noncentralities),
        replace(law, noncentralities=np.zeros(()), offset=np.zeros(())),
        replace(law, weights=1.3 * law.weights, noncentralities=law.noncentralities / 1.3),
    ):
        assert verify_law(wrong, outcome.results).verdict == "rejected"
