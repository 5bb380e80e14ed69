# Made by `symasym build` from derivations/factor.py; do not edit. Remake: symasym build factor
"""Factor model: the limiting law of n (R - sigma^2).

    n (R - sigma^2) -> sigma^2 d_eff + (1/alpha) ||L(Z)||^2,   ||L(Z)||^2 = sum_a omega_a chi2_1

    sigma^2 = sigma_nu2
            + sum_{i=1..k} noise beta_i^2 / (noise + ell_i)
    d_eff = k,   rank L = d - k
    omega_a = g_a v_a   for a = k + 1..d
    v_a = sum_{i=1..k} noise beta_i^2 / ((noise + ell_i) ell_i)
    g_a = noise   unless given
    lim E m (L(w_hat) - L(w*)) = k / 2 + k (d - k) / 2 + k (k - 1) / 4

Arguments are in aligned coordinates, in which derivations/factor.py states the model. The last axis of a family is its
index, counted from 1 in the formulas; leading axes are a batch and broadcast:
    beta, shape (..., k): i = 1..k
    ell, shape (..., k): i = 1..k
    noise, sigma_nu2, shape (...): scalars
A downstream covariance that is not diagonal in aligned coordinates is given as `sigma_down`; the weights are then the
eigenvalues of diag(v)^{1/2} S diag(v)^{1/2}, with S its Schur complement on the learned indices i = 1..k.

`natural_law`, `natural_cumulants` and `natural_value_and_gradient` take A, beta as they are and find aligned
coordinates z = T x, T A diagonal, A being turned from the right as well, themselves.

Checked: k < d.
Domain: finite numbers with ell_i > 0, noise >= 0, sigma_nu2 >= 0, alpha > 0, no weight negative, a positive definite
`sigma_down`. A problem outside of it has NaN throughout, and so has one in which an intermediate number overflows or
underflows.
* w* is the truth, the global minimiser of the population likelihood up to rotation

References:
* TinatiTu2026
* TippingBishop1999
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = [
    "SIGNATURE",
    "ExcessLossGradient",
    "Gradient",
    "NaturalGradient",
    "Result",
    "cumulants",
    "excess_loss_mean",
    "excess_loss_value_and_gradient",
    "formula",
    "law",
    "natural_cumulants",
    "natural_law",
    "natural_value_and_gradient",
    "outside_variance",
    "value_and_gradient",
]

Floats = NDArray[np.floating]

# Core dimensions of beta, ell, noise, sigma_nu2, alpha, g, sigma_down and of the arrays in the result; n = d - k.
SIGNATURE = "(k),(k),(),(),(),(d),(d,d)->(n),(),(),(),(),()"


class Result(NamedTuple):
    """The limiting law; (...) is the shape of the batch.

    * `weights`, (..., d - k): of ||L(Z)||^2, not divided by alpha; in the order of the indices outside the
      learned span for a diagonal downstream covariance, descending for a general one.
    * `mean`, `variance`, (...): of ||L(Z)||^2.
    * `risk_mean`, `risk_variance`, (...): of the limit of n (R - sigma^2).
    * `alpha0`, (...): pre-training wins in mean over the downstream-only baseline where alpha > alpha0; NaN if L = 0
      or sigma^2 = 0.
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


class Gradient(NamedTuple):
    """Derivatives by every continuous argument of `law`, each of the shape of the whole batch and of the argument.

    That by `g` or `sigma_down` is None where the argument was not given. That by `sigma_down` is symmetric: the
    derivative along a symmetric matrix is the sum of the products of all entries.
    """

    beta: Floats
    ell: Floats
    noise: Floats
    sigma_nu2: Floats
    alpha: Floats
    g: Floats | None
    sigma_down: Floats | None


class ExcessLossGradient(NamedTuple):
    """Derivatives by every continuous argument of `excess_loss_mean`, of the shape of the batch and of the argument."""

    pass


class NaturalGradient(NamedTuple):
    """Derivatives by every continuous argument of `natural_law`; by `sigma_down` None where it was not given."""

    A: Floats
    beta: Floats
    noise: Floats
    sigma_nu2: Floats
    alpha: Floats
    sigma_down: Floats | None


