"""The empirical loss of any model, letter by letter, against the front end's own expression, sample by sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from support import FAMILIES, NAMES

from symasym import catalogue
from symasym.errors import NotDerivableYet
from symasym.model import (
    LeastSquares,
    average,
    constant,
    copy,
    covariance,
    dims,
    eye,
    gaussian,
    inner,
    joint,
    logdet,
    mask,
    norm2,
    parameter,
    quad,
    sample_mean,
    scalar,
    scalar_parameter,
    tr,
    trivial,
)
from symasym.model.evaluate import evaluate, evaluate_matrix, small_sizes
from symasym.model.matrices import Constant
from symasym.model.model import Model
from symasym.model.scalars import Average
from symasym.simulation import empirical
from symasym.simulation.empirical import Empirical, EmpiricalLoss
from symasym.words.polynomial import ScalarPolynomial

TRIALS = sorted((Path(__file__).parents[1] / "models").glob("*.py"))
BATCH, M = 3, 5


def odd_models() -> dict[str, Model]:
    """Losses that no model of the catalogue has: nested averages, constant vectors, powers, products of different forms."""
    d, k, e = dims("d k e")
    A, B, v = parameter("A", k, d), parameter("B", e, k), scalar_parameter("v")
    x, y = joint("x y", (d, e), {(0, 0): covariance("S", d), (1, 1): covariance("T", e)})
    p, q, t = copy(x, "p"), copy(x, "q"), gaussian("t", 1, cov=eye(1))
    c, b, K = constant("c", k), constant("b", d), scalar("K")
    R, Q, P = mask("R", d, keep=0.5), mask("Q", d, keep=0.5), mask("P", d, keep=0.5)
    S, W = v * eye(d) + A.T * A, constant("W", d, d)
    moment, cross = sample_mean("moment", W * x * x.T * W.T + eye(d) / 3), sample_mean("cross", x * y.T / 2)
    middle, row = sample_mean("middle", W * x), sample_mean("row", K * x.T)
    losses = {
        "nested": average(inner(A * x, A * p) ** 2 + average(inner(A * p, A * q) * inner(A * x, A * q), q, 2), p, K),
        "averages": average(inner(A * p, c) ** 3, p, K)
        - average(norm2(A * q), q, 3) * inner(A * x, c)
        + inner(c, A * x),
        "powers": norm2(y - B * A * x) ** 2 + inner(A * x, c) ** 3 / v,
        "scalars": norm2(t - inner(c, A * x) * t) + logdet(S) * quad(x, S.inv()) + logdet(A * A.T) + v**2 * tr(B.T * B),
        "masks": inner(A * Q * A.T * A * R * x, A * q) * inner(A * R * x, c)
        + inner(b, R * A.T * c) ** 2
        + inner(b, R * Q * A.T * A * R * b)
        + average(inner(x, P * A.T * A * R * A.T * A * P * x) + norm2(A * P * x), P, 3) * v,
        "one letter": norm2(A) + inner(A * x, c) - v * tr(A * A.T),
        "sample means": norm2(A * moment * A.T - eye(k))
        + norm2(A * (middle - x)) ** 2
        + tr(B * c * row * A.T * B.T + B * A * cross),
        "a mean in an inverse": logdet(eye(k) + A * moment * A.T) + quad(A * x, (v * eye(k) + A * moment * A.T).inv()),
    }
    down = LeastSquares(gaussian("x", d, cov=covariance("D", d)), target=constant("f", d))
    return {name: Model(loss, trivial(), A * x, down, where=[k < d]) for name, loss in losses.items()}


def models() -> dict[str, Model]:
    found = {path.stem: catalogue.load(str(path)).model for path in TRIALS}
    for name in (name for name in NAMES if name not in FAMILIES):
        loaded = catalogue.load(name)
        found |= {name: loaded.model, **{f"{name}_{key}": model for key, model in loaded.variants.items()}}
    return found | odd_models()


MODELS = models()


@dataclass(frozen=True)
class Case:
    """Numbers for a model: not from its law, since the loss is a function of any data."""

    model: Model
    sizes: dict[sympy.Symbol, int]
    values: dict[sympy.Basic, Any]
    samples: dict[str, np.ndarray]
    point: dict[str, np.ndarray]

    @property
    def loss(self) -> EmpiricalLoss:
        return Empirical.of(self.model, self.values).on(self.samples, self.values, self.sizes)

    def flat(self, table: Mapping[str, np.ndarray]) -> np.ndarray:
        parameters = (*self.model.parameters, *self.model.scalar_parameters)
        return np.concatenate([np.reshape(table[p.name], (BATCH, -1)) for p in parameters], axis=1)


@cache
def case(name: str) -> Case:
    model, rng = MODELS[name], np.random.default_rng(sum(map(ord, name)))
    symbols = model.loss.atoms(sympy.MatrixSymbol)
    dimensions = {s for symbol in symbols for n in symbol.shape for s in sympy.sympify(n).free_symbols}
    sizes = small_sizes(sorted(dimensions, key=str), list(model.where))

    def shape(symbol: Any) -> list[int]:
        return [int(sympy.sympify(n).subs(sizes)) for n in symbol.shape]

    counts = {node.args[1]: node.args[2] for node in model.loss.atoms(Average)}
    whole = model.loss + model.local_penalty
    numbers = {symbol for symbol in whole.atoms(sympy.Symbol) if symbol not in sizes}
    values: dict[sympy.Basic, Any] = {symbol: float(rng.uniform(0.5, 2)) for symbol in sorted(numbers, key=str)}
    for count in counts.values():
        values |= {symbol: (3.0 if count == symbol else 1 / 3) for symbol in count.free_symbols}
    for symbol in sorted(whole.atoms(Constant), key=str):
        matrix = rng.standard_normal(shape(symbol))
        values[symbol] = matrix + matrix.T if symbol.symmetric else matrix
    samples = {}
    for letter in (*model.data, *model.masks):
        copies = [round(evaluate(counts[letter], values, {}))] if letter in counts else []
        samples[letter.name] = rng.uniform(-1, 1.5, (BATCH, M, *copies, shape(letter)[0]))
    samples |= {mask.name: (samples[mask.name] > 0).astype(float) for mask in model.masks}
    point = {p.name: rng.standard_normal((BATCH, *shape(p))) for p in model.parameters}
    point |= {p.name: rng.uniform(0.5, 2, BATCH) for p in model.scalar_parameters}
    return Case(model, sizes, {s: v for s, v in values.items() if str(s) not in point}, samples, point)


def front_end(here: Case, point: Mapping[str, np.ndarray]) -> np.ndarray:
    """`(1/m) sum_s l(w; z_s) + P(w) / sqrt(m)`; the loss is affine in every average, so copies are gone through one by one."""
    parameters = (*here.model.parameters, *here.model.scalar_parameters)
    copies = {name: array.shape[2] for name, array in here.samples.items() if array.ndim == 4}
    totals = []
    for b in range(BATCH):
        at = {**here.values, **{p: point[p.name][b] for p in parameters}}
        for mean in here.model.sample_means:
            each = ({v: here.samples[v.name][b, s][:, None] for v in here.model.data} for s in range(M))
            at[mean] = np.mean([evaluate_matrix(mean.expression, {**at, **z}, here.sizes) for z in each], axis=0)
        found = []
        for s in range(M):
            for chosen in product(*map(range, copies.values())):
                places = {name: (b, s, which) for name, which in zip(copies, chosen, strict=True)}
                data = {v: here.samples[v.name][places.get(v.name, (b, s))][:, None] for v in here.model.data}
                masks = {R: np.diag(here.samples[R.name][places.get(R.name, (b, s))]) for R in here.model.masks}
                found.append(evaluate(here.model.loss, {**at, **data, **masks}, here.sizes))
        totals.append(np.mean(found) + evaluate(here.model.local_penalty, at, here.sizes) / np.sqrt(M))
    return np.array(totals)


@cache
def differences(name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Directions `(BATCH, N)`, and the central differences of the front end's value along them."""
    here, rng, step = case(name), np.random.default_rng(5), 1e-5
    found = []
    for _ in range(4):
        move = {key: rng.standard_normal(np.shape(value)) for key, value in here.point.items()}
        up, down = (front_end(here, {n: v + t * move[n] for n, v in here.point.items()}) for t in (step, -step))
        found.append((here.flat(move), (up - down) / (2 * step)))
    return found


