# Made by `symasym build` from derivations/regularised_encoder.py; do not edit.
# Remake: symasym build regularised_encoder
"""Context encoder with a penalised representation: the limiting law of n (R - sigma^2).

    n (R - sigma^2) -> sigma^2 d_eff + (1/alpha) ||L(Z)||^2,   ||L(Z)||^2 = sum_m omega_m chi2_1

    sigma^2 = sigma2
    d_eff = k,   rank L = d1 - k
    omega_m = g_m v_m   for m = k + 1..r
    v_m = sum_{i=1..k} (nu_i s_i^2 + nu_m s_m^2 + s_m^4) b_i^2 / ((s_i - s_m)^2 (s_i + s_m)^2)
    g_m = 1   unless given
    omega_a = g_a v_a   for a = r + 1..d1
    v_a = sum_{i=1..k} b_i^2 nu_i / s_i^2
    g_a = 1   unless given
    lim E m (L(w_hat) - L(w*)) = sum_{i=1..k} (lam rho^2 s_i / 2 + nu_i)
                               + sum_{1<=i<j<=k} (2 (nu_i + nu_j) (s_i + s_j)
                                   - 2 lam rho^2 (nu_i + nu_j - s_i s_j)) / (2 (s_i + s_j))
                               + sum_{i=1..k} sum_{c=r+1..d2} (s_i - lam rho^2) nu_c / s_i
                               + sum_{i=1..k} (d1 - r) (s_i - lam rho^2) nu_i / s_i
                               + sum_{i=1..k} sum_{m=k+1..r} (s_i - lam rho^2) (nu_i + nu_m + s_m^2) s_i
                                   / ((s_i - s_m) (s_i + s_m))

Arguments are in aligned coordinates, in which derivations/regularised_encoder.py states the model. The last axis of a
family is its index, counted from 1 in the formulas; leading axes are a batch and broadcast:
    b, shape (..., k): i = 1..k
    nu, shape (..., r): i = 1..k, m = k + 1..r
    s, shape (..., r): i = 1..k, m = k + 1..r
    sigma2, shape (...): a scalar
A downstream covariance that is not diagonal in aligned coordinates is given as `sigma_down`; the weights are then the
eigenvalues of diag(v)^{1/2} S diag(v)^{1/2}, with S its Schur complement on the learned indices i = 1..k.

Checked: k < d1, k <= r, r <= d1.
Assumed of the entries and not checked: r <= d2, s_i > s_m, s_m >= 0, s_i > lam*rho**2.
* w* is the global minimiser: BA is the reduced-rank regression of x2 on x1, its singular values soft-thresholded
* the residual covariance of x2 given x1 is diagonal in the singular basis of that regression

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

# Core dimensions of b, nu, s, sigma2, alpha, g, sigma_down and of the arrays in the result; n = d1 - k.
SIGNATURE = "(k),(r),(r),(),(),(d1),(d1,d1)->(n),(),(),(),(),()"


class Result(NamedTuple):
    """The limiting law; (...) is the shape of the batch.

    * `weights`, (..., d1 - k): of ||L(Z)||^2, not divided by alpha; in the order of the indices outside the
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
    nu: ArrayLike,
    s: ArrayLike,
    sigma2: ArrayLike,
    alpha: ArrayLike = 1.0,
    *,
    d1: int,
    g: ArrayLike | None = None,
    sigma_down: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Result:
    """The limiting law for a batch of problems in aligned coordinates; leading axes broadcast.

    * `b`: shape (..., k).
    * `nu`: shape (..., r).
    * `s`: shape (..., r).
    * `sigma2`: shape (...).
    * `d1`: a dimension, which no array tells.
    * `alpha`: shape (...), the ratio m / n.
    * `g`: shape (..., d1), the diagonal of a downstream covariance that is diagonal in aligned coordinates;
      its entries on the learned span do not enter.
    * `sigma_down`: shape (..., d1, d1), symmetric, any aligned downstream covariance. Without `g` and
      `sigma_down` it is that of the pre-training data.
    * `dtype`: floating-point type of the computation; that of the arguments unless given, float64 for integers.

    Raises ValueError naming the argument, what came and what is expected.
    """
    if g is not None and sigma_down is not None:
        raise ValueError("sigma_down: came together with g, at most one of them is expected")
    kind = _float_type(dtype, b=b, nu=nu, s=s, sigma2=sigma2, alpha=alpha, g=g, sigma_down=sigma_down)
    b = np.asarray(b, kind)
    nu = np.asarray(nu, kind)
    s = np.asarray(s, kind)
    sigma2 = np.asarray(sigma2, kind)
    alpha = np.asarray(alpha, kind)
    d1, k, r = _sizes(b, nu, s, d1)
    g = None if g is None else _downstream("g", g, kind, (d1,))
    sigma_down = None if sigma_down is None else _downstream("sigma_down", sigma_down, kind, (d1, d1,))
    batch = _batch(
        b=b.shape[:-1],
        nu=nu.shape[:-1],
        s=s.shape[:-1],
        sigma2=sigma2.shape,
        alpha=alpha.shape,
        g=() if g is None else g.shape[:-1],
        sigma_down=() if sigma_down is None else sigma_down.shape[:-2],
    )
    inside, outside = np.r_[0:k], np.r_[k:d1]
    v = _outside_variance(b, nu, s, d1, k, r, kind)
    if sigma_down is not None:
        weights, mean, variance = _general(v, sigma_down, inside, outside)
    else:
        weights, mean, variance = _diagonal(v, _own_variance(d1, k, r, kind) if g is None else g[..., outside])
    label_noise = _noise_variance(sigma2)
    d_eff, rank = k, d1 - k
    return Result(
        weights=_full(weights, (*batch, d1 - k), kind),
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
    nu: ArrayLike,
    s: ArrayLike,
    *,
    d1: int,
    dtype: DTypeLike | None = None,
) -> Floats:
    """The variances `v_a` of the displacement of the target out of the learned span, (..., d1 - k).

    * `b`: shape (..., k).
    * `nu`: shape (..., r).
    * `s`: shape (..., r).
    * `d1`: a dimension, which no array tells.
    """
    kind = _float_type(dtype, b=b, nu=nu, s=s)
    b = np.asarray(b, kind)
    nu = np.asarray(nu, kind)
    s = np.asarray(s, kind)
    d1, k, r = _sizes(b, nu, s, d1)
    batch = _batch(b=b.shape[:-1], nu=nu.shape[:-1], s=s.shape[:-1])
    return _full(_outside_variance(b, nu, s, d1, k, r, kind), (*batch, d1 - k), kind)


