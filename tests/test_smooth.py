"""Smooth functions of linear forms: derived forms against a tensor rule in all dimensions of the data, to 1e-8 and better.

The oracle (`smooth_oracle`) knows the loss and the law alone. Points are arbitrary, not minimisers, unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from mixture_oracle import Moments as MixtureMoments
from smooth_oracle import Component, Oracle, weights

import symasym
from symasym import catalogue
from symasym.calculus import projection
from symasym.calculus.forms import forms
from symasym.errors import ConditionViolated, InputError, NotDerivableYet
from symasym.general.arrays import bilinear_array, linear_array
from symasym.general.landscape import landscape
from symasym.general.values import matrices_of
from symasym.model import (
    LeastSquares,
    Model,
    O,
    average,
    constant,
    copy,
    covariance,
    dims,
    exchangeable,
    gaussian,
    inner,
    joint,
    log_cosh,
    log_sum_exp,
    mixture,
    norm2,
    parameter,
    quad,
    scalar,
    scalar_parameter,
    smooth,
    softplus,
    student,
    trivial,
    truth,
)
from symasym.symmetry.quotient import quotient

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples" / "integrals"
d, k = dims("d k")
a, b, c = parameter("a", d, 1), parameter("b", d, 1), constant("c", d, 1)
Sigma = covariance("Sigma", d)
DOWN = LeastSquares(gaussian("z", d, cov=covariance("Sigma_down", d)), target=constant("target", d))


def model(loss: sympy.Expr) -> Model:
    return Model(loss=loss, symmetry=trivial(), features=a.T * gaussian("z", d, cov=Sigma), downstream=DOWN)


@dataclass(frozen=True)
class Case:
    """A loss in symbols and on arrays; `layout`: names and sizes of the parameters in the vector `w`."""

    symbolic: sympy.Expr
    numeric: Callable[[np.ndarray, np.ndarray], np.ndarray]
    components: tuple[Component, ...]
    constants: dict[str, Any]
    w: np.ndarray
    layout: tuple[tuple[str, int], ...]
    order: int

    @property
    def values(self) -> dict[str, Any]:
        parts = np.split(self.w, np.cumsum([size for _, size in self.layout])[:-1])
        own = {name: part if size > 1 else float(part[0]) for (name, size), part in zip(self.layout, parts, strict=True)}
        size = self.layout[0][1]
        return {"Sigma_down": np.eye(size), "target": np.ones(size), "sigma2": 1.0, "Sigma": np.eye(size), **self.constants, **own}

    @property
    def u(self) -> np.ndarray:
        """A direction."""
        return np.random.default_rng(7).standard_normal(len(self.w))

    def derived(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        first = forms(model(self.symbolic))
        matrices = matrices_of(model(self.symbolic), self.values, first)
        moving = (*first.parameters, *first.scalar_parameters)
        h, s = (bilinear_array(form, moving, matrices) for form in (first.hessian, first.score))
        return linear_array(first.gradient, moving, matrices), h @ self.u, s

    def explicit(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gradient, the Hessian along one direction, score form."""
        oracle = Oracle.of(self.numeric, self.components, self.order)
        return oracle.gradient(self.w), oracle.hessian(self.w, self.u), oracle.score(self.w)


def cosh(z: np.ndarray) -> np.ndarray:
    return np.log((np.exp(z) + np.exp(-z)) / 2)


def plus(z: np.ndarray) -> np.ndarray:
    return np.log(1 + np.exp(z))


S2, P2 = np.array([[0.3, 0.06], [0.06, 0.25]]), np.array([[0.2, 0.03], [0.03, 0.06]])
S3 = np.array([[1.0, 0.3, 0.1], [0.3, 0.8, -0.2], [0.1, -0.2, 0.9]])
T3 = np.array([[0.4, -0.1, 0.0], [-0.1, 0.7, 0.2], [0.0, 0.2, 0.5]])
M1, M2 = np.array([0.6, -0.2, 0.3]), np.array([-0.5, 0.4, 0.8])
C3 = np.array([0.4, 0.7, -0.5])


def pair() -> Case:
    """Bilinear: two forms of one pair."""
    x, y = exchangeable("x y", cov=Sigma, cross=covariance("P", d))
    law = (Component(1.0, np.zeros(4), np.block([[S2, P2], [P2, S2]])),)
    return Case(
        softplus(-inner(a, x) * inner(a, y)),
        lambda w, z: plus(-(z[:, :2] @ w) * (z[:, 2:] @ w)),
        law,
        {"Sigma": S2, "P": P2},
        np.array([0.8, -0.5]),
        (("a", 2),),
        20,
    )


