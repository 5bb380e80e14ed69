"""200 random laws of weighted chi-squares by methods that share nothing with the package or with each other.

* Ruben's (1962) series of positive terms, in floats, wherever at most 3,000 terms reach it: relative accuracy in both tails.
* Inversion of the characteristic function (Gil-Pelaez 1951, Imhof 1961) by Gauss-Legendre rules over half-periods with Euler's
  summation: absolute accuracy, every law, ratios of weights up to 1e8.
* Simulation with NumPy's gamma variates: every law.
* Partial fractions in 120 and more digits for even multiplicities: relative accuracy down to 1e-100, any ratios. High precision
  is kept to these laws because there it needs no quadrature, so that the whole file takes seconds.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from symasym.law.quadratic_form import cdf, estimate, pdf, sf

KINDS = {"wide": 50, "narrow": 50, "even": 40, "single": 20, "multiplicities": 25, "many": 15}


def random_law(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Weights and multiplicities, at a random scale."""
    if kind == "wide":  # ratios up to 1e8, few degrees of freedom
        n = rng.integers(2, 13)
        w, m = 10.0 ** -rng.uniform(0, 8, n), rng.integers(1, 4, n)
    elif kind == "narrow":
        n = rng.integers(2, 13)
        w, m = 10.0 ** -rng.uniform(0, rng.choice([0.3, 1.0, 1.7]), n), rng.integers(1, 6, n)
    elif kind == "even":
        n = rng.integers(2, 7)
        w, m = 10.0 ** -rng.uniform(0, rng.choice([0.5, 3.0, 8.0]), n), 2 * rng.integers(1, 4, n)
    elif kind == "single":
        w, m = np.ones(1), np.array([round(10 ** rng.uniform(0, 4))])
    elif kind == "multiplicities":
        n = rng.integers(2, 6)
        w, m = 10.0 ** -rng.uniform(0, 3, n), np.round(10 ** rng.uniform(0, 5, n))
    else:
        n = rng.integers(100, 1001)
        w, m = 10.0 ** -rng.uniform(0, 1.5, n), np.ones(n)
        w[: n // 4] = w[0]  # some of them equal
    return w * 10 ** rng.uniform(-3, 3), np.asarray(m, float)


RNG = np.random.default_rng(20261121)
LAWS = [(kind, *random_law(kind, RNG)) for kind, count in KINDS.items() for _ in range(count)]
assert len(LAWS) == 200


def mean_and_spread(w: np.ndarray, m: np.ndarray) -> tuple[float, float]:
    return float(m @ w), float(np.sqrt(2 * m @ w**2))


def ruben(q: np.ndarray, w: np.ndarray, m: np.ndarray, terms: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P(Q <= q), P(Q > q) as mixtures of chi-squares at the smallest weight, and the relative size of what is left out above."""
    ratios = 1 - w.min() / w
    g = np.array([m @ ratios**k for k in range(1, terms)])
    c = np.empty(terms)
    c[0] = np.exp(m @ np.log(w.min() / w) / 2)
    for k in range(1, terms):
        c[k] = g[:k][::-1] @ c[:k] / (2 * k)
    freedom = m.sum() + 2 * np.arange(terms)
    below, above = (f(q[:, None] / w.min(), freedom) for f in (stats.chi2.cdf, stats.chi2.sf))
    # ratios of the c_k fall towards the largest of `ratios`
    rest = c[-1] / (1 - c[-1] / c[-2]) if c[-1] < c[-2] else np.inf
    return below @ c, above @ c, rest / (above @ c)


def half_periods(q: float, w: np.ndarray, m: np.ndarray) -> float:
    """P(Q <= q) = 1/2 - (1/pi) int_0^inf Im(phi(u) exp(-i q u)) du / u."""
    x, gauss = np.polynomial.legendre.leggauss(20)

    def pieces(edges: np.ndarray) -> np.ndarray:
        low, width = edges[:-1, None], np.diff(edges)[:, None]
        u = low + width * (x + 1) / 2
        # by sums over real arrays: log|phi| and arg phi
        size, angle = np.zeros(u.shape), -q * u
        for weight, number in zip(w, m, strict=True):
            size -= number / 4 * np.log1p((2 * weight * u) ** 2)
            angle += number / 2 * np.arctan(2 * weight * u)
        return (np.exp(size) * np.sin(angle) / u * gauss).sum(1) * width[:, 0] / 2

    start = np.pi / q
    first = np.concatenate([[0.0], np.geomspace(1e-18, 1.0, 60) * start])
    # direct summation until phi is gone, or 80 half-periods; of the alternating rest repeated means
    grid = np.arange(1, 4001) * start
    size = sum(-number / 4 * np.log1p((2 * weight * grid) ** 2) for weight, number in zip(w, m, strict=True))
    gone = int(np.argmax(size < -42)) if size[-1] < -42 else None
    count = 80 if gone is None else gone + 1
    total = pieces(first).sum() + pieces(start * np.arange(1, count + 1)).sum()
    if gone is None:
        partial = np.cumsum(pieces(start * (count + np.arange(41))))
        while len(partial) > 1:
            partial = (partial[1:] + partial[:-1]) / 2
        total += partial[0]
    return 0.5 - total / np.pi


def partial_fractions(q: float, w: np.ndarray, m: np.ndarray) -> tuple[mpmath.mpf, mpmath.mpf, mpmath.mpf]:
    """P(Q <= q), P(Q > q) and the density for distinct weights and even multiplicities: a sum of Erlang laws, signed.

    With t = 1 - 2 w_i s, prod_{j != i} (1 - 2 w_j s)^{-r_j} = sum_k c_k t^k around the pole i; c_k then belongs to r_i - k.
    """
    scales, orders = [2 * mpmath.mpf(float(v)) for v in w], [int(n) // 2 for n in m]
    above = density = mpmath.mpf(0)
    for i, (scale, order) in enumerate(zip(scales, orders, strict=True)):
        c = [mpmath.mpf(1)] + [mpmath.mpf(0)] * (order - 1)
        for j, other in enumerate(scales):
            if j != i:  # 1 - 2 w_j s = (1 - p) + p t with p = w_j / w_i
                p = other / scale
                factor = [
                    (1 - p) ** -orders[j] * mpmath.binomial(-orders[j], k) * (p / (1 - p)) ** k for k in range(order)
                ]
                c = [mpmath.fsum(c[n] * factor[k - n] for n in range(k + 1)) for k in range(order)]
        z = mpmath.mpf(float(q)) / scale
        poisson = [mpmath.exp(-z) * z**n / mpmath.factorial(n) for n in range(order)]
        for k, coefficient in enumerate(c):
            above += coefficient * mpmath.fsum(poisson[: order - k])
            density += coefficient * poisson[order - k - 1] / scale
    return 1 - above, above, density


def test_series() -> None:
    compared = 0
    for _, w, m in LAWS:
        ratio, (mean, spread) = w.max() / w.min(), mean_and_spread(w, m)
        terms = int(40 * ratio + 12 * m.sum() ** 0.5 + m @ (w / w.min() - 1))
        if terms > 3000 or m @ np.log(w / w.min()) > 1300:  # beyond: too long, or c_0 is 0 in floats
            continue
        q = np.concatenate(
            [mean * np.array([1e-12, 1e-3, 0.2, 0.7]), mean + spread * np.array([0.0, 1.0, 4.0, 10.0, 30.0])]
        )
        below, above, rest = ruben(q, w, m, terms + 100)
        good = below > 1e-290
        assert_allclose(cdf(q, w, m)[good], below[good], rtol=1e-10)
        good = (rest < 1e-12) & (above > 1e-100)
        assert_allclose(sf(q, w, m)[good], above[good], rtol=1e-10)
        compared += good[5:].any()
    assert compared > 70  # laws in both of their tails; the other methods have them all


def test_inversion_of_the_characteristic_function() -> None:
    for kind, w, m in LAWS:
        mean, spread = mean_and_spread(w, m)
        low = max(mean - 2 * spread, 0.3 * mean)
        q = np.array(
            [low, mean + 0.7 * spread] if kind == "many" else [low, mean, mean + 0.7 * spread, mean + 3 * spread]
        )
        expected = np.array([half_periods(point, w, m) for point in q])
        assert_allclose(cdf(q, w, m), expected, rtol=0, atol=1e-12, err_msg=f"{kind} {w} {m}")
        assert_allclose(sf(q, w, m), 1 - expected, rtol=0, atol=1e-12)


def test_simulation() -> None:
    rng = np.random.default_rng(1)
    for kind, w, m in LAWS:
        draws = np.zeros(2_000 if kind == "many" else 20_000)
        for weight, number in zip(w, m, strict=True):
            draws += weight * rng.chisquare(number, draws.size)
        mean, spread = mean_and_spread(w, m)
        q = np.array([max(0.1 * mean, mean - spread), mean, mean + 2 * spread])
        p = cdf(q, w, m)
        # five standard errors of a frequency, 600 of them with fixed seeds
        assert np.all(np.abs(np.mean(draws[:, None] <= q, axis=0) - p) < 5 * np.sqrt(p * (1 - p) / draws.size))


@pytest.mark.parametrize("kind", ["even", "single"])
def in_high_precision(kind: str, q: float, w: np.ndarray, m: np.ndarray) -> tuple[mpmath.mpf, mpmath.mpf, mpmath.mpf]:
    if kind == "even":
        return partial_fractions(q, w, m)
    half, scale = mpmath.mpf(float(m[0])) / 2, 2 * mpmath.mpf(float(w[0]))
    z = mpmath.mpf(float(q)) / scale
    below, above = (mpmath.gammainc(half, *ends, regularized=True) for ends in ((0, z), (z, mpmath.inf)))
    return below, above, mpmath.exp((half - 1) * mpmath.log(z) - z - mpmath.loggamma(half)) / scale


@pytest.mark.parametrize("kind", ["even", "single"])
def test_both_tails_down_to_1e_100_in_high_precision(kind: str) -> None:
    deepest = [1.0, 1.0]
    for _, w, m in (law for law in LAWS if law[0] == kind):
        mean, _ = mean_and_spread(w, m)
        q = np.concatenate(
            [mean * np.array([1e-20, 1e-9, 1e-3, 0.1, 0.8]), mean + 2 * w.max() * np.array([5.0, 30, 120, 230])]
        )
        with mpmath.workdps(120 + int(9 * m.sum()) if kind == "even" else 60):
            exact = [in_high_precision(kind, point, w, m) for point in q]
            for name, function, column in (("cdf", cdf, 0), ("sf", sf, 1), ("pdf", pdf, 2)):
                found, values = estimate(name, q, w, m), function(q, w, m)
                assert np.array_equal(found.value, values)
                for n, truth in enumerate(row[column] for row in exact):
                    if truth > 1e-280:
                        # the stated error bounds the true one, and is not idle either
                        error = abs(mpmath.mpf(float(values[n])) - truth)
                        assert error <= found.error[n] <= 1e-12 * truth, (name, q[n], w, m)
        deepest = [min(deepest[0], float(exact[0][0])), min(deepest[1], float(exact[-1][1]))]
    assert max(deepest) < 1e-100
