"""Compiled laws against the NumPy kernel, for every model; what is missing says so in one sentence."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache
from types import ModuleType

import numpy as np
import pytest
import sympy
from support import ALL, arguments_of, spacious
from test_accuracy import law_of, problems, written_out

from symasym.benchmarks.forms import law_s
from symasym.codegen.c import Compiled, compile_c, emit_c
from symasym.codegen.numpy import compile_kernel
from symasym.errors import InputError

COMPILER = shutil.which("cc") or shutil.which("gcc")


@cache
def _spectral(share: bool) -> Compiled:
    return compile_c(law_of("spectral"), share)


@cache
def _wide(lanes: int) -> Compiled:
    return compile_c(law_s(), lanes=lanes)


@cache
def _kernel() -> ModuleType:
    return compile_kernel(law_s())


def _scale(value: np.ndarray, derivative: np.ndarray, argument: object) -> np.ndarray:
    """The size of a derivative, or of the value over the argument where that is larger: parts of a derivative may cancel."""
    value = value.reshape(value.shape + (1,) * (derivative.ndim - value.ndim))
    return np.maximum(np.abs(derivative), np.abs(value / np.asarray(argument)))


@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
@pytest.mark.parametrize("count", [1, 7, 16, 17])
@pytest.mark.parametrize("lanes", [2, 4, 8])
def test_every_width_of_a_vector_finds_the_same(lanes: int, count: int) -> None:
    """Families of 11 and 4 numbers, so that squares of 2, 4 and 8 rows are turned and something is left over."""
    rng = np.random.default_rng([lanes, count])
    given = {"lam": np.sort(rng.uniform(0.5, 4, (count, 11)))[:, ::-1] + 0.0, "b": rng.normal(size=(count, 4))}
    wide, kernel = _wide(lanes), _kernel()
    expected = kernel.law(**given)
    np.testing.assert_allclose(wide.weights(**given), expected.weights, rtol=1e-12)
    np.testing.assert_allclose(wide.cumulants(2, **given)[:, 1], expected.variance, rtol=1e-12)
    value, gradient = wide.value_and_gradient((1.0, 0.5), **given)
    known, by = kernel.value_and_gradient(**given, of={"mean": 1.0, "variance": 0.5})
    np.testing.assert_allclose(value, known, rtol=1e-12)
    for argument, derivative in gradient.items():
        wanted = getattr(by, argument)
        np.testing.assert_allclose(derivative, wanted, rtol=1e-10, atol=1e-11 * np.abs(wanted).max())


def test_vectors_have_two_or_four_or_eight_lanes() -> None:
    with pytest.raises(InputError, match=r"lanes: 3 came, 2, 4 or 8 is expected"):
        compile_c(law_of("spectral"), lanes=3)


@pytest.mark.parametrize("name", ALL)
def test_compiled_laws_agree_with_the_kernel(name: str) -> None:
    law, sizes = law_of(name), spacious(name, 2)
    assert "for (long row = 0; row < rows; row += LANES)" in emit_c(law).text
    if COMPILER is None:
        with pytest.raises(InputError, match="no C compiler"):
            compile_c(law)
        return
    kernel, compiled = compile_kernel(law), compile_c(law)
    values = problems(name, sizes, written_out(law, sizes), 20261126)
    values = {
        key: np.asarray(value)[:6].reshape(2, 3, *np.shape(value)[1:]) for key, value in values.items() if key != "g"
    }
    given = arguments_of(kernel.law, values, sizes)
    first = next(iter(law.families))
    given[first] = given[first][:1, :1]
    expected = kernel.law(**given)
    own = {key: value for key, value in given.items() if key != "alpha"}
    np.testing.assert_allclose(compiled.weights(**own), expected.weights, rtol=1e-12)
    found = compiled.cumulants(3, **own)
    np.testing.assert_allclose(found[..., 0], expected.mean, rtol=1e-12)
    np.testing.assert_allclose(found[..., 1], expected.variance, rtol=1e-12)
    np.testing.assert_allclose(found[..., 2], 8 * np.sum(expected.weights**3, axis=-1), rtol=1e-12)
    value, gradient = compiled.value_and_gradient((1.0, 0.5), **own)
    known, by = kernel.value_and_gradient(**given, of={"mean": 1.0, "variance": 0.5})
    np.testing.assert_allclose(value, known, rtol=1e-12)
    for argument, derivative in gradient.items():
        wanted, at = getattr(by, argument), np.asarray(given[argument])
        own_scale = np.abs(
            known.reshape(known.shape + (1,) * (wanted.ndim - 2)) / at
        )  # parts of a derivative may cancel
        assert np.all(np.abs(derivative - wanted) <= 1e-11 * np.maximum(np.abs(wanted), own_scale)), argument


def test_terms_share_a_division_unless_that_is_not_wanted() -> None:
    plain, shared = emit_c(law_of("spectral"), share=False).text, emit_c(law_of("spectral")).text
    assert plain.count("= within(seen") == 0 and plain.count("shared") == 0
    assert shared.count("= within(seen") == 2 and shared.count("if (!shared || in_range(") == 2


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")
@pytest.mark.parametrize("size", [1e-90, 1e-75, 1.0, 1e75, 1e90])
@pytest.mark.parametrize("length", [9, 8])
def test_shared_divisions_lose_nothing_to_underflow(size: float, length: int) -> None:
    """`lam -> s lam`, `K -> K`, `b -> s^p b`: at both ends of the range products of two squared gaps are out of range."""
    shared, plain = _spectral(True), _spectral(False)
    rng = np.random.default_rng(20261130)
    lam = np.sort(rng.uniform(0.5, 3, (11, length)), axis=-1)[:, ::-1]
    scales = np.ones((11, 1))
    scales[4:] = size  # a block of eight in which some problems are out of range, and one in which all are
    given = {"lam": lam * scales, "b": rng.standard_normal((11, 3)), "K": 1.5, "sigma2": 0.5}
    expected, (known, by) = plain.weights(**given), plain.value_and_gradient((1.0,), **given)
    assert np.all(expected > 0) and np.all(np.isfinite(expected))
    np.testing.assert_allclose(shared.weights(**given), expected, rtol=1e-13)
    for name, derivative in shared.value_and_gradient((1.0,), **given)[1].items():
        assert np.all(np.abs(derivative - by[name]) <= 1e-12 * _scale(known, by[name], given[name])), name


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")
def test_batches_that_do_not_fill_the_lanes() -> None:
    compiled, rng = _spectral(True), np.random.default_rng(1)
    lam, b = np.sort(rng.uniform(0.5, 3, (17, 19)), axis=-1)[:, ::-1], rng.standard_normal((17, 2))
    whole = compiled.weights(lam=lam, b=b, K=2.0, sigma2=1.0)
    for count in (0, 1, 7, 8, 9, 16):
        found = compiled.weights(lam=lam[:count], b=b[:count], K=2.0, sigma2=1.0)
        assert found.shape == (count, 17)
        np.testing.assert_array_equal(found, whole[:count])


def test_without_a_compiler_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match=r"^cc: no C compiler was found"):
        compile_c(law_of("spectral"))


def test_wrong_arguments_are_named() -> None:
    compiled = Compiled(emit_c(law_of("spectral")), None)
    with pytest.raises(InputError, match=r"^lam: the argument is missing"):
        compiled.weights(b=np.ones(2), K=1.0, sigma2=1.0)


def test_names_of_c_are_refused() -> None:
    law = law_of("spectral")
    noise = sympy.Symbol("totals", positive=True)
    with pytest.raises(InputError, match=r"^totals: C uses this name itself"):
        emit_c(replace(law, noise=noise))
