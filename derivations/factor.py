"""Factor model with known noise: Gaussian maximum likelihood, then regression on the posterior mean."""

import numpy as np
from sympy import sqrt

from symasym.errors import InputError
from symasym.model import *
from symasym.model.instance import Kind

d, k = dims("d k")
A = parameter("A", d, k)
A_true, beta = truth(A), constant("beta", k)
sigma_nu2 = scalar("sigma_nu2")

h, u = gaussian("h", k, cov=eye(k)), gaussian("u", d, cov=eye(d))
nu = gaussian("nu", 1, cov=sigma_nu2 * eye(1))
x, y = observed("x y", A_true * h + u, beta.T * h + nu)
given_x = regression(y, x)

S = eye(d) + A * A.T
i, a = indices("i a")
ell, beta_i = indexed("ell beta")

model = Model(
    title="Factor model",
    loss=(logdet(S) + quad(x, S.inv())) / 2,
    symmetry=O(k).acts(lambda Q: {A: A * Q}),
    features=A.T * S.inv() * x,
    downstream=LeastSquares(
        gaussian("x", d, cov=covariance("Sigma_down", d)), target=given_x.coefficient, noise=given_x.variance
    ),
    where=[k < d],
    aligned=Aligned(
        frames=[Frame.of(O(d), lambda T: {x: T * x, A: T * A}, name="T")],
        ranges={i: (1, k), a: (k + 1, d)},
        diagonal={beta: {i: beta_i[i]}},
        at={A: {i: sqrt(ell[i])}},
        assume=[ell[i] > 0],
    ),
    assumptions=["w* is the true loading matrix, the global minimiser of the population likelihood up to rotation"],
)


def align(given):
    """Rotate to the left singular vectors of A; its right singular vectors choose the representative."""
    left, singular, right = np.linalg.svd(given["A"])
    if singular[-1] <= 1e-10 * singular[0]:
        raise InputError(
            f"A: its singular values go from {singular[0]:.6g} down to {singular[-1]:.6g}, full column rank is expected"
        )
    return AlignedPoint(
        values={"ell": singular**2, "beta": right @ given["beta"]},
        frames={"T": left.T},
    )


instance = Instance(
    keys=[
        Key("A", Kind.MATRIX, ("d", "k"), meaning="loadings, of full column rank k < d"),
        Key("beta", Kind.VECTOR, ("k",), meaning="coefficients of y in the latent h"),
        Key("sigma_nu2", Kind.NOT_NEGATIVE, required=False, meaning="variance of y given h"),
    ],
    align=align,
    example={"A": [[2.0], [1.0], [0.5]], "beta": [1.0], "sigma_nu2": 0.5, "alpha": 2.0},
    references=["TinatiTu2026", "TippingBishop1999"],
)
