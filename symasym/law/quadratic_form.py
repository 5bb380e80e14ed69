r"""The law of a weighted sum of independent chi-square variables, Q = sum_j w_j chi2_{m_j}(l_j), central or not.

With K(s) = log E exp(s Q) = sum_j (-m_j/2 log(1 - 2 w_j s) + l_j w_j s/(1 - 2 w_j s)), inverting the Laplace transform gives

    P(Q > q)  =  1/(2 pi i) int exp(K(s) - s q) ds / s     path crossing the real line in (0, 1/(2 max w)),
    P(Q <= q) = -1/(2 pi i) int exp(K(s) - s q) ds / s     path crossing it left of 0,

and the density without 1/s. The upper tail is computed where q > E Q, the lower one elsewhere, so that each
keeps its relative accuracy; the other is the complement. `contour` has the path and the rule along it.

Accuracy: the relative error of tails and density is about 1e-13 down to the smallest positive numbers, or
5e-15 sqrt(sum_j m_j) if that is more, about what rounding q costs in a far tail; `estimate` says it for each point.
Multiplicities below 1 lose digits: 1e-10 is left at 0.3, 1e-8 at 0.1. Weights 280 decades
below the largest are out of reach; where the integrals do not settle, the value is NaN and no number that looks right.

[WeidemanTrefethen2007] Math. Comp. 76, 1341-1356; [Daniels1954] Ann. Math. Statist. 25, 631-650;
[LaurentMassart2000] Ann. Statist. 28, 1302-1338; [Ruben1962] Ann. Math. Statist. 33, 542-570. Other methods,
of absolute accuracy: [Imhof1961] Biometrika 48, 419-426; [Davies1980] Appl. Statist. 29, 323-333.
"""

import math
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from symasym.law.contour import TOLERANCE, log_integrals
from symasym.law.quantile import TINY, quantile, upper_bound
from symasym.law.weighted import Booleans, Floats, Indices, Shape, pair, require, weighted_law

__all__ = ["TOLERANCE", "Estimate", "cdf", "cumulant", "estimate", "isf", "pdf", "ppf", "rvs", "sf"]

Kind = Literal["cdf", "sf", "pdf", "ppf", "isf"]

_NEVER = 760.0  # exp(-_NEVER) is 0 in floating point
_EPS = 2.0**-52
_METHODS = np.array(["exact", "bound", "contour", "series"])


class Estimate(NamedTuple):
    """Values of one of the functions, and what is known of them; all of the shape of the values.

    * `value`; `error`: an estimate of the absolute error, of the rule and of rounding, usually a few times too large.
    * `method`: "contour" (the integral), "series" (its first term, next to 0), "bound" (a tail below the smallest number,
      given as 0) or "exact" (outside the support, an atom, infinity, NaN).
    * `nodes`: nodes of the trapezoid rule on half of the path, 0 without an integral.
    """

    value: Floats
    error: Floats
    method: NDArray[np.str_]
    nodes: Indices


def cdf(
    q: ArrayLike,
    weights: ArrayLike,
    multiplicities: ArrayLike = 1.0,
    noncentralities: ArrayLike = 0.0,
    *,
    tolerance: float = TOLERANCE,
) -> Floats:
    """P(Q <= q) for Q = sum_j w_j chi2_{m_j}(l_j).

    ``weights`` has shape (..., n), ``multiplicities`` m and ``noncentralities`` l broadcast against it, and ``q``
    broadcasts against the leading shape of ``weights``; the result has that common shape. Zero weights are ignored;
    if all are 0 or n = 0, then Q = 0. A q that is nan gives nan. ``tolerance`` is the relative error that the rule for the
    smaller tail stops at; a larger one is faster. ValueError for weights or noncentralities that are
    negative or not finite, multiplicities that are not positive and finite, and a tolerance outside (0, 1).
    Method and accuracy: see the module.
    """
    found = _evaluate(q, weights, multiplicities, noncentralities, tolerance)
    return np.where(found.upper, 1.0 - found.tail, found.tail)


