"""Test points of the denoising autoencoder: noise of its own in each direction, below the noise level and above it."""

from fractions import Fraction

import numpy as np
from draws import covariance, rational

SIZES = [{"d": d, "k": k} for d in (2, 3, 4) for k in range(1, d)]
TYPICAL = {"d": 4, "k": 2}
SIMULATION = {"reps": 1200, "m": (300, 1000, 2500)}
FURTHER = [{"noise": 0.6}]
GOOD = {
    "Sigma": [[2, 1, 0], [1, 2, 0], [0, 0, 0.5]],
    "noise": 0.7,
    "k": 1,
    "target": [1.5, 1.5, 0.0],
    "sigma2": 1.5,
}


def families(sizes, rng):
    """Pairs of a variance and a reliability, in the order of what they explain, `r s`; a reliability may be 1."""
    pairs = {}
    while len(pairs) < sizes["d"]:
        s, r = Fraction(rng.randint(1, 20), rng.randint(1, 5)), Fraction(rng.randint(1, 10), 10)
        pairs[r * s] = (s, r)
    ordered = [pairs[explained] for explained in sorted(pairs, reverse=True)]
    return {"s": [s for s, _ in ordered], "r": [r for _, r in ordered], "b": [rational(rng) for _ in range(sizes["k"])]}


def scalars(rng):
    return {"sigma2": Fraction(rng.randint(1, 9), 4)}


def problems(sizes, count, rng):
    """Any noise; what a direction explains, `r s`, is in descending order, with gaps from 0.3 down to 3e-4."""
    steps = 0.3 * 10.0 ** -rng.uniform(0, 3, (count, sizes["d"]))
    explained, r = 0.01 + np.cumsum(steps, axis=1)[:, ::-1], rng.uniform(0.01, 1, (count, sizes["d"]))
    return {"r": r, "s": explained / r}


def good(rng):
    """One shared variance, a noise with the eigenvectors of Sigma, or a covariance in general position."""
    size = int(rng.integers(2, 6))
    rank = int(rng.integers(1, size))
    Sigma, kind = covariance(size, rng), int(rng.integers(3))
    values, vectors = np.linalg.eigh(Sigma)
    noise = [float(rng.uniform(0.1, 3)), vectors * rng.uniform(0.1, 3, size) @ vectors.T, covariance(size, rng)][kind]
    whole = noise * np.eye(size) if kind == 0 else noise
    # f* lies in the span of the features, which are the top right singular vectors of the whitened regression
    values, vectors = np.linalg.eigh(Sigma + whole)
    white = vectors / np.sqrt(values) @ vectors.T
    right = np.linalg.svd(Sigma @ white)[2]
    document = {
        "Sigma": Sigma,
        "noise": noise / 2 + noise.T / 2 if kind else noise,
        "k": rank,
        "target": white @ right[:rank].T @ rng.standard_normal(rank),
        "sigma2": 0.5,
    }
    return document, {}
