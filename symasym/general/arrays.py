"""Trace words on arrays: a word is a matrix product, a form in two directions is a matrix over the entries of `w`.

`tr(U M V N) = sum U_ij M_jk V_kl N_li` puts `M_jk N_li` at `[(i,j), (k,l)]`; `tr(U M V^T N)` puts `M_jl N_ki` there; a product of
two traces is an outer product. Leading axes are a batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, reduce

import numpy as np
import sympy

from symasym.calculus.bilinear import Linear, matrix_terms, scalar_terms, split_bilinear, split_linear
from symasym.errors import InputError
from symasym.general.integrals import Integrals
from symasym.general.networks import network_array
from symasym.law.evaluate import evaluate
from symasym.model.matrices import ScalarParameter, ScalarTruth
from symasym.words.atoms import Atom, Factor, Kind, Word
from symasym.words.network import Network
from symasym.words.polynomial import LogDet, MatrixPolynomial, ScalarPolynomial, Smooth

__all__ = ["Matrices", "bilinear_array", "linear_array", "linear_parts", "matrix_array", "scalar_array", "word_array"]

Array = np.ndarray


class Matrices:
    """Numeric values of atoms, by name, and of dimensions and scalars, by symbol; inverses and products are kept."""

    def __init__(self, values: Mapping[str, Array], scalars: Mapping[sympy.Symbol, Array | float]) -> None:
        self.values = values
        self.scalars = scalars
        self._sizes = {symbol: value for symbol, value in scalars.items() if isinstance(value, int)}
        self._cache: dict[Word, Array] = {}
        self._atoms: dict[Atom, Array] = {}

    @cached_property
    def integrals(self) -> Integrals:
        """Smooth functions and their means."""
        return Integrals(lambda polynomial: scalar_array(polynomial, self), self.scalar)

    def atom(self, atom: Atom) -> Array:
        """The matrix of an atom, `(..., rows, columns)`."""
        if atom not in self._atoms:
            self._atoms[atom] = self._atom(atom)
        return self._atoms[atom]

    def _atom(self, atom: Atom) -> Array:
        if atom.kind is Kind.INVERSE:
            return _inverse(matrix_array(atom.payload, self))
        if atom.kind is Kind.DERIVED:
            return matrix_array(atom.payload, self)
        name = atom.payload.of if atom.kind is Kind.TRUTH else atom.key
        if name not in self.values:
            raise InputError(f"{name}: a value is missing for the {atom.rows} x {atom.columns} matrix {name}")
        return np.asarray(self.values[name], float)

    def factor(self, item: Factor) -> Array:
        """A factor, transposed where its flag says so."""
        atom, transposed = item
        matrix = self.atom(atom)
        return np.swapaxes(matrix, -1, -2) if transposed else matrix

    def size(self, dimension: sympy.Expr) -> int:
        """A concrete dimension."""
        if dimension in self._sizes:
            return self._sizes[dimension]
        return int(dimension) if isinstance(dimension, int | sympy.Integer) else int(dimension.subs(self._sizes))

    def scalar(self, symbol: sympy.Expr) -> Array:
        """The value of a scalar symbol, or of an expression in such; a true value is that of its parameter."""
        if isinstance(symbol, ScalarTruth):
            symbol = ScalarParameter(symbol.of, positive=True)
        if not isinstance(symbol, sympy.Symbol):
            return evaluate(symbol, {s.name: self.scalar(s) for s in symbol.free_symbols})
        return np.asarray(self.scalars[symbol], float)

    def log_determinant(self, polynomial: MatrixPolynomial) -> Array:
        """`log |det P|`; not a number for a symmetric `P` that is not positive definite, where the expression has no meaning."""
        matrix = matrix_array(polynomial, self)
        if polynomial != polynomial.T:
            return np.linalg.slogdet(matrix)[1]
        finite = np.isfinite(matrix).all((-1, -2))
        eigenvalues = np.linalg.eigvalsh(np.where(finite[..., None, None], matrix, 0))
        positive = eigenvalues[..., 0] > 0
        return np.where(positive, np.sum(np.log(np.where(positive[..., None], eigenvalues, 1)), axis=-1), np.nan)

    def word(self, word: Word, dimension: sympy.Expr) -> Array:
        """The product of a word; the identity of the given dimension for the empty one."""
        if not word:
            return np.eye(self.size(dimension))
        if word not in self._cache:
            self._cache[word] = reduce(np.matmul, (self.factor(item) for item in word))
        return self._cache[word]


def _inverse(matrix: Array) -> Array:
    """The inverse; among several matrices, one that is singular has entries that are not numbers."""
    try:
        return np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        if matrix.ndim == 2:
            raise
        singular = np.linalg.slogdet(matrix)[0] == 0
        whole = np.where(singular[..., None, None], np.eye(matrix.shape[-1]), matrix)
        return np.where(singular[..., None, None], np.nan, np.linalg.inv(whole))


def word_array(word: Word, dimension: sympy.Expr, matrices: Matrices) -> Array:
    """A word as a matrix."""
    return matrices.word(word, dimension)


def scalar_array(polynomial: ScalarPolynomial, matrices: Matrices) -> Array:
    """A polynomial in traces without directions, shape `(...)`."""
    total = np.zeros(())
    for monomial, number in polynomial.terms.items():
        value = np.asarray(float(number))
        for symbol, power in monomial.powers:
            value = value * matrices.scalar(symbol) ** power
        for scalar in monomial.scalars:
            if isinstance(scalar, LogDet):
                value = value * matrices.log_determinant(scalar.of)
            elif isinstance(scalar, Network):
                value = value * network_array(scalar, matrices.word)
            elif isinstance(scalar, Smooth):
                value = value * matrices.integrals(scalar).value
            else:
                value = value * np.trace(matrices.word(scalar, sympy.S.One), axis1=-2, axis2=-1)
        total = total + value
    return total


def matrix_array(polynomial: MatrixPolynomial, matrices: Matrices) -> Array:
    """A matrix polynomial without directions, shape `(..., rows, columns)`."""
    total = np.zeros((matrices.size(polynomial.rows), matrices.size(polynomial.columns)))
    for (monomial, word), number in polynomial.terms.items():
        scalar = scalar_array(ScalarPolynomial({monomial: number}), matrices)
        total = total + scalar[..., None, None] * matrices.word(word, polynomial.rows)
    return total


Moving = Atom | ScalarParameter
"""A parameter: a matrix, or a number that counts as one entry."""


def shape_of(parameter: Moving, matrices: Matrices) -> tuple[int, int]:
    """Rows and columns of a parameter."""
    if isinstance(parameter, ScalarParameter):
        return 1, 1
    return matrices.size(parameter.rows), matrices.size(parameter.columns)


def _layout(parameters: Sequence[Moving], matrices: Matrices) -> tuple[dict[Moving, tuple[slice, int, int]], int]:
    """Where each parameter's entries stand, row by row, and how many there are."""
    layout: dict[Moving, tuple[slice, int, int]] = {}
    start = 0
    for parameter in parameters:
        rows, columns = shape_of(parameter, matrices)
        layout[parameter] = (slice(start, start + rows * columns), rows, columns)
        start += rows * columns
    return layout, start


