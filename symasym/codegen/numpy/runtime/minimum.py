"""The minimiser `w*` of the population loss, by Newton's method from several starts; the batch comes first.

A step divides the gradient by the absolute eigenvalues of the Hessian in a basis that makes its diagonal 1: it descends, leaves
saddle points, and converges quadratically. The orbit of `w*` is what the Hessian says nothing about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symasym.codegen.numpy.runtime.words import _Tables, _Words

Floats = NDArray[np.floating]

# ---- copied into kernels

STARTS = 4
"""Starts for each problem; the lowest minimum that they reach counts."""
STEPS = 100
"""Steps from one start."""


class _Search:
    """The loss, its gradient and Hessian at `w` `(rows, N)`, for problems of which each `w` has its own."""

    def __init__(self, tables: _Tables, arrays: Mapping[str, Floats], numbers: Mapping[str, Any]) -> None:
        self.tables, self.arrays, self.numbers = tables, arrays, numbers

    def at(self, w: Floats, which: NDArray) -> _Words:
        """The words at `w`, each of the problem with the number `which`."""
        arrays = {name: array[which] for name, array in self.arrays.items()}
        numbers = {name: x[which] if isinstance(x, np.ndarray) else x for name, x in self.numbers.items()}
        words = _Words(self.tables, arrays, numbers, len(w))
        for name, (where, shape) in words.layout.items():
            words.arrays[name] = w[:, where].reshape(-1, *shape)
        return words

    def loss(self, w: Floats, which: NDArray) -> Floats:
        """`L(w)`, infinite where it is not a number."""
        found = self.at(w, which).total(self.tables.loss)
        return np.where(np.isfinite(found), found, np.inf)

    def starts(self, rows: int) -> tuple[Floats, NDArray]:
        """Gaussian entries, each parameter scaled to the lowest loss in turn; one problem after another."""
        empty = _Words(self.tables, {}, self.numbers, 1)
        which = np.repeat(np.arange(rows), STARTS)
        w = np.tile(np.random.default_rng(0).standard_normal((STARTS, empty.entries)), (rows, 1))
        factors = 10.0 ** np.arange(-4, 4.5, 0.5)
        for _ in range(2):
            for where, _ in empty.layout.values():
                tried = []
                for factor in factors:
                    scaled = w.copy()
                    scaled[:, where] *= factor
                    tried.append(self.loss(scaled, which))
                w[:, where] *= factors[np.argmin(tried, axis=0)][:, None]
        return w, which


def _horizontal(hessian: Floats, vertical: Floats) -> tuple[Floats, Floats]:
    """Eigenvalues of the Hessian across the orbit, and vectors `X` with `X^T H X = diag`, `X X^T` free of units.

    `D H D` has the diagonal 1; of it the part on the complement of `D^{-1} vertical` counts.
    """
    diagonal = np.abs(np.diagonal(hessian, axis1=1, axis2=2))
    scale = 1 / np.sqrt(np.where(diagonal > 1e-12 * diagonal.max(1, keepdims=True), diagonal, 1.0))
    turned, _ = np.linalg.qr(np.swapaxes(vertical / scale[:, None, :], 1, 2), mode="complete")
    basis = scale[:, :, None] * turned[:, :, vertical.shape[1] :]
    values, vectors = np.linalg.eigh(np.swapaxes(basis, 1, 2) @ hessian @ basis)
    return values, basis @ vectors


def _minimiser(
    tables: _Tables, arrays: Mapping[str, Floats], numbers: Mapping[str, Any], rows: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """`w*` `(rows, N)`, and for which problems the lowest point that was reached is a minimum."""
    search = _Search(tables, arrays, numbers)
    w, which = search.starts(rows)
    value, roundness = search.loss(w, which), np.zeros(len(w))
    before = np.full(len(w), np.inf)
    active = np.flatnonzero(np.isfinite(value))
    for _ in range(STEPS):
        if not active.size:
            break
        words = search.at(w[active], which[active])
        slope, hessian = words.linear(tables.gradient), words.bilinear(tables.hessian)
        usable = np.isfinite(slope).all(1) & np.isfinite(hessian).all((1, 2))
        active, slope, hessian = active[usable], slope[usable], hessian[usable]
        vertical = words.vertical()[usable]
        values, across = _horizontal(hessian, vertical)
        along = np.einsum("nij,ni->nj", across, slope)
        curvature = np.maximum(np.abs(values), 1e-10 * np.abs(values).max(1, keepdims=True))
        size = np.einsum("ni,nij,nj->n", w[active], hessian, w[active])
        relative = np.sum(along**2 / curvature, axis=1) / np.maximum(np.abs(size), np.finfo(float).tiny)
        close = (relative <= 1e-12) & (values > 0).all(1)
        step = -np.einsum("nij,nj->ni", across, along / curvature)
        # in a nearly flat direction the loss is at its lowest to all digits long before the point is
        close = close & (np.sum((along / curvature) ** 2, axis=1) <= 1e-12 * np.abs(size))
        done = close & ((relative <= 1e-30) | (relative >= before[active]))  # what is left is rounding
        before[active] = np.where(close, relative, np.inf)
        here = w[active], which[active], value[active]
        w[active], value[active], found = _line(search, *here, step, np.sum(slope * step, axis=1), close)
        roundness[active[done]] = (values.min(1) / values.max(1))[done]
        active = active[found & ~done]
    reached = np.where(np.isfinite(value), value, np.inf).reshape(rows, STARTS)
    lowest = np.min(reached, axis=1, keepdims=True)
    same = reached <= lowest + 1e-9 * np.abs(lowest)  # points of one orbit, some of which are better conditioned
    best = np.argmax(np.where(same, roundness.reshape(rows, STARTS), -1.0), axis=1)
    place = np.arange(rows) * STARTS + best
    return w[place], roundness[place] > 0


def _line(
    search: _Search, w: Floats, which: NDArray, value: Floats, step: Floats, slope: Floats, close: NDArray[np.bool_]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """The first of `w + step / 2^j` that brings enough decrease, if there is one; close to the minimum the whole step."""
    moved, lowest, found = w.copy(), value.copy(), np.zeros(len(w), bool)
    left, length = np.arange(len(w)), 1.0
    for _ in range(40):
        if not left.size:
            break
        there = w[left] + length * step[left]
        reached = search.loss(there, which[left])
        good = close[left] | (reached <= value[left] + 1e-4 * length * slope[left])
        moved[left[good]], lowest[left[good]], found[left[good]] = there[good], reached[good], True
        left, length = left[~good], length / 2
    return moved, lowest, found
