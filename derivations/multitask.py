"""Multi-task pre-training: several regressions on one shared representation, which is then transferred."""

import numpy as np

from symasym.errors import InputError
from symasym.model import *
from symasym.model.instance import GeneralPoint, Kind
from symasym.model.spectrum import inverse_root, is_diagonal, singular_basis
from symasym.simulation.estimators import cross_moment, reduced_rank, second_moment

d, k, T = dims("d k T")
A, B = parameter("A", k, d), parameter("B", T, k)
A_true, B_true = truth(A), truth(B)
Sigma, noise = covariance("Sigma", d), covariance("noise", T)
u, e = gaussian("u", d, cov=Sigma), gaussian("e", T, cov=noise)
x, y = observed("x y", u, B_true * A_true * u + e)  # a row of y for each task

i, a, c = indices("i a c")
s, nu, b = indexed("s nu b")
theta = constant("theta", k)

model = Model(
    title="Multi-task pre-training",
    loss=norm2(y - B * A * x),
    symmetry=GL(k).acts(lambda G: {A: G * A, B: B * G.inv()}),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=A_true.T * theta),
    where=[k < d, k <= T],
    aligned=Aligned(
        frames=[
            Frame.of(GL(d), lambda R: {x: R * x, A: A * R.inv()}, name="R"),
            Frame.of(O(T), lambda Q: {y: Q * y, e: Q * e, B: Q * B}, name="Q"),
        ],
        ranges={i: (1, k), a: (k + 1, d), c: (k + 1, T)},
        diagonal={Sigma: 1, noise: {i: nu[i], c: nu[c]}, theta: {i: b[i]}},
        at={A: {i: 1}, B: {i: s[i]}},
        assume=[s[i] > 0],
    ),
    assumptions=[
        "w* is the truth, the global minimiser: BA is the regression of y on x",
        "the noise covariance is diagonal in the singular basis of B A Sigma^{1/2}",
    ],
)


def constants(given):
    """The noise covariance, from a variance as well."""
    return {"noise": given["noise"] * np.eye(given["T"]) if np.ndim(given["noise"]) == 0 else given["noise"]}


def align(given):
    """Whiten x, then rotate x and the tasks to the singular vectors of B A Sigma^{1/2}; they also choose the representative."""
    shared, rank = given["A"], given["k"]
    _require_full_rank(shared, "A", "row")
    _require_full_rank(given["B"], "B", "column")
    white, covariance_of_noise = inverse_root(given["Sigma"]), constants(given)["noise"]
    mixed = shared @ given["Sigma"] @ white  # A Sigma^{1/2}
    left, values, right = singular_basis(given["B"] @ mixed, covariance_of_noise)
    turned = left.T @ covariance_of_noise @ left
    if not is_diagonal(turned, turned):
        return GeneralPoint(
            minimiser={"A": shared, "B": given["B"]},
            why="the noise covariance is not diagonal in the singular basis of B A Sigma^{1/2}",
        )
    return AlignedPoint(
        values={"s": values[:rank], "nu": np.diagonal(turned), "b": (mixed @ right[:, :rank]).T @ given["theta"]},
        frames={"R": right.T @ white, "Q": left.T},
    )


def _require_full_rank(matrix, key, what):
    singular = np.linalg.svd(matrix, compute_uv=False)
    if singular[-1] <= 1e-10 * singular[0]:
        raise InputError(
            f"{key}: its singular values go from {singular[0]:.6g} down to {singular[-1]:.6g}, full {what} rank is expected"
        )


def estimate(samples, given, rng):
    """The global minimiser: reduced-rank regression by the sample moments [Izenman1975]."""
    moment, cross = second_moment(samples["x"]), cross_moment(samples["x"], samples["y"])
    A_hat, B_hat = reduced_rank(moment, cross, given["k"])
    return {"A": A_hat, "B": B_hat}


frame, turn = np.eye(7) + 0.3 * np.eye(7, k=-1), np.eye(4) - 1 / 2  # x = frame z, y = turn (diag(1.2, 0.8) (z_1, z_2) + e)
mix = np.array([[0.8, 0.6], [-0.6, 0.8]])  # A x = mix (z_1, z_2)

instance = Instance(
    keys=[
        Key("Sigma", Kind.COVARIANCE, ("d", "d"), meaning="covariance of x"),
        Key("A", Kind.MATRIX, ("k", "d"), meaning="the shared representation, of rank k < d"),
        Key("B", Kind.MATRIX, ("T", "k"), meaning="one row for each of T >= k tasks, of rank k"),
        Key("noise", Kind.NOISE, ("T", "T"), meaning="covariance of the tasks' errors, or the variance of each"),
        Key("theta", Kind.VECTOR, ("k",), meaning="coefficients of f* in A x"),
    ],
    align=align,
    constants=constants,
    example={
        "Sigma": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "A": [[1, 0, 0]],
        "B": [[1], [1]],
        "noise": 0.5,
        "theta": [1],
        "sigma2": 1.0,
        "alpha": 2.0,
    },
    references=["Tripuraneni2020", "Izenman1975"],
    estimator=estimate,
    verification={
        "Sigma": (frame @ frame.T).tolist(),
        "Sigma_down": (frame * [1, 1, 2, 1.5, 1.1, 0.8, 0.6] @ frame.T).tolist(),
        "A": (mix @ np.linalg.inv(frame)[:2]).tolist(),
        "B": (turn[:, :2] * [1.2, 0.8] @ mix.T).tolist(),
        "noise": (turn * [0.7, 0.4, 0.5, 0.3] @ turn.T).tolist(),
        "theta": [1.0, 0.5],
        "sigma2": 1.0,
        "alpha": 2.0,
    },
)
