"""A derivation as a LaTeX document, a law as one display.

Same derivation, same bytes: nothing here depends on dates, machines or the order of a set.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from symasym.codegen.latex.blocks import rows
from symasym.codegen.latex.context import names_of, numbers, stages, symmetry
from symasym.codegen.latex.corollary import SIGMA, corollary, display_rows, limit_theorem
from symasym.codegen.latex.environment import environment
from symasym.codegen.latex.family import family, integrals, relabelling
from symasym.codegen.latex.layout import Layout
from symasym.codegen.latex.names import escaped
from symasym.codegen.latex.printer import formula
from symasym.codegen.latex.prose import prose
from symasym.codegen.latex.setting import setting
from symasym.law.law import Law
from symasym.pipeline import AnyDerivation, Derivation, FamilyDerivation, GeneralDerivation
from symasym.references import lookup
from symasym.steps import steps

__all__ = ["ENVIRONMENT", "Display", "Document", "References", "display", "emit", "render"]

TEXT_WIDTH = 41.0
"""Width of the text of the document in ems: 160 mm at 10.95 pt, less half an em."""
METHOD = ("TinatiTu2026", "VanDerVaart1998", "Isserlis1918")
"""What every write-up cites."""

ENVIRONMENT = environment(Path(__file__).with_name("templates"))


@dataclass(frozen=True)
class Entry:
    """One entry of the list of references."""

    key: str
    text: str


@dataclass(frozen=True)
class References:
    """The list of references."""

    references: tuple[Entry, ...]


@dataclass(frozen=True)
class Document:
    """The whole write-up; sections come rendered."""

    name: str
    title: str
    summary: str
    setting: str
    symmetry: str
    stages: str
    corollary: str
    references: str


@dataclass(frozen=True)
class Display:
    """A law as one equation."""

    label: str
    body: str


def render(template: str, context: Any) -> str:
    """The template with the fields of a context object in its slots."""
    values = {item.name: getattr(context, item.name) for item in fields(context)}
    return ENVIRONMENT.get_template(f"{template}.tex.j2").render(values).strip("\n")


def _entry(number: int, key: str) -> Entry:
    """An entry of the bibliography by key; what does not look like a key is printed as it is."""
    if re.fullmatch(r"[A-Za-z]+\d{4}[a-z]?", key):
        return Entry(key, lookup(key).latex())
    return Entry(f"source{number}", escaped(key))


def _references(keys: Sequence[str]) -> tuple[References, tuple[str, ...]]:
    """The list of references, and the keys in it that are sources of the model."""
    found = [_entry(number, key) for number, key in enumerate(dict.fromkeys([*keys, *METHOD]), 1)]
    return References(tuple(found)), tuple(entry.key for entry in found[: len(set(keys))])


def _layout(derivation: AnyDerivation, room: float) -> Layout:
    ranges = derivation.blocks.entries.ranges.all if isinstance(derivation, Derivation) else ()
    order = tuple(symbol for item in ranges for symbol in (item.index, item.partner))
    return Layout(room, names_of(derivation), order)


def _outcome(derivation: AnyDerivation, layout: Layout) -> str:
    """The corollary, or what is computed where there is none."""
    if isinstance(derivation, FamilyDerivation):
        return render("integrals", integrals(derivation))
    if isinstance(derivation, GeneralDerivation):
        return render("numbers", numbers(derivation))
    return render("corollary", corollary(derivation.law, layout))


def _opening(derivation: AnyDerivation, sources: str, layout: Layout) -> tuple[str, str]:
    """Setting and symmetry."""
    if isinstance(derivation, FamilyDerivation):
        return render("family", family(derivation.model, sources, layout)), render(
            "relabelling", relabelling(derivation.model)
        )
    return render("setting", setting(derivation.model, sources, layout)), render(
        "symmetry", symmetry(derivation.quotient)
    )


def emit(
    derivation: AnyDerivation, references: Sequence[str], summary: str = "", downstream: str = "least_squares"
) -> str:
    """A complete LaTeX document: setting, symmetry, derivation, corollary, references.

    `references` are keys of the bibliography, or plain text; `summary` is a sentence under the title. Raises
    `InputError` for a key that the bibliography lacks.
    """
    layout = _layout(derivation, TEXT_WIDTH)
    listed, sources = _references(references)
    opening, moved = _opening(derivation, ",".join(sources), layout)
    document = Document(
        name=escaped(derivation.name),
        title=escaped(derivation.model.title or derivation.name),
        summary=prose(summary),
        setting=opening,
        symmetry=moved,
        stages=render("stages", stages(steps(derivation, downstream), layout)),
        corollary=_outcome(derivation, layout),
        references=render("references", listed),
    )
    return render("document", document) + "\n"


def display(law: Law, width: float = 30.0) -> str:
    """The law as one equation with a label, to paste into a paper; its lines are at most `width` ems."""
    taken = {*law.families, *law.scalars, *law.dimensions, *(str(symbol) for symbol, _ in law.definitions)}
    theorem = rf"n \, (R - {formula(SIGMA)}) &\xrightarrow{{d}} {limit_theorem(law)}"
    body = " \\\\\n".join([theorem, *rows(display_rows(law), Layout(width, taken))])
    label = re.sub(r"[^A-Za-z0-9]+", "-", law.name)
    return render("display", Display(f"{label}-law", body)) + "\n"
