"""Laws of weighted chi-squares against Imhof's integral with `scipy.integrate.quad`, Davies' by a trapezoid rule, Monte Carlo.

Weights come in equal pairs, so that `Q` is a sum of exponentials and every error is against partial fractions in high precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module

import mpmath
import numpy as np

from symasym.benchmarks.rows import SEED, Row, interleaved
from symasym.law import quadratic_form

__all__ = ["rows"]

LAWS = {2: 10_000, 10: 10_000, 500: 100}
"""How many laws of so many weights are evaluated at once."""
RIVALS = {2: (20, 200), 10: (50, 1000), 500: (50, 100)}
"""How many of them Imhof's and Davies' integrals get in one timed call."""
DRAWS = 1_000_000
AT_LEAST = 1e4  # laws of 10 weights a second
FAR = 1e-100


def rows(runs: int) -> Iterator[Row]:
    """For 2, 10 and 500 weights: seconds a law, errors, and times as multiples of the contour's; then both tails."""
    for n in LAWS:
        yield from _one_size(n, runs)
    w, _ = _problem(10, 200)
    for name, inverse, function in (
        ("upper", quadratic_form.isf, quadratic_form.sf),
        ("lower", quadratic_form.ppf, quadratic_form.cdf),
    ):
        q = inverse(FAR, w)
        exact = [_exact(point, weights)[name == "upper"] for point, weights in zip(q, w, strict=True)]
        error = max(abs(value / float(truth) - 1) for value, truth in zip(function(q, w), exact, strict=True))
        yield Row(f"largest relative error of the {name} tail at {FAR:g}, 10 weights", float(error), "", 1e-9)


def _one_size(n: int, runs: int) -> Iterator[Row]:
    w, q = _problem(n, LAWS[n])
    quads, sums = RIVALS[n]
    p = quadratic_form.cdf(q, w)
    actions: dict[str, tuple[int, Callable[[], object]]] = {
        "contour": (LAWS[n], partial(quadratic_form.cdf, q, w)),
        "contour, tolerance 1e-6": (LAWS[n], partial(quadratic_form.cdf, q, w, tolerance=1e-6)),
        "quantile": (LAWS[n], partial(quadratic_form.ppf, p, w)),
        "Davies": (sums, partial(_davies, q[:sums], w[:sums])),
        "Monte Carlo": (1, partial(_monte_carlo, q[0], w[0])),
    }
    quad = _quad()
    if quad is not None:
        actions["Imhof"] = (quads, partial(_imhof, quad, q[:quads], w[:quads]))
    taken = interleaved({name: action for name, (_, action) in actions.items()}, runs)
    each = {name: taken[name] / count for name, (count, _) in actions.items()}
    checked = 3 if n > 100 else 50
    exact = np.array([float(_exact(point, weights)[0]) for point, weights in zip(q[:checked], w, strict=False)])

    def error(values: np.ndarray) -> float:
        return float(np.abs(values - exact[: len(values)]).max())

    yield Row(
        f"cdf, {LAWS[n]} laws of {n} weights at once",
        1 / each["contour"],
        "laws/s",
        AT_LEAST if n <= 10 else None,
        at_least=True,
    )
    yield Row("  its largest error", error(p[:checked]), "", 1e-12, note=f"of {checked} laws")
    loose = quadratic_form.cdf(q[:checked], w[:checked], tolerance=1e-6)
    yield Row("  with tolerance 1e-6", 1 / each["contour, tolerance 1e-6"], "laws/s", note=f"error {error(loose):.0e}")
    yield Row("  ppf", 1 / each["quantile"], "laws/s")
    few = min(checked, quads)
    rivals = {
        "Davies": ("vectorised trapezoid on Davies' integral", lambda: error(_davies(q[:checked], w[:checked]))),
        "Imhof": ("Imhof with scipy.integrate.quad", lambda: error(_imhof(quad, q[:few], w[:few]))),
        "Monte Carlo": (f"Monte Carlo, {DRAWS:.0e} draws", lambda: error(np.array([_monte_carlo(q[0], w[0])]))),
    }
    for name, (title, found) in rivals.items():
        if name in each:
            note = f"{each[name] * 1e6:.3g} us a law, error {found():.0e}"
            yield Row(f"  {title} / contour", each[name] / each["contour"], "x", note=note)
        else:
            yield Row(f"  {title} / contour", None, "x", note="scipy is not installed")


