"""Labels in the first stage: forms from named integrals against the population loss, and the procedure itself."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symasym
from symasym import catalogue
from symasym.calculus import projection
from symasym.errors import ConditionViolated, InputError, NotDerivableYet
from symasym.model import (
    GL,
    LeastSquares,
    Model,
    constant,
    covariance,
    dims,
    gaussian,
    inner,
    logistic_loss,
    norm2,
    parameter,
    poisson_loss,
    student,
    trivial,
    truth,
)
from symasym.simulation.fit import fit_line

FILE = str(Path(__file__).parent / "files" / "logistic_tasks.py")
EXAMPLE = dict(catalogue.load(FILE).example)
d, k = dims("d k")


def tasks(loss: Any) -> Model:
    """Two labels of different kinds on one representation."""
    A, b, c = parameter("A", k, d), parameter("b", k, 1), parameter("c", k, 1)
    x = gaussian("x", d, cov=covariance("Sigma", d))
    return Model(
        loss=logistic_loss(inner(b, A * x)) / 2 + loss(inner(c, A * x)),
        symmetry=GL(k).acts(lambda G: {A: G * A, b: G.inv().T * b, c: G.inv().T * c}),
        features=A * x,
        downstream=LeastSquares(
            gaussian("x", d, cov=covariance("Sigma_down", d)), target=truth(A).T * constant("theta", k)
        ),
        where=[k < d],
    )


VALUES = {
    "Sigma": np.array([[1.0, 0.3, 0.1], [0.3, 0.8, -0.2], [0.1, -0.2, 1.2]]),
    "Sigma_down": np.diag([1.0, 2.0, 0.5]),
    "A": np.array([[0.7, 0.2, -0.3], [0.1, -0.6, 0.4]]),
    "b": np.array([[0.9], [0.4]]),
    "c": np.array([[-0.3], [0.8]]),
    "theta": np.array([[1.0], [0.5]]),
    "sigma2": 1.0,
}
CUMULANT = {
    logistic_loss: (lambda u: np.logaddexp(0, u), lambda u: 1 / (1 + np.exp(-u))),
    poisson_loss: (np.exp, np.exp),
}


def population(loss: Any) -> Any:
    """`w -> E [c(eta(w)) - c'(eta*) eta(w)]` on Gauss-Hermite nodes, `w` the entries of A, b, c."""
    nodes, w = np.polynomial.hermite_e.hermegauss(40)
    w = w / w.sum()
    grid = np.stack(np.meshgrid(nodes, nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 3)
    weights = np.einsum("i,j,k->ijk", w, w, w).ravel()
    x = grid @ np.linalg.cholesky(VALUES["Sigma"]).T

    def etas(entries: np.ndarray) -> list[np.ndarray]:
        A, b, c = entries[:6].reshape(2, 3), entries[6:8], entries[8:]
        return [x @ A.T @ b, x @ A.T @ c]

    true = etas(np.concatenate([VALUES[name].ravel() for name in "Abc"]))

    def value(entries: np.ndarray) -> float:
        total = 0.0
        for kind, eta, at, factor in zip((logistic_loss, loss), etas(entries), true, (0.5, 1.0), strict=True):
            cumulant, slope = CUMULANT[kind]
            total += factor * float(weights @ (cumulant(eta) - slope(at) * eta))
        return total

    return value


@pytest.mark.parametrize("loss", [logistic_loss, poisson_loss])
def test_the_hessian_form_is_that_of_the_population_loss(loss: Any) -> None:
    """Second differences with step 1e-3 along random directions: 1e-6; gradient 0.

    Each label enters the score form with the square of its coefficient.
    """
    found = symasym.general_law(tasks(loss), VALUES)
    value, point = population(loss), np.concatenate([VALUES[name].ravel() for name in "Abc"])
    rng, step = np.random.default_rng(6), 1e-3
    for _ in range(4):
        u = rng.standard_normal(10)
        forward, here, back = value(point + step * u), value(point), value(point - step * u)
        assert (forward - back) / (2 * step) == pytest.approx(0, abs=2e-5)
        assert u @ found.hessian @ u == pytest.approx((forward - 2 * here + back) / step**2, rel=2e-5)
    assert not np.allclose(found.score, found.hessian, rtol=1e-3)


def test_a_reduction_that_drops_what_the_function_sees_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wick on `x` as if it were independent of `eta`."""
    monkeypatch.setattr(projection, "_seen", lambda *_: iter([{}]))
    found = symasym.general_law(tasks(logistic_loss), VALUES)
    value, point = population(logistic_loss), np.concatenate([VALUES[name].ravel() for name in "Abc"])
    u, step = np.random.default_rng(6).standard_normal(10), 1e-3
    curvature = (value(point + step * u) - 2 * value(point) + value(point - step * u)) / step**2
    assert abs(u @ found.hessian @ u / curvature - 1) > 0.01


