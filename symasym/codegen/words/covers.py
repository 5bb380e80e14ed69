"""Forms in two directions with as few outer products as a greedy cover finds.

Terms that share a word are put together: `sum_n c_n tr(U M_n V N) = tr(U (sum_n c_n M_n) V N)`, and products of traces alike. The
score form of cliques has 705 terms and comes out with 34 outer products.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import sympy

from symasym.calculus.bilinear import Linear, Pair, Product, split_bilinear
from symasym.codegen.words.terms import Block, Table, Term
from symasym.codegen.words.writer import LETTERS, Writer, owner
from symasym.words.atoms import Atom, Word
from symasym.words.network import Network
from symasym.words.polynomial import ScalarPolynomial

__all__ = ["bilinear"]


@dataclass(frozen=True)
class Side:
    """One of the two words in a term of a form in two directions."""

    word: Word
    rows: sympy.Expr
    columns: sympy.Expr


@dataclass(frozen=True)
class Outer:
    """`coefficient * M_.. N_..`, one word with two of the letters `ijkl`, one with the others."""

    coefficient: ScalarPolynomial
    sides: tuple[Side, Side]


def bilinear(write: Writer, form: ScalarPolynomial) -> dict[Block, Table]:
    """A symmetric form in two directions, by pairs of parameters in their order; the rest follows by symmetry."""
    order = [owner(p) for p in write.forms.parameters]
    pairs, products, webs = split_bilinear(form)
    grouped: dict[tuple[Block, tuple[str, str]], list[Outer]] = {}
    found: dict[Block, list[Term]] = {}

    def is_upper(block: Block) -> bool:
        return order.index(block[0]) <= order.index(block[1])

    for pair in pairs:
        key = (owner(pair.left), owner(pair.right)), ("jl", "ki") if pair.transposed else ("jk", "li")
        grouped.setdefault(key, []).append(_of_pair(pair))
    for product in products:
        block = owner(product.left.parameter), owner(product.right.parameter)
        outer = _of_product(product)
        if outer is not None:
            grouped.setdefault((block, ("ji", "lk")), []).append(outer)
        elif is_upper(block):
            found.setdefault(block, []).append(_networks(write, product))
    for web in webs:
        block = owner(web.left), owner(web.right)
        if is_upper(block):
            term = write.term(web.coefficient, write.edges(web.network, LETTERS[:8]), "ijkl", LETTERS[:8])
            found.setdefault(block, []).append(term)
    for (block, patterns), members in grouped.items():
        if is_upper(block):
            found.setdefault(block, []).extend(_covered(write, members, patterns))
    return {block: write.collected(terms) for block, terms in found.items()}


def _of_pair(pair: Pair) -> Outer:
    rows, columns = pair.right.rows, pair.right.columns
    after, before = (columns, rows) if pair.transposed else (rows, columns)
    inner = Side(pair.inner, pair.left.columns, after)
    return Outer(pair.coefficient, (inner, Side(pair.outer, before, pair.left.rows)))


def _of_product(product: Product) -> Outer | None:
    left, right = _side(product.left), _side(product.right)
    return None if left is None or right is None else Outer(product.coefficient, (left, right))


def _side(item: Linear) -> Side | None:
    assert isinstance(item.parameter, Atom)
    if isinstance(item.word, Network):
        return None
    return Side(item.word, item.parameter.columns, item.parameter.rows)


def _networks(write: Writer, product: Product) -> Term:
    """A product of two linear forms that are no outer product of words."""
    left, right = write.functional(product.left, "ij", LETTERS[:4]), write.functional(product.right, "kl", LETTERS[4:8])
    return write.term(product.coefficient, [*left, *right], "ijkl", LETTERS[:8])


def _covered(write: Writer, members: Sequence[Outer], patterns: tuple[str, str]) -> list[Term]:
    """Outer products put together by words that they share, first those that most of them share."""
    left, terms = list(members), list[Term]()
    while left:
        counts = Counter((n, side.word) for item in left for n, side in enumerate(item.sides))
        n, word = max(counts, key=counts.__getitem__)
        mine = [item for item in left if item.sides[n].word == word]
        left = [item for item in left if item.sides[n].word != word]
        fixed, other = mine[0].sides[n], mine[0].sides[1 - n]
        name, coefficient = write.word(other.word, other.rows), mine[0].coefficient
        if len(mine) > 1:
            words = [(item.coefficient, write.word(item.sides[1 - n].word, other.rows)) for item in mine]
            table = write.collected(write.term(c, [("ij", text)], "ij") for c, text in words)
            name, coefficient = write.defined(table, other.rows, other.columns), ScalarPolynomial.number(1)
        both = [(patterns[1 - n], name), (patterns[n], write.word(fixed.word, fixed.rows))]
        terms.append(write.term(coefficient, both if n else both[::-1], "ijkl"))
    return terms
