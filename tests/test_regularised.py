"""Penalties on the context encoder: what they leave alone, what they change, and where rank k does not survive them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from support import derivation, good, loaded, random_good

from symasym.errors import InputError
from symasym.evaluation import evaluate_inputs

lam, rho, k = (
    sympy.Symbol("lam", positive=True),
    sympy.Symbol("rho", positive=True),
    sympy.Symbol("k", integer=True, positive=True),
)


def numbers(name: str, document: dict[str, Any]):
    plain = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in document.items()}
    return evaluate_inputs(loaded(name), plain)


def penalised(
    document: dict[str, Any], own: float, decoder: float, key: str = "representation_penalty"
) -> dict[str, Any]:
    without = {name: value for name, value in document.items() if not name.endswith("_penalty")}
    return {**without, key: own, "decoder_penalty": decoder}


def test_a_penalised_representation_has_the_law_of_the_plain_encoder() -> None:
    """Soft thresholding keeps the span of reduced-rank regression, on samples as well: no penalty is left in the law."""
    ours, plain = derivation("regularised_encoder").law, derivation("context_encoder").law
    assert [str(item.index) for item in ours.outside] == [str(item.index) for item in plain.outside]
    for mine, theirs in zip(ours.outside, plain.outside, strict=True):
        assert sympy.simplify(mine.variance.function - theirs.variance.function) == 0
        assert not mine.variance.free_symbols & {lam, rho}
    assert ours.d_base == plain.d_base


def test_what_changes_is_the_loss_and_the_symmetry() -> None:
    """`GL(k)` loses `k (k + 1) / 2` directions; without penalties the excess loss is that of the plain encoder."""
    ours, plain = derivation("regularised_encoder"), derivation("context_encoder")
    gap = ours.quotient.dimension - plain.quotient.dimension
    assert sympy.expand(gap - k * (k + 1) / 2) == 0
    sizes = {"d1": 4, "d2": 3, "k": 2, "r": 3}
    mine, theirs = (law.expand(law.excess_loss_mean, **sizes) for law in (ours.law, plain.law))
    assert sympy.simplify(mine - theirs) != 0
    assert sympy.simplify(mine.subs(lam, 0) - theirs) == 0


@pytest.mark.parametrize("seed", range(6))
def test_in_numbers_too_and_in_general_position(seed: int) -> None:
    document, _ = random_good("regularised_encoder", np.random.default_rng(seed))
    plain = {name: value for name, value in document.items() if not name.endswith("_penalty")}
    ours, theirs = numbers("regularised_encoder", document), numbers("context_encoder", plain)
    assert ours.route == theirs.route
    np.testing.assert_allclose(ours.numeric.weights, theirs.numeric.weights, rtol=1e-7)
    assert (ours.numeric.d_eff, ours.numeric.d_base) == (theirs.numeric.d_eff, theirs.numeric.d_base)


def test_ridge_on_whitened_data_has_the_same_minimiser_and_a_larger_variance() -> None:
    """`||A||^2` does not follow the sample: along `A_ia` the score keeps the bias `lam rho^2 x_i` of the residual besides its
    noise `e_i`, of variance `nu_i`, so that `v_a = b_i^2 (nu_i + (lam rho^2)^2) / s_i^2`; here `b = 2`, `s = 0.8` and
    `lam rho^2 = 0.2`."""
    document = good("regularised_encoder")
    ours, ridge = (
        numbers("regularised_encoder", penalised(document, 0.1, 0.4, key))
        for key in ("representation_penalty", "encoder_penalty")
    )
    assert (ours.route, ridge.route) == ("closed form", "general")
    A = ridge.minimiser["A"]
    np.testing.assert_allclose(A.T @ A, np.diag([0.6 * 2, 0, 0]), atol=1e-8)
    assert ours.numeric.weights.min() == pytest.approx(4 * 0.36 / 0.64, rel=1e-12)
    assert ridge.numeric.weights.min() == pytest.approx(4 * (0.36 + 0.2**2) / 0.64, rel=1e-8)
    assert np.all(ridge.numeric.weights > ours.numeric.weights)


def test_ridge_moves_the_span_and_less_so_the_weaker_it_is() -> None:
    """Elsewhere the target of the plain encoder is out of reach; the gap and the change of the law are linear in the penalty."""
    document, _ = random_good("regularised_encoder", np.random.default_rng(1))
    plain = numbers("context_encoder", {n: v for n, v in document.items() if not n.endswith("_penalty")})
    with pytest.raises(InputError, match="target: f\\* lies outside the span of the features"):
        numbers("regularised_encoder", penalised(document, 0.1, 0.1, "encoder_penalty"))
    errors = []
    for weight in (4e-3, 4e-4):
        ridge = numbers(
            "regularised_encoder", {**penalised(document, weight, weight, "encoder_penalty"), "project": True}
        )
        total = [float(law.numeric.interaction_cumulant(1)) for law in (ridge, plain)]
        errors.append(abs(total[0] / total[1] - 1))
    assert 0 < errors[1] < 0.2 * errors[0] < 0.1


@pytest.mark.parametrize(
    ("own", "decoder", "message"),
    [
        (
            0.8,
            0.8,
            r"k: singular value 1 of the regression of x2 on whitened x1 is 0\.8, so that rank 1 does not survive",
        ),
        (2.0, 3.0, r"one above sqrt\(representation_penalty \* decoder_penalty\) = 2\.44949 is expected"),
        (0.0, 0.4, "representation_penalty: 0.0 came, a positive number is expected"),
    ],
)
def test_rank_k_must_survive(own: float, decoder: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        numbers("regularised_encoder", penalised(good("regularised_encoder"), own, decoder))


def test_one_penalty_on_the_side_of_the_encoder() -> None:
    document = good("regularised_encoder")
    with pytest.raises(InputError, match="representation_penalty: it came together with encoder_penalty; one"):
        numbers("regularised_encoder", {**document, "encoder_penalty": 0.1})
    with pytest.raises(InputError, match="representation_penalty: the key is missing, and so is encoder_penalty"):
        numbers("regularised_encoder", {n: v for n, v in document.items() if n != "representation_penalty"})
