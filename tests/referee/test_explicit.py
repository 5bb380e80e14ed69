"""The referee against textbooks, identities and a few lines of NumPy, without the derivation engine."""

import ast
import random
import runpy
from fractions import Fraction as F
from functools import cache
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pytest
import sympy

import symasym.referee
from symasym.errors import ConditionViolated, InputError, NotDerivableYet
from symasym.model import (
    LeastSquares,
    Model,
    constant,
    covariance,
    dims,
    eye,
    gaussian,
    inner,
    joint,
    logdet,
    norm2,
    parameter,
    quad,
    scalar,
    tr,
    trivial,
)
from symasym.referee import explicit
from symasym.referee.linear_algebra import identity, inverse, kernel, pseudoinverse, rank, zeros
from symasym.referee.moments import Moments

DERIVATIONS = Path(__file__).parents[2] / "derivations"


# --- Exact rational helpers ---------------------------------------------------------------------------------


def exact(rows):
    return np.array([[F(entry) for entry in row] for row in rows], dtype=object)


def diagonal(*entries):
    return exact(np.diag(np.array(entries, dtype=object)))


def draw(rng, *shape):
    entries = [F(rng.randint(-4, 4), rng.randint(1, 3)) for _ in range(int(np.prod(shape)))]
    return np.array(entries, dtype=object).reshape(shape)


def positive(rng, n):
    m = draw(rng, n, n)
    return m @ m.T + identity(n)


def cayley(rng, n):
    """A rational rotation: `(I - X)(I + X)^{-1}` with `X` antisymmetric."""
    m = draw(rng, n, n)
    x = m - m.T
    return (identity(n) - x) @ inverse(identity(n) + x, "I + X")


def is_zero(array):
    return all(entry == 0 for entry in np.asarray(array).flat)


@cache
def load(name):
    return runpy.run_path(str(DERIVATIONS / f"{name}.py"))


def sizes(space, d, k):
    return {space["d"]: d, space["k"]: k}


def sigma_down(space):
    return space["model"].downstream.x.cov


# --- The three models: values at a point, how a frame or a group element moves them -------------------------


def spectral_values(space, sigma, plus, a, theta, down):
    return {
        space["A"]: a,
        space["Sigma"]: sigma,
        space["Sigma_plus"]: plus,
        space["target"]: a.T @ theta,
        sigma_down(space): down,
        space["K"]: 1,
    }


def spectral_aligned(roots, k, theta, down):
    """`Sigma = I`, `Sigma_plus = diag(roots^2)`, `A` rectangular diagonal with the first `k` roots."""
    space = load("spectral")
    plus = diagonal(*(F(r) ** 2 for r in roots))
    return space, spectral_values(space, identity(len(roots)), plus, diagonal(*roots)[:k], theta, down)


def factor_values(space, a, beta, noise, down):
    values = {space["A"]: a, space["beta"]: beta, space["sigma_nu2"]: noise, space["noise"]: 1}
    return values | {sigma_down(space): down}


RHO = F(2)
"""`E rho^2 = (nu - 2) / (nu - 4)` at the degrees of freedom 6 of the autoencoder's data."""


def autoencoder_values(space, sigma, a, b, theta, down):
    return {
        space["A"]: a,
        space["B"]: b,
        space["Sigma"]: sigma,
        space["target"]: a.T @ theta,
        sigma_down(space): down,
        space["nu"]: 6,
    }


def autoencoder_aligned(eigenvalues, k, theta, down):
    space = load("linear_autoencoder")
    a = identity(len(eigenvalues))[:k]
    return space, autoencoder_values(space, diagonal(*eigenvalues), a, a.T, theta, down)


def all_traces(result, up_to):
    return [result.traces(r) for r in range(1, up_to + 1)]


# --- Moments ------------------------------------------------------------------------------------------------


def test_moments_of_one_variable():
    standard = Moments(exact([[0]])[0], exact([[1]]))
    assert [standard.of((n,)) for n in range(9)] == [1, 0, 1, 0, 3, 0, 15, 0, 105]


