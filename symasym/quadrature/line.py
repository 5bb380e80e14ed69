"""Means `E g(s xi)`, `xi` standard Gaussian, of functions of one variable that are analytic on a strip and decay.

Trapezoidal rules in `u = s xi` with the step `h = STEP min(1, s)`. For `g` analytic for `|Im u| < pi` and of order
`exp(-|u|)`, such as the derivatives of `1 / (1 + exp(-u))`, the relative error is about `exp(-2 pi a / h + a^2 / (2 s^2))`,
`a = min(pi, 2 pi s^2 / h)`: below `exp(-44)` for every `s`. Nothing is left beyond `COUNT` steps, and the cost does not depend
on `s`.

Two rules, shifted against each other by half a step, have errors of the same size and opposite sign; their average is the
value, their difference the error estimate, to which rounding is added. Functions with a kink at 0 are integrated over the half
line in `u = c exp(t - exp(-t))`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Integral", "even_mean", "mean"]

STEP = 0.4
COUNT = 101
"""Nodes on each side: `COUNT * STEP = 40`, where `exp(-|u|)` is `4e-18`."""
HALF_STEP = 0.05
"""In `t`, on the half line: `exp(-pi^2 / HALF_STEP)` allows for a strip of half-width `pi / 2`."""
ROUNDING = 4 * np.finfo(float).eps

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Integral:
    """`value` and `error`, an estimate of the absolute error, each of the shape of `s`."""

    value: np.ndarray
    error: np.ndarray


def mean(g: Function, s: np.ndarray | float) -> Integral:
    """`E g(s xi)` for `g` analytic for `|Im u| < pi` and `O(exp(-|u|))` up to powers; `s > 0` of any shape."""
    size = np.asarray(s, float)[..., None]
    step = STEP * np.minimum(1.0, size)
    whole = np.arange(-COUNT, COUNT + 1)
    return _paired(*(_rule(g, step * nodes, size, step) for nodes in (whole, whole + 0.5)))


def even_mean(g: Function, s: np.ndarray | float) -> Integral:
    """`E g(|s xi|)` for `g` analytic next to the positive half line and `O(exp(-u))` there up to powers; `s > 0` of any shape."""
    size = np.asarray(s, float)[..., None]
    unit = np.minimum(1.0, size)
    t = np.arange(-90, 91) * HALF_STEP * np.ones_like(size)  # u / unit from exp(-90) on up to exp(4.5) = 90
    rules = []
    for nodes in (t, t + HALF_STEP / 2):
        inner = np.exp(-nodes)
        u = unit * np.exp(nodes - inner)
        rules.append(2 * _rule(g, u, size, HALF_STEP * u * (1 + inner)))
    return _paired(*rules)


def _rule(g: Function, u: np.ndarray, size: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """`sum g(u) phi(u / s) weight / s`."""
    with np.errstate(under="ignore"):
        return np.sum(g(u) * np.exp(-((u / size) ** 2) / 2) * (weight / size), axis=-1) / np.sqrt(2 * np.pi)


def _paired(first: np.ndarray, second: np.ndarray) -> Integral:
    value = (first + second) / 2
    return Integral(value, np.abs(first - second) / 2 + ROUNDING * np.abs(value))
