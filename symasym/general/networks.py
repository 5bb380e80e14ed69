"""Networks on arrays: each edge is a matrix with the coordinates of its ends as indices, a direction two open indices.

`sum_lm [X]_ll [W U]_lm [Y]_lm` puts `sum_lm X_ll W_li Y_lj` at `[i, j]`, the entry of `U`. Leading axes are a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from math import prod

import numpy as np
import sympy

from symasym.calculus.bilinear import positions
from symasym.words.atoms import Word, columns_of, rows_of
from symasym.words.network import Edge, Network

__all__ = ["network_array"]

Words = Callable[[Word, sympy.Expr], np.ndarray]
"""A word as an array, `(..., rows, columns)`; the identity of the given dimension for the empty one."""
Operand = tuple[np.ndarray, tuple[int, int]]
"""A matrix and its two indices."""


def network_array(network: Network, words: Words) -> np.ndarray:
    """The sum without directions, `(...)`; with directions, two more axes for the entries of `U`, then two for those of `V`."""
    fresh = count(len(network.vertices))
    entries: dict[str, tuple[int, int]] = {}
    operands = [item for edge in network.edges for item in _operands(edge, words, fresh, entries)]
    letters = {n: chr(ord("a") + n) for _, pair in operands for n in pair}
    pattern = ",".join(f"...{letters[i]}{letters[j]}" for _, (i, j) in operands)
    result = "".join(letters[n] for slot in sorted(entries) for n in entries[slot])
    arrays = [array for array, _ in operands]
    order = _order(f"{pattern}->...{result}", tuple(array.shape for array in arrays))
    return np.einsum(f"{pattern}->...{result}", *arrays, optimize=order)


SMALL = 50_000
"""Multiplications that are faster done all at once than in a good order."""


@cache
def _order(pattern: str, shapes: tuple[tuple[int, ...], ...]) -> list | bool:
    """The order in which the matrices are multiplied, found once for each shape of network; False for all at once."""
    indices = (part.removeprefix("...") for part in pattern.split("->")[0].split(","))
    sizes = {
        n: size for pair, shape in zip(indices, shapes, strict=True) for n, size in zip(pair, shape[-2:], strict=True)
    }
    batch = np.broadcast_shapes(*(shape[:-2] for shape in shapes))
    if prod((*sizes.values(), *batch)) < SMALL:
        return False
    return np.einsum_path(pattern, *(np.empty(shape) for shape in shapes), optimize="greedy")[0]


def _operands(edge: Edge, words: Words, fresh: Iterator[int], entries: dict[str, tuple[int, int]]) -> Iterator[Operand]:
    """The words between the directions of an edge; the indices of the directions themselves go to `entries`, by slot."""
    start, dimension = 0, rows_of(edge.word[0])
    index = next(fresh) if edge.tail is None else edge.tail
    for n in positions(edge.word):
        atom, transposed = edge.word[n]
        row, column = next(fresh), next(fresh)
        entries[atom.payload[1]] = (column, row) if transposed else (row, column)
        yield words(edge.word[start:n], dimension), (index, row)
        start, dimension, index = n + 1, columns_of(edge.word[n]), column
    yield words(edge.word[start:], dimension), (index, next(fresh) if edge.head is None else edge.head)
