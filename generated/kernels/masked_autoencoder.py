# Made by `symasym build` from derivations/masked_autoencoder.py; do not edit. Remake: symasym build masked_autoencoder
"""Masked autoencoder: the limiting law of n (R - sigma^2).

    n (R - sigma^2) -> sigma^2 d_eff + (1/alpha) ||L(Z)||^2,   ||L(Z)||^2 = sum_a omega_a chi2_1

    sigma^2 = sigma2
    d_eff = k,   rank L = d - k
    omega_a = g_a v_a   for a = k + 1..d
    v_a = sum_{i=1..k} (p (lam_a + lam_i - p lam_i)^2
            + kappa (1 - p) (p^2 lam_i^2 + lam_a^2 + lam_i^2 - p lam_i^2 - 2 p lam_a lam_i)) b_i^2 lam_i
            / (p (lam_i - lam_a)^2 lam_a)
    g_a = lam_a   unless given
    lim E m (L(w_hat) - L(w*)) = sum_{1<=i<j<=k} (1 - p) (lam_i + lam_j) (kappa + p + kappa p^2 - p^2 - kappa p)
                               + sum_{i=1..k} sum_{a=k+1..d} (kappa (lam_a + lam_i)
                                   + p (3 lam_a + lam_i - 3 kappa lam_a - 2 kappa lam_i)
                                   + 2 p^2 (kappa - 1) (lam_a + lam_i) + p^3 (1 - kappa) lam_i) lam_i
                                   / (lam_i - lam_a)

Arguments are in aligned coordinates, in which derivations/masked_autoencoder.py states the model. The last axis of a
family is its index, counted from 1 in the formulas; leading axes are a batch and broadcast:
    b, shape (..., k): i = 1..k
    lam, shape (..., d): i = 1..k, a = k + 1..d
    kappa, p, sigma2, shape (...): scalars
A downstream covariance that is not diagonal in aligned coordinates is given as `sigma_down`; the weights are then the
eigenvalues of diag(v)^{1/2} S diag(v)^{1/2}, with S its Schur complement on the learned indices i = 1..k.

Checked: k < d.
Assumed of the entries and not checked: lam_i > lam_a, lam_a > 0.
* w* is the global minimiser: BA is the best approximation of rank k to the regression of x on Rx

References:
* Deng2024
* Izenman1975
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = ["SIGNATURE", "Result", "excess_loss_mean", "law", "outside_variance"]

Floats = NDArray[np.floating]

# Core dimensions of b, lam, kappa, p, sigma2, alpha, g, sigma_down and of the arrays in the result; n = d - k.
SIGNATURE = "(k),(d),(),(),(),(),(d),(d,d)->(n),(),(),(),(),()"


class Result(NamedTuple):
    """The limiting law; (...) is the shape of the batch.

    * `weights`, (..., d - k): of ||L(Z)||^2, not divided by alpha; in the order of the indices outside the
      learned span for a diagonal downstream covariance, descending for a general one.
    * `mean`, `variance`, (...): of ||L(Z)||^2.
    * `risk_mean`, `risk_variance`, (...): of the limit of n (R - sigma^2).
    * `alpha0`, (...): pre-training wins in mean over the downstream-only baseline where alpha > alpha0; NaN if L = 0.
    * `d_eff`, `d_base`: rank of the features, effective dimension of the downstream-only baseline.
    """

    weights: Floats
    mean: Floats
    variance: Floats
    risk_mean: Floats
    risk_variance: Floats
    alpha0: Floats
    d_eff: int
    d_base: int


def law(
    b: ArrayLike,
    lam: ArrayLike,
    kappa: ArrayLike,
    p: ArrayLike,
    sigma2: ArrayLike,
    alpha: ArrayLike = 1.0,
    *,
    g: ArrayLike | None = None,
    sigma_down: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Result:
    """The limiting law for a batch of problems in aligned coordinates; leading axes broadcast.

    * `b`: shape (..., k).
    * `lam`: shape (..., d).
    * `kappa`: shape (...).
    * `p`: shape (...).
    * `sigma2`: shape (...).
    * `alpha`: shape (...), the ratio m / n.
    * `g`: shape (..., d), the diagonal of a downstream covariance that is diagonal in aligned coordinates;
      its entries on the learned span do not enter.
    * `sigma_down`: shape (..., d, d), symmetric, any aligned downstream covariance. Without `g` and
      `sigma_down` it is that of the pre-training data.
    * `dtype`: floating-point type of the computation; that of the arguments unless given, float64 for integers.

    Raises ValueError naming the argument, what came and what is expected.
    """
    if g is not None and sigma_down is not None:
        raise ValueError("sigma_down: came together with g, at most one of them is expected")
    kind = _float_type(dtype, b=b, lam=lam, kappa=kappa, p=p, sigma2=sigma2, alpha=alpha, g=g, sigma_down=sigma_down)
    b = np.asarray(b, kind)
    lam = np.asarray(lam, kind)
    kappa = np.asarray(kappa, kind)
    p = np.asarray(p, kind)
    sigma2 = np.asarray(sigma2, kind)
    alpha = np.asarray(alpha, kind)
    d, k = _sizes(b, lam)
    g = None if g is None else _downstream("g", g, kind, (d,))
    sigma_down = None if sigma_down is None else _downstream("sigma_down", sigma_down, kind, (d, d,))
    batch = _batch(
        b=b.shape[:-1],
        lam=lam.shape[:-1],
        kappa=kappa.shape,
        p=p.shape,
        sigma2=sigma2.shape,
        alpha=alpha.shape,
        g=() if g is None else g.shape[:-1],
        sigma_down=() if sigma_down is None else sigma_down.shape[:-2],
    )
    inside, outside = np.r_[0:k], np.r_[k:d]
    v = _outside_variance(b, lam, kappa, p, d, k, kind)
    if sigma_down is not None:
        weights, mean, variance = _general(v, sigma_down, inside, outside)
    else:
        weights, mean, variance = _diagonal(v, _own_variance(lam, d, k, kind) if g is None else g[..., outside])
    label_noise = _noise_variance(sigma2)
    d_eff, rank = k, d - k
    return Result(
        weights=_full(weights, (*batch, d - k), kind),
        mean=_full(mean, batch, kind),
        variance=_full(variance, batch, kind),
        risk_mean=_full(label_noise * d_eff + mean / alpha, batch, kind),
        risk_variance=_full(variance / alpha**2, batch, kind),
        alpha0=_full(mean / (label_noise * rank) if rank else np.nan, batch, kind),
        d_eff=d_eff,
        d_base=d_eff + rank,
    )


def outside_variance(
    b: ArrayLike,
    lam: ArrayLike,
    kappa: ArrayLike,
    p: ArrayLike,
    *,
    dtype: DTypeLike | None = None,
) -> Floats:
    """The variances `v_a` of the displacement of the target out of the learned span, (..., d - k).

    * `b`: shape (..., k).
    * `lam`: shape (..., d).
    * `kappa`: shape (...).
    * `p`: shape (...).
    """
    kind = _float_type(dtype, b=b, lam=lam, kappa=kappa, p=p)
    b = np.asarray(b, kind)
    lam = np.asarray(lam, kind)
    kappa = np.asarray(kappa, kind)
    p = np.asarray(p, kind)
    d, k = _sizes(b, lam)
    batch = _batch(b=b.shape[:-1], lam=lam.shape[:-1], kappa=kappa.shape, p=p.shape)
    return _full(_outside_variance(b, lam, kappa, p, d, k, kind), (*batch, d - k), kind)


def excess_loss_mean(
    b: ArrayLike,
    lam: ArrayLike,
    kappa: ArrayLike,
    p: ArrayLike,
    *,
    dtype: DTypeLike | None = None,
) -> Floats:
    """The mean of the limit of m (L(w_hat) - L(w*)), the excess loss of the first stage, (...).

    * `b`: shape (..., k).
    * `lam`: shape (..., d).
    * `kappa`: shape (...).
    * `p`: shape (...).
    """
    kind = _float_type(dtype, b=b, lam=lam, kappa=kappa, p=p)
    b = np.asarray(b, kind)
    lam = np.asarray(lam, kind)
    kappa = np.asarray(kappa, kind)
    p = np.asarray(p, kind)
    d, k = _sizes(b, lam)
    batch = _batch(b=b.shape[:-1], lam=lam.shape[:-1], kappa=kappa.shape, p=p.shape)
    return _full(_excess_loss_mean(lam, kappa, p, k), batch, kind)


# ---- the formulas, on arrays of one floating-point type


def _outside_variance(b: Floats, lam: Floats, kappa: Floats, p: Floats, d: int, k: int, kind: np.dtype) -> Floats:
    """`v_a` for the indices outside the learned span."""
    # axes (..., a, i)
    b_i = b[..., None, :]
    lam_a = lam[..., k:, None]
    lam_i = lam[..., None, :k]
    v_a = np.sum(
        (p[..., None, None] * (lam_a + lam_i - p[..., None, None] * lam_i) ** 2
        + kappa[..., None, None] * (1 - p[..., None, None])
        * (p[..., None, None] ** 2 * lam_i**2 + lam_a**2 + lam_i**2 - p[..., None, None] * lam_i**2
        - 2 * p[..., None, None] * lam_a * lam_i)) * b_i**2 * lam_i
        / (p[..., None, None] * (lam_i - lam_a) ** 2 * lam_a),
        axis=-1,
    )
    return _join(kind, (v_a, d - k))


def _own_variance(lam: Floats, d: int, k: int, kind: np.dtype) -> Floats:
    """`g_a` of the pre-training data for the indices outside the learned span."""
    lam_a = lam[..., k:]
    g_a = lam_a
    return _join(kind, (g_a, d - k))


def _noise_variance(sigma2: Floats) -> Floats:
    """`sigma^2`."""
    return sigma2


def _excess_loss_mean(lam: Floats, kappa: Floats, p: Floats, k: int) -> Floats:
    """Mean of the limit of `m (L(w_hat) - L(w*))`."""
    i, j = np.triu_indices(k, 1)
    # axes (..., ij)
    lam_i = lam[..., i]
    lam_j = lam[..., j]
    sum_ij = np.sum(
        (1 - p[..., None]) * (lam_i + lam_j) * (kappa[..., None] + p[..., None] + kappa[..., None] * p[..., None] ** 2
        - p[..., None] ** 2 - kappa[..., None] * p[..., None]),
        axis=-1,
    )
    # axes (..., i, a)
    lam_a = lam[..., None, k:]
    lam_i = lam[..., :k, None]
    sum_ia = np.sum(
        (kappa[..., None, None] * (lam_a + lam_i) + p[..., None, None]
        * (3 * lam_a + lam_i - 3 * kappa[..., None, None] * lam_a - 2 * kappa[..., None, None] * lam_i)
        + 2 * p[..., None, None] ** 2 * (kappa[..., None, None] - 1) * (lam_a + lam_i)
        + p[..., None, None] ** 3 * (1 - kappa[..., None, None]) * lam_i) * lam_i / (lam_i - lam_a),
        axis=(-2, -1),
    )
    return sum_ij + sum_ia


def _diagonal(v: Floats, g: Floats) -> tuple[Floats, Floats, Floats]:
    """Weights `g_a v_a`, mean and variance for a diagonal downstream covariance."""
    weights = v * g
    return weights, np.sum(weights, axis=-1), 2 * np.sum(weights**2, axis=-1)


def _general(v: Floats, sigma_down: Floats, inside: NDArray, outside: NDArray) -> tuple[Floats, Floats, Floats]:
    """Weights, `sum_a v_a S_aa` and `2 sum_ac v_a S_ac^2 v_c` with the Schur complement S on the learned indices."""
    if sigma_down.dtype.itemsize > 8:
        raise ValueError(f"dtype: {sigma_down.dtype} came, float32 or float64 is expected with sigma_down")
    cross = sigma_down[..., inside[:, None], outside]
    try:
        regression = np.linalg.solve(sigma_down[..., inside[:, None], inside], cross)
    except np.linalg.LinAlgError:
        raise ValueError("sigma_down: singular on the learned span, a positive definite matrix is expected") from None
    schur = sigma_down[..., outside[:, None], outside] - np.swapaxes(cross, -1, -2) @ regression
    root = np.sqrt(v)
    weights = np.linalg.eigvalsh(root[..., :, None] * schur * root[..., None, :])[..., ::-1]
    mean = np.sum(v * np.diagonal(schur, axis1=-2, axis2=-1), axis=-1)
    variance = 2 * np.sum(v[..., :, None] * schur**2 * v[..., None, :], axis=(-2, -1))
    return weights, mean, variance


def _join(kind: np.dtype, *parts: tuple[ArrayLike, int]) -> Floats:
    """Values along consecutive ranges as one axis; a value with last axis 1, or none, is repeated over its range."""
    lead = np.broadcast_shapes(*(np.shape(value)[:-1] for value, _ in parts))
    return np.concatenate([np.broadcast_to(np.asarray(value, kind), (*lead, size)) for value, size in parts], axis=-1)


# ---- arguments


def _sizes(b: Floats, lam: Floats) -> tuple[int, int]:
    """The dimensions, from the lengths of the families."""
    k = _length("b", b, "(..., k) with k >= 1")
    d = _length("lam", lam, "(..., d) with d >= 1")
    if not k < d:
        raise ValueError(f"lam: shape {lam.shape} came, (..., d) with d > k = {k} is expected")
    return d, k


def _float_type(dtype: DTypeLike | None, **arguments: ArrayLike | None) -> np.dtype:
    """The requested floating-point type, or the one that holds all arguments; Python numbers do not widen it."""
    found: list = []
    for name, value in arguments.items():
        if value is None:
            continue
        try:
            array = np.asarray(value)
        except ValueError:
            raise ValueError(f"{name}: rows of different lengths came, an array of real numbers is expected") from None
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{name}: an array of {array.dtype} came, an array of real numbers is expected")
        found.append(value if isinstance(value, int | float) and not isinstance(value, np.generic) else array.dtype)
    kind = np.result_type(*found) if dtype is None else np.dtype(dtype)
    if dtype is None and kind.kind != "f":
        return np.dtype(np.float64)
    if kind.kind != "f" or kind.itemsize < 4:
        raise ValueError(f"dtype: {kind} came, float32 or a wider floating-point type is expected")
    return kind


def _length(name: str, array: Floats, wanted: str, rest: int = 0) -> int:
    """Length of the last axis without `rest`, at least 1."""
    if array.ndim < 1 or array.shape[-1] - rest < 1:
        raise ValueError(f"{name}: shape {array.shape} came, {wanted} is expected")
    return array.shape[-1] - rest


def _positive(name: str, size: int) -> int:
    if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < 1:
        raise ValueError(f"{name}: {size!r} came, a positive integer is expected")
    return int(size)


def _check_core(name: str, array: Floats, core: tuple[int, ...], wanted: str) -> None:
    """Refuse an array whose last axes do not have the shape `core`."""
    if array.shape[-len(core) :] != core:
        raise ValueError(f"{name}: shape {array.shape} came, {wanted} is expected")


def _downstream(name: str, value: ArrayLike, kind: np.dtype, core: tuple[int, ...]) -> Floats:
    """A downstream covariance as an array of the given type."""
    array = np.asarray(value, kind)
    wanted = ", ".join(["d"] * len(core))
    _check_core(name, array, core, f"(..., {wanted}) with d = {core[0]}")
    return array


def _batch(**leads: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which all leading axes broadcast."""
    batch: tuple[int, ...] = ()
    for name, lead in leads.items():
        try:
            batch = np.broadcast_shapes(batch, lead)
        except ValueError:
            raise ValueError(f"{name}: leading axes {lead} came, axes that fit {batch} are expected") from None
    return batch


def _full(value: ArrayLike, shape: tuple[int, ...], kind: np.dtype) -> Floats:
    """The value on all of a shape, as an array that may be written to."""
    array = np.asarray(value, kind)
    return array if array.shape == shape else np.broadcast_to(array, shape).copy()
