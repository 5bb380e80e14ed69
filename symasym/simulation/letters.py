"""Which letters of a lowered loss vary over the samples, and the array that stands for each.

A letter of another kind (a random scale, a mask) is one more entry of `SAMPLED`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from symasym.words.atoms import Atom, Kind

__all__ = ["SAMPLED", "Samples", "sampled"]

Samples: TypeAlias = Mapping[str, np.ndarray]
"""Name -> `(B, m, d)`, or `(B, m, K, d)` for `K` copies in every sample."""

SAMPLED: dict[Kind, Callable[[Atom, Samples], np.ndarray]] = {
    Kind.DATA: lambda atom, samples: samples[atom.payload.name],
}
"""Kind of a letter -> its array; a copy that an average runs over goes by the name of the vector it is a copy of."""


def sampled(atom: Atom, samples: Samples) -> np.ndarray:
    """The values of a letter in every sample."""
    return SAMPLED[atom.kind](atom, samples)
