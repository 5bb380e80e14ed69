"""Mixtures: conditional expectations against the explicit engine, hand calculations and simulation, and their refusals."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pytest
import sympy
from exact_words import ExactWords, exact_forms

from symasym import catalogue
from symasym.calculus import pairings
from symasym.calculus.expectation import Moments, expectation
from symasym.calculus.forms import forms
from symasym.calculus.linearise import expected_matrix
from symasym.errors import InputError, NotDerivableYet, ShapeError
from symasym.evaluation import evaluate_inputs
from symasym.evaluation.evaluate import prepare
from symasym.evaluation.numbers import symbol_values
from symasym.model import (
    LeastSquares,
    Model,
    average,
    constant,
    copy,
    covariance,
    dims,
    exchangeable,
    eye,
    gaussian,
    inner,
    joint,
    log_mean_exp,
    logdet,
    mask,
    mixture,
    norm2,
    observed,
    parameter,
    quad,
    sample_mean,
    scalar,
    student,
    tr,
    truth,
)
from symasym.model.evaluate import evaluate_matrix
from symasym.model.matrices import Constant, Parameter, is_symmetric
from symasym.referee import explicit
from symasym.simulation import verify
from symasym.simulation.sampler import draw, sources
from symasym.words import lower_matrix, lower_scalar
from symasym.words.lower import atom_of
from symasym.words.show import show_matrix

FILE = Path(__file__).parents[1] / "files" / "mixture.py"

d, k = dims("d k")
SIZES = {d: 2, k: 1}
A, B = parameter("A", k, d), parameter("B", d, k)
S, T, P, Q = (covariance(name, d) for name in ("S", "T", "P", "Q"))
mu, nu, M = constant("mu", d), constant("nu", d), constant("M", d, d)
p, K = scalar("p"), scalar("K")

pair = mixture("x x_plus", weights=[p, 1 - p], components=[exchangeable("x x_plus", S, P, mean=m) for m in (mu, nu)])
x, x_plus = pair
x_minus = copy(x, "x_minus")
three = mixture(
    "y y_plus", [Fraction(1, 6), Fraction(1, 2), Fraction(1, 3)],
    [exchangeable("a b", S, P, mean=mu), exchangeable("a b", T, Q), exchangeable("a b", S + T, P + Q, mean=nu)],
)  # fmt: skip
y, y_plus = three
(z,) = mixture("z", [0.25, 0.75], [gaussian("z", d, cov=T, mean=nu), gaussian("z", d, cov=S + M * M.T)])
plain = gaussian("plain", d, cov=S, mean=mu)
coin = mask("R", d, scalar("keep"))
S_x = sample_mean("S_x", x * x.T)

LOSSES = {
    "a pair and a negative": -2 * inner(A * x, A * x_plus) + inner(A * x, A * x_minus) ** 2,
    "averages over copies": average(inner(A * x, A * x_minus) ** 2, over=x_minus, count=K) - inner(A * x, A * x_plus),
    "three components, also of the covariance": norm2(A * y) ** 2 - inner(A * y, A * y_plus),
    "two mixtures and a Gaussian": inner(A * x, A * z) * inner(A * y, A * plain) + norm2(A * z),
    "sample means": norm2(A * S_x * A.T - eye(k)) + norm2(A * x),
    "masks": norm2(A * coin * x) - inner(A * coin * x, A * x_plus),
    "odd moments": inner(A * x, A * mu) ** 3,
}


def model_of(loss: sympy.Expr) -> Model:
    return Model(loss, (), A * x, LeastSquares(gaussian("x", d, cov=eye(d)), target=constant("target", d)))


def draw_matrix(rows: int, columns: int, rng: Random) -> np.ndarray:
    return np.array([[Fraction(rng.randint(-4, 4), rng.randint(1, 3)) for _ in range(columns)] for _ in range(rows)])


def random_values(model: Model, seed: int) -> dict:
    """Rational numbers for everything; the target lies in the span."""
    rng, values = Random(seed), {}
    for symbol in sorted(model.loss.atoms(Parameter, Constant) | {A}, key=str):
        matrix = draw_matrix(*(int(sympy.sympify(n).subs(SIZES)) for n in symbol.shape), rng)
        values[symbol] = matrix + matrix.T if getattr(symbol, "symmetric", False) else matrix
    values[constant("target", d)] = values[A].T
    numbers = {"p": Fraction(1, 3), "K": Fraction(2), "keep": Fraction(2, 5), "sigma2": Fraction(1)}
    return values | {s: numbers[s.name] for s in model.scalars}


@pytest.mark.parametrize("name", LOSSES)
def test_forms_are_those_of_the_explicit_engine(name: str) -> None:
    """At a point that need not be stationary."""
    model = model_of(LOSSES[name])
    values = random_values(model, 1)
    gradient, score, hessian = exact_forms(forms(model), values, SIZES)
    if model.sample_means:
        score = score + np.outer(gradient, gradient)
    referee = explicit(model, SIZES, values)
    assert (gradient == referee.gradient).all()
    assert (score == referee.score).all()
    assert (hessian == referee.hessian).all()
    assert gradient.any() and score.any() and hessian.any()


# ---- by hand


def values_at(polynomial, seed: int = 2, **scalars: Fraction) -> np.ndarray:
    rng = Random(seed)
    matrices = {s.name: draw_matrix(2, 2 if s.shape[1] == d else 1, rng) for s in (S, T, P, Q, M, mu, nu)}
    matrices |= {name: matrices[name] + matrices[name].T for name in "STPQ"}
    numbers = {scalar(name): value for name, value in ({"p": Fraction(1, 3)} | scalars).items()}
    return ExactWords(matrices, {**SIZES, **numbers}).matrix(polynomial)


@pytest.mark.parametrize("u", [x, y, z], ids=str)
def test_mean_and_covariance_are_those_over_all_components(u) -> None:
    """`Cov u = E u u^T - E u E u^T`."""
    mean = expected_matrix(lower_matrix(u), Moments())
    second = expected_matrix(lower_matrix(u * u.T), Moments())
    assert (values_at(lower_matrix(u.mean)) == values_at(mean)).all()
    assert (values_at(lower_matrix(u.cov)) == values_at(second) - values_at(mean) @ values_at(mean).T).all()


def test_vectors_of_a_law_share_the_component_and_copies_do_not() -> None:
    together = expected_matrix(lower_matrix(x * x_plus.T), Moments())
    apart = expected_matrix(lower_matrix(x * x_minus.T), Moments())
    assert (values_at(together) == values_at(lower_matrix(P + p * mu * mu.T + (1 - p) * nu * nu.T))).all()
    assert (values_at(apart) == values_at(lower_matrix(x.mean * x.mean.T))).all()


def test_a_mixture_of_one_kind_is_that_kind() -> None:
    """Equal components, and a weight that is one, change nothing, word for word."""
    (alone,) = mixture("v", [1], [gaussian("v", d, cov=S, mean=mu)])
    (twice,) = mixture("v", [p, 1 - p], [gaussian("v", d, cov=S, mean=mu)] * 2)
    plain_v = gaussian("v", d, cov=S, mean=mu)
    for v in (alone, twice):
        loss = quad(v, M) ** 2 * inner(nu, v)
        expected = expectation(lower_scalar(loss.xreplace({v: plain_v})), Moments())
        assert expectation(lower_scalar(loss), Moments()) == expected
    assert twice.cov == plain_v.cov and twice.mean == plain_v.mean


def test_components_that_are_drawn_anew_for_every_vector_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted mistake: `x` and `x_plus` with components of their own."""

    def separately(atom, choice):
        vector = atom.payload
        law = choice.get(vector.law)
        return atom if law is None else replace(atom, payload=law.alone(vector.position, vector.name).vector(0))

    model = model_of(LOSSES["a pair and a negative"])
    values = random_values(model, 3)
    monkeypatch.setattr(pairings, "given", separately)
    _, _, hessian = exact_forms(forms(model), values, SIZES)
    assert not (hessian == explicit(model, SIZES, values).hessian).all()


