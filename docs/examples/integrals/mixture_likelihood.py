"""Two Gaussian clusters of unequal weights by maximum likelihood; what is learned is the direction that tells them apart."""

from symasym.model import *

(d,) = dims("d")
u_1, u_2 = parameter("u_1", d, 1), parameter("u_2", d, 1)
S, p = covariance("Sigma", d), scalar("p")
(x,) = mixture("x", weights=[p, 1 - p], components=[gaussian("x", d, cov=S, mean=truth(u)) for u in (u_1, u_2)])

model = Model(
    title="Two clusters by maximum likelihood",
    loss=-log_sum_exp([-quad(x - u, S.inv()) / 2 for u in (u_1, u_2)], weights=[p, 1 - p]),
    symmetry=trivial(),
    features=(u_1 - u_2).T * S.inv() * x,
    downstream=LeastSquares(
        gaussian("x", d, cov=covariance("Sigma_down", d)), target=S.inv() * (truth(u_1) - truth(u_2))
    ),
    assumptions=["w* is the truth, the global minimiser"],
)

example = {
    "Sigma": [
        [1.0, 0.2, 0.0, 0.0],
        [0.2, 0.8, 0.1, 0.0],
        [0.0, 0.1, 0.7, 0.1],
        [0.0, 0.0, 0.1, 0.6],
    ],
    "Sigma_down": [
        [2.0, 0.3, 0.1, 0.0],
        [0.3, 1.5, 0.0, 0.0],
        [0.1, 0.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 1.0],
    ],
    "p": 0.35,
    "u_1": [1.6, -0.9, 0.3, 0.0],
    "u_2": [-0.8, 0.7, 0.0, 0.4],
    "sigma2": 0.5,
    "alpha": 2.0,
}