def sf(
    q: ArrayLike,
    weights: ArrayLike,
    multiplicities: ArrayLike = 1.0,
    noncentralities: ArrayLike = 0.0,
    *,
    tolerance: float = TOLERANCE,
) -> Floats:
    """P(Q > q) for Q = sum_j w_j chi2_{m_j}(l_j), not as 1 - `cdf` beyond the mean. Shapes, errors: see `cdf`."""
    found = _evaluate(q, weights, multiplicities, noncentralities, tolerance)
    return np.where(found.upper, found.tail, 1.0 - found.tail)


def pdf(
    q: ArrayLike,
    weights: ArrayLike,
    multiplicities: ArrayLike = 1.0,
    noncentralities: ArrayLike = 0.0,
    *,
    tolerance: float = TOLERANCE,
) -> Floats:
    """Density of Q = sum_j w_j chi2_{m_j}(l_j); infinite at the atom of Q = 0. Shapes and errors: see `cdf`."""
    return _evaluate(q, weights, multiplicities, noncentralities, tolerance).density


def ppf(
    p: ArrayLike,
    weights: ArrayLike,
    multiplicities: ArrayLike = 1.0,
    noncentralities: ArrayLike = 0.0,
    *,
    tolerance: float = TOLERANCE,
) -> Floats:
    """The q with P(Q <= q) = p: 0 at p = 0, inf at p = 1. ValueError as in `cdf` and unless 0 <= p <= 1."""
    return quantile(p, False, weighted_law(weights, multiplicities, noncentralities), _checked(tolerance))


def isf(
    p: ArrayLike,
    weights: ArrayLike,
    multiplicities: ArrayLike = 1.0,
    noncentralities: ArrayLike = 0.0,
    *,
    tolerance: float = TOLERANCE,
) -> Floats:
    """The q with P(Q > q) = p, accurate also where 1 - p rounds to 1. Shapes and errors: see `ppf`."""
    return quantile(p, True, weighted_law(weights, multiplicities, noncentralities), _checked(tolerance))


def estimate(
    kind: Kind,
    x: ArrayLike,
    weights: ArrayLike,
    multiplicities: ArrayLike = 1.0,
    noncentralities: ArrayLike = 0.0,
    *,
    tolerance: float = TOLERANCE,
) -> Estimate:
    """The function ``kind`` ("cdf", "sf", "pdf", "ppf" or "isf") at ``x`` with errors and methods; shapes, errors: see `cdf`."""
    if kind not in get_args(Kind):
        raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, not {kind}.")
    law = (weights, multiplicities, noncentralities)
    if kind in ("ppf", "isf"):
        q = (ppf if kind == "ppf" else isf)(x, *law, tolerance=tolerance)
        found = _evaluate(q, *law, tolerance)
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = found.relative * found.tail / found.density
        at_end = (q == 0.0) | np.isinf(q)
        error = np.where(at_end, 0.0, moved + _EPS * np.where(at_end, 0.0, q))
        return Estimate(q, error, _METHODS[np.where(at_end, 0, found.method)], np.where(at_end, 0, found.nodes))
    found = _evaluate(x, *law, tolerance)
    if kind == "pdf":
        atom = np.isinf(found.density)
        error = np.where(atom, 0.0, found.relative * np.where(atom, 0.0, found.density))
        return Estimate(found.density, error, _METHODS[found.method], found.nodes)
    complement = found.upper == (kind == "cdf")
    error = np.where(complement, _EPS, 5e-324) + found.relative * found.tail
    value = np.where(complement, 1.0 - found.tail, found.tail)
    return Estimate(value, np.where(found.method == 0, 0.0, error), _METHODS[found.method], found.nodes)


