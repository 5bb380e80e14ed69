"""Weights from a derivation and a rule for means over `xi`.

`K` is the Gram matrix of the displaced target's coefficients, less its part in the span of the features; `V` the inverse of the
score's. Both would lose digits where shares are nearly collinear, so that a coarse rule first makes the columns nearly
orthonormal, by triangular factors: `F R_F^{-1}` for the features, `(D - F R_F^{-1} R_FD) R_S^{-1}` for the displaced target, with
`S = Q R_S` the score. The Gram matrices of these are sums of positive terms, well conditioned; what the coarse rule left is
removed exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from symasym.projection.columns import Columns, Members, Values
from symasym.projection.derivation import FamilyDerivation, V

__all__ = ["Framed", "Pieces", "Side", "Spectra", "sides", "spectra"]

Pieces = Iterable[tuple[np.ndarray, np.ndarray]]
BATCH = 256
"""Nodes in one small product."""


@dataclass(frozen=True)
class Spectra:
    """Weights inside, each once, and outside, each once for every dimension of the complement; descending."""

    inside: np.ndarray
    outside: np.ndarray

    def cumulants(self, codimension: int) -> np.ndarray:
        """`E||L(Z)||^2 = c_in + (d - r) c_out` and `Var||L(Z)||^2`."""
        return np.array(
            [
                self.inside.sum() + codimension * self.outside.sum(),
                2 * np.sum(self.inside**2) + 2 * codimension * np.sum(self.outside**2),
            ]
        )


@dataclass(frozen=True)
class Side:
    """Features, displaced target and score on one side; outside, no feature depends on `y`."""

    features: tuple[Columns, ...]
    displaced: Columns
    score: Columns

    def rows(self, values: Values) -> tuple[np.ndarray, np.ndarray]:
        """`[F D]` and `S` at nodes, which are the last axis."""
        left = [column.rows(values) for column in (*self.features, self.displaced)]
        return np.concatenate(left), self.score.rows(values)


def sides(derivation: FamilyDerivation) -> tuple[Side, Side]:
    """Inside and outside of the span."""
    features = tuple(Columns(block, slot) for block, slot in derivation.slots)
    return (
        Side(features, Columns(derivation.inside, V), Columns(derivation.score_inside, V)),
        Side((), Columns(derivation.outside, V), Columns(derivation.score_outside, V)),
    )


def _frames(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What takes `[F D]` to `[F A, (D - F B) C]` and `S` to `S C`, from triangular factors at nodes scaled by weights' roots."""
    width = len(left) - len(right)
    A, C = np.linalg.inv(left[:width, :width]), np.linalg.inv(right)
    B = A @ left[:width, width:]
    return np.block([[A, -B @ C], [np.zeros((len(C), width)), C]]).T, C.T


def _triangular(rows: np.ndarray, before: np.ndarray | None) -> np.ndarray:
    """The triangular factor of columns, given as rows `(width, n)`, that are stacked under those of pieces `before`."""
    stacked = rows.T if before is None else np.concatenate([before, rows.T])
    missing = max(stacked.shape[1] - len(stacked), 0)
    return np.asarray(np.linalg.qr(np.pad(stacked, ((0, missing), (0, 0))), mode="r"))


class Framed:
    """Gram matrices of `[F_ D_]` and `S_` on the sides that have directions, over one rule after another."""

    def __init__(self, derivation: FamilyDerivation, members: Members, coarse: Pieces, outside: bool = True) -> None:
        self.members, self._sides = members, sides(derivation)[: 1 + outside]
        factors: list[np.ndarray] = []
        for nodes, weights in coarse:
            values, root = Values(members, nodes, members.shares(nodes)), np.sqrt(weights)
            rows = [part * root for side in self._sides for part in side.rows(values)]
            factors = [_triangular(part, factors[n] if factors else None) for n, part in enumerate(rows)]
        self._frames = [frame for n in range(0, len(factors), 2) for frame in _frames(*factors[n : n + 2])]

    def grams(self, pieces: Pieces) -> list[np.ndarray]:
        """Weighted sums of outer products over one rule: two matrices for each side."""
        total: list[np.ndarray] = []
        for nodes, weights in pieces:
            missing = -len(nodes) % BATCH
            there = np.concatenate([nodes, np.repeat(nodes[:1], missing, axis=0)])
            root = np.sqrt(np.pad(weights, (0, missing))).reshape(-1, 1, BATCH)
            values = Values(self.members, there, self.members.shares(there))
            rows = [part for side in self._sides for part in side.rows(values)]
            found = [_gram(part, frame, root) for part, frame in zip(rows, self._frames, strict=True)]
            total = [a + b for a, b in zip(total, found, strict=True)] if total else found
        return total

    def spectra(self, grams: Sequence[np.ndarray]) -> Spectra:
        """Eigenvalues of `K V` on both sides; outside, moving all members together moves nothing."""
        found = [eigenvalues(left, right) for left, right in zip(grams[::2], grams[1::2], strict=True)]
        outside = found[1][: self.members.count - 1] if len(found) > 1 else np.zeros(0)
        return Spectra(found[0], outside)


def spectra(full: Sequence[np.ndarray], members: Members) -> Spectra:
    """The weights from Gram matrices of `[F D S]` as they are, inside and outside."""
    found = []
    for gram, side in zip(full, (members.count * members.centres.shape[1], members.count), strict=True):
        root = np.linalg.inv(np.linalg.cholesky(gram[-side:, -side:])).T  # S C orthonormal
        moved = np.eye(len(gram) - side)
        moved[-side:, -side:] = root
        found.append(eigenvalues(moved.T @ gram[:-side, :-side] @ moved, np.eye(side)))
    return Spectra(found[0], found[1][: members.count - 1])


def eigenvalues(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Of `G_S^{-1/2} (G_DD - G_DF G_FF^{-1} G_FD) G_S^{-1/2}`, descending; `left` of `[F D]`, `right` of `S`."""
    width = len(right)
    F, D = np.split(np.arange(len(left)), [len(left) - width])
    K = left[np.ix_(D, D)]
    if len(F):
        scale = 1 / np.sqrt(np.diag(left)[F])
        cross = scale[:, None] * left[np.ix_(F, D)]
        K = K - cross.T @ np.linalg.solve(scale[:, None] * left[np.ix_(F, F)] * scale, cross)
    root = np.linalg.inv(np.linalg.cholesky(right))
    moved = root @ K @ root.T
    return np.maximum(np.linalg.eigvalsh((moved + moved.T) / 2)[::-1], 0.0)


def _gram(rows: np.ndarray, frame: np.ndarray, root: np.ndarray) -> np.ndarray:
    """`X X^T`, `X` the rows in a frame, scaled by roots of weights.

    By small products: a large one starts threads, which costs more on a busy machine.
    """
    stack = rows.reshape(len(rows), -1, BATCH).swapaxes(0, 1)
    moved = (frame @ stack) * root
    return np.asarray((moved @ moved.swapaxes(1, 2)).sum(axis=0))
