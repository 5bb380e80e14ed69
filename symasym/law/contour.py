r"""Tail probabilities and densities of weighted chi-squares by contour integrals, with what is known of their errors.

The path is a branch of a hyperbola [WeidemanTrefethen2007] that bends to the right, where exp(-s q) decays, and has
its vertex at the saddlepoint s0 of the integrand [Daniels1954], the root of K'(s0) - 1/s0 = q on the chosen side of 0. With

    v = (s - s0)/s0,   a_j = 2 w_j s0/(1 - 2 w_j s0),

the integrand of the density divided by its value at s0 is the exponential of

    -s0 q v - sum_j m_j/2 log(1 - a_j v) + sum_j l_j/2 (1 + a_j) (a_j v + (a_j v)^2/(1 - a_j v)),

and that of the tail has 1 + v besides, the pole 1/s, which counts as one more weight with a = -1, m = 2 and l = 0. Large
multiplicities meet -m_j/2 (log(1 - a_j v) + a_j v) instead, so that no large terms are left to cancel; with multiplicities 1
the logarithm is taken of products of eight factors, whose arguments stay known because each factor turns the same way
by less than pi. In a lower tail every term is negative on each ray from s0 less than 45 degrees off the
vertical, so nothing on the path exceeds its value at s0, whatever the law; in an upper tail the pole alone
does otherwise, and the weights outweigh it since q > E Q. The trapezoid rule then converges geometrically: halving the step
squares its relative error, up to a factor below 100. The step is halved until that says enough.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from symasym.law.weighted import Booleans, Floats, Indices, WeightedLaw

__all__ = ["TOLERANCE", "Integrals", "log_integrals"]

TOLERANCE = 1e-13
"""Relative error of a tail that is asked for unless another is."""

_ANGLE = 0.65  # of the hyperbola's asymptotes off the vertical: large, for exp(-s q) to decay, but below pi/4
_RADIUS = 5.0  # of the hyperbola, in standard deviations of the integrand at the saddlepoint
_NODES = (
    16,
    8,
)  # on the upper half of the path, to start with, for a high and a low accuracy; the lower half is its conjugate
_HALVINGS = 4  # of the step, at most
_UNSETTLED = 0.01  # relative error from which nothing is returned but NaN
_LOW = 1e-8  # a tolerance from which the accuracy counts as low
_SQUARED = 100.0  # halving the step leaves at most so many times the square of the relative error
_DROP = 36.0  # the path ends where the integrand has fallen by exp(-_DROP)
_LONGEST = 32.0  # no path is longer
_PIECES = np.arange(1, 6) / 5.0  # of a path, in the search for its end
_BLOCK = 2**17  # points x nodes x weights handled at a time: 1 MB, as measured; some arrays of half that size are live
_EPS = 2.0**-52


class Integrals(NamedTuple):
    """Of each point: logarithms of tail and density, an estimate of the larger relative error, nodes that were used."""

    tail: Floats
    density: Floats
    error: Floats
    nodes: Indices


def log_integrals(q: Floats, law: WeightedLaw, of: Indices, upper: Booleans, tolerance: float = TOLERANCE) -> Integrals:
    """P(Q > q) where `upper`, else P(Q <= q), and the density: `q > 0` and `upper` of shape `(p,)`, of the laws `of`.

    NaN where halving the step does not settle the integrals to a hundredth.
    The laws are `(laws, n)`; they and `q` are in units of the largest weight.
    """
    found = Integrals(np.empty(q.shape), np.empty(q.shape), np.empty(q.shape), np.empty(q.shape, dtype=np.intp))
    step = max(1, _BLOCK // (_NODES[0] * (law.weights.shape[-1] + 6)))  # some arrays have no axis of weights
    for start in range(0, q.size, step):
        block = slice(start, start + step)
        # what leaves the range of numbers shows in the error
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            parts = _Path(q[block], law.at(of[block]), upper[block]).integrals(tolerance)
        for whole, part in zip(found, parts, strict=True):
            whole[block] = part
    unsettled = ~(found.error <= max(_UNSETTLED, tolerance))
    found.tail[unsettled] = found.density[unsettled] = np.nan
    return found


class _Path:
    """The integrand along v(u) = +-radius (sin(angle + i u) - sin(angle)), u > 0, of one block of points."""

    def __init__(self, q: Floats, law: WeightedLaw, upper: Booleans) -> None:
        s = _saddlepoint(q, law, upper)
        a, halves, shifts, _, curvature = _tilted(s, q, law)
        # Bent onto its focus, the path must not meet the nearest branch point, v = 1/max(a).
        furthest = 1.0 / ((1.0 - math.sin(_ANGLE)) * np.maximum(a.max(-1), 1.0))
        self.radius = np.minimum(_RADIUS / np.sqrt(curvature), furthest)[:, None]
        self.signed = np.where(upper[:, None], self.radius, -self.radius)
        y, units = 2.0 * law.weights * s[:, None], law.units
        a = a[:, :-1]
        self.unit = np.ascontiguousarray((2.0 * law.halves * a)[:, :units].T)[:, :, None]
        self.a, self.halves = a[:, units:].T[:, :, None], law.halves[:, units:].T[:, :, None]
        self.shifted = a.T[:, :, None] if np.any(law.shifts) else np.zeros((0, len(q), 1))
        self.shifts = shifts[:, :-1].T[:, :, None]
        self.slope = ((law.halves * a)[:, units:].sum(-1) + (shifts[:, :-1] * a).sum(-1) - s * q)[:, None]
        logs = law.halves * np.log1p(-y)
        self.peak = (law.shifts / 2.0 * y / (1.0 - y) - logs).sum(-1) - s * q
        self.log_s = np.log(np.abs(s))
        large = np.abs(logs).sum(-1) + np.abs(s * q) + (shifts[:, :-1] * np.abs(y)).sum(-1)
        self.rounding = _EPS * (16.0 + 2.0 * large + np.abs(self.log_s))
        self.end = self._end(np.abs(s * q)[:, None], halves.sum(-1)[:, None])

    def __getitem__(self, rows: Indices) -> _Path:
        part = object.__new__(_Path)
        for name, value in vars(self).items():
            by_weight = name in ("unit", "a", "halves", "shifted", "shifts")
            setattr(part, name, value[:, rows] if by_weight else value[rows])
        return part

    def at(self, lift: Floats, side: Floats) -> tuple[Floats, Floats]:
        """Real and imaginary part of v at cosh(u) - 1 and sinh(u)."""
        return self.signed * (math.sin(_ANGLE) * lift), self.signed * (math.cos(_ANGLE) * side)

    def exponent(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Real and imaginary part of the exponent of the density's integrand at v = x + i y, both `(points, nodes)`."""
        real, imaginary = self.slope * x, self.slope * y
        if len(self.unit):
            modulus, argument = _log_of_product(self.unit, x, y)
            real -= modulus / 2.0
            imaginary -= argument / 2.0
        if len(self.a):
            p, r = self.a * x, self.a * y
            real -= (self.halves * (np.log1p(p * (p - 2.0) + r * r) / 2.0 + p)).sum(0)
            imaginary -= (self.halves * (r - np.arctan2(r, 1.0 - p))).sum(0)
        if len(self.shifted):
            p, r = self.shifted * x, self.shifted * y
            square, cross, inverse = p * p - r * r, 2.0 * p * r, self.shifts / ((1.0 - p) ** 2 + r * r)
            real += (inverse * (square * (1.0 - p) - cross * r)).sum(0)
            imaginary += (inverse * (square * r + cross * (1.0 - p))).sum(0)
        return real, imaginary

    def _end(self, rate: Floats, halves: Floats) -> Floats:
        """A u at which the integrand has fallen by exp(-_DROP); the margin of 2 u is for dv/du and for 1 + v."""
        # exp(-s q v) alone would do so here if log|1 - a v| > -1/4 were all that the weights added.
        fallen = (_DROP + 2.0 * _LONGEST / 4.0 + halves / 4.0) / (rate * self.radius * math.sin(_ANGLE))
        end = np.minimum(2.0 * np.arcsinh(np.sqrt(fallen / 2.0)), _LONGEST)
        inner = np.zeros(end.shape)
        for _ in range(2):
            pieces = inner + (end - inner) * _PIECES
            small = self._small(pieces)
            first = np.argmax(small, axis=1)[:, None]
            end = np.where(small.any(1, keepdims=True), np.take_along_axis(pieces, first, 1), _LONGEST)
            inner = np.where(first > 0, np.take_along_axis(pieces, np.maximum(first - 1, 0), 1), inner)
        return end

    def _small(self, u: Floats) -> Booleans:
        return self.exponent(*self.at(*_hyperbolic(u)))[0] + 2.0 * u < -_DROP

    def sums(self, fractions: Floats) -> tuple[Floats, Floats]:
        """Sums of the real parts of both integrands, tail and density, at these fractions of the path."""
        u = self.end * fractions
        lift, side = _hyperbolic(u)
        x, y = self.at(lift, side)
        real, imaginary = self.exponent(x, y)
        size, cosine, sine = np.exp(real), np.cos(imaginary), np.sin(imaginary)
        # cos(angle + i u) is dv/du up to a constant
        forward, sideways = math.cos(_ANGLE) * (1.0 + lift), -math.sin(_ANGLE) * side
        density, rest = size * (cosine * forward - sine * sideways), size * (cosine * sideways + sine * forward)
        density[:, fractions == 0.0] /= 2.0
        rest[:, fractions == 0.0] /= 2.0
        pole = 1.0 + x
        tail = (density * pole + rest * y) / (pole * pole + y * y)
        return tail.sum(-1), density.sum(-1)

    def integrals(self, tolerance: float) -> Integrals:
        """Both integrals, the step halved until they are known to the tolerance."""
        count = _NODES[1] if tolerance >= _LOW else _NODES[0]
        total = np.stack(self.sums(np.arange(count) / count))
        error, nodes, left = np.empty(len(self.peak)), np.full(len(self.peak), count), np.arange(len(self.peak))
        part = self
        for halving in range(_HALVINGS):
            middles = (np.arange(count) + 0.5) / count
            finer = total[:, left] + np.stack(part.sums(middles))
            change = np.abs(2.0 * total[:, left] / finer - 1.0).max(0)
            total[:, left], count = finer, 2 * count
            error[left], nodes[left] = np.minimum(change, _SQUARED * change**2), count
            again = ~(error[left] <= tolerance)
            if halving + 1 == _HALVINGS or not again.any():
                break
            left = left[again]
            part = self[left]
        scale = np.log(self.radius * self.end)[:, 0] - np.log(nodes * math.pi)
        tail, density = self.peak + scale + np.log(total)
        return Integrals(tail, density + self.log_s, error + self.rounding, nodes)


