"""What of the displaced target lies in the span of the features, by what of the data each term sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from symasym.projection.algebra import Dot, Monomial, Polynomial, Role, Share, Side

__all__ = ["Signature", "outside_span", "signature", "spanned"]

Signature: TypeAlias = tuple[int, int, int]
"""How many shares a monomial has, and its degrees in what of the data lies inside and outside."""


def signature(monomial: Monomial) -> Signature:
    """Shares, degree in `xi`, degree in `y`."""
    dots = [factor for factor in monomial if isinstance(factor, Dot)]
    inside, outside = (
        sum((d.first.role is Role.DATA) + (d.second.role is Role.DATA) for d in dots if d.side is side)
        for side in (Side.IN, Side.OUT)
    )
    return sum(isinstance(factor, Share) for factor in monomial), inside, outside


def spanned(blocks: Sequence[Polynomial]) -> frozenset[Signature]:
    """Signatures all of whose functions are in the span of the features, whatever the constants in them.

    A block is `sum_i <c_i, value_i>` with arbitrary coefficients `c_i`. One of its terms with one share at most spans all
    functions of its signature if the other terms are spanned already: `sum_i w_i b_i` all multiples of shares; then `sum_i
    w_i <xi, theta_i> - sum_i w_i <u_i, theta_i>` all `sum_i w_i <xi, t_i>`. With two shares the coefficients would belong to
    one of them alone.
    """
    known: set[Signature] = set()
    while True:
        new = {
            found
            for block in blocks
            for found in map(signature, block.terms)
            if found[0] == 1 and all(signature(m) in known or signature(m) == found for m in block.terms)
        }
        if new <= known:
            return frozenset(known)
        known |= new


def outside_span(polynomial: Polynomial, known: frozenset[Signature]) -> Polynomial:
    """The terms that are not in the span by their signature alone; what is left may still have a part in it."""
    return polynomial.select(lambda monomial: signature(monomial) not in known)