def gradient_error(name: str, loss: EmpiricalLoss) -> float:
    """Largest distance of the gradient from the differences, relative to the largest slope."""
    found = loss.at(case(name).point, np.arange(BATCH)).slopes.sum(0)
    off = [np.abs(slope - np.sum(found * move, axis=1)) for move, slope in differences(name)]
    return float(np.max(off / np.abs(found).max(1)))


@pytest.mark.parametrize("name", MODELS)
def test_value_is_the_mean_of_the_front_end(name: str) -> None:
    here = case(name)
    there = here.loss.at(here.point, np.arange(BATCH))
    assert np.all(np.abs(there.value - front_end(here, here.point)) < 1e-12 * there.size)


@pytest.mark.parametrize("name", MODELS)
def test_gradient_is_the_derivative_of_the_front_end(name: str) -> None:
    """Central differences with step 1e-5 leave 1e-10 of the third derivative and 1e-11 of the value by rounding."""
    assert gradient_error(name, case(name).loss) < 1e-6


@pytest.mark.parametrize("name", MODELS)
def test_a_wrong_gradient_is_caught(name: str) -> None:
    """Every term of every gradient, ten per cent too large: the check above sees it."""
    loss = case(name).loss
    objective = loss.empirical.objective
    for n, term in enumerate(objective.gradient):
        wrong = replace(term, coefficient=term.coefficient * ScalarPolynomial.number(Fraction(11, 10)))
        terms = (*objective.gradient[:n], wrong, *objective.gradient[n + 1 :])
        planted = replace(loss.empirical, objective=replace(objective, gradient=terms))
        assert gradient_error(name, replace(loss, empirical=planted)) > 1e-5


