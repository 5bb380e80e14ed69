"""Exact Gaussian expectations of polynomials in bilinear forms: Wick's (Isserlis') theorem on words.

Every data vector sits at an end of a scalar `u^T M v`: a *slot*. The expectation of a product of scalars is the sum, over all
ways to pair the slots within a law and to replace the remaining ones by their means, of the product of what closes up:
a pairing `(u, v)` inserts `Cov(u, v)`, and the scalars, entered from either end, chain into traces. Mixtures are Gaussian given
their components (`mixtures`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import sympy
from sympy.matrices.expressions import ZeroMatrix

from symasym.calculus.masks import expectation_over_masks
from symasym.calculus.mixtures import Choice, choices, given
from symasym.errors import NotDerivableYet
from symasym.model.data import GaussianLaw
from symasym.words.atoms import Atom, Kind, Word, columns_of, rows_of
from symasym.words.lower import lower_matrix
from symasym.words.network import Network, words_of
from symasym.words.polynomial import LogDet, MatrixPolynomial, Monomial, ScalarPolynomial

__all__ = ["Moments", "expectation"]


class Moments:
    """Covariances and means of data atoms, as matrix polynomials.

    A covariance that is not a single known matrix (for instance `I + A* A*^T`, derived from a latent model) becomes an atom
    of its own, so that words stay short and meet their inverses; `definitions` says what such an atom is.
    """

    def __init__(self) -> None:
        self.definitions: dict[Atom, MatrixPolynomial] = {}
        self.scale_moments: dict[sympy.Symbol, sympy.Expr] = {}
        self._covariances: dict[tuple[GaussianLaw, int, int], MatrixPolynomial | None] = {}
        self._alike: dict[str, list[Atom]] = {}

    def covariance(self, u: Atom, v: Atom) -> MatrixPolynomial | None:
        """`Cov(u, v)`, or None where the two are uncorrelated."""
        first, second = u.payload, v.payload
        if first.law != second.law:
            return None
        key = (first.law, first.position, second.position)
        if key not in self._covariances:
            self._covariances[key] = self._lower(*key)
        return self._covariances[key]

    def _lower(self, law: GaussianLaw, i: int, j: int) -> MatrixPolynomial | None:
        if i > j:
            mirrored = self._lower(law, j, i)
            return None if mirrored is None else mirrored.T
        block = law.covariance(i, j)
        if isinstance(block, ZeroMatrix):
            return None
        lowered = lower_matrix(block)
        if len(lowered.terms) <= 1:
            return lowered
        name = f"Sigma_{law.names[i]}" if i == j else f"Sigma_{law.names[i]}_{law.names[j]}"
        return MatrixPolynomial.atom(self._derived(name, lowered))

    def _derived(self, name: str, definition: MatrixPolynomial) -> Atom:
        """The atom of that definition; further ones of one name, as components of a mixture have them, are numbered."""
        alike = self._alike.setdefault(name, [])
        for atom in alike:
            if self.definitions[atom] == definition:
                return atom
        key = f"{name}_c{len(alike) + 1}" if alike else name
        symmetric = definition == definition.T
        atom = Atom(key, Kind.DERIVED, definition.rows, definition.columns, symmetric=symmetric, payload=definition)
        self.definitions[atom] = definition
        alike.append(atom)
        return atom

    def scale_factor(self, atoms: list[Atom]) -> ScalarPolynomial:
        """`prod E rho^p` over the laws with a random scale, for a product in which `2p` vectors share `rho`.

        `E rho^p` is kept as the symbol `rho_p`, so that the words do not depend on the law of the scale; `E rho = 1`.
        """
        total = ScalarPolynomial.number(1)
        for law in dict.fromkeys(atom.payload.law for atom in atoms if atom.payload.law.scale is not None):
            order, odd = divmod(sum(atom.payload.law == law for atom in atoms), 2)
            if odd:
                raise NotDerivableYet(
                    f"{law.names[0]}: odd moments of a law with a random scale and a mean are not derived yet"
                )
            if order > 1:
                symbol = sympy.Symbol(
                    f"rho_{order}" if len(law.names) == 1 else f"rho_{order}_{law.names[0]}", positive=True
                )
                if self.scale_moments.setdefault(symbol, law.scale.moment(order)) != law.scale.moment(order):
                    raise NotDerivableYet(f"{law.names[0]}: two laws with different random scales are not derived yet")
                total = total * ScalarPolynomial.symbol(symbol)
        return total

    def mean(self, u: Atom) -> MatrixPolynomial | None:
        """`E u`, or None where `u` is centred."""
        centre = u.payload.mean
        return None if isinstance(centre, ZeroMatrix) else lower_matrix(centre)


@dataclass(frozen=True)
class _Segment:
    """`u^T M v` with `u`, `v` data atoms where present; `core` is `M` (with constant ends included)."""

    left: Atom | None
    core: MatrixPolynomial
    right: Atom | None

    def end(self, side: int) -> Atom | None:
        return self.left if side == 0 else self.right

    def given(self, choice: Choice) -> _Segment:
        """With the laws that the ends have given the components of mixtures."""
        left, right = (None if end is None else given(end, choice) for end in (self.left, self.right))
        return _Segment(left, self.core, right)


Slot = tuple[int, int]
"""(which segment, which end)."""


def _segment(word: Word) -> _Segment:
    head, tail = word[0], word[-1]
    left = head[0] if head[0].kind is Kind.DATA and len(word) > 1 else None
    right = tail[0] if tail[0].kind is Kind.DATA else None
    inside = word[(left is not None) : len(word) - (right is not None)]
    rows = rows_of(head) if left is None else columns_of(head)
    columns = columns_of(tail) if right is None else rows_of(tail)
    if len(word) == 1:  # a data vector of dimension 1 by itself
        inside = ()
    return _Segment(left, MatrixPolynomial.of_word(inside, rows, columns), right)


def _is_random(scalar: object) -> bool:
    return isinstance(scalar, tuple) and any(atom.kind is Kind.DATA for atom, _ in (scalar[0], scalar[-1]))


Pairing = dict[Slot, Slot | None]
"""Each slot's partner; None means that it is replaced by its mean."""


