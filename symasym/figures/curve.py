"""Risk against `alpha = m/n`: pre-training, the downstream-only baseline, and where the two cross."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from symasym.errors import InputError
from symasym.figures.canvas import BAND, COLUMN, GREY, LINES, sheet, styled
from symasym.figures.subject import LawLike, Subject, subjects
from symasym.law.numeric import NumericLaw

__all__ = ["draw_risk", "risk"]

POINTS = 121
BELOW, ABOVE = 6.0, 40.0
"""The curve begins at `alpha0 / 6` and ends at `40 alpha0`."""


@styled
def risk(
    laws: LawLike | Mapping[str, LawLike],
    band: tuple[float, float] = (0.05, 0.95),
    alphas: tuple[float, float] | None = None,
) -> Figure:
    """Mean and quantile band of the limit of the risk against `alpha`, the baseline's mean, the crossover.

    * `laws`: a law in numbers, or several by name (no bands then, baselines where they differ); their own `alpha` is not used.
    * `band`: the orders of the two quantiles. `alphas`: the ends of the axis, by default around the crossovers.

    Without an interaction, label noise or a rank there is no crossover and none is drawn.
    """
    figure, (axes,) = sheet(COLUMN, 2.5)
    draw_risk(axes, subjects(laws), band, alphas)
    return figure


def draw_risk(
    axes: Axes,
    named: Mapping[str, Subject],
    band: tuple[float, float] = (0.05, 0.95),
    alphas: tuple[float, float] | None = None,
) -> None:
    """The same on axes that are there already."""
    if not 0 < band[0] < band[1] < 1:
        raise InputError(f"band: {band} came, two orders with 0 < first < second < 1 are expected")
    ends = alphas or _ends([found.law for found in named.values()])
    if not 0 < ends[0] < ends[1] < np.inf:
        raise InputError(f"alphas: {ends} came, two numbers with 0 < first < second are expected")
    x = np.geomspace(*ends, POINTS)
    single, top, levels = len(named) == 1, 0.0, set()
    for style, (name, found) in zip(_styles(len(named)), named.items(), strict=True):
        curve = Curve.of(found.law, x)
        top = max(top, float(curve.mean[0]), curve.baseline)
        if single:
            axes.fill_between(x, *curve.quantiles(band), color=BAND, linewidth=0, label=_band_label(band))
        axes.plot(x, curve.mean, label=name or "pre-training, mean", **style)
        if curve.baseline not in levels:
            levels.add(curve.baseline)
            label = f"downstream only, {curve.baseline:.3g}" if len(levels) == 1 else f"downstream only, {name}"
            axes.plot(ends, [curve.baseline] * 2, color=GREY, linestyle=(0, (5, 2)), linewidth=1.0, label=label)
        if curve.crossover is not None:
            _mark(axes, curve.crossover, curve.baseline, style["color"], name)
    quantity = " and ".join(dict.fromkeys(found.quantity for found in named.values()))
    axes.set(xscale="log", xlim=ends, xlabel=r"$\alpha = m/n$", ylabel=f"limit of {quantity}", ylim=(0, 1.25 * top))
    axes.legend(loc="upper right")


@dataclass(frozen=True)
class Curve:
    """A law along `alphas`; `baseline`: the downstream-only mean; `crossover` is None where there is none."""

    law: NumericLaw
    mean: np.ndarray
    baseline: float
    crossover: float | None

    @classmethod
    def of(cls, law: NumericLaw, alphas: np.ndarray) -> Curve:
        """The curve of a law."""
        along = replace(law, alpha=alphas)
        return cls(along, np.asarray(along.mean), float(law.noise) * law.d_base, crossover_of(law))

    def quantiles(self, orders: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
        """Both quantiles at every `alpha`."""
        low, high = (np.broadcast_to(self.law.ppf(np.asarray(order)), self.mean.shape) for order in orders)
        return low, high


def crossover_of(law: NumericLaw) -> float | None:
    """`alpha0`, None where there is none: no interaction, no noise, no rank, or null directions that wake."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = float(law.crossover)
    return found if np.isfinite(found) and found > 0 else None


def _ends(laws: list[NumericLaw]) -> tuple[float, float]:
    found = [alpha0 for law in laws if (alpha0 := crossover_of(law)) is not None]
    if found:
        return min(found) / BELOW, max(found) * ABOVE
    middle = float(laws[0].alpha)
    return middle / ABOVE, middle * ABOVE


def _styles(count: int) -> list[dict]:
    return [LINES[n % len(LINES)] for n in range(count)]


def _band_label(band: tuple[float, float]) -> str:
    low, high = (f"{100 * order:g}" for order in band)
    return f"{low} to {high} %"


def _mark(axes: Axes, alpha0: float, level: float, color: str, name: str) -> None:
    """A dot where the two means meet, and its place on the axis."""
    axes.plot([alpha0] * 2, [0, level], color=color, linestyle=":", linewidth=0.8)
    label = rf"{f'{name}: ' if name else ''}crossover, $\alpha_0 = {alpha0:.3g}$"
    axes.plot([alpha0], [level], "o", color=color, markersize=3.5, label=label)
