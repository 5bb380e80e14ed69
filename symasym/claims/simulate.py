"""Simulations that decide between a claimed and a derived number.

Weights and means of the interaction: the two-stage procedure, as `symasym verify` runs it. Entries of the estimator
and the excess pre-training loss: the first stage alone, moments along a grid of `m`, intercept of `a + b/m`.
Covariances of scores and of other expressions in the data: averages over samples. Nothing of the derivation takes part.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy

from symasym.claims.claim import Part
from symasym.claims.exact import exact_scalar
from symasym.claims.finding import Finding, Simulated
from symasym.claims.language import parse
from symasym.claims.place import Kind, Place, place
from symasym.claims.problems import Numbers
from symasym.claims.quantities import quantity
from symasym.claims.samples import sample_derivative, sample_values
from symasym.claims.scores import derived_score
from symasym.claims.setting import setting
from symasym.errors import InputError, NotDerivableYet
from symasym.general.arrays import Matrices, bilinear_array, matrix_array, scalar_array
from symasym.model.evaluate import evaluate_matrix
from symasym.simulation.findings import Judgement
from symasym.simulation.fit import fit_line
from symasym.simulation.procedure import verify
from symasym.simulation.sampler import draw, normals
from symasym.words.lower import lower_matrix

__all__ = ["SEED", "simulate"]

SEED = 20261121
CHUNK = 2**21
"""Random numbers held at a time."""

Estimate = tuple[str, float, float, str]
"""What was estimated, its value, its standard error, and how."""


def simulate(finding: Finding, seed: int = SEED) -> Simulated:
    """Run the simulation that the claim file describes, and put both sides of the claim next to it."""
    claim, spec = finding.claim, finding.claim.simulation
    if spec is None:
        raise InputError(f"{claim.id}: the claim file describes no simulation")
    here = Numbers(setting(claim.setting), spec)
    part = claim.parts[spec.part] if claim.parts else Part(what="mean", claimed="")
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(map(ord, claim.id))))
    title, mean, se, how = _RUNS[part.what](here, part, rng, seed)
    claimed, derived = _sides(finding, part, here)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return Simulated(title, mean, se, derived, claimed, seed, today, how)


# ---- both sides of the claim, in numbers


def _sides(finding: Finding, part: Part, here: Numbers) -> tuple[float | None, float]:
    """Claimed and derived number of what is simulated; None where the statement names no number."""
    if not finding.parts:
        return None, here.value(quantity(part.what).derived(here.setting, part))
    found = finding.parts[here.spec.part]
    if part.what == "score_form":
        return _scores(found.claimed, here)
    derived, claimed = (None if e is None else _number(e, part, here) for e in (found.derived, found.claimed))
    assert derived is not None
    return claimed, derived


def _number(expression: sympy.Expr, part: Part, here: Numbers) -> float:
    """The number at the point: for weights their sum, for a section what it makes of the variance of the descriptor's entry."""
    if part.what == "weight":
        return here.value(sympy.Sum(expression, here.setting.derivation.law.weights[0][1]))
    if part.what == "section":
        return here.value(expression**2 * quantity("estimator_variance").derived(here.setting, part))
    return here.value(expression)


def _scores(claimed: sympy.Expr, here: Numbers) -> tuple[float, float]:
    """The claimed form at two tangent matrices, and the derived one at the directions they come from."""
    along, tangents = _directions(here)
    values = {**here.values, **dict(zip(here.setting.tangents, tangents, strict=True))}
    form = derived_score(here.setting)
    fixed = {s: float(v) for s, v in here.setting.fixed.items()}
    array = bilinear_array(
        form, here.setting.derivation.forms.parameters, Matrices(here.matrices, {**here.sizes, **fixed})
    )
    u, v = (direction.reshape(-1) for direction in along)
    return float(exact_scalar(claimed, values, here.sizes)), float(u @ array @ v)


