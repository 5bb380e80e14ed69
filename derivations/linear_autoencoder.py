"""Linear autoencoder: principal components by an encoder and a decoder that are not tied."""

import numpy as np

from symasym.model import *
from symasym.model.instance import Kind
from symasym.model.spectrum import descending_eigen, require_gap
from symasym.simulation.estimators import principal, second_moment

d, k = dims("d k")
A, B = parameter("A", k, d), parameter("B", d, k)
Sigma = covariance("Sigma", d)
nu = scalar("degrees_of_freedom")
x = student("x", d, cov=Sigma, degrees_of_freedom=nu)  # Gaussian as nu -> oo

i, a = indices("i a")
lam, b = indexed("lam b")
target = constant("target", d)

model = Model(
    title="Linear autoencoder",
    loss=norm2(x - B * A * x),
    symmetry=GL(k).acts(lambda G: {A: G * A, B: B * G.inv()}),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=target),
    where=[k < d],
    aligned=Aligned(
        frames=[Frame.of(O(d), lambda T: {x: T * x, A: A * T.inv(), B: T * B}, name="T")],
        ranges={i: (1, k), a: (k + 1, d)},
        diagonal={Sigma: lam, target: {i: b[i]}},
        at={A: {i: 1}, B: {i: 1}},
        assume=[lam[i] > lam[a], lam[a] > 0, nu > 4],  # fourth moments exist
    ),
    assumptions=["w* is the global minimiser: BA projects on the top k principal components"],
)


def align(given):
    """Rotate to the principal components."""
    values, vectors = descending_eigen(given["Sigma"])
    require_gap(values, given["k"], "eigenvalues of Sigma")
    tails = given.get("degrees_of_freedom", float("inf"))
    return AlignedPoint(values={"lam": values, "degrees_of_freedom": tails}, frames={"T": vectors.T})


def estimate(samples, given, rng):
    """The global minimiser: the top k eigenvectors of the sample second moment [BaldiHornik1989]."""
    _, vectors = principal(second_moment(samples["x"]), given["k"])
    return {"A": vectors.swapaxes(-1, -2), "B": vectors}


reflection = np.eye(8) - 1 / 4  # x = reflection z with the coordinates of z independent

instance = Instance(
    keys=[
        Key("Sigma", Kind.COVARIANCE, ("d", "d"), meaning="covariance of x"),
        Key("k", Kind.DIMENSION, meaning="bottleneck, 1..d-1"),
        Key("degrees_of_freedom", Kind.DEGREES_OF_FREEDOM, required=False, meaning="of multivariate t data; Gaussian if absent"),
        Key("target", Kind.VECTOR, ("d",), meaning="coefficients of f* in x"),
    ],
    align=align,
    example={
        "Sigma": [[3, 0, 0], [0, 2, 0], [0, 0, 1]],
        "k": 1,
        "target": [1, 0, 0],
        "sigma2": 1.0,
        "alpha": 2.0,
    },
    references=["Anderson1963", "BaldiHornik1989"],
    estimator=estimate,
    verification={
        "Sigma": (reflection * [4, 3, 1.2, 1.1, 1, 0.9, 0.8, 0.7] @ reflection).tolist(),
        "k": 2,
        "target": (reflection @ [1, 0.8, 0, 0, 0, 0, 0, 0]).tolist(),
        "sigma2": 1.0,
        "alpha": 2.0,
    },
)
