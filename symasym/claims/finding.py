"""What an audit finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from symasym.claims.claim import Claim, Part
from symasym.claims.compare import Comparison
from symasym.model.displayed import Displayed

__all__ = ["Confirmation", "Finding", "OrderFinding", "PartFinding", "Simulated"]


@dataclass(frozen=True)
class Confirmation:
    """The derived side once more, by a route that shares no code with the first.

    `route`: `referee` (explicit entries, exact rationals) or `quadrature` (Gauss-Hermite); `holds` compares the two.
    """

    route: str
    at: Mapping[str, Any]
    derived: str
    confirmed: str
    holds: bool


@dataclass(frozen=True)
class PartFinding(Displayed):
    """One comparison: both sides in the source's letters (`claimed` is None where its shapes do not fit), and the verdict.

    `message`: what does not fit, or why the verdict is what it is.
    """

    part: Part
    claimed: sympy.Basic | None
    derived: sympy.Basic
    verdict: str
    comparison: Comparison | None = None
    confirmation: Confirmation | None = None
    message: str = ""


@dataclass(frozen=True)
class PathFinding:
    """Along one path: what varies, the derived quantity, and its ratios to the claimed and to the derived order."""

    name: str
    vary: str
    values: tuple[str, ...]
    derived: tuple[float, ...]
    to_claimed: tuple[float, ...]
    to_derived: tuple[float, ...]
    bounded: bool
    regime: bool


@dataclass(frozen=True)
class OrderFinding:
    """An order of growth against the exact values along paths."""

    claimed: sympy.Expr
    derived: sympy.Expr
    verdict: str
    condition: str
    paths: tuple[PathFinding, ...]


@dataclass(frozen=True)
class Simulated:
    """A simulation that decides: `mean` with standard error `se` of `quantity`; both sides of the claim there.

    `z_claimed` is None where the statement names no number.
    """

    quantity: str
    mean: float
    se: float
    derived: float
    claimed: float | None
    seed: int
    date: str
    how: str

    @property
    def z_derived(self) -> float:
        """Standard errors between the simulation and the derived number."""
        return (self.mean - self.derived) / self.se

    @property
    def z_claimed(self) -> float | None:
        """Standard errors between the simulation and the claimed number."""
        return None if self.claimed is None else (self.mean - self.claimed) / self.se


@dataclass(frozen=True)
class Finding(Displayed):
    """A claim with its verdict and everything that it rests on."""

    claim: Claim
    verdict: str
    parts: tuple[PartFinding, ...]
    stages: tuple[PartFinding, ...] = ()
    repaired: tuple[PartFinding, ...] = ()
    order: OrderFinding | None = None
    simulation: Simulated | None = None

    @property
    def deciding(self) -> PartFinding | None:
        """The first part that has the verdict of the whole."""
        return next((part for part in self.parts if part.verdict == self.verdict), None)
