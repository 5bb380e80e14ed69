"""Spectral contrastive learning on clusters: a positive pair is two draws from the same Gaussian component."""

from symasym.model import *

d, k = dims("d k")
A = parameter("A", k, d)
S, p = covariance("Sigma", d), scalar("p")
mu_1, mu_2 = constant("mu_1", d), constant("mu_2", d)
x, x_plus = mixture(
    "x x_plus",
    weights=[p, 1 - p],
    components=[exchangeable("x x_plus", cov=S, cross=0 * S, mean=mu) for mu in (mu_1, mu_2)],
)
x_minus = copy(x, "x_minus")

model = Model(
    title="Spectral contrastive learning on clusters",
    loss=-2 * inner(A * x, A * x_plus) + inner(A * x, A * x_minus) ** 2,
    symmetry=O(k).acts(lambda Q: {A: Q * A}),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=constant("target", d)),
    where=[k < d],
)

example = {
    "Sigma": [
        [1.0, 0.1, 0.0, 0.0, 0.0, 0.0],
        [0.1, 1.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.8, 0.1, 0.0, 0.0],
        [0.0, 0.0, 0.1, 0.8, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.7, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.7],
    ],
    "mu_1": [2.4, 1.0, 0.0, 0.2, 0.0, 0.0],
    "mu_2": [-1.0, 2.4, 0.3, 0.0, 0.0, 0.0],
    "p": 0.45,
    "k": 2,
    "target": [1.0, 0.5, 0.0, 0.0, 0.0, 0.0],
    "project": True,
    "sigma2": 0.5,
    "alpha": 2.0,
}
