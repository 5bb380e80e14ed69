"""Losses of the product of two parameters: derivatives, orbits, and closed minimisers against searched ones."""

from __future__ import annotations

import numpy as np
import pytest
from test_sampler import prepared

from symasym.optimise.newton import TOLERANCE, descend, minimise
from symasym.simulation.bilinear_quadratic import BilinearQuadratic
from symasym.simulation.estimators import canonical_start, random_starts, reduced_rank
from symasym.simulation.moments import cross_moment, product_moment, second_moment
from symasym.simulation.sampler import draw


def two_views(batch: int, m: int, seed: int) -> tuple[BilinearQuadratic, np.ndarray, list[np.ndarray]]:
    """The empirical loss, a start from canonical correlations and two from nowhere."""
    rng = np.random.default_rng(seed)
    samples = draw(prepared("two_view").sources, batch, m, rng)
    views = [second_moment(samples[name]) for name in "xy"]
    cross = cross_moment(samples["x"], samples["y"])
    loss = BilinearQuadratic(-2 * cross, product_moment(samples["x"], samples["y_minus"]))
    pairs = zip(*(random_starts(S, 2, 2, rng) for S in views), strict=True)
    return loss, canonical_start(cross, *views, 2), [np.concatenate(pair, axis=-1) for pair in pairs]


@pytest.mark.parametrize("copies", [None, 3])
def test_product_moments_are_means_of_squares(copies: int | None) -> None:
    rng = np.random.default_rng(1)
    x, z = rng.standard_normal((2, 50, 3)), rng.standard_normal((2, 50, *(() if copies is None else (copies,)), 4))
    tensor, matrix = product_moment(x, z), rng.standard_normal((3, 4))
    forms = np.einsum("bsp,pi,bski->bsk", x, matrix, z.reshape(2, 50, -1, 4))
    np.testing.assert_allclose(np.einsum("bpiqj,pi,qj->b", tensor, matrix, matrix), np.mean(forms**2, axis=(1, 2)))
    np.testing.assert_allclose(tensor, tensor.transpose(0, 3, 4, 1, 2))


def test_gradient_and_hessian_are_derivatives() -> None:
    loss, start, _ = two_views(3, 200, 2)
    rng = np.random.default_rng(3)
    point, direction = start + 0.1, rng.standard_normal(start.shape)
    t = 1e-5
    here, up, down = (loss.at(point + step * direction) for step in (0, t, -t))
    terms = here.gradient * direction
    error = (up.value - down.value) / (2 * t) - terms.sum((1, 2))
    assert np.all(np.abs(error) < 1e-7 * np.abs(terms).sum((1, 2)))  # relative to what cancels in the sum
    applied = np.matmul(here.hessian, direction.reshape(3, -1, 1)).reshape(start.shape)
    np.testing.assert_allclose((up.gradient - down.gradient) / (2 * t), applied, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(here.hessian, here.hessian.swapaxes(1, 2), atol=1e-12)


def test_the_loss_is_constant_along_its_orbits() -> None:
    """`(A, B) -> (G A, G^{-T} B)`; the velocities at the identity are the vertical directions."""
    loss, start, _ = two_views(2, 100, 4)
    p = loss.linear.shape[1]
    point, rng = start + 0.1, np.random.default_rng(5)
    G = np.eye(2) + 0.4 * rng.standard_normal((2, 2))
    moved = np.concatenate([G @ point[..., :p], np.linalg.inv(G).T @ point[..., p:]], axis=-1)
    np.testing.assert_allclose(loss.at(moved).value, loss.at(point).value, rtol=1e-12)
    t, here = 1e-6, loss.at(point)
    assert here.vertical.shape == (2, 4, point[0].size)
    for n, (a, b) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        G = np.eye(2)
        G[a, b] += t
        moved = np.concatenate([G @ point[..., :p], np.linalg.inv(G).T @ point[..., p:]], axis=-1)
        np.testing.assert_allclose((moved - point).reshape(2, -1) / t, here.vertical[:, n], atol=1e-5)


def test_all_starts_lead_to_one_optimum() -> None:
    loss, start, random = two_views(20, 400, 6)
    p = loss.linear.shape[1]
    best = minimise(loss, [start, *random])
    there = loss.at(best)
    assert np.all(np.sqrt(np.sum(there.gradient**2, (1, 2))) <= TOLERANCE * there.scale)
    values = there.value
    for other in (start, *random):
        found = descend(loss, other)
        assert np.all(loss.at(found).value >= values - 1e-10 * np.abs(values))
        same = np.abs(loss.at(found).value - values) < 1e-10 * np.abs(values)
        assert same.mean() > 0.8  # a random start may end in a local minimum, which is why there are several
        products = [(point[..., :p].swapaxes(1, 2) @ point[..., p:])[same] for point in (found, best)]
        np.testing.assert_allclose(*products, atol=1e-6)
    eigenvalues = np.linalg.eigvalsh(there.hessian)
    assert np.all(np.abs(eigenvalues[:, :4]) < 1e-6 * eigenvalues[:, -1:])  # four directions along the orbit of GL(2)
    assert np.all(eigenvalues[:, 4] > 1e-4 * eigenvalues[:, -1])


@pytest.mark.parametrize(("p", "q", "k"), [(5, 3, 2), (3, 5, 2), (4, 4, 1), (4, 2, 2)])
def test_reduced_rank_regression_is_what_a_search_finds(p: int, q: int, k: int) -> None:
    """`mean ||y - B A x||^2 = <-2 S_xy, M> + tr(M^T S_x M)` up to a constant, `M = (BA)^T`, minimised without the formula."""
    rng = np.random.default_rng([p, q, k])
    x = rng.standard_normal((4, 60, p)) @ rng.standard_normal((p, p))
    y = x @ rng.standard_normal((p, q)) + rng.standard_normal((4, 60, q)) * [1.0, *[2.0] * (q - 1)]
    moment, cross = second_moment(x), cross_moment(x, y)
    A, B = reduced_rank(moment, cross, k)
    loss = BilinearQuadratic(-2 * cross, np.einsum("bpq,ij->bpiqj", moment, np.eye(q)))
    starts = [rng.standard_normal((4, k, p + q)) / 3 for _ in range(6)]
    found = minimise(loss, starts)
    product = found[..., :p].swapaxes(1, 2) @ found[..., p:]
    np.testing.assert_allclose(B @ A, product.swapaxes(1, 2), atol=1e-6 * np.abs(product).max())
    means = np.mean(np.sum((y - x @ (B @ A).swapaxes(1, 2)) ** 2, axis=2), axis=1)
    constant = np.trace(second_moment(y), axis1=1, axis2=2)
    np.testing.assert_allclose(means - constant, loss.at(found).value, rtol=1e-8)
