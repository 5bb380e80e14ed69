"""Ranks of spaces of functions, exactly: with distinct logits the products of shares that occur are independent over polynomials.

`w_i` is `exp(<u_i, xi> + c_i)` over a common sum, so that `sum_i w_i p_i(xi) = 0` with polynomials `p_i` leaves only `p_i =
0`. With two shares, `sum_{i <= j} w_i w_j p_ij = 0` has only zeros where the sums `u_i + u_j` are distinct, as they are if
the members are affinely independent. The polynomials are found by putting unit vectors, and means of two of them, in place
of the shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from symasym.projection.columns import Columns, Members

__all__ = ["rank_of_displaced", "rank_of_features"]

TOLERANCE = 1e-9
"""Singular values below this fraction of the largest are zero."""
EPSILON = 1e-13
"""Entries below this fraction of the terms they are sums of are zero."""
NODES = 24
"""More than the polynomials of degree two in three variables have coefficients; random points are in general position."""


def _rank(matrix: np.ndarray, size: float = 0.0) -> int:
    """Singular values that are not rounding; `size`: of the terms that the entries are sums of."""
    values = np.linalg.svd(np.linalg.qr(matrix, mode="r"), compute_uv=False) if matrix.size else np.zeros(0)
    return int(np.sum(values > max(TOLERANCE * values.max(initial=0.0), EPSILON * size * np.sqrt(matrix.size))))


def _nodes(members: Members) -> np.ndarray:
    r = members.centres.shape[1]
    rng = np.random.default_rng(0)
    return rng.standard_normal((max(NODES, (r + 1) * (r + 2) // 2 + 8), r)) * (
        1 + np.abs(members.centres).max(initial=0.0)
    )


def _at(columns: Sequence[Columns], members: Members, nodes: np.ndarray, chosen: Sequence[Sequence[int]]) -> np.ndarray:
    """The columns with equal shares of chosen members, one choice after another: `(choices, n, width)`."""
    shares = np.zeros((len(chosen), len(nodes), members.count))
    for rows, some in zip(shares, chosen, strict=True):
        rows[:, list(some)] = 1 / len(some)
    all_nodes, flat = np.tile(nodes, (len(chosen), 1)), shares.reshape(-1, members.count)
    found = np.concatenate([column.at(members, all_nodes, flat) for column in columns], axis=1)
    return found.reshape(len(chosen), len(nodes), -1)


def rank_of_features(features: Sequence[Columns], members: Members) -> int:
    """Dimension of the span of features that are linear in the shares."""
    nodes, alone = _nodes(members), [[i] for i in range(members.count)]
    found = _at(features, members, nodes, alone)
    return _rank(found.reshape(-1, found.shape[2]))


def rank_of_displaced(displaced: Columns, members: Members, among_features: bool) -> int:
    """Rank of a displaced target with up to two shares in each term, for affinely independent members.

    `among_features`: up to functions `sum_i w_i A_i` with affine `A_i`, which is `sum_{i <= j} w_i w_j p_ij` with `p_ii =
    A_i` and `p_ij = A_i + A_j`; else as it is.
    """
    nodes, K = _nodes(members), members.count
    pairs = list(combinations(range(K), 2))
    found = _at([displaced], members, nodes, [*([i] for i in range(K)), *pairs])
    alone, together = found[:K], found[K:]
    i, j = np.transpose(pairs)
    bent = 4 * together - 2 * alone[i] - 2 * alone[j]
    size = displaced.size(members, nodes, np.full((len(nodes), K), 1 / K))
    if among_features:
        affine = np.linalg.qr(np.column_stack([np.ones(len(nodes)), nodes]))[0]
        alone = alone - affine @ (affine.T @ alone)
    return _rank(np.concatenate([alone, bent]).reshape(-1, found.shape[2]), size)