def rvs(
    size: int | Shape | None,
    weights: ArrayLike,
    multiplicities: ArrayLike,
    rng: Generator | int,
    noncentralities: ArrayLike = 0.0,
) -> Floats:
    """Draws of Q, of shape ``size`` (None: ()), then the leading shape of the weights; `rng` may be a seed. Errors: see `cdf`."""
    rng = np.random.default_rng(rng)
    law = weighted_law(weights, multiplicities, noncentralities)
    shape = () if size is None else size if isinstance(size, tuple) else (int(size),)
    draws = np.zeros((*shape, *law.largest.shape))
    for j in range(law.weights.shape[-1]):
        # chi2_m(l) is chi2_{m + 2 N} with N Poisson of mean l/2
        extra = rng.poisson(law.shifts[..., j] / 2.0, size=draws.shape) if np.any(law.shifts[..., j]) else 0
        draws += 2.0 * law.weights[..., j] * rng.standard_gamma(law.halves[..., j] + extra, size=draws.shape)
    return draws * law.largest


def cumulant(r: int, weights: ArrayLike, multiplicities: ArrayLike = 1.0, noncentralities: ArrayLike = 0.0) -> Floats:
    """The r-th cumulant of Q, 2^{r-1} (r-1)! sum_j (m_j + r l_j) w_j^r for r = 1, 2, ..., one for each law."""
    require("r", np.asarray(r), np.asarray(r >= 1 and r == int(r)), "a positive integer")
    law = weighted_law(weights, multiplicities, noncentralities)
    return 2.0 ** (r - 1) * math.factorial(int(r) - 1) * law.moment(r) * law.largest**r


class _Values(NamedTuple):
    """Whether q > E Q; then P(Q > q), else P(Q <= q); the density; their relative error, how they were found, with what."""

    upper: Booleans
    tail: Floats
    density: Floats
    relative: Floats
    method: Indices
    nodes: Indices


def _checked(tolerance: float) -> float:
    require("tolerance", np.asarray(tolerance), np.asarray(0.0 < tolerance < 1.0), "between 0 and 1")
    return tolerance


def _evaluate(
    q: ArrayLike, weights: ArrayLike, multiplicities: ArrayLike, noncentralities: ArrayLike, tolerance: float
) -> _Values:
    law, of, x, shape = pair(weighted_law(weights, multiplicities, noncentralities), np.asarray(q, dtype=float))
    atom, unit = law.largest[of] == 0.0, np.where(law.largest > 0.0, law.largest, 1.0)[of]
    with np.errstate(over="ignore"):
        x = x / unit
    upper = np.where(atom, x >= 0.0, x > law.moment(1)[of])
    tail = np.where(np.isnan(x), np.nan, 0.0)
    density, relative = np.where(atom & (x == 0.0), np.inf, tail), np.zeros(x.shape)
    method, nodes = np.zeros(x.shape, dtype=np.intp), np.zeros(x.shape, dtype=np.intp)
    inside = ~atom & (x >= 0.0) & (x < upper_bound(law, of, _NEVER))
    method[~atom & ~inside & (x > 0.0) & (x < np.inf)] = 1
    x, of = x[inside], of[inside]
    found = log_integrals(np.maximum(x, TINY), law, of, upper[inside], _checked(tolerance))
    relative[inside], nodes[inside], method[inside] = found.error, found.nodes, np.where(x < TINY, 3, 2)
    # P(Q <= q) is C q^k near 0, the first term of [Ruben1962].
    tiny, k = np.minimum(x / TINY, 1.0), law.halves.sum(-1)[of]
    with np.errstate(over="ignore", divide="ignore"):
        tail[inside] = np.exp(found.tail) * tiny**k
        density[inside] = np.exp(found.density) * tiny ** (k - 1.0) / unit[inside]
    tail = np.minimum(tail, 1.0)
    return _Values(
        upper.reshape(shape),
        tail.reshape(shape),
        density.reshape(shape),
        relative.reshape(shape),
        method.reshape(shape),
        nodes.reshape(shape),
    )
