"""Generated NumPy kernels against the interpreter of laws, against 50 digits, and alone in a process."""

import ast
import builtins
import functools
import itertools
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jinja2
import jinja2.meta
import mpmath
import numpy as np
import pytest
import support
import sympy
from support import ALL as DERIVED, arguments_of, core_lengths, outside, spacious

from symasym.codegen.numpy import compile_kernel, emit
from symasym.codegen.numpy.emit import TEMPLATE, context
from symasym.codegen.numpy.names import PREFIXES, RESERVED
from symasym.errors import InputError, NotDerivableYet
from symasym.law.evaluate import evaluate
from symasym.law.law import IndexRange, Law

ROOT = Path(__file__).resolve().parents[2]
FIELDS = ("weights", "mean", "variance", "risk_mean", "risk_variance", "alpha0")


# ---- laws to compile


def derived(name):
    return support.derivation(name).law


@functools.cache
def synthetic():
    """Not the law of a model: two outside ranges, nested definitions, roots, offset pairs, sums without their index."""
    d, k, r = sympy.symbols("d k r", integer=True, positive=True)
    i, j, a, c, e, f = sympy.symbols("i j a c e f", integer=True)
    tau, ups, rho, nu2 = sympy.symbols("tau ups rho nu2", real=True)
    lam, w = (sympy.IndexedBase(sympy.Symbol(name, real=True)) for name in ("lam", "w"))
    below = sympy.Sum(sympy.sqrt(lam[i]) * w[a] / (lam[i] - lam[a]) ** sympy.Rational(3, 2), (i, 1, k))
    pairs = sympy.Sum((lam[a] - lam[c]) ** (-2) + tau, (c, a + 1, r), (a, k + 1, r))
    more = sympy.Sum(lam[i] * lam[j] / (lam[i] + lam[j]), (j, i + 1, k), (i, 1, k))
    return Law(
        name="synthetic",
        title="A law made up for tests",
        ranges=(
            IndexRange(i, j, sympy.Integer(1), k, lam[i]),
            IndexRange(a, c, k + 1, r, rho * lam[a] ** 2 + ups, below - sympy.Sum(tau, (i, 1, k)) / 100),
            IndexRange(e, f, r + 1, d, sympy.Integer(2), sympy.Rational(1, 3) / (2 * tau) + (1 + k) / sympy.sqrt(2)),
        ),
        noise=nu2 + rho / 3 - sympy.Rational(1, 7),
        rank=d - k,
        excess_loss_mean=pairs + more - sympy.Sum(w[a], (a, k + 1, r)) / 2 + k * (d - r) ** 2 / sympy.Integer(3),
        quotient_dimension=k * d,
        definitions=((tau, sympy.Sum(lam[i] ** 2, (i, 1, k))), (ups, tau**2 + sympy.Sum(lam[a] / tau, (a, k + 1, r)))),
        where=(k < r, sympy.Gt(d, r)),
        assume=(lam[i] > lam[a],),
        undecided=(),
        hypotheses=(),
    )


@functools.cache
def law_of(name):
    return synthetic() if name == "synthetic" else derived(name)


@functools.cache
def kernel_of(name):
    return compile_kernel(law_of(name))


ALL = [*DERIVED, "synthetic"]
SIZES = {"k": 3, "r": 5, "d": 7}
SMALLER = {"k": 2, "r": 4, "d": 5}


def sizes_of(name, smaller=False):
    """Sizes of all dimensions of a law, no range short; smaller ones where many digits are wanted."""
    if name == "synthetic":
        return SMALLER if smaller else SIZES
    return spacious(name, 2 if smaller else 3)


def in_law(name, sizes):
    return {dimension: sizes[dimension] for dimension in law_of(name).dimensions}


def input_size(name, sizes):
    return len(support.positions(law_of(name).ranges, sizes))


def synthetic_point(sizes, lead, rng):
    lengths = core_lengths(kernel_of("synthetic").law, sizes)
    values = {}
    for family in synthetic().families:
        length = lengths[family]
        steps = np.linspace(0.9, 0.1, length) + rng.uniform(-0.3, 0.3, (*lead, length)) * 0.8 / max(length - 1, 1) / 2
        values[family] = steps
    return values | {scalar: rng.uniform(0.5, 1.5, lead) for scalar in synthetic().scalars}


