"""Test points of multi-task pre-training: as many tasks as features, or more, or more than coordinates."""

from fractions import Fraction

import numpy as np
from draws import covariance, rational, squares

SIZES = [
    {"k": k, "d": d, "T": T}
    for k, d, T in ((1, 2, 1), (1, 2, 2), (1, 3, 2), (2, 3, 2), (2, 3, 3), (1, 2, 4), (2, 4, 3))
]
TYPICAL = {"k": 2, "d": 4, "T": 3}
SIMULATION = {"reps": 1200, "m": (300, 1000, 2500)}
FURTHER = [
    {"noise": 0.6},
    {"noise": (np.eye(4) * 0.5 + 0.4 * np.outer([1, -0.5, 0.2, 0.8], [1, -0.5, 0.2, 0.8])).tolist()},
]
GOOD = {
    "Sigma": [[3, 1, 0], [1, 2, 0], [0, 0, 1]],
    "A": [[1.0, 0.5, 0.0]],
    "B": [[1.0], [0.5]],
    "noise": 0.7,
    "theta": [2.0],
    "sigma2": 1.5,
}


def families(sizes, rng):
    noise = [Fraction(rng.randint(1, 9), rng.randint(1, 5)) for _ in range(sizes["T"])]
    return {"s": squares(sizes["k"], rng), "nu": noise, "b": [rational(rng) for _ in range(sizes["k"])]}


def scalars(rng):
    return {"sigma2": Fraction(rng.randint(1, 9), 4)}


def companions(values, elements):
    """With the representative of `A` the coefficients of `f*` in `A x` change."""
    return {"theta": np.linalg.solve(elements["G"].T, values["theta"])}


def problems(sizes, count, rng):
    """Noise variances, which the model need not assume positive for its law."""
    return {"nu": 10.0 ** rng.uniform(-2, 2, (count, sizes["T"]))}


def good(rng):
    """One shared variance, or a covariance in general position."""
    rank = int(rng.integers(1, 4))
    size, tasks = int(rng.integers(rank + 1, 6)), int(rng.integers(rank, 5))
    noise = float(rng.uniform(0.1, 2)) if rng.random() < 0.5 else covariance(tasks, rng)
    document = {
        "Sigma": covariance(size, rng),
        "A": rng.standard_normal((rank, size)),
        "B": rng.standard_normal((tasks, rank)),
        "noise": noise,
        "theta": rng.standard_normal(rank),
        "sigma2": 0.5,
    }
    return document, {}
