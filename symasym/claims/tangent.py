"""Bilinear forms in two symmetric matrices `H1`, `H2`, entry by entry in aligned coordinates.

At `H1 = H2 = E_pq + E_qp` (`E_pp` on the diagonal) a form is a rational function of the entries at `p` and `q`: the same blocks
over index pairs that the engine uses for its parameters.
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from symasym.alignment.blocks import Blocks, Functional, PairBlock, RankOne, blocks
from symasym.alignment.entries import Entries
from symasym.alignment.ranges import Range
from symasym.calculus.forms import Forms, direction
from symasym.claims.place import Kind
from symasym.symmetry.quotient import Quotient
from symasym.words.atoms import Atom, Kind as AtomKind
from symasym.words.polynomial import MatrixPolynomial, ScalarPolynomial
from symasym.words.substitute import substitute_scalar

__all__ = ["form_at", "ordered_pair", "other_index"]


def form_at(
    form: ScalarPolynomial,
    tangents: tuple[Atom, Atom],
    entries: Entries,
    like: Forms,
    kind: Kind,
    first: Range,
    second: Range,
) -> sympy.Expr:
    """The value of a form at unit tangent matrices, in SymPy.

    `tangents` are the atoms of `H1` and `H2`; `like` are the forms of the model, whose place the form takes.
    """
    moving = Atom("H", AtomKind.PARAMETER, tangents[0].rows, tangents[0].columns)
    images = {atom: MatrixPolynomial.atom(direction(moving, slot)) for atom, slot in zip(tangents, "UV", strict=True)}
    found = _blocks(substitute_scalar(form, images), moving, entries, like)
    match kind:
        case Kind.PAIR:
            block = ordered_pair(found, first, second)
            total = sum((value for row in block.score for value in row), entries.field.zero)
            return entries.show(total, block.first, block.second)
        case Kind.DIAGONAL:
            (local,) = (block.score[0][0] for block in found.diagonals if block.over == first)
            return entries.show(local, first) + _coupled(
                found.score_coupling, moving, first, first, first.index, entries
            )
        case Kind.APART:
            return _coupled(found.score_coupling, moving, first, second, other_index(first, second), entries)


def other_index(first: Range, second: Range) -> sympy.Symbol:
    """The second of two different indices."""
    return first.partner if first == second else second.index


def _blocks(form: ScalarPolynomial, moving: Atom, entries: Entries, like: Forms) -> Blocks:
    """The form in the place of a score form of a problem with one parameter and no symmetry."""
    none = ScalarPolynomial()
    given = replace(like, parameters=(moving,), scalar_parameters=(), gradient=none, score=form, hessian=none)
    return blocks(given, Quotient((), sympy.S.Zero, sympy.S.Zero), entries)


def ordered_pair(found: Blocks, first: Range, second: Range) -> PairBlock:
    """The block of an unordered pair of ranges."""
    return next(
        b for b in found.pairs if {b.first, b.second} == {first, second} and (b.first == b.second) == (first == second)
    )


def _coupled(
    terms: tuple[RankOne, ...], moving: Atom, first: Range, second: Range, q: sympy.Symbol, entries: Entries
) -> sympy.Expr:
    """The low-rank part at the diagonal entries `p` in `first` and `q` in `second`."""
    total = sympy.S.Zero
    for term in terms:
        left, right = weight_at(term.left, moving, first, entries), weight_at(term.right, moving, second, entries)
        total += entries.show(term.coefficient) * left * right.xreplace({second.index: q})
    return total


def weight_at(functional: Functional, moving: Atom, over: Range, entries: Entries) -> sympy.Expr:
    """The weight that a functional gives to the diagonal entries over a range."""
    return entries.show(functional.get((moving, over), entries.field.zero), over)
