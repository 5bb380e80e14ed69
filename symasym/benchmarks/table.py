"""The parts of the table, and the table as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module

from symasym.benchmarks.rows import Row
from symasym.errors import InputError

__all__ = ["HEAD", "PARTS", "line", "measure"]

PARTS = ("startup", "derivations", "routes", "kernels", "distributions", "mixtures")
"""Files of this room; each has a function `rows(runs)`."""


def measure(parts: Sequence[str], runs: int, progress: Callable[[str], None]) -> Iterator[tuple[str, Row]]:
    """Rows, one after the other as they are measured, each with its part."""
    for part in parts:
        if part not in PARTS:
            raise InputError(f"bench: there is no part {part!r}; the parts are {', '.join(PARTS)}")
    for part in parts:
        rows: Callable[[int], Iterator[Row]] = import_module(f"symasym.benchmarks.{part}").rows
        for row in rows(runs):
            progress(f"{part}: {row.what}: {_value(row)}")
            yield part, row


def _value(row: Row) -> str:
    return "not measured" if row.value is None else _shown(row.value, row)


def _shown(value: float | None, row: Row) -> str:
    """A number with the unit of its row."""
    return "" if value is None else f"{value:.3g} {row.unit}".rstrip()


HEAD = "| what | measured | goal | met | by hand | with checks | note |\n|---|---|---|---|---|---|---|"
"""The table that `docs/benchmarks.md` shows begins like this, in Markdown."""


def line(row: Row) -> str:
    """A line of that table."""
    goal = "" if row.goal is None else f"at {'least' if row.at_least else 'most'} {row.goal:g} {row.unit}".rstrip()
    met = "" if row.met is None else ("yes" if row.met else "no")
    cells = [row.what, _value(row), goal, met, _shown(row.roof, row), _shown(row.checked, row), row.note]
    return f"| {' | '.join(cells)} |"
