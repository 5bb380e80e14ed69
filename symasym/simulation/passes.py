"""Forms `p_s = u_s^T M v_s` over the samples: moments of their ends, means of their products.

Arrays here have the samples last, `(B, d, m)` or `(B, d, 1 or K, .., m)` with one more axis for each vector that is averaged
over copies, so that sums over coordinates and over copies are sums of long rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeGuard

import numpy as np

from symasym.simulation.letters import SAMPLED, Samples, sampled
from symasym.simulation.moments import SMALL, gram
from symasym.words.atoms import Atom, Word, transpose
from symasym.words.polynomial import Scalar

__all__ = ["Form", "form_of", "is_sampled", "mean_products", "sample_moment", "samples_last"]


@dataclass(frozen=True)
class Form:
    """`u^T M v`: `left` `u`, `core` `M`, `right` `v`; without `u` the core has one row and `u` is the number 1."""

    left: Atom | None
    core: Word
    right: Atom

    @property
    def ends(self) -> tuple[Atom, ...]:
        """The vectors at the ends."""
        return (self.right,) if self.left is None else (self.left, self.right)


def is_sampled(scalar: Scalar) -> TypeGuard[Word]:
    """True for a scalar that varies over the samples."""
    return isinstance(scalar, tuple) and any(atom.kind in SAMPLED for atom, _ in (scalar[0], scalar[-1]))


def form_of(word: Word) -> Form:
    """A scalar word with a sampled vector at one end or both, read in the direction in which its ends are in order."""
    if word[-1][0].kind not in SAMPLED:
        word = transpose(word)
    if len(word) == 1 or word[0][0].kind not in SAMPLED:
        return Form(None, word[:-1], word[-1][0])
    if word[0][0].key > word[-1][0].key:
        word = transpose(word)
    return Form(word[0][0], word[1:-1], word[-1][0])


def sample_moment(form: Form, samples: Samples) -> np.ndarray:
    """`(1/m) sum_s v_s u_s^T`, averaged over copies as well, `(B, d_v, d_u)`."""
    v = sampled(form.right, samples)
    u = np.ones((*v.shape[:-1], 1)) if form.left is None else sampled(form.left, samples)
    if form.left is not None and form.left != form.right:  # averages run over one end at a time
        u, v = (end.mean(2) if end.ndim == 4 else end for end in (u, v))
    u, v = (end.reshape(len(end), -1, end.shape[-1]) for end in (u, v))
    return gram(v, u) / v.shape[1]


def samples_last(atom: Atom, copies: Sequence[Atom], samples: Samples) -> np.ndarray:
    """The values of a letter as `(B, d, 1 or K, .., m)`, one axis for each of the letters that are averaged over copies."""
    values = np.ascontiguousarray(sampled(atom, samples).swapaxes(1, -1))
    axes = [values.shape[2] if other == atom else 1 for other in copies]
    return values.reshape(*values.shape[:2], *axes, values.shape[-1])


Words = Callable[[Word], np.ndarray]
"""The array `(B, rows, columns)` of a word that is not empty."""


def mean_products(
    products: Sequence[Sequence[tuple[Form, int]]], vectors: Mapping[Atom, np.ndarray], word: Words
) -> list[tuple[np.ndarray, list[np.ndarray]]]:
    """For each product of forms, with their powers, the mean and what its derivative takes.

    That is `mu = mean prod_i p_i^{n_i}`, `(B,)`, and `G_i = mean (d prod / d p_i) v u^T`, `(B, d_v, d_u)`, for every form.
    `vectors`: samples last.
    """
    values = {form: _values(form, vectors, word) for form in {form for forms in products for form, _ in forms}}
    return [_mean_product(forms, values, vectors) for forms in products]


def _mean_product(
    forms: Sequence[tuple[Form, int]], values: Mapping[Form, np.ndarray], vectors: Mapping[Atom, np.ndarray]
) -> tuple[np.ndarray, list[np.ndarray]]:
    powers = [values[form] ** power for form, power in forms]
    product = reduce(np.multiply, powers)
    weighted = []
    for n, (form, power) in enumerate(forms):
        slope = power * values[form] ** (power - 1) / product[0].size
        slope = reduce(np.multiply, powers[:n] + powers[n + 1 :], slope)
        left = np.ones([1] * (slope.ndim + 1)) if form.left is None else vectors[form.left]
        weighted.append(_weighted_moment(slope, vectors[form.right], left))
    return product.reshape(len(product), -1).mean(1), weighted


def _values(form: Form, vectors: Mapping[Atom, np.ndarray], word: Words) -> np.ndarray:
    """`u^T M v` for every sample; `M` is cut where it is narrowest, and each side is multiplied into its vector."""
    cut = _narrowest(form.core, word)
    right = _images(form.core[cut:], vectors[form.right], word)
    if form.left is None:
        return _images(form.core[:cut], right, word)[:, 0]
    left = _images(transpose(form.core[:cut]), vectors[form.left], word)
    return _inner(left, right)


def _narrowest(core: Word, word: Words) -> int:
    sizes = [word((item,)).shape[-2] for item in core]
    return sizes.index(min(sizes)) if sizes and min(sizes) < word(core[-1:]).shape[-1] else len(core)


def _images(matrix: Word, vectors: np.ndarray, word: Words) -> np.ndarray:
    """`M v` for every sample, in blocks as in `moments`."""
    if not matrix:
        return vectors
    array = word(matrix)
    rows, columns = array.shape[-2:]
    flat = vectors.reshape(len(vectors), columns, -1)
    block, count = max(16, SMALL // (rows * columns)), flat.shape[-1]
    result = np.empty((len(array), rows, count))
    for start in range(0, count, block):
        np.matmul(array, flat[..., start : start + block], out=result[..., start : start + block])
    return result.reshape(len(array), rows, *vectors.shape[2:])


def _inner(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """`sum_i left_i right_i` over coordinates."""
    total = left[:, 0] * right[:, 0]
    for n in range(1, left.shape[1]):
        total += left[:, n] * right[:, n]
    return total


def _weighted_moment(weight: np.ndarray, v: np.ndarray, u: np.ndarray) -> np.ndarray:
    """`sum weight v u^T` over samples and copies: `(B, .., m)`, `(B, p, .., m)`, `(B, q, .., m)` give `(B, p, q)`."""
    if u.size > v.size:
        return _weighted_moment(weight, u, v).swapaxes(-1, -2)
    v = weight[:, None] * v
    alone = tuple(n for n in range(2, v.ndim) if u.shape[n] == 1)
    v = v.sum(axis=alone, keepdims=True) if alone else v
    shape = np.broadcast_shapes(u.shape[2:], v.shape[2:])
    v, u = (np.broadcast_to(a, (*a.shape[:2], *shape)).reshape(len(a), a.shape[1], -1) for a in (v, u))
    block = max(16, SMALL // (v.shape[1] * u.shape[1]))
    return sum(
        (
            np.matmul(v[..., start : start + block], u[..., start : start + block].swapaxes(-1, -2))
            for start in range(0, v.shape[-1], block)
        ),
        np.zeros((1, 1)),
    )
