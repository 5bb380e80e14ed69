"""Natural parameters in any position: against `evaluate`, against eigenvalue problems, against 50 digits.

`evaluate` takes the closed form where there is one and the general route elsewhere. Models of an eigenvalue problem have kernels
of both kinds, which share nothing but the forms: numbers and gradients must agree. The judge of the Taylor slopes evaluates the
tables at 50 digits by itself, with Newton's method for `w*` and inverses by mpmath; directions of symmetric matrices are
symmetric.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest
from support import ALL, checked, derivation, loaded, random_good
from test_accuracy import law_of
from test_natural import DECADES, PENCILS, arguments, even, falling, kernel_of as pencil_kernel, norm, problem

from symasym.codegen.natural import natural_of
from symasym.codegen.numpy import compile_kernel, emit
from symasym.codegen.words.tables import Tables, tables_of
from symasym.codegen.words.terms import Table
from symasym.evaluation import evaluate_inputs
from symasym.evaluation.general import place_minimiser
from symasym.evaluation.numbers import constants_of
from symasym.general.route import general

SEED, DIGITS = 20261126, 50
NAMES = sorted(name for name in ALL if isinstance(natural_of(derivation(name)), Tables))
BOTH = ["factor", "infonce", "linear_autoencoder", "spectral", "spectral_head", "two_view"]
"""Models with a pencil whose forms are made of words alone as well."""
SCALARS = {"sigma2": 1.3, "lam": 0.2, "rho": 0.9, "r": 0.6, "gamma": 0.4, "K": 2.0, "p": 0.7, "kappa": 0.3}


@cache
def tables(name: str) -> Tables:
    stages = derivation(name)
    return tables_of(stages.model, stages.forms, stages.quotient)


@cache
def kernel_of(name: str) -> ModuleType:
    return compile_kernel(law_of(name), tables(name))


def test_every_other_model_is_evaluated_from_words() -> None:
    assert set(NAMES) | set(PENCILS) == set(ALL)
    assert {"context_encoder", "regularised_encoder", "multitask", "sipt", "sipt_clique", "masked_autoencoder"} <= set(
        NAMES
    )


# ---- against the law that symasym evaluates


def natural_inputs(name: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a JSON document as arguments."""
    instance, given = loaded(name).instance, checked(name, document)
    point, found = instance.align(given), tables(name)
    constants = constants_of(loaded(name).model, instance, given, point)
    known = {**given, **point.values, **constants}
    values = {}
    for key, shape in found.arguments.items():
        values[key] = np.ravel(known[key]) if shape[1] == "1" else np.asarray(known[key])
    values |= {key: known[key] for key in (*found.scalars, "alpha")}
    shown = {n for shape in found.arguments.values() for n in shape}
    values |= {} if found.output in shown else {found.output: given[found.output]}
    return values | ({"sigma_down": given["Sigma_down"]} if "Sigma_down" in given else {})


def agrees(found: Any, numeric: Any) -> None:
    """A result of a kernel with a law in numbers."""
    np.testing.assert_allclose(float(found.mean), numeric.interaction_cumulant(1), rtol=1e-8)
    np.testing.assert_allclose(float(found.variance), numeric.interaction_cumulant(2), rtol=1e-8)
    np.testing.assert_allclose(float(found.risk_mean), numeric.mean, rtol=1e-8)
    assert (found.d_eff, found.d_base) == (numeric.d_eff, numeric.d_base)
    weights, both = np.sort(numeric.weights)[::-1], min(len(numeric.weights), len(found.weights))
    for mine, other in [(found.weights, weights), (weights, found.weights)]:
        np.testing.assert_allclose(mine[:both], other[:both], rtol=1e-7, atol=1e-9 * np.max(weights))
        np.testing.assert_allclose(mine[both:], 0, atol=1e-9 * np.max(weights))


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_those_of_evaluate(name: str) -> None:
    """The closed form, where the problem that the instance verifies has one."""
    loaded_model = loaded(name)
    document = loaded_model.instance.example
    evaluation = evaluate_inputs(loaded_model, document)
    agrees(kernel_of(name).natural_law(**natural_inputs(name, document)), evaluation.numeric)


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_those_of_the_general_route(name: str) -> None:
    rng, stages = np.random.default_rng(SEED), derivation(name)
    for _ in range(4):
        document, _ = random_good(name, rng)
        given, instance = checked(name, document), loaded(name).instance
        point = instance.align(given)
        constants = constants_of(stages.model, instance, given, point)
        minimiser, *_ = place_minimiser(stages, given, point, constants)
        outcome = general(stages.model, {**constants, **minimiser}, stages.forms, stages.quotient)
        agrees(kernel_of(name).natural_law(**natural_inputs(name, document)), outcome.law(given["alpha"]))


