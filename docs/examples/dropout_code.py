"""Dropout on the code: a tied autoencoder whose hidden units are kept with probability p."""

from symasym.model import *

d, k = dims("d k")
A = parameter("A", k, d)
Sigma, p = covariance("Sigma", d), scalar("p")
x = gaussian("x", d, cov=Sigma)
R = mask("R", k, keep=p)

model = Model(
    title="Dropout on the code",
    loss=norm2(x - A.T * R * A * x),
    symmetry=trivial(),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=constant("target", d)),
    where=[k < d],
)

example = {
    "Sigma": [
        [2.0, 0.2, 0.0, 0.0, 0.1, 0.0, 0.0, 0.0],
        [0.2, 0.5, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.1, 0.4, 0.03, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.03, 0.4, 0.0, 0.0, 0.0, 0.0],
        [0.1, 0.0, 0.0, 0.0, 0.4, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.4, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.4, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.4],
    ],
    "k": 1,
    "p": 0.7,
    "target": [1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    "project": True,
    "sigma2": 0.5,
    "alpha": 2.0,
}
