"""Long lines broken between tokens, where the fewest brackets are open."""

from __future__ import annotations

import re
from functools import partial

__all__ = ["INDENT", "WIDTH", "broken", "wrapped"]

WIDTH = 120
"""Longest line of a kernel."""
INDENT = "    "
_GAP = re.compile(r"(?<=,) |(?<=[^\s+\-*/<>=]) (?=[+\-*/] |\*\* |sum_)")
"""Where a line may end: behind a comma, in front of an operator or a sum."""
_SHORTEST = 0.4
"""Lines are at least this part of the room, if they can be."""


def broken(text: str, room: int) -> list[str]:
    """The text on lines of at most `room` characters; only what cannot be broken is longer."""
    lines = []
    while len(text) > room:
        gaps = [gap.start() for gap in _GAP.finditer(text)]
        near = [gap for gap in gaps if _SHORTEST * room <= gap <= room] or [gap for gap in gaps if gap <= room]
        if not gaps:
            break
        # with no gap near enough, the first one there is
        place = min(near, key=partial(_cost, text)) if near else gaps[0]
        lines.append(text[:place])
        text = text[place + 1 :]
    return [*lines, text]


def _cost(text: str, gap: int) -> tuple[int, bool, int]:
    """The fewest open brackets, terms rather than factors, and the furthest of those."""
    return _depth(text[:gap]), text[gap + 1] in "*/", -gap


def _depth(text: str) -> int:
    return sum(text.count(mark) for mark in "([{") - sum(text.count(mark) for mark in ")]}")


def wrapped(head: str, text: str, depth: int) -> list[str]:
    """`head + text` on one line if it fits at this depth of indentation, otherwise in brackets on several."""
    if len(INDENT) * depth + len(head) + len(text) <= WIDTH:
        return [head + text]
    parts = broken(text, WIDTH - len(INDENT) * (depth + 1) - 1)
    return [f"{head}(", *(INDENT + part for part in parts), ")"]
