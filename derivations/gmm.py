"""A mixture of K Gaussians, its likelihood, and least squares on subspace-aware responsibilities.

`Z ~ (1/K) sum_i N(u_i, I_d)`; relabelling is the symmetry. Features `(pi_i P_U (x - u_i), pi_i)`, `P_U` the projector onto
the span of the centred means and `pi_i` the responsibilities of the projected mixture; `f* = sum_i pi_i (<theta_i, P_U (x -
u_i)> + b_i)` under the mixture itself. `docs/gmm.md` has the mathematics.
"""

import numpy as np

from symasym.errors import InputError
from symasym.model import *
from symasym.model.instance import Kind
from symasym.simulation.mixture_likelihood import expectation_maximisation

d, K = dims("d K")
(i,) = members("i")
u = vector_family("u", K, d)
theta, b = known_vectors("theta", K, d), known_numbers("b", K)
x = family_mixture("x", u)  # (1/K) sum_i N(u_i, I_d)
P = span(u)
pi = softmax(-norm2(P * (x - u[i])) / 2, over=i)

model = FamilyModel(
    title="Mixture of Gaussians",
    loss=-log_mean_exp_over(-norm2(x - u[i]) / 2, over=i),
    parameter=u,
    symmetry=Relabelling(u),
    features=[Block(theta[i], pi * P * (x - u[i])), Block(b[i], pi)],
    input=x,
    assumptions=["w* is the global minimiser: the true centres, up to relabelling"],
)


def align(given):
    """The centres in the coordinates of the input; `theta` in blocks `(theta_i, b_i)`."""
    centres, theta = given["centers"], given["theta"]
    ambient = given.get("ambient", centres.shape[1])
    if len(centres) < 2:
        raise InputError(f"centers: {len(centres)} row came, at least 2 are expected")
    if ambient < centres.shape[1]:
        raise InputError(f"ambient: {ambient} came, at least d = {centres.shape[1]} (from centers) is expected")
    return FamilyPoint(
        members=centres,
        vectors={"theta": theta[:, :-1]},
        numbers={"b": theta[:, -1]},
        key="centers",
        target="theta",
        dimension=ambient,
    )


def estimate(samples, given, rng):
    """The EM algorithm from the true centres, whose labels the estimate keeps."""
    more = given.get("ambient", given["centers"].shape[1]) - given["centers"].shape[1]
    start = np.pad(given["centers"], ((0, 0), (0, more)))
    return {"u": expectation_maximisation(samples["x"], start)}


instance = Instance(
    keys=[
        Key("centers", Kind.MATRIX, ("K", "d"), meaning="the centres u_i, one in each row"),
        Key("theta", Kind.MATRIX, ("K", "d + 1"), meaning="the blocks (theta_i, b_i) of f*, one in each row"),
        Key("ambient", Kind.COUNT, required=False, meaning="dimension of the data; centres and theta_i are 0 beyond theirs"),
    ],
    align=align,
    example={
        "centers": [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0]],
        "theta": [[1, 0, 0, 0, 0.5], [0, 1, 0, 0, -1], [0, -1, 1, 0, 0]],
        "sigma2": 1.0,
        "alpha": 2.0,
    },
    references=["TinatiTu2026"],
    estimator=estimate,
    verification={
        "centers": [[2.2, 0, 0, 0], [0, 1.9, 0, 0], [-1.6, -1.3, 0, 0]],
        "theta": [[1, 0.5, 0.7, 0, 0.5], [-0.4, 1, 0, 0.3, -1], [0.3, -1, 0, 0, 0]],
        "sigma2": 1.0,
        "alpha": 4.0,
    },
)
