"""Gram matrices of columns for centres `beta e_i`: contractions over set partitions, with integrals over one variable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from symasym.projection.algebra import (
    ONE_OVER_COUNT,
    Dot,
    Factor,
    Monomial,
    Number,
    Role,
    Share,
    Side,
    dummies,
    rename,
)
from symasym.projection.columns import Columns, Members
from symasym.projection.derivation import FamilyDerivation
from symasym.projection.spectra import sides
from symasym.quadrature.exchangeable import ACCURACY, Tilted

__all__ = ["grams", "regular"]

REGULAR = 1e-12
"""Relative deviation of squared distances that is still read as rounding."""
COARSER = 36.0
"""Accuracy of the rule that the first one is compared with."""
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def regular(centres: np.ndarray) -> float | None:
    """`beta` where all distances are `beta sqrt(2)`, so that the centres are `beta e_i` up to a motion; else None."""
    squares = np.sum((centres[:, None] - centres) ** 2, axis=2)[np.triu_indices(len(centres), 1)]
    if not len(squares) or np.ptp(squares) > REGULAR * squares.max():
        return None
    return float(np.sqrt(squares.mean() / 2))


def simplex_members(members: Members, beta: float) -> tuple[Members, np.ndarray]:
    """The members in the `K` coordinates in which the centres are `beta (e_i - 1/K)`, and the isometry `(K, r)` to them."""
    isometry = (members.centres - members.centres.mean(axis=0)) / beta
    vectors = {name: table @ isometry.T for name, table in members.vectors.items()}
    return replace(members, centres=members.centres @ isometry.T, vectors=vectors), isometry


@dataclass(frozen=True)
class _Product:
    """Factors of a product of two columns: where shares and coordinates sit, constant tables, and the output's letters."""

    shares: tuple[str, ...]
    coordinates: tuple[str, ...]
    tables: tuple[tuple[str, np.ndarray], ...]
    output: str
    number: float


def grams(derivation: FamilyDerivation, members: Members, beta: float) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """`[F D S]` Gram matrices, inside and outside, by a finer and a coarser rule, in the coordinates of `members`."""
    moved, isometry = simplex_members(members, beta)
    rules = [Tilted(beta, members.count, accuracy) for accuracy in (ACCURACY, COARSER)]
    found = []
    for side in sides(derivation):
        columns = [*side.features, side.displaced, side.score]
        rows = [[_inward(gram(u, v, moved, rules), u, v, isometry) for v in columns[n:]] for n, u in enumerate(columns)]
        full = [
            [rows[n][k - n] if k >= n else rows[k][n - k].swapaxes(1, 2) for k in range(len(columns))]
            for n in range(len(columns))
        ]
        found.append(np.concatenate([np.concatenate(row, axis=2) for row in full], axis=1))
    fine, coarse = ([side[n] for side in found] for n in (0, 1))
    return fine, coarse


def _inward(table: np.ndarray, left: Columns, right: Columns, isometry: np.ndarray) -> np.ndarray:
    """From `K` coordinates to the `r` of the span, for vectors inside."""
    K, r = isometry.shape
    if _wide(left):
        table = np.einsum("bizk,zl->bilk", table.reshape(len(table), K, K, -1), isometry).reshape(len(table), K * r, -1)
    if _wide(right):
        table = np.einsum("bkiz,zl->bkil", table.reshape(*table.shape[:2], K, K), isometry).reshape(
            *table.shape[:2], K * r
        )
    return table


def gram(left: Columns, right: Columns, members: Members, rules: Sequence[Tilted]) -> np.ndarray:
    """Mean of the product of the coefficients of two polynomials by each rule: `(rules, K K, K K)`; `K` for numbers, outside."""
    K, wide = members.count, _wide(left)
    shape = (K,) * (2 if wide else 1) + (K,) * (2 if _wide(right) else 1)
    own, mixed = np.zeros((2, len(rules), *shape))
    terms = list(right.polynomial.terms.items())
    for n, (m, c) in enumerate(left.polynomial.terms.items()):
        for k, (other, e) in enumerate(terms):
            if left is not right or k >= n:
                product = _product(m, left, other, right, members, float(c * e))
                _add(mixed if left is right and k > n else own, product, K, rules)
    half = K ** (2 if wide else 1)
    own, mixed = (array.reshape(len(rules), half, -1) for array in (own, mixed))
    return own + mixed + mixed.swapaxes(1, 2) if left is right else own


def _wide(column: Columns) -> bool:
    """True if the coefficients are those of vectors inside."""
    monomial = next(iter(column.polynomial.terms))
    slot = next(factor for factor in monomial if column.names(factor))
    return isinstance(slot, Dot) and slot.side is Side.IN