def test_score_and_hessian_agree_for_likelihoods() -> None:
    values = {key: np.array(value) for key, value in EXAMPLE.items()}
    found = symasym.general_law(FILE, {**values, "Sigma_down": values["Sigma"]})
    np.testing.assert_allclose(found.score, found.hessian, rtol=1e-14)
    assert not found.gradient.any()


def fisher(sigma: np.ndarray, w: np.ndarray) -> np.ndarray:
    """`E sigma'(<w, x>) x x^T` by a dense rule in the plane of `w` and what is left of `x`."""
    z, weights = np.polynomial.hermite_e.hermegauss(100)
    weights = weights / weights.sum()
    s = np.sqrt(w @ sigma @ w)
    p = 1 / (1 + np.exp(-s * z))
    slope = sigma @ w / s
    return weights @ (p * (1 - p)) * (sigma - np.outer(slope, slope)) + weights @ (z**2 * p * (1 - p)) * np.outer(
        slope, slope
    )


def test_as_many_tasks_as_features_are_fits_of_their_own() -> None:
    """`k = 2` tasks: `B A` is free, so that each row is a logistic regression with covariance `E[sigma' x x^T]^{-1}`."""
    found = symasym.general_law(tasks(logistic_loss), VALUES)
    W = np.hstack([VALUES["b"], VALUES["c"]]).T @ VALUES["A"]
    theta = np.linalg.solve(np.hstack([VALUES["b"], VALUES["c"]]), VALUES["theta"])[:, 0]  # f* = theta^T W x
    spread = sum(c**2 * np.linalg.inv(fisher(VALUES["Sigma"], w)) for c, w in zip(theta, W, strict=True))
    down = VALUES["Sigma_down"]
    root = np.linalg.cholesky(down)
    span = np.linalg.qr(root.T @ W.T)[0]
    leave = (np.eye(3) - span @ span.T) @ root.T
    expected = np.linalg.eigvalsh(leave @ spread @ leave.T)[-1]
    np.testing.assert_allclose(found.weights[0], expected, rtol=1e-7)


