"""Polynomials in inner products of family members, softmax shares and numbers; repeated indices are summed over all members.

A monomial is a sorted tuple of factors. An index is a dummy (a number from 0 on, summed), `FREE` (the member that an expression
is about) or `NONE` (a vector without members). Two sums are equal if their monomials are, after the dummies are renamed so that
the monomial reads smallest; `sum_i w_i = 1` and `sum_k g_k = 0` for dual vectors are used on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from itertools import permutations
from typing import NamedTuple, TypeAlias

from symasym.errors import NotDerivableYet

__all__ = [
    "CODIMENSION",
    "FREE",
    "FRESH",
    "NONE",
    "ONE_OVER_COUNT",
    "Constant",
    "Dot",
    "Expansion",
    "Factor",
    "LogMean",
    "Monomial",
    "Number",
    "Polynomial",
    "Role",
    "Same",
    "Share",
    "Side",
    "Vector",
]

FREE, NONE = -2, -1
FRESH = 100
"""Dummies that stand for a sum within the image of one factor count from here."""
LARGEST = 6
"""Dummies in one monomial; their orders are tried one by one."""


class Role(IntEnum):
    """What a vector is."""

    DATA = 0
    PARAMETER = 1
    KNOWN = 2
    DIRECTION = 3
    DUAL = 4


class Side(IntEnum):
    """Where an inner product is taken.

    `FULL`: the whole space; `SPAN`: the span of the centred family, which moves with it; `ACROSS`: its complement; at the true
    value `IN` and `OUT` are the span and its complement, which stand still.
    """

    FULL = 0
    SPAN = 1
    ACROSS = 2
    IN = 3
    OUT = 4


class Vector(NamedTuple):
    """A vector, at an index where it is a member of a family."""

    role: Role
    name: str
    member: int


class Dot(NamedTuple):
    """An inner product; `first <= second`."""

    kind: int
    side: Side
    first: Vector
    second: Vector

    @staticmethod
    def of(side: Side, u: Vector, v: Vector) -> Dot:
        """The inner product of two vectors on a side."""
        return Dot(3, side, *sorted((u, v)))

    def other(self, vector: Vector) -> Vector:
        """What a vector is paired with."""
        return self.second if self.first == vector else self.first


class Share(NamedTuple):
    """`w_i = exp(q_i) / sum_j exp(q_j)` of the softmax with that number."""

    kind: int
    softmax: int
    member: int


class LogMean(NamedTuple):
    """`log((1/K) sum_i exp(q_i))` of the softmax with that number."""

    kind: int
    softmax: int


class Number(NamedTuple):
    """The known number of a member."""

    kind: int
    name: str
    member: int


class Constant(NamedTuple):
    """A number that the sizes determine."""

    kind: int
    name: str


ONE_OVER_COUNT = Constant(4, "1/K")
CODIMENSION = Constant(4, "codimension")
"""Dimension of the complement of the span."""


class Same(NamedTuple):
    """1 if the two members are the same one, else 0; never in a canonical monomial."""

    kind: int
    first: int
    second: int


Factor: TypeAlias = Dot | Share | LogMean | Number | Constant | Same
Monomial: TypeAlias = tuple[Factor, ...]
Expansion: TypeAlias = Sequence[tuple[Sequence[Factor], Fraction | int]]
"""A sum of products whose indices are taken as they are."""


def _indices(factor: Factor) -> tuple[int, ...]:
    match factor:
        case Dot():
            return factor.first.member, factor.second.member
        case Share() | Number():
            return (factor.member,)
        case Same():
            return factor.first, factor.second
    return ()


def _renamed(factor: Factor, to: Mapping[int, int]) -> Factor:
    match factor:
        case Dot():
            moved = [v._replace(member=to.get(v.member, v.member)) for v in (factor.first, factor.second)]
            return Dot.of(factor.side, *moved)
        case Share() | Number():
            return factor._replace(member=to.get(factor.member, factor.member))
        case Same():
            return Same(factor.kind, *(to.get(n, n) for n in factor[1:]))
    return factor


def _order(factor: Factor) -> tuple:
    return (factor.kind, *factor[1:])


def rename(monomial: Iterable[Factor], to: Mapping[int, int]) -> Monomial:
    """The monomial with other indices, sorted."""
    return tuple(sorted((_renamed(factor, to) for factor in monomial), key=_order))


def dummies(monomial: Iterable[Factor]) -> list[int]:
    """Its summed indices."""
    return sorted({n for factor in monomial for n in _indices(factor) if n >= 0})


def _canonical(monomial: Iterable[Factor]) -> Monomial | None:
    """The canonical form; None where the sum over an index vanishes."""
    factors = _identified(list(monomial))
    for n in dummies(factors):
        having = [factor for factor in factors if n in _indices(factor)]
        if len(having) == 1 and isinstance(having[0], Share):
            factors.remove(having[0])
        elif len(having) == 1 and isinstance(having[0], Dot) and _dual_alone(having[0], n):
            return None
    found = dummies(factors)
    if len(found) > LARGEST:
        raise NotDerivableYet(f"projection: a sum over {len(found)} members at once, at most {LARGEST} are derived")
    return min((rename(factors, dict(zip(found, p, strict=True))) for p in permutations(range(len(found)))), key=_key)


def _identified(factors: list[Factor]) -> list[Factor]:
    """Members that are the same one get the same index."""
    while (same := next((factor for factor in factors if isinstance(factor, Same)), None)) is not None:
        factors.remove(same)
        dropped, kept = max(same.first, same.second), min(same.first, same.second)
        factors = [_renamed(factor, {dropped: kept}) for factor in factors]
    return factors


def _dual_alone(dot: Dot, index: int) -> bool:
    at = [v for v in (dot.first, dot.second) if v.member == index]
    return len(at) == 1 and at[0].role is Role.DUAL


def _key(monomial: Monomial) -> tuple:
    return tuple(map(_order, monomial))


@dataclass(frozen=True)
class Polynomial:
    """A sum of monomials with rational coefficients; equal if its terms are."""

    terms: Mapping[Monomial, Fraction]

    @staticmethod
    def of(pairs: Iterable[tuple[Iterable[Factor], Fraction | int]]) -> Polynomial:
        """Gather equal monomials."""
        terms: dict[Monomial, Fraction] = {}
        for factors, number in pairs:
            monomial = _canonical(factors)
            if monomial is not None:
                terms[monomial] = terms.get(monomial, Fraction(0)) + number
        return Polynomial({m: terms[m] for m in sorted(terms, key=_key) if terms[m]})

    @staticmethod
    def factor(*factors: Factor) -> Polynomial:
        """A product of factors."""
        return Polynomial.of([(factors, 1)])

    @staticmethod
    def number(value: Fraction | int) -> Polynomial:
        """A constant."""
        return Polynomial.of([((), Fraction(value))])

    def __add__(self, other: Polynomial) -> Polynomial:
        return Polynomial.of([*self.terms.items(), *other.terms.items()])

    def __sub__(self, other: Polynomial) -> Polynomial:
        return self + other * -1

    def __mul__(self, other: Polynomial | Fraction | int) -> Polynomial:
        """The product; dummies of the two sides are different."""
        if not isinstance(other, Polynomial):
            return Polynomial.of((m, c * other) for m, c in self.terms.items())
        pairs = []
        for left, a in self.terms.items():
            fresh = len(dummies(left))
            for right, b in other.terms.items():
                moved = rename(right, {n: n + fresh for n in dummies(right)})
                pairs.append(((*left, *moved), a * b))
        return Polynomial.of(pairs)

    def at(self, index: int) -> Polynomial:
        """The polynomial with another index in place of `FREE`; unlike a dummy of its own."""
        pairs = []
        for monomial, number in self.terms.items():
            to = {n: n + index + 1 for n in dummies(monomial)} if index >= 0 else {}
            pairs.append((_raw(monomial, {**to, FREE: index}), number))
        return Polynomial.of(pairs)

    def summed(self) -> Polynomial:
        """The sum over the member at `FREE`."""
        return self.at(0)

    def map(self, change: Callable[[Factor], Expansion]) -> Polynomial:
        """Every factor replaced by a sum of products in the same indices; new dummies in it count from `FRESH` on."""
        parts: list[tuple[Monomial, Fraction]] = []
        for monomial, number in self.terms.items():
            product: list[tuple[Monomial, Fraction]] = [((), number)]
            for position, factor in enumerate(monomial, 1):
                images = [(_shifted(m, FRESH * position), c) for m, c in change(factor)]
                product = [((*m, *n), a * b) for m, a in product for n, b in images]
            parts += product
        return Polynomial.of(parts)

    def select(self, keep: Callable[[Monomial], bool]) -> Polynomial:
        """The terms whose monomial is kept."""
        return Polynomial({m: c for m, c in self.terms.items() if keep(m)})


def _raw(monomial: Iterable[Factor], to: Mapping[int, int]) -> Monomial:
    return tuple(_renamed(factor, to) for factor in monomial)


def _shifted(monomial: Iterable[Factor], by: int) -> Monomial:
    """Fresh dummies out of the way of those of other factors."""
    factors = tuple(monomial)
    return _raw(factors, {n: n + by for n in dummies(factors) if n >= FRESH})
