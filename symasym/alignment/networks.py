"""Networks in aligned coordinates: an edge without a direction is diagonal, so its two coordinates are one.

What is left of a network without directions is one sum over one coordinate, `sum_p f_p`; with one direction
`sum_p f_p V_pp`; with two `sum_pq U_pq f_q V_qp g_p` or the same with `V_pq`, or `sum_p f_p U_pp V_pp`. The weights
`f`, `g` are products of diagonal entries, so they are written as words, whatever the shapes of their factors.
"""

from __future__ import annotations

from dataclasses import dataclass

from symasym.calculus.bilinear import Linear, Pair, Product, Web, pair_of, positions, split_bilinear
from symasym.errors import NotDerivableYet
from symasym.words.atoms import Atom, Word
from symasym.words.network import Edge, Network, words_of
from symasym.words.polynomial import ScalarPolynomial

__all__ = ["Local", "aligned_bilinear", "diagonal_word", "functional_word"]


@dataclass(frozen=True)
class Local:
    """`coefficient * sum_p word_p U_pp V_pp`."""

    coefficient: ScalarPolynomial
    left: Atom
    right: Atom
    word: Word


def diagonal_word(network: Network) -> Word:
    """The product of all diagonal entries at the one coordinate of a network; directions are left out."""
    return tuple(item for word in words_of(network) for n, item in enumerate(word) if n not in positions(word))


def functional_word(term: Linear) -> Word:
    """`f` with `tr(V f) = sum_p f_p V_pp`."""
    if not isinstance(term.word, Network):
        return term.word
    _require(len(set(_coordinates(term.word).values())) == 1, term.word)
    return diagonal_word(term.word)


def aligned_bilinear(form: ScalarPolynomial) -> tuple[list[Pair], list[Product], list[Local]]:
    """Terms of a form that is linear in `U` and in `V`, networks read at diagonal matrices."""
    pairs, products, webs = split_bilinear(form)
    found = [_aligned_web(web) for web in webs]
    pairs += [term for term in found if isinstance(term, Pair)]
    return pairs, products, [term for term in found if isinstance(term, Local)]


def _coordinates(network: Network) -> dict[int, int]:
    """The coordinate at each vertex: edges without a direction make their ends one."""
    place = {vertex: vertex for vertex in network.vertices}
    for edge in network.edges:
        if not positions(edge.word) and len(edge.ends) == 2:
            first, second = (place[end] for end in edge.ends)
            place = {vertex: first if other == second else other for vertex, other in place.items()}
    return place


def _require(holds: bool, network: Network) -> None:
    if not holds:
        shown = ", ".join(".".join(atom.key for atom, _ in word) for word in words_of(network))
        raise NotDerivableYet(
            f"aligned: a sum over coordinates of entries of {shown} is not block diagonal in aligned coordinates; use the "
            "general route"
        )


def _aligned_web(web: Web) -> Pair | Local:
    """Both directions on one edge close into a trace; on two edges they have one coordinate in common, or two."""
    network, place = web.network, _coordinates(web.network)
    moving = [edge for edge in network.edges if positions(edge.word)]
    _require(all(len(edge.ends) == 2 for edge in moving), network)
    if len(moving) == 1:
        _require(len(set(place.values())) == 1, network)
        still = tuple(item for edge in network.edges if edge not in moving for item in edge.word)
        return pair_of(web.coefficient, moving[0].word + still)
    u, v = sorted(
        (_plain(edge) for edge in moving), key=lambda edge: str(edge.word[positions(edge.word)[0]][0].payload[1])
    )
    rows, columns = (place[end] for end in u.ends)
    if rows == columns:
        _require(len(set(place.values())) == 1, network)
        return Local(web.coefficient, web.left, web.right, diagonal_word(network))
    ends = tuple(place[end] for end in v.ends)
    _require(ends in ((rows, columns), (columns, rows)), network)
    weights: dict[int, Word] = {rows: (), columns: ()}
    for edge in network.edges:
        for end, word in _sides(edge):
            weights[place[end]] += word
    return Pair(web.coefficient, web.left, web.right, weights[columns], weights[rows], ends == (rows, columns))


def _plain(edge: Edge) -> Edge:
    """The edge turned so that its direction is not transposed."""
    (n,) = positions(edge.word)
    return edge.reversed if edge.word[n][1] else edge


def _sides(edge: Edge) -> list[tuple[int, Word]]:
    """The diagonal entries that an edge brings to the coordinates at its ends."""
    found = positions(edge.word)
    if not found:
        return [(edge.ends[0], edge.word)]
    return [(edge.ends[0], edge.word[: found[0]]), (edge.ends[1], edge.word[found[0] + 1 :])]