def law(
    beta: ArrayLike,
    ell: ArrayLike,
    noise: ArrayLike,
    sigma_nu2: ArrayLike,
    alpha: ArrayLike = 1.0,
    *,
    d: int,
    g: ArrayLike | None = None,
    sigma_down: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Result:
    """The limiting law for a batch of problems in aligned coordinates; leading axes broadcast.

    * `beta`: shape (..., k).
    * `ell`: shape (..., k).
    * `noise`: shape (...).
    * `sigma_nu2`: shape (...).
    * `d`: a dimension, which no array tells.
    * `alpha`: shape (...), the ratio m / n.
    * `g`: shape (..., d), the diagonal of a downstream covariance that is diagonal in aligned coordinates;
      its entries on the learned span do not enter.
    * `sigma_down`: shape (..., d, d), symmetric, any aligned downstream covariance. Without `g` and
      `sigma_down` it is that of the pre-training data.
    * `dtype`: floating-point type of the computation; that of the arguments unless given, float64 for integers.

    A problem outside the domain has NaN throughout. Raises ValueError with the argument, what came, what is expected.
    """
    if g is not None and sigma_down is not None:
        raise ValueError("sigma_down: came together with g, at most one of them is expected")
    kind = _float_type(
        dtype, beta=beta, ell=ell, noise=noise, sigma_nu2=sigma_nu2, alpha=alpha, g=g, sigma_down=sigma_down
    )
    beta = np.asarray(beta, kind)
    ell = np.asarray(ell, kind)
    noise = np.asarray(noise, kind)
    sigma_nu2 = np.asarray(sigma_nu2, kind)
    alpha = np.asarray(alpha, kind)
    d, k = _sizes(beta, ell, d)
    g = None if g is None else _downstream("g", g, kind, (d,), "d")
    sigma_down = None if sigma_down is None else _downstream("sigma_down", sigma_down, kind, (d, d,), "d")
    batch = _batch(
        beta=beta.shape[:-1],
        ell=ell.shape[:-1],
        noise=noise.shape,
        sigma_nu2=sigma_nu2.shape,
        alpha=alpha.shape,
        g=() if g is None else g.shape[:-1],
        sigma_down=() if sigma_down is None else sigma_down.shape[:-2],
    )
    d_eff, rank, number = k, d - k, d - k
    inside, outside = _positions(g, sigma_down, [(0, k)], [(k, d)])
    count = math.prod(batch)
    last, at = False, _LAW_FIRST
    axis = 0 if last else 1
    weights = np.empty((count, number), kind)
    mean, variance, risk_mean, risk_variance, alpha0 = (np.empty(count, kind) for _ in range(5))
    work = _Work(kind, count, d + k + 6 + d * ((g is not None) + 8 * (sigma_down is not None) * d), last, (2, 1, k))

    def domain(rows, beta, ell, noise, sigma_nu2, alpha, g, sigma_down):
        inside_given = _downstream_domain(last, alpha, g, sigma_down, outside)
        inside_own = at.domain(beta, ell, noise, sigma_nu2, d, k, rows, kind, work)
        return inside_given & inside_own

    def compute(rows, beta, ell, noise, sigma_nu2, alpha, g, sigma_down):
        v_outside = at.outside(beta, ell, noise, d, k, rows, kind, work)
        label_noise = at.noise(beta, ell, noise, sigma_nu2, d, k, rows, kind, work)
        if sigma_down is None:
            own = at.own(noise, d, k, rows, kind, work)
            spread = own if g is None else np.take(g, outside, axis)
            omega = _weights(v_outside, spread)
            first, second = _power_sums(omega, number, 2, axis)
        else:
            v_outside = np.broadcast_to(_lead(v_outside, axis), (rows, number))
            schur, _ = _schur(sigma_down, inside, outside)
            omega = _lead(_spectrum(v_outside, schur), axis)
            first, second = _traces(v_outside, schur, 2)
        second = 2 * second
        moments = first, second, label_noise * d_eff + first / alpha, second / alpha**2
        return omega, *moments, _crossover(first, label_noise, rank)

    _run(
        count,
        work,
        [
            _rows(beta, 1, batch),
            _rows(ell, 1, batch),
            _rows(noise, 0, batch),
            _rows(sigma_nu2, 0, batch),
            _rows(alpha, 0, batch),
            _rows(g, 1, batch),
            _rows(sigma_down, 2, batch),
        ],
        domain,
        compute,
        [weights, mean, variance, risk_mean, risk_variance, alpha0],
        last,
        [2],
    )
    numbers = (found.reshape(batch) for found in (mean, variance, risk_mean, risk_variance, alpha0))
    return Result(weights.reshape(*batch, number), *numbers, d_eff, d_eff + rank)


def cumulants(
    beta: ArrayLike,
    ell: ArrayLike,
    noise: ArrayLike,
    *,
    d: int,
    order: int = 4,
    g: ArrayLike | None = None,
    sigma_down: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Floats:
    """The cumulants `kappa_1 .. kappa_order` of ||L(Z)||^2, (..., order): `kappa_r = 2^{r-1} (r-1)! sum_a omega_a^r`.

    No weights are kept: the function for large batches. Arguments, domain and errors are those of `law`.

    * `beta`: shape (..., k).
    * `ell`: shape (..., k).
    * `noise`: shape (...).
    * `d`: a dimension, which no array tells.
    """
    if g is not None and sigma_down is not None:
        raise ValueError("sigma_down: came together with g, at most one of them is expected")
    kind = _float_type(dtype, beta=beta, ell=ell, noise=noise, g=g, sigma_down=sigma_down)
    beta = np.asarray(beta, kind)
    ell = np.asarray(ell, kind)
    noise = np.asarray(noise, kind)
    d, k = _sizes(beta, ell, d)
    g = None if g is None else _downstream("g", g, kind, (d,), "d")
    sigma_down = None if sigma_down is None else _downstream("sigma_down", sigma_down, kind, (d, d,), "d")
    order = _positive("order", order)
    batch = _batch(
        beta=beta.shape[:-1],
        ell=ell.shape[:-1],
        noise=noise.shape,
        g=() if g is None else g.shape[:-1],
        sigma_down=() if sigma_down is None else sigma_down.shape[:-2],
    )
    number = d - k
    count = math.prod(batch)
    few = _is_few(count, (1, k))
    if few and number and g is None and sigma_down is None:
        found = _plain_cumulants(
            batch,
            order,
            kind,
            lambda: _LAW_FIRST.weights_domain(
                _rows(beta, 1, batch), _rows(ell, 1, batch), _rows(noise, 0, batch), d, k, count, kind, None
            ),
            lambda: formula(beta, ell, noise, d=d, xp=_Plain),
        )
        if found is not None:
            return found
    inside, outside = _positions(g, sigma_down, [(0, k)], [(k, d)])
    last, at = False, _LAW_FIRST
    axis = 0 if last else 1
    result = np.empty((count, order), kind)
    work = _Work(kind, count, d + k + 6 + d * ((g is not None) + 8 * (sigma_down is not None) * d), last, (2, 1, k))

    def domain(rows, beta, ell, noise, g, sigma_down):
        inside_given = _downstream_domain(last, None, g, sigma_down, outside)
        inside_own = at.weights_domain(beta, ell, noise, d, k, rows, kind, work)
        return inside_given & inside_own

    def compute(rows, beta, ell, noise, g, sigma_down):
        v_outside = at.outside(beta, ell, noise, d, k, rows, kind, work)
        if sigma_down is None:
            own = at.own(noise, d, k, rows, kind, work)
            spread = own if g is None else np.take(g, outside, axis)
            omega = _weights(v_outside, spread)
            sums = _power_sums(omega, number, order, axis)
        else:
            schur, _ = _schur(sigma_down, inside, outside)
            sums = _traces(np.broadcast_to(_lead(v_outside, axis), (rows, number)), schur, order)
        return _cumulants_of(sums)

    _run(
        count,
        work,
        [
            _rows(beta, 1, batch),
            _rows(ell, 1, batch),
            _rows(noise, 0, batch),
            _rows(g, 1, batch),
            _rows(sigma_down, 2, batch),
        ],
        domain,
        compute,
        [result[:, column] for column in range(order)],
        last,
        [order - 1],
    )
    return result.reshape(*batch, order)


def value_and_gradient(
    beta: ArrayLike,
    ell: ArrayLike,
    noise: ArrayLike,
    sigma_nu2: ArrayLike,
    alpha: ArrayLike = 1.0,
    *,
    d: int,
    of: str | int | Mapping[str | int, ArrayLike] = "risk_mean",
    g: ArrayLike | None = None,
    sigma_down: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> tuple[Floats, Gradient]:
    """A number of the law and its derivatives by every continuous argument, problem by problem.

    `of`: "mean", "variance", "risk_mean", "risk_variance", "alpha0" as in `Result`, "noise" (sigma^2), or an integer
    for the cumulant of ||L(Z)||^2 of this order; or a mapping of these to factors of shape (...), for the sum of the
    products. Other arguments, domain and errors are those of `law`.

    * `beta`: shape (..., k).
    * `ell`: shape (..., k).
    * `noise`: shape (...).
    * `sigma_nu2`: shape (...).
    * `d`: a dimension, which no array tells.
    """
    if g is not None and sigma_down is not None:
        raise ValueError("sigma_down: came together with g, at most one of them is expected")
    kind = _float_type(
        dtype, beta=beta, ell=ell, noise=noise, sigma_nu2=sigma_nu2, alpha=alpha, g=g, sigma_down=sigma_down
    )
    beta = np.asarray(beta, kind)
    ell = np.asarray(ell, kind)
    noise = np.asarray(noise, kind)
    sigma_nu2 = np.asarray(sigma_nu2, kind)
    alpha = np.asarray(alpha, kind)
    d, k = _sizes(beta, ell, d)
    g = None if g is None else _downstream("g", g, kind, (d,), "d")
    sigma_down = None if sigma_down is None else _downstream("sigma_down", sigma_down, kind, (d, d,), "d")
    names, factors = _targets(of, kind)
    batch = _batch(
        beta=beta.shape[:-1],
        ell=ell.shape[:-1],
        noise=noise.shape,
        sigma_nu2=sigma_nu2.shape,
        alpha=alpha.shape,
        g=() if g is None else g.shape[:-1],
        sigma_down=() if sigma_down is None else sigma_down.shape[:-2],
    )
    batch = _batch(of=batch, **{f"of[{name!r}]": factor.shape for name, factor in zip(names, factors, strict=True)})
    d_eff, rank, number, length = k, d - k, d - k, d
    inside, outside = _positions(g, sigma_down, [(0, k)], [(k, d)])
    count = math.prod(batch)
    last, at = False, _LAW_FIRST
    axis = 0 if last else 1
    value = np.empty(count, kind)
    by_beta = np.empty((count, k), kind)
    by_ell = np.empty((count, k), kind)
    by_noise = np.empty(count, kind)
    by_sigma_nu2 = np.empty(count, kind)
    by_alpha = np.empty(count, kind)
    by_g = None if g is None else np.empty((count, length), kind)
    by_sigma_down = None if sigma_down is None else np.empty((count, length, length), kind)
    parts = _there(value, by_beta, by_ell, by_noise, by_sigma_nu2, by_alpha, by_g, by_sigma_down)
    work = _Work(
        kind,
        count,
        18 * max(k, k, 1) + d * ((g is not None) + 8 * (sigma_down is not None) * d),
        last,
        (2, 1, k),
        (3, 1, k),
    )

    def domain(rows, beta, ell, noise, sigma_nu2, alpha, g, sigma_down, *factors):
        inside_given = _downstream_domain(last, alpha, g, sigma_down, outside)
        inside_own = at.domain(beta, ell, noise, sigma_nu2, d, k, rows, kind, work)
        return inside_given & inside_own

    def compute(rows, beta, ell, noise, sigma_nu2, alpha, g, sigma_down, *factors):
        label_noise = at.noise(beta, ell, noise, sigma_nu2, d, k, rows, kind, work)
        target = _Target(names, factors, alpha, label_noise, d_eff, rank)
        by_given: list[Floats] = []
        if sigma_down is None:
            own = at.own(noise, d, k, rows, kind, work)
            spread = own if g is None else np.take(g, outside, axis)
            fixed = g is not None
            seeds: _Seeds | _Given = _Seeds(target.coefficients, spread, number, rows, kind, axis, fixed)
        else:
            v_outside = at.outside(beta, ell, noise, d, k, rows, kind, work)
            v_outside = np.broadcast_to(_lead(v_outside, axis), (rows, number))
            schur, regression = _schur(sigma_down, inside, outside)
            through = _through_schur(target.coefficients, v_outside, schur, regression, inside, outside)
            known, outside_bar, by_matrix = through
            seeds = _Given(known, _lead(outside_bar, axis), axis)
            by_given = [by_matrix]
        found = at.outside_pullback(beta, ell, noise, d, k, rows, kind, work, seeds)
        outside_by_beta = found[0]
        outside_by_ell = found[1]
        outside_by_noise = found[2]
        bar = target.by_noise(seeds.kappa)
        found = at.noise_pullback(beta, ell, noise, sigma_nu2, d, k, rows, kind, work, bar)
        _ = found[0]
        noise_by_beta = found[1]
        noise_by_ell = found[2]
        noise_by_noise = found[3]
        noise_by_sigma_nu2 = found[4]
        if g is not None:
            by_given = [_scattered(seeds.own, outside, length, axis)]
        return (
            target.value(seeds.kappa),
            outside_by_beta + noise_by_beta,
            outside_by_ell + noise_by_ell,
            outside_by_noise + noise_by_noise,
            noise_by_sigma_nu2,
            target.by_alpha(seeds.kappa),
            *by_given,
        )

    _run(
        count,
        work,
        [
            _rows(beta, 1, batch),
            _rows(ell, 1, batch),
            _rows(noise, 0, batch),
            _rows(sigma_nu2, 0, batch),
            _rows(alpha, 0, batch),
            _rows(g, 1, batch),
            _rows(sigma_down, 2, batch),
            *(_rows(factor, 0, batch) for factor in factors),
        ],
        domain,
        compute,
        parts,
        last,
        range(len(parts)),
    )
    gradient = Gradient(
        by_beta.reshape(*batch, k),
        by_ell.reshape(*batch, k),
        by_noise.reshape(batch),
        by_sigma_nu2.reshape(batch),
        by_alpha.reshape(batch),
        _shaped(by_g, batch),
        _shaped(by_sigma_down, batch),
    )
    return value.reshape(batch), gradient


def outside_variance(
    beta: ArrayLike,
    ell: ArrayLike,
    noise: ArrayLike,
    *,
    d: int,
    dtype: DTypeLike | None = None,
) -> Floats:
    """The variances `v_a` of the displacement of the target out of the learned span, (..., d - k).

    * `beta`: shape (..., k).
    * `ell`: shape (..., k).
    * `noise`: shape (...).
    * `d`: a dimension, which no array tells.
    """
    kind = _float_type(dtype, beta=beta, ell=ell, noise=noise)
    beta = np.asarray(beta, kind)
    ell = np.asarray(ell, kind)
    noise = np.asarray(noise, kind)
    d, k = _sizes(beta, ell, d)
    batch = _batch(beta=beta.shape[:-1], ell=ell.shape[:-1], noise=noise.shape)
    count = math.prod(batch)
    last, at = False, _LAW_FIRST
    result = np.empty((count, d - k), kind)
    work = _Work(kind, count, d + k, last, (2, 1, k))

    def domain(rows, beta, ell, noise):
        inside_own = at.variance_domain(beta, ell, noise, d, k, rows, kind, work)
        return inside_own

    def compute(rows, beta, ell, noise):
        v_outside = at.outside(beta, ell, noise, d, k, rows, kind, work)
        return (_weights(v_outside),)

    _run(
        count,
        work,
        [
            _rows(beta, 1, batch),
            _rows(ell, 1, batch),
            _rows(noise, 0, batch),
        ],
        domain,
        compute,
        [result],
        last,
        [0],
    )
    return result.reshape(*batch, d - k)


def formula(beta: Any, ell: Any, noise: Any, *, d: int, xp: Any = np) -> Any:
    """The weights as the formulas above read, `g` being that of the pre-training data: no checks, no workspace.

    For single problems in an inner loop, and for arrays of any library `xp` that follows the array API standard.
    Scalars are arrays too, of no axis at least; leading axes broadcast.

    * `beta`: shape (..., k).
    * `ell`: shape (..., k).
    * `noise`: shape (...).
    * `d`: a dimension, which no array tells.
    """
    k = beta.shape[-1]
    sum_1 = xp.sum(beta ** 2 / ((ell + noise[..., None]) * ell), axis=-1)
    w_a = noise ** 2 * sum_1
    return _side_by_side(xp, (w_a[..., None], d - k))


def _side_by_side(xp: Any, *parts: tuple[Any, int]) -> Any:
    """Arrays along consecutive ranges as one; an entry that is alone is repeated."""
    lead = xp.broadcast_arrays(*(xp.sum(part, axis=-1) for part, _ in parts))[0].shape
    return xp.concat([xp.broadcast_to(part, (*lead, size)) for part, size in parts], axis=-1)


def excess_loss_mean(
    beta: ArrayLike,
    ell: ArrayLike,
    *,
    d: int,
    dtype: DTypeLike | None = None,
) -> Floats:
    """The mean of the limit of m (L(w_hat) - L(w*)), the excess loss of the first stage, (...).

    * `beta`: shape (..., k).
    * `ell`: shape (..., k).
    * `d`: a dimension, which no array tells.
    """
    kind = _float_type(dtype, beta=beta, ell=ell)
    beta = np.asarray(beta, kind)
    ell = np.asarray(ell, kind)
    d, k = _sizes(beta, ell, d)
    batch = _batch(beta=beta.shape[:-1], ell=ell.shape[:-1])
    count = math.prod(batch)
    last, at = False, _EXCESS_FIRST
    result = np.empty(count, kind)
    work = _Work(kind, count, 5 * max(k, k, 1), last)

    def domain(rows):
        inside_own = at.domain(d, k, rows, kind, work)
        return inside_own

    def compute(rows):
        value = at.value(d, k, rows, kind, work)
        return (value,)

    _run(
        count,
        work,
        [
        ],
        domain,
        compute,
        [result],
        last,
        [0],
    )
    return result.reshape(batch)


def excess_loss_value_and_gradient(
    beta: ArrayLike,
    ell: ArrayLike,
    *,
    d: int,
    dtype: DTypeLike | None = None,
) -> tuple[Floats, ExcessLossGradient]:
    """`excess_loss_mean` and its derivatives by every continuous argument, problem by problem.

    * `beta`: shape (..., k).
    * `ell`: shape (..., k).
    * `d`: a dimension, which no array tells.
    """
    kind = _float_type(dtype, beta=beta, ell=ell)
    beta = np.asarray(beta, kind)
    ell = np.asarray(ell, kind)
    d, k = _sizes(beta, ell, d)
    batch = _batch(beta=beta.shape[:-1], ell=ell.shape[:-1])
    count = math.prod(batch)
    last, at = False, _EXCESS_FIRST
    result = np.empty(count, kind)
    parts = _there(result)
    work = _Work(kind, count, 18 * max(k, k, 1), last)

    def domain(rows):
        inside_own = at.domain(d, k, rows, kind, work)
        return inside_own

    def compute(rows):
        bar = np.ones(rows, kind)
        found = at.pullback(d, k, rows, kind, work, bar)
        return found

    _run(
        count,
        work,
        [
        ],
        domain,
        compute,
        parts,
        last,
        range(len(parts)),
    )
    gradient = ExcessLossGradient()
    return result.reshape(batch), gradient


def natural_law(
    A: ArrayLike,
    beta: ArrayLike,
    noise: ArrayLike,
    sigma_nu2: ArrayLike,
    alpha: ArrayLike = 1.0,
    *,
    sigma_down: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Result:
    """The limiting law for a batch of problems in natural parameters; the change of coordinates is made inside.

    * `A`: shape (..., d, k).
    * `beta`: shape (..., k).
    * `noise`: shape (...).
    * `sigma_nu2`: shape (...).
    * `sigma_down`: shape (..., d, d); without it the downstream covariance is that of the pre-training data.

    The target is projected on the learned span in L2 of the downstream covariance. NaN throughout where a matrix is not
    symmetric, or not positive definite where it must be, or the gap at k is below 1e-10 of the largest eigenvalue.
    """
    kind = _float_type(dtype, A=A, beta=beta, noise=noise, sigma_nu2=sigma_nu2, alpha=alpha, sigma_down=sigma_down)
    _at_most_double(kind)
    A = np.asarray(A, kind)
    beta = np.asarray(beta, kind)
    noise = np.asarray(noise, kind)
    sigma_nu2 = np.asarray(sigma_nu2, kind)
    alpha = np.asarray(alpha, kind)
    d, k = _loadings_shape("A", A)
    _check_core("beta", beta, (k,), f"(..., {k})")
    if sigma_down is not None:
        sigma_down = np.asarray(sigma_down, kind)
        _square("sigma_down", sigma_down, d)
    batch = _batch(
        A=A.shape[:-2],
        beta=beta.shape[:-1],
        noise=noise.shape,
        sigma_nu2=sigma_nu2.shape,
        alpha=alpha.shape,
        sigma_down=() if sigma_down is None else sigma_down.shape[:-2],
    )
    d_eff, rank, number = k, d - k, d - k
    count = math.prod(batch)
    weights = np.empty((count, number), kind)
    numbers = [np.empty(count, kind) for _ in range(5)]
    arrays = [
        _rows(A, 2, batch),
        _rows(beta, 1, batch),
        _rows(noise, 0, batch),
        _rows(sigma_nu2, 0, batch),
        _rows(alpha, 0, batch),
        _rows(sigma_down, 2, batch),
    ]
    for block in _natural_blocks(count, kind, d):
        given = [_some_rows(array, block) for array in arrays[:2]]
        noise, sigma_nu2, alpha, down = (_some_rows(array, block) for array in arrays[2:])
        rows = block.stop - block.start
        with np.errstate(all="ignore"):
            frame = _frame(*given, down, k)
            beta, ell = _law_families(frame.mu, frame.c, noise, sigma_nu2, d, k, rows, kind)
        found = law(beta, ell, noise, sigma_nu2, alpha, d=d, sigma_down=frame.down)
        for result, value in zip([weights, *numbers], found, strict=False):
            result[block] = value
            result[block][~frame.fine] = np.nan
    return Result(weights.reshape(*batch, number), *(x.reshape(batch) for x in numbers), d_eff, d_eff + rank)


def natural_value_and_gradient(
    A: ArrayLike,
    beta: ArrayLike,
    noise: ArrayLike,
    sigma_nu2: ArrayLike,
    alpha: ArrayLike = 1.0,
    *,
    of: str | int | Mapping[str | int, ArrayLike] = "risk_mean",
    sigma_down: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> tuple[Floats, NaturalGradient]:
    """A number of the law, `of` as in `value_and_gradient`, and its derivatives by every continuous natural parameter.

    Derivatives by symmetric matrices are symmetric matrices; equal eigenvalues are no exception but at the gap itself. The
    derivative by the target is that of the projected target. Arguments, domain and errors are those of `natural_law`.

    * `A`: shape (..., d, k).
    * `beta`: shape (..., k).
    * `noise`: shape (...).
    * `sigma_nu2`: shape (...).
    """
    kind = _float_type(dtype, A=A, beta=beta, noise=noise, sigma_nu2=sigma_nu2, alpha=alpha, sigma_down=sigma_down)
    _at_most_double(kind)
    A = np.asarray(A, kind)
    beta = np.asarray(beta, kind)
    noise = np.asarray(noise, kind)
    sigma_nu2 = np.asarray(sigma_nu2, kind)
    alpha = np.asarray(alpha, kind)
    d, k = _loadings_shape("A", A)
    _check_core("beta", beta, (k,), f"(..., {k})")
    if sigma_down is not None:
        sigma_down = np.asarray(sigma_down, kind)
        _square("sigma_down", sigma_down, d)
    batch = _batch(
        A=A.shape[:-2],
        beta=beta.shape[:-1],
        noise=noise.shape,
        sigma_nu2=sigma_nu2.shape,
        alpha=alpha.shape,
        sigma_down=() if sigma_down is None else sigma_down.shape[:-2],
    )
    names, factors = _targets(of, kind)
    batch = _batch(of=batch, **{f"of[{name!r}]": factor.shape for name, factor in zip(names, factors, strict=True)})
    d_eff, rank, number = k, d - k, d - k
    count = math.prod(batch)
    arrays = [
        _rows(A, 2, batch),
        _rows(beta, 1, batch),
        _rows(noise, 0, batch),
        _rows(sigma_nu2, 0, batch),
        _rows(alpha, 0, batch),
        _rows(sigma_down, 2, batch),
        *(_rows(factor, 0, batch) for factor in factors),
    ]
    found: list[Any] = []
    for block in _natural_blocks(count, kind, d):
        given = [_some_rows(array, block) for array in arrays[:2]]
        more = [_some_rows(array, block) for array in arrays[2:]]
        noise, sigma_nu2, alpha, down, *factors = more
        rows = block.stop - block.start
        with np.errstate(all="ignore"):
            frame = _frame(*given, down, k)
            beta, ell = _law_families(frame.mu, frame.c, noise, sigma_nu2, d, k, rows, kind)
        asked = dict(zip(names, factors, strict=True))
        value, by = value_and_gradient(beta, ell, noise, sigma_nu2, alpha, d=d, of=asked, sigma_down=frame.down)
        fine = frame.fine & np.isfinite(value)
        with np.errstate(all="ignore"):
            v_outside = outside_variance(beta, ell, noise, d=d)
            work = _Work(kind, rows, 2 * k + 1, False, (2, 1, k))
            label_noise = _noise_variance(beta, ell, noise, sigma_nu2, d, k, rows, kind, work)
            own = _own_variance(noise, d, k, rows, kind, work)
            wanted = _Target(names, factors, alpha, label_noise, d_eff, rank)
            if frame.down is None:
                schur = np.zeros((rows, number, number), kind)
                schur[:, np.arange(number), np.arange(number)] = _lead(own, 1)
            else:
                places = np.arange(d_eff), np.arange(d_eff, d)
                schur, _ = _schur(_stand_in(fine, frame.down), *places)
            kappa, response = _response(wanted.coefficients, v_outside, schur)
            v_bar = np.diagonal(response, axis1=1, axis2=2)
            inside = _inside_pairs(frame.mu, frame.c, v_bar, wanted.by_noise(kappa), noise, sigma_nu2, d, k, rows, kind)
            outside = _outside_pairs(frame.mu, frame.c, noise, sigma_nu2, d, k, rows, kind) * response
            back = _from_families(frame.mu, frame.c, by.ell, by.beta, noise, sigma_nu2, d, k, rows, kind)
            mu_bar, c_bar, *through = back
            by_m, by_n, by_t, by_down = _by_pencil(frame, d_eff, mu_bar, c_bar, by.sigma_down, inside, outside, False)
            parts = [value, *_to_matrices(by_m, by_n, by_t, *given)]
            parts += [own_part + more for own_part, more in zip(by[2:4], through, strict=True)]
            parts += [by.alpha, by_down]
        for part in parts:
            if part is not None:
                part[~fine] = np.nan
        found.append(parts)
    parts = [None if part[0] is None else np.concatenate(part) for part in zip(*found, strict=True)]
    value, *rest = (None if part is None else part.reshape((*batch, *part.shape[1:])) for part in parts)
    return value, NaturalGradient(*rest)


def natural_cumulants(
    A: ArrayLike,
    beta: ArrayLike,
    noise: ArrayLike,
    sigma_nu2: ArrayLike,
    alpha: ArrayLike = 1.0,
    *,
    order: int = 4,
    sigma_down: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Floats:
    """The cumulants `kappa_1 .. kappa_order` of ||L(Z)||^2, (..., order); arguments, domain and errors are those of `natural_law`.

    * `A`: shape (..., d, k).
    * `beta`: shape (..., k).
    * `noise`: shape (...).
    * `sigma_nu2`: shape (...).
    """
    order = _positive("order", order)
    weights = natural_law(A, beta, noise, sigma_nu2, alpha, sigma_down=sigma_down, dtype=dtype).weights
    with np.errstate(over="ignore", under="ignore"):
        found = [_factor(n) * np.sum(weights**n, axis=-1) for n in range(1, order + 1)]
    return np.where(np.isfinite(found), found, np.nan).transpose(*range(1, weights.ndim), 0)


# ---- the formulas, on a block of problems of one floating-point type


def _outside_variance(
    beta: Floats, ell: Floats, noise: Floats, d: int, k: int, rows: int, kind: np.dtype, work: _Work
) -> Floats:
    """`v_a` for the indices outside the learned span."""
    total = np.empty(rows, kind)
    for tile in work.row_tiles(rows, 1, k):
        height = tile.stop - tile.start
        work_0 = work(0, height, k)
        work_1 = work(1, height, k)
        np.square(_cut(beta, tile), out=work_0)
        np.add(_cut(noise, tile)[:, None], _cut(ell, tile), out=work_1)
        np.multiply(_cut(ell, tile), work_1, out=work_1)
        np.divide(work_0, work_1, out=work_0)
        _row_sums(work_0, out=total[tile])
    v_a = noise * total
    return _join(kind, 1, (v_a, d - k))


def _noise_variance(
    beta: Floats, ell: Floats, noise: Floats, sigma_nu2: Floats, d: int, k: int, rows: int, kind: np.dtype, work: _Work
) -> Floats:
    """`sigma^2`."""
    total = np.empty(rows, kind)
    for tile in work.row_tiles(rows, 1, k):
        height = tile.stop - tile.start
        work_0 = work(0, height, k)
        work_1 = work(1, height, k)
        np.square(_cut(beta, tile), out=work_0)
        np.add(_cut(noise, tile)[:, None], _cut(ell, tile), out=work_1)
        np.divide(work_0, work_1, out=work_0)
        _row_sums(work_0, out=total[tile])
    value = noise * total + sigma_nu2
    return value


def _outside_pullback(
    beta: Floats,
    ell: Floats,
    noise: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
    seeds: _Seeds | _Given,
) -> tuple[Floats, ...]:
    """Derivatives of the seeded sum of the `v_a`, and of the `g_a`."""
    part_i = 1 / (noise[:, None] + ell)
    part_i_2 = 1 / ell
    part_i_3 = beta**2
    part_i_4 = part_i * part_i_2
    total = _row_sums(part_i_3 * part_i_4)
    v_a = noise * total
    v_bar_a = seeds(v_a, 0, d - k)
    g_bar_a = seeds.own_bar(0, d - k)
    total_2 = _over(v_bar_a, d - k, 1)
    part = noise * total_2
    part_i_5 = (2 * part)[:, None] * (beta * part_i_4)
    part_i_6 = part_i**2 * (part_i_2 * part_i_3)
    part_i_7 = -(part[:, None] * (part_i_2**2 * (part_i * part_i_3)) + part[:, None] * part_i_6)
    total_3 = np.empty(rows, kind)
    for tile in work.row_tiles(rows, 1, k):
        height = tile.stop - tile.start
        work_0 = work(0, height, k)
        work_1 = work(1, height, k)
        work_2 = work(2, height, k)
        np.add(_cut(noise, tile)[:, None], _cut(ell, tile), out=work_0)
        np.square(_cut(part_i, tile), out=work_1)
        np.multiply(_cut(part_i_2, tile), _cut(part_i_3, tile), out=work_2)
        _row_sums(_cut(part_i_6, tile), out=total_3[tile])
    total_4 = _over(g_bar_a, d - k, 1)
    part_2 = total * total_2 + total_4 - part * total_3
    return part_i_5, part_i_7, part_2


def _noise_pullback(
    beta: Floats,
    ell: Floats,
    noise: Floats,
    sigma_nu2: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
    bar: Floats,
) -> tuple[Floats, ...]:
    """`sigma^2`, and the derivatives of `bar sigma^2`."""
    part = bar * noise
    part_i = 1 / (noise[:, None] + ell)
    part_i_2 = (2 * part)[:, None] * (part_i * beta)
    part_i_3 = beta**2
    part_i_4 = part_i**2 * part_i_3
    part_i_5 = (part * (-1))[:, None] * part_i_4
    total = _row_sums(part_i_4)
    total_2 = _row_sums(part_i * part_i_3)
    part_2 = bar * total_2 - part * total
    part_3 = noise * total_2 + sigma_nu2
    return part_3, part_i_2, part_i_5, part_2, bar


def _domain(
    beta: Floats, ell: Floats, noise: Floats, sigma_nu2: Floats, d: int, k: int, rows: int, kind: np.dtype, work: _Work
) -> bool | NDArray[np.bool_]:
    """Which problems are inside the domain."""
    inside = _finite(False, ell, noise, sigma_nu2)
    inside = inside & _above(ell, 0, True, 1)
    inside = inside & _above(noise, 0, False, 1)
    inside = inside & _above(sigma_nu2, 0, False, 1)
    return inside


def _weights_domain(
    beta: Floats, ell: Floats, noise: Floats, d: int, k: int, rows: int, kind: np.dtype, work: _Work
) -> bool | NDArray[np.bool_]:
    """Which problems are inside the domain."""
    inside = _finite(False, ell, noise)
    inside = inside & _above(ell, 0, True, 1)
    inside = inside & _above(noise, 0, False, 1)
    return inside


def _own_variance(noise: Floats, d: int, k: int, rows: int, kind: np.dtype, work: _Work) -> Floats:
    """`g_a` of the pre-training data for the indices outside the learned span."""
    return _join(kind, 1, (noise, d - k))


def _excess_loss_mean(d: int, k: int, rows: int, kind: np.dtype, work: _Work) -> Floats:
    """Mean of the limit of `m (L(w_hat) - L(w*))`."""
    return np.array([(k - 1) * k / 4 + (d - k) * k / 2 + k / 2], kind)


def _excess_loss_pullback(d: int, k: int, rows: int, kind: np.dtype, work: _Work, bar: Floats) -> tuple[Floats, ...]:
    """The mean excess loss, and the derivatives of `bar` times it."""
    return (k - 1) * k / 4 + (d - k) * k / 2 + k / 2,


def _excess_domain(d: int, k: int, rows: int, kind: np.dtype, work: _Work) -> bool | NDArray[np.bool_]:
    """Which problems are inside the domain."""
    inside = _finite(False)
    return inside


def _law_families(
    mu: Floats, c: Floats, noise: Floats, sigma_nu2: Floats, d: int, k: int, rows: int, kind: np.dtype
) -> tuple[Floats, Floats]:
    """The families of the law, from eigenvalues and coefficients."""
    mu_i = mu[:, :k]
    return c / np.sqrt(mu_i), mu_i


def _from_families(
    mu: Floats,
    c: Floats,
    family_bar: Floats,
    coefficient_bar: Floats,
    noise: Floats,
    sigma_nu2: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
) -> tuple[Any, ...]:
    """Derivatives by eigenvalues, coefficients and scalars, from those by the families of the law."""
    mu_i = mu[:, :k]
    mu_bar = np.zeros((rows, d), kind)
    mu_bar[:, :k] = family_bar - c * coefficient_bar / (2 * mu_i ** (3 / 2))
    return mu_bar, coefficient_bar / np.sqrt(mu_i), 0.0, 0.0


def _inside_pairs(
    mu: Floats,
    c: Floats,
    v_bar: Floats,
    noise_bar: Floats,
    noise: Floats,
    sigma_nu2: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
) -> Floats:
    """`H / 2` between learned indices."""
    mu_i = mu[:, :k]
    v_bar_a = v_bar[:, 0:d - k]
    sum_1 = np.add.reduce(v_bar_a, axis=-1)
    return (
        (-noise[:, None, None] * noise_bar[:, None, None]
        / ((mu_i[:, :, None] + noise[:, None, None]) * (mu_i[:, None] + noise[:, None, None]) * mu_i[:, :, None])
        - noise[:, None, None] * sum_1[:, None, None]
        / ((mu_i[:, :, None] + noise[:, None, None]) * (mu_i[:, None] + noise[:, None, None]) * mu_i[:, :, None] ** 2)
        - (1 / (mu_i[:, :, None] * mu_i[:, None] ** 2) + 1 / (mu_i[:, :, None] ** 2 * mu_i[:, None]))
        * noise[:, None, None] * sum_1[:, None, None] / (mu_i[:, None] + noise[:, None, None])
        - noise[:, None, None] * noise_bar[:, None, None]
        / ((mu_i[:, None] + noise[:, None, None]) * mu_i[:, :, None] * mu_i[:, None])) * c[:, :, None] * c[:, None]
    )


def _outside_pairs(
    mu: Floats, c: Floats, noise: Floats, sigma_nu2: Floats, d: int, k: int, rows: int, kind: np.dtype
) -> Floats:
    """Divided differences of `v_a` between indices that are not learned."""
    found = np.zeros((rows, d - k, d - k), kind)
    return found


class _LawFunctions(NamedTuple):
    """Functions on arrays of one layout."""

    outside: Callable
    noise: Callable
    outside_pullback: Callable
    noise_pullback: Callable
    domain: Callable
    weights_domain: Callable
    variance_domain: Callable
    own: Callable


_LAW_FIRST = _LawFunctions(
    _outside_variance,
    _noise_variance,
    _outside_pullback,
    _noise_pullback,
    _domain,
    _weights_domain,
    _weights_domain,
    _own_variance,
)


class _ExcessFunctions(NamedTuple):
    """Functions on arrays of one layout."""

    value: Callable
    pullback: Callable
    domain: Callable


_EXCESS_FIRST = _ExcessFunctions(_excess_loss_mean, _excess_loss_pullback, _excess_domain)


def _sizes(beta: Floats, ell: Floats, d: int) -> tuple[int, int]:
    """The dimensions, from the lengths of the families."""
    k = _length("beta", beta, "(..., k) with k >= 1")
    d = _positive("d", d)
    _check_core("ell", ell, (k,), f"(..., k) with k = {k}")
    if not k < d:
        raise ValueError(f"d: {d} came, d > k = {k} is expected")
    return d, k


# ---- weights, cumulants and their derivatives


def _flat(x: Floats, axis: int) -> Floats:
    """The array with an axis for the index, of length 1 if it has none."""
    return x if x.ndim == 2 else x.reshape(1, -1) if axis == 0 else x.reshape(-1, 1)


def _cut(x: Floats, rows: slice) -> Floats:
    """Some rows of an array that has all rows, or one for all."""
    return x[rows] if len(x) > 1 else x


def _lead(x: Floats, axis: int) -> Floats:
    """From the layout with the index on `axis` to that with the batch first, or back."""
    return x.T if axis == 0 else x


def _join(kind: np.dtype, axis: int, *parts: tuple[Floats, int]) -> Floats:
    """Values along consecutive ranges as one axis; a value without that axis, or with 1 entry on it, is repeated."""
    if len(parts) == 1:
        return _flat(np.asarray(parts[0][0], kind), axis)
    values = [_flat(np.asarray(value, kind), axis) for value, _ in parts]
    batch = max(value.shape[1 - axis] for value in values)
    shapes = [(size, batch) if axis == 0 else (batch, size) for _, size in parts]
    return np.concatenate([np.broadcast_to(x, s) for x, s in zip(values, shapes, strict=True)], axis=axis)


def _over(x: Floats, size: int, axis: int) -> Floats:
    """The sum along the axis of a range; equal entries are counted."""
    if x.shape[axis] == 1 or x.strides[axis] == 0:
        return size * np.take(x, 0, axis) if size else np.zeros(x.shape[1 - axis], x.dtype)
    return np.add.reduce(x, axis=axis)


def _row_sums(x: Floats, y: Floats | None = None, out: Floats | None = None) -> Floats:
    """`sum_i x_i`, or `sum_i x_i y_i`, for each row."""
    if y is not None:
        if (len(x) == 1 and x.shape == y.shape) or 16 <= min(x.shape[-1], y.shape[-1]) <= SERIAL:
            return np.vecdot(x, y, out=out)
        x = x * y
    count, size = x.shape
    if count == 1 or size > SERIAL:
        return np.add.reduce(x, axis=1, out=out)
    if size == 2:
        return np.add(x[:, 0], x[:, 1], out=out)
    ones, step = _ones(size, x.dtype), max(1, SERIAL // (size or 1))
    if count <= step:
        return np.dot(x, ones, out=out)
    sums, whole = np.empty(count, x.dtype) if out is None else out, count // step * step
    np.matmul(x[:whole].reshape(count // step, step, size), ones, out=sums[:whole].reshape(-1, step))
    if whole < count:
        np.dot(x[whole:], ones, out=sums[whole:])
    return sums


@cache
def _ones(size: int, kind: np.dtype) -> Floats:
    """As many ones; nobody writes into them."""
    return np.ones(size, kind)


def _added(x: Floats, out: Floats | None = None) -> Floats:
    """The sum along the first axis; of two entries it takes a third of the time as an addition."""
    return np.add(x[0], x[1], out=out) if len(x) == 2 else np.add.reduce(x, axis=0, out=out)


def _onto(function: Callable, x: Floats, y: Floats, swapped: bool = False) -> Floats:
    """`function(x, y)` or `function(y, x)`, in the place of `x` unless that has one row for all and `y` more."""
    out = x if x.shape[-1] >= y.shape[-1] else None
    return function(y, x, out=out) if swapped else function(x, y, out=out)


def _dots(x: Floats, y: Floats) -> Floats:
    """`sum_i x_i y_i` along the first axis; of two entries as an addition of products."""
    return _added(x * y) if len(x) == 2 else np.einsum("in,in->n", x, y)


def _beyond(x: Floats, above: bool, axis: int) -> Floats:
    """For each index the sum over those after it (`above`) or before it."""
    x = np.moveaxis(x, axis, 0)
    sums = np.zeros_like(x)
    if above:
        np.cumsum(x[:0:-1], axis=0, out=sums[-2::-1])
    else:
        np.cumsum(x[:-1], axis=0, out=sums[1:])
    return np.moveaxis(sums, 0, axis)


SMALLEST = {np.dtype(t).itemsize: np.finfo(t).tiny / np.finfo(t).eps for t in (np.float32, np.float64, np.longdouble)}
"""Sums below have lost digits to underflow."""


def _power_sums(w: Floats, count: int, orders: int, axis: int) -> list[Floats]:
    """`sum_a w_a^r` for `r = 1..orders` over `count` weights; a single one is repeated.

    A sum below the range of numbers is NaN, unless all weights are 0.
    """
    sums, power = [np.add.reduce(w, axis=0) if axis == 0 else _row_sums(w)], w
    for order in range(2, orders + 1):
        sums.append(np.einsum("an,an->n", power, w) if axis == 0 else _row_sums(power, w))
        if order < orders:
            with np.errstate(under="ignore"):
                power = power * w
    least = SMALLEST[w.dtype.itemsize]
    if sums[-1].size and (np.minimum.reduce(sums[-1]) if sums[-1].size > 1 else sums[-1].item()) < least:
        sums = [np.where((total < least) & (sums[0] != 0), np.nan, total) for total in sums]
    return [count * total for total in sums] if w.shape[axis] == 1 else sums


def _cumulants_of(sums: list[Floats]) -> list[Floats]:
    """`kappa_r` in the place of `sum_a w_a^r`, for `r` from 1 on."""
    for order, total in enumerate(sums[1:], start=2):
        np.multiply(total, _factor(order), out=total)
    return sums


class _Plain:
    """What `formula` asks of NumPy; sums without the checks around them, which cost more than a short sum."""

    sum, sqrt = np.add.reduce, np.sqrt
    concat, broadcast_to, broadcast_arrays = np.concatenate, np.broadcast_to, np.broadcast_arrays


def _plain_cumulants(
    batch: tuple[int, ...], order: int, kind: np.dtype, inside: Callable[[], Any], weights: Callable[[], Floats]
) -> Floats | None:
    """The cumulants of a few problems from the formula as it reads; None if not all are well inside the domain.

    Then blocks find out which are not: the plain path has no rules of its own.
    """
    result = np.empty((*batch, order), kind)
    with np.errstate(all="raise"):
        try:
            if inside() is not True:
                return None
            power = w = weights()
            if np.minimum.reduce(w, axis=None) < 0:
                return None
            result[..., 0] = total = np.add.reduce(w, axis=-1)
            for number in range(2, order + 1):
                total = np.vecdot(power, w)
                result[..., number - 1] = _factor(number) * total
                if number < order:
                    power = power * w
        except FloatingPointError:
            return None
    least = SMALLEST[kind.itemsize]
    return result if all(least <= number < math.inf for number in total.ravel().tolist()) else None


def _factor(order: int) -> int:
    """`kappa_r / sum_a w_a^r = 2^{r-1} (r-1)!`."""
    return 2 ** (order - 1) * math.factorial(order - 1)


class _Seeds:
    """The derivative of `sum_r c_r kappa_r` by the variances `v_a`, for weights `w_a = g_a v_a`, or `v_a` without `g`.

    Each part of the `v_a` is put in once, as soon as it is known; `kappa` has the cumulants when all are there.
    `own` is the derivative by the `g_a`, which are `fixed` if they do not depend on anything.
    """

    def __init__(
        self,
        coefficients: Mapping[int, Floats],
        g: Floats | None,
        size: int,
        n: int,
        kind: np.dtype,
        axis: int,
        fixed: bool,
    ) -> None:
        self.g, self.size, self.axis, self.fixed = g, size, axis, fixed
        self.orders = max(coefficients)
        self.kind, self.shape = kind, (size, n) if axis == 0 else (n, size)
        self.weights: Floats | None = None
        self.found: dict[int, Floats] | None = None
        self.slopes = {order: _flat(order * _factor(order) * c, axis) for order, c in coefficients.items()}
        self.own = None if g is None else np.empty(self.shape, kind)

    def __call__(self, v: Floats, start: int, size: int, rows: slice | None = None) -> Floats:
        """`v_bar_a` for the `size` indices from `start` on, of all problems or of some `rows`."""
        v, g = _flat(v, self.axis), self._part(self.g, start, size, rows)
        w = v if g is None else v * g
        if rows is None and size == self.size:
            self.weights = w
        else:  # sums of so few numbers at a time would take longer than to keep them
            if self.weights is None:
                self.weights = np.empty(self.shape, self.kind)
            self._part(self.weights, start, size, rows)[...] = w
        w_bar = self._slope(w, rows)
        if self.own is not None:
            self._part(self.own, start, size, rows)[...] = w_bar * v
        v_bar = w_bar if g is None else w_bar * g
        wanted = (size, w.shape[1]) if self.axis == 0 else (w.shape[0], size)
        if v_bar.shape == wanted:
            return v_bar
        v_bar = np.broadcast_to(v_bar, wanted)
        return v_bar if self.axis == 0 else np.ascontiguousarray(v_bar)  # matrix products are slow on repeated entries

    @property
    def kappa(self) -> dict[int, Floats]:
        """The `kappa_r` that are asked for."""
        if self.found is not None:
            return self.found
        weights = np.full(self.shape, np.nan, self.kind) if self.weights is None else self.weights
        found = _cumulants_of(_power_sums(_weights(weights), self.size, self.orders, self.axis))
        self.found = {order: found[order - 1] for order in self.slopes}
        return self.found

    def _part(self, x: Any, start: int, size: int, rows: slice | None) -> Any:
        """The part of an array for the `size` indices from `start` on, and for some rows."""
        if x is not None and rows is not None:
            x = _cut(x, rows)
        if x is None or x.shape[self.axis] == 1:
            return x
        return x[start : start + size] if self.axis == 0 else x[:, start : start + size]

    def _slope(self, w: Floats, rows: slice | None) -> Any:
        """The derivative by the weights, `sum_r r f_r c_r w^{r-1}` with `kappa_r = f_r sum_a w_a^r`."""
        slopes = self.slopes if rows is None else {order: _cut(slope, rows) for order, slope in self.slopes.items()}
        slope = slopes.get(self.orders, 0)
        with np.errstate(under="ignore"):
            for order in range(self.orders - 1, 0, -1):
                slope = slope * w
                if order in slopes:
                    slope += slopes[order]
        return slope

    def own_bar(self, start: int, size: int, rows: slice | None = None) -> Floats:
        """The derivative by `g_a`; 0 where the `g_a` do not depend on anything."""
        if self.own is None or self.fixed:
            return np.zeros((1, 1))
        return self._part(self.own, start, size, rows)


class _Given:
    """`v_bar_a` that are known beforehand."""

    def __init__(self, kappa: dict[int, Floats], v_bar: Floats, axis: int) -> None:
        self.kappa, self.v_bar, self.axis, self.own = kappa, v_bar, axis, None

    def __call__(self, v: Floats, start: int, size: int, rows: slice | None = None) -> Floats:
        """`v_bar_a` for the `size` indices from `start` on, of all problems or of some `rows`."""
        here = slice(start, start + size)
        return self.v_bar[here] if self.axis == 0 else self.v_bar[rows or slice(None), here]

    def own_bar(self, start: int, size: int, rows: slice | None = None) -> Floats:
        """No derivative by `g_a`."""
        return np.zeros((1, 1))


class _Target:
    """A sum of factors times numbers of the law: what it asks of the cumulants, and its further derivatives."""

    def __init__(
        self, names: Sequence[str | int], factors: Sequence[Floats], alpha: Floats, noise: Floats, d_eff: int, rank: int
    ) -> None:
        self.named = [(name, factor) for name, factor in zip(names, factors, strict=True)]
        self.alpha, self.noise, self.d_eff, self.rank = alpha, noise, d_eff, rank
        self.coefficients: dict[int, Floats] = {}
        for name, factor in self.named:
            match name:
                case "mean":
                    self._ask(1, factor)
                case "variance":
                    self._ask(2, factor)
                case "risk_mean":
                    self._ask(1, factor / alpha)
                case "risk_variance":
                    self._ask(2, factor / alpha**2)
                case "alpha0":
                    self._ask(1, factor / (noise * rank))
                case int():
                    self._ask(name, factor)
        if not self.coefficients:
            self._ask(1, np.zeros_like(alpha))

    def _ask(self, order: int, coefficient: Floats) -> None:
        self.coefficients[order] = self.coefficients.get(order, 0) + coefficient

    def value(self, kappa: Mapping[int, Floats]) -> Floats:
        """The sum itself: of cumulants, and of `sigma^2` where it comes in by itself."""
        first, *rest = (c * kappa[order] for order, c in self.coefficients.items())
        total = sum(rest, start=first)
        for name, factor in self.named:
            if name in ("noise", "risk_mean"):
                total = total + factor * self.noise * (self.d_eff if name == "risk_mean" else 1)
        return np.asarray(total)

    def by_noise(self, kappa: Mapping[int, Floats]) -> Floats:
        """The derivative by `sigma^2`."""
        total = np.zeros_like(kappa[next(iter(kappa))])
        for name, factor in self.named:
            if name == "alpha0":
                total = total - factor * kappa[1] / (self.noise**2 * self.rank)
            elif name in ("noise", "risk_mean"):
                total = total + factor * (self.d_eff if name == "risk_mean" else 1)
        return total

    def by_alpha(self, kappa: Mapping[int, Floats]) -> Floats:
        """The derivative by `alpha`; one number if it is the same for all problems."""
        total = np.zeros(1, self.alpha.dtype)
        for name, factor in self.named:
            if name == "risk_mean":
                total = total - factor * kappa[1] / self.alpha**2
            elif name == "risk_variance":
                total = total - 2 * factor * kappa[2] / self.alpha**3
        return total


def _there(*results: Floats | None) -> list[Floats]:
    """The results that are asked for."""
    return [result for result in results if result is not None]


def _shaped(x: Floats | None, batch: tuple[int, ...]) -> Floats | None:
    """Rows in the shape of the batch."""
    return None if x is None else x.reshape(*batch, *x.shape[1:])


def _targets(of: Any, kind: np.dtype) -> tuple[list[str | int], list[Floats]]:
    """Names and factors of what `value_and_gradient` is asked for."""
    known = ("mean", "variance", "risk_mean", "risk_variance", "alpha0", "noise")
    asked = of if isinstance(of, Mapping) else {of: 1.0}
    for name in asked:
        if name not in known and not (isinstance(name, int) and not isinstance(name, bool) and name >= 1):
            raise ValueError(f"of: {name!r} came, an order of a cumulant or one of {', '.join(known)} is expected")
    if not asked:
        raise ValueError("of: nothing came, at least one number of the law is expected")
    return list(asked), [np.asarray(factor, kind) for factor in asked.values()]


def _weights(v: Floats, g: Floats | None = None) -> Floats:
    """`g_a v_a`; NaN for a problem in which one of them is negative."""
    w = v if g is None else v * g
    return np.where(w < 0, np.nan, w) if w.size and np.minimum.reduce(w, axis=None) < 0 else w


def _crossover(mean: Floats, noise: Floats, rank: int) -> Floats:
    """`mean / (sigma^2 rank)`; NaN where that is undefined."""
    if rank and noise.min() > 0:
        return mean / (noise * rank)
    noise = np.broadcast_to(noise, mean.shape) if rank else np.zeros_like(mean)
    return np.divide(mean, noise * rank, out=np.full_like(mean, np.nan), where=noise > 0)


def _scattered(by_outside: Floats, outside: NDArray, length: int, axis: int) -> Floats:
    """Derivatives by the entries outside the learned span among those by all entries."""
    shape = (length, by_outside.shape[1]) if axis == 0 else (by_outside.shape[0], length)
    found = np.zeros(shape, by_outside.dtype)
    found[outside if axis == 0 else (slice(None), outside)] = by_outside
    return found


# ---- downstream covariances that are not diagonal


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


# ---- blocks of a batch


WORKSPACE = 4_000_000
"""Bytes for arrays inside a kernel, whatever the batch."""
# Once a large array has been freed, the C library of Linux keeps the memory of smaller ones rather than give it back to
# the system after each operation, which costs more than to compute with it. Nothing is written, so nothing is used.
np.empty(4 * WORKSPACE, np.uint8)
TILE = 131_072
"""Numbers in one array over two and more indices, at most."""
ROWS = 1024
"""Rows in a block where they are the innermost loop; more of them where problems are small."""
COLUMN = 32_768
"""Rows in a block, or numbers in a tile, without arrays over two indices: what is short stays in the caches."""
SERIAL = 8192
"""Numbers in one call of BLAS: from 9000 on it uses threads, which wait for one another where processors are busy."""
LONG = 96
"""An index range from here on is a better innermost loop than the rows of a batch."""
NARROW = 3
"""Up to so many columns are written one after the other: NumPy would take a row of them at a time."""
LINE = 64
"""Bytes of a cache line. NumPy takes twice as long for differences whose vectors cross from one line into the next."""
BUFFER = 64
"""Numbers in the buffers of NumPy: with its own 8192 an operand without one of the axes is copied before it is used."""


class _Work:
    """The workspace: how many `rows` a block has, arrays for the tiles of a nest, and others that a block needs.

    A problem holds `cold` numbers at a time; each of `nests` is the number of arrays that it needs, the product of the
    sizes of their other indices, and the size of its own, 1 for pairs. `last` says that the batch is the last axis.
    """

    def __init__(self, kind: np.dtype, count: int, cold: int, last: bool, *nests: tuple[int, int, int]) -> None:
        self.kind, self.kept, self.used = kind, list[Floats](), 0
        largest = max([others * size for _, others, size in nests], default=0)
        if 0 < count * max(largest, cold) <= TILE // 8:  # one block and one tile
            self.rows, self.capacity = count, count * largest
            self.slots = [np.empty(self.capacity, kind) for _ in range(max([nest[0] for nest in nests], default=0))]
            return
        room = WORKSPACE // kind.itemsize
        slots = max([nest[0] for nest in nests], default=0)
        short = not last and all(others == 1 for _, others, _ in nests)
        tile = min(COLUMN if short else TILE, room * 2 // 5 // slots) if slots else 0
        whole = room // (cold + slots * largest + 4)  # rows that fit with nests of one tile
        if not last or whole * largest > tile:
            whole = (room - slots * tile) // (cold + 1)
        rows = max(1, min(whole, room if nests else COLUMN))
        if count > 1:
            for _, others, size in nests:
                if last:
                    rows = min(rows, max(ROWS, tile // (others * size + 1)))
                if last or size == 1:
                    rows = min(rows, max(1, tile // (others + 1)))
        step = LINE // kind.itemsize if last and rows >= LINE else 1
        blocks = -(-count // (rows // step * step)) or 1
        self.rows = -(-count // (blocks * step)) * step or 1  # of one size, as few blocks as before
        self.capacity = 0
        if last and slots == 1:  # it stays in the second cache; for several arrays more calls cost what that saves
            tile //= 2
        for _, others, size in nests:
            least = others * (self.rows if last or size == 1 else size)
            most = others * size * self.rows
            self.capacity = max(self.capacity, min(most, max(least, tile)))
        self.slots = [_on_lines(kind, self.capacity) for _ in range(slots)]

    def __call__(self, slot: int, *shape: int) -> Floats:
        """An array of this shape; what it held is overwritten."""
        return self.slots[slot][: math.prod(shape)].reshape(shape)

    def new(self, *shape: int) -> Floats:
        """An array that is nobody else's as long as the block lasts; the next block gets its memory."""
        size = math.prod(shape)
        if self.used == len(self.kept):
            self.kept.append(_on_lines(self.kind, size))
        elif self.kept[self.used].size < size:
            self.kept[self.used] = _on_lines(self.kind, size)
        found = self.kept[self.used][:size]
        self.used += 1
        return found.reshape(shape)

    def tiles(self, size: int, others: int, rows: int) -> list[slice]:
        """Tiles of an index range that fit, where the batch is the last axis."""
        return _slices(size, self.capacity // (others * rows or 1))

    def row_tiles(self, rows: int, others: int, size: int) -> list[slice]:
        """Tiles of rows that fit, where the batch is the first axis."""
        return _slices(rows, self.capacity // (others * size or 1))


def _on_lines(kind: np.dtype, *shape: int) -> Floats:
    """A new array that begins on a cache line."""
    size = math.prod(shape)
    whole = np.empty(size + LINE // kind.itemsize, kind)
    start = -whole.ctypes.data % LINE // kind.itemsize
    return whole[start : start + size].reshape(shape)


def _slices(size: int, width: int) -> list[slice]:
    """Consecutive parts of at most this width, and of at least 1."""
    if width >= size:
        return [slice(0, size)] if size else []
    width = max(1, width)
    return [slice(start, min(size, start + width)) for start in range(0, size, width)]


def _is_short(*nests: tuple[int, int]) -> bool:
    """Whether the batch is to be the last axis: index ranges are short, or one problem alone does not fit a tile.

    A nest is the product of the sizes of its other indices and the size of its own.
    """
    others, size = max(nests, key=math.prod, default=(1, 1))
    return size < LONG or others * size > TILE // 2


def _is_few(count: int, *nests: tuple[int, int]) -> bool:
    """Whether the problems are so few, and so small, that blocks cost more than they save."""
    return 0 < count <= FEW and count * sum([others * size for others, size in nests]) <= TILE // 4


def _run(
    count: int,
    work: _Work,
    arrays: Sequence[Floats | None],
    domain: Callable[..., bool | NDArray[np.bool_]],
    compute: Callable[..., Sequence[Floats]],
    results: Sequence[Floats],
    last: bool,
    checked: Sequence[int],
) -> None:
    """Blocks of rows through `compute` into `results`.

    NaN where a problem is outside the domain or leaves the range of numbers. With `last`, families are handed over with
    the batch on the last axis. `checked` are the results that must be finite.
    """
    step = work.rows
    with np.errstate(divide="raise", over="raise", under="raise", invalid="raise"):
        if count > 1:
            np.setbufsize(BUFFER)
        for start in range(0, count, step):
            stop = min(count, start + step)
            parts = [x if x is None or len(x) == 1 else x[start:stop] for x in arrays]
            mine = results if count <= step else [result[start:stop] for result in results]
            _block(stop - start, work, parts, domain, compute, mine, last, checked)


def _block(
    n: int,
    work: _Work,
    parts: Sequence[Floats | None],
    domain: Callable[..., bool | NDArray[np.bool_]] | None,
    compute: Callable[..., Sequence[Floats]],
    results: Sequence[Floats],
    last: bool,
    checked: Sequence[int],
) -> None:
    """One block of `n` rows; halves of it where a number overflows, underflows or is not one."""
    work.used = 0
    given = [_turned(work, x) for x in parts] if last else parts
    if domain is not None:
        inside = domain(n, *given)
        if inside is not True and not inside.all():  # type: ignore[union-attr]
            _some(np.broadcast_to(inside, n), work, parts, compute, results, last, checked)
            return
    try:
        found = compute(n, *given)
    except FloatingPointError:
        if n == 1:
            for result in results:
                result[...] = np.nan
            return
        for half in (slice(0, n // 2), slice(n // 2, n)):
            some = [x if x is None or len(x) == 1 else x[half] for x in parts]
            _block(half.stop - half.start, work, some, None, compute, [r[half] for r in results], last, checked)
        return
    for result, value in zip(results, found, strict=True):
        _store(result, value, last)
    fine = _finite(last, *(found[number] for number in checked))
    if fine is not True:
        for result in results:
            result[~np.broadcast_to(fine, n)] = np.nan


def _turned(work: _Work, x: Floats | None) -> Floats | None:
    """A family with the batch on the last axis; whatever has no rows or more axes as it is."""
    if x is None or x.ndim != 2:
        return x
    turned = work.new(x.shape[1], len(x))
    np.copyto(turned, x.T)
    return turned


def _store(result: Floats, value: Floats, last: bool) -> None:
    """Copy what a block has found; `last` has the batch on the last axis of `value`.

    A value without the axis of an index is the same for all of them.
    """
    if np.ndim(value) < result.ndim:
        result[...] = value if result.ndim == 1 else np.reshape(value, (-1, 1))
    elif not last or value.ndim != 2:
        result[...] = value
    elif len(value) == result.shape[1] <= NARROW:
        for column, row in enumerate(value):
            result[:, column] = row
    else:
        result[...] = value.T


def _some(
    inside: NDArray[np.bool_],
    work: _Work,
    parts: Sequence[Floats | None],
    compute: Callable[..., Sequence[Floats]],
    results: Sequence[Floats],
    last: bool,
    checked: Sequence[int],
) -> None:
    """A block of which only the problems `inside` are computed."""
    for result in results:
        result[...] = np.nan
    keep = np.flatnonzero(inside)
    if keep.size:
        kept = [np.empty((keep.size, *result.shape[1:]), result.dtype) for result in results]
        some = [x if x is None or len(x) == 1 else x[keep] for x in parts]
        _block(keep.size, work, some, None, compute, kept, last, checked)
        for result, values in zip(results, kept, strict=True):
            result[keep] = values


def _finite(last: bool, *arrays: Floats | None) -> bool | NDArray[np.bool_]:
    """Whether all numbers of a problem are finite: True for all problems, or a value for each."""
    inside: bool | NDArray[np.bool_] = True
    for x in arrays:
        if x is not None and not math.isfinite(_squares(x := np.asarray(x))):
            axes = () if x.ndim == 1 else (0,) if last and x.ndim == 2 else tuple(range(1, x.ndim))
            inside = np.logical_and(inside, np.isfinite(x).all(axis=axes))
    return inside


def _squares(x: Floats) -> float:
    """The sum of the squares of all entries; infinite where one leaves the range of numbers."""
    if x.size <= SERIAL:
        return float(np.vdot(x, x))
    try:
        if x.ndim == 2 and SERIAL // 8 <= x.shape[1] <= SERIAL:
            return float(np.add.reduce(np.vecdot(x, x)))
        flat = x.reshape(-1)
        whole = flat[: flat.size // SERIAL * SERIAL].reshape(-1, SERIAL)
        rest = flat[whole.size :]
        return float(np.add.reduce(np.vecdot(whole, whole)) + np.vdot(rest, rest))
    except FloatingPointError:
        return math.inf


def _above(more: Floats | float, less: Floats | float, strict: bool, axis: int) -> bool | NDArray[np.bool_]:
    """Whether `more > less` (`>=` if not `strict`) for every index on either side: for all problems, or for each."""
    more = np.asarray(more)
    if more.size:  # a minimum for each problem takes longer, and is rarely needed
        lowest = np.minimum.reduce(more, axis=None)
        highest = np.maximum.reduce(less, axis=None, initial=-np.inf) if isinstance(less, np.ndarray) else less
        if lowest > highest or (lowest == highest and not strict):
            return True
    least = np.minimum.reduce(more, axis=axis, initial=np.inf) if more.ndim == 2 else more
    most = less
    if isinstance(less, np.ndarray) and less.ndim == 2:
        most = np.maximum.reduce(less, axis=axis, initial=-np.inf)
    return least > most if strict else least >= most


# ---- arguments


DOUBLE = np.dtype(np.float64)
FEW = 8
"""Up to so many problems the formula as it reads is the quickest."""


def _float_type(dtype: DTypeLike | None, **arguments: ArrayLike | None) -> np.dtype:
    """The requested floating-point type, or the one that holds all arguments; Python numbers do not widen it."""
    found = set()
    for name, value in arguments.items():
        if value is None or type(value) is float or type(value) is int:
            continue
        try:
            own = value.dtype if isinstance(value, np.ndarray) else np.asarray(value).dtype
        except ValueError:
            raise ValueError(f"{name}: rows of different lengths came, an array of real numbers is expected") from None
        if own.kind not in "biuf":
            raise ValueError(f"{name}: an array of {own} came, an array of real numbers is expected")
        found.add(own)
    if dtype is None and (not found or found == {DOUBLE}):
        return DOUBLE
    kind = np.dtype(dtype) if dtype is not None else np.result_type(*found)
    if dtype is None and kind.kind != "f":
        return DOUBLE
    if kind.kind != "f" or kind.itemsize < 4:
        raise ValueError(f"dtype: {kind} came, float32 or a wider floating-point type is expected")
    return kind


def _length(name: str, array: Floats, wanted: str, rest: int = 0) -> int:
    """Length of the last axis without `rest`, at least 1."""
    if array.ndim < 1 or array.shape[-1] - rest < 1:
        raise ValueError(f"{name}: shape {array.shape} came, {wanted} is expected")
    return array.shape[-1] - rest


def _positive(name: str, size: int) -> int:
    if type(size) is int and size > 0:
        return size
    if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < 1:
        raise ValueError(f"{name}: {size!r} came, a positive integer is expected")
    return int(size)


def _check_core(name: str, array: Floats, core: tuple[int, ...], wanted: str) -> None:
    """Refuse an array whose last axes do not have the shape `core`."""
    if array.shape[-len(core) :] != core:
        raise ValueError(f"{name}: shape {array.shape} came, {wanted} is expected")


def _downstream(name: str, value: ArrayLike, kind: np.dtype, core: tuple[int, ...], length: str) -> Floats:
    """A downstream covariance as an array of the given type."""
    array = np.asarray(value, kind)
    wanted = ", ".join([length] * len(core))
    _check_core(name, array, core, f"(..., {wanted}) with {length} = {core[0]}")
    if len(core) == 2 and kind.itemsize > 8:
        raise ValueError(f"dtype: {kind} came, float32 or float64 is expected with {name}")
    return array


NOWHERE = np.empty(0, int)


def _positions(
    g: Floats | None, sigma_down: Floats | None, inside: Sequence[tuple[int, int]], outside: Sequence[tuple[int, int]]
) -> tuple[NDArray, NDArray]:
    """The positions of the indices in and out of the learned span, where a downstream covariance needs them."""
    if g is None and sigma_down is None:
        return NOWHERE, NOWHERE
    first, second = (np.concatenate([np.arange(*ends) for ends in ranges]) for ranges in (inside, outside))
    return first, second


def _batch(**leads: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which all leading axes broadcast."""
    batch: tuple[int, ...] = ()
    several = set(leads.values())
    several.discard(())
    if len(several) <= 1:
        return several.pop() if several else ()
    for name, lead in leads.items():
        try:
            batch = np.broadcast_shapes(batch, lead)
        except ValueError:
            raise ValueError(f"{name}: leading axes {lead} came, axes that fit {batch} are expected") from None
    return batch


def _rows(array: Floats | None, cores: int, batch: tuple[int, ...]) -> Any:
    """The problems of a batch as rows, `(rows, ...)` with `cores` further axes: all of them, or one for all."""
    if array is None:
        return None
    lead, core = array.shape[: array.ndim - cores], array.shape[array.ndim - cores :]
    if lead == batch and (len(batch) == 1 or array.flags.c_contiguous):
        return array if len(batch) == 1 else array.reshape(math.prod(batch), *core)
    if math.prod(lead) == 1:
        return array.reshape(1, *core)
    if lead != batch:
        array = np.broadcast_to(array, batch + core)
    if len(batch) != 1 and math.prod(batch) <= FEW:
        return array.reshape(math.prod(batch), *core)
    return array if len(batch) == 1 else _Scattered(array, batch)


class _Scattered:
    """Rows of an array that cannot be viewed as rows: they are copied a block at a time."""

    def __init__(self, array: Floats, batch: tuple[int, ...]) -> None:
        self.array, self.batch = array, batch

    def __len__(self) -> int:
        return math.prod(self.batch)

    def __getitem__(self, rows: slice) -> Floats:
        return self.array[np.unravel_index(np.arange(rows.start, rows.stop), self.batch)]


# ---- natural parameters


def _square(name: str, array: Floats, size: int | None = None) -> int:
    """The side of square matrices."""
    if array.ndim < 2 or array.shape[-1] != array.shape[-2] or array.shape[-1] != (size or array.shape[-1]):
        wanted = f"(..., {size}, {size})" if size else "square matrices (..., d, d)"
        raise ValueError(f"{name}: shape {array.shape} came, {wanted} is expected")
    return array.shape[-1]


def _below(name: str, size: int, most: int) -> int:
    """A whole number from 1 to `most`."""
    if not isinstance(size, int | np.integer) or isinstance(size, bool) or not 1 <= size <= most:
        raise ValueError(f"{name}: {size!r} came, an integer from 1 to {most} is expected")
    return int(size)


def _at_most_double(kind: np.dtype) -> None:
    if kind.itemsize > 8:
        raise ValueError(f"dtype: {kind} came, float32 or float64 is expected for natural parameters")


def _some_rows(array: Any, rows: slice) -> Any:
    """The problems of a block; one for all is repeated."""
    if array is None:
        return None
    size = rows.stop - rows.start
    return np.broadcast_to(array, (size, *array.shape[1:])) if len(array) == 1 else array[rows]


def _symmetric(matrix: Floats) -> NDArray[np.bool_]:
    """Which matrices are finite and symmetric to 1e-10 relative."""
    wide = np.max(np.abs(matrix), axis=(-2, -1))
    gap = np.max(np.abs(matrix - np.swapaxes(matrix, -1, -2)), axis=(-2, -1))
    return np.isfinite(wide) & (gap <= 1e-10 * wide)


def _stand_in(fine: NDArray[np.bool_], matrix: Floats) -> Floats:
    """Unit matrices in place of those that are not fine."""
    if fine.all():
        return matrix
    return np.where(fine[:, None, None], matrix, np.eye(*matrix.shape[-2:], dtype=matrix.dtype))


# ---- eigenvalue problems


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


# ---- their aligned coordinates


def _loadings_shape(name: str, array: Floats) -> tuple[int, int]:
    """Rows and columns, more rows than columns."""
    if array.ndim < 2 or not 1 <= array.shape[-1] < array.shape[-2]:
        raise ValueError(f"{name}: shape {array.shape} came, (..., d, k) with k < d is expected")
    return array.shape[-2], array.shape[-1]


def _frame(loadings: Floats, beta: Floats, down: Floats | None, k: int) -> _Frame:
    """Rotate to the left singular vectors; the target stays in the span of the columns whatever these are."""
    fine = np.all(np.isfinite(loadings), axis=(1, 2))
    vectors, singular, _ = np.linalg.svd(_stand_in(fine, loadings))
    mu = np.zeros(vectors.shape[:2], loadings.dtype)
    mu[:, :k] = singular**2
    t = np.matmul(loadings, beta[:, :, None])[:, :, 0]
    return _placed(fine, mu, np.swapaxes(vectors, 1, 2), vectors, t, down, k, False)


def _to_matrices(by_m: Floats, by_n: Floats, by_t: Floats, loadings: Floats, beta: Floats) -> tuple[Floats, ...]:
    """Derivatives by the arguments."""
    by_loadings = 2 * (by_n @ loadings) + by_t[:, :, None] * beta[:, None, :]
    return by_loadings, np.matmul(np.swapaxes(loadings, 1, 2), by_t[:, :, None])[:, :, 0]
