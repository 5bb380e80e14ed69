"""One view predicts a coordinate of another by a robust loss, under contamination: a tenth of the samples has wider noise."""

from symasym.model import *

(d,) = dims("d")
a, q = parameter("a", d, 1), scalar("q")
S, T = covariance("Sigma", d), covariance("Sigma_wide", d)
one = constant("one", 1)
C, v, w = constant("C", d, 1), scalar("v"), scalar("w")
x, y = mixture(
    "x y",
    weights=[1 - q, q],
    components=[
        joint("x y", (d, 1), {(0, 0): S, (0, 1): C, (1, 1): v * eye(1)}),
        joint("x y", (d, 1), {(0, 0): T, (0, 1): C, (1, 1): w * eye(1)}),
    ],
)

model = Model(
    title="Robust prediction of one view from another",
    loss=log_cosh(inner(one, y) - inner(a, x)),
    symmetry=trivial(),
    features=a.T * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=constant("target", d)),
)

example = {
    "Sigma": [
        [1.0, 0.2, 0.0],
        [0.2, 0.8, 0.1],
        [0.0, 0.1, 0.7],
    ],
    "Sigma_wide": [
        [2.0, 0.0, 0.3],
        [0.0, 1.5, 0.0],
        [0.3, 0.0, 1.0],
    ],
    "C": [0.8, 0.3, 0.1],
    "one": [1.0],
    "v": 1.5,
    "w": 9.0,
    "q": 0.1,
    "Sigma_down": [
        [1.2, 0.1, 0.0],
        [0.1, 1.0, 0.0],
        [0.0, 0.0, 0.9],
    ],
    "target": [1.0, 0.2, 0.0],
    "project": True,
    "sigma2": 0.5,
    "alpha": 2.0,
}