def test_derived_covariances_of_components_do_not_mix() -> None:
    """`S + T` of one component and `S + M M^T` of another are atoms of their own."""
    moments = Moments()
    expectation(lower_scalar(quad(y, M) + quad(z, M)), moments)
    (w,) = mixture("w", [p, 1 - p], [gaussian("w", d, cov=S + T), gaussian("w", d, cov=S + eye(d))])
    expectation(lower_scalar(quad(w, M)), moments)
    names = [atom.key for atom in moments.definitions]
    assert names == ["Sigma_y", "Sigma_z", "Sigma_w", "Sigma_w_c2"]
    assert atom_of(S) not in moments.definitions


# ---- the whole way, in numbers


def components() -> catalogue.Loaded:
    """Principal components of the mixture in the model file: the same keys, a cheaper loss."""
    loaded = catalogue.load(str(FILE))
    (own,) = (vector for vector in loaded.model.data if vector.name == "x")
    (weights,) = loaded.model.parameters
    return replace(loaded, definition=replace(loaded.model, loss=norm2(own - weights.T * weights * own)))


def test_a_model_file_with_a_mixture_has_the_law_of_its_component_where_all_are_alike() -> None:
    """The general route, from keys that are read off the model, against the closed form of the Gaussian model."""
    loaded = catalogue.load(str(FILE))
    found = evaluate_inputs(loaded, {**loaded.example, "mu_1": [0.0] * 4, "mu_2": [0.0] * 4})
    spectral = {key: v for key, v in loaded.example.items() if key not in ("mu_1", "mu_2", "share")}
    expected = evaluate_inputs(catalogue.load("spectral"), spectral)
    assert found.law is None and expected.law is not None
    np.testing.assert_allclose(found.numeric.weights, expected.numeric.weights, rtol=1e-7)