def point(name, sizes=None, lead=(), seed=0, dtype=float):
    """Random arguments of all functions of the kernel: points of the model, a batch of them on leading axes."""
    sizes, count = sizes or sizes_of(name), int(np.prod(lead))
    if name == "synthetic":
        values = synthetic_point(sizes, lead, np.random.default_rng(seed))
    else:
        points = [support.point(name, sizes, 1000 * seed + n) for n in range(count)]
        wanted = [*points[0].families, *points[0].scalars]
        tables = [at.floats for at in points]
        stacked = {key: np.stack([table[key] for table in tables]) for key in wanted}
        values = {key: value.reshape((*lead, *value.shape[1:])) for key, value in stacked.items()}
    return {key: np.asarray(value).astype(dtype) for key, value in values.items()}


def law_point(name, sizes=None, **options):
    """The part that the law takes, each family of the length that it takes."""
    sizes = sizes or sizes_of(name)
    values, lengths = point(name, sizes, **options), core_lengths(kernel_of(name).law, sizes)
    law = law_of(name)
    return {f: values[f][..., : lengths[f]] for f in law.families} | {s: values[s] for s in law.scalars}


def keywords(name, sizes):
    """The dimensions that the kernel wants by name."""
    given = arguments_of(kernel_of(name).law, {}, sizes)
    return {size: value for size, value in given.items() if size in sizes}


def run(name, values, sizes=None, **options):
    return kernel_of(name).law(**values, **keywords(name, sizes or sizes_of(name)), **options)


def call(name, function, values, sizes):
    """One of the other functions of the kernel."""
    chosen = getattr(kernel_of(name), function)
    return chosen(**arguments_of(chosen, values, sizes))


def covariance(length, lead=(), seed=1):
    factor = np.random.default_rng(seed).normal(size=(*lead, length, length + 3))
    return factor @ np.swapaxes(factor, -1, -2) / length


def compare(result, expected, rtol=1e-12):
    spread = np.sort(np.broadcast_to(expected.weights, result.weights.shape), axis=-1)
    np.testing.assert_allclose(np.sort(result.weights, axis=-1), spread, rtol=rtol, atol=rtol * spread.max())
    np.testing.assert_allclose(result.mean, expected.interaction_cumulant(1), rtol=rtol)
    np.testing.assert_allclose(result.variance, expected.interaction_cumulant(2), rtol=rtol)
    np.testing.assert_allclose(result.risk_mean, expected.mean, rtol=rtol)
    np.testing.assert_allclose(result.risk_variance, expected.var, rtol=rtol)
    np.testing.assert_allclose(result.alpha0, expected.crossover, rtol=rtol)
    assert (result.d_eff, result.d_base) == (expected.d_eff, expected.d_base)


# ---- against the interpreter


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("lead", [(), (4,), (2, 3)])
def test_agrees_with_the_interpreter(name, lead):
    law, sizes = law_of(name), in_law(name, sizes_of(name))
    values = law_point(name, lead=lead)
    alpha = np.random.default_rng(5).uniform(0.5, 5, lead)
    compare(run(name, values, alpha=alpha), law.at(alpha=alpha, **sizes, **values))


@pytest.mark.parametrize("name", ALL)
def test_agrees_for_given_downstream_covariances(name):
    law, sizes = law_of(name), in_law(name, sizes_of(name))
    values, d = law_point(name, lead=(3,)), input_size(name, sizes)
    g = np.random.default_rng(6).uniform(0.5, 2, (3, d))
    compare(run(name, values, g=g), law.at(Sigma_down=g, **sizes, **values))
    sigma = covariance(d, (3,))
    general, expected = run(name, values, sigma_down=sigma), law.at(Sigma_down=sigma, **sizes, **values)
    compare(general, expected, rtol=1e-11)
    assert np.all(np.diff(general.weights, axis=-1) <= 0)


@pytest.mark.parametrize("name", ALL)
def test_a_diagonal_covariance_is_a_special_case_of_a_general_one(name):
    values, d = law_point(name, lead=(4,)), input_size(name, sizes_of(name))
    g = np.random.default_rng(2).uniform(0.5, 2, (4, d))
    diagonal, general = run(name, values, g=g), run(name, values, sigma_down=g[..., None] * np.eye(d))
    np.testing.assert_allclose(np.sort(diagonal.weights, axis=-1)[..., ::-1], general.weights, rtol=1e-12)
    for field in FIELDS[1:]:
        np.testing.assert_allclose(getattr(diagonal, field), getattr(general, field), rtol=1e-12)


