"""`symasym bench`: start-up, derivation, evaluation and kernels, measured in one run; ratios wherever a rival exists."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

from symasym.benchmarks.rows import SEED
from symasym.benchmarks.table import HEAD, PARTS, line, measure
from symasym.document import dump
from symasym.errors import InputError

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all where none is named")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--runs", type=int, default=7, help="interleaved runs of each command (medians are shown)")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; no exit code depends on a time."""
    if arguments.runs < 1:
        raise InputError(f"--runs: {arguments.runs} came, a whole number of at least 1 is expected")

    def progress(text: str) -> None:
        print(text, file=sys.stderr)

    found = measure(arguments.parts or PARTS, arguments.runs, progress)
    if arguments.format == "json":
        rows = [{"part": part, **asdict(row), "met": row.met} for part, row in found]
        print(dump("symasym.bench/1", {"seed": SEED, "rows": rows}))
        return 0
    for number, (_, row) in enumerate(found):  # as they come: a part that fails does not take the others with it
        print(line(row) if number else f"{HEAD}\n{line(row)}", flush=True)
    return 0
