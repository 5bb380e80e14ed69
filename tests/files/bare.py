"""Principal components by a tied linear autoencoder: a model file without an instance."""

from symasym.model import *

d, k = dims("d k")
A = parameter("A", k, d)
Sigma = covariance("Sigma", d)
x = gaussian("x", d, cov=Sigma)
i, a = indices("i a")
lam, b = indexed("lam b")
target = constant("target", d)

model = Model(
    title="Principal components",
    loss=norm2(x - A.T * A * x),
    symmetry=O(k).acts(lambda Q: {A: Q * A}),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=target),
    where=[k < d],
    aligned=Aligned(
        frames=[Frame.of(O(d), lambda T: {x: T * x, A: A * T.inv()})],
        ranges={i: (1, k), a: (k + 1, d)},
        diagonal={Sigma: lam, target: {i: b[i]}},
        at={A: {i: 1}},
        assume=[lam[i] > lam[a], lam[a] > 0],
    ),
)
