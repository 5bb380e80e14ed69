"""What is said about errors and methods, and how multiplicities are arranged for evaluation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from symasym.law import NumericLaw, contour
from symasym.law.quadratic_form import cdf, estimate, isf, ppf, sf


def test_methods_and_shapes() -> None:
    q = np.array([-1.0, 0.0, 1e-300, 1.0, 2000.0, np.inf, np.nan])
    found = estimate("cdf", q, [1.0, 0.5])
    assert list(found.method) == ["exact", "series", "series", "contour", "bound", "exact", "exact"]
    assert_array_equal(found.value, cdf(q, [1.0, 0.5]))
    assert_array_equal(found.nodes > 0, [False, True, True, True, False, False, False])
    assert found.error.shape == q.shape and found.error[4] <= 1e-15 and np.all(found.error[[0, 5, 6]] == 0)
    assert estimate("sf", 2000.0, [1.0, 0.5]).error == 5e-324
    both = estimate("pdf", [[1.0], [2.0]], np.ones((3, 4)), 2.0)
    assert both.value.shape == both.error.shape == both.method.shape == both.nodes.shape == (2, 3)
    assert estimate("pdf", 0.0, [0.0]).value == np.inf


@pytest.mark.parametrize("tolerance", [1e-13, 1e-10, 1e-6, 1e-3])
def test_a_larger_tolerance_is_kept_with_fewer_nodes(tolerance: float) -> None:
    law = stats.chi2(3)
    q = np.concatenate([np.geomspace(1e-8, 3, 20), np.linspace(3, 300, 40)])
    for kind, exact in (("cdf", law.cdf(q)), ("sf", law.sf(q)), ("pdf", law.pdf(q))):
        found = estimate(kind, q, [1.0], 3.0, tolerance=tolerance)
        assert np.all(np.abs(found.value - exact) <= found.error + 1e-12 * exact)
        assert np.all(found.error <= (tolerance + 1e-12) * exact + 1e-15)
    p = np.array([1e-30, 1e-3, 0.5, 0.99])
    for kind, exact in (("ppf", law.ppf(p)), ("isf", law.isf(p))):
        found = estimate(kind, p, [1.0], 3.0, tolerance=tolerance)
        assert np.all(np.abs(found.value - exact) <= found.error + 1e-12 * exact)
    fewest = {t: estimate("cdf", 2.0, [1.0], 3.0, tolerance=t).nodes for t in (1e-3, 1e-13)}
    assert fewest[1e-3] < fewest[1e-13]


def test_too_few_nodes_are_admitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted mistake: the rule may not halve its step enough; then the stated error must say so."""
    monkeypatch.setattr(contour, "_NODES", (8, 8))
    monkeypatch.setattr(contour, "_HALVINGS", 1)
    q, law = np.array([0.01, 1.0, 5.0, 60.0]), stats.chi2(1)
    found = estimate("sf", q, [1.0])
    error = np.abs(found.value - law.sf(q))
    assert np.all(error <= found.error) and np.any(error > 1e-9)
    monkeypatch.setattr(contour, "_NODES", (1, 1))
    assert np.all(np.isnan(sf(q, [1.0]))) and np.all(np.isnan(isf([0.1, 0.9], [1.0])))


def test_ends_have_no_error() -> None:
    found = estimate("ppf", [0.0, 1.0, 0.5], [1.0])
    assert_array_equal(found.error[:2], 0) and list(found.method[:2]) == ["exact", "exact"]
    assert found.method[2] == "contour" and 0 < found.error[2] < 1e-12


@pytest.mark.parametrize("function", [cdf, sf, ppf, isf])
def test_arrangements_agree(function) -> None:
    """The same law with equal weights apart or together, small multiplicities as repeated weights or not, padded with zeros."""
    rng = np.random.default_rng(7)
    w, m = rng.uniform(0.1, 1, 3), np.array([1.0, 3.0, 40.0])
    x = np.array([0.05, 0.5, 0.93]) * (1 if function in (ppf, isf) else m @ w)
    together = function(x, w, m)
    assert_allclose(function(x, np.repeat(w, m.astype(int))), together, rtol=1e-12)
    assert_allclose(function(x, np.concatenate([np.repeat(w, m.astype(int)), np.zeros(400)])), together, rtol=1e-12)
    padded = np.stack([np.append(w, 0.0), np.append(w[::-1], 0.7)])
    numbers = np.stack([np.append(m, 5.0), np.append(m[::-1], 2.5)])
    assert_allclose(function(x[:, None], padded, numbers)[:, 0], together, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: estimate("cumulant", 1.0, [1.0]), r"kind must be one of cdf, sf, pdf, ppf, isf, not cumulant\."),
        (lambda: cdf(1.0, [1.0], tolerance=0.0), r"tolerance must be between 0 and 1, not 0\.0\."),
        (lambda: isf(0.5, [1.0], tolerance=np.nan), r"tolerance must be between 0 and 1, not nan\."),
    ],
)
def test_errors_are_one_sentence(call, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        call()


def test_every_function_of_the_limit_with_and_without_label_noise() -> None:
    """`r = sigma^2 d_act + q / alpha`; without averaging `sigma^2 chi2_{d_act}`, here with weights that are all equal."""
    noise, alpha = np.array([1.5, 0.4]), np.array([2.0, 2.0])
    averaged = NumericLaw(noise, alpha, np.full((2, 3), 0.8), 4, 7, activated=1)
    p = np.array([[1e-60], [0.3], [0.9]])
    for law in (averaged, averaged.unconditional()):
        for kind, back in (("ppf", law.cdf), ("isf", law.sf)):
            r = getattr(law, kind)(p)
            assert r.shape == (3, 2)
            assert_allclose(back(r)[1:], np.broadcast_to(p[1:], (2, 2)), rtol=1e-11)
            found = law.estimate(kind, p)
            assert_array_equal(found.value, r)
            assert np.all(found.error < 1e-11 * r)
        for kind in ("cdf", "sf", "pdf"):
            found = law.estimate(kind, r, tolerance=1e-9)
            assert_allclose(found.value, getattr(law, kind)(r), rtol=1e-8)
            assert np.all(found.error <= 1e-8 * found.value + 1e-15)
    assert_allclose(averaged.sf(noise * 5 + 0.4 * 7.0), stats.chi2.sf(7.0, 3), rtol=1e-12)
    # weights of equal size: alpha sigma^2 = 0.8 in the second law, chi2_{3 + 5} in all
    full = averaged.unconditional()
    assert_allclose(
        full.sf(np.array([1.0, 40.0])[:, None])[:, 1], stats.chi2.sf(np.array([1.0, 40.0]) / 0.4, 8), rtol=1e-11
    )
    assert_allclose(full.isf(1e-100)[1], 0.4 * stats.chi2.isf(1e-100, 8), rtol=1e-11)
    nothing = NumericLaw(np.array(1.0), np.array(1.0), np.ones(2), 0, 2).unconditional()
    assert_allclose(nothing.sf(3.0), np.exp(-1.5), rtol=1e-12)
