"""The exact conditional risk against labels drawn again and again, and against exact expectations over the design."""

from __future__ import annotations

import numpy as np
import pytest

from symasym.simulation.moments import gram
from symasym.simulation.second_stage import labelled_stage, learned_span

SIGMA2 = 0.7


@pytest.mark.parametrize("rank", [2, 1])
def test_the_conditional_risk_is_the_mean_over_labels(rank: int) -> None:
    """Minimum norm least squares on raw features and raw inputs, new labels each time, population risk by its formula."""
    rng = np.random.default_rng(rank)
    d, p, n, draws = 4, 2, 12, 20_000
    root = np.linalg.cholesky(np.eye(d) + 0.3)
    features = rng.standard_normal((p, rank)) @ rng.standard_normal((rank, d))
    coefficients = rng.standard_normal(d)
    whitened = rng.standard_normal((n, d))
    inputs = whitened @ root.T
    span = learned_span(features[None], root, root.T @ coefficients)
    bias, spread = labelled_stage(span, gram(whitened[None], whitened[None]), n, root.T @ coefficients)
    assert span.rank[0] == rank

    labels = (inputs @ coefficients)[:, None] + np.sqrt(SIGMA2) * rng.standard_normal((n, draws))
    fitted = np.linalg.lstsq(inputs @ features.T, labels, rcond=1e-10)[0]
    error = root.T @ (features.T @ fitted - coefficients[:, None])
    excess = n * np.sum(error**2, axis=0)  # n (R - sigma^2), one for each draw of the labels
    assert abs(excess.mean() - (bias[0] + SIGMA2 * spread[0])) < 4 * excess.std() / np.sqrt(draws)
    assert bias[0] > 0.1 and spread[0] > 0.1

    basis = np.linalg.qr(root.T @ features.T)[0][:, :rank]
    best = root.T @ coefficients
    np.testing.assert_allclose(span.residual[0], best - basis @ (basis.T @ best), atol=1e-12)


def test_expectations_over_gaussian_designs_are_the_exact_ones() -> None:
    """`E spread = n p / (n - p - 1)`, `E bias = n ||r||^2 (n - 1) / (n - p - 1)`: what the judge expects of a law."""
    rng = np.random.default_rng(3)
    d, p, n, batch = 5, 2, 15, 20_000
    target = rng.standard_normal(d)
    span = learned_span(np.broadcast_to(rng.standard_normal((p, d)), (batch, p, d)), np.eye(d), target)
    design = rng.standard_normal((batch, n, d))
    bias, spread = labelled_stage(span, gram(design, design), n, target)
    left = float(np.sum(span.residual[0] ** 2))
    for sample, expected in ((spread, n * p / (n - p - 1)), (bias, n * left * (n - 1) / (n - p - 1))):
        assert abs(sample.mean() - expected) < 4 * sample.std() / np.sqrt(batch)


def test_a_target_in_the_span_leaves_nothing() -> None:
    rng = np.random.default_rng(4)
    features = rng.standard_normal((3, 2, 5))
    root = np.linalg.cholesky(np.eye(5) + 0.5)
    for b in range(3):
        target = root.T @ features[b].T @ [1.0, -2.0]
        assert np.max(np.abs(learned_span(features[b : b + 1], root, target).residual)) < 1e-13