def test_moments_of_two_variables():
    a, b, c = F(2), F(1, 3), F(5)
    pair = Moments(exact([[0, 0]])[0], exact([[a, b], [b, c]]))
    assert pair.of((1, 1)) == b
    assert pair.of((2, 2)) == a * c + 2 * b**2
    assert pair.of((3, 1)) == 3 * a * b
    assert pair.of((3, 3)) == 9 * a * b * c + 6 * b**3
    assert pair.of((4, 4)) == 9 * a**2 * c**2 + 72 * a * c * b**2 + 24 * b**4
    assert pair.of((2, 1)) == 0


def test_moments_with_means():
    mu, v = F(2, 3), F(5, 7)
    shifted = Moments(exact([[mu]])[0], exact([[v]]))
    assert shifted.of((3,)) == mu**3 + 3 * mu * v
    assert shifted.of((4,)) == mu**4 + 6 * mu**2 * v + 3 * v**2
    m, n, c = F(1, 2), F(-3), F(1, 5)
    pair = Moments(exact([[m, n]])[0], exact([[1, c], [c, 2]]))
    # E[x^2 y^2] = (m^2 + 1)(n^2 + 2) + 4 m n c + 2 c^2
    assert pair.of((2, 2)) == (m**2 + 1) * (n**2 + 2) + 4 * m * n * c + 2 * c**2


def test_moments_do_not_depend_on_the_basis():
    """`E (u.x)^8 = 105 (u^T C u)^4`, expanded monomial by monomial."""
    rng = random.Random(11)
    c, u = positive(rng, 3), draw(rng, 3)
    ring = sympy.polys.rings.PolyRing("x0 x1 x2", sympy.QQ)
    form = ring.zero
    for generator, weight in zip(ring.gens, u, strict=True):
        form += generator * sympy.QQ(weight.numerator, weight.denominator)
    assert Moments(zeros(1, 3)[0], c).expect(form**8) == 105 * (u @ c @ u) ** 4
    assert Moments(zeros(1, 3)[0], c).gram([form**4, form**3])[0, 0] == 105 * (u @ c @ u) ** 4


# --- Linear algebra -----------------------------------------------------------------------------------------


def test_pseudoinverse_satisfies_the_penrose_equations():
    rng = random.Random(5)
    half = draw(rng, 5, 3)
    m = half @ half.T
    p = pseudoinverse(m)
    assert rank(m) == 3
    assert is_zero(m @ kernel(m).T) and len(kernel(m)) == 2
    assert is_zero(m @ p @ m - m) and is_zero(p @ m @ p - p)
    assert is_zero(m @ p - (m @ p).T) and is_zero(p - p.T)


# --- Linear autoencoder: classical constants ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("lam", "k"),
    [([5, 3, F(3, 2), 1], 2), ([4, 3, 2, F(1, 2)], 3), ([F(7, 2), 2, 1], 1)],
)
def test_autoencoder_has_the_eigenvector_constants(lam, k):
    """Anderson (1963): the top `k` span turns by `E_ia` of variance `lam_i lam_a / (lam_i - lam_a)^2`.

    The kernel of `h` is `A -> X A, B -> -B X`, which moves only `A_ij` and `B_ji` with `i, j <= k`; so the
    horizontal displacement of `A_ia`, `a > k`, is that of the row space, and the columns of `B` turn along.
    """
    d, lam = len(lam), [F(x) for x in lam]
    down, theta = (
        diagonal(*(F(n, 2) for n in range(1, d + 1))),
        np.array([F(n + 1, 3) for n in range(k)], dtype=object),
    )
    space, values = autoencoder_aligned(lam, k, theta, down)
    result = explicit(space["model"], sizes(space, d, k), values)
    assert is_zero(result.gradient)
    assert result.vertical.shape == (k**2, 2 * d * k)
    assert is_zero(result.score @ result.vertical.T) and is_zero(result.L @ result.vertical.T)

    at = {coordinate: c for c, coordinate in enumerate(result.coordinates)}
    turns = [at["A", i, a] for i in range(k) for a in range(k, d)]
    mates = [at["B", a, i] for i in range(k) for a in range(k, d)]
    constants = [RHO * lam[i] * lam[a] / (lam[i] - lam[a]) ** 2 for i in range(k) for a in range(k, d)]
    v = result.covariance
    assert is_zero(v[np.ix_(turns, turns)] - diagonal(*constants))
    assert is_zero(v[np.ix_(mates, mates)] - diagonal(*constants))
    assert is_zero(v[np.ix_(turns, mates)] - diagonal(*constants))

    pairs = [(i, a) for i in range(k) for a in range(k, d)]
    assert result.excess_loss_mean == RHO * sum(lam[i] * lam[a] / (lam[i] - lam[a]) for i, a in pairs)
    weights = [
        RHO * down[a, a] * sum(theta[i] ** 2 * lam[i] * lam[a] / (lam[i] - lam[a]) ** 2 for i in range(k))
        for a in range(k, d)
    ]
    assert all_traces(result, 3) == [sum(w**r for w in weights) for r in (1, 2, 3)]
    assert list(result.theta) == list(theta)
    assert (result.d_eff, result.d_base) == (k, k + (d - k))


