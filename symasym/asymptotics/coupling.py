"""The diagonal entries and the scalar parameters: block diagonal plus low rank, inverted by Woodbury's identity.

On the diagonal entries `h = D + F^T K_ll F`, with `D` local (one small block for each index) and `F` a few functionals
`sum_p f_p V_pp`; scalar parameters `g` add `K_lg`, `K_gg`. With `W = [F D^{-1}, 0; 0, I]`, `S = F D^{-1} F^T` and
`P = diag(D^{-1}, 0)`

    h^{-1} = P - W^T N W,    N = ([K_ll, K_lg; 0, -I]) M^{-1},    M = [I + S K_ll, S K_lg; K_gl, K_gg],

and the score form `s = E + sum c psi (x) psi'` passes through it term by term. `S` and its like are sums over indices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sympy.polys.fields import FracElement
from sympy.polys.matrices import DomainMatrix

from symasym.alignment.blocks import Coordinate, Functional, RankOne
from symasym.alignment.entries import Entries
from symasym.alignment.ranges import Range
from symasym.errors import ConditionViolated
from symasym.model.matrices import ScalarParameter

__all__ = ["Coupled", "Excess", "Local", "couple"]

Local = Mapping[Range, tuple[tuple[Coordinate, ...], DomainMatrix]]
"""A small matrix for each index of a range, over the coordinates of its diagonal block."""


@dataclass(frozen=True)
class Excess:
    """`sum over ranges and indices of the summand, plus a number`."""

    summands: dict[Range, FracElement]
    number: FracElement

    @staticmethod
    def of(products: Iterable[tuple[FracElement, Functional, Functional]], entries: Entries) -> Excess:
        """The sum of `factor * left^T right`; no factor depends on an index."""
        gathered: dict[Range | None, list[tuple[FracElement, ...]]] = {}
        for factor, left, right in products:
            for key in left.keys() & right.keys():
                gathered.setdefault(key[1], []).append((factor, left[key], right[key]))
        found = entries.fractions.gathered(gathered)
        number = found.pop(None, entries.field.zero)
        return Excess({item: found[item] for item in entries.ranges.all if item in found}, number)


@dataclass(frozen=True)
class Coupled:
    """What the coupling adds: the low-rank part of `V`, its part of `tr(h^{-1} s)` (summands by range, and a number), and pivots.

    `pivots` are positive exactly if `h` stays positive with the coupling: the determinant of `M` without scalar parameters,
    and the variances `(h^{-1})_gg` of the scalar parameters.
    """

    terms: tuple[RankOne, ...]
    excess: Excess
    pivots: tuple[FracElement, ...]


def _apply(local: Local, functional: Functional, entries: Entries) -> Functional:
    """A local matrix times the local part of a functional."""
    result: Functional = {}
    for item, (coordinates, matrix) in local.items():
        vector = [[functional.get((c.parameter, item), entries.field.zero)] for c in coordinates]
        column = DomainMatrix(vector, (len(vector), 1), entries.domain)
        for coordinate, (value,) in zip(
            coordinates, entries.fractions.matrix_product(matrix, column).to_list(), strict=True
        ):
            if value:
                result[coordinate.parameter, item] = value
    return result


def _pair(left: Functional, right: Functional, entries: Entries) -> FracElement:
    """`left^T right`, a sum over indices plus what the scalar parameters contribute."""
    excess = Excess.of([(entries.field.one, left, right)], entries)
    return excess.number + entries.sum_over(excess.summands)


def _combine(parts: list[tuple[FracElement, Functional]], entries: Entries) -> Functional:
    gathered: dict[tuple, list[tuple[FracElement, FracElement]]] = {}
    for factor, functional in parts:
        for key, value in functional.items():
            gathered.setdefault(key, []).append((factor, value))
    return entries.fractions.gathered(gathered)


def couple(
    inverse: Local,
    score: Local,
    hessian_terms: tuple[RankOne, ...],
    score_terms: tuple[RankOne, ...],
    scalars: tuple[ScalarParameter, ...],
    entries: Entries,
) -> Coupled:
    """Pass the score form through `h^{-1}` on the diagonal entries and the scalar parameters.

    `inverse` holds `D^{-1}` and `score` holds `E`, index by index. Raises `ConditionViolated` where the coupled form is singular.
    """
    field = entries.field
    basis = _basis(hessian_terms, scalars, field.one)
    count, locals_ = len(basis), len(basis) - len(scalars)
    rows = [_apply(inverse, f, entries) if n < locals_ else f for n, f in enumerate(basis)]
    through = [_apply(inverse, _apply(score, row, entries), entries) for row in rows]
    n_matrix, pivots = _woodbury(basis, rows, hessian_terms, locals_, entries)
    t_matrix = _matrix(
        [[_pair(rows[a], _apply(score, rows[b], entries), entries) for b in range(count)] for a in range(count)],
        entries,
    )
    quadratic = entries.fractions.matrix_product(n_matrix, t_matrix, n_matrix).to_list() if count else []
    terms, products = [], []
    for a in range(count):
        for b in range(count):
            n_ab = n_matrix.to_list()[a][b]
            terms += [
                RankOne(-n_ab, rows[a], through[b]),
                RankOne(-n_ab, through[a], rows[b]),
                RankOne(quadratic[a][b], rows[a], rows[b]),
            ]
            products.append((-n_ab, rows[b], _apply(score, rows[a], entries)))
    for term in score_terms:
        left, right = (_through_inverse(f, inverse, rows, n_matrix, entries) for f in (term.left, term.right))
        terms.append(RankOne(term.coefficient, left, right))
        products.append((term.coefficient, left, term.right))
    kept = tuple(term for term in terms if term.coefficient and term.left and term.right)
    return Coupled(kept, Excess.of(products, entries), pivots)


def _basis(terms: tuple[RankOne, ...], scalars: tuple[ScalarParameter, ...], one: FracElement) -> list[Functional]:
    """The distinct local functionals of the Hessian form, then one for each scalar parameter."""
    found: list[Functional] = []
    for term in terms:
        for functional in (term.left, term.right):
            if all(item is not None for _, item in functional) and functional not in found:
                found.append(functional)
    globals_: list[Functional] = [{(v, None): one} for v in scalars]
    return [*found, *globals_]


def _matrix(rows: list[list[FracElement]], entries: Entries) -> DomainMatrix:
    return DomainMatrix(rows, (len(rows), len(rows)), entries.domain)


def _woodbury(
    basis: list[Functional], rows: list[Functional], terms: tuple[RankOne, ...], locals_: int, entries: Entries
) -> tuple[DomainMatrix, tuple[FracElement, ...]]:
    """`N`, and the pivots that must be positive."""
    field, count = entries.field, len(basis)
    if not count:
        return _matrix([], entries), ()
    k = [[field.zero] * count for _ in range(count)]
    for term in terms:
        k[basis.index(term.left)][basis.index(term.right)] += term.coefficient
    identity = [[field.one if a == b else field.zero for b in range(count)] for a in range(count)]
    s = [
        [_pair(rows[a], basis[b], entries) if max(a, b) < locals_ else identity[a][b] for b in range(count)]
        for a in range(count)
    ]
    upper = [row if a < locals_ else [field.zero] * count for a, row in enumerate(identity)]
    m = _matrix(upper, entries) + entries.fractions.matrix_product(_matrix(s, entries), _matrix(k, entries))
    if not m.det():
        raise ConditionViolated(
            "symmetry: the Hessian form is singular on the diagonal entries and scalar parameters together; the declared group "
            "is too small, or the minimiser is degenerate there"
        )
    left = [k[a] if a < locals_ else [-value for value in identity[a]] for a in range(count)]
    n_matrix = entries.fractions.matrix_product(_matrix(left, entries), m.inv())
    variances = tuple(-n_matrix.to_list()[g][g] for g in range(locals_, count))
    return n_matrix, variances or (m.det(),)


def _through_inverse(
    functional: Functional, inverse: Local, rows: list[Functional], n_matrix: DomainMatrix, entries: Entries
) -> Functional:
    """`h^{-1} psi = P psi - W^T N W psi`."""
    parts = [(entries.field.one, _apply(inverse, functional, entries))]
    reach = [_pair(row, functional, entries) for row in rows]
    for a, row in enumerate(rows):
        factor = entries.fractions.sum_of_products(zip(n_matrix.to_list()[a], reach, strict=True))
        parts.append((-factor, row))
    return _combine(parts, entries)
