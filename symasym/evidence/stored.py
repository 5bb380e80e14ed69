"""The files of records, read and written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from symasym.document import dump
from symasym.evidence.records import Digits, Evidence, Exact, Simulation
from symasym.files import write_whole

__all__ = ["EXACT", "SIMULATION", "digits", "evidence", "exact", "simulations", "write_exact", "write_simulations"]

SIMULATION = Path(__file__).with_name("simulation.json")
EXACT = Path(__file__).with_name("exact.json")


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def simulations() -> tuple[Simulation, ...]:
    """Every simulation that is kept, in the order of the file."""
    return tuple(Simulation(**{**entry, "m": tuple(entry["m"])}) for entry in _read(SIMULATION).get("simulations", ()))


def exact() -> tuple[Exact, ...]:
    """Every exact comparison that is kept."""
    return tuple(Exact(**{**entry, "sizes": tuple(entry["sizes"])}) for entry in _read(EXACT).get("exact", ()))


def digits() -> tuple[Digits, ...]:
    """Every evaluation at many digits that is kept."""
    return tuple(Digits(**entry) for entry in _read(EXACT).get("digits", ()))


def evidence(name: str) -> Evidence:
    """What is kept on a model or variant, by the name that it is built under."""
    return Evidence(
        next((entry for entry in exact() if entry.model == name), None),
        next((entry for entry in digits() if entry.model == name), None),
        tuple(entry for entry in simulations() if entry.model == name),
    )


def write_simulations(records: Iterable[Simulation]) -> None:
    """Replace the file of simulations; sorted, so that the same records make the same file."""
    ordered = sorted(records, key=lambda record: (record.file, record.case))
    write_whole(SIMULATION, dump("symasym.simulations/1", {"simulations": [asdict(r) for r in ordered]}) + "\n")


def write_exact(compared: Sequence[Exact], evaluated: Sequence[Digits]) -> None:
    """Replace the file of exact comparisons."""
    table = {
        "exact": [asdict(record) for record in sorted(compared, key=lambda record: record.model)],
        "digits": [asdict(record) for record in sorted(evaluated, key=lambda record: record.model)],
    }
    write_whole(EXACT, dump("symasym.exactness/1", table) + "\n")
