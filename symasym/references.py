"""The bibliography: `references.bib`, read by a parser of the subset of BibTeX that this file keeps to.

The same keys stand in model files (`references=[...]`), in docstrings (`[Imhof1961]`), in kernels and in write-ups.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from symasym.errors import InputError

__all__ = ["Reference", "load", "lookup", "parse"]

FILE = Path(__file__).with_name("references.bib")

_FIELDS = frozenset(
    (
        "author",
        "title",
        "year",
        "journal",
        "booktitle",
        "series",
        "volume",
        "pages",
        "publisher",
        "eprint",
        "doi",
        "note",
    )
)
_ENTRY = re.compile(r"@(\w+)\{([A-Za-z]\w*),")
_FIELD = re.compile(r"(\w+)\s*=\s*\{(.*)\},?")


@dataclass(frozen=True)
class Reference:
    """One entry: `authors` as (surname, given names), the other fields as in the file, empty where it has none."""

    key: str
    kind: str
    authors: tuple[tuple[str, str], ...]
    title: str
    venue: str
    year: str
    series: str = ""
    volume: str = ""
    pages: str = ""
    publisher: str = ""
    eprint: str = ""
    doi: str = ""
    note: str = ""

    def _names(self) -> str:
        names = [f"{_initials(given)} {surname}".strip() for surname, given in self.authors]
        if len(names) < 3:
            return " and ".join(names)
        return f"{', '.join(names[:-1])} and {names[-1]}"

    def _where(self) -> str:
        """Venue, series, volume:pages, publisher, year, as far as they are known."""
        held = ", ".join(filter(None, (self.venue, self.series)))
        numbers = ":".join(filter(None, (self.volume, self.pages)))
        return ", ".join(filter(None, (f"{held} {numbers}".strip(), self.publisher, self.year)))

    def text(self) -> str:
        """One plain line: authors, title, where it appeared."""
        more = [f"arXiv:{self.eprint}"] if self.eprint else []
        more += [f"doi:{self.doi}"] if self.doi else []
        more += [self.note] if self.note else []
        return _plain(". ".join([self._names(), self.title, "; ".join([self._where(), *more])]) + ".")

    def latex(self) -> str:
        r"""The entry as it stands behind `\bibitem`."""
        more = [f"arXiv:{self.eprint}"] if self.eprint else []
        more += [f"doi:{self.doi}".replace("_", r"\_")] if self.doi else []
        more += [self.note] if self.note else []
        names = self._names().replace(". ", ".~")
        return ". ".join([names, rf"\emph{{{self.title}}}", "; ".join([self._where(), *more])]) + "."

    def bibtex(self) -> str:
        """The entry as BibTeX, which `parse` reads back."""
        venue = "journal" if self.kind == "article" else "booktitle"
        fields = {
            "author": " and ".join(f"{surname}, {given}" if given else surname for surname, given in self.authors),
            "title": self.title,
            venue: self.venue,
            "series": self.series,
            "volume": self.volume,
            "pages": self.pages,
            "publisher": self.publisher,
            "year": self.year,
            "eprint": self.eprint,
            "doi": self.doi,
            "note": self.note,
        }
        lines = [f"  {name:<9} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])


def _initials(given: str) -> str:
    """`Jeff Z.` as `J. Z.`."""
    return " ".join(f"{name[0]}." for name in given.split())


def _plain(text: str) -> str:
    return text.replace("{", "").replace("}", "").replace("--", "-").replace("~", " ")


def _author(name: str) -> tuple[str, str]:
    surname, _, given = name.partition(",")
    return surname.strip(), given.strip()


def _reference(kind: str, key: str, fields: dict[str, str]) -> Reference:
    for name in ("author", "title", "year"):
        if not fields.get(name):
            raise InputError(f"references: {key} has no {name}")
    return Reference(
        key=key,
        kind=kind,
        authors=tuple(map(_author, fields["author"].split(" and "))),
        title=fields["title"],
        venue=fields.get("journal") or fields.get("booktitle", ""),
        year=fields["year"],
        **{name: fields.get(name, "") for name in ("series", "volume", "pages", "publisher", "eprint", "doi", "note")},
    )


def parse(text: str) -> dict[str, Reference]:
    """Entries by key, in the order of the text.

    One field on a line, its value in braces; a line that begins with a percent sign is a comment. Raises `InputError`
    with the number of the line for anything else.
    """
    found: dict[str, Reference] = {}
    kind, key, fields = "", "", dict[str, str]()
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith("%"):
            continue
        if key and bare == "}":
            found[key] = _reference(kind, key, fields)
            key = ""
        elif not key and (entry := _ENTRY.fullmatch(bare)):
            kind, key = entry[1].lower(), entry[2]
            fields = {}
            if key in found:
                raise InputError(f"references: line {number}: the key {key} is there twice")
        elif key and (field := _FIELD.fullmatch(bare)) and field[1] in _FIELDS and field[1] not in fields:
            if field[2].count("{") != field[2].count("}"):
                raise InputError(f"references: line {number}: the braces of {field[1]} do not match")
            fields[field[1]] = field[2]
        else:
            raise InputError(f"references: line {number}: {bare!r} is not an entry, a known field or a closing brace")
    if key:
        raise InputError(f"references: {key} is not closed at the end of the text")
    return found


@cache
def load() -> dict[str, Reference]:
    """The bibliography of symasym, by key."""
    return parse(FILE.read_text(encoding="utf-8"))


def lookup(key: str) -> Reference:
    """The entry of a key; `InputError` where there is none."""
    entries = load()
    if key not in entries:
        raise InputError(f"references: {key} is not in references.bib, which has {', '.join(sorted(entries))}")
    return entries[key]