# --- Derivatives against a population loss written down by hand ---------------------------------------------


def spectral_loss(a, sigma, plus):
    gram = a.T @ a
    return -2 * (gram @ plus).trace() + (gram @ sigma @ gram @ sigma).trace()


def autoencoder_loss(a, b, sigma):
    rest = identity(len(sigma)) - b @ a
    return (rest @ sigma @ rest.T).trace()


FIRST = {-2: F(1, 12), -1: F(-8, 12), 1: F(8, 12), 2: F(-1, 12)}
SECOND = {-2: F(-1, 12), -1: F(16, 12), 0: F(-30, 12), 1: F(16, 12), 2: F(-1, 12)}


def difference(f, stencil, u):
    """Five-point rules, exact for polynomials of degree at most four."""
    return sum(weight * f(step * u) for step, weight in stencil.items())


def check_derivatives(result, f):
    n = len(result.coordinates)
    units = identity(n)
    assert list(result.gradient) == [difference(f, FIRST, units[c]) for c in range(n)]
    for c, other in combinations_with_replacement(range(n), 2):
        plus, minus = (difference(f, SECOND, units[c] + sign * units[other]) for sign in (1, -1))
        assert result.hessian[c, other] == result.hessian[other, c] == (plus - minus) / 4


def test_spectral_derivatives_at_any_point():
    rng, (d, k) = random.Random(21), (3, 2)
    space, sigma, a = load("spectral"), positive(rng, d), draw(rng, k, d)
    plus = draw(rng, d, d)
    plus = plus + plus.T
    values = spectral_values(space, sigma, plus, a, draw(rng, k), positive(rng, d))
    result = explicit(space["model"], sizes(space, d, k), values)
    assert not is_zero(result.gradient)
    check_derivatives(result, lambda u: spectral_loss(a + u.reshape(k, d), sigma, plus))


def test_autoencoder_derivatives_at_any_point():
    rng, (d, k) = random.Random(22), (3, 2)
    space, sigma, a, b = load("linear_autoencoder"), positive(rng, d), draw(rng, k, d), draw(rng, d, k)
    values = autoencoder_values(space, sigma, a, b, draw(rng, k), positive(rng, d))
    result = explicit(space["model"], sizes(space, d, k), values)

    def loss(u):
        return autoencoder_loss(a + u[: k * d].reshape(k, d), b + u[k * d :].reshape(d, k), sigma)

    check_derivatives(result, loss)


# --- Spectral -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "k"), [(2, 1), (3, 1), (3, 2), (4, 2), (4, 3)])
def test_spectral_at_aligned_points(d, k):
    rng = random.Random(31)
    roots = [F(4, 5), F(2, 3), F(1, 2), F(1, 4)][:d]
    space, values = spectral_aligned(roots, k, draw(rng, k) + 5, positive(rng, d))
    result = explicit(space["model"], sizes(space, d, k), values)
    assert is_zero(result.gradient)
    assert len(result.vertical) == k * (k - 1) // 2
    assert is_zero(result.score @ result.vertical.T) and is_zero(result.K @ result.vertical.T)
    assert result.d_eff == k and result.d_base == k + d - k


