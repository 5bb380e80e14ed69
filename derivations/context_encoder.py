"""Context encoder: one part of the data predicted from the other through a bottleneck."""

import numpy as np

from symasym.model import *
from symasym.model.instance import GeneralPoint, Kind
from symasym.model.spectrum import (
    is_diagonal,
    require_definite,
    require_gap,
    require_positive,
    singular_basis,
    whitened_regression,
)
from symasym.simulation.estimators import cross_moment, reduced_rank, second_moment

d1, d2, k, r = dims("d1 d2 k r")
A, B = parameter("A", k, d1), parameter("B", d2, k)
Sigma_1, Sigma_2 = covariance("Sigma_1", d1), covariance("Sigma_2", d2)
Sigma_12 = constant("Sigma_12", d1, d2)
x1, x2 = joint("x1 x2", (d1, d2), {(0, 0): Sigma_1, (0, 1): Sigma_12, (1, 1): Sigma_2})

i, m, a, c = indices("i m a c")
s, nu, b = indexed("s nu b")
target = constant("target", d1)

model = Model(
    title="Context encoder",
    loss=norm2(x2 - B * A * x1),
    symmetry=GL(k).acts(lambda G: {A: G * A, B: B * G.inv()}),
    features=A * x1,
    downstream=LeastSquares(gaussian("x1", d1, cov=covariance("Sigma_down", d1)), target=target),
    where=[k < d1, k <= r, r <= d1, r <= d2],
    aligned=Aligned(
        frames=[
            Frame.of(GL(d1), lambda T: {x1: T * x1, A: A * T.inv()}, name="T_1"),
            Frame.of(O(d2), lambda T: {x2: T * x2, B: T * B}, name="T_2"),
        ],
        ranges={i: (1, k), m: (k + 1, r), a: (r + 1, d1), c: (r + 1, d2)},
        diagonal={
            Sigma_1: 1,
            Sigma_12: {i: s[i], m: s[m]},
            Sigma_2: {i: s[i] ** 2 + nu[i], m: s[m] ** 2 + nu[m], c: nu[c]},
            target: {i: b[i]},
        },
        at={A: {i: 1}, B: {i: s[i]}},
        assume=[s[i] > s[m], s[m] >= 0, s[i] > 0],
    ),
    assumptions=[
        "w* is the global minimiser: BA is the regression of x2 on whitened x1 with its k largest singular values",
        "singular values beyond the r-th are zero, as r = min(d1, d2) makes sure",
        "the residual covariance of x2 given x1 is diagonal in the singular basis of that regression",
    ],
)


def blocks(given):
    """The blocks of the joint covariance of (x1, x2)."""
    joint_covariance, first = given["Sigma"], given["d1"]
    return {
        "Sigma_1": joint_covariance[:first, :first],
        "Sigma_12": joint_covariance[:first, first:],
        "Sigma_2": joint_covariance[first:, first:],
    }


def align(given):
    """Whiten x1, rotate both parts to the singular vectors of the regression; r = min(d1, d2) values, zeros included."""
    S, rank = blocks(given), given["k"]
    require_definite(S["Sigma_1"], "Sigma: its block of x1")
    white, slope, residual = whitened_regression(S["Sigma_1"], S["Sigma_12"], S["Sigma_2"], "Sigma")
    left, values, right = singular_basis(slope, residual)
    require_positive(values, rank, "singular value", "the regression of x2 on whitened x1")
    require_gap(values, rank, "singular values of the regression of x2 on whitened x1")
    turned = left.T @ residual @ left
    if not is_diagonal(turned, left.T @ S["Sigma_2"] @ left):
        return GeneralPoint(
            minimiser={"A": right[:, :rank].T @ white, "B": left[:, :rank] * values[:rank]},
            why="the residual covariance of x2 given x1 is not diagonal in the singular basis of the regression",
        )
    return AlignedPoint(
        values={"r": len(values), "s": values, "nu": np.diagonal(turned).clip(0)},
        frames={"T_1": right.T @ white, "T_2": left.T},
    )


def estimate(samples, given, rng):
    """The global minimiser: reduced-rank regression by the sample moments [Izenman1975]."""
    moment, cross = second_moment(samples["x1"]), cross_moment(samples["x1"], samples["x2"])
    A_hat, B_hat = reduced_rank(moment, cross, given["k"])
    return {"A": A_hat, "B": B_hat}


frame, turn = np.eye(7) + 0.3 * np.eye(7, k=-1), np.eye(5) - 2 / 5  # x1 = frame z1, x2 = turn z2, (z1, z2) aligned
S_0, nu_0 = [1.3, 1.1, 0.45, 0.3, 0.0] * np.eye(7, 5), [0.6, 0.5, 0.7, 0.4, 0.5]

instance = Instance(
    keys=[
        Key("Sigma", Kind.SEMIDEFINITE, ("d1 + d2", "d1 + d2"), meaning="joint covariance of (x1, x2)"),
        Key("d1", Kind.DIMENSION, meaning="dimension of x1"),
        Key("k", Kind.DIMENSION, meaning="bottleneck, 1..min(d1-1, d2)"),
        Key("target", Kind.VECTOR, ("d1",), meaning="coefficients of f* in x1"),
    ],
    align=align,
    constants=blocks,
    example={
        "Sigma": [[1, 0, 0.8, 0], [0, 1, 0, 0.4], [0.8, 0, 1, 0], [0, 0.4, 0, 1]],
        "d1": 2,
        "k": 1,
        "target": [1, 0],
        "sigma2": 1.0,
        "alpha": 2.0,
    },
    references=["Deng2024", "Izenman1975"],
    estimator=estimate,
    verification={
        "Sigma": np.block(
            [[frame @ frame.T, frame @ S_0 @ turn.T], [turn @ S_0.T @ frame.T, turn @ (S_0.T @ S_0 + np.diag(nu_0)) @ turn.T]]
        ).tolist(),
        "Sigma_down": (frame * [1, 1, 1.35, 1.4, 1.25, 0.95, 0.7] @ frame.T).tolist(),
        "d1": 7,
        "k": 2,
        "target": [0.76, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0],  # 0.76 = 1 - 0.3 * 0.8: f* = z_1 + 0.8 z_2
        "sigma2": 1.0,
        "alpha": 2.0,
    },
)
