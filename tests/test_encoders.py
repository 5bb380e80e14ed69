"""Encoders between two spaces: what context encoder, two views, several tasks and a discarded head must agree on.

None of the comparisons was used to derive either side: the models have different losses, parameters and data laws.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from support import derivation, instance_of, loaded, random_good

from symasym.evaluation import evaluate_inputs
from symasym.law.law import Law
from symasym.law.numeric import NumericLaw
from symasym.model.instance import AlignedPoint, GeneralPoint

s, nu, b = (sympy.IndexedBase(sympy.Symbol(name, real=True)) for name in ("s", "nu", "b"))
K = sympy.Symbol("K", positive=True)


def of(name: str) -> Law:
    return derivation(name).law


def variance_at(law: Law, letter: str) -> sympy.Expr:
    """The summand over `i` of `v_a`, for the range with that letter."""
    (item,) = (item for item in law.outside if str(item.index) == letter)
    assert isinstance(item.variance, sympy.Sum)
    return item.variance.function


def numbers(name: str, document: dict[str, Any]) -> NumericLaw:
    plain = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in document.items()}
    return evaluate_inputs(loaded(name), plain).numeric


def covariance(rng: np.random.Generator, size: int) -> np.ndarray:
    root = rng.standard_normal((size, size + 2))
    return root @ root.T / size


# --- Shape -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "d1", "d2"), [("context_encoder", "d1", "d2"), ("two_view", "d_x", "d_y")])
def test_two_spaces_have_two_families_of_weights(name: str, d1: str, d2: str) -> None:
    derived = derivation(name)
    first, second, k = (sympy.Symbol(name, integer=True, positive=True) for name in (d1, d2, "k"))
    assert [str(item.index) for item in derived.law.outside] == ["m", "a"]
    assert sympy.expand(derived.quotient.dimension - k * (first + second - k)) == 0
    assert derived.law.d_base == first
    assert str(derived.quotient.fields[0].rho) == "G"


@pytest.mark.parametrize("name", ["context_encoder", "two_view"])
def test_directions_without_correlation_are_the_limit_of_those_with_little(name: str) -> None:
    """`v_m` at `s_m = 0` is `v_a`: one law for both regimes, the rank of the regression `k` or larger."""
    m = sympy.Symbol("m", integer=True)
    assert sympy.simplify(variance_at(of(name), "m").subs(s[m], 0) - variance_at(of(name), "a")) == 0


# --- Textbook ----------------------------------------------------------------------------------------------------


def test_reduced_rank_regression_is_as_efficient_as_its_dimension_when_the_rank_is_k() -> None:
    """With rank `k` and unit noise the loss is twice a Gaussian likelihood, so Wilks gives the dimension of the quotient."""
    for name, sizes in (
        ("context_encoder", {"d1": 4, "d2": 3, "k": 2, "r": 2}),
        ("multitask", {"d": 4, "T": 3, "k": 2}),
    ):
        written = of(name).expand(of(name).excess_loss_mean, **sizes)
        ones = {entry: 1 for entry in written.atoms(sympy.Indexed) if str(entry.base.label) == "nu"}
        assert written.subs(ones) == 2 * (4 + 3 - 2)


def test_a_context_encoder_of_the_data_themselves_is_principal_components() -> None:
    """`x2 = x1` leaves no residual, `s^2 = lam`, and `f* = b_i x_i = b_i s_i z_i`: Anderson's constants once more."""
    i, m, a = (sympy.Symbol(name, integer=True) for name in "ima")
    lam = sympy.IndexedBase(sympy.Symbol("lam", real=True))
    encoder = variance_at(of("context_encoder"), "m").subs({nu[i]: 0, nu[m]: 0}).subs(b[i], b[i] * s[i])
    classical = (lam[a] * variance_at(of("linear_autoencoder"), "a")).subs({sympy.Symbol("rho_2", positive=True): 1})
    assert sympy.simplify(encoder - classical.subs({lam[i]: s[i] ** 2, lam[a]: s[m] ** 2})) == 0


def test_the_same_on_inputs_in_general_position_where_the_joint_covariance_is_singular() -> None:
    rng = np.random.default_rng(1)
    sigma = covariance(rng, 4)
    target = np.linalg.eigh(sigma)[1][:, ::-1][:, :2] @ [1.0, -0.7]
    more = {"k": 2, "target": target, "sigma2": 0.5, "Sigma_down": covariance(rng, 4)}
    joint = np.block([[sigma, sigma], [sigma, sigma]])
    encoder = numbers("context_encoder", {"Sigma": joint, "d1": 4, **more})
    classical = numbers("linear_autoencoder", {"Sigma": sigma, **more})
    np.testing.assert_allclose(encoder.weights, classical.weights, rtol=1e-9)
    assert (encoder.d_eff, encoder.d_base) == (classical.d_eff, classical.d_base)


def test_infinitely_many_negatives_are_a_context_encoder_of_whitened_y() -> None:
    """`E ||z - B^T A x||^2` with `z` whitened has residual variances `1 - s^2`; negatives from the law itself say no less."""
    for letter in "ma":
        infinite = sympy.limit(variance_at(of("two_view"), letter).subs(sympy.Symbol("tau", real=True), 7), K, sympy.oo)
        encoder = variance_at(of("context_encoder"), letter)
        table = {entry: 1 - s[entry.indices[0]] ** 2 for entry in encoder.atoms(sympy.Indexed) if entry.base == nu}
        assert sympy.simplify(infinite - encoder.subs(table)) == 0


def test_full_rank_regression_and_multitask_are_one_law() -> None:
    """Where the rank of the regression is `k` it does not matter whether the truth is a parameter of the data law."""
    assert variance_at(of("context_encoder"), "a") == variance_at(of("multitask"), "a")


