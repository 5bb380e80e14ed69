"""The digits of the mixture's constants: against definitions in high precision, finer rules in other coordinates, other rules."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from mpmath import mp, mpf
from test_mixture import law
from test_reduction import DERIVATION, random_members, simplex

from symasym.benchmarks import mixtures, published
from symasym.projection.columns import Members
from symasym.projection.integrate import _exchangeable, _grid, integrate
from symasym.projection.spectra import Framed, Spectra
from symasym.quadrature import grid

DIGITS = 40
SMALL = mpf(10) ** -12
"""Of a central difference, whose error is its square."""


def target(x: list, u: list, theta: list, b: list):
    """`f*` for two centres in the plane, from its definition."""
    across = [u[0][n] - u[1][n] for n in (0, 1)]
    length = mp.sqrt(across[0] ** 2 + across[1] ** 2)
    inside = [sum((x[n] - centre[n]) * across[n] for n in (0, 1)) / length for centre in u]
    raised = [mp.exp(-(value**2) / 2) for value in inside]
    values = [inside[i] * sum(theta[i][n] * across[n] for n in (0, 1)) / length + b[i] for i in (0, 1)]
    return sum(p * f for p, f in zip(raised, values, strict=True)) / sum(raised)


def slope(x: list, u: list, theta: list, b: list, i: int, n: int):
    """Its derivative along the coordinate `n` of the centre `i`."""
    moved = [
        [[c + sign * SMALL * ((k, m) == (i, n)) for m, c in enumerate(row)] for k, row in enumerate(u)]
        for sign in (1, -1)
    ]
    return (target(x, moved[0], theta, b) - target(x, moved[1], theta, b)) / (2 * SMALL)


def two_centres(distance: float, theta: list[float], b: list[float]) -> tuple[float, float]:
    """Inside, and outside for one dimension: a trapezoidal rule along the line of the centres, the plane's other axis linear."""
    with mp.workdps(DIGITS):
        half, across = mpf(distance) / 2, [[mpf(t), mpf(0)] for t in theta]
        u, step, reach = [[-half, mpf(0)], [half, mpf(0)]], min(mpf(1) / 5, mpf(2) / 5 / mpf(distance)), half + 10
        left, right, outer, shares = mp.zeros(6), mp.zeros(2), mp.zeros(2), mp.zeros(2)
        for k in range(int(-reach / step), int(reach / step) + 1):
            xi = k * step
            density = [mp.npdf(xi, mu[0], 1) for mu in u]
            weight = step * sum(density) / 2
            pi = [value / sum(density) for value in density]
            F = [pi[0], pi[1], pi[0] * xi, pi[1] * xi]
            D = [slope([xi, mpf(0)], u, across, b, i, 0) for i in (0, 1)]
            Y = [slope([xi, mpf(1)], u, across, b, i, 1) - slope([xi, mpf(0)], u, across, b, i, 1) for i in (0, 1)]
            S = [pi[i] * (xi - u[i][0]) for i in (0, 1)]
            for matrix, row in ((left, F + D), (right, S), (outer, Y), (shares, pi)):
                for m, n in product(range(len(row)), repeat=2):
                    matrix[m, n] += weight * row[m] * row[n]
        FF, FD, DD = left[:4, :4], left[:4, 4:], left[4:, 4:]
        inside = (DD - FD.T * (mp.inverse(FF) * FD)) * mp.inverse(right)
        outside = outer * mp.inverse(shares)
        return float(inside[0, 0] + inside[1, 1]), float(outside[0, 0] + outside[1, 1])


