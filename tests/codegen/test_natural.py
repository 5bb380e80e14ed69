"""Kernels in natural parameters: against `evaluate`, against 50 digits, and their gradients by Taylor slopes.

The judge changes coordinates at 50 digits (Cholesky and eigenvalues by mpmath) and puts them into the closed form written out at
concrete sizes. Directions of symmetric matrices are symmetric. Spectra come in three kinds: apart, with a relative gap of 1e-8
at the bottleneck, and with eigenvalues that coincide on either side of it, where difference quotients would be 0/0.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from support import ALL, checked, derivation, loaded, random_good
from test_accuracy import law_of
from test_gradients import exact_values, general_values, sizes_of

from symasym.codegen.numpy import compile_kernel
from symasym.codegen.pencil import Pencil, pencil_of
from symasym.evaluation import evaluate_inputs
from symasym.law.law import Law
from symasym.model.instance import AlignedPoint

SEED, DIGITS = 20261123, 50
DECADES = (2, 4, 6, 8)
SPECTRA = {
    "apart": [0.9, 0.7, 0.4, 0.3, 0.2, 0.12],
    "close": [0.9, 0.4 * (1 + 1e-8), 0.4, 0.3, 0.2, 0.12],
    "equal": [0.8, 0.8, 0.3, 0.3, 0.1, 0.1],
}
PENCILS = {name: pencil for name in ALL if (pencil := pencil_of(derivation(name).model)) is not None}
NAMES = sorted(PENCILS)


@cache
def kernel_of(name: str) -> ModuleType:
    return compile_kernel(law_of(name), PENCILS[name])


def test_models_without_further_assumptions_on_their_constants_have_natural_parameters() -> None:
    assert {"spectral", "spectral_head", "infonce", "two_view", "factor", "linear_autoencoder"} <= set(NAMES)
    assert not {"context_encoder", "multitask", "sipt", "masked_autoencoder"} & set(NAMES)  # test_natural_words.py


# ---- against the law that symasym evaluates


def natural_inputs(name: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a JSON document as arguments; scalars that `align` renames from the aligned point."""
    pencil, given = PENCILS[name], checked(name, document)
    instance = loaded(name).instance
    point = instance.align(given)
    assert isinstance(point, AlignedPoint)
    names = [*pencil.matrices, pencil.target, "alpha"]
    scalars = [s for s in (*law_of(name).scalars, "sigma2") if s in point.values or s in given]
    found = {n: given[n] for n in names} | {s: point.values.get(s, given.get(s)) for s in scalars}
    if found.get("degrees_of_freedom") == np.inf:  # Gaussian data are the limit
        found["degrees_of_freedom"] = 1e20
    if pencil.kind != "loadings":
        found["k"] = given["k"]
    return found | ({"sigma_down": given["Sigma_down"]} if "Sigma_down" in given else {})


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_those_of_evaluate(name: str) -> None:
    rng = np.random.default_rng(SEED)
    for _ in range(6):
        document, _ = random_good(name, rng)
        evaluation = evaluate_inputs(loaded(name), document)
        found = kernel_of(name).natural_law(**natural_inputs(name, document))
        numeric = evaluation.numeric
        np.testing.assert_allclose(float(found.mean), numeric.interaction_cumulant(1), rtol=1e-8)
        np.testing.assert_allclose(float(found.risk_mean), numeric.mean, rtol=1e-8)
        np.testing.assert_allclose(np.sort(found.weights)[::-1][: len(numeric.weights)], np.sort(numeric.weights)[::-1],
                                   rtol=1e-7, atol=1e-9 * np.max(numeric.weights))  # fmt: skip


# ---- problems and 50 digits


