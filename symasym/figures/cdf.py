"""Distribution functions: that of a limit, and those of finite samples next to it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from symasym.errors import InputError
from symasym.figures.canvas import COLUMN, GREY, LINES, sheet, styled
from symasym.figures.subject import LawLike, Subject, subjects

__all__ = ["INTERACTION", "distribution", "draw_distribution"]

POINTS, STEPS = 161, 400
"""Points of a curve, and steps of an empirical distribution function at most: enough for a line on paper."""
TAIL = 0.995
"""Order of the quantile at which the axis ends."""
INTERACTION = r"$m\,\|(I - \Pi_{\hat w})\, f_*\|^2$"
_SAMPLES = ((0.35, (0, (1, 1.2))), (0.45, (0, (4, 1.2, 1, 1.2))), (0.55, (0, (5, 1.5))), (0.68, "-"))
"""Brightness and line of the samples, the last ones for the largest; drawn thin over the thick line of the first law."""


@styled
def distribution(
    laws: LawLike | Mapping[str, LawLike],
    samples: Mapping[str, np.ndarray] | None = None,
    quantiles: tuple[float, ...] = (),
    quantity: str | None = None,
    span: tuple[float, float] | None = None,
) -> Figure:
    """`P(limit <= r)` against `r`, empirical distribution functions of `samples` by name, quantiles as dots.

    Several laws come by name; the first is the one that the others are measured by and is drawn thick. `quantity` is what
    stands on the axis, by default the risk whose limit it is, and `span` are the ends of that axis.
    """
    figure, (axes,) = sheet(COLUMN, 2.5)
    draw_distribution(axes, subjects(laws), samples or {}, quantiles, quantity, span)
    return figure


def draw_distribution(
    axes: Axes,
    named: Mapping[str, Subject],
    samples: Mapping[str, np.ndarray],
    quantiles: tuple[float, ...] = (),
    quantity: str | None = None,
    span: tuple[float, float] | None = None,
) -> None:
    """The same on axes that are there already."""
    first = next(iter(named.values()))
    ordered = {name: np.sort(np.asarray(sample, float).ravel()) for name, sample in samples.items()}
    for name, values in ordered.items():
        if not len(values) or not np.all(np.isfinite(values)):
            raise InputError(f"samples: {name} is empty or holds values that are not finite; finite ones are expected")
    left, right = span or _ends([found.law for found in named.values()])
    if not -np.inf < left < right < np.inf:
        raise InputError(f"span: {(left, right)} came, two numbers with first < second are expected")
    x = np.linspace(left, right, POINTS)
    for (name, values), (grey, line) in zip(ordered.items(), _steps(len(ordered)), strict=True):
        shown = np.unique(np.linspace(0, len(values) - 1, min(len(values), STEPS)).astype(int))
        axes.step(
            values[shown],
            (shown + 1) / len(values),
            where="post",
            color=str(grey),
            linestyle=line,
            linewidth=1.0,
            zorder=3,
            label=name,
        )
    for n, (name, found) in enumerate(named.items()):
        style = {**LINES[n % len(LINES)], "linewidth": 2.4 if n == 0 and samples else 1.4}
        axes.plot(x, found.law.cdf(x), label=name or "limit", **style)
    for order in quantiles:
        at = float(first.law.ppf(np.asarray(order)))
        axes.plot([at, at], [0, order], color=GREY, linestyle=":", linewidth=0.8)
        axes.plot([at], [order], "o", color="black", markersize=3.0)
        axes.annotate(f"{100 * order:g} %: {at:.4g}", (at, order), (5, -9), textcoords="offset points", fontsize=7)
    what = quantity or f"limit of {first.quantity}"
    axes.set(xlim=(left, right), ylim=(0, 1.02), xlabel=what, ylabel="distribution function")
    if len(named) + len(samples) > 1:
        axes.legend(loc="lower right")


def _ends(laws: list) -> tuple[float, float]:
    """From a little before the smallest value to where the heaviest law has nearly ended."""
    low = min(float(law.shift) for law in laws)
    high = max(float(law.ppf(np.asarray(TAIL))) for law in laws)
    if not high > low:
        size = max(abs(low), 1.0)
        return low - size / 2, low + size / 2
    return low - 0.03 * (high - low), high


def _steps(count: int) -> list[tuple[float, object]]:
    return [_SAMPLES[max(0, len(_SAMPLES) - count + n)] for n in range(count)]
