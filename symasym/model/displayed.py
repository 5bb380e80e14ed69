"""What a notebook shows of an object: mathematics instead of a `repr`."""

from __future__ import annotations

from importlib import import_module

__all__ = ["Displayed"]


class Displayed:
    """An object with a view in `symasym.notebook`.

    The room that makes views knows every kind of object and stands on top of the house, so it is looked up when an object is
    shown and not before: whatever runs without a notebook does not load it.
    """

    def _repr_latex_(self) -> str:
        shown: str = import_module("symasym.notebook").latex(self)
        return shown

    def _repr_html_(self) -> str:
        shown: str = import_module("symasym.notebook").html(self)
        return shown
