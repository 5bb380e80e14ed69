"""Random vectors and masks by their law, in the coordinates of the input.

A joint law becomes one root of its covariance; a law of another kind (a random scale, copies) is one more field of
`Source` and one more line in its `draw`. Masks are sources of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from symasym.errors import InputError
from symasym.evaluation.mixtures import mixture_weights
from symasym.model.data import GaussianLaw, GaussianVector
from symasym.model.evaluate import evaluate, evaluate_matrix
from symasym.model.model import Model
from symasym.model.scalars import Average

__all__ = ["MaskSource", "MixtureSource", "Source", "draw", "normals", "sources"]

INDEFINITE = 1e-9
"""A negative eigenvalue of a joint covariance below this fraction of the largest is rounding."""
ROWS = 512
"""Samples that are transformed at a time, so that the product stays in one thread (see `moments`)."""


@dataclass(frozen=True)
class Source:
    """Vectors with one joint law: `(v_1, .., v_q) = mean + sqrt(rho) R g`, `g` standard normal.

    * `names`, `sizes`: of the vectors, in order; `mean` `(D,)`, `root` `(D, D)` with `R R^T` the joint covariance.
    * `degrees_of_freedom`: `rho = (nu - 2) / chi2_nu` for finite `nu`, one draw for each sample; `rho = 1` for infinite
      `nu`.
    * `copies`: `K` independent draws for each sample, or None.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    mean: np.ndarray
    root: np.ndarray
    degrees_of_freedom: float = np.inf
    copies: int | None = None

    @property
    def width(self) -> int:
        """Numbers drawn for each sample."""
        return sum(self.sizes) * (self.copies or 1)

    def draw(self, repetitions: int, m: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Vector name -> `(B, m, d)`, `(B, m, K, d)` for `K` copies."""
        return self.split(self.rows(repetitions * m * (self.copies or 1), rng), repetitions, m)

    def rows(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """`count` draws of all vectors, one after the other, `(count, D)`."""
        values = normals(count, self.root, rng)
        if np.isfinite(self.degrees_of_freedom):
            nu = self.degrees_of_freedom
            values *= np.sqrt((nu - 2) / rng.chisquare(nu, count))[:, None]
        values += self.mean
        return values

    def split(self, values: np.ndarray, repetitions: int, m: int) -> dict[str, np.ndarray]:
        """Rows by vector and sample."""
        lead = (repetitions, m) if self.copies is None else (repetitions, m, self.copies)
        parts = np.split(values, np.cumsum(self.sizes)[:-1], axis=1)
        return {name: part.reshape(*lead, part.shape[1]) for name, part in zip(self.names, parts, strict=True)}


@dataclass(frozen=True)
class MixtureSource:
    """With probability `weights[c]`, `(C,)`, the source `parts[c]`; every draw, also every copy, has a component of its own."""

    weights: np.ndarray
    parts: tuple[Source, ...]

    @property
    def width(self) -> int:
        """Numbers drawn for each sample."""
        return self.parts[0].width + (self.parts[0].copies or 1)

    def draw(self, repetitions: int, m: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Vector name -> `(B, m, d)`, `(B, m, K, d)` for `K` copies."""
        first = self.parts[0]
        drawn = rng.choice(len(self.parts), repetitions * m * (first.copies or 1), p=self.weights)
        values = np.empty((len(drawn), sum(first.sizes)))
        for component, part in enumerate(self.parts):
            where = np.flatnonzero(drawn == component)
            values[where] = part.rows(len(where), rng)
        return first.split(values, repetitions, m)


@dataclass(frozen=True)
class MaskSource:
    """A mask of `size` coordinates, each 1 with probability `keep`; `copies`: `K` masks for each sample, or None."""

    name: str
    size: int
    keep: float
    copies: int | None = None

    @property
    def width(self) -> int:
        """Numbers drawn for each sample."""
        return self.size * (self.copies or 1)

    def draw(self, repetitions: int, m: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Name -> the diagonals, `(B, m, d)`, `(B, m, K, d)` for `K` copies."""
        lead = (repetitions, m) if self.copies is None else (repetitions, m, self.copies)
        return {self.name: (rng.random((*lead, self.size)) < self.keep).astype(float)}


def normals(rows: int, root: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`rows` draws of `N(0, R R^T)`, `(rows, D)`."""
    values = rng.standard_normal((rows, len(root)))
    turned = np.ascontiguousarray(root.T)
    for start in range(0, rows, ROWS):
        values[start : start + ROWS] = values[start : start + ROWS] @ turned
    return values


def draw(
    found: Sequence[Source | MixtureSource | MaskSource], repetitions: int, m: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """`repetitions` data sets of `m` samples: name -> `(B, m, d)`, `(B, m, K, d)` for `K` copies."""
    samples: dict[str, np.ndarray] = {}
    for source in found:
        samples.update(source.draw(repetitions, m, rng))
    return samples


def sources(
    model: Model, values: Mapping[sympy.Basic, np.ndarray | float], sizes: Mapping[sympy.Symbol, int]
) -> tuple[Source | MixtureSource | MaskSource, ...]:
    """The laws of the vectors and masks that the loss mentions, with numbers in them; vectors of one joint law stay together.

    A mask whose average is an expectation, over infinitely many copies, is not drawn. `values` maps every constant, true
    parameter and scalar to its number. Raises `InputError` for a joint covariance that is not positive semidefinite.
    """
    copies = {vector: count for _, vector, count in (item.args for item in model.loss.atoms(Average))}
    groups: dict[object, list[GaussianVector]] = {}
    for vector in model.data:
        groups.setdefault(vector if vector in copies else vector.law, []).append(vector)
    found = []
    for vectors in groups.values():
        vectors.sort(key=lambda vector: vector.position)
        count = copies.get(vectors[0])
        found.append(_source(vectors, values, sizes, None if count is None else int(evaluate(count, values, sizes))))
    return (*found, *_masks(model, values, sizes))


def _masks(
    model: Model, values: Mapping[sympy.Basic, np.ndarray | float], sizes: Mapping[sympy.Symbol, int]
) -> Iterator[MaskSource]:
    shares = {
        mask: evaluate(1 / count, values, sizes) for _, mask, count in (a.args for a in model.loss.atoms(Average))
    }
    for mask in model.masks:
        if shares.get(mask) == 0:
            continue
        size, keep = int(sympy.sympify(mask.shape[0]).subs(sizes)), evaluate(mask.keep, values, sizes)
        yield MaskSource(mask.name, size, keep, round(1 / shares[mask]) if mask in shares else None)


def _source(
    vectors: Sequence[GaussianVector],
    values: Mapping[sympy.Basic, np.ndarray | float],
    sizes: Mapping[sympy.Symbol, int],
    copies: int | None,
) -> Source | MixtureSource:
    components = vectors[0].law.components
    if len(components) == 1:
        return _gaussian_source(vectors, components[0][1], values, sizes, copies)
    weights = mixture_weights(vectors, values, sizes)
    parts = tuple(_gaussian_source(vectors, law, values, sizes, copies) for _, law in components)
    return MixtureSource(weights, parts)


def _gaussian_source(
    vectors: Sequence[GaussianVector],
    law: GaussianLaw,
    values: Mapping[sympy.Basic, np.ndarray | float],
    sizes: Mapping[sympy.Symbol, int],
    copies: int | None,
) -> Source:
    names = tuple(vector.name for vector in vectors)
    rows = [[evaluate_matrix(law.covariance(u.position, v.position), values, sizes) for v in vectors] for u in vectors]
    mean = np.concatenate([evaluate_matrix(law.mean(v.position), values, sizes)[:, 0] for v in vectors])
    tails = np.inf if law.scale is None else evaluate(law.scale.degrees_of_freedom, values, sizes)
    return Source(names, tuple(len(row[0]) for row in rows), mean, _root(np.block(rows), names), float(tails), copies)


def _root(covariance: np.ndarray, names: Iterable[str]) -> np.ndarray:
    """The symmetric `R` with `R R = covariance`, singular allowed: the only one, so that every machine draws the same samples."""
    eigenvalues, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    if eigenvalues[0] < -INDEFINITE * eigenvalues[-1]:
        raise InputError(
            f"verify: the joint covariance of {', '.join(names)} has the eigenvalue {eigenvalues[0]:.6g}, a positive "
            "semidefinite one is expected"
        )
    return (vectors * np.sqrt(np.maximum(eigenvalues, 0))) @ vectors.T
