"""Three tasks with labels in {0, 1} on one shared representation."""

from symasym.model import *

d, k = dims("d k")
A, b_1, b_2, b_3 = parameter("A", k, d), parameter("b_1", k, 1), parameter("b_2", k, 1), parameter("b_3", k, 1)
x, theta = gaussian("x", d, cov=covariance("Sigma", d)), constant("theta", k)

model = Model(
    title="Tasks with two classes on one shared representation",
    loss=sum(logistic_loss(inner(b, A * x)) for b in (b_1, b_2, b_3)),
    symmetry=GL(k).acts(lambda G: {A: G * A, b_1: G.inv().T * b_1, b_2: G.inv().T * b_2, b_3: G.inv().T * b_3}),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=truth(A).T * theta),
    where=[k < d],
    assumptions=["w* is the truth, the global minimiser"],
)
example = {
    "Sigma": [[1.0, 0.3, 0.0, 0.1], [0.3, 1.0, 0.2, 0.0], [0.0, 0.2, 1.0, -0.2], [0.1, 0.0, -0.2, 1.5]],
    "A": [[1.0, 0.5, 0.0, 0.2], [0.0, 0.4, 1.0, -0.5]],
    "b_1": [1.5, 0.0],
    "b_2": [-0.5, 1.2],
    "b_3": [0.8, 0.9],
    "theta": [1.0, -0.7],
    "sigma2": 1.0,
    "alpha": 2.0,
}
