"""Noncentral chi-squares with weights: against SciPy, positive series, Imhof's integral, completed squares and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from symasym.law.quadratic_form import cdf, cumulant, isf, pdf, ppf, rvs, sf


def poisson_mixture(q: float, m: float, shift: float) -> tuple[float, float]:
    """`chi2_m(l)` is `chi2_{m + 2 N}` with `N` Poisson of mean `l / 2`: positive terms, so accurate in both tails."""
    n = np.arange(int(shift / 2 + 40 * np.sqrt(shift / 2 + 1) + 600))
    share = stats.poisson.pmf(n, shift / 2)
    return float(share @ stats.chi2.cdf(q, m + 2 * n)), float(share @ stats.chi2.sf(q, m + 2 * n))


class Series:
    """Ruben's (1962) mixture of central chi-squares for shifted ones: positive terms with the smallest weight as scale."""

    def __init__(self, weights, multiplicities, shifts, terms=1500):
        self.smallest = weights.min()
        ratios = 1 - self.smallest / weights
        k = np.arange(1, terms)[:, None]
        g = np.sum(multiplicities * ratios**k + k * shifts * self.smallest / weights * ratios ** (k - 1), axis=1)
        c = np.empty(terms)
        c[0] = np.exp(np.sum(multiplicities * np.log(self.smallest / weights)) / 2 - np.sum(shifts) / 2)
        for n in range(1, terms):
            c[n] = g[:n][::-1] @ c[:n] / (2 * n)
        self.shares, self.degrees = c, multiplicities.sum() + 2 * np.arange(terms)

    def tails(self, q):
        laws = stats.chi2(self.degrees)
        return self.shares @ laws.cdf(q / self.smallest), self.shares @ laws.sf(q / self.smallest)


def imhof(q, weights, multiplicities, shifts):
    """`P(Q > q) = 1/2 + 1/pi int_0^inf sin(A(u) - q u / 2) / (u R(u)) du` [Imhof1961, (3.2)]."""

    cuts = np.concatenate([np.geomspace(1e-12, 1e-2, 20), np.linspace(0.02, 60, 600)]) / weights.max()
    nodes, node_weights = np.polynomial.legendre.leggauss(20)
    width = np.diff(cuts)[:, None]
    u = cuts[:-1, None] + width * (nodes + 1) / 2
    x = weights[:, None, None] * u
    m, shift = multiplicities[:, None, None], shifts[:, None, None]
    angle = np.sum(m * np.arctan(x) + shift * x / (1 + x**2), axis=0) / 2 - q * u / 2
    damping = np.sum(m * np.log1p(x**2), axis=0) / 4 + np.sum(shift * x**2 / (1 + x**2), axis=0) / 2
    first = (np.sum(weights * (multiplicities + shifts)) - q) / 2 * cuts[0]
    return 0.5 + (first + np.sum(np.sin(angle) * np.exp(-damping) / u * node_weights * width / 2)) / np.pi


def random_laws(seed, count, decades):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 6, count)
    return [
        (
            10.0 ** -rng.uniform(0, decades, n),
            rng.integers(1, 6, n).astype(float),
            rng.exponential(4, n) * rng.integers(0, 2, n),
        )
        for n in sizes
    ]


@pytest.mark.parametrize("m", [1.0, 2.0, 5.0, 40.0])
@pytest.mark.parametrize("shift", [1e-6, 0.3, 2.0, 30.0, 1000.0])
def test_one_weight_is_a_noncentral_chi_square(m: float, shift: float) -> None:
    """SciPy's own law in the body, the Poisson mixture for relative accuracy in both tails."""
    law = stats.ncx2(m, shift)
    p = np.array([0.01, 0.2, 0.5, 0.8, 0.99])
    points = law.ppf(p)
    assert_allclose(cdf(points, [1.0], m, shift), p, rtol=1e-8)
    assert_allclose(pdf(points, [1.0], m, shift), law.pdf(points), rtol=1e-8)
    for factor in (1e-30, 1e-3, 0.2, 0.7, 1.0, 1.4, 3.0):
        q = factor * (m + shift)
        below, above = poisson_mixture(q, m, shift)
        assert_allclose(cdf(q, [1.0], m, shift), below, rtol=2e-11)
        assert_allclose(sf(q, [1.0], m, shift), above, rtol=2e-11)


@pytest.mark.parametrize(("weights", "multiplicities", "shifts"), random_laws(1, 8, 0.6))
def test_relative_accuracy_of_both_tails_against_a_positive_series(weights, multiplicities, shifts) -> None:
    mean, series = np.sum(weights * (multiplicities + shifts)), Series(weights, multiplicities, shifts)
    for factor in (1e-40, 1e-6, 0.1, 0.6, 1.0, 1.6, 4.0):
        below, above = series.tails(factor * mean)
        assert_allclose(cdf(factor * mean, weights, multiplicities, shifts), below, rtol=1e-10)
        assert_allclose(sf(factor * mean, weights, multiplicities, shifts), above, rtol=1e-10)