def _product(m: Monomial, left: Columns, n: Monomial, right: Columns, members: Members, number: float) -> _Product:
    fresh = iter(LETTERS[16:])
    parts = [
        _one(m, left, members, fresh),
        _one(rename(n, {i: i + 8 for i in dummies(n)}), right, members, fresh),
    ]
    shares = tuple(letter for part in parts for letter in part[0])
    coordinates = tuple(letter for part in parts for letter in part[1])
    tables = tuple(table for part in parts for table in part[2])
    return _Product(shares, coordinates, tables, parts[0][3] + parts[1][3], number)


def _one(
    monomial: Monomial, column: Columns, members: Members, fresh: Iterator[str]
) -> tuple[list[str], list[str], list[tuple[str, np.ndarray]], str]:
    shares, coordinates, tables, output = list[str](), list[str](), list[tuple[str, np.ndarray]](), ""
    for factor in monomial:
        if column.names(factor):
            output, found, table = _slot(factor, column.slot, members, fresh)
        else:
            found, table = _constant(factor, members, fresh)
        if isinstance(factor, Share):
            shares.append(LETTERS[factor.member])
        coordinates += found
        tables += table
    return shares, coordinates, tables, output


Found = tuple[list[str], list[tuple[str, np.ndarray]]]


def _slot(
    factor: Factor, name: str, members: Members, fresh: Iterator[str]
) -> tuple[str, list[str], list[tuple[str, np.ndarray]]]:
    if isinstance(factor, Number):
        return LETTERS[factor.member], [], []
    assert isinstance(factor, Dot)
    own = factor.first if factor.first.name == name else factor.second
    other, member = factor.other(own), LETTERS[own.member]
    if factor.side is Side.OUT:
        return member, [], []
    z = next(fresh)
    if other.role is Role.DATA:
        return member + z, [z], []
    return member + z, [], [(LETTERS[other.member] + z, members.table(other))]


def _constant(factor: Factor, members: Members, fresh: Iterator[str]) -> Found:
    match factor:
        case Share():
            return [], []
        case Number():
            return [], [(LETTERS[factor.member], members.numbers[factor.name])]
        case Dot() if factor.first.role is Role.DATA:
            z = next(fresh)
            return [z], [(LETTERS[factor.second.member] + z, members.table(factor.second))]
        case Dot():
            table = members.table(factor.first) @ members.table(factor.second).T
            i, j = factor.first.member, factor.second.member
            return [], [(LETTERS[i], np.diag(table)) if i == j else (LETTERS[i] + LETTERS[j], table)]
    assert factor == ONE_OVER_COUNT
    return [], [("", np.array(1 / members.count))]


@cache
def partitions(shares: int, coordinates: int) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """Set partitions of the factors, shares first, without those that leave a coordinate alone."""
    return tuple(
        part
        for part in _partitions(tuple(range(shares + coordinates)))
        if all(len(block) > 1 or block[0] < shares for block in part)
    )


def _partitions(items: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
    if not items:
        yield ()
        return
    first, *rest = items
    for part in _partitions(tuple(rest)):
        yield ((first,), *part)
        for n, block in enumerate(part):
            yield (*part[:n], (first, *block), *part[n + 1 :])


def _add(total: np.ndarray, product: _Product, count: int, rules: Sequence[Tilted]) -> None:
    """Add the mean of a product: one contraction for every partition, letters of a part being one letter."""
    letters = (*product.shares, *product.coordinates)
    for partition in partitions(len(product.shares), len(product.coordinates)):
        kinds = [
            (sum(n < len(product.shares) for n in block), sum(n >= len(product.shares) for n in block))
            for block in partition
        ]
        coefficient = product.number * np.array([rule.integral(kinds) for rule in rules])
        _contract(total, _merged([{letters[n] for n in block} for block in partition]), product, coefficient, count)


def _merged(blocks: list[set[str]]) -> dict[str, str]:
    """Representative of each letter; blocks that share a letter are one."""
    groups: list[set[str]] = []
    for block in blocks:
        joined = set(block).union(*(g for g in groups if g & block))
        groups = [g for g in groups if not g & block] + [joined]
    return {letter: min(group) for group in groups for letter in group}


def _contract(total: np.ndarray, to: dict[str, str], product: _Product, coefficient: np.ndarray, count: int) -> None:
    def moved(text: str) -> str:
        return "".join(to.get(letter, letter) for letter in text)

    output, operands = moved(product.output), [(moved(text), table) for text, table in product.tables]
    distinct = "".join(dict.fromkeys(output))
    free = set(product.output) | set(product.shares) | set(product.coordinates)
    used = {letter for text, _ in operands for letter in text}
    lone = {to.get(letter, letter) for letter in free} - used - set(distinct)
    missing = [letter for letter in distinct if letter not in used]
    subscripts = [*(text for text, _ in operands), *missing]
    arrays = [*(table for _, table in operands), *(np.ones(count) for _ in missing)]
    value = (
        np.einsum(",".join(subscripts) + "->" + distinct, *arrays, optimize=len(arrays) > 2) if arrays else np.ones(())
    )
    view = np.einsum(f"Z{output}->Z{distinct}", total)
    view += np.multiply.outer(coefficient * count ** len(lone), value)
