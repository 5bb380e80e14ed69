"""Polynomials in numbers: at nodes `xi`, the coefficients of a direction, or of the coefficients of the features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, reduce
from typing import NamedTuple

import numpy as np

from symasym.errors import NotDerivableYet
from symasym.projection.algebra import (
    NONE,
    ONE_OVER_COUNT,
    Dot,
    Factor,
    Monomial,
    Number,
    Polynomial,
    Role,
    Share,
    Side,
    Vector,
    dummies,
    rename,
)

__all__ = ["Columns", "Members", "Values"]


@dataclass(frozen=True)
class Members:
    """The members at the true value, in coordinates of the span with the origin in it.

    * `centres`: `(K, r)`; `vectors`: what lies inside of known vectors, by name, `(K, r)`; `numbers`: by name, `(K,)`.
    * `duals`: `g_k` with `<g_k, u_j> = delta_kj - 1/K`, `(K, r)`; zeros where nothing lies outside, so that no span moves.
    """

    centres: np.ndarray
    vectors: Mapping[str, np.ndarray]
    numbers: Mapping[str, np.ndarray]
    duals: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        centred = self.centres - self.centres.mean(axis=0)
        object.__setattr__(self, "duals", np.linalg.pinv(centred).T if centred.size else centred)

    @property
    def count(self) -> int:
        """`K`."""
        return len(self.centres)

    def table(self, vector: Vector) -> np.ndarray:
        """The family that a vector belongs to, `(K, r)`."""
        match vector.role:
            case Role.PARAMETER:
                return self.centres
            case Role.DUAL:
                return self.duals
        return self.vectors[vector.name]

    def shares(self, nodes: np.ndarray) -> np.ndarray:
        """`w_i` at nodes `(n, r)`: `(n, K)`."""
        logits = self.centres @ nodes.T
        logits -= np.sum(self.centres**2, axis=1)[:, None] / 2
        logits -= logits.max(axis=0)
        raised = np.exp(logits, out=logits)
        raised /= raised.sum(axis=0)
        return raised.T


@dataclass(frozen=True)
class Columns:
    """A polynomial linear in `slot`, a direction, known vectors or known numbers, as functions of `xi`: its coefficients.

    For vectors inside there are `K r` of them, for numbers and for vectors outside (the coefficient of `y`) `K`.
    """

    polynomial: Polynomial
    slot: str

    def at(self, members: Members, nodes: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """The coefficients at nodes `(n, r)` with `shares` `(n, K)`: `(n, K r)` or `(n, K)`."""
        return self.rows(Values(members, nodes, shares)).T

    def rows(self, values: Values) -> np.ndarray:
        """The same with the nodes last: `(K r, n)` or `(K, n)`."""
        found: dict[Vector | None, np.ndarray] = {}
        for part in self._parts:
            number = part.number * values.product(part.factors, part.own)
            found[part.partner] = found[part.partner] + number if part.partner in found else number
        return reduce(np.add, (_paired(number, partner, values) for partner, number in found.items()))

    def size(self, members: Members, nodes: np.ndarray, shares: np.ndarray) -> float:
        """Largest sum of absolute values of the terms: rounding is relative to it."""
        values = Values(members, nodes, shares)
        terms = [
            np.abs(_paired(part.number * values.product(part.factors, part.own), part.partner, values))
            for part in self._parts
        ]
        return float(reduce(np.add, terms).max())

    @property
    def _parts(self) -> tuple[_Part, ...]:
        return _parts(tuple(self.polynomial.terms.items()), self.slot)

    def names(self, factor: Factor) -> bool:
        """True for the factor that holds the slot."""
        return _names(factor, self.slot)


class _Part(NamedTuple):
    """A term: the factors beside the slot, the slot's member, and the vector that the slot is paired with, if any.

    The vector is the data, or of a family at the slot's own member.
    """

    number: float
    factors: Monomial
    own: int
    partner: Vector | None


def _names(factor: Factor, slot: str) -> bool:
    if isinstance(factor, Dot):
        return slot in (factor.first.name, factor.second.name)
    return isinstance(factor, Number) and factor.name == slot


@cache
def _parts(terms: tuple[tuple[Monomial, Fraction], ...], name: str) -> tuple[_Part, ...]:
    found = []
    for monomial, number in terms:
        (slot,) = (factor for factor in monomial if _names(factor, name))
        rest = tuple(factor for factor in monomial if factor is not slot)
        own, partner = _slot(slot, name)
        found.append(_Part(float(number), rest, own, partner))
    return tuple(found)


def _slot(slot: Factor, name: str) -> tuple[int, Vector | None]:
    if isinstance(slot, Number):
        return slot.member, None
    assert isinstance(slot, Dot)
    own = slot.first if slot.first.name == name else slot.second
    other = slot.other(own)
    if slot.side is Side.OUT:
        return own.member, None
    if other.role is not Role.DATA and other.member != own.member:
        raise NotDerivableYet(
            "projection: a direction is paired with another member's vector, which is not integrated yet"
        )
    return own.member, other._replace(member=NONE)


def _paired(number: np.ndarray, partner: Vector | None, values: Values) -> np.ndarray:
    """Numbers `(K, n)` times what the slot is paired with: `(K, n)` or `(K r, n)`."""
    if partner is None:
        return number
    vectors = values.xi if partner.role is Role.DATA else values.members.table(partner)[:, :, None]
    return (number[:, None, :] * vectors).reshape(-1, number.shape[1])


class Values:
    """Factors at nodes `(n, r)`, each once; products of them summed over all members but one. Nodes are the last axis."""

    def __init__(self, members: Members, nodes: np.ndarray, shares: np.ndarray) -> None:
        self.members, self.xi, self._shares = members, np.ascontiguousarray(nodes.T), np.ascontiguousarray(shares.T)
        self._known: dict[Monomial, np.ndarray] = {}

    def product(self, factors: Monomial, own: int) -> np.ndarray:
        """`(K, n)`, along the member of index `own`; other indices are summed over, one after another."""
        left = list(factors)
        value = np.ones((1, self.xi.shape[1]))
        for index in dummies(factors):
            if index != own:
                there = [factor for factor in left if index in dummies((factor,))]
                left = [factor for factor in left if factor not in there]
                value = value * self._summed(there, index, own)
        return value * self._along(left)

    def _summed(self, factors: list[Factor], index: int, own: int) -> np.ndarray:
        """Over the members at an index: `(1, n)`, or `(K, n)` where one factor is about the member `own` as well."""
        alone = [factor for factor in factors if dummies((factor,)) == [index]]
        both = [factor for factor in factors if factor not in alone]
        if not both:
            key = rename(alone, {index: 0})
            if key not in self._known:
                self._known[key] = self._along(alone).sum(axis=0, keepdims=True)
            return self._known[key]
        if len(both) > 1 or dummies(both) != sorted((index, own)):
            raise NotDerivableYet("projection: a chain of inner products of members is not integrated yet")
        (pair,) = both
        assert isinstance(pair, Dot)
        table = self.members.table(pair.first) @ self.members.table(pair.second).T
        return np.asarray((table.T if pair.first.member == index else table) @ self._along(alone))

    def _along(self, factors: list[Factor]) -> np.ndarray:
        """The product of factors about one member, `(K, n)` or `(K, 1)`."""
        return reduce(np.multiply, map(self._factor, factors), np.ones((self.members.count, 1)))

    def _factor(self, factor: Factor) -> np.ndarray:
        match factor:
            case Share():
                return self._shares
            case Number():
                return self.members.numbers[factor.name][:, None]
            case Dot():
                key = rename((factor,), dict.fromkeys(dummies((factor,)), 0))
                if key not in self._known:
                    self._known[key] = self._inner(factor)
                return self._known[key]
        assert factor == ONE_OVER_COUNT
        return np.full((1, 1), 1 / self.members.count)

    def _inner(self, dot: Dot) -> np.ndarray:
        second = self.members.table(dot.second)
        if dot.first.role is Role.DATA:
            return np.asarray(second @ self.xi)
        return np.sum(self.members.table(dot.first) * second, axis=1)[:, None]
