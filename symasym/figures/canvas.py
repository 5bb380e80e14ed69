"""The sheet that figures are drawn on, and how they are written: the same figure gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from symasym.errors import InputError
from symasym.figures import SUFFIXES
from symasym.files import whole_file

__all__ = ["BAND", "COLUMN", "GREY", "LINES", "PAGE", "save", "sheet", "styled"]

COLUMN, PAGE = 3.4, 7.0
"""Width of a column and of the text of a page, in inches."""
GREY, BAND = "0.35", "0.85"
LINES: tuple[dict[str, Any], ...] = (
    {"color": "black", "linestyle": "-"},
    {"color": "#1f6fb4", "linestyle": (0, (5, 1.5))},
    {"color": "#c4570a", "linestyle": (0, (4, 1.2, 1, 1.2))},
    {"color": "#6b8e23", "linestyle": (0, (1, 1.1))},
    {"color": "#8c4a9e", "linestyle": (0, (7, 1.2, 1, 1.2, 1, 1.2))},
)
"""Curves differ by their lines and by how dark they are, so that colour is not needed to tell them apart."""
STYLE: Any = {
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "lines.linewidth": 1.2,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "svg.hashsalt": "symasym",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}
_PLAIN: dict[str, dict[str, Any]] = {
    ".svg": {"Date": None, "Creator": "symasym"},
    ".pdf": {"CreationDate": None, "Creator": "symasym", "Producer": None},
    ".png": {"Software": "symasym"},
}
"""What stands in a file beside the picture: no date and no version."""

Draw = TypeVar("Draw", bound=Callable[..., Any])


def styled(draw: Draw) -> Draw:
    """What is drawn inside has the style of the house, whatever the user's settings are, and leaves those alone."""
    wrapped: Draw = style.context(["default", STYLE])(draw)
    return wrapped


def sheet(width: float, height: float, panels: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure of that size in inches, with panels side by side."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(np.ravel(figure.subplots(1, panels)))


@styled
def save(figure: Figure, path: str | PathLike[str]) -> Path:
    """Write a figure as PDF, PNG or SVG, whole or not at all, without a date; gives the path.

    Raises `InputError` for another suffix.
    """
    target = Path(path)
    if target.suffix not in SUFFIXES:
        raise InputError(f"path: {target} came, a name that ends in {', '.join(SUFFIXES)} is expected")
    with whole_file(target) as stream:
        figure.savefig(stream, format=target.suffix[1:], metadata=_PLAIN[target.suffix])
    return target
