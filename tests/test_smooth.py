"""Smooth functions of linear forms: derived forms against a tensor rule in all dimensions of the data, to 1e-8 and better.

The oracle (`smooth_oracle`) knows the loss and the law alone. Points are arbitrary, not minimisers, unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from mixture_oracle import Moments as MixtureMoments
from smooth_oracle import Component, Oracle, weights

import symasym
from symasym import catalogue
from symasym.calculus import projection
from symasym.calculus.forms import forms
from symasym.errors import ConditionViolated, InputError, NotDerivableYet
from symasym.general.arrays import bilinear_array, linear_array
from symasym.general.landscape import landscape
from symasym.general.values import matrices_of
from symasym.model import (
    LeastSquares,
    Model,
    O,
    average,
    constant,
    copy,
    covariance,
    dims,
    exchangeable,
    gaussian,
    inner,
    log_cosh,
    log_sum_exp,
    mixture,
    norm2,
    parameter,
    quad,
    scalar,
    scalar_parameter,
    smooth,
    softplus,
    student,
    trivial,
)
from symasym.simulation.empirical import Empirical
from symasym.steps import steps
from symasym.symmetry.quotient import quotient

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples" / "integrals"
d, k = dims("d k")
a, b, c = parameter("a", d, 1), parameter("b", d, 1), constant("c", d, 1)
Sigma = covariance("Sigma", d)
DOWN = LeastSquares(gaussian("z", d, cov=covariance("Sigma_down", d)), target=constant("target", d))


def model(loss: sympy.Expr) -> Model:
    return Model(loss=loss, symmetry=trivial(), features=a.T * gaussian("z", d, cov=Sigma), downstream=DOWN)


@dataclass(frozen=True)
class Case:
    """A loss in symbols and on arrays; `layout`: names and sizes of the parameters in the vector `w`."""

    symbolic: sympy.Expr
    numeric: Callable[[np.ndarray, np.ndarray], np.ndarray]
    components: tuple[Component, ...]
    constants: dict[str, Any]
    w: np.ndarray
    layout: tuple[tuple[str, int], ...]
    order: int

    @property
    def values(self) -> dict[str, Any]:
        parts = np.split(self.w, np.cumsum([size for _, size in self.layout])[:-1])
        own = {
            name: part if size > 1 else float(part[0]) for (name, size), part in zip(self.layout, parts, strict=True)
        }
        size = self.layout[0][1]
        return {
            "Sigma_down": np.eye(size),
            "target": np.ones(size),
            "sigma2": 1.0,
            "Sigma": np.eye(size),
            **self.constants,
            **own,
        }

    @property
    def u(self) -> np.ndarray:
        """A direction."""
        return np.random.default_rng(7).standard_normal(len(self.w))

    def derived(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        first = forms(model(self.symbolic))
        matrices = matrices_of(model(self.symbolic), self.values, first)
        moving = (*first.parameters, *first.scalar_parameters)
        h, s = (bilinear_array(form, moving, matrices) for form in (first.hessian, first.score))
        return linear_array(first.gradient, moving, matrices), h @ self.u, s

    def explicit(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gradient, the Hessian along one direction, score form."""
        oracle = Oracle.of(self.numeric, self.components, self.order)
        return oracle.gradient(self.w), oracle.hessian(self.w, self.u), oracle.score(self.w)


def cosh(z: np.ndarray) -> np.ndarray:
    return np.log((np.exp(z) + np.exp(-z)) / 2)


def plus(z: np.ndarray) -> np.ndarray:
    return np.log(1 + np.exp(z))


S2, P2 = np.array([[0.3, 0.06], [0.06, 0.25]]), np.array([[0.2, 0.03], [0.03, 0.06]])
S3 = np.array([[1.0, 0.3, 0.1], [0.3, 0.8, -0.2], [0.1, -0.2, 0.9]])
T3 = np.array([[0.4, -0.1, 0.0], [-0.1, 0.7, 0.2], [0.0, 0.2, 0.5]])
M1, M2 = np.array([0.6, -0.2, 0.3]), np.array([-0.5, 0.4, 0.8])
C3 = np.array([0.4, 0.7, -0.5])


