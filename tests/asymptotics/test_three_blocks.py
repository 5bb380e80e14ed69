"""Three blocks of parameters and three families: today's code forecasts tomorrow and, through one more step, the day after."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import sympy

from symasym.general.route import general
from symasym.law.law import Law
from symasym.model import (
    GL,
    Aligned,
    Frame,
    LeastSquares,
    Model,
    O,
    constant,
    covariance,
    dims,
    gaussian,
    indexed,
    indices,
    joint,
    norm2,
    parameter,
)
from symasym.pipeline import derive_model

d, k = dims("d k")
A, B, M = parameter("A", k, d), parameter("B", d, k), parameter("M", k, k)
S, C_1, C_2 = covariance("S", d), constant("C_1", d, d), constant("C_2", d, d)
x, y, z = joint("x y z", (d, d, d), {(0, 0): S, (0, 1): C_1, (0, 2): C_2, (1, 1): S, (1, 2): C_1, (2, 2): S})
i, a = indices("i a")
s, p, q, b = indexed("s p q b")
CONSTANTS = {C_1: lambda T: T * C_1 * T.inv(), C_2: lambda T: T * C_2 * T.inv()}

FORECASTS = Model(
    title="Forecasts of two days",
    loss=norm2(y - B * A * x) + norm2(z - B * M * A * x),
    symmetry=GL(k).acts(lambda G: {A: G * A, B: B * G.inv(), M: G * M * G.inv()}),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=constant("target", d)),
    where=[k < d],
    aligned=Aligned(
        frames=[
            Frame.of(
                O(d),
                lambda T: {
                    **{v: T * v for v in (x, y, z)},
                    **{C: moved(T) for C, moved in CONSTANTS.items()},
                    A: A * T.inv(),
                    B: T * B,
                },
            )
        ],
        ranges={i: (1, k), a: (k + 1, d)},
        diagonal={S: s, C_1: p, C_2: q, constant("target", d): {i: b[i]}},
        at={A: {i: 1}, B: {i: p[i] / s[i]}, M: {i: q[i] / p[i]}},
        assume=[s[i] > 0, s[a] > 0, p[i] > 0],
    ),
)


@cache
def law_of_forecasts() -> Law:
    """It took more than twenty minutes while signs and inverses were had on an orthogonal complement."""
    return derive_model(FORECASTS, "forecasts").law


def test_what_is_assumed_is_one_curvature() -> None:
    """Between a learned direction and one that is left out."""
    (curvature,) = law_of_forecasts().undecided
    assert {str(e.indices[0]) for e in curvature.atoms(sympy.Indexed)} == {"i", "a"}


@pytest.mark.parametrize(("size", "rank"), [(3, 1), (4, 2)])
def test_the_closed_form_is_that_of_the_general_route(size: int, rank: int) -> None:
    law = law_of_forecasts()
    values = {"s": [3.0, 2.0, 1.0, 0.8][:size], "p": [2.4, 1.5, 0.2, 0.1][:size], "q": [1.9, 1.1, 0.1, 0.05][:size]}
    weights = np.array([1.0, -0.5])[:rank]
    down = np.eye(size) + 0.2
    found = law.at(d=size, k=rank, b=weights, sigma2=1.0, Sigma_down=down, **values)
    arrays = {name: np.array(value) for name, value in values.items()}
    first = np.eye(size)[:rank]
    numbers = {
        "S": np.diag(arrays["s"]),
        "C_1": np.diag(arrays["p"]),
        "C_2": np.diag(arrays["q"]),
        "A": first,
        "B": first.T * (arrays["p"] / arrays["s"])[:rank],
        "M": np.diag((arrays["q"] / arrays["p"])[:rank]),
        "target": first.T @ weights,
        "Sigma_down": down,
        "sigma2": 1.0,
    }
    there = general(FORECASTS, numbers)
    np.testing.assert_allclose(np.sort(found.weights), np.sort(there.weights[: size - rank]), rtol=1e-10)