def _hyperbolic(u: Floats) -> tuple[Floats, Floats]:
    """cosh(u) - 1 without cancellation, and sinh(u)."""
    half = np.sinh(u / 2.0)
    square = half * half
    return 2.0 * square, 2.0 * half * np.sqrt(1.0 + square)


def _log_of_product(a: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Modulus' logarithm and argument of prod_j (1 - a_j v), the a_j of one sign for each point: (n, points, 1).

    Each factor, or its conjugate, is kept in the upper half plane: a product that leaves it is turned by pi, and the turns are
    counted.
    """
    ahead = a * x
    real, imaginary = np.subtract(1.0, ahead, out=ahead), np.abs(a * y)
    turns = np.zeros(real.shape[1:])
    for _ in range(3):  # eight factors: the squared modulus stays far from overflow
        half = len(real) // 2
        if half == 0:
            break
        p, r, p2, r2 = real[:half], imaginary[:half], real[half : 2 * half], imaginary[half : 2 * half]
        product, other = p * p2 - r * r2, p * r2 + r * p2
        other += 0.0  # no negative zeros
        side = np.copysign(1.0, other)
        turns += half - side.sum(0)  # twice the number of turns
        product *= side
        other *= side
        if 2 * half < len(real):
            product, other = np.concatenate([product, real[2 * half :]]), np.concatenate([other, imaginary[2 * half :]])
        real, imaginary = product, other
    modulus = np.log(real * real + imaginary * imaginary).sum(0) / 2.0
    argument = np.arctan2(imaginary, real).sum(0) + math.pi / 2.0 * turns
    return modulus, np.copysign(argument, -a.sum(0) * y)


def _tilted(s: Floats, q: Floats, law: WeightedLaw) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """The a_j, the m_j/2, the l_j/2 (1 + a_j), the pole's last; s, s^2 times the exponent's derivatives, the first 0 at s0."""
    y, pole = 2.0 * law.weights * s[:, None], np.ones((s.size, 1))
    a, halves = np.concatenate([y / (1.0 - y), -pole], -1), np.concatenate([law.halves, pole], -1)
    shifts = np.concatenate([law.shifts / 2.0 / (1.0 - y), 0.0 * pole], -1)
    return a, halves, shifts, ((halves + shifts) * a).sum(-1) - q * s, ((halves + 2.0 * shifts) * a**2).sum(-1)


def _saddlepoint(q: Floats, law: WeightedLaw, upper: Booleans) -> Floats:
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
