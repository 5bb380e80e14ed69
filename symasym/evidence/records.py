"""One record for each kind of check."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Digits", "Evidence", "Exact", "Simulation"]


@dataclass(frozen=True)
class Exact:
    """Closed form and explicit engine, equal in rationals, without a tolerance.

    `sizes`: the dimensions at which they were compared; `points`: random rational points at each; `date` of the last run.
    """

    model: str
    sizes: tuple[dict[str, int], ...]
    points: int
    date: str


@dataclass(frozen=True)
class Digits:
    """The emitted kernel against the closed form at `digits` digits.

    `problems` random ones over `sizes` choices of dimensions. `worst`: largest relative error found in units of the condition
    number of the quantity, `bound` what is allowed.
    """

    model: str
    problems: int
    sizes: int
    digits: int
    worst: float
    bound: float
    date: str


@dataclass(frozen=True)
class Simulation:
    """The two-stage procedure against the law.

    * `model`: as it is built, a variant by its own name; `file`: the model file; `case`: what is different from its defaults.
    * `m`: smallest and largest sample size; `reps`: repetitions at each, None where the record does not say whether they were
      doubled; `seed`, `date`.
    * `derived`, `intercept`, `se`: mean of the interaction, what the simulation extrapolates to, and its standard error relative
      to the derived mean; `z` the difference in standard errors. For a misspecified target it is a variance.
    * `distance`, `bound`: Kolmogorov distance at the largest `m` and what is allowed, None where it was not taken; where there is
      one `m` alone, nothing is extrapolated. `total_z`: mean of `n (R - sigma^2)`
      against the law, in standard errors, None for a misspecified target.
    """

    model: str
    file: str
    case: str
    m: tuple[int, int]
    reps: int | None
    seed: int
    date: str
    derived: float
    intercept: float
    se: float
    z: float
    distance: float | None
    bound: float | None
    total_z: float | None
    verdict: str


@dataclass(frozen=True)
class Evidence:
    """Everything that is kept on a model."""

    exact: Exact | None = None
    digits: Digits | None = None
    simulations: tuple[Simulation, ...] = ()