def tabulated(law, sizes, values):
    """Numbers for the interpreter, definitions included."""
    table = {**sizes, **values}
    for symbol, definition in law.definitions:
        table[symbol.name] = evaluate(definition, table)
    return table


@pytest.mark.parametrize("name", ALL)
def test_other_functions_agree_with_the_interpreter(name):
    law, sizes = law_of(name), sizes_of(name)
    values = point(name, lead=(2, 3))
    table = tabulated(law, sizes, values)
    excess = call(name, "excess_loss_mean", values, sizes)
    assert excess.shape == (2, 3)
    with np.errstate(divide="ignore"):  # the interpreter also visits the pairs i >= j, and drops them
        expected = evaluate(law.excess_loss_mean, table)
    np.testing.assert_allclose(excess, np.broadcast_to(expected, (2, 3)), rtol=1e-12)
    parts = []
    for item in law.outside:
        bounds = tuple(int(evaluate(bound, sizes)) for bound in (item.first, item.last))
        part = evaluate(item.variance, table, {item.index: bounds})
        parts.append(np.broadcast_to(part, (2, 3, bounds[1] - bounds[0] + 1)))
    spread = call(name, "outside_variance", values, sizes)
    np.testing.assert_allclose(spread, np.concatenate(parts, axis=-1), rtol=1e-12)


@pytest.mark.parametrize("name", DERIVED)
def test_smallest_sizes(name):
    """Ranges of length 0 and 1, as the point file has them, and one long range."""
    law = law_of(name)
    long = max(support.sizes_within(name, 6), key=lambda sizes: -len(outside(law, sizes)) + sum(sizes.values()) / 100)
    for sizes in [*(sizes for sizes in support.sizes_of(name) if outside(law, sizes)), long]:
        values, given = point(name, sizes, (2,)), law_point(name, sizes, lead=(2,))
        known = in_law(name, sizes)
        compare(run(name, given, sizes), law.at(**known, **given))
        sigma = covariance(input_size(name, sizes))
        compare(run(name, given, sizes, sigma_down=sigma), law.at(Sigma_down=sigma, **known, **given), rtol=1e-11)
        with np.errstate(divide="ignore"):  # as above
            expected = evaluate(law.excess_loss_mean, tabulated(law, sizes, values))
        excess = call(name, "excess_loss_mean", values, sizes)
        np.testing.assert_allclose(excess, np.broadcast_to(expected, (2,)), rtol=1e-12)


def test_no_outside_index_where_the_law_allows_it():
    kernel = compile_kernel(replace(derived("spectral"), where=()))
    values = {"b": [1.0, 2.0], "lam": [0.9, 0.5], "K": 1.0, "sigma2": 1.0}
    for options in ({}, {"sigma_down": np.eye(2)}):
        result = kernel.law(**values, **options)
        assert result.weights.shape == (0,) and result.mean == 0 and np.isnan(result.alpha0)
        assert (result.d_eff, result.d_base) == (2, 2) and result.risk_mean == 2
    with pytest.raises(ValueError, match=r"^lam: shape \(1,\) came, \(\.\.\., d\) with d >= k = 2 is expected$"):
        kernel.law([1.0, 2.0], [0.9], 1.0, 1.0)


# ---- against 50 digits


def exact(expression, table):
    """An expression without sums in mpmath numbers; `table` maps symbols and entries to them."""
    if expression in table:
        return table[expression]
    match expression:
        case sympy.Rational():
            return mpmath.mpf(int(expression.p)) / int(expression.q)
        case sympy.Add():
            return mpmath.fsum(exact(part, table) for part in expression.args)
        case sympy.Mul():
            return mpmath.fprod(exact(part, table) for part in expression.args)
        case sympy.Pow():
            return mpmath.power(exact(expression.base, table), exact(expression.exp, table))
    raise TypeError(expression)


def conditioned(expression, table):
    """Value, and how relative errors of the inputs grow, `sum |x df/dx| / |f|`, by differences at 50 digits."""
    value, step = exact(expression, table), mpmath.mpf(10) ** -25
    shifted = (exact(expression, {**table, key: number * (1 + step)}) for key, number in table.items())
    return value, mpmath.fsum(abs(other - value) for other in shifted) / (step * abs(value))


