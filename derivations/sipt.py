"""Structure-inducing pre-training: reconstruction and attraction along the edges of a graph, weighed against each other.

`(1 - g) L_M + g L_SI`, `L_M = ||x - M x||^2`, `L_SI = -2 x^T M x+ + x^T M Sigma M x`, `M = A^T A`, on disjoint edges `(x, x+)`
of the pre-training graph, or on cliques of `q = K + 1` nodes, averaged over nodes and ordered pairs. `g = 0` is principal
components, `g = 1` canonical correlation; the weights are written `r = 1 - g` and `gamma = g`.

Aligned coordinates exist where `Sigma` and `Sigma_plus` commute: `sig_p` are the eigenvalues of `Sigma`, `rho_p` the correlations
of `x` and `x+` along the common eigenvectors. Direction `p` gains `v_p = sig_p (r + gamma rho_p)^2 / (r + gamma sig_p)`, if
`r + gamma rho_p > 0`, and the k largest gains make the minimiser: with `q_ps = r (sig_p + sig_s) / 2 + gamma sig_p sig_s` the
population loss is `const - 2 sum_p sig_p (r + gamma rho_p) M_pp + sum_ps q_ps M_ps^2`, and `q_ps^2 >= q_pp q_ss`, so that it is
at least `const + ||D M D - diag(sqrt(v_p))||^2`, `D = diag(q_pp)^{1/4}`, with equality for diagonal `M`.
"""

import numpy as np
from sympy import sqrt

from symasym.errors import InputError
from symasym.model import *
from symasym.model.instance import GeneralPoint, Kind
from symasym.model.selection import selection_changes
from symasym.model.spectrum import (
    common_eigenbasis,
    descending_eigen,
    inverse_root,
    require_exchangeable,
    require_gap,
    require_positive,
)
from symasym.simulation.estimators import (
    GramQuadratic,
    cross_moment,
    minimise,
    random_starts,
    sandwich,
    second_moment,
    square_root,
    whitened_start,
)

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


def align(given):
    """Rotate to the common eigenvectors of Sigma and Sigma_plus, largest gains first; where they commute, there are such."""
    S, S_plus, rank, weight = given["Sigma"], given["Sigma_plus"], given["k"], given["structure_weight"]
    others = given.get("clique_size", 2) - 1
    if others < 1:
        raise InputError("clique_size: 1 came, at least 2 is expected")
    scalars = {"r": 1 - weight, "gamma": weight, "K": others}
    white = inverse_root(S)
    require_exchangeable(descending_eigen(white @ S_plus @ white)[0], S, others, "Sigma_plus")
    basis = common_eigenbasis(S, S_plus)
    if basis is None:
        return GeneralPoint(values=scalars, why="Sigma and Sigma_plus do not commute, so the directions turn with the weight")
    variances = np.diagonal(basis.T @ S @ basis)
    correlations = np.clip(np.diagonal(basis.T @ S_plus @ basis) / variances, -1 / others, 1)
    gains = root_gains(variances, correlations, weight)
    order = np.argsort(-gains, kind="stable")
    require_positive(gains[order], rank, "root of a gain", "the weighted loss")
    require_gap(gains[order], rank, "roots of the gains")
    return AlignedPoint(
        values={"sig": variances[order], "rho": correlations[order], **scalars}, frames={"T": basis[:, order].T}
    )


def root_gains(variances, correlations, weight):
    """`sqrt(v_p)` with the sign of `r + gamma rho_p`."""
    return np.sqrt(variances / (1 - weight + weight * variances)) * (1 - weight + weight * correlations)


def crossings(given, point):
    """The weights at which the learned directions change, with what enters and what leaves; see `symasym.model.selection`."""
    if not isinstance(point, AlignedPoint):
        return {}
    variances, correlations = point.values["sig"], point.values["rho"]
    one = np.ones(len(variances))
    attracted = np.stack([one, correlations - 1], axis=1)  # r + gamma rho = 1 + (rho - 1) g
    penalty = np.stack([one, variances - 1], axis=1) / variances[:, None]

    def named(directions):
        return [{"variance": float(variances[p]), "correlation": float(correlations[p])} for p in directions]

    found = selection_changes(attracted, penalty, given["k"])
    return {
        "crossings": [
            {"structure_weight": change.weight, "enters": named(change.enters), "leaves": named(change.leaves)}
            for change in found
        ]
    }


def estimate(samples, given, rng):
    """Empirical loss -2 <M, r S + gamma C> + tr(M W M S), W = r I + gamma Sigma, by the moments S of nodes and C of edges."""
    if "x" in samples:
        moment, cross = second_moment(samples["x"]), cross_moment(samples["x"], samples["x_plus"])
    else:
        means, others = second_moment(samples["x_mean"]), given["clique_size"] - 1
        contrasts = np.mean([second_moment(samples["x_contrast"][:, :, n]) for n in range(others)], axis=0)
        moment, cross = means + contrasts * others / (others + 1), means - contrasts / (others + 1)
    weight = given["structure_weight"]
    inner = (1 - weight) * np.eye(len(given["Sigma"])) + weight * given["Sigma"]
    gain = (1 - weight) * moment + weight * (cross + cross.swapaxes(-1, -2)) / 2
    loss = GramQuadratic(linear=-2 * gain, quadratic=sandwich(inner, moment))
    root = square_root(moment)
    start = whitened_start(gain, square_root(root @ inner @ root), given["k"])
    return {"A": minimise(loss, [start, *random_starts(moment, given["k"], 2, rng)])}


reflection = np.eye(8) - 1 / 4  # x = reflection z with the coordinates of z independent
sig_0, rho_0 = [3, 2.6, 1.2, 1.1, 1, 0.9, 1.15, 1.05], [0.8, 0.9, 0.1, 0.2, 0.25, 0.3, 0.0, 0.15]

instance = Instance(
    keys=[
        Key("Sigma", Kind.COVARIANCE, ("d", "d"), meaning="covariance of a node"),
        Key("Sigma_plus", Kind.SYMMETRIC, ("d", "d"), meaning="cross-covariance of two nodes that an edge joins"),
        Key("structure_weight", Kind.WEIGHT, meaning="weight g of the structure-inducing loss; 1 - g for reconstruction"),
        Key("k", Kind.DIMENSION, meaning="bottleneck, 1..d-1"),
        Key("clique_size", Kind.COUNT, required=False, meaning="nodes in a clique, 2 or more; absent: edges (x, x+)"),
        Key("target", Kind.VECTOR, ("d",), meaning="coefficients of f* in x"),
    ],
    align=align,
    remarks=crossings,
    variant=lambda given: "clique" if "clique_size" in given else "",
    example={
        "Sigma": [[3, 0, 0], [0, 2, 0], [0, 0, 1]],
        "Sigma_plus": [[1.5, 0, 0], [0, 1.6, 0], [0, 0, 0.2]],
        "structure_weight": 0.5,
        "k": 1,
        "target": [0, 1, 0],
        "sigma2": 1.0,
        "alpha": 2.0,
    },
    references=["McDermott2021"],
    estimator=estimate,
    verification={
        "Sigma": (reflection * sig_0 @ reflection).tolist(),
        "Sigma_plus": (reflection * np.multiply(sig_0, rho_0) @ reflection).tolist(),
        "structure_weight": 0.4,
        "k": 2,
        "target": (reflection @ [1, 0.8, 0, 0, 0, 0, 0, 0]).tolist(),
        "sigma2": 1.0,
        "alpha": 2.0,
    },
)