def _pairings(slots: list[Slot], segments: list[_Segment], moments: Moments) -> Iterator[Pairing]:
    if not slots:
        yield {}
        return
    first, *others = slots
    u = segments[first[0]].end(first[1])
    assert u is not None
    if moments.mean(u) is not None:
        for rest in _pairings(others, segments, moments):
            yield {first: None, **rest}
    for n, second in enumerate(others):
        v = segments[second[0]].end(second[1])
        assert v is not None
        if moments.covariance(u, v) is not None:
            for rest in _pairings(others[:n] + others[n + 1 :], segments, moments):
                yield {first: second, second: first, **rest}


def _walk(
    start: Slot, segments: list[_Segment], pairing: Pairing, moments: Moments
) -> tuple[ScalarPolynomial, set[int]]:
    """Follow the chain or cycle that begins by entering at `start`; returns its trace and the segments it used."""
    n, side = start
    used: set[int] = set()
    entered = segments[n].end(side)
    opening = moments.mean(entered) if entered is not None and pairing[start] is None else None
    product = opening.T if opening is not None else None
    while True:
        used.add(n)
        core = segments[n].core if side == 0 else segments[n].core.T
        product = core if product is None else product @ core
        leaving = segments[n].end(1 - side)
        if leaving is None:
            return product.trace(), used
        partner = pairing[n, 1 - side]
        if partner is None:
            centre = moments.mean(leaving)
            assert centre is not None
            return (product @ centre).trace(), used
        arriving = segments[partner[0]].end(partner[1])
        assert arriving is not None
        block = moments.covariance(leaving, arriving)
        assert block is not None
        product = product @ block
        if partner == start:
            return product.trace(), used
        n, side = partner


def _close(segments: list[_Segment], pairing: Pairing, moments: Moments) -> ScalarPolynomial:
    """Product over the chains and cycles into which a pairing closes the segments."""
    total, left = ScalarPolynomial.number(1), set(range(len(segments)))
    openings = [
        (n, side)
        for n, segment in enumerate(segments)
        for side in (0, 1)
        if segment.end(side) is None or pairing[n, side] is None
    ]
    for start in [*openings, *((n, 0) for n in range(len(segments)))]:
        if start[0] in left:
            value, used = _walk(start, segments, pairing, moments)
            total, left = total * value, left - used
    return total


def _refuse_hidden_data(monomial: Monomial) -> None:
    """Data or masks inside an inverse or a log-determinant: not a polynomial, and never to be taken for a constant."""
    for scalar in monomial.scalars:
        if isinstance(scalar, Network):
            if any(map(_word_has_data, words_of(scalar))):
                raise NotDerivableYet(
                    "expectation: data or masks stand inside a sum over coordinates, which is not derived yet"
                )
            continue
        hidden = [scalar.of] if isinstance(scalar, LogDet) else [a.payload for a, _ in scalar if a.kind is Kind.INVERSE]
        for polynomial in hidden:
            if has_data(polynomial):
                raise NotDerivableYet(
                    "expectation: data stand inside an inverse or a log-determinant, so it is not a polynomial"
                )


def has_data(polynomial: MatrixPolynomial) -> bool:
    """True if a data vector or mask occurs anywhere in a matrix polynomial, inside its inverses and scalars as well."""
    words = [word for _, word in polynomial.terms]
    for monomial, _ in polynomial.terms:
        for scalar in monomial.scalars:
            if isinstance(scalar, LogDet):
                if has_data(scalar.of):
                    return True
            else:
                words += words_of(scalar)
    return any(map(_word_has_data, words))


def _word_has_data(word: Word) -> bool:
    return any(
        atom.kind in (Kind.DATA, Kind.MASK) or (atom.kind is Kind.INVERSE and has_data(atom.payload))
        for atom, _ in word
    )


def expectation(polynomial: ScalarPolynomial, moments: Moments) -> ScalarPolynomial:
    """`E p` over all data vectors and masks: a polynomial in trace words of constant matrices, and in networks of them."""
    return expectation_over_masks(_expectation_over_data(polynomial, moments))


def _expectation_over_data(polynomial: ScalarPolynomial, moments: Moments) -> ScalarPolynomial:
    """`E p` given the masks, which are independent of the data: Wick's theorem."""
    parts: list[ScalarPolynomial] = []
    for monomial, number in polynomial.terms.items():
        _refuse_hidden_data(monomial)
        segments = [_segment(scalar) for scalar in monomial.scalars if isinstance(scalar, tuple) and _is_random(scalar)]
        fixed = Monomial(monomial.powers, tuple(s for s in monomial.scalars if not _is_random(s)))
        slots = [(n, side) for n, s in enumerate(segments) for side in (0, 1) if s.end(side) is not None]
        ends = [segments[n].end(side) for n, side in slots]
        factor = moments.scale_factor([end for end in ends if end is not None]) * ScalarPolynomial(
            {fixed: Fraction(number)}
        )
        for probability, choice in choices(end for end in ends if end is not None):
            drawn = [segment.given(choice) for segment in segments]
            outer = factor * probability
            parts += (_close(drawn, pairing, moments) * outer for pairing in _pairings(slots, drawn, moments))
    return ScalarPolynomial.sum(parts)
