"""The general route: equal to the closed form on aligned input, and blind to representative and rotation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import sympy
from support import (
    ALL,
    CASES,
    concrete,
    covariance_of,
    derivation,
    exact_matrices,
    float_matrices,
    label,
    law_values,
    moved_by,
    optional,
    point,
    symbols,
    typical,
    written_out,
)

from symasym.errors import ConditionViolated
from symasym.general import General, general
from symasym.model.aligned import Frame
from symasym.model.evaluate import evaluate_matrix
from symasym.model.matrices import Constant, Parameter, ScalarTruth, Truth
from symasym.model.model import Model
from symasym.pipeline import Derivation

ROUNDING = 1e-12


def arrays(derived: Derivation, name: str, sizes: dict[str, int], seed: int) -> dict[str, Any]:
    return float_matrices(exact_matrices(derived.model, point(name, sizes, seed)))


def route(derived: Derivation, values: dict[str, Any]) -> General:
    return general(derived.model, values, derived.forms, derived.quotient)


def condition(result: General) -> float:
    reduced = result.horizontal.T @ result.hessian @ result.horizontal
    return float(np.linalg.cond(reduced))


@pytest.mark.parametrize("case", CASES, ids=label)
def test_equals_the_closed_form_to_rounding_times_the_condition_number(case: tuple[str, dict[str, int]]) -> None:
    name, sizes = case
    derived, at = derivation(name), point(name, sizes, 7)
    found = route(derived, float_matrices(exact_matrices(derived.model, at)))
    closed = written_out(derived, at)
    allowed = ROUNDING * condition(found)
    for ours, exact in (
        (found.hessian, closed.hessian),
        (found.score, closed.score),
        (found.covariance, closed.covariance),
        (found.interaction, closed.interaction),
    ):
        expected = exact.astype(float)
        assert np.max(np.abs(ours - expected)) <= allowed * np.max(np.abs(expected))
    down = at.Sigma_down.astype(float)
    law = derived.law.at(alpha=1.0, Sigma_down=down, **law_values(derived.law, at))
    assert np.max(np.abs(found.weights[: law.weights.size] - law.weights)) <= allowed * law.weights.max()
    assert (found.d_eff, found.d_base) == (law.d_eff, law.d_base)


@pytest.mark.parametrize("name", ALL)
def test_law_does_not_depend_on_the_representative(name: str) -> None:
    derived, sizes = derivation(name), typical(name)
    values = arrays(derived, name, sizes, 11)
    before = route(derived, values)
    rng = np.random.default_rng(20261120)
    for action in derived.model.actions:
        element = action.group.random(concrete(action.group.size, sizes), rng)
        table = {**constants(derived.model, values), action.element: element}
        moved = {p.name: evaluate_matrix(image, table, symbols(sizes)) for p, image in action.images.items()}
        companions = optional(name, "companions", lambda *_: {})(values, {action.element.name: element})
        after = route(derived, {**values, **moved, **companions})
        np.testing.assert_allclose(after.weights, before.weights, rtol=1e-9, atol=1e-11 * before.weights[0])
        np.testing.assert_allclose(after.noise, before.noise, rtol=1e-12)
        assert np.trace(np.linalg.pinv(after.hessian) @ after.score) == pytest.approx(
            np.trace(np.linalg.pinv(before.hessian) @ before.score), rel=1e-9
        )


def constants(model: Model, values: Mapping[str, Any]) -> dict[Any, Any]:
    """Values by symbol: parameters, their true values, constants, scalars."""
    task = model.downstream
    parts = (model.loss, model.features, task.target, task.noise, task.x.cov)
    found = {s for part in parts for s in part.atoms(Parameter, Constant, Truth, ScalarTruth)} | {*model.scalars}
    return {s: values[s.of if isinstance(s, Truth | ScalarTruth) else s.name] for s in found}


@pytest.mark.parametrize("name", ALL)
def test_law_does_not_depend_on_the_basis_of_the_data(name: str) -> None:
    """A frame element turns data, so their covariances, the target and `w*` turn with them; the weights stay."""
    derived, sizes = derivation(name), typical(name)
    values = arrays(derived, name, sizes, 13)
    before = route(derived, values)
    rng = np.random.default_rng(20261121)
    assert derived.model.aligned is not None and derived.model.aligned.frames
    for frame in derived.model.aligned.frames:
        turn = frame.group.random(concrete(frame.group.size, sizes), rng)
        after = route(derived, in_the_frame(derived.model, frame, turn, values, sizes))
        np.testing.assert_allclose(after.weights, before.weights, rtol=1e-8, atol=1e-10 * before.weights[0])
        np.testing.assert_allclose(after.noise, before.noise, rtol=1e-12)


def in_the_frame(
    model: Model, frame: Frame, turn: np.ndarray, values: Mapping[str, Any], sizes: dict[str, int]
) -> dict[str, Any]:
    """All matrices of a problem after `z -> T z`: `Cov(T_1 u, T_2 v) = T_1 Cov(u, v) T_2^T`, the target by `T^{-T}`."""
    old = constants(model, values)
    table = {**old, frame.element: turn}
    new = {
        p: evaluate_matrix(image, table, symbols(sizes))
        for p, image in frame.images.items()
        if isinstance(p, Parameter)
    }
    vectors = sorted({*model.data, model.input}, key=str)
    turns = {v: moved_by(frame.images, frame.element, turn, v, concrete(v.shape[0], sizes)) for v in vectors}
    pairs = [(covariance_of(model, u, v), turns[u], turns[v]) for u in vectors for v in vectors]
    pairs.append((model.downstream.x.cov, turns[model.input], turns[model.input]))
    for cov, left, right in sorted(pairs, key=lambda pair: not isinstance(pair[0], Constant)):
        for symbol in () if cov is None else sorted(cov.atoms(Constant), key=str):
            if symbol not in new and tuple(symbol.shape) == tuple(cov.shape):
                straight = not cov.has(sympy.Transpose(symbol))
                new[symbol] = left @ old[symbol] @ right.T if straight else right @ old[symbol] @ left.T
    if isinstance(model.downstream.target, Constant):
        new[model.downstream.target] = np.linalg.solve(turns[model.input].T, old[model.downstream.target])
    moved = {**values, **{symbol.name: matrix for symbol, matrix in new.items()}}
    later = constants(model, moved)
    for cov, left, right in pairs:
        if cov is not None:
            was, now = (evaluate_matrix(cov, at, symbols(sizes)) for at in (old, later))
            np.testing.assert_allclose(now, left @ was @ right.T, rtol=1e-9, atol=1e-9 * np.max(np.abs(now)))
    return moved


def test_batches_are_loops() -> None:
    derived = derivation("spectral")
    many = [arrays(derived, "spectral", {"d": 4, "k": 2}, seed) for seed in range(3)]
    stacked = {
        name: np.stack([values[name] for values in many])
        if np.ndim(many[0][name])
        else np.array([v[name] for v in many])
        for name in many[0]
    }
    together = route(derived, stacked)
    for n, values in enumerate(many):
        np.testing.assert_allclose(together.weights[n], route(derived, values).weights, rtol=1e-9, atol=1e-9)


def test_a_point_that_is_not_stationary_is_refused() -> None:
    derived = derivation("spectral")
    values = arrays(derived, "spectral", {"d": 3, "k": 1}, 1)
    values["A"] = values["A"] * 1.01
    with pytest.raises(ConditionViolated, match=r"not stationary; the gradient points along A\[1,1\]"):
        route(derived, values)


def test_a_saddle_is_refused_with_its_direction() -> None:
    derived = derivation("linear_autoencoder")
    values = arrays(derived, "linear_autoencoder", {"d": 3, "k": 1}, 1)
    values["Sigma"] = values["Sigma"][::-1, ::-1]  # now w* holds the smallest component
    with pytest.raises(ConditionViolated, match="saddle"):
        route(derived, values)


def test_a_target_outside_the_span_is_refused() -> None:
    derived = derivation("spectral")
    values = arrays(derived, "spectral", {"d": 3, "k": 1}, 1)
    values["target"] = np.array([[1.0], [0.5], [0.0]])
    with pytest.raises(ConditionViolated, match="target: f"):
        route(derived, values)
