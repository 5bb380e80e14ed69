"""The weights of a law as they are shown: each once, with how often it occurs."""

from __future__ import annotations

import numpy as np

from symasym.law.numeric import NumericLaw

__all__ = ["distinct_weights"]


def distinct_weights(law: NumericLaw) -> tuple[np.ndarray, np.ndarray]:
    """Weights that differ by more than rounding, descending, each with how often it occurs.

    For what people look at alone: two weights closer than `1e-9` of the largest are one in print; no law is computed from it.
    """
    counts = np.broadcast_to(law.multiplicities, law.weights.shape)
    order = np.argsort(-law.weights, kind="stable")
    found: list[list[float]] = []
    for weight, count in zip(law.weights[order], counts[order], strict=True):
        if found and found[-1][0] - weight <= 1e-9 * found[0][0]:
            found[-1][1] += count
        else:
            found.append([weight, count])
    heights, times = np.reshape(found, (-1, 2)).T
    return heights, times.round().astype(int)
