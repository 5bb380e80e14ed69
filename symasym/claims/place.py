"""Which entries of a matrix a claim speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import sympy

from symasym.errors import InputError

__all__ = ["Kind", "Place", "place"]


class Kind(Enum):
    """`PAIR`: entry `[p, q]`, `p != q`; `DIAGONAL`: `[p, p]`; `APART`: `[p, p]` against `[q, q]`, `p != q`."""

    PAIR = "pair"
    DIAGONAL = "diagonal"
    APART = "apart"


@dataclass(frozen=True)
class Place:
    """Entry `[p, q]` of one matrix, or the diagonal entries `p` and `q` of two."""

    kind: Kind
    p: sympy.Symbol
    q: sympy.Symbol


def place(text: str, where: str) -> Place:
    """`i j`, `i i`, or `i i, l l`."""
    pairs = [[sympy.Symbol(name, integer=True) for name in part.split()] for part in text.split(",")]
    match pairs:
        case [[p, q]]:
            return Place(Kind.DIAGONAL if p == q else Kind.PAIR, p, q)
        case [[p, r], [q, s]] if p == r and q == s and p != q:
            return Place(Kind.APART, p, q)
    raise InputError(f"{where}: the entry {text} is not of the form i j, i i, or i i, l l")
