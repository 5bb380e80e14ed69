"""`V = h^{-1} s h^{-1}` on the horizontal space, block by block, in closed form.

On each block the horizontal space is the orthogonal complement of the vertical one, with the projector `P` onto it along the
vertical directions. These are in the kernel of `h`, so that sign and inverse can be had on any complement of theirs: coordinates
`E`, on which `h` is a part of the matrix that is there. `h^+ = P E (E^T h E)^{-1} E^T P^T` and `V = h^+ s h^+`. On the diagonal
entries the score form has a low-rank part, which passes through `h^{-1}`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy
from sympy.polys.fields import FracElement
from sympy.polys.matrices import DomainMatrix

from symasym.alignment.blocks import Blocks, Coordinate, DiagonalBlock, Matrix, PairBlock, RankOne, Vector
from symasym.alignment.entries import Entries
from symasym.alignment.ranges import Range
from symasym.asymptotics.coupling import Excess, couple
from symasym.asymptotics.positivity import Facts
from symasym.errors import ConditionViolated
from symasym.model.displayed import Displayed
from symasym.model.matrices import ScalarParameter

__all__ = ["Covariance", "DiagonalCovariance", "PairCovariance", "covariance"]


@dataclass(frozen=True)
class PairCovariance:
    """One pair block: covariance of its coordinates (ambient, zero on the vertical directions).

    `excess = tr(h^{-1} s)` on the horizontal space; `horizontal_dimension` is the number of horizontal directions.
    """

    block: PairBlock
    covariance: Matrix
    excess: FracElement
    horizontal_dimension: int


@dataclass(frozen=True)
class DiagonalCovariance:
    """The local part of the diagonal entries at one index, without the coupling."""

    block: DiagonalBlock
    covariance: Matrix
    excess: FracElement
    horizontal_dimension: int


@dataclass(frozen=True)
class Covariance(Displayed):
    """The limit law of the horizontal displacement, `Z ~ N(0, V)`.

    `coupling` is the low-rank part of `V` on the diagonal entries and scalar parameters; `coupling_excess` is what it adds to
    `tr(h^{-1} s)`. `undecided` lists the entries whose positivity the law assumes.
    """

    entries: Entries
    pairs: tuple[PairCovariance, ...]
    diagonals: tuple[DiagonalCovariance, ...]
    coupling: tuple[RankOne, ...]
    coupling_excess: Excess
    undecided: tuple[sympy.Expr, ...]
    vertical_dimension: sympy.Expr

    def pair(self, first: Range, second: Range) -> PairCovariance | None:
        """The block of an unordered pair of ranges."""
        return next(
            (
                c
                for c in self.pairs
                if {c.block.first, c.block.second} == {first, second}
                and (first == second) == (c.block.first == c.block.second)
            ),
            None,
        )


def _matrix(rows: Matrix | list[Vector], columns: int, entries: Entries) -> DomainMatrix:
    return DomainMatrix([list(row) for row in rows], (len(rows), columns), entries.domain)


def _tuple(matrix: DomainMatrix) -> Matrix:
    return tuple(map(tuple, matrix.to_list()))


def _complement(vertical: tuple[Vector, ...], size: int, entries: Entries) -> list[int]:
    """Coordinates that complete the vertical directions to all directions."""
    taken = _matrix(list(vertical), size, entries).rref()[1] if vertical else ()
    return [n for n in range(size) if n not in taken]


def _projected(vertical: tuple[Vector, ...], chosen: list[int], size: int, entries: Entries) -> DomainMatrix:
    """`P E`, `P = I - W (W^T W)^{-1} W^T` for vertical directions `W`, `E` the chosen unit vectors."""
    unit = DomainMatrix.eye(size, entries.domain).to_dense()
    if vertical:
        rows = _matrix(list(vertical), size, entries)
        independent = _matrix([rows.to_list()[n] for n in rows.transpose().rref()[1]], size, entries)
        gram = entries.fractions.matrix_product(independent, independent.transpose())
        unit = unit - entries.fractions.matrix_product(independent.transpose(), gram.inv(), independent)
    return _matrix([tuple(row[n] for n in chosen) for row in unit.to_list()], len(chosen), entries)


def _describe(vector: list[FracElement], names: list[str], entries: Entries, first: Range, second: Range | None) -> str:
    shown = [(name, entries.show(value, first, second)) for name, value in zip(names, vector, strict=True) if value]
    return ", ".join(f"{name}: {value}" for name, value in shown)


@dataclass(frozen=True)
class _Solved:
    inverse: DomainMatrix
    covariance: Matrix
    excess: FracElement
    dimension: int


def _names(coordinates: tuple[Coordinate, ...], first: Range, second: Range | None) -> list[str]:
    if second is None:
        return [c.name(first.index, first.index) for c in coordinates]
    q = second.partner if first == second else second.index
    return [c.name(first.index, q) for c in coordinates]


def _solve(block: PairBlock | DiagonalBlock, entries: Entries, facts: Facts, undecided: list[sympy.Expr]) -> _Solved:
    """Horizontal part of one block: kernel and positivity of `h`, `V`, `tr(h^{-1} s)`."""
    first, second = (block.first, block.second) if isinstance(block, PairBlock) else (block.over, None)
    size, names = len(block.coordinates), _names(block.coordinates, first, second)
    h, s = _matrix(block.hessian, size, entries), _matrix(block.score, size, entries)
    for vector in block.vertical:
        column = _matrix([vector], size, entries).transpose()
        for form, name in ((h, "Hessian"), (s, "score")):
            if any(any(row) for row in entries.fractions.matrix_product(form, column).to_list()):
                raise ConditionViolated(
                    f"symmetry: the {name} form does not vanish on the vertical direction "
                    f"{_describe(list(vector), names, entries, first, second)}"
                )
    chosen = _complement(block.vertical, size, entries)
    if not chosen:
        zero = DomainMatrix.zeros((size, size), entries.domain).to_dense()
        return _Solved(zero, _tuple(zero), entries.field.zero, 0)
    rows = h.to_list()
    reduced = _matrix([tuple(rows[m][n] for n in chosen) for m in chosen], len(chosen), entries)
    basis = _projected(block.vertical, chosen, size, entries)
    if not reduced.det():
        null = (basis * reduced.nullspace().transpose()).transpose().to_list()[0]
        raise ConditionViolated(
            "symmetry: the Hessian form has a null direction that is not vertical, "
            f"{_describe(null, names, entries, first, second)}; the declared group is too small, or the minimiser is "
            "degenerate there"
        )
    _check_positive(reduced, names, entries, facts, undecided, (first, second))
    inverse = entries.fractions.matrix_product(basis, reduced.inv(), basis.transpose())
    product = entries.fractions.matrix_product(inverse, s)
    trace = sum((product.to_list()[n][n] for n in range(size)), entries.field.zero)
    return _Solved(inverse, _tuple(entries.fractions.matrix_product(product, inverse)), trace, len(chosen))


def _check_positive(
    reduced: DomainMatrix,
    names: list[str],
    entries: Entries,
    facts: Facts,
    undecided: list[sympy.Expr],
    ranges: tuple[Range, Range | None],
) -> None:
    """Leading principal minors positive; a negative one is a saddle, an undecided one becomes an assumption."""
    rows = reduced.to_list()
    for n in range(1, len(rows) + 1):
        minor = DomainMatrix([row[:n] for row in rows[:n]], (n, n), entries.domain).det()
        _require_positive(minor, ", ".join(names), entries, facts, undecided, ranges)


def _require_positive(
    value: FracElement,
    along: str,
    entries: Entries,
    facts: Facts,
    undecided: list[sympy.Expr],
    ranges: tuple[Range | None, Range | None],
) -> None:
    """A negative value is a saddle, an undecided one becomes an assumption."""
    shown = entries.show(value, *ranges)
    found = facts.sign(entries.show_with_roots(value, *ranges))
    if found is not None and found <= 0:
        raise ConditionViolated(
            f"w*: the Hessian form is not positive on the horizontal space along {along} ({shown} is not positive), so w* is a "
            "saddle and not a minimiser"
        )
    if found is None and shown not in undecided:
        undecided.append(shown)


def _require_real(entries: Entries, facts: Facts) -> list[sympy.Expr]:
    """What stands under the square roots of `w*` must be positive: those of unknown sign are assumed to be."""
    found = {radicand: facts.sign(sympy.factor(radicand)) for radicand in entries.radicands}
    for radicand, sign in found.items():
        if sign is not None and sign <= 0:
            raise ConditionViolated(f"w*: the square root of {radicand}, which is not positive, is not real")
    return [radicand for radicand, sign in found.items() if sign is None]


def _check_stationary(blocks: Blocks) -> None:
    for (parameter, item), value in blocks.gradient.items():
        where = str(parameter) if item is None else Coordinate(parameter, False).name(item.index, item.index)
        raise ConditionViolated(
            f"w*: the named point is not stationary; along {where} the gradient is {blocks.entries.show(value, item)} "
            "instead of 0"
        )


def covariance(
    blocks: Blocks,
    facts: Facts,
    scalars: tuple[ScalarParameter, ...] = (),
    progress: Callable[[str], None] = lambda stage: None,
) -> Covariance:
    """Check stationarity, kernel and positivity of `h`; invert it on the horizontal space; return `V`.

    `progress` is called with the name of every block as it is begun.
    Raises `ConditionViolated` that names the direction: not stationary, a null direction that is not vertical (group too
    small), a saddle, or a vertical direction on which the forms do not vanish.
    """
    entries = blocks.entries
    _check_stationary(blocks)
    undecided = _require_real(entries, facts)
    pairs, diagonals, inverses, scores, vertical = [], [], {}, {}, sympy.S.Zero
    for block in blocks.pairs:
        progress(
            f"inverse of the Hessian form over the entries {', '.join(_names(block.coordinates, block.first, block.second))}"
        )
        solved = _solve(block, entries, facts, undecided)
        pairs.append(PairCovariance(block, solved.covariance, solved.excess, solved.dimension))
        vertical += (len(block.coordinates) - solved.dimension) * _count(block)
    progress("inverse of the Hessian form over the diagonal entries")
    for diagonal in blocks.diagonals:
        solved = _solve(diagonal, entries, facts, undecided)
        diagonals.append(DiagonalCovariance(diagonal, solved.covariance, solved.excess, solved.dimension))
        inverses[diagonal.over] = (diagonal.coordinates, solved.inverse)
        scores[diagonal.over] = (diagonal.coordinates, _matrix(diagonal.score, len(diagonal.coordinates), entries))
        vertical += (len(diagonal.coordinates) - solved.dimension) * diagonal.over.size
    coupled = couple(inverses, scores, blocks.hessian_coupling, blocks.score_coupling, scalars, entries)
    for pivot in coupled.pivots:
        _require_positive(pivot, "the diagonal entries and scalar parameters", entries, facts, undecided, (None, None))
    return Covariance(
        entries,
        tuple(pairs),
        tuple(diagonals),
        coupled.terms,
        coupled.excess,
        tuple(undecided),
        sympy.expand(vertical),
    )


def _count(block: PairBlock) -> sympy.Expr:
    """Number of unordered pairs in a block."""
    n = block.first.size
    return n * (n - 1) / 2 if block.first == block.second else n * block.second.size
