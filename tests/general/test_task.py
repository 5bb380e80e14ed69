"""The second stage on arrays: null features that wake, targets outside the span."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import derivation, exact_matrices, float_matrices, loaded, point

from symasym.calculus.forms import forms
from symasym.errors import NotDerivableYet
from symasym.evaluation import evaluate_inputs
from symasym.general.route import general
from symasym.model import (
    LeastSquares,
    Model,
    constant,
    covariance,
    dims,
    eye,
    gaussian,
    norm2,
    observed,
    parameter,
    trivial,
    truth,
)


def test_the_void_task_by_hand() -> None:
    """Least squares: `a_hat - a ~ N(0, tau_1 Sigma^{-1} / m)`; what leaves `span(a, v)` counts, `v` itself is fitted."""
    document = dict(loaded("void_task").instance.verification)
    found = evaluate_inputs(loaded("void_task"), document)
    down, sigma = np.array(document["Sigma_down"]), np.array(document["Sigma"])
    root = np.linalg.cholesky(down)
    learned = np.linalg.qr(root.T @ np.array([document["a"], document["v"]]).T)[0]
    outside = np.eye(5) - learned @ learned.T
    spread = document["theta"] ** 2 * document["tau_1"] * root.T @ np.linalg.inv(sigma) @ root
    expected = np.linalg.eigvalsh(outside @ spread @ outside)[::-1][:3]
    np.testing.assert_allclose(found.numeric.weights, expected, rtol=1e-12)
    assert (found.numeric.d_eff, found.numeric.d_act, found.numeric.d_base) == (1, 2, 4)
    assert float(found.numeric.shift) == pytest.approx(2 * document["sigma2"])


def test_null_directions_that_depend_on_the_perturbation_are_refused() -> None:
    """Multi-response regression with a void second response: its estimated row points anywhere."""
    d, p = dims("d p")
    W, S = parameter("W", p, d), covariance("Sigma", d)
    x, e = gaussian("x", d, cov=S), gaussian("e", p, cov=covariance("noise", p))
    x, y = observed("x y", eye(d) * x, truth(W) * x + e)
    model = Model(
        loss=norm2(y - W * x),
        symmetry=trivial(),
        features=W * x,
        downstream=LeastSquares(gaussian("x", d, cov=S), target=constant("target", d)),
    )
    values = {"Sigma": np.eye(3), "noise": np.eye(2), "target": [1.0, 0, 0], "sigma2": 1.0}
    with pytest.raises(NotDerivableYet, match=r"1 of the null features .* 2 dimensions that depends"):
        general(model, {**values, "W": [[1.0, 0, 0], [0, 0, 0]]})
    filled = general(model, {**values, "Sigma": np.eye(2), "target": [1.0, 0], "W": [[1.0, 0], [0, 0]]})
    assert (filled.d_eff, filled.d_act) == (1, 2) and not filled.weights.any()


def best_fit_risk(model: Model, values: dict[str, Any], moved: dict[str, np.ndarray], d: int) -> float:
    """`||(I - Pi_w) f*||^2` for features `A x`, from the definition."""
    root = np.linalg.cholesky(values["Sigma_down"])
    span = np.linalg.qr(root.T @ moved["A"].T)[0]
    target = root.T @ np.ravel(values["target"])
    return float(np.sum((target - span @ (span.T @ target)) ** 2))


@pytest.mark.parametrize("name", ["spectral", "linear_autoencoder"])
def test_the_slope_of_a_misspecified_risk_is_its_derivative(name: str) -> None:
    """Central differences with step 1e-6: error of order 1e-9 on slopes of order 1."""
    derived = derivation(name)
    values = float_matrices(exact_matrices(derived.model, point(name, {"d": 4, "k": 2}, 5)))
    rng = np.random.default_rng(4)
    values["target"] = rng.standard_normal((4, 1))
    found = general(derived.model, values, derived.forms, derived.quotient, misspecified=True)
    assert found.excess == pytest.approx(best_fit_risk(derived.model, values, {"A": values["A"]}, 4), rel=1e-12)
    for _ in range(3):
        v, start, ends = rng.standard_normal(len(found.slope)), 0, []
        for sign in (1, -1):
            moved, start = {}, 0
            for p in derived.model.parameters:
                size = values[p.name].size
                moved[p.name] = values[p.name] + sign * 1e-6 * v[start : start + size].reshape(values[p.name].shape)
                start += size
            ends.append(best_fit_risk(derived.model, values, moved, 4))
        assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(found.slope @ v, rel=1e-5, abs=1e-7)
    assert np.abs(found.vertical @ found.slope).max() < 1e-9 * np.abs(found.slope).max()


def test_a_target_in_the_span_has_slope_zero() -> None:
    derived = derivation("spectral")
    values = float_matrices(exact_matrices(derived.model, point("spectral", {"d": 3, "k": 1}, 5)))
    found = general(derived.model, values, forms(derived.model), misspecified=True)
    assert np.abs(found.slope).max() < 1e-12 * np.abs(found.interaction).max()
