"""Closed forms written out at concrete sizes: `h`, `s`, `V`, `K` as full matrices, in exact rationals or in floats.

Not a way to compute a law (that is what the closed form spares us) but to compare it, entry by entry, with other routes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np
import sympy
from sympy.polys.fields import FracElement

from symasym.alignment.blocks import Coordinate, Functional, Matrix, PairBlock, RankOne
from symasym.alignment.entries import Entries
from symasym.alignment.ranges import Range
from symasym.alignment.rational import value_at
from symasym.asymptotics.covariance import Covariance
from symasym.asymptotics.downstream import Downstream
from symasym.errors import InputError
from symasym.law.write_out import write_out
from symasym.model.matrices import ScalarParameter
from symasym.words.atoms import Atom

__all__ = ["Instantiated", "exact_root", "instantiate"]


def exact_root(value: Fraction) -> Fraction:
    """The rational square root of a rational square; `InputError` for anything else."""
    root = Fraction(isqrt(value.numerator), isqrt(value.denominator))
    if root**2 != value:
        raise InputError(f"{value} came, the square of a rational number is expected")
    return root


@dataclass(frozen=True)
class Instantiated:
    """Object arrays over `coordinates` = (parameter, row, column), rows and columns from 0, parameters by name."""

    coordinates: list[tuple[str, int, int]]
    hessian: np.ndarray
    score: np.ndarray
    covariance: np.ndarray
    interaction: np.ndarray


class _Numbers:
    """Concrete sizes and entries: values of field elements at given indices."""

    def __init__(
        self,
        entries: Entries,
        sizes: Mapping[str, int],
        families: Mapping[str, Sequence[Any]],
        scalars: Mapping[str, Any],
    ) -> None:
        self.entries, self.families = entries, families
        self.scalars: dict[str, Any] = {**scalars, **sizes}
        self.sums = {symbol: self._definition(value) for symbol, value in entries.definitions.items()}

    def _definition(self, value: sympy.Expr) -> Fraction:
        written = write_out(value, {n: s for n, s in self.scalars.items() if isinstance(s, int)})
        entry = {
            e: sympy.Rational(*_ratio(self._entry(str(e.base.label), int(e.indices[0]))))
            for e in written.atoms(sympy.Indexed)
        }
        scalars = {
            s: sympy.Rational(*_ratio(self.scalars[s.name])) for s in written.free_symbols if s.name in self.scalars
        }
        number = sympy.sympify(written.xreplace({**entry, **scalars}))
        return Fraction(int(number.p), int(number.q))

    def _entry(self, family: str, index: int) -> Any:
        return self.families[family][index - 1]

    def bounds(self, item: Range) -> range:
        """Indices of a range, from 1."""
        names = {sympy.Symbol(n, integer=True, positive=True): s for n, s in self.scalars.items() if isinstance(s, int)}
        return range(int(item.first.subs(names)), int(item.last.subs(names)) + 1)

    def value(
        self, element: FracElement, first: tuple[Range, int] | None, second: tuple[Range, int] | None = None
    ) -> Any:
        """A field element at one or two indices."""
        values = self.entries.generator_values(self._family, _root, self.scalars, self.sums, first, second)
        return value_at(element, values)

    def _family(self, family: sympy.IndexedBase, index: int) -> Any:
        return self._entry(str(family.label), index)


def _root(value: Any) -> Fraction:
    return exact_root(Fraction(value))


def _ratio(value: Any) -> tuple[int, int]:
    exact = Fraction(value)
    return exact.numerator, exact.denominator


def _place(coordinate: Coordinate, p: int, q: int) -> tuple[str, int, int]:
    row, column = (q, p) if coordinate.flipped else (p, q)
    return coordinate.parameter.key, row - 1, column - 1


def instantiate(
    parameters: tuple[Atom, ...],
    covariance: Covariance,
    score_coupling: tuple[RankOne, ...],
    downstream: Downstream,
    sizes: Mapping[str, int],
    families: Mapping[str, Sequence[Any]],
    scalars: Mapping[str, Any] | None = None,
    Sigma_down: np.ndarray | None = None,
    hessian_coupling: tuple[RankOne, ...] = (),
    scalar_parameters: tuple[ScalarParameter, ...] = (),
) -> Instantiated:
    """Fill in the blocks at concrete sizes; `Sigma_down` is aligned, `(d, d)`, by default that of the pre-training data."""
    numbers = _Numbers(covariance.entries, sizes, families, scalars or {})
    coordinates = [
        (p.key, row, column)
        for p in parameters
        for row in range(_size(p.rows, sizes))
        for column in range(_size(p.columns, sizes))
    ]
    coordinates += [(v.name, 0, 0) for v in scalar_parameters]
    position = {coordinate: n for n, coordinate in enumerate(coordinates)}
    count = len(coordinates)
    h, s, v = (np.full((count, count), Fraction(0), dtype=object) for _ in range(3))
    for pair in covariance.pairs:
        for p, q in _pairs(pair.block, numbers):
            where = [position[_place(c, p, q)] for c in pair.block.coordinates]
            ends = (pair.block.first, p), (pair.block.second, q)
            for target, matrix in ((h, pair.block.hessian), (s, pair.block.score), (v, pair.covariance)):
                _fill(target, where, matrix, numbers, *ends)
    for diagonal in covariance.diagonals:
        for p in numbers.bounds(diagonal.block.over):
            where = [position[_place(c, p, p)] for c in diagonal.block.coordinates]
            for target, matrix in ((h, diagonal.block.hessian), (s, diagonal.block.score), (v, diagonal.covariance)):
                _fill(target, where, matrix, numbers, (diagonal.block.over, p), None)
    for target, terms in ((h, hessian_coupling), (s, score_coupling), (v, covariance.coupling)):
        for term in terms:
            left, right = (_functional(f, position, numbers, count) for f in (term.left, term.right))
            target += numbers.value(term.coefficient, None) * np.outer(left, right)
    slopes = _slopes(downstream, numbers, position, count)
    outside = [n - 1 for item in downstream.outside for n in numbers.bounds(item)]
    inside = [n - 1 for item in downstream.learned for n in numbers.bounds(item)]
    if Sigma_down is None:
        Sigma_down = _own(downstream, numbers, len(inside) + len(outside))
    k = slopes.T @ _schur(Sigma_down, inside, outside) @ slopes
    return Instantiated(coordinates, h, s, v, k)


def _size(dimension: sympy.Expr, sizes: Mapping[str, int]) -> int:
    return int(dimension.subs({sympy.Symbol(n, integer=True, positive=True): size for n, size in sizes.items()}))


def _pairs(block: PairBlock, numbers: _Numbers) -> list[tuple[int, int]]:
    first, second = numbers.bounds(block.first), numbers.bounds(block.second)
    return [(p, q) for p in first for q in second if block.first != block.second or p < q]


def _fill(
    target: np.ndarray,
    where: list[int],
    matrix: Matrix,
    numbers: _Numbers,
    first: tuple[Range, int],
    second: tuple[Range, int] | None,
) -> None:
    for m, row in zip(where, matrix, strict=True):
        for n, value in zip(where, row, strict=True):
            target[m, n] = numbers.value(value, first, second)


def _functional(weights: Functional, position: dict, numbers: _Numbers, count: int) -> np.ndarray:
    vector = np.full(count, Fraction(0), dtype=object)
    for (parameter, item), value in weights.items():
        if isinstance(parameter, ScalarParameter) or item is None:
            vector[position[str(parameter), 0, 0]] = numbers.value(value, None)
            continue
        for p in numbers.bounds(item):
            vector[position[parameter.key, p - 1, p - 1]] = numbers.value(value, (item, p))
    return vector


def _slopes(downstream: Downstream, numbers: _Numbers, position: dict, count: int) -> np.ndarray:
    """`c_a(v)` for every outside index `a`, as rows over the coordinates."""
    rows = [(item, n) for item in downstream.outside for n in numbers.bounds(item)]
    matrix = np.full((len(rows), count), Fraction(0), dtype=object)
    for leak in downstream.leaks:
        for number, (item, a) in enumerate(rows):
            if item != leak.outside:
                continue
            for i in numbers.bounds(leak.learned):
                p, q = (i, a) if leak.block.first == leak.learned else (a, i)
                ends = (leak.block.first, p), (leak.block.second, q)
                theta = numbers.value(leak.theta, *ends)
                for coordinate, slope in zip(leak.block.coordinates, leak.slope, strict=True):
                    matrix[number, position[_place(coordinate, p, q)]] += theta * numbers.value(slope, *ends)
    return matrix


def _own(downstream: Downstream, numbers: _Numbers, size: int) -> np.ndarray:
    matrix = np.full((size, size), Fraction(0), dtype=object)
    for item, value in downstream.pretraining_variance.items():
        for n in numbers.bounds(item):
            matrix[n - 1, n - 1] = numbers.value(value, (item, n))
    return matrix


def _schur(matrix: np.ndarray, inside: list[int], outside: list[int]) -> np.ndarray:
    """Schur complement on the `inside` indices, exact where the entries are rational."""
    block = sympy.Matrix(matrix.shape[0], matrix.shape[1], lambda m, n: sympy.Rational(*_ratio(matrix[m, n])))
    result = block.extract(outside, outside) - block.extract(outside, inside) * block.extract(
        inside, inside
    ).inv() * block.extract(inside, outside)
    rows = [
        [Fraction(int(result[m, n].p), int(result[m, n].q)) for n in range(len(outside))] for m in range(len(outside))
    ]
    return np.array(rows, dtype=object).reshape(len(outside), len(outside))
