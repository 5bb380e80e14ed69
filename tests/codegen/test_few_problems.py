"""Few problems go through the formula as it reads, many through blocks: the numbers, the types and the domain are the same."""

import functools

import numpy as np
import pytest
import support
from support import ALL, arguments_of, core_lengths

from symasym.codegen.numpy import compile_kernel, emit

FEW, MANY = 3, 20


@functools.cache
def kernel_of(name):
    return compile_kernel(support.derivation(name).law)


def points(name, count=MANY):
    """Arguments of `cumulants` for a batch of points of the model."""
    sizes = support.spacious(name, 3)
    kernel = kernel_of(name)
    lengths = core_lengths(kernel.law, sizes)
    found = [support.point(name, sizes, 77 + n) for n in range(count)]
    values = {key: np.stack([at.floats[key] for at in found]) for key in (*found[0].families, *found[0].scalars)}
    values = {key: value[..., : lengths[key]] if key in lengths else value for key, value in values.items()}
    return kernel, arguments_of(kernel.cumulants, values, sizes)


def first(given, count):
    return {key: value[:count] if isinstance(value, np.ndarray) else value for key, value in given.items()}


@pytest.mark.parametrize("name", ALL)
def test_few_are_computed_as_many(name):
    kernel, given = points(name)
    expected = kernel.cumulants(**given, order=3)
    few = kernel.cumulants(**first(given, FEW), order=3)
    assert few.shape == (FEW, 3) and few.flags.writeable
    np.testing.assert_allclose(few, expected[:FEW], rtol=1e-12)
    one = {key: value[0] if isinstance(value, np.ndarray) else value for key, value in given.items()}
    np.testing.assert_allclose(kernel.cumulants(**one, order=3), expected[0], rtol=1e-12)
    single = {key: v.astype(np.float32) if isinstance(v, np.ndarray) else v for key, v in first(given, FEW).items()}
    assert kernel.cumulants(**single).dtype == np.float32


@pytest.mark.parametrize(
    ("key", "place", "value"),
    [
        ("lam", 0, 0.01),
        ("lam", 2, np.inf),
        ("lam", 1, np.nan),
        ("b", 0, np.nan),
        ("b", 0, 1e200),
        ("b", slice(None), 1e-90),
    ],
)
def test_outside_the_domain_few_are_computed_as_many(key, place, value):
    """Order, infinities, NaN, overflow, and cumulants below the range of numbers."""
    kernel, given = points("spectral")
    given[key][1, place] = value
    expected = kernel.cumulants(**given, order=2)
    few = kernel.cumulants(**first(given, FEW), order=2)
    assert np.isnan(expected[1]).any()
    np.testing.assert_array_equal(np.isnan(few), np.isnan(expected[:FEW]))
    np.testing.assert_allclose(few, expected[:FEW], rtol=1e-12)


def test_few_problems_use_the_formula():
    """A mistake in `formula` shows in few problems, and not in many."""
    _, given = points("spectral")
    text = emit(support.derivation("spectral").law)
    wanted = next(line for line in text.splitlines() if line.strip().startswith("w_a = "))
    namespace = {"__name__": "planted"}
    exec(text.replace(wanted, f"{wanted} * 2", 1), namespace)
    expected = kernel_of("spectral").cumulants(**given, order=1)
    np.testing.assert_allclose(namespace["cumulants"](**given, order=1), expected, rtol=1e-14)
    few = namespace["cumulants"](**first(given, FEW), order=1)
    np.testing.assert_allclose(few, 2 * expected[:FEW], rtol=1e-12)