def _problem(n: int, laws: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights in equal pairs over two decades, and a point within some standard deviations of the mean."""
    rng = np.random.default_rng(SEED)
    w = np.repeat(10.0 ** -rng.uniform(0, 2, (laws, n // 2)), 2, axis=-1)
    mean, spread = w.sum(-1), np.sqrt(2.0 * (w * w).sum(-1))
    return w, np.maximum(mean + rng.uniform(-2.0, 3.0, laws) * spread, mean / 10.0)


def _exact(q: float, w: np.ndarray) -> tuple[mpmath.mpf, mpmath.mpf]:
    """P(Q <= q), P(Q > q) for weights in equal pairs: sum_i exp(-q/(2 w_i)) prod_{j != i} w_i/(w_i - w_j)."""
    with mpmath.workdps(130 + 3 * len(w)):
        means = [2 * mpmath.mpf(float(weight)) for weight in w[::2]]
        terms = []
        for i, a in enumerate(means):
            factor = mpmath.fprod(a / (a - b) for j, b in enumerate(means) if j != i)
            terms.append(factor * mpmath.exp(-mpmath.mpf(float(q)) / a))
        above = mpmath.fsum(terms)
        return 1 - above, above


def _quad() -> Callable[..., tuple[float, ...]] | None:
    try:
        found: Callable[..., tuple[float, ...]] = import_module("scipy.integrate").quad
    except ImportError:
        return None
    return found


def _imhof(quad: Callable[..., tuple[float, ...]] | None, q: np.ndarray, w: np.ndarray) -> np.ndarray:
    """P(Q <= q) = 1/2 - 1/pi int_0^inf sin(A(u) - q u/2)/(u R(u)) du [Imhof1961], as one writes it down."""
    assert quad is not None

    def below(point: float, weights: np.ndarray) -> float:
        def integrand(u: float) -> float:
            x = weights * u
            damping = math.exp(-np.log1p(x * x).sum() / 4.0)
            return math.sin(np.arctan(x).sum() / 2.0 - point * u / 2.0) * damping / u

        return 0.5 - quad(integrand, 0.0, np.inf, limit=200, full_output=1)[0] / math.pi

    return np.array([below(point, weights) for point, weights in zip(q, w, strict=True)])


def _davies(q: np.ndarray, w: np.ndarray, accuracy: float = 1e-12, longest: int = 2**14) -> np.ndarray:
    """P(Q <= q) = 1/2 - sum_k Im(phi(t_k) exp(-i t_k q))/(pi (k + 1/2)), t_k = (k + 1/2) step [Davies1980], by blocks of laws."""
    log_accuracy = -math.log(accuracy)
    reach = w.sum(-1) + 2.0 * np.sqrt((w * w).sum(-1) * log_accuracy) + 2.0 * w.max(-1) * log_accuracy
    step = 2.0 * math.pi / (q + reach)  # beyond `reach` there is less than the accuracy
    found = np.empty(len(q))
    counts = np.full(len(q), 16)
    while True:  # as many terms as the accuracy takes, if that is not too many
        last = np.log1p((2.0 * w * (counts * step)[:, None]) ** 2).sum(-1) / 4.0
        short = (last < log_accuracy) & (counts < longest)
        if not short.any():
            break
        counts[short] = counts[short] * 3 // 2
    for count in np.unique(counts):
        chosen = np.flatnonzero(counts == count)
        size = max(1, 2**17 // (int(count) * w.shape[-1]))
        for start in range(0, len(chosen), size):
            block = chosen[start : start + size]
            t = (np.arange(count) + 0.5) * step[block, None]
            angle, damping = -t * q[block, None], np.zeros(t.shape)
            x = 2.0 * w[block].T[:, :, None] * t
            angle += np.arctan(x).sum(0) / 2.0
            damping += np.log1p(x * x).sum(0) / 4.0
            found[block] = 0.5 - (np.sin(angle) * np.exp(-damping) / (np.arange(count) + 0.5)).sum(-1) / math.pi
    return found


def _monte_carlo(q: float, w: np.ndarray) -> float:
    """The frequency among so many draws, in blocks that fit in the cache."""
    rng, below, block = np.random.default_rng(SEED), 0, max(1, 2**17 // len(w))
    for start in range(0, DRAWS, block):
        normal = rng.standard_normal((min(block, DRAWS - start), len(w)))
        below += int(np.count_nonzero(np.square(normal, out=normal) @ w <= q))
    return below / DRAWS
