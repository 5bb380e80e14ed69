"""Aligned coordinates: where the constant matrices are diagonal, and the change of coordinates that leads there.

Everything stated here is checked by the engine: that the frame leaves the problem as it is, that the named point is
stationary, that the Hessian form is positive on the horizontal space under the stated assumptions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError, ShapeError
from symasym.model.groups import Group, GroupElement

__all__ = ["Aligned", "Frame", "Weight", "indexed", "indices"]

DOWNSTREAM = ("g", "S")
"""Its diagonal and its Schur complement (`symasym.law.law`)."""
Weight: TypeAlias = sympy.Expr | int | sympy.IndexedBase | Mapping[sympy.Symbol, sympy.Expr]
"""Diagonal entries: one number for all, a family `lam` meaning `lam[p]`, or an expression for each range (others 0)."""


def indices(names: str) -> tuple[sympy.Symbol, ...]:
    """Index symbols, one for each range, e.g. `i, a = indices("i a")`."""
    return tuple(sympy.Symbol(name, integer=True) for name in names.split())


def indexed(names: str) -> tuple[sympy.IndexedBase, ...]:
    """Families of real numbers over an index, e.g. `lam, b = indexed("lam b")`; signs belong to `assume`.

    Raises `InputError` for the letters of the downstream covariance in every law.
    """
    for name in names.split():
        if name in DOWNSTREAM:
            raise InputError(
                f"indexed: the family {name} came, but g and S are the downstream covariance in every law; another letter is "
                "expected"
            )
    return tuple(sympy.IndexedBase(sympy.Symbol(name, real=True)) for name in names.split())


@dataclass(frozen=True)
class Frame:
    """A change of data coordinates `z -> T z` by a group, with what it does to the parameters.

    `images` maps data vectors and parameters to their images. The loss and the features keep their form under it, which
    the engine proves; covariances follow from the data.
    """

    group: Group
    element: GroupElement
    images: Mapping[MatrixExpr, MatrixExpr]

    @classmethod
    def of(
        cls, group: Group, images: Callable[[GroupElement], Mapping[MatrixExpr, MatrixExpr]], name: str = "T"
    ) -> Frame:
        """`Frame.of(GL(d), lambda T: {x: T*x, A: A*T.inv()})`."""
        element = group.element(name)
        frame = cls(group, element, dict(images(element)))
        for symbol, image in frame.images.items():
            if tuple(image.shape) != tuple(symbol.shape):
                raise ShapeError(
                    f"aligned: {symbol} has shape {tuple(symbol.shape)}, but its image {image} in the new frame has "
                    f"shape {tuple(image.shape)}"
                )
        return frame


@dataclass(frozen=True)
class Aligned:
    """A basis in which every constant matrix is rectangular diagonal.

    * `ranges`: index symbol -> `(first, last)`; every dimension of the model is a chain of ranges that starts at 1.
    * `diagonal`: constant matrix or vector -> its diagonal entries (for a vector, its entries).
    * `at`: parameter -> the diagonal entries of `w*`.
    * `frames`: the changes of coordinates that bring a general instance there.
    * `assume`: relations between entries, e.g. `lam[i] > lam[a]`, understood for all values of the indices.
    """

    ranges: Mapping[sympy.Symbol, tuple[sympy.Expr, sympy.Expr]]
    diagonal: Mapping[MatrixExpr, Weight]
    at: Mapping[MatrixExpr, Weight]
    frames: Sequence[Frame] = ()
    assume: Sequence[sympy.Basic] = field(default=())

    def __post_init__(self) -> None:
        for index, bounds in self.ranges.items():
            if not isinstance(index, sympy.Symbol) or len(bounds) != 2:
                raise InputError(f"aligned: the range {index}: {bounds} is not of the form index: (first, last)")
        for name, table in (("diagonal", self.diagonal), ("at", self.at)):
            for matrix, weight in table.items():
                stray: set[sympy.Symbol] = set(weight) - set(self.ranges) if isinstance(weight, Mapping) else set()
                if stray:
                    raise InputError(
                        f"aligned: {name}[{matrix}] speaks of the index {min(map(str, stray))}, which is not in ranges"
                    )
