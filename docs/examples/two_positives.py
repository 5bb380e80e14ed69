"""Two kinds of positives, one negative: a spectral loss for one view, an energy loss for the other."""

from symasym.model import *

d, k = dims("d k")
A = parameter("A", k, d)
S, C1, C2, C12 = covariance("Sigma", d), covariance("C_near", d), covariance("C_far", d), covariance("C_between", d)
x, x_near, x_far = joint(
    "x x_near x_far", (d, d, d), {(0, 0): S, (1, 1): S, (2, 2): S, (0, 1): C1, (0, 2): C2, (1, 2): C12}
)
x_minus = copy(x, "x_minus")
g = scalar("g")

spectral = -2 * inner(A * x, A * x_near) + inner(A * x, A * x_minus) ** 2
energy = -2 * inner(A * x, A * x_far) + norm2(A * x) * norm2(A * x_minus)

model = Model(
    title="Two positives, one negative",
    loss=spectral + g * energy,
    symmetry=O(k).acts(lambda Q: {A: Q * A}),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=constant("target", d)),
    where=[k < d],
)

example = {
    "Sigma": [
        [1.0, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.1, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 1.0, 0.05, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.05, 1.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    ],
    "C_near": [
        [0.85, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.1, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.1, 0.05, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.05, 0.1, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.1, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1],
    ],
    "C_far": [
        [0.75, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.1, 0.7, 0.05, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.05, 0.05, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.05, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.05, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.05, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.05],
    ],
    "C_between": [
        [0.65, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.1, 0.6, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    ],
    "k": 2,
    "g": 0.5,
    "target": [1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0],
    "project": True,
    "sigma2": 0.5,
    "alpha": 2.0,
}
