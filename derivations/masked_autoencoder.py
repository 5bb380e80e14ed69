"""Masked autoencoder: the data reconstructed from a random part of their coordinates through a bottleneck."""

import numpy as np

from symasym.errors import InputError
from symasym.model import *
from symasym.model.instance import GeneralPoint, Kind
from symasym.model.spectrum import inverse_root, is_diagonal, require_gap
from symasym.simulation.estimators import BilinearQuadratic, cross_moment, minimise, reduced_rank, second_moment

d, k = dims("d k")
A, B = parameter("A", k, d), parameter("B", d, k)
Sigma = covariance("Sigma", d)
x = gaussian("x", d, cov=Sigma)
p, kappa = scalar("p"), scalar("kappa", positive=False)
R = mask("R", d, keep=p)  # 1/kappa masks for each x: one, several, or all of them, that is their average

i, a = indices("i a")
lam, b = indexed("lam b")
target = constant("target", d)


def masked_autoencoder(title, residual, **more):
    """The loss `||residual||^2`, averaged over masks."""
    return Model(
        title=title,
        loss=average(norm2(residual), over=R, count=1 / kappa),
        symmetry=GL(k).acts(lambda G: {A: G * A, B: B * G.inv()}),
        features=A * x,  # nothing is masked downstream
        downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=target),
        where=[k < d],
        **more,
    )


model = masked_autoencoder(
    "Masked autoencoder",
    x - B * A * R * x,
    aligned=Aligned(
        frames=[Frame.of(SignedPermutations(d), lambda T: {x: T * x, R: T * R * T.T, A: A * T.T, B: T * B}, name="T")],
        ranges={i: (1, k), a: (k + 1, d)},
        diagonal={Sigma: lam, target: {i: b[i]}},
        at={A: {i: 1}, B: {i: 1}},
        assume=[lam[i] > lam[a], lam[a] > 0, p <= 1, kappa >= 0, kappa <= 1],
    ),
    assumptions=["w* is the global minimiser: BA is the best approximation of rank k to the regression of x on Rx"],
)
variants = {
    "masked_only": masked_autoencoder(
        "Masked autoencoder, loss on the masked coordinates alone",
        (eye(d) - R) * (x - B * A * R * x),
        assumptions=["w* is the global minimiser, which the search from several starts has found"],
    )
}


def moments(S, given):
    """`E z z^T` and `E z x^T` of the masked `z = Rx`: `p^2 S + p (1 - p) diag(S)` and `p S`, for `S` `(.., d, d)`."""
    keep = given["keep_probability"]
    return keep**2 * S + keep * (1 - keep) * S * np.eye(given["d"]), keep * S


def minimiser(given):
    """Reduced-rank regression of `x` on `Rx`: `tr S - 2 tr(W E z x^T) + tr(W E z z^T W^T)` over `W = BA` of rank k."""
    second, cross = moments(given["Sigma"], given)
    values = np.linalg.svd(cross @ inverse_root(second), compute_uv=False)
    require_gap(values, given["k"], "singular values of the regression of x on the masked and whitened x")
    A_best, B_best = reduced_rank(second[None], cross[None], given["k"])
    return {"A": A_best[0], "B": B_best[0]}


def align(given):
    """Order the coordinates of a diagonal Sigma by their variances; masks leave no other change of coordinates."""
    covariance, law = given["Sigma"], {"p": given["keep_probability"], "kappa": float(given["masks"])}
    if given["masked_only"]:
        if given["keep_probability"] == 1:
            raise InputError(
                "keep_probability: 1 came, at which nothing is masked; less than 1 is expected with masked_only"
            )
        return GeneralPoint(values=law, why="the loss on the masked coordinates alone has no closed minimiser")
    if not is_diagonal(covariance, covariance):
        why = "Sigma is not diagonal, and masks single out the coordinates"
        return GeneralPoint(minimiser=minimiser(given), values=law, why=why)
    order = np.argsort(-np.diagonal(covariance), kind="stable")
    values = np.diagonal(covariance)[order]
    require_gap(values, given["k"], "variances of the coordinates")
    return AlignedPoint(values={"lam": values, **law}, frames={"T": np.eye(given["d"])[order]})


