"""Weights, cumulants and what their derivatives ask of the variances `v_a`; one axis is the index, the other the batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symasym.codegen.numpy.runtime.blocks import SERIAL

Floats = NDArray[np.floating]

# ---- copied into kernels


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
