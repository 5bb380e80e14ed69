"""Test points of the linear autoencoder."""

from fractions import Fraction

import numpy as np
from draws import covariance, rational, squares

SIZES = [{"d": d, "k": k} for d in (2, 3, 4) for k in range(1, d)]
TYPICAL = {"d": 4, "k": 2}
SIMULATION = {"reps": 6000, "m": (200, 800, 2500)}
FURTHER = [{"Sigma_down": (np.eye(8) + 0.2).tolist()}, {"degrees_of_freedom": 15.0}]
DEFAULTS = {"degrees_of_freedom": 1e200}  # Gaussian
GOOD = {"Sigma": [[3, 0, 0], [0, 2, 0], [0, 0, 1]], "k": 1, "target": [1.0, 0.0, 0.0], "sigma2": 1.5}


def families(sizes, rng):
    learned = [rational(rng) for _ in range(sizes["k"])]
    return {"b": learned, "lam": [9 * value for value in squares(sizes["d"], rng)]}


def scalars(rng):
    return {"sigma2": Fraction(rng.randint(1, 9), 4), "degrees_of_freedom": Fraction(rng.randint(9, 30), 2)}


def problems(sizes, count, rng):
    """Fourth moments exist above four degrees of freedom."""
    return {"degrees_of_freedom": 4 + 10.0 ** rng.uniform(-2, 2, count)}


def good(rng):
    size = int(rng.integers(2, 6))
    rank = int(rng.integers(1, size))
    sigma = covariance(size, rng)
    _, vectors = np.linalg.eigh(sigma)
    target = vectors[:, ::-1][:, :rank] @ rng.standard_normal(rank)
    document = {"Sigma": sigma, "k": rank, "target": target, "sigma2": 0.5}
    return document, {"degrees_of_freedom": float(rng.uniform(4.5, 30))}