def test_spectral_score_against_simulation():
    d, k, samples = 3, 2, 400_000
    sigma = exact([[2, F(1, 2), 0], [F(1, 2), 1, F(1, 3)], [0, F(1, 3), 1]]) / 2
    plus = exact([[F(1, 2), F(1, 8), 0], [F(1, 8), F(1, 4), 0], [0, 0, F(1, 8)]])
    a = exact([[F(2, 3), F(1, 4), F(-1, 5)], [0, F(1, 2), F(1, 3)]])
    space = load("spectral")
    values = spectral_values(space, sigma, plus, a, exact([[1, 2]])[0], identity(d))
    result = explicit(space["model"], sizes(space, d, k), values)

    rng = np.random.default_rng(20240601)
    s, p, w = (m.astype(float) for m in (sigma, plus, a))
    pair = rng.multivariate_normal(np.zeros(2 * d), np.block([[s, p], [p, s]]), samples)
    x, y, z = pair[:, :d], pair[:, d:], rng.multivariate_normal(np.zeros(d), s, samples)
    u, v, t = x @ w.T, y @ w.T, z @ w.T  # A x, A x+, A x-

    def outer(left, right):
        return np.einsum("ni,nj->nij", left, right).reshape(samples, -1)

    similarity = np.sum(u * t, axis=1, keepdims=True)
    slopes = -2 * (outer(u, y) + outer(v, x)) + 2 * similarity * (outer(u, z) + outer(t, x))
    for c, other in [(0, 0), (0, 1), (1, 4), (2, 3), (3, 3), (5, 5)]:
        products = slopes[:, c] * slopes[:, other]
        error = products.std() / np.sqrt(samples)
        assert abs(products.mean() - float(result.score[c, other])) < 5 * error
    for c in range(d * k):
        error = slopes[:, c].std() / np.sqrt(samples)
        assert abs(slopes[:, c].mean() - float(result.gradient[c])) < 5 * error


