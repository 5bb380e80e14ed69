"""Losses that are quadratic in the product of two parameters: `F(A, B) = <C, M> + T[M, M]`, `M = A^T B`.

Sample averages of `-2 <Ax, By> + <Ax, By->^2` and of `||y - B^T A x||^2` have this form, which needs the data only through `C`
and `T`. It is invariant under `(A, B) -> (GA, G^{-T} B)`, `G` invertible. `A` has shape `(k, p)` and `B` `(k, q)`; as one point
they stand side by side, `(k, p + q)`. All arrays carry a batch axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["BilinearQuadratic"]


@dataclass(frozen=True)
class BilinearQuadratic:
    """`F(A, B) = <C, M> + T[M, M]` with `linear` `C`, `(batch, p, q)`, and `quadratic` `T`.

    `T[p,i,q,j]`, `(batch, p, q, p, q)`, is symmetric under the exchange of its two pairs of indices.
    """

    linear: np.ndarray
    quadratic: np.ndarray

    def at(self, point: np.ndarray) -> BilinearQuadraticAt:
        """The loss around `[A B]`, `(batch, k, p + q)`."""
        batch, p, q = self.linear.shape
        product = np.matmul(point[..., :p].swapaxes(-1, -2), point[..., p:])
        flat = np.matmul(self.quadratic.reshape(batch, p * q, p * q), product.reshape(batch, p * q, 1))
        return BilinearQuadraticAt(self, point, product, flat.reshape(batch, p, q))


@dataclass(frozen=True)
class BilinearQuadraticAt:
    """The loss around `point` `[A B]`, with `product` `M = A^T B` and `applied` `(T M)_pi = sum_qj T[p,i,q,j] M_qj`."""

    loss: BilinearQuadratic
    point: np.ndarray
    product: np.ndarray
    applied: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> BilinearQuadraticAt:
        """The same for the problems of the batch that are chosen."""
        loss = BilinearQuadratic(self.loss.linear[chosen], self.loss.quadratic[chosen])
        return BilinearQuadraticAt(loss, self.point[chosen], self.product[chosen], self.applied[chosen])

    def moved(self, point: np.ndarray) -> BilinearQuadraticAt:
        """The same losses around another point."""
        return self.loss.at(point)

    @property
    def value(self) -> np.ndarray:
        """`F(A, B)`, `(batch,)`."""
        return np.sum(self.product * (self.loss.linear + self.applied), axis=(-1, -2))

    @property
    def gradient(self) -> np.ndarray:
        """`[B G^T, A G]` with `G = C + 2 T M`, `(batch, k, p + q)`."""
        return self._against(self._slope)

    @property
    def scale(self) -> np.ndarray:
        """Size of the two terms of the gradient, which cancel at a critical point, `(batch,)`."""
        return _norm(self._against(self.loss.linear)) + 2 * _norm(self._against(self.applied))

    @property
    def hessian(self) -> np.ndarray:
        """`D^2 F[u, v] = <G, u_A^T v_B + v_A^T u_B> + 2 T[DM[u], DM[v]]`, `(batch, N, N)` with `N = k (p + q)`."""
        batch, k, total = self.point.shape
        p, q = self.product.shape[1:]
        jacobian = self._jacobian
        moved = np.matmul(self.loss.quadratic.reshape(batch, p * q, p * q), jacobian)
        full = 2 * np.matmul(jacobian.swapaxes(-1, -2), moved).reshape(batch, k, total, k, total)
        for a in range(k):
            full[:, a, :p, a, p:] += self._slope
            full[:, a, p:, a, :p] += self._slope.swapaxes(-1, -2)
        return full.reshape(batch, k * total, k * total)

    @property
    def vertical(self) -> np.ndarray:
        """Velocities along the orbit, `[E A, -E^T B]` for the unit matrices `E`: `(batch, k^2, N)`."""
        batch, k, total = self.point.shape
        p = self.product.shape[1]
        moves = np.zeros((batch, k, k, k, total))
        for a in range(k):
            for b in range(k):
                moves[:, a, b, a, :p] = self.point[:, b, :p]
                moves[:, a, b, b, p:] = -self.point[:, a, p:]
        return moves.reshape(batch, k * k, k * total)

    @property
    def _slope(self) -> np.ndarray:
        """`G`, the derivative of the loss in `M`."""
        return self.loss.linear + 2 * self.applied

    @property
    def _jacobian(self) -> np.ndarray:
        """`DM[u]_pi = sum_a u_A[a,p] B_ai + A_ap u_B[a,i]` as a matrix, `(batch, pq, N)`."""
        batch, k, total = self.point.shape
        p, q = self.product.shape[1:]
        matrix = np.zeros((batch, p, q, k, total))
        for n in range(p):
            matrix[:, n, :, :, n] = self.point[..., p:].swapaxes(-1, -2)
        for n in range(q):
            matrix[:, :, n, :, p + n] = self.point[..., :p].swapaxes(-1, -2)
        return matrix.reshape(batch, p * q, k * total)

    def _against(self, matrix: np.ndarray) -> np.ndarray:
        """`[B X^T, A X]` for `X` `(batch, p, q)`."""
        p = matrix.shape[1]
        first, second = self.point[..., :p], self.point[..., p:]
        return np.concatenate([second @ matrix.swapaxes(-1, -2), first @ matrix], axis=-1)


def _norm(matrix: np.ndarray) -> np.ndarray:
    return np.sqrt(np.sum(matrix**2, axis=(-1, -2)))
