"""Singular bases, residual covariances and their refusals, against NumPy alone."""

from __future__ import annotations

import numpy as np
import pytest

from symasym.errors import InputError
from symasym.model.spectrum import (
    canonical_pair,
    is_diagonal,
    require_correlations,
    require_definite,
    require_positive,
    singular_basis,
    whitened_regression,
)


def rotation(size: int, rng: np.random.Generator) -> np.ndarray:
    return np.linalg.qr(rng.standard_normal((size, size)))[0]


def covariance(size: int, rng: np.random.Generator) -> np.ndarray:
    root = rng.standard_normal((size, size + 2))
    return root @ root.T / size


@pytest.mark.parametrize(("p", "q"), [(4, 4), (5, 3), (3, 5), (1, 4), (4, 1)])
@pytest.mark.parametrize("values", [[2, 1, 0.5, 0.1], [1, 1, 1, 1], [2, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]])
def test_a_singular_basis_takes_the_matrix_apart_whatever_the_form(p: int, q: int, values: list[float]) -> None:
    rng = np.random.default_rng([p, q])
    shape = np.zeros((p, q))
    np.fill_diagonal(shape, values)
    matrix = rotation(p, rng) @ shape @ rotation(q, rng).T
    for form in (None, covariance(p, rng)):
        left, found, right = singular_basis(matrix, form)
        assert found.shape == (min(p, q),)
        np.testing.assert_allclose(found, values[: min(p, q)], atol=1e-14)
        np.testing.assert_allclose(left.T @ left, np.eye(p), atol=1e-13)
        np.testing.assert_allclose(right.T @ right, np.eye(q), atol=1e-13)
        turned = np.zeros((p, q))
        np.fill_diagonal(turned, found)
        np.testing.assert_allclose(left.T @ matrix @ right, turned, atol=1e-13)


def test_within_equal_singular_values_the_form_becomes_diagonal() -> None:
    rng = np.random.default_rng(1)
    U, V = rotation(5, rng), rotation(4, rng)
    matrix = U[:, :4] * [2, 1, 1, 0] @ V.T
    inside = np.zeros((5, 5))
    inside[0, 0], inside[1:3, 1:3], inside[3:, 3:] = 1, covariance(2, rng), covariance(2, rng)
    form = U @ inside @ U.T
    assert not is_diagonal(U.T @ form @ U, form)
    left, _, _ = singular_basis(matrix, form)
    assert is_diagonal(left.T @ form @ left, form)
    inside[0, 1] = inside[1, 0] = 1e-6  # between different singular values nothing is free
    form = U @ inside @ U.T
    left, _, _ = singular_basis(matrix, form)
    assert not is_diagonal(left.T @ form @ left, form)


def test_small_correlations_count_whatever_the_units() -> None:
    """Off-diagonal entries are held against their own two variances, not against the largest."""
    matrix = np.diag([1e8, 1e-8])
    matrix[0, 1] = matrix[1, 0] = 1e-4
    assert not is_diagonal(matrix, matrix)
    matrix[0, 1] = matrix[1, 0] = 1e-12
    assert is_diagonal(matrix, matrix)


def test_a_regression_has_orthogonal_errors() -> None:
    rng = np.random.default_rng(2)
    joint = covariance(7, rng)
    first, cross, second = joint[:4, :4], joint[:4, 4:], joint[4:, 4:]
    white, slope, residual = whitened_regression(first, cross, second, "Sigma")
    np.testing.assert_allclose(white @ first @ white, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(slope @ white, np.linalg.solve(first, cross).T, atol=1e-12)
    np.testing.assert_allclose(residual, np.linalg.inv(np.linalg.inv(joint)[4:, 4:]), atol=1e-12)


def test_rounding_of_a_singular_joint_covariance_is_zero_in_any_units() -> None:
    rng = np.random.default_rng(3)
    first, slope = covariance(3, rng), np.diag([1e6, 1e-6]) @ rng.standard_normal((2, 3))
    _, _, residual = whitened_regression(first, first @ slope.T, slope @ first @ slope.T, "Sigma")
    assert np.all(residual == 0)
    second = slope @ first @ slope.T + np.diag([0, 1e-14])
    _, _, residual = whitened_regression(first, first @ slope.T, second, "Sigma")
    spread = np.sqrt(np.diagonal(second))
    np.testing.assert_allclose(residual / np.outer(spread, spread), np.diag([0, 1e-14 / second[1, 1]]), atol=1e-14)


def test_a_joint_covariance_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match=r"^Sigma: the joint covariance is not positive semidefinite"):
        whitened_regression(np.eye(2), np.array([[1.1], [0.0]]), np.eye(1), "Sigma")
    with pytest.raises(InputError, match=r"^Sigma_xy: .* has the singular value 1\.1, at most 1 in modulus"):
        require_correlations(np.array([1.1, 0.3]), [np.eye(2), np.eye(3)], "Sigma_xy", "singular value")
    np.testing.assert_array_equal(require_correlations(np.array([1 + 1e-12, 0.3]), [np.eye(2)], "S", "x"), [1, 0.3])


def test_values_that_are_missing_or_zero_are_refused() -> None:
    with pytest.raises(InputError, match=r"^k: 3 came, but the regression has only 2 singular values; at most 2"):
        require_positive(np.array([1.0, 0.5]), 3, "singular value", "the regression")
    with pytest.raises(
        InputError, match=r"^k: singular value 2 of the regression is 1e-12; a positive one is expected$"
    ):
        require_positive(np.array([1.0, 1e-12]), 2, "singular value", "the regression")
    with pytest.raises(InputError, match=r"^k: eigenvalue 1 of it is 0; a positive"):
        require_positive(np.zeros(2), 1, "eigenvalue", "it")
    require_positive(np.array([1.0, 0.5]), 2, "singular value", "the regression")


def test_a_block_that_is_singular_is_refused() -> None:
    require_definite(np.eye(2), "Sigma: its block of x1")
    with pytest.raises(InputError, match=r"^Sigma: its block of x1: its smallest eigenvalue is 0 .* positive definite"):
        require_definite(np.diag([1.0, 0.0]), "Sigma: its block of x1")


def test_a_pair_is_whitened_and_turned() -> None:
    rng = np.random.default_rng(4)
    sigma = covariance(4, rng)
    root, turn = np.linalg.cholesky(sigma), rotation(4, rng)
    cross = root @ (turn * [0.9, 0.5, 0.2, -0.4]) @ turn.T @ root.T
    values, T = canonical_pair(sigma, cross, 2, "Sigma_plus")
    np.testing.assert_allclose(values, [0.9, 0.5, 0.2, -0.4], atol=1e-12)
    np.testing.assert_allclose(T @ sigma @ T.T, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(T @ cross @ T.T, np.diag(values), atol=1e-12)
    with pytest.raises(InputError, match=r"^k: eigenvalue 4 of the whitened cross-covariance is -0\.4"):
        canonical_pair(sigma, cross, 4, "Sigma_plus")