@pytest.mark.parametrize(
    ("distance", "theta", "b"),
    [
        (0.5, [1.0, -0.4], [0.3, 0.8]),
        (3.0, [1.0, -0.4], [0.3, 0.8]),
        (8.0, [0.7, 0.2], [-1.0, 0.5]),
        (12.0, [0.0, 0.0], [1.0, -0.5]),  # both constants vanish with the distance: they keep their digits
    ],
)
def test_two_centres_against_the_definitions_in_high_precision(distance: float, theta: list, b: list) -> None:
    found = law([[-distance / 2], [distance / 2]], np.column_stack([theta, b]), ambient=4).remarks["integrals"]
    inside, outside = two_centres(distance, theta, b)
    assert found["mean"]["inside"] == pytest.approx(inside, rel=1e-10)
    assert found["mean"]["outside_per_dimension"] == pytest.approx(outside, rel=1e-10)
    assert max(found["error"][name] for name in ("mean", "variance")) < 1e-10


def finer(here: Members, share: float) -> Spectra:
    """Steps that much shorter, nodes further out, other axes."""
    r = here.centres.shape[1]
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((r, r)))[0]
    turned = Members(here.centres @ turn, {"theta": here.vectors["theta"] @ turn}, here.numbers)

    def pieces(coarser: float):
        return grid.pieces(turned.centres, grid.steps(turned.centres, coarser, True), grid.REACH + 0.6, grid.REACH)

    framed = Framed(DERIVATION, turned, pieces(2.0))
    return framed.spectra(framed.grams(pieces(share)))


@pytest.mark.parametrize(("count", "size", "share"), [(3, 1.0, 0.6), (3, 4.0, 0.6), (4, 1.0, 0.75)])
def test_general_centres_against_a_finer_rule_in_other_coordinates(count: int, size: float, share: float) -> None:
    """The stated error bounds the true one, and is below ten digits."""
    here = random_members(count, count - 1, seed=5)
    here = Members(size * here.centres, here.vectors, here.numbers)
    found, expected = integrate(DERIVATION, here, 4), finer(here, share).cumulants(4)
    true = np.abs(found.spectra.cumulants(4) / expected - 1)
    assert np.all(true < np.array(found.errors) + 1e-13)
    assert max(found.errors) < 1e-10


def test_what_vanishes_between_three_centres_far_apart_keeps_its_digits() -> None:
    """Inside, `1e-9` of the whole: the rule's nodes reach along the planes between the centres."""
    here = simplex(3, 8.0)
    found, expected = _grid(DERIVATION, here, 1).spectra.inside.sum(), finer(here, 0.7).inside.sum()
    assert found == pytest.approx(expected, rel=1e-10)


def test_five_centres_against_a_rule_in_four_dimensions() -> None:
    """No code in common but the columns; the coarse rule in four dimensions is good to some 1e-7."""
    here = simplex(5, 0.8)
    found = _exchangeable(DERIVATION, here, 0.8, 3)
    pieces = list(grid.pieces(here.centres, np.full(4, 0.6), 6.2))
    framed = Framed(DERIVATION, here, pieces)
    expected = framed.spectra(framed.grams(pieces)).cumulants(3)
    np.testing.assert_allclose(found.spectra.cumulants(3), expected, rtol=1e-6)
    assert max(found.errors) < 1e-12


@pytest.mark.parametrize(("count", "beta"), [(5, 0.5), (5, 10.0), (8, 4.0)])
def test_the_integrals_over_one_variable_have_eight_digits(count: int, beta: float) -> None:
    """Relative to the larger part of the sum, with a target whose part outside does not vanish."""
    assert max(_exchangeable(DERIVATION, simplex(count, beta), beta, 3).errors) < 1e-8


def test_the_rival_of_the_benchmark_estimates_the_law() -> None:
    """Its algebra and its derivatives by hand, with the bias of an inverse of 60 dimensions from 16000 samples left in."""
    centres, theta = published.point(3, 20, 2.0, 10.0)
    exact = float(law(centres, theta).numeric.interaction_cumulant(1))
    found = [mixtures._sampled(centres, theta, seed) for seed in range(4)]
    assert np.mean(found) == pytest.approx(exact * (1 + 60 / mixtures.SAMPLES), rel=0.03)
