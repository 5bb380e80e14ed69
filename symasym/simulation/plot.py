"""A verification as a figure; needs matplotlib (extra `plot`), which is why nothing else imports this module."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from symasym.errors import NotDerivableYet
from symasym.law import quadratic_form
from symasym.simulation.findings import MisspecifiedJudgement
from symasym.simulation.procedure import Verification

__all__ = ["save_figure"]


def save_figure(run: Verification, path: Path) -> None:
    """Write a PNG or PDF: means against `1/m` with the fitted line, and both distribution functions at the largest `m`."""
    judged = run.judgement
    if isinstance(judged, MisspecifiedJudgement):
        raise NotDerivableYet("--plot: a figure for a misspecified target is not drawn yet")
    figure = Figure(figsize=(9, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    at = np.array([1 / point.m for point in judged.grid])
    left.errorbar(
        at, [p.mean for p in judged.grid], [p.se for p in judged.grid], fmt="o", capsize=3, label="mean, 1 se"
    )
    ends = np.array([0.0, at.max()])
    left.plot(ends, judged.interaction.fit.intercept + judged.interaction.fit.slope * ends, label="a + b/m")
    left.axhline(judged.interaction.derived, linestyle="--", color="black", label="derived")
    left.set(
        xlabel="1/m", ylabel=r"$m\,\|(I - \Pi_{\hat w}) f_*\|^2$", title=f"{run.model}: z = {judged.interaction.z:.2f}"
    )
    left.legend()
    ordered = np.sort(run.results.interactions[-1])
    law = judged.law.kept(judged.law.weights > 0)
    right.step(ordered, np.arange(1, len(ordered) + 1) / len(ordered), where="post", label=f"m = {judged.grid[-1].m}")
    right.plot(
        ordered,
        quadratic_form.cdf(ordered, law.weights, law.multiplicities),
        linestyle="--",
        color="black",
        label="derived",
    )
    right.set(xlabel="interaction", ylabel="distribution function", title=f"distance {judged.kolmogorov.distance:.4f}")
    right.legend()
    figure.savefig(path)
