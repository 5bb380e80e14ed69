r"""The law of a weighted sum of independent chi-square variables, Q = sum_j w_j chi2_{m_j}.

With K(s) = log E exp(s Q) = -1/2 sum_j m_j log(1 - 2 w_j s), inversion of the Laplace transform gives

    P(Q > q)  =  1/(2 pi i) int exp(K(s) - s q) ds / s     path crossing the real line in (0, 1/(2 max w)),
    P(Q <= q) = -1/(2 pi i) int exp(K(s) - s q) ds / s     path crossing it left of 0,

and the density without the 1/s. The upper tail is computed for q > E Q, the lower one otherwise, so that each keeps
its relative accuracy; the other probability is the complement. The path is one branch of a hyperbola
[WeidemanTrefethen2007] whose vertex is the saddlepoint s0 of the integrand [Daniels1954], the root of
K'(s0) - 1/s0 = q on the chosen side of 0, and which bends to the right, where exp(-s q) decays. With

    v = (s - s0)/s0,   a_j = 2 w_j s0/(1 - 2 w_j s0),

the integrand divided by its value at s0 is exp(-sum_j m_j/2 (log(1 - a_j v) + a_j v)), in which the pole 1/s counts
as one more weight, with a = -1 and m = 2. Every term of a lower tail decreases along any ray from s0 that leaves the
vertical by less than 45 degrees, so nothing can grow on the path, whatever the weights and multiplicities; the
trapezoid rule then converges geometrically. No linear terms are left that would cancel for many degrees of freedom.

Accuracy, for multiplicities of at least 1: both tails and the density are right to a relative error of about 2e-12
down to the smallest floating-point numbers, plus the rounding 1e-16 sqrt(sum_j m_j) that the conditioning of the
problem makes unavoidable. Multiplicities below 1 (not integers, then) lose digits: about 1e-9 at 0.5 and 1e-4 at 0.1.
Weights more than 280 decades apart are not told apart.

An independent check is the oscillating real integral of [Imhof1961], which [Davies1980] bounds; see the tests.

References: [WeidemanTrefethen2007] Math. Comp. 76, 1341-1356; [Daniels1954] Ann. Math. Statist. 25, 631-650;
[Imhof1961] Biometrika 48, 419-426; [Davies1980] Appl. Statist. 29, 323-333; [LaurentMassart2000] Ann. Statist. 28,
1302-1338; [Ruben1962] Ann. Math. Statist. 33, 542-570.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["cdf", "sf", "pdf", "ppf", "isf", "rvs", "cumulant"]

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

_ANGLE = 0.4  # of the hyperbola's asymptotes from the vertical: large enough to make exp(-s q) decay, below pi/4
_RADIUS = 1.5  # of the hyperbola, in standard deviations of the integrand at the saddlepoint
_NODES = 64  # on the upper half of the path; the lower half is its conjugate
_DROP = 42.0  # the path ends where the integrand has fallen by exp(-_DROP)
_BLOCK = 2**17  # weights x nodes x points handled at a time, to stay in the cache
_TINY = 1e-280  # points this small next to the largest weight: leading term of the series at 0
_NEVER = 760.0  # exp(-_NEVER) is 0 in floating point


def cdf(q: ArrayLike, weights: ArrayLike, multiplicities: ArrayLike = 1.0) -> Floats:
    """P(Q <= q) for Q = sum_j w_j chi2_{m_j}.

    ``weights`` has shape (..., n), ``multiplicities`` broadcasts against it, and ``q`` broadcasts against the leading
    shape of ``weights``, which together give the shape of the result. Zero weights are ignored; without any positive
    weight Q = 0. A q that is not a number gives one that is not. Raises ValueError for weights that are negative or
    not finite and for multiplicities that are not positive and finite. Method and accuracy: see the module.
    """
    upper, tail, _ = _tail_and_density(q, weights, multiplicities)
    return np.where(upper, 1.0 - tail, tail)


def sf(q: ArrayLike, weights: ArrayLike, multiplicities: ArrayLike = 1.0) -> Floats:
    """P(Q > q) for Q = sum_j w_j chi2_{m_j}, to full relative accuracy beyond the mean. Shapes, errors: see `cdf`."""
    upper, tail, _ = _tail_and_density(q, weights, multiplicities)
    return np.where(upper, tail, 1.0 - tail)


def pdf(q: ArrayLike, weights: ArrayLike, multiplicities: ArrayLike = 1.0) -> Floats:
    """Density of Q = sum_j w_j chi2_{m_j}; infinite where Q has an atom. Shapes and errors: see `cdf`."""
    return _tail_and_density(q, weights, multiplicities)[2]


def ppf(p: ArrayLike, weights: ArrayLike, multiplicities: ArrayLike = 1.0) -> Floats:
    """The quantile q with P(Q <= q) = p; 0 at p = 0, infinity at p = 1. Shapes and errors as for `cdf`, with p for q.

    Raises ValueError also for p outside [0, 1]. Newton's method on the logarithm of the smaller tail.
    """
    p = _probability(p)
    return _quantile(p, 1.0 - p, weights, multiplicities)


def isf(p: ArrayLike, weights: ArrayLike, multiplicities: ArrayLike = 1.0) -> Floats:
    """The quantile q with P(Q > q) = p, accurate also where 1 - p rounds to 1. Shapes and errors: see `ppf`."""
    p = _probability(p)
    return _quantile(1.0 - p, p, weights, multiplicities)


def rvs(
    size: int | tuple[int, ...] | None,
    weights: ArrayLike,
    multiplicities: ArrayLike,
    rng: np.random.Generator,
) -> Floats:
    """Draws of Q = sum_j w_j chi2_{m_j}, of shape ``size`` (None: ()) followed by the leading shape of the weights."""
    law = _law(weights, multiplicities)
    shape = () if size is None else size if isinstance(size, tuple) else (int(size),)
    draws = np.zeros((*shape, *law.largest.shape))
    for weight, multiplicity in zip(np.moveaxis(law.weights, -1, 0), np.moveaxis(law.halves, -1, 0), strict=True):
        # chi2_m = 2 Gamma(m/2); padding has shape parameter 0 and draws 0.
        draws += 2.0 * weight * rng.standard_gamma(multiplicity, size=draws.shape)
    return draws * law.largest


def cumulant(r: int, weights: ArrayLike, multiplicities: ArrayLike = 1.0) -> Floats:
    """The r-th cumulant 2^{r-1} (r-1)! sum_j m_j w_j^r of Q, r = 1, 2, ...; shape: the leading one of the weights."""
    if r != int(r) or r < 1:
        raise ValueError(f"r must be a positive integer, not {r}.")
    law = _law(weights, multiplicities)
    return 2.0**r * math.factorial(int(r) - 1) * (law.halves * law.weights**r).sum(-1) * law.largest**r


class _Law(NamedTuple):
    """Laws in units of their largest weight: (..., n) weights and half multiplicities, (...) largest weights.

    What does not count is padded with weight 1 and multiplicity 0; no law has fewer than one weight.
    """

    weights: Floats
    halves: Floats
    largest: Floats


def _law(weights: ArrayLike, multiplicities: ArrayLike) -> _Law:
    w, m = np.asarray(weights, dtype=float), np.asarray(multiplicities, dtype=float)
    if w.ndim == 0:
        raise ValueError(f"weights must have at least one axis, not be the number {w}.")
    _refuse("weights", w, ~(np.isfinite(w) & (w >= 0.0)), "finite and not negative")
    _refuse("multiplicities", m, ~(np.isfinite(m) & (m > 0.0)), "finite and positive")
    w, m = np.broadcast_arrays(w, m)
    if w.shape[-1] == 0:
        w = m = np.zeros((*w.shape[:-1], 1))
    largest = w.max(-1)
    scaled = w / np.where(largest > 0.0, largest, 1.0)[..., None]
    counts = scaled > 0.0
    return _Law(np.where(counts, scaled, 1.0), np.where(counts, m / 2.0, 0.0), largest)


def _probability(p: ArrayLike) -> Floats:
    p = np.asarray(p, dtype=float)
    _refuse("p", p, ~((p >= 0.0) & (p <= 1.0)), "in [0, 1]")
    return p


def _refuse(name: str, values: Floats, bad: Booleans, wanted: str) -> None:
    if bad.any():
        raise ValueError(f"{name} must be {wanted}, not {values[bad][0]}.")


def _pointwise(law: _Law, *points: Floats) -> tuple[tuple[int, ...], _Law, list[Floats]]:
    """The common shape of points and laws, one law for each point, and the points, all flattened."""
    shape = np.broadcast_shapes(law.largest.shape, *(point.shape for point in points))
    index = np.broadcast_to(np.arange(law.largest.size).reshape(law.largest.shape), shape).ravel()
    n = law.weights.shape[-1]
    laws = _Law(law.weights.reshape(-1, n)[index], law.halves.reshape(-1, n)[index], law.largest.ravel()[index])
    return shape, laws, [np.broadcast_to(point, shape).ravel() for point in points]


def _tail_and_density(q: ArrayLike, weights: ArrayLike, multiplicities: ArrayLike) -> tuple[Booleans, Floats, Floats]:
    """Whether q > E Q; then P(Q > q), else P(Q <= q); and the density."""
    shape, law, (points,) = _pointwise(_law(weights, multiplicities), np.asarray(q, dtype=float))
    with np.errstate(over="ignore", divide="ignore"):
        points = np.where(law.largest > 0.0, points / np.where(law.largest > 0.0, law.largest, 1.0), points)
    upper = points > _mean(law)
    tail, density = np.zeros(points.shape), np.zeros(points.shape)

    atom = law.largest == 0.0
    upper[atom] = points[atom] >= 0.0  # P(Q <= q) = 1 - 0 from there on
    density[atom & (points == 0.0)] = np.inf
    near = ~atom & (points >= 0.0) & (points < _TINY)
    tail[near], density[near] = _series_at_zero(points[near], _at(law, near))
    inside = ~atom & (points >= _TINY) & (points < _upper_bound(law, np.array(_NEVER)))
    logs = _log_tail_and_density(points[inside], _at(law, inside), upper[inside])
    tail[inside], density[inside] = np.exp(logs)
    tail[np.isnan(points)] = density[np.isnan(points)] = np.nan

    with np.errstate(over="ignore"):
        density = density / np.where(atom, 1.0, law.largest)
    return upper.reshape(shape), np.minimum(tail, 1.0).reshape(shape), density.reshape(shape)


def _at(law: _Law, chosen: Booleans | NDArray[np.intp] | slice) -> _Law:
    return _Law(*(part[chosen] for part in law))


def _mean(law: _Law) -> Floats:
    mean: Floats = 2.0 * (law.halves * law.weights).sum(-1)
    return mean


def _log_tail_and_density(q: Floats, law: _Law, upper: Booleans) -> tuple[Floats, Floats]:
    """Logarithms of the tail of each point and of the density there, block by block."""
    tail, density = np.empty(q.shape), np.empty(q.shape)
    step = max(1, _BLOCK // (_NODES * law.weights.shape[-1]))
    for start in range(0, q.size, step):
        block = slice(start, start + step)
        tail[block], density[block] = _contour_integrals(q[block], _at(law, block), upper[block])
    return tail, density


def _contour_integrals(q: Floats, law: _Law, upper: Booleans) -> tuple[Floats, Floats]:
    """Logarithms of the two integrals, along the hyperbola v(u) = +-radius (sin(angle + i u) - sin(angle))."""
    s = _saddlepoint(q, law, upper)
    a, halves = _tilted(s, law)
    excess = (halves * a).sum(-1) - q * s  # left over in the saddlepoint equation, as it is solved roughly
    radius = _RADIUS / np.sqrt((halves * a**2).sum(-1))
    # Bent onto its focus, the path must not meet the nearest branch point, v = 1/max(a).
    radius = np.minimum(radius, 1.0 / ((1.0 - math.sin(_ANGLE)) * np.maximum(a.max(-1), 1.0)))
    signed = np.where(upper, radius, -radius)[:, None]

    def path(u: Floats) -> tuple[Floats, Floats]:
        # 2 sinh(u/2)^2 is cosh(u) - 1 without cancellation
        return signed * math.sin(_ANGLE) * 2.0 * np.sinh(u / 2.0) ** 2, signed * math.cos(_ANGLE) * np.sinh(u)

    reach = _reach(lambda u: _log_modulus(*path(u), a, halves, excess), q.size)
    u = reach * (np.arange(_NODES + 1) / _NODES)
    x, y = path(u)
    integrand = np.exp(_log_modulus(x, y, a, halves, excess) + 1j * _phase(x, y, a, halves, excess))
    integrand *= radius[:, None] * np.cos(_ANGLE + 1j * u) * (reach / (_NODES * math.pi))
    integrand[:, 0] /= 2.0
    peak = -(law.halves * np.log1p(-2.0 * law.weights * s[:, None])).sum(-1) - s * q
    tail = peak + np.log(integrand.real.sum(-1))
    density = peak + np.log((integrand * (1.0 + x + 1j * y)).real.sum(-1)) + np.log(np.abs(s))
    return tail, density


def _tilted(s: Floats, law: _Law) -> tuple[Floats, Floats]:
    """The a_j of the module's formula and the m_j/2, the pole at 0 included as a last column."""
    y = 2.0 * law.weights * s[:, None]
    pole = np.ones((s.size, 1))
    return np.concatenate([y / (1.0 - y), -pole], axis=-1), np.concatenate([law.halves, pole], axis=-1)


