"""Kernels against 50 digits: a thousand random problems of every model and variant, gaps down to 1e-6.

The closed form is written out at concrete sizes and evaluated by mpmath at the very floats that the kernel gets. Allowed is a
relative error of 1e-12 times the condition number of the number in question,

    kappa = max(1, sum_x |x df/dx| / |f|),

the sum over all inputs `x` of the formula: by how much a relative error of the inputs grows. Where eigenvalues come close this is
about `2 lam / gap`. The derivatives are differences of the written-out formula in floats, which is enough for a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from support import MODELS, VARIANTS, derivation

from symasym.codegen.numpy import compile_kernel
from symasym.codegen.numpy.emit import emit
from symasym.law.law import Law, alpha

SEED = 20261121
DIGITS = 50
TOLERANCE = 1e-12
SIZES = [(2, 1), (3, 1), (3, 2), (4, 2), (5, 1), (5, 2), (5, 3), (6, 2), (6, 3), (6, 5)]
"""`(d, k)`: no range is longer than six."""
EACH = 100
"""Problems for each size; together a thousand for each model."""
STEP = 1e-8
"""Relative step of the differences: far below the smallest gap, far above rounding."""

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
    position = 0
    for weight, (index, first, last) in law.weights:
        low, high = (int(law.expand(bound, **sizes)) for bound in (first, last))
        for n in range(low, high + 1):
            forms[f"weights[{position}]"] = weight.subs(index, n)
            position += 1
    return forms


def written_out(law: Law, sizes: Mapping[str, int]) -> WrittenOut:
    """Definitions and sums written out, ready to take numbers."""
    forms = closed_forms(law, sizes)
    written = []
    for form in forms.values():
        for _ in law.definitions:  # definitions may mention each other
            form = law.expand(form)
        written.append(law.expand(form, **sizes))
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
    """From 1 down to 1e-6, evenly in decades."""
    return 10.0 ** -rng.uniform(0, 6, count)


def spectrum(rng: np.random.Generator, d: int, k: int, positive: bool) -> np.ndarray:
    """Descending `(EACH, d)`, the first `k` positive and above the rest; gaps among and below them down to 1e-6."""
    top = rng.uniform(0.05, 0.9, EACH)
    if not positive:
        top = np.where(rng.random(EACH) < 0.3, -top, top)
    signal = np.maximum(top, 0)[:, None] + np.cumsum(gaps(rng, EACH * k).reshape(EACH, k), axis=1)[:, ::-1]
    low = 0.01 if positive else -1.0
    noise = np.where(top > 0, top, 0)[:, None] * rng.uniform(low, 1, (EACH, d - k)) + np.minimum(top, 0)[:, None]
    noise[:, 0] = top
    return np.concatenate([signal, np.sort(noise, axis=1)[:, ::-1]], axis=1)


def families_assumed(law: Law) -> tuple[set[str], set[str]]:
    """Names of the families that descend, and of those that are positive on every range."""
    ordered, positive = set(), set()
    learned = {item.index for item in law.ranges if item.learned}
    for relation in law.assume:
        entries = {str(e.base.label): e for e in relation.atoms(sympy.Indexed)}
        if relation.lhs.is_Indexed and relation.rhs.is_Indexed:
            ordered |= set(entries)
        elif relation.rhs == 0:
            positive |= {n for n, e in entries.items() if n not in ordered or not learned & set(e.indices)}
    return ordered, positive


def problems(law: Law, sizes: Mapping[str, int], written: WrittenOut, seed: int) -> dict[str, np.ndarray]:
    """Values of families, scalars, `g` and `alpha` for `EACH` problems."""
    rng = np.random.default_rng([seed, *sizes.values()])
    ordered, positive = families_assumed(law)
    values = {}
    for name in law.families:
        length = max(int(e.indices[0]) for e in written.arguments if e.is_Indexed and str(e.base.label) == name)
        if name in ordered:
            values[name] = spectrum(rng, length, sizes["k"], name in positive)
        elif name in positive:
            values[name] = 10.0 ** rng.uniform(-2, 2, (EACH, length))
        else:
            values[name] = rng.standard_normal((EACH, length))
    for name in law.scalars:
        above = 4 if name == "degrees_of_freedom" else 0
        values[name] = above + 10.0 ** rng.uniform(-2, 2, EACH)
    values["K"] = np.ceil(values["K"]) if "K" in values else np.ones(EACH)  # a count
    values["g"] = 10.0 ** rng.uniform(-2, 2, (EACH, sizes["d"]))
    values["alpha"] = 10.0 ** rng.uniform(-1, 2, EACH)
    return values


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
        above, below = (
            _floats(written, [*numbers[:n], number * (1 + sign * STEP), *numbers[n + 1 :]]) for sign in (1, -1)
        )
        total += np.abs(above - below) / (2 * STEP)
    return np.maximum(1, total / np.abs(value))


def _floats(written: WrittenOut, numbers: list[np.ndarray]) -> np.ndarray:
    return np.array([np.broadcast_to(value, EACH) for value in written.floats(*numbers)])


def kernel_numbers(
    kernel: ModuleType, law: Law, sizes: Mapping[str, int], values: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """What the kernel returns for all problems at once, by the names of the closed forms."""
    given = {name: values[name] for name in (*law.families, *law.scalars)}
    result = kernel.law(**given, alpha=values["alpha"], g=values["g"], **_wanted(kernel.law, sizes))
    excess = kernel.excess_loss_mean(
        **_wanted(kernel.excess_loss_mean, values), **_wanted(kernel.excess_loss_mean, sizes)
    )
    numbers = {name: getattr(result, name) for name in ("mean", "variance", "risk_mean", "risk_variance", "alpha0")}
    weights = {f"weights[{n}]": result.weights[:, n] for n in range(result.weights.shape[1])}
    numbers = numbers | weights | {"excess_loss_mean": excess}
    return {name: np.broadcast_to(value, EACH) for name, value in numbers.items()}


def _wanted(function: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that a function of the kernel takes by name."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return {name: value for name, value in values.items() if name in names}


def errors(name: str, kernel: ModuleType, sizes: Mapping[str, int], seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """For every number of the law its relative errors over `EACH` problems, in units of the condition number."""
    law = law_of(name)
    written = written_out(law, sizes)
    values = problems(law, sizes, written, seed)
    numbers = numbers_in(written, values)
    found = kernel_numbers(kernel, law, sizes, values)
    relative = np.zeros((len(written.names), EACH))
    with mpmath.workdps(DIGITS):
        for m in range(EACH):
            exact = written.exact(*(mpmath.mpf(float(number[m])) for number in numbers))
            for n, (form, value) in enumerate(zip(written.names, exact, strict=True)):
                relative[n, m] = abs(mpmath.mpf(float(found[form][m])) / value - 1)
    yield from zip(written.names, relative / condition(written, numbers), strict=True)


@pytest.mark.parametrize("name", [*MODELS, *VARIANTS])
def test_kernels_are_accurate(name: str) -> None:
    assert len(SIZES) * EACH == 1000
    kernel = compile_kernel(law_of(name))
    for d, k in SIZES:
        for form, error in errors(name, kernel, {"d": d, "k": k}, SEED):
            assert np.max(error) < TOLERANCE, f"{form} at d = {d}, k = {k}: {np.max(error):.3g} in units of kappa"


def general_errors(name: str, kernel: ModuleType, sizes: Mapping[str, int], count: int) -> Iterator[float]:
    """For the first few problems with a general downstream covariance, the worst error of weights and mean, in units of kappa.

    Weights are compared on the scale of the largest. `kappa` is the condition number of the covariance.
    """
    law, d, k = law_of(name), sizes["d"], sizes["k"]
    written = written_out(law, sizes)
    values = problems(law, sizes, written, SEED)
    numbers = numbers_in(written, values | {"g": np.ones((EACH, d))})
    factor = np.random.default_rng([SEED, d, k]).standard_normal((EACH, d, d + 1))
    down = factor @ np.swapaxes(factor, 1, 2)
    given = {key: values[key] for key in (*law.families, *law.scalars)}
    found = kernel.law(**given, sigma_down=down, **_wanted(kernel.law, sizes))
    for m in range(count):
        with mpmath.workdps(DIGITS):
            exact = dict(zip(written.names, written.exact(*(mpmath.mpf(float(x[m])) for x in numbers)), strict=True))
            matrix = mpmath.matrix(down[m].tolist())
            schur = mpmath.inverse(mpmath.inverse(matrix)[k:d, k:d])
            spread = mpmath.diag([mpmath.sqrt(exact[f"weights[{n}]"]) for n in range(d - k)])
            weights = sorted(mpmath.eigsy(spread * schur * spread, eigvals_only=True), reverse=True)
            worst = max(abs(found.weights[m, n] - weights[n]) for n in range(d - k)) / weights[0]
            mean = abs(found.mean[m] / mpmath.fsum(weights) - 1)
        yield float(max(worst, mean)) / float(np.linalg.cond(down[m]))


@pytest.mark.parametrize("name", [*MODELS, *VARIANTS])
def test_kernels_are_accurate_for_a_general_downstream_covariance(name: str) -> None:
    kernel = compile_kernel(law_of(name))
    for d, k in [(3, 1), (4, 2), (6, 3)]:
        assert max(general_errors(name, kernel, {"d": d, "k": k}, 20)) < TOLERANCE


def test_the_problems_reach_small_gaps() -> None:
    law, sizes = law_of("spectral"), {"d": 5, "k": 2}
    lam = problems(law, sizes, written_out(law, sizes), SEED)["lam"]
    gap = lam[:, 1] - lam[:, 2]
    assert 1e-6 < gap.min() < 2e-6 and gap.max() > 0.3
    assert np.all(np.diff(lam, axis=1) <= 0) and np.all(lam[:, 1] > 0) and np.any(lam[:, 2] < 0)
    assert np.all(
        problems(law_of("linear_autoencoder"), sizes, written_out(law_of("linear_autoencoder"), sizes), 1)["lam"] > 0
    )


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("(lam_i - lam_a) ** 2", "(lam_i**2 - 2 * lam_i * lam_a + lam_a**2)"),  # cancels where the gap is small
        ("lam_i**2", "lam_i**2.000000001"),
    ],
)
def test_a_planted_loss_of_digits_is_noticed(right: str, wrong: str) -> None:
    text = emit(law_of("spectral"))
    assert right in text
    planted = ModuleType("planted")
    exec(text.replace(right, wrong), planted.__dict__)
    with np.errstate(divide="ignore"):
        worst = max(np.max(error) for _, error in errors("spectral", planted, {"d": 3, "k": 1}, SEED))
    assert worst > TOLERANCE
