"""A derivation as a LaTeX document.

Same derivation, same bytes: nothing here depends on dates, machines or the order of a set.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from symasym.codegen.latex.checks import checks
from symasym.codegen.latex.context import names_of, numbers, shapes_of, stages, symmetry
from symasym.codegen.latex.corollary import corollary
from symasym.codegen.latex.environment import environment
from symasym.codegen.latex.family import family, integrals, relabelling
from symasym.codegen.latex.layout import Layout
from symasym.codegen.latex.names import escaped, spelled
from symasym.codegen.latex.notation import PLAIN, Notation, current, using
from symasym.codegen.latex.prior import PriorBound, prior
from symasym.codegen.latex.prose import prose
from symasym.codegen.latex.setting import setting
from symasym.codegen.latex.special import specials
from symasym.evidence import Evidence
from symasym.pipeline import AnyDerivation, Derivation, FamilyDerivation, GeneralDerivation
from symasym.references import lookup
from symasym.steps import Step, steps

__all__ = ["ENVIRONMENT", "Document", "References", "emit", "fitted", "render"]

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
    specials: str
    checks: str
    prior: str
    references: str


def render(template: str, context: Any) -> str:
    """The template with the fields of a context object in its slots."""
    values = {item.name: getattr(context, item.name) for item in fields(context)}
    return ENVIRONMENT.get_template(f"{template}.tex.j2").render(values).strip("\n")


def _entry(number: int, key: str) -> Entry:
    """An entry of the bibliography by key; what does not look like a key is printed as it is."""
    if re.fullmatch(r"[A-Za-z]+\d{4}[a-z]?", key):
        return Entry(key, lookup(key).latex())
    return Entry(f"source{number}", escaped(key))


def _references(keys: Sequence[str], cited: Sequence[str]) -> tuple[References, tuple[str, ...]]:
    """The list of references, and the keys in it that are sources of the model; `cited` are further ones."""
    found = [_entry(number, key) for number, key in enumerate(dict.fromkeys([*keys, *METHOD, *cited]), 1)]
    return References(tuple(found)), tuple(entry.key for entry in found[: len(set(keys))])


def _layout(derivation: AnyDerivation, room: float) -> Layout:
    ranges = derivation.blocks.entries.ranges.all if isinstance(derivation, Derivation) else ()
    order = tuple(symbol for item in ranges for symbol in (item.index, item.partner))
    return Layout(room, names_of(derivation), order)


def _afresh(layout: Layout) -> Layout:
    """For a section that is read by itself: parts are named in it again, by letters that were not used before."""
    return Layout(layout.room, layout.taken, layout.order)


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
    derivation: AnyDerivation,
    references: Sequence[str],
    summary: str = "",
    downstream: str = "least_squares",
    *,
    notation: Notation = PLAIN,
    evidence: Evidence | None = None,
    bounds: Sequence[PriorBound] = (),
) -> str:
    """A complete LaTeX document: setting, symmetry, derivation, corollary, special cases, checks, prior bounds, references.

    `references` are keys of the bibliography, or plain text; `summary` is a sentence under the title; `evidence` and `bounds`
    are what the sections on checks and on prior bounds print, which are left out without. Raises `InputError` for a key that
    the bibliography lacks, and for a notation that prints two symbols alike.
    """
    with using(fitted(notation, derivation)):
        listed, sources = _references(references, [bound.key for bound in bounds])
        document = _document(derivation, summary, steps(derivation, downstream), ",".join(sources), evidence, bounds)
        return render("document", replace(document, references=render("references", listed))) + "\n"


def _document(
    derivation: AnyDerivation,
    summary: str,
    shown: tuple[Step, ...],
    sources: str,
    evidence: Evidence | None,
    bounds: Sequence[PriorBound],
) -> Document:
    """Everything but the list of references."""
    layout, closed = _layout(derivation, TEXT_WIDTH), isinstance(derivation, Derivation)
    opening, moved = _opening(derivation, sources, layout)
    derived = render("stages", stages(shown, layout))
    special = specials(derivation, _afresh(layout)) if isinstance(derivation, Derivation) else None
    return Document(
        name=escaped(derivation.name),
        title=escaped(derivation.model.title or derivation.name),
        summary=prose(summary),
        setting=opening,
        symmetry=moved,
        stages=derived,
        corollary=_outcome(derivation, _afresh(layout)),
        specials="" if special is None else render("specials", special),
        checks="" if evidence is None else render("checks", checks(evidence, closed)),
        prior=_prior(bounds, _afresh(layout)),
        references="",
    )


def _prior(bounds: Sequence[PriorBound], layout: Layout) -> str:
    """Prior bounds in the letters of their sources, whatever the notation calls the model's own."""
    with using(replace(current(), symbols={}, bold=frozenset())):
        return render("prior", prior(bounds, layout)) if bounds else ""


def fitted(notation: Notation, derivation: AnyDerivation) -> Notation:
    """The notation for a derivation: letters of the house where they are free, and which of its names are bold."""
    return notation.for_names(names_of(derivation), *shapes_of(derivation), spelled)
