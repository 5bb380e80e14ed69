"""Sampled vectors have the moments of their law, in the coordinates of the input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import MODELS, verified

from symasym import catalogue
from symasym.simulation.problem import Problem, problem
from symasym.simulation.sampler import draw

M = 40_000


def prepared(name: str, **changes: Any) -> Problem:
    loaded = catalogue.load(name)
    return problem(loaded, verified(name, changes))


def off(products: np.ndarray, expected: np.ndarray) -> float:
    """Largest distance of the mean of `products` `(m, ..)` from `expected` in its standard errors."""
    errors = products.std(axis=0) / np.sqrt(len(products))
    return float(np.max(np.abs(products.mean(axis=0) - expected) / errors))


@pytest.mark.parametrize("name", MODELS)
def test_second_moments_of_every_joint_law(name: str) -> None:
    here = prepared(name)
    samples = draw(here.sources, 1, M, np.random.default_rng(1))
    for source in here.sources:
        joint = np.concatenate([samples[vector][0].reshape(M, -1) for vector in source.names], axis=1)
        assert joint.shape == (M, sum(source.sizes))
        assert off(joint[:, :, None] * joint[:, None, :], source.root @ source.root.T) < 4.5


def test_pairs_and_negatives_of_the_contrastive_model() -> None:
    here = prepared("spectral")
    samples = draw(here.sources, 1, M, np.random.default_rng(2))
    x, x_plus, x_minus = (samples[name][0].reshape(M, 8) for name in ("x", "x_plus", "x_minus"))
    assert off(x[:, :, None] * x_plus[:, None, :], here.given["Sigma_plus"]) < 4.5
    assert off(x_minus[:, :, None] * x_minus[:, None, :], here.given["Sigma"]) < 4.5
    for pair in ((x, x_minus), (x_plus, x_minus)):
        assert off(pair[0][:, :, None] * pair[1][:, None, :], np.zeros((8, 8))) < 4.5


def test_copies_are_independent_of_each_other() -> None:
    here = prepared("spectral", negatives=3)
    negatives = draw(here.sources, 1, M, np.random.default_rng(3))["x_minus"][0]
    assert negatives.shape == (M, 3, 8)
    assert off(negatives[:, 0, :, None] * negatives[:, 0, None, :], here.given["Sigma"]) < 4.5
    assert off(negatives[:, 0, :, None] * negatives[:, 2, None, :], np.zeros((8, 8))) < 4.5


def test_multivariate_t_data_have_their_covariance_and_their_tails() -> None:
    """`E rho^2 = (nu - 2) / (nu - 4)`; the coordinates share one `rho`, so `E x_1^2 x_2^2` of white ones is that too."""
    nu = 20.0
    here = prepared("linear_autoencoder", degrees_of_freedom=nu)
    x = draw(here.sources, 1, 4 * M, np.random.default_rng(4))["x"][0]
    assert off(x[:, :, None] * x[:, None, :], here.given["Sigma"]) < 4.5
    white = x @ np.linalg.inv(np.linalg.cholesky(here.given["Sigma"])).T
    heavy = (nu - 2) / (nu - 4)
    assert off(white[:, 0] ** 4, np.array(3 * heavy)) < 4
    assert off(white[:, 0] ** 2 * white[:, 1] ** 2, np.array(heavy)) < 4
    assert abs(heavy - 1) > 10 * (white[:, 0] ** 2 * white[:, 1] ** 2).std() / np.sqrt(len(x))


def test_the_latent_model_is_sampled_from_its_derived_covariance() -> None:
    here = prepared("factor", noise=0.5)
    loadings = here.given["A"]
    (source,) = here.sources
    np.testing.assert_allclose(source.root @ source.root.T, loadings @ loadings.T + 0.5 * np.eye(8), rtol=0, atol=1e-13)


def test_the_target_is_the_conditional_mean_of_y() -> None:
    """Regress sampled `y = beta^T h + nu` on sampled `x = A h + u`: coefficients and residual variance are those simulated."""
    here = prepared("factor")
    rng = np.random.default_rng(5)
    h, u = rng.standard_normal((M, 2)), rng.standard_normal((M, 8))
    x = h @ here.given["A"].T + u
    y = h @ here.given["beta"] + np.sqrt(here.given["sigma_nu2"]) * rng.standard_normal(M)
    coefficients, rest, *_ = np.linalg.lstsq(x, y, rcond=None)
    expected = np.linalg.solve(here.down_root.T, here.target)
    errors = np.sqrt(here.noise * np.diag(np.linalg.inv(x.T @ x)))
    assert np.max(np.abs(coefficients - expected) / errors) < 4
    assert abs(rest[0] / (M - 8) / here.noise - 1) < 4 * np.sqrt(2 / M)