def excess_loss_mean(
    b: ArrayLike,
    nu: ArrayLike,
    s: ArrayLike,
    lam: ArrayLike,
    rho: ArrayLike,
    *,
    d1: int,
    dtype: DTypeLike | None = None,
) -> Floats:
    """The mean of the limit of m (L(w_hat) - L(w*)), the excess loss of the first stage, (...).

    * `b`: shape (..., k).
    * `nu`: shape (..., d2).
    * `s`: shape (..., r).
    * `lam`: shape (...).
    * `rho`: shape (...).
    * `d1`: a dimension, which no array tells.
    """
    kind = _float_type(dtype, b=b, nu=nu, s=s, lam=lam, rho=rho)
    b = np.asarray(b, kind)
    nu = np.asarray(nu, kind)
    s = np.asarray(s, kind)
    lam = np.asarray(lam, kind)
    rho = np.asarray(rho, kind)
    d1, d2, k, r = _excess_sizes(b, nu, s, d1)
    batch = _batch(b=b.shape[:-1], nu=nu.shape[:-1], s=s.shape[:-1], lam=lam.shape, rho=rho.shape)
    return _full(_excess_loss_mean(nu, s, lam, rho, d1, k, r), batch, kind)


# ---- the formulas, on arrays of one floating-point type


def _outside_variance(b: Floats, nu: Floats, s: Floats, d1: int, k: int, r: int, kind: np.dtype) -> Floats:
    """`v_a` for the indices outside the learned span."""
    # axes (..., m, i)
    b_i = b[..., None, :]
    nu_i = nu[..., None, :k]
    nu_m = nu[..., k:, None]
    s_i = s[..., None, :k]
    s_m = s[..., k:, None]
    v_m = np.sum((nu_i * s_i**2 + nu_m * s_m**2 + s_m**4) * b_i**2 / ((s_i - s_m) ** 2 * (s_i + s_m) ** 2), axis=-1)
    # axes (..., i)
    b_i = b
    nu_i = nu[..., :k]
    s_i = s[..., :k]
    v_a = np.sum(b_i**2 * nu_i / s_i**2, axis=-1)
    return _join(kind, (v_m, r - k), (v_a[..., None], d1 - r))


