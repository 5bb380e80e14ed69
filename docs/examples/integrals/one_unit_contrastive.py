"""One unit by a logistic contrastive loss with weight decay: the product of the two codes of a positive pair is to be large."""

from symasym.model import *

(d,) = dims("d")
a, rho = parameter("a", d, 1), scalar("rho")
x, x_plus = exchangeable("x x_plus", cov=covariance("Sigma", d), cross=covariance("Sigma_plus", d))

model = Model(
    title="One unit, logistic contrastive loss",
    loss=softplus(-inner(a, x) * inner(a, x_plus)) + rho * norm2(a) / 2,
    symmetry=trivial(),
    features=a.T * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=constant("target", d)),
)

example = {
    "Sigma": [
        [1.0, 0.1, 0.0],
        [0.1, 1.0, 0.1],
        [0.0, 0.1, 0.8],
    ],
    "Sigma_plus": [
        [0.9, 0.1, 0.0],
        [0.1, 0.1, 0.0],
        [0.0, 0.0, 0.1],
    ],
    "rho": 0.1,
    "target": [1.0, 0.2, 0.0],
    "project": True,
    "sigma2": 0.5,
    "alpha": 2.0,
}
