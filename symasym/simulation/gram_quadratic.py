"""Losses that are quadratic in the Gram matrix of the parameter: `F(A) = <C, M> + T[M, M]`, `M = A^T A`, `A` of shape `(k, d)`.

Sample averages of `-2 <Ax, Ax+> + <Ax, Ax->^2`, of `||x - A^T A x||^2` and their relatives have this form, which needs
the data only through `C` and `T`. It is invariant under `A -> QA`, `Q` orthogonal. All arrays carry a batch axis `B`.
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

    def __getitem__(self, chosen: np.ndarray) -> GramQuadratic:
        """The problems of the batch that are chosen."""
        return GramQuadratic(self.linear[chosen], self.quadratic[chosen])

    def _applied(self, gram: np.ndarray) -> np.ndarray:
        """`(T M)_{pi} = sum_qj T[p,i,q,j] M_qj`."""
        batch, d = gram.shape[0], gram.shape[-1]
        product = np.matmul(self.quadratic.reshape(batch, d * d, d * d), gram.reshape(batch, d * d, 1))
        return product.reshape(batch, d, d)

    def value(self, point: np.ndarray) -> np.ndarray:
        """`F(A)`, `(B,)`."""
        gram = _gram(point)
        return np.sum(gram * (self.linear + self._applied(gram)), axis=(-1, -2))

    def gradient(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`2 A G`, `G = C + 2 T M`, `(B, k, d)`, and the size of the terms that cancel in it at a critical point, `(B,)`."""
        first = point @ (self.linear + self.linear.swapaxes(-1, -2))
        second = 4 * point @ self._applied(_gram(point))
        return first + second, _norm(first) + _norm(second)

    def hessian(self, point: np.ndarray) -> np.ndarray:
        """`H[(a,i),(b,j)] = 2 delta_ab G_ij + 8 sum_pq A_ap T[p,i,q,j] A_bq`, `(B, kd, kd)`."""
        batch, k, d = point.shape
        slope = self.linear + self.linear.swapaxes(-1, -2) + 4 * self._applied(_gram(point))
        half = np.matmul(point, self.quadratic.reshape(batch, d, d**3)).reshape(batch, k * d, d, d)
        full = 8 * np.matmul(point[:, None], half).reshape(batch, k, d, k, d)
        for a in range(k):
            full[:, a, :, a] += slope
        return full.reshape(batch, k * d, k * d)

    def vertical(self, point: np.ndarray) -> np.ndarray:
        """Velocities along the orbit, `E_ab A - E_ba A` for `a < b`: `(B, k(k-1)/2, kd)`."""
        batch, k, d = point.shape
        pairs = [(a, b) for a in range(k) for b in range(a + 1, k)]
        moves = np.zeros((batch, len(pairs), k, d))
        for n, (a, b) in enumerate(pairs):
            moves[:, n, a], moves[:, n, b] = point[:, b], -point[:, a]
        return moves.reshape(batch, len(pairs), k * d)


def _gram(point: np.ndarray) -> np.ndarray:
    return np.matmul(point.swapaxes(-1, -2), point)


def _norm(matrix: np.ndarray) -> np.ndarray:
    return np.sqrt(np.sum(matrix**2, axis=(-1, -2)))
