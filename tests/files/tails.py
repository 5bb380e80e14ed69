"""Principal components of multivariate t data; nothing but the front end."""

from symasym.model import *

d, k = dims("d k")
A = parameter("A", k, d)
nu = scalar("nu")


def components(tails, power=1):
    x = student("x", d, cov=covariance("Sigma", d), degrees_of_freedom=tails)
    return Model(
        title="Components",
        loss=norm2(x - A.T * A * x) ** power,
        symmetry=O(k).acts(lambda Q: {A: Q * A}),
        features=A * x,
        downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=constant("target", d)),
        where=[k < d],
    )


model = components(nu)
