"""Products of two averages over the same independent copies.

`(1/K) sum_i f(x_i) * (1/K) sum_j g(x_j)` has `K` terms with `i = j` and `K (K - 1)` with `i != j`, so it is distributed like
`(1/K) f(x) g(x) + (1 - 1/K) f(x) g(x')` in expectation, `x'` a further independent copy.
"""

from __future__ import annotations

from dataclasses import replace

from symasym.model.data import copy
from symasym.words.atoms import Atom
from symasym.words.lower import lower_scalar
from symasym.words.network import words_of
from symasym.words.polynomial import LogDet, MatrixPolynomial, Monomial, ScalarPolynomial
from symasym.words.substitute import substitute_scalar

__all__ = ["multiply_averages"]


def _averaged(polynomial: ScalarPolynomial) -> dict[Monomial, frozenset[Atom]]:
    """The averaged atoms of every monomial."""
    return {
        monomial: frozenset(
            atom
            for scalar in monomial.scalars
            if not isinstance(scalar, LogDet)
            for word in words_of(scalar)
            for atom, _ in word
            if atom.copies is not None
        )
        for monomial in polynomial.terms
    }


def _further_copy(atom: Atom) -> Atom:
    vector = atom.payload
    return replace(atom, key=f"{atom.key}'", payload=copy(vector, f"{vector.name}'"))


def multiply_averages(first: ScalarPolynomial, second: ScalarPolynomial) -> ScalarPolynomial:
    """The product, with every average that both factors share split into same and different copies."""
    mine, theirs = _averaged(first), _averaged(second)
    total = ScalarPolynomial()
    for shared in sorted(
        {a & b for a in mine.values() for b in theirs.values()}, key=lambda s: sorted(a.key for a in s)
    ):
        for left_atoms in sorted(set(mine.values()), key=lambda s: sorted(a.key for a in s)):
            left = ScalarPolynomial({m: c for m, c in first.terms.items() if mine[m] == left_atoms})
            right = ScalarPolynomial({m: c for m, c in second.terms.items() if theirs[m] & left_atoms == shared})
            total = total + _split(left, right, sorted(shared, key=lambda atom: atom.key))
    return total


def _split(left: ScalarPolynomial, right: ScalarPolynomial, shared: list[Atom]) -> ScalarPolynomial:
    if not shared:
        return left * right
    atom, *others = shared
    assert atom.copies is not None
    same = lower_scalar(1 / atom.copies)
    apart = substitute_scalar(right, {atom: MatrixPolynomial.atom(_further_copy(atom))})
    different = ScalarPolynomial.number(1) - same
    return _split(left, right, others) * same + _split(left, apart, others) * different
