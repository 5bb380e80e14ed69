"""Polynomials: scalars in trace words, matrices in words with scalar coefficients.

A scalar term is a rational number times powers of scalar symbols times a multiset of scalars made of words (traces,
`u^T M v`, `log det`, networks, smooth functions of such polynomials and their Gaussian means); a matrix term has one word more.
Both are dictionaries from the term to the rational number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from typing import NamedTuple

import sympy

from symasym.words.atoms import Atom, Word, canonical_trace, multiply, transpose, word_key
from symasym.words.network import Network, words_of

__all__ = ["LogDet", "MatrixPolynomial", "Monomial", "ScalarPolynomial", "Smooth", "name_of"]


@dataclass(frozen=True)
class LogDet:
    """`log det P`, kept opaque until it is differentiated."""

    of: MatrixPolynomial

    @property
    def key(self) -> tuple[tuple[str, bool], ...]:
        """Order among the scalars of a monomial."""
        return (("~logdet " + self.of.key, False),)


@dataclass(frozen=True)
class Smooth:
    """`E g(eta + s)`, `s` centred Gaussian with the `covariance`; `g(eta)` itself where that is empty.

    * `function`: `g` in `Slot(1) .. Slot(r)`, one for each of the `arguments` `eta`; other symbols in it are scalars.
    * `covariance`: its entries on and above the diagonal, row by row.

    Made by `symasym.words.smooth.smooth_scalar` alone, which knows the canonical form.
    """

    function: sympy.Expr
    arguments: tuple[ScalarPolynomial, ...]
    covariance: tuple[ScalarPolynomial, ...] = ()

    @cached_property
    def key(self) -> tuple[tuple[str, bool], ...]:
        """Order among the scalars of a monomial."""
        parts = [name_of(self.function), *(p.key for p in self.arguments), "", *(p.key for p in self.covariance)]
        return (("~smooth " + "; ".join(parts), False),)

    def __hash__(self) -> int:
        return hash(self.key)

    def entry(self, i: int, j: int) -> ScalarPolynomial:
        """The covariance of arguments `i` and `j`."""
        i, j = min(i, j), max(i, j)
        return self.covariance[i * len(self.arguments) - i * (i + 1) // 2 + j]

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of its arguments and their covariances."""
        scalars = (s for p in (*self.arguments, *self.covariance) for m in p.terms for s in m.scalars)
        return tuple(word for scalar in scalars if not isinstance(scalar, LogDet) for word in words_of(scalar))


Scalar = Word | LogDet | Network | Smooth
Powers = tuple[tuple[sympy.Expr, int], ...]
"""Scalar symbols, and sums of them where one divides by such a sum, as in `1 / (K + 1)`."""


def _scalar_key(scalar: Scalar) -> tuple[tuple[str, bool], ...]:
    return word_key(scalar) if isinstance(scalar, tuple) else scalar.key


@cache
def name_of(symbol: sympy.Expr) -> str:
    """The printed form, by which powers are ordered; printing is slow."""
    return str(symbol)


class Monomial(NamedTuple):
    """Powers of scalar symbols, and scalars made of words, both sorted."""

    powers: Powers = ()
    scalars: tuple[Scalar, ...] = ()

    def times(self, other: Monomial) -> Monomial:
        """Product of two monomials."""
        return Monomial(
            _merge_powers(self.powers, other.powers),
            tuple(sorted(self.scalars + other.scalars, key=_scalar_key))
            if self.scalars and other.scalars
            else self.scalars + other.scalars,
        )

    @property
    def key(self) -> tuple:
        """Order of monomials; the same under every hash seed."""
        return (
            tuple((name_of(symbol), power) for symbol, power in self.powers),
            len(self.scalars),
            tuple(map(_scalar_key, self.scalars)),
        )


