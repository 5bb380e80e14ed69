r"""Formulas with words around them: what a template prints, ready-made.

A `Block` is either a list of short formulas, each with its note, or one display under a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import sympy

from symasym.codegen.latex.layout import RELATION, Layout
from symasym.codegen.latex.printer import formula
from symasym.codegen.latex.prose import prose
from symasym.codegen.latex.total import total
from symasym.codegen.latex.width import width
from symasym.steps import Line

__all__ = ["Block", "Row", "aligned", "blocks", "dollars", "rows", "sentence"]

_INLINE_WIDTH = 18.0
_ITEM_WIDTH = 20.0
"""Widest formula in running text, and most that the formulas of one item may take if one of them is tall, in ems."""
_TALL = re.compile(r"\\(frac|sum)(?![A-Za-z])")


@dataclass(frozen=True)
class Block:
    """`items`, or a `display` with a `note` in front of it."""

    items: tuple[str, ...] = ()
    note: str = ""
    display: str = ""


def dollars(*expressions: sympy.Basic) -> str:
    """Formulas in running text, with commas between them."""
    return ", ".join(f"${formula(expression)}$" for expression in expressions)


def sentence(text: str) -> str:
    """The text with a capital at its beginning, unless that is a formula."""
    return text if text.startswith("$") else text[:1].upper() + text[1:]


Row = tuple[sympy.Basic | None, str, sympy.Basic]
"""Left side, relation, right side."""


def _row(line: Line) -> Row:
    """`A -> Q A` where a symbol is moved, equality elsewhere; a lone formula has no left side."""
    assert line.right is not None
    if isinstance(line.left, sympy.MatrixSymbol) and line.right.has(line.left):
        return line.left, r"\mapsto", line.right
    return line.left, "=", line.right


def _is_range(line: Line) -> bool:
    index, bounds = line.left, line.right
    return (
        isinstance(index, sympy.Symbol)
        and index.is_integer is True
        and isinstance(bounds, sympy.Tuple)
        and len(bounds) == 2
    )


def _short(line: Line) -> str | None:
    """The line as one inline formula, or None where it is better displayed."""
    if line.right is None:
        return ""
    if isinstance(line.right, sympy.MatrixBase):
        return None
    if _is_range(line):
        first, last = line.right.args
        return rf"{formula(line.left)} = {formula(first)}, \ldots, {formula(last)}"
    left, relation, right = _row(line)
    tex = formula(right) if left is None else f"{formula(left)} {relation} {formula(right)}"
    if width(tex) > _INLINE_WIDTH:
        return None
    return rf"\displaystyle {tex}" if _TALL.search(tex) else tex


def rows(content: Sequence[Row], layout: Layout) -> list[str]:
    """Bodies for `align*`: the rows, and the definitions that breaking them made necessary, if any."""
    found = [
        _body([(None if left is None else formula(left), relation, right) for left, relation, right in content], layout)
    ]
    while definitions := layout.defined():
        found.append(_body([(formula(d.name), "=", d.meaning) for d in definitions], layout))
    return found


def aligned(content: Sequence[Row], layout: Layout) -> str:
    """The rows as a display, with the definitions they need in a second one."""
    first, *more = rows(content, layout)
    shown = [first, " \\\\\n".join(more)] if more else [first]
    both = layout.either and any(f"_{{{layout.either}}}" in body for body in more)
    link = f"with, for ${layout.either} = U$ and ${layout.either} = V$," if both else "with"
    return f"\n{link}\n".join(f"\\begin{{align*}}\n{body}\n\\end{{align*}}" for body in shown)


def _body(content: Iterable[tuple[str | None, str, sympy.Basic]], layout: Layout) -> str:
    prepared = list(content)
    used = max((width(left) + RELATION for left, _, _ in prepared if left is not None), default=0.0)
    lines = []
    for left, relation, right in prepared:
        first, *rest = layout.lines(right, used)
        lines.append(f"& {first}" if left is None else f"{left} &{relation} {first}")
        lines += [rf"&\quad {line}" for line in rest]
    return " \\\\\n".join(lines)


def _item(note: str, shown: str) -> str:
    """`Note: formula`; the formula first where the note has a colon of its own."""
    if shown and ":" in note:
        return f"{shown} ({note})"
    return f"{sentence(note)}: {shown}" if shown and note else shown or sentence(note)


def _is_crowded(texts: Sequence[str]) -> bool:
    """True for formulas that are better displayed one below the other."""
    return len(texts) > 1 and any(map(_TALL.search, texts)) and sum(map(width, texts)) > _ITEM_WIDTH


def _added(note: str, members: list[Line]) -> list[Line]:
    """Terms that their note adds to something, as one line with their sum."""
    terms = [line.right for line in members if line.left is None and isinstance(line.right, sympy.Expr)]
    if not note.startswith("added to ") or len(terms) < len(members) or len(terms) == 1:
        return members
    return [replace(members[0], right=total(terms))]


def blocks(lines: Sequence[Line], layout: Layout) -> tuple[Block, ...]:
    """The lines of a step, those with the same note together, short ones in lists."""
    found: list[Block] = []
    items: list[str] = []

    def close() -> None:
        if items:
            found.append(Block(items=tuple(items)))
            items.clear()

    for note, group in groupby(lines, key=lambda line: line.note):
        members = _added(note, list(group))
        texts = [_short(line) for line in members]
        if all(text is not None for text in texts) and not _is_crowded([text for text in texts if text]):
            items.append(_item(prose(note), ", ".join(f"${text}$" for text in texts if text)))
            continue
        close()
        heading = f"{sentence(prose(note))}:" if note else ""
        found.append(Block(note=heading, display=aligned([_row(line) for line in members], layout)))
    close()
    return tuple(found)
