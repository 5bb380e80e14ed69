"""Figures are tested for what they show: curves, dots, labels and legends against the laws they are drawn from."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from support import loaded, verified

from symasym import catalogue, figures
from symasym.errors import InputError, NotDerivableYet
from symasym.evaluation import Evaluation, evaluate_inputs
from symasym.figures.curve import BELOW
from symasym.figures.stems import Places
from symasym.law.numeric import NumericLaw
from symasym.simulation.logistic_judge import LogisticJudgement
from symasym.simulation.logistic_procedure import LogisticResults
from symasym.simulation.procedure import Verification, default_input, verify

LAW = NumericLaw(np.array(1.3), np.array(2.0), np.array([0.7, 0.2, 0.2, 3.0]), 2, 6)
OTHER = replace(LAW, weights=LAW.weights / 3)


@cache
def evaluation(name: str, downstream: str = "least_squares") -> Evaluation:
    here = catalogue.load(name)
    return evaluate_inputs(here, default_input(here), downstream)


def axes_of(figure: Figure) -> Axes:
    (axes,) = figure.axes
    return axes


def line(axes: Axes, label: str) -> Line2D:
    """The one curve whose label begins so."""
    (found,) = [item for item in axes.lines if str(item.get_label()).startswith(label)]
    return found


def xy(item: Line2D) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(item.get_xdata(), float), np.asarray(item.get_ydata(), float)


def legend(axes: Axes) -> list[str]:
    found = axes.get_legend()
    return [] if found is None else [text.get_text() for text in found.get_texts()]


# ---- risk against alpha


def test_the_risk_curve_is_the_mean_and_the_band_its_quantiles() -> None:
    axes = axes_of(figures.risk(LAW, band=(0.1, 0.9)))
    x, y = xy(line(axes, "pre-training, mean"))
    np.testing.assert_allclose(y, [float(replace(LAW, alpha=np.array(a)).mean) for a in x], rtol=1e-13)
    (band,) = axes.collections
    corners = band.get_paths()[0].vertices
    for order in (0.1, 0.9):
        for a in (x[0], x[60], x[-1]):
            quantile = float(replace(LAW, alpha=np.array(a)).ppf(np.array(order)))
            assert np.min(np.abs(corners - [a, quantile]).sum(axis=1)) < 1e-9 * max(quantile, a)
    assert axes.get_xscale() == "log" and axes.get_xlabel() == r"$\alpha = m/n$"
    assert axes.get_ylabel() == r"limit of $n\,(R - \sigma^2)$" and axes.get_ylim()[0] == 0
    assert legend(axes) == [
        "10 to 90 %",
        "pre-training, mean",
        "downstream only, 7.8",
        r"crossover, $\alpha_0 = 0.788$",
    ]


def test_the_marked_crossover_is_that_of_the_law_where_both_means_meet() -> None:
    axes = axes_of(figures.risk(LAW))
    x, y = xy(line(axes, "crossover"))
    assert x == [float(LAW.crossover)] and y == [float(LAW.noise) * LAW.d_base]
    assert float(replace(LAW, alpha=x[0]).mean) == pytest.approx(y[0], rel=1e-14)
    assert np.all(xy(line(axes, "downstream only"))[1] == y[0])
    assert axes.get_xlim()[0] == pytest.approx(x[0] / BELOW)


def test_several_laws_have_their_own_crossovers_and_different_lines() -> None:
    axes = axes_of(figures.risk({"one": LAW, "a third": OTHER}))
    for name, law in (("one", LAW), ("a third", OTHER)):
        assert xy(line(axes, f"{name}: crossover"))[0] == [float(law.crossover)]
    curves = [item for item in axes.lines if item.get_label() in ("one", "a third")]
    assert len({item.get_linestyle() for item in curves}) == len({item.get_color() for item in curves}) == 2
    assert not axes.collections and sum(text.startswith("downstream only") for text in legend(axes)) == 1


@pytest.mark.parametrize(
    "law",
    [replace(LAW, noise=np.array(0.0)), replace(LAW, activated=1), replace(LAW, weights=np.zeros(0), d_base=2)],
    ids=["no noise", "null directions wake", "no interaction"],
)
def test_no_crossover_is_drawn_where_there_is_none(law: NumericLaw) -> None:
    axes = axes_of(figures.risk(law))
    assert not any("crossover" in text for text in legend(axes))
    assert axes.get_xlim()[0] < law.alpha < axes.get_xlim()[1]


def test_label_noise_may_be_part_of_the_band() -> None:
    """With it every quantile depends on `alpha` through both parts."""
    law = LAW.unconditional()
    axes = axes_of(figures.risk(law, alphas=(0.5, 5.0)))
    corners = axes.collections[0].get_paths()[0].vertices
    quantile = float(replace(law, alpha=np.array(0.5)).ppf(np.array(0.95)))
    assert np.min(np.abs(corners - [0.5, quantile]).sum(axis=1)) < 1e-9 * quantile


def test_a_logistic_law_shows_its_log_loss() -> None:
    law = evaluation("factor", "logistic").logistic
    assert law is not None
    axes = axes_of(figures.risk(law))
    assert axes.get_ylabel() == "limit of $n\\,(R - R^*)$"
    assert xy(line(axes, "crossover"))[0] == [float(law.interaction.crossover)]


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: figures.risk(replace(LAW, alpha=np.ones(3))), "law: a batch of shape (3,) came"),
        (lambda: figures.risk(LAW, band=(0.9, 0.1)), "band: (0.9, 0.1) came"),
        (lambda: figures.risk(LAW, alphas=(0.0, 1.0)), "alphas: (0.0, 1.0) came"),
        (lambda: figures.risk({}), "laws: none came"),
        (lambda: figures.risk("spectral"), "law: a str came"),
        (lambda: figures.distribution(LAW, {"m = 5": np.array([np.nan])}), "samples: m = 5"),
        (lambda: figures.distribution(LAW, span=(2.0, 1.0)), "span: (2.0, 1.0) came"),
        (lambda: figures.weights(LAW, Places("a", np.arange(3))), "places: (3,) came"),
        (lambda: figures.overview(evaluation("factor"), panels=("risks",)), "panels: risks came"),
        (lambda: figures.save(Figure(), "figure.eps"), "path: figure.eps came"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(call: Any, named: str) -> None:
    with pytest.raises(InputError, match="expected") as refused:
        call()
    assert str(refused.value).startswith(named)


# ---- distribution functions


def test_the_curve_is_the_distribution_function_and_the_steps_are_the_sample() -> None:
    sample = LAW.rvs(300, np.random.default_rng(3))
    axes = axes_of(figures.distribution({"limit": LAW, "other": OTHER}, {"n = 50": sample}, quantiles=(0.5,)))
    for name, law in (("limit", LAW), ("other", OTHER)):
        x, y = xy(line(axes, name))
        np.testing.assert_allclose(y, law.cdf(x), rtol=1e-12)
        assert y[-1] > 0.99
    at, heights = xy(line(axes, "n = 50"))
    np.testing.assert_array_equal(at, np.sort(sample))
    np.testing.assert_allclose(heights, np.arange(1, 301) / 300)
    (text,) = axes.texts
    assert text.get_text() == f"50 %: {float(LAW.ppf(np.array(0.5))):.4g}"
    assert text.xy == (float(LAW.ppf(np.array(0.5))), 0.5)
    assert legend(axes) == ["n = 50", "limit", "other"]
    assert axes.get_xlabel() == r"limit of $n\,(R - \sigma^2)$" and axes.get_ylabel() == "distribution function"


def test_a_long_sample_keeps_its_heights() -> None:
    sample = LAW.rvs(5000, np.random.default_rng(4))
    at, heights = xy(line(axes_of(figures.distribution(LAW, {"m": sample})), "m"))
    assert len(at) <= 400 and at[-1] == sample.max() and heights[-1] == 1
    np.testing.assert_allclose([np.mean(sample <= a) for a in at], heights)


# ---- weights


def test_equal_weights_are_counted() -> None:
    """Two are equal, one of them by rounding alone; `multiplicities` count as well."""
    law = replace(LAW, weights=np.array([0.2, 0.7, 0.2 * (1 + 1e-15)]), multiplicities=np.array([1, 1, 3]))
    axes = axes_of(figures.weights(law))
    x, heights = xy(axes.lines[0])
    assert x.tolist() == [1, 2] and heights == pytest.approx([0.7, 0.2], rel=1e-14)
    assert [text.get_text() for text in axes.texts] == [r"$\times 4$"]
    assert axes.get_xlabel() == "rank of the weight" and axes.get_ylabel() == r"weight $\omega$"
    assert axes.get_yscale() == "linear"


def test_weights_far_apart_are_on_a_logarithmic_axis() -> None:
    axes = axes_of(figures.weights(replace(LAW, weights=np.array([10.0, 0.01]))))
    assert axes.get_yscale() == "log" and axes.get_ylim()[0] > 0


def test_without_an_interaction_the_panel_says_so() -> None:
    axes = axes_of(figures.weights(replace(LAW, weights=np.zeros(0))))
    assert [text.get_text() for text in axes.texts] == ["no interaction"]


def test_closed_form_weights_stand_at_their_index() -> None:
    found = evaluation("linear_autoencoder")
    _, _, axes = figures.overview(found).axes
    x, heights = xy(axes.lines[0])
    k, d = found.given["k"], len(found.given["Sigma"])
    assert x.tolist() == list(range(k + 1, d + 1)) and axes.get_xlabel() == "index $a$"
    np.testing.assert_array_equal(heights, found.numeric.weights)


# ---- a whole problem


@pytest.mark.parametrize("name", ["spectral", "gmm", "void_task"])
def test_the_page_of_a_problem(name: str) -> None:
    """Closed form under another downstream covariance, integrals with multiplicities, null directions that wake."""
    found = evaluation(name)
    risk, distribution, weights = figures.overview(found, name, quantiles=(0.9,)).axes
    assert risk.get_title() == name and distribution.get_title() == rf"at $\alpha = {float(found.numeric.alpha):.4g}$"
    x, y = xy(distribution.lines[0])
    np.testing.assert_allclose(y, found.numeric.cdf(x), rtol=1e-12)
    assert [text.xy for text in distribution.texts] == [(float(found.numeric.ppf(np.array(0.9))), 0.9)]
    counts = np.broadcast_to(found.numeric.multiplicities, found.numeric.weights.shape)
    assert weights.get_xlabel() == "rank of the weight" and weights.get_xlim()[1] == pytest.approx(counts.sum() + 0.6)
    assert any("crossover" in text for text in legend(risk)) == bool(np.isfinite(found.numeric.crossover))


def test_the_page_of_a_logistic_problem_shows_the_weights_of_its_interaction() -> None:
    found = evaluation("factor", "logistic")
    assert found.logistic is not None
    risk, _, weights = figures.overview(found).axes
    assert risk.get_ylabel() == r"limit of $n\,(R - R^*)$"
    np.testing.assert_array_equal(xy(weights.lines[0])[1], found.logistic.interaction.weights)


def test_a_misspecified_target_has_no_figure_yet() -> None:
    document = {**verified("linear_autoencoder"), "target": [1.0] * 8, "misspecified": True}
    found = evaluate_inputs(loaded("linear_autoencoder"), document)
    with pytest.raises(NotDerivableYet, match="misspecified"):
        figures.overview(found)


# ---- a verification


@cache
def run() -> Verification:
    return verify(loaded("linear_autoencoder"), reps=60, m=(100, 200, 400))


def test_a_verification_shows_every_sample_size_and_the_derived_law() -> None:
    left, right = figures.verification(run()).axes
    judged = run().judgement
    assert np.all(xy(line(left, "derived"))[1] == judged.interaction.derived)
    means = left.containers[0].lines[0]
    np.testing.assert_allclose(xy(means)[0], [1 / 100, 1 / 200, 1 / 400])
    np.testing.assert_allclose(xy(means)[1], [point.mean for point in judged.grid])
    assert legend(right) == ["m = 100", "m = 200", "m = 400", "limit"]
    x, y = xy(line(right, "limit"))
    alone = replace(judged.law, noise=np.array(0.0), alpha=np.array(1.0))
    np.testing.assert_allclose(y, alone.cdf(x), rtol=1e-12)
    for m, sample in zip(run().results.grid, run().results.interactions, strict=True):
        np.testing.assert_array_equal(xy(line(right, f"m = {m}"))[0], np.sort(sample))


def test_a_logistic_verification_shows_both_laws() -> None:
    """At every `n` the draws that have a fit; the curves are those of the judged laws, label noise included for the log-loss."""
    found = verify(loaded("linear_autoencoder"), reps=40, m=(400, 800), n=200, downstream="logistic")
    judged, results = found.judgement, found.results
    assert isinstance(judged, LogisticJudgement) and isinstance(results, LogisticResults)
    for axes, (name, constant, risk), field in zip(
        figures.verification(found).axes, judged.named, ("log_loss", "zero_one"), strict=True
    ):
        assert axes.get_title().startswith(f"{name}: z = {constant.z:+.2f}")
        assert legend(axes) == ["n = 100", "n = 200", "limit"]
        x, y = xy(line(axes, "limit"))
        np.testing.assert_allclose(y, risk.law.cdf(x), rtol=1e-12)
        np.testing.assert_array_equal(xy(line(axes, "n = 200"))[0], np.sort(getattr(results.stages[-1], field)))
    assert not judged.risks[0].law.averaged
