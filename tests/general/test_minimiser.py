"""The population loss on arrays, and minimisers found without a formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import MODELS, derivation, exact_matrices, float_matrices, instance_of, loaded, point, typical

from symasym.calculus.forms import forms
from symasym.errors import ConditionViolated, NotDerivableYet
from symasym.evaluation import evaluate_inputs
from symasym.general.landscape import Landscape, landscape
from symasym.general.minimiser import find_minimiser
from symasym.general.route import general
from symasym.model import (
    LeastSquares,
    Model,
    O,
    constant,
    covariance,
    dims,
    gaussian,
    norm2,
    parameter,
    scalar,
    tr,
)
from symasym.model.matrices import ScalarTruth, Truth
from symasym.symmetry.quotient import quotient

FREE = [
    name
    for name in MODELS
    if not any(v.law.atoms(Truth, ScalarTruth) for v in loaded(name).model.data)
    and not loaded(name).model.downstream.target.atoms(Truth)
]
"""Models whose data law does not hold the true parameter."""


def scape_of(name: str, seed: int = 3) -> tuple[Landscape, dict[str, Any]]:
    derived = derivation(name)
    sizes = typical(name)
    values = {**sizes, **float_matrices(exact_matrices(derived.model, point(name, sizes, seed)))}
    return landscape(derived.model, derived.forms, derived.quotient, values), values


@pytest.mark.parametrize("name", FREE)
def test_derivatives_are_those_of_the_value(name: str) -> None:
    """Central differences: errors of order step^2 = 1e-10 and rounding / step = 1e-11, relative."""
    scape, _ = scape_of(name)
    rng, step = np.random.default_rng(1), 1e-5
    w = rng.standard_normal(scape.size)
    gradient, hessian = scape.gradient(w), scape.hessian(w)
    for _ in range(4):
        v = rng.standard_normal(scape.size)
        up, down = scape.value(w + step * v), scape.value(w - step * v)
        assert (up - down) / (2 * step) == pytest.approx(gradient @ v, rel=1e-6, abs=1e-7 * np.linalg.norm(gradient))
        moved = (scape.gradient(w + step * v) - scape.gradient(w - step * v)) / (2 * step)
        np.testing.assert_allclose(moved, hessian @ v, rtol=1e-6, atol=1e-7 * np.abs(hessian).max())


@pytest.mark.parametrize("name", FREE)
def test_the_search_finds_the_minimiser_of_the_closed_form(name: str) -> None:
    """The same loss as at the aligned `w*`, and the same law, from starts that know nothing of it."""
    scape, values = scape_of(name)
    derived = derivation(name)
    found = find_minimiser(scape, starts=6)
    here = scape.value(scape.packed({p.name: values[p.name] for p in derived.model.parameters}))
    assert found.value == pytest.approx(here, rel=1e-10, abs=1e-12)
    searched = general(derived.model, {**values, **found.values}, derived.forms, derived.quotient)
    known = general(derived.model, values, derived.forms, derived.quotient)
    np.testing.assert_allclose(searched.weights, known.weights, rtol=1e-6, atol=1e-8 * known.weights[0])
    assert (searched.d_eff, searched.d_base) == (known.d_eff, known.d_base)


def components(symmetry: Any = None) -> Model:
    d, k = dims("d k")
    A = parameter("A", k, d)
    x = gaussian("x", d, cov=covariance("Sigma", d))
    return Model(
        loss=norm2(x - A.T * A * x),
        symmetry=O(k).acts(lambda Q: {A: Q * A}),
        features=A * x,
        downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=constant("target", d)),
        where=[k < d],
    )


def scape(model: Model, **values: Any) -> Landscape:
    return landscape(model, forms(model), quotient(model), values)


COMPONENTS = {"target": np.ones(3), "Sigma_down": np.eye(3), "k": 1, "sigma2": 1.0}


def test_a_closed_eigengap_leaves_two_minimisers() -> None:
    with pytest.raises(ConditionViolated, match="learned spans differ by an angle of sine"):
        find_minimiser(scape(components(), Sigma=np.diag([2.0, 2.0, 1.0]), **COMPONENTS))


def test_a_loss_without_a_minimum_is_said() -> None:
    d, k = dims("d k")
    A = parameter("A", k, d)
    x = gaussian("x", d, cov=covariance("Sigma", d))
    model = Model(
        loss=-norm2(A * x),
        symmetry=O(k).acts(lambda Q: {A: Q * A}),
        features=A * x,
        downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=constant("target", d)),
    )
    with pytest.raises(ConditionViolated, match="no minimum that the 3 starts agree on: 3 of them"):
        find_minimiser(scape(model, Sigma=np.diag([3.0, 2.0, 1.0]), **COMPONENTS), starts=3)


def test_the_truth_is_not_searched_for() -> None:
    derived = derivation("factor")
    with pytest.raises(NotDerivableYet, match="w\\* is that truth"):
        landscape(derived.model, derived.forms, derived.quotient, {})


def test_a_file_without_alignment_gives_the_law_of_the_one_with_it(tmp_path: Any) -> None:
    """Tied linear autoencoder, a model without instance: the textbook constants lam_i lam_a / (lam_i - lam_a)^2 b_i^2."""
    from symasym import catalogue

    path = tmp_path / "components.py"
    path.write_text(
        "from symasym.model import *\n"
        "d, k = dims('d k')\n"
        "A = parameter('A', k, d)\n"
        "x = gaussian('x', d, cov=covariance('Sigma', d))\n"
        "model = Model(loss=norm2(x - A.T * A * x), symmetry=O(k).acts(lambda Q: {A: Q * A}), features=A * x,\n"
        "    downstream=LeastSquares(gaussian('x', d, cov=covariance('Sigma_down', d)), target=constant('target', d)))\n"
    )
    lam, b = np.array([5.0, 3.0, 1.0, 0.5]), np.array([1.0, 2.0])
    rng = np.random.default_rng(2)
    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    document = {
        "Sigma": (turn * lam @ turn.T).tolist(),
        "k": 2,
        "target": (turn[:, :2] @ b).tolist(),
        "sigma2": 1.0,
        "Sigma_down": np.eye(4).tolist(),
    }
    found = evaluate_inputs(catalogue.load(str(path)), document)
    expected = [sum(b[i] ** 2 * lam[i] * lam[a] / (lam[i] - lam[a]) ** 2 for i in (0, 1)) for a in (2, 3)]
    np.testing.assert_allclose(found.numeric.weights, sorted(expected, reverse=True), rtol=1e-9)
    assert found.route == "general" and found.starts is not None and found.starts[0] > 0


@pytest.mark.parametrize("name", [n for n in MODELS if "target" in {k.name for k in instance_of(n).keys}])
def test_a_projected_target_gives_the_law_of_the_projection(name: str) -> None:
    document = dict(instance_of(name).verification or instance_of(name).example)
    before = evaluate_inputs(loaded(name), document)
    after = evaluate_inputs(loaded(name), {**document, "project": True})
    np.testing.assert_allclose(after.numeric.weights, before.numeric.weights, rtol=1e-7)


def test_a_penalty_above_every_eigenvalue_leaves_nothing() -> None:
    """`norm2(x - A^T A x) + 2 r tr(A A^T)` takes r off every eigenvalue; where none is left `w* = 0`, and the message says so."""
    d, k = dims("d k")
    A, Sigma, r = parameter("A", k, d), covariance("Sigma", d), scalar("r")
    x = gaussian("x", d, cov=Sigma)
    model = Model(
        loss=norm2(x - A.T * A * x) + 2 * r * tr(A * A.T),
        symmetry=O(k).acts(lambda Q: {A: Q * A}),
        features=A * x,
        downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=constant("target", d)),
        where=[k < d],
    )
    given = {**COMPONENTS, "Sigma": np.diag([1.0, 0.6, 0.3])}
    best = find_minimiser(scape(model, **given, r=0.9)).values["A"]
    np.testing.assert_allclose(best.T @ best, np.diag([0.1, 0, 0]), atol=1e-6)
    with pytest.raises(ConditionViolated, match="all parameters are 0, so nothing is learned"):
        find_minimiser(scape(model, **given, r=1.1))