def estimate(samples, given, rng):
    """The global minimiser of `||x - W R x||^2`, averaged: reduced-rank regression by the sample moments [Izenman1975]."""
    second, cross = sample_moments(samples, given)
    A_hat, B_hat = reduced_rank(second, cross, given["k"])
    if given["masked_only"]:
        return minimise_masked_only(samples, given, np.concatenate([A_hat, B_hat.swapaxes(-1, -2)], axis=-1))
    return {"A": A_hat, "B": B_hat}


def sample_moments(samples, given):
    """Means of `z z^T` and `z x^T`, `z = Rx`, over samples and over their masks: those drawn, or all of them."""
    if not given["masks"]:
        return moments(second_moment(samples["x"]), given)
    z = masked(samples)
    return second_moment(z.reshape(len(z), -1, given["d"])), cross_moment(z.mean(2), samples["x"])


def masked(samples):
    """`z = Rx` for every sample and mask, `(B, m, K, d)`."""
    return samples["R"] * samples["x"][:, :, None]


def minimise_masked_only(samples, given, start):
    """Newton's method on `sum_l E (1 - r_l) (x_l - w_l^T z)^2`, quadratic in the rows `w_l` of `W = BA`, each with its moment.

    It starts from the minimiser of the full loss: the diagonal of `W` does not enter, so that from far away `W` may run off.
    """
    second, cross = masked_moments(samples, given)
    batch, size = second.shape[:2]
    quadratic = np.zeros((batch, size, size, size, size))
    for n in range(size):
        quadratic[:, :, n, :, n] = second[:, n]
    loss = BilinearQuadratic(linear=-2 * cross, quadratic=quadratic)
    found = minimise(loss, [start])
    return {"A": found[..., :size], "B": found[..., size:].swapaxes(-1, -2)}


def masked_moments(samples, given):
    """Means of `(1 - r_l) z z^T`, `(B, l, d, d)`, and of `(1 - r_l) x_l z`, in column `l` of `(B, d, d)`."""
    keep, size = given["keep_probability"], given["d"]
    if not given["masks"]:
        second, cross = moments(second_moment(samples["x"]), given)
        other = 1 - np.eye(size)  # nothing of z_l is left where r_l = 0
        rows = (1 - keep) * second[:, None] * (other[:, :, None] * other[:, None, :])
        return rows, (1 - keep) * cross * other
    z, left = masked(samples), 1 - samples["R"]
    flat, gone = z.reshape(len(z), -1, size), left.reshape(len(z), -1, size)
    x = np.broadcast_to(samples["x"][:, :, None], z.shape).reshape(flat.shape)
    rows = np.stack([cross_moment(flat * gone[..., n, None], flat) for n in range(size)], axis=1)
    return rows, cross_moment(flat, gone * x)


instance = Instance(
    keys=[
        Key("Sigma", Kind.COVARIANCE, ("d", "d"), meaning="covariance of x"),
        Key("keep_probability", Kind.PROBABILITY, meaning="probability with which a coordinate is kept"),
        Key("k", Kind.DIMENSION, meaning="bottleneck, 1..d-1"),
        Key("target", Kind.VECTOR, ("d",), meaning="coefficients of f* in x"),
        Key(
            "masks",
            Kind.DRAWS,
            required=False,
            default="averaged",
            meaning="masks drawn for each x, all of them where they are averaged (the default)",
        ),
        Key(
            "masked_only",
            Kind.FLAG,
            required=False,
            default=False,
            meaning="whether the loss leaves out the kept coordinates",
        ),
    ],
    align=align,
    variant=lambda given: "masked_only" if given["masked_only"] else "",
    example={
        "Sigma": [[3, 0, 0], [0, 2, 0], [0, 0, 1]],
        "keep_probability": 0.75,
        "k": 1,
        "target": [1, 0, 0],
        "sigma2": 1.0,
        "alpha": 2.0,
    },
    references=["Deng2024", "Izenman1975"],
    estimator=estimate,
    verification={
        "Sigma": np.diag([1.1, 4, 0.9, 1.2, 3, 1, 0.8, 0.7]).tolist(),
        "keep_probability": 0.7,
        "masks": "averaged",
        "k": 2,
        "target": [0, 1, 0, 0, 0.8, 0, 0, 0],
        "sigma2": 1.0,
        "alpha": 2.0,
    },
)
