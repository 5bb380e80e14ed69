"""Which letters of a lowered loss vary over the samples, and the array that stands for each.

A letter of another kind is one more entry of `SAMPLED`: an array for each sample, the entries of a vector or the diagonal of a
diagonal matrix. Side by side they multiply entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import TypeAlias

import numpy as np
import sympy

from symasym.words.atoms import Atom, Kind

__all__ = ["SAMPLED", "Letter", "Rows", "Samples", "is_sampled", "rows_in", "sampled", "samples_last"]

Samples: TypeAlias = Mapping[str, np.ndarray]
"""Name -> `(B, m, d)`, or `(B, m, K, d)` for `K` copies in every sample."""

SAMPLED: Mapping[Kind, Callable[[Atom, Samples], np.ndarray]] = {
    Kind.DATA: lambda atom, samples: samples[atom.payload.name],
    Kind.MASK: lambda atom, samples: samples[atom.payload.name],
}
"""Kind of a letter -> its array; a copy that an average runs over goes by the name of what it is a copy of."""

Letter: TypeAlias = tuple[Atom, ...]
"""A vector, diagonal matrices, or one times the others; the number 1 where empty."""


def is_sampled(atom: Atom) -> bool:
    """True for a letter that varies over the samples."""
    return atom.kind in SAMPLED


def sampled(atom: Atom, samples: Samples) -> np.ndarray:
    """The values of a letter in every sample, `(B, m, d)` or `(B, m, K, d)`."""
    return SAMPLED[atom.kind](atom, samples)


def rows_in(letter: Letter) -> sympy.Expr:
    """The dimension `d` of a letter."""
    return letter[0].rows if letter else sympy.Integer(1)


def samples_last(atom: Atom, copies: Sequence[Atom], samples: Samples) -> np.ndarray:
    """The values of a letter as `(B, d, 1 or K, .., m)`, one axis for each of the letters that are averaged over copies.

    So sums over coordinates and over copies are sums of long rows.
    """
    values = np.ascontiguousarray(sampled(atom, samples).swapaxes(1, -1))
    axes = [values.shape[2] if other == atom else 1 for other in copies]
    return values.reshape(*values.shape[:2], *axes, values.shape[-1])


class Rows:
    """Letters, samples last, in a part of the samples of a few data sets; products are kept."""

    def __init__(self, arrays: Mapping[Atom, np.ndarray], axes: int) -> None:
        self._kept: dict[Letter, np.ndarray] = {(atom,): array for atom, array in arrays.items()}
        self._kept[()] = np.ones([1] * axes)

    def __call__(self, letter: Letter) -> np.ndarray:
        """`(B, d, .., m)`, with 1 in place of what a letter does not depend on."""
        if letter not in self._kept:
            self._kept[letter] = reduce(np.multiply, (self._kept[atom,] for atom in letter))
        return self._kept[letter]
