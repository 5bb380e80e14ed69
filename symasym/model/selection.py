"""Which directions are learned as a weight goes from 0 to 1, and where that changes.

Direction `p` has the gain `N_p(g)^2 / D_p(g)`, `N_p` and `D_p` polynomials with `D_p > 0` on `[0, 1]`, and counts for nothing
where `N_p <= 0`. Two directions change places at roots of the polynomial `N_p^2 D_q - N_q^2 D_p`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
from numpy.polynomial import Polynomial

__all__ = ["Change", "selection_changes"]

REAL = 1e-7
"""Roots this close to the real line are taken for real ones; what they are good for is decided afterwards."""
HALVINGS = 60
APART = 1e-12
"""Weights closer than this to each other, or to 0 and 1, count as one: between them nothing can be evaluated."""


@dataclass(frozen=True)
class Change:
    """At `weight` the directions `enters` take the places of `leaves` among the largest gains."""

    weight: float
    enters: tuple[int, ...]
    leaves: tuple[int, ...]


def selection_changes(numerators: np.ndarray, denominators: np.ndarray, k: int) -> list[Change]:
    """All weights in `(0, 1)` at which the `k` largest gains change, in order.

    `numerators` `(d, n)` and `denominators` `(d, m)` hold the coefficients of `N_p` and `D_p`, lowest power first. A weight is
    bracketed by a change of sign of the polynomial in rational arithmetic, so that it is right to rounding.
    """
    above, below = [Polynomial(c) for c in numerators], [Polynomial(c) for c in denominators]
    middles = _middles(above, below)
    gains = np.stack([_signed_square(n(middles)) / d(middles) for n, d in zip(above, below, strict=True)], axis=1)
    chosen = [frozenset(np.argsort(-row, kind="stable")[:k].tolist()) for row in gains]
    changes = []
    for n, (before, after) in enumerate(pairwise(chosen)):
        if before != after:
            enters, leaves = sorted(after - before), sorted(before - after)
            weight = _exact_root(numerators, denominators, (leaves[0], enters[0]), (middles[n], middles[n + 1]))
            changes.append(Change(weight, tuple(enters), tuple(leaves)))
    return changes


def _signed_square(values: np.ndarray) -> np.ndarray:
    return np.sign(values) * values**2


def _middles(above: Sequence[Polynomial], below: Sequence[Polynomial]) -> np.ndarray:
    """One weight in each interval in which no two directions change places."""
    found = [n.roots() for n in above]
    pairs = combinations(range(len(above)), 2)
    found += [(above[p] ** 2 * below[q] - above[q] ** 2 * below[p]).roots() for p, q in pairs]
    roots = np.concatenate(found) if found else np.zeros(0)
    real = roots[np.abs(roots.imag) < REAL].real
    edges = np.unique(np.concatenate([[0.0, 1.0], real[(real > 0) & (real < 1)]]))
    return ((edges[:-1] + edges[1:]) / 2)[np.diff(edges) > APART]


def _exact_root(
    numerators: np.ndarray, denominators: np.ndarray, pair: tuple[int, int], bracket: tuple[float, float]
) -> float:
    """Where the signed gains of two directions meet, by bisection in rational arithmetic."""

    def order(weight: Fraction) -> int:
        (n_p, d_p), (n_q, d_q) = (
            (_value(numerators[index], weight), _value(denominators[index], weight)) for index in pair
        )
        difference = n_p * abs(n_p) * d_q - n_q * abs(n_q) * d_p
        return (difference > 0) - (difference < 0)

    low, high = map(Fraction, bracket)
    start = order(low)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if order(middle) == start else (low, middle)
    return float((low + high) / 2)


def _value(coefficients: np.ndarray, weight: Fraction) -> Fraction:
    total = Fraction(0)
    for coefficient in coefficients[::-1]:
        total = total * weight + Fraction(float(coefficient))
    return total
