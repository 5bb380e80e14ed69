"""A verification as a figure: what was found along the grid, and distribution functions at every `m`."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from symasym.errors import NotDerivableYet
from symasym.figures.canvas import GREY, PAGE, sheet, styled
from symasym.figures.cdf import INTERACTION, draw_distribution
from symasym.figures.subject import LOG_LOSS, ZERO_ONE, Subject, interaction_of
from symasym.simulation.findings import Extrapolation, GridPoint, MisspecifiedJudgement
from symasym.simulation.logistic_judge import LogisticJudgement
from symasym.simulation.logistic_procedure import LogisticResults
from symasym.simulation.procedure import Verification

__all__ = ["verification"]


@styled
def verification(run: Verification) -> Figure:
    """Means of the interaction against `1/m` with the fitted line and the derived value; its law with the samples of every `m`.

    For a logistic second stage the laws of both risks with the samples of every `n`.

    Raises `NotDerivableYet` for a misspecified target.
    """
    judged = run.judgement
    if isinstance(judged, MisspecifiedJudgement):
        raise NotDerivableYet("--plot: a figure for a misspecified target is not drawn yet")
    figure, (left, right) = sheet(PAGE, 2.8, 2)
    if isinstance(judged, LogisticJudgement):
        assert isinstance(run.results, LogisticResults)
        _risks(left, right, judged, run.results)
        return figure
    assert not isinstance(run.results, LogisticResults)
    _means(left, judged.grid, judged.interaction)
    left.set_title(f"{run.model}: z = {judged.interaction.z:+.2f}")
    law = {"limit": Subject(interaction_of(judged.law), INTERACTION)}
    samples = {f"m = {m}": sample for m, sample in zip(run.results.grid, run.results.interactions, strict=True)}
    draw_distribution(right, law, samples, quantity=INTERACTION)
    right.set_title(f"distance {judged.kolmogorov.distance:.4f} at m = {judged.kolmogorov.m}")
    return figure


def _risks(left: Axes, right: Axes, judged: LogisticJudgement, results: LogisticResults) -> None:
    """The laws of both risks with the samples of every `n`, separable draws left out."""
    kinds = (("log_loss", LOG_LOSS), ("zero_one", ZERO_ONE))
    for axes, (name, found, risk), (field, quantity) in zip((left, right), judged.named, kinds, strict=True):
        values = [np.asarray(getattr(stage, field)) for stage in results.stages]
        samples = {f"n = {n}": v[np.isfinite(v)] for n, v in zip(results.labelled, values, strict=True)}
        draw_distribution(axes, {"limit": Subject(risk.law, quantity)}, samples, quantity=quantity)
        axes.set_title(f"{name}: z = {found.z:+.2f}, distance {risk.distance.distance:.4f} at n = {results.n}")


def _means(axes: Axes, grid: tuple[GridPoint, ...], interaction: Extrapolation) -> None:
    fit, at = interaction.fit, np.array([1 / point.m for point in grid])
    ends = np.array([0.0, at.max()])
    means, errors = [point.mean for point in grid], [point.se for point in grid]
    axes.errorbar(at, means, errors, fmt="o", color="black", markersize=3, capsize=2, linewidth=0.8, label="mean, 1 se")
    axes.plot(ends, fit.intercept + fit.slope * ends, color=GREY, linewidth=0.9, label="$a + b/m$")
    axes.axhline(interaction.derived, color="black", linestyle=(0, (5, 2)), label=f"derived, {interaction.derived:.5g}")
    axes.set(xlabel="$1/m$", ylabel=f"mean of {INTERACTION}")
    axes.legend()