def test_the_downstream_covariance_is_by_default_that_over_all_components() -> None:
    loaded = catalogue.load(str(FILE))
    example = {key: np.array(v) if isinstance(v, list) else v for key, v in loaded.example.items()}
    share, first, second = example["share"], example["mu_1"], example["mu_2"]
    centre = share * first + (1 - share) * second
    spread = share * np.outer(first, first) + (1 - share) * np.outer(second, second) - np.outer(centre, centre)
    here = prepare(loaded, {**loaded.example, "project": False})
    values = symbol_values(here.model, here.instance, here.given, here.point)
    np.testing.assert_allclose(values[here.model.downstream.x.cov], example["Sigma"] + spread, rtol=1e-12)


def test_simulation_agrees_with_the_law() -> None:
    """The procedure on samples of the mixture: every check that this many repetitions can decide, the mean to four per cent."""
    loaded = components()
    judgement = verify(loaded, dict(loaded.example), reps=1500, m=(400, 1600)).judgement
    fit, derived = judgement.interaction.fit, judgement.interaction.derived
    assert judgement.verdict != "rejected"
    assert abs(fit.intercept - derived) < 4 * fit.intercept_se < 0.16 * derived


# ---- samples


def test_samples_have_the_moments_of_the_mixture() -> None:
    """40,000 samples: second and mixed fourth moments within five standard errors; pairs share components, copies do not."""
    model = model_of(average(inner(A * x, A * x_minus) ** 2, over=x_minus, count=2) + inner(A * x, A * x_plus))
    values = {
        S: np.eye(2), P: np.eye(2) / 2, mu: np.array([[2.0], [0.0]]), nu: np.array([[-1.0], [1.0]]), p: 0.3,
    }  # fmt: skip
    rows = draw(sources(model, values, {d: 2, k: 1}), 1, 40_000, np.random.default_rng(1))
    assert rows["x_minus"].shape == (1, 40_000, 2, 2)
    u, v, w = rows["x"][0], rows["x_plus"][0], rows["x_minus"][0, :, 0]
    for left, right, expression in (
        (u, u, x * x.T),
        (u, v, x * x_plus.T),
        (u, w, x * x_minus.T),
        (w, w, x_minus * x_minus.T),
    ):
        products = np.einsum("si,sj->sij", left, right)
        expected = _number(expected_matrix(lower_matrix(expression), Moments()), values)
        assert np.all(np.abs(products.mean(0) - expected) < 5 * products.std(0) / 200)
    other = rows["x_minus"][0, :, 1]
    products = np.einsum("si,sj->sij", w, other)
    assert np.all(
        np.abs(products.mean(0) - _number(expected_matrix(lower_matrix(x * x_minus.T), Moments()), values))
        < 5 * products.std(0) / 200
    )


def _number(polynomial, values: dict) -> np.ndarray:
    return evaluate_matrix(show_matrix(polynomial), values, {d: 2})


