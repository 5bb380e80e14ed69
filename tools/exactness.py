"""Compare closed forms with the explicit engine and with 50 digits, and keep what was compared.

`./run exactness [MODEL ...]` calls it. It runs the comparisons of `tests/test_referee.py` and `tests/test_accuracy.py` and writes
`symasym/evidence/exact.json`, from which the write-ups take how many points there were; records of other models stay.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import test_accuracy as accuracy
import test_referee as referee
from support import MODELS, VARIANTS, sizes_of

from symasym.codegen.numpy import compile_kernel
from symasym.evidence import Digits, Exact
from symasym.evidence.stored import digits, exact, write_exact

POINTS = 3
"""Random rational points at each choice of sizes."""


def compared(name: str, date: str) -> Exact:
    """Forms, covariance, interaction and all its traces at points of every size; dimensions, noise, excess loss at one more."""
    for sizes in sizes_of(name):
        for seed in range(POINTS):
            referee.test_forms_covariance_and_interaction_are_equal((name, sizes), seed)
        referee.test_dimensions_noise_and_excess_loss_are_equal((name, sizes))
    return Exact(name, tuple(sizes_of(name)), POINTS, date)


def evaluated(name: str, date: str) -> Digits:
    """The kernel at all its problems, on both layouts of a batch in turn."""
    kernel = compile_kernel(accuracy.law_of(name))
    worst, problems = 0.0, accuracy.sizes_of(name)
    for seed, sizes in enumerate(problems, accuracy.SEED):
        kernel.LONG = 1 if seed % 2 else 10**6
        worst = max(worst, *(float(np.max(error)) for _, error in accuracy.errors(name, kernel, sizes, seed)))
    if not worst < accuracy.TOLERANCE:
        raise AssertionError(f"{name}: {worst:.3g} in units of the condition number, {accuracy.TOLERANCE:g} is allowed")
    different = len({tuple(sorted(sizes.items())) for sizes in problems})
    total = len(problems) * accuracy.EACH
    return Digits(name, total, different, accuracy.DIGITS, float(f"{worst:.1e}"), accuracy.TOLERANCE, date)


def main(names: Sequence[str]) -> int:
    """The models and variants named, all with a closed form by default; stops at the first that is not equal."""
    every = [*MODELS, *VARIANTS]
    first = {record.model: record for record in exact() if record.model in every}
    second = {record.model: record for record in digits() if record.model in every}
    date = str(datetime.datetime.now(datetime.UTC).date())
    for name in names or every:
        first[name], second[name] = compared(name, date), evaluated(name, date)
        write_exact(list(first.values()), list(second.values()))
        print(f"{name}: {len(first[name].sizes)} sizes, worst {second[name].worst:.1e}", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
