"""The keys of a JSON object against those of a model: known, complete, each of its kind, of sizes that fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import sympy

from symasym.errors import InputError
from symasym.inputs.kinds import value
from symasym.inputs.shown import label
from symasym.inputs.sizes import agree, require
from symasym.model.instance import Instance, Key, Kind

__all__ = ["COMMON", "check"]

COMMON = (
    Key("alpha", Kind.POSITIVE, required=False, default=1.0, meaning="ratio m/n of unlabelled to labelled samples"),
    Key("sigma2", Kind.NOT_NEGATIVE, required=False, meaning="label noise variance"),
    Key(
        "Sigma_down",
        Kind.COVARIANCE,
        ("d", "d"),
        required=False,
        meaning="downstream covariance of the features' input",
    ),
    Key("misspecified", Kind.FLAG, required=False, default=False, meaning="whether f* may lie outside the span"),
    Key(
        "project",
        Kind.FLAG,
        required=False,
        default=False,
        meaning="whether f* is the projection of target on the span",
    ),
)
"""Keys of every model."""


def check(
    instance: Instance, document: Mapping[str, Any], where: Iterable[sympy.Basic] = (), dimension: str = "d"
) -> dict[str, Any]:
    """Inputs by key as arrays and numbers, and the size of every named dimension.

    Keys that were left out have their default, or are absent where they have none. `where`: relations between dimensions
    that must hold; `dimension`: that of the features' input. Raises `InputError` naming the key.
    """
    common = (replace(key, shape=tuple(dimension for _ in key.shape)) for key in COMMON)
    keys = {key.name: key for key in (*instance.keys, *common)}
    _require_known(keys, document)
    _require_complete(keys, document)
    values = {name: value(keys[name], given) for name, given in document.items()}
    sizes = agree(keys, values)
    require(where, sizes)
    defaults = {name: value(key, key.default) for name, key in keys.items() if key.default is not None}
    return {**{name: size for name, (size, _) in sizes.items()}, **defaults, **values}


def _require_known(keys: Mapping[str, Key], document: Mapping[str, Any]) -> None:
    for name in document:
        if name not in keys:
            near = _nearest(name[:100], keys)
            hint = f"did you mean {near}?" if near else f"known are {', '.join(keys)}"
            raise InputError(f"{label(name)}: not a key of this model; {hint}")


def _nearest(name: str, keys: Iterable[str]) -> str | None:
    """The key that was probably meant: the shortest that begins with the name, else the most similar one."""
    longer = [key for key in keys if len(name) > 2 and key.startswith(name)]
    return min(longer, key=len) if longer else next(iter(get_close_matches(name, keys, n=1)), None)


def _require_complete(keys: Mapping[str, Key], document: Mapping[str, Any]) -> None:
    for key in keys.values():
        if key.required and key.name not in document:
            raise InputError(f"{key.name}: the key is missing; {key.kind.value} is expected ({key.meaning})")
