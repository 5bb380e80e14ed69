"""What the constants tend to as the members move apart.

Within a class the shares become indicators: the outside constant tends to that of polynomials of Gaussian vectors, up to terms of
the order `exp(-D^2 / 8)` in the smallest distance `D`. Inside, indicators leave functions that are affine, hence features, so
that the constant vanishes; what remains lives where two shares meet, on the hyperplane in the middle of two members, across which
`w_i w_j` is `sech^2(D t / 2) / 4`:

    c_in ~ sum_{i<j} sqrt(2 pi) exp(-D_ij^2 / 8) / D_ij  E |d_ij(m_ij + n)|^2,

`d_ij` the displaced target's coefficients with equal shares of the two, less their mean with one alone, which is affine; `m_ij`
the middle, `n` standard Gaussian in the hyperplane. Pairs with a third member nearer to their middle are exponentially smaller
still; the relative error is of the order `1 / D^2`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from symasym.projection.columns import Columns, Members
from symasym.projection.derivation import FamilyDerivation, V

__all__ = ["Separated", "separated"]

ORDER = 4
"""Nodes of a Gauss-Hermite rule that is exact for the degrees that occur, up to 7."""


@dataclass(frozen=True)
class Separated:
    """Leading term of the inside constant, and the limit of the outside constant, for members far apart."""

    inside: float
    outside: float

    def mean(self, codimension: int) -> float:
        """`E||L(Z)||^2`, to leading order."""
        return self.inside + codimension * self.outside


def separated(derivation: FamilyDerivation, members: Members) -> Separated:
    """Both constants; costs `4^(r - 1)` nodes for every pair."""
    inside, outside = Columns(derivation.inside, V), Columns(derivation.outside, V)
    score = Columns(derivation.score_outside, V)
    meeting = sum(_meeting(inside, members, i, j) for i, j in combinations(range(members.count), 2))
    displaced, information = (np.zeros((members.count,) * 2) for _ in range(2))
    nodes, weights = _gauss(members.centres.shape[1])
    for member, centre in enumerate(members.centres):
        D, S = (_at(column, members, nodes + centre, [member]) for column in (outside, score))
        displaced += (D.T * weights) @ D / members.count
        information += (S.T * weights) @ S / members.count
    return Separated(float(meeting), float(np.trace(np.linalg.solve(information, displaced))))


def _gauss(dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights for means over a standard Gaussian vector."""
    points, mass = np.polynomial.hermite_e.hermegauss(ORDER)
    nodes = np.array(list(product(points, repeat=dimension))).reshape(-1, dimension)
    weights = np.array([np.prod(chosen) for chosen in product(mass / mass.sum(), repeat=dimension)])
    return nodes, weights


def _meeting(inside: Columns, members: Members, i: int, j: int) -> float:
    """Where the shares of two members meet."""
    gap = members.centres[i] - members.centres[j]
    distance = float(np.linalg.norm(gap))
    plane = np.linalg.svd(gap[None])[2][1:]
    standard, weights = _gauss(len(plane))
    nodes = (members.centres[i] + members.centres[j]) / 2 + standard @ plane
    D = _at(inside, members, nodes, [i, j]) - (_at(inside, members, nodes, [i]) + _at(inside, members, nodes, [j])) / 2
    height = np.sqrt(2 * np.pi) * np.exp(-(distance**2) / 8) / distance
    return float(height * weights @ np.sum(D**2, axis=1))


def _at(columns: Columns, members: Members, nodes: np.ndarray, chosen: list[int]) -> np.ndarray:
    """Coefficients with equal shares of the chosen members."""
    shares = np.zeros((len(nodes), members.count))
    shares[:, chosen] = 1 / len(chosen)
    return columns.at(members, nodes, shares)