def scored(x: np.ndarray, y: np.ndarray, A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Maximum likelihood by Fisher scoring from the truth: `x` (R, m, d), `y` (R, m, T); the fitted `A` (R, k, d)."""
    R, (k_, d_), T = len(x), A.shape, len(B)
    A, B = np.tile(A, (R, 1, 1)), np.tile(B, (R, 1, 1))
    for _ in range(14):
        h = x @ A.swapaxes(1, 2)
        p = 1 / (1 + np.exp(-(h @ B.swapaxes(1, 2))))
        jacobian = np.zeros((R, x.shape[1], T, k_ * d_ + T * k_))
        jacobian[..., : k_ * d_] = np.einsum("rtk,rmd->rmtkd", B, x).reshape(*p.shape, k_ * d_)
        for t in range(T):
            jacobian[:, :, t, k_ * d_ + t * k_ : k_ * d_ + (t + 1) * k_] = h
        gradient = np.einsum("rmtp,rmt->rp", jacobian, y - p)
        flat = (jacobian * np.sqrt(p * (1 - p))[..., None]).reshape(R, -1, jacobian.shape[-1])
        bread = flat.swapaxes(1, 2) @ flat
        step = (np.linalg.pinv(bread, rcond=1e-8, hermitian=True) @ gradient[..., None])[..., 0]
        A = A + step[:, : k_ * d_].reshape(A.shape)
        B = B + step[:, k_ * d_ :].reshape(B.shape)
    assert np.abs(step).max() < 1e-6
    return A


def test_the_procedure() -> None:
    """`m ||(I - Pi) f*||^2` after maximum likelihood on drawn labels: intercept within 3 standard errors."""
    law = symasym.evaluate(FILE, EXAMPLE).numeric
    sigma, A, theta = (np.array(EXAMPLE[name]) for name in ("Sigma", "A", "theta"))
    B = np.array([EXAMPLE[f"b_{t}"] for t in (1, 2, 3)])
    root, rng = np.linalg.cholesky(sigma), np.random.default_rng(20261120)
    target = root.T @ A.T @ theta
    grid, means, errors = (300, 600, 1200), [], []
    for m in grid:
        parts = []
        for _ in range(8):
            x = rng.standard_normal((50, m, 4)) @ root.T
            y = (rng.random((50, m, 3)) < 1 / (1 + np.exp(-(x @ A.T @ B.T)))).astype(float)
            span = np.linalg.qr(root.T @ scored(x, y, A, B).swapaxes(1, 2))[0]
            left = target - np.einsum("rdk,rek,e->rd", span, span, target)
            parts.append(m * np.sum(left**2, axis=1))
        sample = np.concatenate(parts)
        means.append(sample.mean())
        errors.append(sample.std(ddof=1) / np.sqrt(len(sample)))
    fit = fit_line(grid, np.array(means), np.array(errors))
    derived = float(law.interaction_cumulant(1))
    assert abs(fit.intercept - derived) < 3 * fit.intercept_se
    assert abs(means[-1] - derived) < 0.2 * derived and fit.intercept_se < 0.1 * derived


def test_more_information_costs_less() -> None:
    """Stronger tasks, with a fixed target, are learned more exactly until `p (1 - p)` fades; the law follows `J`."""
    scales = (0.25, 0.5, 1.0)
    costs = []
    for scale in scales:
        b = {name: [scale * v for v in EXAMPLE[name]] for name in ("b_1", "b_2", "b_3")}
        costs.append(float(symasym.evaluate(FILE, EXAMPLE | b).numeric.interaction_cumulant(1)))
    assert all(later < earlier for earlier, later in pairwise(costs))


def test_refusals() -> None:
    A, b = parameter("A", k, d), parameter("b", k, 1)
    x = gaussian("x", d, cov=covariance("Sigma", d))
    heavy = student("t", d, cov=covariance("Sigma", d), degrees_of_freedom=6)
    with pytest.raises(InputError, match=r"logistic_loss: .* linear in one data vector is expected"):
        logistic_loss(norm2(A * x))
    with pytest.raises(InputError, match=r"poisson_loss: .* mentions no parameter"):
        poisson_loss(inner(constant("c", d), x))
    with pytest.raises(NotDerivableYet, match="not Gaussian with mean 0"):
        logistic_loss(inner(b, A * heavy))
    down = LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=truth(A).T * constant("theta", k))
    free = Model(
        loss=norm2(A * x) * logistic_loss(inner(b, A * x)), symmetry=trivial(), features=A * x, downstream=down
    )
    with pytest.raises(NotDerivableYet, match="coefficient"):
        symasym.explain(free)
    with pytest.raises(ConditionViolated, match="loss: it is not invariant"):
        symasym.explain(
            Model(
                loss=logistic_loss(inner(b, A * x)),
                symmetry=GL(k).acts(lambda G: {A: G * A}),
                features=A * x,
                downstream=down,
            )
        )
    with pytest.raises(InputError, match="A: the key is missing"):
        symasym.evaluate(FILE, {key: value for key, value in EXAMPLE.items() if key != "A"})