def _functional(term: Linear, shape: tuple[int, int], matrices: Matrices) -> Array:
    """`tr(V M) = sum V_ij M_ji` as a vector over the entries of `V`; for a scalar parameter the number 1."""
    if isinstance(term.parameter, ScalarParameter):
        return np.ones(1)
    if isinstance(term.word, Network):
        slope = network_array(term.word, matrices.word)
        return slope.reshape(*slope.shape[:-2], shape[0] * shape[1])
    matrix = matrices.word(term.word, term.parameter.columns)
    return np.swapaxes(matrix, -1, -2).reshape(*matrix.shape[:-2], shape[0] * shape[1])


def linear_parts(
    terms: Iterable[Linear], parameters: Sequence[Moving], matrices: Matrices
) -> Iterator[tuple[slice, Array]]:
    """What each term of a linear form adds, and where among the entries of all parameters."""
    layout, _ = _layout(parameters, matrices)
    for term in terms:
        where, rows, columns = layout[term.parameter]
        yield where, scalar_array(term.coefficient, matrices)[..., None] * _functional(term, (rows, columns), matrices)


def linear_array(form: ScalarPolynomial, parameters: Sequence[Moving], matrices: Matrices) -> Array:
    """A linear form as a vector over the entries of all parameters, `(..., N)`."""
    count = _layout(parameters, matrices)[1]
    total = np.zeros(count)
    for where, vector in linear_parts(split_linear(form), parameters, matrices):
        total = np.broadcast_to(total, (*np.broadcast_shapes(total.shape[:-1], vector.shape[:-1]), count)).copy()
        total[..., where] += vector
    return total


