"""Natural parameters in any position: the law from trace words at `w*`, and derivatives through `w*`; the batch comes first.

With `D` the downstream covariance, `Phi` the features at `w*`, `theta` the coefficients of the projected target and `E` the
matrix of `theta^T DPhi`, a displacement `v` moves the target by `E v`, and the cumulants are

    kappa_r = 2^{r-1} (r-1)! tr (P C)^r,   C = E V E^T,   V = h^+ s h^+,   P = D - D Phi^T (Phi D Phi^T)^{-1} Phi D.

`w*` moves by `-h^+ d(DL)`: with `b` the derivative of a number of the law by `w` the part that goes through `w*` is that of
`-(h^+ b)^T DL` at a fixed `w`. Nothing of this depends on which point of its orbit `w*` is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symasym.codegen.numpy.runtime.arguments import _check_core
from symasym.codegen.numpy.runtime.blocks import WORKSPACE, _slices
from symasym.codegen.numpy.runtime.cumulants import _crossover, _factor, _Target
from symasym.codegen.numpy.runtime.downstream import _definite
from symasym.codegen.numpy.runtime.matrices import _below, _some_rows, _stand_in, _symmetric
from symasym.codegen.numpy.runtime.minimum import STARTS, _horizontal, _minimiser
from symasym.codegen.numpy.runtime.words import _Tables, _Words

Floats = NDArray[np.floating]

# ---- copied into kernels


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
