"""Spectral contrastive learning with a linear head that is thrown away after pre-training."""

import numpy as np
from sympy import sqrt

from symasym.model import *
from symasym.model.instance import Kind
from symasym.model.spectrum import canonical_pair
from symasym.simulation.estimators import (
    GramQuadratic,
    cross_moment,
    minimise,
    pair_moment,
    random_starts,
    second_moment,
    whitened_start,
)

d, k = dims("d k")
A, C = parameter("A", k, d), parameter("C", k, k)  # encoder and head
Sigma, Sigma_plus = covariance("Sigma", d), covariance("Sigma_plus", d)
x, x_plus = exchangeable("x x_plus", cov=Sigma, cross=Sigma_plus)
x_minus, K = copy(x, "x_minus"), scalar("K")

i, a = indices("i a")
lam, b = indexed("lam b")
target = constant("target", d)

model = Model(
    title="Spectral contrastive learning, head discarded",
    loss=-2 * inner(C * A * x, C * A * x_plus)
    + average(inner(C * A * x, C * A * x_minus) ** 2, over=x_minus, count=K),
    symmetry=product(
        O(k).acts(lambda Q: {C: Q * C}),
        GL(k).acts(lambda G: {C: C * G.inv(), A: G * A}),
    ),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=target),
    where=[k < d],
    aligned=Aligned(
        frames=[
            Frame.of(GL(d), lambda T: {x: T * x, x_plus: T * x_plus, x_minus: T * x_minus, A: A * T.inv()}),
        ],
        ranges={i: (1, k), a: (k + 1, d)},
        diagonal={Sigma: 1, Sigma_plus: lam, target: {i: b[i]}},
        at={A: {i: 1}, C: {i: sqrt(lam[i])}},
        assume=[lam[i] > lam[a], lam[i] > 0],
    ),
    assumptions=["w* is the global minimiser: C* A* Sigma^{1/2} spans the top k eigenvectors of the whitened cross-covariance"],
)


def align(given):
    """Whiten by Sigma^{-1/2}, then rotate to the eigenvectors of the whitened cross-covariance."""
    values, T = canonical_pair(given["Sigma"], given["Sigma_plus"], given["k"], "Sigma_plus")
    return AlignedPoint(values={"lam": values, "K": given.get("negatives", 1)}, frames={"T": T})


def estimate(samples, given, rng):
    """The loss sees the product CA alone, where it is the loss without a head; the factors are any that give its minimiser."""
    moment, cross = second_moment(samples["x"]), cross_moment(samples["x"], samples["x_plus"])
    loss = GramQuadratic(linear=-2 * cross, quadratic=pair_moment(samples["x"], samples["x_minus"]))
    start = whitened_start(cross, moment, given["k"])
    product_hat = minimise(loss, [start, *random_starts(moment, given["k"], 2, rng)])
    mixed = np.eye(given["k"]) + 0.3 * rng.standard_normal((len(product_hat), given["k"], given["k"]))
    return {"A": mixed @ product_hat, "C": np.linalg.inv(mixed)}


frame, lam_0 = np.eye(6) + 0.3 * np.eye(6, k=-1), [0.8, 0.7, 0.35, 0.2, 0.1, -0.1]  # x = frame z, z aligned

instance = Instance(
    keys=[
        Key("Sigma", Kind.COVARIANCE, ("d", "d"), meaning="covariance of x"),
        Key("Sigma_plus", Kind.SYMMETRIC, ("d", "d"), meaning="cross-covariance of a positive pair"),
        Key("k", Kind.DIMENSION, meaning="bottleneck, 1..d-1"),
        Key("negatives", Kind.COUNT, required=False, meaning="fresh negatives for each pair, 1 by default"),
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
    references=["HaoChen2021", "Chen2020"],
    estimator=estimate,
    verification={
        "Sigma": (frame @ frame.T).tolist(),
        "Sigma_plus": (frame * lam_0 @ frame.T).tolist(),
        "Sigma_down": (frame * [1, 1, 1, 1.4, 1.5, 2] @ frame.T).tolist(),
        "k": 2,
        "target": [0.76, 0.8, 0.0, 0.0, 0.0, 0.0],  # 0.76 = 1 - 0.3 * 0.8: f* = z_1 + 0.8 z_2
        "sigma2": 1.0,
        "alpha": 20.0,
    },
)
