"""A downstream covariance that is not diagonal in aligned coordinates: weights, cumulants and derivatives; the batch comes first.

With `S` the Schur complement on the learned indices the weights are the eigenvalues of `diag(v)^{1/2} S diag(v)^{1/2}`, and
`kappa_r = 2^{r-1} (r-1)! tr (S diag(v))^r`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating]


def _factor(order: int) -> int:
    return 2 ** (order - 1) * math.factorial(order - 1)


# ---- copied into kernels


def _definite(sigma: Floats) -> NDArray[np.bool_]:
    """Which matrices are symmetric to 1e-10 relative and positive definite."""
    wide = np.max(np.abs(sigma), axis=(-2, -1))
    fine = np.isfinite(wide) & (wide > 0)
    fine &= np.max(np.abs(sigma - np.swapaxes(sigma, -1, -2)), axis=(-2, -1)) <= 1e-10 * wide
    for n in np.flatnonzero(fine):
        try:
            np.linalg.cholesky(sigma[n])
        except np.linalg.LinAlgError:
            fine[n] = False
    return fine


def _schur(sigma: Floats, inside: NDArray, outside: NDArray) -> tuple[Floats, Floats]:
    """The Schur complement on the learned indices, and the regression of the others on them."""
    cross = sigma[..., inside[:, None], outside]
    regression = np.linalg.solve(sigma[..., inside[:, None], inside], cross)
    return sigma[..., outside[:, None], outside] - np.swapaxes(cross, -1, -2) @ regression, regression


def _spectrum(v: Floats, schur: Floats) -> Floats:
    """The eigenvalues of `diag(v)^{1/2} S diag(v)^{1/2}`, descending."""
    root = np.sqrt(v)
    return np.linalg.eigvalsh(root[..., :, None] * schur * root[..., None, :])[..., ::-1]


def _traces(v: Floats, schur: Floats, orders: int) -> list[Floats]:
    """`tr (S diag(v))^r` for `r = 1..orders`."""
    with np.errstate(under="ignore"):
        step = schur * v[..., None, :]
    sums, power = [np.add.reduce(np.diagonal(step, axis1=-2, axis2=-1), axis=-1)], step
    for order in range(2, orders + 1):
        sums.append(np.einsum("...ac,...ca->...", power, step))
        power = power @ step if order < orders else power
    return sums


def _through_schur(
    coefficients: Mapping[int, ArrayLike],
    v: Floats,
    schur: Floats,
    regression: Floats,
    inside: NDArray,
    outside: NDArray,
) -> tuple[dict[int, Floats], Floats, Floats]:
    """Cumulants, and the derivative of `sum_r c_r kappa_r` by the `v_a` and by the downstream covariance, symmetric."""
    orders = max(coefficients)
    sums = _traces(v, schur, orders)
    kappa = {order: _factor(order) * sums[order - 1] for order in coefficients}
    product = np.zeros_like(schur)
    power = np.broadcast_to(np.eye(schur.shape[-1], dtype=schur.dtype), schur.shape)
    for order in range(1, orders + 1):
        if order in coefficients:
            product += np.reshape(order * _factor(order) * np.asarray(coefficients[order]), (-1, 1, 1)) * power
        power = power @ (schur * v[..., None, :]) if order < orders else power
    # with P = sum_r r c_r (S V)^{r-1}: the derivative by V is P S, that by S is V P
    v_bar = np.einsum("...ac,...ca->...a", product, schur)
    schur_bar = v[..., :, None] * product
    schur_bar = (schur_bar + np.swapaxes(schur_bar, -1, -2)) / 2
    return kappa, v_bar, _from_schur(schur_bar, regression, inside, outside)


def _from_schur(schur_bar: Floats, regression: Floats, inside: NDArray, outside: NDArray) -> Floats:
    """The derivative by a symmetric matrix from that by its Schur complement."""
    size = len(inside) + len(outside)
    found = np.zeros((*schur_bar.shape[:-2], size, size), schur_bar.dtype)
    half = regression @ schur_bar
    found[..., outside[:, None], outside] = schur_bar
    found[..., inside[:, None], outside] = -half
    found[..., outside[:, None], inside] = -np.swapaxes(half, -1, -2)
    square = half @ np.swapaxes(regression, -1, -2)
    found[..., inside[:, None], inside] = (square + np.swapaxes(square, -1, -2)) / 2
    return found


def _downstream_domain(
    last: bool, alpha: Floats | None, g: Floats | None, sigma_down: Floats | None, outside: NDArray
) -> bool | NDArray[np.bool_]:
    """Which problems have `alpha > 0`, no negative `g_a` outside the learned span, a positive definite `sigma_down`."""
    inside: bool | NDArray[np.bool_] = True
    if alpha is not None and len(alpha) == 1:
        inside = True if 0 < alpha.item() < np.inf else np.zeros(1, bool)
    elif alpha is not None:
        inside = (alpha > 0) & (alpha < np.inf)
    if g is not None:
        beyond = g[outside] if last else g[:, outside]
        inside = inside & np.all((beyond >= 0) & (beyond < np.inf), axis=0 if last else 1)
    if sigma_down is not None:
        inside = inside & _definite(sigma_down)
    return inside
