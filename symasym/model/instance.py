"""`Instance`: how a concrete problem, given as JSON, becomes a point in aligned coordinates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

import numpy as np

__all__ = ["AlignedPoint", "FamilyPoint", "GeneralPoint", "Instance", "Key", "Kind"]


class Kind(Enum):
    """What a JSON key holds; each kind has its own checks (symasym.inputs)."""

    COVARIANCE = "a symmetric positive definite matrix"
    SEMIDEFINITE = "a symmetric positive semidefinite matrix"
    NOISE = "a symmetric positive definite matrix, or a positive number,"
    SYMMETRIC = "a symmetric matrix"
    MATRIX = "a matrix"
    VECTOR = "a vector that is not zero"
    POSITIVE = "a positive number"
    NOT_NEGATIVE = "a number that is not negative"
    WEIGHT = "a number from 0 to 1"
    PROBABILITY = "a number above 0 and at most 1"
    DIMENSION = "a positive integer"
    COUNT = "a whole number, at least 1"
    DRAWS = '"averaged", "sampled" or a whole number, at least 1'
    DEGREES_OF_FREEDOM = "a number above 4"
    FLAG = "true or false"
    NUMBER = "a number"
    ARRAY = "a vector or matrix, zeros allowed"


@dataclass(frozen=True)
class Key:
    """One JSON key of a model: its kind, its shape in named dimensions, whether it may be left out and what it is then.

    A key without a default is absent from the checked inputs where it was left out.
    """

    name: str
    kind: Kind
    shape: tuple[str, ...] = ()
    required: bool = True
    meaning: str = ""
    default: Any = None


@dataclass(frozen=True)
class AlignedPoint:
    """A concrete problem in aligned coordinates.

    `values`: entries of every indexed family and every dimension and scalar, by name. `frames`: for each frame, by the
    name of its element, the matrix `T` with `aligned z = T z`.
    """

    values: Mapping[str, Any]
    frames: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class GeneralPoint:
    """A concrete problem in the coordinates of the input, where no frame aligns it; the general route takes over.

    `minimiser`: `w*` by parameter name where there is a formula for it; None has it found numerically, from several starts.
    `values`: further constants and scalars by name, beyond what the inputs and `Instance.constants` say. `why`: a sentence that
    says what stands in the way of aligned coordinates, for people to read. Where the minimiser was searched for, `starts`: how
    many of how many starts reached its value; `minima`: where each of them ended.
    """

    minimiser: Mapping[str, np.ndarray] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""
    starts: tuple[int, int] | None = None
    minima: Sequence[Mapping[str, np.ndarray]] = ()


@dataclass(frozen=True)
class FamilyPoint:
    """A concrete problem of a family of vectors (`symasym.model.families`).

    `members`: the true ones, `(K, c)`, in the first `c` coordinates of a space of `dimension` (default: `c`), zero in the others;
    `vectors` `(K, c)` and `numbers` `(K,)`: what `f*` is made of, by name; `key`, `target`: the keys that they came by.
    """

    members: np.ndarray
    vectors: Mapping[str, np.ndarray]
    numbers: Mapping[str, np.ndarray]
    key: str
    target: str
    dimension: int | None = None


Estimator: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, Any], np.random.Generator], Mapping[str, np.ndarray]]
"""Solves the first stage on samples, as `symasym.simulation.estimators` says."""


@dataclass(frozen=True)
class Instance:
    """Natural inputs of a model: keys, the way to aligned coordinates, an example, references.

    `align` takes the checked inputs (arrays by key) and returns the `AlignedPoint`, or a `GeneralPoint` where these inputs have
    none, a `FamilyPoint` for a model of a family; it raises `InputError` naming the key where a closed eigengap or the like
    leaves the law undefined. `constants` gives the model's constant matrices and vectors that are not keys themselves, by
    name (blocks of a joint covariance). `variant` names the variant of the model that the inputs ask for, "" for the model
    itself. `estimator` solves the first stage on samples, that of every variant or, as a mapping, those of the variants it
    names ("" for the model itself); where there is none the model's own empirical loss is minimised. `verification` is a
    problem for `symasym verify`: small, with moderate gaps and several directions outside the learned span, so that moderate
    `m` are in the asymptotic regime (default: `example`). `remarks` says more about a problem than its law, from the checked
    inputs and the point, as JSON-able values by name.
    """

    keys: Sequence[Key]
    align: Callable[[Mapping[str, Any]], AlignedPoint | GeneralPoint | FamilyPoint]
    example: Mapping[str, Any] = field(default_factory=dict)
    references: Sequence[str] = ()
    variant: Callable[[Mapping[str, Any]], str] | None = None
    constants: Callable[[Mapping[str, Any]], Mapping[str, np.ndarray]] | None = None
    estimator: Estimator | Mapping[str, Estimator] | None = None
    verification: Mapping[str, Any] = field(default_factory=dict)
    remarks: Callable[[Mapping[str, Any], AlignedPoint | GeneralPoint], Mapping[str, Any]] | None = None

    def estimator_for(self, given: Mapping[str, Any]) -> Estimator | None:
        """The estimator of the variant that checked inputs ask for, None where the file names none."""
        if not isinstance(self.estimator, Mapping):
            return self.estimator
        return self.estimator.get(self.variant(given) if self.variant is not None else "")