def _log_modulus(x: Floats, y: Floats, a: Floats, halves: Floats, excess: Floats) -> Floats:
    """Re of excess v - sum_j m_j/2 (log(1 - a_j v) + a_j v) at v = x + i y; x, y (points, nodes), a (points, n)."""
    ax, ay = a[:, :, None] * x[:, None, :], a[:, :, None] * y[:, None, :]
    terms = np.log1p(ax * (ax - 2.0) + ay * ay) / 2.0 + ax
    return excess[:, None] * x - (halves[:, None, :] @ terms)[:, 0]


def _phase(x: Floats, y: Floats, a: Floats, halves: Floats, excess: Floats) -> Floats:
    """Im of what `_log_modulus` gives the real part of."""
    ax, ay = a[:, :, None] * x[:, None, :], a[:, :, None] * y[:, None, :]
    return excess[:, None] * y - (halves[:, None, :] @ (ay - np.arctan2(ay, 1.0 - ax)))[:, 0]


def _reach(log_modulus: Callable[[Floats], Floats], points: int) -> Floats:
    """Where the path may end, by bisection; (points, 1)."""
    low, high = np.zeros((points, 1)), np.full((points, 1), 32.0)
    for _ in range(9):
        middle = (low + high) / 2.0
        small = log_modulus(middle) + 2.0 * middle < -_DROP  # 2u: for dv/du, and for 1 + v in the density
        low, high = np.where(small, low, middle), np.where(small, middle, high)
    return high


