"""Trace words on arrays, read off tables, and derivatives back through them; the batch comes first.

A word is a text, `A.T A Sigma`, and a product of matrices; `1_k` is an identity. A term is `(number, powers, pattern, words)`:
the number, times powers of scalars, times the sum that the pattern says, in the letters of `np.einsum`. The letters `ij` and
`kl` are the entries of the directions `U` and `V`, so that `(2.0, {}, "jk,li->ijkl", ("1_k", "Sigma"))` is the form
`2 tr(U V Sigma)`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

# ---- copied into kernels

Terms = Sequence[tuple[float, Mapping[str, int], str, tuple[str, ...]]]


class _Tables(NamedTuple):
    """A model in words.

    * `parameters`: rows and columns of each; `given`: those of each natural parameter that is a matrix.
    * `symmetric`, `definite`: which of these must be; `nonnegative`: scalars; `relations`: numbers that must be positive
      (True) or not negative; `joint`: covariances of the vectors of a law, in blocks.
    * `numbers`: scalars that are sums of others; `definitions`: matrices that are sums of words, or the inverse of one.
    * `loss`: `E l(w)`; `gradient`: `E Dl`; `hessian`, `score`: the forms `h`, `s`, by pairs of parameters in their order, the
      rest by symmetry.
    * `features`, `slopes`: `Phi` and `theta^T DPhi[V]`, with `theta` as the matrix `theta_`; `target`, `down`: `f*` and the
      downstream covariance unless it is given; `noise`: `sigma^2`.
    * `vertical`: for each symmetry whether its Lie algebra is that of antisymmetric matrices, of what size these are, and the
      velocities of the parameters at `[x, y, i, j]`.
    * `input`, `output`: dimensions of the features' input and of the features; `known`: whether `w*` is given.
    """

    parameters: Mapping[str, tuple[str, str]]
    given: Mapping[str, tuple[str, str]]
    symmetric: Sequence[str]
    definite: Sequence[str]
    nonnegative: Sequence[str]
    relations: Sequence[tuple[str, bool]]
    joint: Sequence[Sequence[Sequence[str]]]
    numbers: Mapping[str, Sequence[tuple[float, Mapping[str, int]]]]
    definitions: Mapping[str, tuple[str, str, str | Terms]]
    loss: Terms
    gradient: Mapping[str, Terms]
    hessian: Mapping[tuple[str, str], Terms]
    score: Mapping[tuple[str, str], Terms]
    features: Terms
    slopes: Mapping[str, Terms]
    target: Terms
    down: Terms
    noise: Terms
    vertical: Sequence[tuple[bool, str, Mapping[str, Terms]]]
    input: str
    output: str
    known: bool


class _Words:
    """Products of matrices, each made once, in an order in which derivatives can be taken back through them.

    `arrays`: matrices `(rows, p, q)` by name; `numbers`: scalars `(rows,)` by name, and dimensions.
    """

    def __init__(self, tables: _Tables, arrays: Mapping[str, Floats], numbers: Mapping[str, Any], rows: int) -> None:
        self.tables, self.rows = tables, rows
        self.arrays, self.made = dict(arrays), list[str]()
        self.numbers = dict(numbers)
        self.bars: dict[str, Floats] = {}
        self.number_bars: dict[str, Floats] = {}
        self.layout, start = dict[str, tuple[slice, tuple[int, int]]](), 0
        for name, shape in tables.parameters.items():
            p, q = (self.size(n) for n in shape)
            self.layout[name] = slice(start, start + p * q), (p, q)
            start += p * q
        self.entries = start

    def size(self, dimension: str) -> int:
        """A dimension by name, or a number."""
        return int(dimension) if dimension.isdigit() else self.numbers[dimension]

    # ---- values

    def number(self, name: str) -> Any:
        """A scalar `(rows,)`, or a dimension."""
        if name not in self.numbers:
            self.numbers[name] = sum(self._factor(number, powers) for number, powers in self.tables.numbers[name])
        return self.numbers[name]

    def matrix(self, word: str) -> Floats:
        """A word."""
        if word not in self.arrays:
            self.arrays[word] = self._matrix(word)
            self.made.append(word)
        return self.arrays[word]

    def _matrix(self, word: str) -> Floats:
        before, _, last = word.rpartition(" ")
        if before:
            return self.matrix(before) @ self.matrix(last)
        if word.endswith(".T"):
            return np.swapaxes(self.matrix(word[:-2]), 1, 2)
        if word.startswith("1_"):
            return np.eye(self.size(word[2:]))[None]
        p, q, terms = self.tables.definitions[word]
        if isinstance(terms, str):
            return _inverse(self.matrix(terms))
        return self.total(terms, self.size(p), self.size(q))

    def _factor(self, number: float, powers: Mapping[str, int]) -> Any:
        return number * math.prod(self.number(name) ** float(power) for name, power in powers.items())

    def total(self, terms: Terms, *shape: int) -> Floats:
        """The sum of terms, `(rows, *shape)`."""
        found = np.zeros((self.rows, *shape))
        for number, powers, pattern, words in terms:
            part = _einsum(pattern, *(self.matrix(word) for word in words)) if words else np.ones(1)
            found += np.reshape(self._factor(number, powers), (-1, *(1 for _ in shape))) * part
        return found

    def linear(self, table: Mapping[str, Terms], *before: int) -> Floats:
        """A form in one direction over the entries of all parameters, `(rows, *before, N)`."""
        found = np.zeros((self.rows, *before, self.entries))
        for name, terms in table.items():
            where, shape = self.layout[name]
            found[..., where] = self.total(terms, *before, *shape).reshape(self.rows, *before, -1)
        return found

    def bilinear(self, table: Mapping[tuple[str, str], Terms]) -> Floats:
        """A symmetric form over the entries of all parameters, `(rows, N, N)`."""
        found = np.zeros((self.rows, self.entries, self.entries))
        for (left, right), terms in table.items():
            (rows, shape), (columns, other) = self.layout[left], self.layout[right]
            block = self.total(terms, *shape, *other).reshape(self.rows, math.prod(shape), math.prod(other))
            found[:, rows, columns] = block
            if left != right:
                found[:, columns, rows] = np.swapaxes(block, 1, 2)
        return found

    def vertical(self) -> Floats:
        """Velocities along the orbit of `w`, `(rows, g, N)`."""
        found: list[Floats] = [np.zeros((self.rows, 0, self.entries))]
        for antisymmetric, side, velocity in self.tables.vertical:
            size = self.size(side)
            along = self.linear(velocity, size, size)
            if antisymmetric:
                rows, columns = np.triu_indices(size, 1)
                found.append(along[:, rows, columns] - along[:, columns, rows])
            else:
                found.append(along.reshape(self.rows, size * size, self.entries))
        return np.concatenate(found, axis=1)

    # ---- derivatives

    def _add(self, word: str, bar: Floats) -> None:
        if not word.startswith("1_"):
            self.bars[word] = self.bars[word] + bar if word in self.bars else bar

    def _add_number(self, number: float, powers: Mapping[str, int], bar: Floats) -> None:
        """`bar` is the derivative by `number` times the powers."""
        for name, power in powers.items():
            if isinstance(self.number(name), np.ndarray):
                others = {n: p - (n == name) for n, p in powers.items()}
                own = bar * self._factor(number * power, others)
                self.number_bars[name] = self.number_bars.get(name, 0) + own

    def pull_total(self, terms: Terms, bar: Floats) -> None:
        """Derivatives of the sum of terms with the seed `bar`."""
        for number, powers, pattern, words in terms:
            arrays = [self.matrix(word) for word in words]
            sources, result = pattern.split("->")
            letters = [part for part in sources.split(",") if part]
            if any(isinstance(self.number(name), np.ndarray) for name in powers):
                whole = _einsum(f"{','.join([result, *letters])}->", bar, *arrays)
                self._add_number(number, powers, whole)
            seed = np.reshape(self._factor(number, powers), (-1, *(1 for _ in result))) * bar
            for n, word in enumerate(words):
                if not word.startswith("1_"):
                    rest, other = letters[:n] + letters[n + 1 :], arrays[:n] + arrays[n + 1 :]
                    own, more = _own_letters(letters[n], result + "".join(rest))
                    sizes = dict(zip(letters[n], arrays[n].shape[1:], strict=True))
                    extra = [
                        np.eye(sizes[part[0]])[None] if len(part) == 2 else np.ones((1, sizes[part])) for part in more
                    ]
                    there = _einsum(f"{','.join([result, *rest, *more])}->{own}", seed, *other, *extra)
                    self._add(word, np.broadcast_to(there, (self.rows, *arrays[n].shape[1:])))

    def pull_linear(self, table: Mapping[str, Terms], bar: Floats) -> None:
        """The same for `linear`."""
        for name, terms in table.items():
            where, shape = self.layout[name]
            self.pull_total(terms, bar[..., where].reshape(*bar.shape[:-1], *shape))

    def pull_bilinear(self, table: Mapping[tuple[str, str], Terms], bar: Floats) -> None:
        """The same for `bilinear`; `bar` is symmetric."""
        for (left, right), terms in table.items():
            (rows, shape), (columns, other) = self.layout[left], self.layout[right]
            block = bar[:, rows, columns] * (1 if left == right else 2)
            self.pull_total(terms, block.reshape(self.rows, *shape, *other))

    def pull(self) -> None:
        """From the words to the matrices and scalars that they are made of."""
        for word in reversed(self.made):
            if word not in self.bars:
                continue
            bar = self.bars.pop(word)
            before, _, last = word.rpartition(" ")
            if before:
                self._add(before, bar @ np.swapaxes(self.matrix(last), 1, 2))
                self._add(last, np.swapaxes(self.matrix(before), 1, 2) @ bar)
            elif word.endswith(".T"):
                self._add(word[:-2], np.swapaxes(bar, 1, 2))
            else:
                terms = self.tables.definitions[word][2]
                if isinstance(terms, str):
                    turned = np.swapaxes(self.matrix(word), 1, 2)
                    self._add(terms, -(turned @ bar @ turned))
                else:
                    self.pull_total(terms, bar)
        for name in reversed(list(self.tables.numbers)):
            if name in self.number_bars:
                bar = self.number_bars.pop(name)
                for number, powers in self.tables.numbers[name]:
                    self._add_number(number, powers, bar)


def _own_letters(own: str, known: str) -> tuple[str, list[str]]:
    """The letters of a derivative by an operand, and those of the identities and ones that it takes.

    An operand `aa` is a diagonal: the derivative by `ab` has an identity `ab`. A letter that stands nowhere else is summed over.
    """
    if own[0] == own[1]:
        other = next(letter for letter in "zyxwvu" if letter not in known + own)
        return own[0] + other, [own[0] + other]
    return own, [letter for letter in own if letter not in known]


@cache
def _steps(pattern: str, shapes: tuple[tuple[int, ...], ...]) -> list[tuple[tuple[int, ...], str]]:
    """Which operands are multiplied one after the other, and how: found once for each pattern and shapes."""
    sources, result = pattern.split("->")
    left, steps = sources.split(","), []
    path = [tuple(range(len(left)))]
    if len(left) > 2:
        path = np.einsum_path(pattern, *(np.empty(shape) for shape in shapes), optimize="greedy")[0][1:]
    for places in path:
        taken = [left.pop(n) for n in sorted(places, reverse=True)]
        needed = "".join([*left, result]) if left else result
        made = "".join(dict.fromkeys(c for part in taken for c in part if c in needed)) if left else result
        left.append(made)
        steps.append((places, f"{','.join('...' + part for part in taken)}->...{made}"))
    return steps


def _einsum(pattern: str, *operands: Floats) -> Floats:
    """`np.einsum` over the last axes of batches, two operands at a time."""
    if pattern == "ij->ij":
        return operands[0]
    left = list(operands)
    for places, step in _steps(pattern, tuple(x.shape[1:] for x in operands)):
        taken = [left.pop(n) for n in sorted(places, reverse=True)]
        left.append(np.einsum(step, *taken))
    return left[0]


def _inverse(matrix: Floats) -> Floats:
    """Inverses, NaN for a matrix that is singular."""
    with np.errstate(all="ignore"):
        singular = ~(np.abs(np.linalg.slogdet(matrix)[0]) > 0)
    if not singular.any():
        return np.linalg.inv(matrix)
    whole = np.where(singular[:, None, None], np.eye(matrix.shape[1]), matrix)
    return np.where(singular[:, None, None], np.nan, np.linalg.inv(whole))
