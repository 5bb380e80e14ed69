"""Atoms, words, and the canonical form of a trace.

A word is a product of atoms, each possibly transposed. A trace of a word does not change when the word is rotated or
transposed; wherever two neighbouring factors meet in a dimension of 1 the trace falls apart into scalars `u^T M v`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any

import sympy

__all__ = ["Atom", "Factor", "Kind", "Word", "canonical_trace", "multiply", "transpose", "word_key"]


class Kind(Enum):
    """What an atom stands for."""

    PARAMETER = "parameter"
    TRUTH = "truth"
    CONSTANT = "constant"
    DERIVED = "derived"
    DATA = "data"
    MASK = "mask"
    SAMPLE = "sample mean"
    GROUP = "group"
    DIRECTION = "direction"
    INVERSE = "inverse"


@dataclass(frozen=True)
class Atom:
    """One matrix. `key` identifies it and orders it; `payload` is its SymPy symbol, or what it is defined by.

    Atoms of two models may share a key; the payload tells them apart, so that nothing kept for one serves the other.
    A data vector or mask that is averaged over `copies` independent copies stands for one of them.
    """

    key: str
    kind: Kind
    rows: sympy.Expr
    columns: sympy.Expr
    symmetric: bool = field(compare=False, default=False)
    orthogonal: bool = field(compare=False, default=False)
    payload: Any = field(default=None, repr=False)
    copies: sympy.Expr | None = None

    def __hash__(self) -> int:
        return hash(self.key)


Factor = tuple[Atom, bool]
Word = tuple[Factor, ...]


def rows_of(factor: Factor) -> sympy.Expr:
    """Number of rows of an atom, transposed if the flag says so."""
    atom, transposed = factor
    return atom.columns if transposed else atom.rows


def columns_of(factor: Factor) -> sympy.Expr:
    """Number of columns of an atom, transposed if the flag says so."""
    atom, transposed = factor
    return atom.rows if transposed else atom.columns


def factor(atom: Atom, transposed: bool = False) -> Factor:
    """The factor, with the flag cleared where the atom is symmetric."""
    return (atom, transposed and not atom.symmetric)


def transpose(word: Word) -> Word:
    """`(M_1 .. M_n)^T = M_n^T .. M_1^T`."""
    return tuple(factor(atom, not transposed) for atom, transposed in reversed(word))


def word_key(word: Word) -> tuple[tuple[str, bool], ...]:
    """Order of words; the same under every hash seed."""
    return tuple((atom.key, transposed) for atom, transposed in word)


def _cancels(left: Factor, right: Factor) -> bool:
    """True if two neighbours multiply to the identity: `Q^T Q`, `G G^{-1}` and the like."""
    (a, s), (b, t) = left, right
    if a == b and a.orthogonal and s != t:
        return True
    if s != t and not (a.symmetric or b.symmetric):
        return False
    return (b.kind is Kind.INVERSE and b.payload.single_atom == a) or (
        a.kind is Kind.INVERSE and a.payload.single_atom == b
    )


def _absorbs(left: Factor, right: Factor) -> bool:
    """True if two neighbours are one projector, a mask: `R R = R`."""
    return left == right and left[0].kind is Kind.MASK


def multiply(left: Word, right: Word) -> Word:
    """Product of two words, with neighbours that multiply to the identity removed, and projectors kept once."""
    while left and right and _cancels(left[-1], right[0]):
        left, right = left[:-1], right[1:]
    if left and right and _absorbs(left[-1], right[0]):
        left = left[:-1]
    return left + right


@cache
def canonical_trace(word: Word) -> tuple[Word, ...]:
    """`tr(word)` as a product of canonical scalars; the word is non-empty and square."""
    while len(word) > 1 and _cancels(word[-1], word[0]):
        word = word[1:-1]
    if len(word) > 1 and _absorbs(word[-1], word[0]):
        word = word[:-1]
    cuts = [n for n, item in enumerate(word) if rows_of(item) == 1]
    if cuts:
        ends = [*cuts[1:], cuts[0] + len(word)]
        doubled = word + word
        pieces = [doubled[start:end] for start, end in zip(cuts, ends, strict=True)]
        return tuple(sorted((_smaller(piece, transpose(piece)) for piece in pieces), key=word_key))
    reverse = transpose(word)
    rotations = [turn[n:] + turn[:n] for turn in (word, reverse) for n in range(len(word))]
    return (min(rotations, key=word_key),)


def _smaller(first: Word, second: Word) -> Word:
    return min(first, second, key=word_key)
