"""The option `--plot FILE`: a figure that could not be written is refused before the work that it would show."""

from __future__ import annotations

from pathlib import Path

from symasym.errors import InputError
from symasym.figures import SUFFIXES, require_matplotlib

__all__ = ["figure_path"]


def figure_path(text: str | None) -> Path | None:
    """Where the figure goes, None without the option. Raises `InputError` for another suffix, no folder, no matplotlib."""
    if text is None:
        return None
    path = Path(text)
    if path.suffix not in SUFFIXES:
        raise InputError(f"--plot: {text} came, a name that ends in {', '.join(SUFFIXES)} is expected")
    if not path.resolve().parent.is_dir():
        raise InputError(f"--plot: there is no folder {path.parent}")
    require_matplotlib("--plot")
    return path
