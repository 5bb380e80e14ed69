"""Maximum likelihood for a mixture of Gaussians with equal weights and the identity covariance, for batches of samples."""

from __future__ import annotations

import numpy as np

__all__ = ["expectation_maximisation"]

STEPS = 60
CONVERGED = 1e-9
"""Largest entry of the score of one sample at which the iteration ends."""
LARGEST = 4000


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


def _shares(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Responsibilities, `(K, m)`."""
    logits = centres @ x.T - np.sum(centres**2, axis=1)[:, None] / 2
    raised = np.exp(logits - logits.max(axis=0))
    return np.asarray(raised / raised.sum(axis=0))


def _step(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    shares = _shares(x, centres)
    return np.asarray((shares @ x) / shares.sum(axis=1)[:, None])


def _scored(x: np.ndarray, start: np.ndarray) -> np.ndarray:
    shares, m = _shares(x, start), len(x)
    rows = (shares[:, :, None] * (x - start[:, None, :])).transpose(1, 0, 2).reshape(m, -1)
    inverse = np.linalg.inv(rows.T @ rows / m)
    centres = start
    for _ in range(STEPS):
        shares = _shares(x, centres)
        score = (shares @ x - shares.sum(axis=1)[:, None] * centres) / m
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