def problem(name: str, spectrum: str, down: bool) -> dict[str, Any]:
    """Natural parameters with a given spectrum, as floats."""
    rng, sizes, pencil = np.random.default_rng([SEED, len(name)]), sizes_of(name), PENCILS[name]
    d, k = (sizes.get(n, 0) for n in ("d", "k"))
    d = d or sizes["d_x"]
    lam = np.array(SPECTRA[spectrum])[2 - k if k < 2 else 0 :][:d]
    turn, root = np.linalg.qr(rng.standard_normal((d, d)))[0], np.eye(d) + 0.3 * rng.standard_normal((d, d))
    scalars = {"K": 3.0, "gamma": 0.2, "degrees_of_freedom": 9.0, "noise": 0.7, "sigma_nu2": 0.4, "sigma2": 1.3}
    found: dict[str, Any] = {s: scalars[s] for s in scalars if s in (*law_of(name).scalars, "sigma2")}
    if "sigma_nu2" in found:
        del found["sigma2"]
    match pencil.kind:
        case "pair":
            sigma, other = root @ root.T, root @ (turn * lam) @ turn.T @ root.T
            found |= dict(zip(pencil.matrices, (even(sigma), even(other)), strict=True))
        case "own":
            found |= {pencil.matrices[0]: even(turn * lam @ turn.T)}
        case "loadings":
            right = np.linalg.qr(rng.standard_normal((k, k)))[0]
            found |= {pencil.matrices[0]: 2 * (turn[:, :k] * np.sqrt(lam[:k])) @ right}
        case "cross":
            p = sizes["r"]  # as many correlations as the smaller view has dimensions
            other, right = np.eye(p) + 0.3 * rng.standard_normal((p, p)), np.linalg.qr(rng.standard_normal((p, p)))[0]
            r = min(d, p)
            cross = root @ (turn[:, :r] * lam[:r]) @ right[:r] @ other.T
            found |= dict(zip(pencil.matrices, (even(root @ root.T), cross, even(other @ other.T)), strict=True))
    found |= {pencil.target: rng.standard_normal(k if pencil.kind == "loadings" else d), "alpha": 2.0}
    if down:
        factor = rng.standard_normal((d, d + 2))
        found["sigma_down"] = even(factor @ factor.T / d)
    return found


def even(matrix: np.ndarray) -> np.ndarray:
    return (matrix + matrix.T) / 2


def matrix_of(value: Any) -> mpmath.matrix:
    return mpmath.matrix(value.tolist()) if isinstance(value, np.ndarray) else mpmath.mpf(float(value))


def numbers_of(name: str, given: Mapping[str, Any]) -> dict[Any, Any]:
    """All numbers of the law for natural parameters that are mpmath matrices."""
    pencil, law, k = PENCILS[name], law_of(name), sizes_of(name)["k"]
    turn, mu, t = aligned(pencil, given)
    back = mpmath.inverse(turn)
    beta = back.T * t
    d = turn.rows
    down = turn * given["sigma_down"] * turn.T if "sigma_down" in given else None
    c = beta[:k]
    if down is not None and pencil.kind != "loadings":
        c = list(mpmath.lu_solve(down[:k, :k], down[:k, :] * beta))
    family = [mpmath.sqrt(x) if x > 0 else mpmath.mpf(0) for x in mu] if pencil.kind == "cross" else mu
    values = {s: given[s] for s in (*law.scalars, "sigma2") if s in given} | {pencil.family: family}
    values[pencil.coefficient] = [scaled(pencil, law, given, family, n) * x for n, x in enumerate(c)]
    values["alpha"] = given["alpha"]
    if down is None:
        values["g"] = own_entries(law, values, d)
        return exact_values(name, values)
    return general_values(name, values, down)


def scaled(pencil: Pencil, law: Law, given: Mapping[str, Any], family: list[Any], n: int) -> Any:
    """What a coefficient is multiplied with."""
    result: Any = mpmath.mpf(1)
    for expression in pencil.scale.values():
        table = {e: sympy.Symbol("x") for e in expression.atoms(sympy.Indexed)}
        names = sorted(s.name for s in expression.free_symbols if s.name in given)
        function = sympy.lambdify(["x", *names], expression.xreplace(table), "mpmath")
        result = function(family[n], *(given[s] for s in names))
    return result


