"""Denoising autoencoder: the clean data reconstructed from noisy ones through a bottleneck.

`BA` is a regression of `x` on `x + e`: it keeps the k largest singular values of `C = Sigma (Sigma + noise)^{-1/2}`. Aligned
coordinates exist where `Sigma` and the noise commute, as isotropic noise does: with eigenvalues `s_p` of `Sigma` and `q_p` of the
noise and the reliability `r_p = s_p / (s_p + q_p)` of direction `p`, `C C^T` has the eigenvalues `r_p s_p`, what direction `p`
explains of `x`. Without noise, `r = 1`, it is PCA.
"""

import numpy as np

from symasym.model import *
from symasym.model.instance import GeneralPoint, Kind
from symasym.model.spectrum import common_eigenbasis, inverse_root, require_gap, singular_basis
from symasym.simulation.estimators import cross_moment, reduced_rank, second_moment

d, k = dims("d k")
A, B = parameter("A", k, d), parameter("B", d, k)
Sigma, noise = covariance("Sigma", d), covariance("noise", d)
x, e = gaussian("x", d, cov=Sigma), gaussian("e", d, cov=noise)

i, a = indices("i a")
s, r, b = indexed("s r b")
target = constant("target", d)


def noise_in(p):
    """`q_p`."""
    return s[p] * (1 - r[p]) / r[p]


model = Model(
    title="Denoising autoencoder",
    loss=norm2(x - B * A * (x + e)),
    symmetry=GL(k).acts(lambda G: {A: G * A, B: B * G.inv()}),
    features=A * x,  # without noise downstream
    downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=target),
    where=[k < d],
    aligned=Aligned(
        frames=[Frame.of(O(d), lambda T: {x: T * x, e: T * e, A: A * T.inv(), B: T * B}, name="T")],
        ranges={i: (1, k), a: (k + 1, d)},
        diagonal={Sigma: s, noise: {p: noise_in(p) for p in (i, a)}, target: {i: b[i]}},
        at={A: {i: 1}, B: {i: r[i]}},
        assume=[s[i] > 0, s[a] > 0, r[i] > 0, r[a] > 0, 1 - r[i] >= 0, 1 - r[a] >= 0, r[i] * s[i] > r[a] * s[a]],
    ),
    assumptions=["w* is the global minimiser: BA is the regression of x on x + e with its k largest singular values"],
)


def constants(given):
    """The noise covariance, from a variance as well."""
    return {"noise": given["noise"] * np.eye(given["d"]) if np.ndim(given["noise"]) == 0 else given["noise"]}


def align(given):
    """Rotate to the common eigenvectors of Sigma and the noise, largest singular values first, where the two commute."""
    S, N, rank = given["Sigma"], constants(given)["noise"], given["k"]
    white = inverse_root(S + N)
    left, values, right = singular_basis(S @ white)
    require_gap(values, rank, "singular values of the regression of x on the whitened x + e")
    basis = common_eigenbasis(S, N)
    if basis is None:
        return GeneralPoint(
            minimiser={"A": right[:, :rank].T @ white, "B": left[:, :rank] * values[:rank]},
            why="Sigma and the noise covariance do not commute",
        )
    variances, noises = (np.diagonal(basis.T @ matrix @ basis) for matrix in (S, N))
    reliabilities = variances / (variances + noises)
    order = np.argsort(-reliabilities * variances, kind="stable")
    return AlignedPoint(values={"s": variances[order], "r": reliabilities[order]}, frames={"T": basis[:, order].T})


def estimate(samples, given, rng):
    """The global minimiser: reduced-rank regression of x on x + e by the sample moments [Izenman1975]."""
    noisy = samples["x"] + samples["e"]
    A_hat, B_hat = reduced_rank(second_moment(noisy), cross_moment(noisy, samples["x"]), given["k"])
    return {"A": A_hat, "B": B_hat}


reflection = np.eye(8) - 1 / 4  # x = reflection z with the coordinates of z and of the noise independent

instance = Instance(
    keys=[
        Key("Sigma", Kind.COVARIANCE, ("d", "d"), meaning="covariance of x"),
        Key("noise", Kind.NOISE, ("d", "d"), meaning="covariance of the noise, or the variance of each coordinate"),
        Key("k", Kind.DIMENSION, meaning="bottleneck, 1..d-1"),
        Key("target", Kind.VECTOR, ("d",), meaning="coefficients of f* in x"),
    ],
    align=align,
    constants=constants,
    example={
        "Sigma": [[3, 0, 0], [0, 2, 0], [0, 0, 1]],
        "noise": 0.5,
        "k": 1,
        "target": [1, 0, 0],
        "sigma2": 1.0,
        "alpha": 2.0,
    },
    references=["Izenman1975", "BaldiHornik1989"],
    estimator=estimate,
    verification={
        "Sigma": (reflection * [4, 3, 1.2, 1.1, 1, 0.9, 0.8, 0.7] @ reflection).tolist(),
        "noise": (reflection * [1.5, 0.5, 0.3, 0.6, 0.4, 0.8, 0.2, 0.5] @ reflection).tolist(),
        "k": 2,
        "target": (reflection @ [1, 0.8, 0, 0, 0, 0, 0, 0]).tolist(),
        "sigma2": 1.0,
        "alpha": 2.0,
    },
)
