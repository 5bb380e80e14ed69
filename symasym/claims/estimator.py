"""The limit law of what a source calls the estimator: a descriptor `D(w)`, such as `A^T A`, instead of the representative `w`.

`sqrt(m) (D(w_hat) - D(w*)) -> DD(w*)[Z]`, so every entry is a linear function of the coordinates of one block of the derived
covariance, and no connection or metric on descriptors is needed. Put `h` in the place of `s` and the same lines give the inverse
of the Hessian form on descriptors, since `h^{-1} h h^{-1} = h^{-1}`.
"""

from __future__ import annotations

from dataclasses import replace

import sympy
from sympy.polys.fields import FracElement

from symasym.alignment.blocks import Coordinate, Functional, PairBlock, blocks, linear_entries
from symasym.alignment.entries import Entries
from symasym.alignment.ranges import Range
from symasym.asymptotics.covariance import Covariance, covariance
from symasym.asymptotics.positivity import Facts
from symasym.calculus.derivative import differentiate_matrix
from symasym.calculus.forms import directions
from symasym.claims.place import Kind
from symasym.claims.tangent import other_index
from symasym.errors import NotDerivableYet
from symasym.pipeline import Derivation
from symasym.words.lower import lower_matrix
from symasym.words.polynomial import MatrixPolynomial
from symasym.words.substitute import substitute_matrix

__all__ = ["descriptor_derivative", "entry_covariance", "inverse_hessian", "section_slope"]


def descriptor_derivative(derivation: Derivation, descriptor: sympy.MatrixExpr) -> MatrixPolynomial:
    """`DD(w*)[V]`."""
    first_stage = derivation.forms
    moving = directions(first_stage.parameters, first_stage.scalar_parameters, "V")
    return substitute_matrix(differentiate_matrix(lower_matrix(descriptor), moving), first_stage.point)


def inverse_hessian(derivation: Derivation) -> Covariance:
    """`h^{-1}` on the horizontal space, in the form of a covariance."""
    model = derivation.model
    assert model.aligned is not None
    swapped = replace(derivation.forms, score=derivation.forms.hessian)
    entries = derivation.blocks.entries
    facts = Facts.of(model.aligned.assume, entries.ranges.all)
    return covariance(blocks(swapped, derivation.quotient, entries), facts, model.scalar_parameters)


def entry_covariance(slope: MatrixPolynomial, limit: Covariance, kind: Kind, first: Range, second: Range) -> sympy.Expr:
    """`Var Z_pq`, `Var Z_pp` or `Cov(Z_pp, Z_qq)` for `Z = slope[Z_w]`, `Z_w ~ N(0, V)` with `V` given block by block."""
    entries = limit.entries
    match kind:
        case Kind.PAIR:
            return _pair_variance(slope, limit, first, second)
        case Kind.DIAGONAL:
            return _local(slope, limit, first) + _coupled(slope, limit, first, first, first.index)
        case Kind.APART:
            return _coupled(slope, limit, first, second, other_index(first, second))
    raise NotDerivableYet(f"{entries}: the entry is not covered")


def _pair_variance(slope: MatrixPolynomial, limit: Covariance, first: Range, second: Range) -> sympy.Expr:
    found = limit.pair(first, second)
    if found is None:
        return sympy.S.Zero
    weights = _coordinates(slope, found.block, limit.entries)
    total = limit.entries.field.zero
    for m, row in enumerate(found.covariance):
        for n, value in enumerate(row):
            total = total + weights[m] * value * weights[n]
    return limit.entries.show(total, found.block.first, found.block.second)


def _coordinates(slope: MatrixPolynomial, block: PairBlock, entries: Entries) -> list[FracElement]:
    """Entry `[p, q]` of `slope` as a linear function of the coordinates of a block, `p` in its first range."""
    weights = [entries.field.zero] * len(block.coordinates)
    for atom, transposed, value in linear_entries(slope, (block.first, 1), (block.second, 2), entries):
        coordinate = Coordinate(atom.payload[0], transposed)
        if coordinate in block.coordinates:
            weights[block.coordinates.index(coordinate)] += value
    return weights


def _on_diagonal(slope: MatrixPolynomial, over: Range, entries: Entries) -> dict[Coordinate, FracElement]:
    """Entry `[p, p]` of `slope` as a linear function of the entries `[p, p]` of the parameters."""
    weights: dict[Coordinate, FracElement] = {}
    for atom, _, value in linear_entries(slope, (over, 1), (over, 1), entries):
        coordinate = Coordinate(atom.payload[0], False)
        weights[coordinate] = weights.get(coordinate, entries.field.zero) + value
    return weights


def _local(slope: MatrixPolynomial, limit: Covariance, over: Range) -> sympy.Expr:
    entries, total = limit.entries, limit.entries.field.zero
    weights = _on_diagonal(slope, over, entries)
    for diagonal in limit.diagonals:
        if diagonal.block.over == over:
            for left, row in zip(diagonal.block.coordinates, diagonal.covariance, strict=True):
                for right, value in zip(diagonal.block.coordinates, row, strict=True):
                    total = total + weights.get(left, entries.field.zero) * value * weights.get(
                        right, entries.field.zero
                    )
    return entries.show(total, over)


def _coupled(slope: MatrixPolynomial, limit: Covariance, first: Range, second: Range, q: sympy.Symbol) -> sympy.Expr:
    entries, total = limit.entries, sympy.S.Zero
    for term in limit.coupling:
        left, right = _applied(slope, term.left, first, entries), _applied(slope, term.right, second, entries)
        total += entries.show(term.coefficient) * left * right.xreplace({second.index: q})
    return total


def _applied(slope: MatrixPolynomial, functional: Functional, over: Range, entries: Entries) -> sympy.Expr:
    total = entries.field.zero
    for coordinate, weight in _on_diagonal(slope, over, entries).items():
        total = total + weight * functional.get((coordinate.parameter, over), entries.field.zero)
    return entries.show(total, over)


def section_slope(slope: MatrixPolynomial, limit: Covariance, row: Range, column: Range) -> sympy.Expr:
    """Entry `[row, column]` of the representative's displacement for a unit displacement of that entry of the descriptor.

    Differentiating `D(s(M)) = M` gives it for every smooth section `s`; defined where one entry of the parameters moves the
    descriptor there and no vertical direction does.
    """
    found = limit.pair(row, column)
    if found is None:
        raise NotDerivableYet("section: no displacement of the representative reaches this entry")
    weights = [w for w in _coordinates(slope, found.block, limit.entries) if w]
    if len(weights) != 1 or found.block.vertical:
        raise NotDerivableYet("section: the entry of the representative depends on the section")
    return limit.entries.show(1 / weights[0], found.block.first, found.block.second)
