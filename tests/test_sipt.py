"""Structure-inducing pre-training: its limits, what cliques do to it, which directions it learns."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import sympy
from support import derivation, good, instance_of, loaded

from symasym.errors import InputError
from symasym.evaluation import evaluate_inputs, law_document

i, a = sympy.symbols("i a", integer=True)
sig, rho, b = (sympy.IndexedBase(sympy.Symbol(name, real=True)) for name in ("sig", "rho", "b"))
r, gamma, K = sympy.symbols("r gamma K", positive=True)


@cache
def spread(name: str) -> sympy.Expr:
    """The summand over `i` of `v_a`."""
    (item,) = derivation(name).law.outside
    return item.variance.function


CURVATURE = (r + gamma * rho[i]) / (r + gamma * sig[i]) * (r * (sig[i] + sig[a]) / 2 + gamma * sig[i] * sig[a])
CURVATURE -= sig[a] * (r + gamma * rho[a])
"""Half of half the Hessian along `A_ia`: what a turn towards `a` costs less what it gains."""


def test_edges_by_hand() -> None:
    """The score along `A_ia` is `2 A_ii ((gamma rho_i - r) x_i x_a - gamma (x_i x+_a + x_a x+_i))`."""
    noise = r**2 + 2 * r * gamma * rho[a] + gamma**2 * (2 - rho[i] ** 2)
    expected = b[i] ** 2 * sig[i] * sig[a] * noise / (4 * CURVATURE**2)
    assert sympy.simplify(spread("sipt") - expected) == 0


def test_cliques_by_hand() -> None:
    """That of the mean is `2 A_ii (gamma rho_i - r - 2 gamma) z_i z_a`, that of the contrasts an average, both of Gaussians."""
    mean = [sig[p] * (1 + K * rho[p]) / (K + 1) for p in (i, a)]
    contrast = [sig[p] * (1 - rho[p]) for p in (i, a)]
    slope = gamma * rho[i] - r
    own = (slope - 2 * gamma) ** 2 * mean[0] * mean[1]
    rest = (K / (K + 1) * slope + 2 * gamma / (K + 1)) ** 2 * contrast[0] * contrast[1] / K
    expected = b[i] ** 2 * (own + rest) / (4 * CURVATURE**2)
    assert sympy.simplify(spread("sipt_clique") - expected) == 0


@pytest.mark.parametrize("name", ["sipt", "sipt_clique"])
def test_without_structure_it_is_principal_components(name: str) -> None:
    """Anderson (1963); the nodes of a clique with uncorrelated ones count as samples of their own."""
    plain = spread(name).subs(gamma, 0).subs({rho[i]: 0, rho[a]: 0})
    share = 1 if name == "sipt" else 1 / (K + 1)
    assert sympy.simplify(plain - share * b[i] ** 2 * sig[i] * sig[a] / (sig[i] - sig[a]) ** 2) == 0


def test_structure_alone_is_canonical_correlation() -> None:
    """In whitened coordinates, where the target is `b_i sqrt(sig_i)` and the outside variance is 1, nothing depends on `sig`."""
    whitened = spread("sipt").subs(r, 0) * sig[a] / (b[i] ** 2 * sig[i])
    expected = (2 - rho[i] ** 2) / (4 * (rho[i] - rho[a]) ** 2)
    assert sympy.simplify(whitened - expected) == 0


# ---- numbers


def document(**changes) -> dict:
    return {**good("sipt"), **changes}


def law(given: dict):
    return evaluate_inputs(loaded("sipt"), given)


@pytest.mark.parametrize("weight", [0, 0.28, 0.31, 1])
def test_both_ends_evaluate_and_the_search_finds_the_same_directions(weight: float) -> None:
    """The larger variance below the crossing at 0.297, the larger correlation above; in general position by a search."""
    learned = [1.0, 0, 0] if weight < 0.297 else [0, 1.0, 0]
    given = document(structure_weight=weight, k=1, target=learned)
    aligned = law(given)
    assert aligned.route == "closed form" and np.all(np.isfinite(aligned.numeric.weights))
    epsilon = 1e-7
    turned = [[1.5, epsilon, epsilon], [epsilon, 1.6, epsilon], [epsilon, epsilon, 0.2]]
    searched = law({**given, "Sigma_plus": turned, "project": True})
    assert searched.route == "general"
    np.testing.assert_allclose(searched.numeric.weights, aligned.numeric.weights, rtol=2e-4)


def test_crossings_are_in_the_document() -> None:
    """`3 (1 - g/2)^2 (1 + g) = 2 (1 - g/5)^2 (1 + 2 g)` has the root 0.29719... in between."""
    (crossing,) = law_document("sipt", law(document(k=1, target=[0, 1, 0])), (0.5,))["remarks"]["crossings"]
    g = sympy.Symbol("g")
    polynomial = 3 * (1 - g / 2) ** 2 * (1 + g) - 2 * (1 - g / 5) ** 2 * (1 + 2 * g)
    (root,) = [x for x in sympy.real_roots(sympy.expand(polynomial)) if 0 < x < 1]
    assert crossing["structure_weight"] == pytest.approx(float(root), rel=1e-14)
    assert crossing["enters"] == [{"variance": 2.0, "correlation": pytest.approx(0.8)}]
    assert crossing["leaves"] == [{"variance": 3.0, "correlation": pytest.approx(0.5)}]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clique_size": 1}, "clique_size: 1 came, at least 2 is expected"),
        ({"structure_weight": 1.5}, "structure_weight: 1.5 came, a number from 0 to 1 is expected"),
        (
            {"Sigma_plus": [[-1.5, 0, 0], [0, -1.6, 0], [0, 0, 0.2]], "structure_weight": 1},
            "k: root of a gain 2 of the weighted loss",
        ),
        ({"Sigma_plus": [[3.1, 0, 0], [0, 1, 0], [0, 0, 0.2]]}, "Sigma_plus: the joint covariance of the pair is not"),
        (
            {"Sigma_plus": [[-1.5, 0, 0], [0, 1, 0], [0, 0, 0.2]], "clique_size": 4},
            "Sigma_plus: the joint covariance of 4 vectors is not positive semidefinite .* at least -0.333333",
        ),
        (
            {"Sigma_plus": [[1, 0, 0], [0, 0, 0], [0, 0, 0]], "Sigma": np.eye(3).tolist()},
            "k: the gap between roots of the gains 2",
        ),
    ],
)
def test_what_has_no_law_is_refused(changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        law(document(**changes))


def test_directions_with_equal_variances_and_correlations_commute() -> None:
    """A common eigenbasis is found where each matrix alone does not say it."""
    turn = np.linalg.qr(np.random.default_rng(5).standard_normal((4, 4)))[0]
    S = turn * [2, 2, 1, 1] @ turn.T
    P = turn * [1.8, 1.2, 0.9, 0.1] @ turn.T
    given = document(Sigma=S.tolist(), Sigma_plus=P.tolist(), k=2, target=(turn[:, [0, 2]] @ [1, 1]).tolist())
    assert law(given).route == "closed form"
    point = instance_of("sipt").align(
        {"Sigma": S, "Sigma_plus": P, "k": 2, "structure_weight": 0.5, "target": turn[:, 0]}
    )
    np.testing.assert_allclose(point.values["rho"], [0.9, 0.9, 0.6, 0.1], atol=1e-12)
