"""Long lines broken between tokens, where the fewest brackets are open."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise

__all__ = ["INDENT", "WIDTH", "broken", "wrapped"]

WIDTH = 120
"""Longest line of a kernel."""
INDENT = "    "
_GAP = re.compile(r" (?:(?<=, )|(?<=[^\s+\-*/<>=] )(?=[+\-*/] |\*\* |sum_))")
"""Where a line may end: behind a comma, in front of an operator or a sum."""
_AHEAD = 5
"""How many characters from a gap on tell that a line may end there."""
_SHORTEST = 0.4
"""Lines are at least this part of the room, if they can be."""


def broken(text: str, room: int) -> list[str]:
    """The text on lines of at most `room` characters; only what cannot be broken is longer."""
    lines = []
    while len(text) > room:
        place = _place(text, room)
        if place is None:
            break
        lines.append(text[:place])
        text = text[place + 1 :]
    return [*lines, text]


def _place(text: str, room: int) -> int | None:
    """The best gap for a line of at most `room` characters; with none near enough, the first one there is."""
    gaps = [gap for found in _GAP.finditer(text, 0, room + _AHEAD) if (gap := found.start()) <= room]
    if not gaps:
        first = _GAP.search(text)
        return first.start() if first else None
    near = [gap for gap in gaps if gap >= _SHORTEST * room] or gaps
    depths = accumulate(_depth(text[start:end]) for start, end in pairwise([0, *near]))
    # the fewest open brackets, terms rather than factors, and the furthest of those
    return -min((depth, text[gap + 1] in "*/", -gap) for depth, gap in zip(depths, near, strict=True))[2]


def _depth(text: str) -> int:
    """How many more brackets open than close."""
    return sum(map(text.count, "([{")) - sum(map(text.count, ")]}"))


def wrapped(head: str, text: str, depth: int) -> list[str]:
    """`head + text` on one line if it fits at this depth of indentation, otherwise in brackets on several."""
    if len(INDENT) * depth + len(head) + len(text) <= WIDTH:
        return [head + text]
    parts = broken(text, WIDTH - len(INDENT) * (depth + 1) - 1)
    return [f"{head}(", *(INDENT + part for part in parts), ")"]