# --- Factor model -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "k"), [(2, 1), (3, 1), (3, 2), (4, 3)])
def test_factor_is_a_well_specified_likelihood(d, k):
    """Stationary at the truth, `s = h`, and Fisher's information `tr(S^-1 dS S^-1 dS') / 2`."""
    rng = random.Random(41)
    space, a, beta, noise = load("factor"), draw(rng, d, k), draw(rng, k), F(3, 7)
    values = factor_values(space, a, beta, noise, positive(rng, d))
    result = explicit(space["model"], sizes(space, d, k), values)
    assert is_zero(result.gradient)
    assert is_zero(result.score - result.hessian)
    assert len(result.vertical) == k * (k - 1) // 2

    covariance_of_x = identity(d) + a @ a.T
    precision = inverse(covariance_of_x, "S")
    units = [unit.reshape(d, k) for unit in identity(d * k)]
    slopes = [precision @ (unit @ a.T + a @ unit.T) for unit in units]
    fisher = exact([[(p @ q).trace() / 2 for q in slopes] for p in slopes])
    assert is_zero(result.hessian - fisher)

    assert result.excess_loss_mean == F(d * k - k * (k - 1) // 2, 2)
    assert list(result.theta) == list(beta)
    # Var(y|x) = sigma_nu^2 + beta^T (I + A^T A)^{-1} beta, by the matrix inversion lemma
    assert result.noise == noise + beta @ inverse(identity(k) + a.T @ a, "I + A^T A") @ beta


# --- Changes of coordinates and of representative -----------------------------------------------------------


def spectral_point(rng, k, d):
    """A stationary point for a covariance that is not the identity."""
    roots = [F(4, 5), F(2, 3), F(1, 2), F(1, 4)][:d]
    t = cayley(rng, d) @ diagonal(*range(1, d + 1))
    back = inverse(t, "T")
    return {
        "sigma": back @ back.T,
        "plus": back @ diagonal(*(r**2 for r in roots)) @ back.T,
        "a": diagonal(*roots)[:k] @ t,
        "theta": draw(rng, k) + 5,
        "down": positive(rng, d),
    }


@pytest.mark.parametrize("rotation", [True, False])
def test_spectral_does_not_depend_on_the_frame(rotation):
    rng, (d, k) = random.Random(51), (3, 2)
    space, point = load("spectral"), spectral_point(rng, k, d)
    before = explicit(space["model"], sizes(space, d, k), spectral_values(space, **point))
    t = cayley(rng, d) if rotation else draw(rng, d, d) + 3 * identity(d)
    moved = {name: t @ point[name] @ t.T for name in ("sigma", "plus", "down")}
    moved |= {"a": point["a"] @ inverse(t, "T"), "theta": point["theta"]}
    after = explicit(space["model"], sizes(space, d, k), spectral_values(space, **moved))
    assert is_zero(before.gradient) and is_zero(after.gradient)
    assert all_traces(before, 3) == all_traces(after, 3)
    assert before.traces(1) > 0
    assert before.excess_loss_mean == after.excess_loss_mean


def test_spectral_does_not_depend_on_the_representative():
    rng, (d, k) = random.Random(52), (4, 2)
    space, point = load("spectral"), spectral_point(rng, k, d)
    q = exact([[F(3, 5), F(4, 5)], [F(-4, 5), F(3, 5)]])
    moved = point | {"a": q @ point["a"], "theta": q @ point["theta"]}
    before = explicit(space["model"], sizes(space, d, k), spectral_values(space, **point))
    after = explicit(space["model"], sizes(space, d, k), spectral_values(space, **moved))
    assert is_zero(after.gradient)
    assert not is_zero(before.covariance - after.covariance)
    assert all_traces(before, 3) == all_traces(after, 3)


def test_factor_does_not_depend_on_frame_or_representative():
    rng, (d, k) = random.Random(53), (4, 2)
    space, a, beta, down = load("factor"), draw(rng, d, k), draw(rng, k), positive(rng, d)
    t, q = cayley(rng, d), exact([[F(5, 13), F(12, 13)], [F(12, 13), F(-5, 13)]])
    points = [(a, beta, down), (t @ a, beta, t @ down @ t.T), (a @ q, q.T @ beta, down)]
    results = [
        explicit(space["model"], sizes(space, d, k), factor_values(space, a_, beta_, F(1, 2), down_))
        for a_, beta_, down_ in points
    ]
    assert all_traces(results[0], 3) == all_traces(results[1], 3) == all_traces(results[2], 3)
    assert results[0].noise == results[1].noise == results[2].noise
    assert results[0].d_base == results[1].d_base == results[2].d_base == 4


def test_autoencoder_does_not_depend_on_frame_or_representative():
    rng, (d, k) = random.Random(54), (3, 2)
    space, sigma, down, theta = load("linear_autoencoder"), diagonal(4, 2, 1), positive(rng, d), draw(rng, k)
    a, t = identity(d)[:k], cayley(rng, d)
    g = exact([[2, 1], [F(1, 3), 1]])
    back = inverse(g, "G")
    points = [
        (sigma, a, a.T, theta, down),
        (t @ sigma @ t.T, a @ t.T, t @ a.T, theta, t @ down @ t.T),
        (sigma, g @ a, a.T @ back, back.T @ theta, down),
    ]
    at = sizes(space, d, k)
    results = [explicit(space["model"], at, autoencoder_values(space, *point)) for point in points]
    assert all(is_zero(result.gradient) for result in results)
    assert all_traces(results[0], 3) == all_traces(results[1], 3) == all_traces(results[2], 3)
    assert results[0].excess_loss_mean == results[1].excess_loss_mean == results[2].excess_loss_mean
    assert not is_zero(results[0].covariance - results[2].covariance)


# --- Means, independence, powers ----------------------------------------------------------------------------


def small(loss, features, x, target, noise=None, mean=None):
    down = gaussian("x", x.shape[0], cov=covariance("Sigma_down", x.shape[0]), mean=mean)
    more = {} if noise is None else {"noise": noise}
    task = LeastSquares(down, target, **more)
    return Model(loss=loss, symmetry=trivial(), features=features, downstream=task)


def location(noise=None, mean=None):
    """The mean of a Gaussian vector by least squares: `h = I`, `s = V = Sigma`."""
    (d,) = dims("d")
    mu, centre, sigma = parameter("mu", d, 1), constant("centre", d), covariance("Sigma", d)
    x = gaussian("x", d, cov=sigma, mean=centre)
    return small(norm2(x - mu) / 2, mu.T * x, x, constant("target", d), noise, mean), d, mu, centre, sigma


def test_location_model():
    model, d, mu, centre, sigma = location(noise=1 / scalar("precision") + 2)
    rng = random.Random(61)
    point, cov, down = draw(rng, 3), positive(rng, 3), positive(rng, 3)
    values = {
        mu: point,
        centre: point,
        sigma: cov,
        model.downstream.x.cov: down,
        model.downstream.target: 3 * point,
        scalar("precision"): F(1, 5),
    }
    result = explicit(model, {d: 3}, values)
    assert is_zero(result.gradient)
    assert is_zero(result.hessian - identity(3))
    assert is_zero(result.score - cov) and is_zero(result.covariance - cov)
    assert list(result.theta) == [3]
    assert result.noise == 7
    # L(v) = -3 (v - mu <mu, v> / <mu, mu>), in the inner product of Sigma_down
    n = down @ point
    residual = identity(3) - np.outer(point, n) / (point @ n)
    assert is_zero(result.L + 3 * residual)
    assert is_zero(result.K - 9 * residual.T @ down @ residual)
    assert (result.d_eff, result.d_base) == (1, 3)
    off = explicit(model, {d: 3}, values | {centre: point + 1})
    assert list(off.gradient) == [-1, -1, -1]
    assert is_zero(off.score - cov - exact([[1, 1, 1]] * 3))


def test_vectors_of_one_law_vary_together_and_of_two_laws_do_not():
    (d,) = dims("d")
    w, sigma, cross = parameter("w", d, 1), covariance("Sigma", d), constant("C", d, d)
    x, y = joint("x y", (d, d), {(0, 0): sigma, (1, 1): sigma, (0, 1): cross})
    z = gaussian("z", d, cov=sigma)
    for other, expected in ((y, exact([[F(1, 3), 0], [1, F(1, 4)]])), (z, zeros(2, 2))):
        model = small(inner(w, x) * inner(w, other), w.T * x, x, constant("target", d))
        values = {w: [1, 0], sigma: identity(2) * 2, cross: [[F(1, 3), 0], [1, F(1, 4)]]}
        values |= {model.downstream.x.cov: identity(2), model.downstream.target: [1, 0]}
        result = explicit(model, {d: 2}, values)
        assert is_zero(result.hessian - expected - expected.T)


def test_series_of_inverse_powers_and_log_determinants():
    """`(w^2 + M)^-2 - 3 log(w^2 + M) + w^-1 + |x|^2` with a scalar `w`, against SymPy's `diff`."""
    (d,) = dims("d")
    w, m, sigma = parameter("w", 1, 1), constant("M", 1, 1), covariance("Sigma", d)
    x = gaussian("x", d, cov=sigma)
    s = w * w + m
    loss = tr((s * s).inv()) - 3 * logdet(s) + tr(w) ** -1 + norm2(x)
    model = small(loss, tr(w) * x, x, constant("target", d))
    values = {w: [[F(2, 3)]], m: [[5]], sigma: identity(2), model.downstream.x.cov: identity(2)}
    result = explicit(model, {d: 2}, values | {model.downstream.target: [1, 1]})
    t = sympy.Symbol("t")
    by_hand = (t**2 + 5) ** -2 - 3 * sympy.log(t**2 + 5) + 1 / t
    first, second = (by_hand.diff(t, order).subs(t, sympy.Rational(2, 3)) for order in (1, 2))
    assert result.gradient[0] == F(int(first.p), int(first.q))
    assert result.hessian[0, 0] == F(int(second.p), int(second.q))
    assert is_zero(result.K)  # features of full rank d: nothing to lose
    assert (result.d_eff, result.d_base) == (2, 2)


# --- Errors -------------------------------------------------------------------------------------------------


def location_values(model, mu, centre, sigma):
    one = [F(1), F(2)]
    more = {model.downstream.x.cov: identity(2), model.downstream.target: one}
    return {mu: one, centre: one, sigma: identity(2)} | more


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("Sigma", None, "Sigma is missing"),
        ("Sigma", [[1, 0]], r"Sigma has shape \(1, 2\), expected \(2, 2\)"),
        ("Sigma", [[1, 1], [0, 1]], "Sigma is declared symmetric"),
        ("mu", [1.0, 2], "mu contains 1.0"),
        ("target", [1, 2, 3], "target has shape"),
    ],
)
def test_wrong_values_are_named(key, value, message):
    model, d, mu, centre, sigma = location()
    values = location_values(model, mu, centre, sigma)
    symbol = next(known for known in values if str(known) == key)
    values[symbol] = value
    if value is None:
        del values[symbol]
    with pytest.raises(InputError, match=message):
        explicit(model, {d: 2}, values)


