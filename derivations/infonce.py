"""InfoNCE on Gaussian pairs with infinitely many negatives from the known population law."""

import numpy as np
from sympy import sqrt

from symasym.errors import InputError
from symasym.model import *
from symasym.model.instance import Kind
from symasym.model.spectrum import descending_eigen, inverse_root, require_gap, require_pair
from symasym.simulation.estimators import (
    GramQuadratic,
    cross_moment,
    minimise,
    random_starts,
    sandwich,
    second_moment,
    whitened_start,
)

d, k = dims("d k")
A = parameter("A", k, d)
Sigma, Sigma_plus = covariance("Sigma", d), covariance("Sigma_plus", d)
x, x_plus = exchangeable("x x_plus", cov=Sigma, cross=Sigma_plus)
x_minus = copy(x, "x_minus")

i, a = indices("i a")
lam, b = indexed("lam b")
target = constant("target", d)

model = Model(
    title="InfoNCE with infinitely many negatives",
    loss=-inner(A * x, A * x_plus) + log_mean_exp(inner(A * x, A * x_minus), over=x_minus),
    symmetry=O(k).acts(lambda Q: {A: Q * A}),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=target),
    where=[k < d],
    aligned=Aligned(
        frames=[Frame.of(GL(d), lambda T: {x: T * x, x_plus: T * x_plus, A: A * T.inv()})],
        ranges={i: (1, k), a: (k + 1, d)},
        diagonal={Sigma: 1, Sigma_plus: lam, target: {i: b[i]}},
        at={A: {i: sqrt(lam[i])}},
        assume=[lam[i] > lam[a], lam[i] > 0],
    ),
    assumptions=["w* is the global minimiser: A* Sigma^{1/2} spans the top k eigenvectors of the whitened cross-covariance"],
)


def align(given):
    """Whiten by Sigma^{-1/2}, then rotate to the eigenvectors of the whitened cross-covariance."""
    white, rank = inverse_root(given["Sigma"]), given["k"]
    values, vectors = descending_eigen(white @ given["Sigma_plus"] @ white)
    values = require_pair(values, given["Sigma"], "Sigma_plus")
    if values[rank - 1] <= 1e-10 * np.max(np.abs(values)):
        raise InputError(
            f"k: eigenvalue {rank} of the whitened cross-covariance is {values[rank - 1]:.6g}; a positive one is expected"
        )
    require_gap(values, rank, "eigenvalues of the whitened cross-covariance")
    return AlignedPoint(values={"lam": values}, frames={"T": vectors.T @ white})


def estimate(samples, given, rng):
    """Empirical loss -<M, S_plus> + (1/2) tr(M Sigma M S) in M = A^T A; starts from the whitened moments and from nowhere."""
    moment, cross = second_moment(samples["x"]), cross_moment(samples["x"], samples["x_plus"])
    loss = GramQuadratic(linear=-cross, quadratic=sandwich(given["Sigma"], moment) / 2)
    start = whitened_start(cross, moment, given["k"])
    return {"A": minimise(loss, [start, *random_starts(moment, given["k"], 2, rng)])}


frame, lam_0 = np.eye(8) + 0.3 * np.eye(8, k=-1), [0.8, 0.7, 0.35, 0.3, 0.25, 0.2, 0.15, 0.1]  # x = frame z, z aligned

instance = Instance(
    keys=[
        Key("Sigma", Kind.COVARIANCE, ("d", "d"), meaning="covariance of x, known to the procedure"),
        Key("Sigma_plus", Kind.SYMMETRIC, ("d", "d"), meaning="cross-covariance of a positive pair"),
        Key("k", Kind.DIMENSION, meaning="bottleneck, 1..d-1"),
        Key("target", Kind.VECTOR, ("d",), meaning="coefficients of f* in x"),
    ],
    align=align,
    example={
        "Sigma": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "Sigma_plus": [[0.8, 0, 0], [0, 0.5, 0], [0, 0, 0.2]],
        "k": 1,
        "target": [1, 0, 0],
        "sigma2": 1.0,
        "alpha": 2.0,
    },
    references=["VanDenOord2018", "WangIsola2020"],
    estimator=estimate,
    verification={
        "Sigma": (frame @ frame.T).tolist(),
        "Sigma_plus": (frame * lam_0 @ frame.T).tolist(),
        "Sigma_down": (np.eye(8) + 0.2).tolist(),
        "k": 2,
        "target": [0.76, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],  # 0.76 = 1 - 0.3 * 0.8: f* = z_1 + 0.8 z_2
        "sigma2": 1.0,
        "alpha": 20.0,
    },
)
