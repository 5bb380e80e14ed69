"""Networks: sums over coordinates of products of entries of words, `sum_{l, m, ..} [X]_ll [Y]_lm [Z]_ml ..`.

They are what remains of traces when coordinate projectors `e_l e_l^T`, summed over `l`, stand in several places at once: each
projector cuts the word, and the pieces become edges between the coordinates. A trace is the network in which every coordinate
occurs twice; Hadamard products are networks too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import permutations
from typing import NamedTuple, Protocol

from symasym.words.atoms import Word, transpose, word_key

__all__ = ["Edge", "Network", "canonical_network", "words_of"]


class Edge(NamedTuple):
    """The entry `[l_tail, l_head]` of a word; an end is None where the word has the dimension 1 there."""

    tail: int | None
    word: Word
    head: int | None

    @property
    def reversed(self) -> Edge:
        """The same entry of the transposed word."""
        return Edge(self.head, transpose(self.word), self.tail)

    def renamed(self, names: Mapping[int | None, int | None]) -> Edge:
        """The edge with other names for its ends; those left out stay."""
        return Edge(names.get(self.tail, self.tail), self.word, names.get(self.head, self.head))

    @property
    def ends(self) -> tuple[int, ...]:
        """The vertices that the edge touches, one for each end."""
        return tuple(end for end in (self.tail, self.head) if end is not None)

    @property
    def key(self) -> tuple:
        """Order of edges; the same under every hash seed."""
        return (-1 if self.tail is None else self.tail, -1 if self.head is None else self.head, word_key(self.word))


@dataclass(frozen=True)
class Network:
    """The sum, over one coordinate for each vertex `0, 1, ..`, of the product of the edges' entries; connected."""

    edges: tuple[Edge, ...]

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self.edges)

    @property
    def vertices(self) -> tuple[int, ...]:
        """The coordinates that are summed over."""
        return tuple(sorted({end for edge in self.edges for end in edge.ends}))

    @property
    def key(self) -> tuple[tuple[str, bool], ...]:
        """Order among the scalars of a monomial."""
        parts = (f"{edge.key[0]}-{edge.key[1]}:{edge.key[2]}" for edge in self.edges)
        return (("~sum " + ";".join(parts), False),)


class MadeOfWords(Protocol):
    """A scalar that is neither a trace nor a network, and knows its words."""

    @property
    def words(self) -> tuple[Word, ...]:
        """They."""
        ...


def words_of(scalar: Word | Network | MadeOfWords) -> tuple[Word, ...]:
    """The words that a scalar is made of."""
    if isinstance(scalar, tuple):
        return (scalar,)
    return tuple(edge.word for edge in scalar.edges) if isinstance(scalar, Network) else scalar.words


@cache
def canonical_network(edges: tuple[Edge, ...]) -> Network:
    """The network of connected edges, the same one however vertices are numbered, edges ordered and turned."""
    vertices = sorted({end for edge in edges for end in edge.ends})
    forms = []
    for order in permutations(range(len(vertices))):
        renamed = (edge.renamed(dict(zip(vertices, order, strict=True))) for edge in edges)
        turned = (min(edge, edge.reversed, key=lambda item: item.key) for edge in renamed)
        forms.append(tuple(sorted(turned, key=lambda item: item.key)))
    return Network(min(forms, key=lambda form: [edge.key for edge in form]))
