"""Test points of the spectral model."""

from fractions import Fraction

import numpy as np
from draws import covariance, rational, squares

SIZES = [{"d": d, "k": k} for d in (2, 3, 4) for k in range(1, d)]
TYPICAL = {"d": 4, "k": 2}
SIMULATION = {"reps": 900, "m": (300, 1000, 2500)}
FURTHER = [{"negatives": 3}]
DEFAULTS = {"negatives": 1}
GOOD = {
    "Sigma": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "Sigma_plus": [[0.8, 0, 0], [0, 0.5, 0], [0, 0, 0.2]],
    "k": 2,
    "target": [1.0, -2.0, 0.0],
    "sigma2": 1.5,
}


def families(sizes, rng):
    return {"b": [rational(rng) for _ in range(sizes["k"])], "lam": squares(sizes["d"], rng)}


def scalars(rng):
    return {"K": Fraction(rng.randint(1, 3)), "sigma2": Fraction(rng.randint(1, 9), 4)}


def problems(sizes, count, rng):
    """A number of negatives is a whole one."""
    return {"K": np.ceil(10.0 ** rng.uniform(-2, 2, count))}


def good(rng):
    size = int(rng.integers(2, 6))
    rank = int(rng.integers(1, size))
    sigma = covariance(size, rng)
    values, vectors = np.linalg.eigh(sigma)
    root, turn = vectors * np.sqrt(values), np.linalg.qr(rng.standard_normal((size, size)))[0]
    lam = np.sort(rng.uniform(-0.3, 0.9, size))[::-1]
    lam[:rank] = np.sort(rng.uniform(0.91, 1.0, rank))[::-1]
    plus = root @ turn @ np.diag(lam) @ turn.T @ root.T
    target = np.linalg.solve(root.T, turn[:, :rank] @ rng.standard_normal(rank))
    document = {"Sigma": sigma, "Sigma_plus": plus / 2 + plus.T / 2, "k": rank, "target": target, "sigma2": 0.5}
    return document, {"negatives": int(rng.integers(1, 5))}
