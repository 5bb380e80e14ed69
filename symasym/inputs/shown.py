"""How names and values that came from outside look in a sentence: short, printable, on one line."""

from __future__ import annotations

from typing import Any

__all__ = ["Object", "label", "shown"]

LONGEST = 60
"""Characters of a foreign name or value that are shown."""


class Object(tuple):
    """A JSON object as the pairs it was written with, repeated keys included."""


def label(text: str) -> str:
    """A key or a path as it stands where it is printable and short, quoted and shortened otherwise."""
    short = _shortened(text)
    return short if short.isprintable() and short else ascii(short)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def shown(value: Any) -> str:
    """What came, in JSON's words."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the string {_shortened(value)!a}"
        case Object() | dict():
            return "an object"
        case list() | tuple():
            return f"a list of {len(value)} items" if len(value) != 1 else "a list of one item"
        case int() if abs(value) >= 10**LONGEST:
            return f"an integer of {len(str(abs(value)))} digits" if abs(value) < 10**4000 else "a huge integer"
        case int() | float():
            return str(value)
    return f"a {type(value).__name__}"
