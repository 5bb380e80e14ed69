"""The weights of a law: by size with how often each occurs, or by the index that they belong to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from symasym.errors import InputError
from symasym.figures.canvas import COLUMN, GREY, sheet, styled
from symasym.figures.subject import LawLike, subject
from symasym.law.distinct import distinct_weights
from symasym.law.numeric import NumericLaw

__all__ = ["Places", "draw_weights", "weights"]

WIDE = 50.0
"""Ratio of the largest weight to the smallest from which the axis is logarithmic."""
FEW = 40
"""More weights than this are drawn without heads."""


@dataclass(frozen=True)
class Places:
    """The index of each weight, `positions` `(n,)`, and what the index is called."""

    index: str
    positions: np.ndarray


@styled
def weights(law: LawLike, places: Places | None = None) -> Figure:
    """The weights of `||L(Z)||^2`; with `places` in the order of their index, else descending, equal ones counted.

    Of a logistic law those in `L2` weighted by `p (1 - p)`, times the half of the log-loss.
    """
    figure, (axes,) = sheet(COLUMN, 2.2)
    draw_weights(axes, subject(law).law, places)
    return figure


def draw_weights(axes: Axes, law: NumericLaw, places: Places | None = None) -> None:
    """The same on axes that are there already."""
    if places is None:
        heights, counts = distinct_weights(law)
        x = np.cumsum(counts) - counts + 1
        axes.set_xlabel("rank of the weight")
    else:
        if places.positions.shape != law.weights.shape:
            raise InputError(
                f"places: {places.positions.shape} came, one for each weight is expected: {law.weights.shape}"
            )
        heights, counts, x = law.weights, np.ones(law.weights.shape, int), places.positions
        axes.set_xlabel(f"index ${places.index}$")
    axes.set_ylabel(r"weight $\omega$")
    if not len(heights):
        axes.set(xticks=[], yticks=[])
        axes.text(0.5, 0.5, "no interaction", ha="center", va="center", transform=axes.transAxes)
        return
    logarithmic = heights.max() > WIDE * heights.min() > 0
    floor = heights.min() / 3 if logarithmic else 0.0
    ends = x + counts - 1
    axes.hlines(heights, x, ends, color="black", linewidth=1.6)  # a run of equal weights, as long as it counts
    axes.vlines(np.concatenate([x, ends]), floor, np.concatenate([heights, heights]), color=GREY, linewidth=0.8)
    if counts.sum() <= FEW:
        axes.plot(x, heights, "o", color="black", markersize=3.5)
    for height, start, end, count in zip(heights, x, ends, counts, strict=True):
        if count > 1:
            axes.annotate(
                rf"$\times {count}$", ((start + end) / 2, height), (0, 3), textcoords="offset points", ha="center"
            )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlim(x.min() - 0.6, ends.max() + 0.6)
    if logarithmic:
        axes.set(yscale="log", ylim=(floor, heights.max() * 2))
    else:
        axes.set_ylim(0, heights.max() * 1.15)
