"""Directional derivatives of polynomials in inner products, shares included.

`D w_i = w_i (D q_i - sum_j w_j D q_j)`, `D log mean exp q = sum_i w_i D q_i`. The projector on the span of the centred family
moves: with the dual vectors `g_k` of the centred members (`<g_k, u_j - u_i> = delta_kj - delta_ki`, in the span, with the sum 0)
`D P[v] = sum_k (I - P) v_k g_k^T + g_k v_k^T (I - P)`, if the centred members have no linear relation but that their sum is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symasym.errors import NotDerivableYet
from symasym.projection.algebra import (
    FREE,
    FRESH,
    Dot,
    Expansion,
    Factor,
    LogMean,
    Polynomial,
    Role,
    Share,
    Side,
    Vector,
)

__all__ = ["derivative"]

Products = list[tuple[list[Factor], Fraction | int]]


def derivative(polynomial: Polynomial, logits: Sequence[Polynomial], direction: str) -> Polynomial:
    """`D p[v]`, `v` a direction of the family of that name; `logits` as in `Lowering`."""
    slopes = [_unsoftened(logit, direction) for logit in logits]
    pairs = []
    for monomial, number in polynomial.terms.items():
        for n, factor in enumerate(monomial):
            rest = (*monomial[:n], *monomial[n + 1 :])
            for image, value in _slope(factor, slopes, direction):
                pairs.append(((*rest, *image), number * value))
    return Polynomial.of(pairs)


def _unsoftened(logit: Polynomial, direction: str) -> Polynomial:
    """The derivative of a logit, which is polynomial: its softmax nests no other."""
    if any(isinstance(factor, Share | LogMean) for monomial in logit.terms for factor in monomial):
        raise NotDerivableYet("projection: a softmax stands inside another one, which is not derived yet")
    return derivative(logit, (), direction)


def _slope(factor: Factor, slopes: Sequence[Polynomial], direction: str) -> Expansion:
    match factor:
        case Share():
            own, other = factor.member, FRESH + 50
            inside = _taken(slopes[factor.softmax], own)
            outside = [([Share(1, factor.softmax, other), *m], -c) for m, c in _taken(slopes[factor.softmax], other)]
            return [([factor, *m], c) for m, c in [*inside, *outside]]
        case LogMean():
            member = FRESH + 50
            return [([Share(1, factor.softmax, member), *m], c) for m, c in _taken(slopes[factor.softmax], member)]
        case Dot():
            return _slope_of_dot(factor, direction)
    return []


def _taken(slope: Polynomial, index: int) -> Products:
    """A logit's derivative at a member, its own sums over fresh dummies."""
    found: Products = []
    for monomial, number in slope.terms.items():
        found.append(([_moved(factor, index) for factor in monomial], number))
    return found


def _moved(factor: Factor, index: int) -> Factor:
    def to(n: int) -> int:
        return index if n == FREE else n + FRESH if n >= 0 else n

    if isinstance(factor, Dot):
        return Dot.of(factor.side, *(v._replace(member=to(v.member)) for v in (factor.first, factor.second)))
    if isinstance(factor, Share):
        return factor._replace(member=to(factor.member))
    return factor


def _slope_of_dot(dot: Dot, direction: str) -> Products:
    """Leibniz; and the motion of the span."""
    found: Products = []
    for own, other in ((dot.first, dot.second), (dot.second, dot.first)):
        if own.role is Role.PARAMETER:
            found.append(([Dot.of(dot.side, Vector(Role.DIRECTION, direction, own.member), other)], 1))
        if dot.side is Side.SPAN:
            across = Vector(Role.DIRECTION, direction, FRESH)
            along = Vector(Role.DUAL, "g", FRESH)
            found.append(([Dot.of(Side.ACROSS, own, across), Dot.of(Side.SPAN, along, other)], 1))
        if dot.side is Side.ACROSS or own.role is Role.DUAL:
            raise NotDerivableYet("projection: the second derivative of a moving span is not derived yet")
    return found