@pytest.mark.parametrize(("weights", "multiplicities", "shifts"), random_laws(2, 5, 3))
def test_against_imhof(weights, multiplicities, shifts) -> None:
    weights, multiplicities = np.append(weights, 1.0), np.append(multiplicities, 10.0)
    shifts = np.append(shifts, 7.0)
    mean = np.sum(weights * (multiplicities + shifts))
    for q in mean * np.array([0.3, 1.0, 2.0]):
        assert_allclose(
            sf(q, weights, multiplicities, shifts), imhof(q, weights, multiplicities, shifts), rtol=0, atol=1e-8
        )


@pytest.mark.parametrize(
    ("weights", "multiplicities", "shifts"),
    [
        *random_laws(3, 5, 5),
        (np.array([1.0, 1e-6]), np.ones(2), np.array([0.0, 1e6])),
        (np.ones(1), np.ones(1), np.array([1e5])),
    ],
)
def test_quantiles_invert_probabilities(weights, multiplicities, shifts) -> None:
    p = np.array([1e-300, 1e-100, 1e-12, 1e-3, 0.2, 0.5, 0.6, 0.8, 0.999])
    q = ppf(p, weights, multiplicities, shifts)
    assert_allclose(cdf(q, weights, multiplicities, shifts), p, rtol=1e-10)
    assert np.all(np.diff(q) > 0)
    assert_allclose(sf(isf(p, weights, multiplicities, shifts), weights, multiplicities, shifts), p, rtol=1e-10)


def test_density_is_the_derivative() -> None:
    nodes, node_weights = np.polynomial.legendre.leggauss(40)
    for weights, multiplicities, shifts in random_laws(4, 5, 2):
        for low in np.array([0.1, 0.8, 2.0]) * cumulant(1, weights, multiplicities, shifts):
            q = low + 0.1 * low * (nodes + 1) / 2
            integral = 0.05 * low * node_weights @ pdf(q, weights, multiplicities, shifts)
            difference = np.diff(cdf([low, 1.1 * low], weights, multiplicities, shifts))[0]
            assert_allclose(integral, difference, rtol=1e-9, atol=1e-14)


def test_squares_of_shifted_normals() -> None:
    """`sum w (z + delta)^2` has the shifts `delta^2`; draws, cumulants and frequencies."""
    rng = np.random.default_rng(5)
    weights, delta = np.array([2.0, 0.7, 0.1]), np.array([0.5, -2.0, 6.0])
    by_hand = (weights * (rng.standard_normal((200_000, 3)) + delta) ** 2).sum(-1)
    drawn = rvs(200_000, weights, 1.0, rng, delta**2)
    p = np.array([0.01, 0.1, 0.5, 0.9, 0.99, 0.999])
    points = ppf(p, weights, 1.0, delta**2)
    for draws in (by_hand, drawn):
        assert np.all(np.abs(np.mean(draws[:, None] <= points, axis=0) - p) < 5 * np.sqrt(p * (1 - p) / draws.size))
        for order, found in ((1, draws.mean()), (2, draws.var())):
            expected = cumulant(order, weights, 1.0, delta**2)
            spread = np.sqrt(
                cumulant(2 * order, weights, 1.0, delta**2) + 2 * cumulant(order, weights, 1.0, delta**2) ** 2
            )
            assert abs(found - expected) < 6 * spread / np.sqrt(draws.size)
    third = np.sum(weights**3 * (8 + 24 * delta**2))
    assert cumulant(3, weights, 1.0, delta**2) == pytest.approx(third, rel=1e-14)


def test_shifts_broadcast_and_vanish() -> None:
    rng = np.random.default_rng(6)
    weights, shifts, q = rng.uniform(0, 1, (4, 3)), rng.exponential(2, (5, 1, 3)), rng.uniform(0, 9, (5, 4))
    batch = cdf(q, weights, 2.0, shifts)
    assert batch.shape == (5, 4)
    assert_allclose(batch[2, 1], cdf(q[2, 1], weights[1], 2.0, shifts[2, 0]), rtol=1e-12)
    assert_array_equal(cdf(q, weights, 2.0, 0.0), cdf(q, weights, 2.0))
    assert_allclose(cdf(q, weights, 2.0, 1e-300), cdf(q, weights, 2.0), rtol=1e-12)
    assert_allclose(cdf(2.0, [1.0, 0.0], 1.0, [1.0, 50.0]), stats.ncx2(1, 1).cdf(2.0), rtol=1e-9)
    assert cdf(0.0, [0.0], 1.0, 3.0) == 1.0


@pytest.mark.parametrize("shift", [-1.0, np.nan, np.inf])
def test_shifts_that_are_none_are_refused(shift: float) -> None:
    with pytest.raises(ValueError, match="noncentralities must be finite and not negative"):
        cdf(1.0, [1.0], 1.0, shift)
