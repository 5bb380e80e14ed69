"""Figures of laws: risk against `alpha`, distribution functions, weights; vector graphics that are readable in grey.

    from symasym import figures
    figures.save(figures.risk(law), "risk.pdf")

Every function takes laws in numbers and returns a `matplotlib.figure.Figure` of its own, without the state of pyplot. They
need matplotlib (extra `plot`); names are looked up when they are first used, and where it is missing one sentence says so.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from symasym.errors import InputError

if TYPE_CHECKING:
    from symasym.figures.canvas import save
    from symasym.figures.cdf import distribution
    from symasym.figures.curve import risk
    from symasym.figures.outcome import verification
    from symasym.figures.page import overview
    from symasym.figures.stems import weights

SUFFIXES = (".pdf", ".png", ".svg")
"""Files that a figure can be written to."""

_HOME = {
    "risk": "symasym.figures.curve",
    "distribution": "symasym.figures.cdf",
    "weights": "symasym.figures.stems",
    "overview": "symasym.figures.page",
    "verification": "symasym.figures.outcome",
    "save": "symasym.figures.canvas",
}

__all__ = ["SUFFIXES", "distribution", "overview", "require_matplotlib", "risk", "save", "verification", "weights"]


def require_matplotlib(what: str) -> None:
    """Raises `InputError` beginning with `what` where matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise InputError(f"{what}: matplotlib is not installed; pip install 'symasym[plot]' brings it")


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'symasym.figures' has no attribute {name!r}")
    require_matplotlib(f"figures.{name}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
