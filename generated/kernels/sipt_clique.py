# Made by `symasym build` from derivations/sipt.py; do not edit. Remake: symasym build sipt_clique
"""Structure-inducing pre-training on cliques: the limiting law of n (R - sigma^2).

    n (R - sigma^2) -> sigma^2 d_eff + (1/alpha) ||L(Z)||^2,   ||L(Z)||^2 = sum_a omega_a chi2_1

    sigma^2 = sigma2
    d_eff = k,   rank L = d - k
    omega_a = g_a v_a   for a = k + 1..d
    v_a = sum_{i=1..k} (r + gamma sig_i)^2 (K (r^2 + gamma^2 (4 rho_a rho_i^2 + 4 rho_a + 4 rho_i - 8 rho_a rho_i
            - 3 rho_i^2) + 2 gamma r (2 rho_a + rho_i - 2 rho_a rho_i)) + 4 gamma^2 (rho_a - 1) (rho_i - 1)
            + K^2 (2 gamma + r - gamma rho_i)^2 rho_a rho_i) b_i^2 sig_a sig_i
            / (K (1 + K) (r^2 (sig_i - sig_a) + gamma r (rho_i sig_a + rho_i sig_i - 2 rho_a sig_a)
            + 2 gamma^2 (rho_i - rho_a) sig_a sig_i)^2)
    g_a = sig_a   unless given
    lim E m (L(w_hat) - L(w*)) = sum_{i=1..k} 2 gamma^2 (1 + K rho_i)^2 (rho_i - 1)^2 sig_i
                                   / (K (1 + K) (r + gamma sig_i))
                               + sum_{1<=i<j<=k} gamma^2 (K (4 rho_i rho_j^2 + 4 rho_i^2 rho_j + 4 rho_i + 4 rho_j
                                   - 10 rho_i rho_j - 3 rho_i^2 - 3 rho_j^2) + 4 (rho_i - 1) (rho_j - 1)
                                   + K^2 (rho_i + rho_j - 2)^2 rho_i rho_j) sig_i sig_j
                                   / (K (1 + K) (r sig_i + r sig_j + 2 gamma sig_i sig_j))
                               + sum_{i=1..k} sum_{a=k+1..d} (r + gamma rho_i) (K (r^2
                                   + gamma^2 (4 rho_a rho_i^2 + 4 rho_a + 4 rho_i - 8 rho_a rho_i - 3 rho_i^2)
                                   + 2 gamma r (2 rho_a + rho_i - 2 rho_a rho_i)) + 4 gamma^2 (rho_a - 1) (rho_i - 1)
                                   + K^2 (2 gamma + r - gamma rho_i)^2 rho_a rho_i) sig_a sig_i
                                   / (K (1 + K) (r^2 (sig_i - sig_a) + gamma r (rho_i sig_a + rho_i sig_i
                                   - 2 rho_a sig_a) + 2 gamma^2 (rho_i - rho_a) sig_a sig_i))

Arguments are in aligned coordinates, in which derivations/sipt.py states the model. The last axis of a family is its
index, counted from 1 in the formulas; leading axes are a batch and broadcast:
    b, shape (..., k): i = 1..k
    rho, shape (..., d): i = 1..k, a = k + 1..d
    sig, shape (..., d): i = 1..k, a = k + 1..d
    K, gamma, r, sigma2, shape (...): scalars
A downstream covariance that is not diagonal in aligned coordinates is given as `sigma_down`; the weights are then the
eigenvalues of diag(v)^{1/2} S diag(v)^{1/2}, with S its Schur complement on the learned indices i = 1..k.

`natural_law`, `natural_cumulants` and `natural_value_and_gradient` take Sigma, Sigma_plus, target as they are, also
where derivations/sipt.py has no aligned coordinates for them: they evaluate the forms of the first stage at w* from
trace words, which costs the cube of the number of parameters for each problem.

Checked: k < d.
Domain: finite numbers with sig_i > 0, sig_a > 0, rho_i gamma + r > 0, K >= 0, gamma >= 0, r >= 0, sigma2 >= 0, alpha >
0, no weight negative, a positive definite `sigma_down`. A problem outside of it has NaN throughout, and so has one in
which an intermediate number overflows or underflows.
Assumed and not checked: (gamma*rho_i + r)*(gamma*sig_a*sig_i + r*(sig_a + sig_i)/2)/(gamma*sig_i + r) >
sig_a*(gamma*rho_a + r).
* w* is the global minimiser: A* spans the k directions with the largest gains

References:
* McDermott2021
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

# Core dimensions of b, rho, sig, K, gamma, r, sigma2, alpha, g, sigma_down and of the arrays in the result; n = d - k.
SIGNATURE = "(k),(d),(d),(),(),(),(),(),(d),(d,d)->(n),(),(),(),(),()"


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

    b: Floats
    rho: Floats
    sig: Floats
    K: Floats
    gamma: Floats
    r: Floats
    sigma2: Floats
    alpha: Floats
    g: Floats | None
    sigma_down: Floats | None


class ExcessLossGradient(NamedTuple):
    """Derivatives by every continuous argument of `excess_loss_mean`, of the shape of the batch and of the argument."""

    rho: Floats
    sig: Floats
    K: Floats
    gamma: Floats
    r: Floats


class NaturalGradient(NamedTuple):
    """Derivatives by every continuous argument of `natural_law`; by `sigma_down` None where it was not given."""

    Sigma: Floats
    Sigma_plus: Floats
    target: Floats
    K: Floats
    gamma: Floats
    r: Floats
    sigma2: Floats
    alpha: Floats
    sigma_down: Floats | None


def law(
    b: ArrayLike,
    rho: ArrayLike,
    sig: ArrayLike,
    K: ArrayLike,
    gamma: ArrayLike,
    r: ArrayLike,
    sigma2: ArrayLike,
    alpha: ArrayLike = 1.0,
    *,
    g: ArrayLike | None = None,
    sigma_down: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Result:
    """The limiting law for a batch of problems in aligned coordinates; leading axes broadcast.

    * `b`: shape (..., k).
    * `rho`: shape (..., d).
    * `sig`: shape (..., d).
    * `K`: shape (...).
    * `gamma`: shape (...).
    * `r`: shape (...).
    * `sigma2`: shape (...).
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
        dtype, b=b, rho=rho, sig=sig, K=K, gamma=gamma, r=r, sigma2=sigma2, alpha=alpha, g=g, sigma_down=sigma_down
    )
    b = np.asarray(b, kind)
    rho = np.asarray(rho, kind)
    sig = np.asarray(sig, kind)
    K = np.asarray(K, kind)
    gamma = np.asarray(gamma, kind)
    r = np.asarray(r, kind)
    sigma2 = np.asarray(sigma2, kind)
    alpha = np.asarray(alpha, kind)
    d, k = _sizes(b, rho, sig)
    g = None if g is None else _downstream("g", g, kind, (d,), "d")
    sigma_down = None if sigma_down is None else _downstream("sigma_down", sigma_down, kind, (d, d,), "d")
    batch = _batch(
        b=b.shape[:-1],
        rho=rho.shape[:-1],
        sig=sig.shape[:-1],
        K=K.shape,
        gamma=gamma.shape,
        r=r.shape,
        sigma2=sigma2.shape,
        alpha=alpha.shape,
        g=() if g is None else g.shape[:-1],
        sigma_down=() if sigma_down is None else sigma_down.shape[:-2],
    )
    d_eff, rank, number = k, d - k, d - k
    inside, outside = _positions(g, sigma_down, [(0, k)], [(k, d)])
    count = math.prod(batch)
    last = _is_short((k, d - k))
    at = _LAW_LAST if last else _LAW_FIRST
    axis = 0 if last else 1
    weights = np.empty((count, number), kind)
    mean, variance, risk_mean, risk_variance, alpha0 = (np.empty(count, kind) for _ in range(5))
    work = _Work(
        kind,
        count,
        11 * d - 2 * k + 6 + d * ((g is not None) + 8 * (sigma_down is not None) * d),
        last,
        (6, k, d - k),
        (7, k, d - k),
    )

    def domain(rows, b, rho, sig, K, gamma, r, sigma2, alpha, g, sigma_down):
        inside_given = _downstream_domain(last, alpha, g, sigma_down, outside)
        inside_own = at.domain(b, rho, sig, K, gamma, r, sigma2, d, k, rows, kind, work)
        return inside_given & inside_own

    def compute(rows, b, rho, sig, K, gamma, r, sigma2, alpha, g, sigma_down):
        v_outside = at.outside(b, rho, sig, K, gamma, r, d, k, rows, kind, work)
        label_noise = at.noise(sigma2, d, k, rows, kind, work)
        if sigma_down is None:
            own = at.own(sig, d, k, rows, kind, work)
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
            _rows(b, 1, batch),
            _rows(rho, 1, batch),
            _rows(sig, 1, batch),
            _rows(K, 0, batch),
            _rows(gamma, 0, batch),
            _rows(r, 0, batch),
            _rows(sigma2, 0, batch),
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
    b: ArrayLike,
    rho: ArrayLike,
    sig: ArrayLike,
    K: ArrayLike,
    gamma: ArrayLike,
    r: ArrayLike,
    *,
    order: int = 4,
    g: ArrayLike | None = None,
    sigma_down: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Floats:
    """The cumulants `kappa_1 .. kappa_order` of ||L(Z)||^2, (..., order): `kappa_r = 2^{r-1} (r-1)! sum_a omega_a^r`.

    No weights are kept: the function for large batches. Arguments, domain and errors are those of `law`.

    * `b`: shape (..., k).
    * `rho`: shape (..., d).
    * `sig`: shape (..., d).
    * `K`: shape (...).
    * `gamma`: shape (...).
    * `r`: shape (...).
    """
    if g is not None and sigma_down is not None:
        raise ValueError("sigma_down: came together with g, at most one of them is expected")
    kind = _float_type(dtype, b=b, rho=rho, sig=sig, K=K, gamma=gamma, r=r, g=g, sigma_down=sigma_down)
    b = np.asarray(b, kind)
    rho = np.asarray(rho, kind)
    sig = np.asarray(sig, kind)
    K = np.asarray(K, kind)
    gamma = np.asarray(gamma, kind)
    r = np.asarray(r, kind)
    d, k = _sizes(b, rho, sig)
    g = None if g is None else _downstream("g", g, kind, (d,), "d")
    sigma_down = None if sigma_down is None else _downstream("sigma_down", sigma_down, kind, (d, d,), "d")
    order = _positive("order", order)
    batch = _batch(
        b=b.shape[:-1],
        rho=rho.shape[:-1],
        sig=sig.shape[:-1],
        K=K.shape,
        gamma=gamma.shape,
        r=r.shape,
        g=() if g is None else g.shape[:-1],
        sigma_down=() if sigma_down is None else sigma_down.shape[:-2],
    )
    number = d - k
    count = math.prod(batch)
    few = _is_few(count, (k, d - k))
    if few and number and g is None and sigma_down is None:
        found = _plain_cumulants(
            batch,
            order,
            kind,
            lambda: _LAW_FIRST.weights_domain(
                _rows(b, 1, batch),
                _rows(rho, 1, batch),
                _rows(sig, 1, batch),
                _rows(K, 0, batch),
                _rows(gamma, 0, batch),
                _rows(r, 0, batch),
                d,
                k,
                count,
                kind,
                None,
            ),
            lambda: formula(b, rho, sig, K, gamma, r, xp=_Plain),
        )
        if found is not None:
            return found
    inside, outside = _positions(g, sigma_down, [(0, k)], [(k, d)])
    last = _is_short((k, d - k))
    at = _LAW_LAST if last else _LAW_FIRST
    axis = 0 if last else 1
    result = np.empty((count, order), kind)
    work = _Work(
        kind,
        count,
        11 * d - 2 * k + 6 + d * ((g is not None) + 8 * (sigma_down is not None) * d),
        last,
        (6, k, d - k),
        (7, k, d - k),
    )

    def domain(rows, b, rho, sig, K, gamma, r, g, sigma_down):
        inside_given = _downstream_domain(last, None, g, sigma_down, outside)
        inside_own = at.weights_domain(b, rho, sig, K, gamma, r, d, k, rows, kind, work)
        return inside_given & inside_own

    def compute(rows, b, rho, sig, K, gamma, r, g, sigma_down):
        v_outside = at.outside(b, rho, sig, K, gamma, r, d, k, rows, kind, work)
        if sigma_down is None:
            own = at.own(sig, d, k, rows, kind, work)
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
            _rows(b, 1, batch),
            _rows(rho, 1, batch),
            _rows(sig, 1, batch),
            _rows(K, 0, batch),
            _rows(gamma, 0, batch),
            _rows(r, 0, batch),
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
    b: ArrayLike,
    rho: ArrayLike,
    sig: ArrayLike,
    K: ArrayLike,
    gamma: ArrayLike,
    r: ArrayLike,
    sigma2: ArrayLike,
    alpha: ArrayLike = 1.0,
    *,
    of: str | int | Mapping[str | int, ArrayLike] = "risk_mean",
    g: ArrayLike | None = None,
    sigma_down: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> tuple[Floats, Gradient]:
    """A number of the law and its derivatives by every continuous argument, problem by problem.

    `of`: "mean", "variance", "risk_mean", "risk_variance", "alpha0" as in `Result`, "noise" (sigma^2), or an integer
    for the cumulant of ||L(Z)||^2 of this order; or a mapping of these to factors of shape (...), for the sum of the
    products. Other arguments, domain and errors are those of `law`.

    * `b`: shape (..., k).
    * `rho`: shape (..., d).
    * `sig`: shape (..., d).
    * `K`: shape (...).
    * `gamma`: shape (...).
    * `r`: shape (...).
    * `sigma2`: shape (...).
    """
    if g is not None and sigma_down is not None:
        raise ValueError("sigma_down: came together with g, at most one of them is expected")
    kind = _float_type(
        dtype, b=b, rho=rho, sig=sig, K=K, gamma=gamma, r=r, sigma2=sigma2, alpha=alpha, g=g, sigma_down=sigma_down
    )
    b = np.asarray(b, kind)
    rho = np.asarray(rho, kind)
    sig = np.asarray(sig, kind)
    K = np.asarray(K, kind)
    gamma = np.asarray(gamma, kind)
    r = np.asarray(r, kind)
    sigma2 = np.asarray(sigma2, kind)
    alpha = np.asarray(alpha, kind)
    d, k = _sizes(b, rho, sig)
    g = None if g is None else _downstream("g", g, kind, (d,), "d")
    sigma_down = None if sigma_down is None else _downstream("sigma_down", sigma_down, kind, (d, d,), "d")
    names, factors = _targets(of, kind)
    batch = _batch(
        b=b.shape[:-1],
        rho=rho.shape[:-1],
        sig=sig.shape[:-1],
        K=K.shape,
        gamma=gamma.shape,
        r=r.shape,
        sigma2=sigma2.shape,
        alpha=alpha.shape,
        g=() if g is None else g.shape[:-1],
        sigma_down=() if sigma_down is None else sigma_down.shape[:-2],
    )
    batch = _batch(of=batch, **{f"of[{name!r}]": factor.shape for name, factor in zip(names, factors, strict=True)})
    d_eff, rank, number, length = k, d - k, d - k, d
    inside, outside = _positions(g, sigma_down, [(0, k)], [(k, d)])
    count = math.prod(batch)
    last = _is_short((k, d - k))
    at = _LAW_LAST if last else _LAW_FIRST
    axis = 0 if last else 1
    value = np.empty(count, kind)
    by_b = np.empty((count, k), kind)
    by_rho = np.empty((count, d), kind)
    by_sig = np.empty((count, d), kind)
    by_K = np.empty(count, kind)
    by_gamma = np.empty(count, kind)
    by_r = np.empty(count, kind)
    by_sigma2 = np.empty(count, kind)
    by_alpha = np.empty(count, kind)
    by_g = None if g is None else np.empty((count, length), kind)
    by_sigma_down = None if sigma_down is None else np.empty((count, length, length), kind)
    parts = _there(value, by_b, by_rho, by_sig, by_K, by_gamma, by_r, by_sigma2, by_alpha, by_g, by_sigma_down)
    work = _Work(
        kind,
        count,
        25 * d + 25 * k + 12 + d * ((g is not None) + 8 * (sigma_down is not None) * d),
        last,
        (6, k, d - k),
        (12, k, d - k),
        (7, k, d - k),
    )

    def domain(rows, b, rho, sig, K, gamma, r, sigma2, alpha, g, sigma_down, *factors):
        inside_given = _downstream_domain(last, alpha, g, sigma_down, outside)
        inside_own = at.domain(b, rho, sig, K, gamma, r, sigma2, d, k, rows, kind, work)
        return inside_given & inside_own

    def compute(rows, b, rho, sig, K, gamma, r, sigma2, alpha, g, sigma_down, *factors):
        label_noise = at.noise(sigma2, d, k, rows, kind, work)
        target = _Target(names, factors, alpha, label_noise, d_eff, rank)
        by_given: list[Floats] = []
        if sigma_down is None:
            own = at.own(sig, d, k, rows, kind, work)
            spread = own if g is None else np.take(g, outside, axis)
            fixed = g is not None
            seeds: _Seeds | _Given = _Seeds(target.coefficients, spread, number, rows, kind, axis, fixed)
        else:
            v_outside = at.outside(b, rho, sig, K, gamma, r, d, k, rows, kind, work)
            v_outside = np.broadcast_to(_lead(v_outside, axis), (rows, number))
            schur, regression = _schur(sigma_down, inside, outside)
            through = _through_schur(target.coefficients, v_outside, schur, regression, inside, outside)
            known, outside_bar, by_matrix = through
            seeds = _Given(known, _lead(outside_bar, axis), axis)
            by_given = [by_matrix]
        found = at.outside_pullback(b, rho, sig, K, gamma, r, d, k, rows, kind, work, seeds)
        outside_by_b = found[0]
        outside_by_rho = found[1]
        outside_by_sig = found[2]
        outside_by_K = found[3]
        outside_by_gamma = found[4]
        outside_by_r = found[5]
        bar = target.by_noise(seeds.kappa)
        _, noise_by_sigma2 = at.noise_pullback(sigma2, d, k, rows, kind, work, bar)
        if g is not None:
            by_given = [_scattered(seeds.own, outside, length, axis)]
        return (
            target.value(seeds.kappa),
            outside_by_b,
            outside_by_rho,
            outside_by_sig,
            outside_by_K,
            outside_by_gamma,
            outside_by_r,
            noise_by_sigma2,
            target.by_alpha(seeds.kappa),
            *by_given,
        )

    _run(
        count,
        work,
        [
            _rows(b, 1, batch),
            _rows(rho, 1, batch),
            _rows(sig, 1, batch),
            _rows(K, 0, batch),
            _rows(gamma, 0, batch),
            _rows(r, 0, batch),
            _rows(sigma2, 0, batch),
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
        by_b.reshape(*batch, k),
        by_rho.reshape(*batch, d),
        by_sig.reshape(*batch, d),
        by_K.reshape(batch),
        by_gamma.reshape(batch),
        by_r.reshape(batch),
        by_sigma2.reshape(batch),
        by_alpha.reshape(batch),
        _shaped(by_g, batch),
        _shaped(by_sigma_down, batch),
    )
    return value.reshape(batch), gradient


def outside_variance(
    b: ArrayLike,
    rho: ArrayLike,
    sig: ArrayLike,
    K: ArrayLike,
    gamma: ArrayLike,
    r: ArrayLike,
    *,
    dtype: DTypeLike | None = None,
) -> Floats:
    """The variances `v_a` of the displacement of the target out of the learned span, (..., d - k).

    * `b`: shape (..., k).
    * `rho`: shape (..., d).
    * `sig`: shape (..., d).
    * `K`: shape (...).
    * `gamma`: shape (...).
    * `r`: shape (...).
    """
    kind = _float_type(dtype, b=b, rho=rho, sig=sig, K=K, gamma=gamma, r=r)
    b = np.asarray(b, kind)
    rho = np.asarray(rho, kind)
    sig = np.asarray(sig, kind)
    K = np.asarray(K, kind)
    gamma = np.asarray(gamma, kind)
    r = np.asarray(r, kind)
    d, k = _sizes(b, rho, sig)
    batch = _batch(b=b.shape[:-1], rho=rho.shape[:-1], sig=sig.shape[:-1], K=K.shape, gamma=gamma.shape, r=r.shape)
    count = math.prod(batch)
    last = _is_short((k, d - k))
    at = _LAW_LAST if last else _LAW_FIRST
    result = np.empty((count, d - k), kind)
    work = _Work(kind, count, 11 * d - 2 * k, last, (6, k, d - k), (7, k, d - k))

    def domain(rows, b, rho, sig, K, gamma, r):
        inside_own = at.variance_domain(b, rho, sig, K, gamma, r, d, k, rows, kind, work)
        return inside_own

    def compute(rows, b, rho, sig, K, gamma, r):
        v_outside = at.outside(b, rho, sig, K, gamma, r, d, k, rows, kind, work)
        return (_weights(v_outside),)

    _run(
        count,
        work,
        [
            _rows(b, 1, batch),
            _rows(rho, 1, batch),
            _rows(sig, 1, batch),
            _rows(K, 0, batch),
            _rows(gamma, 0, batch),
            _rows(r, 0, batch),
        ],
        domain,
        compute,
        [result],
        last,
        [0],
    )
    return result.reshape(*batch, d - k)


def formula(b: Any, rho: Any, sig: Any, K: Any, gamma: Any, r: Any, *, xp: Any = np) -> Any:
    """The weights as the formulas above read, `g` being that of the pre-training data: no checks, no workspace.

    For single problems in an inner loop, and for arrays of any library `xp` that follows the array API standard.
    Scalars are arrays too, of no axis at least; leading axes broadcast.

    * `b`: shape (..., k).
    * `rho`: shape (..., d).
    * `sig`: shape (..., d).
    * `K`: shape (...).
    * `gamma`: shape (...).
    * `r`: shape (...).
    """
    k = b.shape[-1]
    sig_i = sig[..., :k]
    rho_i = rho[..., :k]
    rho_a = rho[..., k:]
    sig_a = sig[..., k:]
    sum_1_a = (
        xp.sum((4 * (rho_a[..., None, :] - 1) * (rho_i[..., :, None] - 1) * gamma[..., None, None] ** 2
        + (2 * (2 * rho_a[..., None, :] + rho_i[..., :, None] - 2 * rho_a[..., None, :] * rho_i[..., :, None])
        * gamma[..., None, None] * r[..., None, None]
        + (4 * rho_a[..., None, :] + 4 * rho_i[..., :, None] + 4 * rho_a[..., None, :] * rho_i[..., :, None] ** 2
        - 8 * rho_a[..., None, :] * rho_i[..., :, None] - 3 * rho_i[..., :, None] ** 2) * gamma[..., None, None] ** 2
        + r[..., None, None] ** 2) * K[..., None, None]
        + (2 * gamma[..., None, None] + r[..., None, None] - rho_i[..., :, None] * gamma[..., None, None]) ** 2
        * rho_a[..., None, :] * rho_i[..., :, None] * K[..., None, None] ** 2)
        * (sig_i[..., :, None] * gamma[..., None, None] + r[..., None, None]) ** 2 * b[..., :, None] ** 2
        * sig_i[..., :, None] / (2 * (rho_i[..., :, None] - rho_a[..., None, :]) * sig_a[..., None, :]
        * sig_i[..., :, None] * gamma[..., None, None] ** 2
        + (sig_i[..., :, None] - sig_a[..., None, :]) * r[..., None, None] ** 2
        + (rho_i[..., :, None] * sig_a[..., None, :] + rho_i[..., :, None] * sig_i[..., :, None]
        - 2 * rho_a[..., None, :] * sig_a[..., None, :]) * gamma[..., None, None] * r[..., None, None]) ** 2, axis=-2)
    )
    w_a = sig_a ** 2 * sum_1_a / ((1 + K[..., None]) * K[..., None])
    return w_a


def excess_loss_mean(
    b: ArrayLike,
    rho: ArrayLike,
    sig: ArrayLike,
    K: ArrayLike,
    gamma: ArrayLike,
    r: ArrayLike,
    *,
    dtype: DTypeLike | None = None,
) -> Floats:
    """The mean of the limit of m (L(w_hat) - L(w*)), the excess loss of the first stage, (...).

    * `b`: shape (..., k).
    * `rho`: shape (..., d).
    * `sig`: shape (..., d).
    * `K`: shape (...).
    * `gamma`: shape (...).
    * `r`: shape (...).
    """
    kind = _float_type(dtype, b=b, rho=rho, sig=sig, K=K, gamma=gamma, r=r)
    b = np.asarray(b, kind)
    rho = np.asarray(rho, kind)
    sig = np.asarray(sig, kind)
    K = np.asarray(K, kind)
    gamma = np.asarray(gamma, kind)
    r = np.asarray(r, kind)
    d, k = _sizes(b, rho, sig)
    batch = _batch(b=b.shape[:-1], rho=rho.shape[:-1], sig=sig.shape[:-1], K=K.shape, gamma=gamma.shape, r=r.shape)
    count = math.prod(batch)
    last = _is_short((k, d - k))
    at = _EXCESS_LAST if last else _EXCESS_FIRST
    result = np.empty(count, kind)
    work = _Work(
        kind,
        count,
        22 * d + 97 * k + 4,
        last,
        (5, k, 1),
        (6, k, d - k),
        (12, k, d - k),
        (8, k, 1),
        (6, k, 1),
        (7, k, d - k),
    )

    def domain(rows, rho, sig, K, gamma, r):
        inside_own = at.domain(rho, sig, K, gamma, r, d, k, rows, kind, work)
        return inside_own

    def compute(rows, rho, sig, K, gamma, r):
        value = at.value(rho, sig, K, gamma, r, d, k, rows, kind, work)
        return (value,)

    _run(
        count,
        work,
        [
            _rows(rho, 1, batch),
            _rows(sig, 1, batch),
            _rows(K, 0, batch),
            _rows(gamma, 0, batch),
            _rows(r, 0, batch),
        ],
        domain,
        compute,
        [result],
        last,
        [0],
    )
    return result.reshape(batch)


def excess_loss_value_and_gradient(
    b: ArrayLike,
    rho: ArrayLike,
    sig: ArrayLike,
    K: ArrayLike,
    gamma: ArrayLike,
    r: ArrayLike,
    *,
    dtype: DTypeLike | None = None,
) -> tuple[Floats, ExcessLossGradient]:
    """`excess_loss_mean` and its derivatives by every continuous argument, problem by problem.

    * `b`: shape (..., k).
    * `rho`: shape (..., d).
    * `sig`: shape (..., d).
    * `K`: shape (...).
    * `gamma`: shape (...).
    * `r`: shape (...).
    """
    kind = _float_type(dtype, b=b, rho=rho, sig=sig, K=K, gamma=gamma, r=r)
    b = np.asarray(b, kind)
    rho = np.asarray(rho, kind)
    sig = np.asarray(sig, kind)
    K = np.asarray(K, kind)
    gamma = np.asarray(gamma, kind)
    r = np.asarray(r, kind)
    d, k = _sizes(b, rho, sig)
    batch = _batch(b=b.shape[:-1], rho=rho.shape[:-1], sig=sig.shape[:-1], K=K.shape, gamma=gamma.shape, r=r.shape)
    count = math.prod(batch)
    last = _is_short((k, d - k))
    at = _EXCESS_LAST if last else _EXCESS_FIRST
    result = np.empty(count, kind)
    by_rho = np.empty((count, d), kind)
    by_sig = np.empty((count, d), kind)
    by_K = np.empty(count, kind)
    by_gamma = np.empty(count, kind)
    by_r = np.empty(count, kind)
    parts = _there(result, by_rho, by_sig, by_K, by_gamma, by_r)
    work = _Work(
        kind,
        count,
        22 * d + 97 * k + 4,
        last,
        (5, k, 1),
        (6, k, d - k),
        (12, k, d - k),
        (8, k, 1),
        (6, k, 1),
        (7, k, d - k),
    )

    def domain(rows, rho, sig, K, gamma, r):
        inside_own = at.domain(rho, sig, K, gamma, r, d, k, rows, kind, work)
        return inside_own

    def compute(rows, rho, sig, K, gamma, r):
        bar = np.ones(rows, kind)
        found = at.pullback(rho, sig, K, gamma, r, d, k, rows, kind, work, bar)
        return found

    _run(
        count,
        work,
        [
            _rows(rho, 1, batch),
            _rows(sig, 1, batch),
            _rows(K, 0, batch),
            _rows(gamma, 0, batch),
            _rows(r, 0, batch),
        ],
        domain,
        compute,
        parts,
        last,
        range(len(parts)),
    )
    gradient = ExcessLossGradient(
        by_rho.reshape(*batch, d),
        by_sig.reshape(*batch, d),
        by_K.reshape(batch),
        by_gamma.reshape(batch),
        by_r.reshape(batch),
    )
    return result.reshape(batch), gradient


def natural_law(
    Sigma: ArrayLike,
    Sigma_plus: ArrayLike,
    target: ArrayLike,
    K: ArrayLike,
    gamma: ArrayLike,
    r: ArrayLike,
    sigma2: ArrayLike,
    alpha: ArrayLike = 1.0,
    *,
    k: int,
    sigma_down: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Result:
    """The limiting law for a batch of problems in natural parameters, whatever their covariances.

    * `Sigma`: shape (..., d, d).
    * `Sigma_plus`: shape (..., d, d).
    * `target`: shape (..., d).
    * `K`: shape (...).
    * `gamma`: shape (...).
    * `r`: shape (...).
    * `sigma2`: shape (...).
    * `sigma_down`: shape (..., d, d); without it the downstream covariance is that of the pre-training data.

    The forms `h`, `s` and the features are evaluated at `w*` from the trace words below, so that nothing needs to be diagonal
    in any coordinates. `w*` is the lowest minimum of the population loss that Newton's method reaches from a few starts.
    Weights are descending. The target is projected on the learned span in L2 of the downstream covariance. NaN throughout
    where a covariance is not positive definite, or no data have these covariances together,
    or `h` is not positive across the orbit of `w*` by 1e-10 of its largest eigenvalue, or the search does not arrive,
    as with a gap below some 1e-6: there the minimum is flat to all digits of the loss.
    """
    kind = _float_type(
        dtype,
        Sigma=Sigma,
        Sigma_plus=Sigma_plus,
        target=target,
        K=K,
        gamma=gamma,
        r=r,
        sigma2=sigma2,
        alpha=alpha,
        sigma_down=sigma_down,
    )
    _at_most_double(kind)
    Sigma = np.asarray(Sigma, kind)
    Sigma_plus = np.asarray(Sigma_plus, kind)
    target = np.asarray(target, kind)
    K = np.asarray(K, kind)
    gamma = np.asarray(gamma, kind)
    r = np.asarray(r, kind)
    sigma2 = np.asarray(sigma2, kind)
    alpha = np.asarray(alpha, kind)
    arrays = dict(Sigma=Sigma, Sigma_plus=Sigma_plus, target=target)
    sizes = _dimensions(_WORDS, arrays, k=k)
    d, k = (sizes[name] for name in ("d", "k"))
    if sigma_down is not None:
        sigma_down = np.asarray(sigma_down, kind)
        _square("sigma_down", sigma_down, d)
    batch = _batch(
        Sigma=Sigma.shape[:-2],
        Sigma_plus=Sigma_plus.shape[:-2],
        target=target.shape[:-1],
        K=K.shape,
        gamma=gamma.shape,
        r=r.shape,
        sigma2=sigma2.shape,
        alpha=alpha.shape,
        sigma_down=() if sigma_down is None else sigma_down.shape[:-2],
    )
    ranks = k, d - k, d - k
    count = math.prod(batch)
    arrays = dict(Sigma=_rows(Sigma, 2, batch), Sigma_plus=_rows(Sigma_plus, 2, batch), target=_rows(target, 1, batch))
    scalars = dict(
        K=_rows(K, 0, batch), gamma=_rows(gamma, 0, batch), r=_rows(r, 0, batch), sigma2=_rows(sigma2, 0, batch)
    )
    rows = _rows(alpha, 0, batch), _rows(sigma_down, 2, batch)
    weights, *numbers = _words_law(_WORDS, arrays, scalars, sizes, *rows, count, ranks, kind)
    numbers = [number.reshape(batch) for number in numbers]
    return Result(weights.reshape(*batch, ranks[2]), *numbers, ranks[0], ranks[0] + ranks[1])


def natural_value_and_gradient(
    Sigma: ArrayLike,
    Sigma_plus: ArrayLike,
    target: ArrayLike,
    K: ArrayLike,
    gamma: ArrayLike,
    r: ArrayLike,
    sigma2: ArrayLike,
    alpha: ArrayLike = 1.0,
    *,
    k: int,
    of: str | int | Mapping[str | int, ArrayLike] = "risk_mean",
    sigma_down: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> tuple[Floats, NaturalGradient]:
    """A number of the law, `of` as in `value_and_gradient`, and its derivatives by every continuous natural parameter.

    Derivatives go through `w*` by the implicit function theorem; those by symmetric matrices are symmetric matrices. The
    derivative by the target is that of the projected target. Arguments, domain and errors are those of `natural_law`.

    * `Sigma`: shape (..., d, d).
    * `Sigma_plus`: shape (..., d, d).
    * `target`: shape (..., d).
    * `K`: shape (...).
    * `gamma`: shape (...).
    * `r`: shape (...).
    * `sigma2`: shape (...).
    """
    kind = _float_type(
        dtype,
        Sigma=Sigma,
        Sigma_plus=Sigma_plus,
        target=target,
        K=K,
        gamma=gamma,
        r=r,
        sigma2=sigma2,
        alpha=alpha,
        sigma_down=sigma_down,
    )
    _at_most_double(kind)
    Sigma = np.asarray(Sigma, kind)
    Sigma_plus = np.asarray(Sigma_plus, kind)
    target = np.asarray(target, kind)
    K = np.asarray(K, kind)
    gamma = np.asarray(gamma, kind)
    r = np.asarray(r, kind)
    sigma2 = np.asarray(sigma2, kind)
    alpha = np.asarray(alpha, kind)
    arrays = dict(Sigma=Sigma, Sigma_plus=Sigma_plus, target=target)
    sizes = _dimensions(_WORDS, arrays, k=k)
    d, k = (sizes[name] for name in ("d", "k"))
    if sigma_down is not None:
        sigma_down = np.asarray(sigma_down, kind)
        _square("sigma_down", sigma_down, d)
    batch = _batch(
        Sigma=Sigma.shape[:-2],
        Sigma_plus=Sigma_plus.shape[:-2],
        target=target.shape[:-1],
        K=K.shape,
        gamma=gamma.shape,
        r=r.shape,
        sigma2=sigma2.shape,
        alpha=alpha.shape,
        sigma_down=() if sigma_down is None else sigma_down.shape[:-2],
    )
    names, factors = _targets(of, kind)
    batch = _batch(of=batch, **{f"of[{name!r}]": factor.shape for name, factor in zip(names, factors, strict=True)})
    ranks = k, d - k, d - k
    count = math.prod(batch)
    arrays = dict(Sigma=_rows(Sigma, 2, batch), Sigma_plus=_rows(Sigma_plus, 2, batch), target=_rows(target, 1, batch))
    scalars = dict(
        K=_rows(K, 0, batch), gamma=_rows(gamma, 0, batch), r=_rows(r, 0, batch), sigma2=_rows(sigma2, 0, batch)
    )
    rows = _rows(alpha, 0, batch), _rows(sigma_down, 2, batch)
    factors = [_rows(factor, 0, batch) for factor in factors]
    parts = _words_gradient(_WORDS, arrays, scalars, sizes, *rows, count, ranks, kind, names, factors)
    value, *rest = (None if part is None else part.reshape((*batch, *part.shape[1:])) for part in parts)
    return value, NaturalGradient(*rest)


def natural_cumulants(
    Sigma: ArrayLike,
    Sigma_plus: ArrayLike,
    target: ArrayLike,
    K: ArrayLike,
    gamma: ArrayLike,
    r: ArrayLike,
    sigma2: ArrayLike,
    alpha: ArrayLike = 1.0,
    *,
    k: int,
    order: int = 4,
    sigma_down: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> Floats:
    """The cumulants `kappa_1 .. kappa_order` of ||L(Z)||^2, (..., order); arguments, domain and errors are those of `natural_law`.

    * `Sigma`: shape (..., d, d).
    * `Sigma_plus`: shape (..., d, d).
    * `target`: shape (..., d).
    * `K`: shape (...).
    * `gamma`: shape (...).
    * `r`: shape (...).
    * `sigma2`: shape (...).
    """
    order = _positive("order", order)
    weights = natural_law(
        Sigma, Sigma_plus, target, K, gamma, r, sigma2, alpha, k=k, sigma_down=sigma_down, dtype=dtype
    ).weights
    with np.errstate(over="ignore", under="ignore"):
        found = [_factor(n) * np.sum(weights**n, axis=-1) for n in range(1, order + 1)]
    return np.where(np.isfinite(found), found, np.nan).transpose(*range(1, weights.ndim), 0)


# ---- the formulas, on a block of problems of one floating-point type


def _outside_variance_last(
    b: Floats,
    rho: Floats,
    sig: Floats,
    K: Floats,
    gamma: Floats,
    r: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
) -> Floats:
    """`v_a` for the indices outside the learned span."""
    sig_i = sig[:k]
    sig_a = sig[k:]
    rho_i = rho[:k]
    rho_a = rho[k:]
    part = 1 / (K * (1 + K))
    part_2 = gamma**2
    part_a = rho_a - 1
    part_a = _onto(np.multiply, part_a, 4 * part_2)
    part_i = rho_i - 1
    part_a_2 = K**2 * rho_a
    part_i_2 = gamma * rho_i
    part_i_2 = _onto(np.subtract, part_i_2, gamma * 2 + r, True)
    np.square(part_i_2, out=part_i_2)
    part_i_2 = _onto(np.multiply, part_i_2, rho_i)
    part_3 = r**2
    part_4 = gamma * r
    part_5 = 2 * part_4
    part_a_3 = 2 * rho_a
    part_a_4 = 4 * rho_a
    part_i_3 = rho_i**2
    part_i_4 = 4 * rho_i
    part_i_4 = _onto(np.subtract, part_i_4, 3 * part_i_3)
    part_a_5 = 8 * rho_a
    part_a_6 = part_2 * 2 * sig_a
    part_a_7 = sig_a * rho_a
    part_a_7 *= 2
    part_i_5 = rho_i * sig_i
    part_i_6 = gamma * sig_i
    part_i_6 = _onto(np.add, part_i_6, r)
    part_i_6 = _onto(np.multiply, part_i_6, b)
    np.square(part_i_6, out=part_i_6)
    part_i_6 = _onto(np.multiply, part_i_6, sig_i)
    v_a = work.new(d - k, rows)
    for tile in work.tiles(d - k, k, rows):
        width = tile.stop - tile.start
        work_0 = work(0, k, width, rows)
        work_1 = work(1, k, width, rows)
        work_2 = work(2, k, width, rows)
        work_3 = work(3, k, width, rows)
        work_4 = work(4, k, width, rows)
        work_5 = work(5, k, width, rows)
        np.multiply(part_a[tile], part_i[:, None], out=work_0)
        np.multiply(part_a_2[tile], part_i_2[:, None], out=work_1)
        np.add(rho_i[:, None], part_a_3[tile], out=work_2)
        np.multiply(rho_i[:, None], part_a_3[tile], out=work_3)
        np.subtract(work_2, work_3, out=work_2)
        np.multiply(part_5, work_2, out=work_2)
        np.add(part_a_4[tile], part_i_4[:, None], out=work_3)
        np.multiply(rho_i[:, None], part_a_5[tile], out=work_4)
        np.multiply(part_a_4[tile], part_i_3[:, None], out=work_5)
        np.subtract(work_5, work_4, out=work_5)
        np.add(work_3, work_5, out=work_3)
        np.multiply(part_2, work_3, out=work_3)
        np.add(work_2, work_3, out=work_2)
        np.add(part_3, work_2, out=work_2)
        np.multiply(K, work_2, out=work_2)
        np.add(work_0, work_1, out=work_0)
        np.add(work_2, work_0, out=work_2)
        np.multiply(part_a_6[tile], sig_i[:, None], out=work_0)
        np.subtract(rho_i[:, None], rho_a[tile], out=work_1)
        np.multiply(work_0, work_1, out=work_0)
        np.subtract(sig_i[:, None], sig_a[tile], out=work_1)
        np.multiply(part_3, work_1, out=work_1)
        np.subtract(part_i_5[:, None], part_a_7[tile], out=work_3)
        np.multiply(sig_a[tile], rho_i[:, None], out=work_4)
        np.add(work_3, work_4, out=work_3)
        np.multiply(part_4, work_3, out=work_3)
        np.add(work_0, work_1, out=work_0)
        np.add(work_3, work_0, out=work_3)
        np.square(work_3, out=work_3)
        np.multiply(part_i_6[:, None], work_2, out=work_2)
        np.divide(work_2, work_3, out=work_2)
        sum_a = _added(work_2)
        v_a_tile = v_a[tile]
        np.multiply(sig_a[tile], sum_a, out=v_a_tile)
        v_a_tile *= part
    return _join(kind, 0, (v_a, d - k))


def _noise_variance(sigma2: Floats, d: int, k: int, rows: int, kind: np.dtype, work: _Work) -> Floats:
    """`sigma^2`."""
    return sigma2


def _outside_pullback_last(
    b: Floats,
    rho: Floats,
    sig: Floats,
    K: Floats,
    gamma: Floats,
    r: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
    seeds: _Seeds | _Given,
) -> tuple[Floats, ...]:
    """Derivatives of the seeded sum of the `v_a`, and of the `g_a`."""
    rho_i = rho[:k]
    sig_i = sig[:k]
    rho_a = rho[k:]
    sig_a = sig[k:]
    rho_bar = work.new(d, rows)
    sig_bar = work.new(d, rows)
    part = 1 + K
    part_2 = K * part
    part_3 = 1 / part_2
    part_4 = gamma**2
    part_a = 2 * part_4 * sig_a
    part_5 = r**2
    part_6 = gamma * r
    part_a_2 = sig_a * rho_a
    part_a_3 = 2 * part_a_2
    part_i = sig_i * rho_i
    part_7 = part_4 * 4
    part_a_4 = rho_a - 1
    part_a_5 = part_7 * part_a_4
    part_i_2 = rho_i - 1
    part_8 = K**2
    part_a_6 = part_8 * rho_a
    part_9 = 2 * gamma
    part_i_3 = gamma * rho_i
    part_i_3 = _onto(np.subtract, part_i_3, r + part_9, True)
    part_i_4 = part_i_3**2
    part_i_4 = _onto(np.multiply, part_i_4, rho_i)
    part_10 = 2 * part_6
    part_a_7 = 2 * rho_a
    part_a_8 = 4 * rho_a
    part_i_5 = rho_i**2
    part_i_6 = 4 * rho_i
    part_i_6 = _onto(np.subtract, part_i_6, 3 * part_i_5)
    part_a_9 = 8 * rho_a
    part_i_7 = gamma * sig_i
    part_i_7 = _onto(np.add, part_i_7, r)
    part_i_8 = part_i_7 * b
    np.square(part_i_8, out=part_i_8)
    part_i_9 = sig_i * part_i_8
    part_i_10 = sig_i * b
    part_11 = part_7 / part_2
    part_i_11 = sig_i * part_i_2
    part_i_12 = part_i_8 * part_i_11
    part_12 = part_6 * 4
    part_13 = part_12 / part
    part_14 = -(part_4 * 8 / part + part_13)
    part_i_13 = part_i * part_i_8
    part_15 = part_7 / part
    part_16 = part_13 + part_15
    part_i_14 = rho_i * part_i_7
    part_i_14 = _onto(np.multiply, part_i_14, b)
    np.square(part_i_14, out=part_i_14)
    part_i_15 = sig_i * part_i_14
    part_17 = K / part
    part_i_16 = part_i_3 * part_i_7
    part_i_16 = _onto(np.multiply, part_i_16, b)
    np.square(part_i_16, out=part_i_16)
    part_i_17 = part_i * part_i_16
    part_i_18 = sig_i * part_i_7
    part_i_19 = b * part_i_18
    np.square(part_i_19, out=part_i_19)
    part_a_10 = sig_a**2
    part_18 = part_12 / part_2
    part_a_11 = sig_a * part_a_4
    part_19 = part_10 / part_2
    part_20 = 2 * part_5 / part_2
    sum_i = np.zeros((k, rows), kind)
    part_a_35 = rho_bar[k:]
    sum_i_2 = np.zeros((k, rows), kind)
    sum_i_3 = np.zeros((k, rows), kind)
    sum_i_4 = np.zeros((k, rows), kind)
    sum_i_5 = np.zeros((k, rows), kind)
    sum_i_6 = np.zeros((k, rows), kind)
    part_a_53 = sig_bar[k:]
    sum_i_7 = np.zeros((k, rows), kind)
    sum_i_8 = np.zeros((k, rows), kind)
    total = np.zeros(rows, kind)
    sum_i_9 = np.zeros((k, rows), kind)
    sum_i_10 = np.zeros((k, rows), kind)
    sum_i_11 = np.zeros((k, rows), kind)
    sum_i_12 = np.zeros((k, rows), kind)
    for tile in work.tiles(d - k, k, rows):
        width = tile.stop - tile.start
        work_0 = work(0, k, width, rows)
        work_1 = work(1, k, width, rows)
        work_2 = work(2, k, width, rows)
        work_3 = work(3, k, width, rows)
        work_4 = work(4, k, width, rows)
        work_5 = work(5, k, width, rows)
        work_6 = work(6, k, width, rows)
        work_7 = work(7, k, width, rows)
        work_8 = work(8, k, width, rows)
        work_9 = work(9, k, width, rows)
        work_10 = work(10, k, width, rows)
        work_11 = work(11, k, width, rows)
        np.multiply(part_a[tile], sig_i[:, None], out=work_0)
        np.subtract(rho_i[:, None], rho_a[tile], out=work_1)
        np.multiply(work_0, work_1, out=work_0)
        np.subtract(sig_i[:, None], sig_a[tile], out=work_2)
        np.multiply(part_5, work_2, out=work_3)
        np.subtract(part_i[:, None], part_a_3[tile], out=work_4)
        np.multiply(sig_a[tile], rho_i[:, None], out=work_5)
        np.add(work_4, work_5, out=work_4)
        np.multiply(part_6, work_4, out=work_5)
        np.add(work_0, work_3, out=work_0)
        np.add(work_5, work_0, out=work_5)
        np.divide(1, work_5, out=work_5)
        np.square(work_5, out=work_0)
        np.multiply(part_a_5[tile], part_i_2[:, None], out=work_3)
        np.multiply(part_a_6[tile], part_i_4[:, None], out=work_6)
        np.add(rho_i[:, None], part_a_7[tile], out=work_7)
        np.multiply(rho_i[:, None], part_a_7[tile], out=work_8)
        np.subtract(work_7, work_8, out=work_7)
        np.multiply(part_10, work_7, out=work_8)
        np.add(part_a_8[tile], part_i_6[:, None], out=work_9)
        np.multiply(rho_i[:, None], part_a_9[tile], out=work_10)
        np.multiply(part_a_8[tile], part_i_5[:, None], out=work_11)
        np.subtract(work_11, work_10, out=work_11)
        np.add(work_9, work_11, out=work_9)
        np.multiply(part_4, work_9, out=work_10)
        np.add(work_8, work_10, out=work_8)
        np.add(part_5, work_8, out=work_8)
        np.multiply(K, work_8, out=work_10)
        np.add(work_3, work_6, out=work_3)
        np.add(work_10, work_3, out=work_10)
        np.multiply(work_0, work_10, out=work_3)
        sum_a = np.einsum("in,ian->an", part_i_9, work_3)
        part_a_12 = sig_a[tile] * sum_a
        v_a = part_3 * part_a_12
        v_bar_a = seeds(v_a, tile.start, width)
        g_bar_a = seeds.own_bar(tile.start, width)
        part_a_13 = sig_a[tile] * v_bar_a
        sum_i += np.einsum("an,ian->in", part_a_13, work_3)
        sum_a_2 = np.einsum("in,ian->an", part_i_12, work_0)
        sum_a_3 = np.einsum("in,ian->an", part_i_13, work_0)
        part_a_16 = part_a_13 * sum_a_3
        part_a_17 = part_14 * part_a_16
        sum_a_4 = np.einsum("in,ian->an", part_i_9, work_0)
        part_a_18 = part_a_13 * sum_a_4
        part_a_19 = part_16 * part_a_18
        sum_a_5 = np.einsum("in,ian->an", part_i_15, work_0)
        part_a_20 = part_a_13 * sum_a_5
        part_a_21 = part_15 * part_a_20
        sum_a_6 = np.einsum("in,ian->an", part_i_17, work_0)
        part_a_22 = part_a_13 * sum_a_6
        part_a_23 = part_17 * part_a_22
        np.multiply(work_5, work_0, out=work_5)
        np.multiply(work_10, work_5, out=work_3)
        sum_a_7 = np.einsum("in,ian->an", part_i_19, work_3)
        part_a_24 = v_bar_a * sum_a_7
        part_a_25 = part_a_24 * part_a_10[tile]
        part_a_26 = part_11 * part_a_25
        sum_a_8 = np.einsum("in,ian->an", part_i_9, work_3)
        part_a_27 = v_bar_a * sum_a_8
        part_a_28 = part_a_10[tile] * part_a_27
        part_a_29 = part_18 * part_a_28
        part_a_35_tile = part_a_35[tile]
        np.multiply(part_a_13, sum_a_2, out=part_a_35_tile)
        part_a_35_tile *= part_11
        part_a_35_tile += part_a_17
        part_a_35_tile += part_a_19
        part_a_35_tile += part_a_21
        part_a_35_tile += part_a_23
        part_a_35_tile += part_a_26
        part_a_35_tile += part_a_29
        part_a_36 = part_a_2[tile] * v_bar_a
        sum_i_2 += np.einsum("an,ian->in", part_a_36, work_0)
        sum_i_3 += np.einsum("an,ian->in", part_a_13, work_0)
        part_a_37 = v_bar_a * part_a_11[tile]
        sum_i_4 += np.einsum("an,ian->in", part_a_37, work_0)
        part_a_38 = v_bar_a * part_a_10[tile]
        sum_i_5 += np.einsum("an,ian->in", part_a_38, work_3)
        sum_i_6 += np.einsum("an,ian->in", part_a_13, work_3)
        np.multiply(work_1, work_10, out=work_1)
        np.multiply(work_5, work_1, out=work_1)
        sum_a_9 = np.einsum("in,ian->an", part_i_19, work_1)
        part_a_41 = part_a_13 * sum_a_9
        part_a_42 = part_11 * part_a_41
        part_a_43 = part_a_13 * sum_a_8
        part_a_44 = part_20 * part_a_43
        sum_a_10 = np.einsum("in,ian->an", part_i_13, work_3)
        part_a_45 = part_a_13 * sum_a_10
        part_a_46 = part_19 * part_a_45
        part_a_47 = sum_a * v_bar_a
        part_a_48 = part_3 * part_a_47
        part_a_53_tile = part_a_53[tile]
        np.multiply(sum_a_8, part_a_36, out=part_a_53_tile)
        part_a_53_tile *= part_18
        part_a_53_tile += g_bar_a
        part_a_53_tile += part_a_44
        part_a_53_tile += part_a_48
        part_a_53_tile -= part_a_42
        part_a_53_tile -= part_a_46
        sum_i_7 += np.einsum("an,ian->in", part_a_38, work_1)
        np.multiply(work_0, work_8, out=work_8)
        sum_i_8 += np.einsum("an,ian->in", part_a_13, work_8)
        part_a_54 = part_a_12 * v_bar_a
        total += _added(part_a_54)
        np.multiply(work_0, work_9, out=work_9)
        sum_i_9 += np.einsum("an,ian->in", part_a_13, work_9)
        np.multiply(work_4, work_10, out=work_4)
        np.multiply(work_5, work_4, out=work_4)
        sum_i_10 += np.einsum("an,ian->in", part_a_13, work_4)
        np.multiply(work_0, work_7, out=work_0)
        sum_i_11 += np.einsum("an,ian->in", part_a_13, work_0)
        np.multiply(work_2, work_10, out=work_2)
        np.multiply(work_5, work_2, out=work_5)
        sum_i_12 += np.einsum("an,ian->in", part_a_13, work_5)
    part_i_20 = sum_i * part_i_10
    part_i_20 *= part_i_7**2
    part_i_20 *= 2 / part_2
    part_i_21 = sig_i * sum_i_2
    part_i_22 = part_i_8 * part_i_21
    part_i_23 = sig_i * sum_i_3
    part_i_23 *= part_i_8
    part_i_24 = sum_i_2 * (part_i * part_i_3)
    part_i_24 *= part_i_8
    part_i_25 = rho_bar[:k]
    np.multiply(part_15, part_i_22, out=part_i_25)
    part_i_25 -= part_4 * 3 / part * part_i_23
    part_i_25 *= rho_i
    part_i_25 *= 2
    part_i_25 += part_17 * (part_i_16 * part_i_21)
    part_i_25 += part_11 * (part_i_8 * (sig_i * sum_i_4))
    part_i_25 += part_14 * part_i_22
    part_i_25 += (part_15 + part_10 / part) * part_i_23
    part_i_25 -= 2 * (K * gamma) / part * part_i_24
    part_i_25 -= part_19 * (part_i_8 * (sig_i * sum_i_5))
    part_i_25 -= part_11 * (part_i_19 * sum_i_5)
    part_i_25 -= part_19 * (part_i_19 * sum_i_6)
    part_i_26 = sum_i * part_i_18
    part_i_26 *= b**2
    part_i_27 = sig_bar[:k]
    np.multiply(part_i_8, sum_i, out=part_i_27)
    part_i_27 *= part_3
    part_i_27 += part_9 / part_2 * part_i_26
    part_i_27 -= part_19 * (part_i_8 * (part_i * sum_i_6))
    part_i_27 -= part_11 * (part_i_8 * (sig_i * sum_i_7))
    part_i_27 -= part_20 * (part_i_8 * (sig_i * sum_i_6))
    total_2 = _added(part_i_8 * (sig_i * sum_i_8))
    total_3 = _added(part_i_16 * (part_i * sum_i_2))
    part_21 = total_2 / part_2 + 2 * total_3 / part - total / (part * part_8) - total / (K * part**2)
    total_4 = _added(part_i_8 * (part_i_11 * sum_i_4))
    total_5 = _added(part_i_19 * sum_i_7)
    total_6 = _added(part_i_8 * (sig_i * sum_i_9))
    total_7 = _added(part_i_8 * (sig_i * sum_i_10))
    total_8 = _added(part_i_7 * sum_i * part_i_10**2)
    total_9 = _added(part_i_24)
    part_22 = K * total_9
    total_10 = _added(part_i_14 * (sum_i_2 * (sig_i * part_i_3)))
    total_11 = _added(part_i_8 * (sig_i * sum_i_11))
    part_23 = (
        2 * (r * total_11) / part + (4 * part_22 / part
        + (2 * (gamma * (4 * total_4 / part_2 + total_6 / part - 4 * total_5 / part_2)) + 2 * total_8 / part_2))
        - 2 * (r * total_7) / part_2 - 2 * (K * total_10) / part
    )
    total_12 = _added(part_i_8 * (sig_i * sum_i_12))
    total_13 = _added(part_i_23)
    total_14 = _added(part_i_26)
    part_24 = (
        2 * (gamma * total_11) / part + (2 * part_22 / part
        + (2 * (r * (total_13 / part - 2 * total_12 / part_2)) + 2 * total_14 / part_2))
        - 2 * (gamma * total_7) / part_2
    )
    return part_i_20, rho_bar, sig_bar, part_21, part_23, part_24


def _noise_pullback(
    sigma2: Floats, d: int, k: int, rows: int, kind: np.dtype, work: _Work, bar: Floats
) -> tuple[Floats, ...]:
    """`sigma^2`, and the derivatives of `bar sigma^2`."""
    return sigma2, bar


def _domain_last(
    b: Floats,
    rho: Floats,
    sig: Floats,
    K: Floats,
    gamma: Floats,
    r: Floats,
    sigma2: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
) -> bool | NDArray[np.bool_]:
    """Which problems are inside the domain."""
    rho_i = rho[:k]
    sig_a = sig[k:]
    sig_i = sig[:k]
    inside = _finite(True, rho, sig, K, gamma, r, sigma2)
    inside = inside & _above(sig_i, 0, True, 0)
    inside = inside & _above(sig_a, 0, True, 0)
    inside = inside & _above(r + gamma * rho_i, 0, True, 0)
    inside = inside & _above(K, 0, False, 0)
    inside = inside & _above(gamma, 0, False, 0)
    inside = inside & _above(r, 0, False, 0)
    inside = inside & _above(sigma2, 0, False, 0)
    return inside


def _weights_domain_last(
    b: Floats,
    rho: Floats,
    sig: Floats,
    K: Floats,
    gamma: Floats,
    r: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
) -> bool | NDArray[np.bool_]:
    """Which problems are inside the domain."""
    rho_i = rho[:k]
    sig_a = sig[k:]
    sig_i = sig[:k]
    inside = _finite(True, rho, sig, K, gamma, r)
    inside = inside & _above(sig_i, 0, True, 0)
    inside = inside & _above(sig_a, 0, True, 0)
    inside = inside & _above(r + gamma * rho_i, 0, True, 0)
    inside = inside & _above(K, 0, False, 0)
    inside = inside & _above(gamma, 0, False, 0)
    inside = inside & _above(r, 0, False, 0)
    return inside


def _own_variance_last(sig: Floats, d: int, k: int, rows: int, kind: np.dtype, work: _Work) -> Floats:
    """`g_a` of the pre-training data for the indices outside the learned span."""
    sig_a = sig[k:]
    return _join(kind, 0, (sig_a, d - k))


def _outside_variance_first(
    b: Floats,
    rho: Floats,
    sig: Floats,
    K: Floats,
    gamma: Floats,
    r: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
) -> Floats:
    """`v_a` for the indices outside the learned span."""
    rho_i = rho[:, :k]
    sig_i = sig[:, :k]
    rho_a = rho[:, k:]
    sig_a = sig[:, k:]
    part = 1 / (K * (1 + K))
    part_2 = gamma**2
    part_a = (2 * part_2)[:, None] * sig_a
    part_3 = r**2
    part_4 = gamma * r
    part_a_2 = 2 * (sig_a * rho_a)
    part_i = sig_i * rho_i
    part_a_3 = (part_2 * 4)[:, None] * (rho_a - 1)
    part_i_2 = rho_i - 1
    part_a_4 = (K**2)[:, None] * rho_a
    part_i_3 = rho_i * ((r + 2 * gamma)[:, None] - gamma[:, None] * rho_i) ** 2
    part_5 = 2 * part_4
    part_a_5 = 2 * rho_a
    part_a_6 = 4 * rho_a
    part_i_4 = rho_i**2
    part_i_5 = 4 * rho_i - 3 * part_i_4
    part_a_7 = 8 * rho_a
    part_i_6 = sig_i * ((r[:, None] + gamma[:, None] * sig_i) * b) ** 2
    v_a = work.new(rows, d - k)
    for tile in work.row_tiles(rows, k, d - k):
        height = tile.stop - tile.start
        work_0 = work(0, height, k, d - k)
        work_1 = work(1, height, k, d - k)
        work_2 = work(2, height, k, d - k)
        work_3 = work(3, height, k, d - k)
        work_4 = work(4, height, k, d - k)
        work_5 = work(5, height, k, d - k)
        work_6 = work(6, height, k, d - k)
        np.multiply(_cut(part_a, tile)[:, None], _cut(sig_i, tile)[:, :, None], out=work_0)
        np.subtract(_cut(rho_i, tile)[:, :, None], _cut(rho_a, tile)[:, None], out=work_1)
        np.multiply(work_0, work_1, out=work_0)
        np.subtract(_cut(sig_i, tile)[:, :, None], _cut(sig_a, tile)[:, None], out=work_1)
        np.multiply(_cut(part_3, tile)[:, None, None], work_1, out=work_1)
        np.subtract(_cut(part_i, tile)[:, :, None], _cut(part_a_2, tile)[:, None], out=work_2)
        np.multiply(_cut(sig_a, tile)[:, None], _cut(rho_i, tile)[:, :, None], out=work_3)
        np.add(work_2, work_3, out=work_2)
        np.multiply(_cut(part_4, tile)[:, None, None], work_2, out=work_2)
        np.add(work_0, work_1, out=work_0)
        np.add(work_2, work_0, out=work_2)
        np.divide(1, work_2, out=work_2)
        np.square(work_2, out=work_2)
        np.multiply(_cut(part_a_3, tile)[:, None], _cut(part_i_2, tile)[:, :, None], out=work_0)
        np.multiply(_cut(part_a_4, tile)[:, None], _cut(part_i_3, tile)[:, :, None], out=work_1)
        np.add(_cut(rho_i, tile)[:, :, None], _cut(part_a_5, tile)[:, None], out=work_3)
        np.multiply(_cut(rho_i, tile)[:, :, None], _cut(part_a_5, tile)[:, None], out=work_4)
        np.subtract(work_3, work_4, out=work_3)
        np.multiply(_cut(part_5, tile)[:, None, None], work_3, out=work_3)
        np.add(_cut(part_a_6, tile)[:, None], _cut(part_i_5, tile)[:, :, None], out=work_4)
        np.multiply(_cut(rho_i, tile)[:, :, None], _cut(part_a_7, tile)[:, None], out=work_5)
        np.multiply(_cut(part_a_6, tile)[:, None], _cut(part_i_4, tile)[:, :, None], out=work_6)
        np.subtract(work_6, work_5, out=work_6)
        np.add(work_4, work_6, out=work_4)
        np.multiply(_cut(part_2, tile)[:, None, None], work_4, out=work_4)
        np.add(work_3, work_4, out=work_3)
        np.add(_cut(part_3, tile)[:, None, None], work_3, out=work_3)
        np.multiply(_cut(K, tile)[:, None, None], work_3, out=work_3)
        np.add(work_0, work_1, out=work_0)
        np.add(work_3, work_0, out=work_3)
        np.multiply(work_2, work_3, out=work_2)
        sum_a = np.matmul(_cut(part_i_6, tile)[:, None], work_2)[:, 0]
        v_a_tile = v_a[tile]
        np.multiply(_cut(sig_a, tile), sum_a, out=v_a_tile)
        v_a_tile *= _cut(part, tile)[:, None]
    return _join(kind, 1, (v_a, d - k))


def _outside_pullback_first(
    b: Floats,
    rho: Floats,
    sig: Floats,
    K: Floats,
    gamma: Floats,
    r: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
    seeds: _Seeds | _Given,
) -> tuple[Floats, ...]:
    """Derivatives of the seeded sum of the `v_a`, and of the `g_a`."""
    rho_i = rho[:, :k]
    sig_i = sig[:, :k]
    rho_a = rho[:, k:]
    sig_a = sig[:, k:]
    rho_bar = work.new(rows, d)
    sig_bar = work.new(rows, d)
    part = 1 + K
    part_2 = K * part
    part_3 = 1 / part_2
    part_4 = gamma**2
    part_a = (2 * part_4)[:, None] * sig_a
    part_5 = r**2
    part_6 = gamma * r
    part_a_2 = sig_a * rho_a
    part_a_3 = 2 * part_a_2
    part_i = sig_i * rho_i
    part_7 = part_4 * 4
    part_a_4 = rho_a - 1
    part_a_5 = part_7[:, None] * part_a_4
    part_i_2 = rho_i - 1
    part_8 = K**2
    part_a_6 = part_8[:, None] * rho_a
    part_9 = 2 * gamma
    part_i_3 = (r + part_9)[:, None] - gamma[:, None] * rho_i
    part_i_4 = rho_i * part_i_3**2
    part_10 = 2 * part_6
    part_a_7 = 2 * rho_a
    part_a_8 = 4 * rho_a
    part_i_5 = rho_i**2
    part_i_6 = 4 * rho_i - 3 * part_i_5
    part_a_9 = 8 * rho_a
    part_i_7 = r[:, None] + gamma[:, None] * sig_i
    part_i_8 = (part_i_7 * b) ** 2
    part_i_9 = sig_i * part_i_8
    part_i_10 = sig_i * b
    part_11 = part_7 / part_2
    part_i_11 = sig_i * part_i_2
    part_i_12 = part_i_8 * part_i_11
    part_12 = part_6 * 4
    part_13 = part_12 / part
    part_14 = -(part_4 * 8 / part + part_13)
    part_i_13 = part_i * part_i_8
    part_15 = part_7 / part
    part_16 = part_13 + part_15
    part_i_14 = (b * (rho_i * part_i_7)) ** 2
    part_i_15 = sig_i * part_i_14
    part_17 = K / part
    part_i_16 = (b * (part_i_3 * part_i_7)) ** 2
    part_i_17 = part_i * part_i_16
    part_i_18 = sig_i * part_i_7
    part_i_19 = (b * part_i_18) ** 2
    part_a_10 = sig_a**2
    part_18 = part_12 / part_2
    part_a_11 = sig_a * part_a_4
    part_19 = part_10 / part_2
    part_20 = 2 * part_5 / part_2
    sum_i = work.new(rows, k)
    part_a_35 = rho_bar[:, k:]
    sum_i_2 = work.new(rows, k)
    sum_i_3 = work.new(rows, k)
    sum_i_4 = work.new(rows, k)
    sum_i_5 = work.new(rows, k)
    sum_i_6 = work.new(rows, k)
    part_a_53 = sig_bar[:, k:]
    sum_i_7 = work.new(rows, k)
    sum_i_8 = work.new(rows, k)
    total = np.empty(rows, kind)
    sum_i_9 = work.new(rows, k)
    sum_i_10 = work.new(rows, k)
    sum_i_11 = work.new(rows, k)
    sum_i_12 = work.new(rows, k)
    for tile in work.row_tiles(rows, k, d - k):
        height = tile.stop - tile.start
        work_0 = work(0, height, k, d - k)
        work_1 = work(1, height, k, d - k)
        work_2 = work(2, height, k, d - k)
        work_3 = work(3, height, k, d - k)
        work_4 = work(4, height, k, d - k)
        work_5 = work(5, height, k, d - k)
        work_6 = work(6, height, k, d - k)
        work_7 = work(7, height, k, d - k)
        work_8 = work(8, height, k, d - k)
        work_9 = work(9, height, k, d - k)
        work_10 = work(10, height, k, d - k)
        work_11 = work(11, height, k, d - k)
        np.multiply(_cut(part_a, tile)[:, None], _cut(sig_i, tile)[:, :, None], out=work_0)
        np.subtract(_cut(rho_i, tile)[:, :, None], _cut(rho_a, tile)[:, None], out=work_1)
        np.multiply(work_0, work_1, out=work_0)
        np.subtract(_cut(sig_i, tile)[:, :, None], _cut(sig_a, tile)[:, None], out=work_2)
        np.multiply(_cut(part_5, tile)[:, None, None], work_2, out=work_3)
        np.subtract(_cut(part_i, tile)[:, :, None], _cut(part_a_3, tile)[:, None], out=work_4)
        np.multiply(_cut(sig_a, tile)[:, None], _cut(rho_i, tile)[:, :, None], out=work_5)
        np.add(work_4, work_5, out=work_4)
        np.multiply(_cut(part_6, tile)[:, None, None], work_4, out=work_5)
        np.add(work_0, work_3, out=work_0)
        np.add(work_5, work_0, out=work_5)
        np.divide(1, work_5, out=work_5)
        np.square(work_5, out=work_0)
        np.multiply(_cut(part_a_5, tile)[:, None], _cut(part_i_2, tile)[:, :, None], out=work_3)
        np.multiply(_cut(part_a_6, tile)[:, None], _cut(part_i_4, tile)[:, :, None], out=work_6)
        np.add(_cut(rho_i, tile)[:, :, None], _cut(part_a_7, tile)[:, None], out=work_7)
        np.multiply(_cut(rho_i, tile)[:, :, None], _cut(part_a_7, tile)[:, None], out=work_8)
        np.subtract(work_7, work_8, out=work_7)
        np.multiply(_cut(part_10, tile)[:, None, None], work_7, out=work_8)
        np.add(_cut(part_a_8, tile)[:, None], _cut(part_i_6, tile)[:, :, None], out=work_9)
        np.multiply(_cut(rho_i, tile)[:, :, None], _cut(part_a_9, tile)[:, None], out=work_10)
        np.multiply(_cut(part_a_8, tile)[:, None], _cut(part_i_5, tile)[:, :, None], out=work_11)
        np.subtract(work_11, work_10, out=work_11)
        np.add(work_9, work_11, out=work_9)
        np.multiply(_cut(part_4, tile)[:, None, None], work_9, out=work_10)
        np.add(work_8, work_10, out=work_8)
        np.add(_cut(part_5, tile)[:, None, None], work_8, out=work_8)
        np.multiply(_cut(K, tile)[:, None, None], work_8, out=work_10)
        np.add(work_3, work_6, out=work_3)
        np.add(work_10, work_3, out=work_10)
        np.multiply(work_0, work_10, out=work_3)
        sum_a = np.matmul(_cut(part_i_9, tile)[:, None], work_3)[:, 0]
        part_a_12 = _cut(sig_a, tile) * sum_a
        v_a = _cut(part_3, tile)[:, None] * part_a_12
        v_bar_a = seeds(v_a, 0, d - k, tile)
        g_bar_a = seeds.own_bar(0, d - k, tile)
        part_a_13 = _cut(sig_a, tile) * v_bar_a
        sum_i[tile] = np.matmul(work_3, part_a_13[:, :, None])[:, :, 0]
        sum_a_2 = np.matmul(_cut(part_i_12, tile)[:, None], work_0)[:, 0]
        sum_a_3 = np.matmul(_cut(part_i_13, tile)[:, None], work_0)[:, 0]
        part_a_16 = part_a_13 * sum_a_3
        part_a_17 = _cut(part_14, tile)[:, None] * part_a_16
        sum_a_4 = np.matmul(_cut(part_i_9, tile)[:, None], work_0)[:, 0]
        part_a_18 = part_a_13 * sum_a_4
        part_a_19 = _cut(part_16, tile)[:, None] * part_a_18
        sum_a_5 = np.matmul(_cut(part_i_15, tile)[:, None], work_0)[:, 0]
        part_a_20 = part_a_13 * sum_a_5
        part_a_21 = _cut(part_15, tile)[:, None] * part_a_20
        sum_a_6 = np.matmul(_cut(part_i_17, tile)[:, None], work_0)[:, 0]
        part_a_22 = part_a_13 * sum_a_6
        part_a_23 = _cut(part_17, tile)[:, None] * part_a_22
        np.multiply(work_5, work_0, out=work_5)
        np.multiply(work_10, work_5, out=work_3)
        sum_a_7 = np.matmul(_cut(part_i_19, tile)[:, None], work_3)[:, 0]
        part_a_24 = v_bar_a * sum_a_7
        part_a_25 = part_a_24 * _cut(part_a_10, tile)
        part_a_26 = _cut(part_11, tile)[:, None] * part_a_25
        sum_a_8 = np.matmul(_cut(part_i_9, tile)[:, None], work_3)[:, 0]
        part_a_27 = v_bar_a * sum_a_8
        part_a_28 = _cut(part_a_10, tile) * part_a_27
        part_a_29 = _cut(part_18, tile)[:, None] * part_a_28
        part_a_35_tile = part_a_35[tile]
        np.multiply(part_a_13, sum_a_2, out=part_a_35_tile)
        part_a_35_tile *= _cut(part_11, tile)[:, None]
        part_a_35_tile += part_a_17
        part_a_35_tile += part_a_19
        part_a_35_tile += part_a_21
        part_a_35_tile += part_a_23
        part_a_35_tile += part_a_26
        part_a_35_tile += part_a_29
        part_a_36 = _cut(part_a_2, tile) * v_bar_a
        sum_i_2[tile] = np.matmul(work_0, part_a_36[:, :, None])[:, :, 0]
        sum_i_3[tile] = np.matmul(work_0, part_a_13[:, :, None])[:, :, 0]
        part_a_37 = v_bar_a * _cut(part_a_11, tile)
        sum_i_4[tile] = np.matmul(work_0, part_a_37[:, :, None])[:, :, 0]
        part_a_38 = v_bar_a * _cut(part_a_10, tile)
        sum_i_5[tile] = np.matmul(work_3, part_a_38[:, :, None])[:, :, 0]
        sum_i_6[tile] = np.matmul(work_3, part_a_13[:, :, None])[:, :, 0]
        np.multiply(work_1, work_10, out=work_1)
        np.multiply(work_5, work_1, out=work_1)
        sum_a_9 = np.matmul(_cut(part_i_19, tile)[:, None], work_1)[:, 0]
        part_a_41 = part_a_13 * sum_a_9
        part_a_42 = _cut(part_11, tile)[:, None] * part_a_41
        part_a_43 = part_a_13 * sum_a_8
        part_a_44 = _cut(part_20, tile)[:, None] * part_a_43
        sum_a_10 = np.matmul(_cut(part_i_13, tile)[:, None], work_3)[:, 0]
        part_a_45 = part_a_13 * sum_a_10
        part_a_46 = _cut(part_19, tile)[:, None] * part_a_45
        part_a_47 = sum_a * v_bar_a
        part_a_48 = _cut(part_3, tile)[:, None] * part_a_47
        part_a_53_tile = part_a_53[tile]
        np.multiply(sum_a_8, part_a_36, out=part_a_53_tile)
        part_a_53_tile *= _cut(part_18, tile)[:, None]
        part_a_53_tile += g_bar_a
        part_a_53_tile += part_a_44
        part_a_53_tile += part_a_48
        part_a_53_tile -= part_a_42
        part_a_53_tile -= part_a_46
        sum_i_7[tile] = np.matmul(work_1, part_a_38[:, :, None])[:, :, 0]
        np.multiply(work_0, work_8, out=work_8)
        sum_i_8[tile] = np.matmul(work_8, part_a_13[:, :, None])[:, :, 0]
        part_a_54 = part_a_12 * v_bar_a
        np.add.reduce(part_a_54, axis=1, out=total[tile])
        np.multiply(work_0, work_9, out=work_9)
        sum_i_9[tile] = np.matmul(work_9, part_a_13[:, :, None])[:, :, 0]
        np.multiply(work_4, work_10, out=work_4)
        np.multiply(work_5, work_4, out=work_4)
        sum_i_10[tile] = np.matmul(work_4, part_a_13[:, :, None])[:, :, 0]
        np.multiply(work_0, work_7, out=work_0)
        sum_i_11[tile] = np.matmul(work_0, part_a_13[:, :, None])[:, :, 0]
        np.multiply(work_2, work_10, out=work_2)
        np.multiply(work_5, work_2, out=work_5)
        sum_i_12[tile] = np.matmul(work_5, part_a_13[:, :, None])[:, :, 0]
    part_i_20 = sum_i * part_i_10
    part_i_20 *= part_i_7**2
    part_i_20 *= (2 / part_2)[:, None]
    part_i_21 = sig_i * sum_i_2
    part_i_22 = part_i_8 * part_i_21
    part_i_23 = sig_i * sum_i_3
    part_i_23 *= part_i_8
    part_i_24 = sum_i_2 * (part_i * part_i_3)
    part_i_24 *= part_i_8
    part_i_25 = rho_bar[:, :k]
    np.multiply(part_15[:, None], part_i_22, out=part_i_25)
    part_i_25 -= (part_4 * 3 / part)[:, None] * part_i_23
    part_i_25 *= rho_i
    part_i_25 *= 2
    part_i_25 += part_17[:, None] * (part_i_16 * part_i_21)
    part_i_25 += part_11[:, None] * (part_i_8 * (sig_i * sum_i_4))
    part_i_25 += part_14[:, None] * part_i_22
    part_i_25 += (part_15 + part_10 / part)[:, None] * part_i_23
    part_i_25 -= (2 * (K * gamma) / part)[:, None] * part_i_24
    part_i_25 -= part_19[:, None] * (part_i_8 * (sig_i * sum_i_5))
    part_i_25 -= part_11[:, None] * (part_i_19 * sum_i_5)
    part_i_25 -= part_19[:, None] * (part_i_19 * sum_i_6)
    part_i_26 = sum_i * part_i_18
    part_i_26 *= b**2
    part_i_27 = sig_bar[:, :k]
    np.multiply(part_i_8, sum_i, out=part_i_27)
    part_i_27 *= part_3[:, None]
    part_i_27 += (part_9 / part_2)[:, None] * part_i_26
    part_i_27 -= part_19[:, None] * (part_i_8 * (part_i * sum_i_6))
    part_i_27 -= part_11[:, None] * (part_i_8 * (sig_i * sum_i_7))
    part_i_27 -= part_20[:, None] * (part_i_8 * (sig_i * sum_i_6))
    total_2 = _row_sums(part_i_8 * (sig_i * sum_i_8))
    total_3 = _row_sums(part_i_16 * (part_i * sum_i_2))
    part_21 = total_2 / part_2 + 2 * total_3 / part - total / (part * part_8) - total / (K * part**2)
    total_4 = _row_sums(part_i_8 * (part_i_11 * sum_i_4))
    total_5 = _row_sums(part_i_19 * sum_i_7)
    total_6 = _row_sums(part_i_8 * (sig_i * sum_i_9))
    total_7 = _row_sums(part_i_8 * (sig_i * sum_i_10))
    total_8 = _row_sums(part_i_7 * sum_i * part_i_10**2)
    total_9 = _row_sums(part_i_24)
    part_22 = K * total_9
    total_10 = _row_sums(part_i_14 * (sum_i_2 * (sig_i * part_i_3)))
    total_11 = _row_sums(part_i_8 * (sig_i * sum_i_11))
    part_23 = (
        2 * (r * total_11) / part + (4 * part_22 / part
        + (2 * (gamma * (4 * total_4 / part_2 + total_6 / part - 4 * total_5 / part_2)) + 2 * total_8 / part_2))
        - 2 * (r * total_7) / part_2 - 2 * (K * total_10) / part
    )
    total_12 = _row_sums(part_i_8 * (sig_i * sum_i_12))
    total_13 = _row_sums(part_i_23)
    total_14 = _row_sums(part_i_26)
    part_24 = (
        2 * (gamma * total_11) / part + (2 * part_22 / part
        + (2 * (r * (total_13 / part - 2 * total_12 / part_2)) + 2 * total_14 / part_2))
        - 2 * (gamma * total_7) / part_2
    )
    return part_i_20, rho_bar, sig_bar, part_21, part_23, part_24


def _domain_first(
    b: Floats,
    rho: Floats,
    sig: Floats,
    K: Floats,
    gamma: Floats,
    r: Floats,
    sigma2: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
) -> bool | NDArray[np.bool_]:
    """Which problems are inside the domain."""
    rho_i = rho[:, :k]
    sig_a = sig[:, k:]
    sig_i = sig[:, :k]
    inside = _finite(False, rho, sig, K, gamma, r, sigma2)
    inside = inside & _above(sig_i, 0, True, 1)
    inside = inside & _above(sig_a, 0, True, 1)
    inside = inside & _above(r[:, None] + gamma[:, None] * rho_i, 0, True, 1)
    inside = inside & _above(K, 0, False, 1)
    inside = inside & _above(gamma, 0, False, 1)
    inside = inside & _above(r, 0, False, 1)
    inside = inside & _above(sigma2, 0, False, 1)
    return inside


def _weights_domain_first(
    b: Floats,
    rho: Floats,
    sig: Floats,
    K: Floats,
    gamma: Floats,
    r: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
) -> bool | NDArray[np.bool_]:
    """Which problems are inside the domain."""
    rho_i = rho[:, :k]
    sig_a = sig[:, k:]
    sig_i = sig[:, :k]
    inside = _finite(False, rho, sig, K, gamma, r)
    inside = inside & _above(sig_i, 0, True, 1)
    inside = inside & _above(sig_a, 0, True, 1)
    inside = inside & _above(r[:, None] + gamma[:, None] * rho_i, 0, True, 1)
    inside = inside & _above(K, 0, False, 1)
    inside = inside & _above(gamma, 0, False, 1)
    inside = inside & _above(r, 0, False, 1)
    return inside


def _own_variance_first(sig: Floats, d: int, k: int, rows: int, kind: np.dtype, work: _Work) -> Floats:
    """`g_a` of the pre-training data for the indices outside the learned span."""
    sig_a = sig[:, k:]
    return _join(kind, 1, (sig_a, d - k))


def _excess_loss_mean_last(
    rho: Floats,
    sig: Floats,
    K: Floats,
    gamma: Floats,
    r: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
) -> Floats:
    """Mean of the limit of `m (L(w_hat) - L(w*))`."""
    sig_a = sig[k:]
    rho_a = rho[k:]
    sig_i = sig[:k]
    rho_i = rho[:k]
    part_i = rho_i - 1
    total = _added(sig_i * (part_i * (1 + K * rho_i)) ** 2 / (r + gamma * sig_i))
    part = gamma**2
    part_2 = K * (1 + K)
    part_i1 = rho_i - 1
    part_i1 *= 4
    part_i2 = rho_i - 1
    part_i1_2 = 4 * rho_i
    part_i1_3 = rho_i**2
    part_i1_4 = 3 * part_i1_3
    part_i1_4 = _onto(np.subtract, part_i1_4, part_i1_2, True)
    part_i2_2 = rho_i**2
    part_i2_3 = 4 * rho_i
    part_i2_3 = _onto(np.subtract, part_i2_3, 3 * part_i2_2)
    part_i1_5 = 10 * rho_i
    part_i1_6 = 4 * part_i1_3
    part_3 = K**2
    part_i1_7 = part_3 * rho_i
    part_i1_8 = rho_i - 2
    part_i1_9 = r * sig_i
    part_i2_4 = r * sig_i
    part_4 = 2 * gamma
    part_i1_10 = part_4 * sig_i
    part_i_2 = gamma * rho_i
    part_a = rho_a - 1
    part_a = _onto(np.multiply, part_a, part * 4)
    part_a_2 = part_3 * rho_a
    part_i_3 = r + part_4 - part_i_2
    np.square(part_i_3, out=part_i_3)
    part_i_3 = _onto(np.multiply, part_i_3, rho_i)
    part_5 = r**2
    part_6 = r * gamma
    part_7 = 2 * part_6
    part_a_3 = 2 * rho_a
    part_a_4 = 4 * rho_a
    part_i_4 = rho_i**2
    part_i_5 = 4 * rho_i
    part_i_5 = _onto(np.subtract, part_i_5, 3 * part_i_4)
    part_a_5 = 8 * rho_a
    part_a_6 = 2 * part * sig_a
    part_a_7 = rho_a * sig_a
    part_a_7 *= 2
    part_i_6 = sig_i * rho_i
    sum_i1 = np.zeros((k, rows), kind)
    for place in range(k - 1):
        work_0 = work(0, k - place - 1, rows)
        work_1 = work(1, k - place - 1, rows)
        work_2 = work(2, k - place - 1, rows)
        work_3 = work(3, k - place - 1, rows)
        work_4 = work(4, k - place - 1, rows)
        np.multiply(part_i1[place], part_i2[place + 1:], out=work_0)
        np.add(part_i1_4[place], part_i2_3[place + 1:], out=work_1)
        np.multiply(rho_i[place + 1:], part_i1_5[place], out=work_2)
        np.multiply(part_i1_2[place], part_i2_2[place + 1:], out=work_3)
        np.multiply(rho_i[place + 1:], part_i1_6[place], out=work_4)
        np.add(work_3, work_4, out=work_3)
        np.subtract(work_3, work_2, out=work_3)
        np.add(work_1, work_3, out=work_1)
        np.multiply(K, work_1, out=work_1)
        np.multiply(rho_i[place + 1:], part_i1_7[place], out=work_2)
        np.add(rho_i[place + 1:], part_i1_8[place], out=work_3)
        np.square(work_3, out=work_3)
        np.multiply(work_2, work_3, out=work_2)
        np.add(work_0, work_1, out=work_0)
        np.add(work_2, work_0, out=work_2)
        np.add(part_i1_9[place], part_i2_4[place + 1:], out=work_0)
        np.multiply(sig_i[place + 1:], part_i1_10[place], out=work_1)
        np.add(work_0, work_1, out=work_0)
        np.multiply(sig_i[place + 1:], work_2, out=work_2)
        np.divide(work_2, work_0, out=work_2)
        _added(work_2, out=sum_i1[place])
    total_2 = _added(sig_i * sum_i1)
    sum_i = np.zeros((k, rows), kind)
    for tile in work.tiles(d - k, k, rows):
        width = tile.stop - tile.start
        work_0 = work(0, k, width, rows)
        work_1 = work(1, k, width, rows)
        work_2 = work(2, k, width, rows)
        work_3 = work(3, k, width, rows)
        work_4 = work(4, k, width, rows)
        work_5 = work(5, k, width, rows)
        np.multiply(part_i[:, None], part_a[tile], out=work_0)
        np.multiply(part_a_2[tile], part_i_3[:, None], out=work_1)
        np.add(rho_i[:, None], part_a_3[tile], out=work_2)
        np.multiply(rho_i[:, None], part_a_3[tile], out=work_3)
        np.subtract(work_2, work_3, out=work_2)
        np.multiply(part_7, work_2, out=work_2)
        np.add(part_a_4[tile], part_i_5[:, None], out=work_3)
        np.multiply(rho_i[:, None], part_a_5[tile], out=work_4)
        np.multiply(part_a_4[tile], part_i_4[:, None], out=work_5)
        np.subtract(work_5, work_4, out=work_5)
        np.add(work_3, work_5, out=work_3)
        np.multiply(part, work_3, out=work_3)
        np.add(work_2, work_3, out=work_2)
        np.add(part_5, work_2, out=work_2)
        np.multiply(K, work_2, out=work_2)
        np.add(work_0, work_1, out=work_0)
        np.add(work_2, work_0, out=work_2)
        np.multiply(sig_i[:, None], part_a_6[tile], out=work_0)
        np.subtract(rho_i[:, None], rho_a[tile], out=work_1)
        np.multiply(work_0, work_1, out=work_0)
        np.subtract(sig_i[:, None], sig_a[tile], out=work_1)
        np.multiply(part_5, work_1, out=work_1)
        np.subtract(part_i_6[:, None], part_a_7[tile], out=work_3)
        np.multiply(rho_i[:, None], sig_a[tile], out=work_4)
        np.add(work_3, work_4, out=work_3)
        np.multiply(part_6, work_3, out=work_3)
        np.add(work_0, work_1, out=work_0)
        np.add(work_3, work_0, out=work_3)
        np.multiply(sig_a[tile], work_2, out=work_2)
        np.divide(work_2, work_3, out=work_2)
        sum_i += np.add.reduce(work_2, axis=1)
    total_3 = _added(sum_i * (sig_i * (r + part_i_2)))
    value = total_3 / part_2 + (2 * (total * part) / part_2 + part * total_2 / part_2)
    return value


def _excess_loss_pullback_last(
    rho: Floats,
    sig: Floats,
    K: Floats,
    gamma: Floats,
    r: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
    bar: Floats,
) -> tuple[Floats, ...]:
    """The mean excess loss, and the derivatives of `bar` times it."""
    rho_i = rho[:k]
    sig_i = sig[:k]
    rho_a = rho[k:]
    sig_a = sig[k:]
    rho_bar = work.new(d, rows)
    sig_bar = work.new(d, rows)
    part = gamma**2
    part_2 = bar * part
    part_3 = 1 + K
    part_4 = K * part_3
    part_5 = 4 * part_2
    part_6 = part_5 / part_4
    part_a = part * 2 * sig_a
    part_7 = r**2
    part_8 = gamma * r
    part_a_2 = sig_a * rho_a
    part_a_3 = 2 * part_a_2
    part_i = sig_i * rho_i
    part_i_2 = rho_i - 1
    part_i_3 = gamma * rho_i
    part_i_4 = r + part_i_3
    part_i_5 = sig_i * part_i_2
    part_i_6 = part_i_4 * part_i_5
    part_9 = bar * K
    part_10 = part_9 / part_3
    part_i_7 = part_i * part_i_4
    part_11 = gamma * 2
    part_i_8 = r + part_11 - part_i_3
    part_i_9 = part_i_8**2
    part_i_10 = part_i_7 * part_i_9
    part_12 = bar * gamma
    part_13 = r * part_12
    part_14 = 4 * part_13 / part_3
    part_15 = -(part_2 * 8 / part_3 + part_14)
    part_16 = part_5 / part_3
    part_17 = part_14 + part_16
    part_i_11 = sig_i * part_i_4
    part_i_12 = rho_i**2
    part_i_13 = part_i_11 * part_i_12
    part_18 = part_2 * 2 / part_4
    part_a_4 = rho_a - 1
    part_a_5 = 4 * part * part_a_4
    part_19 = K**2
    part_a_6 = part_19 * rho_a
    part_i_14 = rho_i * part_i_9
    part_20 = 2 * part_8
    part_a_7 = 2 * rho_a
    part_a_8 = 4 * rho_a
    part_i_15 = 4 * rho_i
    part_i_15 = _onto(np.subtract, part_i_15, 3 * part_i_12)
    part_a_9 = 8 * rho_a
    part_i_16 = sig_i**2
    part_i_17 = part_i_4 * part_i_16
    part_a_10 = sig_a**2
    part_21 = 2 * part_13
    part_22 = part_21 / part_4
    part_i_18 = gamma * sig_i
    part_i_18 = _onto(np.add, part_i_18, r)
    np.divide(1, part_i_18, out=part_i_18)
    part_i_19 = K * rho_i
    part_i_19 += 1
    part_23 = part_2 * 3 / part_3
    part_i_20 = part_i_2**2
    part_a_11 = sig_a * part_a_4
    part_24 = part_13 / part_4
    part_i1 = r * sig_i
    part_i2 = r * sig_i
    part_i1_2 = part_11 * sig_i
    part_i2_2 = sig_i * rho_i
    part_25 = part * part_9
    part_26 = 2 * part_25 / part_3
    part_i1_3 = rho_i - 2
    part_i1_4 = sig_i * rho_i
    part_i2_3 = rho_i - 1
    part_i2_4 = sig_i * part_i2_3
    part_27 = part_25 / part_3
    part_28 = part_2 * 10 / part_3
    part_i2_5 = rho_i**2
    part_i2_6 = sig_i * part_i2_5
    part_i1_5 = rho_i - 1
    part_i1_6 = sig_i * part_i1_5
    part_i1_7 = rho_i**2
    part_i1_8 = sig_i * part_i1_7
    part_29 = bar * part_7 / part_4
    part_30 = bar / part_4
    part_i_21 = part_i_2 * part_i_19
    np.square(part_i_21, out=part_i_21)
    part_31 = 2 * (bar * (gamma * part)) / part_4
    part_i_22 = part_i_18**2
    part_i_23 = sig_i * part_i_21
    part_i_24 = part_i_22 * part_i_23
    part_32 = bar * r
    part_33 = part * part_32 / part_4
    part_i1_9 = 4 * part_i1_5
    part_i1_10 = 4 * rho_i
    part_i1_11 = 3 * part_i1_7
    part_i1_11 = _onto(np.subtract, part_i1_11, part_i1_10, True)
    part_i2_7 = 4 * rho_i
    part_i2_7 = _onto(np.subtract, part_i2_7, 3 * part_i2_5)
    part_i1_12 = 10 * rho_i
    part_i1_13 = 4 * part_i1_7
    part_i1_14 = part_19 * rho_i
    part_i2_8 = sig_i**2
    part_34 = part_2 / part_4
    part_i1_15 = sig_i**2
    total = _added(part_i_18 * part_i_23)
    part_35 = bar * total
    part_36 = 2 * (part * part_35)
    total_2 = _added(part_i_18 * (part_i_20 * (part_i * part_i_19)))
    total_3 = _added(part_i_22 * (part_i_5 * part_i_19) ** 2)
    total_4 = _added(part_i_24)
    part_a_31 = rho_bar[k:]
    sum_i = np.zeros((k, rows), kind)
    sum_i_2 = np.zeros((k, rows), kind)
    sum_i_3 = np.zeros((k, rows), kind)
    sum_i_4 = np.zeros((k, rows), kind)
    sum_i_5 = np.zeros((k, rows), kind)
    sum_i_6 = np.zeros((k, rows), kind)
    part_a_44 = sig_bar[k:]
    sum_i_7 = np.zeros((k, rows), kind)
    sum_i_8 = np.zeros((k, rows), kind)
    sum_i_9 = np.zeros((k, rows), kind)
    sum_i_10 = np.zeros((k, rows), kind)
    sum_i_11 = np.zeros((k, rows), kind)
    sum_i_12 = np.zeros((k, rows), kind)
    for tile in work.tiles(d - k, k, rows):
        width = tile.stop - tile.start
        work_0 = work(0, k, width, rows)
        work_1 = work(1, k, width, rows)
        work_2 = work(2, k, width, rows)
        work_3 = work(3, k, width, rows)
        work_4 = work(4, k, width, rows)
        work_5 = work(5, k, width, rows)
        work_6 = work(6, k, width, rows)
        work_7 = work(7, k, width, rows)
        work_8 = work(8, k, width, rows)
        work_9 = work(9, k, width, rows)
        work_10 = work(10, k, width, rows)
        work_11 = work(11, k, width, rows)
        np.multiply(part_a[tile], sig_i[:, None], out=work_0)
        np.subtract(rho_i[:, None], rho_a[tile], out=work_1)
        np.multiply(work_0, work_1, out=work_0)
        np.subtract(sig_i[:, None], sig_a[tile], out=work_2)
        np.multiply(part_7, work_2, out=work_3)
        np.subtract(part_i[:, None], part_a_3[tile], out=work_4)
        np.multiply(sig_a[tile], rho_i[:, None], out=work_5)
        np.add(work_4, work_5, out=work_4)
        np.multiply(part_8, work_4, out=work_5)
        np.add(work_0, work_3, out=work_0)
        np.add(work_5, work_0, out=work_5)
        np.divide(1, work_5, out=work_5)
        sum_a = np.einsum("in,ian->an", part_i_6, work_5)
        sum_a_2 = np.einsum("in,ian->an", part_i_10, work_5)
        part_a_14 = sig_a[tile] * sum_a_2
        part_a_15 = part_10 * part_a_14
        sum_a_3 = np.einsum("in,ian->an", part_i_7, work_5)
        part_a_16 = sig_a[tile] * sum_a_3
        part_a_17 = part_15 * part_a_16
        sum_a_4 = np.einsum("in,ian->an", part_i_11, work_5)
        part_a_18 = sig_a[tile] * sum_a_4
        part_a_19 = part_17 * part_a_18
        sum_a_5 = np.einsum("in,ian->an", part_i_13, work_5)
        part_a_20 = sig_a[tile] * sum_a_5
        part_a_21 = part_16 * part_a_20
        np.square(work_5, out=work_0)
        np.multiply(part_i_2[:, None], part_a_5[tile], out=work_3)
        np.multiply(part_a_6[tile], part_i_14[:, None], out=work_6)
        np.add(rho_i[:, None], part_a_7[tile], out=work_7)
        np.multiply(rho_i[:, None], part_a_7[tile], out=work_8)
        np.subtract(work_7, work_8, out=work_7)
        np.multiply(part_20, work_7, out=work_8)
        np.add(part_a_8[tile], part_i_15[:, None], out=work_9)
        np.multiply(rho_i[:, None], part_a_9[tile], out=work_10)
        np.multiply(part_i_12[:, None], part_a_8[tile], out=work_11)
        np.subtract(work_11, work_10, out=work_11)
        np.add(work_9, work_11, out=work_9)
        np.multiply(part, work_9, out=work_10)
        np.add(work_8, work_10, out=work_8)
        np.add(part_7, work_8, out=work_8)
        np.multiply(K, work_8, out=work_10)
        np.add(work_3, work_6, out=work_3)
        np.add(work_10, work_3, out=work_10)
        np.multiply(work_0, work_10, out=work_3)
        sum_a_6 = np.einsum("in,ian->an", part_i_17, work_3)
        part_a_22 = sum_a_6 * part_a_10[tile]
        part_a_23 = part_18 * part_a_22
        sum_a_7 = np.einsum("in,ian->an", part_i_11, work_3)
        part_a_24 = part_a_10[tile] * sum_a_7
        part_a_25 = part_22 * part_a_24
        part_a_31_tile = part_a_31[tile]
        np.multiply(sig_a[tile], sum_a, out=part_a_31_tile)
        part_a_31_tile *= part_6
        part_a_31_tile += part_a_15
        part_a_31_tile += part_a_17
        part_a_31_tile += part_a_19
        part_a_31_tile += part_a_21
        part_a_31_tile += part_a_23
        part_a_31_tile += part_a_25
        sum_i += np.einsum("an,ian->in", part_a_2[tile], work_5)
        sum_i_2 += np.einsum("an,ian->in", sig_a[tile], work_5)
        sum_i_3 += np.einsum("an,ian->in", part_a_11[tile], work_5)
        sum_i_4 += np.einsum("an,ian->in", part_a_10[tile], work_3)
        sum_i_5 += np.einsum("an,ian->in", sig_a[tile], work_3)
        np.multiply(work_5, work_10, out=work_6)
        sum_i_6 += np.einsum("an,ian->in", sig_a[tile], work_6)
        np.multiply(work_1, work_10, out=work_1)
        np.multiply(work_0, work_1, out=work_1)
        sum_a_8 = np.einsum("in,ian->an", part_i_17, work_1)
        part_a_34 = sig_a[tile] * sum_a_8
        part_a_35 = part_18 * part_a_34
        part_a_36 = sig_a[tile] * sum_a_7
        part_a_37 = part_29 * part_a_36
        sum_a_9 = np.einsum("in,ian->an", part_i_7, work_3)
        part_a_38 = sig_a[tile] * sum_a_9
        part_a_39 = part_24 * part_a_38
        sum_a_10 = np.einsum("in,ian->an", part_i_11, work_6)
        part_a_40 = part_30 * sum_a_10
        part_a_44_tile = part_a_44[tile]
        np.multiply(part_a_2[tile], sum_a_7, out=part_a_44_tile)
        part_a_44_tile *= part_22
        part_a_44_tile += part_a_37
        part_a_44_tile += part_a_40
        part_a_44_tile -= part_a_35
        part_a_44_tile -= part_a_39
        sum_i_7 += np.einsum("an,ian->in", part_a_10[tile], work_1)
        np.multiply(work_5, work_8, out=work_8)
        sum_i_8 += np.einsum("an,ian->in", sig_a[tile], work_8)
        np.multiply(work_5, work_9, out=work_9)
        sum_i_9 += np.einsum("an,ian->in", sig_a[tile], work_9)
        np.multiply(work_4, work_10, out=work_4)
        np.multiply(work_0, work_4, out=work_4)
        sum_i_10 += np.einsum("an,ian->in", sig_a[tile], work_4)
        np.multiply(work_5, work_7, out=work_5)
        sum_i_11 += np.einsum("an,ian->in", sig_a[tile], work_5)
        np.multiply(work_2, work_10, out=work_2)
        np.multiply(work_0, work_2, out=work_0)
        sum_i_12 += np.einsum("an,ian->in", sig_a[tile], work_0)
    part_i_25 = part_i_11 * sum_i
    part_i_26 = part_i_11 * sum_i_2
    part_i_27 = sum_i * (part_i_7 * part_i_8)
    part_i_28 = sig_i * sum_i_6
    part_i_29 = part_16 * part_i_25
    part_i_29 -= part_23 * part_i_26
    part_i_29 *= rho_i
    part_i_29 *= 2
    part_i_29 += part_6 * (part_i_18 * (part_i_5 * part_i_19**2))
    part_i_29 += part_16 * (part_i_18 * (sig_i * part_i_19 * part_i_20))
    part_i_29 += part_6 * (part_i_11 * sum_i_3)
    part_i_29 += part_15 * part_i_25
    part_i_29 += (part_16 + part_21 / part_3) * part_i_26
    part_i_29 += part_12 / part_4 * part_i_28
    part_i_29 += part_10 * (part_i_9 * part_i_25)
    part_i_29 -= 2 * (K * part_12) / part_3 * part_i_27
    part_i_29 -= part_24 * (part_i_11 * sum_i_4)
    part_i_29 -= part_18 * (part_i_16 * (part_i_4 * sum_i_4))
    part_i_29 -= part_24 * (part_i_16 * (part_i_4 * sum_i_5))
    part_i_30 = part_i_4 * sum_i_6
    part_i_30 *= part_30
    part_i_30 += part_18 * (part_i_18 * part_i_21)
    part_i_30 -= part_31 * part_i_24
    part_i_30 -= part_24 * (part_i_7 * sum_i_5)
    part_i_30 -= part_18 * (part_i_11 * sum_i_7)
    part_i_30 -= part_29 * (part_i_11 * sum_i_5)
    total_5 = _added(part_i_11 * sum_i_6)
    part_37 = bar * total_5
    total_6 = _added(part_i_9 * (part_i_7 * sum_i))
    total_7 = _added(part_i_11 * sum_i_8)
    total_8 = _added(part_i_6 * sum_i_3)
    total_9 = _added(part_i_16 * (part_i_4 * sum_i_7))
    total_10 = _added(part_i_11 * sum_i_9)
    total_11 = _added(part_i_11 * sum_i_10)
    total_12 = _added(part_i * sum_i_6)
    total_13 = _added(part_i_27)
    part_38 = part_9 * total_13
    total_14 = _added(part_i_12 * (sum_i * (part_i_8 * part_i_11)))
    total_15 = _added(part_i_11 * sum_i_11)
    total_16 = _added(part_i_11 * sum_i_12)
    total_17 = _added(part_i_26)
    total_18 = _added(part_i_28)
    sum_i1 = np.zeros((k, rows), kind)
    sum_i1_2 = np.zeros((k, rows), kind)
    sum_i1_3 = np.zeros((k, rows), kind)
    sum_i1_4 = np.zeros((k, rows), kind)
    sum_i1_5 = np.zeros((k, rows), kind)
    sum_i1_6 = np.zeros((k, rows), kind)
    sum_i2 = np.zeros((k, rows), kind)
    sum_i2_2 = np.zeros((k, rows), kind)
    sum_i2_3 = np.zeros((k, rows), kind)
    sum_i2_4 = np.zeros((k, rows), kind)
    sum_i2_5 = np.zeros((k, rows), kind)
    sum_i2_6 = np.zeros((k, rows), kind)
    sum_i1_7 = np.zeros((k, rows), kind)
    sum_i1_8 = np.zeros((k, rows), kind)
    sum_i1_9 = np.zeros((k, rows), kind)
    sum_i2_7 = np.zeros((k, rows), kind)
    sum_i2_8 = np.zeros((k, rows), kind)
    sum_i2_9 = np.zeros((k, rows), kind)
    sum_i1_10 = np.zeros((k, rows), kind)
    for place in range(k - 1):
        work_0 = work(0, k - place - 1, rows)
        work_1 = work(1, k - place - 1, rows)
        work_2 = work(2, k - place - 1, rows)
        work_3 = work(3, k - place - 1, rows)
        work_4 = work(4, k - place - 1, rows)
        work_5 = work(5, k - place - 1, rows)
        work_6 = work(6, k - place - 1, rows)
        work_7 = work(7, k - place - 1, rows)
        np.add(part_i1[place], part_i2[place + 1:], out=work_0)
        np.multiply(sig_i[place + 1:], part_i1_2[place], out=work_1)
        np.add(work_0, work_1, out=work_0)
        np.divide(1, work_0, out=work_0)
        np.einsum("an,an->n", part_i2_2[place + 1:], work_0, out=sum_i1[place])
        np.einsum("an,an->n", sig_i[place + 1:], work_0, out=sum_i1_2[place])
        np.add(rho_i[place + 1:], part_i1_3[place], out=work_1)
        np.multiply(work_0, work_1, out=work_2)
        np.einsum("an,an->n", part_i2_2[place + 1:], work_2, out=sum_i1_3[place])
        np.einsum("an,an->n", part_i2_4[place + 1:], work_0, out=sum_i1_4[place])
        np.square(work_1, out=work_1)
        np.multiply(work_0, work_1, out=work_3)
        np.einsum("an,an->n", part_i2_2[place + 1:], work_3, out=sum_i1_5[place])
        np.einsum("an,an->n", part_i2_6[place + 1:], work_0, out=sum_i1_6[place])
        sum_i2[place + 1:] += part_i1_4[place] * work_0
        sum_i2_2[place + 1:] += sig_i[place] * work_0
        sum_i2_3[place + 1:] += part_i1_4[place] * work_2
        sum_i2_4[place + 1:] += part_i1_6[place] * work_0
        sum_i2_5[place + 1:] += part_i1_4[place] * work_3
        sum_i2_6[place + 1:] += part_i1_8[place] * work_0
        np.square(work_0, out=work_2)
        np.multiply(part_i2_3[place + 1:], part_i1_9[place], out=work_3)
        np.add(part_i1_11[place], part_i2_7[place + 1:], out=work_4)
        np.multiply(rho_i[place + 1:], part_i1_12[place], out=work_5)
        np.multiply(part_i2_5[place + 1:], part_i1_10[place], out=work_6)
        np.multiply(rho_i[place + 1:], part_i1_13[place], out=work_7)
        np.add(work_6, work_7, out=work_6)
        np.subtract(work_6, work_5, out=work_6)
        np.add(work_4, work_6, out=work_4)
        np.multiply(K, work_4, out=work_5)
        np.multiply(rho_i[place + 1:], part_i1_14[place], out=work_6)
        np.multiply(work_1, work_6, out=work_1)
        np.add(work_3, work_5, out=work_3)
        np.add(work_1, work_3, out=work_1)
        np.multiply(work_2, work_1, out=work_2)
        np.einsum("an,an->n", sig_i[place + 1:], work_2, out=sum_i1_7[place])
        np.einsum("an,an->n", part_i2_8[place + 1:], work_2, out=sum_i1_8[place])
        np.multiply(work_0, work_1, out=work_1)
        np.einsum("an,an->n", sig_i[place + 1:], work_1, out=sum_i1_9[place])
        sum_i2_7[place + 1:] += sig_i[place] * work_2
        sum_i2_8[place + 1:] += part_i1_15[place] * work_2
        sum_i2_9[place + 1:] += sig_i[place] * work_1
        np.multiply(work_0, work_4, out=work_0)
        np.einsum("an,an->n", sig_i[place + 1:], work_0, out=sum_i1_10[place])
    part_i1_16 = sig_i * sum_i1
    part_i1_17 = sig_i * sum_i1_2
    part_i1_18 = part_16 * part_i1_16
    part_i1_18 -= part_23 * part_i1_17
    part_i1_18 *= rho_i
    part_i1_18 *= 2
    part_i1_18 += part_26 * (sum_i1_3 * part_i1_4)
    part_i1_18 += part_6 * (sig_i * sum_i1_4)
    part_i1_18 += part_27 * (sig_i * sum_i1_5)
    part_i1_18 += part_16 * part_i1_17
    part_i1_18 += part_16 * (sig_i * sum_i1_6)
    part_i1_18 -= part_28 * part_i1_16
    part_i2_9 = sig_i * sum_i2
    part_i2_10 = sig_i * sum_i2_2
    part_i2_11 = part_16 * part_i2_9
    part_i2_11 -= part_23 * part_i2_10
    part_i2_11 *= rho_i
    part_i2_11 *= 2
    part_i2_11 += part_26 * (part_i2_2 * sum_i2_3)
    part_i2_11 += part_6 * (sig_i * sum_i2_4)
    part_i2_11 += part_27 * (sig_i * sum_i2_5)
    part_i2_11 += part_16 * part_i2_10
    part_i2_11 += part_16 * (sig_i * sum_i2_6)
    part_i2_11 -= part_28 * part_i2_9
    part_i1_19 = sig_i * sum_i1_7
    part_i1_19 *= part_33
    np.subtract(part_34 * sum_i1_9, part_i1_19, out=part_i1_19)
    part_i1_19 -= part_31 * (sig_i * sum_i1_8)
    part_i2_12 = sig_i * sum_i2_7
    part_i2_12 *= part_33
    np.subtract(part_34 * sum_i2_9, part_i2_12, out=part_i2_12)
    part_i2_12 -= part_31 * (sig_i * sum_i2_8)
    total_19 = _added(sig_i * sum_i1_9)
    part_39 = bar * total_19
    part_40 = part * part_39
    total_20 = _added(part_i1_4 * sum_i1_5)
    total_21 = _added(sig_i * sum_i1_10)
    part_41 = (
        bar * total_7 / part_4 + (part * (bar * total_21) / part_4
        + (2 * (K * (part * (bar * total_20) / part_4 + bar * total_6 / part_4))
        + 4 * (part * (bar * total_2)) / part_4)) - (part_37 / part_3 + (part_36 / part_3 + part_40 / part_3))
        / part_19 - (part_37 / K + (part_36 / K + part_40 / K)) / part_3**2
    )
    total_22 = _added(sum_i1_8 * part_i1_15)
    part_42 = (
        2 * (part_32 * total_15) / part_3 + (4 * part_38 / part_3
        + (2 * (gamma * (bar * total_10 / part_3 + (part_39 / part_4
        + (4 * (bar * total_8) / part_4 + 2 * part_35 / part_4)) - 2 * (bar * total_9) / part_4))
        + bar * total_12 / part_4)) - 2 * (part * (bar * total_3)) / part_4 - 2 * (part * (bar * total_22)) / part_4
        - part_32 * total_11 / part_4 - 2 * (part_9 * total_14) / part_3
    )
    total_23 = _added(sum_i1_7 * part_i1_15)
    total_24 = _added(part_i2_8 * sum_i2_7)
    part_43 = (
        2 * (part_12 * total_15) / part_3 + (2 * part_38 / part_3
        + (2 * (r * (bar * total_17 / part_3 - bar * total_16 / part_4)) + bar * total_18 / part_4))
        - 2 * (part * (bar * total_4)) / part_4 - part * (bar * total_23) / part_4 - part * (bar * total_24) / part_4
        - part_12 * total_11 / part_4
    )
    part_44 = total_5 / part_4 + (2 * (part * total) / part_4 + part * total_19 / part_4)
    rho_bar[:k] = part_i_29 + part_i1_18 + part_i2_11
    sig_bar[:k] = part_i_30 + part_i1_19 + part_i2_12
    return part_44, rho_bar, sig_bar, part_41, part_42, part_43


def _excess_domain_last(
    rho: Floats,
    sig: Floats,
    K: Floats,
    gamma: Floats,
    r: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
) -> bool | NDArray[np.bool_]:
    """Which problems are inside the domain."""
    rho_i = rho[:k]
    sig_a = sig[k:]
    sig_i = sig[:k]
    inside = _finite(True, rho, sig, K, gamma, r)
    inside = inside & _above(sig_i, 0, True, 0)
    inside = inside & _above(sig_a, 0, True, 0)
    inside = inside & _above(r + gamma * rho_i, 0, True, 0)
    inside = inside & _above(K, 0, False, 0)
    inside = inside & _above(gamma, 0, False, 0)
    inside = inside & _above(r, 0, False, 0)
    return inside


def _excess_loss_mean_first(
    rho: Floats,
    sig: Floats,
    K: Floats,
    gamma: Floats,
    r: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
) -> Floats:
    """Mean of the limit of `m (L(w_hat) - L(w*))`."""
    rho_a = rho[:, k:]
    sig_a = sig[:, k:]
    sig_i = sig[:, :k]
    rho_i = rho[:, :k]
    part_i = rho_i - 1
    total = _row_sums(sig_i * (part_i * (1 + K[:, None] * rho_i)) ** 2 / (r[:, None] + gamma[:, None] * sig_i))
    part = gamma**2
    part_2 = K * (1 + K)
    part_i1 = r[:, None] * sig_i
    part_i2 = r[:, None] * sig_i
    part_3 = 2 * gamma
    part_i1_2 = part_3[:, None] * sig_i
    part_i1_3 = 4 * (rho_i - 1)
    part_i2_2 = rho_i - 1
    part_i1_4 = 4 * rho_i
    part_i1_5 = rho_i**2
    part_i1_6 = part_i1_4 - 3 * part_i1_5
    part_i2_3 = rho_i**2
    part_i2_4 = 4 * rho_i - 3 * part_i2_3
    part_i1_7 = 10 * rho_i
    part_i1_8 = 4 * part_i1_5
    part_4 = K**2
    part_i1_9 = part_4[:, None] * rho_i
    part_i1_10 = rho_i - 2
    part_i_2 = gamma[:, None] * rho_i
    part_a = (2 * part)[:, None] * sig_a
    part_5 = r**2
    part_6 = r * gamma
    part_a_2 = 2 * (sig_a * rho_a)
    part_i_3 = sig_i * rho_i
    part_a_3 = (part * 4)[:, None] * (rho_a - 1)
    part_a_4 = part_4[:, None] * rho_a
    part_i_4 = rho_i * ((r + part_3)[:, None] - part_i_2) ** 2
    part_7 = 2 * part_6
    part_a_5 = 2 * rho_a
    part_a_6 = 4 * rho_a
    part_i_5 = rho_i**2
    part_i_6 = 4 * rho_i - 3 * part_i_5
    part_a_7 = 8 * rho_a
    sum_i1 = np.zeros((rows, k), kind)
    for place in range(k - 1):
        work_0 = work(0, rows, k - place - 1)
        work_1 = work(1, rows, k - place - 1)
        work_2 = work(2, rows, k - place - 1)
        work_3 = work(3, rows, k - place - 1)
        work_4 = work(4, rows, k - place - 1)
        work_5 = work(5, rows, k - place - 1)
        np.add(part_i1[:, place, None], part_i2[:, place + 1:], out=work_0)
        np.multiply(sig_i[:, place + 1:], part_i1_2[:, place, None], out=work_1)
        np.add(work_0, work_1, out=work_0)
        np.divide(1, work_0, out=work_0)
        np.multiply(part_i1_3[:, place, None], part_i2_2[:, place + 1:], out=work_1)
        np.add(part_i1_6[:, place, None], part_i2_4[:, place + 1:], out=work_2)
        np.multiply(rho_i[:, place + 1:], part_i1_7[:, place, None], out=work_3)
        np.multiply(part_i1_4[:, place, None], part_i2_3[:, place + 1:], out=work_4)
        np.multiply(rho_i[:, place + 1:], part_i1_8[:, place, None], out=work_5)
        np.add(work_4, work_5, out=work_4)
        np.subtract(work_4, work_3, out=work_4)
        np.add(work_2, work_4, out=work_2)
        np.multiply(K[:, None], work_2, out=work_2)
        np.multiply(rho_i[:, place + 1:], part_i1_9[:, place, None], out=work_3)
        np.add(rho_i[:, place + 1:], part_i1_10[:, place, None], out=work_4)
        np.square(work_4, out=work_4)
        np.multiply(work_3, work_4, out=work_3)
        np.add(work_1, work_2, out=work_1)
        np.add(work_3, work_1, out=work_3)
        np.multiply(work_0, work_3, out=work_0)
        np.einsum("na,na->n", sig_i[:, place + 1:], work_0, out=sum_i1[:, place])
    total_2 = _row_sums(sig_i * sum_i1)
    sum_i = work.new(rows, k)
    for tile in work.row_tiles(rows, k, d - k):
        height = tile.stop - tile.start
        work_0 = work(0, height, k, d - k)
        work_1 = work(1, height, k, d - k)
        work_2 = work(2, height, k, d - k)
        work_3 = work(3, height, k, d - k)
        work_4 = work(4, height, k, d - k)
        work_5 = work(5, height, k, d - k)
        work_6 = work(6, height, k, d - k)
        np.multiply(_cut(sig_i, tile)[:, :, None], _cut(part_a, tile)[:, None], out=work_0)
        np.subtract(_cut(rho_i, tile)[:, :, None], _cut(rho_a, tile)[:, None], out=work_1)
        np.multiply(work_0, work_1, out=work_0)
        np.subtract(_cut(sig_i, tile)[:, :, None], _cut(sig_a, tile)[:, None], out=work_1)
        np.multiply(_cut(part_5, tile)[:, None, None], work_1, out=work_1)
        np.subtract(_cut(part_i_3, tile)[:, :, None], _cut(part_a_2, tile)[:, None], out=work_2)
        np.multiply(_cut(rho_i, tile)[:, :, None], _cut(sig_a, tile)[:, None], out=work_3)
        np.add(work_2, work_3, out=work_2)
        np.multiply(_cut(part_6, tile)[:, None, None], work_2, out=work_2)
        np.add(work_0, work_1, out=work_0)
        np.add(work_2, work_0, out=work_2)
        np.divide(1, work_2, out=work_2)
        np.multiply(_cut(part_i, tile)[:, :, None], _cut(part_a_3, tile)[:, None], out=work_0)
        np.multiply(_cut(part_a_4, tile)[:, None], _cut(part_i_4, tile)[:, :, None], out=work_1)
        np.add(_cut(rho_i, tile)[:, :, None], _cut(part_a_5, tile)[:, None], out=work_3)
        np.multiply(_cut(rho_i, tile)[:, :, None], _cut(part_a_5, tile)[:, None], out=work_4)
        np.subtract(work_3, work_4, out=work_3)
        np.multiply(_cut(part_7, tile)[:, None, None], work_3, out=work_3)
        np.add(_cut(part_a_6, tile)[:, None], _cut(part_i_6, tile)[:, :, None], out=work_4)
        np.multiply(_cut(rho_i, tile)[:, :, None], _cut(part_a_7, tile)[:, None], out=work_5)
        np.multiply(_cut(part_a_6, tile)[:, None], _cut(part_i_5, tile)[:, :, None], out=work_6)
        np.subtract(work_6, work_5, out=work_6)
        np.add(work_4, work_6, out=work_4)
        np.multiply(_cut(part, tile)[:, None, None], work_4, out=work_4)
        np.add(work_3, work_4, out=work_3)
        np.add(_cut(part_5, tile)[:, None, None], work_3, out=work_3)
        np.multiply(_cut(K, tile)[:, None, None], work_3, out=work_3)
        np.add(work_0, work_1, out=work_0)
        np.add(work_3, work_0, out=work_3)
        np.multiply(work_2, work_3, out=work_2)
        sum_i[tile] = np.matmul(work_2, _cut(sig_a, tile)[:, :, None])[:, :, 0]
    total_3 = _row_sums(sum_i * (sig_i * (r[:, None] + part_i_2)))
    value = total_3 / part_2 + (2 * (total * part) / part_2 + part * total_2 / part_2)
    return value


def _excess_loss_pullback_first(
    rho: Floats,
    sig: Floats,
    K: Floats,
    gamma: Floats,
    r: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
    bar: Floats,
) -> tuple[Floats, ...]:
    """The mean excess loss, and the derivatives of `bar` times it."""
    rho_i = rho[:, :k]
    sig_i = sig[:, :k]
    rho_a = rho[:, k:]
    sig_a = sig[:, k:]
    rho_bar = work.new(rows, d)
    sig_bar = work.new(rows, d)
    part = gamma**2
    part_2 = bar * part
    part_3 = 1 + K
    part_4 = K * part_3
    part_5 = 4 * part_2
    part_6 = part_5 / part_4
    part_a = (part * 2)[:, None] * sig_a
    part_7 = r**2
    part_8 = gamma * r
    part_a_2 = sig_a * rho_a
    part_a_3 = 2 * part_a_2
    part_i = sig_i * rho_i
    part_i_2 = rho_i - 1
    part_i_3 = gamma[:, None] * rho_i
    part_i_4 = r[:, None] + part_i_3
    part_i_5 = sig_i * part_i_2
    part_i_6 = part_i_4 * part_i_5
    part_9 = bar * K
    part_10 = part_9 / part_3
    part_i_7 = part_i * part_i_4
    part_11 = gamma * 2
    part_i_8 = (r + part_11)[:, None] - part_i_3
    part_i_9 = part_i_8**2
    part_i_10 = part_i_7 * part_i_9
    part_12 = bar * gamma
    part_13 = r * part_12
    part_14 = 4 * part_13 / part_3
    part_15 = -(part_2 * 8 / part_3 + part_14)
    part_16 = part_5 / part_3
    part_17 = part_14 + part_16
    part_i_11 = sig_i * part_i_4
    part_i_12 = rho_i**2
    part_i_13 = part_i_11 * part_i_12
    part_18 = part_2 * 2 / part_4
    part_a_4 = rho_a - 1
    part_a_5 = (4 * part)[:, None] * part_a_4
    part_19 = K**2
    part_a_6 = part_19[:, None] * rho_a
    part_i_14 = rho_i * part_i_9
    part_20 = 2 * part_8
    part_a_7 = 2 * rho_a
    part_a_8 = 4 * rho_a
    part_i_15 = 4 * rho_i - 3 * part_i_12
    part_a_9 = 8 * rho_a
    part_i_16 = sig_i**2
    part_i_17 = part_i_4 * part_i_16
    part_a_10 = sig_a**2
    part_21 = 2 * part_13
    part_22 = part_21 / part_4
    part_i_18 = 1 / (r[:, None] + gamma[:, None] * sig_i)
    part_i_19 = 1 + K[:, None] * rho_i
    part_23 = part_2 * 3 / part_3
    part_i_20 = part_i_2**2
    part_a_11 = sig_a * part_a_4
    part_24 = part_13 / part_4
    part_i1 = r[:, None] * sig_i
    part_i2 = r[:, None] * sig_i
    part_i1_2 = part_11[:, None] * sig_i
    part_i2_2 = sig_i * rho_i
    part_25 = part * part_9
    part_26 = 2 * part_25 / part_3
    part_i1_3 = rho_i - 2
    part_i1_4 = sig_i * rho_i
    part_i2_3 = rho_i - 1
    part_i2_4 = sig_i * part_i2_3
    part_27 = part_25 / part_3
    part_28 = part_2 * 10 / part_3
    part_i2_5 = rho_i**2
    part_i2_6 = sig_i * part_i2_5
    part_i1_5 = rho_i - 1
    part_i1_6 = sig_i * part_i1_5
    part_i1_7 = rho_i**2
    part_i1_8 = sig_i * part_i1_7
    part_29 = bar * part_7 / part_4
    part_30 = bar / part_4
    part_i_21 = (part_i_2 * part_i_19) ** 2
    part_31 = 2 * (bar * (gamma * part)) / part_4
    part_i_22 = part_i_18**2
    part_i_23 = sig_i * part_i_21
    part_i_24 = part_i_22 * part_i_23
    part_32 = bar * r
    part_33 = part * part_32 / part_4
    part_i1_9 = 4 * part_i1_5
    part_i1_10 = 4 * rho_i
    part_i1_11 = part_i1_10 - 3 * part_i1_7
    part_i2_7 = 4 * rho_i - 3 * part_i2_5
    part_i1_12 = 10 * rho_i
    part_i1_13 = 4 * part_i1_7
    part_i1_14 = part_19[:, None] * rho_i
    part_i2_8 = sig_i**2
    part_34 = part_2 / part_4
    part_i1_15 = sig_i**2
    total = _row_sums(part_i_18 * part_i_23)
    part_35 = bar * total
    part_36 = 2 * (part * part_35)
    total_2 = _row_sums(part_i_18 * (part_i_20 * (part_i * part_i_19)))
    total_3 = _row_sums(part_i_22 * (part_i_5 * part_i_19) ** 2)
    total_4 = _row_sums(part_i_24)
    part_a_31 = rho_bar[:, k:]
    sum_i = work.new(rows, k)
    sum_i_2 = work.new(rows, k)
    sum_i_3 = work.new(rows, k)
    sum_i_4 = work.new(rows, k)
    sum_i_5 = work.new(rows, k)
    sum_i_6 = work.new(rows, k)
    part_a_44 = sig_bar[:, k:]
    sum_i_7 = work.new(rows, k)
    sum_i_8 = work.new(rows, k)
    sum_i_9 = work.new(rows, k)
    sum_i_10 = work.new(rows, k)
    sum_i_11 = work.new(rows, k)
    sum_i_12 = work.new(rows, k)
    for tile in work.row_tiles(rows, k, d - k):
        height = tile.stop - tile.start
        work_0 = work(0, height, k, d - k)
        work_1 = work(1, height, k, d - k)
        work_2 = work(2, height, k, d - k)
        work_3 = work(3, height, k, d - k)
        work_4 = work(4, height, k, d - k)
        work_5 = work(5, height, k, d - k)
        work_6 = work(6, height, k, d - k)
        work_7 = work(7, height, k, d - k)
        work_8 = work(8, height, k, d - k)
        work_9 = work(9, height, k, d - k)
        work_10 = work(10, height, k, d - k)
        work_11 = work(11, height, k, d - k)
        np.multiply(_cut(part_a, tile)[:, None], _cut(sig_i, tile)[:, :, None], out=work_0)
        np.subtract(_cut(rho_i, tile)[:, :, None], _cut(rho_a, tile)[:, None], out=work_1)
        np.multiply(work_0, work_1, out=work_0)
        np.subtract(_cut(sig_i, tile)[:, :, None], _cut(sig_a, tile)[:, None], out=work_2)
        np.multiply(_cut(part_7, tile)[:, None, None], work_2, out=work_3)
        np.subtract(_cut(part_i, tile)[:, :, None], _cut(part_a_3, tile)[:, None], out=work_4)
        np.multiply(_cut(sig_a, tile)[:, None], _cut(rho_i, tile)[:, :, None], out=work_5)
        np.add(work_4, work_5, out=work_4)
        np.multiply(_cut(part_8, tile)[:, None, None], work_4, out=work_5)
        np.add(work_0, work_3, out=work_0)
        np.add(work_5, work_0, out=work_5)
        np.divide(1, work_5, out=work_5)
        sum_a = np.matmul(_cut(part_i_6, tile)[:, None], work_5)[:, 0]
        sum_a_2 = np.matmul(_cut(part_i_10, tile)[:, None], work_5)[:, 0]
        part_a_14 = _cut(sig_a, tile) * sum_a_2
        part_a_15 = _cut(part_10, tile)[:, None] * part_a_14
        sum_a_3 = np.matmul(_cut(part_i_7, tile)[:, None], work_5)[:, 0]
        part_a_16 = _cut(sig_a, tile) * sum_a_3
        part_a_17 = _cut(part_15, tile)[:, None] * part_a_16
        sum_a_4 = np.matmul(_cut(part_i_11, tile)[:, None], work_5)[:, 0]
        part_a_18 = _cut(sig_a, tile) * sum_a_4
        part_a_19 = _cut(part_17, tile)[:, None] * part_a_18
        sum_a_5 = np.matmul(_cut(part_i_13, tile)[:, None], work_5)[:, 0]
        part_a_20 = _cut(sig_a, tile) * sum_a_5
        part_a_21 = _cut(part_16, tile)[:, None] * part_a_20
        np.square(work_5, out=work_0)
        np.multiply(_cut(part_i_2, tile)[:, :, None], _cut(part_a_5, tile)[:, None], out=work_3)
        np.multiply(_cut(part_a_6, tile)[:, None], _cut(part_i_14, tile)[:, :, None], out=work_6)
        np.add(_cut(rho_i, tile)[:, :, None], _cut(part_a_7, tile)[:, None], out=work_7)
        np.multiply(_cut(rho_i, tile)[:, :, None], _cut(part_a_7, tile)[:, None], out=work_8)
        np.subtract(work_7, work_8, out=work_7)
        np.multiply(_cut(part_20, tile)[:, None, None], work_7, out=work_8)
        np.add(_cut(part_a_8, tile)[:, None], _cut(part_i_15, tile)[:, :, None], out=work_9)
        np.multiply(_cut(rho_i, tile)[:, :, None], _cut(part_a_9, tile)[:, None], out=work_10)
        np.multiply(_cut(part_i_12, tile)[:, :, None], _cut(part_a_8, tile)[:, None], out=work_11)
        np.subtract(work_11, work_10, out=work_11)
        np.add(work_9, work_11, out=work_9)
        np.multiply(_cut(part, tile)[:, None, None], work_9, out=work_10)
        np.add(work_8, work_10, out=work_8)
        np.add(_cut(part_7, tile)[:, None, None], work_8, out=work_8)
        np.multiply(_cut(K, tile)[:, None, None], work_8, out=work_10)
        np.add(work_3, work_6, out=work_3)
        np.add(work_10, work_3, out=work_10)
        np.multiply(work_0, work_10, out=work_3)
        sum_a_6 = np.matmul(_cut(part_i_17, tile)[:, None], work_3)[:, 0]
        part_a_22 = sum_a_6 * _cut(part_a_10, tile)
        part_a_23 = _cut(part_18, tile)[:, None] * part_a_22
        sum_a_7 = np.matmul(_cut(part_i_11, tile)[:, None], work_3)[:, 0]
        part_a_24 = _cut(part_a_10, tile) * sum_a_7
        part_a_25 = _cut(part_22, tile)[:, None] * part_a_24
        part_a_31_tile = part_a_31[tile]
        np.multiply(_cut(sig_a, tile), sum_a, out=part_a_31_tile)
        part_a_31_tile *= _cut(part_6, tile)[:, None]
        part_a_31_tile += part_a_15
        part_a_31_tile += part_a_17
        part_a_31_tile += part_a_19
        part_a_31_tile += part_a_21
        part_a_31_tile += part_a_23
        part_a_31_tile += part_a_25
        sum_i[tile] = np.matmul(work_5, _cut(part_a_2, tile)[:, :, None])[:, :, 0]
        sum_i_2[tile] = np.matmul(work_5, _cut(sig_a, tile)[:, :, None])[:, :, 0]
        sum_i_3[tile] = np.matmul(work_5, _cut(part_a_11, tile)[:, :, None])[:, :, 0]
        sum_i_4[tile] = np.matmul(work_3, _cut(part_a_10, tile)[:, :, None])[:, :, 0]
        sum_i_5[tile] = np.matmul(work_3, _cut(sig_a, tile)[:, :, None])[:, :, 0]
        np.multiply(work_5, work_10, out=work_6)
        sum_i_6[tile] = np.matmul(work_6, _cut(sig_a, tile)[:, :, None])[:, :, 0]
        np.multiply(work_1, work_10, out=work_1)
        np.multiply(work_0, work_1, out=work_1)
        sum_a_8 = np.matmul(_cut(part_i_17, tile)[:, None], work_1)[:, 0]
        part_a_34 = _cut(sig_a, tile) * sum_a_8
        part_a_35 = _cut(part_18, tile)[:, None] * part_a_34
        part_a_36 = _cut(sig_a, tile) * sum_a_7
        part_a_37 = _cut(part_29, tile)[:, None] * part_a_36
        sum_a_9 = np.matmul(_cut(part_i_7, tile)[:, None], work_3)[:, 0]
        part_a_38 = _cut(sig_a, tile) * sum_a_9
        part_a_39 = _cut(part_24, tile)[:, None] * part_a_38
        sum_a_10 = np.matmul(_cut(part_i_11, tile)[:, None], work_6)[:, 0]
        part_a_40 = _cut(part_30, tile)[:, None] * sum_a_10
        part_a_44_tile = part_a_44[tile]
        np.multiply(_cut(part_a_2, tile), sum_a_7, out=part_a_44_tile)
        part_a_44_tile *= _cut(part_22, tile)[:, None]
        part_a_44_tile += part_a_37
        part_a_44_tile += part_a_40
        part_a_44_tile -= part_a_35
        part_a_44_tile -= part_a_39
        sum_i_7[tile] = np.matmul(work_1, _cut(part_a_10, tile)[:, :, None])[:, :, 0]
        np.multiply(work_5, work_8, out=work_8)
        sum_i_8[tile] = np.matmul(work_8, _cut(sig_a, tile)[:, :, None])[:, :, 0]
        np.multiply(work_5, work_9, out=work_9)
        sum_i_9[tile] = np.matmul(work_9, _cut(sig_a, tile)[:, :, None])[:, :, 0]
        np.multiply(work_4, work_10, out=work_4)
        np.multiply(work_0, work_4, out=work_4)
        sum_i_10[tile] = np.matmul(work_4, _cut(sig_a, tile)[:, :, None])[:, :, 0]
        np.multiply(work_5, work_7, out=work_5)
        sum_i_11[tile] = np.matmul(work_5, _cut(sig_a, tile)[:, :, None])[:, :, 0]
        np.multiply(work_2, work_10, out=work_2)
        np.multiply(work_0, work_2, out=work_0)
        sum_i_12[tile] = np.matmul(work_0, _cut(sig_a, tile)[:, :, None])[:, :, 0]
    part_i_25 = part_i_11 * sum_i
    part_i_26 = part_i_11 * sum_i_2
    part_i_27 = sum_i * (part_i_7 * part_i_8)
    part_i_28 = sig_i * sum_i_6
    part_i_29 = part_16[:, None] * part_i_25
    part_i_29 -= part_23[:, None] * part_i_26
    part_i_29 *= rho_i
    part_i_29 *= 2
    part_i_29 += part_6[:, None] * (part_i_18 * (part_i_5 * part_i_19**2))
    part_i_29 += part_16[:, None] * (part_i_18 * (sig_i * part_i_19 * part_i_20))
    part_i_29 += part_6[:, None] * (part_i_11 * sum_i_3)
    part_i_29 += part_15[:, None] * part_i_25
    part_i_29 += (part_16 + part_21 / part_3)[:, None] * part_i_26
    part_i_29 += (part_12 / part_4)[:, None] * part_i_28
    part_i_29 += part_10[:, None] * (part_i_9 * part_i_25)
    part_i_29 -= (2 * (K * part_12) / part_3)[:, None] * part_i_27
    part_i_29 -= part_24[:, None] * (part_i_11 * sum_i_4)
    part_i_29 -= part_18[:, None] * (part_i_16 * (part_i_4 * sum_i_4))
    part_i_29 -= part_24[:, None] * (part_i_16 * (part_i_4 * sum_i_5))
    part_i_30 = part_i_4 * sum_i_6
    part_i_30 *= part_30[:, None]
    part_i_30 += part_18[:, None] * (part_i_18 * part_i_21)
    part_i_30 -= part_31[:, None] * part_i_24
    part_i_30 -= part_24[:, None] * (part_i_7 * sum_i_5)
    part_i_30 -= part_18[:, None] * (part_i_11 * sum_i_7)
    part_i_30 -= part_29[:, None] * (part_i_11 * sum_i_5)
    total_5 = _row_sums(part_i_11 * sum_i_6)
    part_37 = bar * total_5
    total_6 = _row_sums(part_i_9 * (part_i_7 * sum_i))
    total_7 = _row_sums(part_i_11 * sum_i_8)
    total_8 = _row_sums(part_i_6 * sum_i_3)
    total_9 = _row_sums(part_i_16 * (part_i_4 * sum_i_7))
    total_10 = _row_sums(part_i_11 * sum_i_9)
    total_11 = _row_sums(part_i_11 * sum_i_10)
    total_12 = _row_sums(part_i * sum_i_6)
    total_13 = _row_sums(part_i_27)
    part_38 = part_9 * total_13
    total_14 = _row_sums(part_i_12 * (sum_i * (part_i_8 * part_i_11)))
    total_15 = _row_sums(part_i_11 * sum_i_11)
    total_16 = _row_sums(part_i_11 * sum_i_12)
    total_17 = _row_sums(part_i_26)
    total_18 = _row_sums(part_i_28)
    sum_i1 = np.zeros((rows, k), kind)
    sum_i1_2 = np.zeros((rows, k), kind)
    sum_i1_3 = np.zeros((rows, k), kind)
    sum_i1_4 = np.zeros((rows, k), kind)
    sum_i1_5 = np.zeros((rows, k), kind)
    sum_i1_6 = np.zeros((rows, k), kind)
    sum_i2 = np.zeros((rows, k), kind)
    sum_i2_2 = np.zeros((rows, k), kind)
    sum_i2_3 = np.zeros((rows, k), kind)
    sum_i2_4 = np.zeros((rows, k), kind)
    sum_i2_5 = np.zeros((rows, k), kind)
    sum_i2_6 = np.zeros((rows, k), kind)
    sum_i1_7 = np.zeros((rows, k), kind)
    sum_i1_8 = np.zeros((rows, k), kind)
    sum_i1_9 = np.zeros((rows, k), kind)
    sum_i2_7 = np.zeros((rows, k), kind)
    sum_i2_8 = np.zeros((rows, k), kind)
    sum_i2_9 = np.zeros((rows, k), kind)
    sum_i1_10 = np.zeros((rows, k), kind)
    for place in range(k - 1):
        work_0 = work(0, rows, k - place - 1)
        work_1 = work(1, rows, k - place - 1)
        work_2 = work(2, rows, k - place - 1)
        work_3 = work(3, rows, k - place - 1)
        work_4 = work(4, rows, k - place - 1)
        work_5 = work(5, rows, k - place - 1)
        work_6 = work(6, rows, k - place - 1)
        work_7 = work(7, rows, k - place - 1)
        np.add(part_i1[:, place, None], part_i2[:, place + 1:], out=work_0)
        np.multiply(sig_i[:, place + 1:], part_i1_2[:, place, None], out=work_1)
        np.add(work_0, work_1, out=work_0)
        np.divide(1, work_0, out=work_0)
        np.einsum("na,na->n", part_i2_2[:, place + 1:], work_0, out=sum_i1[:, place])
        np.einsum("na,na->n", sig_i[:, place + 1:], work_0, out=sum_i1_2[:, place])
        np.add(rho_i[:, place + 1:], part_i1_3[:, place, None], out=work_1)
        np.multiply(work_0, work_1, out=work_2)
        np.einsum("na,na->n", part_i2_2[:, place + 1:], work_2, out=sum_i1_3[:, place])
        np.einsum("na,na->n", part_i2_4[:, place + 1:], work_0, out=sum_i1_4[:, place])
        np.square(work_1, out=work_1)
        np.multiply(work_0, work_1, out=work_3)
        np.einsum("na,na->n", part_i2_2[:, place + 1:], work_3, out=sum_i1_5[:, place])
        np.einsum("na,na->n", part_i2_6[:, place + 1:], work_0, out=sum_i1_6[:, place])
        sum_i2[:, place + 1:] += part_i1_4[:, place, None] * work_0
        sum_i2_2[:, place + 1:] += sig_i[:, place, None] * work_0
        sum_i2_3[:, place + 1:] += part_i1_4[:, place, None] * work_2
        sum_i2_4[:, place + 1:] += part_i1_6[:, place, None] * work_0
        sum_i2_5[:, place + 1:] += part_i1_4[:, place, None] * work_3
        sum_i2_6[:, place + 1:] += part_i1_8[:, place, None] * work_0
        np.square(work_0, out=work_2)
        np.multiply(part_i2_3[:, place + 1:], part_i1_9[:, place, None], out=work_3)
        np.add(part_i1_11[:, place, None], part_i2_7[:, place + 1:], out=work_4)
        np.multiply(rho_i[:, place + 1:], part_i1_12[:, place, None], out=work_5)
        np.multiply(part_i2_5[:, place + 1:], part_i1_10[:, place, None], out=work_6)
        np.multiply(rho_i[:, place + 1:], part_i1_13[:, place, None], out=work_7)
        np.add(work_6, work_7, out=work_6)
        np.subtract(work_6, work_5, out=work_6)
        np.add(work_4, work_6, out=work_4)
        np.multiply(K[:, None], work_4, out=work_5)
        np.multiply(rho_i[:, place + 1:], part_i1_14[:, place, None], out=work_6)
        np.multiply(work_1, work_6, out=work_1)
        np.add(work_3, work_5, out=work_3)
        np.add(work_1, work_3, out=work_1)
        np.multiply(work_2, work_1, out=work_2)
        np.einsum("na,na->n", sig_i[:, place + 1:], work_2, out=sum_i1_7[:, place])
        np.einsum("na,na->n", part_i2_8[:, place + 1:], work_2, out=sum_i1_8[:, place])
        np.multiply(work_0, work_1, out=work_1)
        np.einsum("na,na->n", sig_i[:, place + 1:], work_1, out=sum_i1_9[:, place])
        sum_i2_7[:, place + 1:] += sig_i[:, place, None] * work_2
        sum_i2_8[:, place + 1:] += part_i1_15[:, place, None] * work_2
        sum_i2_9[:, place + 1:] += sig_i[:, place, None] * work_1
        np.multiply(work_0, work_4, out=work_0)
        np.einsum("na,na->n", sig_i[:, place + 1:], work_0, out=sum_i1_10[:, place])
    part_i1_16 = sig_i * sum_i1
    part_i1_17 = sig_i * sum_i1_2
    part_i1_18 = part_16[:, None] * part_i1_16
    part_i1_18 -= part_23[:, None] * part_i1_17
    part_i1_18 *= rho_i
    part_i1_18 *= 2
    part_i1_18 += part_26[:, None] * (sum_i1_3 * part_i1_4)
    part_i1_18 += part_6[:, None] * (sig_i * sum_i1_4)
    part_i1_18 += part_27[:, None] * (sig_i * sum_i1_5)
    part_i1_18 += part_16[:, None] * part_i1_17
    part_i1_18 += part_16[:, None] * (sig_i * sum_i1_6)
    part_i1_18 -= part_28[:, None] * part_i1_16
    part_i2_9 = sig_i * sum_i2
    part_i2_10 = sig_i * sum_i2_2
    part_i2_11 = part_16[:, None] * part_i2_9
    part_i2_11 -= part_23[:, None] * part_i2_10
    part_i2_11 *= rho_i
    part_i2_11 *= 2
    part_i2_11 += part_26[:, None] * (part_i2_2 * sum_i2_3)
    part_i2_11 += part_6[:, None] * (sig_i * sum_i2_4)
    part_i2_11 += part_27[:, None] * (sig_i * sum_i2_5)
    part_i2_11 += part_16[:, None] * part_i2_10
    part_i2_11 += part_16[:, None] * (sig_i * sum_i2_6)
    part_i2_11 -= part_28[:, None] * part_i2_9
    part_i1_19 = sig_i * sum_i1_7
    part_i1_19 *= part_33[:, None]
    np.subtract(part_34[:, None] * sum_i1_9, part_i1_19, out=part_i1_19)
    part_i1_19 -= part_31[:, None] * (sig_i * sum_i1_8)
    part_i2_12 = sig_i * sum_i2_7
    part_i2_12 *= part_33[:, None]
    np.subtract(part_34[:, None] * sum_i2_9, part_i2_12, out=part_i2_12)
    part_i2_12 -= part_31[:, None] * (sig_i * sum_i2_8)
    total_19 = _row_sums(sig_i * sum_i1_9)
    part_39 = bar * total_19
    part_40 = part * part_39
    total_20 = _row_sums(part_i1_4 * sum_i1_5)
    total_21 = _row_sums(sig_i * sum_i1_10)
    part_41 = (
        bar * total_7 / part_4 + (part * (bar * total_21) / part_4
        + (2 * (K * (part * (bar * total_20) / part_4 + bar * total_6 / part_4))
        + 4 * (part * (bar * total_2)) / part_4)) - (part_37 / part_3 + (part_36 / part_3 + part_40 / part_3))
        / part_19 - (part_37 / K + (part_36 / K + part_40 / K)) / part_3**2
    )
    total_22 = _row_sums(sum_i1_8 * part_i1_15)
    part_42 = (
        2 * (part_32 * total_15) / part_3 + (4 * part_38 / part_3
        + (2 * (gamma * (bar * total_10 / part_3 + (part_39 / part_4
        + (4 * (bar * total_8) / part_4 + 2 * part_35 / part_4)) - 2 * (bar * total_9) / part_4))
        + bar * total_12 / part_4)) - 2 * (part * (bar * total_3)) / part_4 - 2 * (part * (bar * total_22)) / part_4
        - part_32 * total_11 / part_4 - 2 * (part_9 * total_14) / part_3
    )
    total_23 = _row_sums(sum_i1_7 * part_i1_15)
    total_24 = _row_sums(part_i2_8 * sum_i2_7)
    part_43 = (
        2 * (part_12 * total_15) / part_3 + (2 * part_38 / part_3
        + (2 * (r * (bar * total_17 / part_3 - bar * total_16 / part_4)) + bar * total_18 / part_4))
        - 2 * (part * (bar * total_4)) / part_4 - part * (bar * total_23) / part_4 - part * (bar * total_24) / part_4
        - part_12 * total_11 / part_4
    )
    part_44 = total_5 / part_4 + (2 * (part * total) / part_4 + part * total_19 / part_4)
    rho_bar[:, :k] = part_i_29 + part_i1_18 + part_i2_11
    sig_bar[:, :k] = part_i_30 + part_i1_19 + part_i2_12
    return part_44, rho_bar, sig_bar, part_41, part_42, part_43


def _excess_domain_first(
    rho: Floats,
    sig: Floats,
    K: Floats,
    gamma: Floats,
    r: Floats,
    d: int,
    k: int,
    rows: int,
    kind: np.dtype,
    work: _Work,
) -> bool | NDArray[np.bool_]:
    """Which problems are inside the domain."""
    rho_i = rho[:, :k]
    sig_a = sig[:, k:]
    sig_i = sig[:, :k]
    inside = _finite(False, rho, sig, K, gamma, r)
    inside = inside & _above(sig_i, 0, True, 1)
    inside = inside & _above(sig_a, 0, True, 1)
    inside = inside & _above(r[:, None] + gamma[:, None] * rho_i, 0, True, 1)
    inside = inside & _above(K, 0, False, 1)
    inside = inside & _above(gamma, 0, False, 1)
    inside = inside & _above(r, 0, False, 1)
    return inside


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


_LAW_LAST = _LawFunctions(
    _outside_variance_last,
    _noise_variance,
    _outside_pullback_last,
    _noise_pullback,
    _domain_last,
    _weights_domain_last,
    _weights_domain_last,
    _own_variance_last,
)
_LAW_FIRST = _LawFunctions(
    _outside_variance_first,
    _noise_variance,
    _outside_pullback_first,
    _noise_pullback,
    _domain_first,
    _weights_domain_first,
    _weights_domain_first,
    _own_variance_first,
)


class _ExcessFunctions(NamedTuple):
    """Functions on arrays of one layout."""

    value: Callable
    pullback: Callable
    domain: Callable


_EXCESS_LAST = _ExcessFunctions(_excess_loss_mean_last, _excess_loss_pullback_last, _excess_domain_last)
_EXCESS_FIRST = _ExcessFunctions(_excess_loss_mean_first, _excess_loss_pullback_first, _excess_domain_first)


def _sizes(b: Floats, rho: Floats, sig: Floats) -> tuple[int, int]:
    """The dimensions, from the lengths of the families."""
    k = _length("b", b, "(..., k) with k >= 1")
    d = _length("rho", rho, "(..., d) with d >= 1")
    _check_core("sig", sig, (d,), f"(..., d) with d = {d}")
    if not k < d:
        raise ValueError(f"rho: shape {rho.shape} came, (..., d) with d > k = {k} is expected")
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


# ---- trace words


Terms = Sequence[tuple[float, Mapping[str, int], str, tuple[str, ...]]]


class _Tables(NamedTuple):
    """A model in words.

    * `parameters`: rows and columns of each; `given`: those of each natural parameter that is a matrix.
    * `symmetric`, `definite`: which of these must be; `nonnegative`: scalars; `relations`: numbers that must be positive
      (True) or not negative; `joint`: covariances of the vectors of a law, in blocks.
    * `numbers`: scalars that are sums of others; `definitions`: matrices that are sums of words, or the inverse of one.
    * `loss`: `E l(w)`; `gradient`: `E Dl`; `hessian`, `score`: the forms `h`, `s`, by pairs of parameters in their order, the
      rest by symmetry.
    * `features`, `slopes`: `Phi` and `theta^T DPhi[V]`, with `theta` as the matrix `theta_`; `target`, `down`: `f*` and the
      downstream covariance unless it is given; `noise`: `sigma^2`.
    * `vertical`: for each symmetry whether its Lie algebra is that of antisymmetric matrices, of what size these are, and the
      velocities of the parameters at `[x, y, i, j]`.
    * `input`, `output`: dimensions of the features' input and of the features; `known`: whether `w*` is given.
    """

    parameters: Mapping[str, tuple[str, str]]
    given: Mapping[str, tuple[str, str]]
    symmetric: Sequence[str]
    definite: Sequence[str]
    nonnegative: Sequence[str]
    relations: Sequence[tuple[str, bool]]
    joint: Sequence[Sequence[Sequence[str]]]
    numbers: Mapping[str, Sequence[tuple[float, Mapping[str, int]]]]
    definitions: Mapping[str, tuple[str, str, str | Terms]]
    loss: Terms
    gradient: Mapping[str, Terms]
    hessian: Mapping[tuple[str, str], Terms]
    score: Mapping[tuple[str, str], Terms]
    features: Terms
    slopes: Mapping[str, Terms]
    target: Terms
    down: Terms
    noise: Terms
    vertical: Sequence[tuple[bool, str, Mapping[str, Terms]]]
    input: str
    output: str
    known: bool


class _Words:
    """Products of matrices, each made once, in an order in which derivatives can be taken back through them.

    `arrays`: matrices `(rows, p, q)` by name; `numbers`: scalars `(rows,)` by name, and dimensions.
    """

    def __init__(self, tables: _Tables, arrays: Mapping[str, Floats], numbers: Mapping[str, Any], rows: int) -> None:
        self.tables, self.rows = tables, rows
        self.arrays, self.made = dict(arrays), list[str]()
        self.numbers = dict(numbers)
        self.bars: dict[str, Floats] = {}
        self.number_bars: dict[str, Floats] = {}
        self.layout, start = dict[str, tuple[slice, tuple[int, int]]](), 0
        for name, shape in tables.parameters.items():
            p, q = (self.size(n) for n in shape)
            self.layout[name] = slice(start, start + p * q), (p, q)
            start += p * q
        self.entries = start

    def size(self, dimension: str) -> int:
        """A dimension by name, or a number."""
        return int(dimension) if dimension.isdigit() else self.numbers[dimension]

    # ---- values

    def number(self, name: str) -> Any:
        """A scalar `(rows,)`, or a dimension."""
        if name not in self.numbers:
            self.numbers[name] = sum(self._factor(number, powers) for number, powers in self.tables.numbers[name])
        return self.numbers[name]

    def matrix(self, word: str) -> Floats:
        """A word."""
        if word not in self.arrays:
            self.arrays[word] = self._matrix(word)
            self.made.append(word)
        return self.arrays[word]

    def _matrix(self, word: str) -> Floats:
        before, _, last = word.rpartition(" ")
        if before:
            return self.matrix(before) @ self.matrix(last)
        if word.endswith(".T"):
            return np.swapaxes(self.matrix(word[:-2]), 1, 2)
        if word.startswith("1_"):
            return np.eye(self.size(word[2:]))[None]
        p, q, terms = self.tables.definitions[word]
        if isinstance(terms, str):
            return _inverse(self.matrix(terms))
        return self.total(terms, self.size(p), self.size(q))

    def _factor(self, number: float, powers: Mapping[str, int]) -> Any:
        return number * math.prod(self.number(name) ** float(power) for name, power in powers.items())

    def total(self, terms: Terms, *shape: int) -> Floats:
        """The sum of terms, `(rows, *shape)`."""
        found = np.zeros((self.rows, *shape))
        for number, powers, pattern, words in terms:
            part = _einsum(pattern, *(self.matrix(word) for word in words)) if words else np.ones(1)
            found += np.reshape(self._factor(number, powers), (-1, *(1 for _ in shape))) * part
        return found

    def linear(self, table: Mapping[str, Terms], *before: int) -> Floats:
        """A form in one direction over the entries of all parameters, `(rows, *before, N)`."""
        found = np.zeros((self.rows, *before, self.entries))
        for name, terms in table.items():
            where, shape = self.layout[name]
            found[..., where] = self.total(terms, *before, *shape).reshape(self.rows, *before, -1)
        return found

    def bilinear(self, table: Mapping[tuple[str, str], Terms]) -> Floats:
        """A symmetric form over the entries of all parameters, `(rows, N, N)`."""
        found = np.zeros((self.rows, self.entries, self.entries))
        for (left, right), terms in table.items():
            (rows, shape), (columns, other) = self.layout[left], self.layout[right]
            block = self.total(terms, *shape, *other).reshape(self.rows, math.prod(shape), math.prod(other))
            found[:, rows, columns] = block
            if left != right:
                found[:, columns, rows] = np.swapaxes(block, 1, 2)
        return found

    def vertical(self) -> Floats:
        """Velocities along the orbit of `w`, `(rows, g, N)`."""
        found: list[Floats] = [np.zeros((self.rows, 0, self.entries))]
        for antisymmetric, side, velocity in self.tables.vertical:
            size = self.size(side)
            along = self.linear(velocity, size, size)
            if antisymmetric:
                rows, columns = np.triu_indices(size, 1)
                found.append(along[:, rows, columns] - along[:, columns, rows])
            else:
                found.append(along.reshape(self.rows, size * size, self.entries))
        return np.concatenate(found, axis=1)

    # ---- derivatives

    def _add(self, word: str, bar: Floats) -> None:
        if not word.startswith("1_"):
            self.bars[word] = self.bars[word] + bar if word in self.bars else bar

    def _add_number(self, number: float, powers: Mapping[str, int], bar: Floats) -> None:
        """`bar` is the derivative by `number` times the powers."""
        for name, power in powers.items():
            if isinstance(self.number(name), np.ndarray):
                others = {n: p - (n == name) for n, p in powers.items()}
                own = bar * self._factor(number * power, others)
                self.number_bars[name] = self.number_bars.get(name, 0) + own

    def pull_total(self, terms: Terms, bar: Floats) -> None:
        """Derivatives of the sum of terms with the seed `bar`."""
        for number, powers, pattern, words in terms:
            arrays = [self.matrix(word) for word in words]
            sources, result = pattern.split("->")
            letters = [part for part in sources.split(",") if part]
            if any(isinstance(self.number(name), np.ndarray) for name in powers):
                whole = _einsum(f"{','.join([result, *letters])}->", bar, *arrays)
                self._add_number(number, powers, whole)
            seed = np.reshape(self._factor(number, powers), (-1, *(1 for _ in result))) * bar
            for n, word in enumerate(words):
                if not word.startswith("1_"):
                    rest, other = letters[:n] + letters[n + 1 :], arrays[:n] + arrays[n + 1 :]
                    own, more = _own_letters(letters[n], result + "".join(rest))
                    sizes = dict(zip(letters[n], arrays[n].shape[1:], strict=True))
                    extra = [
                        np.eye(sizes[part[0]])[None] if len(part) == 2 else np.ones((1, sizes[part])) for part in more
                    ]
                    there = _einsum(f"{','.join([result, *rest, *more])}->{own}", seed, *other, *extra)
                    self._add(word, np.broadcast_to(there, (self.rows, *arrays[n].shape[1:])))

    def pull_linear(self, table: Mapping[str, Terms], bar: Floats) -> None:
        """The same for `linear`."""
        for name, terms in table.items():
            where, shape = self.layout[name]
            self.pull_total(terms, bar[..., where].reshape(*bar.shape[:-1], *shape))

    def pull_bilinear(self, table: Mapping[tuple[str, str], Terms], bar: Floats) -> None:
        """The same for `bilinear`; `bar` is symmetric."""
        for (left, right), terms in table.items():
            (rows, shape), (columns, other) = self.layout[left], self.layout[right]
            block = bar[:, rows, columns] * (1 if left == right else 2)
            self.pull_total(terms, block.reshape(self.rows, *shape, *other))

    def pull(self) -> None:
        """From the words to the matrices and scalars that they are made of."""
        for word in reversed(self.made):
            if word not in self.bars:
                continue
            bar = self.bars.pop(word)
            before, _, last = word.rpartition(" ")
            if before:
                self._add(before, bar @ np.swapaxes(self.matrix(last), 1, 2))
                self._add(last, np.swapaxes(self.matrix(before), 1, 2) @ bar)
            elif word.endswith(".T"):
                self._add(word[:-2], np.swapaxes(bar, 1, 2))
            else:
                terms = self.tables.definitions[word][2]
                if isinstance(terms, str):
                    turned = np.swapaxes(self.matrix(word), 1, 2)
                    self._add(terms, -(turned @ bar @ turned))
                else:
                    self.pull_total(terms, bar)
        for name in reversed(list(self.tables.numbers)):
            if name in self.number_bars:
                bar = self.number_bars.pop(name)
                for number, powers in self.tables.numbers[name]:
                    self._add_number(number, powers, bar)


def _own_letters(own: str, known: str) -> tuple[str, list[str]]:
    """The letters of a derivative by an operand, and those of the identities and ones that it takes.

    An operand `aa` is a diagonal: the derivative by `ab` has an identity `ab`. A letter that stands nowhere else is summed over.
    """
    if own[0] == own[1]:
        other = next(letter for letter in "zyxwvu" if letter not in known + own)
        return own[0] + other, [own[0] + other]
    return own, [letter for letter in own if letter not in known]


@cache
def _steps(pattern: str, shapes: tuple[tuple[int, ...], ...]) -> list[tuple[tuple[int, ...], str]]:
    """Which operands are multiplied one after the other, and how: found once for each pattern and shapes."""
    sources, result = pattern.split("->")
    left, steps = sources.split(","), []
    path = [tuple(range(len(left)))]
    if len(left) > 2:
        path = np.einsum_path(pattern, *(np.empty(shape) for shape in shapes), optimize="greedy")[0][1:]
    for places in path:
        taken = [left.pop(n) for n in sorted(places, reverse=True)]
        needed = "".join([*left, result]) if left else result
        made = "".join(dict.fromkeys(c for part in taken for c in part if c in needed)) if left else result
        left.append(made)
        steps.append((places, f"{','.join('...' + part for part in taken)}->...{made}"))
    return steps


def _einsum(pattern: str, *operands: Floats) -> Floats:
    """`np.einsum` over the last axes of batches, two operands at a time."""
    if pattern == "ij->ij":
        return operands[0]
    left = list(operands)
    for places, step in _steps(pattern, tuple(x.shape[1:] for x in operands)):
        taken = [left.pop(n) for n in sorted(places, reverse=True)]
        left.append(np.einsum(step, *taken))
    return left[0]


def _inverse(matrix: Floats) -> Floats:
    """Inverses, NaN for a matrix that is singular."""
    with np.errstate(all="ignore"):
        singular = ~(np.abs(np.linalg.slogdet(matrix)[0]) > 0)
    if not singular.any():
        return np.linalg.inv(matrix)
    whole = np.where(singular[:, None, None], np.eye(matrix.shape[1]), matrix)
    return np.where(singular[:, None, None], np.nan, np.linalg.inv(whole))


# ---- the minimiser of the population loss


STARTS = 4
"""Starts for each problem; the lowest minimum that they reach counts."""
STEPS = 100
"""Steps from one start."""


class _Search:
    """The loss, its gradient and Hessian at `w` `(rows, N)`, for problems of which each `w` has its own."""

    def __init__(self, tables: _Tables, arrays: Mapping[str, Floats], numbers: Mapping[str, Any]) -> None:
        self.tables, self.arrays, self.numbers = tables, arrays, numbers

    def at(self, w: Floats, which: NDArray) -> _Words:
        """The words at `w`, each of the problem with the number `which`."""
        arrays = {name: array[which] for name, array in self.arrays.items()}
        numbers = {name: x[which] if isinstance(x, np.ndarray) else x for name, x in self.numbers.items()}
        words = _Words(self.tables, arrays, numbers, len(w))
        for name, (where, shape) in words.layout.items():
            words.arrays[name] = w[:, where].reshape(-1, *shape)
        return words

    def loss(self, w: Floats, which: NDArray) -> Floats:
        """`L(w)`, infinite where it is not a number."""
        found = self.at(w, which).total(self.tables.loss)
        return np.where(np.isfinite(found), found, np.inf)

    def starts(self, rows: int) -> tuple[Floats, NDArray]:
        """Gaussian entries, each parameter scaled to the lowest loss in turn; one problem after another."""
        empty = _Words(self.tables, {}, self.numbers, 1)
        which = np.repeat(np.arange(rows), STARTS)
        w = np.tile(np.random.default_rng(0).standard_normal((STARTS, empty.entries)), (rows, 1))
        factors = 10.0 ** np.arange(-4, 4.5, 0.5)
        for _ in range(2):
            for where, _ in empty.layout.values():
                tried = []
                for factor in factors:
                    scaled = w.copy()
                    scaled[:, where] *= factor
                    tried.append(self.loss(scaled, which))
                w[:, where] *= factors[np.argmin(tried, axis=0)][:, None]
        return w, which


def _horizontal(hessian: Floats, vertical: Floats) -> tuple[Floats, Floats]:
    """Eigenvalues of the Hessian across the orbit, and vectors `X` with `X^T H X = diag`, `X X^T` free of units.

    `D H D` has the diagonal 1; of it the part on the complement of `D^{-1} vertical` counts.
    """
    diagonal = np.abs(np.diagonal(hessian, axis1=1, axis2=2))
    scale = 1 / np.sqrt(np.where(diagonal > 1e-12 * diagonal.max(1, keepdims=True), diagonal, 1.0))
    turned, _ = np.linalg.qr(np.swapaxes(vertical / scale[:, None, :], 1, 2), mode="complete")
    basis = scale[:, :, None] * turned[:, :, vertical.shape[1] :]
    values, vectors = np.linalg.eigh(np.swapaxes(basis, 1, 2) @ hessian @ basis)
    return values, basis @ vectors


def _minimiser(
    tables: _Tables, arrays: Mapping[str, Floats], numbers: Mapping[str, Any], rows: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """`w*` `(rows, N)`, and for which problems the lowest point that was reached is a minimum."""
    search = _Search(tables, arrays, numbers)
    w, which = search.starts(rows)
    value, roundness = search.loss(w, which), np.zeros(len(w))
    before = np.full(len(w), np.inf)
    active = np.flatnonzero(np.isfinite(value))
    for _ in range(STEPS):
        if not active.size:
            break
        words = search.at(w[active], which[active])
        slope, hessian = words.linear(tables.gradient), words.bilinear(tables.hessian)
        usable = np.isfinite(slope).all(1) & np.isfinite(hessian).all((1, 2))
        active, slope, hessian = active[usable], slope[usable], hessian[usable]
        vertical = words.vertical()[usable]
        values, across = _horizontal(hessian, vertical)
        along = np.einsum("nij,ni->nj", across, slope)
        curvature = np.maximum(np.abs(values), 1e-10 * np.abs(values).max(1, keepdims=True))
        size = np.einsum("ni,nij,nj->n", w[active], hessian, w[active])
        relative = np.sum(along**2 / curvature, axis=1) / np.maximum(np.abs(size), np.finfo(float).tiny)
        close = (relative <= 1e-12) & (values > 0).all(1)
        step = -np.einsum("nij,nj->ni", across, along / curvature)
        # in a nearly flat direction the loss is at its lowest to all digits long before the point is
        close = close & (np.sum((along / curvature) ** 2, axis=1) <= 1e-12 * np.abs(size))
        done = close & ((relative <= 1e-30) | (relative >= before[active]))  # what is left is rounding
        before[active] = np.where(close, relative, np.inf)
        here = w[active], which[active], value[active]
        w[active], value[active], found = _line(search, *here, step, np.sum(slope * step, axis=1), close)
        roundness[active[done]] = (values.min(1) / values.max(1))[done]
        active = active[found & ~done]
    reached = np.where(np.isfinite(value), value, np.inf).reshape(rows, STARTS)
    lowest = np.min(reached, axis=1, keepdims=True)
    same = reached <= lowest + 1e-9 * np.abs(lowest)  # points of one orbit, some of which are better conditioned
    best = np.argmax(np.where(same, roundness.reshape(rows, STARTS), -1.0), axis=1)
    place = np.arange(rows) * STARTS + best
    return w[place], roundness[place] > 0


def _line(
    search: _Search, w: Floats, which: NDArray, value: Floats, step: Floats, slope: Floats, close: NDArray[np.bool_]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """The first of `w + step / 2^j` that brings enough decrease, if there is one; close to the minimum the whole step."""
    moved, lowest, found = w.copy(), value.copy(), np.zeros(len(w), bool)
    left, length = np.arange(len(w)), 1.0
    for _ in range(40):
        if not left.size:
            break
        there = w[left] + length * step[left]
        reached = search.loss(there, which[left])
        good = close[left] | (reached <= value[left] + 1e-4 * length * slope[left])
        moved[left[good]], lowest[left[good]], found[left[good]] = there[good], reached[good], True
        left, length = left[~good], length / 2
    return moved, lowest, found


# ---- the law from trace words


def _dimensions(tables: _Tables, arrays: Mapping[str, Floats], **stated: int) -> dict[str, int]:
    """Dimensions, from the arrays as far as they show; `stated` ones, and the number of features, must leave something over."""
    sizes = dict(stated)
    for name, (rows, columns) in tables.given.items():
        vector = columns == "1"
        array, names = arrays[name], (rows,) if vector else (rows, columns)
        if array.ndim < len(names) or 0 in array.shape[-len(names) :]:
            wanted = ", ".join(names)
            raise ValueError(f"{name}: shape {array.shape} came, (..., {wanted}) is expected")
        for dimension, size in zip(names, array.shape[-len(names) :], strict=True):
            sizes.setdefault(dimension, size)
        _check_core(
            name, array, tuple(sizes[n] for n in names), f"(..., {', '.join(f'{{{sizes[n]}}}' for n in names)})"
        )
    most = sizes[tables.input] - 1
    for shape in tables.parameters.values():
        most = min([most, *(sizes[n] for n in shape if tables.output in shape and n != tables.output)])
    _below(tables.output, sizes[tables.output], most)
    return sizes


def _word_blocks(tables: _Tables, count: int, sizes: Mapping[str, int]) -> list[slice]:
    """Blocks of problems whose forms fit the workspace."""
    size = _Words(tables, {}, sizes, 1).entries
    return _slices(count, max(1, WORKSPACE // (8 * (6 if tables.known else 3 * STARTS) * size * size)))


class _Position(NamedTuple):
    """A block of problems at `w*`; `fine` are those inside the domain, the others have stand-ins."""

    words: _Words
    fine: NDArray[np.bool_]
    inverse: Floats
    covariance: Floats
    down: Floats
    down_given: bool
    features: Floats
    theta: Floats
    slopes: Floats
    projection: Floats
    noise: Floats

    @property
    def spread(self) -> Floats:
        """`C = E V E^T`."""
        found = self.slopes @ self.covariance @ np.swapaxes(self.slopes, 1, 2)
        return _even(found)

    def weights(self, number: int) -> Floats:
        """Eigenvalues of `C^{1/2} P C^{1/2}`, the largest, descending."""
        values, vectors = np.linalg.eigh(_even(self.projection))
        root = np.sqrt(np.maximum(values, 0))[:, :, None] * np.swapaxes(vectors, 1, 2)
        found = np.linalg.eigvalsh(root @ self.spread @ np.swapaxes(root, 1, 2))
        return np.maximum(found[:, ::-1][:, :number], 0)


def _position(
    tables: _Tables, given: Mapping[str, Floats], numbers: Mapping[str, Any], down: Floats | None, rows: int
) -> _Position:
    """Forms and features at `w*`.

    `h` must be positive across the orbit by 1e-10 of its largest eigenvalue, in units that make its diagonal 1.
    """
    arrays, fine = _inside(tables, given, numbers, rows)
    if down is not None:
        fine = fine & _definite(down)
        down = _stand_in(fine, down)
    if not tables.known:
        w, arrived = _minimiser(tables, arrays, numbers, rows)
        fine, start = fine & arrived, 0
        for name, shape in tables.parameters.items():
            p, q = (numbers[n] for n in shape)
            arrays[name] = w[:, start : start + p * q].reshape(rows, p, q)
            start += p * q
    words = _Words(tables, arrays, numbers, rows)
    score, hessian = words.bilinear(tables.score), words.bilinear(tables.hessian)
    fine = fine & np.isfinite(score).all((1, 2)) & np.isfinite(hessian).all((1, 2))
    values, across = _horizontal(_stand_in(fine, hessian), np.where(fine[:, None, None], words.vertical(), 1.0))
    fine = fine & (values >= 1e-10 * np.abs(values).max(1, keepdims=True)).all(1)
    inverse = (across / np.where(fine[:, None], values, 1.0)[:, None, :]) @ np.swapaxes(across, 1, 2)
    covariance = inverse @ np.where(fine[:, None, None], score, 0.0) @ inverse
    d, k = numbers[tables.input], numbers[tables.output]
    own = words.total(tables.down, d, d) if down is None else down
    features = words.total(tables.features, k, d)
    target = words.total(tables.target, d, 1)
    fine = fine & np.isfinite(features).all((1, 2)) & np.isfinite(target).all((1, 2)) & np.isfinite(own).all((1, 2))
    fine = fine & _full_rank(np.where(fine[:, None, None], features @ own @ np.swapaxes(features, 1, 2), np.eye(k)))
    features, own = np.where(fine[:, None, None], features, np.eye(k, d)), _stand_in(fine, own)
    across = features @ own
    fitted = np.linalg.solve(across @ np.swapaxes(features, 1, 2), across)
    words.arrays["theta_"] = fitted @ np.where(fine[:, None, None], target, 0.0)
    slopes = words.linear(tables.slopes, d)
    return _Position(
        words=words,
        fine=fine,
        inverse=inverse,
        covariance=covariance,
        down=own,
        down_given=down is not None,
        features=features,
        theta=words.arrays["theta_"],
        slopes=np.where(fine[:, None, None], slopes, 0.0),
        projection=own - np.swapaxes(across, 1, 2) @ fitted,
        noise=words.total(tables.noise),
    )


def _full_rank(gram: Floats) -> NDArray[np.bool_]:
    """Which covariances of features have full rank, by 1e-13 relative to their variances."""
    own = np.diagonal(gram, axis1=1, axis2=2)
    spread = 1 / np.sqrt(np.where(own > 0, own, 1.0))
    return (own > 0).all(1) & (np.linalg.eigvalsh(spread[:, :, None] * gram * spread[:, None, :])[:, 0] > 1e-13)


def _inside(
    tables: _Tables, given: Mapping[str, Floats], numbers: Mapping[str, Any], rows: int
) -> tuple[dict[str, Floats], NDArray[np.bool_]]:
    """The matrices with stand-ins, and which problems are finite, symmetric, definite and have a joint law of the data."""
    fine = np.ones(rows, bool)
    for array in (*given.values(), *(x for x in numbers.values() if isinstance(x, np.ndarray))):
        fine = fine & np.isfinite(array).all(axis=tuple(range(1, array.ndim)))
    for name in tables.symmetric:
        fine = fine & (_definite(given[name]) if name in tables.definite else _symmetric(given[name]))
    for name in tables.nonnegative:
        fine = fine & (numbers[name] >= 0)
    words = _Words(tables, given, numbers, rows)
    for name, strict in tables.relations:
        fine = fine & (words.number(name) > 0 if strict else words.number(name) >= 0)
    for blocks in tables.joint:
        parts = [[words.matrix(name) if name else None for name in row] for row in blocks]
        sides = [next(x.shape[1] for x in row if x is not None) for row in parts]
        joint = np.concatenate(
            [
                np.concatenate(
                    [np.zeros((rows, p, q)) if x is None else x for x, q in zip(row, sides, strict=True)], axis=2
                )
                for row, p in zip(parts, sides, strict=True)
            ],
            axis=1,
        )
        own = np.diagonal(joint, axis1=1, axis2=2)
        fine = fine & (own >= 0).all(1)
        spread = 1 / np.sqrt(np.where((own > 0) & fine[:, None], own, 1.0))
        joint = np.where(fine[:, None, None], spread[:, :, None] * joint * spread[:, None, :], 0.0)
        fine = fine & (np.linalg.eigvalsh(joint)[:, 0] >= -1e-9)
    arrays: dict[str, Floats] = {}
    for name, array in given.items():
        arrays[name] = np.where(fine[:, None, None], array, np.eye(*array.shape[1:]))
        if name in tables.symmetric:
            arrays[name] = _even(arrays[name])
    return arrays, fine


def _moments(here: _Position, alpha: Floats, d_eff: int, rank: int, number: int) -> list[Floats]:
    """Weights, mean, variance, those of the risk, crossover; NaN outside the domain."""
    weights = here.weights(number)
    first, second = np.sum(weights, axis=1), 2 * np.sum(weights**2, axis=1)
    fine = here.fine & (alpha > 0) & (alpha < np.inf) & (here.noise >= 0)
    noise = np.where(fine, here.noise, 1.0)
    alpha = np.where(fine, alpha, 1.0)
    found = [weights, first, second, noise * d_eff + first / alpha, second / alpha**2, _crossover(first, noise, rank)]
    for part in found:
        part[~fine] = np.nan
    return found


def _derivatives(
    here: _Position, wanted: _Target
) -> tuple[Floats, dict[str, Floats], dict[str, Floats], Floats | None, dict[int, Floats]]:
    """The value, and derivatives by matrices, scalars and the downstream covariance; cumulants by order."""
    words, tables = here.words, here.words.tables
    spread, projection = here.spread, here.projection
    kappa, spread_bar, projection_bar = _cumulants_back(wanted.coefficients, spread, projection)
    slopes = here.slopes
    covariance_bar = np.swapaxes(slopes, 1, 2) @ spread_bar @ slopes
    words.pull_linear(tables.slopes, 2 * spread_bar @ slopes @ here.covariance)
    score_bar = here.inverse @ covariance_bar @ here.inverse
    half = here.inverse @ covariance_bar @ here.covariance
    words.pull_bilinear(tables.score, score_bar)
    words.pull_bilinear(tables.hessian, -2 * _even(half))
    by_down = _second_stage_back(here, projection_bar)
    words.pull_total(tables.noise, wanted.by_noise(kappa))
    words.pull()
    if not tables.known:
        by_w = np.zeros((words.rows, words.entries))
        for name, (where, _) in words.layout.items():
            by_w[:, where] = words.bars.pop(name, np.zeros((words.rows, 1, 1))).reshape(words.rows, -1)
        words.pull_linear(tables.gradient, -np.einsum("nij,nj->ni", here.inverse, by_w))
        words.pull()
    return np.asarray(wanted.value(kappa)), words.bars, words.number_bars, by_down, kappa


def _cumulants_back(
    coefficients: Mapping[int, Any], spread: Floats, projection: Floats
) -> tuple[dict[int, Floats], Floats, Floats]:
    """Cumulants, and the derivatives of `sum_r c_r kappa_r` by `C` and by `P`, both symmetric."""
    step = projection @ spread
    left = np.broadcast_to(np.eye(len(step[0])), step.shape)
    total, kappa = np.zeros_like(step), dict[int, Floats]()
    for order in range(1, max(coefficients) + 1):
        if order in coefficients:
            kappa[order] = _factor(order) * np.einsum("nij,nji->n", left, step)
            total = total + np.reshape(order * _factor(order) * np.asarray(coefficients[order]), (-1, 1, 1)) * left
        left = left @ step if order < max(coefficients) else left
    by_spread, by_projection = total @ projection, spread @ total
    return kappa, _even(by_spread), _even(by_projection)


def _even(matrix: Floats) -> Floats:
    """The symmetric part."""
    return (matrix + np.swapaxes(matrix, 1, 2)) / 2


def _second_stage_back(here: _Position, projection_bar: Floats) -> Floats | None:
    """Through `P` and `theta` to features, target and the downstream covariance; the last only where it was given.

    With `G = Phi D Phi^T`, `R = G^{-1} Phi D` is a regression and `P = (1 - Phi^T R)^T D (1 - Phi^T R)`, `theta = R t`.
    """
    words, tables = here.words, here.words.tables
    theta_bar = words.bars.pop("theta_", None)
    features, down = here.features, here.down
    turned = np.swapaxes(features, 1, 2)
    gram = features @ down @ turned
    regression = np.linalg.solve(gram, features @ down)
    rest = np.eye(down.shape[1]) - turned @ regression
    down_bar = rest @ projection_bar @ np.swapaxes(rest, 1, 2)
    features_bar = -2 * regression @ projection_bar @ down @ rest
    if theta_bar is not None:
        target = words.total(tables.target, down.shape[1], 1)
        left = np.linalg.solve(gram, theta_bar)
        outside = target - turned @ here.theta
        down_bar = down_bar + turned @ left @ np.swapaxes(outside, 1, 2)
        features_bar = features_bar + left @ np.swapaxes(outside, 1, 2) @ down
        features_bar = features_bar - here.theta @ np.swapaxes(left, 1, 2) @ features @ down
        words.pull_total(tables.target, np.swapaxes(regression, 1, 2) @ theta_bar)
    words.pull_total(tables.features, features_bar)
    if here.down_given:
        return _even(down_bar)
    words.pull_total(tables.down, _even(down_bar))
    return None


def _words_law(
    tables: _Tables,
    arrays: Mapping[str, Floats],
    scalars: Mapping[str, Floats],
    sizes: Mapping[str, int],
    alpha: Floats,
    down: Floats | None,
    count: int,
    ranks: tuple[int, int, int],
    kind: np.dtype,
) -> list[Floats]:
    """Weights and the numbers of `Result` for rows of problems."""
    found = [np.empty((count, ranks[2]) if n == 0 else count, kind) for n in range(6)]
    for block in _word_blocks(tables, count, sizes):
        given = {name: _column(tables, name, _some_rows(array, block)) for name, array in arrays.items()}
        numbers = {name: _some_rows(x, block).astype(float) for name, x in scalars.items()}
        rows = block.stop - block.start
        with np.errstate(all="ignore"):
            here = _position(tables, given, {**sizes, **numbers}, _double(_some_rows(down, block)), rows)
            parts = _moments(here, _some_rows(alpha, block).astype(float), *ranks)
        for result, part in zip(found, parts, strict=True):
            result[block] = part
    return found


def _words_gradient(
    tables: _Tables,
    arrays: Mapping[str, Floats],
    scalars: Mapping[str, Floats],
    sizes: Mapping[str, int],
    alpha: Floats,
    down: Floats | None,
    count: int,
    ranks: tuple[int, int, int],
    kind: np.dtype,
    names: Sequence[str | int],
    factors: Sequence[Floats],
) -> list[Floats | None]:
    """The value and the derivatives by matrices, scalars, `alpha` and the downstream covariance, for rows of problems."""
    found: list[list[Floats | None]] = []
    for block in _word_blocks(tables, count, sizes):
        given = {name: _column(tables, name, _some_rows(array, block)) for name, array in arrays.items()}
        numbers = {name: _some_rows(x, block).astype(float) for name, x in scalars.items()}
        rows, a = block.stop - block.start, _some_rows(alpha, block).astype(float)
        with np.errstate(all="ignore"):
            here = _position(tables, given, {**sizes, **numbers}, _double(_some_rows(down, block)), rows)
            fine = here.fine & (a > 0) & (a < np.inf) & (here.noise >= 0)
            a = np.where(fine, a, 1.0)
            own = [_some_rows(factor, block).astype(float) for factor in factors]
            wanted = _Target(names, own, a, np.where(fine, here.noise, 1.0), ranks[0], ranks[1])
            value, bars, number_bars, by_down, kappa = _derivatives(here, wanted)
            parts: list[Floats | None] = [value]
            for name, array in given.items():
                bar = np.array(np.broadcast_to(bars.get(name, np.zeros(1)), array.shape))
                bar = _even(bar) if name in tables.symmetric else bar
                parts.append(bar[:, :, 0] if tables.given[name][1] == "1" else bar)
            parts += [np.array(np.broadcast_to(number_bars.get(name, 0.0), rows)) for name in scalars]
            parts += [np.array(np.broadcast_to(wanted.by_alpha(kappa), rows)), by_down]
        fine = fine & np.isfinite(value)
        for part in parts:
            if part is not None:
                part[~fine] = np.nan
        found.append(parts)
    return [None if p[0] is None else np.concatenate(p).astype(kind) for p in zip(*found, strict=True)]


def _column(tables: _Tables, name: str, array: Floats) -> Floats:
    """A matrix in double precision; a vector as a column."""
    return array.astype(float)[:, :, None] if tables.given[name][1] == "1" else array.astype(float)


def _double(array: Floats | None) -> Floats | None:
    return None if array is None else array.astype(float)


# ---- the model in trace words

_WORDS = _Tables(
    parameters={"A": ("k", "d")},
    given={"Sigma": ("d", "d"), "Sigma_plus": ("d", "d"), "target": ("d", "1")},
    symmetric=("Sigma", "Sigma_plus"),
    definite=(),
    nonnegative=("K", "gamma", "r", "sigma2"),
    relations=(),
    joint=((("sum_1",),), (("sum_2",),)),
    numbers={
        "number_1": [(1.0, {}), (1.0, {"K": 1})],
        "number_2": [(-2.0, {"number_1": -1, "gamma": 1}), (2.0, {"gamma": 1})],
        "number_3": [(4.0, {"number_1": -1, "gamma": 1}), (4.0, {"number_1": -1, "r": 1}), (-4.0, {"r": 1})],
        "number_4": [(-2.0, {"number_1": -1, "r": 1}), (2.0, {"r": 1})],
        "number_5": [(-4.0, {"gamma": 1}), (-4.0, {"r": 1})],
        "number_6": [(4.0, {"K": -1, "number_1": -2, "gamma": 1, "r": 1}), (-8.0, {"K": -1, "number_1": -1, "gamma": 1, "r": 1}), (4.0, {"K": -1, "gamma": 1, "r": 1})],
        "number_7": [(-8.0, {"K": -1, "number_1": -2, "gamma": 1, "r": 1}), (-8.0, {"K": -1, "number_1": -2, "r": 2}), (8.0, {"K": -1, "number_1": -1, "gamma": 1, "r": 1}), (16.0, {"K": -1, "number_1": -1, "r": 2}), (-8.0, {"K": -1, "r": 2})],
        "number_8": [(-8.0, {"K": -1, "number_1": -2, "gamma": 1, "r": 1}), (-8.0, {"K": -1, "number_1": -2, "gamma": 2}), (16.0, {"K": -1, "number_1": -1, "gamma": 1, "r": 1}), (8.0, {"K": -1, "number_1": -1, "gamma": 2}), (-8.0, {"K": -1, "gamma": 1, "r": 1})],
        "number_9": [(32.0, {"K": -1, "number_1": -2, "gamma": 1, "r": 1}), (16.0, {"K": -1, "number_1": -2, "gamma": 2}), (16.0, {"K": -1, "number_1": -2, "r": 2}), (-32.0, {"K": -1, "number_1": -1, "gamma": 1, "r": 1}), (-32.0, {"K": -1, "number_1": -1, "r": 2}), (16.0, {"K": -1, "r": 2})],
        "number_10": [(4.0, {"K": -1, "number_1": -2, "gamma": 2}), (-8.0, {"K": -1, "number_1": -1, "gamma": 2}), (4.0, {"K": -1, "gamma": 2})],
        "number_11": [(4.0, {"K": -1, "number_1": -2, "r": 2}), (-8.0, {"K": -1, "number_1": -1, "r": 2}), (4.0, {"K": -1, "r": 2})],
        "number_12": [(-8.0, {"gamma": 1, "r": 1}), (-8.0, {"r": 2})],
        "number_13": [(-8.0, {"gamma": 1, "r": 1}), (-8.0, {"gamma": 2})],
        "number_14": [(32.0, {"gamma": 1, "r": 1}), (16.0, {"gamma": 2}), (16.0, {"r": 2})],
        "number_15": [(-8.0, {"number_1": -2, "gamma": 1, "r": 1}), (-8.0, {"number_1": -2, "r": 2}), (8.0, {"number_1": -1, "gamma": 1, "r": 1}), (16.0, {"number_1": -1, "r": 2}), (-8.0, {"r": 2})],
        "number_16": [(-8.0, {"number_1": -2, "gamma": 1, "r": 1}), (-8.0, {"number_1": -2, "gamma": 2}), (16.0, {"number_1": -1, "gamma": 1, "r": 1}), (8.0, {"number_1": -1, "gamma": 2}), (-8.0, {"gamma": 1, "r": 1})],
        "number_17": [(32.0, {"number_1": -2, "gamma": 1, "r": 1}), (16.0, {"number_1": -2, "gamma": 2}), (16.0, {"number_1": -2, "r": 2}), (-32.0, {"number_1": -1, "gamma": 1, "r": 1}), (-32.0, {"number_1": -1, "r": 2}), (16.0, {"r": 2})],
        "number_18": [(8.0, {"number_1": -1, "gamma": 1, "r": 1}), (8.0, {"number_1": -1, "r": 2}), (-8.0, {"r": 2})],
        "number_19": [(8.0, {"number_1": -1, "gamma": 1, "r": 1}), (8.0, {"number_1": -1, "gamma": 2}), (-8.0, {"gamma": 1, "r": 1})],
        "number_20": [(-32.0, {"number_1": -1, "gamma": 1, "r": 1}), (-16.0, {"number_1": -1, "gamma": 2}), (-16.0, {"number_1": -1, "r": 2}), (16.0, {"gamma": 1, "r": 1}), (16.0, {"r": 2})],
        "number_21": [(4.0, {"number_1": -2, "gamma": 1, "r": 1}), (-8.0, {"number_1": -1, "gamma": 1, "r": 1}), (4.0, {"gamma": 1, "r": 1})],
        "number_22": [(4.0, {"number_1": -2, "r": 2}), (-8.0, {"number_1": -1, "r": 2}), (4.0, {"r": 2})],
        "number_23": [(-4.0, {"number_1": -1, "gamma": 1, "r": 1}), (4.0, {"gamma": 1, "r": 1})],
        "number_24": [(8.0, {"number_1": -1, "gamma": 1, "r": 1}), (8.0, {"number_1": -1, "r": 2}), (-8.0, {"gamma": 1, "r": 1}), (-8.0, {"r": 2})],
        "number_25": [(-4.0, {"number_1": -1, "r": 2}), (4.0, {"r": 2})],
        "number_26": [(4.0, {"number_1": -2, "gamma": 2}), (-8.0, {"number_1": -1, "gamma": 2}), (4.0, {"gamma": 2})],
        "number_27": [(8.0, {"number_1": -1, "gamma": 1, "r": 1}), (8.0, {"number_1": -1, "gamma": 2}), (-8.0, {"gamma": 1, "r": 1}), (-8.0, {"gamma": 2})],
        "number_28": [(-4.0, {"number_1": -1, "gamma": 2}), (4.0, {"gamma": 2})],
        "number_29": [(-1.0, {"number_1": -1, "gamma": 1}), (1.0, {"gamma": 1})],
        "number_30": [(2.0, {"number_1": -1, "gamma": 1}), (2.0, {"number_1": -1, "r": 1}), (-2.0, {"r": 1})],
        "number_31": [(-1.0, {"number_1": -1, "r": 1}), (1.0, {"r": 1})],
        "number_32": [(-2.0, {"gamma": 1}), (-2.0, {"r": 1})],
    },
    definitions={
        "sum_1": ("d", "d", [
            (1.0, {}, "ij->ij", ("Sigma",)),
            (-1.0, {}, "ij->ij", ("Sigma_plus",)),
        ]),
        "sum_2": ("d", "d", [
            (1.0, {"K": 1, "number_1": -1}, "ij->ij", ("Sigma_plus",)),
            (1.0, {"number_1": -1}, "ij->ij", ("Sigma",)),
        ]),
        "sum_3": ("d", "d", [
            (1.0, {"number_2": 1}, "ij->ij", ("Sigma A.T A sum_1",)),
            (1.0, {"number_2": 1}, "ij->ij", ("sum_1 A.T A Sigma",)),
            (1.0, {"number_3": 1}, "ij->ij", ("sum_1",)),
            (1.0, {"number_4": 1}, "ij->ij", ("sum_1 A.T A",)),
            (1.0, {"number_4": 1}, "ij->ij", ("A.T A sum_1",)),
            (2.0, {"gamma": 1}, "ij->ij", ("Sigma A.T A sum_2",)),
            (2.0, {"gamma": 1}, "ij->ij", ("sum_2 A.T A Sigma",)),
            (1.0, {"number_5": 1}, "ij->ij", ("sum_2",)),
            (2.0, {"r": 1}, "ij->ij", ("sum_2 A.T A",)),
            (2.0, {"r": 1}, "ij->ij", ("A.T A sum_2",)),
        ]),
        "sum_4": ("k", "k", [
            (1.0, {"number_2": 1}, "ij->ij", ("A Sigma A.T",)),
            (1.0, {"number_4": 1}, "ij->ij", ("A A.T",)),
        ]),
        "sum_5": ("d", "d", [
            (1.0, {"number_2": 1}, "ij->ij", ("Sigma",)),
            (1.0, {"number_4": 1}, "ij->ij", ("1_d",)),
        ]),
        "sum_6": ("k", "k", [
            (2.0, {"gamma": 1}, "ij->ij", ("A Sigma A.T",)),
            (2.0, {"r": 1}, "ij->ij", ("A A.T",)),
        ]),
        "sum_7": ("d", "d", [
            (2.0, {"gamma": 1}, "ij->ij", ("Sigma",)),
            (2.0, {"r": 1}, "ij->ij", ("1_d",)),
        ]),
        "sum_8": ("d", "k", [
            (1.0, {"number_2": 1}, "ij->ij", ("Sigma A.T",)),
            (1.0, {"number_4": 1}, "ij->ij", ("A.T",)),
        ]),
        "sum_9": ("d", "k", [
            (2.0, {"gamma": 1}, "ij->ij", ("Sigma A.T",)),
            (2.0, {"r": 1}, "ij->ij", ("A.T",)),
        ]),
        "sum_10": ("k", "k", [
            (1.0, {"number_6": 1}, "ij->ij", ("A A.T A sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_6": 1}, "ij->ij", ("A Sigma A.T A sum_1 A.T A A.T",)),
            (1.0, {"number_7": 1}, "ij->ij", ("A A.T A sum_1 A.T",)),
            (1.0, {"number_7": 1}, "ij->ij", ("A sum_1 A.T A A.T",)),
            (1.0, {"number_8": 1}, "ij->ij", ("A Sigma A.T A sum_1 A.T",)),
            (1.0, {"number_8": 1}, "ij->ij", ("A sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_9": 1}, "ij->ij", ("A sum_1 A.T",)),
            (1.0, {"number_10": 1}, "ij->ij", ("A Sigma A.T A sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_11": 1}, "ij->ij", ("A A.T A sum_1 A.T A A.T",)),
        ]),
        "sum_11": ("d", "d", [
            (1.0, {"number_6": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T A",)),
            (1.0, {"number_8": 1}, "ij->ij", ("Sigma A.T A sum_1",)),
            (1.0, {"number_6": 1}, "ij->ij", ("A.T A sum_1 A.T A Sigma",)),
            (1.0, {"number_8": 1}, "ij->ij", ("sum_1 A.T A Sigma",)),
            (1.0, {"number_7": 1}, "ij->ij", ("A.T A sum_1",)),
            (1.0, {"number_7": 1}, "ij->ij", ("sum_1 A.T A",)),
            (1.0, {"number_10": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T A Sigma",)),
            (1.0, {"number_11": 1}, "ij->ij", ("A.T A sum_1 A.T A",)),
        ]),
        "sum_12": ("k", "k", [
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("A A.T A sum_2 A.T A Sigma A.T",)),
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("A Sigma A.T A sum_2 A.T A A.T",)),
            (1.0, {"number_12": 1}, "ij->ij", ("A A.T A sum_2 A.T",)),
            (1.0, {"number_12": 1}, "ij->ij", ("A sum_2 A.T A A.T",)),
            (1.0, {"number_13": 1}, "ij->ij", ("A Sigma A.T A sum_2 A.T",)),
            (1.0, {"number_13": 1}, "ij->ij", ("A sum_2 A.T A Sigma A.T",)),
            (1.0, {"number_14": 1}, "ij->ij", ("A sum_2 A.T",)),
            (4.0, {"gamma": 2}, "ij->ij", ("A Sigma A.T A sum_2 A.T A Sigma A.T",)),
            (4.0, {"r": 2}, "ij->ij", ("A A.T A sum_2 A.T A A.T",)),
        ]),
        "sum_13": ("d", "d", [
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("Sigma A.T A sum_2 A.T A",)),
            (1.0, {"number_13": 1}, "ij->ij", ("Sigma A.T A sum_2",)),
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("A.T A sum_2 A.T A Sigma",)),
            (1.0, {"number_13": 1}, "ij->ij", ("sum_2 A.T A Sigma",)),
            (1.0, {"number_12": 1}, "ij->ij", ("A.T A sum_2",)),
            (1.0, {"number_12": 1}, "ij->ij", ("sum_2 A.T A",)),
            (4.0, {"gamma": 2}, "ij->ij", ("Sigma A.T A sum_2 A.T A Sigma",)),
            (4.0, {"r": 2}, "ij->ij", ("A.T A sum_2 A.T A",)),
        ]),
        "sum_14": ("k", "k", [
            (1.0, {"number_6": 1}, "ij->ij", ("A A.T A sum_1 A.T",)),
            (1.0, {"number_10": 1}, "ij->ij", ("A Sigma A.T A sum_1 A.T",)),
        ]),
        "sum_15": ("k", "k", [
            (1.0, {"number_6": 1}, "ij->ij", ("A sum_1 A.T A A.T",)),
            (1.0, {"number_10": 1}, "ij->ij", ("A sum_1 A.T A Sigma A.T",)),
        ]),
        "sum_16": ("k", "k", [
            (1.0, {"number_6": 1}, "ij->ij", ("A Sigma A.T A sum_1 A.T",)),
            (1.0, {"number_11": 1}, "ij->ij", ("A A.T A sum_1 A.T",)),
        ]),
        "sum_17": ("k", "k", [
            (1.0, {"number_6": 1}, "ij->ij", ("A sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_11": 1}, "ij->ij", ("A sum_1 A.T A A.T",)),
        ]),
        "sum_18": ("k", "k", [
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("A A.T A sum_2 A.T",)),
            (4.0, {"gamma": 2}, "ij->ij", ("A Sigma A.T A sum_2 A.T",)),
        ]),
        "sum_19": ("k", "k", [
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("A sum_2 A.T A A.T",)),
            (4.0, {"gamma": 2}, "ij->ij", ("A sum_2 A.T A Sigma A.T",)),
        ]),
        "sum_20": ("k", "k", [
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("A Sigma A.T A sum_2 A.T",)),
            (4.0, {"r": 2}, "ij->ij", ("A A.T A sum_2 A.T",)),
        ]),
        "sum_21": ("k", "k", [
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("A sum_2 A.T A Sigma A.T",)),
            (4.0, {"r": 2}, "ij->ij", ("A sum_2 A.T A A.T",)),
        ]),
        "sum_22": ("d", "k", [
            (1.0, {"number_6": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T A A.T",)),
            (1.0, {"number_7": 1}, "ij->ij", ("sum_1 A.T A A.T",)),
            (1.0, {"number_6": 1}, "ij->ij", ("A.T A sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_8": 1}, "ij->ij", ("sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_8": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T",)),
            (1.0, {"number_7": 1}, "ij->ij", ("A.T A sum_1 A.T",)),
            (1.0, {"number_9": 1}, "ij->ij", ("sum_1 A.T",)),
            (1.0, {"number_10": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_11": 1}, "ij->ij", ("A.T A sum_1 A.T A A.T",)),
        ]),
        "sum_23": ("d", "k", [
            (1.0, {"number_6": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T A A.T",)),
            (1.0, {"number_7": 1}, "ij->ij", ("sum_1 A.T A A.T",)),
            (1.0, {"number_6": 1}, "ij->ij", ("A.T A sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_8": 1}, "ij->ij", ("sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_8": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T",)),
            (1.0, {"number_7": 1}, "ij->ij", ("A.T A sum_1 A.T",)),
            (1.0, {"number_10": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_11": 1}, "ij->ij", ("A.T A sum_1 A.T A A.T",)),
        ]),
        "sum_24": ("d", "k", [
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("Sigma A.T A sum_2 A.T A A.T",)),
            (1.0, {"number_12": 1}, "ij->ij", ("sum_2 A.T A A.T",)),
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("A.T A sum_2 A.T A Sigma A.T",)),
            (1.0, {"number_13": 1}, "ij->ij", ("sum_2 A.T A Sigma A.T",)),
            (1.0, {"number_13": 1}, "ij->ij", ("Sigma A.T A sum_2 A.T",)),
            (1.0, {"number_12": 1}, "ij->ij", ("A.T A sum_2 A.T",)),
            (1.0, {"number_14": 1}, "ij->ij", ("sum_2 A.T",)),
            (4.0, {"gamma": 2}, "ij->ij", ("Sigma A.T A sum_2 A.T A Sigma A.T",)),
            (4.0, {"r": 2}, "ij->ij", ("A.T A sum_2 A.T A A.T",)),
        ]),
        "sum_25": ("d", "k", [
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("Sigma A.T A sum_2 A.T A A.T",)),
            (1.0, {"number_12": 1}, "ij->ij", ("sum_2 A.T A A.T",)),
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("A.T A sum_2 A.T A Sigma A.T",)),
            (1.0, {"number_13": 1}, "ij->ij", ("sum_2 A.T A Sigma A.T",)),
            (1.0, {"number_13": 1}, "ij->ij", ("Sigma A.T A sum_2 A.T",)),
            (1.0, {"number_12": 1}, "ij->ij", ("A.T A sum_2 A.T",)),
            (4.0, {"gamma": 2}, "ij->ij", ("Sigma A.T A sum_2 A.T A Sigma A.T",)),
            (4.0, {"r": 2}, "ij->ij", ("A.T A sum_2 A.T A A.T",)),
        ]),
        "sum_26": ("d", "k", [
            (1.0, {"number_6": 1}, "ij->ij", ("sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_11": 1}, "ij->ij", ("sum_1 A.T A A.T",)),
        ]),
        "sum_27": ("d", "k", [
            (1.0, {"number_6": 1}, "ij->ij", ("sum_1 A.T A A.T",)),
            (1.0, {"number_10": 1}, "ij->ij", ("sum_1 A.T A Sigma A.T",)),
        ]),
        "sum_28": ("d", "k", [
            (1.0, {"number_6": 1}, "ij->ij", ("A.T A sum_1 A.T",)),
            (1.0, {"number_10": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T",)),
        ]),
        "sum_29": ("d", "k", [
            (1.0, {"number_6": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T",)),
            (1.0, {"number_11": 1}, "ij->ij", ("A.T A sum_1 A.T",)),
        ]),
        "sum_30": ("d", "k", [
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("sum_2 A.T A Sigma A.T",)),
            (4.0, {"r": 2}, "ij->ij", ("sum_2 A.T A A.T",)),
        ]),
        "sum_31": ("d", "k", [
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("sum_2 A.T A A.T",)),
            (4.0, {"gamma": 2}, "ij->ij", ("sum_2 A.T A Sigma A.T",)),
        ]),
        "sum_32": ("d", "k", [
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("A.T A sum_2 A.T",)),
            (4.0, {"gamma": 2}, "ij->ij", ("Sigma A.T A sum_2 A.T",)),
        ]),
        "sum_33": ("d", "k", [
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("Sigma A.T A sum_2 A.T",)),
            (4.0, {"r": 2}, "ij->ij", ("A.T A sum_2 A.T",)),
        ]),
        "sum_34": ("d", "k", [
            (1.0, {"number_15": 1}, "ij->ij", ("sum_1 A.T A A.T",)),
            (1.0, {"number_16": 1}, "ij->ij", ("sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_16": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T",)),
            (1.0, {"number_15": 1}, "ij->ij", ("A.T A sum_1 A.T",)),
            (1.0, {"number_17": 1}, "ij->ij", ("sum_1 A.T",)),
            (1.0, {"number_18": 1}, "ij->ij", ("sum_2 A.T A A.T",)),
            (1.0, {"number_19": 1}, "ij->ij", ("sum_2 A.T A Sigma A.T",)),
            (1.0, {"number_19": 1}, "ij->ij", ("Sigma A.T A sum_2 A.T",)),
            (1.0, {"number_18": 1}, "ij->ij", ("A.T A sum_2 A.T",)),
            (1.0, {"number_20": 1}, "ij->ij", ("sum_2 A.T",)),
        ]),
        "sum_35": ("d", "k", [
            (1.0, {"number_21": 1}, "ij->ij", ("sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_21": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T",)),
            (1.0, {"number_15": 1}, "ij->ij", ("sum_1 A.T",)),
            (1.0, {"number_22": 1}, "ij->ij", ("sum_1 A.T A A.T",)),
            (1.0, {"number_22": 1}, "ij->ij", ("A.T A sum_1 A.T",)),
            (1.0, {"number_23": 1}, "ij->ij", ("sum_2 A.T A Sigma A.T",)),
            (1.0, {"number_23": 1}, "ij->ij", ("Sigma A.T A sum_2 A.T",)),
            (1.0, {"number_24": 1}, "ij->ij", ("sum_2 A.T",)),
            (1.0, {"number_25": 1}, "ij->ij", ("sum_2 A.T A A.T",)),
            (1.0, {"number_25": 1}, "ij->ij", ("A.T A sum_2 A.T",)),
        ]),
        "sum_36": ("d", "k", [
            (1.0, {"number_21": 1}, "ij->ij", ("sum_1 A.T A A.T",)),
            (1.0, {"number_21": 1}, "ij->ij", ("A.T A sum_1 A.T",)),
            (1.0, {"number_16": 1}, "ij->ij", ("sum_1 A.T",)),
            (1.0, {"number_26": 1}, "ij->ij", ("sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_26": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T",)),
            (1.0, {"number_23": 1}, "ij->ij", ("sum_2 A.T A A.T",)),
            (1.0, {"number_23": 1}, "ij->ij", ("A.T A sum_2 A.T",)),
            (1.0, {"number_27": 1}, "ij->ij", ("sum_2 A.T",)),
            (1.0, {"number_28": 1}, "ij->ij", ("sum_2 A.T A Sigma A.T",)),
            (1.0, {"number_28": 1}, "ij->ij", ("Sigma A.T A sum_2 A.T",)),
        ]),
        "sum_37": ("d", "k", [
            (1.0, {"number_24": 1}, "ij->ij", ("sum_1 A.T A A.T",)),
            (1.0, {"number_27": 1}, "ij->ij", ("sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_27": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T",)),
            (1.0, {"number_24": 1}, "ij->ij", ("A.T A sum_1 A.T",)),
            (1.0, {"number_20": 1}, "ij->ij", ("sum_1 A.T",)),
            (1.0, {"number_12": 1}, "ij->ij", ("sum_2 A.T A A.T",)),
            (1.0, {"number_13": 1}, "ij->ij", ("sum_2 A.T A Sigma A.T",)),
            (1.0, {"number_13": 1}, "ij->ij", ("Sigma A.T A sum_2 A.T",)),
            (1.0, {"number_12": 1}, "ij->ij", ("A.T A sum_2 A.T",)),
            (1.0, {"number_14": 1}, "ij->ij", ("sum_2 A.T",)),
        ]),
        "sum_38": ("d", "k", [
            (1.0, {"number_23": 1}, "ij->ij", ("sum_1 A.T A A.T",)),
            (1.0, {"number_23": 1}, "ij->ij", ("A.T A sum_1 A.T",)),
            (1.0, {"number_19": 1}, "ij->ij", ("sum_1 A.T",)),
            (1.0, {"number_28": 1}, "ij->ij", ("sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_28": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T",)),
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("sum_2 A.T A A.T",)),
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("A.T A sum_2 A.T",)),
            (1.0, {"number_13": 1}, "ij->ij", ("sum_2 A.T",)),
            (4.0, {"gamma": 2}, "ij->ij", ("sum_2 A.T A Sigma A.T",)),
            (4.0, {"gamma": 2}, "ij->ij", ("Sigma A.T A sum_2 A.T",)),
        ]),
        "sum_39": ("d", "k", [
            (1.0, {"number_23": 1}, "ij->ij", ("sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_23": 1}, "ij->ij", ("Sigma A.T A sum_1 A.T",)),
            (1.0, {"number_18": 1}, "ij->ij", ("sum_1 A.T",)),
            (1.0, {"number_25": 1}, "ij->ij", ("sum_1 A.T A A.T",)),
            (1.0, {"number_25": 1}, "ij->ij", ("A.T A sum_1 A.T",)),
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("sum_2 A.T A Sigma A.T",)),
            (4.0, {"gamma": 1, "r": 1}, "ij->ij", ("Sigma A.T A sum_2 A.T",)),
            (1.0, {"number_12": 1}, "ij->ij", ("sum_2 A.T",)),
            (4.0, {"r": 2}, "ij->ij", ("sum_2 A.T A A.T",)),
            (4.0, {"r": 2}, "ij->ij", ("A.T A sum_2 A.T",)),
        ]),
    },
    loss=[
        (1.0, {"number_29": 1}, "aa->", ("A Sigma A.T A sum_1 A.T",)),
        (1.0, {"number_30": 1}, "aa->", ("A sum_1 A.T",)),
        (1.0, {"number_31": 1}, "aa->", ("A A.T A sum_1 A.T",)),
        (1.0, {"number_31": 1}, "aa->", ("sum_1",)),
        (1.0, {"gamma": 1}, "aa->", ("A Sigma A.T A sum_2 A.T",)),
        (1.0, {"number_32": 1}, "aa->", ("A sum_2 A.T",)),
        (1.0, {"r": 1}, "aa->", ("A A.T A sum_2 A.T",)),
        (1.0, {"r": 1}, "aa->", ("sum_2",)),
    ],
    features=[
        (1.0, {}, "ij->ij", ("A",)),
    ],
    target=[
        (1.0, {}, "ij->ij", ("target",)),
    ],
    down=[
        (1.0, {}, "ij->ij", ("Sigma",)),
    ],
    noise=[
        (1.0, {"sigma2": 1}, "->", ()),
    ],
    gradient={
        "A": [
            (1.0, {"number_2": 1}, "ji->ij", ("sum_1 A.T A Sigma A.T",)),
            (1.0, {"number_2": 1}, "ji->ij", ("Sigma A.T A sum_1 A.T",)),
            (1.0, {"number_3": 1}, "ji->ij", ("sum_1 A.T",)),
            (1.0, {"number_4": 1}, "ji->ij", ("sum_1 A.T A A.T",)),
            (1.0, {"number_4": 1}, "ji->ij", ("A.T A sum_1 A.T",)),
            (2.0, {"gamma": 1}, "ji->ij", ("sum_2 A.T A Sigma A.T",)),
            (2.0, {"gamma": 1}, "ji->ij", ("Sigma A.T A sum_2 A.T",)),
            (1.0, {"number_5": 1}, "ji->ij", ("sum_2 A.T",)),
            (2.0, {"r": 1}, "ji->ij", ("sum_2 A.T A A.T",)),
            (2.0, {"r": 1}, "ji->ij", ("A.T A sum_2 A.T",)),
        ],
    },
    slopes={
        "A": [
            (1.0, {}, "xy,xi,jz->zij", ("theta_", "1_k", "1_d")),
        ],
    },
    hessian={
        ("A", "A"): [
            (1.0, {}, "jl,ki->ijkl", ("sum_3", "1_k")),
            (1.0, {}, "jl,ki->ijkl", ("sum_1", "sum_4")),
            (1.0, {}, "jl,ki->ijkl", ("sum_5", "A sum_1 A.T")),
            (1.0, {}, "jl,ki->ijkl", ("sum_2", "sum_6")),
            (1.0, {}, "jl,ki->ijkl", ("sum_7", "A sum_2 A.T")),
            (1.0, {}, "jk,li->ijkl", ("sum_8", "sum_1 A.T")),
            (1.0, {}, "jk,li->ijkl", ("sum_1 A.T", "sum_8")),
            (1.0, {}, "jk,li->ijkl", ("sum_9", "sum_2 A.T")),
            (1.0, {}, "jk,li->ijkl", ("sum_2 A.T", "sum_9")),
        ],
    },
    score={
        ("A", "A"): [
            (1.0, {}, "jl,ki->ijkl", ("sum_1", "sum_10")),
            (1.0, {}, "jl,ki->ijkl", ("sum_11", "A sum_1 A.T")),
            (1.0, {}, "jl,ki->ijkl", ("sum_2", "sum_12")),
            (1.0, {}, "jl,ki->ijkl", ("sum_13", "A sum_2 A.T")),
            (1.0, {}, "jl,ki->ijkl", ("Sigma A.T A sum_1", "sum_14")),
            (1.0, {}, "jl,ki->ijkl", ("sum_1 A.T A Sigma", "sum_15")),
            (1.0, {}, "jl,ki->ijkl", ("A.T A sum_1", "sum_16")),
            (1.0, {}, "jl,ki->ijkl", ("sum_1 A.T A", "sum_17")),
            (1.0, {}, "jl,ki->ijkl", ("Sigma A.T A sum_2", "sum_18")),
            (1.0, {}, "jl,ki->ijkl", ("sum_2 A.T A Sigma", "sum_19")),
            (1.0, {}, "jl,ki->ijkl", ("A.T A sum_2", "sum_20")),
            (1.0, {}, "jl,ki->ijkl", ("sum_2 A.T A", "sum_21")),
            (1.0, {}, "jk,li->ijkl", ("sum_22", "sum_1 A.T")),
            (1.0, {}, "jk,li->ijkl", ("sum_1 A.T", "sum_23")),
            (1.0, {}, "jk,li->ijkl", ("sum_24", "sum_2 A.T")),
            (1.0, {}, "jk,li->ijkl", ("sum_2 A.T", "sum_25")),
            (1.0, {}, "jk,li->ijkl", ("sum_1 A.T A A.T", "sum_26")),
            (1.0, {}, "jk,li->ijkl", ("sum_1 A.T A Sigma A.T", "sum_27")),
            (1.0, {}, "jk,li->ijkl", ("Sigma A.T A sum_1 A.T", "sum_28")),
            (1.0, {}, "jk,li->ijkl", ("A.T A sum_1 A.T", "sum_29")),
            (1.0, {}, "jk,li->ijkl", ("sum_2 A.T A A.T", "sum_30")),
            (1.0, {}, "jk,li->ijkl", ("sum_2 A.T A Sigma A.T", "sum_31")),
            (1.0, {}, "jk,li->ijkl", ("Sigma A.T A sum_2 A.T", "sum_32")),
            (1.0, {}, "jk,li->ijkl", ("A.T A sum_2 A.T", "sum_33")),
            (1.0, {}, "ji,lk->ijkl", ("sum_1 A.T", "sum_34")),
            (1.0, {}, "ji,lk->ijkl", ("sum_1 A.T A A.T", "sum_35")),
            (1.0, {}, "ji,lk->ijkl", ("sum_1 A.T A Sigma A.T", "sum_36")),
            (1.0, {}, "ji,lk->ijkl", ("Sigma A.T A sum_1 A.T", "sum_36")),
            (1.0, {}, "ji,lk->ijkl", ("A.T A sum_1 A.T", "sum_35")),
            (1.0, {}, "ji,lk->ijkl", ("sum_2 A.T", "sum_37")),
            (1.0, {}, "ji,lk->ijkl", ("sum_2 A.T A Sigma A.T", "sum_38")),
            (1.0, {}, "ji,lk->ijkl", ("Sigma A.T A sum_2 A.T", "sum_38")),
            (1.0, {}, "ji,lk->ijkl", ("sum_2 A.T A A.T", "sum_39")),
            (1.0, {}, "ji,lk->ijkl", ("A.T A sum_2 A.T", "sum_39")),
        ],
    },
    vertical=[
        (True, "k", {
            "A": [
                (1.0, {}, "ix,yj->xyij", ("1_k", "A")),
            ],
        }),
    ],
    input="d",
    output="k",
    known=False,
)
