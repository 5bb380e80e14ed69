"""Inverses and log-determinants of matrix polynomials, with group elements drawn out by conjugation.

`(Q P Q^T)^{-1} = Q P^{-1} Q^T` for orthogonal `Q`, and `(G P H)^{-1} = H^{-1} P^{-1} G^{-1}` in general, so that invariance can
be read off words.
"""

from __future__ import annotations

from fractions import Fraction

from symasym.errors import NotDerivableYet
from symasym.words.atoms import Atom, Factor, Kind, columns_of, factor, rows_of
from symasym.words.polynomial import LogDet, MatrixPolynomial, Monomial, ScalarPolynomial

__all__ = ["inverse", "inverse_of_atom", "log_determinant"]


def inverse_of_atom(atom: Atom) -> Atom:
    """The atom `M^{-1}`."""
    return _inverse_atom(MatrixPolynomial.atom(atom))


def _inverse_atom(polynomial: MatrixPolynomial) -> Atom:
    single = polynomial.single_atom
    return Atom(
        key=f"inv({polynomial.key})",
        kind=Kind.INVERSE,
        rows=polynomial.columns,
        columns=polynomial.rows,
        symmetric=single.symmetric if single else polynomial == polynomial.T,
        payload=polynomial,
    )


def _inverse_factor(item: Factor) -> MatrixPolynomial:
    """Inverse of one square factor, as a polynomial of one word."""
    atom, transposed = item
    if atom.orthogonal:
        inverted = factor(atom, not transposed)
    elif atom.kind is Kind.INVERSE and atom.payload.single_atom:
        inverted = factor(atom.payload.single_atom, transposed)
    else:
        inverted = factor(inverse_of_atom(atom), transposed)
    return MatrixPolynomial.of_word((inverted,), columns_of(item), rows_of(item))


def _square(item: Factor) -> bool:
    return item[0].rows == item[0].columns


def inverse(polynomial: MatrixPolynomial) -> MatrixPolynomial:
    """`P^{-1}` of a square matrix polynomial."""
    if not polynomial:
        raise NotDerivableYet("inverse: the matrix is identically zero")
    if len(polynomial.terms) == 1:
        (((monomial, word), number),) = polynomial.terms.items()
        if not monomial.scalars and all(map(_square, word)):
            powers = Monomial(tuple((s, -p) for s, p in monomial.powers))
            result = MatrixPolynomial.identity(polynomial.columns).times(
                ScalarPolynomial({powers: 1 / Fraction(number)})
            )
            for item in reversed(word):
                result = result @ _inverse_factor(item)
            return result
    outer = _common_ends(polynomial)
    if outer is None:
        return MatrixPolynomial.atom(_inverse_atom(polynomial))
    left, core, right = outer
    return _inverse_factor(right) @ inverse(core) @ _inverse_factor(left)


def log_determinant(polynomial: MatrixPolynomial) -> ScalarPolynomial:
    """`log det P`; orthogonal factors drop out in pairs, `log |det|` of others stays as a term of its own."""
    outer = _common_ends(polynomial) if polynomial else None
    if outer is None:
        return ScalarPolynomial({Monomial((), (LogDet(polynomial),)): Fraction(1)})
    left, core, right = outer
    total = log_determinant(core)
    for atom, _ in (left, right):
        if not atom.orthogonal:
            total = total + ScalarPolynomial({Monomial((), (LogDet(MatrixPolynomial.atom(atom)),)): Fraction(1)})
    return total


def _common_ends(polynomial: MatrixPolynomial) -> tuple[Factor, MatrixPolynomial, Factor] | None:
    """`P = L P' R` with group elements `L, R` shared by every term; the identity counts as `Q I Q^T`."""
    words = [word for _, word in polynomial.terms if word]
    if not words or any(len(word) < 2 for word in words):
        return None
    left, right = words[0][0], words[0][-1]
    if any(word[0] != left or word[-1] != right for word in words):
        return None
    if left[0].kind is not Kind.GROUP or right[0].kind is not Kind.GROUP:
        return None
    conjugation = left[0] == right[0] and left[0].orthogonal and left[1] != right[1]
    if len(words) < len(polynomial.terms) and not conjugation:
        return None
    core = MatrixPolynomial(
        columns_of(left),
        rows_of(right),
        {(monomial, word[1:-1] if word else word): number for (monomial, word), number in polynomial.terms.items()},
    )
    return left, core, right
