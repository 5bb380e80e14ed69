r"""A notation from a TOML file, `--notation FILE`: every key is known, or the error says which are.

transpose = "\\mathsf{T}"        # a superscript; as are expectation, variance, covariance, trace, limit: operators
bold = ["matrices", "vectors"]

[symbols]                        # names as the model file spells them
lam = "\\mu"
noise = "\\varsigma^{2}"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from symasym.codegen.latex.notation import BOLD, OPERATORS, Notation
from symasym.errors import InputError

__all__ = ["read_notation", "require_used"]

_KEYS = (*OPERATORS, "bold", "symbols")
_FORBIDDEN = re.compile(r"(?<!\\)[$%#&]|\\(?:input|write|def|catcode|include|openout|read)(?![A-Za-z])")


def read_notation(path: Path) -> Notation:
    """The notation in a file; `InputError` names the key, what came and what is expected."""
    if not path.is_file():
        raise InputError(f"--notation: there is no file {path}")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"--notation: {path.name} cannot be read: {error}") from None
    return notation_of(table)


def notation_of(table: dict[str, Any]) -> Notation:
    """The notation in a table of keys."""
    for key in table:
        if key not in _KEYS:
            raise InputError(f"notation: the key {key} is not known; {_hint(key, _KEYS)}")
    symbols = table.get("symbols", {})
    if not isinstance(symbols, dict):
        raise InputError(f"notation: symbols: {symbols!r} came, a table of LaTeX by name is expected")
    return Notation(
        symbols={name: _latex(f"symbols.{name}", value) for name, value in symbols.items()},
        operators={key: _latex(key, table[key]) for key in OPERATORS if key in table},
        bold_kinds=_bold(table.get("bold", [])),
    )


def require_used(notation: Notation, names: Iterable[str]) -> None:
    """Refuse a symbol that no formula has: most likely its name is spelled otherwise."""
    known = sorted(set(names))
    for name in notation.symbols:
        if name not in known:
            raise InputError(f"notation: symbols.{name}: no formula has a symbol of this name; {_hint(name, known)}")


def _hint(key: str, known: Iterable[str]) -> str:
    near = get_close_matches(key, list(known), n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


def _latex(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"notation: {key}: {value!r} came, LaTeX in a string is expected")
    tex = re.sub(r"(?<!\\)\^([^{\\])", r"^{\1}", value.strip())  # the printer looks for exponents in braces
    depth = 0
    for found in re.finditer(r"\\.|[{}]", tex):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth < 0:
            break
    if depth:
        raise InputError(f"notation: {key}: the braces of {value!r} do not match")
    if forbidden := _FORBIDDEN.search(tex):
        raise InputError(f"notation: {key}: {value!r} has {forbidden[0]}, a formula without dollar signs is expected")
    return tex


def _bold(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or any(kind not in BOLD for kind in value):
        raise InputError(f"notation: bold: {value!r} came, a list of {' and '.join(BOLD)} is expected")
    return tuple(kind for kind in BOLD if kind in value)
