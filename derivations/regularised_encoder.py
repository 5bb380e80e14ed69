"""Context encoder with a penalty on its representation: soft thresholding, and a smaller symmetry.

`||x2 - B A x1||^2 + lam ||A x1||^2 + lam_B ||B||_F^2`; the weights are written `lam` and `lam_B = lam rho^4`. With whitened `x1`
and `W = BA` the two penalties cost at least `2 lam rho^2` times the nuclear norm of `W`, so that the singular values `s_i` of the
regression of `x2` on `x1` come out as `w_i = s_i - lam rho^2`, and rank `k` survives while `s_k > lam rho^2 = sqrt(lam lam_B)`.
Only `O(k)` leaves the penalties alone. On samples the sample itself does the thresholding, which keeps the span: the law is that
of the context encoder, whatever the penalties.

The variant `ridge` has `lam ||A||_F^2` in place of `lam ||A x1||^2`: it is not indifferent to the basis of `x1`, moves the
learned span, and has no aligned coordinates; `f*` must lie in the span that it learns. The variant `local_ridge` divides both
penalties by `sqrt(m)`: the span is then that of the context encoder, its estimate drifts, and the law is that of noncentral
chi-squares. It is stationary along the orbit where `lam A A^T = lam_B B^T B`.
"""

import numpy as np
from sympy import sqrt, sympify

from symasym.errors import InputError
from symasym.model import *
from symasym.model.instance import GeneralPoint, Kind
from symasym.model.spectrum import (
    is_diagonal,
    require_definite,
    require_gap,
    require_positive,
    singular_basis,
    whitened_regression,
)
from symasym.simulation.estimators import cross_moment, reduced_rank, second_moment

d1, d2, k, r = dims("d1 d2 k r")
A, B = parameter("A", k, d1), parameter("B", d2, k)
Sigma_1, Sigma_2 = covariance("Sigma_1", d1), covariance("Sigma_2", d2)
Sigma_12 = constant("Sigma_12", d1, d2)
x1, x2 = joint("x1 x2", (d1, d2), {(0, 0): Sigma_1, (0, 1): Sigma_12, (1, 1): Sigma_2})
lam, rho = scalar("lam"), scalar("rho")

i, m, a, c = indices("i m a c")
s, nu, b = indexed("s nu b")
target = constant("target", d1)


orthogonal = O(k).acts(lambda Q: {A: Q * A, B: B * Q.T})
linear = GL(k).acts(lambda G: {A: G * A, B: B * G.inv()})


def encoder(title, penalty, assumptions, symmetry=orthogonal, aligned=None, local=0):
    """The context encoder with a penalty, or with one that is divided by sqrt(m)."""
    return Model(
        title=title,
        loss=norm2(x2 - B * A * x1) + penalty,
        symmetry=symmetry,
        features=A * x1,
        downstream=LeastSquares(gaussian("x1", d1, cov=covariance("Sigma_down", d1)), target=target),
        where=[k < d1, k <= r, r <= d1, r <= d2],
        aligned=aligned,
        assumptions=assumptions,
        local_penalty=sympify(local),
    )


surviving = s[i] - lam * rho**2
ridge = lam * norm2(A) + lam * rho**4 * norm2(B)
model = encoder(
    "Context encoder with a penalised representation",
    lam * norm2(A * x1) + lam * rho**4 * norm2(B),
    [
        "w* is the global minimiser: BA is the reduced-rank regression of x2 on x1, its singular values soft-thresholded",
        "the residual covariance of x2 given x1 is diagonal in the singular basis of that regression",
    ],
    aligned=Aligned(
        frames=[
            Frame.of(GL(d1), lambda T: {x1: T * x1, A: A * T.inv()}, name="T_1"),
            Frame.of(O(d2), lambda T: {x2: T * x2, B: T * B}, name="T_2"),
        ],
        ranges={i: (1, k), m: (k + 1, r), a: (r + 1, d1), c: (r + 1, d2)},
        diagonal={
            Sigma_1: 1,
            Sigma_12: {i: s[i], m: s[m]},
            Sigma_2: {i: s[i] ** 2 + nu[i], m: s[m] ** 2 + nu[m], c: nu[c]},
            target: {i: b[i]},
        },
        at={A: {i: rho * sqrt(surviving)}, B: {i: sqrt(surviving) / rho}},
        assume=[s[i] > s[m], s[m] >= 0, s[i] > lam * rho**2],
    ),
)
variants = {
    "ridge": encoder(
        "Context encoder with a ridge penalty",
        ridge,
        ["w* is the lowest minimum that a search from several starts finds"],
    ),
    "local_ridge": encoder(
        "Context encoder with a ridge penalty that fades",
        0,
        ["w* is the global minimiser of the population loss, BA the reduced-rank regression of x2 on x1"],
        symmetry=linear,
        local=ridge,
    ),
}


