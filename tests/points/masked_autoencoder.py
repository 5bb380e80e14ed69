"""Test points of the masked autoencoder: averaged masks, one, two or three masks for each sample."""

from fractions import Fraction

import numpy as np
from draws import covariance, rational, squares

SIZES = [{"d": d, "k": k} for d in (2, 3, 4) for k in range(1, d)]
TYPICAL = {"d": 4, "k": 2}
SIMULATION = {"reps": 1200, "m": (300, 1000, 3000)}
CORRELATED = np.diag([1.1, 4, 0.9, 1.2, 3, 1, 0.8, 0.7])
for n, m, entry in ((0, 1, 0.4), (2, 4, 0.4), (3, 5, 0.2), (6, 7, -0.2)):
    CORRELATED[n, m] = CORRELATED[m, n] = entry
DEFAULTS = {"masks": "averaged"}
FURTHER = [
    {"masks": "sampled"},
    {"masks": 3, "Sigma_down": (np.eye(8) + 0.2).tolist()},
    {"Sigma": CORRELATED.tolist(), "project": True, "Sigma_down": np.eye(8).tolist()},
]
APART = {"Sigma_down": np.diag([2.13, 1.0, 1.39, 2.59, 1.0, 1.75, 1.09, 0.81]).tolist()}
GOOD = {
    "Sigma": [[3, 0, 0], [0, 2, 0], [0, 0, 1]],
    "keep_probability": 0.75,
    "k": 1,
    "target": [1.0, 0.0, 0.0],
    "sigma2": 1.5,
}


def families(sizes, rng):
    learned = [rational(rng) for _ in range(sizes["k"])]
    return {"b": learned, "lam": [9 * value for value in squares(sizes["d"], rng)]}


def scalars(rng):
    share = rng.choice([Fraction(0), Fraction(1), Fraction(1, 2), Fraction(1, 3)])
    return {
        "p": Fraction(rng.randint(1, 12), 12),
        "kappa": share,
        "sigma2": Fraction(rng.randint(1, 9), 4),
    }


def problems(sizes, count, rng):
    """Any probability, and whole numbers of masks or all of them."""
    return {"p": rng.uniform(0.05, 1, count), "kappa": 1 / rng.choice([1, 2, 3, 10, np.inf], count)}


def good(rng):
    """Every other time in general position, with correlated coordinates."""
    size = int(rng.integers(2, 6))
    rank = int(rng.integers(1, size))
    keep = float(rng.uniform(0.2, 1))
    sigma = np.diag(rng.uniform(0.2, 3, size)) if rng.integers(2) else covariance(size, rng)
    second = keep**2 * sigma + keep * (1 - keep) * np.diag(np.diagonal(sigma))
    _, vectors = np.linalg.eigh(sigma @ np.linalg.solve(second, sigma))
    learned = np.linalg.solve(second, sigma @ vectors[:, ::-1][:, :rank])
    document = {
        "Sigma": sigma,
        "keep_probability": keep,
        "k": rank,
        "target": learned @ rng.standard_normal(rank),
        "sigma2": 0.5,
    }
    masks = ["averaged", "sampled", int(rng.integers(1, 5))][int(rng.integers(3))]
    return document, {"masks": masks}
