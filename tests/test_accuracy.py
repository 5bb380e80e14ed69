"""Kernels against 50 digits: a thousand random problems of every model and variant, gaps down to 1e-8.

The closed form is written out at concrete sizes and evaluated by mpmath at the very floats that the kernel gets. Allowed is a
relative error of 1e-13 times the condition number of the number in question,

    kappa = max(1, sum_x |x df/dx| / |f|),

the sum over all inputs `x` of the formula: by how much a relative error of the inputs grows. Where eigenvalues come close this is
about `2 lam / gap`. The derivatives are imaginary parts of the written-out formula in complex floats, at a step that is lost
in the real part. Every other problem size is computed with the batch on the last axis, the others with it on the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from support import (
    ALL,
    arguments_of,
    concrete,
    derivation,
    expanded,
    input_dimension,
    inside,
    optional,
    outside,
    positions,
    sizes_within,
)

from symasym.codegen.numpy import compile_kernel
from symasym.codegen.numpy.emit import emit
from symasym.law.law import Law, alpha

SEED = 20261121
DIGITS = 50
TOLERANCE = 1e-13
LARGEST = 6
"""No range is longer."""
COUNT = 10
EACH = 100
"""Problems for each size; together a thousand for each model."""
STEP = 1e-30
"""Relative imaginary step of the derivatives."""


def sizes_of(name: str, count: int = COUNT) -> list[dict[str, int]]:
    """Sizes up to the largest, spread over all that the model allows; some come twice where it allows few."""
    every = list(sizes_within(name, LARGEST))
    return [every[(2 * n + 1) * len(every) // (2 * count)] for n in range(count)]


Functions = Callable[..., list[Any]]


@cache
def law_of(name: str) -> Law:
    return derivation(name).law


@dataclass(frozen=True)
class WrittenOut:
    """The numbers of a law at concrete sizes, as functions of the entries in `arguments`; at 50 digits and in floats."""

    names: list[str]
    arguments: list[sympy.Basic]
    exact: Functions
    floats: Functions


def closed_forms(law: Law, sizes: Mapping[str, int]) -> dict[str, sympy.Expr]:
    """What a kernel returns, by name, in the law's own symbols."""
    forms = {"mean": law.mean, "variance": law.variance, "risk_mean": law.risk_mean, "alpha0": law.alpha0,
             "risk_variance": law.variance / alpha**2, "excess_loss_mean": law.excess_loss_mean}  # fmt: skip
    weights = [
        weight.subs(index, n + 1)
        for (weight, (index, *_)), item in zip(law.weights, law.outside, strict=True)
        for n in positions([item], sizes)
    ]
    return forms | {f"weights[{n}]": weight for n, weight in enumerate(weights)}


def written_out(law: Law, sizes: Mapping[str, int]) -> WrittenOut:
    """Definitions and sums written out, ready to take numbers."""
    forms = closed_forms(law, sizes)
    written = [expanded(law, form, sizes) for form in forms.values()]
    arguments = sorted(set().union(*(_arguments(form) for form in written)), key=str)
    plain = [sympy.Symbol(f"x{n}") for n in range(len(arguments))]
    bodies = [form.xreplace(dict(zip(arguments, plain, strict=True))) for form in written]
    exact, floats = (sympy.lambdify(plain, bodies, modules=modules, cse=True) for modules in ("mpmath", "numpy"))
    return WrittenOut(list(forms), arguments, exact, floats)


def _arguments(form: sympy.Expr) -> set[sympy.Basic]:
    entries = form.atoms(sympy.Indexed)
    inside = {symbol for entry in entries for symbol in entry.free_symbols}
    return entries | {s for s in form.free_symbols - inside if isinstance(s, sympy.Symbol)}


# ---- random problems


def gaps(rng: np.random.Generator, count: int) -> np.ndarray:
    """From 1 down to 1e-8, evenly in decades."""
    return 10.0 ** -rng.uniform(0, 8, count)


def spectrum(rng: np.random.Generator, length: int, upper: int, above: bool, positive: bool) -> np.ndarray:
    """Descending `(EACH, length)`; gaps around the first `upper` down to 1e-8; those, or all, positive if so said."""
    top = rng.uniform(0.05, 0.9, EACH)
    if not positive:
        top = np.where(rng.random(EACH) < 0.3, -top, top)
    floor = np.maximum(top, 0) if above else top
    signal = floor[:, None] + np.cumsum(gaps(rng, EACH * upper).reshape(EACH, upper), axis=1)[:, ::-1]
    low = 0.01 if positive else -1.0
    noise = np.where(top > 0, top, 0)[:, None] * rng.uniform(low, 1, (EACH, length - upper))
    noise = noise + np.minimum(top, 0)[:, None]
    noise[:, :1] = top[:, None]
    return np.concatenate([signal, np.sort(noise, axis=1)[:, ::-1]], axis=1)