def pair() -> Case:
    """Bilinear: two forms of one pair."""
    x, y = exchangeable("x y", cov=Sigma, cross=covariance("P", d))
    law = (Component(1.0, np.zeros(4), np.block([[S2, P2], [P2, S2]])),)
    return Case(
        softplus(-inner(a, x) * inner(a, y)),
        lambda w, z: plus(-(z[:, :2] @ w) * (z[:, 2:] @ w)),
        law,
        {"Sigma": S2, "P": P2},
        np.array([0.8, -0.5]),
        (("a", 2),),
        20,
    )


def polynomial_factor() -> Case:
    """A polynomial in the data times a function of one form, of a law with a mean: Wick's theorem up to degree six."""
    x = gaussian("x", d, cov=Sigma, mean=constant("mu", d))
    return Case(
        inner(c, x) ** 2 * softplus(inner(a, x)) + norm2(a) * inner(b, x) * log_cosh(inner(b, x) - 0.3),
        lambda w, z: (z @ C3) ** 2 * plus(z @ w[:3]) + (w[:3] @ w[:3]) * (z @ w[3:]) * cosh(z @ w[3:] - 0.3),
        (Component(1.0, M1, T3),),
        {"Sigma": T3, "mu": M1, "c": C3},
        np.array([0.3, -0.4, 0.2, 0.5, 0.1, -0.3]),
        (("a", 3), ("b", 3)),
        40,
    )


def two_forms() -> Case:
    """A function of two correlated forms and of a number that moves, which also stands in the function's own expression."""
    t, v = scalar_parameter("t"), scalar("v")
    x = gaussian("x", d, cov=Sigma)
    loss = smooth(lambda p, q: sympy.exp(-(p**2) / v) * sympy.tanh(t * q + p), inner(a, x), inner(b, x) - t)
    return Case(
        loss,
        lambda w, z: np.exp(-((z @ w[:3]) ** 2) / 2) * np.tanh(w[6] * (z @ w[3:6] - w[6]) + z @ w[:3]),
        (Component(1.0, np.zeros(3), T3),),
        {"Sigma": T3, "v": 2.0},
        np.array([0.3, -0.4, 0.2, 0.5, 0.1, -0.3, 0.7]),
        (("a", 3), ("b", 3), ("t", 1)),
        44,
    )


def different_components() -> Case:
    """A mixture whose components differ in mean, covariance and weight; mean differences outside of what the function sees."""
    p, mu, nu, T = scalar("p"), constant("mu", d), constant("nu", d), covariance("T", d)
    (x,) = mixture(
        "x", weights=[p, 1 - p], components=[gaussian("x", d, cov=Sigma, mean=mu), gaussian("x", d, cov=T, mean=nu)]
    )
    return Case(
        log_cosh(inner(c - a, x)) + inner(b, x) * softplus(inner(a, x)),
        lambda w, z: cosh(z @ (C3 - w[:3])) + (z @ w[3:]) * plus(z @ w[:3]),
        (Component(0.3, M1, S3), Component(0.7, M2, T3)),
        {"Sigma": S3, "T": T3, "mu": M1, "nu": M2, "p": 0.3, "c": C3},
        np.array([0.2, -0.3, 0.1, 0.4, 0.2, -0.2]),
        (("a", 3), ("b", 3)),
        48,
    )


def three_clusters() -> Case:
    """Minus the log density of three components at means that are not those of the data; two forms are left."""
    (x,) = mixture(
        "x",
        weights=[0.4, 0.6],
        components=[gaussian("x", d, cov=Sigma, mean=constant(name, d)) for name in ("mu", "nu")],
    )
    terms = [-quad(x - u, Sigma.inv()) / 2 for u in (a, b, c)]
    inverse = np.linalg.inv(S2)

    def numeric(w: np.ndarray, z: np.ndarray) -> np.ndarray:
        total = 0.0
        for share, u in zip((0.2, 0.5, 0.3), (w[:2], w[2:], C3[:2]), strict=True):
            total = total + share * np.exp(-np.einsum("ni,ij,nj->n", z - u, inverse, z - u) / 2)
        return -np.log(total)

    return Case(
        -log_sum_exp(terms, weights=[0.2, 0.5, 0.3]),
        numeric,
        (Component(0.4, M1[:2], S2), Component(0.6, M2[:2], S2)),
        {"Sigma": S2, "mu": M1[:2], "nu": M2[:2], "c": C3[:2]},
        np.array([0.5, -0.1, -0.4, 0.3]),
        (("a", 2), ("b", 2)),
        90,
    )


CASES = {case.__name__: case for case in (pair, polynomial_factor, two_forms, different_components, three_clusters)}


