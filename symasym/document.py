"""JSON documents: a schema key, no NaN and no infinity."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["dump"]


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case np.ndarray():
            return _plain(value.tolist())
        case np.generic():
            return _plain(value.item())
        case float() if not math.isfinite(value):
            return None
    return value


def dump(schema: str, document: Mapping[str, Any]) -> str:
    """The document as indented JSON text, `schema` first; values that are not finite become null."""
    return json.dumps({"schema": schema, **_plain(document)}, indent=2, ensure_ascii=False, allow_nan=False)
