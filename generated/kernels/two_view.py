# Made by `symasym build` from derivations/two_view.py; do not edit. Remake: symasym build two_view
"""Two-view spectral contrastive learning: the limiting law of n (R - sigma^2).

    n (R - sigma^2) -> sigma^2 d_eff + (1/alpha) ||L(Z)||^2,   ||L(Z)||^2 = sum_m omega_m chi2_1

    sigma^2 = sigma2
    d_eff = k,   rank L = d_x - k
    omega_m = g_m v_m   for m = k + 1..r
    v_m = sum_{i=1..k} (K s_i^2 + K s_m^2 + tau s_i^2 + tau s_m^2 + 2 s_i^2 s_m^2 + s_i^4 - K s_i^4) b_i^2
            / (K (s_i - s_m)^2 (s_i + s_m)^2)
    g_m = 1   unless given
    omega_a = g_a v_a   for a = r + 1..d_x
    v_a = sum_{i=1..k} (K + tau + s_i^2 - K s_i^2) b_i^2 / (K s_i^2)
    g_a = 1   unless given
    tau = sum_{i=1..k} s_i^2
    lim E m (L(w_hat) - L(w*)) = sum_{i=1..k} (2 K + 2 tau + 10 s_i^2 - 2 K s_i^2) / (2 K)
                               + sum_{i=1..k} (d_y - r) (2 K + 2 tau + 4 s_i^2) / (2 K)
                               + sum_{i=1..k} (d_x - r) (2 K + 2 tau + 2 s_i^2 - 2 K s_i^2) / (2 K)
                               + sum_{1<=i<j<=k} (4 K + 4 tau + 6 s_i^2 + 6 s_j^2 - 2 K s_i^2 - 2 K s_j^2) / (2 K)
                               + sum_{i=1..k} sum_{m=k+1..r} (2 K + 2 tau + 3 s_i^2 - K s_i^2) s_i^2
                                   / (K (s_i - s_m) (s_i + s_m))

Arguments are in aligned coordinates, in which derivations/two_view.py states the model. The last axis of a family is
its index, counted from 1 in the formulas; leading axes are a batch and broadcast:
    b, shape (..., k): i = 1..k
    s, shape (..., r): i = 1..k, m = k + 1..r
    K, sigma2, shape (...): scalars
A downstream covariance that is not diagonal in aligned coordinates is given as `sigma_down`; the weights are then the
eigenvalues of diag(v)^{1/2} S diag(v)^{1/2}, with S its Schur complement on the learned indices i = 1..k.

Checked: k < d_x, k <= r, r <= d_x.
Assumed of the entries and not checked: r <= d_y, s_i > s_m, s_m >= 0, s_i > 0.
* w* is the global minimiser: the k largest canonical correlations between the views, s[i] <= 1
* correlations beyond the r-th are zero, as r = min(d_x, d_y) makes sure

References:
* Radford2021
* HaoChen2021
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = ["SIGNATURE", "Result", "excess_loss_mean", "law", "outside_variance"]

Floats = NDArray[np.floating]

# Core dimensions of b, s, K, sigma2, alpha, g, sigma_down and of the arrays in the result; n = d_x - k.
SIGNATURE = "(k),(r),(),(),(),(d_x),(d_x,d_x)->(n),(),(),(),(),()"


class Result(NamedTuple):
    """The limiting law; (...) is the shape of the batch.

    * `weights`, (..., d_x - k): of ||L(Z)||^2, not divided by alpha; in the order of the indices outside the
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
    s: ArrayLike,
    K: ArrayLike,
    sigma2: ArrayLike,
    alpha: ArrayLike = 1.0,
    *,
    d_x: int,
    g: ArrayLike | None = None,
    sigma_down: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Result:
    """The limiting law for a batch of problems in aligned coordinates; leading axes broadcast.

    * `b`: shape (..., k).
    * `s`: shape (..., r).
    * `K`: shape (...).
    * `sigma2`: shape (...).
    * `d_x`: a dimension, which no array tells.
    * `alpha`: shape (...), the ratio m / n.
    * `g`: shape (..., d_x), the diagonal of a downstream covariance that is diagonal in aligned coordinates;
      its entries on the learned span do not enter.
    * `sigma_down`: shape (..., d_x, d_x), symmetric, any aligned downstream covariance. Without `g` and
      `sigma_down` it is that of the pre-training data.
    * `dtype`: floating-point type of the computation; that of the arguments unless given, float64 for integers.

    Raises ValueError naming the argument, what came and what is expected.
    """
    if g is not None and sigma_down is not None:
        raise ValueError("sigma_down: came together with g, at most one of them is expected")
    kind = _float_type(dtype, b=b, s=s, K=K, sigma2=sigma2, alpha=alpha, g=g, sigma_down=sigma_down)
    b = np.asarray(b, kind)
    s = np.asarray(s, kind)
    K = np.asarray(K, kind)
    sigma2 = np.asarray(sigma2, kind)
    alpha = np.asarray(alpha, kind)
    d_x, k, r = _sizes(b, s, d_x)
    g = None if g is None else _downstream("g", g, kind, (d_x,))
    sigma_down = None if sigma_down is None else _downstream("sigma_down", sigma_down, kind, (d_x, d_x,))
    batch = _batch(
        b=b.shape[:-1],
        s=s.shape[:-1],
        K=K.shape,
        sigma2=sigma2.shape,
        alpha=alpha.shape,
        g=() if g is None else g.shape[:-1],
        sigma_down=() if sigma_down is None else sigma_down.shape[:-2],
    )
    inside, outside = np.r_[0:k], np.r_[k:d_x]
    v = _outside_variance(b, s, K, d_x, k, r, kind)
    if sigma_down is not None:
        weights, mean, variance = _general(v, sigma_down, inside, outside)
    else:
        weights, mean, variance = _diagonal(v, _own_variance(d_x, k, r, kind) if g is None else g[..., outside])
    label_noise = _noise_variance(sigma2)
    d_eff, rank = k, d_x - k
    return Result(
        weights=_full(weights, (*batch, d_x - k), kind),
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
    s: ArrayLike,
    K: ArrayLike,
    *,
    d_x: int,
    dtype: DTypeLike | None = None,
) -> Floats:
    """The variances `v_a` of the displacement of the target out of the learned span, (..., d_x - k).

    * `b`: shape (..., k).
    * `s`: shape (..., r).
    * `K`: shape (...).
    * `d_x`: a dimension, which no array tells.
    """
    kind = _float_type(dtype, b=b, s=s, K=K)
    b = np.asarray(b, kind)
    s = np.asarray(s, kind)
    K = np.asarray(K, kind)
    d_x, k, r = _sizes(b, s, d_x)
    batch = _batch(b=b.shape[:-1], s=s.shape[:-1], K=K.shape)
    return _full(_outside_variance(b, s, K, d_x, k, r, kind), (*batch, d_x - k), kind)