def close(found: np.ndarray, expected: np.ndarray, rtol: float = 1e-8) -> bool:
    """Relative to the largest entry."""
    return bool(np.abs(found - expected).max() <= rtol * np.abs(expected).max())


@pytest.mark.parametrize("name", CASES)
def test_forms_are_those_of_the_definitions(name: str) -> None:
    case = CASES[name]()
    for found, expected in zip(case.derived(), case.explicit(), strict=True):
        assert close(found, expected)


def wrong_forms(name: str) -> list[bool]:
    """Which of gradient, Hessian and score form are as the definitions say."""
    case = CASES[name]()
    return [close(*parts, rtol=1e-4) for parts in zip(case.derived(), case.explicit(), strict=True)]


right_seen, right_derived = projection._seen, projection.derived


def unseen(places, segments, integrand, moments):
    """The residual taken for independent of the forms with the covariance of all of `x`: not projected."""
    return iter([{}])


def seen_once(places, segments, integrand, moments):
    """Of two slots that see the same form only one is paired with it."""
    return (seen for seen in right_seen(places, segments, integrand, moments) if len(seen) < 2)


def one_derivative(function, *numbers):
    """The integral of the first derivative where the second is meant."""
    return right_derived(function, *numbers[:1])


PLANTED = {
    "not projected": ("_seen", unseen),
    "paired once": ("_seen", seen_once),
    "a derivative lost": ("derived", one_derivative),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_noticed(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, wrong = PLANTED[mistake]
    monkeypatch.setattr(projection, name, wrong)
    assert not all(wrong_forms("pair"))


def test_only_the_component_at_hand_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted mistake: the function sees the law over all components, Gaussian with their mean and covariance."""
    monkeypatch.setattr(projection.Argument, "given", lambda self, choice: self)
    case = CASES["different_components"]()
    assert not close(case.derived()[2], Oracle.of(case.numeric, case.components, 12).score(case.w), 1e-2)


def test_a_polynomial_in_disguise_has_its_trace_words() -> None:
    """`g(t) = t^4 / 4 + t` by integrals, and as a polynomial by Wick's theorem: the same numbers to rounding."""
    x = gaussian("x", d, cov=Sigma, mean=constant("mu", d))
    values = {"Sigma": T3, "mu": M1, "a": C3, "Sigma_down": np.eye(3), "target": np.ones(3), "sigma2": 1.0}
    found = []
    for loss in (smooth(lambda t: t**4 / 4 + t, inner(a, x)), inner(a, x) ** 4 / 4 + inner(a, x)):
        first = forms(model(loss))
        matrices = matrices_of(model(loss), values, first)
        found.append([bilinear_array(form, first.parameters, matrices) for form in (first.hessian, first.score)])
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_equal_integrals_are_one() -> None:
    """In an exchangeable pair the two forms may change places, and both may change sign: symmetry in the arguments."""
    x, y = exchangeable("x y", cov=Sigma, cross=covariance("P", d))
    one, other = (forms(model(softplus(-inner(a, u) * inner(a, v)))) for u, v in ((x, y), (y, x)))
    assert one.score == other.score and one.hessian == other.hessian
    assert {len(integral.arguments) for integral in one.integrals.values()} == {2}
    odd = forms(model(smooth(sympy.tanh, inner(a, gaussian("x", d, cov=Sigma)))))
    assert not odd.population and not odd.gradient and not odd.hessian and odd.score


def test_steps_say_dimension_integrand_law_and_symmetry() -> None:
    text = "\n".join(
        f"{line.left} = {line.right} [{line.note}]"
        for step in steps(symasym.explain(str(EXAMPLES / "one_unit_contrastive.py")))
        for line in step.lines
    )
    assert "over 2 dimensions" in text and "sigmoid(t_1*t_2)" in text
    assert "Cov(t_1, t_2) = <a, Sigma_plus*a>" in text
    assert "unchanged when t_1 and t_2 change places" in text and "even in t_1 and t_2 together" in text


def test_the_landscape_has_the_derivatives_of_the_population_loss() -> None:
    """Price's theorem against differences of values, and Hessian against differences of the gradient."""
    for name in ("pair", "different_components"):
        case = CASES[name]()
        problem = model(case.symbolic)
        names = {name for name, _ in case.layout}
        constants = {key: value for key, value in case.values.items() if key not in names}
        scape = landscape(problem, forms(problem), quotient(problem), constants)
        w, u, step = case.w, case.u, 1e-4
        slope = (scape.value(w + step * u) - scape.value(w - step * u)) / (2 * step)
        assert u @ scape.gradient(w) == pytest.approx(slope, rel=1e-6, abs=1e-9)
        bent = (scape.gradient(w + step * u) - scape.gradient(w - step * u)) / (2 * step)
        np.testing.assert_allclose(scape.hessian(w) @ u, bent, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(scape.hessian(w) @ u, case.derived()[1], rtol=1e-9)


def test_copies_of_an_average_are_independent() -> None:
    """An average over two negatives is half the sum over two copies."""
    x = gaussian("x", d, cov=Sigma)
    y = copy(x, "y")
    y1, y2 = copy(x, "y_1"), copy(x, "y_2")
    values = {"Sigma": S2, "a": np.array([0.8, -0.5]), "Sigma_down": np.eye(2), "target": np.ones(2), "sigma2": 1.0}
    found = []
    for loss in (
        average(softplus(inner(a, x) * inner(a, y)), over=y, count=2),
        (softplus(inner(a, x) * inner(a, y1)) + softplus(inner(a, x) * inner(a, y2))) / 2,
    ):
        first = forms(model(loss))
        matrices = matrices_of(model(loss), values, first)
        found.append([bilinear_array(form, first.parameters, matrices) for form in (first.hessian, first.score)])
    np.testing.assert_allclose(*found, rtol=1e-9)


def test_likelihood_of_two_clusters() -> None:
    """Minus the log density: gradient zero and `h = s` (which nothing here knows), weights from the definitions alone.

    Score and Hessian of the oracle are the same matrix by the information equality, which is checked on its score too.
    """
    u1, u2, p = np.array([1.2, -0.6]), np.array([-0.7, 0.5]), 0.35
    S, down = np.array([[0.9, 0.2], [0.2, 0.7]]), np.array([[1.4, 0.3], [0.3, 1.0]])
    inverse = np.linalg.inv(S)
    document = {
        "Sigma": S.tolist(),
        "Sigma_down": down.tolist(),
        "p": p,
        "u_1": u1.tolist(),
        "u_2": u2.tolist(),
        "sigma2": 1.0,
    }
    found = symasym.general_law(EXAMPLES / "mixture_likelihood.py", {k: np.array(v) for k, v in document.items()})

    def loss(w: np.ndarray, z: np.ndarray) -> np.ndarray:
        total = 0.0
        for share, u in ((p, w[:2]), (1 - p, w[2:])):
            total = total + share * np.exp(-np.einsum("ni,ij,nj->n", z - u, inverse, z - u) / 2)
        return -np.log(total)

    oracle = Oracle.of(loss, (Component(p, u1, S), Component(1 - p, u2, S)), 80)
    w = np.concatenate([u1, u2])
    s = oracle.score(w)
    np.testing.assert_allclose(found.score, s, rtol=1e-9)
    np.testing.assert_allclose(found.hessian, found.score, rtol=1e-10, atol=1e-10)
    assert np.abs(found.gradient).max() < 1e-12
    expected = weights(s, s, lambda v: ((v[:2] - v[2:]) @ inverse)[None], w, down, inverse @ (u1 - u2))
    np.testing.assert_allclose(found.weights[found.weights > 1e-9], expected, rtol=1e-9)
    reached = symasym.evaluate(str(EXAMPLES / "mixture_likelihood.py"), document)
    np.testing.assert_allclose(reached.numeric.weights, expected, rtol=1e-9)
    assert all(integral.dimension == 1 and integral.error < 1e-9 for integral in reached.named.values())


def test_equal_weights_are_the_other_chain_of_stages() -> None:
    """`K = 2`, equal weights, identity covariance: the score form is that of the definitions behind `gmm`."""
    U = np.array([[0.8, -0.3], [-0.5, 0.6]])
    document = {"Sigma": np.eye(2), "Sigma_down": np.eye(2), "p": 0.5, "u_1": U[0], "u_2": U[1], "sigma2": 1.0}
    found = symasym.general_law(EXAMPLES / "mixture_likelihood.py", document)
    nodes, w = np.polynomial.hermite_e.hermegauss(50)
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    product = np.multiply.outer(w, w).ravel() / w.sum() ** 2 / 2
    parts = [MixtureMoments.at(grid + u, product, U, np.ones((2, 3))) for u in U]
    np.testing.assert_allclose(found.score, parts[0].SS + parts[1].SS, rtol=1e-8, atol=1e-10)


def test_weights_where_the_minimiser_is_searched_for() -> None:
    """Robust prediction under contamination: `w*`, forms and weights from the definitions alone, at the point that was found."""
    file = str(EXAMPLES / "robust_views.py")
    given = {key: np.array(value, float) for key, value in dict(catalogue.load(file).example).items()}
    found = symasym.evaluate(file, catalogue.load(file).example)
    C, q = given["C"], float(given["q"])
    points, shares = [], []
    for share, S, v in ((1 - q, given["Sigma"], float(given["v"])), (q, given["Sigma_wide"], float(given["w"]))):
        z, weight = view_and_label(S, C, v)
        points.append(z)
        shares.append(share * weight)
    oracle = Oracle(lambda w, z: cosh(z[:, 3] - z[:, :3] @ w), np.concatenate(points), np.concatenate(shares))
    w = np.asarray(found.minimiser["a"])[:, 0]
    assert np.abs(oracle.gradient(w)).max() < 1e-11
    h = np.stack([oracle.hessian(w, e) for e in np.eye(3)])
    down = given["Sigma_down"]
    target = w * (w @ down @ given["target"]) / (w @ down @ w)  # the projection that the example asks for
    expected = weights(h, oracle.score(w), lambda v: v[None], w, down, target)
    np.testing.assert_allclose(found.numeric.weights, expected, rtol=1e-8)


def view_and_label(S: np.ndarray, C: np.ndarray, v: float) -> tuple[np.ndarray, np.ndarray]:
    """A tensor rule for `(x, y)`: Gauss-Hermite for `x`, the trapezoidal rule for `y` given `x`, which is what is not smooth."""
    nodes, weight = np.polynomial.hermite_e.hermegauss(12)
    weight = weight / weight.sum()
    x = np.stack(np.meshgrid(nodes, nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 3) @ np.linalg.cholesky(S).T
    line = np.arange(-8, 8.01, 0.125)
    slope = np.linalg.solve(S, C)
    y = (x @ slope)[:, None] + np.sqrt(v - C @ slope) * line
    both = np.concatenate([np.repeat(x, len(line), axis=0), y.reshape(-1, 1)], axis=1)
    fine = np.exp(-(line**2) / 2) * 0.125 / np.sqrt(2 * np.pi)
    return both, np.multiply.outer(np.einsum("i,j,k->ijk", weight, weight, weight).ravel(), fine).ravel()


def test_refusals() -> None:
    x, y = gaussian("x", d, cov=Sigma), copy(gaussian("x", d, cov=Sigma), "y")
    A = parameter("A", k, d)
    with pytest.raises(
        NotDerivableYet, match=r"smooth: the data enter through the quadratic form .* projection of k dimensions"
    ):
        forms(model(softplus(inner(A * x, A * y)) + norm2(a)))
    with pytest.raises(
        NotDerivableYet, match=r"smooth: the data enter through the quadratic form .* projection of d dimensions"
    ):
        forms(model(log_cosh(norm2(x)) + inner(a, x)))
    with pytest.raises(NotDerivableYet, match="further smooth function"):
        forms(model(log_cosh(softplus(inner(a, x)))))
    with pytest.raises(NotDerivableYet, match="t has a random scale"):
        forms(model(log_cosh(inner(a, student("t", d, cov=Sigma, degrees_of_freedom=8)))))
    with pytest.raises(InputError, match=r"smooth: .* has a kink"):
        smooth(lambda t: sympy.Max(t, 0), inner(a, x))
    with pytest.raises(InputError, match="smooth: no argument"):
        smooth(lambda: sympy.S.One)
    with pytest.raises(InputError, match="a further argument"):
        smooth(lambda t: t * inner(b, x), inner(a, x))
    with pytest.raises(InputError, match="log_sum_exp: 2 arguments and 1 weights"):
        log_sum_exp([inner(a, x), inner(b, x)], weights=[1])
    four = smooth(lambda *t: sympy.exp(-sum(u**2 for u in t)), *(inner(a, copy(x, f"x_{n}")) for n in range(4)))
    values = {"Sigma": S2, "a": np.array([0.8, -0.5]), "Sigma_down": np.eye(2), "target": np.ones(2), "sigma2": 1.0}
    first = forms(model(four))
    with pytest.raises(NotDerivableYet, match="one of 4 dimensions"):
        bilinear_array(first.hessian, first.parameters, matrices_of(model(four), values, first))
    endless = model(smooth(lambda t: sympy.exp(t**2), inner(a, x)))
    with pytest.raises(ConditionViolated, match=r"integrals: the mean of .* either it is infinite"):
        symasym.general_law(endless, {**values, "a": np.array([2.0, 0.0])})


def test_invariance_is_seen_through_a_smooth_function() -> None:
    """`O(2)` acts on the unit's code in two dimensions as long as the loss has its length alone, and not otherwise."""
    x = gaussian("x", d, cov=Sigma)
    A = parameter("A", 2, d)
    features, down = A * gaussian("z", d, cov=Sigma), DOWN
    group = O(2).acts(lambda Q: {A: Q * A})
    with pytest.raises(ConditionViolated, match="loss: it is not invariant"):
        quotient(
            Model(loss=log_cosh(inner(constant("e", 2), A * x)), symmetry=group, features=features, downstream=down)
        )
    fine = Model(loss=log_cosh(inner(c, x)) * norm2(A), symmetry=group, features=features, downstream=down)
    assert quotient(fine).fields


@pytest.mark.parametrize("name", ["polynomial_factor", "two_forms", "three_clusters"])
def test_empirical_losses_and_their_gradients(name: str) -> None:
    """What the generic estimator descends on, against the loss of each sample and complex steps; 1e-12."""
    case = CASES[name]()
    rng, size = np.random.default_rng(5), case.layout[0][1]
    z = rng.standard_normal((2, 7, size))
    parts = np.split(case.w, np.cumsum([n for _, n in case.layout])[:-1])
    point = {}
    for (key, n), part in zip(case.layout, parts, strict=True):
        point[key] = np.tile(part[:, None] if n > 1 else part[0], (2, 1, 1) if n > 1 else 2)
    values = {
        c: np.asarray(case.constants.get("c", np.zeros(size)))[:, None],
        Sigma: np.asarray(case.constants["Sigma"]),
    }
    values[scalar("v")] = 2.0
    found = Empirical.of(model(case.symbolic), values).on({"x": z}, values, {d: size}).at(point, np.arange(2))
    for here, value, slope in zip(z, found.value, found.slopes.sum(0), strict=True):
        oracle = Oracle(case.numeric, here, np.full(7, 1 / 7))
        assert value == pytest.approx(case.numeric(case.w, here).mean(), rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(slope, oracle.gradient(case.w), rtol=1e-11, atol=1e-12)


TEACHER = """
import sympy
from symasym.model import *
(d,) = dims("d")
a, Sigma = parameter("a", d, 1), covariance("Sigma", d)
x, e = gaussian("x", d, cov=Sigma), gaussian("e", 1, cov=scalar("q") * eye(1))
model = Model(
    loss=(smooth(lambda t, s: sympy.tanh(t) - sympy.tanh(s), inner(a, x), inner(truth(a), x)) - tr(e)) ** 2,
    symmetry=trivial(),
    features=a.T * x,
    downstream=LeastSquares(gaussian("x", d, cov=Sigma), target=truth(a)),
)
"""


def test_a_teacher_in_the_loss_is_where_the_minimum_is(tmp_path: Path) -> None:
    """One neuron, `y = tanh <a*, x> + e`, least squares: gradient zero, `s = 2 Var(e) h`.

    `h = 2 E tanh'(<a, x>)^2 x x^T` by a dense rule.
    """
    file, w, q = tmp_path / "neuron.py", np.array([0.8, -0.5]), 0.3
    file.write_text(TEACHER, encoding="utf-8")
    found = symasym.general_law(str(file), {"Sigma": S2, "a": w, "q": q, "sigma2": 1.0})
    nodes, weight = np.polynomial.hermite_e.hermegauss(60)
    z = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2) @ np.linalg.cholesky(S2).T
    slope = np.multiply.outer(weight, weight).ravel() / weight.sum() ** 2 / np.cosh(z @ w) ** 4
    np.testing.assert_allclose(found.hessian, 2 * (z * slope[:, None]).T @ z, rtol=1e-10)
    np.testing.assert_allclose(found.score, 2 * q * found.hessian, rtol=1e-10)
    assert not found.gradient.any()
    document = {"Sigma": S2.tolist(), "a": w.tolist(), "q": q, "sigma2": 1.0}
    np.testing.assert_allclose(symasym.evaluate(str(file), document).numeric.weights, found.weights[:1], rtol=1e-12)
