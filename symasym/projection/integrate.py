"""Which rule: a grid in one to three dimensions, integrals over one variable for centres `beta e_i`, lattices beyond."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from symasym.projection.columns import Members
from symasym.projection.derivation import FamilyDerivation
from symasym.projection.exchangeable import grams, regular
from symasym.projection.spectra import Framed, Spectra, spectra
from symasym.quadrature import exchangeable, grid, lattice

__all__ = ["Integrated", "integrate"]

NODES = 9e6
"""A grid with more nodes gives way to lattices."""
COARSE = 2.2
"""How much longer the steps of the grid are that makes the frame."""
COMPARED = {1: (0.6, 0.75), 2: (0.8, 1.0), 3: (0.8, 0.9)}
"""The steps of the grid that is used, and of the one that its accuracy is judged by, in `r` dimensions."""
NEARER = 0.4
"""How much nearer to the centres the second one ends; what it leaves out is 30 times as much."""
LESS = 1.6
"""How much less far the nodes between two of four centres reach: what lives there is exponentially small, and has nine digits."""
DIGITS = 1e-8
"""Relative error of integrals over one variable beyond which a grid in three dimensions is taken: where the mean is exponentially
small, their rounding, relative to numbers of order one, is not."""
SHIFTS = 16
LATTICES = (1 << 11, 1 << 13, 1 << 15, 1 << 17)
LATTICES_BETWEEN = (1 << 9, 1 << 11, 1 << 13, 1 << 14)
"""Points around each centre, alone and with points around the middles of two."""
APART = 2.0
"""Distance of all centres beyond which there are points between them, where plain lattices would miss what lives there."""
TARGET = 1e-3
"""Relative standard error at which no larger lattice is tried."""
SEED = 20261121


@dataclass(frozen=True)
class Integrated:
    """Weights, the rule that gave them, and its relative error in mean and variance of `||L(Z)||^2`.

    `errors`: for a grid and for integrals over one variable the difference to a coarser rule, which bounds the error by far; for
    lattices, where `random` is true, standard errors by the jackknife over random shifts.
    """

    spectra: Spectra
    rule: str
    errors: tuple[float, float]
    random: bool = False


def integrate(derivation: FamilyDerivation, members: Members, codimension: int) -> Integrated:
    """The weights for `d - r = codimension`, which costs nothing. Deterministic: shifts of lattices have a fixed seed."""
    r, beta = members.centres.shape[1], regular(members.centres)
    if r > 2 and r == members.count - 1 and beta is not None and beta <= exchangeable.LARGEST:
        found = _exchangeable(derivation, members, beta, codimension)
        if r > 3 or max(found.errors) <= DIGITS:
            return found
    if r <= 3 and grid.count(members.centres, grid.steps(members.centres)) <= NODES:
        return _grid(derivation, members, codimension)
    return _lattice(derivation, members, codimension)


def _compared(rule: str, fine: Spectra, coarse: Spectra, codimension: int) -> Integrated:
    """Every weight's own difference counts, so that none makes up for another."""
    here, errors = fine.cumulants(codimension), np.zeros(2)
    for ours, theirs, times in ((fine.inside, coarse.inside, 1), (fine.outside, coarse.outside, codimension)):
        errors += times * np.array([np.abs(ours - theirs).sum(), 2 * np.abs(ours**2 - theirs**2).sum()])
    errors /= np.where(here > 0, here, 1.0)
    return Integrated(fine, rule, (float(errors[0]), float(errors[1])))


def _exchangeable(derivation: FamilyDerivation, members: Members, beta: float, codimension: int) -> Integrated:
    fine, coarse = (spectra(found, members) for found in grams(derivation, members, beta))
    return _compared("integrals over one variable", fine, coarse, codimension)


def _grid(derivation: FamilyDerivation, members: Members, codimension: int) -> Integrated:
    centres = members.centres
    # all digits of a mean that is exponentially small, where they cost nothing
    low = centres.shape[1] < 3 and grid.count(centres, grid.steps(centres, small=True)) <= NODES

    def pieces(coarser: float, reach: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return grid.pieces(centres, grid.steps(centres, coarser, low), reach, reach if low else reach - LESS)

    framed = Framed(derivation, members, pieces(COARSE, grid.REACH - NEARER), codimension > 0)
    fine, coarse = (
        framed.spectra(framed.grams(pieces(coarser, reach)))
        for coarser, reach in zip(COMPARED[centres.shape[1]], (grid.REACH, grid.REACH - NEARER), strict=True)
    )
    return _compared(f"trapezoidal rule in {centres.shape[1]} dimensions", fine, coarse, codimension)


def _lattice(derivation: FamilyDerivation, members: Members, codimension: int) -> Integrated:
    centres, found = members.centres, None
    between = bool(np.min([np.linalg.norm(u - v) for u, v in combinations(centres, 2)]) > APART)
    for size in LATTICES_BETWEEN if between else LATTICES:
        found = _shifted(derivation, members, codimension, size, between)
        if found.errors[0] <= TARGET:
            break
    assert found is not None
    return found


def _shifted(derivation: FamilyDerivation, members: Members, codimension: int, size: int, between: bool) -> Integrated:
    """The jackknife over shifts, which takes off the bias of an inverse that was itself integrated, to first order."""
    rng, r = np.random.default_rng(SEED), members.centres.shape[1]
    shifts = rng.random((SHIFTS, r))

    def pieces(points: int, shift: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return lattice.pieces(members.centres, points, shift, between)

    framed = Framed(derivation, members, pieces(min(size, LATTICES[0]), shifts[0]), codimension > 0)
    found = [framed.grams(pieces(size, shift)) for shift in shifts]
    total = [np.sum(parts, axis=0) for parts in zip(*found, strict=True)]
    whole = framed.spectra([part / SHIFTS for part in total])
    left = [framed.spectra([(a - b) / (SHIFTS - 1) for a, b in zip(total, one, strict=True)]) for one in found]
    spectra_ = Spectra(*(SHIFTS * w - (SHIFTS - 1) * np.mean(parts, axis=0) for w, parts in _pairs(whole, left)))
    values = np.array([one.cumulants(codimension) for one in left])
    errors = np.sqrt((SHIFTS - 1) * values.var(axis=0)) / whole.cumulants(codimension)
    around = "each centre and each middle of two" if between else "each centre"
    return Integrated(
        Spectra(np.maximum(spectra_.inside, 0), np.maximum(spectra_.outside, 0)),
        f"{SHIFTS} shifted lattices of {size} points around {around}, in {r} dimensions",
        (float(errors[0]), float(errors[1])),
        random=True,
    )


def _pairs(whole: Spectra, left: list[Spectra]) -> list[tuple[np.ndarray, list[np.ndarray]]]:
    return [(whole.inside, [one.inside for one in left]), (whole.outside, [one.outside for one in left])]