@pytest.mark.parametrize("down", [False, True], ids=["own", "general"])
@pytest.mark.parametrize("name", BOTH)
def test_numbers_and_gradients_are_those_of_the_eigenvalue_problem(name: str, down: bool) -> None:
    given = arguments(name, problem(name, "apart", down))
    for of in ("risk_mean", "variance", 3):
        value, gradient = kernel_of(name).natural_value_and_gradient(**given, of=of)
        expected, by = pencil_kernel(name).natural_value_and_gradient(**given, of=of)
        np.testing.assert_allclose(value, expected, rtol=1e-10)
        assert set(gradient._fields) == set(by._fields)
        for field in by._fields:
            if getattr(by, field) is not None:
                exact = getattr(by, field)
                np.testing.assert_allclose(getattr(gradient, field), exact, rtol=1e-8, atol=1e-9 * (1 + norm(exact)))


# ---- 50 digits


def general_problem(name: str, down: bool) -> dict[str, Any]:
    """Natural parameters in general position, as floats."""
    rng, found = np.random.default_rng([SEED, len(name)]), tables(name)
    sizes = {"d": 3, "d1": 3, "d2": 2, "T": 2, "k": 1}
    d = sizes[found.input]
    total = sum(sizes[n] for n in ("d1", "d2")) if "d1" in found.input else 2 * d
    root = np.eye(total) + 0.35 * rng.standard_normal((total, total))
    joint = root * np.linspace(1.4, 0.6, total) @ root.T
    values: dict[str, Any] = {}
    for key, shape in found.arguments.items():
        rows, columns = (int(sizes.get(n, n)) for n in shape)
        values[key] = rng.standard_normal((rows, columns) if shape[1] != "1" else rows)
    if "Sigma_12" in values:
        values |= {"Sigma_1": even(joint[:d, :d]), "Sigma_12": joint[:d, d:], "Sigma_2": even(joint[d:, d:])}
    else:
        values["Sigma"] = even(joint[:d, :d])
    if "Sigma_plus" in values:
        turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
        white = np.linalg.cholesky(values["Sigma"])
        values["Sigma_plus"] = even(white @ (turn * [0.7, 0.3, 0.1]) @ turn.T @ white.T)
    if "noise" in values:
        size = len(values["noise"])
        values["noise"] = even(np.diag(np.linspace(0.7, 0.4, size)) + 0.2)
    values |= {key: SCALARS[key] for key in found.scalars} | {"alpha": 2.0}
    if down:
        factor = rng.standard_normal((d, d + 2))
        values["sigma_down"] = even(factor @ factor.T / d)
    return values


