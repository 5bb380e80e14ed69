"""What is to be seen of an object: words, formulas, tables, and parts that are folded away."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import TypeAlias

from symasym.steps import Line, Step

__all__ = ["Display", "Shown", "Table", "View", "number", "of_step", "view"]


@dataclass(frozen=True)
class Display:
    """A formula that is LaTeX already, with words on what it is."""

    tex: str
    note: str = ""


Shown: TypeAlias = Line | Display


@dataclass(frozen=True)
class Table:
    """Cells as plain text."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class View:
    """A plain title; `words` have formulas in plain signs, as notes do; `more` is folded away, and left out of LaTeX."""

    title: str
    words: tuple[str, ...] = ()
    lines: tuple[Shown, ...] = ()
    tables: tuple[Table, ...] = ()
    more: tuple[View, ...] = ()


@singledispatch
def view(thing: object) -> View:
    """How an object is seen. Raises `TypeError` for a kind that has no view."""
    raise TypeError(f"a {type(thing).__name__} has no view")


def of_step(step: Step, title: str = "") -> View:
    """A step as it is: its rule in words, its formulas."""
    return View(title or step.title, (step.rule,), step.lines)


def number(value: object) -> str:
    """Six digits of a number, a dash where there is none."""
    found = float("nan") if value is None else float(value)  # type: ignore[arg-type]
    return f"{found:.6g}" if found == found and abs(found) != float("inf") else "-"
