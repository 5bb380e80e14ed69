"""A concrete problem: risk against `alpha`, the distribution at its own `alpha`, the weights, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from symasym.errors import InputError, NotDerivableYet
from symasym.evaluation.outcome import Evaluation
from symasym.figures.canvas import PAGE, sheet, styled
from symasym.figures.cdf import draw_distribution
from symasym.figures.curve import draw_risk
from symasym.figures.stems import Places, draw_weights
from symasym.figures.subject import LOG_LOSS, SQUARED, Subject
from symasym.law.evaluate import evaluate
from symasym.law.law import Law
from symasym.model.instance import AlignedPoint

__all__ = ["PANELS", "overview", "places_of"]


PANELS = ("risk", "distribution", "weights")


@styled
def overview(
    evaluation: Evaluation,
    title: str = "",
    quantiles: tuple[float, ...] = (0.5, 0.95),
    panels: Sequence[str] = PANELS,
) -> Figure:
    """Panels for what `symasym.evaluate` gives, under a title, as wide as a page where there are all three.

    Raises `NotDerivableYet` for a target outside the span of the features, whose risk has no limit at this rate, and
    `InputError` for an unknown panel.
    """
    if not isinstance(evaluation, Evaluation):
        raise InputError(f"evaluation: a {type(evaluation).__name__} came, what symasym.evaluate gives is expected")
    if evaluation.misspecified is not None:
        raise NotDerivableYet("--plot: a figure for a misspecified target is not drawn yet")
    if not panels or not set(panels) <= set(PANELS):
        raise InputError(f"panels: {', '.join(panels)} came, some of {', '.join(PANELS)} are expected")
    logistic = evaluation.logistic
    found = {"": Subject(evaluation.numeric, SQUARED if logistic is None else LOG_LOSS)}
    figure, places = sheet(PAGE * len(panels) / len(PANELS), 2.3, len(panels))
    for axes, panel in zip(places, panels, strict=True):
        if panel == "risk":
            draw_risk(axes, found)
        elif panel == "distribution":
            draw_distribution(axes, found, {}, quantiles)
            axes.set_title(rf"at $\alpha = {float(evaluation.numeric.alpha):.4g}$")
        else:
            draw_weights(axes, evaluation.numeric if logistic is None else logistic.interaction, places_of(evaluation))
    if title:
        places[0].set_title(title)
    return figure


def places_of(evaluation: Evaluation) -> Places | None:
    """The indices of the weights where each belongs to one: closed form, covariance diagonal in aligned coordinates."""
    law, point = evaluation.law, evaluation.point
    if law is None or not isinstance(point, AlignedPoint) or "Sigma_down" in evaluation.given:
        return None
    values = {**{name: evaluation.given[name] for name in law.dimensions if name in evaluation.given}, **point.values}
    positions = np.concatenate([_positions(law, n, values) for n in range(len(law.outside))] or [np.zeros(0)])
    if positions.shape != evaluation.numeric.weights.shape:
        return None
    return Places(", ".join(str(item.index) for item in law.outside), positions)


def _positions(law: Law, number: int, values: dict) -> np.ndarray:
    item = law.outside[number]
    first, last = (int(evaluate(bound, values)) for bound in (item.first, item.last))
    return np.arange(first, last + 1)