def with_sizes(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    shapes = {n for shape in tables(name).arguments.values() for n in shape}
    return dict(values) | ({} if tables(name).output in shapes else {tables(name).output: 1})


class Exact:
    """Tables at 50 digits, on arrays of mpmath numbers."""

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        self.tables = tables(name)
        self.numbers: dict[str, Any] = {"k": 1}
        self.arrays: dict[str, np.ndarray] = {}
        for key, shape in self.tables.arguments.items():
            array = np.asarray(values[key], object)
            self.arrays[key] = array[:, None] if shape[1] == "1" else array
            self.numbers |= {n: s for n, s in zip(shape, self.arrays[key].shape, strict=True) if n != "1"}
        self.numbers |= {key: values[key] for key in self.tables.scalars}
        for key, terms in self.tables.numbers.items():
            self.numbers[key] = sum(self.factor(c, powers) for c, powers in terms)
        self.definitions = {item.name: item for item in self.tables.definitions}
        self.layout = []
        start = 0
        for key, shape in self.tables.parameters.items():
            rows, columns = (int(self.numbers[n]) for n in shape)
            self.layout.append((key, slice(start, start + rows * columns), (rows, columns)))
            start += rows * columns
        self.size, self.words = start, dict(self.arrays)

    def at(self, w: np.ndarray) -> None:
        """Parameters from their entries."""
        self.words = dict(self.arrays)
        for key, where, shape in self.layout:
            self.words[key] = w[where].reshape(shape)

    def factor(self, number: Any, powers: Sequence[tuple[str, int]]) -> Any:
        return mpmath.mpf(number.numerator) / number.denominator * mpmath.fprod(self.numbers[n] ** p for n, p in powers)

    def word(self, text: str) -> np.ndarray:
        if text not in self.words:
            before, _, last = text.rpartition(" ")
            if before:
                self.words[text] = self.word(before).dot(self.word(last))
            elif text.endswith(".T"):
                self.words[text] = self.word(text[:-2]).T
            elif text.startswith("1_"):
                self.words[text] = np.eye(int(self.numbers[text[2:]])).astype(int).astype(object)
            else:
                value = self.definitions[text].value
                self.words[text] = inverse(self.word(value)) if isinstance(value, str) else self.total(value)
        return self.words[text]

    def total(self, table: Table) -> Any:
        found: Any = 0
        for term in table:
            part = self.factor(term.number, term.powers)
            if term.words:
                operands = [self.word(word) for word in term.words]
                part = part * np.einsum(term.pattern, *operands, optimize="greedy" if len(operands) > 2 else False)
            found = found + part
        return found

    def linear(self, form: Mapping[str, Table], rows: int = 1) -> np.ndarray:
        found = np.full((rows, self.size), mpmath.mpf(0), object)
        for key, where, _ in self.layout:
            if key in form:
                found[:, where] = self.total(form[key]).reshape(rows, -1)
        return found

    def bilinear(self, form: Mapping[tuple[str, str], Table]) -> np.ndarray:
        found = np.full((self.size, self.size), mpmath.mpf(0), object)
        where = {key: place for key, place, _ in self.layout}
        for (left, right), table in form.items():
            block = self.total(table).reshape(where[left].stop - where[left].start, -1)
            found[where[left], where[right]] = block
            found[where[right], where[left]] = block.T
        return found

    def pseudoinverse(self, hessian: np.ndarray) -> np.ndarray:
        """The inverse on the complement of the orbit, which stays stiff for `h` and is nothing for `s` and `K`."""
        velocities = []
        for orbit in self.tables.vertical:
            n = int(self.numbers[orbit.size])
            along = self.linear(orbit.velocity, n * n)
            velocities += [along[x * n + y] for x in range(n) for y in range(n) if not orbit.antisymmetric]
            velocities += [
                along[x * n + y] - along[y * n + x] for x in range(n) for y in range(x) if orbit.antisymmetric
            ]
        return inverse(hessian + sum((np.outer(v, v) for v in velocities), 0 * hessian))

    def minimise(self, w: np.ndarray) -> None:
        """Newton's method from a float."""
        for _ in range(4):
            self.at(w)
            w = w - self.pseudoinverse(self.bilinear(self.tables.hessian)).dot(self.linear(self.tables.gradient)[0])
        self.at(w)


def inverse(matrix: np.ndarray) -> np.ndarray:
    found = mpmath.inverse(mpmath.matrix(matrix.tolist()))
    return np.array(found.tolist(), object)


FIRST_STAGE = ("target", "theta", "sigma2", "alpha", "sigma_down")
"""Natural parameters that the first stage does not see."""


class Judge:
    """Numbers of the law at 50 digits; the first stage is kept while its parameters stand still."""

    def __init__(self, name: str, start: np.ndarray | None) -> None:
        self.name, self.start, self.kept = name, start, dict[Any, Any]()

    def first_stage(self, values: Mapping[str, Any]) -> tuple[Exact, np.ndarray]:
        key = tuple(str(v) for k, v in sorted(values.items()) if k not in FIRST_STAGE)
        if key not in self.kept:
            here = Exact(self.name, values)
            if self.start is not None:
                here.minimise(self.start)
            inverted = here.pseudoinverse(here.bilinear(here.tables.hessian))
            self.kept = {key: (here, inverted.dot(here.bilinear(here.tables.score)).dot(inverted))}
        here, covariance = self.kept[key]
        fresh = Exact(self.name, values)
        return fresh if self.start is None else moved(fresh, here), covariance

    def numbers(self, values: Mapping[str, Any]) -> dict[Any, Any]:
        here, covariance = self.first_stage(values)
        found = here.tables
        features, target = here.total(found.features), here.total(found.target)
        down = values["sigma_down"] if "sigma_down" in values else here.total(found.down)
        regression = inverse(features.dot(down).dot(features.T)).dot(features).dot(down)
        projection = down - regression.T.dot(features).dot(down)
        here.words["theta_"] = regression.dot(target)
        slopes = here.linear(found.slopes, len(down))
        step = projection.dot(slopes).dot(covariance).dot(slopes.T)
        noise, alpha = here.total(found.noise), values["alpha"]
        first, second = np.trace(step), 2 * np.trace(step.dot(step))
        k, rest = len(features), len(down) - len(features)
        third = 8 * np.trace(step.dot(step).dot(step))
        risk = noise * k + first / alpha
        return {"mean": first, "variance": second, 3: third, "risk_mean": risk, "alpha0": first / (noise * rest)}


def moved(fresh: Exact, here: Exact) -> Exact:
    fresh.at(np.concatenate([here.words[key].ravel() for key, _, _ in here.layout]))
    return fresh


def exact_of(value: Any) -> Any:
    if not np.ndim(value):
        return mpmath.mpf(float(value))
    return np.vectorize(lambda x: mpmath.mpf(float(x)), otypes=[object])(value)


def float_minimum(name: str, values: Mapping[str, Any]) -> np.ndarray | None:
    """`w*` as the kernel finds it."""
    if tables(name).known:
        return None
    kernel, found = kernel_of(name), tables(name)
    arrays = {k: np.asarray(values[k], float)[None] for k in found.arguments}
    arrays = {k: x[..., None] if x.ndim == 2 else x for k, x in arrays.items()}
    numbers: dict[str, Any] = {k: np.array([values[k]]) for k in found.scalars} | {"k": 1}
    for k, shape in found.arguments.items():
        numbers |= {n: s for n, s in zip(shape, arrays[k].shape[1:], strict=True) if n != "1"}
    w, arrived = kernel._minimiser(kernel._WORDS, arrays, numbers, 1)
    assert arrived.all()
    return exact_of(w[0])


@pytest.mark.parametrize("down", [False, True], ids=["own", "general"])
@pytest.mark.parametrize("name", NAMES)
def test_taylor_slopes_and_50_digits(name: str, down: bool) -> None:
    """Remainders fall by 10^4 for two decades; numbers agree to 1e-13 times `sum |x| |df/dx| / |f|`."""
    given, numbers = general_problem(name, down), ("risk_mean", "variance", "alpha0", 3)
    kernel, whole = kernel_of(name), with_sizes(name, given)
    found = {of: kernel.natural_value_and_gradient(**whole, of=of) for of in numbers}
    law = kernel.natural_law(**whole)
    rng = np.random.default_rng(SEED)
    with mpmath.workdps(DIGITS):
        judge = Judge(name, float_minimum(name, given))
        start = {key: exact_of(value) for key, value in given.items()}
        base = judge.numbers(start)
        for of, (value, gradient) in found.items():
            kappa = sum(norm(given[f]) * norm(getattr(gradient, f)) for f in gradient._fields if f in given)
            assert abs(float(value) / float(base[of]) - 1) <= 1e-13 * max(10.0, kappa / abs(float(value))), of
            if of != 3:
                assert abs(float(getattr(law, str(of))) / float(value) - 1) <= 1e-12
        for changed, value in given.items():
            direction = rng.standard_normal(np.shape(value)) * (0.3 * norm(value) / max(1, np.size(value)))
            if np.ndim(value) == 2 and np.array_equal(value, np.transpose(value)):
                direction = even(direction)
            e = exact_of(direction)
            away = [judge.numbers({**start, changed: start[changed] + e * mpmath.mpf(10) ** -n}) for n in DECADES]
            for of, (_, gradient) in found.items():
                along = mpmath.mpf(float(np.sum(getattr(gradient, changed) * direction)))
                scale = 1000 * (mpmath.mpf(norm(getattr(gradient, changed)) * norm(direction)) + abs(base[of]))
                pairs = zip(DECADES, away, strict=True)
                remainders = [abs(there[of] - base[of] - mpmath.mpf(10) ** -n * along) for n, there in pairs]
                falling(remainders, scale, f"{of} by {changed}")


# ---- interface


def test_problems_outside_the_domain_are_nan_and_leave_others_alone() -> None:
    name = "context_encoder"
    kernel, given = kernel_of(name), general_problem(name, True)
    whole = with_sizes(name, given)
    alone, gradient = kernel.natural_value_and_gradient(**whole)
    wrong: dict[str, list[Any]] = {
        "Sigma_1": [np.diag([1.0, 1.0, -1.0]), np.triu(np.ones((3, 3))), np.full((3, 3), np.nan)],
        "Sigma_12": [np.full((3, 2), 10.0), np.full((3, 2), np.inf), np.zeros((3, 2))],
        "target": [np.full(3, np.nan)],
        "sigma_down": [np.zeros((3, 3))],
        "sigma2": [-1.0],
        "alpha": [-1.0, np.inf],
    }
    for key, values in wrong.items():
        for value in values:
            both = {**whole, key: np.stack([given[key], value])}
            found = kernel.natural_law(**both)
            assert np.isfinite(found.mean[0]) and np.isnan(found.mean[1]) and np.all(np.isnan(found.weights[1])), key
            number, by = kernel.natural_value_and_gradient(**both)
            np.testing.assert_allclose(number[0], alone, rtol=1e-12)
            assert np.isnan(number[1]) and np.all(np.isnan(by.Sigma_1[1])), key
            np.testing.assert_allclose(by.Sigma_1[0], gradient.Sigma_1, rtol=1e-9, atol=1e-12)


def test_nearly_closed_gaps_are_right_or_nan() -> None:
    """Where the loss is at its lowest to all digits the search is not yet at `w*`, and must not take the place for it."""
    kernel, rng = kernel_of("denoising_autoencoder"), np.random.default_rng(SEED)
    gaps = 10.0 ** -np.arange(1, 12)
    values = np.stack([2 * (1 + gaps), np.full(11, 2.0), np.full(11, 0.7)], axis=1)
    basis = np.linalg.qr(rng.normal(size=(11, 3, 3)))[0]
    root = basis * np.sqrt(values)[:, None]
    Sigma = root @ np.swapaxes(root, 1, 2)
    found = kernel.natural_law(Sigma, 0.5 * np.eye(3), basis[:, :, 0], 1.0, k=1).mean
    expected = kernel.law(b=[1.0], r=values / (values + 0.5), s=values, sigma2=1.0).mean
    assert np.all(np.isfinite(found[:4])) and np.all(np.isnan(found[-2:]))
    right = np.isfinite(found)
    # rounding of Sigma, divided by the gap, and two digits for the search
    assert np.all(np.abs(found / expected - 1)[right] <= (1e-13 / gaps)[right])


def test_scalars_outside_the_domain_are_nan() -> None:
    beyond = [("p", 1.2), ("p", 0.0), ("kappa", 1.5), ("kappa", -0.1)]
    others = [("sipt", "gamma", -0.1), ("sipt_clique", "K", -1.0), ("multitask", "sigma2", np.nan)]
    for name, key, value in [*others, *(("masked_autoencoder", *item) for item in beyond)]:
        whole = with_sizes(name, general_problem(name, False))
        assert np.isfinite(kernel_of(name).natural_law(**whole).mean)
        assert np.isnan(kernel_of(name).natural_law(**{**whole, key: value}).mean)
    aligned = {"b": [1.0], "lam": [4.0, 1.2, 1.1], "sigma2": 1.0}
    for key, value in beyond:  # the closed form has numbers there too
        scalars = {"p": 0.7, "kappa": 0.3, key: value}
        assert np.isnan(kernel_of("masked_autoencoder").law(**aligned, **scalars).mean)
    weak = with_sizes("regularised_encoder", general_problem("regularised_encoder", False))
    assert np.isnan(kernel_of("regularised_encoder").natural_law(**{**weak, "lam": 50.0}).mean)  # no rank survives


def test_blocks_and_broadcasting_leave_numbers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "sipt"
    kernel, given = kernel_of(name), general_problem(name, False)
    targets = np.random.default_rng(SEED).standard_normal((3, 2, len(given["target"])))
    many = with_sizes(name, {**given, "target": targets, "alpha": np.array([1.0, 4.0])})
    whole, by_whole = kernel.natural_value_and_gradient(**many)
    law = kernel.natural_law(**many)
    monkeypatch.setattr(kernel, "WORKSPACE", 1000)
    blocks, by_blocks = kernel.natural_value_and_gradient(**many)
    assert whole.shape == (3, 2) and by_whole.Sigma.shape == (3, 2, *given["Sigma"].shape)
    assert law.weights.shape == (3, 2, len(given["target"]) - 1)
    np.testing.assert_allclose(blocks, whole, rtol=1e-13)
    np.testing.assert_allclose(law.risk_mean, whole, rtol=1e-12)
    for field in by_whole._fields:
        if getattr(by_whole, field) is not None:
            np.testing.assert_allclose(getattr(by_blocks, field), getattr(by_whole, field), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", ["context_encoder", "multitask"])
def test_cumulants_are_those_of_gradients(name: str) -> None:
    whole = with_sizes(name, general_problem(name, True))
    found = kernel_of(name).natural_cumulants(**{**whole, "alpha": np.ones((2, 3))}, order=5)
    assert found.shape == (2, 3, 5)
    for order in range(1, 6):
        value, _ = kernel_of(name).natural_value_and_gradient(**whole, of=order)
        np.testing.assert_allclose(found[..., order - 1], value, rtol=1e-12)


def test_floats_of_single_precision_stay_such() -> None:
    whole = with_sizes("multitask", general_problem("multitask", False))
    single = {k: np.asarray(v, np.float32) if k != "k" else v for k, v in whole.items()}
    value, gradient = kernel_of("multitask").natural_value_and_gradient(**single)
    assert value.dtype == gradient.Sigma.dtype == np.float32
    np.testing.assert_allclose(value, kernel_of("multitask").natural_law(**whole).risk_mean, rtol=1e-5)
    with pytest.raises(ValueError, match=r"^dtype: "):
        kernel_of("multitask").natural_law(**whole, dtype=np.longdouble)


def test_wrong_shapes_are_refused_in_one_sentence() -> None:
    name = "context_encoder"
    kernel, whole = kernel_of(name), with_sizes(name, general_problem(name, False))
    for key, value, words in [
        ("Sigma_1", np.ones((3, 4)), "^Sigma_1: shape"),
        ("Sigma_2", np.eye(3), "^Sigma_2: shape"),
        ("target", np.ones(4), "^target: shape"),
        ("k", 3, "^k: .* an integer from 1 to 2"),
        ("sigma_down", np.eye(4), "^sigma_down: shape"),
    ]:
        with pytest.raises(ValueError, match=words):
            kernel.natural_law(**{**whole, key: value})


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('-np.einsum("nij,nj->ni", here.inverse, by_w)', 'np.einsum("nij,nj->ni", here.inverse, by_w)'),
        ("block = bar[:, rows, columns] * (1 if left == right else 2)", "block = bar[:, rows, columns]"),
        ("features_bar = -2 * regression", "features_bar = -regression"),
        ('(2.0, {}, "jl,ki->ijkl", ("Sigma_1", "B.T B"))', '(3.0, {}, "jl,ki->ijkl", ("Sigma_1", "B.T B"))'),
    ],
)
def test_a_wrong_gradient_is_noticed(right: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = emit(law_of("context_encoder"), natural=tables("context_encoder"))
    assert right in text
    planted = ModuleType("planted")
    exec(text.replace(right, wrong), planted.__dict__)
    monkeypatch.setitem(globals(), "kernel_of", lambda name: planted)
    with pytest.raises(AssertionError):
        test_taylor_slopes_and_50_digits("context_encoder", True)
