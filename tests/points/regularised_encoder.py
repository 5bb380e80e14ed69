"""Test points of the penalised context encoder: singular values a square above the threshold, so that `w*` is rational."""

from fractions import Fraction

import numpy as np
from draws import covariance, rational, squares

SIZES = [
    {"k": k, "r": r, "d1": d1, "d2": d2}
    for k, r, d1, d2 in ((1, 1, 2, 1), (1, 2, 3, 2), (2, 2, 3, 2), (1, 2, 2, 3), (2, 3, 3, 4))
]
TYPICAL = {"k": 1, "r": 2, "d1": 3, "d2": 2}
SIMULATION = {"reps": 1200, "m": (300, 1000, 2500)}
LAM, RHO = Fraction(3, 10), Fraction(3, 2)
"""The same at every point, because the singular values depend on them."""
GOOD = {
    "Sigma": [[1, 0, 0, 0.8, 0], [0, 1, 0, 0, 0.4], [0, 0, 1, 0, 0], [0.8, 0, 0, 1, 0], [0, 0.4, 0, 0, 1]],
    "d1": 3,
    "k": 1,
    "representation_penalty": 0.1,
    "decoder_penalty": 0.4,
    "target": [2.0, 0.0, 0.0],
    "sigma2": 1.5,
}


def families(sizes, rng):
    """Below the gap a singular value may be zero."""
    k, r = sizes["k"], sizes["r"]
    values = [value + LAM * RHO**2 for value in squares(k, rng)]
    values += [value * LAM * RHO**2 for value in squares(r - k, rng)]
    if r > k and rng.random() < 0.5:
        values[-1] = Fraction(0)
    noise = [Fraction(rng.randint(1, 9), rng.randint(1, 5)) for _ in range(max(sizes["d1"], sizes["d2"]))]
    return {"s": values, "nu": noise, "b": [rational(rng) for _ in range(k)]}


def scalars(rng):
    return {"lam": LAM, "rho": RHO, "sigma2": Fraction(rng.randint(1, 9), 4)}


def problems(sizes, count, rng):
    """Noise variances, and singular values above any threshold."""
    lam, rho = 10.0 ** rng.uniform(-2, 0, count), 10.0 ** rng.uniform(-0.3, 0.3, count)
    nu = 10.0 ** rng.uniform(-2, 2, (count, max(sizes["d1"], sizes["d2"])))
    gaps = np.cumsum(10.0 ** -rng.uniform(0, 6, (count, sizes["k"])), axis=1)[:, ::-1]
    rest = np.sort(rng.uniform(0, 1, (count, sizes["r"] - sizes["k"])), axis=1)[:, ::-1]
    top = (lam * rho**2)[:, None]
    return {"lam": lam, "rho": rho, "nu": nu, "s": np.concatenate([top + gaps, top * rest], axis=1)}


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
    document = {
        "Sigma": joint / 2 + joint.T / 2,
        "d1": d1,
        "k": rank,
        "representation_penalty": float(rng.uniform(0.1, 0.5)),
        "decoder_penalty": float(rng.uniform(0.1, 0.5)),
        "target": np.linalg.solve(root.T, right[:, :rank] @ rng.standard_normal(rank)),
        "sigma2": 0.5,
    }
    return document, {}
