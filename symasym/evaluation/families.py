"""Models of a family on checked inputs: coordinates of the span, integrals, the law with multiplicities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symasym import inputs
from symasym.catalogue import Loaded
from symasym.errors import ConditionViolated, InputError, NeverDerivable
from symasym.evaluation.outcome import Evaluation
from symasym.law.numeric import NumericLaw
from symasym.model.families import FamilyModel
from symasym.model.instance import FamilyPoint, Instance
from symasym.projection.columns import Columns, Members
from symasym.projection.derivation import FamilyDerivation, V, derive_family
from symasym.projection.integrate import Integrated, integrate
from symasym.projection.ranks import rank_of_displaced, rank_of_features
from symasym.projection.spectra import Spectra

__all__ = ["Placed", "evaluate_family", "place", "prepare_family"]

DROPPED = 1e-12
"""Weights below this fraction of the largest are rounding."""
FLAT = 1e-9
"""Singular values of the centred members below this fraction of the largest are zero."""
KEPT = 16
"""Derivations at a time."""
UNCERTAIN = 1e-5
"""Between the two the dimension of the span cannot be told from rounding."""


@dataclass(frozen=True)
class Placed:
    """Members in coordinates of the span, `origin + basis xi`.

    * `basis`: `(d, r)`, orthonormal; all of the space where every perturbed family spans it.
    * `codimension`: `d - r`; `activated`: null features that every perturbation wakes, because the perturbed span is larger.
    """

    members: Members
    origin: np.ndarray
    basis: np.ndarray
    codimension: int
    activated: int
    independent: bool


def prepare_family(
    model: FamilyModel, instance: Instance, document: Mapping[str, Any]
) -> tuple[dict[str, Any], FamilyPoint]:
    """Checked inputs and the members in them. Raises `InputError` naming the key."""
    given = inputs.check(instance, document, model.where, str(model.parameter.dimension))
    if "Sigma_down" in given:
        raise InputError("Sigma_down: it came, but the downstream law of this model is that of its data; leave it out")
    if "sigma2" not in given:
        raise InputError("sigma2: the key is missing; a number that is not negative is expected (label noise variance)")
    with inputs.guarded(given):
        point = instance.align(given)
    assert isinstance(point, FamilyPoint)
    return given, point


def place(point: FamilyPoint, derivation: FamilyDerivation) -> Placed:
    """Coordinates of the span.

    Raises `InputError` for equal members or `f* = 0`, `NeverDerivable` where the dimension of the span jumps and what it gains
    depends on the perturbation, `ConditionViolated` where it cannot be told from rounding.
    """
    K, given = point.members.shape
    d = point.dimension or given
    _require_distinct(point)
    beyond = (
        (0, 0),
        (0, d - given if d < K else 0),
    )  # coordinates in which all members are zero, where the span may reach them
    origin = np.pad(point.members.mean(axis=0), beyond[1])
    centred = np.pad(point.members, beyond) - origin
    _, values, axes = np.linalg.svd(centred, full_matrices=d < K)
    r = int(np.sum(values > FLAT * values.max(initial=0.0)))
    full = min(K - 1, d)
    if np.any((values[:full] > FLAT * values[0]) & (values[:full] < UNCERTAIN * values[0])):
        raise ConditionViolated(
            f"{point.key}: the smallest singular value of the centred rows is {values[full - 1]:.3g} and the largest "
            f"{values[0]:.3g}, so that the dimension of their span cannot be told from rounding"
        )
    if r < full and d > K - 1:
        raise NeverDerivable(
            f"{point.key}: the centred rows span {r} dimensions where {K - 1} are expected; with affinely dependent rows every "
            "perturbation widens the span into directions of its own, so that the null features it wakes have no common limit"
        )
    inside = {name: np.pad(table, beyond) @ axes[:r].T for name, table in point.vectors.items()}
    activated = 0
    if r < full:  # every perturbed family spans the whole space
        activated = (d - r) * K
        inside = {name: np.pad(table, ((0, 0), (0, d - r))) for name, table in inside.items()}
        r = d
    members = Members(centred @ axes[:r].T, inside, point.numbers)
    if not any(np.any(table) for table in (*inside.values(), *point.numbers.values())):
        names = ", ".join(slot for _, slot in derivation.slots)
        raise InputError(
            f"{point.target}: f* = 0, since {names} vanish inside the span of the centred rows; another one is expected"
        )
    return Placed(members, origin, axes[:r].T, d - r, activated, r == K - 1)


def _require_distinct(point: FamilyPoint) -> None:
    gaps = np.linalg.norm(point.members[:, None] - point.members, axis=2) + np.diag(np.full(len(point.members), np.inf))
    i, j = np.unravel_index(np.argmin(gaps), gaps.shape)
    if not gaps[i, j] > FLAT * np.max(np.linalg.norm(point.members - point.members.mean(axis=0), axis=1)):
        raise InputError(f"{point.key}: rows {min(i, j) + 1} and {max(i, j) + 1} are equal, distinct rows are expected")


def evaluate_family(loaded: Loaded, document: Mapping[str, Any]) -> Evaluation:
    """The law in numbers. Raises `InputError` naming the key, `NeverDerivable` where there is no law."""
    model, instance = loaded.definition, loaded.instance
    assert isinstance(model, FamilyModel)
    if instance is None:
        raise InputError(f"{loaded.path.name}: the file states no instance, which a model of a family needs")
    given, point = prepare_family(model, instance, document)
    derivation = _derived(model, loaded.name)
    with inputs.guarded(given):
        placed = place(point, derivation)
        found = integrate(derivation, placed.members, placed.codimension)
        law = _law(derivation, placed, found, float(given["sigma2"]), float(given["alpha"]))
    return Evaluation(given, None, point, law, 0.0, remarks={"integrals": _said(found, placed)}, integrals=found.rule)


def _derived(model: FamilyModel, name: str) -> FamilyDerivation:
    """Derived once for each model object: the many points of a curve share it."""
    key = id(model), name  # of an object that is kept, so that no other one gets its number
    if key not in _known:
        if len(_known) >= KEPT:
            _known.clear()
        _known[key] = model, derive_family(model, name)
    return _known[key][1]


_known: dict[tuple[int, str], tuple[FamilyModel, FamilyDerivation]] = {}


def _said(found: Integrated, placed: Placed) -> dict[str, Any]:
    kind = "relative standard error" if found.random else "relative difference to a coarser rule"
    inside, outside = found.spectra.inside.sum(), found.spectra.outside.sum()
    return {
        "rule": found.rule,
        "dimension": placed.members.centres.shape[1],
        "error": {"kind": kind, "mean": found.errors[0], "variance": found.errors[1]},
        "mean": {"inside": float(inside), "outside_per_dimension": float(outside), "codimension": placed.codimension},
    }


def _law(derivation: FamilyDerivation, placed: Placed, found: Integrated, noise: float, alpha: float) -> NumericLaw:
    members, spectra = placed.members, found.spectra
    features = [Columns(block, slot) for block, slot in derivation.slots]
    within, across = _ranks(derivation, placed, spectra)
    inside, outside = spectra.inside[:within], spectra.outside[:across]  # the others are known to be zero
    awake = placed.activated
    d_eff = rank_of_features(features, members) - awake
    weights = np.concatenate([inside, outside])
    counts = np.concatenate([np.ones(len(inside)), np.full(len(outside), max(placed.codimension, 1))])
    kept = weights > DROPPED * weights.max(initial=0.0)
    return NumericLaw(
        noise=np.asarray(noise),
        alpha=np.asarray(alpha),
        weights=weights[kept],
        multiplicities=counts[kept],
        d_eff=d_eff,
        d_base=d_eff + awake + within + placed.codimension * across,
        activated=awake,
    )


def _ranks(derivation: FamilyDerivation, placed: Placed, spectra: Spectra) -> tuple[int, int]:
    """Rank of `L` inside, and outside for each dimension: exact for independent members, else weights beyond rounding."""
    if not placed.independent:
        return int(np.sum(spectra.inside > DROPPED * spectra.inside.max(initial=0.0))), 0
    inside, outside = Columns(derivation.inside, V), Columns(derivation.outside, V)
    within = rank_of_displaced(inside, placed.members, among_features=True)
    across = rank_of_displaced(outside, placed.members, among_features=False) if placed.codimension else 0
    return within, across
