"""`formula` of kernels, the plain path: with NumPy and with a library that offers the array API standard and nothing else."""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest
from support import ALL, arguments_of, spacious
from test_accuracy import law_of, problems, written_out

from symasym.codegen.numpy import compile_kernel, emit


@pytest.mark.parametrize("name", ALL)
def test_formula_gives_the_weights_of_the_law_in_any_array_library(name: str) -> None:
    law, sizes = law_of(name), spacious(name, 2)
    kernel = compile_kernel(law)
    values = problems(name, sizes, written_out(law, sizes), 20261124)
    values = {key: np.asarray(value)[:6].reshape(2, 3, *np.shape(value)[1:]) for key, value in values.items()}
    expected = kernel.law(**arguments_of(kernel.law, {k: v for k, v in values.items() if k != "g"}, sizes)).weights
    given = arguments_of(kernel.formula, values, sizes)
    np.testing.assert_allclose(kernel.formula(**given), expected, rtol=1e-11)
    one = {key: value[1, 2] if isinstance(value, np.ndarray) else value for key, value in given.items()}
    np.testing.assert_allclose(kernel.formula(**one), expected[1, 2], rtol=1e-11)
    strict = {key: array_api_strict.asarray(x) if isinstance(x, np.ndarray) else x for key, x in given.items()}
    found = kernel.formula(**strict, xp=array_api_strict)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-11)
    narrow = {key: np.asarray(x, np.float32) if isinstance(x, np.ndarray) else x for key, x in given.items()}
    assert kernel.formula(**narrow).dtype == np.float32


def test_the_plain_path_reads_as_the_formula() -> None:
    text = emit(law_of("spectral"))
    body = text[text.index("def formula(") : text.index("def excess_loss_mean(")]
    assert "(lam_i[..., :, None] - lam_a[..., None, :]) ** 2" in body and len(body.splitlines()) < 30
