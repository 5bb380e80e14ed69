"""The second stage, exactly: least squares on the learned features, averaged over label noise and not over the design.

Coordinates of `L2(mu_down)`: with `Sigma_down = L L^T` the function `<c, x>` is the vector `L^T c`, Euclidean norm its
`L2` norm, and a design point `x = L g` evaluates it as `<L^T c, g>`, `g` with identity covariance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["LearnedSpan", "labelled_stage", "learned_span"]

RANK = 1e-10
"""A singular value of the features below this fraction of the largest counts as zero."""


@dataclass(frozen=True)
class LearnedSpan:
    """What the features span for each of `B` first stages.

    `basis` `(B, d, p)`: orthonormal columns, zero where the features are short of rank; `rank` `(B,)`; `residual` `(B,
    d)`: `(I - Pi) f*`.
    """

    basis: np.ndarray
    rank: np.ndarray
    residual: np.ndarray


def learned_span(features: np.ndarray, down_root: np.ndarray, target: np.ndarray) -> LearnedSpan:
    """Span and left-out part for feature matrices `(B, p, d)`, `L` `(d, d)` and `f*` in coordinates of `L2(mu_down)`, `(d,)`."""
    columns, singular, _ = np.linalg.svd(np.matmul(down_root.T, features.swapaxes(-1, -2)), full_matrices=False)
    kept = singular > RANK * singular[..., :1]
    basis = columns * kept[..., None, :]
    inside = np.matmul(basis, np.matmul(basis.swapaxes(-1, -2), target[:, None]))[..., 0]
    return LearnedSpan(basis, kept.sum(-1), target - inside)


def labelled_stage(span: LearnedSpan, design: np.ndarray, n: int, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bias and spread of `n (R - sigma^2) = bias + sigma^2 spread`, each `(B,)`, from the design's Gram matrix `sum_s g_s g_s^T`.

    With `U` the basis and `W` the Gram matrix: `bias = n || f* - U (U^T W U)^{-1} U^T W f* ||^2`, the fit of noiseless
    labels; `spread = n tr (U^T W U)^{-1}`, what label noise of variance 1 adds. Features short of rank: the minimum
    norm solution predicts the same as least squares on an orthonormal basis of their span.
    """
    across = span.basis.swapaxes(-1, -2)
    void = np.sum(span.basis**2, axis=-2) < 0.5
    fill = void[..., None] * np.eye(void.shape[-1])
    inverse = np.linalg.inv(np.matmul(across, np.matmul(design, span.basis)) + fill)
    fitted = np.matmul(span.basis, np.matmul(inverse, np.matmul(across, np.matmul(design, target[:, None]))))[..., 0]
    bias = n * np.sum((target - fitted) ** 2, axis=-1)
    return bias, n * (np.trace(inverse, axis1=-2, axis2=-1) - void.sum(-1))
