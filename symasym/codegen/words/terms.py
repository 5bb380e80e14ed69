"""Rows of the tables: terms of trace words, matrices that are made of them, velocities along an orbit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["Block", "Definition", "Parts", "Powers", "Table", "Term", "Vertical"]

Powers = tuple[tuple[str, int], ...]
Block = tuple[str, str]
"""Two parameters."""
Parts = Sequence[tuple[str, str]]
"""Letters and words of a sum."""


@dataclass(frozen=True)
class Term:
    """`number * prod scalar^power * sum prod words`, summed as the pattern says."""

    number: Fraction
    powers: Powers
    pattern: str
    words: tuple[str, ...]


Table = tuple[Term, ...]


@dataclass(frozen=True)
class Definition:
    """A matrix of a shape: a sum of words, or the inverse of another."""

    name: str
    shape: tuple[str, str]
    value: Table | str


@dataclass(frozen=True)
class Vertical:
    """Velocities along one orbit, by parameter, for the entries `[x, y]` of a matrix in the Lie algebra of a given size."""

    antisymmetric: bool
    size: str
    velocity: dict[str, Table]
