"""The law of a weighted sum of chi-squares against closed forms, other methods and simulation."""

from itertools import pairwise

import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import integrate, stats

from symasym.law.quadratic_form import cdf, cumulant, isf, pdf, ppf, rvs, sf

TAILS = np.array([0.9, 0.5, 0.3, 1e-2, 1e-5, 1e-20, 1e-100])


def random_laws(seed, count, decades):
    """Pairs of weights and integer multiplicities; the weights span up to the given number of decades."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 9, count)
    return [(10.0 ** -rng.uniform(0, decades, n), rng.integers(1, 6, n).astype(float)) for n in sizes]


def imhof_sf(q, weights, multiplicities):
    """P(Q > q) = 1/2 + 1/pi int_0^inf sin(A(u) - q u/2) / (u R(u)) du, A and log R sums over the weights."""

    def angle(u):
        return np.sum(multiplicities * np.arctan(weights * u)) / 2

    def damping(u):
        return np.exp(-np.sum(multiplicities * np.log1p((weights * u) ** 2)) / 4) / u

    # The first oscillations directly, scale by scale; the others by a rule for Fourier integrals.
    start = 10 / q
    cuts = np.geomspace(1e-13 * min(start, 1 / weights.max()), start, 40)
    total = (np.sum(multiplicities * weights) - q) / 2 * cuts[0]
    for low, high in pairwise(cuts):
        total += integrate.quad(
            lambda u: np.sin(angle(u) - q * u / 2) * damping(u), low, high, epsabs=1e-13, epsrel=1e-11
        )[0]
    for kind, sign, part in (("cos", 1, np.sin), ("sin", -1, np.cos)):
        total += (
            sign
            * integrate.quad(
                lambda u, part=part: part(angle(u)) * damping(u),
                start,
                np.inf,
                weight=kind,
                wvar=q / 2,
                epsabs=1e-12,
                limlst=500,
                limit=500,
            )[0]
        )
    return 0.5 + total / np.pi


def ruben(q, weights, multiplicities, terms=3000):
    """P(Q <= q) and P(Q > q) as a mixture of chi-square laws: positive terms, so accurate in both tails."""
    smallest = weights.min()
    ratios = 1 - smallest / weights
    g = np.array([np.sum(multiplicities * ratios**k) for k in range(1, terms)])
    c = np.empty(terms)
    c[0] = np.exp(np.sum(multiplicities * np.log(smallest / weights)) / 2)
    for k in range(1, terms):
        c[k] = g[:k][::-1] @ c[:k] / (2 * k)
    m = multiplicities.sum() + 2 * np.arange(terms)
    return c @ stats.chi2.cdf(q / smallest, m), c @ stats.chi2.sf(q / smallest, m)


@pytest.mark.parametrize("m", [0.5, 1, 2, 3, 7.5, 100, 1e4, 1e5])
def test_one_weight_is_a_chi_square(m):
    law = stats.chi2(m)
    points = np.concatenate([law.isf(TAILS), law.ppf(TAILS[:-1])])
    points = points[points > 0]
    assert_allclose(sf(points, [1.0], m), law.sf(points), rtol=2e-12)
    assert_allclose(cdf(points, [1.0], m), law.cdf(points), rtol=2e-12)
    assert_allclose(pdf(points, [1.0], m), law.pdf(points), rtol=1e-9)
    assert_allclose(isf(TAILS, [1.0], m), law.isf(TAILS), rtol=1e-12)
    assert_allclose(ppf(law.cdf(points), [1.0], m)[-6:], points[-6:], rtol=1e-12)


def test_tenth_of_a_degree_of_freedom_loses_digits_only():
    points = np.array([1e-8, 1e-3, 0.1, 1, 5, 20])
    assert_allclose(cdf(points, [1.0], 0.1), stats.chi2.cdf(points, 0.1), atol=1e-8)


@pytest.mark.parametrize("n", [2, 10, 1000])
def test_equal_weights_are_a_chi_square(n):
    law = stats.chi2(3 * n, scale=2.5)
    points = np.concatenate([law.isf(TAILS), law.ppf(TAILS)])
    assert_allclose(sf(points, np.full(n, 2.5), 3), law.sf(points), rtol=1e-11)
    assert_allclose(cdf(points, np.full(n, 2.5), 3), law.cdf(points), rtol=1e-11)


@pytest.mark.parametrize("weights", [(1.0, 2.0), (1.0, 1.001), (3.0, 1e-4), (1e-8, 1.0), (0.3, 1.0, 2.0, 5)])
def test_multiplicity_two_is_hypoexponential(weights):
    """P(Q > q) = sum_i exp(-q/(2 w_i)) prod_{k != i} w_i/(w_i - w_k), in 250 digits for the lower tail."""
    means = [2 * mpmath.mpf(w) for w in weights]
    with mpmath.workdps(250):
        factors = [mpmath.fprod(a / (a - b) for b in means if b != a) for a in means]
        for q in [1e-30, 1e-12, 1e-7, 1e-3, 0.5, 2.0, 10.0, 100.0, 1000.0]:
            terms = [f * mpmath.exp(-q / a) for f, a in zip(factors, means, strict=True)]
            above = mpmath.fsum(terms)
            density = mpmath.fsum(term / a for term, a in zip(terms, means, strict=True))
            assert_allclose(sf(q, weights, 2), float(above), rtol=1e-12)
            assert_allclose(cdf(q, weights, 2), float(1 - above), rtol=1e-12)
            assert_allclose(pdf(q, weights, 2), float(density), rtol=1e-12)


@pytest.mark.parametrize(("weights", "multiplicities"), random_laws(1, 30, decades=8))
def test_against_imhof(weights, multiplicities):
    mean = np.sum(weights * multiplicities)
    for q in mean * np.array([0.05, 0.4, 1.0, 1.5, 4.0]):
        expected = imhof_sf(q, weights, multiplicities)
        assert_allclose(sf(q, weights, multiplicities), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("weights", "multiplicities"), random_laws(2, 6, decades=0.7))
def test_relative_accuracy_of_both_tails_against_a_positive_series(weights, multiplicities):
    mean = np.sum(weights * multiplicities)
    for factor in [1e-40, 1e-9, 1e-2, 0.3, 1.0, 3.0, 10.0, 30.0]:
        below, above = ruben(factor * mean, weights, multiplicities)
        assert_allclose(cdf(factor * mean, weights, multiplicities), below, rtol=1e-11)
        assert_allclose(sf(factor * mean, weights, multiplicities), above, rtol=1e-11)


@pytest.mark.parametrize(("small", "many"), [(1e-3, 1e5), (1e-2, 1e4), (0.3, 300.0), (1e-6, 1e5)])
def test_one_large_weight_over_a_concentrated_rest(small, many):
    """P(Q > q) = 2 int_0^inf phi(z) P(w chi2_m > q - z^2) dz: two scales at once, a positive integrand."""
    rest = stats.chi2(many, scale=small)
    for q in rest.mean() + np.array([-2, 0, 1, 3, 12]) * np.hypot(rest.std(), 1.5):

        def integrand(z, q=q):
            return 2 * stats.norm.pdf(z) * rest.sf(q - z * z)

        cuts = np.sqrt(np.clip(q - rest.mean() + rest.std() * np.arange(-12, 13), 0, None))
        cuts = np.union1d(cuts, np.linspace(0, 16, 33))
        expected = sum(integrate.quad(integrand, a, b, epsabs=0, epsrel=1e-11)[0] for a, b in pairwise(cuts))
        assert_allclose(sf(q, [1.0, small], [1, many]), expected, rtol=1e-9)


def test_a_thousand_weights_of_many_degrees_of_freedom_follow_the_edgeworth_expansion():
    rng = np.random.default_rng(3)
    weights, multiplicities = rng.uniform(0.1, 1, 1000), rng.uniform(1e4, 1e5, 1000)
    k1, k2, k3, k4 = (cumulant(r, weights, multiplicities) for r in (1, 2, 3, 4))
    z = np.linspace(-5, 5, 21)
    g, h = k3 / k2**1.5, k4 / k2**2
    he2, he3, he5 = z**2 - 1, z**3 - 3 * z, z**5 - 10 * z**3 + 15 * z
    expected = stats.norm.cdf(z) - stats.norm.pdf(z) * (g / 6 * he2 + h / 24 * he3 + g**2 / 72 * he5)
    computed = cdf(k1 + z * np.sqrt(k2), weights, multiplicities)
    assert_allclose(computed, expected, rtol=0, atol=1e-10)


def test_simulation():
    rng = np.random.default_rng(4)
    weights, multiplicities = np.array([2.0, 0.7, 0.7, 0.01]), np.array([1.0, 2.5, 3.0, 40.0])
    draws = rvs(200_000, weights, multiplicities, rng)
    p = np.array([0.01, 0.1, 0.5, 0.9, 0.99, 0.999])
    frequency = np.mean(draws[:, None] <= ppf(p, weights, multiplicities), axis=0)
    assert np.all(np.abs(frequency - p) < 5 * np.sqrt(p * (1 - p) / draws.size))
    mean, variance = (cumulant(r, weights, multiplicities) for r in (1, 2))
    assert abs(draws.mean() - mean) < 5 * np.sqrt(variance / draws.size)


def test_draws_have_the_shape_of_size_and_laws_and_follow_the_generator():
    weights = np.array([[1.0, 2.0], [0.0, 3.0], [0.0, 0.0]])
    draws = rvs((5, 2), weights, 1.0, np.random.default_rng(5))
    assert draws.shape == (5, 2, 3)
    assert np.all(draws[..., :2] > 0) and np.all(draws[..., 2] == 0)
    assert_array_equal(draws, rvs((5, 2), weights, 1.0, np.random.default_rng(5)))
    assert_array_equal(draws, rvs((5, 2), weights, 1.0, 5))
    assert rvs(None, weights[0], 1.0, np.random.default_rng(5)).shape == ()
    assert rvs(4, weights[0], 1.0, np.random.default_rng(5)).shape == (4,)


@pytest.mark.parametrize(("weights", "multiplicities"), [*random_laws(6, 8, decades=6), ([5, 1], [1e5, 3e4])])
def test_quantiles_invert_probabilities(weights, multiplicities):
    p = np.array([1e-300, 1e-100, 1e-12, 1e-3, 0.2, 0.5, 0.6, 0.8, 0.999])
    q = ppf(p, weights, multiplicities)
    assert_allclose(cdf(q, weights, multiplicities), p, rtol=1e-10)
    assert np.all(np.diff(q) > 0)
    q = isf(p, weights, multiplicities)
    assert_allclose(sf(q, weights, multiplicities), p, rtol=1e-10)
    x = cumulant(1, weights, multiplicities) * np.array([0.5, 0.9, 1.0, 1.02])
    p = cdf(x, weights, multiplicities)
    inner = (p > 0) & (p < 0.999)
    assert_allclose(ppf(p, weights, multiplicities)[inner], x[inner], rtol=1e-11)


def test_quantiles_at_the_ends():
    weights = [[1.0, 0.5], [0.0, 0.0]]
    assert_array_equal(ppf([[0.0], [1.0], [0.5]], weights)[:2], [[0, 0], [np.inf, 0]])
    assert_array_equal(isf([[0.0], [1.0]], weights), [[np.inf, 0], [0, 0]])
    assert ppf(5e-324, [1.0]) == 0.0  # the square of p, which underflows
    assert_allclose(isf(5e-324, [1.0], 2), -2 * np.log(5e-324), rtol=1e-12)


@pytest.mark.parametrize(("weights", "multiplicities"), random_laws(7, 8, decades=4))
def test_both_tails_add_to_one_and_are_monotone(weights, multiplicities):
    mean = cumulant(1, weights, multiplicities)
    q = mean * np.concatenate([np.linspace(0, 3, 200), [1 - 1e-12, 1, 1 + 1e-12]])
    below, above = cdf(q, weights, multiplicities), sf(q, weights, multiplicities)
    assert_allclose(below + above, 1, rtol=0, atol=1e-15)
    assert np.all((below >= 0) & (below <= 1)) and np.all(np.diff(below[np.argsort(q)]) > -1e-14)


@pytest.mark.parametrize(("weights", "multiplicities"), random_laws(8, 8, decades=4))
def test_density_is_the_derivative_of_the_distribution_function(weights, multiplicities):
    nodes, node_weights = np.polynomial.legendre.leggauss(40)
    for low in [1e-3, 0.1, 0.5, 1.0, 5.0]:
        low = low * cumulant(1, weights, multiplicities)
        high = 1.2 * low
        q = low + (high - low) * (nodes + 1) / 2
        integral = (high - low) / 2 * node_weights @ pdf(q, weights, multiplicities)
        difference = np.diff(cdf([low, high], weights, multiplicities))[0]
        assert_allclose(integral, difference, rtol=1e-9, atol=1e-14)


def test_batches_equal_single_evaluations(monkeypatch):
    rng = np.random.default_rng(9)
    weights, multiplicities = rng.uniform(0, 1, (4, 3, 5)), rng.integers(1, 9, (3, 1)).astype(float)
    q, p = rng.uniform(0, 20, (7, 1, 3)), rng.uniform(0, 1, (7, 1, 3))
    for block in (1, 2**18):
        monkeypatch.setattr("symasym.law.contour._BLOCK", block)
        for function, x in [(cdf, q), (sf, q), (pdf, q), (ppf, p), (isf, p)]:
            batch = function(x, weights, multiplicities)
            assert batch.shape == (7, 4, 3)
            for i, j, k in [(0, 0, 0), (3, 2, 1), (6, 3, 2)]:
                single = function(x[i, 0, k], weights[j, k], multiplicities[k])
                assert single.shape == ()
                assert_allclose(batch[i, j, k], single, rtol=1e-12)


def test_zero_weights_do_not_count():
    q, weights = np.array([0.0, 0.1, 1.0, 9.0]), np.array([1.0, 0.2])
    for function in (cdf, sf, pdf):
        padded = function(q, [0.0, 1.0, 0.0, 0.2], [50.0, 1.0, 3.0, 2.0])
        assert_allclose(padded, function(q, weights, [1.0, 2.0]), rtol=1e-13)


@pytest.mark.parametrize("weights", [np.zeros(3), np.zeros(0)])
def test_no_weights_at_all_is_an_atom_at_zero(weights):
    q = np.array([-np.inf, -1.0, 0.0, 1e-300, 1.0, np.inf])
    assert_array_equal(cdf(q, weights), [0, 0, 1, 1, 1, 1])
    assert_array_equal(sf(q, weights), [1, 1, 0, 0, 0, 0])
    assert_array_equal(pdf(q, weights), [0, 0, np.inf, 0, 0, 0])
    assert_array_equal(ppf([0.0, 0.3, 1.0], weights), 0)
    assert cumulant(2, weights) == 0


def test_ends_of_the_line():
    q = np.array([-np.inf, -1.0, 0.0, np.inf, np.nan])
    assert_array_equal(cdf(q, [1.0]), [0, 0, 0, 1, np.nan])
    assert_array_equal(sf(q, [1.0]), [1, 1, 1, 0, np.nan])
    assert_array_equal(pdf(q, [1.0]), [0, 0, np.inf, 0, np.nan])
    assert_allclose(pdf(0.0, [1.0, 4.0]), 0.25, rtol=1e-13)
    assert pdf(0.0, [1.0, 4.0], 2) == 0
    # Smaller than the contour integral is used for; sqrt(2 q/pi) up to a relative error of q.
    assert_allclose(cdf(1e-300, [1.0]), np.sqrt(2e-300 / np.pi), rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-300, 1e-20, 1e20, 1e300])
def test_scale_invariance(scale):
    q, weights, multiplicities = np.array([1e-3, 0.4, 3.0, 9.0]), np.array([1.0, 0.3, 1e-6]), [1, 4, 9]
    for function, power in [(cdf, 0), (sf, 0), (pdf, 1)]:
        scaled = function(scale * q, scale * weights, multiplicities) * scale**power
        assert_allclose(scaled, function(q, weights, multiplicities), rtol=1e-12)
    quantile = ppf(0.7, scale * weights, multiplicities) / scale
    assert_allclose(quantile, ppf(0.7, weights, multiplicities), rtol=1e-13)


def test_cumulants():
    weights, multiplicities = np.array([[1.0, 2.0], [3.0, 0.0]]), np.array([5.0, 1.0])
    for r, factor in [(1, 1), (2, 2), (3, 8), (4, 48)]:
        assert_allclose(cumulant(r, weights, multiplicities), factor * np.array([5 + 2**r, 5 * 3**r]))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: cdf(1.0, [1.0, -2.0]), r"weights must be finite and not negative, not -2\.0\."),
        (lambda: ppf(0.5, [np.inf]), r"weights must be finite and not negative, not inf\."),
        (lambda: sf(1.0, [np.nan]), r"weights must be finite and not negative, not nan\."),
        (lambda: pdf(1.0, 2.0), r"weights must have at least one axis, not be the number 2\.0\."),
        (lambda: cdf(1.0, [1.0], 0), r"multiplicities must be finite and positive, not 0\.0\."),
        (lambda: ppf(-0.1, [1.0]), r"p must be in \[0, 1\], not -0\.1\."),
        (lambda: isf([0.2, 1.5], [1.0]), r"p must be in \[0, 1\], not 1\.5\."),
        (lambda: ppf(np.nan, [1.0]), r"p must be in \[0, 1\], not nan\."),
        (lambda: cumulant(0, [1.0]), r"r must be a positive integer, not 0\."),
    ],
)
def test_errors_are_one_sentence_with_the_value(call, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        call()
