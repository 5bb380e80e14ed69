"""A file with one JSON object: whatever else it holds is refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from symasym.errors import InputError
from symasym.inputs.shown import Object, label, shown

__all__ = ["read"]

DIGITS = 400
"""An integer with more digits exceeds every float; Python refuses to convert those above 4300 digits."""


def read(path: str) -> dict[str, Any]:
    """The JSON object in a file, numbers outside the range of floats as infinities; `InputError` for anything else."""
    name = label(path)
    try:
        document = json.loads(_text(path), object_pairs_hook=Object, parse_int=_integer)
    except json.JSONDecodeError as error:
        where = f"{error.msg}: line {error.lineno}, column {error.colno}"
        raise InputError(f"--input: {name} is not JSON ({where}); a JSON object is expected") from None
    except RecursionError:
        raise InputError(f"--input: {name} nests lists or objects too deeply; a JSON object is expected") from None
    if not isinstance(document, Object):
        raise InputError(f"--input: {name} holds {shown(document)}; a JSON object is expected")
    return _without_repeats(document)


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"--input: {label(path)} cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise InputError(f"--input: {label(path)} is not UTF-8 text; a JSON object is expected") from None
    except ValueError as error:
        raise InputError(f"--input: {label(path)} cannot be read ({error})") from None


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= DIGITS else float(digits)


def _without_repeats(pairs: Object) -> dict[str, Any]:
    """A key that comes twice has no meaning that everybody agrees on."""
    document: dict[str, Any] = {}
    for name, value in pairs:
        if name in document:
            raise InputError(f"{label(name)}: the key came twice, once is expected")
        document[name] = value
    return document
