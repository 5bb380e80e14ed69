"""Products of bilinear forms in data vectors, closed up by a pairing of their slots.

Every data vector sits at an end of a scalar `u^T M v`: a *slot*. A pairing `(u, v)` inserts `Cov(u, v)`, a slot without a
partner its mean, and the scalars, entered from either end, chain into traces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symasym.calculus.mixtures import Choice, given
from symasym.calculus.moments import Moments
from symasym.words.atoms import Atom, Kind, Word, columns_of, rows_of
from symasym.words.polynomial import MatrixPolynomial, ScalarPolynomial

__all__ = ["Pairing", "Place", "Segment", "close", "is_random", "pairings", "segment_of"]


@dataclass(frozen=True)
class Segment:
    """`u^T M v` with `u`, `v` data atoms where present; `core` is `M` (with constant ends included)."""

    left: Atom | None
    core: MatrixPolynomial
    right: Atom | None

    def end(self, side: int) -> Atom | None:
        """The data vector at an end."""
        return self.left if side == 0 else self.right

    def given(self, choice: Choice) -> Segment:
        """With the laws that the ends have given the components of mixtures."""
        left, right = (None if end is None else given(end, choice) for end in (self.left, self.right))
        return Segment(left, self.core, right)

    @property
    def sides(self) -> tuple[int, ...]:
        """The ends at which data stand."""
        return tuple(side for side in (0, 1) if self.end(side) is not None)


Place = tuple[int, int]
"""(which segment, which end)."""


def segment_of(word: Word) -> Segment:
    """The scalar word as a form in what stands at its ends."""
    head, tail = word[0], word[-1]
    left = head[0] if head[0].kind is Kind.DATA and len(word) > 1 else None
    right = tail[0] if tail[0].kind is Kind.DATA else None
    inside = word[(left is not None) : len(word) - (right is not None)]
    rows = rows_of(head) if left is None else columns_of(head)
    columns = columns_of(tail) if right is None else rows_of(tail)
    if len(word) == 1:  # a data vector of dimension 1 by itself
        inside = ()
    return Segment(left, MatrixPolynomial.of_word(inside, rows, columns), right)


def is_random(scalar: object) -> bool:
    """True for a word with a data vector at one of its ends."""
    return isinstance(scalar, tuple) and any(atom.kind is Kind.DATA for atom, _ in (scalar[0], scalar[-1]))


Pairing = dict[Place, Place | None]
"""Each slot's partner; None means that it is replaced by its mean."""


def pairings(slots: Sequence[Place], segments: Sequence[Segment], moments: Moments) -> Iterator[Pairing]:
    """All ways to pair slots of one law and to replace the remaining ones by their means."""
    if not slots:
        yield {}
        return
    first, *others = slots
    u = segments[first[0]].end(first[1])
    assert u is not None
    if moments.mean(u) is not None:
        for rest in pairings(others, segments, moments):
            yield {first: None, **rest}
    for n, second in enumerate(others):
        v = segments[second[0]].end(second[1])
        assert v is not None
        if moments.covariance(u, v) is not None:
            for rest in pairings([*others[:n], *others[n + 1 :]], segments, moments):
                yield {first: second, second: first, **rest}


def _walk(
    start: Place, segments: Sequence[Segment], pairing: Pairing, moments: Moments
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


def close(segments: Sequence[Segment], pairing: Pairing, moments: Moments) -> ScalarPolynomial:
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
