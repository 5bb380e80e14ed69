"""Structure-inducing pre-training: reconstruction and attraction along the edges of a graph, weighed against each other.

`(1 - g) L_M + g L_SI`, `L_M = ||x - M x||^2`, `L_SI = -2 x^T M x+ + x^T M Sigma M x`, `M = A^T A`, on disjoint edges `(x, x+)` of the
pre-training graph, or cliques of `q` nodes over which the loss is averaged. `g = 0` is principal components, `g = 1` canonical
correlation; the weights are written `r = 1 - g` and `gamma = g`.

Aligned coordinates exist where `Sigma` and `Sigma_plus` commute: `sig_p` are the eigenvalues of `Sigma`, `rho_p` the correlations of
`x` and `x+` along the common eigenvectors, and direction `p`, if `r + gamma rho_p > 0`, gains
`v_p = sig_p (r + gamma rho_p)^2 / (r + gamma sig_p)`. The k largest gains make the minimiser: with
`q_ps = r (sig_p + sig_s) / 2 + gamma sig_p sig_s` the population loss is `const - 2 sum_p sig_p (r + gamma rho_p) M_pp + sum_ps q_ps M_ps^2`
and `q_ps^2 >= q_pp q_ss`, so that it is at least `const + ||D M D - diag(sqrt(v_p))||^2`, `D = diag(q_pp)^{1/4}`, with equality there.
"""

import numpy as np
from sympy import sqrt

from symasym.model import *

d, k = dims("d k")
A = parameter("A", k, d)
Sigma, Sigma_plus = covariance("Sigma", d), covariance("Sigma_plus", d)
r, gamma, K = scalar("r"), scalar("gamma"), scalar("K")  # K other nodes in a clique
target = constant("target", d)

i, a = indices("i a")
sig, rho, b = indexed("sig rho b")


def level(p):
    """`(A* A*^T)_pp`."""
    return (r + gamma * rho[p]) / (r + gamma * sig[p])


def reconstruction(x):
    """What a node costs."""
    return r * norm2(x - A.T * A * x) + gamma * quad(A * x, A * Sigma * A.T)


def attraction(x, x_plus):
    """What an edge gains."""
    return inner(A * x, A * x_plus)


def sipt(title, loss, x, vectors):
    """The model with features of the node `x`; `vectors` are all data vectors."""
    return Model(
        title=title,
        loss=loss,
        symmetry=O(k).acts(lambda Q: {A: Q * A}),
        features=A * x,
        downstream=LeastSquares(gaussian("x", d, cov=covariance("Sigma_down", d)), target=target),
        where=[k < d],
        aligned=Aligned(
            frames=[Frame.of(O(d), lambda T: {**{z: T * z for z in vectors}, A: A * T.inv()})],
            ranges={i: (1, k), a: (k + 1, d)},
            diagonal={Sigma: sig, Sigma_plus: {i: rho[i] * sig[i], a: rho[a] * sig[a]}, target: {i: b[i]}},
            at={A: {i: sqrt(level(i))}},
            assume=[
                sig[i] > 0,
                sig[a] > 0,
                r + gamma * rho[i] > 0,
                level(i) * (r * (sig[i] + sig[a]) / 2 + gamma * sig[i] * sig[a]) > (r + gamma * rho[a]) * sig[a],
            ],
        ),
        assumptions=["w* is the global minimiser: A* spans the k directions with the largest gains"],
    )


x, x_plus = exchangeable("x x_plus", cov=Sigma, cross=Sigma_plus)
clique = exchangeable_family("x", count=K + 1, cov=Sigma, cross=Sigma_plus)
model = sipt(
    "Structure-inducing pre-training",
    reconstruction(x) - 2 * gamma * attraction(x, x_plus),
    x,
    (x, x_plus),
)
variants = {
    "clique": sipt(
        "Structure-inducing pre-training on cliques",
        clique.mean_over_nodes(reconstruction) - 2 * gamma * clique.mean_over_pairs(attraction),
        clique.node,
        clique.vectors,
    )
}
