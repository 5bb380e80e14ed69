"""Two views, two encoders: spectral contrastive learning between modalities, as in CLIP."""

import numpy as np

from symasym.model import *
from symasym.model.instance import Kind
from symasym.model.spectrum import inverse_root, require_correlations, require_gap, require_positive, singular_basis
from symasym.simulation.estimators import (
    BilinearQuadratic,
    canonical_start,
    cross_moment,
    minimise,
    product_moment,
    random_starts,
    second_moment,
)

d_x, d_y, k, r = dims("d_x d_y k r")
A, B = parameter("A", k, d_x), parameter("B", k, d_y)
Sigma_x, Sigma_y = covariance("Sigma_x", d_x), covariance("Sigma_y", d_y)
Sigma_xy = constant("Sigma_xy", d_x, d_y)
x, y = joint("x y", (d_x, d_y), {(0, 0): Sigma_x, (0, 1): Sigma_xy, (1, 1): Sigma_y})
y_minus, K = copy(y, "y_minus"), scalar("K")

i, m, a, c = indices("i m a c")
s, b = indexed("s b")
target = constant("target", d_x)

model = Model(
    title="Two-view spectral contrastive learning",
    loss=-2 * inner(A * x, B * y) + average(inner(A * x, B * y_minus) ** 2, over=y_minus, count=K),
    symmetry=GL(k).acts(lambda G: {A: G * A, B: G.inv().T * B}),
    features=A * x,
    downstream=LeastSquares(gaussian("x", d_x, cov=covariance("Sigma_down", d_x)), target=target),
    where=[k < d_x, k <= r, r <= d_x, r <= d_y],
    aligned=Aligned(
        frames=[
            Frame.of(GL(d_x), lambda T: {x: T * x, A: A * T.inv()}, name="T_x"),
            Frame.of(GL(d_y), lambda T: {y: T * y, y_minus: T * y_minus, B: B * T.inv()}, name="T_y"),
        ],
        ranges={i: (1, k), m: (k + 1, r), a: (r + 1, d_x), c: (r + 1, d_y)},
        diagonal={Sigma_x: 1, Sigma_y: 1, Sigma_xy: {i: s[i], m: s[m]}, target: {i: b[i]}},
        at={A: {i: 1}, B: {i: s[i]}},
        assume=[s[i] > s[m], s[m] >= 0, s[i] > 0],
    ),
    assumptions=[
        "w* is the global minimiser: the k largest canonical correlations between the views, s[i] <= 1",
        "correlations beyond the r-th are zero, as r = min(d_x, d_y) makes sure",
    ],
)


def align(given):
    """Whiten both views, rotate to the singular vectors of the cross-covariance; r = min(d_x, d_y) values, zeros included."""
    rank, white_x, white_y = given["k"], inverse_root(given["Sigma_x"]), inverse_root(given["Sigma_y"])
    left, values, right = singular_basis(white_x @ given["Sigma_xy"] @ white_y)
    covariances = [given["Sigma_x"], given["Sigma_y"]]
    values = require_correlations(values, covariances, "Sigma_xy", "singular value")
    require_positive(values, rank, "singular value", "the whitened cross-covariance")
    require_gap(values, rank, "singular values of the whitened cross-covariance")
    return AlignedPoint(
        values={"r": len(values), "s": values, "K": given.get("negatives", 1)},
        frames={"T_x": left.T @ white_x, "T_y": right.T @ white_y},
    )


def estimate(samples, given, rng):
    """Empirical loss -2 <M, S_xy> + mean (x^T M y_minus)^2 in M = A^T B; starts from canonical correlations and from nowhere."""
    rank, views = given["k"], (second_moment(samples["x"]), second_moment(samples["y"]))
    cross = cross_moment(samples["x"], samples["y"])
    loss = BilinearQuadratic(linear=-2 * cross, quadratic=product_moment(samples["x"], samples["y_minus"]))
    random = [np.concatenate(pair, axis=-1) for pair in zip(*(random_starts(S, rank, 2, rng) for S in views), strict=True)]
    point = minimise(loss, [canonical_start(cross, *views, rank), *random])
    return {"A": point[..., : given["d_x"]], "B": point[..., given["d_x"] :]}


frame_x, frame_y = np.eye(6) + 0.3 * np.eye(6, k=-1), np.eye(4) - 0.2 * np.eye(4, k=1)  # x = frame_x z_x, y = frame_y z_y
s_0 = [0.85, 0.7, 0.3, 0.15] * np.eye(6, 4)

instance = Instance(
    keys=[
        Key("Sigma_x", Kind.COVARIANCE, ("d_x", "d_x"), meaning="covariance of x"),
        Key("Sigma_y", Kind.COVARIANCE, ("d_y", "d_y"), meaning="covariance of y"),
        Key("Sigma_xy", Kind.MATRIX, ("d_x", "d_y"), meaning="cross-covariance of x and y"),
        Key("k", Kind.DIMENSION, meaning="bottleneck, 1..min(d_x-1, d_y)"),
        Key("negatives", Kind.COUNT, required=False, meaning="fresh negatives for each pair, 1 by default"),
        Key("target", Kind.VECTOR, ("d_x",), meaning="coefficients of f* in x"),
    ],
    align=align,
    example={
        "Sigma_x": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "Sigma_y": [[1, 0], [0, 1]],
        "Sigma_xy": [[0.8, 0], [0, 0.4], [0, 0]],
        "k": 1,
        "target": [1, 0, 0],
        "sigma2": 1.0,
        "alpha": 2.0,
    },
    references=["Radford2021", "HaoChen2021"],
    estimator=estimate,
    verification={
        "Sigma_x": (frame_x @ frame_x.T).tolist(),
        "Sigma_y": (frame_y @ frame_y.T).tolist(),
        "Sigma_xy": (frame_x @ s_0 @ frame_y.T).tolist(),
        "Sigma_down": (np.eye(6) + 0.2).tolist(),
        "k": 2,
        "target": [0.76, 0.8, 0.0, 0.0, 0.0, 0.0],  # 0.76 = 1 - 0.3 * 0.8: f* = z_1 + 0.8 z_2
        "sigma2": 1.0,
        "alpha": 10.0,
    },
)