def blocks(given):
    """The blocks of the joint covariance of (x1, x2)."""
    joint_covariance, first = given["Sigma"], given["d1"]
    return {
        "Sigma_1": joint_covariance[:first, :first],
        "Sigma_12": joint_covariance[:first, first:],
        "Sigma_2": joint_covariance[first:, first:],
    }


def weights(given):
    """`lam` and `rho` from the two penalties."""
    own, decoder = given.get("encoder_penalty", given.get("representation_penalty")), given["decoder_penalty"]
    return {"lam": own, "rho": (decoder / own) ** 0.25}


def chosen(given):
    """One penalty on the encoder's side, on the representation or on the weights; the latter may fade."""
    keys = [key for key in ("representation_penalty", "encoder_penalty") if key in given]
    if len(keys) != 1:
        came = "both came" if keys else "neither it nor encoder_penalty came"
        raise InputError(f"representation_penalty: {came}, one of representation_penalty and encoder_penalty is expected")
    if keys == ["encoder_penalty"]:
        return "local_ridge" if given["fading"] else "ridge"
    if given["fading"]:
        raise InputError("fading: true came with representation_penalty, which leaves the law alone; encoder_penalty is expected")
    return ""


def align(given):
    """Whiten x1, rotate both parts to the singular vectors of the regression; r = min(d1, d2) values, zeros included."""
    S, rank, scalars = blocks(given), given["k"], weights(given)
    require_definite(S["Sigma_1"], "Sigma: its block of x1")
    white, slope, residual = whitened_regression(S["Sigma_1"], S["Sigma_12"], S["Sigma_2"], "Sigma")
    variant = chosen(given)
    if variant == "ridge":
        return GeneralPoint(values=scalars, why="a ridge penalty on the encoder depends on the basis of x1")
    left, values, right = singular_basis(slope, residual)
    require_positive(values, rank, "singular value", "the regression of x2 on whitened x1")
    threshold = 0 if variant else scalars["lam"] * scalars["rho"] ** 2
    if values[rank - 1] <= threshold * (1 + 1e-10):
        raise InputError(
            f"k: singular value {rank} of the regression of x2 on whitened x1 is {values[rank - 1]:.6g}, so that rank {rank} "
            f"does not survive the penalties; one above sqrt(representation_penalty * decoder_penalty) = {threshold:.6g} is "
            "expected"
        )
    require_gap(values, rank, "singular values of the regression of x2 on whitened x1")
    if variant:
        return GeneralPoint(
            minimiser=balanced((left[:, :rank] * values[:rank]) @ right[:, :rank].T @ white, rank, scalars["rho"]),
            values=scalars,
            why="a ridge penalty on the encoder depends on the basis of x1",
        )
    turned = left.T @ residual @ left
    if not is_diagonal(turned, left.T @ S["Sigma_2"] @ left):
        roots = np.sqrt(values[:rank] - threshold)
        return GeneralPoint(
            minimiser={
                "A": scalars["rho"] * roots[:, None] * (right[:, :rank].T @ white),
                "B": left[:, :rank] * roots / scalars["rho"],
            },
            values=scalars,
            why="the residual covariance of x2 given x1 is not diagonal in the singular basis of the regression",
        )
    return AlignedPoint(
        values={"r": len(values), "s": values, "nu": np.diagonal(turned).clip(0), **scalars},
        frames={"T_1": right.T @ white, "T_2": left.T},
    )


