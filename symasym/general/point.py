"""From aligned numbers back to the coordinates of the input: `w*` and the constants, by the inverse of the frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy
from sympy.matrices.expressions import MatrixSymbol

from symasym.alignment.ranges import Ranges
from symasym.alignment.specification import entry_table
from symasym.law.evaluate import evaluate
from symasym.model.aligned import Aligned
from symasym.model.evaluate import evaluate_matrix
from symasym.model.instance import AlignedPoint
from symasym.model.matrices import Parameter
from symasym.model.model import Model

__all__ = ["aligned_matrices", "natural_point"]


def aligned_matrices(
    aligned: Aligned, values: Mapping[str, Any], only: type[MatrixSymbol] = MatrixSymbol
) -> dict[str, np.ndarray]:
    """Every constant matrix and `w*` of an aligned model as rectangular diagonal arrays, by name.

    `values`: dimensions, indexed families (last axis the index), scalars, by name. `only`: symbols of one kind.
    """
    ranges = Ranges(aligned.ranges)
    matrices = {}
    for symbol, table in entry_table(aligned, ranges).items():
        if not isinstance(symbol, only):
            continue
        rows, columns = (int(evaluate(sympy.sympify(n), values)) for n in symbol.shape)
        matrix: np.ndarray | None = None
        for item in ranges.of(symbol.shape[0]):
            if item.index not in table or (symbol.shape[1] != 1 and item not in ranges.of(symbol.shape[1])):
                continue
            first, last = (int(evaluate(bound, values)) for bound in (item.first, item.last))
            entries = evaluate(table[item.index], values, {item.index: (first, last)})
            if matrix is None or matrix.shape[:-2] != np.broadcast_shapes(entries.shape[:-1], matrix.shape[:-2]):
                lead = np.broadcast_shapes(entries.shape[:-1], () if matrix is None else matrix.shape[:-2])
                grown = np.zeros((*lead, rows, columns))
                matrix = grown if matrix is None else grown + matrix
            where = np.arange(first - 1, last)
            matrix[..., where, 0 if symbol.shape[1] == 1 else where] = entries
        matrices[symbol.name] = np.zeros((rows, columns)) if matrix is None else matrix
    return matrices


def natural_point(model: Model, point: AlignedPoint) -> dict[str, np.ndarray]:
    """`w*` in the coordinates of the input: `z = T^{-1} (aligned z)` carries the parameters along."""
    assert model.aligned is not None
    matrices = aligned_matrices(model.aligned, point.values, only=Parameter)
    values: dict[sympy.Basic, np.ndarray] = {p: matrices[p.name] for p in model.parameters}
    for frame in model.aligned.frames:
        inverse = np.linalg.inv(point.frames[frame.element.name])
        moved = {
            symbol: evaluate_matrix(image, {**values, frame.element: inverse}, {})
            for symbol, image in frame.images.items()
            if isinstance(symbol, Parameter)
        }
        values.update(moved)
    return {parameter.name: values[parameter] for parameter in model.parameters}