def _saddlepoint(q: Floats, law: _Law, upper: Booleans) -> Floats:
    """The root s of s (K'(s) - q) = 1 in (0, 1/2) where ``upper``, else the negative one, to 1% of the path's width.

    The left side is convex in |s|, so Newton's method from beyond the root stays beyond it, converging.
    """
    mean, square = _mean(law), 2.0 * (law.halves * law.weights**2).sum(-1)
    # By Jensen's inequality K' is at most that of one weight equal to the mean one if s < 0, and if s > 0 at least that
    # of one weight square/mean, the moment-matched one; nor less than the share of the largest weight.
    largest = 2.0 * (law.halves * (law.weights == 1.0)).sum(-1)
    below = _one_weight_saddlepoint(q, mean, mean / (2.0 * law.halves.sum(-1)))[0]
    above = np.minimum(
        _one_weight_saddlepoint(q, mean, square / mean)[1],
        _one_weight_saddlepoint(q, largest, np.ones(q.shape))[1],
    )
    s = np.where(upper, above, below)
    for _ in range(100):
        a, halves = _tilted(s, law)
        curvature = (halves * a**2).sum(-1)
        excess = (halves * a).sum(-1) - q * s
        step = excess / (excess + curvature)
        s = s * (1.0 - step)
        if np.all(step**2 * curvature < 1e-4):
            break
    return s


