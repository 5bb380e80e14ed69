"""Maximum likelihood for a mixture of Gaussians with equal weights and the identity covariance, for batches of samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

__all__ = ["expectation_maximisation"]

STEPS = 60
CONVERGED = 1e-9
"""Largest entry of the score of one sample at which the iteration ends."""
LARGEST = 4000
ROWS = 4096
"""Samples in one piece, which stays in the cache."""
INFORMED = 2**15
"""Samples that the information is taken from; it says how fast the iteration converges, not to what."""


def expectation_maximisation(samples: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The fixed point of the EM algorithm from `start` `(K, d)`, for `samples` `(B, m, d)`: `(B, K, d)`.

    A few plain steps, then scoring with the information of the sample, which has the same fixed points and converges like
    `m^{-1/2}` a step; where that does not settle, plain steps to the end. Raises `ArithmeticError` where these do not either.
    """
    found = np.empty((len(samples), *start.shape))
    for n, x in enumerate(samples):
        centres = start.copy()
        for _ in range(3):
            centres = _step(x, centres)
        found[n] = _scored(x, centres)
    return found


def _pieces(x: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(x), ROWS):
        yield x[first : first + ROWS]


def _shares(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Responsibilities, `(K, m)`."""
    logits = centres @ x.T
    logits -= np.sum(centres**2, axis=1)[:, None] / 2
    logits -= logits.max(axis=0)
    raised = np.exp(logits, out=logits)
    raised /= raised.sum(axis=0)
    return raised


def _sums(x: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of responsibilities `(K,)` and of responsibilities times samples `(K, d)`."""
    mass, first = np.zeros(len(centres)), np.zeros(centres.shape)
    for rows in _pieces(x):
        shares = _shares(rows, centres)
        mass += shares.sum(axis=1)
        first += shares @ rows
    return mass, first


def _step(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    mass, first = _sums(x, centres)
    return np.asarray(first / mass[:, None])


def _information(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Second moment of the score of one sample, `(K d, K d)`."""
    total = np.zeros((centres.size,) * 2)
    for rows in _pieces(x):
        score = _shares(rows, centres).T[:, :, None] * (rows[:, None] - centres)
        flat = score.reshape(len(rows), -1)
        total += flat.T @ flat
    return total / len(x)


def _scored(x: np.ndarray, start: np.ndarray) -> np.ndarray:
    inverse = np.linalg.inv(_information(x[:INFORMED], start))
    centres, m = start, len(x)
    for _ in range(STEPS):
        mass, first = _sums(x, centres)
        score = (first - mass[:, None] * centres) / m
        if np.max(np.abs(score)) < CONVERGED:
            return centres
        move = (inverse @ score.ravel()).reshape(start.shape)
        if np.max(np.abs(move)) > 1:
            break
        centres = centres + move
    return _plain(x, start)


def _plain(x: np.ndarray, start: np.ndarray) -> np.ndarray:
    centres = start
    for _ in range(LARGEST):
        moved = _step(x, centres)
        if np.max(np.abs(moved - centres)) < CONVERGED:
            return moved
        centres = moved
    raise ArithmeticError("the likelihood has no maximum that the EM algorithm reaches")
