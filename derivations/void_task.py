"""Two supervised tasks, one of them void: a null feature that every finite sample wakes."""

import numpy as np

from symasym.model import *
from symasym.model.instance import GeneralPoint, Kind

(d,) = dims("d")
a, gamma = parameter("a", 1, d), parameter("gamma", 1, 1)
Sigma, v = covariance("Sigma", d), constant("v", d)
tau_1, tau_2, theta = scalar("tau_1"), scalar("tau_2"), scalar("theta", positive=False)
e_1, e_2 = constant("e_1", 2), constant("e_2", 2)

x = gaussian("x", d, cov=Sigma)
u, y_2 = gaussian("u", 1, cov=tau_1 * eye(1)), gaussian("y_2", 1, cov=tau_2 * eye(1))  # y_2 has nothing to do with x
x, y_1 = observed("x y_1", eye(d) * x, truth(a) * x + u)

model = Model(
    title="Two tasks, one of them void",
    loss=norm2(y_1 - a * x) + norm2(y_2 - gamma * (v.T * x)),
    symmetry=trivial(),
    features=e_1 * (a * x) + e_2 * (gamma * (v.T * x)),  # both predictions; gamma* = 0
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=theta * truth(a).T),
    assumptions=["the second task is void: y_2 is independent of x, so that gamma* = 0"],
)


def align(given):
    """`w*` in the coordinates of the input: the first task's coefficients, and nothing."""
    return GeneralPoint(minimiser={"a": given["a"][None, :], "gamma": np.zeros((1, 1))})


def constants(given):
    """The two places of the stack of features."""
    return {"e_1": np.array([[1.0], [0.0]]), "e_2": np.array([[0.0], [1.0]])}


def estimate(samples, given, rng):
    """Least squares, task by task."""
    x, direction = samples["x"], samples["x"] @ given["v"]
    moment = x.swapaxes(-1, -2) @ x
    a = np.linalg.solve(moment, x.swapaxes(-1, -2) @ samples["y_1"])
    gamma = np.sum(direction * samples["y_2"][..., 0], axis=1) / np.sum(direction**2, axis=1)
    return {"a": a.swapaxes(-1, -2), "gamma": gamma[:, None, None]}


instance = Instance(
    keys=[
        Key("Sigma", Kind.COVARIANCE, ("d", "d"), meaning="covariance of x"),
        Key("a", Kind.VECTOR, ("d",), meaning="coefficients of the first task"),
        Key("v", Kind.VECTOR, ("d",), meaning="direction along which the second task is tried"),
        Key("tau_1", Kind.POSITIVE, meaning="noise variance of the first task"),
        Key("tau_2", Kind.POSITIVE, meaning="variance of the second task, all of it noise"),
        Key("theta", Kind.NUMBER, required=False, default=1.0, meaning="f* = theta a^T x"),
    ],
    align=align,
    constants=constants,
    example={
        "Sigma": [[2, 0.5, 0], [0.5, 1, 0], [0, 0, 1]],
        "a": [1, 0, 1],
        "v": [0, 1, 1],
        "tau_1": 0.5,
        "tau_2": 2.0,
        "sigma2": 1.0,
        "alpha": 2.0,
    },
    references=["TinatiTu2026"],
    estimator=estimate,
    verification={
        "Sigma": [[2, 0.5, 0, 0, 0.3], [0.5, 1, 0, 0, 0], [0, 0, 1, 0.2, 0], [0, 0, 0.2, 3, 0], [0.3, 0, 0, 0, 1]],
        "a": [1, 0.5, -0.5, 0, 1],
        "v": [0, 1, 1, 0, 0],
        "tau_1": 0.5,
        "tau_2": 2.0,
        "theta": 2.0,
        "Sigma_down": [[2, 0, 0, 0.4, 0], [0, 1, 0.3, 0, 0], [0, 0.3, 1, 0, 0], [0.4, 0, 0, 1, 0], [0, 0, 0, 0, 2]],
        "sigma2": 0.5,
        "alpha": 2.0,
    },
)
