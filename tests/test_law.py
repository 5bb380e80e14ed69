"""`Law`: symbolic until numbers go in, vectorised, and a value that survives its text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy
from scipy.stats import chi2
from support import (
    ALL,
    concrete,
    derivation,
    exactly,
    expanded,
    input_dimension,
    inside,
    law_values,
    outside,
    point,
    typical,
)

from symasym import InputError, Law, NumericLaw
from symasym.errors import ConditionViolated
from symasym.law import from_srepr

SPECTRAL = {"K": 1, "k": 2, "d": 4, "lam": [0.9, 0.5, 0.3, 0.1], "b": [1.0, 2.0], "sigma2": 1.0}


@pytest.mark.parametrize("name", ALL)
def test_survives_its_srepr(name: str) -> None:
    law = derivation(name).law
    assert Law.from_srepr(law.to_srepr()) == law
    assert "omega" in law._repr_latex_() and str(law).startswith(law.title)


def test_srepr_is_not_evaluated() -> None:
    with pytest.raises(InputError, match="not allowed"):
        from_srepr("__import__('os').getcwd()")
    with pytest.raises(InputError, match="not that of a law"):
        Law.from_srepr("Integer(3)")


@pytest.mark.parametrize("name", ALL)
def test_formulas_and_numbers_agree_exactly(name: str) -> None:
    """Mean and variance as formulas, written out in rationals, against the weights in floats."""
    law, sizes = derivation(name).law, typical(name)
    at = point(name, sizes, 5)
    numeric = law.at(alpha=2.0, Sigma_down=np.ones(input_dimension(name, sizes)), **law_values(law, at))
    g = {sympy.IndexedBase(sympy.Symbol("g", real=True))[n + 1]: 1 for n in outside(law, sizes)}
    mean, variance = (exactly(expanded(law, form, sizes).xreplace(g), at) for form in (law.mean, law.variance))
    assert numeric.interaction_cumulant(1) == pytest.approx(float(mean), rel=1e-13)
    assert numeric.interaction_cumulant(2) == pytest.approx(float(variance), rel=1e-13)
    noise = float(exactly(expanded(law, law.noise, sizes), at))
    assert numeric.mean == pytest.approx(noise * concrete(law.d_eff, sizes) + float(mean) / 2, rel=1e-13)


@pytest.mark.parametrize("name", ALL)
def test_general_mean_and_variance_are_those_of_the_eigenvalues(name: str) -> None:
    law, sizes = derivation(name).law, typical(name)
    at = point(name, sizes, 6)
    numeric = law.at(Sigma_down=at.Sigma_down.astype(float), **law_values(law, at))
    exact = sympy.Matrix(*at.Sigma_down.shape, [sympy.Rational(x.numerator, x.denominator) for x in at.Sigma_down.flat])
    within, beyond = inside(law, sizes), outside(law, sizes)
    inner, cross, outer = (exact.extract(*where) for where in ((within, within), (within, beyond), (beyond, beyond)))
    complement = outer - cross.T * inner.inv() * cross
    schur = sympy.IndexedBase(sympy.Symbol("S", real=True))
    table = {schur[p + 1, q + 1]: complement[m, n] for m, p in enumerate(beyond) for n, q in enumerate(beyond)}
    mean, variance = (
        exactly(expanded(law, form, sizes).xreplace(table), at) for form in (law.general_mean, law.general_variance)
    )
    assert numeric.interaction_cumulant(1) == pytest.approx(float(mean), rel=1e-11)
    assert numeric.interaction_cumulant(2) == pytest.approx(float(variance), rel=1e-11)


def test_leading_axes_are_a_batch() -> None:
    law = derivation("spectral").law
    rng = np.random.default_rng(20261120)
    lam = np.sort(rng.uniform(0.1, 0.9, (5, 1, 4)), axis=-1)[..., ::-1]
    b, sigma2, alpha = rng.standard_normal((3, 2)), rng.uniform(1, 2, (5, 1)), rng.uniform(1, 2, 3)
    together = law.at(K=1, k=2, d=4, lam=lam, b=b, sigma2=sigma2, alpha=alpha)
    assert together.mean.shape == together.cdf(together.mean).shape == (5, 3)
    for m in range(5):
        for n in range(3):
            one = law.at(K=1, k=2, d=4, lam=lam[m, 0], b=b[n], sigma2=sigma2[m, 0], alpha=alpha[n])
            assert together.mean[m, n] == pytest.approx(float(one.mean), rel=1e-14)
            assert together.ppf(np.array(0.9))[m, n] == pytest.approx(float(one.ppf(0.9)), rel=1e-10)


def test_distribution_functions_of_the_limit() -> None:
    numeric = derivation("spectral").law.at(alpha=5.0, **SPECTRAL)
    r = numeric.ppf(np.array([0.05, 0.5, 0.95]))
    np.testing.assert_allclose(numeric.cdf(r), [0.05, 0.5, 0.95], atol=1e-10)
    np.testing.assert_allclose(numeric.sf(r), [0.95, 0.5, 0.05], atol=1e-10)
    step = 1e-5
    np.testing.assert_allclose(numeric.pdf(r), (numeric.cdf(r + step) - numeric.cdf(r - step)) / (2 * step), rtol=1e-6)
    assert numeric.cdf(numeric.shift - 1e-9) == 0
    sample = numeric.rvs(40_000, np.random.default_rng(20261120))
    # four standard errors of a mean, and of a probability, over 40,000 draws with a fixed seed
    assert abs(sample.mean() - numeric.mean) < 4 * np.sqrt(numeric.var / 40_000)
    assert abs(np.mean(sample <= r[1]) - 0.5) < 4 * 0.5 / 200


def test_crossover_is_where_the_means_meet() -> None:
    law = derivation("spectral").law
    alpha0 = law.at(alpha=1.0, **SPECTRAL).crossover
    at_crossover = law.at(alpha=alpha0, **SPECTRAL)
    assert at_crossover.mean == pytest.approx(float(at_crossover.noise * at_crossover.d_base), rel=1e-14)


def test_budget_minimises_the_risk() -> None:
    numeric = derivation("spectral").law.at(alpha=1.0, **SPECTRAL)
    best = float(numeric.budget(cost_unlabelled=0.1, cost_labelled=2.0))
    ratios = best * np.array([0.99, 1.0, 1.01])
    n = 1000 / (2.0 + 0.1 * ratios)  # labelled samples that 1000 units of cost buy at m = ratio n
    risk = numeric.shift / n + numeric.interaction_cumulant(1) / (ratios * n)
    assert risk[1] < risk[0] and risk[1] < risk[2]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"lam": None}, "lam: a value is missing"),
        ({"mu": 1.0}, "mu: not known"),
        ({"k": 1.5}, "k: 1.5 came"),
        ({"k": True}, "k: True came"),
        ({"k": 4}, "k < d is expected"),
        ({"lam": [0.9, 0.5, 0.3]}, "lam: has 3 entries"),
    ],
)
def test_wrong_numbers_are_named(change: dict, named: str) -> None:
    values = {key: value for key, value in {**SPECTRAL, **change}.items() if value is not None}
    with pytest.raises(InputError, match=named):
        derivation("spectral").law.at(**values)


def test_sigma2_replaces_a_noise_that_the_model_determines() -> None:
    law = derivation("factor").law
    numeric = law.at(k=1, d=3, ell=[2.0], beta=[1.0], noise=1.0, sigma2=0.7)
    assert numeric.noise == 0.7
    with pytest.raises(InputError, match="beta: a value is missing"):
        law.at(k=1, d=3, ell=[2.0], noise=1.0, sigma2=0.7)


def test_without_averaging_the_label_noise_is_a_chi_square_of_its_own() -> None:
    """`sigma^2 chi2_{d_eff}` independent of the interaction: cumulants add, and with no interaction it is a plain chi-square."""
    averaged = derivation("spectral").law.at(alpha=5.0, **SPECTRAL)
    full = averaged.unconditional()
    assert full.mean == pytest.approx(float(averaged.mean), rel=1e-14)
    assert full.var == pytest.approx(float(averaged.var) + 2 * 2 * 1.0**2, rel=1e-14)
    draws = averaged.rvs(40_000, np.random.default_rng(1)) - averaged.shift
    draws = draws + np.random.default_rng(2).chisquare(2, 40_000)
    for p in (0.1, 0.5, 0.9):
        r = full.ppf(np.array(p))
        assert full.cdf(r) == pytest.approx(p, abs=1e-10)
        # four standard errors of a proportion over 40,000 draws with fixed seeds
        assert abs(np.mean(draws <= r) - p) < 4 * np.sqrt(p * (1 - p) / 40_000)
    lonely = NumericLaw(np.array(2.0), np.array(1.0), np.zeros(3), 4, 4, averaged=False)
    assert lonely.cdf(np.array(6.0)) == pytest.approx(chi2.cdf(3.0, 4), rel=1e-12)


@pytest.mark.parametrize(
    ("lam", "where"),
    [
        ([0.1, 0.3, 0.5, 0.9], "at i = 1, a = 3 it is 0.1 against 0.5"),
        ([0.9, 0.5, 0.5, 0.1], "at i = 2, a = 3 it is 0.5 against 0.5"),
        ([[0.9, 0.8, 0.5, 0.1], [0.9, 0.3, 0.5, 0.1]], "at i = 2, a = 3 it is 0.3 against 0.5"),
    ],
)
def test_outside_of_its_assumptions_a_law_gives_no_numbers(lam: list, where: str) -> None:
    law = derivation("spectral").law
    with pytest.raises(ConditionViolated, match="assumes lam.i. > lam.a.; " + where):
        law.at(k=2, d=4, lam=lam, b=[1.0, 2.0], K=1, sigma2=1.0)


def test_a_scalar_that_is_called_like_the_downstream_covariance() -> None:
    """A law with a scalar `g` writes `g_down[a]` for what it writes `g[a]` else."""
    law = derivation("linear_autoencoder").law
    plain, moved = str(law), str(replace(law, noise=sympy.Symbol("g", positive=True)))
    assert "omega[a] = g[a]*Sum(" in plain and "S[a, a]*Sum(" in plain
    expected = plain.replace("g[a]", "g_down[a]").replace("  g: diag", "  g_down: diag")
    assert moved == expected.replace("v = omega/g", "v = omega/g_down").replace("sigma^2 = sigma2", "sigma^2 = g")
