"""Test points of the two-view model: bottleneck, rank, both dimensions; ranges of size 0 and 1, either view the larger one."""

from fractions import Fraction

import numpy as np
from draws import covariance, rational, squares

SIZES = [
    {"k": k, "r": r, "d_x": d_x, "d_y": d_y}
    for k, r, d_x, d_y in ((1, 1, 2, 1), (1, 2, 2, 2), (1, 2, 3, 2), (2, 2, 3, 2), (1, 2, 2, 3), (1, 1, 3, 3))
]
TYPICAL = {"k": 1, "r": 2, "d_x": 3, "d_y": 2}
SIMULATION = {"reps": 1600, "m": (300, 1000, 2500)}
FURTHER = [{"negatives": 3}]
DEFAULTS = {"negatives": 1}
GOOD = {
    "Sigma_x": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "Sigma_y": [[1, 0], [0, 1]],
    "Sigma_xy": [[0.8, 0], [0, 0.4], [0, 0]],
    "k": 1,
    "target": [2.0, 0.0, 0.0],
    "sigma2": 1.5,
}


def families(sizes, rng):
    """Below the gap a singular value may be zero."""
    values = squares(sizes["r"], rng)
    if sizes["r"] > sizes["k"] and rng.random() < 0.5:
        values[-1] = Fraction(0)
    return {"s": values, "b": [rational(rng) for _ in range(sizes["k"])]}


def scalars(rng):
    return {"K": Fraction(rng.randint(1, 3)), "sigma2": Fraction(rng.randint(1, 9), 4)}


def problems(sizes, count, rng):
    """A number of negatives is a whole one, correlations do not exceed 1; gaps as small as elsewhere."""
    top, rank = rng.uniform(0.05, 0.5, (count, 1)), sizes["k"]
    above = top + np.cumsum(10.0 ** -rng.uniform(0.5, 6, (count, rank)), axis=1)[:, ::-1] / rank
    below = top * np.sort(rng.uniform(0, 1, (count, sizes["r"] - rank)), axis=1)[:, ::-1]
    below[:, :1] = top
    return {"K": np.ceil(10.0 ** rng.uniform(-2, 2, count)), "s": np.concatenate([above, below], axis=1)}


def good(rng):
    d_x, d_y = int(rng.integers(2, 5)), int(rng.integers(1, 5))
    rank = int(rng.integers(1, min(d_x - 1, d_y) + 1))
    root_x, root_y = (np.linalg.cholesky(covariance(d, rng)) for d in (d_x, d_y))
    left, right = (np.linalg.qr(rng.standard_normal((d, d)))[0] for d in (d_x, d_y))
    values = np.sort(rng.uniform(0, 0.5, min(d_x, d_y)))[::-1]
    values[:rank] = np.sort(rng.uniform(0.6, 1.0, rank))[::-1]
    cross = root_x @ (left[:, : len(values)] * values @ right[:, : len(values)].T) @ root_y.T
    document = {
        "Sigma_x": root_x @ root_x.T,
        "Sigma_y": root_y @ root_y.T,
        "Sigma_xy": cross,
        "k": rank,
        "target": np.linalg.solve(root_x.T, left[:, :rank] @ rng.standard_normal(rank)),
        "sigma2": 0.5,
    }
    return document, {"negatives": int(rng.integers(1, 5))}
