"""`symasym verify MODEL|FILE.py`: the two-stage procedure at finite sample sizes against the derived law."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable

from symasym import catalogue, figures, inputs
from symasym.cli.plot_option import figure_path
from symasym.document import dump
from symasym.errors import InputError
from symasym.evaluation import DOWNSTREAM
from symasym.simulation.procedure import GRID, REPETITIONS, SEED, verify
from symasym.simulation.report import verification_document, verification_text

__all__ = ["configure", "run"]

QUIET = 2.0
"""Seconds before the first word of progress, and between two at least."""
SHARE = 0.2
"""Share of the time passed that is waited before the next word."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    grid = ",".join(map(str, GRID))
    parser.add_argument("model", metavar="MODEL|FILE.py", help="a model of the catalogue, or a model file")
    parser.add_argument("--input", metavar="FILE.json", help="the problem (default: the one in the model file)")
    parser.add_argument("--downstream", choices=DOWNSTREAM, default="least_squares")
    parser.add_argument("--seed", default=str(SEED), metavar=str(SEED))
    parser.add_argument("--jobs", default=str(os.cpu_count() or 1), metavar="2", help="processes (default: one a core)")
    parser.add_argument("--reps", default=str(REPETITIONS), metavar=str(REPETITIONS), help="repetitions at each m")
    parser.add_argument("--m", default=grid, metavar=grid, help="unlabelled sample sizes, extrapolated along 1/m")
    parser.add_argument("--n", metavar="2000", help="labelled samples at the largest m (default: m/alpha)")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--plot", metavar="FILE.pdf|png|svg", help="a figure of the outcome (needs matplotlib)")
    parser.add_argument("--checkpoint", metavar="FILE", help="go on from, and keep, what is done in this file")


def _whole(option: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"--{option}: {text} came, a whole number is expected") from None


def _sizes(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--m: {text} came, whole numbers separated by commas are expected, e.g. 500,1000") from None


def _progress() -> Callable[[int, int], None]:
    """Lines on stderr for a run that takes longer than a moment, further apart the longer it takes."""
    start = time.monotonic()
    first, due = 0, start + QUIET

    def tell(done: int, planned: int) -> None:
        nonlocal first, due
        now = time.monotonic()
        first = first or done  # with a checkpoint, not all of it was done now
        if now < due or done == planned:
            return
        due = now + max(QUIET, SHARE * (now - start))
        rate = (done - first) / (now - start)
        about = f", about {(planned - done) / rate:.0f} s left" if rate > 0 else ""
        print(
            f"verify: {100 * done // planned} % of the samples, {now - start:.0f} s{about}", file=sys.stderr, flush=True
        )

    return tell


def run(arguments: argparse.Namespace) -> int:
    """Simulate, judge, print; exit code 0 if the law is accepted, 1 if not."""
    numbers = {name: _whole(name, getattr(arguments, name)) for name in ("seed", "jobs", "reps")}
    sizes = _sizes(arguments.m)
    labelled = None if arguments.n is None else _whole("n", arguments.n)
    figure = figure_path(arguments.plot)
    loaded = catalogue.load(arguments.model)
    document = None if arguments.input is None else inputs.read(arguments.input)
    outcome = verify(
        loaded,
        document,
        **numbers,
        m=sizes,
        n=labelled,
        progress=_progress(),
        checkpoint=arguments.checkpoint,
        downstream=arguments.downstream,
    )
    if figure is not None:
        figures.save(figures.verification(outcome), figure)
    if arguments.format == "json":
        print(dump("symasym.verify/1", verification_document(outcome)))
    else:
        print(verification_text(outcome))
    return 0 if outcome.accepted else 1
