"""Test points of the context encoder: bottleneck, rank, both dimensions; ranges of size 0 and 1, either space the larger one."""

from fractions import Fraction

import numpy as np
from draws import covariance, rational, squares

from symasym import catalogue

SIZES = [
    {"k": k, "r": r, "d1": d1, "d2": d2}
    for k, r, d1, d2 in (
        (1, 1, 2, 1),
        (1, 2, 2, 2),
        (1, 2, 3, 2),
        (2, 2, 3, 2),
        (1, 2, 2, 3),
        (2, 3, 3, 4),
        (1, 1, 3, 3),
    )
]
TYPICAL = {"k": 1, "r": 2, "d1": 3, "d2": 2}
SIMULATION = {"reps": 1200, "m": (300, 1000, 2500)}
JOINT = np.array(catalogue.load("context_encoder").instance.verification["Sigma"])
JOINT[7:, 7:] += 0.3  # the regression of x2 on x1 stays, what it leaves over is no longer diagonal
FURTHER = [{"Sigma": JOINT.tolist()}]
GOOD = {
    "Sigma": [[1, 0, 0, 0.8, 0], [0, 1, 0, 0, 0.4], [0, 0, 1, 0, 0], [0.8, 0, 0, 1, 0], [0, 0.4, 0, 0, 1]],
    "d1": 3,
    "k": 1,
    "target": [2.0, 0.0, 0.0],
    "sigma2": 1.5,
}


def families(sizes, rng):
    """Below the gap a singular value may be zero."""
    values = squares(sizes["r"], rng)
    if sizes["r"] > sizes["k"] and rng.random() < 0.5:
        values[-1] = Fraction(0)
    noise = [Fraction(rng.randint(1, 9), rng.randint(1, 5)) for _ in range(max(sizes["d1"], sizes["d2"]))]
    return {"s": values, "nu": noise, "b": [rational(rng) for _ in range(sizes["k"])]}


def scalars(rng):
    return {"sigma2": Fraction(rng.randint(1, 9), 4)}


def problems(sizes, count, rng):
    """Noise variances, which the model need not assume positive for its law."""
    return {"nu": 10.0 ** rng.uniform(-2, 2, (count, max(sizes["d1"], sizes["d2"])))}


def good(rng):
    """Every other time in general position: the residual covariance is not diagonal then."""
    d1, d2 = int(rng.integers(2, 5)), int(rng.integers(1, 5))
    rank = int(rng.integers(1, min(d1 - 1, d2) + 1))
    root = np.linalg.cholesky(covariance(d1, rng))
    left, right = (np.linalg.qr(rng.standard_normal((d, d)))[0] for d in (d2, d1))
    values = np.sort(rng.uniform(0, 0.5, min(d1, d2)))[::-1]
    values[:rank] = np.sort(rng.uniform(0.6, 1.5, rank))[::-1]
    slope = left[:, : len(values)] * values @ right[:, : len(values)].T
    residual = covariance(d2, rng) if rng.random() < 0.5 else left * rng.uniform(0.1, 1, d2) @ left.T
    cross = root @ slope.T
    joint = np.block([[root @ root.T, cross], [cross.T, slope @ slope.T + residual]])
    target = np.linalg.solve(root.T, right[:, :rank] @ rng.standard_normal(rank))
    return {"Sigma": joint / 2 + joint.T / 2, "d1": d1, "k": rank, "target": target, "sigma2": 0.5}, {}