def own_entries(law: Law, values: Mapping[str, Any], d: int) -> list[Any]:
    """The pre-training data's variances in aligned coordinates."""
    result = []
    for item in law.ranges:
        own = sympy.sympify(item.own)
        names = sorted(s.name for s in own.free_symbols if s.name in values and s.name not in law.families)
        entries = list(own.atoms(sympy.Indexed))
        table = {e: sympy.Symbol(f"y{n}") for n, e in enumerate(entries)}
        function = sympy.lambdify([*(f"y{n}" for n in range(len(entries))), *names], own.xreplace(table), "mpmath")
        first, last = (int(sympy.sympify(b).subs({s: sizes_now[s.name] for s in sympy.sympify(b).free_symbols}))
                       for b in (item.limits[1], item.limits[2]))  # fmt: skip
        for n in range(first - 1, last):
            at = [values[str(e.base.label)][n] for e in entries]
            result.append(mpmath.mpf(function(*at, *(values[s] for s in names))))
    return result


sizes_now: dict[str, int] = {}


def aligned(pencil: Pencil, given: Mapping[str, Any]) -> tuple[mpmath.matrix, list[Any], mpmath.matrix]:
    """`T`, descending `mu` and the target, a vector in the coordinates of `x`."""
    first, *others = (given[name] for name in pencil.matrices)
    t = given[pencil.target]
    white = mpmath.eye(first.rows)
    match pencil.kind:
        case "pair":
            white, middle = mpmath.inverse(mpmath.cholesky(first)), others[0]
        case "own":
            middle = first
        case "loadings":
            middle, t = first * first.T, first * t
        case _:
            white, middle = mpmath.inverse(mpmath.cholesky(first)), others[0] * mpmath.inverse(others[1]) * others[0].T
    values, vectors = mpmath.eigsy(white * middle * white.T)
    order = list(range(len(values)))[::-1]
    turn = mpmath.matrix([[vectors[p, n] for p in range(len(values))] for n in order]) * white
    return turn, [values[n] for n in order], t


@pytest.fixture(autouse=True)
def _sizes(request: pytest.FixtureRequest) -> None:
    name = getattr(request.node, "callspec", None) and request.node.callspec.params.get("name")
    if name:
        sizes_now.clear()
        sizes_now.update(sizes_of(name))


