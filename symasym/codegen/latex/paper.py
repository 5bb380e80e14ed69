r"""For a paper of one's own: the law as one display whose names are macros, and the file of those macros.

`\input{symasym-macros}` in the preamble and `\input{NAME.display}` in the text; a macro that the paper has defined before is left
alone (`\providecommand`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from symasym.codegen.latex.blocks import rows
from symasym.codegen.latex.corollary import display_rows, limit_theorem
from symasym.codegen.latex.emit import render
from symasym.codegen.latex.layout import Layout
from symasym.codegen.latex.names import spelled
from symasym.codegen.latex.notation import OPERATORS, PLAIN, Notation, using
from symasym.law.law import Law

__all__ = ["WIDTH", "Display", "Macro", "Macros", "display", "macros"]

WIDTH = 30.0
"""Width of a display in ems: it fits a column of 330 pt at 11 pt. Columns of two-column styles have about 22."""
ALWAYS = ("sigma2", "alpha", "chi", "omega", "g", "R", "n")
"""Names that every display uses."""


@dataclass(frozen=True)
class Display:
    """A law as one equation."""

    name: str
    label: str
    body: str


@dataclass(frozen=True)
class Macro:
    """One macro and what it stands for by default."""

    macro: str
    meaning: str


@dataclass(frozen=True)
class Macros:
    """The file of macros: operators, and names of laws."""

    operators: tuple[Macro, ...]
    symbols: tuple[Macro, ...]


def _names(law: Law) -> set[str]:
    return {*ALWAYS, *law.families, *law.scalars, *law.dimensions, *(str(symbol) for symbol, _ in law.definitions)}


def _notation(law: Law, notation: Notation) -> Notation:
    """The notation of a display: every name of the law a macro, so that the macro file has the say."""
    names = _names(law)
    return notation.checked(names, spelled).with_macros(names, spelled)


def display(law: Law, width: float = WIDTH, notation: Notation = PLAIN) -> str:
    """The law as one equation with a label; its lines are at most `width` ems with the macros as they come."""
    with using(_notation(law, notation)):
        body = " \\\\\n".join([limit_theorem(law, "&"), *rows(display_rows(law), Layout(width, _names(law)))])
    label = re.sub(r"[^A-Za-z0-9]+", "-", law.name)
    return render("display", Display(law.name, f"{label}-law", body)) + "\n"


def macros(laws: Iterable[Law], notation: Notation = PLAIN) -> str:
    """The macro file for the displays of some laws."""
    names = set().union(*(_names(law) for law in laws), ALWAYS)
    table = notation.with_macros(names, spelled).macros
    operators = {f"\\sym{name}" for name in OPERATORS}
    found = [Macro(macro, meaning) for macro, meaning in sorted(table.items())]
    return (
        render(
            "macros",
            Macros(
                tuple(item for item in found if item.macro in operators),
                tuple(item for item in found if item.macro not in operators),
            ),
        )
        + "\n"
    )
