"""Inputs of models between two spaces: dimensions as keys and in sums, singular covariances, a variance or a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import good, loaded

from symasym.errors import InputError
from symasym.evaluation import evaluate_inputs
from symasym.inputs.sizes import agree
from symasym.model.instance import Key, Kind

ABSENT = object()


def given(name: str, **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**good(name), **changes}.items() if value is not ABSENT}


def refused(name: str, **changes: Any) -> str:
    with pytest.raises(InputError) as caught:
        evaluate_inputs(loaded(name), given(name, **changes))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def weights(name: str, **changes: Any) -> np.ndarray:
    return evaluate_inputs(loaded(name), given(name, **changes)).numeric.weights


# --- Sums of dimensions ------------------------------------------------------------------------------------------

JOINT = Key("Sigma", Kind.SEMIDEFINITE, ("p + q", "p + q"))
KEYS = {key.name: key for key in (JOINT, Key("p", Kind.DIMENSION), Key("v", Kind.VECTOR, ("q",)))}


def test_a_sum_tells_the_dimension_that_is_left() -> None:
    assert agree(KEYS, {"Sigma": np.eye(5), "p": 2}) == {"p": (2, "p"), "q": (3, "Sigma")}
    assert agree(KEYS, {"Sigma": np.eye(5), "v": np.ones(3)}) == {"q": (3, "v"), "p": (2, "Sigma")}
    assert agree(KEYS, {"Sigma": np.eye(5), "v": np.ones(3), "p": 2})["q"] == (3, "v")
    assert agree(KEYS, {"Sigma": np.eye(5)}) == {}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"p": 5}, "p: 5 came, p + q = 5 (from Sigma) with q >= 1 is expected"),
        ({"p": 7}, "p: 7 came, p + q = 5 (from Sigma) with q >= 1 is expected"),
        ({"p": 2, "v": np.ones(2)}, "p: 2 came, p + q = 5 (from Sigma) with q = 2 (from v) is expected"),
        ({"v": np.ones(6)}, "Sigma: size 5 came, p + q with q = 6 (from v) and p >= 1 is expected"),
    ],
)
def test_a_sum_that_does_not_come_out_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        agree(KEYS, {"Sigma": np.eye(5), **values})
    assert str(caught.value) == message


# --- Context encoder ---------------------------------------------------------------------------------------------


def test_sizes_of_the_context_encoder_are_named() -> None:
    assert (
        refused("context_encoder", d1=5, target=[1, 0, 0, 0, 0])
        == "d1: 5 came, d1 + d2 = 5 (from Sigma) with d2 >= 1 is expected"
    )
    assert refused("context_encoder", k=3) == "k: 3 came, k < d1 with d1 = 3 (from d1) is expected"
    assert refused("context_encoder", target=[1, 0]).startswith("target: shape (2,) came, (d1) with d1 = 3 (from d1)")
    down = np.eye(2).tolist()
    assert refused("context_encoder", Sigma_down=down).startswith("Sigma_down: shape (2, 2) came, (d1, d1) with d1 = 3")
    wide = refused("context_encoder", d1=4, k=2, target=[1, 0, 0, 0])
    assert (
        wide == "k: 2 came, but the regression of x2 on whitened x1 has only 1 singular values; at most 1 is expected"
    )


def test_the_rank_of_the_regression_bounds_the_bottleneck() -> None:
    sigma = np.array(good("context_encoder")["Sigma"])
    sigma[1, 4] = sigma[4, 1] = 0
    assert len(weights("context_encoder", Sigma=sigma.tolist())) == 2
    assert refused("context_encoder", Sigma=sigma.tolist(), k=2).startswith(
        "k: singular value 2 of the regression of x2"
    )
    sigma[1, 4] = sigma[4, 1] = 0.8
    assert refused("context_encoder", Sigma=sigma.tolist()).startswith(
        "k: the gap between singular values of the regression"
    )


def test_a_joint_covariance_may_be_singular_and_its_block_of_x1_may_not() -> None:
    sigma = np.array(good("context_encoder")["Sigma"])
    sigma[0, 3] = sigma[3, 0] = 1.0  # the first coordinate of x2 is that of x1
    assert np.all(weights("context_encoder", Sigma=sigma.tolist()) > 0)
    sigma[0, 3] = sigma[3, 0] = 1 + 1e-6
    assert refused("context_encoder", Sigma=sigma.tolist()).startswith("Sigma: its smallest eigenvalue is -1e-06")
    flat = np.array(good("context_encoder")["Sigma"])
    flat[2, 2] = 0
    assert refused("context_encoder", Sigma=flat.tolist()).startswith(
        "Sigma: its block of x1: its smallest eigenvalue is 0"
    )


# --- Two views ---------------------------------------------------------------------------------------------------


def test_sizes_of_two_views_are_named() -> None:
    assert refused("two_view", Sigma_xy=[[0.8, 0, 0], [0, 0.4, 0]]).startswith(
        "Sigma_xy: shape (2, 3) came, (d_x, d_y) with d_x = 3 (from Sigma_x)"
    )
    assert refused("two_view", k=3).startswith("k: 3 came, k < d_x with d_x = 3 (from Sigma_x) is expected")
    one = {"Sigma_y": [[1]], "Sigma_xy": [[0.8], [0], [0]]}
    assert len(weights("two_view", **one)) == 2
    assert refused("two_view", **one, k=2).startswith(
        "k: 2 came, but the whitened cross-covariance has only 1 singular values"
    )


def test_correlations_beyond_one_are_refused_and_one_is_not() -> None:
    assert np.all(weights("two_view", Sigma_xy=[[1, 0], [0, 0.4], [0, 0]]) > 0)
    assert refused("two_view", Sigma_xy=[[1.01, 0], [0, 0.4], [0, 0]]).startswith(
        "Sigma_xy: the joint covariance of the pair"
    )


# --- Multi-task --------------------------------------------------------------------------------------------------


def test_noise_is_a_variance_or_a_covariance() -> None:
    np.testing.assert_allclose(
        weights("multitask", noise=0.7), weights("multitask", noise=[[0.7, 0], [0, 0.7]]), rtol=1e-12
    )
    for value, why in (
        (0, "a positive number"),
        (-1.0, "a positive number"),
        ("1", "a positive number"),
        (True, "a positive number"),
        ([[1, 2], [2, 1]], "its smallest eigenvalue is -1"),
        ([1.0, 1.0], "positive definite matrix"),
        ([[1.0]], "(T, T) with T = 2 (from B) is expected"),
    ):
        message = refused("multitask", noise=value)
        assert message.startswith("noise: ") and why in message, message


def test_tasks_and_features_fit() -> None:
    three = [[1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    assert refused("multitask", A=three, B=np.eye(3).tolist(), theta=[1, 1, 1]) == (
        "A: d = 3 (from Sigma), k = 3 (from A) came, k < d is expected"
    )
    assert "k <= T" in refused("multitask", A=three[:2], B=[[1.0, 0.5]], theta=[1, 1], noise=1.0)
    assert refused("multitask", A=[[1, 0.5, 0], [2, 1, 0]], B=np.eye(2).tolist(), theta=[1, 1]).startswith(
        "A: its singular values"
    )
    assert refused("multitask", A=three[:2], B=[[1, 1], [1, 1]], theta=[1, 1]).startswith("B: its singular values")
    assert refused("multitask", theta=[1, 1]).startswith("theta: shape (2,) came, (k) with k = 1 (from A)")
