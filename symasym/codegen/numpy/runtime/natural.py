"""Natural parameters: the change of coordinates by an eigenvalue problem, and gradients through it; the batch comes first.

In coordinates `z = T x` with `T M T^T = 1`, `T N T^T = diag(mu)` a target is `beta = T^{-T} t` and the downstream covariance
`D = T Sigma_down T^T`. A small change of the problem turns `T` by `1 + Xi`,

    Xi_pq = (dN_pq - mu_p dM_pq) / (mu_p - mu_q),   Xi_pp = -dM_pp / 2,   d mu_p = dN_pp - mu_p dM_pp.

With `Z_pq` the derivative by `Xi_pq` and `H_pq = (Z_pq - Z_qp) / (mu_p - mu_q)`, `H_pp = 2 d/d mu_p`, the derivatives by `N` and
`M` are `H / 2` and `-(Z + Z^T + (mu_p + mu_q) H) / 4`. Between two learned indices, and between two others, `mu_p = mu_q` may
hold; there `H` is a divided difference, that of `d/d(c_i^2)` times `2 c_i c_j`, and of `v_a` times `2 (P S)_ac` with `P S` the
derivative by `diag(v)` along all matrices.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symasym.codegen.numpy.runtime.blocks import WORKSPACE, _slices
from symasym.codegen.numpy.runtime.cumulants import _factor
from symasym.codegen.numpy.runtime.downstream import _definite
from symasym.codegen.numpy.runtime.matrices import _stand_in

Floats = NDArray[np.floating]

# ---- copied into kernels


class _Frame(NamedTuple):
    """Aligned coordinates of a block of problems, those that are `fine`; the others have stand-ins."""

    fine: NDArray[np.bool_]
    mu: Floats
    turn: Floats
    back: Floats
    beta: Floats
    c: Floats
    down: Floats | None


def _natural_blocks(count: int, kind: np.dtype, size: int) -> list[slice]:
    """Blocks of problems whose matrices fit the workspace."""
    return _slices(count, WORKSPACE // (16 * kind.itemsize * size * size))


def _descending(matrix: Floats) -> tuple[Floats, Floats]:
    values, vectors = np.linalg.eigh((matrix + np.swapaxes(matrix, -1, -2)) / 2)
    return values[:, ::-1], vectors[:, :, ::-1]


def _placed(
    fine: NDArray[np.bool_],
    mu: Floats,
    turn: Floats,
    back: Floats,
    t: Floats,
    down: Floats | None,
    k: int,
    project: bool,
) -> _Frame:
    """The target and the downstream covariance in aligned coordinates; the gap at `k` must be open by 1e-10 relative."""
    fine = fine & (mu[:, k - 1] - mu[:, k] >= 1e-10 * np.max(np.abs(mu), axis=1)) & np.isfinite(t).all(axis=1)
    beta = np.matmul(t[:, None], back)[:, 0]
    if down is None:
        return _Frame(fine, mu, turn, back, beta, beta[:, :k], None)
    fine = fine & _definite(down)
    moved = turn @ _stand_in(fine, down) @ np.swapaxes(turn, 1, 2)
    moved = (moved + np.swapaxes(moved, 1, 2)) / 2
    c = beta[:, :k]
    if project:  # in L2 of the downstream covariance, on the learned span
        c = np.linalg.solve(moved[:, :k, :k], moved[:, :k] @ beta[:, :, None])[:, :, 0]
    return _Frame(fine, mu, turn, back, beta, c, moved)


def _response(coefficients: Mapping[int, Any], v: Floats, schur: Floats) -> tuple[dict[int, Floats], Floats]:
    """Cumulants, and `P S` with `P = sum_r r c_r f_r (S V)^{r-1}`: the derivative by `v_a` is its diagonal."""
    step = schur * v[:, None, :]
    power, kappa, total = schur, {}, np.zeros_like(schur)
    for order in range(1, max(coefficients) + 1):
        if order in coefficients:
            kappa[order] = _factor(order) * np.einsum("naa,na->n", power, v)
            total = total + np.reshape(order * _factor(order) * np.asarray(coefficients[order]), (-1, 1, 1)) * power
        power = step @ power if order < max(coefficients) else power
    return kappa, total


def _by_pencil(
    frame: _Frame,
    k: int,
    mu_bar: Floats,
    c_bar: Floats,
    down_bar: Floats | None,
    inside: Floats,
    outside: Floats,
    project: bool,
) -> tuple[Floats, Floats, Floats, Floats | None]:
    """Derivatives by `M`, `N`, the target and the downstream covariance from those in aligned coordinates.

    `inside` and `outside` are `H / 2` between learned indices and between others, whatever their diagonals.
    """
    mu, beta = frame.mu, frame.beta
    beta_bar = np.zeros_like(beta)
    beta_bar[:, :k] = c_bar
    if frame.down is not None and down_bar is not None and project:
        y = np.linalg.solve(frame.down[:, :k, :k], c_bar[:, :, None])
        beta_bar = np.matmul(frame.down[:, :, :k], y)[:, :, 0]
        rest = beta.copy()
        rest[:, :k] -= frame.c
        half = np.zeros_like(down_bar)
        half[:, :k] = y * rest[:, None, :] / 2
        down_bar = down_bar + half + np.swapaxes(half, 1, 2)
    z = -beta[:, :, None] * beta_bar[:, None, :]
    if frame.down is not None and down_bar is not None:
        z = z + 2 * (down_bar @ frame.down)
    h = np.empty_like(z)
    h[:, :k, :k], h[:, k:, k:] = 2 * inside, 2 * outside
    mixed = (z[:, :k, k:] - np.swapaxes(z[:, k:, :k], 1, 2)) / (mu[:, :k, None] - mu[:, None, k:])
    h[:, :k, k:], h[:, k:, :k] = mixed, np.swapaxes(mixed, 1, 2)
    every = np.arange(mu.shape[1])
    h[:, every, every] = 2 * mu_bar
    by_m = -(z + np.swapaxes(z, 1, 2) + (mu[:, :, None] + mu[:, None, :]) * h) / 4
    turn, turned = frame.turn, np.swapaxes(frame.turn, 1, 2)
    by_t = np.matmul(frame.back, beta_bar[:, :, None])[:, :, 0]
    by_down = None if down_bar is None else turned @ down_bar @ turn
    return turned @ by_m @ turn, turned @ (h / 2) @ turn, by_t, by_down
