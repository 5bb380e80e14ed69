"""Long lines broken between tokens, where the fewest brackets are open."""

from __future__ import annotations

import re

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
        place = _place(text, room)
        if place is None:
            break
        lines.append(text[:place])
        text = text[place + 1 :]
    return [*lines, text]


def _place(text: str, room: int) -> int | None:
    """The best gap for a line of at most `room` characters; with none near enough, the first one there is."""
    near, depth, read = list[tuple[int, bool, int]](), 0, 0
    for found in _GAP.finditer(text):
        gap = found.start()
        if gap > room:
            if not near:
                return gap
            break
        depth += _depth(text[read:gap])
        read = gap
        near.append((depth, text[gap + 1] in "*/", -gap))
    if not near:
        return None
    # the fewest open brackets, terms rather than factors, and the furthest of those
    long = [cost for cost in near if -cost[2] >= _SHORTEST * room]
    return -min(long or near)[2]


def _depth(text: str) -> int:
    """How many more brackets open than close."""
    return sum(map(text.count, "([{")) - sum(map(text.count, ")]}"))


def wrapped(head: str, text: str, depth: int) -> list[str]:
    """`head + text` on one line if it fits at this depth of indentation, otherwise in brackets on several."""
    if len(INDENT) * depth + len(head) + len(text) <= WIDTH:
        return [head + text]
    parts = broken(text, WIDTH - len(INDENT) * (depth + 1) - 1)
    return [f"{head}(", *(INDENT + part for part in parts), ")"]