@pytest.mark.parametrize("noise", ["shared", "general"])
@pytest.mark.parametrize(("d", "k", "T"), [(4, 2, 2), (5, 2, 4), (3, 1, 1), (4, 1, 5)])
def test_task_diversity(d: int, k: int, T: int, noise: str) -> None:
    """`f* = c^T B A x` with the shortest `c = B (B^T B)^{-1} theta`, regression of `c^T y`: a direction outside costs `c^T N c`.

    With `T = k` tasks there is nothing to choose: least squares for each task, and `c = B^{-T} theta`.
    """
    rng = np.random.default_rng([d, k, T])
    A, B, theta = rng.standard_normal((k, d)), rng.standard_normal((T, k)), rng.standard_normal(k)
    N = 0.7 * np.eye(T) if noise == "shared" else covariance(rng, T)
    document = {"Sigma": covariance(rng, d), "A": A, "B": B, "theta": theta, "sigma2": 1.0}
    found = numbers("multitask", document | {"noise": 0.7 if noise == "shared" else N})
    c = np.linalg.pinv(B).T @ theta
    np.testing.assert_allclose(found.weights, np.full(d - k, c @ N @ c), rtol=1e-8)
    if k == T:
        np.testing.assert_allclose(c, np.linalg.solve(B.T, theta))


def test_a_discarded_head_costs_nothing() -> None:
    """`C A` with any invertible `C`: more parameters, a larger group, and the law of the encoder alone to the letter."""
    head, plain = of("spectral_head"), of("spectral")
    assert head.weights == plain.weights and head.ranges == plain.ranges
    assert head.excess_loss_mean == plain.excess_loss_mean
    assert sympy.expand(head.quotient_dimension - plain.quotient_dimension) == 0
    assert (head.d_eff, head.d_base, head.noise) == (plain.d_eff, plain.d_base, plain.noise)


# --- Aligned or not ----------------------------------------------------------------------------------------------


def routes(name: str) -> list[str]:
    rng = np.random.default_rng(3)
    documents = [random_good(name, rng)[0] for _ in range(30)]
    plain = [{k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in item.items()} for item in documents]
    return [evaluate_inputs(loaded(name), document).route for document in plain]


@pytest.mark.parametrize("name", ["context_encoder", "multitask"])
def test_residuals_in_general_position_take_the_general_route(name: str) -> None:
    assert set(routes(name)) == {"closed form", "general"}


@pytest.mark.parametrize(("name", "key"), [("context_encoder", "Sigma"), ("multitask", "noise")])
def test_the_general_route_goes_over_into_the_closed_form(name: str, key: str) -> None:
    """A residual covariance that is almost diagonal gives almost the weights of a diagonal one."""
    instance = instance_of(name)
    document = dict(instance.verification)
    matrix = np.array(document[key])
    first = 7 if name == "context_encoder" else 0
    matrix[first:, first:] += 1e-6
    near, here = (
        evaluate_inputs(loaded(name), {**document, key: item.tolist()}) for item in (matrix, np.array(document[key]))
    )
    assert (near.route, here.route) == ("general", "closed form")
    np.testing.assert_allclose(np.sort(near.numeric.weights), np.sort(here.numeric.weights), rtol=1e-4)


def test_coinciding_singular_values_leave_a_basis_in_which_the_residual_is_diagonal() -> None:
    """Within an eigenspace the basis is free, below the gap and in the kernel as well; any frame of it is aligned."""
    rng = np.random.default_rng(4)
    turn, kernel = (np.linalg.qr(rng.standard_normal((n, n)))[0] for n in (2, 3))
    values = np.array([1.2, 0.9, 0.4, 0.4, 0.0, 0.0, 0.0])
    blocks = [0.5 * np.eye(2), turn * [0.3, 0.8] @ turn.T, kernel * [0.2, 0.5, 0.9] @ kernel.T]
    residual = np.zeros((7, 7))
    for start, block in zip((0, 2, 4), blocks, strict=True):
        residual[start : start + len(block), start : start + len(block)] = block
    slope = values[:, None] * np.eye(7, 5)
    joint = np.block([[np.eye(5), slope.T], [slope, slope @ slope.T + residual]])
    given = {"Sigma": joint, "d1": 5, "k": 2}
    point = instance_of("context_encoder").align(given)
    assert isinstance(point, AlignedPoint)
    np.testing.assert_allclose(np.sort(point.values["nu"]), [0.2, 0.3, 0.5, 0.5, 0.5, 0.8, 0.9], atol=1e-12)
    turned = point.frames["T_2"] @ slope @ np.linalg.inv(point.frames["T_1"])
    np.testing.assert_allclose(turned, slope, atol=1e-12)
    point = instance_of("context_encoder").align({**given, "k": 1})
    assert isinstance(point, AlignedPoint)
    joint[5, 9] = joint[9, 5] = 0.01  # couples the first direction with the kernel
    assert isinstance(instance_of("context_encoder").align(given), GeneralPoint)


def test_no_residual_and_rank_k_leave_no_weight() -> None:
    """`x2` a function of `x1` through `k` features: the span is found exactly, and the interaction is zero."""
    rng = np.random.default_rng(5)
    sigma, slope = covariance(rng, 4), rng.standard_normal((3, 2)) @ rng.standard_normal((2, 4))
    joint = np.block([[sigma, sigma @ slope.T], [slope @ sigma, slope @ sigma @ slope.T]])
    document = {"Sigma": joint / 2 + joint.T / 2, "d1": 4, "k": 2, "target": slope[0], "sigma2": 1.0}
    found = numbers("context_encoder", document)
    assert len(found.weights) == 0 and (found.d_eff, found.d_base) == (2, 4) and found.mean == 2.0
