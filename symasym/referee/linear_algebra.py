"""Linear algebra over the rationals by Gauss elimination: rank, kernel, inverse, pseudoinverse.

Matrices are NumPy object arrays of `fractions.Fraction`.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from symasym.errors import ConditionViolated

__all__ = ["echelon", "identity", "inverse", "kernel", "projector", "pseudoinverse", "rank", "solve", "zeros"]


def zeros(rows: int, columns: int) -> np.ndarray:
    """The zero matrix `(rows, columns)`."""
    return np.full((rows, columns), Fraction(0), dtype=object)


def identity(n: int) -> np.ndarray:
    """The identity matrix `(n, n)`."""
    matrix = zeros(n, n)
    np.fill_diagonal(matrix, Fraction(1))
    return matrix


def echelon(matrix: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Reduced row echelon form, same shape, and the columns of its pivots."""
    reduced = matrix.copy()
    rows, columns = reduced.shape
    pivots: list[int] = []
    for column in range(columns):
        top = len(pivots)
        found = next((row for row in range(top, rows) if reduced[row, column]), None)
        if found is None:
            continue
        reduced[[top, found]] = reduced[[found, top]]
        reduced[top] = reduced[top] / reduced[top, column]
        for row in range(rows):
            if row != top and reduced[row, column]:
                reduced[row] = reduced[row] - reduced[row, column] * reduced[top]
        pivots.append(column)
    return reduced, pivots


def rank(matrix: np.ndarray) -> int:
    """The rank."""
    return len(echelon(matrix)[1])


def kernel(matrix: np.ndarray) -> np.ndarray:
    """A basis of `{v : matrix v = 0}`, one vector in each row; shape `(nullity, columns)`."""
    reduced, pivots = echelon(matrix)
    columns = matrix.shape[1]
    free = [column for column in range(columns) if column not in pivots]
    basis = zeros(len(free), columns)
    for row, column in enumerate(free):
        basis[row, column] = Fraction(1)
        for position, pivot in enumerate(pivots):
            basis[row, pivot] = -reduced[position, column]
    return basis


def inverse(matrix: np.ndarray, what: str) -> np.ndarray:
    """The inverse of a square matrix; `ConditionViolated`, naming `what`, if there is none."""
    n = len(matrix)
    reduced, pivots = echelon(np.hstack([matrix, identity(n)]))
    if pivots != list(range(n)):
        raise ConditionViolated(f"{what} is singular at the given values")
    return reduced[:, n:]


def solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray | None:
    """A solution `z`, shape `(columns,)`, of `matrix z = right`, or `None` if there is none."""
    reduced, pivots = echelon(np.hstack([matrix, right.reshape(-1, 1)]))
    columns = matrix.shape[1]
    if columns in pivots:
        return None
    solution = zeros(1, columns)[0]
    for position, pivot in enumerate(pivots):
        solution[pivot] = reduced[position, columns]
    return solution


def projector(rows: np.ndarray) -> np.ndarray:
    """`N^T (N N^T)^{-1} N`: the orthogonal projector `(n, n)` on the span of the independent rows of `N`."""
    if not len(rows):
        return zeros(rows.shape[1], rows.shape[1])
    return rows.T @ inverse(rows @ rows.T, "the Gram matrix of the basis") @ rows


def pseudoinverse(matrix: np.ndarray) -> np.ndarray:
    """Moore-Penrose inverse of a symmetric matrix: `(M + P)^{-1} - P`, `P` the projector on its kernel."""
    onto_kernel = projector(kernel(matrix))
    return inverse(matrix + onto_kernel, "the matrix plus the projector on its kernel") - onto_kernel
