"""Laws of weighted chi-squares as arrays: checked, in units of their largest weight, arranged for evaluation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Booleans", "Floats", "Indices", "Shape", "WeightedLaw", "pair", "require", "weighted_law"]

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Indices = NDArray[np.intp]
Shape = tuple[int, ...]

_REPEATED = 4.0  # multiplicities up to this one are written as so many weights of multiplicity 1
_MERGED = 8  # equal weights are counted together where that leaves at most one in so many


@dataclass(frozen=True)
class WeightedLaw:
    """Laws of `Q = sum_j w_j chi2_{m_j}(l_j)` in units of their largest weight; a weight 0 becomes 1, of multiplicity 0.

    * `weights`, `(..., n)` with `n > 0`; `halves`, `(..., n)`: half the multiplicities, or 0; `shifts`, `(..., n)`:
      noncentralities, or 0.
    * `largest`, `(...)`: the largest weight in its own units; 0 if `Q = 0`.
    * `units`: so many leading columns have the multiplicity 1 (or 0) in every law.
    """

    weights: Floats
    halves: Floats
    shifts: Floats
    largest: Floats
    units: int = 0

    def at(self, chosen: Booleans | Indices) -> WeightedLaw:
        """Some of the laws."""
        return WeightedLaw(
            self.weights[chosen], self.halves[chosen], self.shifts[chosen], self.largest[chosen], self.units
        )

    def moment(self, r: int) -> Floats:
        """`sum_j (m_j + r l_j) w_j^r`."""
        return ((2.0 * self.halves + r * self.shifts) * self.weights**r).sum(-1)

    def share(self, r: int) -> Floats:
        """`sum_j (m_j + l_j) w_j^r`: moments of the weights, each counted by what it adds to the mean."""
        return ((2.0 * self.halves + self.shifts) * self.weights**r).sum(-1)


def weighted_law(weights: ArrayLike, multiplicities: ArrayLike, noncentralities: ArrayLike) -> WeightedLaw:
    """The laws, broadcast. ValueError for values that are none; see `quadratic_form.cdf`."""
    w, m = np.asarray(weights, dtype=float), np.asarray(multiplicities, dtype=float)
    shifts = np.asarray(noncentralities, dtype=float)
    if w.ndim == 0:
        raise ValueError(f"weights must have at least one axis, not be the number {w}.")
    require("weights", w, np.isfinite(w) & (w >= 0.0), "finite and not negative")
    require("multiplicities", m, np.isfinite(m) & (m > 0.0), "finite and positive")
    require("noncentralities", shifts, np.isfinite(shifts) & (shifts >= 0.0), "finite and not negative")
    w, m, shifts = np.broadcast_arrays(w, m, shifts)
    if w.shape[-1] == 0:
        w = m = shifts = np.zeros((*w.shape[:-1], 1))
    largest = w.max(-1)
    scaled = w / np.where(largest > 0.0, largest, 1.0)[..., None]
    counts = scaled > 0.0
    halves, shifts = np.where(counts, m / 2.0, 0.0), np.where(counts, shifts, 0.0)
    return WeightedLaw(np.where(counts, scaled, 1.0), halves, shifts, largest)


def require(name: str, values: Floats, fine: Booleans, wanted: str) -> None:
    """ValueError with the first of the values that are not fine."""
    if not np.all(fine):
        raise ValueError(f"{name} must be {wanted}, not {values[~fine][0]}.")


def pair(law: WeightedLaw, points: Floats) -> tuple[WeightedLaw, Indices, Floats, Shape]:
    """The laws in a row and arranged, which of them each point is about, the points in a row, and the common shape."""
    shape = np.broadcast_shapes(law.largest.shape, points.shape)
    of = np.broadcast_to(np.arange(law.largest.size).reshape(law.largest.shape), shape).ravel()
    rows = (law.largest.size, law.weights.shape[-1])
    flat = WeightedLaw(
        law.weights.reshape(rows), law.halves.reshape(rows), law.shifts.reshape(rows), law.largest.ravel()
    )
    return _arranged(_merged(flat)), of, np.broadcast_to(points, shape).ravel(), shape


def _merged(law: WeightedLaw) -> WeightedLaw:
    """Equal weights of a law counted together, where there are many of them."""
    laws, n = law.weights.shape
    if n < _MERGED or laws == 0:
        return law
    order = np.argsort(law.weights, axis=-1)
    weights, halves, shifts = (np.take_along_axis(x, order, -1) for x in (law.weights, law.halves, law.shifts))
    new = np.concatenate([np.zeros((laws, 1), dtype=bool), weights[:, 1:] != weights[:, :-1]], axis=-1)
    group = np.cumsum(new, axis=-1)
    groups = int(group.max()) + 1
    if groups * _MERGED > n:
        return law
    place = (group + groups * np.arange(laws)[:, None]).ravel()

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(place, values.ravel(), laws * groups), float).reshape(laws, groups)

    distinct = np.ones(laws * groups)
    distinct[place] = weights.ravel()
    return WeightedLaw(distinct.reshape(laws, groups), total(halves), total(shifts), law.largest)


def _arranged(law: WeightedLaw) -> WeightedLaw:
    """Multiplicities 1 first, small whole ones as repeated weights: products are cheaper than logarithms."""
    multiplicity = 2.0 * law.halves.max(0, initial=0.0)
    same = np.all((2.0 * law.halves == multiplicity) | (law.halves == 0.0), axis=0)
    whole = same & (multiplicity <= _REPEATED) & (multiplicity == np.round(multiplicity))
    times = np.where(whole, np.maximum(multiplicity, 1.0), 1.0).astype(int)
    columns = np.concatenate([np.repeat(np.flatnonzero(whole), times[whole]), np.flatnonzero(~whole)])
    return WeightedLaw(
        law.weights[:, columns],
        (law.halves / times)[:, columns],
        (law.shifts / times)[:, columns],
        law.largest,
        int(times[whole].sum()),
    )
