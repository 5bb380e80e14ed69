"""Context encoder: the second view predicted from the first through a bottleneck; a trial of the shape."""

from symasym.model import *

d1, d2, k, r = dims("d1 d2 k r")
A, B = parameter("A", k, d1), parameter("B", d2, k)
S11, S22 = covariance("Sigma_1", d1), covariance("Sigma_2", d2)
S12 = constant("Sigma_12", d1, d2)
x1, x2 = joint("x1 x2", (d1, d2), {(0, 0): S11, (1, 1): S22, (0, 1): S12})

i, m, a, c = indices("i m a c")
s, nu, b = indexed("s nu b")
target = constant("target", d1)

model = Model(
    title="Context encoder",
    loss=norm2(x2 - B * A * x1),
    symmetry=GL(k).acts(lambda G: {A: G * A, B: B * G.inv()}),
    features=A * x1,
    downstream=LeastSquares(gaussian("x", d1, cov=covariance("Sigma_down", d1)), target=target),
    where=[k <= r, r <= d1, r <= d2],
    aligned=Aligned(
        frames=[
            Frame.of(GL(d1), lambda T: {x1: T * x1, A: A * T.inv()}, name="T_1"),
            Frame.of(O(d2), lambda T: {x2: T * x2, B: T * B}, name="T_2"),
        ],
        ranges={i: (1, k), m: (k + 1, r), a: (r + 1, d1), c: (r + 1, d2)},
        diagonal={
            S11: 1,
            S12: {i: s[i], m: s[m]},
            S22: {i: s[i] ** 2 + nu[i], m: s[m] ** 2 + nu[m], c: nu[c]},
            target: {i: b[i]},
        },
        at={A: {i: 1}, B: {i: s[i]}},
        assume=[s[i] > s[m], s[m] > 0, s[i] > 0],
    ),
    assumptions=["the residual covariance of x2 given x1 is diagonal in its singular basis"],
)
