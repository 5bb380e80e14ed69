"""What an audit finds."""

from __future__ import annotations

import sympy

from symasym.claims.finding import Finding, PartFinding
from symasym.claims.report import note, source_of, title_of
from symasym.claims.user import Audit
from symasym.notebook.view import Table, View, number, view
from symasym.steps import Line

__all__: list[str] = []


@view.register
def _part(thing: PartFinding) -> View:
    """Both sides, their difference, and a point at which they differ."""
    claimed = () if thing.claimed is None else (Line(sympy.Symbol("claimed"), thing.claimed),)
    lines = (*claimed, Line(sympy.Symbol("derived"), thing.derived))
    words, found = ((thing.message,) if thing.message else ()), thing.comparison
    if found is not None and not found.equal:
        lines = (*lines, Line(sympy.Symbol("claimed") - sympy.Symbol("derived"), found.difference))
        if found.counterexample is not None:
            words = (
                *words,
                "at " + "; ".join(f"{key}: {value}" for key, value in found.counterexample.document().items()),
            )
    return View(f"{title_of(thing)}: {thing.verdict}", words, lines)


@view.register
def _finding(thing: Finding) -> View:
    parts = tuple(map(view, (*thing.parts, *thing.stages)))
    tables: tuple[Table, ...] = ()
    if thing.simulation is not None:
        s = thing.simulation
        cells = (s.quantity, *map(number, (s.mean, s.se, s.derived, s.claimed)))
        tables = (Table(("simulated", "mean", "se", "derived", "claimed"), (cells,)),)
    lines = () if thing.deciding is None else view(thing.deciding).lines
    said = Table((), (("source", source_of(thing)), ("note", note(thing))))
    return View(f"{thing.claim.id}: {thing.verdict}", (), lines, (said, *tables), parts)


@view.register
def _audit(thing: Audit) -> View:
    parts = [view(found) for found in thing.findings.values()]
    verdicts = tuple((what, found.verdict) for what, found in thing.findings.items())
    lines = tuple(line for part in parts for line in part.lines)
    return View(f"{thing.verdict}", (), lines, (Table(("claim", "verdict"), verdicts),), tuple(parts))