def _one_weight_saddlepoint(q: Floats, mean: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """The negative and the positive root s of s (mean/(1 - 2 weight s) - q) = 1, without cancellation."""
    b = mean - q + 2.0 * weight
    root = np.sqrt(b * b + 8.0 * weight * q)
    far, near = (np.abs(b) + root) / (4.0 * weight) / q, 2.0 / (np.abs(b) + root)
    return np.where(b > 0.0, -far, -near), np.where(b > 0.0, near, far)


def _log_series_at_zero(law: _Law) -> tuple[Floats, Floats]:
    """log C and k of P(Q <= q) ~ C q^k as q -> 0, an upper bound for every q: the first term of [Ruben1962]."""
    power = law.halves.sum(-1)
    log_gamma = np.array([math.lgamma(k + 1.0) for k in power])
    return -(law.halves * np.log(2.0 * law.weights)).sum(-1) - log_gamma, power


def _series_at_zero(q: Floats, law: _Law) -> tuple[Floats, Floats]:
    log_factor, power = _log_series_at_zero(law)
    with np.errstate(divide="ignore", over="ignore"):
        log_q = np.log(q)
        slope = power - 1.0
        log_slope = slope * np.where(slope == 0.0, 0.0, log_q)  # 0 log 0 is 0 here
        return np.exp(log_factor + power * log_q), power * np.exp(log_factor + log_slope)


def _upper_bound(law: _Law, minus_log_p: Floats) -> Floats:
    """A point beyond which Q has at most the probability p [LaurentMassart2000, Lemma 1]."""
    norm = np.sqrt(2.0 * (law.halves * law.weights**2).sum(-1))
    bound: Floats = _mean(law) + 2.0 * norm * np.sqrt(minus_log_p) + 2.0 * minus_log_p
    return bound


def _log_lower_bound(law: _Law, minus_log_p: Floats) -> Floats:
    """Logarithm of a point below which Q has at most the probability p: the better of two."""
    norm = np.sqrt(2.0 * (law.halves * law.weights**2).sum(-1))
    gaussian = np.maximum(_mean(law) - 2.0 * norm * np.sqrt(minus_log_p), 0.0)  # [LaurentMassart2000, Lemma 1]
    log_factor, power = _log_series_at_zero(law)
    with np.errstate(divide="ignore"):
        bound: Floats = np.maximum(np.log(gaussian), (-minus_log_p - log_factor) / power)
    return bound


def _quantile(below: Floats, above: Floats, weights: ArrayLike, multiplicities: ArrayLike) -> Floats:
    """The q with P(Q <= q) = below, P(Q > q) = above; both are passed so that neither has lost its digits."""
    shape, law, (below, above) = _pointwise(_law(weights, multiplicities), below, above)
    random = law.largest > 0.0
    quantile = np.where(random & (above == 0.0), np.inf, 0.0)
    inside = random & (below > 0.0) & (above > 0.0)
    quantile[inside] = _solve(below[inside], above[inside], _at(law, inside)) * law.largest[inside]
    return quantile.reshape(shape)


def _solve(below: Floats, above: Floats, law: _Law) -> Floats:
    """Newton's method for log P(Q > q) in q where that is the smaller tail, for log P(Q <= q) in log q elsewhere.

    Both functions are (nearly) concave, so that Newton's method from a bound on the root converges monotonically; what
    leaves the bracket is bisected.
    """
    mean = _mean(law)
    upper = below > np.exp(_log_tail_and_density(mean, law, np.zeros(mean.shape, dtype=bool))[0])
    target = np.log(np.where(upper, above, below))
    x = np.where(upper, _upper_bound(law, -target), _log_lower_bound(law, -target))
    low, high = np.where(upper, mean, x), np.where(upper, x, np.log(mean))
    left = np.flatnonzero(upper | (x > math.log(_TINY)))  # what lies at 0 equals its bound
    for _ in range(100):
        if left.size == 0:
            break
        at, up = x[left], upper[left]
        q = np.where(up, at, np.exp(np.where(up, 0.0, at)))
        tail, density = _log_tail_and_density(q, _at(law, left), up)
        error = tail - target[left]
        rate = np.exp(density - tail) * np.where(up, -1.0, q)
        beyond = np.where(up, error < 0.0, error > 0.0)
        low[left], high[left] = np.where(beyond, low[left], at), np.where(beyond, at, high[left])
        newton = at - error / rate
        inside = (newton >= low[left]) & (newton <= high[left])
        x[left] = np.where(inside, newton, (low[left] + high[left]) / 2.0)
        left = left[~(np.abs(error) < 1e-9)]  # the step just made has squared it
    return np.where(upper, x, np.exp(np.where(upper, 0.0, x)))
