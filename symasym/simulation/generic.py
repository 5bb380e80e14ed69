"""A first stage for any model: the empirical loss, followed down from `w*`.

Coordinates `u` with `w = w* + R u`, `R R^T = c H^{-1}`, where `H` is the population's Hessian with its kernel, the directions
along the orbit, filled up, and `c` makes `R^{-1} w*` a unit vector. In them the losses, divided by `c`, are near `|u|^2 / 2`,
whatever the units of data, parameters and loss. A number `v` that must stay positive moves as `v* exp((R u)_v)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from symasym.errors import ConditionViolated
from symasym.model.model import Model
from symasym.optimise.quasi_newton import LIMIT, Descent, Local, descend
from symasym.simulation.empirical import Empirical, EmpiricalLoss
from symasym.simulation.estimators import Estimator

__all__ = ["filled_up", "generic_estimator"]

LOWER = 1e-9
"""How much lower another minimum is, where the loss rises by about 1/2 from `w*` to twice `w*`; less is the same minimum."""


@dataclass(frozen=True)
class Coordinates:
    """`names`, `shapes` of the parameters in order, () for a number; `centre` `w*`, `(N,)`; `root` `R`, `(N, N)`; `unit` `c`."""

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    centre: np.ndarray
    root: np.ndarray
    unit: float

    @classmethod
    def of(cls, minimiser: Mapping[str, Any], names: Sequence[str], hessian: np.ndarray) -> Coordinates:
        """`hessian` `(N, N)`: positive definite, over the entries of the parameters in the order of `names`, row by row."""
        arrays = [np.asarray(minimiser[name], float) for name in names]
        centre = np.concatenate([array.reshape(-1) for array in arrays])
        shapes = tuple(array.shape for array in arrays)
        numbers = np.concatenate([np.full(array.size, array.shape == ()) for array in arrays])
        pace = np.where(numbers, centre, 1)  # d/d log v = v d/dv
        curved = pace[:, None] * hessian * pace
        whole = np.where(numbers, 1, centre)
        unit = float(whole @ curved @ whole) or float(np.trace(curved)) / len(curved)
        root = np.sqrt(unit) * np.linalg.inv(np.linalg.cholesky(curved)).T
        return cls(tuple(names), shapes, centre, root, unit)

    @property
    def _cuts(self) -> np.ndarray:
        return np.cumsum([int(np.prod(shape)) for shape in self.shapes])[:-1]

    @property
    def positive(self) -> np.ndarray:
        """Which entries are numbers that must stay positive, `(N,)`."""
        return np.concatenate([np.full(int(np.prod(shape)), shape == ()) for shape in self.shapes])

    def entries(self, u: np.ndarray) -> np.ndarray:
        """`w`, `(b, N)`."""
        move = u @ self.root.T
        return np.where(self.positive, self.centre * np.exp(np.where(self.positive, move, 0)), self.centre + move)

    def parameters(self, u: np.ndarray) -> dict[str, np.ndarray]:
        """Parameter name -> `(b, rows, columns)`, `(b,)` for a number."""
        parts = np.split(self.entries(u), self._cuts, axis=1)
        return {
            name: part.reshape(len(u), *shape) for name, shape, part in zip(self.names, self.shapes, parts, strict=True)
        }

    def local(self, u: np.ndarray, there: Local) -> Local:
        """Values and slopes in `u`, of the losses divided by `c`, from those in `w`."""
        slopes = (there.slopes * np.where(self.positive, self.entries(u), 1)) @ self.root
        return Local(there.value / self.unit, there.size / self.unit, slopes / self.unit)

    def random(self, batch: int, rng: np.random.Generator) -> np.ndarray:
        """Somewhere else, `(b, N)`: `w = R g` with `g` normal and as long as `R^{-1} w*`; numbers are off by such factors."""
        size = len(self.centre)
        centre = np.linalg.solve(self.root, np.where(self.positive, 0, self.centre))
        return rng.standard_normal((batch, size)) / np.sqrt(size) - centre


def filled_up(hessian: np.ndarray, vertical: np.ndarray) -> np.ndarray:
    """`h + c sum v v^T` over the vertical directions `(g, N)`, with `c` such that both parts are of one size."""
    size = np.sum(vertical**2)
    return (
        hessian
        if size == 0
        else hessian + len(vertical) * np.trace(hessian) / len(hessian) / size * vertical.T @ vertical
    )


def generic_estimator(
    model: Model,
    values: Mapping[sympy.Basic, np.ndarray | float],
    sizes: Mapping[sympy.Symbol, int],
    minimiser: Mapping[str, Any],
    hessian: np.ndarray,
    starts: int = 0,
) -> Estimator:
    """An estimator, as `symasym.simulation.estimators` says, that minimises the model's own empirical loss.

    * `values`: constants and scalars of the loss, by their symbols; `sizes`: its dimensions.
    * `minimiser`: a population minimiser `w*` by parameter name, where every data set starts.
    * `hessian`: `(N, N)`, positive definite: `h` at `w*`, filled up along the orbit (`filled_up`).
    * `starts`: further, random starts; the lowest value is kept.

    Raises `ConditionViolated` where the losses have no minimum next to `w*`.
    """
    empirical = Empirical.of(model, values)
    names = [*(p.name for p in model.parameters), *(p.name for p in model.scalar_parameters)]
    shapes = {p.name: tuple(int(sympy.sympify(n).subs(sizes)) for n in p.shape) for p in model.parameters}
    columns = {name: np.reshape(minimiser[name], shapes.get(name, ())) for name in names}  # vectors may come as rows
    coordinates = Coordinates.of(columns, names, hessian)

    def estimate(
        samples: Mapping[str, np.ndarray], given: Mapping[str, Any], rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        loss, batch = empirical.on(samples, values, sizes), len(next(iter(samples.values())))
        best = _descend(loss, coordinates, np.zeros((batch, len(coordinates.centre))))
        _require(best.arrived)
        (elsewhere,) = rng.spawn(1)  # so that what is drawn later does not depend on the number of starts
        for _ in range(starts):
            best = _lower(best, _descend(loss, coordinates, coordinates.random(batch, elsewhere)))
        return coordinates.parameters(best.point)

    return estimate


def _descend(loss: EmpiricalLoss, coordinates: Coordinates, start: np.ndarray) -> Descent:
    def losses(u: np.ndarray, chosen: np.ndarray) -> Local:
        return coordinates.local(u, loss.at(coordinates.parameters(u), chosen))

    with np.errstate(all="ignore"):  # what is not a number is stepped back from
        return descend(losses, start)


def _lower(best: Descent, other: Descent) -> Descent:
    """The lower of two for each data set; one that has not arrived only counts where it is below the other already."""
    below = other.value < best.value - LOWER
    _require(other.arrived | ~below)
    return Descent(
        np.where(below[:, None], other.point, best.point), np.where(below, other.value, best.value), best.arrived
    )


def _require(arrived: np.ndarray) -> None:
    if not arrived.all():
        raise ConditionViolated(
            f"estimator: the first stage did not converge in {LIMIT} quasi-Newton steps for {np.sum(~arrived)} of "
            f"{len(arrived)} data sets; m is too small, or the minimiser is degenerate or not where it is said to be"
        )
