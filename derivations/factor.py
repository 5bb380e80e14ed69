"""Factor model: Gaussian maximum likelihood, then regression on the posterior mean."""

import numpy as np
from sympy import sqrt

from symasym.errors import InputError
from symasym.model import *
from symasym.model.instance import Kind
from symasym.simulation.estimators import principal, second_moment

d, k = dims("d k")
A, beta = parameter("A", d, k), constant("beta", k)
A_true, sigma_nu2 = truth(A), scalar("sigma_nu2")
i, a = indices("i a")
ell, beta_i = indexed("ell beta")


def factor(title, level, true_level):
    """`x = A h + u` with `Var u = level I`: the level known, or a parameter with its own true value."""
    h, u = gaussian("h", k, cov=eye(k)), gaussian("u", d, cov=true_level * eye(d))
    nu = gaussian("nu", 1, cov=sigma_nu2 * eye(1))
    x, y = observed("x y", A_true * h + u, beta.T * h + nu)
    given_x = regression(y, x)
    S = level * eye(d) + A * A.T
    return Model(
        title=title,
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
        assumptions=["w* is the truth, the global minimiser of the population likelihood up to rotation"],
    )


noise, noise_estimated = scalar("noise"), scalar_parameter("noise")
model = factor("Factor model", noise, noise)
variants = {
    "noise_estimated": factor("Factor model, noise level estimated", noise_estimated, truth(noise_estimated)),
}


def align(given):
    """Rotate to the left singular vectors of A; its right singular vectors choose the representative."""
    left, singular, right = np.linalg.svd(given["A"])
    if singular[-1] <= 1e-10 * singular[0]:
        raise InputError(
            f"A: its singular values go from {singular[0]:.6g} down to {singular[-1]:.6g}, full column rank is expected"
        )
    return AlignedPoint(
        values={"ell": singular**2, "beta": right @ given["beta"], "noise": given["noise"]},
        frames={"T": left.T},
    )


def estimate(samples, given, rng):
    """The global maximum of the likelihood, U_k (Lambda_k - noise)_+^{1/2} of the sample second moment [TippingBishop1999]."""
    moment = second_moment(samples["x"])
    values, vectors = principal(moment, given["k"])
    rest = (np.trace(moment, axis1=-2, axis2=-1) - values.sum(-1)) / (given["d"] - given["k"])
    level = np.full(len(rest), given["noise"]) if given["noise_known"] else rest
    return {"A": vectors * np.sqrt(np.maximum(values - level[:, None], 0))[:, None, :], "noise": level}


instance = Instance(
    keys=[
        Key("A", Kind.MATRIX, ("d", "k"), meaning="loadings, of full column rank k < d"),
        Key("beta", Kind.VECTOR, ("k",), meaning="coefficients of y in the latent h"),
        Key("noise", Kind.POSITIVE, required=False, default=1.0, meaning="variance of each coordinate of u"),
        Key("noise_known", Kind.FLAG, required=False, default=True, meaning="if false, the noise level is estimated too"),
        Key("sigma_nu2", Kind.NOT_NEGATIVE, required=False, meaning="variance of y given h"),
    ],
    align=align,
    variant=lambda given: "" if given["noise_known"] else "noise_estimated",
    example={"A": [[2.0], [1.0], [0.5]], "beta": [1.0], "sigma_nu2": 0.5, "alpha": 2.0},
    references=["TinatiTu2026", "TippingBishop1999"],
    estimator=estimate,
    verification={
        "A": [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.5, -0.5], [0.3, 0.6], [0.6, 0.0], [0.0, 0.4], [0.5, 0.7]],
        "beta": [2.0, 1.0],
        "sigma_nu2": 0.3,
        "alpha": 1.0,
    },
)
