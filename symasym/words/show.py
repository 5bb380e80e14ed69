"""From words back to SymPy, for people to read."""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction

import sympy
from sympy.matrices.expressions import Identity, MatAdd, MatMul, MatrixSymbol, Transpose, ZeroMatrix
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.model.sample_means import sample_mean
from symasym.model.scalars import (
    Average,
    EntrySum,
    Inner,
    LogDet as LogDetNode,
    Smooth as SmoothNode,
    SmoothMean,
    Tr,
)
from symasym.words.atoms import Atom, Kind, Word, rows_of
from symasym.words.network import Network
from symasym.words.polynomial import LogDet, MatrixPolynomial, Monomial, Scalar, ScalarPolynomial, Smooth
from symasym.words.smooth import slots

__all__ = ["show_atom", "show_matrix", "show_scalar"]


def show_atom(atom: Atom) -> MatrixExpr:
    """An atom as a SymPy matrix."""
    if atom.kind is Kind.INVERSE:
        return sympy.Inverse(show_matrix(atom.payload))
    if atom.kind is Kind.SAMPLE:
        return sample_mean(atom.key, show_matrix(atom.payload))
    if atom.kind in (Kind.DIRECTION, Kind.DERIVED):
        return MatrixSymbol(atom.key, atom.rows, atom.columns)
    return atom.payload


def _show_word(word: Word) -> MatrixExpr:
    parts = [Transpose(show_atom(atom)) if transposed else show_atom(atom) for atom, transposed in word]
    return MatMul(*parts) if len(parts) > 1 else parts[0]


def _show_scalar_word(word: Word) -> sympy.Expr:
    """`u^T M v` as an inner product, everything else as a trace."""
    if rows_of(word[0]) != 1:
        return Tr(_show_word(word))
    if len(word) == 1:
        return Tr(_show_word(word))
    left = _show_word(((word[0][0], not word[0][1]),))
    return Inner(left, _show_word(word[1:]))


def _show_network(network: Network) -> sympy.Expr:
    """A sum over coordinates of entries of products."""
    ends = {None: sympy.Integer(-1)} | {vertex: sympy.Integer(vertex) for vertex in network.vertices}
    return EntrySum(*(sympy.Tuple(ends[tail], _show_word(word), ends[head]) for tail, word, head in network.edges))


def _show_scalar_factor(scalar: Scalar) -> sympy.Expr:
    if isinstance(scalar, LogDet):
        return LogDetNode(show_matrix(scalar.of))
    if isinstance(scalar, Smooth):
        return _show_smooth(scalar)
    return _show_network(scalar) if isinstance(scalar, Network) else _show_scalar_word(scalar)


def _show_smooth(scalar: Smooth) -> sympy.Expr:
    """A function of scalars, or its mean with the means and covariances of its arguments."""
    if not scalar.arguments:
        return scalar.function
    rule = sympy.Lambda(slots(len(scalar.arguments)), scalar.function)
    shown = [show_scalar(argument) for argument in scalar.arguments]
    if not scalar.covariance:
        return SmoothNode(rule, *shown)
    return SmoothMean(rule, sympy.Tuple(*shown), sympy.Tuple(*map(show_scalar, scalar.covariance)))


def _show_powers(monomial: Monomial) -> sympy.Expr:
    return sympy.Mul(*(symbol**power for symbol, power in monomial.powers))


def _show_scalars(monomial: Monomial) -> sympy.Expr:
    result = sympy.Mul(*map(_show_scalar_factor, monomial.scalars))
    for atom in _averages(monomial):
        result = Average(result, atom.payload, atom.copies)
    return result


def _averages(monomial: Monomial) -> list[Atom]:
    """The averaged copies in a monomial, each once."""
    words = (scalar for scalar in monomial.scalars if isinstance(scalar, tuple))
    return list(dict.fromkeys(atom for word in words for atom, _ in word if atom.copies is not None))


def _rational(number: Fraction) -> sympy.Rational:
    return sympy.Rational(number.numerator, number.denominator)


def show_scalar(polynomial: ScalarPolynomial) -> sympy.Expr:
    """A scalar polynomial as a SymPy expression of traces and inner products.

    Where coefficients are polynomials in scalar symbols, those of equal scalars are gathered and factored.
    """
    gathered: dict[Hashable, list[tuple[Monomial, Fraction]]] = {}
    for monomial, value in polynomial.sorted_terms():
        alone = not monomial.scalars or any(power < 0 for _, power in monomial.powers)
        gathered.setdefault(monomial if alone else monomial.scalars, []).append((monomial, value))
    return sympy.Add(*(_coefficient(terms) * _show_scalars(terms[0][0]) for terms in gathered.values()))


def _coefficient(terms: list[tuple[Monomial, Fraction]]) -> sympy.Expr:
    """What stands in front of the scalars that some terms share."""
    total = sympy.Add(*(_rational(value) * _show_powers(monomial) for monomial, value in terms))
    return sympy.factor(total) if len(terms) > 1 else total


def show_matrix(polynomial: MatrixPolynomial) -> MatrixExpr:
    """A matrix polynomial as a SymPy matrix expression."""
    terms = []
    for (monomial, word), value in polynomial.sorted_terms():
        coefficient = _rational(value) * _show_powers(monomial) * _show_scalars(monomial)
        matrix = _show_word(word) if word else Identity(polynomial.rows)
        terms.append(matrix if coefficient == 1 else MatMul(coefficient, matrix))
    if not terms:
        return ZeroMatrix(polynomial.rows, polynomial.columns)
    return MatAdd(*terms) if len(terms) > 1 else terms[0]
