"""Gram matrices of columns for centres `beta e_i`: contractions over set partitions, with integrals over one variable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from symasym.projection.algebra import Role, Vector
from symasym.projection.columns import Members
from symasym.projection.contractions import Plan, Table, Value, contractions, slotted
from symasym.projection.derivation import FamilyDerivation
from symasym.projection.spectra import sides
from symasym.quadrature.exchangeable import ACCURACY, Tilted

__all__ = ["grams", "regular"]

REGULAR = 1e-12
"""Relative deviation of squared distances that is still read as rounding."""
COARSER = 40.0
"""Accuracy of the rule that the first one is compared with."""


def regular(centres: np.ndarray) -> float | None:
    """`beta` where all distances are `beta sqrt(2)`, so that the centres are `beta e_i` up to a motion; else None."""
    squares = np.sum((centres[:, None] - centres) ** 2, axis=2)[np.triu_indices(len(centres), 1)]
    if not len(squares) or np.ptp(squares) > REGULAR * squares.max():
        return None
    return float(np.sqrt(squares.mean() / 2))


def simplex_members(members: Members, beta: float) -> tuple[Members, np.ndarray]:
    """The members in `K` coordinates in which the centres are `beta e_i`, and the isometry `(K, r)` to them."""
    isometry = (members.centres - members.centres.mean(axis=0)) / beta
    vectors = {name: table @ isometry.T for name, table in members.vectors.items()}
    return replace(members, centres=beta * np.eye(members.count), vectors=vectors), isometry


def grams(derivation: FamilyDerivation, members: Members, beta: float) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """`[F D S]` Gram matrices, inside and outside, by a finer and a coarser rule, in the coordinates of `members`."""
    moved, isometry = simplex_members(members, beta)
    rules = [Tilted(beta, members.count, accuracy) for accuracy in (ACCURACY, COARSER)]
    tables: dict[Table, np.ndarray] = {}
    found = []
    for side in sides(derivation):
        columns = [slotted(column) for column in (*side.features, side.displaced, side.score)]
        plans = [[contractions(u, v) for v in columns[n:]] for n, u in enumerate(columns)]
        rows = [
            [_inward(gram(plan, moved, tables, beta, rules), plan.widths, isometry) for plan in row] for row in plans
        ]
        full = [
            [rows[n][k - n] if k >= n else rows[k][n - k].swapaxes(1, 2) for k in range(len(columns))]
            for n in range(len(columns))
        ]
        found.append(np.concatenate([np.concatenate(row, axis=2) for row in full], axis=1))
    fine, coarse = ([side[n] for side in found] for n in (0, 1))
    return fine, coarse


def gram(
    plan: Plan, members: Members, tables: dict[Table, np.ndarray], beta: float, rules: Sequence[Tilted]
) -> np.ndarray:
    """Mean of the product of two columns by each rule: `(rules, .., ..)`, two axes of length `K` for vectors inside, else one.

    `tables`: those known so far.
    """
    K, (left, right) = members.count, plan.widths
    scale = plan.numbers * float(K) ** plan.counts * beta**plan.powers
    integrals = [np.array([rule.integral(kinds) for kinds in plan.kinds]) for rule in rules]
    coefficients = np.stack([np.bincount(plan.groups, scale * found[plan.integrals]) for found in integrals])
    values = [_value(value, members, tables) for value in plan.values]
    total, first = np.zeros((len(rules), *(K,) * (left + right))), 0
    for block in plan.blocks:
        rows = np.array([values[n].transpose(axes).ravel() for n, axes in block.entries])
        last = first + len(rows)
        view = np.einsum(block.diagonal, total)
        view += (coefficients[:, first:last] @ rows).reshape(-1, *(K if there else 1 for there in block.there))
        first = last
    if plan.symmetric:
        back = (0, *range(left + 1, 2 * left + 1), *range(1, left + 1))
        total = (total + total.transpose(back)) / 2
    return total.reshape(len(rules), K**left, K**right)


def _value(value: Value, members: Members, tables: dict[Table, np.ndarray]) -> np.ndarray:
    if not value.tables:
        return np.ones(())
    return np.asarray(np.einsum(value.subscripts, *(_table(table, members, tables) for table in value.tables)))


def _table(table: Table, members: Members, known: dict[Table, np.ndarray]) -> np.ndarray:
    if table not in known:
        known[table] = _made(table, members)
    return known[table]


def _made(table: Table, members: Members) -> np.ndarray:
    if table.combination:
        parts = [number * _number(name, members) for name, number in table.combination]
        return np.sum(parts, axis=0)
    families = [members.table(Vector(role, name, 0)) for name, role in zip(table.names, table.roles, strict=True)]
    return families[0] if len(families) == 1 else families[0] @ families[1].T


def _number(name: str, members: Members) -> np.ndarray:
    if name in members.numbers:
        return members.numbers[name]
    return np.sum(members.centres * members.table(Vector(Role.KNOWN, name, 0)), axis=1)


def _inward(table: np.ndarray, widths: tuple[int, int], isometry: np.ndarray) -> np.ndarray:
    """From `K` coordinates to the `r` of the span, for vectors inside."""
    K = len(isometry)
    left, right = (np.kron(np.eye(K), isometry) if width == 2 else np.eye(K) for width in widths)
    return np.asarray(left.T @ table @ right)
