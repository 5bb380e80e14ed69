"""Projection reduction: what of the data the non-polynomial factors see, and Wick's theorem for the rest.

The shares depend on the data through the differences of their logits. Where these are linear in `x` with slopes in the span of
the centred family, the data split into `xi`, inside, and `y`, outside, which is standard Gaussian and independent of `xi` and of
the member that was drawn: the means differ inside the span alone and the covariance is the identity. Every expectation is
then a polynomial in inner products of fixed vectors outside, in the number of dimensions outside, and in integrals over `xi`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symasym.errors import ConditionViolated, NotDerivableYet
from symasym.projection.algebra import (
    FREE,
    ONE_OVER_COUNT,
    Dot,
    Expansion,
    Factor,
    Monomial,
    Number,
    Polynomial,
    Role,
    Same,
    Share,
    Side,
    Vector,
)

__all__ = ["at_truth", "degree_outside", "expectation_outside", "has_member", "prove_projection", "require_translation"]

Pairs = list[tuple[list[Factor], Fraction | int]]


def at_truth(polynomial: Polynomial, alike: Sequence[int]) -> Polynomial:
    """The polynomial at the true value, the origin in the affine span of the members: inner products split into inside and
    outside.

    `alike[n]`: the first softmax with the same shares there as number `n`.
    """
    return polynomial.map(lambda factor: _split(factor, alike))


def _split(factor: Factor, alike: Sequence[int]) -> Expansion:
    if isinstance(factor, Share):
        return [([factor._replace(softmax=alike[factor.softmax])], 1)]
    if not isinstance(factor, Dot):
        return [([factor], 1)]
    found: Pairs = []
    if factor.side in (Side.FULL, Side.SPAN):
        found += _inside(factor)
    if factor.side in (Side.FULL, Side.ACROSS) and not any(
        v.role in (Role.PARAMETER, Role.DUAL) for v in _ends(factor)
    ):
        found.append(([Dot.of(Side.OUT, factor.first, factor.second)], 1))
    return found


def _ends(dot: Dot) -> tuple[Vector, Vector]:
    return dot.first, dot.second


def _inside(dot: Dot) -> Pairs:
    """`<g_k, u_j> = delta_kj - 1/K`; anything else as it is."""
    dual = [v for v in _ends(dot) if v.role is Role.DUAL]
    member = [v for v in _ends(dot) if v.role is Role.PARAMETER]
    if dual and member:
        return [([Same(5, dual[0].member, member[0].member)], 1), ([ONE_OVER_COUNT], -1)]
    return [([Dot.of(Side.IN, dot.first, dot.second)], 1)]


def prove_projection(logits: Sequence[Polynomial]) -> tuple[int, ...]:
    """That the shares see `<xi, u_i>` alone; returns, for each softmax, the first one with the same shares at the true value.

    Shares stay if all logits move by what does not depend on the member. Raises `NotDerivableYet` where what is left is not
    linear in the data inside the span.
    """
    kept = []
    for logit in logits:
        own = at_truth(logit, ()).select(lambda monomial: any(has_member(factor, FREE) for factor in monomial))
        for monomial in own.terms:
            seen = [factor for factor in monomial if _has_data(factor)]
            fine = not seen or (
                len(seen) == 1 and isinstance(seen[0], Dot) and seen[0].side is Side.IN and _linear(seen[0])
            )
            if not fine:
                raise NotDerivableYet(
                    "projection: logits of a softmax differ by more than a linear function of the data with slopes in the span "
                    "of the family; what is left of the data is then not independent of the shares"
                )
        kept.append(own)
    return tuple(kept.index(own) for own in kept)


def has_member(factor: Factor, index: int) -> bool:
    """True if a factor is about the member of that index."""
    if isinstance(factor, Dot):
        return index in (factor.first.member, factor.second.member)
    return isinstance(factor, Share | Number) and factor.member == index


def _has_data(factor: Factor) -> bool:
    return isinstance(factor, Dot) and any(v.role is Role.DATA for v in _ends(factor))


def _linear(dot: Dot) -> bool:
    return {v.role for v in _ends(dot)} == {Role.DATA, Role.PARAMETER}


def require_translation(polynomial: Polynomial, what: str) -> None:
    """That moving data and family together changes nothing, so that the origin may be put into the affine span of the members."""
    moved = polynomial.map(_translated)
    if moved != polynomial:
        raise ConditionViolated(
            f"{what}: it changes when data and family are moved together, which no reduction allows"
        )


def _translated(factor: Factor) -> Expansion:
    if not isinstance(factor, Dot):
        return [([factor], 1)]
    by = Vector(Role.KNOWN, "translation", -1)
    first, second = ([v, by] if v.role in (Role.DATA, Role.PARAMETER) else [v] for v in _ends(factor))
    return [([Dot.of(factor.side, u, v)], 1) for u in first for v in second]


def degree_outside(monomial: Monomial) -> int:
    """Degree in `y`, what of the data lies outside."""
    return sum(
        v.role is Role.DATA
        for factor in monomial
        if isinstance(factor, Dot) and factor.side is Side.OUT
        for v in _ends(factor)
    )


def expectation_outside(polynomial: Polynomial) -> Polynomial:
    """`E[p | xi]`: Wick's theorem for `y ~ N(0, I)` in the complement of the span."""
    return Polynomial.of(pair for m, c in polynomial.terms.items() for pair in _wick(m, c))


def _wick(monomial: Monomial, number: Fraction) -> Pairs:
    moving = [factor for factor in monomial if isinstance(factor, Dot) and degree_outside((factor,))]
    fixed: list[Factor] = [factor for factor in monomial if factor not in moving]
    loops = [factor for factor in moving if degree_outside((factor,)) == 2]
    if loops:
        raise NotDerivableYet("projection: the squared length of what lies outside is not derived yet")
    partners = [next(v for v in _ends(factor) if v.role is not Role.DATA) for factor in moving]
    return [([*fixed, *(Dot.of(Side.OUT, u, v) for u, v in pairing)], number) for pairing in _pairings(partners)]


def _pairings(vectors: list[Vector]) -> list[list[tuple[Vector, Vector]]]:
    if not vectors:
        return [[]]
    first, *rest = vectors
    return [
        [(first, other), *pairing] for n, other in enumerate(rest) for pairing in _pairings([*rest[:n], *rest[n + 1 :]])
    ]