def arguments(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    more = {} if PENCILS[name].kind == "loadings" else {"k": sizes_of(name)["k"]}
    return dict(given) | more


def norm(x: Any) -> float:
    return float(np.linalg.norm(np.asarray(x, float)))


@pytest.mark.parametrize("down", [False, True], ids=["own", "general"])
@pytest.mark.parametrize("spectrum", SPECTRA)
@pytest.mark.parametrize("name", NAMES)
def test_numbers_agree_with_50_digits(name: str, spectrum: str, down: bool) -> None:
    """To 1e-13 times `sum |x| |df/dx| / |f|`, the norms being those in which eigenvalue problems are solved stably."""
    given = problem(name, spectrum, down)
    with mpmath.workdps(DIGITS):
        exact = numbers_of(name, {key: matrix_of(value) for key, value in given.items()})
    for of in ("mean", "variance", "risk_mean"):
        value, gradient = kernel_of(name).natural_value_and_gradient(**arguments(name, given), of=of)
        kappa = sum(norm(given[f]) * norm(getattr(gradient, f)) for f in gradient._fields if f in given) / abs(value)
        law = kernel_of(name).natural_law(**arguments(name, given))
        cumulants = kernel_of(name).natural_cumulants(**arguments(name, given), order=2)
        np.testing.assert_allclose(cumulants, [law.mean, law.variance], rtol=1e-13)
        assert abs(float(value) / float(exact[of]) - 1) <= 1e-13 * max(1.0, kappa), of
        assert abs(float(getattr(law, of)) / float(exact[of]) - 1) <= 1e-13 * max(1.0, kappa), of


@pytest.mark.parametrize("down", [False, True], ids=["own", "general"])
@pytest.mark.parametrize("spectrum", ["apart", "equal"])
@pytest.mark.parametrize("name", NAMES)
def test_taylor_slopes(name: str, spectrum: str, down: bool) -> None:
    given, numbers = problem(name, spectrum, down), ("risk_mean", "variance", "alpha0", 3)
    found = {of: kernel_of(name).natural_value_and_gradient(**arguments(name, given), of=of) for of in numbers}
    rng = np.random.default_rng(SEED)
    with mpmath.workdps(DIGITS):
        start = {key: matrix_of(value) for key, value in given.items()}
        base = numbers_of(name, start)
        for changed, value in given.items():
            direction = rng.standard_normal(np.shape(value)) * (0.3 * norm(value) / max(1, np.size(value)))
            if np.ndim(value) == 2 and changed not in ("A", "Sigma_xy"):
                direction = even(direction)
            e = matrix_of(direction) if np.ndim(direction) else mpmath.mpf(float(direction))
            away = [numbers_of(name, {**start, changed: start[changed] + e * mpmath.mpf(10) ** -n}) for n in DECADES]
            for of, (_, gradient) in found.items():
                terms = getattr(gradient, changed) * direction
                along = mpmath.mpf(float(np.sum(terms)))
                scale = 100 * (mpmath.mpf(norm(getattr(gradient, changed)) * norm(direction)) + abs(base[of]))
                remainders = [
                    abs(there[of] - base[of] - mpmath.mpf(10) ** -n * along)
                    for n, there in zip(DECADES, away, strict=True)
                ]
                falling(remainders, scale, f"{of} by {changed}")


def falling(remainders: list[Any], scale: Any, what: str) -> None:
    """By 10^4 for two decades, as far as rounding of the gradient allows."""
    floors = [mpmath.mpf(10) ** -n * 1e-13 * scale for n in DECADES]
    above = [n for n in range(len(remainders) - 1) if remainders[n + 1] > 100 * floors[n + 1]]
    for n in above[-2:]:
        assert 2e3 < remainders[n] / remainders[n + 1] < 5e4, [what, *(mpmath.nstr(r, 5) for r in remainders)]
    if len(above) < len(remainders) - 1:
        assert remainders[-1] <= 100 * floors[-1], [what, *(mpmath.nstr(r, 5) for r in remainders)]


# ---- interface


def test_problems_outside_the_domain_are_nan_and_leave_others_alone() -> None:
    kernel, given = kernel_of("spectral"), problem("spectral", "apart", True)
    d, k = len(given["Sigma"]), sizes_of("spectral")["k"]
    wrong = {
        "Sigma": [np.diag([1.0] * (d - 1) + [-1.0]), np.triu(np.ones((d, d)))],
        "Sigma_plus": [given["Sigma"] * 0.5, -given["Sigma_plus"], np.full((d, d), np.nan)],
        "sigma_down": [np.zeros((d, d))],
        "alpha": [-1.0],
    }
    alone, gradient = kernel.natural_value_and_gradient(**arguments("spectral", given))
    for key, values in wrong.items():
        for value in values:
            both = {**given, key: np.stack([given[key], value])}
            found = kernel.natural_law(**arguments("spectral", both))
            assert np.isfinite(found.mean[0]) and np.isnan(found.mean[1]) and np.all(np.isnan(found.weights[1])), key
            number, by = kernel.natural_value_and_gradient(**arguments("spectral", both))
            np.testing.assert_allclose(number[0], alone, rtol=1e-12)
            assert np.isnan(number[1]) and np.all(np.isnan(by.Sigma[1])), key
            np.testing.assert_allclose(by.Sigma[0], gradient.Sigma, rtol=1e-9, atol=1e-12)
    assert k < d


def test_outside_the_domain_there_is_nan_and_no_warning() -> None:
    """Warnings are errors here: a root of what is negative is a problem outside the domain, and nothing else."""
    given = arguments("decorrelation", problem("decorrelation", "apart", False))
    kernel, Sigma = kernel_of("decorrelation"), np.array(given["Sigma"])
    Sigma[0, 0] = np.inf
    for wrong in ({"gamma": 50.0}, {"Sigma": Sigma}):
        assert np.isnan(kernel.natural_law(**{**given, **wrong}).mean)
        value, by = kernel.natural_value_and_gradient(**{**given, **wrong})
        assert np.isnan(value) and np.all(np.isnan(by.Sigma)) and np.isnan(by.gamma)


@pytest.mark.parametrize("name", [name for name in NAMES if PENCILS[name].kind in ("pair", "cross")])
def test_no_pair_has_correlations_above_1(name: str) -> None:
    """Just below 1 there is a number, just above there are no such data; the largest correlation is scaled to either."""
    given, kernel, second = problem(name, "apart", False), kernel_of(name), PENCILS[name].matrices[1]
    for largest, exists in ((0.999, True), (1.001, False)):
        changed = {**given, second: np.array(given[second]) * (largest / SPECTRA["apart"][0])}
        found = kernel.natural_law(**arguments(name, changed))
        value, by = kernel.natural_value_and_gradient(**arguments(name, changed))
        assert np.isfinite(found.mean) == exists and np.isfinite(value) == exists
        assert np.all(np.isfinite(getattr(by, second))) == exists


def test_without_fourth_moments_there_is_no_law() -> None:
    """`1 + 2 / (nu - 4)` is positive below `nu = 2` again, where the score has no variance."""
    kernel = kernel_of("linear_autoencoder")
    for nu in (1.0, 1.9, 3.0, 4.0):
        assert np.isnan(kernel.law(b=[1.0], lam=[3.0, 2.0, 1.0], degrees_of_freedom=nu, sigma2=1.0).mean)
    heavy = kernel.law(b=[1.0], lam=[3.0, 2.0, 1.0], degrees_of_freedom=4.5, sigma2=1.0)
    np.testing.assert_allclose(heavy.weights, [60, 3.75], rtol=1e-13)  # 5 b^2 g_a lam_1 lam_a / (lam_1 - lam_a)^2


def test_blocks_and_broadcasting_leave_numbers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, given = kernel_of("infonce"), problem("infonce", "apart", False)
    targets = np.random.default_rng(SEED).standard_normal((3, 2, len(given["target"])))
    many = arguments("infonce", {**given, "target": targets, "alpha": np.array([1.0, 4.0])})
    whole, by_whole = kernel.natural_value_and_gradient(**many)
    monkeypatch.setattr(kernel, "WORKSPACE", 1000)
    blocks, by_blocks = kernel.natural_value_and_gradient(**many)
    assert whole.shape == (3, 2) and by_whole.Sigma.shape == (3, 2, *given["Sigma"].shape)
    np.testing.assert_allclose(blocks, whole, rtol=1e-13)
    for field in by_whole._fields:
        if getattr(by_whole, field) is not None:
            np.testing.assert_allclose(getattr(by_blocks, field), getattr(by_whole, field), rtol=1e-10, atol=1e-13)


def test_wrong_shapes_are_refused_in_one_sentence() -> None:
    kernel, given = kernel_of("spectral"), arguments("spectral", problem("spectral", "apart", False))
    d = len(given["Sigma"])
    for key, value, words in [
        ("Sigma", np.ones((d, d + 1)), "^Sigma: shape"),
        ("Sigma_plus", np.eye(d + 1), "^Sigma_plus: shape"),
        ("target", np.ones(d + 1), "^target: shape"),
        ("k", d, "^k: .* an integer from 1 to"),
        ("sigma_down", np.eye(d + 1), "^sigma_down: shape"),
    ]:
        with pytest.raises(ValueError, match=words):
            kernel.natural_law(**{**given, key: value})


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("mixed = (z[:, :k, k:] - ", "mixed = 2 * (z[:, :k, k:] - "),
        ("h[:, :k, :k], h[:, k:, k:] = 2 * inside, 2 * outside", "h[:, :k, :k], h[:, k:, k:] = 2 * inside, outside"),
        ("by_m = -(z + ", "by_m = -(z - "),
    ],
)
def test_a_wrong_gradient_is_noticed(right: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from symasym.codegen.numpy import emit

    text = emit(law_of("infonce"), natural=PENCILS["infonce"])
    assert right in text
    planted = ModuleType("planted")
    exec(text.replace(right, wrong), planted.__dict__)
    monkeypatch.setitem(globals(), "kernel_of", lambda name: planted)
    sizes_now.update(sizes_of("infonce"))
    with pytest.raises(AssertionError):
        test_taylor_slopes("infonce", "apart", True)