def unrolled(expression):
    """Sums term by term; `doit` leaves those whose bounds depend on another index."""
    if not expression.has(sympy.Sum):
        return expression
    if not isinstance(expression, sympy.Sum):
        return expression.func(*map(unrolled, expression.args))
    *inner, (index, first, last) = expression.limits
    rest = sympy.Sum(expression.function, *inner) if inner else expression.function
    terms = (rest.subs(index, n) for n in range(int(first), int(last) + 1))
    return sympy.Add(*map(unrolled, terms))


def written_out(law, expression, sizes):
    """Definitions and sums written out for concrete sizes."""
    for _ in law.definitions:
        expression = law.expand(expression)
    expression = sympy.sympify(expression)
    return unrolled(
        expression.xreplace({s: sympy.Integer(sizes[s.name]) for s in expression.free_symbols if s.name in sizes})
    )


def table_of(law, values):
    """The arguments as mpmath numbers, by entry and symbol."""
    shown = [law.noise, law.excess_loss_mean, *(e for _, e in law.definitions)]
    shown += [e for r in law.ranges for e in (r.own, r.variance) if e is not None]
    bases = {entry.base for e in shown for entry in e.atoms(sympy.Indexed)}
    symbols = {
        s for e in shown for s in e.free_symbols if isinstance(s, sympy.Symbol) and np.ndim(values.get(s.name, [])) == 0
    }
    entries = {base[n]: x for base in bases for n, x in enumerate(values[str(base.label)].tolist(), start=1)}
    numbers = {symbol: float(values[symbol.name]) for symbol in symbols}
    return {key: mpmath.mpf(x) for key, x in (entries | numbers).items()}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("seed", [11, 12])
def test_agrees_with_fifty_digits(name, seed):
    law, sizes = law_of(name), sizes_of(name, smaller=True)
    values = point(name, sizes, seed=seed)
    result = run(name, law_point(name, sizes, seed=seed), sizes, alpha=1.75)
    spread = call(name, "outside_variance", values, sizes)
    excess = call(name, "excess_loss_mean", values, sizes)

    def check(number, expression):
        value, condition = conditioned(written_out(law, expression, sizes), table)
        assert abs(float(number) - value) <= 1e-13 * max(1, condition) * abs(value), (expression, condition)

    with mpmath.workdps(50):
        table = table_of(law, values)
        position = 0
        for item in law.outside:
            first, last = (int(written_out(law, bound, sizes)) for bound in (item.first, item.last))
            for index in range(first, last + 1):
                here = {item.index: sympy.Integer(index)}
                check(spread[position], item.variance.xreplace(here))
                check(result.weights[position], (item.own * item.variance).xreplace(here))
                position += 1
        assert position == len(result.weights)
        mean = sympy.Add(*(sympy.Sum(r.own * r.variance, r.limits) for r in law.outside))
        variance = 2 * sympy.Add(*(sympy.Sum((r.own * r.variance) ** 2, r.limits) for r in law.outside))
        check(result.mean, mean)
        check(result.variance, variance)
        check(result.risk_mean, law.noise * law.d_eff + mean * sympy.Rational(4, 7))
        check(result.risk_variance, variance * sympy.Rational(16, 49))
        check(result.alpha0, mean / (law.noise * law.rank))
        check(excess, law.excess_loss_mean)


# ---- shapes and types


@pytest.mark.parametrize("name", ALL)
def test_leading_axes_broadcast(name):
    law, sizes = law_of(name), sizes_of(name)
    d, lead = input_size(name, sizes), (2, 3, 4)
    values = law_point(name, lead=lead)
    given = {}
    for number, (key, value) in enumerate(values.items()):
        axis = number % 3
        picked = np.take(value, [0], axis=axis)
        given[key] = picked[0] if axis == 0 else picked
    alpha = np.linspace(1, 2, 4)
    result = run(name, given, alpha=alpha, g=np.ones((2, 1, 1, d)))
    assert result.weights.shape == (*lead, len(outside(law, sizes)))
    assert all(getattr(result, field).shape == lead for field in FIELDS[1:])
    full = {
        key: np.broadcast_to(value, (*lead, *value.shape[value.ndim - 1 :] * (key in law.families)))
        for key, value in given.items()
    }
    again = run(name, full, alpha=np.broadcast_to(alpha, lead), sigma_down=np.broadcast_to(np.eye(d), (2, 1, 1, d, d)))
    for field in FIELDS[1:]:
        np.testing.assert_allclose(getattr(result, field), getattr(again, field), rtol=1e-12)
    assert all(getattr(result, field).flags.writeable for field in FIELDS)