def excess_loss_mean(
    b: ArrayLike,
    s: ArrayLike,
    K: ArrayLike,
    *,
    d_x: int,
    d_y: int,
    dtype: DTypeLike | None = None,
) -> Floats:
    """The mean of the limit of m (L(w_hat) - L(w*)), the excess loss of the first stage, (...).

    * `b`: shape (..., k).
    * `s`: shape (..., r).
    * `K`: shape (...).
    * `d_x`: a dimension, which no array tells.
    * `d_y`: a dimension, which no array tells.
    """
    kind = _float_type(dtype, b=b, s=s, K=K)
    b = np.asarray(b, kind)
    s = np.asarray(s, kind)
    K = np.asarray(K, kind)
    d_x, d_y, k, r = _excess_sizes(b, s, d_x, d_y)
    batch = _batch(b=b.shape[:-1], s=s.shape[:-1], K=K.shape)
    return _full(_excess_loss_mean(s, K, d_x, d_y, k, r), batch, kind)


# ---- the formulas, on arrays of one floating-point type


def _outside_variance(b: Floats, s: Floats, K: Floats, d_x: int, k: int, r: int, kind: np.dtype) -> Floats:
    """`v_a` for the indices outside the learned span."""
    # axes (..., i)
    s_i = s[..., :k]
    tau = np.sum(s_i**2, axis=-1)
    # axes (..., m, i)
    b_i = b[..., None, :]
    s_i = s[..., None, :k]
    s_m = s[..., k:, None]
    v_m = np.sum(
        (K[..., None, None] * s_i**2 + K[..., None, None] * s_m**2 + tau[..., None, None] * s_i**2
        + tau[..., None, None] * s_m**2 + 2 * s_i**2 * s_m**2 + s_i**4 - K[..., None, None] * s_i**4) * b_i**2
        / (K[..., None, None] * (s_i - s_m) ** 2 * (s_i + s_m) ** 2),
        axis=-1,
    )
    # axes (..., i)
    b_i = b
    s_i = s[..., :k]
    v_a = np.sum(
        (K[..., None] + tau[..., None] + s_i**2 - K[..., None] * s_i**2) * b_i**2 / (K[..., None] * s_i**2),
        axis=-1,
    )
    return _join(kind, (v_m, r - k), (v_a[..., None], d_x - r))