@pytest.mark.parametrize("name", MODELS)
def test_data_sets_are_chosen_and_taken_together_without_changing_a_number(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to the order of summation, which the shapes of products decide."""
    here = case(name)
    whole = here.loss.at(here.point, np.arange(BATCH))
    monkeypatch.setattr(empirical, "HELD", 1)
    chosen = np.array([2, 0])
    some = here.loss.at({key: value[chosen] for key, value in here.point.items()}, chosen)
    np.testing.assert_allclose(some.value, whole.value[chosen], rtol=1e-12)
    np.testing.assert_allclose(some.slopes, whole.slopes[:, chosen], rtol=1e-10, atol=1e-12)


def test_a_term_with_one_form_needs_no_pass() -> None:
    """Quadratic losses, Gaussian likelihoods: moments are all that is kept of the samples."""
    for name in ("factor", "linear_autoencoder"):
        assert case(name).loss.empirical.products == ()
        assert not case(name).loss.arrays
    assert len(case("spectral").loss.empirical.products) == 1


@pytest.mark.parametrize("name", ["masked_autoencoder", "masked_autoencoder_masked_only"])
def test_masks_that_are_averaged_over_are_gone_through_one_by_one(name: str) -> None:
    """`kappa = 0`: the expectation over all `2^d` masks, each with its probability, data set by data set."""
    here = case(name)
    (R,) = here.model.masks
    size = int(sympy.sympify(R.shape[0]).subs(here.sizes))
    values = {**here.values, R.keep: 0.3}
    values = {symbol: 0.0 if str(symbol) == "kappa" else v for symbol, v in values.items()}
    total = np.zeros(BATCH)
    for kept in product((0.0, 1.0), repeat=size):
        drawn = np.broadcast_to(kept, here.samples["R"].shape)
        total += (
            0.3 ** sum(kept)
            * 0.7 ** (size - sum(kept))
            * front_end(replace(here, samples={**here.samples, "R": drawn}), here.point)
        )
    data = {key: array for key, array in here.samples.items() if key != "R"}
    there = Empirical.of(here.model, values).on(data, values, here.sizes).at(here.point, np.arange(BATCH))
    np.testing.assert_allclose(there.value, total, rtol=1e-12)


def test_outside_of_its_domain_a_loss_is_not_a_number() -> None:
    d = dims("d")[0]
    A, x = parameter("A", d, d), gaussian("x", d, cov=covariance("S", d))
    down = LeastSquares(gaussian("x", d, cov=covariance("D", d)), target=constant("f", d))
    loss = Empirical.of(Model(logdet(A + A.T) + quad(x, (A + A.T).inv()), trivial(), A * x, down), {})
    there = loss.on({"x": np.ones((3, 4, 2))}, {}, {d: 2})
    point = {"A": np.stack([np.eye(2), np.diag([1.0, -1.0]), np.full((2, 2), np.inf)])}
    with np.errstate(all="ignore"):
        value = there.at(point, np.arange(3)).value
    assert np.isfinite(value).tolist() == [True, False, False]


def test_a_mean_of_higher_order_is_refused() -> None:
    d = dims("d")[0]
    A, x = parameter("A", d, d), gaussian("x", d, cov=covariance("S", d))
    down = LeastSquares(gaussian("x", d, cov=covariance("D", d)), target=constant("f", d))
    for name, matrix in (
        ("longer", x * x.T * A.T * x * x.T),
        ("scaled", norm2(x) * x * x.T),
        ("form", x.T * eye(d) * x),
    ):
        model = Model(tr(A * A.T) + tr(sample_mean(name, matrix.xreplace({A: eye(d)}))), trivial(), A * x, down)
        with pytest.raises(
            NotDerivableYet, match=rf"^estimator: the sample mean {name} is of higher order in the data"
        ):
            Empirical.of(model, {}).on({"x": np.ones((3, 4, 2))}, {}, {d: 2})


def test_data_inside_an_inverse_are_refused() -> None:
    d = dims("d")[0]
    A, x = parameter("A", d, d), gaussian("x", d, cov=covariance("S", d))
    down = LeastSquares(gaussian("x", d, cov=covariance("D", d)), target=constant("f", d))
    with pytest.raises(NotDerivableYet, match=r"^estimator: data stand inside an inverse"):
        Empirical.of(Model(logdet(A.T * A + x * x.T), trivial(), A * x, down), {})