@dataclass(frozen=True)
class Family:
    """What a law assumes of an indexed family: the letters of ranges that are positive, and which are above which."""

    positive: frozenset[str]
    order: frozenset[tuple[str, str]]

    def draw(self, bounds: Mapping[str, Sequence[int]], length: int, rng: np.random.Generator) -> np.ndarray:
        """`(EACH, length)`, `bounds` the positions of each range."""
        if not self.order:
            values = rng.standard_normal((EACH, length))
            chosen = [n for letter in self.positive for n in bounds[letter] if n < length]
            values[:, chosen] = 10.0 ** rng.uniform(-2, 2, (EACH, len(chosen)))
            return values
        higher, lower = ({pair[n] for pair in self.order} for n in (0, 1))
        for high, low in self.order:
            assert max(bounds[high], default=-1) < min(bounds[low], default=length), "descending families alone"
        upper = min(length, max((n + 1 for letter in higher for n in bounds[letter]), default=0))
        positive = bool(self.positive & (lower - higher))
        return spectrum(rng, length, upper, bool(self.positive & higher), positive)


def assumed(name: str) -> dict[str, Family]:
    """What the law assumes of each family, where every relation is of the form `x[p] > x[q]` or `x[p] > 0`."""
    order: dict[str, set[tuple[str, str]]] = {}
    positive: dict[str, set[str]] = {}
    replaced = optional(name, "problems", None)
    for relation in law_of(name).assume:
        more, less = relation.gts, relation.lts
        if more.is_Indexed and less.is_Indexed and more.base == less.base:
            order.setdefault(str(more.base.label), set()).add((str(more.indices[0]), str(less.indices[0])))
        elif more.is_Indexed and less == 0:
            positive.setdefault(str(more.base.label), set()).add(str(more.indices[0]))
        elif relation.has(sympy.Indexed):
            assert replaced, (
                f"tests/points: {name} assumes {relation}, which random families need not fulfil; say problems"
            )
    return {
        family: Family(frozenset(positive.get(family, ())), frozenset(order.get(family, ())))
        for family in {*order, *positive}
    }


def problems(name: str, sizes: Mapping[str, int], written: WrittenOut, seed: int) -> dict[str, np.ndarray]:
    """Values of families, scalars, `g` and `alpha` for `EACH` problems, in part from the model's point file if it says so."""
    rng, known = np.random.default_rng([seed, *sizes.values()]), assumed(name)
    bounds = ranges_of(name, sizes)
    values = {}
    for family in sorted({str(e.base.label) for e in written.arguments if e.is_Indexed} - {"g"}):
        length = max(int(e.indices[0]) for e in written.arguments if e.is_Indexed and str(e.base.label) == family)
        values[family] = known.get(family, Family(frozenset(), frozenset())).draw(bounds, length, rng)
    alone = {str(x) for x in written.arguments if not x.is_Indexed}
    for scalar in sorted({*law_of(name).scalars, *alone} - {"alpha"}):
        values[scalar] = 10.0 ** rng.uniform(-2, 2, EACH)
    values["g"] = 10.0 ** rng.uniform(-2, 2, (EACH, input_dimension(name, sizes)))
    values["alpha"] = 10.0 ** rng.uniform(-1, 2, EACH)
    return values | optional(name, "problems", lambda *_: {})(sizes, EACH, rng)


def ranges_of(name: str, sizes: Mapping[str, int]) -> dict[str, list[int]]:
    """Positions of every range of the model, by its letter."""
    aligned = derivation(name).model.aligned
    assert aligned is not None
    return {
        str(index): list(range(concrete(first, sizes) - 1, concrete(last, sizes)))
        for index, (first, last) in aligned.ranges.items()
    }


