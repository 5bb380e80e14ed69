"""Tied denoising autoencoder: Gaussian noise is added to the input, the clean vector is reconstructed."""

from sympy import sqrt

from symasym.model import *

d, k = dims("d k")
A = parameter("A", k, d)
Sigma, noise = covariance("Sigma", d), scalar("noise")
x = gaussian("x", d, cov=Sigma)
e = gaussian("e", d, cov=noise * eye(d))
target = constant("target", d)

i, a = indices("i a")
s, b = indexed("s b")

model = Model(
    title="Tied denoising autoencoder",
    loss=norm2(x - A.T * A * (x + e)),
    symmetry=O(k).acts(lambda Q: {A: Q * A}),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=target),
    where=[k < d],
    aligned=Aligned(
        frames=[Frame.of(O(d), lambda T: {x: T * x, e: T * e, A: A * T.inv()})],
        ranges={i: (1, k), a: (k + 1, d)},
        diagonal={Sigma: s, target: {i: b[i]}},
        at={A: {i: sqrt(s[i] / (s[i] + noise))}},
        assume=[s[i] > s[a], s[i] > 0, s[a] > 0],
    ),
)

example = {
    "Sigma": [
        [2.0, 0.2, 0.0, 0.0, 0.1, 0.0, 0.0, 0.0],
        [0.2, 1.7, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.1, 0.4, 0.03, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.03, 0.4, 0.0, 0.0, 0.0, 0.0],
        [0.1, 0.0, 0.0, 0.0, 0.4, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.4, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.4, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.4],
    ],
    "k": 2,
    "noise": 0.5,
    "target": [1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    "project": True,
    "sigma2": 0.5,
    "alpha": 2.0,
}
