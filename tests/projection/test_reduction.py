"""The algebra of inner products, derivatives, the projection, rules and their agreement."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from mixture_oracle import features, loss, slopes
from scipy.stats import norm

from symasym import catalogue
from symasym.errors import ConditionViolated, NotDerivableYet
from symasym.model import (
    Block,
    FamilyModel,
    Relabelling,
    dims,
    family_mixture,
    inner,
    known_numbers,
    log_mean_exp_over,
    members,
    norm2,
    softmax,
    vector_family,
)
from symasym.projection.algebra import NONE, Dot, Polynomial, Role, Same, Share, Side, Vector
from symasym.projection.columns import Columns, Members
from symasym.projection.derivation import V, W, derive_family
from symasym.projection.exchangeable import regular
from symasym.projection.features import spanned
from symasym.projection.integrate import _exchangeable, _grid, _lattice
from symasym.projection.lower import Lowering
from symasym.projection.reduce import expectation_outside, prove_projection, require_translation
from symasym.projection.separation import separated
from symasym.quadrature import grid, lattice
from symasym.quadrature.exchangeable import Tilted

MODEL = catalogue.load("gmm").definition
DERIVATION = derive_family(MODEL, "gmm")

x = Vector(Role.DATA, "x", NONE)
d, K = dims("d K")
(i,) = members("i")
u, b = vector_family("u", K, d), known_numbers("b", K)
data = family_mixture("x", u)


def vector(name: str, index: int, role: Role = Role.KNOWN) -> Vector:
    return Vector(role, name, index)


def random_members(count: int, r: int, seed: int = 0) -> Members:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((count, r))
    return Members(
        centres - centres.mean(axis=0), {"theta": rng.standard_normal((count, r))}, {"b": rng.standard_normal(count)}
    )


def simplex(count: int, beta: float) -> Members:
    centred = beta * (np.eye(count) - 1 / count)
    rng = np.random.default_rng(count)
    axes = np.linalg.svd(centred)[2][: count - 1]
    return Members(
        centred @ axes.T, {"theta": rng.standard_normal((count, count - 1))}, {"b": rng.standard_normal(count)}
    )


# ---- algebra


def test_shares_sum_to_one_and_dual_vectors_to_zero() -> None:
    w = [Share(1, 0, n) for n in range(3)]
    assert Polynomial.factor(w[0], w[1], w[2]) == Polynomial.number(1)
    pair = Dot.of(Side.IN, vector("g", 0, Role.DUAL), vector("t", 1))
    assert Polynomial.factor(w[1], pair) == Polynomial.number(0)
    assert Polynomial.factor(w[0], w[1], pair).terms  # the same member has a share here


def test_equal_up_to_the_names_of_indices() -> None:
    def product(n: int, k: int) -> Polynomial:
        return Polynomial.factor(Share(1, 0, n), Share(1, 0, k), Dot.of(Side.IN, vector("s", n), vector("t", k)))

    assert product(0, 1) == product(7, 3) == product(1, 0)
    assert product(0, 0) != product(0, 1)
    assert Polynomial.factor(Same(5, 0, 1), Share(1, 0, 0), Share(1, 0, 1)) == Polynomial.factor(*[Share(1, 0, 0)] * 2)


def test_wick_outside() -> None:
    """E <y,a><y,b><y,c><y,e> is the sum over three pairings."""
    names = [vector(name, 0) for name in "abce"]
    found = expectation_outside(Polynomial.factor(*(Dot.of(Side.OUT, x, v) for v in names)))
    assert len(found.terms) == 3 and set(found.terms.values()) == {Fraction(1)}
    odd = Polynomial.factor(Dot.of(Side.OUT, x, names[0]))
    assert not expectation_outside(odd).terms


# ---- derivatives


def test_derivatives_are_those_of_the_definitions() -> None:
    """At random data, inside and outside: complex steps in all dimensions against the polynomials; up to features for `f*`."""
    rng = np.random.default_rng(5)
    count, r, dimension = 3, 2, 4
    here = random_members(count, r, 3)
    U = np.pad(here.centres, ((0, 0), (0, dimension - r)))
    theta = np.column_stack([here.vectors["theta"], rng.standard_normal((count, dimension - r)), here.numbers["b"]])
    points = rng.standard_normal((40, dimension))
    xi, y, shares = points[:, :r], points[:, r:], here.shares(points[:, :r])
    score = slopes(lambda moved: loss(points, moved), U).reshape(-1, count, dimension)
    inside = Columns(DERIVATION.score_inside, V).at(here, xi, shares).reshape(-1, count, r)
    outside = Columns(DERIVATION.score_outside, V).at(here, xi, shares)
    np.testing.assert_allclose(inside, score[..., :r], atol=1e-12)
    np.testing.assert_allclose(outside[..., None] * y[:, None], score[..., r:], atol=1e-12)
    moved = slopes(lambda shifted: features(points, shifted) @ theta.ravel(), U).reshape(-1, count, dimension)
    found = Columns(DERIVATION.outside, V).at(here, xi, shares)
    columns = Columns(DERIVATION.inside, V).at(here, xi, shares).reshape(-1, count, r)
    F = features(points, U)
    for k in range(count):
        rest = moved[:, k, r:] - found[:, [k]] * y
        gone = np.column_stack([moved[:, k, :r] - columns[:, k], rest])
        left = gone - F @ np.linalg.lstsq(F, gone, rcond=None)[0]
        assert np.max(np.abs(left)) < 1e-10


def test_the_hessian_form_has_the_mean_of_the_score_form() -> None:
    """The information equality, which the derivation takes from the loss being a log density; by the grid."""
    rng = np.random.default_rng(2)
    here = random_members(3, 2)
    here = Members(here.centres, {**here.vectors, W: rng.standard_normal((3, 2))}, here.numbers)
    means = []
    for polynomial in (DERIVATION.information, DERIVATION.hessian):
        inside = polynomial.select(lambda m: not any(isinstance(f, Dot) and f.side is Side.OUT for f in m))
        column = Columns(inside, V)
        pieces = grid.pieces(here.centres, grid.steps(here.centres))
        means.append(sum(column.at(here, n, here.shares(n)).T @ w for n, w in pieces))
    np.testing.assert_allclose(means[0], means[1], rtol=1e-10)


# ---- what the reduction asks for


def test_logits_must_be_linear_in_a_projection() -> None:
    for logit in (norm2(data - u[i]) ** 2, norm2(data) * b[i]):
        lowering = Lowering()
        lowering.scalar(softmax(logit, over=i))
        with pytest.raises(NotDerivableYet, match="more than a linear function of the data"):
            prove_projection(lowering.logits)
    lowering = Lowering()
    lowering.scalar(softmax(inner(u[i], data) + b[i], over=i))
    assert prove_projection(lowering.logits) == (0,)


def test_translation_is_proved() -> None:
    lowering = Lowering()
    require_translation(lowering.scalar(norm2(data - u[i])), "loss")
    with pytest.raises(ConditionViolated, match="moved together"):
        require_translation(lowering.scalar(inner(data, u[i])), "loss")


def test_a_loss_that_is_not_the_log_density_is_refused() -> None:
    for scale in (1, 2):
        with pytest.raises(NotDerivableYet, match="minus the log density"):
            derive_family(
                FamilyModel(
                    loss=scale * norm2(data) - log_mean_exp_over(-scale * norm2(data - u[i]) / 2, over=i),
                    parameter=u,
                    symmetry=Relabelling(u),
                    features=[Block(b[i], softmax(-norm2(data - u[i]) / 2, over=i))],
                    input=data,
                )
            )


def test_what_features_span() -> None:
    assert spanned(DERIVATION.blocks) == {(1, 0, 0), (1, 1, 0)}
    assert spanned(DERIVATION.blocks[1:]) == {(1, 0, 0)}


# ---- rules


def test_the_grid_is_exact_for_moments() -> None:
    centres = np.array([[0.0, 0.0], [3.0, 1.0], [-2.0, 5.0]])
    total = sum(
        np.concatenate([[w.sum()], w @ n, (n * w[:, None]).T @ n[:, 0]])
        for n, w in grid.pieces(centres, grid.steps(centres))
    )
    mean, second = centres.mean(axis=0), centres.T @ centres[:, 0] / 3 + [1, 0]
    np.testing.assert_allclose(total, [1, *mean, *second], rtol=1e-11)


def test_normal_quantiles() -> None:
    p = np.concatenate([np.logspace(-12, -0.31, 200), 1 - np.logspace(-9, -0.31, 200)])
    np.testing.assert_allclose(lattice.normal_quantile(p), norm.ppf(p), rtol=1e-13, atol=1e-13)


def test_joint_cumulants_of_the_tilted_law() -> None:
    """The moment of two shares at one member and of two coordinates: the sum over partitions is the grid's mean."""
    beta, count = 1.3, 3
    rule, here = Tilted(beta, count), simplex(count, beta)
    pieces = list(grid.pieces(here.centres, grid.steps(here.centres)))
    expected = sum(w @ here.shares(n)[:, 0] ** 2 for n, w in pieces)
    assert rule.integral([(2, 0)]) + rule.integral([(1, 0), (1, 0)]) == pytest.approx(expected, rel=1e-12)
    crossed = sum(w @ (here.shares(n)[:, 0] * here.shares(n)[:, 1]) for n, w in pieces)
    assert rule.integral([(1, 0), (1, 0)]) == pytest.approx(crossed, rel=1e-12)


