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

from symasym.projection.columns import Columns, Members
from symasym.projection.derivation import FamilyDerivation, V

__all__ = ["Framed", "Pieces", "Side", "Spectra", "sides", "spectra"]

Pieces = Iterable[tuple[np.ndarray, np.ndarray]]
BATCH = 64


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

    def rows(
        self, members: Members, nodes: np.ndarray, shares: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`F`, `D`, `S` at nodes."""
        F = [column.at(members, nodes, shares) for column in self.features]
        return (
            np.concatenate(F, axis=1) if F else np.zeros((len(nodes), 0)),
            self.displaced.at(members, nodes, shares),
            self.score.at(members, nodes, shares),
        )


def sides(derivation: FamilyDerivation) -> tuple[Side, Side]:
    """Inside and outside of the span."""
    features = tuple(Columns(block, slot) for block, slot in derivation.slots)
    return (
        Side(features, Columns(derivation.inside, V), Columns(derivation.score_inside, V)),
        Side((), Columns(derivation.outside, V), Columns(derivation.score_outside, V)),
    )


@dataclass(frozen=True)
class _Frame:
    """Triangular factors by a coarse rule: `F_ = F A`, `D_ = (D - F B) C`, `S_ = S C`."""

    A: np.ndarray
    B: np.ndarray
    C: np.ndarray

    @staticmethod
    def of(R: np.ndarray, T: np.ndarray) -> _Frame:
        """From the triangular factors of `[F D]` and of `S`, at nodes scaled by the roots of weights."""
        width = len(R) - len(T)
        A = np.linalg.inv(R[:width, :width])
        return _Frame(A, A @ R[:width, width:], np.linalg.inv(T))

    def moved(self, F: np.ndarray, D: np.ndarray, S: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`[F_ D_]` and `S_`."""
        left = np.concatenate([_times(F, self.A), _times(D - _times(F, self.B), self.C)], axis=1)
        return left, _times(S, self.C)


def _triangular(
    parts: Sequence[np.ndarray], before: tuple[np.ndarray, np.ndarray] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Triangular factors of `[F D]` and `S`, of rows that are stacked under those of pieces `before`."""
    found, (F, D, S) = [], parts
    for n, rows in enumerate((np.concatenate([F, D], axis=1), S)):
        stacked = rows if before is None else np.concatenate([before[n], rows])
        missing = max(stacked.shape[1] - len(stacked), 0)
        found.append(np.asarray(np.linalg.qr(np.pad(stacked, ((0, missing), (0, 0))), mode="r")))
    return found[0], found[1]


class Framed:
    """Gram matrices of `[F_ D_]` and `S_` on the sides that have directions, over one rule after another."""

    def __init__(self, derivation: FamilyDerivation, members: Members, coarse: Pieces, outside: bool = True) -> None:
        self.members, self._sides = members, sides(derivation)[: 1 + outside]
        factors: list[tuple[np.ndarray, np.ndarray]] = []
        for nodes, weights in coarse:
            shares, root = members.shares(nodes), np.sqrt(weights)[:, None]
            rows = [[part * root for part in side.rows(members, nodes, shares)] for side in self._sides]
            factors = [_triangular(parts, factors[n] if factors else None) for n, parts in enumerate(rows)]
        self._frames = [_Frame.of(*pair) for pair in factors]

    def grams(self, pieces: Pieces) -> list[np.ndarray]:
        """Weighted sums of outer products over one rule: two matrices for each side."""
        total: list[np.ndarray] = []
        for nodes, weights in pieces:
            root, shares = np.sqrt(weights)[:, None], self.members.shares(nodes)
            found = [
                _gram(rows * root)
                for frame, side in zip(self._frames, self._sides, strict=True)
                for rows in frame.moved(*side.rows(self.members, nodes, shares))
            ]
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


def _times(rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """`X M` of a tall matrix, by small products as in `_gram`."""
    if not matrix.size:
        return np.zeros((len(rows), matrix.shape[1]))
    whole = len(rows) // BATCH * BATCH
    stack = np.matmul(rows[:whole].reshape(-1, BATCH, rows.shape[1]), matrix).reshape(whole, matrix.shape[1])
    return np.concatenate([stack, rows[whole:] @ matrix])


def _gram(rows: np.ndarray) -> np.ndarray:
    """`X^T X` of a tall matrix, by small products: a large one starts threads, which costs more on a busy machine."""
    whole = len(rows) // BATCH * BATCH
    stack, rest = rows[:whole].reshape(-1, BATCH, rows.shape[1]), rows[whole:]
    return np.asarray(np.matmul(stack.swapaxes(1, 2), stack).sum(axis=0) + rest.T @ rest)
