"""Sample moments of a batch of data sets `(B, m, d)`: `B` repetitions, `m` samples, `d` coordinates.

Sums over samples run in blocks, each a matrix product too small for a linear algebra library to hand to several
threads: the result then does not depend on how many there are, and processes that run side by side do not fight for
cores.
"""

from __future__ import annotations

import numpy as np

__all__ = ["cross_moment", "gram", "pair_moment", "product_moment", "sandwich", "second_moment"]

SMALL = 200_000
"""Multiplications in one block; OpenBLAS uses threads from 262,144 on."""


def gram(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """`sum_s u_s v_s^T`: `(B, m, p)` and `(B, m, q)` give `(B, p, q)`."""
    batch, m, p = u.shape
    q = v.shape[-1]
    block = min(m, max(16, SMALL // (p * q)))
    whole = m - m % block
    left = u[:, :whole].reshape(batch, -1, block, p)
    right = v[:, :whole].reshape(batch, -1, block, q)
    total = np.matmul(left.swapaxes(-1, -2), right).sum(1)
    if whole < m:
        total += np.matmul(u[:, whole:].swapaxes(-1, -2), v[:, whole:])
    return total


def second_moment(x: np.ndarray) -> np.ndarray:
    """`(1/m) sum_s x_s x_s^T`, `(B, d, d)`."""
    total = gram(x, x) / x.shape[1]
    return (total + total.swapaxes(-1, -2)) / 2


def cross_moment(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`(1/m) sum_s x_s y_s^T`, `(B, d, e)`."""
    return gram(x, y) / x.shape[1]


def pair_moment(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """`T[p,i,q,j]`, `(B, d, d, d, d)`, with `T[M, M] = (1/m) sum_s (x_s^T M z_s)^2` for every symmetric `M`.

    `z` is `(B, m, d)`, or `(B, m, K, d)` for `K` companions of every `x_s`; the square is then averaged over them. `T`
    is the second moment of the symmetric part of `x z^T`, so it is symmetric in each pair of indices and under their
    exchange.
    """
    batch, m, d = x.shape
    copies = z.shape[2] if z.ndim == 4 else 1
    pairs = _pairs(d)
    moments = np.stack([_pair_gram(x[b], z[b].reshape(m, copies, d)) for b in range(batch)]) / (m * copies)
    return moments[:, pairs[:, :, None, None], pairs]


def product_moment(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """`T[p,i,q,j]`, `(B, p, q, p, q)`, with `T[M, M] = (1/m) sum_s (x_s^T M z_s)^2` for every `(p, q)` matrix `M`.

    `z` is `(B, m, q)`, or `(B, m, K, q)` for `K` companions of every `x_s`; the square is then averaged over them. `T` is the
    second moment of `x z^T`.
    """
    batch, m, p = x.shape
    copies, q = (z.shape[2] if z.ndim == 4 else 1), z.shape[-1]
    moments = np.empty((batch, p * q, p * q))
    for b in range(batch):
        products = x[b, :, None, :, None] * z[b].reshape(m, copies, 1, q)
        flat = products.reshape(1, m * copies, p * q)
        moments[b] = gram(flat, flat)[0]
    return moments.reshape(batch, p, q, p, q) / (m * copies)


def sandwich(inner: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """`T[p,i,q,j]`, `(B, d, d, d, d)`, with `T[M, M] = tr(M W M S)` for every symmetric `M`; symmetric as `pair_moment` is.

    `inner` `W` and `outer` `S` are symmetric, `(d, d)` or `(B, d, d)`.
    """
    patterns = ("...iq,...jp->...piqj", "...pq,...ij->...piqj", "...ij,...pq->...piqj", "...pj,...iq->...piqj")
    return sum(np.einsum(p, u, v) for p in patterns for u, v in ((inner, outer), (outer, inner))) / 8


def _pairs(d: int) -> np.ndarray:
    """Position of the unordered pair `{p, q}` among all of them, `(d, d)`, in the order (0,0), (0,1) .. (0,d-1), (1,1) .."""
    upper = np.triu_indices(d)
    positions = np.zeros((d, d), dtype=np.intp)
    positions[upper] = positions.T[upper] = np.arange(len(upper[0]))
    return positions


def _pair_gram(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """`sum_s c_s c_s^T` with `c = ((x_p z_q + x_q z_p) / 2)_{p <= q}`: `(m, d)` and `(m, K, d)` give `(r, r)`, `r = d(d+1)/2`."""
    m, copies, d = z.shape
    size = d * (d + 1) // 2
    block = max(8, SMALL // size**2)
    count = -(-m * copies // block)
    flat = m * copies
    across = np.ascontiguousarray(np.repeat(x, copies, axis=0).T) if copies > 1 else np.ascontiguousarray(x.T)
    down = np.ascontiguousarray(z.reshape(flat, d).T)
    products = np.zeros((size, count * block))  # the last block is filled up with zeros
    start = 0
    for p in range(d):
        rows = products[start : start + d - p, :flat]
        np.multiply(across[p], down[p:], out=rows)
        rows += down[p] * across[p:]
        start += d - p
    products *= 0.5
    blocks = products.reshape(size, count, block).swapaxes(0, 1)
    return np.matmul(blocks, blocks.swapaxes(-1, -2)).sum(0)
