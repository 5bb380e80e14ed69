"""Forms over the samples: moments of their letters, means of their products.

Arrays have the samples last (see `letters`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby

import numpy as np

from symasym.errors import NotDerivableYet
from symasym.simulation.letters import Letter, Rows, is_sampled
from symasym.simulation.moments import SMALL
from symasym.words.atoms import Word, rows_of, transpose

__all__ = ["Form", "Passed", "Words", "form_of", "mean_products", "moment", "weighted_moment"]


@dataclass(frozen=True)
class Form:
    """`u^T M_0 D_1 M_1 .. D_n M_n v`: `left` `u`, `cores` `M`, `diagonals` `D`, `right` `v`.

    All but the cores vary over the samples.
    """

    left: Letter
    cores: tuple[Word, ...]
    diagonals: tuple[Letter, ...]
    right: Letter

    @property
    def letters(self) -> tuple[Letter, ...]:
        """All that varies over the samples."""
        return (self.left, *self.diagonals, self.right)

    @property
    def reversed(self) -> Form:
        """The same form read from the right."""
        cores = tuple(transpose(core) for core in reversed(self.cores))
        return Form(self.right, cores, self.diagonals[::-1], self.left)


def form_of(word: Word) -> Form:
    """A scalar word with letters that vary over the samples, read in the direction in which its ends are in order."""
    if rows_of(word[0]) != 1:
        raise NotDerivableYet(
            "estimator: masks stand in a trace without data, so the model file has to bring an estimator of its own"
        )
    pieces = [(varies, tuple(items)) for varies, items in groupby(word, key=lambda item: is_sampled(item[0]))]
    if len(pieces) == 1:  # u^T v, or v alone
        pieces = [(True, word[:-1]), (False, ()), (True, word[-1:])]
    pieces = [(True, ()), *pieces] if not pieces[0][0] else pieces
    pieces = [*pieces, (True, ())] if not pieces[-1][0] else pieces
    left, *diagonals, right = (tuple(atom for atom, _ in items) for varies, items in pieces if varies)
    form = Form(left, tuple(items for varies, items in pieces if not varies), tuple(diagonals), right)
    return form if [atom.key for atom in left] <= [atom.key for atom in right] else form.reversed


Words = Callable[[Word], np.ndarray]
"""The array `(B, rows, columns)` of a word that is not empty."""


def moment(left: Letter, right: Letter, rows: Rows) -> np.ndarray:
    """`mean v u^T` over samples and copies, `(B, d_v, d_u)`."""
    u, v = rows(left), rows(right)
    size = np.prod(np.broadcast_shapes(u.shape[2:], v.shape[2:]))
    return weighted_moment(np.full([1] * (v.ndim - 1), 1 / size), v, u)


def mean_products(
    products: Sequence[Sequence[tuple[Form, int]]], rows: Rows, word: Words
) -> list[tuple[np.ndarray, list[np.ndarray]]]:
    """For each product of forms, with their powers, the mean and what its derivative takes.

    That is `mu = mean prod_i p_i^{n_i}`, `(B,)`, and for every core `M` of every form `G = mean (d prod / d p_i) v u^T`, with `u`
    and `v` all that stands on the left and on the right of `M`, `(B, columns, rows)`.
    """
    found = {form: Passed.of(form, rows, word) for form in {form for forms in products for form, _ in forms}}
    return [_mean_product([(found[form], power) for form, power in forms]) for forms in products]


@dataclass(frozen=True)
class Passed:
    """A form in every sample: `value`, and for each core what stands on its left and on its right."""

    value: np.ndarray
    lefts: list[np.ndarray]
    rights: list[np.ndarray]

    @classmethod
    def of(cls, form: Form, rows: Rows, word: Words) -> Passed:
        """Evaluate it in every sample."""
        lefts, rights = [rows(form.left)], [rows(form.right)]
        for core, diagonal in zip(form.cores, form.diagonals, strict=False):
            lefts.append(rows(diagonal) * _images(transpose(core), lefts[-1], word))
        for core, diagonal in zip(form.cores[::-1], form.diagonals[::-1], strict=False):
            rights.insert(0, rows(diagonal) * _images(core, rights[0], word))
        return cls(_bilinear(lefts[0], form.cores[0], rights[0], word), lefts, rights)


def _mean_product(forms: Sequence[tuple[Passed, int]]) -> tuple[np.ndarray, list[np.ndarray]]:
    powers = [form.value**power for form, power in forms]
    product = reduce(np.multiply, powers)
    weighted = []
    for n, (form, power) in enumerate(forms):
        slope = power * form.value ** (power - 1) / product[0].size
        slope = reduce(np.multiply, powers[:n] + powers[n + 1 :], slope)
        weighted += [weighted_moment(slope, v, u) for u, v in zip(form.lefts, form.rights, strict=True)]
    return product.reshape(len(product), -1).mean(1), weighted


def _bilinear(left: np.ndarray, core: Word, right: np.ndarray, word: Words) -> np.ndarray:
    """`u^T M v` for every sample; `M` is cut where it is narrowest, and each side is multiplied into its vector."""
    sizes = [word((item,)).shape[-2] for item in core] + [right.shape[1]]
    cut = len(core) if sizes[-1] == min(sizes) else sizes.index(min(sizes))
    left, right = _images(transpose(core[:cut]), left, word), _images(core[cut:], right, word)
    total = left[:, 0] * right[:, 0]
    for n in range(1, left.shape[1]):
        total += left[:, n] * right[:, n]
    return total


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


def weighted_moment(weight: np.ndarray, v: np.ndarray, u: np.ndarray) -> np.ndarray:
    """`sum weight v u^T` over samples and copies: `(B, .., m)`, `(B, p, .., m)`, `(B, q, .., m)` give `(B, p, q)`."""
    if u.size > v.size:
        return weighted_moment(weight, u, v).swapaxes(-1, -2)
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