def _own_variance(d_x: int, k: int, r: int, kind: np.dtype) -> Floats:
    """`g_a` of the pre-training data for the indices outside the learned span."""
    g_m = 1
    g_a = 1
    return _join(kind, (g_m, r - k), (g_a, d_x - r))


def _noise_variance(sigma2: Floats) -> Floats:
    """`sigma^2`."""
    return sigma2


def _excess_loss_mean(s: Floats, K: Floats, d_x: int, d_y: int, k: int, r: int) -> Floats:
    """Mean of the limit of `m (L(w_hat) - L(w*))`."""
    # axes (..., i)
    s_i = s[..., :k]
    tau = np.sum(s_i**2, axis=-1)
    # axes (..., i)
    sum_i = np.sum(
        (2 * K[..., None] + 2 * tau[..., None] + 10 * s_i**2 - 2 * K[..., None] * s_i**2) / (2 * K[..., None]),
        axis=-1,
    )
    # axes (..., i)
    sum_i_2 = np.sum((d_y - r) * (2 * K[..., None] + 2 * tau[..., None] + 4 * s_i**2) / (2 * K[..., None]), axis=-1)
    # axes (..., i)
    sum_i_3 = np.sum(
        (d_x - r) * (2 * K[..., None] + 2 * tau[..., None] + 2 * s_i**2 - 2 * K[..., None] * s_i**2)
        / (2 * K[..., None]),
        axis=-1,
    )
    i, j = np.triu_indices(k, 1)
    # axes (..., ij)
    s_i = s[..., i]
    s_j = s[..., j]
    sum_ij = np.sum(
        (4 * K[..., None] + 4 * tau[..., None] + 6 * s_i**2 + 6 * s_j**2 - 2 * K[..., None] * s_i**2
        - 2 * K[..., None] * s_j**2) / (2 * K[..., None]),
        axis=-1,
    )
    # axes (..., i, m)
    s_i = s[..., :k, None]
    s_m = s[..., None, k:]
    sum_im = np.sum(
        (2 * K[..., None, None] + 2 * tau[..., None, None] + 3 * s_i**2 - K[..., None, None] * s_i**2) * s_i**2
        / (K[..., None, None] * (s_i - s_m) * (s_i + s_m)),
        axis=(-2, -1),
    )
    return sum_i + sum_i_2 + sum_i_3 + sum_ij + sum_im


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


def _sizes(b: Floats, s: Floats, d_x: int) -> tuple[int, int, int]:
    """The dimensions, from the lengths of the families."""
    k = _length("b", b, "(..., k) with k >= 1")
    r = _length("s", s, "(..., r) with r >= 1")
    d_x = _positive("d_x", d_x)
    if not k < d_x:
        raise ValueError(f"d_x: {d_x} came, d_x > k = {k} is expected")
    if not k <= r:
        raise ValueError(f"s: shape {s.shape} came, (..., r) with r >= k = {k} is expected")
    if not r <= d_x:
        raise ValueError(f"d_x: {d_x} came, d_x >= r = {r} is expected")
    return d_x, k, r


def _excess_sizes(b: Floats, s: Floats, d_x: int, d_y: int) -> tuple[int, int, int, int]:
    """The dimensions, from the lengths of the families."""
    k = _length("b", b, "(..., k) with k >= 1")
    r = _length("s", s, "(..., r) with r >= 1")
    d_x = _positive("d_x", d_x)
    d_y = _positive("d_y", d_y)
    if not k < d_x:
        raise ValueError(f"d_x: {d_x} came, d_x > k = {k} is expected")
    if not k <= r:
        raise ValueError(f"s: shape {s.shape} came, (..., r) with r >= k = {k} is expected")
    if not r <= d_x:
        raise ValueError(f"d_x: {d_x} came, d_x >= r = {r} is expected")
    if not r <= d_y:
        raise ValueError(f"d_y: {d_y} came, d_y >= r = {r} is expected")
    return d_x, d_y, k, r


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
    wanted = ", ".join(["d_x"] * len(core))
    _check_core(name, array, core, f"(..., {wanted}) with d_x = {core[0]}")
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