def test_weights_that_do_not_add_up_in_numbers_are_refused() -> None:
    q = scalar("q")
    (v,) = mixture("v", [q, 1 - q], [gaussian("v", d, cov=S), gaussian("v", d, cov=T)])
    model = Model(
        norm2(v - A.T * A * v), (), A * v, LeastSquares(gaussian("v", d, cov=S), target=constant("target", d))
    )
    with pytest.raises(InputError, match=r"^q: the mixture of v has the weights \[1.5, -0.5\]"):
        sources(model, {S: np.eye(2), T: np.eye(2), q: 1.5}, {d: 2, k: 1})


# ---- refusals


@pytest.mark.parametrize(
    ("build", "error", "complaint"),
    [
        (
            lambda: mixture("v", [0.5, 0.4], [gaussian("v", d, S)] * 2),
            InputError,
            "add up to 9/10; positive weights with the sum 1",
        ),
        (
            lambda: mixture("v", [2, -1], [gaussian("v", d, S)] * 2),
            InputError,
            "the weights 2, -1 of v add up to 1; positive",
        ),
        (lambda: mixture("v", [p, p], [gaussian("v", d, S)] * 2), InputError, r"add up to 2\*p"),
        (lambda: mixture("v", [1], [gaussian("v", d, S)] * 2), InputError, "1 weights came for 2 components of v"),
        (lambda: mixture("v w", [1], [gaussian("v", d, S)]), InputError, "the component v does not hold all vectors"),
        (lambda: mixture("v", [1], [x]), InputError, "the component x does not hold all vectors of one joint law"),
        (lambda: mixture("v", [1], [z]), NotDerivableYet, "the component z is not Gaussian"),
        (
            lambda: mixture("v", [1], [student("v", d, S, scalar("df"))]),
            NotDerivableYet,
            "the component v is not Gaussian",
        ),
        (
            lambda: mixture("v", [p, 1 - p], [gaussian("v", d, S), gaussian("v", k, covariance("C", k))]),
            ShapeError,
            r"components of v have the dimensions \(d,\) and \(k,\)",
        ),
        (lambda: log_mean_exp(inner(x, x_minus), over=x_minus), NotDerivableYet, "x_minus is not Gaussian"),
        (
            lambda: observed("o", truth(B) * gaussian("h", k, eye(k)) + z),
            NotDerivableYet,
            "z is not a centred Gaussian vector",
        ),
        (lambda: observed("o", M * plain), NotDerivableYet, "plain is not a centred Gaussian vector"),
        (
            lambda: Model(norm2(x - A.T * A * x), (), A * x, LeastSquares(x, target=constant("target", d))),
            NotDerivableYet,
            "downstream.x: x is a mixture; a centred Gaussian vector is expected, with the covariance",
        ),
    ],
)
def test_one_clear_sentence(build, error, complaint: str) -> None:
    with pytest.raises(error, match=complaint):
        build()


def test_what_the_front_end_says_of_a_mixture() -> None:
    assert y.law.names == ("y", "y_plus") and y.law.dimensions == (d, d) and y.law.scale is None
    assert [weight for weight, _ in z.law.components] == [sympy.Rational(1, 4), sympy.Rational(3, 4)]
    assert all(law.names == ("y", "y_plus") for _, law in y.law.components)
    assert is_symmetric(S + T) and sympy.srepr(x.law) == sympy.srepr(x.law.doit())
    assert x.law != x_minus.law and copy(x, "other").law.components[0][1].mean(0) == mu
    (w,) = joint("w", (d,), {(0, 0): S})
    assert w.law.components == ((1, w.law),)
    assert logdet(eye(d)) == logdet(eye(d)) and tr(w.cov) == tr(S)


@pytest.mark.parametrize("p", [1.2, -0.1])
def test_weights_that_are_no_probabilities_are_refused_by_eval(p: float) -> None:
    file = str(Path(__file__).parent.parent.parent / "docs" / "examples" / "mixture_contrastive.py")
    loaded = catalogue.load(file)
    with pytest.raises(InputError, match=rf"^p: .*{'weights' if p > 0 else 'positive'}.* (are|is) expected"):
        evaluate_inputs(loaded, {**loaded.example, "p": p})
