"""Inter-battery factor analysis, x_1 = A h + u_1 and x_2 = B h + u_2, by maximum likelihood, noise levels estimated."""

from symasym.model import *

d1, d2, k = dims("d1 d2 k")
A, B = parameter("A", d1, k), parameter("B", d2, k)
noise_1, noise_2 = scalar_parameter("noise_1"), scalar_parameter("noise_2")

h = gaussian("h", k, cov=eye(k))
u_1 = gaussian("u_1", d1, cov=truth(noise_1) * eye(d1))
u_2 = gaussian("u_2", d2, cov=truth(noise_2) * eye(d2))
x_1, x_2 = observed("x_1 x_2", truth(A) * h + u_1, truth(B) * h + u_2)

E_1, E_2 = constant("E_1", d1 + d2, d1), constant("E_2", d1 + d2, d2)  # x = E_1 x_1 + E_2 x_2 is the stacked vector
x = E_1 * x_1 + E_2 * x_2
L = E_1 * A + E_2 * B
C = L * L.T + noise_1 * E_1 * E_1.T + noise_2 * E_2 * E_2.T

model = Model(
    title="Inter-battery factor analysis",
    loss=logdet(C) / 2 + quad(x, C.inv()) / 2,
    symmetry=O(k).acts(lambda Q: {A: A * Q.T, B: B * Q.T}),
    features=A.T * x_1,
    downstream=LeastSquares(gaussian("x_1", d1, cov=covariance("Sigma_down", d1)), target=constant("target", d1)),
    where=[k < d1, k < d2],
)

example = {
    "A": [
        [1.5],
        [0.5],
        [0.0],
        [0.3],
        [0.0],
    ],
    "B": [
        [1.2],
        [0.6],
    ],
    "noise_1": 0.6,
    "noise_2": 0.4,
    "E_1": [
        [1, 0, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ],
    "E_2": [
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
        [1, 0],
        [0, 1],
    ],
    "target": [1.5, 0.5, 0.0, 0.3, 0.0],
    "project": True,
    "sigma2": 0.5,
    "alpha": 2.0,
}
