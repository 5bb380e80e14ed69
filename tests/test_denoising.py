"""Denoising is a context encoder of `x1 = x + e`, `x2 = x`; without noise it is principal components.

The two models have different losses, data laws and aligned coordinates, so that neither law was used for the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from support import derivation, loaded, random_good

from symasym.evaluation import evaluate_inputs
from symasym.evaluation.outcome import Evaluation

NAME = "denoising_autoencoder"
i, m, a = (sympy.Symbol(name, integer=True) for name in "ima")
s, r, b, nu, lam = (sympy.IndexedBase(sympy.Symbol(name, real=True)) for name in ("s", "r", "b", "nu", "lam"))


def summand(name: str, letter: str) -> sympy.Expr:
    """What `b_i` adds to the variance `v` of a direction that is left out."""
    (item,) = (item for item in derivation(name).law.outside if str(item.index) == letter)
    assert isinstance(item.variance, sympy.Sum)
    return item.variance.function


def evaluated(name: str, document: dict[str, Any]) -> Evaluation:
    plain = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in document.items()}
    return evaluate_inputs(loaded(name), plain)


def covariance(size: int, rng: np.random.Generator) -> np.ndarray:
    root = rng.standard_normal((size, size + 2))
    return root @ root.T / size


def noise_of(kind: str, Sigma: np.ndarray, rng: np.random.Generator) -> Any:
    vectors = np.linalg.eigh(Sigma)[1]
    return {
        "isotropic": 0.7,
        "commuting": vectors * [0.3, 0.9, 0.2, 0.5] @ vectors.T,
        "general": covariance(4, rng),
    }[kind]


def test_the_closed_form_is_that_of_the_context_encoder() -> None:
    """`sqrt(r/s) (x + e)` is white, the regression on it has the singular values `sqrt(r s)` and leaves `s (1 - r)`."""
    encoder = summand("context_encoder", "m")
    moved = {
        entry: s[entry.indices[0]] * (1 - r[entry.indices[0]])
        for entry in encoder.atoms(sympy.Indexed)
        if entry.base == nu
    }
    moved |= {s[p]: sympy.sqrt(r[p] * s[p]) for p in (i, m)} | {b[i]: b[i] * sympy.sqrt(s[i] / r[i])}
    expected = (encoder.xreplace(moved) * r[m] / s[m]).subs(m, a)
    positive = {entry: sympy.Symbol(f"p{n}", positive=True) for n, entry in enumerate((s[i], s[a], r[i], r[a], b[i]))}
    difference = (summand(NAME, "a") - expected).subs(positive)
    assert sympy.simplify(difference) == 0


@pytest.mark.parametrize("kind", ["isotropic", "commuting", "general"])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_numbers_are_those_of_the_context_encoder(kind: str, k: int) -> None:
    rng = np.random.default_rng([k, len(kind)])
    Sigma = covariance(4, rng)
    noise = noise_of(kind, Sigma, rng)
    more = {"k": k, "target": rng.standard_normal(4), "project": True, "sigma2": 0.5, "Sigma_down": covariance(4, rng)}
    ours = evaluated(NAME, {"Sigma": Sigma, "noise": noise, **more})
    joint = np.block([[Sigma + noise * np.eye(4) if kind == "isotropic" else Sigma + noise, Sigma], [Sigma, Sigma]])
    theirs = evaluated("context_encoder", {"Sigma": joint, "d1": 4, **more})
    assert ours.route == theirs.route == ("general" if kind == "general" else "closed form")
    np.testing.assert_allclose(ours.numeric.weights, theirs.numeric.weights, rtol=1e-9)


def test_without_noise_it_is_principal_components() -> None:
    classical = summand("linear_autoencoder", "a").subs({sympy.Symbol("rho_2", positive=True): 1})
    ours = summand(NAME, "a").subs({r[i]: 1, r[a]: 1})
    assert sympy.simplify(ours - classical.subs({lam[i]: s[i], lam[a]: s[a]})) == 0


def test_little_noise_changes_little() -> None:
    rng = np.random.default_rng(3)
    document = {"Sigma": covariance(4, rng), "k": 2, "target": rng.standard_normal(4), "project": True, "sigma2": 0.5}
    classical = evaluated("linear_autoencoder", document).numeric.weights
    for noise, error in ((1e-3, 0.2), (1e-8, 2e-6)):
        found = evaluated(NAME, {**document, "noise": noise}).numeric.weights
        assert 0 < np.max(np.abs(found / classical - 1)) < error


def test_a_variance_stands_for_isotropic_noise() -> None:
    document = random_good(NAME, np.random.default_rng(5))[0] | {"noise": 0.4, "project": True}
    one = evaluated(NAME, document).numeric.weights
    other = evaluated(NAME, document | {"noise": 0.4 * np.eye(len(document["Sigma"]))}).numeric.weights
    np.testing.assert_allclose(one, other, rtol=1e-12)