def polynomial_factor() -> Case:
    """A polynomial in the data times a function of one form, of a law with a mean: Wick's theorem up to degree six."""
    x = gaussian("x", d, cov=Sigma, mean=constant("mu", d))
    return Case(
        inner(c, x) ** 2 * softplus(inner(a, x)) + norm2(a) * inner(b, x) * log_cosh(inner(b, x) - 0.3),
        lambda w, z: (z @ C3) ** 2 * plus(z @ w[:3]) + (w[:3] @ w[:3]) * (z @ w[3:]) * cosh(z @ w[3:] - 0.3),
        (Component(1.0, M1, T3),),
        {"Sigma": T3, "mu": M1, "c": C3},
        np.array([0.3, -0.4, 0.2, 0.5, 0.1, -0.3]),
        (("a", 3), ("b", 3)),
        40,
    )


def two_forms() -> Case:
    """A function of two correlated forms and of a number that moves, which also stands in the function's own expression."""
    t, v = scalar_parameter("t"), scalar("v")
    x = gaussian("x", d, cov=Sigma)
    loss = smooth(lambda p, q: sympy.exp(-(p**2) / v) * sympy.tanh(t * q + p), inner(a, x), inner(b, x) - t)
    return Case(
        loss,
        lambda w, z: np.exp(-((z @ w[:3]) ** 2) / 2) * np.tanh(w[6] * (z @ w[3:6] - w[6]) + z @ w[:3]),
        (Component(1.0, np.zeros(3), T3),),
        {"Sigma": T3, "v": 2.0},
        np.array([0.3, -0.4, 0.2, 0.5, 0.1, -0.3, 0.7]),
        (("a", 3), ("b", 3), ("t", 1)),
        44,
    )


def different_components() -> Case:
    """A mixture whose components differ in mean, covariance and weight; mean differences outside of what the function sees."""
    p, mu, nu, T = scalar("p"), constant("mu", d), constant("nu", d), covariance("T", d)
    (x,) = mixture("x", weights=[p, 1 - p], components=[gaussian("x", d, cov=Sigma, mean=mu), gaussian("x", d, cov=T, mean=nu)])
    return Case(
        log_cosh(inner(c - a, x)) + inner(b, x) * softplus(inner(a, x)),
        lambda w, z: cosh(z @ (C3 - w[:3])) + (z @ w[3:]) * plus(z @ w[:3]),
        (Component(0.3, M1, S3), Component(0.7, M2, T3)),
        {"Sigma": S3, "T": T3, "mu": M1, "nu": M2, "p": 0.3, "c": C3},
        np.array([0.2, -0.3, 0.1, 0.4, 0.2, -0.2]),
        (("a", 3), ("b", 3)),
        48,
    )


def three_clusters() -> Case:
    """Minus the log density of three components at means that are not those of the data; two forms are left."""
    (x,) = mixture(
        "x",
        weights=[0.4, 0.6],
        components=[gaussian("x", d, cov=Sigma, mean=constant(name, d)) for name in ("mu", "nu")],
    )
    terms = [-quad(x - u, Sigma.inv()) / 2 for u in (a, b, c)]
    inverse = np.linalg.inv(S2)

    def numeric(w: np.ndarray, z: np.ndarray) -> np.ndarray:
        total = 0.0
        for share, u in zip((0.2, 0.5, 0.3), (w[:2], w[2:], C3[:2]), strict=True):
            total = total + share * np.exp(-np.einsum("ni,ij,nj->n", z - u, inverse, z - u) / 2)
        return -np.log(total)

    return Case(
        -log_sum_exp(terms, weights=[0.2, 0.5, 0.3]),
        numeric,
        (Component(0.4, M1[:2], S2), Component(0.6, M2[:2], S2)),
        {"Sigma": S2, "mu": M1[:2], "nu": M2[:2], "c": C3[:2]},
        np.array([0.5, -0.1, -0.4, 0.3]),
        (("a", 2), ("b", 2)),
        90,
    )


CASES = {case.__name__: case for case in (pair, polynomial_factor, two_forms, different_components, three_clusters)}


def close(found: np.ndarray, expected: np.ndarray, rtol: float = 1e-8) -> bool:
    """Relative to the largest entry."""
    return bool(np.abs(found - expected).max() <= rtol * np.abs(expected).max())


@pytest.mark.parametrize("name", CASES)
def test_forms_are_those_of_the_definitions(name: str) -> None:
    case = CASES[name]()
    for found, expected in zip(case.derived(), case.explicit(), strict=True):
        assert close(found, expected)
