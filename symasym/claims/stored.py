"""Results of simulations, kept with seed and date; `tools/audit_simulation.py` makes them."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import Any

from symasym.claims.claim import Claim
from symasym.claims.finding import Simulated

__all__ = ["FILE", "record", "specification", "stored"]

FILE = Path(__file__).with_name("simulated.json")


@cache
def _table() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}


def specification(claim: Claim) -> dict[str, Any]:
    """What was simulated, as JSON knows it: a result of another specification is of no use."""
    spec = json.loads(json.dumps(asdict(claim.simulation))) if claim.simulation is not None else {}
    found: dict[str, Any] = spec
    return found


def stored(claim: Claim) -> Simulated | None:
    """The result that is kept for a claim; None where there is none, or where the claim file has changed since."""
    entry = _table().get(claim.id)
    if entry is None or entry["specification"] != specification(claim):
        return None
    return Simulated(**{item.name: entry[item.name] for item in fields(Simulated)})


def record(claim: Claim, result: Simulated) -> dict[str, Any]:
    """What is kept of a simulation."""
    return {**asdict(result), "specification": specification(claim)}
