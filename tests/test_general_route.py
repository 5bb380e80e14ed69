"""The general route: equal to the closed form on aligned input, and blind to representative and rotation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from support import CASES, MODELS, derivation, exact_matrices, float_matrices, label, point, written_out

from symasym.errors import ConditionViolated
from symasym.general import General, general
from symasym.model.evaluate import evaluate_matrix
from symasym.model.matrices import Parameter
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
    law = derived.law.at(alpha=1.0, Sigma_down=down, **wanted(derived, at.floats))
    assert np.max(np.abs(found.weights[: law.weights.size] - law.weights)) <= allowed * law.weights.max()
    assert (found.d_eff, found.d_base) == (law.d_eff, law.d_base)


def wanted(derived: Derivation, values: dict[str, Any]) -> dict[str, Any]:
    law = derived.law
    return {name: values[name] for name in (*law.dimensions, *law.families, *law.scalars)}


@pytest.mark.parametrize("name", MODELS)
def test_law_does_not_depend_on_the_representative(name: str) -> None:
    derived, sizes = derivation(name), {"d": 4, "k": 2}
    values = arrays(derived, name, sizes, 11)
    before = route(derived, values)
    rng = np.random.default_rng(20261120)
    for action in derived.model.actions:
        element = action.group.random(2, rng)
        table = {p: values[p.name] for p in derived.model.parameters} | {action.element: element}
        moved = {p.name: evaluate_matrix(image, table, {}) for p, image in action.images.items()}
        after = route(derived, {**values, **moved, **_companions(name, values, element)})
        np.testing.assert_allclose(after.weights, before.weights, rtol=1e-9, atol=1e-11 * before.weights[0])
        np.testing.assert_allclose(after.noise, before.noise, rtol=1e-12)
        assert np.trace(np.linalg.pinv(after.hessian) @ after.score) == pytest.approx(
            np.trace(np.linalg.pinv(before.hessian) @ before.score), rel=1e-9
        )


def _companions(name: str, values: dict[str, Any], element: np.ndarray) -> dict[str, Any]:
    """What else changes with the representative: in the factor model the latent basis, hence the coefficients of y in it."""
    return {"beta": element.T @ values["beta"]} if name.startswith("factor") else {}


@pytest.mark.parametrize("name", MODELS)
def test_law_does_not_depend_on_the_basis_of_the_data(name: str) -> None:
    """A frame element turns all data, so every covariance, the target and `w*` turn with it; the weights stay."""
    derived, sizes = derivation(name), {"d": 4, "k": 2}
    values = arrays(derived, name, sizes, 13)
    before = route(derived, values)
    rng = np.random.default_rng(20261121)
    assert derived.model.aligned is not None
    for frame in derived.model.aligned.frames:
        turn = frame.group.random(4, rng)
        table = {p: values[p.name] for p in derived.model.parameters} | {frame.element: turn}
        moved = {
            symbol.name: evaluate_matrix(image, table, {})
            for symbol, image in frame.images.items()
            if isinstance(symbol, Parameter)
        }
        covariances = {
            symbol.name: turn @ values[symbol.name] @ turn.T
            for symbol in _covariances(derived)
            if symbol.shape == (sympy.Symbol("d", integer=True, positive=True),) * 2
        }
        target = {"target": np.linalg.solve(turn.T, values["target"])} if "target" in values else {}
        after = route(derived, {**values, **moved, **covariances, **target})
        np.testing.assert_allclose(after.weights, before.weights, rtol=1e-8, atol=1e-10 * before.weights[0])
        np.testing.assert_allclose(after.noise, before.noise, rtol=1e-12)


def _covariances(derived: Derivation) -> list[Any]:
    laws = [vector.law for vector in derived.model.data] + [derived.model.downstream.x.law]
    found = {s for law in laws for s in law.atoms(sympy.MatrixSymbol) if getattr(s, "symmetric", False)}
    return sorted(found, key=str)


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