def bilinear_array(form: ScalarPolynomial, parameters: Sequence[Moving], matrices: Matrices) -> Array:
    """A bilinear form as a matrix over the entries of all parameters, `(..., N, N)`."""
    layout, count = _layout(parameters, matrices)
    pairs, products, webs = split_bilinear(form)
    parts: list[tuple[slice, slice, Array]] = []
    for pair in pairs:
        inner = matrices.word(pair.inner, pair.left.columns)
        outer = matrices.word(pair.outer, pair.left.rows)
        pattern = "...jl,...ki->...ijkl" if pair.transposed else "...jk,...li->...ijkl"
        block = np.einsum(pattern, scalar_array(pair.coefficient, matrices)[..., None, None] * inner, outer)
        (rows, p, q), (columns, r, s) = layout[pair.left], layout[pair.right]
        parts.append((rows, columns, block.reshape(*block.shape[:-4], p * q, r * s)))
    for product in products:
        (rows, p, q), (columns, r, s) = layout[product.left.parameter], layout[product.right.parameter]
        left = _functional(product.left, (p, q), matrices)
        right = _functional(product.right, (r, s), matrices)
        coefficient = scalar_array(product.coefficient, matrices)[..., None, None]
        parts.append((rows, columns, coefficient * left[..., :, None] * right[..., None, :]))
    for web in webs:
        (rows, p, q), (columns, r, s) = layout[web.left], layout[web.right]
        coefficient = scalar_array(web.coefficient, matrices)[..., None, None, None, None]
        block = coefficient * network_array(web.network, matrices.word)
        parts.append((rows, columns, block.reshape(*block.shape[:-4], p * q, r * s)))
    lead = np.broadcast_shapes(*(block.shape[:-2] for _, _, block in parts)) if parts else ()
    total = np.zeros((*lead, count, count))
    for rows, columns, block in parts:
        total[..., rows, columns] += block
    return total


def derivative_array(
    polynomial: MatrixPolynomial, left: Array, parameters: Sequence[Moving], matrices: Matrices
) -> Array:
    """`left^T P[V]` for a matrix `P` linear in the directions `V`: shape `(..., columns of P, N)`.

    `(left^T A V B)_b = sum (A^T left)_i V_ij B_jb`, with `V_ji` where the direction is transposed.
    """
    layout, count = _layout(parameters, matrices)
    columns = matrices.size(polynomial.columns)
    parts = []
    for term in matrix_terms(polynomial):
        before = matrices.word(term.before, polynomial.rows)
        after = matrices.word(term.after, polynomial.columns)
        vector = np.einsum("...ai,...a->...i", before, left)
        pattern = "...j,...ib->...bij" if term.transposed else "...i,...jb->...bij"
        block = np.einsum(pattern, scalar_array(term.coefficient, matrices)[..., None] * vector, after)
        where, p, q = layout[term.moving.payload[0]]
        parts.append((where, block.reshape(*block.shape[:-2], p * q)))
    for parameter, slope in scalar_terms(polynomial):
        column = np.einsum("...ab,...a->...b", matrix_array(slope, matrices), left)[..., None]
        parts.append((layout[parameter][0], column))
    lead = np.broadcast_shapes(*(block.shape[:-2] for _, block in parts)) if parts else ()
    total = np.zeros((*lead, columns, count))
    for where, block in parts:
        total[..., where] += block
    return total
