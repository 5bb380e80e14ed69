"""Expectations over random masks: joint cumulants, one set partition of the letters after the other.

A mask is `R = sum_l r_l e_l e_l^T` with independent `r_l`. The joint cumulant of several entries is that of one Bernoulli
variable if all indices agree and 0 otherwise, so the mean of a product of letters `R` is a sum over the set partitions of the
letters: a block of `b` of them brings the cumulant `kappa_b` and puts `e_l e_l^T` in its places, one coordinate `l` for the
block, summed over. A block of one letter is `p I`; the others leave networks of words (`symasym.words.network`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import product

import sympy

from symasym.words.atoms import Atom, Kind, Word, multiply, rows_of
from symasym.words.contract import contract_words
from symasym.words.lower import lower_scalar
from symasym.words.network import Edge
from symasym.words.polynomial import Monomial, ScalarPolynomial, name_of

__all__ = ["cumulant", "expectation_over_masks", "set_partitions"]

Place = tuple[int, int]
"""Which word, and which of its letters."""
Block = tuple[Place, ...]


def expectation_over_masks(polynomial: ScalarPolynomial) -> ScalarPolynomial:
    """`E p` over all masks: a polynomial in traces and networks of words without them.

    Cumulants are symbols while partitions are summed, and polynomials in `p` at the end, once for each term that is left.
    """
    summed = ScalarPolynomial.sum(_term(monomial, number) for monomial, number in polynomial.terms.items())
    return ScalarPolynomial.sum(_written_out(monomial, number) for monomial, number in summed.terms.items())


class Cumulant(sympy.Symbol):
    """The joint cumulant of `order` equal entries of a mask that keeps a coordinate with probability `keep`."""

    order: int
    keep: sympy.Expr

    @staticmethod
    @cache
    def of(order: int, keep: sympy.Expr) -> Cumulant:
        """The symbol, which says what it stands for."""
        symbol = Cumulant(f"cumulant_{order}({keep})", real=True)
        symbol.order, symbol.keep = order, keep
        return symbol


def _written_out(monomial: Monomial, number: Fraction) -> ScalarPolynomial:
    """A term with its cumulants as polynomials in `p`."""
    cumulants = tuple((symbol, power) for symbol, power in monomial.powers if isinstance(symbol, Cumulant))
    if not cumulants:
        return ScalarPolynomial.term(monomial, number)
    rest = Monomial(tuple(item for item in monomial.powers if item not in cumulants), monomial.scalars)
    return _product(cumulants) * ScalarPolynomial.term(rest, number)


@cache
def _product(cumulants: tuple[tuple[Cumulant, int], ...]) -> ScalarPolynomial:
    total = ScalarPolynomial.number(1)
    for symbol, power in cumulants:
        for _ in range(power):
            total = total * cumulant(symbol.order, lower_scalar(symbol.keep))
    return total


def _term(monomial: Monomial, number: Fraction) -> ScalarPolynomial:
    masked = [scalar for scalar in monomial.scalars if isinstance(scalar, tuple) and _places(0, scalar)]
    fixed = Monomial(monomial.powers, tuple(scalar for scalar in monomial.scalars if scalar not in masked))
    factor = ScalarPolynomial.term(fixed, number)
    return _expectation(masked) * factor if masked else factor


def set_partitions(items: Sequence[Place]) -> Iterator[list[Block]]:
    """All ways to part a sequence into blocks."""
    if not items:
        yield []
        return
    first, *others = items
    for blocks in set_partitions(others):
        yield [(first,), *blocks]
        for n, block in enumerate(blocks):
            yield [*blocks[:n], (first, *block), *blocks[n + 1 :]]


def cumulant(order: int, keep: ScalarPolynomial) -> ScalarPolynomial:
    """The cumulant of a 0-1 variable with mean `p = keep`: `kappa_1 = p`, `kappa_{b+1} = p (1 - p) dkappa_b / dp`."""
    coefficients = [0, 1]
    for _ in range(order - 1):
        slope = [n * c for n, c in enumerate(coefficients)][1:]
        coefficients = [u - v for u, v in zip([0, *slope, 0], [0, 0, *slope], strict=True)]
    total, power = ScalarPolynomial(), ScalarPolynomial.number(1)
    for coefficient in coefficients:
        total = total + power.scale(coefficient)
        power = power * keep
    return total


def _places(n: int, word: Word) -> list[Place]:
    """The letters of a word that are masks."""
    return [(n, position) for position, (atom, _) in enumerate(word) if atom.kind is Kind.MASK]


def _expectation(words: Sequence[Word]) -> ScalarPolynomial:
    """`E` of a product of traces; different masks are independent, so each has partitions of its own."""
    letters: dict[Atom, list[Place]] = {}
    for n, word in enumerate(words):
        for place in _places(n, word):
            letters.setdefault(word[place[1]][0], []).append(place)
    terms = []
    for choice in product(*(list(set_partitions(places)) for places in letters.values())):
        value = _closed(words, [block for blocks in choice for block in blocks if len(block) > 1])
        sizes = ((atom, len(block)) for atom, blocks in zip(letters, choice, strict=True) for block in blocks)
        powers = Counter(Cumulant.of(size, atom.payload.keep) for atom, size in sizes)
        symbols = tuple(sorted(powers.items(), key=lambda item: name_of(item[0])))
        terms.append(value * ScalarPolynomial.term(Monomial(symbols)))
    return ScalarPolynomial.sum(terms)


def _closed(words: Sequence[Word], blocks: Sequence[Block]) -> ScalarPolynomial:
    """The words with one coordinate in all places of each block, and the identity in the places of other masks."""
    vertex = {place: n for n, block in enumerate(blocks) for place in block}
    dimensions = {vertex[n, position]: words[n][position][0].rows for n, position in vertex}
    total, edges = ScalarPolynomial.number(1), []
    for n, word in enumerate(words):
        found = _edges(n, word, vertex)
        if found:
            edges += found
        else:
            total = total * ScalarPolynomial.trace(_without_masks(word), rows_of(word[0]))
    return total * contract_words(edges, dimensions)


def _edges(n: int, word: Word, vertex: Mapping[Place, int]) -> list[Edge]:
    """The pieces of a cyclic word between the letters that became coordinates; none if there is no such letter."""
    cuts = [position for position in range(len(word)) if (n, position) in vertex]
    ends = [*cuts[1:], *(cut + len(word) for cut in cuts[:1])]
    return [
        Edge(vertex[n, cut], _without_masks((word + word)[cut + 1 : end]), vertex[n, end % len(word)])
        for cut, end in zip(cuts, ends, strict=True)
    ]


def _without_masks(word: Word) -> Word:
    """A word with the identity in place of its masks."""
    result: Word = ()
    for item in word:
        if item[0].kind is not Kind.MASK:
            result = multiply(result, (item,))
    return result
