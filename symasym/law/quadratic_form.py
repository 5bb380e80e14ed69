r"""The law of a weighted sum of independent chi-square variables, Q = sum_j w_j chi2_{m_j}(l_j), central or not.

With K(s) = log E exp(s Q) = sum_j (-m_j/2 log(1 - 2 w_j s) + l_j w_j s/(1 - 2 w_j s)), inverting the Laplace transform gives

    P(Q > q)  =  1/(2 pi i) int exp(K(s) - s q) ds / s     path crossing the real line in (0, 1/(2 max w)),
    P(Q <= q) = -1/(2 pi i) int exp(K(s) - s q) ds / s     path crossing it left of 0,

and the density without 1/s. The upper tail is computed where q > E Q, the lower one elsewhere, so that each
keeps its relative accuracy; the other is the complement. The path is a branch of a hyperbola
[WeidemanTrefethen2007] that bends to the right, where exp(-s q) decays, and has its vertex at the saddlepoint
s0 of the integrand [Daniels1954], the root of K'(s0) - 1/s0 = q on the chosen side of 0. With

    v = (s - s0)/s0,   a_j = 2 w_j s0/(1 - 2 w_j s0),

the integrand divided by its value at s0 is the exponential of

    -sum_j m_j/2 (log(1 - a_j v) + a_j v) + sum_j l_j/2 (1 + a_j) (a_j v)^2/(1 - a_j v),

the pole 1/s being one more weight, with a = -1, m = 2 and l = 0; no large terms are left to cancel for many
degrees of freedom. In a lower tail every term is negative on each ray from s0 less than 45 degrees off the
vertical, so nothing on the path exceeds its value at s0, whatever the law; in an upper tail the pole alone
does otherwise, and the weights outweigh it since q > E Q. The trapezoid rule then converges geometrically.

Accuracy: the relative error of tails and density is about 1e-13 down to the smallest positive numbers, or
5e-15 sqrt(sum_j m_j) if that is more, about what rounding q costs in a far tail. Multiplicities below 1 lose
digits: 1e-10 is left at 0.3, 1e-8 at 0.1. Weights 280 decades below the largest are out of reach.

[WeidemanTrefethen2007] Math. Comp. 76, 1341-1356; [Daniels1954] Ann. Math. Statist. 25, 631-650;
[LaurentMassart2000] Ann. Statist. 28, 1302-1338; [Ruben1962] Ann. Math. Statist. 33, 542-570. Other methods,
of absolute accuracy: [Imhof1961] Biometrika 48, 419-426; [Davies1980] Appl. Statist. 29, 323-333.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

__all__ = ["cdf", "sf", "pdf", "ppf", "isf", "rvs", "cumulant"]

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Booleans = NDArray[np.bool_]
Indices = NDArray[np.intp]
Shape = tuple[int, ...]

_ANGLE = 0.5  # of the hyperbola's asymptotes off the vertical: large, for exp(-s q) to decay, but below pi/4
_RADIUS = 1.6  # of the hyperbola, in standard deviations of the integrand at the saddlepoint
_NODES = 64  # on the upper half of the path; the lower half is its conjugate
_DROP = 40.0  # the path ends where the integrand has fallen by exp(-_DROP)
_BLOCK = 2**18  # points x nodes x weights handled at a time
_TINY = 1e-280  # points this small next to the largest weight: first term of the series at 0
_NEVER = 760.0  # exp(-_NEVER) is 0 in floating point


def cdf(q: ArrayLike, weights: ArrayLike, multiplicities: ArrayLike = 1.0, noncentralities: ArrayLike = 0.0) -> Floats:
    """P(Q <= q) for Q = sum_j w_j chi2_{m_j}(l_j).

    ``weights`` has shape (..., n), ``multiplicities`` m and ``noncentralities`` l broadcast against it, and ``q``
    broadcasts against the leading shape of ``weights``; the result has that common shape. Zero weights are ignored;
    if all are 0 or n = 0, then Q = 0. A q that is nan gives nan. ValueError for weights or noncentralities that are
    negative or not finite and multiplicities that are not positive and finite. Method and accuracy: see the module.
    """
    upper, tail, _ = _evaluate(q, weights, multiplicities, noncentralities)
    return np.where(upper, 1.0 - tail, tail)


def sf(q: ArrayLike, weights: ArrayLike, multiplicities: ArrayLike = 1.0, noncentralities: ArrayLike = 0.0) -> Floats:
    """P(Q > q) for Q = sum_j w_j chi2_{m_j}(l_j), not as 1 - `cdf` beyond the mean. Shapes, errors: see `cdf`."""
    upper, tail, _ = _evaluate(q, weights, multiplicities, noncentralities)
    return np.where(upper, tail, 1.0 - tail)


def pdf(q: ArrayLike, weights: ArrayLike, multiplicities: ArrayLike = 1.0, noncentralities: ArrayLike = 0.0) -> Floats:
    """Density of Q = sum_j w_j chi2_{m_j}(l_j); infinite at the atom of Q = 0. Shapes and errors: see `cdf`."""
    return _evaluate(q, weights, multiplicities, noncentralities)[2]


def ppf(p: ArrayLike, weights: ArrayLike, multiplicities: ArrayLike = 1.0, noncentralities: ArrayLike = 0.0) -> Floats:
    """The q with P(Q <= q) = p: 0 at p = 0, inf at p = 1. ValueError as in `cdf` and unless 0 <= p <= 1."""
    return _quantile(p, False, weights, multiplicities, noncentralities)


def isf(p: ArrayLike, weights: ArrayLike, multiplicities: ArrayLike = 1.0, noncentralities: ArrayLike = 0.0) -> Floats:
    """The q with P(Q > q) = p, accurate also where 1 - p rounds to 1. Shapes and errors: see `ppf`."""
    return _quantile(p, True, weights, multiplicities, noncentralities)


def rvs(
    size: int | Shape | None,
    weights: ArrayLike,
    multiplicities: ArrayLike,
    rng: Generator,
    noncentralities: ArrayLike = 0.0,
) -> Floats:
    """Draws of Q, of shape ``size`` (None: ()), then the leading shape of the weights. Errors: see `cdf`."""
    law = _law(weights, multiplicities, noncentralities)
    shape = () if size is None else size if isinstance(size, tuple) else (int(size),)
    draws = np.zeros((*shape, *law.largest.shape))
    for j in range(law.weights.shape[-1]):
        # chi2_m(l) is chi2_{m + 2 N} with N Poisson of mean l/2
        extra = rng.poisson(law.shifts[..., j] / 2.0, size=draws.shape) if np.any(law.shifts[..., j]) else 0
        draws += 2.0 * law.weights[..., j] * rng.standard_gamma(law.halves[..., j] + extra, size=draws.shape)
    return draws * law.largest


def cumulant(r: int, weights: ArrayLike, multiplicities: ArrayLike = 1.0, noncentralities: ArrayLike = 0.0) -> Floats:
    """The r-th cumulant of Q, 2^{r-1} (r-1)! sum_j (m_j + r l_j) w_j^r for r = 1, 2, ..., one for each law."""
    _require("r", np.asarray(r), np.asarray(r >= 1 and r == int(r)), "a positive integer")
    law = _law(weights, multiplicities, noncentralities)
    return 2.0 ** (r - 1) * math.factorial(int(r) - 1) * law.moment(r) * law.largest**r


@dataclass(frozen=True)
class _Law:
    """Laws in units of their largest weight; a weight that is 0 becomes 1, with multiplicity 0."""

    weights: Floats  # (..., n), n > 0
    halves: Floats  # (..., n), half the multiplicities, or 0
    shifts: Floats  # (..., n), the noncentralities, or 0
    largest: Floats  # (...), the largest weight in its own units; 0 if Q = 0

    def at(self, chosen: Booleans | Indices) -> "_Law":
        return _Law(self.weights[chosen], self.halves[chosen], self.shifts[chosen], self.largest[chosen])

    def moment(self, r: int) -> Floats:
        """sum_j (m_j + r l_j) w_j^r."""
        return ((2.0 * self.halves + r * self.shifts) * self.weights**r).sum(-1)

    def share(self, r: int) -> Floats:
        """sum_j (m_j + l_j) w_j^r: moments of the weights, each counted by what it adds to the mean."""
        return ((2.0 * self.halves + self.shifts) * self.weights**r).sum(-1)


def _law(weights: ArrayLike, multiplicities: ArrayLike, noncentralities: ArrayLike) -> _Law:
    w, m = np.asarray(weights, dtype=float), np.asarray(multiplicities, dtype=float)
    shifts = np.asarray(noncentralities, dtype=float)
    if w.ndim == 0:
        raise ValueError(f"weights must have at least one axis, not be the number {w}.")
    _require("weights", w, np.isfinite(w) & (w >= 0.0), "finite and not negative")
    _require("multiplicities", m, np.isfinite(m) & (m > 0.0), "finite and positive")
    _require("noncentralities", shifts, np.isfinite(shifts) & (shifts >= 0.0), "finite and not negative")
    w, m, shifts = np.broadcast_arrays(w, m, shifts)
    if w.shape[-1] == 0:
        w = m = shifts = np.zeros((*w.shape[:-1], 1))
    largest = w.max(-1)
    scaled = w / np.where(largest > 0.0, largest, 1.0)[..., None]
    counts = scaled > 0.0
    halves, shifts = np.where(counts, m / 2.0, 0.0), np.where(counts, shifts, 0.0)
    return _Law(np.where(counts, scaled, 1.0), halves, shifts, largest)


def _require(name: str, values: Floats, fine: Booleans, wanted: str) -> None:
    if not np.all(fine):
        raise ValueError(f"{name} must be {wanted}, not {values[~fine][0]}.")


def _paired(law: _Law, points: Floats) -> tuple[_Law, Indices, Floats, Shape]:
    """The laws in a row, which of them each point is about, the points in a row, and the common shape."""
    shape = np.broadcast_shapes(law.largest.shape, points.shape)
    of = np.broadcast_to(np.arange(law.largest.size).reshape(law.largest.shape), shape).ravel()
    rows = (law.largest.size, law.weights.shape[-1])
    law = _Law(law.weights.reshape(rows), law.halves.reshape(rows), law.shifts.reshape(rows), law.largest.ravel())
    return law, of, np.broadcast_to(points, shape).ravel(), shape


def _evaluate(
    q: ArrayLike, weights: ArrayLike, multiplicities: ArrayLike, noncentralities: ArrayLike
) -> tuple[Booleans, Floats, Floats]:
    """Whether q > E Q; then P(Q > q), else P(Q <= q); and the density."""
    law, of, x, shape = _paired(_law(weights, multiplicities, noncentralities), np.asarray(q, dtype=float))
    atom, unit = law.largest[of] == 0.0, np.where(law.largest > 0.0, law.largest, 1.0)[of]
    with np.errstate(over="ignore"):
        x = x / unit
    upper = np.where(atom, x >= 0.0, x > law.moment(1)[of])
    tail = np.where(np.isnan(x), np.nan, 0.0)
    density = np.where(atom & (x == 0.0), np.inf, tail)
    inside = ~atom & (x >= 0.0) & (x < _upper_bound(law, of, _NEVER))
    x, of = x[inside], of[inside]
    logs = _log_tail_and_density(np.maximum(x, _TINY), law, of, upper[inside])
    # P(Q <= q) is C q^k near 0, the first term of [Ruben1962].
    tiny, k = np.minimum(x / _TINY, 1.0), law.halves.sum(-1)[of]
    with np.errstate(over="ignore", divide="ignore"):
        tail[inside] = np.exp(logs[0]) * tiny**k
        density[inside] = np.exp(logs[1]) * tiny ** (k - 1.0) / unit[inside]
    return upper.reshape(shape), np.minimum(tail, 1.0).reshape(shape), density.reshape(shape)


def _log_tail_and_density(q: Floats, law: _Law, of: Indices, upper: Booleans) -> tuple[Floats, Floats]:
    """Logarithms of the tail of each point and of the density there, block by block."""
    tail, density = np.empty(q.shape), np.empty(q.shape)
    step = max(1, _BLOCK // (_NODES * law.weights.shape[-1]))
    for start in range(0, q.size, step):
        block = slice(start, start + step)
        tail[block], density[block] = _contour_integrals(q[block], law.at(of[block]), upper[block])
    return tail, density


def _contour_integrals(q: Floats, law: _Law, upper: Booleans) -> tuple[Floats, Floats]:
    """Logarithms of the two integrals along the hyperbola v(u) = +-radius (sin(angle + i u) - sin(angle))."""
    s = _saddlepoint(q, law, upper)
    a, halves, shifts, excess, curvature = _tilted(s, q, law)
    # Bent onto its focus, the path must not meet the nearest branch point, v = 1/max(a).
    furthest = 1.0 / ((1.0 - math.sin(_ANGLE)) * np.maximum(a.max(-1), 1.0))
    radius = np.minimum(_RADIUS / np.sqrt(curvature), furthest)[:, None]
    signed = np.where(upper[:, None], radius, -radius)

    def path(u: Floats) -> Complexes:
        # 2 sinh(u/2)^2 is cosh(u) - 1 without cancellation
        return signed * (2.0 * math.sin(_ANGLE) * np.sinh(u / 2.0) ** 2 + 1j * math.cos(_ANGLE) * np.sinh(u))

    end, inner = np.full((q.size, 1), 32.0), np.zeros((q.size, 1))
    for _ in range(9):  # margin of 2 u: for dv/du and, in the density, for 1 + v
        middle = (end + inner) / 2.0
        small = _exponent(path(middle), a, halves, shifts, excess).real + 2.0 * middle < -_DROP
        end, inner = np.where(small, middle, end), np.where(small, inner, middle)

    u = end * (np.arange(_NODES + 1) / _NODES)
    v, step = path(u), radius * end / (_NODES * math.pi)
    terms = np.exp(_exponent(v, a, halves, shifts, excess)) * np.cos(_ANGLE + 1j * u) * step
    terms[:, 0] /= 2.0
    y = 2.0 * law.weights * s[:, None]
    peak = (law.shifts / 2.0 * y / (1.0 - y) - law.halves * np.log1p(-y)).sum(-1) - s * q
    density = peak + np.log((terms * (1.0 + v)).real.sum(-1)) + np.log(np.abs(s))
    return peak + np.log(terms.real.sum(-1)), density


def _tilted(s: Floats, q: Floats, law: _Law) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """The a_j, the m_j/2, the l_j/2 (1 + a_j), the pole's last; s, s^2 times the exponent's derivatives, the first 0 at s0."""
    y, pole = 2.0 * law.weights * s[:, None], np.ones((s.size, 1))
    a, halves = np.concatenate([y / (1.0 - y), -pole], -1), np.concatenate([law.halves, pole], -1)
    shifts = np.concatenate([law.shifts / 2.0 / (1.0 - y), 0.0 * pole], -1)
    return a, halves, shifts, ((halves + shifts) * a).sum(-1) - q * s, ((halves + 2.0 * shifts) * a**2).sum(-1)


def _exponent(v: Complexes, a: Floats, halves: Floats, shifts: Floats, excess: Floats) -> Complexes:
    """excess v - sum_j m_j/2 (log(1 - a_j v) + a_j v) + sum_j shift_j (a_j v)^2/(1 - a_j v).

    v has shape (points, nodes), a (points, n), excess (points,).
    """
    av = a[:, :, None] * v[:, None, :]
    x, y = av.real, av.imag
    # NumPy's complex log1p loses a small real part, which many degrees of freedom would multiply.
    terms = np.log1p(x * (x - 2.0) + y * y) / 2.0 - 1j * np.arctan2(y, 1.0 - x) + av
    total = excess[:, None] * v - (halves[:, None, :] @ terms)[:, 0]
    if np.any(shifts):
        total = total + (shifts[:, None, :] @ (av * av / (1.0 - av)))[:, 0]
    return total


def _saddlepoint(q: Floats, law: _Law, upper: Booleans) -> Floats:
    """The root s of s (K'(s) - q) = 1 in (0, 1/2) if ``upper``, else the negative one, to 1% of a radius."""
    mean = law.moment(1)
    at_largest = law.weights == 1.0
    largest = ((2.0 * law.halves + law.shifts) * at_largest).sum(-1)
    # Without shifts the left side is convex in |s|, so Newton's method from beyond the root stays beyond it. One weight
    # with the same mean bounds K' (Jensen): the average weight from above if s < 0, the one of the same second moment from
    # below if s > 0. So does, there, the share of the largest weight alone. Shifts only strengthen these bounds. The root is
    # the only one, so with shifts, where convexity fails, a step out of the bracket becomes a bisection.
    below, _ = _one_weight_saddlepoint(q, mean, mean / law.share(0))
    _, matched = _one_weight_saddlepoint(q, mean, law.share(2) / mean)
    _, alone = _one_weight_saddlepoint(q, largest, np.ones(q.shape))
    s = np.where(upper, np.minimum(matched, alone), below)
    inner, outer = np.zeros(s.shape), s.copy()
    for _ in range(100):
        _, _, _, excess, curvature = _tilted(s, q, law)
        inner, outer = np.where(excess < 0.0, s, inner), np.where(excess < 0.0, outer, s)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = s * (1.0 - excess / (excess + curvature))
        bracketed = (np.abs(newton) >= np.abs(inner)) & (np.abs(newton) <= np.abs(outer))
        moved = np.where(bracketed, newton, (inner + outer) / 2.0)
        step, s = 1.0 - moved / s, moved
        if np.all(step**2 * curvature < 1e-4):
            break
    return s


def _one_weight_saddlepoint(q: Floats, mean: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """The negative and the positive root s of s (mean/(1 - 2 weight s) - q) = 1, without cancellation."""
    b = mean - q + 2.0 * weight
    root = np.sqrt(b * b + 8.0 * weight * q)
    far, near = (np.abs(b) + root) / (4.0 * weight) / q, 2.0 / (np.abs(b) + root)
    return np.where(b > 0.0, -far, -near), np.where(b > 0.0, near, far)


def _upper_bound(law: _Law, of: Indices, minus_log_p: Floats | float) -> Floats:
    """A point beyond which Q has at most the probability p [LaurentMassart2000, Lemma 1]."""
    return law.moment(1)[of] + 2.0 * np.sqrt(law.moment(2)[of] * minus_log_p) + 2.0 * minus_log_p


def _log_lower_bound(law: _Law, of: Indices, minus_log_p: Floats) -> Floats:
    """Logarithm of a point below which Q has at most the probability p: [LaurentMassart2000], [Ruben1962]."""
    point = law.moment(1)[of] - 2.0 * np.sqrt(law.moment(2)[of] * minus_log_p)
    central = _Law(law.weights, law.halves, 0.0 * law.shifts, law.largest)
    with np.errstate(divide="ignore"):
        # P(Q <= q) is at most the C q^k that it approaches at 0 without shifts
        return np.maximum(np.log(np.maximum(point, 0.0)), _log_near_zero(central, of, minus_log_p))


def _log_near_zero(law: _Law, of: Indices, minus_log_p: Floats) -> Floats:
    """Logarithm of the q with C q^k = p, the first term of the series of P(Q <= q) at 0 [Ruben1962]."""
    k = law.halves.sum(-1)
    log_c = -(law.halves * np.log(2.0 * law.weights) + law.shifts / 2.0).sum(-1)
    log_c = log_c - [math.lgamma(power + 1.0) for power in k]
    return (-minus_log_p - log_c[of]) / k[of]


def _quantile(
    p: ArrayLike, is_above: bool, weights: ArrayLike, multiplicities: ArrayLike, noncentralities: ArrayLike
) -> Floats:
    p = np.asarray(p, dtype=float)
    _require("p", p, (p >= 0.0) & (p <= 1.0), "in [0, 1]")
    law, of, p, shape = _paired(_law(weights, multiplicities, noncentralities), p)
    below, above = (1.0 - p, p) if is_above else (p, 1.0 - p)  # both, for neither to lose its digits
    atom = law.largest[of] == 0.0
    quantile = np.where(~atom & (above == 0.0), np.inf, 0.0)
    inside = ~atom & (below > 0.0) & (above > 0.0)
    of = of[inside]
    quantile[inside] = _solve(below[inside], above[inside], law, of) * law.largest[of]
    return quantile.reshape(shape)


def _solve(below: Floats, above: Floats, law: _Law, of: Indices) -> Floats:
    """Newton's method for log P(Q > q) in q if the quantile exceeds E Q, else for log P(Q <= q) in log q."""
    mean = law.moment(1)[of]
    upper = below > np.exp(_log_tail_and_density(mean, law, of, np.zeros(mean.shape, dtype=bool))[0])
    target = np.log(np.where(upper, above, below))
    x = np.where(upper, _upper_bound(law, of, -target), _log_lower_bound(law, of, -target))
    # Both are nearly concave: steps from a bound stay on its side of the root; where they do not, bisection.
    near = _log_near_zero(law, of, -target)
    inside = upper | (near > math.log(_TINY))  # closer to 0 the first term of the series gives the quantile
    x = np.where(inside, np.where(upper, x, np.maximum(x, math.log(_TINY))), near)
    low, high = np.where(upper, mean * (1.0 - 1e-9), x), np.where(upper, x, np.log(mean) + 1e-9)
    left = np.flatnonzero(inside)
    for _ in range(100):
        at, up = x[left], upper[left]
        q = np.exp(at, out=at.copy(), where=~up)
        tail, density = _log_tail_and_density(q, law, of[left], up)
        error = tail - target[left]
        beyond = (error < 0.0) == up
        low[left], high[left] = np.where(beyond, low[left], at), np.where(beyond, at, high[left])
        newton = at - error / (np.exp(density - tail) * np.where(up, -1.0, q))
        bracketed = (newton >= low[left]) & (newton <= high[left])
        x[left] = np.where(bracketed, newton, (low[left] + high[left]) / 2.0)
        left = left[np.abs(error) > 1e-9]  # otherwise the step just made has squared it
        if left.size == 0:
            break
    return np.exp(x, out=x, where=~upper)
