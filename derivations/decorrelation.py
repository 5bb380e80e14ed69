"""Decorrelation of paired views: a loss of sample moments, whose minimiser is a truncated whitening."""

import numpy as np

from symasym.errors import InputError
from symasym.model import *
from symasym.model.instance import Kind
from symasym.model.spectrum import descending_eigen, inverse_root, require_gap, require_pair
from symasym.simulation.estimators import cross_moment, second_moment, whitened_eigen

d, k = dims("d k")
A, gamma = parameter("A", k, d), scalar("gamma")
Sigma, Sigma_plus = covariance("Sigma", d), covariance("Sigma_plus", d)
x, x_plus = exchangeable("x x_plus", cov=Sigma, cross=Sigma_plus)
S = sample_mean("S", x * x.T)
S_plus = sample_mean("S_plus", (x * x_plus.T + x_plus * x.T) / 2)

i, a = indices("i a")
lam, b = indexed("lam b")
target = constant("target", d)

model = Model(
    title="Decorrelation of paired views",
    loss=norm2(A * S_plus * A.T - eye(k)) + 2 * gamma * tr(A * S * A.T),
    symmetry=O(k).acts(lambda Q: {A: Q * A}),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=target),
    where=[k < d],
    aligned=Aligned(
        # whitened, rotated, and the learned coordinates scaled so that A* is the identity there; lam stay what they are,
        # the eigenvalues of the whitened cross-covariance
        frames=[Frame.of(GL(d), lambda T: {x: T * x, x_plus: T * x_plus, A: A * T.inv()})],
        ranges={i: (1, k), a: (k + 1, d)},
        diagonal={
            Sigma: {i: (lam[i] - gamma) / lam[i] ** 2, a: 1},
            Sigma_plus: {i: (lam[i] - gamma) / lam[i], a: lam[a]},
            target: {i: b[i]},
        },
        at={A: {i: 1}},
        assume=[lam[i] > lam[a], lam[i] > gamma],
    ),
    assumptions=["w* is the global minimiser: A* Sigma^{1/2} spans the top k eigenvectors of the whitened cross-covariance"],
)


def align(given):
    """Whiten by Sigma^{-1/2}, rotate to the eigenvectors of the whitened cross-covariance, scale the first k by A*."""
    white, rank, penalty = inverse_root(given["Sigma"]), given["k"], given["penalty"]
    values, vectors = descending_eigen(white @ given["Sigma_plus"] @ white)
    values = require_pair(values, given["Sigma"], "Sigma_plus")
    if values[rank - 1] <= penalty * (1 + 1e-10):
        raise InputError(
            f"penalty: {penalty:.6g} came, less than eigenvalue {rank} of the whitened cross-covariance is expected, which is "
            f"{values[rank - 1]:.6g}; otherwise the representation has fewer than {rank} dimensions"
        )
    require_gap(values, rank, "eigenvalues of the whitened cross-covariance")
    scales = np.ones(len(values))
    scales[:rank] = np.sqrt(values[:rank] - penalty) / values[:rank]
    return AlignedPoint(values={"lam": values, "gamma": penalty}, frames={"T": scales[:, None] * (vectors.T @ white)})


def estimate(samples, given, rng):
    """The population's formula in the sample moments: A = diag((l_i - gamma)_+^{1/2} / l_i) U^T S^{-1/2}."""
    moment, cross = second_moment(samples["x"]), cross_moment(samples["x"], samples["x_plus"])
    values, rows = whitened_eigen(cross, moment, given["k"])
    return {"A": (np.sqrt(np.maximum(values - given["penalty"], 0)) / values)[..., None] * rows}


frame, lam_0 = np.eye(8) + 0.3 * np.eye(8, k=-1), [0.9, 0.8, 0.5, 0.4, 0.25, 0.1, -0.1, -0.4]  # x = frame z, z aligned

instance = Instance(
    keys=[
        Key("Sigma", Kind.COVARIANCE, ("d", "d"), meaning="covariance of x"),
        Key("Sigma_plus", Kind.SYMMETRIC, ("d", "d"), meaning="cross-covariance of a positive pair"),
        Key("k", Kind.DIMENSION, meaning="dimension of the representation, 1..d-1"),
        Key("penalty", Kind.POSITIVE, meaning="weight gamma of the energy of the representation"),
        Key("target", Kind.VECTOR, ("d",), meaning="coefficients of f* in x"),
    ],
    align=align,
    example={
        "Sigma": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "Sigma_plus": [[0.8, 0, 0], [0, 0.5, 0], [0, 0, 0.2]],
        "k": 1,
        "penalty": 0.1,
        "target": [1, 0, 0],
        "sigma2": 1.0,
        "alpha": 2.0,
    },
    references=["Zbontar2021", "Bardes2022"],
    estimator=estimate,
    verification={
        "Sigma": (frame @ frame.T).tolist(),
        "Sigma_plus": (frame * lam_0 @ frame.T).tolist(),
        "Sigma_down": (np.eye(8) + 0.2).tolist(),
        "k": 2,
        "penalty": 0.2,
        "target": [0.76, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],  # 0.76 = 1 - 0.3 * 0.8: f* = z_1 + 0.8 z_2
        "sigma2": 1.0,
        "alpha": 20.0,
    },
)
