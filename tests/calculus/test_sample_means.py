"""Losses of sample moments: forms against the explicit engine, against the same losses of single samples, and their refusals."""

from __future__ import annotations

from fractions import Fraction
from importlib import import_module
from random import Random

import numpy as np
import pytest
import sympy
from exact_words import ExactWords, exact_forms
from sympy import sqrt

from symasym.calculus.expectation import Moments
from symasym.calculus.forms import direction, forms
from symasym.calculus.linearise import expected_matrix, linearised
from symasym.errors import ConditionViolated, InputError, ShapeError
from symasym.general import general
from symasym.model import (
    GL,
    Aligned,
    Frame,
    LeastSquares,
    Model,
    O,
    average,
    constant,
    copy,
    covariance,
    dims,
    exchangeable,
    eye,
    gaussian,
    indexed,
    indices,
    inner,
    joint,
    logdet,
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
from symasym.model.matrices import Constant, Parameter, Truth, is_symmetric
from symasym.pipeline import derive_model
from symasym.referee import explicit
from symasym.symmetry.invariance import prove_form_kept
from symasym.words import lower_matrix
from symasym.words.lower import atom_of
from symasym.words.polynomial import MatrixPolynomial
from symasym.words.substitute import substitute_matrix, substitute_scalar

forms_module = import_module("symasym.calculus.forms")  # the package exports the function of that name

d, k = dims("d k")
SIZES = {d: 2, k: 1}
A, B = parameter("A", k, d), parameter("B", d, k)
Sigma, Sigma_plus, C = covariance("Sigma", d), covariance("Sigma_plus", d), covariance("C", k)
M, centre, cross = constant("M", d, d), constant("centre", d), constant("cross", d, k)
gamma, nu = scalar("gamma"), scalar("nu")
x, x_plus = exchangeable("x x_plus", cov=Sigma, cross=Sigma_plus)
x_minus = copy(x, "x_minus")
p, q = joint("p q", (d, k), {(0, 0): Sigma, (1, 1): C, (0, 1): cross}, {0: centre})
heavy = student("heavy", d, cov=Sigma, degrees_of_freedom=nu)
h, u = gaussian("h", k, cov=eye(k)), gaussian("u", d, cov=gamma * eye(d))
(seen,) = observed("seen", truth(B) * h + u)

S, S_plus = sample_mean("S", x * x.T), sample_mean("S_plus", (x * x_plus.T + x_plus * x.T) / 2)
S_minus = sample_mean("S_minus", M * x_minus * x_minus.T - Sigma)
S_pq, mean_p, mean_q = sample_mean("S_pq", p * q.T), sample_mean("mean_p", p), sample_mean("mean_q", q)
S_p, S_heavy, S_seen = (sample_mean(f"S_{v.name}", v * v.T) for v in (p, heavy, seen))

LOSSES = {
    "a mean alone": norm2(A * S_plus * A.T - eye(k)) + 2 * gamma * tr(A * S * A.T),
    "a mean inside inverse and determinant": logdet(eye(k) + A * S * A.T)
    + tr((eye(k) + A * S * A.T).inv() * A * S_plus * A.T),
    "a mean and single samples": norm2(A * x) ** 2 - 2 * tr(A * S_plus * A.T),
    "a mean times single samples": inner(A * S * x, A * x_plus) + norm2(A * x),
    "an inverse of a mean around single samples": quad(x_plus, A.T * (eye(k) + A * S * A.T).inv() * A),
    "a mean of a copy": tr(A * S_minus * A.T) ** 2 + norm2(A * x),
    "a mean and an average over copies": average(inner(A * x, A * x_minus) ** 2, over=x_minus, count=2)
    - tr(A * S_plus * A.T),
    "an asymmetric mean": norm2(A * S_pq) + tr(S_pq * A),
    "means of vectors": norm2(A * mean_p - mean_q) + norm2(A) ** 2,
    "a covariance of the sample": tr(A * (S_p - mean_p * mean_p.T) * A.T) + norm2(A * p),
    "heavy tails": norm2(A * S_heavy * A.T - eye(k)) + norm2(A * heavy),
    "a latent model": logdet(eye(d) + B * B.T) + tr((eye(d) + B * B.T).inv() * S_seen),
}


def model_of(loss: sympy.Expr) -> Model:
    features = B.T * x if loss.has(B) else A * x
    return Model(loss, (), features, LeastSquares(gaussian("x", d, cov=eye(d)), target=constant("target", d)))


def draw(rows: int, columns: int, rng: Random) -> np.ndarray:
    return np.array([[Fraction(rng.randint(-6, 6), rng.randint(1, 4)) for _ in range(columns)] for _ in range(rows)])


def random_values(model: Model, seed: int) -> dict:
    """Rational numbers for everything; the target lies in the span, the covariances are positive definite."""
    rng, values = Random(seed), {}
    symbols = {s for part in (model.loss, model.features) for s in part.atoms(Parameter, Constant)}
    for symbol in sorted(symbols, key=str):
        rows, columns = (int(sympy.sympify(n).subs(SIZES)) for n in symbol.shape)
        matrix = draw(rows, columns, rng)
        values[symbol] = matrix @ matrix.T + np.eye(rows, dtype=int) if getattr(symbol, "symmetric", False) else matrix
    (weights,) = model.features.atoms(Parameter)
    values[constant("target", d)] = values[weights] if weights == B else values[weights].T
    values.update({s: Fraction(rng.randint(40, 60), 4) for s in model.scalars})
    return values


def differences(model: Model, seed: int) -> list[bool]:
    """Whether gradient, score and Hessian equal those of the explicit engine, whose score is not centred."""
    values = random_values(model, seed)
    gradient, score, hessian = exact_forms(forms(model), values, SIZES)
    referee = explicit(model, SIZES, values)
    score = score + np.outer(gradient, gradient)
    pairs = ((gradient, referee.gradient), (score, referee.score), (hessian, referee.hessian))
    return [bool((ours == theirs).all()) for ours, theirs in pairs]


@pytest.mark.parametrize("name", LOSSES)
def test_forms_are_those_of_the_explicit_engine(name: str) -> None:
    """At a point that need not be stationary."""
    assert differences(model_of(LOSSES[name]), 1) == [True, True, True]


def test_a_mean_of_losses_may_be_written_either_way() -> None:
    """`||x - A^T A x||^2` of single samples, and of their second moment: one empirical loss, so equal forms, word by word."""
    single = forms(model_of(norm2(x - A.T * A * x)))
    moment = forms(model_of(tr((eye(d) - A.T * A) * S * (eye(d) - A.T * A))))
    along_u = substitute_direction(single.gradient)
    assert moment.gradient == single.gradient
    assert moment.hessian == single.hessian
    assert moment.score == single.score - along_u * single.gradient


def substitute_direction(gradient):
    """The gradient in the direction `U`."""
    atom = atom_of(A)
    return substitute_scalar(gradient, {direction(atom, "V"): MatrixPolynomial.atom(direction(atom, "U"))})


def test_expectations_stand_in_place_of_the_means() -> None:
    found = forms(model_of(LOSSES["a mean alone"]))
    assert {atom.key: value for atom, value in found.sample_means.items()} == {
        "S": lower_matrix(Sigma),
        "S_plus": lower_matrix(Sigma_plus),
    }
    kinds = {
        atom.key for form in (found.score, found.hessian) for m in form.terms for word in m.scalars for atom, _ in word
    }
    assert kinds == {"A", "Sigma", "Sigma_plus", "U_A", "V_A"}


MATRICES = {
    "a second moment with a mean": (p * p.T, Sigma + centre * centre.T),
    "a vector": (p, centre),
    "a row": (p.T, centre.T),
    "a product of forms": (M * x * x.T * M.T * x * x.T, None),
    "words on both sides": (M * p * q.T * C + cross, M * cross * C + cross),
    "no data in a term": (x * x.T - Sigma, sympy.ZeroMatrix(d, d)),
    "transposed": (q * p.T, cross.T),
}


@pytest.mark.parametrize("name", MATRICES)
def test_expected_matrices(name: str) -> None:
    given, expected = MATRICES[name]
    if expected is None:  # E x x^T N x x^T = S N S + S N^T S + tr(S N) S
        expected = M * (Sigma * M.T * Sigma + Sigma * M * Sigma + tr(Sigma * M) * Sigma)
    rng, symbols = Random(3), (Sigma, C, M, centre, cross)
    values = {s.name: draw(*(int(sympy.sympify(n).subs(SIZES)) for n in s.shape), rng) for s in symbols}
    values |= {s.name: values[s.name] + values[s.name].T for s in (Sigma, C)}
    at = ExactWords(values, SIZES)
    assert (at.matrix(expected_matrix(lower_matrix(given), Moments())) == at.matrix(lower_matrix(expected))).all()


def no_influence(loss, means, moments):
    return substitute_scalar(loss, means)


def influence_twice(loss, means, moments):
    return linearised(loss, means, moments).scale(2) - no_influence(loss, means, moments)


@pytest.mark.parametrize("mistake", [no_influence, influence_twice])
def test_a_planted_mistake_is_caught(mistake, monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of(LOSSES["a mean and single samples"])
    assert differences(model, 2) == [True, True, True]
    monkeypatch.setattr(forms_module, "linearised", mistake)
    assert differences(model, 2) == [True, False, True]


# ---- the symmetry and the frame


def test_a_mean_moves_with_its_data() -> None:
    T = GL(d).element("T")
    images = {atom_of(v): lower_matrix(T * v) for v in (x, x_plus)}
    for mean in (S, S_plus):
        assert substitute_matrix(lower_matrix(mean), images) == lower_matrix(T * mean * T.T)
    turned = substitute_matrix(lower_matrix(S_pq), {atom_of(p): lower_matrix(T * p)})
    assert turned == lower_matrix(T * S_pq)


def test_a_mean_that_moves_otherwise_is_another_mean() -> None:
    T = GL(d).element("T")
    moved = substitute_matrix(lower_matrix(S_plus), {atom_of(x): lower_matrix(T * x)})
    assert moved != lower_matrix(S_plus) and moved.single_atom is not None


def test_invariance_under_a_frame_is_proved_or_refuted() -> None:
    T = GL(d).element("T")
    loss, moves = LOSSES["a mean alone"], {x: T * x, x_plus: T * x_plus}
    prove_form_kept(loss, {**moves, A: A * T.inv()}, GL(d), [], "it")
    with pytest.raises(ConditionViolated, match="is not invariant"):
        prove_form_kept(loss, {**moves, A: A * T.T}, GL(d), [], "it")
    with pytest.raises(
        ConditionViolated, match="is not invariant"
    ):  # 0 for every single sample, and not for means of them
        prove_form_kept(norm2(S) - tr(S) ** 2, {x: T * x}, GL(d), [], "it")


def test_a_mean_is_evaluated_at_full_rank() -> None:
    point = {x: np.array([[1.0], [2.0], [-1.0]]), x_plus: np.array([[0.5], [1.0], [3.0]])}
    matrix = evaluate_matrix(S_plus, point, {d: 3})
    assert np.linalg.matrix_rank(matrix) == 3
    np.testing.assert_allclose(matrix, matrix.T)


@pytest.mark.parametrize(
    ("expression", "symmetric"),
    [
        (x * x.T, True),
        (x * x_plus.T + x_plus * x.T, True),
        ((x * x_plus.T + x_plus * x.T) / 2 + 3 * Sigma, True),
        ((x + x_plus) * (x + x_plus).T, True),
        (M * Sigma + Sigma * M.T, True),
        (x * x_plus.T, False),
        (x * x_plus.T + 2 * x_plus * x.T, False),
        (M * Sigma + Sigma * M, False),
        (S, True),
        (S_pq * S_pq.T, True),
    ],
)
def test_what_is_symmetric(expression, symmetric: bool) -> None:
    assert is_symmetric(expression) is symmetric


# ---- the literal loss of the catalogue: too many minima

i, a = indices("i a")
lam, b = indexed("lam b")


def literal() -> Model:
    return Model(
        loss=norm2(A * S_plus * A.T - eye(k)),
        symmetry=O(k).acts(lambda Q: {A: Q * A}),
        features=A * x,
        downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=constant("target", d)),
        where=[k < d],
        aligned=Aligned(
            frames=[Frame.of(GL(d), lambda T: {x: T * x, x_plus: T * x_plus, A: A * T.inv()})],
            ranges={i: (1, k), a: (k + 1, d)},
            diagonal={Sigma: 1, Sigma_plus: lam, constant("target", d): {i: b[i]}},
            at={A: {i: 1 / sqrt(lam[i])}},
            assume=[lam[i] > lam[a], lam[i] > 0],
        ),
    )


def test_the_literal_loss_is_refused_with_the_direction_of_its_further_minima() -> None:
    """Every `A` with `A Sigma_plus A^T = I` is a minimiser, which for `k < d` is more than an orbit."""
    with pytest.raises(
        ConditionViolated, match=r"null direction that is not vertical, A\[i,a\]: 1; the declared group is too small"
    ):
        derive_model(literal())


def test_the_general_route_refuses_the_literal_loss_as_well() -> None:
    spectrum = np.array([0.8, 0.5, 0.2])
    values = {
        "A": np.diag(spectrum**-0.5)[:2],
        "Sigma": np.eye(3),
        "Sigma_plus": np.diag(spectrum),
        "Sigma_down": np.eye(3),
        "target": np.array([1.0, 2.0, 0.0]),
        "sigma2": 1.0,
    }
    with pytest.raises(ConditionViolated, match=r"Hessian form is zero .* along the horizontal direction A\[[12],3\]"):
        general(literal(), values)


# ---- refusals


def test_bad_sample_means_are_refused() -> None:
    for build, complaint in (
        (lambda: sample_mean("S", norm2(x)), "is the mean of .* a scalar; a matrix is expected"),
        (lambda: sample_mean("S", Sigma), "has no data vector in it"),
        (lambda: sample_mean("S", A * x), "contains A; only data and known matrices"),
        (lambda: sample_mean("S_2", S + x * x.T), "contains S; only data and known matrices"),
    ):
        with pytest.raises(InputError, match=complaint):
            build()
    with pytest.raises(ShapeError, match="sample_mean S: the sum"):
        sample_mean("S", p * q.T + Sigma)


def test_sample_means_stand_in_the_loss_alone() -> None:
    with pytest.raises(
        InputError, match=r"features: A\*S\*x contains the sample mean S, which may stand in the loss only"
    ):
        Model(
            LOSSES["a mean alone"],
            (),
            A * S * x,
            LeastSquares(gaussian("x", d, cov=Sigma), target=constant("target", d)),
        )
    with pytest.raises(InputError, match="x_minus is averaged over copies and also stands outside"):
        model_of(average(inner(A * x, A * x_minus) ** 2, over=x_minus, count=2) + tr(A * S_minus * A.T))


def test_data_of_a_mean_are_data_of_the_model() -> None:
    assert [v.name for v in model_of(LOSSES["a mean alone"]).data] == ["x", "x_plus"]
    assert [s.name for s in model_of(LOSSES["a mean alone"]).sample_means] == ["S", "S_plus"]
    assert not model_of(LOSSES["a mean alone"]).loss.atoms(Truth)