def _own_variance(d1: int, k: int, r: int, kind: np.dtype) -> Floats:
    """`g_a` of the pre-training data for the indices outside the learned span."""
    g_m = 1
    g_a = 1
    return _join(kind, (g_m, r - k), (g_a, d1 - r))


def _noise_variance(sigma2: Floats) -> Floats:
    """`sigma^2`."""
    return sigma2


def _excess_loss_mean(nu: Floats, s: Floats, lam: Floats, rho: Floats, d1: int, k: int, r: int) -> Floats:
    """Mean of the limit of `m (L(w_hat) - L(w*))`."""
    # axes (..., i)
    nu_i = nu[..., :k]
    s_i = s[..., :k]
    sum_i = np.sum(lam[..., None] * rho[..., None] ** 2 * s_i / 2 + nu_i, axis=-1)
    i, j = np.triu_indices(k, 1)
    # axes (..., ij)
    nu_i = nu[..., i]
    nu_j = nu[..., j]
    s_i = s[..., i]
    s_j = s[..., j]
    sum_ij = np.sum(
        (2 * (nu_i + nu_j) * (s_i + s_j) - 2 * lam[..., None] * rho[..., None] ** 2 * (nu_i + nu_j - s_i * s_j))
        / (2 * (s_i + s_j)),
        axis=-1,
    )
    # axes (..., i, c)
    nu_c = nu[..., None, r:]
    s_i = s[..., :k, None]
    sum_ic = np.sum((s_i - lam[..., None, None] * rho[..., None, None] ** 2) * nu_c / s_i, axis=(-2, -1))
    # axes (..., i)
    nu_i = nu[..., :k]
    s_i = s[..., :k]
    sum_i_2 = np.sum((d1 - r) * (s_i - lam[..., None] * rho[..., None] ** 2) * nu_i / s_i, axis=-1)
    # axes (..., i, m)
    nu_i = nu[..., :k, None]
    nu_m = nu[..., None, k:r]
    s_i = s[..., :k, None]
    s_m = s[..., None, k:]
    sum_im = np.sum(
        (s_i - lam[..., None, None] * rho[..., None, None] ** 2) * (nu_i + nu_m + s_m**2) * s_i
        / ((s_i - s_m) * (s_i + s_m)),
        axis=(-2, -1),
    )
    return sum_i + sum_ij + sum_ic + sum_i_2 + sum_im


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


def _sizes(b: Floats, nu: Floats, s: Floats, d1: int) -> tuple[int, int, int]:
    """The dimensions, from the lengths of the families."""
    k = _length("b", b, "(..., k) with k >= 1")
    r = _length("nu", nu, "(..., r) with r >= 1")
    d1 = _positive("d1", d1)
    _check_core("s", s, (r,), f"(..., r) with r = {r}")
    if not k < d1:
        raise ValueError(f"d1: {d1} came, d1 > k = {k} is expected")
    if not k <= r:
        raise ValueError(f"nu: shape {nu.shape} came, (..., r) with r >= k = {k} is expected")
    if not r <= d1:
        raise ValueError(f"d1: {d1} came, d1 >= r = {r} is expected")
    return d1, k, r


def _excess_sizes(b: Floats, nu: Floats, s: Floats, d1: int) -> tuple[int, int, int, int]:
    """The dimensions, from the lengths of the families."""
    k = _length("b", b, "(..., k) with k >= 1")
    d2 = _length("nu", nu, "(..., d2) with d2 >= 1")
    r = _length("s", s, "(..., r) with r >= 1")
    d1 = _positive("d1", d1)
    if not k < d1:
        raise ValueError(f"d1: {d1} came, d1 > k = {k} is expected")
    if not k <= r:
        raise ValueError(f"s: shape {s.shape} came, (..., r) with r >= k = {k} is expected")
    if not r <= d1:
        raise ValueError(f"d1: {d1} came, d1 >= r = {r} is expected")
    if not r <= d2:
        raise ValueError(f"s: shape {s.shape} came, (..., r) with r <= d2 = {d2} is expected")
    return d1, d2, k, r


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
    wanted = ", ".join(["d1"] * len(core))
    _check_core(name, array, core, f"(..., {wanted}) with d1 = {core[0]}")
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
