"""Losses that are quadratic in the Gram matrix of the parameter: `F(A) = <C, M> + T[M, M]`, `M = A^T A`.

Sample averages of `-2 <Ax, Ax+> + <Ax, Ax->^2`, of `||x - A^T A x||^2` and their relatives have this form, which needs
the data only through `C` and `T`. It is invariant under `A -> QA`, `Q` orthogonal. `A` has shape `(k, d)`, and all
arrays carry a batch axis `B`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["GramQuadratic"]


@dataclass(frozen=True)
class GramQuadratic:
    """`F(A) = <C, M> + T[M, M]` with `linear` `C`, `(B, d, d)`, of which the symmetric part counts, and `quadratic` `T`.

    `T[p,i,q,j]`, `(B, d, d, d, d)`, is symmetric in `(p,i)`, in `(q,j)` and under their exchange.
    """

    linear: np.ndarray
    quadratic: np.ndarray

    def at(self, point: np.ndarray) -> GramQuadraticAt:
        """The loss around `A`, `(B, k, d)`."""
        batch, _, d = point.shape
        gram = np.matmul(point.swapaxes(-1, -2), point)
        flat = np.matmul(self.quadratic.reshape(batch, d * d, d * d), gram.reshape(batch, d * d, 1))
        return GramQuadraticAt(self, point, gram, flat.reshape(batch, d, d))


@dataclass(frozen=True)
class GramQuadraticAt:
    """The loss around `point` `A`, with `gram` `M = A^T A` and `applied` `(T M)_pi = sum_qj T[p,i,q,j] M_qj`."""

    loss: GramQuadratic
    point: np.ndarray
    gram: np.ndarray
    applied: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> GramQuadraticAt:
        """The same for the problems of the batch that are chosen."""
        loss = GramQuadratic(self.loss.linear[chosen], self.loss.quadratic[chosen])
        return GramQuadraticAt(loss, self.point[chosen], self.gram[chosen], self.applied[chosen])

    def moved(self, point: np.ndarray) -> GramQuadraticAt:
        """The same losses around another point."""
        return self.loss.at(point)

    @property
    def value(self) -> np.ndarray:
        """`F(A)`, `(B,)`."""
        return np.sum(self.gram * (self.loss.linear + self.applied), axis=(-1, -2))

    @property
    def gradient(self) -> np.ndarray:
        """`2 A G` with `G = sym C + 2 T M`, `(B, k, d)`."""
        return self.point @ self._slope

    @property
    def scale(self) -> np.ndarray:
        """Size of the two terms of the gradient, which cancel at a critical point, `(B,)`."""
        linear = self.loss.linear + self.loss.linear.swapaxes(-1, -2)
        return _norm(self.point @ linear) + 4 * _norm(self.point @ self.applied)

    @property
    def hessian(self) -> np.ndarray:
        """`H[(a,i),(b,j)] = 2 delta_ab G_ij + 8 sum_pq A_ap T[p,i,q,j] A_bq`, `(B, kd, kd)`."""
        batch, k, d = self.point.shape
        half = np.matmul(self.point, self.loss.quadratic.reshape(batch, d, d**3)).reshape(batch, k * d, d, d)
        full = 8 * np.matmul(self.point[:, None], half).reshape(batch, k, d, k, d)
        for a in range(k):
            full[:, a, :, a] += self._slope
        return full.reshape(batch, k * d, k * d)

    @property
    def vertical(self) -> np.ndarray:
        """Velocities along the orbit, `E_ab A - E_ba A` for `a < b`: `(B, k(k-1)/2, kd)`."""
        batch, k, d = self.point.shape
        pairs = [(a, b) for a in range(k) for b in range(a + 1, k)]
        moves = np.zeros((batch, len(pairs), k, d))
        for n, (a, b) in enumerate(pairs):
            moves[:, n, a], moves[:, n, b] = self.point[:, b], -self.point[:, a]
        return moves.reshape(batch, len(pairs), k * d)

    @property
    def _slope(self) -> np.ndarray:
        """`2 G`, twice the derivative of the loss in `M`."""
        return self.loss.linear + self.loss.linear.swapaxes(-1, -2) + 4 * self.applied


def _norm(matrix: np.ndarray) -> np.ndarray:
    return np.sqrt(np.sum(matrix**2, axis=(-1, -2)))
