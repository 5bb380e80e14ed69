"""A claim as data: where it stands, what it says, and the parts of it that can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Claim", "Order", "OrderPath", "Part", "SimulationSpec", "VERDICTS", "worst"]

VERDICTS = ("ill-typed", "differs", "conditional", "bound", "descriptive", "agrees")
"""From what weighs most: a claim has the verdict of its weightiest part."""


def worst(verdicts: Sequence[str]) -> str:
    """The weightiest of some verdicts."""
    return min(verdicts, key=VERDICTS.index)


@dataclass(frozen=True)
class Part:
    """One comparison.

    * `what`: a quantity of `quantities.QUANTITIES`; `entry`: which entries, where it has any (`place`).
    * `claimed`: the formula of the source; with `entry` it may be a form in `H1` and `H2`.
    * `of`: for the covariance of two expressions in the data, the two.
    * `where`: values of families, e.g. `lam[i] = 1/i`.
    * `agrees_where`: the same kind of equations, under which the two sides are found equal: printed, and checked.
    """

    what: str
    claimed: str
    title: str = ""
    entry: str = ""
    of: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    agrees_where: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class OrderPath:
    """A sequence of problems: `vary` takes `values`; `sizes` and `where` say the rest in terms of it.

    `regime` marks the paths on which the claim is said to hold where it does not hold on all.
    """

    name: str
    vary: str
    values: tuple[str, ...]
    sizes: Mapping[str, str]
    where: tuple[str, ...] = ()
    regime: bool = False


@dataclass(frozen=True)
class Order:
    """An order of growth: `claimed`, and `derived`, the order that the derived quantity is found to have.

    `uniform`: the statement says that its constant does not depend on what the paths vary.
    """

    what: str
    claimed: str
    derived: str
    condition: str
    paths: tuple[OrderPath, ...]
    uniform: bool = False
    where: tuple[str, ...] = ()


@dataclass(frozen=True)
class SimulationSpec:
    """What is simulated: the `part` (from 0) at `sizes` and `entries` (family -> numbers in the order of the index).

    `grid`: unlabelled sample sizes, `reps` repetitions at each; for a covariance of data expressions `reps` samples alone.
    """

    part: int
    sizes: Mapping[str, int]
    entries: Mapping[str, Sequence[float]]
    reps: int
    grid: tuple[int, ...] = ()
    index: Mapping[str, int] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """A published statement, or a user's.

    * `id`, `source` (a key of the bibliography, or words) and `place` in it; `about`: what kind of statement it is.
    * `statement`: as printed, in plain text; `statement_latex`: the same for the note.
    * `setting`: the coordinates it is printed in. `parts`: what is compared; `stages`: what is compared on the way, for the
      note alone.
    * `repaired`: for a formula whose shapes do not fit, the readings whose shapes do, each compared as well.
    * `by_hand`: a special case, in words with formulas between backquotes; `remark`: what else there is to say.
    """

    id: str
    source: str
    place: str
    about: str
    statement: str
    statement_latex: str
    setting: str
    parts: tuple[Part, ...] = ()
    stages: tuple[Part, ...] = ()
    repaired: tuple[Part, ...] = ()
    order: Order | None = None
    simulation: SimulationSpec | None = None
    by_hand: str = ""
    remark: str = ""
    definitions: tuple[str, ...] = ()
