"""Derivatives of kernels against Taylor's formula: the remainder of the first order falls with the square of the step.

The function is the closed form of the law, written out at concrete sizes, at 50 digits; the derivative is the kernel's,
in double precision. Over six decades of the step `t`, with `g` the derivative along a random direction,

    f(x + t e) - f(x) - t g

must fall by a factor of 100 for each decade, until rounding of `g` shows. A wrong derivative falls by 10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from support import ALL, arguments_of, concrete, expanded, input_dimension, inside, outside, spacious
from test_accuracy import WrittenOut, condition, law_of, numbers_in, problems, written_out

from symasym.codegen.numpy import compile_kernel, emit

SEED, DIGITS = 20261122, 50
DECADES = range(2, 9)
"""Steps `10^-2 .. 10^-8`, relative to the entry that is changed."""
NUMBERS = ("mean", "variance", "risk_mean", "risk_variance", "alpha0", "noise", 3)
ROUNDING = 1e-13
"""Of a derivative, relative, in units of the condition number: what stops the remainder from falling."""


@cache
def kernel_of(name: str) -> ModuleType:
    return compile_kernel(law_of(name))


@cache
def sizes_of(name: str) -> dict[str, int]:
    return spacious(name, 2)


@cache
def exact_of(name: str) -> tuple[WrittenOut, Callable[..., Any], Callable[..., Any]]:
    """The written-out law; third cumulant and noise on top, all as functions of its arguments."""
    law, sizes = law_of(name), sizes_of(name)
    written = written_out(law, sizes)
    plain = [sympy.Symbol(f"x{n}") for n in range(len(written.arguments))]
    table = dict(zip(written.arguments, plain, strict=True))
    third, noise = (
        sympy.lambdify(plain, expanded(law, form, sizes).xreplace(table), modules="mpmath")
        for form in (law.cumulant(3), law.noise)
    )
    return written, third, noise


@cache
def good_problems(name: str, count: int) -> dict[str, np.ndarray]:
    """The best conditioned of the random problems, so that the first steps are small on the scale of their gaps."""
    written, _, _ = exact_of(name)
    values = problems(name, sizes_of(name), written, SEED)
    best = np.argsort(np.max(condition(written, numbers_in(written, values)), axis=0))[:count]
    return {key: value[best] for key, value in values.items()}


def problem(name: str) -> dict[str, np.ndarray]:
    return {key: value[0] for key, value in good_problems(name, 1).items()}


def exact_values(name: str, values: Mapping[str, Any]) -> dict[Any, Any]:
    """All numbers at 50 digits; entries of `values` may be mpmath numbers."""
    written, third, noise = exact_of(name)
    numbers = [
        values[str(x.base.label)][int(x.indices[0]) - 1] if x.is_Indexed else values[str(x)] for x in written.arguments
    ]
    found = dict(zip(written.names, written.exact(*numbers), strict=True))
    return found | {3: third(*numbers), "noise": noise(*numbers)}


def exact_numbers(values: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {
        key: [mpmath.mpf(float(x)) for x in value] if np.ndim(value) else mpmath.mpf(float(value))
        for key, value in values.items()
    }


def moved(values: Mapping[str, Any], changed: str, direction: Any, step: Any) -> dict[str, Any]:
    """The values with one argument moved, each entry relative to its size."""
    before = values[changed]
    if isinstance(before, list):  # entries beyond those that a function takes stay
        after: Any = [x * (1 + step * e) for x, e in zip(before, direction, strict=False)] + before[len(direction) :]
    else:
        after = before * (1 + step * direction)
    return {**values, changed: after}


def slopes(remainders: list[Any], scale: Any) -> None:
    """Remainders fall by 100 for each decade where the steps are small enough, as far as rounding allows."""
    floors = [mpmath.mpf(10) ** -n * ROUNDING * scale for n in DECADES]
    above = [n for n in range(len(remainders) - 1) if remainders[n + 1] > 100 * floors[n + 1]]
    shown = [mpmath.nstr(r, 5) for r in remainders]
    for n in above[-3:]:
        assert 50 < remainders[n] / remainders[n + 1] < 200, shown
    for remainder, floor in zip(remainders, floors, strict=True):
        assert remainder <= max(100 * floor, remainders[0]), shown
    if len(above) < len(remainders) - 1:
        assert remainders[-1] <= 100 * floors[-1], shown


def continuous(given: Mapping[str, Any]) -> list[str]:
    """The arguments that are not dimensions."""
    return [key for key, value in given.items() if isinstance(value, np.ndarray | float)]


def directions(values: Mapping[str, np.ndarray], changed: str) -> Any:
    rng = np.random.default_rng([SEED, len(changed)])
    shape = np.shape(values[changed])
    return rng.uniform(0.5, 1.5, shape) * rng.choice([-1, 1], shape)


@pytest.mark.parametrize("long", [1, 10**6], ids=["batch first", "batch last"])
@pytest.mark.parametrize("name", ALL)
def test_taylor_slopes_of_every_number_in_every_argument(name: str, long: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, sizes = kernel_of(name), sizes_of(name)
    monkeypatch.setattr(kernel, "LONG", long)
    given = arguments_of(kernel.value_and_gradient, problem(name), sizes)
    values = {key: given[key] for key in continuous(given)}
    found = {of: kernel.value_and_gradient(**given, of=of) for of in NUMBERS}
    with mpmath.workdps(DIGITS):
        start = exact_numbers(problem(name))
        base = exact_values(name, start)
        for of, (value, _) in found.items():
            assert abs(float(value) - base[of]) <= 1e-11 * abs(base[of]), of
        for changed in continuous(given):
            direction = directions(values, changed)
            e = [mpmath.mpf(float(x)) for x in direction] if np.ndim(direction) else mpmath.mpf(float(direction))
            away = [exact_values(name, moved(start, changed, e, mpmath.mpf(10) ** -n)) for n in DECADES]
            for of, (_, gradient) in found.items():
                terms = getattr(gradient, changed) * values[changed] * direction
                along, scale = (
                    mpmath.mpf(float(np.sum(terms))),
                    mpmath.mpf(float(np.sum(np.abs(terms)))) + abs(base[of]),
                )
                remainders = [
                    abs(there[of] - base[of] - mpmath.mpf(10) ** -n * along)
                    for n, there in zip(DECADES, away, strict=True)
                ]
                slopes(remainders, scale)


@pytest.mark.parametrize("long", [1, 10**6], ids=["batch first", "batch last"])
@pytest.mark.parametrize("name", ALL)
def test_taylor_slopes_of_the_excess_loss(name: str, long: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, sizes = kernel_of(name), sizes_of(name)
    monkeypatch.setattr(kernel, "LONG", long)
    function = kernel.excess_loss_value_and_gradient
    given = arguments_of(function, problem(name), sizes)
    values = {key: given[key] for key in continuous(given)}
    value, gradient = function(**given)
    with mpmath.workdps(DIGITS):
        start = exact_numbers(problem(name))
        base = exact_values(name, start)["excess_loss_mean"]
        assert abs(float(value) - base) <= 1e-11 * abs(base)
        for changed in gradient._fields:
            direction = directions(values, changed)
            e = [mpmath.mpf(float(x)) for x in direction] if np.ndim(direction) else mpmath.mpf(float(direction))
            terms = getattr(gradient, changed) * values[changed] * direction
            along, scale = mpmath.mpf(float(np.sum(terms))), mpmath.mpf(float(np.sum(np.abs(terms)))) + abs(base)
            remainders = [
                abs(exact_values(name, moved(start, changed, e, step))["excess_loss_mean"] - base - step * along)
                for step in (mpmath.mpf(10) ** -n for n in DECADES)
            ]
            slopes(remainders, scale)


@pytest.mark.parametrize("name", ALL)
def test_derivatives_of_the_excess_loss_are_those_of_each_problem(name: str) -> None:
    kernel, sizes = kernel_of(name), sizes_of(name)
    function = kernel.excess_loss_value_and_gradient
    given = arguments_of(function, problem(name), sizes)
    factors = np.array([1.0, 1.25, 2.0])
    several = {
        key: np.multiply.outer(factors, value) if key in continuous(given) else value for key, value in given.items()
    }
    value, gradient = function(**several)
    for n, factor in enumerate(factors):
        alone = {key: factor * given[key] if key in continuous(given) else given[key] for key in given}
        expected, derivatives = function(**alone)
        np.testing.assert_allclose(value[n], expected, rtol=1e-13)
        for found, wanted in zip(gradient, derivatives, strict=True):
            np.testing.assert_allclose(found[n], wanted, rtol=1e-12, atol=1e-13 * np.max(np.abs(wanted), initial=0))


# ---- a general downstream covariance


def general_values(name: str, values: Mapping[str, Any], sigma: mpmath.matrix) -> dict[Any, Any]:
    """Numbers of the law at 50 digits for a downstream covariance that is not diagonal."""
    law, sizes = law_of(name), sizes_of(name)
    beyond = outside(law, sizes)
    known = exact_values(name, {**values, "g": [mpmath.mpf(1)] * input_dimension(name, sizes)})
    order = [*inside(law, sizes), *beyond]
    inverse = mpmath.inverse(mpmath.matrix([[sigma[p, q] for q in order] for p in order]))
    start = len(order) - len(beyond)
    schur = mpmath.inverse(inverse[start : len(order), start : len(order)])
    spread = mpmath.diag([known[f"weights[{n}]"] for n in range(len(beyond))])
    one, rank = schur * spread, concrete(law.rank, sizes)
    trace = [sum((one**r)[n, n] for n in range(len(beyond))) for r in (1, 2, 3)]
    mean, variance, third = trace[0], 2 * trace[1], 8 * trace[2]
    noise, alpha = known["noise"], values["alpha"]
    return {
        "mean": mean,
        "variance": variance,
        3: third,
        "noise": noise,
        "risk_mean": noise * (len(order) - len(beyond)) + mean / alpha,
        "risk_variance": variance / alpha**2,
        "alpha0": mean / (noise * rank),
    }


@pytest.mark.parametrize("name", ALL)
def test_taylor_slopes_for_a_general_downstream_covariance(name: str) -> None:
    kernel, sizes = kernel_of(name), sizes_of(name)
    d, rng = input_dimension(name, sizes), np.random.default_rng(SEED)
    factor = rng.standard_normal((d, d + 2))
    sigma = factor @ factor.T / d
    given = arguments_of(kernel.value_and_gradient, {**problem(name), "sigma_down": sigma}, sizes)
    given.pop("g")
    values = {key: given[key] for key in continuous(given)}
    found = {of: kernel.value_and_gradient(**given, of=of) for of in ("mean", "variance", "risk_mean", "alpha0", 3)}
    wiggle = rng.standard_normal((d, d))
    wiggle = (wiggle + wiggle.T) / 2
    with mpmath.workdps(DIGITS):
        start = exact_numbers(problem(name))
        matrix, e = mpmath.matrix(sigma.tolist()), mpmath.matrix(wiggle.tolist())
        base = general_values(name, start, matrix)
        away = [general_values(name, start, matrix + mpmath.mpf(10) ** -n * e) for n in DECADES]
        for of, (value, gradient) in found.items():
            assert abs(float(value) - base[of]) <= 1e-10 * abs(base[of]), of
            assert np.array_equal(gradient.sigma_down, gradient.sigma_down.T) and gradient.g is None
            along = mpmath.mpf(float(np.sum(gradient.sigma_down * wiggle)))
            scale = 100 * mpmath.mpf(float(np.sum(np.abs(gradient.sigma_down * wiggle)))) + abs(base[of])
            slopes(
                [abs(t[of] - base[of] - mpmath.mpf(10) ** -n * along) for n, t in zip(DECADES, away, strict=True)],
                scale,
            )
        for changed in continuous(given):
            if changed == "sigma_down":
                continue
            direction = directions(values, changed)
            step = [mpmath.mpf(float(x)) for x in direction] if np.ndim(direction) else mpmath.mpf(float(direction))
            away = [general_values(name, moved(start, changed, step, mpmath.mpf(10) ** -n), matrix) for n in DECADES]
            for of, (_, gradient) in found.items():
                terms = getattr(gradient, changed) * values[changed] * direction
                along = mpmath.mpf(float(np.sum(terms)))
                scale = 100 * (mpmath.mpf(float(np.sum(np.abs(terms)))) + abs(base[of]))
                slopes(
                    [abs(t[of] - base[of] - mpmath.mpf(10) ** -n * along) for n, t in zip(DECADES, away, strict=True)],
                    scale,
                )


# ---- interface


def test_a_sum_of_numbers_is_asked_for_by_factors() -> None:
    kernel, values = kernel_of("spectral"), problem("spectral")
    given = arguments_of(kernel.value_and_gradient, values, sizes_of("spectral"))
    factors = {"mean": 0.5, "variance": np.array([1.0, -2.0]), 3: 0.25, "alpha0": -1.0, "noise": 3.0}
    value, gradient = kernel.value_and_gradient(**given, of=factors)
    parts = [kernel.value_and_gradient(**given, of=of) for of in factors]
    for n in range(2):
        weights = [np.broadcast_to(factor, 2)[n] for factor in factors.values()]
        np.testing.assert_allclose(
            value[n], sum(w * part for w, (part, _) in zip(weights, parts, strict=True)), rtol=1e-12
        )
        for field in gradient._fields:
            if getattr(gradient, field) is not None:
                each = sum(w * getattr(part, field) for w, (_, part) in zip(weights, parts, strict=True))
                np.testing.assert_allclose(
                    getattr(gradient, field)[n], each, rtol=1e-11, atol=1e-11 * np.max(np.abs(each))
                )


def test_what_is_not_a_number_of_the_law_is_refused_in_one_sentence() -> None:
    kernel, values = kernel_of("spectral"), problem("spectral")
    given = arguments_of(kernel.value_and_gradient, values, sizes_of("spectral"))
    for wrong in ("risk", 0, True, {"mean": 1.0, "median": 2.0}):
        with pytest.raises(ValueError, match=r"^of: .* came, an order of a cumulant or one of mean, .* is expected$"):
            kernel.value_and_gradient(**given, of=wrong)
    with pytest.raises(ValueError, match=r"^of: nothing came"):
        kernel.value_and_gradient(**given, of={})
    with pytest.raises(ValueError, match=r"^order: 0 came"):
        kernel.cumulants(**arguments_of(kernel.cumulants, values, sizes_of("spectral")), order=0)


@pytest.mark.parametrize("name", ALL)
def test_gradients_of_a_batch_are_those_of_its_problems(name: str) -> None:
    """Arguments with leading axes of their own, some of them without any; single precision stays single."""
    kernel, sizes = kernel_of(name), sizes_of(name)
    values = good_problems(name, 6)
    batch = {key: value.reshape(2, 3, *value.shape[1:]) for key, value in values.items()}
    one = next(iter(law_of(name).families))
    batch[one] = batch[one][:1, :1]
    batch["alpha"] = batch["alpha"][0, 0]
    value, gradient = kernel.value_and_gradient(**arguments_of(kernel.value_and_gradient, batch, sizes), of="risk_mean")
    assert value.shape == (2, 3) and all(x is None or x.shape[:2] == (2, 3) for x in gradient)
    for place in np.ndindex(2, 3):
        alone = {
            key: x[place] if key not in (one, "alpha") else x.reshape(np.shape(values[key][0]))
            for key, x in batch.items()
        }
        single, by_each = kernel.value_and_gradient(**arguments_of(kernel.value_and_gradient, alone, sizes))
        np.testing.assert_allclose(value[place], single, rtol=1e-13)
        for field, part in zip(gradient._fields, by_each, strict=True):
            if part is not None:
                scale = np.max(np.abs(part)) + abs(single)
                np.testing.assert_allclose(getattr(gradient, field)[place], part, rtol=1e-11, atol=1e-12 * scale)
    narrow = {key: np.asarray(x, np.float32) for key, x in batch.items()}
    value, gradient = kernel.value_and_gradient(**arguments_of(kernel.value_and_gradient, narrow, sizes))
    assert value.dtype == np.float32 and all(x is None or x.dtype == np.float32 for x in gradient)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("np.multiply(work_0, work_1, out=work_0)", "np.multiply(work_0, work_0, out=work_0)"),
        ("return slope", "return 2 * slope"),
        ("total = total - factor * kappa[1] / self.alpha**2", "total = total - factor * kappa[1] / self.alpha"),
    ],
)
def test_a_wrong_derivative_is_noticed(right: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = emit(law_of("spectral"))
    assert right in text
    planted = ModuleType("planted")
    exec(text.replace(right, wrong), planted.__dict__)
    monkeypatch.setitem(globals(), "kernel_of", lambda name: planted)
    with pytest.raises(AssertionError):
        test_taylor_slopes_of_every_number_in_every_argument("spectral", 10**6, monkeypatch)