@pytest.mark.parametrize(("count", "beta"), [(3, 0.5), (3, 5.0), (4, 1.0)])
def test_the_grid_and_the_integrals_over_one_variable_agree(count: int, beta: float) -> None:
    here = simplex(count, beta)
    assert regular(here.centres) == pytest.approx(beta)
    one, other = _exchangeable(DERIVATION, here, beta, 3), _grid(DERIVATION, here, 3)
    np.testing.assert_allclose(one.spectra.cumulants(3), other.spectra.cumulants(3), rtol=1e-10)
    assert max(*one.errors, *other.errors) < 1e-7


def test_lattices_and_their_error() -> None:
    here = simplex(5, 2.0)
    exact = _exchangeable(DERIVATION, here, 2.0, 3).spectra.cumulants(3)
    found = _lattice(DERIVATION, here, 3)
    assert found.random and found.errors[0] < 3e-3
    assert np.all(np.abs(found.spectra.cumulants(3) - exact) < 4 * np.array(found.errors) * exact)


def test_far_apart() -> None:
    """The relative error is of the order one over the squared distance: 128 here."""
    here = simplex(3, 8.0)
    limit, found = separated(DERIVATION, here), _grid(DERIVATION, here, 1).spectra
    assert found.inside.sum() == pytest.approx(limit.inside, rel=0.03)
    assert found.outside.sum() == pytest.approx(limit.outside, rel=1e-4)
