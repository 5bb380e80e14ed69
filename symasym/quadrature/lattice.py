"""Randomised quasi-Monte Carlo: rank-1 lattice rules with random shifts, for means over a mixture of Gaussians in any dimension.

Points `frac(j g / N + shift)`, folded by the tent map and mapped by the normal quantile; each centre has all of them, so that
the mean over the member that is drawn is exact. Shifts are independent, so the spread between them is an honest error.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations

import numpy as np

__all__ = ["generator", "normal_quantile", "points"]

CANDIDATES = 24


@cache
def generator(size: int, dimension: int) -> tuple[int, ...]:
    """A good generating vector `(1, a, a^2, ..)` mod `size`: the best of some Korobov numbers in the sense of `P_2`."""
    rng = np.random.default_rng(size * 100 + dimension)
    candidates = [int(a) | 1 for a in rng.integers(3, size - 1, CANDIDATES)]
    return min((_powers(a, size, dimension) for a in candidates), key=lambda g: _worst(g, size))


def _powers(a: int, size: int, dimension: int) -> tuple[int, ...]:
    return tuple(pow(a, n, size) for n in range(dimension))


def _worst(g: tuple[int, ...], size: int) -> float:
    """`P_2` with weights `1/n^2`: mean of `prod (1 + (2 pi^2 / n^2) B_2(frac(j g_n / N)))`, less 1."""
    total, j = np.ones(size), np.arange(size)
    for n, step in enumerate(g, 1):
        x = (j * step % size) / size
        total *= 1 + (2 * np.pi**2 / n**2) * (x * x - x + 1 / 6)
    return float(total.mean() - 1)


def points(size: int, dimension: int, shift: np.ndarray) -> np.ndarray:
    """Standard normal points, `(size, dimension)`."""
    x = np.arange(size)[:, None] * np.array(generator(size, dimension)) % size / size + shift
    folded = 1 - np.abs(2 * (x % 1.0) - 1)
    return normal_quantile(np.clip(folded, 0.25 / size, 1 - 0.25 / size))


def pieces(
    centres: np.ndarray, size: int, shift: np.ndarray, between: bool = False, piece: int = 16384
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Nodes and weights for means over `(1/K) sum_i N(u_i, I_r)`: the same points around every centre.

    `between`: half of the nodes lie around the middles of two centres, where what is exponentially small lives; weights are the
    ratio of the density to that of all nodes together, at most 2.
    """
    standard = points(size, centres.shape[1], shift)
    middles = [(u + v) / 2 for u, v in combinations(centres, 2)] if between else []
    places = np.concatenate([centres, np.reshape(middles, (-1, centres.shape[1]))])
    shares = np.repeat([1 / len(centres), 1 / max(len(middles), 1)], [len(centres), len(middles)]) / (1 + between)
    for place, share in zip(places, shares, strict=True):
        for first in range(0, size, piece):
            nodes = standard[first : first + piece] + place
            ratio = _ratio_of_densities(nodes, places, shares, len(centres)) if between else np.ones(len(nodes))
            yield nodes, share / size * ratio


def _ratio_of_densities(nodes: np.ndarray, places: np.ndarray, shares: np.ndarray, count: int) -> np.ndarray:
    """Of the mixture of the first `count` places, all alike, to that of all with their shares."""
    logs = nodes @ places.T - np.sum(places**2, axis=1) / 2
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(raised[:, :count].mean(axis=1) / (raised @ shares))


# Coefficients of Wichura's algorithm AS 241 (1988), accurate to 1e-16.
_CENTRAL = (
    (3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457,
     67265.770927008700853, 33430.575583588128105, 2509.0809287301226727),
    (1.0, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867,
     39307.89580009271061, 28729.085735721942674, 5226.495278852545925),
)  # fmt: skip
_MIDDLE = (
    (1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504, 1.27045825245236838258,
     0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4),
    (1.0, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459,
     0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9),
)  # fmt: skip
_TAIL = (
    (6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123, 0.026532189526576123093,
     0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4,
     1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15),
)  # fmt: skip


def normal_quantile(p: np.ndarray) -> np.ndarray:
    """The standard normal quantile, by rational functions (Wichura 1988)."""
    q = p - 0.5
    central = 0.180625 - q * q
    tail = np.sqrt(-np.log(np.minimum(p, 1 - p)))
    near = q * _ratio(_CENTRAL, np.maximum(central, 0))
    far = np.where(tail <= 5, _ratio(_MIDDLE, tail - 1.6), _ratio(_TAIL, tail - 5))
    return np.where(np.abs(q) <= 0.425, near, np.sign(q) * far)


def _ratio(table: tuple[tuple[float, ...], tuple[float, ...]], x: np.ndarray) -> np.ndarray:
    numerator, denominator = (np.polynomial.polynomial.polyval(x, coefficients) for coefficients in table)
    return numerator / denominator