def _directions(here: Numbers) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Two directions of the parameter, and the tangent matrices `DD[V]` by central differences."""
    (parameter,) = here.setting.model.parameters
    descriptor, at = here.setting.descriptor, here.matrices[parameter.name]
    assert descriptor is not None
    along = [np.linspace(1.0, 0.5, at.size).reshape(at.shape), np.linspace(0.75, 1.25, at.size).reshape(at.shape)]
    tangents = []
    for direction in along:
        above, below = (
            evaluate_matrix(descriptor, {**here.values, parameter: at + sign * direction}, here.sizes)
            for sign in (1, -1)
        )
        tangents.append((above - below) / 2)
    return along, tangents


# ---- the two-stage procedure


def _interaction(here: Numbers, part: Part, rng: np.random.Generator, seed: int) -> Estimate:
    spec = here.spec
    outcome = verify(here.setting.loaded, here.document, seed=seed, reps=spec.reps, m=spec.grid)
    assert isinstance(outcome.judgement, Judgement)  # the target of a claim lies in the span
    fit = outcome.judgement.interaction.fit
    return (
        "mean of the interaction m ||(I - Pi) f*||^2",
        fit.intercept,
        fit.intercept_se,
        f"two-stage procedure, {spec.reps} repetitions at m = {_listed(spec.grid)}, intercept of a + b/m",
    )


# ---- the first stage alone


def _first_stage(title: str, statistic: Callable[[Numbers, Part, int, dict[str, np.ndarray]], np.ndarray]) -> Callable:
    """Mean of a statistic of the estimates, along the grid."""

    def run(here: Numbers, part: Part, rng: np.random.Generator, seed: int) -> Estimate:
        spec, problem, means, errors = here.spec, here.problem, [], []
        for m in spec.grid:
            size = max(1, CHUNK // (m * problem.width))
            values = [
                statistic(
                    here, part, m, problem.estimates(draw(problem.sources, min(size, spec.reps - start), m, rng), rng)
                )
                for start in range(0, spec.reps, size)
            ]
            sample = np.concatenate(values)
            means.append(sample.mean())
            errors.append(sample.std(ddof=1) / np.sqrt(len(sample)))
        fit = fit_line(spec.grid, np.array(means), np.array(errors))
        how = f"first stage, {spec.reps} repetitions at m = {_listed(spec.grid)}, intercept of a + b/m"
        return title, fit.intercept, fit.intercept_se, how

    return run


def _displacement(here: Numbers, m: int, estimates: dict[str, np.ndarray]) -> np.ndarray:
    """`sqrt(m) (D(w_hat) - D(w*))`, `(B, rows, columns)`."""
    assert here.setting.descriptor is not None
    descriptor = lower_matrix(here.setting.descriptor)
    moved, at = (
        matrix_array(descriptor, Matrices({**here.matrices, **values}, dict(here.sizes))) for values in (estimates, {})
    )
    return np.sqrt(m) * (moved - at)


def _indices(here: Numbers, part: Part) -> tuple[Place, int, int]:
    where = place(part.entry, part.what)
    return where, here.point.indices[where.p] - 1, here.point.indices[where.q] - 1


def _squared_entry(here: Numbers, part: Part, m: int, estimates: dict[str, np.ndarray]) -> np.ndarray:
    """The square of the entry, or of the pairing; the product of two diagonal entries that are apart."""
    where, p, q = _indices(here, part)
    z = _displacement(here, m, estimates)
    if where.kind is Kind.APART:
        return z[:, p, p] * z[:, q, q]
    factor = 2.0 if where.kind is Kind.PAIR and part.what == "estimator_pairing" else 1.0
    return (factor * z[:, p, q]) ** 2


def _outside(here: Numbers, part: Part, m: int, estimates: dict[str, np.ndarray]) -> np.ndarray:
    """`m ((I - P) A_hat)_pq^2`, which the representative's sign does not change; one column."""
    _, p, q = _indices(here, part)
    (parameter,) = here.setting.model.parameters
    if estimates[parameter.name].shape[-1] != 1:
        raise NotDerivableYet(
            "simulation: the entry of a representative is simulated for k = 1, where it is free of rotations"
        )
    return m * estimates[parameter.name][:, p, q] ** 2


def _excess(here: Numbers, part: Part, m: int, estimates: dict[str, np.ndarray]) -> np.ndarray:
    """`m (L(w_hat) - L(w*))` with the population loss."""
    fixed = {s: float(v) for s, v in here.setting.fixed.items()}
    loss = here.setting.derivation.forms.population
    moved, at = (
        scalar_array(loss, Matrices({**here.matrices, **values}, {**here.sizes, **fixed})) for values in (estimates, {})
    )
    return m * (moved - at)


# ---- samples


