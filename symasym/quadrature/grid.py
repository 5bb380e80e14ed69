"""The trapezoidal rule in a few dimensions: geometrically convergent for analytic functions that decay like Gaussians.

The error in a coordinate of step `h` is about `exp(-2 pi a / h)`, `a` the half-width of the strip in which the integrand is
analytic. A Gaussian density alone allows `exp(-2 (pi / h)^2)`; shares `exp(q_i) / sum_j exp(q_j)` with linear logits have
poles where two of them differ by `i pi`, at the distance `pi / D` along an axis on which the centres differ by `D` at most.
Nodes further than `REACH` from every centre are left out, a part of the order `exp(-REACH^2 / 2) = 1e-15` times a polynomial.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from math import prod

import numpy as np

__all__ = ["GAUSSIAN_STEP", "REACH", "count", "density", "pieces", "steps"]

REACH = 8.4
DECADES = 30.0
"""`log` of the accuracy aimed at, `exp(-30)` being `9e-14`."""
CLOSE = 6.0
"""More of it, over the smallest distance: shares of close centres are nearly collinear, and inverses cost digits."""
CREDIT = 5.0
"""Where the mean may be exponentially small: what of `D^2 / 8` does not count, and the most of it that does."""
GAUSSIAN_STEP = 0.5
"""The largest step; `exp(-2 (pi / 0.5)^2)` is `5e-35`, which leaves room for polynomials."""
PIECE = 4096


def steps(centres: np.ndarray, coarser: float = 1.0, small: bool = False) -> np.ndarray:
    """Step along each axis, `(r,)`, for `centres` `(K, r)`; `coarser` times as long as the accuracy aimed at needs.

    Where the shares of two centres at the distance `D` have their poles, the density is `exp(-D^2 / 8)` of its peak, which counts
    towards the accuracy; beyond a distance and only so far, `CREDIT`, where the mean may be as `small` itself.
    """
    gaps = centres[:, None] - centres
    squares = np.sum(gaps**2, axis=2)
    nearest = np.sqrt(squares + np.where(np.eye(len(centres)), np.inf, 0)).min()
    credit = np.clip(squares / 8 - CREDIT, 0, CREDIT) if small else squares / 8
    missing = np.maximum(DECADES + CLOSE / np.maximum(nearest, 1.0) - credit, 0.0)
    finest = np.max(np.abs(gaps) * missing[..., None], axis=(0, 1)) / (2 * np.pi**2)
    return coarser / np.maximum(finest, 1 / GAUSSIAN_STEP)


def density(nodes: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """`(1/K) sum_i N(nodes; u_i, I)`, `(n,)`."""
    squares = _squares(nodes, centres)
    return np.exp(-squares / 2).mean(axis=1) / (2 * np.pi) ** (nodes.shape[1] / 2)


def _squares(nodes: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Squared distances, `(n, K)`."""
    return np.sum(nodes**2, axis=1)[:, None] - 2 * nodes @ centres.T + np.sum(centres**2, axis=1)


def _lines(places: np.ndarray, h: np.ndarray, reaches: np.ndarray) -> list[np.ndarray]:
    """Nodes along each axis within reach of a place, half a step off the origin."""
    parts = [
        [np.arange(np.floor((c - reach) / s), np.ceil((c + reach) / s)) for c, reach in zip(axis, reaches, strict=True)]
        for axis, s in zip(places.T, h, strict=True)
    ]
    return [(np.unique(np.concatenate(one)) + 0.5) * s for one, s in zip(parts, h, strict=True)]


def count(centres: np.ndarray, h: np.ndarray) -> float:
    """About how many nodes the rule has: the volume of the balls around the centres, which may overlap, over that of a cell."""
    r = centres.shape[1]
    ball = {0: 1.0, 1: 2.0, 2: np.pi, 3: 4 * np.pi / 3}.get(r, np.inf) * REACH**r
    box = np.prod(np.ptp(centres, axis=0) + 2 * REACH)
    return float(min(ball * len(centres), box) / np.prod(h))


def pieces(
    centres: np.ndarray, h: np.ndarray, reach: float = REACH, between: float = 0.0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Nodes `(n, r)` and weights `(n,)` of the rule for means over `(1/K) sum_i N(u_i, I_r)`, piece by piece.

    `between`: with the nodes that near to the middle of two centres, where what is exponentially small lives.
    """
    if centres.shape[1] == 0:
        yield np.zeros((1, 0)), np.ones(1)
        return
    middles = [(u + v) / 2 for u, v in combinations(centres, 2)] if between else []
    places = np.concatenate([centres, np.reshape(middles, (-1, centres.shape[1]))])
    reaches = np.repeat([reach, between], [len(centres), len(middles)])
    (first, *others), cell = _lines(places, h, reaches), float(np.prod(h))
    rest = np.array(list(product(*others)), dtype=float).reshape(prod(map(len, others)), len(others))
    near = np.stack([np.sum((rest - place[1:]) ** 2, axis=1) for place in places], axis=1)
    kept, held = [np.zeros((0, centres.shape[1]))], 0
    for x in first:
        chosen = rest[np.any(near < reaches**2 - (x - places[:, 0]) ** 2, axis=1)]
        kept.append(np.column_stack([np.full(len(chosen), x), chosen]))
        held += len(chosen)
        if held >= PIECE:
            nodes = np.concatenate(kept)
            yield from (_weighed(part, centres, cell) for part in np.array_split(nodes, held // PIECE))
            kept, held = [np.zeros((0, centres.shape[1]))], 0
    if held:
        yield _weighed(np.concatenate(kept), centres, cell)


def _weighed(nodes: np.ndarray, centres: np.ndarray, cell: float) -> tuple[np.ndarray, np.ndarray]:
    return nodes, density(nodes, centres) * cell
