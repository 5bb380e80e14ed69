"""Distillation with weight decay: a linear teacher M is compressed to rank k on heavy-tailed inputs."""

from symasym.model import *

d, t, k = dims("d t k")
A, B = parameter("A", k, d), parameter("B", t, k)
M = constant("M", t, d)
Sigma, nu, rho = covariance("Sigma", d), scalar("nu"), scalar("rho")
x = student("x", d, cov=Sigma, degrees_of_freedom=nu)

model = Model(
    title="Distillation with weight decay",
    loss=norm2(M * x - B * A * x) + rho * (tr(A * A.T) + tr(B * B.T)),
    symmetry=O(k).acts(lambda Q: {A: Q * A, B: B * Q.T}),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=constant("target", d)),
    where=[k < d, k < t],
)

example = {
    "Sigma": [
        [1.5, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.1, 1.3, 0.0, 0.1, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.1, 0.0, 1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0, 0.05, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.05, 1.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    ],
    "M": [
        [1.4, 0.3, 0.0, 0.0, 0.0, 0.0, 0.1],
        [0.2, 1.4, 0.0, 0.1, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.4, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.4, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.4, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.4, 0.0],
    ],
    "nu": 12,
    "rho": 0.3,
    "k": 2,
    "target": [1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0],
    "project": True,
    "sigma2": 0.5,
    "alpha": 2.0,
}
