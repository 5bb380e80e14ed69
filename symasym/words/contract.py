"""From edges between summed coordinates to scalars: what simplifies does, what falls apart becomes a product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, product

import sympy

from symasym.words.atoms import columns_of, multiply, rows_of
from symasym.words.network import Edge, Network, canonical_network
from symasym.words.polynomial import MatrixPolynomial, Monomial, ScalarPolynomial

__all__ = ["contract", "contract_words", "dimensions_of"]

Dimensions = Mapping[int, sympy.Expr]
"""How many values the coordinate at each vertex takes."""


def dimensions_of(network: Network) -> dict[int, sympy.Expr]:
    """How many values the coordinate at each vertex takes, read off the words there."""
    found: dict[int, sympy.Expr] = {}
    for edge in network.edges:
        if edge.tail is not None:
            found[edge.tail] = rows_of(edge.word[0])
        if edge.head is not None:
            found[edge.head] = columns_of(edge.word[-1])
    return found


def contract(
    edges: Sequence[tuple[int | None, MatrixPolynomial, int | None]], dimensions: Dimensions
) -> ScalarPolynomial:
    """`sum over the coordinates of prod_e [P_e]_{l_tail, l_head}` of matrix polynomials, term by term."""
    total = ScalarPolynomial()
    for terms in product(*(matrix.terms.items() for _, matrix, _ in edges)):
        value = ScalarPolynomial.number(1)
        words = []
        for (tail, _, head), ((monomial, word), number) in zip(edges, terms, strict=True):
            value = value * ScalarPolynomial.term(monomial, number)
            words.append(Edge(tail, word, head))
        total = total + value * contract_words(words, dimensions)
    return total


def contract_words(edges: Sequence[Edge], dimensions: Dimensions) -> ScalarPolynomial:
    """The same for words.

    An empty word identifies its ends; a coordinate that occurs twice joins two words, or closes one into a trace; one that no
    longer occurs counts its values; what is not connected are factors.
    """
    pieces = [piece for edge in edges for piece in _pieces(edge, dimensions)]
    left = {vertex for vertex, dimension in dimensions.items() if dimension != 1}
    while True:
        before = len(pieces)
        pieces = _identified(pieces, left)
        pieces, closed = _joined(pieces, left)
        if closed is not None:
            return closed * contract_words(pieces, {vertex: dimensions[vertex] for vertex in left})
        if len(pieces) == before:
            break
    total = ScalarPolynomial.number(1)
    for vertex in left - {end for edge in pieces for end in edge.ends}:
        total = total * ScalarPolynomial.trace((), dimensions[vertex])
    for part in _components(pieces):
        if part[0].ends:
            total = total * ScalarPolynomial.term(Monomial((), (canonical_network(part),)))
        elif part[0].word:
            total = total * ScalarPolynomial.trace(part[0].word, sympy.S.One)
    return total


def _pieces(edge: Edge, dimensions: Dimensions) -> Iterator[Edge]:
    """The edge cut wherever its word passes through a dimension of 1."""
    tail, head = (None if end is None or dimensions[end] == 1 else end for end in (edge.tail, edge.head))
    cuts = [n for n in range(1, len(edge.word)) if rows_of(edge.word[n]) == 1]
    bounds = [0, *cuts, len(edge.word)]
    for start, end in pairwise(bounds):
        yield Edge(tail if start == 0 else None, edge.word[start:end], head if end == len(edge.word) else None)


def _identified(edges: list[Edge], left: set[int]) -> list[Edge]:
    """Edges with empty words, identities, taken out: their two ends are one vertex."""
    for n, edge in enumerate(edges):
        if not edge.word and edge.ends:
            rest = edges[:n] + edges[n + 1 :]
            if edge.tail != edge.head:
                assert edge.head is not None
                left.discard(edge.head)
                rest = [item.renamed({edge.head: edge.tail}) for item in rest]
            return _identified(rest, left)
    return edges


def _joined(edges: list[Edge], left: set[int]) -> tuple[list[Edge], ScalarPolynomial | None]:
    """Words that meet in a vertex where nothing else does, joined; a word that closes with itself is a trace."""
    for vertex in sorted(left):
        touching = [edge for edge in edges if vertex in edge.ends]
        if sum(edge.ends.count(vertex) for edge in touching) != 2:
            continue
        left.discard(vertex)
        rest = [edge for edge in edges if vertex not in edge.ends]
        first = touching[0]
        if len(touching) == 1:
            return rest, ScalarPolynomial.trace(first.word, rows_of(first.word[0]))
        first = first if first.head == vertex else first.reversed
        second = touching[1] if touching[1].tail == vertex else touching[1].reversed
        return [*rest, Edge(first.tail, multiply(first.word, second.word), second.head)], None
    return edges, None


def _components(edges: list[Edge]) -> Iterator[tuple[Edge, ...]]:
    """Edges that hang together; an edge without ends by itself."""
    rest = list(edges)
    while rest:
        part = [rest.pop(0)]
        reach = set(part[0].ends)
        while more := [edge for edge in rest if reach & set(edge.ends)]:
            part += more
            rest = [edge for edge in rest if edge not in more]
            reach.update(end for edge in more for end in edge.ends)
        yield tuple(part)
