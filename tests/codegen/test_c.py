"""Compiled laws against the NumPy kernel, for every model; what is missing says so in one sentence."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from support import ALL, arguments_of, spacious
from test_accuracy import law_of, problems, written_out

from symasym.codegen.c import Compiled, compile_c, emit_c
from symasym.codegen.numpy import compile_kernel
from symasym.errors import InputError

FOLDED = ("spectral", "two_view", "linear_autoencoder")
COMPILER = shutil.which("cc") or shutil.which("gcc")


@pytest.mark.parametrize("name", ALL)
def test_compiled_laws_agree_with_the_kernel(name: str) -> None:
    law, sizes = law_of(name), spacious(name, 2)
    assert "for (long n = 0; n < count; n++)" in emit_c(law).text
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
    if name in FOLDED:
        np.testing.assert_allclose(compile_c(law, fold=True).weights(**own), expected.weights, rtol=1e-12)
    found = compiled.cumulants(3, **own)
    np.testing.assert_allclose(found[..., 0], expected.mean, rtol=1e-12)
    np.testing.assert_allclose(found[..., 1], expected.variance, rtol=1e-12)
    np.testing.assert_allclose(found[..., 2], 8 * np.sum(expected.weights**3, axis=-1), rtol=1e-12)


def test_terms_share_a_division_where_that_is_asked_for() -> None:
    plain, folded = emit_c(law_of("spectral")).text, emit_c(law_of("spectral"), fold=True).text
    assert plain.count("_next") == 0 and folded.count(" / ((t") == 1 and folded.count("i += 2") == 1


def test_without_a_compiler_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match=r"^cc: no C compiler was found"):
        compile_c(law_of("spectral"))


def test_wrong_arguments_are_named() -> None:
    compiled = Compiled(emit_c(law_of("spectral")), None)
    with pytest.raises(InputError, match=r"^lam: the argument is missing"):
        compiled.weights(b=np.ones(2), K=1.0, sigma2=1.0)
