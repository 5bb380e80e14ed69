"""Claim files: the published ones of the package, and a user's."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from symasym.claims.claim import Claim, Order, OrderPath, Part, SimulationSpec
from symasym.errors import InputError

__all__ = ["claim_of", "published", "published_names", "table_of"]

FOLDER = Path(__file__).with_name("published")
_T = TypeVar("_T")


def published_names() -> list[str]:
    """Identifiers of the published claims, in alphabetical order."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def published(name: str) -> Claim:
    """A published claim by its identifier; `InputError` for an unknown one."""
    if name not in published_names():
        near = get_close_matches(name, published_names(), n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(published_names())}"
        raise InputError(f"CLAIM: there is no claim {name}; {hint}")
    return claim_of(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")), name)


def table_of(path: Path) -> dict[str, Any]:
    """The table in a user's TOML or JSON file."""
    if not path.is_file():
        raise InputError(f"--claim: there is no file {path}")
    text = path.read_text(encoding="utf-8")
    try:
        table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"--claim: {path.name} cannot be read: {error}") from None
    if not isinstance(table, dict):
        raise InputError(f"--claim: {path.name} holds a {type(table).__name__}, a table of keys is expected")
    return table


def _built(kind: type[_T], table: Mapping[str, Any], where: str) -> _T:
    """A data class from a table: lists become tuples, unknown and missing keys are named."""
    known = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    stray = sorted(set(table) - known)
    if stray:
        raise InputError(f"{where}: the key {stray[0]} is not known; known are {', '.join(sorted(known))}")
    try:
        return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})
    except TypeError as error:
        raise InputError(f"{where}: {error}") from None


def claim_of(table: Mapping[str, Any], name: str) -> Claim:
    """A claim from its table, which is that of `Claim` with its parts as arrays of tables."""
    given = {"id": name, **table}
    for key in ("parts", "stages", "repaired"):
        given[key] = tuple(_built(Part, part, f"{name}.{key}") for part in table.get(key, ()))
    if "order" in table:
        order = dict(table["order"])
        order["paths"] = tuple(_built(OrderPath, path, f"{name}.order.paths") for path in order.get("paths", ()))
        given["order"] = _built(Order, order, f"{name}.order")
    if "simulation" in table:
        given["simulation"] = _built(SimulationSpec, table["simulation"], f"{name}.simulation")
    return _built(Claim, given, name)
