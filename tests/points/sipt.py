"""Test points of structure-inducing pre-training: `rho` follows from a rational `w*`, so that `mu_i = (w*_i)^2`."""

from fractions import Fraction

import numpy as np
from draws import covariance, rational

SIZES = [{"d": d, "k": k} for d in (2, 3) for k in range(1, d)]
TYPICAL = {"d": 3, "k": 2}
SIMULATION = {"reps": 900, "m": (300, 1000, 2500)}
REFLECTION = np.eye(8) - 1 / 4
APART = {"Sigma_down": (REFLECTION * [1, 1, 1.51, 1, 0.74, 0.57, 0.74, 0.43] @ REFLECTION.T).tolist()}
FURTHER = [{"clique_size": 4}, {"structure_weight": 1.0}]
GOOD = {
    "Sigma": [[3, 0, 0], [0, 2, 0], [0, 0, 1]],
    "Sigma_plus": [[1.5, 0, 0], [0, 1.6, 0], [0, 0, 0.2]],
    "structure_weight": 0.5,
    "k": 2,
    "target": [1.0, -2.0, 0.0],
    "sigma2": 1.5,
}
WEIGHT = Fraction(2, 5)
"""Of structure: the same at every point, because `rho` depends on it."""


def families(sizes, rng):
    d, k = sizes["d"], sizes["k"]
    sig = [Fraction(rng.randint(8, 16), 10) for _ in range(k)] + [Fraction(rng.randint(4, 9), 20) for _ in range(d - k)]
    roots = [Fraction(rng.randint(80, 89), 100) for _ in range(k)]
    rho = [(root**2 * (1 - WEIGHT + WEIGHT * s) - (1 - WEIGHT)) / WEIGHT for root, s in zip(roots, sig, strict=False)]
    rho += [Fraction(rng.randint(-9, 3), 30) for _ in range(d - k)]
    return {"sig": sig, "rho": rho, "b": [rational(rng) for _ in range(k)]}


def scalars(rng):
    return {"r": 1 - WEIGHT, "gamma": WEIGHT, "K": Fraction(2), "sigma2": Fraction(rng.randint(1, 9), 4)}


def problems(sizes, count, rng):
    """Larger variances and correlations on the learned directions; any weight."""
    d, k = sizes["d"], sizes["k"]
    gap = 0.3 * 10.0 ** -rng.uniform(0, 5, (count, 1))
    signal, noise = (rng.uniform(0, 1, (count, n)) for n in (k, d - k))
    weight = rng.uniform(0.01, 0.99, count)
    rho = np.concatenate([0.4 + gap + 0.2 * signal, rng.uniform(-0.1, 0.4, (count, d - k))], axis=1)
    sig = np.concatenate([1.1 + signal, 0.1 + noise], axis=1)
    return {"rho": rho, "sig": sig, "r": 1 - weight, "gamma": weight, "K": rng.integers(1, 9, count).astype(float)}


def good(rng):
    size = int(rng.integers(2, 6))
    rank = int(rng.integers(1, size))
    sigma = covariance(size, rng)
    values, vectors = np.linalg.eigh(sigma)
    rho = rng.uniform(-0.1, 0.9, size)
    plus = vectors * (values * rho) @ vectors.T
    weight = float(rng.uniform(0, 1))
    gains = np.sqrt(values / (1 - weight + weight * values)) * (1 - weight + weight * rho)
    learned = vectors[:, np.argsort(-gains)[:rank]]
    document = {
        "Sigma": sigma,
        "Sigma_plus": plus / 2 + plus.T / 2,
        "structure_weight": weight,
        "k": rank,
        "target": learned @ rng.standard_normal(rank),
        "sigma2": 0.5,
    }
    return document, {"clique_size": int(rng.integers(2, 6))}