def numbers_in(written: WrittenOut, values: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The values in the order of the arguments, each of shape `(EACH,)`."""
    return [
        values[str(x.base.label)][:, int(x.indices[0]) - 1] if x.is_Indexed else values[str(x)]
        for x in written.arguments
    ]


def condition(written: WrittenOut, numbers: list[np.ndarray]) -> np.ndarray:
    """`kappa` of every number of every problem, `(numbers, EACH)`."""
    value = _floats(written, numbers)
    total = np.zeros_like(value)
    for n, number in enumerate(numbers):
        moved = _floats(written, [*numbers[:n], number * (1 + STEP * 1j), *numbers[n + 1 :]])
        total += np.abs(np.imag(moved)) / STEP
    return np.maximum(1, total / np.abs(value))


def _floats(written: WrittenOut, numbers: list[np.ndarray]) -> np.ndarray:
    return np.array([np.broadcast_to(value, EACH) for value in written.floats(*numbers)])


def kernel_numbers(kernel: ModuleType, sizes: Mapping[str, int], values: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What the kernel returns for all problems at once, by the names of the closed forms."""
    result = kernel.law(**arguments_of(kernel.law, values, sizes))
    excess = kernel.excess_loss_mean(**arguments_of(kernel.excess_loss_mean, values, sizes))
    numbers = {name: getattr(result, name) for name in ("mean", "variance", "risk_mean", "risk_variance", "alpha0")}
    weights = {f"weights[{n}]": result.weights[:, n] for n in range(result.weights.shape[1])}
    numbers = numbers | weights | {"excess_loss_mean": excess}
    return {name: np.broadcast_to(value, EACH) for name, value in numbers.items()}


def errors(name: str, kernel: ModuleType, sizes: Mapping[str, int], seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """For every number of the law its relative errors over `EACH` problems, in units of the condition number."""
    written = written_out(law_of(name), sizes)
    values = problems(name, sizes, written, seed)
    numbers = numbers_in(written, values)
    found = kernel_numbers(kernel, sizes, values)
    relative = np.zeros((len(written.names), EACH))
    with mpmath.workdps(DIGITS):
        for m in range(EACH):
            exact = written.exact(*(mpmath.mpf(float(number[m])) for number in numbers))
            for n, (form, value) in enumerate(zip(written.names, exact, strict=True)):
                relative[n, m] = abs(mpmath.mpf(float(found[form][m])) / value - 1)
    yield from zip(written.names, relative / condition(written, numbers), strict=True)


@pytest.mark.parametrize("name", ALL)
def test_kernels_are_accurate(name: str) -> None:
    assert COUNT * EACH == 1000
    kernel = compile_kernel(law_of(name))
    for seed, sizes in enumerate(sizes_of(name), SEED):
        kernel.LONG = 1 if seed % 2 else 10**6
        for form, error in errors(name, kernel, sizes, seed):
            assert np.max(error) < TOLERANCE, f"{form} at {sizes}: {np.max(error):.3g} in units of kappa"


def general_errors(name: str, kernel: ModuleType, sizes: Mapping[str, int], count: int) -> Iterator[float]:
    """For the first few problems with a general downstream covariance, the worst error of weights and mean, in units of kappa.

    Weights are compared on the scale of the largest. `kappa` is the condition number of the covariance.
    """
    law, d = law_of(name), input_dimension(name, sizes)
    beyond, within = outside(law, sizes), inside(law, sizes)
    written = written_out(law, sizes)
    values = problems(name, sizes, written, SEED)
    numbers = numbers_in(written, values | {"g": np.ones((EACH, d))})
    factor = np.random.default_rng([SEED, *sizes.values()]).standard_normal((EACH, d, d + 1))
    down = factor @ np.swapaxes(factor, 1, 2)
    given = {key: value for key, value in values.items() if key != "g"} | {"sigma_down": down}
    found = kernel.law(**arguments_of(kernel.law, given, sizes))
    for m in range(count):
        with mpmath.workdps(DIGITS):
            exact = dict(zip(written.names, written.exact(*(mpmath.mpf(float(x[m])) for x in numbers)), strict=True))
            schur = schur_complement(down[m], within, beyond)
            spread = mpmath.diag([mpmath.sqrt(exact[f"weights[{n}]"]) for n in range(len(beyond))])
            weights = sorted(mpmath.eigsy(spread * schur * spread, eigvals_only=True), reverse=True)
            worst = max(abs(found.weights[m, n] - weights[n]) for n in range(len(beyond))) / weights[0]
            mean = abs(found.mean[m] / mpmath.fsum(weights) - 1)
        yield float(max(worst, mean)) / float(np.linalg.cond(down[m]))


def schur_complement(matrix: np.ndarray, within: list[int], beyond: list[int]) -> mpmath.matrix:
    """Of the learned indices, in the precision of mpmath: the inverse of a block of the inverse."""
    order = [*within, *beyond]
    inverse = mpmath.inverse(mpmath.matrix(matrix[np.ix_(order, order)].tolist()))
    return mpmath.inverse(inverse[len(within) : len(order), len(within) : len(order)])


@pytest.mark.parametrize("name", ALL)
def test_kernels_are_accurate_for_a_general_downstream_covariance(name: str) -> None:
    kernel = compile_kernel(law_of(name))
    for sizes in sizes_of(name, 3):
        assert max(general_errors(name, kernel, sizes, 20)) < TOLERANCE


def test_the_problems_reach_small_gaps() -> None:
    law, sizes = law_of("spectral"), {"d": 5, "k": 2}
    lam = problems("spectral", sizes, written_out(law, sizes), SEED)["lam"]
    gap = lam[:, 1] - lam[:, 2]
    assert 1e-8 < gap.min() < 5e-8 and gap.max() > 0.3
    assert np.all(np.diff(lam, axis=1) <= 0) and np.all(lam[:, 1] > 0) and np.any(lam[:, 2] < 0)
    written = written_out(law_of("linear_autoencoder"), sizes)
    assert np.all(problems("linear_autoencoder", sizes, written, 1)["lam"] > 0)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (
            "np.square(work_0, out=work_0)",  # cancels where the gap is small
            "work_0[...] = lam_i[:, None] ** 2 - 2 * lam_i[:, None] * lam_a[tile] + lam_a[tile] ** 2",
        ),
        ("lam_i**2", "lam_i**2.000000001"),
    ],
)
def test_a_planted_loss_of_digits_is_noticed(right: str, wrong: str) -> None:
    text = emit(law_of("spectral"))
    assert right in text
    planted = ModuleType("planted")
    exec(text.replace(right, wrong), planted.__dict__)
    worst = max(np.max(error) for _, error in errors("spectral", planted, {"d": 3, "k": 1}, SEED))
    assert not worst <= TOLERANCE  # NaN where the cancelled gap is not positive