def test_wrong_sizes_are_named():
    model, d, mu, centre, sigma = location()
    values = location_values(model, mu, centre, sigma)
    with pytest.raises(InputError, match="the dimension d has no value"):
        explicit(model, {}, values)
    with pytest.raises(InputError, match="d is 0"):
        explicit(model, {d: 0}, values)
    space, point = spectral_aligned([F(1, 2), F(1, 3)], 2, exact([[1, 1]])[0], identity(2))
    with pytest.raises(InputError, match="k < d does not hold"):
        explicit(space["model"], sizes(space, 2, 2), point)
    truth = load("factor")["A_true"]
    with pytest.raises(InputError, match="takes the value of A"):
        explicit(load("factor")["model"], sizes(load("factor"), 2, 1), {truth: [[1], [1]]})


def test_noise_without_a_value_is_none():
    model, d, mu, centre, sigma = location()
    assert explicit(model, {d: 2}, location_values(model, mu, centre, sigma)).noise is None


def test_violated_conditions_are_named():
    model, d, mu, centre, sigma = location()
    values = location_values(model, mu, centre, sigma)
    with pytest.raises(ConditionViolated, match="not in the span"):
        explicit(model, {d: 2}, values | {model.downstream.target: [1, 0]})
    with pytest.raises(ConditionViolated, match=r"downstream\.x.*singular"):
        explicit(model, {d: 2}, values | {model.downstream.x.cov: [[1, 0], [0, 0]]})
    with pytest.raises(NotDerivableYet, match="rank at w\\* is 0"):
        explicit(model, {d: 2}, values | {mu: [0, 0]})


