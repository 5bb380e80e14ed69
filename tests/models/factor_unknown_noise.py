"""Factor model with an unknown noise level: probabilistic principal components."""

from sympy import sqrt

from symasym.model import *

d, k = dims("d k")
A, v = parameter("A", d, k), scalar_parameter("noise")
A_true, v_true, beta = truth(A), truth(v), constant("beta", k)
sigma_nu2 = scalar("sigma_nu2")

h, u = gaussian("h", k, cov=eye(k)), gaussian("u", d, cov=v_true * eye(d))
nu = gaussian("nu", 1, cov=sigma_nu2 * eye(1))
x, y = observed("x y", A_true * h + u, beta.T * h + nu)
given_x = regression(y, x)

S = v * eye(d) + A * A.T
i, a = indices("i a")
ell, beta_i = indexed("ell beta")

model = Model(
    title="Factor model, noise level estimated",
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
    assumptions=["w* holds the true loadings and noise level, the global minimiser of the population likelihood up to rotation"],
)
