"""Blocked sums against their definition."""

from __future__ import annotations

import numpy as np
import pytest

from symasym.simulation.moments import cross_moment, gram, pair_moment, sandwich, second_moment


@pytest.mark.parametrize(("m", "p", "q"), [(1, 2, 3), (700, 40, 30), (5000, 3, 3), (333, 100, 7)])
def test_gram_is_the_sum_of_outer_products(m: int, p: int, q: int) -> None:
    rng = np.random.default_rng(m)
    u, v = rng.standard_normal((2, m, p)), rng.standard_normal((2, m, q))
    np.testing.assert_allclose(gram(u, v), np.einsum("bmp,bmq->bpq", u, v), rtol=0, atol=1e-11 * m)


def test_moments_are_means() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((3, 50, 4)), rng.standard_normal((3, 50, 2))
    np.testing.assert_allclose(second_moment(x), np.einsum("bmp,bmq->bpq", x, x) / 50, rtol=0, atol=1e-13)
    np.testing.assert_allclose(cross_moment(x, y), np.einsum("bmp,bmq->bpq", x, y) / 50, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("m", "copies", "d"), [(7, 1, 3), (300, 1, 8), (41, 5, 4), (20, 2, 1)])
def test_pair_moment_is_the_mean_square_of_the_bilinear_form(m: int, copies: int, d: int) -> None:
    rng = np.random.default_rng(m)
    x, z = rng.standard_normal((2, m, d)), rng.standard_normal((2, m, copies, d))
    moment = pair_moment(x, z if copies > 1 else z[:, :, 0])
    matrix = rng.standard_normal((d, d))
    matrix += matrix.T
    values = np.einsum("bmp,pq,bmkq->bmk", x, matrix, z) ** 2
    np.testing.assert_allclose(np.einsum("bpiqj,pi,qj->b", moment, matrix, matrix), values.mean((1, 2)), rtol=1e-12)
    for order in ((0, 2, 1, 3, 4), (0, 1, 2, 4, 3), (0, 3, 4, 1, 2)):
        np.testing.assert_array_equal(moment.transpose(order), moment)


def test_sandwich_is_the_trace_of_a_fourfold_product() -> None:
    rng = np.random.default_rng(4)
    inner, outer = rng.standard_normal((3, 3)), rng.standard_normal((2, 3, 3))
    inner, outer = inner + inner.T, outer + outer.swapaxes(-1, -2)
    moment, matrix = sandwich(inner, outer), rng.standard_normal((3, 3))
    matrix += matrix.T
    expected = np.trace(matrix @ inner @ matrix @ outer, axis1=-2, axis2=-1)
    np.testing.assert_allclose(np.einsum("bpiqj,pi,qj->b", moment, matrix, matrix), expected, rtol=1e-12)
    for order in ((0, 2, 1, 3, 4), (0, 1, 2, 4, 3), (0, 3, 4, 1, 2)):
        np.testing.assert_allclose(moment.transpose(order), moment, rtol=0, atol=1e-14)