def balanced(W, rank, ratio):
    """`A` and `B` with `BA = W` of rank `rank` and `A A^T = ratio^4 B^T B`."""
    left, values, right = np.linalg.svd(W)
    roots = np.sqrt(values[:rank])
    return {"A": ratio * roots[:, None] * right[:rank], "B": left[:, :rank] * roots / ratio}


def estimate(samples, given, rng):
    """The global minimiser: reduced-rank regression by the sample moments with its singular values soft-thresholded."""
    moment, cross = second_moment(samples["x1"]), cross_moment(samples["x1"], samples["x2"])
    A_hat, B_hat = reduced_rank(moment, cross, given["k"])
    scalars = weights(given)
    values = np.sqrt(np.sum(B_hat**2, axis=-2))
    kept = np.sqrt(np.maximum(values - scalars["lam"] * scalars["rho"] ** 2, 0))
    return {"A": scalars["rho"] * kept[..., None] * A_hat, "B": B_hat * (kept / values / scalars["rho"])[..., None, :]}


frame, turn = np.eye(7) + 0.3 * np.eye(7, k=-1), np.eye(5) - 2 / 5  # x1 = frame z1, x2 = turn z2, (z1, z2) aligned
S_0, nu_0 = [1.3, 1.1, 0.45, 0.3, 0.0] * np.eye(7, 5), [0.6, 0.5, 0.7, 0.4, 0.5]

instance = Instance(
    keys=[
        Key("Sigma", Kind.SEMIDEFINITE, ("d1 + d2", "d1 + d2"), meaning="joint covariance of (x1, x2)"),
        Key("d1", Kind.DIMENSION, meaning="dimension of x1"),
        Key("k", Kind.DIMENSION, meaning="bottleneck, 1..min(d1-1, d2)"),
        Key("representation_penalty", Kind.POSITIVE, required=False, meaning="lam, the weight of ||A x1||^2"),
        Key("encoder_penalty", Kind.POSITIVE, required=False, meaning="in its place, the weight of ||A||^2 (plain ridge)"),
        Key("fading", Kind.FLAG, required=False, default=False, meaning="whether the ridge penalties are divided by sqrt(m)"),
        Key("decoder_penalty", Kind.POSITIVE, meaning="lam_B, the weight of ||B||^2"),
        Key("target", Kind.VECTOR, ("d1",), meaning="coefficients of f* in x1"),
    ],
    align=align,
    constants=blocks,
    variant=chosen,
    example={
        "Sigma": [[1, 0, 0.8, 0], [0, 1, 0, 0.4], [0.8, 0, 1, 0], [0, 0.4, 0, 1]],
        "d1": 2,
        "k": 1,
        "representation_penalty": 0.1,
        "decoder_penalty": 0.4,
        "target": [1, 0],
        "sigma2": 1.0,
        "alpha": 2.0,
    },
    references=["Deng2024", "Izenman1975"],
    estimator={"": estimate},
    verification={
        "Sigma": np.block(
            [[frame @ frame.T, frame @ S_0 @ turn.T], [turn @ S_0.T @ frame.T, turn @ (S_0.T @ S_0 + np.diag(nu_0)) @ turn.T]]
        ).tolist(),
        "Sigma_down": (frame * [1, 1, 1.35, 1.4, 1.25, 0.95, 0.7] @ frame.T).tolist(),
        "d1": 7,
        "k": 2,
        "representation_penalty": 0.2,
        "decoder_penalty": 0.45,
        "target": [0.76, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0],  # 0.76 = 1 - 0.3 * 0.8: f* = z_1 + 0.8 z_2
        "sigma2": 1.0,
        "alpha": 2.0,
    },
)
