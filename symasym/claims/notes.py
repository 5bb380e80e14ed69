"""A note for each claim, LaTeX and HTML from one context: claim, derived formula, where they part, a case by hand,
the simulation.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import sympy

from symasym.claims.finding import Finding, OrderFinding, PartFinding, Simulated
from symasym.claims.mathtext import mathml, prose_html, prose_tex
from symasym.claims.report import source_of
from symasym.claims.setting import setting
from symasym.codegen.latex.blocks import aligned
from symasym.codegen.latex.environment import environment
from symasym.codegen.latex.layout import Layout
from symasym.codegen.latex.names import escaped
from symasym.codegen.latex.printer import formula
from symasym.errors import InputError
from symasym.files import write_whole
from symasym.references import lookup

__all__ = ["ENVIRONMENT", "Note", "render", "write_notes"]

ENVIRONMENT = environment(Path(__file__).with_name("templates"))
TEXT_WIDTH = 44.0
"""Width of the text in ems: 166 mm at 10 pt, less half an em."""


@dataclass(frozen=True)
class Item:
    """One comparison, every field in the output language; empty where there is nothing."""

    title: str
    verdict: str
    claimed: str
    derived: str
    difference: str
    factor: str
    example: str
    formula: str


@dataclass(frozen=True)
class Row:
    """One path of an order of growth."""

    name: str
    values: str
    ratios: str


@dataclass(frozen=True)
class OrderTable:
    """An order of growth."""

    words: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Note:
    """What a template prints; its fields are the slots."""

    id: str
    title: str
    verdict: str
    source: str
    statement: str
    coordinates: str
    parts: tuple[Item, ...]
    stages: tuple[Item, ...]
    parting: str
    order: OrderTable | None
    by_hand: str
    checks: str
    simulation: str
    remark: str
    reference: str


@dataclass(frozen=True)
class Language:
    """How text, prose with formulas, and formulas are written in one output language."""

    template: str
    text: Callable[[str], str]
    prose: Callable[[str], str]
    display: Callable[[sympy.Basic], str]
    inline: Callable[[sympy.Basic], str]


def _tex_display(expression: sympy.Basic) -> str:
    return aligned([(None, "", expression)], Layout(TEXT_WIDTH))


def _html_formula(expression: sympy.Basic) -> str:
    try:
        return mathml(str(expression))
    except SyntaxError:
        return f"<code>{html.escape(str(expression))}</code>"


TEX = Language("note.tex.j2", escaped, prose_tex, _tex_display, lambda e: f"${formula(e)}$")
HTML = Language("note.html.j2", html.escape, prose_html, _html_formula, _html_formula)


def write_notes(findings: Sequence[Finding], folder: Path) -> list[Path]:
    """Write `ID.tex` and `ID.html` for every finding; the paths that were written."""
    paths = []
    for finding in findings:
        for suffix, language in (("tex", TEX), ("html", HTML)):
            path = folder / f"{finding.claim.id}.{suffix}"
            write_whole(path, render(finding, language))
            paths.append(path)
    return paths


def render(finding: Finding, language: Language) -> str:
    """The note as a document."""
    context = _note(finding, language)
    values = {item.name: getattr(context, item.name) for item in fields(context)}
    return ENVIRONMENT.get_template(language.template).render(values).strip("\n") + "\n"


def _note(finding: Finding, language: Language) -> Note:
    claim, text = finding.claim, language.text
    printed = claim.statement_latex if language is TEX and claim.statement_latex else text(claim.statement)
    return Note(
        id=claim.id,
        title=text(claim.id),
        verdict=text(finding.verdict),
        source=text(source_of(finding)),
        statement=printed.strip(),
        coordinates=_coordinates(finding, language),
        parts=tuple(_item(part, language) for part in (*finding.parts, *finding.repaired)),
        stages=tuple(_item(part, language) for part in finding.stages),
        parting=_parting(finding, language),
        order=None if finding.order is None else _order(finding.order, language),
        by_hand=language.prose(claim.by_hand) if claim.by_hand else "",
        checks=_checks(finding, language),
        simulation="" if finding.simulation is None else text(_simulation(finding.simulation)),
        remark=language.prose(claim.remark) if claim.remark else "",
        reference=_reference(claim.source, language),
    )


def _coordinates(finding: Finding, language: Language) -> str:
    if not finding.claim.setting:
        return language.text("those of the model file")
    here = setting(finding.claim.setting)
    assume = ", ".join(language.inline(relation) for relation in here.aligned.assume)
    ranges = ", ".join(f"{r.index} = {r.first}..{r.last}" for r in here.domain.ranges)
    return f"{language.prose(here.summary)}; {language.text(ranges)}; {assume}."


def _item(part: PartFinding, language: Language) -> Item:
    comparison = part.comparison
    differs = comparison is not None and not comparison.equal
    same = comparison is not None and comparison.equal
    return Item(
        title=language.prose(part.part.title or part.part.what),
        verdict=language.text(part.verdict),
        claimed="" if part.claimed is None or same else language.display(part.claimed),
        derived=language.display(part.derived),
        difference=language.display(comparison.difference) if differs and comparison is not None else "",
        factor=language.display(part.claimed / part.derived) if part.verdict == "bound" else "",
        example=_example(part, language),
        formula=_stage_formula(part, language),
    )


def _stage_formula(part: PartFinding, language: Language) -> str:
    if part.claimed is None or part.verdict == "agrees":
        return language.text(", ") + language.inline(part.derived)
    message = language.text(f" ({part.message})") if part.message else ""
    return (
        language.text(", claimed ")
        + language.inline(part.claimed)
        + language.text(", derived ")
        + language.inline(part.derived)
        + message
    )


def _example(part: PartFinding, language: Language) -> str:
    found = []
    if part.message:
        found.append(language.text(f"{part.message[:1].upper()}{part.message[1:]}."))
    example = None if part.comparison is None else part.comparison.counterexample
    if example is not None:
        point = _point(example.point.document())
        found.append(language.text(f"At {point}: claimed {example.claimed}, derived {example.derived}."))
    return " ".join(found)


def _point(document: dict[str, Any]) -> str:
    shown = []
    for name, value in document.items():
        if isinstance(value, dict):
            shown += [f"{name}_{place} = {number}" for place, number in value.items()]
        else:
            shown.append(f"{name} = {value}")
    return ", ".join(shown)


def _parting(finding: Finding, language: Language) -> str:
    if not finding.parts and finding.order is None:
        return language.text("The statement holds no formula that could be compared.")
    first = next((part for part in finding.stages if part.verdict != "agrees"), None)
    if first is None:
        return language.text("The stages agree.")
    return language.text("The first stage at which the two sides part: ") + language.prose(first.part.title) + "."


def _order(order: OrderFinding, language: Language) -> OrderTable:
    words = (
        language.text("Claimed ")
        + language.inline(order.claimed)
        + language.text("; derived ")
        + language.inline(order.derived)
    )
    words += language.text(f". Where the ratio stays bounded: {order.condition}.")
    rows = tuple(
        Row(
            language.text(path.name),
            language.text(f"{path.vary} = {path.values[0]} to {path.values[-1]}"),
            language.text(", ".join(f"{ratio:.3g}" for ratio in path.to_claimed)),
        )
        for path in order.paths
    )
    return OrderTable(words, rows)


def _checks(finding: Finding, language: Language) -> str:
    parts = (*finding.parts, *finding.stages, *finding.repaired)
    identities = sum(p.comparison is not None and p.comparison.how == "identity" for p in parts)
    found = [p.confirmation for p in parts if p.confirmation is not None]
    words = [f"{identities} comparison(s) hold as identities for symbolic dimensions."] if identities else []
    for route, what in (
        ("referee", "the referee, in exact rationals with explicit entries"),
        ("quadrature", "Gauss-Hermite quadrature"),
    ):
        here = [c for c in found if c.route == route]
        if here:
            held = sum(c.holds for c in here)
            words.append(f"{held} of {len(here)} derived values confirmed by {what}, at random points.")
    if finding.order is not None:
        words.append("The closed form of the mean is evaluated along the paths; no limit is taken.")
    return language.text(" ".join(words) or "None: nothing is compared.")


def _simulation(found: Simulated) -> str:
    claimed = (
        "no number is claimed"
        if found.z_claimed is None
        else f"claimed {found.claimed:.6g} (z = {found.z_claimed:+.1f})"
    )
    return (
        f"{found.quantity}: {found.mean:.6g}, standard error {found.se:.2g}; derived {found.derived:.6g} "
        f"(z = {found.z_derived:+.1f}), {claimed}. "
        f"{found.how[:1].upper()}{found.how[1:]}; seed {found.seed}, {found.date}."
    )


def _reference(source: str, language: Language) -> str:
    try:
        found = lookup(source)
    except InputError:
        return ""
    return found.latex() if language is TEX else html.escape(found.text())