def test_what_is_not_evaluated_is_named():
    (d,) = dims("d")
    w, sigma = parameter("w", d, d), covariance("Sigma", d)
    x = gaussian("x", d, cov=sigma)
    common = {w: [[2]], sigma: [[1]]}

    def run(loss, features=x):
        model = small(loss, features, x, constant("target", d))
        values = common | {model.downstream.x.cov: [[1]], model.downstream.target: [1]}
        return explicit(model, {d: 1}, values)

    with pytest.raises(NotDerivableYet, match="exp"):
        run(sympy.exp(norm2(w * x)))
    with pytest.raises(NotDerivableYet, match="log determinant"):
        run(logdet(w) * tr(w))
    with pytest.raises(NotDerivableYet, match="log determinant"):
        run(logdet(w) ** 2)
    with pytest.raises(NotDerivableYet, match="contains data"):
        run(tr(w) + quad(x, (eye(d) + x * x.T).inv()))
    with pytest.raises(NotDerivableYet, match="not linear"):
        run(norm2(w * x), features=x * x.T * x)
    with pytest.raises(ConditionViolated, match="singular"):
        run(tr((w - 2 * eye(d)).inv()) + norm2(x))
    with pytest.raises(InputError, match="r is 0"):
        run(norm2(w * x)).traces(0)


# --- Independence -------------------------------------------------------------------------------------------


def test_the_referee_imports_nothing_of_the_engine():
    files = sorted(Path(symasym.referee.__file__).parent.glob("*.py"))
    assert len(files) > 4
    allowed = ("symasym.model", "symasym.errors", "symasym.referee")
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file.name}: relative import"
                modules = [node.module or ""]
                if modules == ["symasym"]:
                    modules = [f"symasym.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            else:
                continue
            for module in modules:
                ours = module.split(".")[0] == "symasym"
                fine = any(module == name or module.startswith(name + ".") for name in allowed)
                assert fine or not ours, f"{file.name} imports {module}"
