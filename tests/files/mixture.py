"""Spectral contrastive learning on pairs from a mixture of two Gaussians: no aligned coordinates, no instance."""

from symasym.model import *

d, k = dims("d k")
A, share = parameter("A", k, d), scalar("share")
Sigma, Sigma_plus = covariance("Sigma", d), covariance("Sigma_plus", d)
centres = constant("mu_1", d), constant("mu_2", d)
x, x_plus = mixture(
    "x x_plus",
    weights=[share, 1 - share],
    components=[exchangeable("x x_plus", cov=Sigma, cross=Sigma_plus, mean=mu) for mu in centres],
)
x_minus = copy(x, "x_minus")

model = Model(
    title="Spectral contrastive learning on a mixture",
    loss=-2 * inner(A * x, A * x_plus) + inner(A * x, A * x_minus) ** 2,
    symmetry=O(k).acts(lambda Q: {A: Q * A}),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=constant("target", d)),
    where=[k < d],
)
example = {
    "Sigma": [[1.0, 0.2, 0.0, 0.0], [0.2, 1.0, 0.0, 0.1], [0.0, 0.0, 1.0, 0.0], [0.0, 0.1, 0.0, 1.0]],
    "Sigma_plus": [[0.2, 0.1, 0.0, 0.0], [0.1, 0.3, 0.0, 0.0], [0.0, 0.0, 0.1, 0.0], [0.0, 0.0, 0.0, 0.2]],
    "mu_1": [1.2, 0.0, 0.5, 0.0],
    "mu_2": [-0.8, 0.6, 0.0, 0.3],
    "share": 0.4,
    "k": 1,
    "target": [1.0, 0.0, 0.0, 0.0],
    "project": True,
    "sigma2": 1.0,
    "alpha": 4.0,
}
