"""Trace words with two directions as blocks over unordered index pairs.

With every constant diagonal, `tr(U M V N) = sum_pq U_pq M_q V_qp N_p` and `tr(U M V^T N) = sum_pq U_pq M_q V_pq N_p`, while
`tr(U M) tr(V N) = (sum_p M_p U_pp)(sum_q N_q V_qq)`; what expectations over masks leave are further such terms, and terms
`sum_p f_p U_pp V_pp` on single diagonal entries. So a form is block diagonal over pairs `{p, q}`, with one coordinate for
each parameter and orientation, and diagonal plus low rank on the diagonal entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement

from sympy.polys.fields import FracElement

from symasym.alignment.entries import Entries
from symasym.alignment.networks import Local, aligned_bilinear, functional_word
from symasym.alignment.ranges import Range
from symasym.calculus.bilinear import Linear, Pair, Product, matrix_terms, split_linear
from symasym.calculus.forms import Forms
from symasym.errors import NotDerivableYet
from symasym.model.displayed import Displayed
from symasym.model.groups import Algebra
from symasym.model.matrices import ScalarParameter
from symasym.symmetry.quotient import Quotient, VerticalField
from symasym.words.atoms import Atom, Word
from symasym.words.polynomial import MatrixPolynomial, ScalarPolynomial

__all__ = ["Blocks", "Coordinate", "DiagonalBlock", "PairBlock", "RankOne", "blocks", "linear_entries"]

Matrix = tuple[tuple[FracElement, ...], ...]
Vector = tuple[FracElement, ...]


@dataclass(frozen=True)
class Coordinate:
    """Entry `[p, q]` of the direction in `parameter`, or `[q, p]` where `flipped`."""

    parameter: Atom
    flipped: bool

    def name(self, p: object, q: object) -> str:
        """How the coordinate is written for the indices `p, q`."""
        first, second = (q, p) if self.flipped else (p, q)
        return f"{self.parameter.key}[{first},{second}]"


@dataclass(frozen=True)
class PairBlock:
    """The block of one unordered pair `{p, q}`, `p` in `first`, `q` in `second`; `p < q` if the ranges are the same.

    `hessian` and `score` are the forms in the `coordinates`; the rows of `vertical` are the vertical directions.
    """

    first: Range
    second: Range
    coordinates: tuple[Coordinate, ...]
    hessian: Matrix
    score: Matrix
    vertical: tuple[Vector, ...]


@dataclass(frozen=True)
class DiagonalBlock:
    """The block of one diagonal index `p`: the entries `[p, p]` of all parameters, without the low-rank part."""

    over: Range
    coordinates: tuple[Coordinate, ...]
    hessian: Matrix
    score: Matrix
    vertical: tuple[Vector, ...]


Functional = dict[tuple[Atom | ScalarParameter, Range | None], FracElement]
"""`sum_p f_p V_pp` over parameters and ranges, and multiples of the directions of scalar parameters: the weights."""


@dataclass(frozen=True)
class RankOne:
    """`coefficient * left(U) * right(V)` on the diagonal entries."""

    coefficient: FracElement
    left: Functional
    right: Functional


@dataclass(frozen=True)
class Blocks(Displayed):
    """Both forms in aligned coordinates."""

    entries: Entries
    gradient: Functional
    pairs: tuple[PairBlock, ...]
    diagonals: tuple[DiagonalBlock, ...]
    hessian_coupling: tuple[RankOne, ...]
    score_coupling: tuple[RankOne, ...]


def _refuse_vectors(*words: Word) -> None:
    for word in words:
        if any(1 in (atom.rows, atom.columns) for atom, _ in word):
            raise NotDerivableYet(
                f"aligned: {'.'.join(atom.key for atom, _ in word)} pairs a direction with fixed vectors, which is not block "
                "diagonal in aligned coordinates; use the general route"
            )


def _functional(term: Linear, entries: Entries) -> Functional:
    """`tr(V M) = sum_p M_p V_pp`."""
    if isinstance(term.parameter, ScalarParameter):
        return {(term.parameter, None): entries.field.one}
    word = functional_word(term)
    _refuse_vectors(word)
    weights: Functional = {}
    for item in _diagonal_ranges(term.parameter, entries):
        value = entries.of_word(word, item, 1)
        if value:
            weights[term.parameter, item] = value
    return weights


def _couplings(products: list[Product], entries: Entries) -> tuple[RankOne, ...]:
    """Products of functionals, equal ones merged, zero ones dropped."""
    functionals: list[Functional] = []
    table: dict[tuple[int, int], list[ScalarPolynomial]] = {}

    def number(weights: Functional) -> int:
        if weights not in functionals:
            functionals.append(weights)
        return functionals.index(weights)

    for term in products:
        left, right = _functional(term.left, entries), _functional(term.right, entries)
        if left and right:
            table.setdefault((number(left), number(right)), []).append(term.coefficient)
    found = {key: entries.of_scalar(ScalarPolynomial.sum(parts)) for key, parts in table.items()}
    return tuple(RankOne(c, functionals[m], functionals[n]) for (m, n), c in found.items() if c)


def _diagonal_ranges(parameter: Atom, entries: Entries) -> list[Range]:
    rows, columns = entries.ranges.of(parameter.rows), entries.ranges.of(parameter.columns)
    return [item for item in rows if item in columns]


def _coordinates(parameters: tuple[Atom, ...], first: Range, second: Range, entries: Entries) -> tuple[Coordinate, ...]:
    found = []
    for parameter in parameters:
        rows, columns = entries.ranges.of(parameter.rows), entries.ranges.of(parameter.columns)
        if first in rows and second in columns:
            found.append(Coordinate(parameter, False))
        if second in rows and first in columns:
            found.append(Coordinate(parameter, True))
    return tuple(found)


def _pair_matrix(
    terms: list[Pair], coordinates: tuple[Coordinate, ...], first: Range, second: Range, entries: Entries
) -> Matrix:
    position = {coordinate: n for n, coordinate in enumerate(coordinates)}
    parts: list[list[dict]] = [[{} for _ in coordinates] for _ in coordinates]
    for term in terms:
        for flipped in (False, True):
            u = Coordinate(term.left, flipped)
            v = Coordinate(term.right, flipped if term.transposed else not flipped)
            if u not in position or v not in position:
                continue
            # rows of U carry p and its columns q, the other way round where flipped
            (row, row_slot), (column, column_slot) = ((second, 2), (first, 1)) if flipped else ((first, 1), (second, 2))
            ends = (term.inner, column, column_slot), (term.outer, row, row_slot)
            _gather(parts[position[u]][position[v]], ends, term.coefficient)
    return _sums(parts, entries)


def _gather(part: dict, ends: tuple, coefficient: ScalarPolynomial) -> None:
    """Coefficients of the same two words are added before they become entries."""
    part.setdefault(ends, []).append(coefficient)


def _sums(parts: list[list[dict]], entries: Entries) -> Matrix:
    def entry(part: dict) -> FracElement:
        return entries.fractions.sum_of_products(
            (entries.of_word(*inner), entries.of_word(*outer), entries.of_scalar(ScalarPolynomial.sum(coefficients)))
            for (inner, outer), coefficients in part.items()
        )

    return tuple(tuple(map(entry, row)) for row in parts)


def _diagonal_matrix(
    terms: list[Pair], local: list[Local], coordinates: tuple[Coordinate, ...], over: Range, entries: Entries
) -> Matrix:
    position = {coordinate.parameter: n for n, coordinate in enumerate(coordinates)}
    parts: list[list[dict]] = [[{} for _ in coordinates] for _ in coordinates]
    for term in terms:
        if term.left in position and term.right in position:
            ends = (term.inner, over, 1), (term.outer, over, 1)
            _gather(parts[position[term.left]][position[term.right]], ends, term.coefficient)
    for entry in local:
        if entry.left in position and entry.right in position:
            ends = (entry.word, over, 1), ((), over, 1)
            _gather(parts[position[entry.left]][position[entry.right]], ends, entry.coefficient)
    return _sums(parts, entries)


def linear_entries(
    polynomial: MatrixPolynomial, row: tuple[Range, int], column: tuple[Range, int], entries: Entries
) -> Iterator[tuple[Atom, bool, FracElement]]:
    """Entry `[row, column]` of a matrix that is linear in one direction, as `(direction, transposed, coefficient)`.

    `(L V R)_pq = L_p V_pq R_q`, and `L_p V_qp R_q` where the direction is transposed.
    """
    for term in matrix_terms(polynomial):
        _refuse_vectors(term.before, term.after)
        value = entries.of_word(term.before, *row) * entries.of_word(term.after, *column)
        if value:
            yield term.moving, term.transposed, entries.fractions.product((entries.of_scalar(term.coefficient), value))


def _vertical_vectors(
    field: VerticalField, coordinates: tuple[Coordinate, ...], first: Range, second: Range | None, entries: Entries
) -> list[Vector]:
    """The directions along the orbit inside one block; `second` is None on the diagonal."""
    size = field.action.group.size
    reach = entries.ranges.of(size)
    if first not in reach or (second or first) not in reach or field.algebra is Algebra.ZERO:
        return []
    antisymmetric = field.algebra is Algebra.ANTISYMMETRIC
    if second is None and antisymmetric:
        return []
    # generators xi_pq (and xi_qp): which entry of xi is one, and with which sign the mirrored one follows
    generators: list[dict[bool, int]] = [{False: 1, True: -1}] if antisymmetric else [{False: 1}, {True: 1}]
    if second is None:
        generators = [{False: 1}]
    vectors = []
    for generator in generators:
        vector = []
        for coordinate in coordinates:
            vector.append(_velocity_entry(field, coordinate, generator, first, second, entries))
        if any(vector):
            vectors.append(tuple(vector))
    return vectors


def _velocity_entry(
    field: VerticalField,
    coordinate: Coordinate,
    generator: dict[bool, int],
    first: Range,
    second: Range | None,
    entries: Entries,
) -> FracElement:
    total = entries.field.zero
    velocity = field.velocity.get(coordinate.parameter)
    if velocity is None:
        return total
    p, q = (first, 1), ((second, 2) if second is not None else (first, 1))
    row, column = (q, p) if coordinate.flipped else (p, q)
    for _, transposed, value in linear_entries(velocity, row, column, entries):
        # which entry of xi stands there: [p, q] (False) or [q, p] (True)
        entry = coordinate.flipped != transposed if second is not None else False
        total = total + value * generator.get(entry, 0)
    return total


def _gradient(form: ScalarPolynomial, entries: Entries) -> Functional:
    """`E Dl[V] = sum_p g_p V_pp`: the non-zero `g_p`."""
    gathered: dict[tuple, list[tuple[FracElement, FracElement]]] = {}
    for term in split_linear(form):
        coefficient = entries.of_scalar(term.coefficient)
        for key, weight in _functional(term, entries).items():
            gathered.setdefault(key, []).append((coefficient, weight))
    return entries.fractions.gathered(gathered)


def blocks(forms: Forms, quotient: Quotient, entries: Entries) -> Blocks:
    """Assemble gradient, score and Hessian over index pairs; vertical directions come along."""
    h_pairs, h_products, h_local = aligned_bilinear(forms.hessian)
    s_pairs, s_products, s_local = aligned_bilinear(forms.score)
    for term in (*h_pairs, *s_pairs):
        _refuse_vectors(term.inner, term.outer)
    for entry in (*h_local, *s_local):
        _refuse_vectors(entry.word)
    pairs, diagonals = [], []
    for first, second in combinations_with_replacement(entries.ranges.all, 2):
        coordinates = _coordinates(forms.parameters, first, second, entries)
        if coordinates:
            vertical = [v for f in quotient.fields for v in _vertical_vectors(f, coordinates, first, second, entries)]
            pairs.append(
                PairBlock(
                    first,
                    second,
                    coordinates,
                    _pair_matrix(h_pairs, coordinates, first, second, entries),
                    _pair_matrix(s_pairs, coordinates, first, second, entries),
                    tuple(vertical),
                )
            )
    for item in entries.ranges.all:
        members = tuple(Coordinate(p, False) for p in forms.parameters if item in _diagonal_ranges(p, entries))
        if members:
            vertical = [v for f in quotient.fields for v in _vertical_vectors(f, members, item, None, entries)]
            diagonals.append(
                DiagonalBlock(
                    item,
                    members,
                    _diagonal_matrix(h_pairs, h_local, members, item, entries),
                    _diagonal_matrix(s_pairs, s_local, members, item, entries),
                    tuple(vertical),
                )
            )
    return Blocks(
        entries,
        _gradient(forms.gradient, entries),
        tuple(pairs),
        tuple(diagonals),
        _couplings(h_products, entries),
        _couplings(s_products, entries),
    )