def _merge_powers(first: Powers, second: Powers) -> Powers:
    if not first or not second:
        return first or second
    merged = dict(first)
    for symbol, power in second:
        merged[symbol] = merged.get(symbol, 0) + power
    return tuple(sorted(((s, p) for s, p in merged.items() if p), key=lambda item: name_of(item[0])))


def _collect(pairs: Iterable[tuple]) -> dict:
    """Terms added up, those with coefficient 0 left out; terms are hashed as little as possible, which is slow."""
    total: dict = {}
    for term, number in pairs:
        known = total.get(term)
        total[term] = number if known is None else known + number
    return total if all(total.values()) else {term: number for term, number in total.items() if number}


class ScalarPolynomial:
    """A polynomial in trace words; `terms` maps each monomial to its rational coefficient."""

    __slots__ = ("terms",)

    def __init__(self, terms: Mapping[Monomial, Fraction] | Iterable[tuple[Monomial, Fraction]] = ()) -> None:
        self.terms: dict[Monomial, Fraction] = _collect(terms.items() if isinstance(terms, Mapping) else terms)

    @classmethod
    def term(cls, monomial: Monomial, number: Fraction | int = 1) -> ScalarPolynomial:
        """One term."""
        polynomial = cls.__new__(cls)
        polynomial.terms = {monomial: number if isinstance(number, Fraction) else Fraction(number)} if number else {}
        return polynomial

    @classmethod
    def number(cls, value: Fraction | int) -> ScalarPolynomial:
        """The constant `value`."""
        return cls.term(Monomial(), value)

    @classmethod
    def symbol(cls, symbol: sympy.Expr, power: int = 1) -> ScalarPolynomial:
        """A power of a scalar symbol, negative ones included; also of a sum of symbols, which counts as one more symbol."""
        return cls.term(Monomial(((symbol, power),)))

    @classmethod
    def sum(cls, parts: Iterable[ScalarPolynomial]) -> ScalarPolynomial:
        """The sum, in one pass over all terms."""
        return cls(item for part in parts for item in part.terms.items())

    @classmethod
    def trace(cls, word: Word, dimension: sympy.Expr) -> ScalarPolynomial:
        """`tr(word)`; the trace of the empty word is its dimension."""
        if not word:
            return _dimension(dimension)
        return cls.term(Monomial((), canonical_trace(word)))

    def __add__(self, other: ScalarPolynomial) -> ScalarPolynomial:
        return ScalarPolynomial([*self.terms.items(), *other.terms.items()])

    def __sub__(self, other: ScalarPolynomial) -> ScalarPolynomial:
        return self + other.scale(-1)

    def __mul__(self, other: ScalarPolynomial) -> ScalarPolynomial:
        if len(self.terms) == len(other.terms) == 1:
            ((m, a),), ((n, b),) = self.terms.items(), other.terms.items()
            return ScalarPolynomial.term(m.times(n), a * b)
        return ScalarPolynomial((m.times(n), a * b) for m, a in self.terms.items() for n, b in other.terms.items())

    def scale(self, number: Fraction | int) -> ScalarPolynomial:
        """The polynomial times a rational number."""
        return ScalarPolynomial({term: value * number for term, value in self.terms.items()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScalarPolynomial) and self.terms == other.terms

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def key(self) -> str:
        """A text that identifies the polynomial."""
        return " + ".join(f"{number}*{monomial.key}" for monomial, number in self.sorted_terms())

    def sorted_terms(self) -> list[tuple[Monomial, Fraction]]:
        """Terms in an order that does not depend on the hash seed."""
        return sorted(self.terms.items(), key=lambda item: item[0].key)


def _dimension(dimension: sympy.Expr) -> ScalarPolynomial:
    if dimension.is_Integer:
        return ScalarPolynomial.number(int(dimension))
    return ScalarPolynomial.symbol(dimension)


class MatrixPolynomial:
    """A matrix polynomial of shape `(rows, columns)`; `terms` maps `(monomial, word)` to a rational coefficient."""

    __slots__ = ("columns", "rows", "terms")

    def __init__(
        self,
        rows: sympy.Expr,
        columns: sympy.Expr,
        terms: Mapping[tuple[Monomial, Word], Fraction] | Iterable[tuple[tuple[Monomial, Word], Fraction]] = (),
    ) -> None:
        self.rows, self.columns = rows, columns
        self.terms: dict[tuple[Monomial, Word], Fraction] = _collect(
            terms.items() if isinstance(terms, Mapping) else terms
        )

    @classmethod
    def identity(cls, dimension: sympy.Expr) -> MatrixPolynomial:
        """The identity matrix: the empty word."""
        return cls.of_word((), dimension, dimension)

    @classmethod
    def atom(cls, atom: Atom) -> MatrixPolynomial:
        """One atom."""
        return cls.of_word(((atom, False),), atom.rows, atom.columns)

    @classmethod
    def of_word(cls, word: Word, rows: sympy.Expr, columns: sympy.Expr) -> MatrixPolynomial:
        """One word; the empty one is the identity, so its shape has to be said."""
        return cls(rows, columns, {(Monomial(), word): Fraction(1)})

    def __add__(self, other: MatrixPolynomial) -> MatrixPolynomial:
        return MatrixPolynomial(self.rows, self.columns, [*self.terms.items(), *other.terms.items()])

    def __sub__(self, other: MatrixPolynomial) -> MatrixPolynomial:
        return self + other.scale(-1)

    def __matmul__(self, other: MatrixPolynomial) -> MatrixPolynomial:
        return MatrixPolynomial(
            self.rows,
            other.columns,
            (
                ((m.times(n), multiply(u, v)), a * b)
                for (m, u), a in self.terms.items()
                for (n, v), b in other.terms.items()
            ),
        )

    def scale(self, number: Fraction | int) -> MatrixPolynomial:
        """The polynomial times a rational number."""
        return MatrixPolynomial(self.rows, self.columns, {t: value * number for t, value in self.terms.items()})

    def times(self, scalar: ScalarPolynomial) -> MatrixPolynomial:
        """The polynomial times a scalar polynomial."""
        return MatrixPolynomial(
            self.rows,
            self.columns,
            (((m.times(n), u), a * b) for (m, u), a in self.terms.items() for n, b in scalar.terms.items()),
        )

    @property
    def T(self) -> MatrixPolynomial:
        """The transpose."""
        return MatrixPolynomial(self.columns, self.rows, (((m, transpose(u)), a) for (m, u), a in self.terms.items()))

    def trace(self) -> ScalarPolynomial:
        """`tr(P)`."""
        return ScalarPolynomial.sum(
            ScalarPolynomial.term(monomial, number) * ScalarPolynomial.trace(word, self.rows)
            for (monomial, word), number in self.terms.items()
        )

    @property
    def single_atom(self) -> Atom | None:
        """The atom, if the polynomial is one untransposed atom with coefficient 1."""
        if len(self.terms) != 1:
            return None
        (((monomial, word), number),) = self.terms.items()
        plain = number == 1 and not monomial.powers and not monomial.scalars and len(word) == 1
        return word[0][0] if plain and not word[0][1] else None

    @property
    def key(self) -> str:
        """A text that identifies the polynomial."""
        return " + ".join(
            f"{number}*{monomial.key if monomial != Monomial() else ''}"
            + ".".join(atom.key + ("'" if flag else "") for atom, flag in word)
            for (monomial, word), number in self.sorted_terms()
        )

    def sorted_terms(self) -> list[tuple[tuple[Monomial, Word], Fraction]]:
        """Terms in an order that does not depend on the hash seed."""
        return sorted(self.terms.items(), key=lambda item: (item[0][0].key, len(item[0][1]), word_key(item[0][1])))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MatrixPolynomial) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(self.key)

    def __bool__(self) -> bool:
        return bool(self.terms)