def _covariance_of(
    here: Numbers, first: Callable[[dict], np.ndarray], second: Callable[[dict], np.ndarray], rng: np.random.Generator
) -> tuple[float, float]:
    """Covariance of two functions of a sample, and its standard error; means are taken chunk by chunk."""
    law, left, products = here.problem.sources, here.spec.reps, []
    while left > 0:
        count = min(left, CHUNK // here.problem.width)
        samples = {name: v.reshape(count, -1) for name, v in draw(law, count, 1, rng).items()}
        u, v = first(samples), second(samples)
        products.append((u - u.mean()) * (v - v.mean()) * count / (count - 1))
        left -= count
    sample = np.concatenate(products)
    return float(sample.mean()), float(sample.std(ddof=1) / np.sqrt(len(sample)))


def _data_covariance(here: Numbers, part: Part, rng: np.random.Generator, seed: int) -> Estimate:
    where, p, q = _indices(here, part)
    values = dict(here.values)
    (h1, h2), size = here.setting.tangents, here.problem.target.size
    values[h1] = _unit(size, p, p if where.kind is Kind.APART else q)
    values[h2] = _unit(size, q if where.kind is Kind.APART else p, q)
    one, other = (parse(text, here.setting.scope) for text in part.of)
    mean, se = _covariance_of(
        here, lambda s: sample_values(one, values, s), lambda s: sample_values(other, values, s), rng
    )
    return f"Cov({part.of[0]}, {part.of[1]})", mean, se, f"average over {here.spec.reps} samples"


def _score(here: Numbers, part: Part, rng: np.random.Generator, seed: int) -> Estimate:
    (parameter,) = here.setting.model.parameters
    along, _ = _directions(here)
    loss = here.setting.model.loss

    def slope(direction: np.ndarray) -> Callable[[dict], np.ndarray]:
        return lambda samples: sample_derivative(loss, parameter, direction, here.values, samples)

    mean, se = _covariance_of(here, slope(along[0]), slope(along[1]), rng)
    return "Cov(Dl[U], Dl[V]), H1 = DM[U], H2 = DM[V]", mean, se, f"average over {here.spec.reps} samples"


def _unit(size: int, p: int, q: int) -> np.ndarray:
    matrix = np.zeros((size, size))
    matrix[p, q] = matrix[q, p] = 1.0
    return matrix


def _noise(here: Numbers, part: Part, rng: np.random.Generator, seed: int) -> Estimate:
    """Residual variance of the regression of the second vector of the input's law on the first."""
    law = here.setting.model.input.law
    if len(law.names) != 2:
        raise NotDerivableYet("simulation: label noise is simulated where x and y have one joint law")
    values = {**here.values, **_truths(here)}
    blocks = [[evaluate_matrix(law.covariance(i, j), values, here.sizes) for j in (0, 1)] for i in (0, 1)]
    root = np.linalg.cholesky(np.block(blocks))
    rows = normals(here.spec.reps, root, rng)
    x, y = rows[:, :-1], rows[:, -1]
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    spare = len(y) - x.shape[1]
    variance = float(residual @ residual / spare)
    return "residual variance of y on x", variance, variance * float(np.sqrt(2 / spare)), f"one sample of {len(y)}"


def _truths(here: Numbers) -> dict[Any, Any]:
    """True values in the data law: the parameter's, and those of fixed scalars."""
    law, found = here.setting.model.input.law, {}
    for symbol in law.atoms(sympy.Symbol, sympy.MatrixSymbol):
        of = getattr(symbol, "of", None)
        if of is not None:
            found[symbol] = here.matrices[of] if of in here.matrices else here.values[sympy.Symbol(of)]
    return found


_RUNS: dict[str, Callable[[Numbers, Part, np.random.Generator, int], Estimate]] = {
    "weight": _interaction,
    "mean": _interaction,
    "excess_mean": _first_stage("mean of m (L(w_hat) - L(w*))", _excess),
    "estimator_variance": _first_stage("second moment of an entry of sqrt(m) (M_hat - M_*)", _squared_entry),
    "estimator_pairing": _first_stage("second moment of a pairing with sqrt(m) (M_hat - M_*)", _squared_entry),
    "section": _first_stage("second moment of an entry of sqrt(m) (I - P) A_hat", _outside),
    "data_covariance": _data_covariance,
    "score_form": _score,
    "noise": _noise,
}


def _listed(grid: tuple[int, ...]) -> str:
    return ", ".join(map(str, grid))