@pytest.mark.parametrize("name", DERIVED)
def test_the_signature_is_that_of_a_generalised_ufunc(name):
    kernel, sizes = kernel_of(name), sizes_of(name)
    values, named, d = law_point(name, lead=(2, 3)), keywords(name, sizes), input_size(name, sizes)
    count = len(values)
    g, sigma, alpha = np.full((3, d), 2.0), covariance(d, (2, 1)), np.ones((2, 1))

    def one(*arguments):
        assert all(np.ndim(a) <= 2 for a in arguments)
        *first, mine, general = arguments
        return (*kernel.law(*first, g=mine, **named)[:5], kernel.law(*first, sigma_down=general, **named).alpha0)

    looped = np.vectorize(one, signature=kernel.SIGNATURE)(*values.values(), alpha, g, sigma)
    assert kernel.SIGNATURE.count("(") == count + 3 + 6
    diagonal, general = run(name, values, alpha=alpha, g=g), run(name, values, alpha=alpha, sigma_down=sigma)
    for field, loop in zip(FIELDS, looped, strict=True):
        np.testing.assert_allclose(getattr(general if field == "alpha0" else diagonal, field), loop, rtol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_single_precision_stays_single(name):
    values, sizes = law_point(name, lead=(3,), dtype=np.float32), sizes_of(name)
    d = input_size(name, sizes)
    sigma = covariance(d).astype(np.float32)
    for options in ({}, {"alpha": 2}, {"g": np.ones(d, np.float32)}, {"sigma_down": sigma}):
        result = run(name, values, **options)
        wide = run(name, {key: value.astype(float) for key, value in values.items()}, **options)
        for field in FIELDS:
            assert getattr(result, field).dtype == np.float32, field
            np.testing.assert_allclose(getattr(result, field), getattr(wide, field), rtol=2e-3)
    single = point(name, lead=(3,), dtype=np.float32)
    assert call(name, "excess_loss_mean", single, sizes).dtype == np.float32
    assert run(name, values, dtype=float).mean.dtype == np.float64
    mixed = {**values, law_of(name).families[0]: values[law_of(name).families[0]].astype(float)}
    assert run(name, mixed).mean.dtype == np.float64


def test_integers_and_lists_are_computed_in_double_precision():
    kernel = kernel_of("spectral")
    for lam in ([5, 3, 1], np.array([5, 3, 1], np.int16), (5, 3, 1)):
        result = kernel.law([1], lam, 1, 1)
        assert all(getattr(result, field).dtype == np.float64 for field in FIELDS)
        np.testing.assert_allclose(result.weights, [(1 + 25 + 25) / (2 * 4), (1 + 25 + 25) / (2 * 16)])
        # with K negatives: (2 K + 2 tau + (3 - K) lam^2) / (4 K gap^2)
        several = kernel.law([1], lam, K=5, sigma2=1).weights
        np.testing.assert_allclose(several, [(10 + 50 - 50) / (20 * 4), (10 + 50 - 50) / (20 * 16)])


# ---- errors


def refused(pattern, function, *arguments, **options):
    with pytest.raises(ValueError, match=pattern) as caught:
        function(*arguments, **options)
    assert "\n" not in str(caught.value)


def test_wrong_shapes_are_refused_in_one_sentence():
    law, b, lam = kernel_of("spectral").law, np.ones(4), np.linspace(1, 0.1, 6)
    refused(r"^lam: shape \(3,\) came, \(\.\.\., d\) with d > k = 4 is expected$", law, b, np.ones(3), 1.0, 1.0)
    refused(r"^lam: shape \(4,\) came, \(\.\.\., d\) with d > k = 4 is expected$", law, b, np.ones(4), 1.0, 1.0)
    refused(r"^lam: shape \(\) came, \(\.\.\., d\) with d >= 1 is expected$", law, b, 1.0, 1.0, 1.0)
    refused(r"^b: shape \(2, 0\) came, \(\.\.\., k\) with k >= 1 is expected$", law, np.ones((2, 0)), lam, 1.0, 1.0)
    refused(r"^g: shape \(2,\) came, \(\.\.\., d\) with d = 6 is expected$", law, b, lam, 1.0, 1.0, g=[1, 2])
    refused(
        r"^sigma_down: shape \(6,\) came, \(\.\.\., d, d\) with d = 6 is expected$",
        law,
        b,
        lam,
        1.0,
        1.0,
        sigma_down=lam,
    )
    refused(r"^sigma_down: came together with g", law, b, lam, 1.0, 1.0, sigma_down=np.eye(6), g=lam)
    refused(
        r"^alpha: leading axes \(2,\) came, axes that fit \(3,\) are expected$",
        law,
        np.ones((3, 4)),
        lam,
        1.0,
        1.0,
        [1, 2],
    )
    refused(r"^sigma_down: leading axes \(2,\) came, axes that fit \(3,\)", law, np.ones((3, 4)), lam, 1.0, 1.0,
            sigma_down=np.broadcast_to(np.eye(6), (2, 6, 6)))  # fmt: skip


def test_wrong_types_are_refused_in_one_sentence():
    law, b, lam = kernel_of("spectral").law, np.ones(4), np.linspace(1, 0.1, 6)
    refused(r"^b: rows of different lengths came", law, [[1], [1, 2]], lam, 1.0, 1.0)
    refused(r"^lam: an array of complex128 came, an array of real numbers is expected$", law, b, lam * 1j, 1.0, 1.0)
    refused(r"^sigma2: an array of <U3 came", law, b, lam, 1.0, "one")
    refused(r"^alpha: an array of object came", law, b, lam, 1.0, 1.0, [None])
    refused(r"^dtype: float16 came, float32 or a wider", law, b.astype(np.float16), lam.astype(np.float16), 1.0, 1.0)
    refused(r"^dtype: int64 came", law, b, lam, 1.0, 1.0, dtype=np.int64)
    if np.dtype(np.longdouble).itemsize > 8:
        refused(
            r"^dtype: .* came, float32 or float64", law, b, lam, 1.0, 1.0, dtype=np.longdouble, sigma_down=np.eye(6)
        )
        assert law(b, lam, 1.0, 1.0, dtype=np.longdouble).mean.dtype == np.longdouble


def test_a_dimension_that_no_array_tells_is_an_argument():
    law = kernel_of("factor").law
    assert law([1.0], [2.0], 1.0, 1.0, d=4).weights.shape == (3,)
    with pytest.raises(TypeError, match="'d'"):
        law([1.0], [2.0], 1.0, 1.0)
    refused(r"^d: 1 came, d > k = 1 is expected$", law, [1.0], [2.0], 1.0, 1.0, d=1)
    for wrong in (2.5, True, 0, "4"):
        refused(rf"^d: {wrong!r} came, a positive integer is expected$", law, [1.0], [2.0], 1.0, 1.0, d=wrong)
    refused(r"^ell: shape \(2,\) came, \(\.\.\., k\) with k = 1 is expected$", law, [1.0], [2.0, 1.0], 1.0, 1.0, d=4)


def with_excess(expression):
    return replace(derived("spectral"), excess_loss_mean=expression)


def test_what_a_kernel_cannot_hold_is_refused_by_name():
    law = derived("spectral")
    i, j, k, lam = *(sympy.Symbol(n, integer=True) for n in "ij"), law.ranges[0].last, sympy.IndexedBase("lam")
    for wrong, named in [
        (sympy.log(k), "log"),
        (sympy.Sum(lam[i + 1], (i, 1, k)), r"lam\[i \+ 1\]"),
        (sympy.Sum(lam[i, i], (i, 1, k)), r"lam\[i, i\]"),
        (lam[i], r"lam\[i\]"),
        (sympy.Sum(i * lam[i], (i, 1, k)), "value of an index"),
        (sympy.Sum(lam[i] * lam[j], (j, i, k), (i, 1, k)), "range that depends on i"),
        (sympy.Sum(lam[i], (i, 1, k**2)), r"k\*\*2"),
        (
            sympy.Sum(sympy.IndexedBase("q")[i], (i, 1, k)) + sympy.Sum(sympy.IndexedBase("q")[i], (i, 3, 2 * k)),
            "^q: its length",
        ),
    ]:
        with pytest.raises(NotDerivableYet, match=named):
            emit(with_excess(wrong))
    with pytest.raises(NotDerivableYet, match="in and out of the learned span"):
        emit(replace(law, ranges=law.ranges[:1]))
    with pytest.raises(NotDerivableYet, match="where"):
        emit(replace(law, where=(sympy.Ne(k, 3),)))


@pytest.mark.parametrize("taken", ["alpha", "lambda", "g", "lam_i", "sum_i", "np", "v_a", "float"])
def test_names_that_the_kernel_uses_are_refused(taken):
    with pytest.raises(InputError, match=f"^{taken}: "):
        emit(replace(derived("spectral"), noise=sympy.Symbol(taken)))


def test_more_arguments_for_the_excess_loss_than_for_the_law():
    law, q, m = derived("spectral"), sympy.IndexedBase("q"), sympy.Symbol("m", integer=True, positive=True)
    i, e = (sympy.Symbol(n, integer=True) for n in "ie")
    k = law.ranges[0].last
    kernel = compile_kernel(
        with_excess(sympy.Sum(q[i], (i, 1, k)) + sympy.Sum(q[e], (e, k + 1, k + m)) * sympy.Symbol("s"))
    )
    values = {"b": [1, 2], "lam": [0.9, 0.8, 0.1]}
    assert kernel.law(**values, K=1, sigma2=1).weights.shape == (1,)
    assert kernel.excess_loss_mean(**values, q=[1, 2, 3, 4, 5], s=[1, 10]).tolist() == [15, 123]
    refused(
        r"^q: shape \(2,\) came, \(\.\.\., k \+ m\) with m >= 1 is expected$",
        kernel.excess_loss_mean,
        **values,
        q=[1, 2],
        s=1,
    )


# ---- the text


def test_interface_follows_the_law():
    assert kernel_of("spectral").SIGNATURE == "(k),(d),(),(),(),(d),(d,d)->(n),(),(),(),(),()"
    assert kernel_of("factor").SIGNATURE == "(k),(k),(),(),(),(d),(d,d)->(n),(),(),(),(),()"
    for name in ALL:
        code = kernel_of(name).law.__code__
        law = law_of(name)
        assert code.co_varnames[: code.co_argcount] == (*law.families, *law.scalars, "alpha")
        assert kernel_of(name).Result._fields == (*FIELDS, "d_eff", "d_base")


@pytest.mark.parametrize("name", ALL)
def test_text(name):
    law = law_of(name)
    text = emit(law, references=[r"A reference with \alpha and \"" 'quotes"' "."])
    tree = ast.parse(text)
    made = f"# Made by `symasym build` from derivations/{name}.py; do not edit. Remake: symasym build {name}"
    header = text.split('"""')[0].rstrip("\n")
    assert header.replace("\n# ", " ") == made and (header == made or len(made) > 120)
    assert text.endswith("\n") and not text.endswith("\n\n")
    docstring = ast.get_docstring(tree)
    assert law.title in docstring and r"with \alpha" in docstring
    assert max(map(len, text.splitlines())) <= 120
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    assert imported == {"__future__", "collections.abc", "functools", "math", "typing", "numpy", "numpy.typing"}


@pytest.mark.parametrize("name", ALL)
def test_reserved_names_are_those_in_use(name):
    """What could clash with an argument of a law is listed: module names, variables of public functions, builtins."""
    law, tree = law_of(name), ast.parse(emit(law_of(name)))
    own = {*law.families, *law.scalars, *law.dimensions, *map(str, law.excess_loss_mean.free_symbols)}
    module = {part.name for part in tree.body if isinstance(part, ast.FunctionDef | ast.ClassDef)}
    module |= {target.id for part in tree.body if isinstance(part, ast.Assign) for target in part.targets}
    functions = [part for part in tree.body if isinstance(part, ast.FunctionDef) and not part.name.startswith("_")]
    public = [part for part in functions if part.name != "formula"]  # its lines are generated, and checked as such
    names = [part for function in public for part in ast.walk(function) if isinstance(part, ast.Name)]
    used_here = {part.id for part in names if isinstance(part.ctx, ast.Store) or hasattr(builtins, part.id)}
    assert {name for name in (module | used_here) - own if not name.startswith(PREFIXES)} <= RESERVED


def test_template_slots_are_the_context_keys():
    tree = jinja2.Environment().parse(TEMPLATE.read_text(encoding="utf-8"))
    assert jinja2.meta.find_undeclared_variables(tree) == set(context(derived("spectral"), (), "x"))


ALONE = """
import sys
for name in ("sympy", "symasym", "mpmath", "jinja2", "scipy"):
    sys.modules[name] = None
import importlib.util, json
import numpy as np
results = {}
for name, (path, values, sizes) in json.load(sys.stdin).items():
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result = module.law(**values, **sizes)
    results[name] = [np.asarray(field).tolist() for field in result]
print(json.dumps(results))
"""


def test_kernels_need_nothing_but_numpy(tmp_path):
    problems = {}
    for name in ALL:
        path = tmp_path / f"{name}_kernel.py"
        path.write_text(emit(law_of(name)), encoding="utf-8")
        values = {key: value.tolist() for key, value in law_point(name, lead=(2,)).items()}
        problems[name] = (str(path), values, keywords(name, sizes_of(name)))
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE],
        input=json.dumps(problems), cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    results = json.loads(done.stdout)
    for name in ALL:
        expected = law_of(name).at(**in_law(name, sizes_of(name)), **law_point(name, lead=(2,)))
        compare(kernel_of(name).Result(*map(np.asarray, results[name][:6]), *results[name][6:]), expected)


