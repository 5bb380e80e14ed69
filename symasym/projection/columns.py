"""Polynomials in numbers: at nodes `xi`, the coefficients of a direction, or of the coefficients of the features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from symasym.projection.algebra import (
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
)

__all__ = ["Columns", "Members"]

LETTERS = "ijkmpq"


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
        logits = self.centres @ nodes.T - np.sum(self.centres**2, axis=1)[:, None] / 2
        raised = np.exp(logits - logits.max(axis=0))
        return (raised / raised.sum(axis=0)).T


@dataclass(frozen=True)
class Columns:
    """A polynomial linear in `slot`, a direction, known vectors or known numbers, as functions of `xi`: its coefficients.

    For vectors inside there are `K r` of them, for numbers and for vectors outside (the coefficient of `y`) `K`.
    """

    polynomial: Polynomial
    slot: str

    def at(self, members: Members, nodes: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """The coefficients at nodes `(n, r)` with `shares` `(n, K)`: `(n, K r)` or `(n, K)`."""
        return reduce(np.add, self._parts(members, nodes, shares)).reshape(len(nodes), -1)

    def size(self, members: Members, nodes: np.ndarray, shares: np.ndarray) -> float:
        """Largest sum of absolute values of the terms: rounding is relative to it."""
        return float(reduce(np.add, map(np.abs, self._parts(members, nodes, shares))).max())

    def _parts(self, members: Members, nodes: np.ndarray, shares: np.ndarray) -> list[np.ndarray]:
        return [float(c) * self._term(m, members, nodes, shares) for m, c in self.polynomial.terms.items()]

    def _term(self, monomial: Monomial, members: Members, nodes: np.ndarray, shares: np.ndarray) -> np.ndarray:
        (slot,) = (factor for factor in monomial if self.names(factor))
        output, operands = _opened(slot, self.slot, members, nodes)
        for factor in monomial:
            if factor is not slot:
                operands += _operand(factor, members, nodes, shares)
        if not any(output[1] in subscripts for subscripts, _ in operands):
            operands.append((output[1], np.ones(members.count)))
        if not any("n" in subscripts for subscripts, _ in operands):
            operands.append(("n", np.ones(len(nodes))))
        subscripts = ",".join(s for s, _ in operands)
        return np.asarray(np.einsum(f"{subscripts}->{output}", *(array for _, array in operands), optimize="optimal"))

    def names(self, factor: Factor) -> bool:
        """True for the factor that holds the slot."""
        if isinstance(factor, Dot):
            return self.slot in (factor.first.name, factor.second.name)
        return isinstance(factor, Number) and factor.name == self.slot


Operands = list[tuple[str, np.ndarray]]


def _opened(slot: Factor, name: str, members: Members, nodes: np.ndarray) -> tuple[str, Operands]:
    """Subscripts of the output, and what the slot is paired with."""
    if isinstance(slot, Number):
        return f"n{LETTERS[slot.member]}", []
    assert isinstance(slot, Dot)
    own = slot.first if slot.first.name == name else slot.second
    other, letter = slot.other(own), LETTERS[own.member]
    if slot.side is Side.OUT:
        return f"n{letter}", []
    if other.role is Role.DATA:
        return f"n{letter}z", [("nz", nodes)]
    return f"n{letter}z", [(f"{LETTERS[other.member]}z", members.table(other))]


def _operand(factor: Factor, members: Members, nodes: np.ndarray, shares: np.ndarray) -> Operands:
    match factor:
        case Share():
            return [(f"n{LETTERS[factor.member]}", shares)]
        case Number():
            return [(LETTERS[factor.member], members.numbers[factor.name])]
        case Dot():
            first, second = factor.first, factor.second
            if first.role is Role.DATA:
                return [(f"n{LETTERS[second.member]}", nodes @ members.table(second).T)]
            table = members.table(first) @ members.table(second).T
            if first.member == second.member:
                return [(LETTERS[first.member], np.diag(table))]
            return [(LETTERS[first.member] + LETTERS[second.member], table)]
    assert factor == ONE_OVER_COUNT
    return [("", np.array(1 / members.count))]