def test_generated_files_pass_the_linter():
    for name in ALL:
        done = subprocess.run(
            [sys.executable, "-m", "ruff", "check", "--stdin-filename", f"generated/kernels/{name}.py", "-"],
            input=emit(law_of(name)), cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout


def test_pairs_of_pairs_use_their_own_positions():
    """Two pair sums with the same letters over different ranges: positions and entries are read anew for each."""
    law = derived("spectral")
    i, j = (sympy.Symbol(n, integer=True) for n in "ij")
    d, k, lam = law.ranges[1].last, law.ranges[0].last, sympy.IndexedBase(sympy.Symbol("lam", real=True))
    inside = sympy.Sum(lam[i] / (lam[i] - lam[j]), (j, i + 1, k), (i, 1, k))
    beyond = sympy.Sum(lam[i] / (lam[i] - lam[j]), (j, i + 1, d), (i, k + 1, d))
    lam_values = np.array([0.9, 0.7, 0.65, 0.3, 0.2, 0.05])
    result = compile_kernel(with_excess(inside + 5 * beyond)).excess_loss_mean(np.ones(3), lam_values)
    expected = sum(factor * x / (x - y) for factor, part in ((1, lam_values[:3]), (5, lam_values[3:]))
                   for x, y in itertools.combinations(part, 2))  # fmt: skip
    np.testing.assert_allclose(result, expected, rtol=1e-13)


def test_long_formulas_are_broken_into_lines():
    law, lam = derived("spectral"), sympy.IndexedBase(sympy.Symbol("lam", real=True))
    i, a, d, k = (law.ranges[0].index, law.ranges[1].index, law.ranges[1].last, law.ranges[0].last)
    long = sympy.Add(*((lam[i] + n * lam[a]) ** n / (1 + n + lam[a]) for n in range(1, 15)))
    for expression in (
        sympy.Sum(long, (a, k + 1, d), (i, 1, k)),
        sympy.Add(*(sympy.Sum(lam[i] ** n, (i, 1, k)) for n in range(40))),
    ):
        changed = with_excess(expression)
        assert max(map(len, emit(changed).splitlines())) <= 120
        values = point("spectral", lead=(2,))
        expected = evaluate(expression, {"k": 3, "d": 7, **values})
        np.testing.assert_allclose(
            compile_kernel(changed).excess_loss_mean(values["b"], values["lam"]), expected, rtol=1e-12
        )


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("1 / 4 / K", "1 / 2 / K"),
        ("np.multiply, part_i, 3 - K)", "np.multiply, part_i, 4 - K)"),
        ("lam_a = lam[k:]", "lam_a = lam[k - 1 : -1]"),
        ("label_noise * d_eff", "label_noise * d"),
        ("second = 2 * second", "second = second"),
    ],
)
def test_the_comparison_notices_a_planted_mistake(right, wrong):
    law, values = derived("spectral"), point("spectral") | {"K": np.array(3.0)}  # where 3 - K is 0
    text = emit(law)
    assert right in text
    namespace = {"__name__": "planted"}
    exec(text.replace(right, wrong), namespace)
    with pytest.raises(AssertionError):
        compare(namespace["law"](**values), law.at(**in_law(law.name, sizes_of(law.name)), **values))
