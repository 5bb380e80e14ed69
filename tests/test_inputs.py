"""Numbers that come from outside: every bad one is refused in one line that names its key, every good one is taken.

All of it goes through the command line. The derivations are made once for each model: what is tested is the way in.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import (
    BARE,
    MODELS,
    derivation,
    elsewhere,
    good,
    input_size,
    instance_of,
    loaded,
    noise_keys,
    optional,
    point_path,
)

from symasym.cli.main import main
from symasym.document import dump
from symasym.evaluation import Evaluation, law_document
from symasym.law.numeric import NumericLaw
from symasym.model.instance import AlignedPoint, Kind
from symasym.simulation.problem import problem

SIGMA = [[2.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 1.5]]
PLUS = [[1.2, 0.3, 0.0], [0.3, 0.4, 0.1], [0.0, 0.1, 0.3]]
GOOD: dict[str, dict[str, Any]] = {name: good(name) for name in MODELS if point_path(name)}
"""A good input of every model; the tests below change one thing at a time."""
ABSENT = object()
INFINITE = float("inf")


@pytest.fixture(autouse=True)
def _derived_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symasym.evaluation.closed.derive_model", lambda model, name: derivation(name))


class Eval:
    """`symasym eval` on a document, or on whatever a file may hold."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self.capsys, self.path = capsys, folder / "input.json"

    def __call__(self, model: str, given: Mapping[str, Any] | str | bytes, *options: str) -> tuple[int, str, str]:
        data = given if isinstance(given, bytes) else (given if isinstance(given, str) else json.dumps(given)).encode()
        self.path.write_bytes(data)
        code = main(["eval", model, "--input", str(self.path), *options])
        return code, *self.capsys.readouterr()

    def document(self, model: str, given: Mapping[str, Any] | str | bytes, *options: str) -> dict[str, Any]:
        code, out, err = self(model, given, *options)
        assert (code, err) == (0, "")
        return dict(json.loads(out, parse_constant=_never))

    def refused(self, model: str, given: Mapping[str, Any] | str | bytes, *options: str) -> str:
        """Exit code 2, nothing on stdout, one line on stderr, nothing written."""
        code, out, err = self(model, given, *options)
        assert (code, out) == (2, "")
        assert err.startswith("symasym: ") and err.endswith("\n") and len(err.splitlines()) == 1
        assert list(self.path.parent.iterdir()) == [self.path]
        return err.removeprefix("symasym: ")


def _never(constant: str) -> None:
    raise AssertionError(f"{constant} in the output")


@pytest.fixture
def evaluate(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Eval:
    return Eval(capsys, tmp_path)


def changed(model: str, **keys: Any) -> dict[str, Any]:
    """The good input with some keys changed, added or, where `ABSENT`, left out."""
    document = {**copy.deepcopy(GOOD[model]), **keys}
    return {name: value for name, value in document.items() if value is not ABSENT}


def entry(matrix: list[list[float]], m: int, n: int, value: Any) -> list[list[Any]]:
    """The matrix with one entry changed."""
    rows: list[list[Any]] = [list(row) for row in matrix]
    rows[m][n] = value
    return rows


def diagonal(*values: float) -> list[list[float]]:
    return np.diag(values).tolist()


def keys(*kinds: Kind) -> list[tuple[str, str]]:
    """Models with those of their own keys that are of one of some kinds."""
    return [(name, key.name) for name in MODELS for key in instance_of(name).keys if key.kind in kinds]


def whole(model: str, key: str) -> list[Any]:
    """The array of a good input; for the downstream covariance, which may be left out, the identity."""
    return list(copy.deepcopy(GOOD[model].get(key, np.eye(input_size(model, GOOD[model])).tolist())))


def with_key(model: str, key: str, value: Any) -> dict[str, Any]:
    """The good input with an array in place of the one that it has; under another downstream covariance `sigma2` is a key."""
    return elsewhere(model, GOOD[model], value) if key == "Sigma_down" else changed(model, **{key: value})


def grown(matrix: list[list[float]], size: int) -> list[list[float]]:
    """The matrix as the first block of a larger one, with ones on the rest of the diagonal."""
    result = np.eye(max(size, len(matrix)))
    result[: len(matrix), : len(matrix)] = matrix
    return list(result.tolist())


def test_there_is_a_good_input_of_every_model(evaluate: Eval) -> None:
    for model in MODELS:
        assert evaluate.document(model, GOOD[model])["model"] == model


# ---- matrices and vectors

DOWN = [(name, "Sigma_down") for name in GOOD]
ARRAYS = [*keys(Kind.COVARIANCE, Kind.SYMMETRIC, Kind.MATRIX, Kind.VECTOR), *DOWN]
SYMMETRIC = [*keys(Kind.COVARIANCE, Kind.SYMMETRIC), *DOWN]
DEFINITE = [*keys(Kind.COVARIANCE), *DOWN]
DIMENSIONS = keys(Kind.DIMENSION)


@pytest.mark.parametrize(("model", "key"), ARRAYS)
@pytest.mark.parametrize(
    ("value", "came"),
    [
        ([], "a list of 0 items"),
        ([[]], "a list of 0 items|is a list of 0 items"),
        (1.0, "1.0"),
        ("1 0 0", "the string '1 0 0'"),
        (None, "null"),
        (True, "true"),
        ({"a": [1]}, "an object"),
        ([[[1.0]]], "is a list of one item"),
        ([[1.0, 2.0], [3.0]], "has 1 entries but row 1 has 2|is a list of 2 items"),
        ([[1.0], 2.0], "row 2 is 2.0|is a list of one item"),
    ],
)
def test_what_is_no_array_of_the_right_shape(evaluate: Eval, model: str, key: str, value: Any, came: str) -> None:
    error = evaluate.refused(model, with_key(model, key, value))
    assert error.startswith(f"{key}: ") and any(part in error for part in came.split("|"))
    assert "expected" in error


@pytest.mark.parametrize(("model", "key"), ARRAYS)
@pytest.mark.parametrize(
    ("value", "came"),
    [
        (None, "null"),
        ("1", "the string '1'"),
        (True, "true"),
        (float("nan"), "NaN"),
        (INFINITE, "an infinite number"),
        (-INFINITE, "an infinite number"),
        (10**400, "an infinite number"),
        ([1.0], "a list of one item"),
        ({}, "an object"),
    ],
)
def test_entries_are_finite_numbers(evaluate: Eval, model: str, key: str, value: Any, came: str) -> None:
    bad = whole(model, key)
    (bad[min(1, len(bad) - 1)] if isinstance(bad[0], list) else bad)[0] = value
    error = evaluate.refused(model, with_key(model, key, bad))
    assert error.startswith(f"{key}: entry ") and f"is {came}" in error and "expected" in error


@pytest.mark.parametrize(("model", "key"), SYMMETRIC)
def test_square_and_symmetric(evaluate: Eval, model: str, key: str) -> None:
    error = evaluate.refused(model, with_key(model, key, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    assert error == f"{key}: shape (2, 3) came, a square matrix is expected\n"
    bad = entry(np.diag(np.linspace(0.9, 0.2, len(whole(model, key)))).tolist(), 0, 1, 1e-9)
    error = evaluate.refused(model, with_key(model, key, bad))
    assert error == f"{key}: it differs from its transpose by 1e-09, a symmetric matrix is expected\n"
    error = evaluate.refused(model, with_key(model, key, entry(bad, 0, 1, 1e308)))
    assert error.startswith(f"{key}: ")


@pytest.mark.parametrize(("model", "key"), DEFINITE)
@pytest.mark.parametrize(
    "matrix",
    [
        diagonal(1, 1, -1e-3),
        diagonal(1, 1, 0),
        diagonal(0, 0, 0),
        diagonal(-3, -2, -1),
        [[1, 1, 0], [1, 1, 0], [0, 0, 1]],  # singular: of the computed eigenvalues one is 0 or rounding of either sign
        (np.ones((3, 3)) / 3).tolist(),
        [[1, 2, 0], [2, 1, 0], [0, 0, 1]],
        diagonal(1, 1, 1e-17),
    ],
)
def test_positive_definite(evaluate: Eval, model: str, key: str, matrix: list[list[float]]) -> None:
    error = evaluate.refused(model, with_key(model, key, grown(matrix, len(whole(model, key)))))
    assert error.startswith(f"{key}: ") and "a symmetric positive definite matrix is expected" in error


@pytest.mark.parametrize(
    ("model", "key", "value", "source"),
    [
        ("spectral", "Sigma_plus", diagonal(0.5, 0.2), "(d, d) with d = 3 (from Sigma)"),
        ("spectral", "target", [1, 2], "(d) with d = 3 (from Sigma)"),
        ("spectral", "target", [1, 2, 0, 0], "(d) with d = 3 (from Sigma)"),
        ("spectral", "Sigma_down", diagonal(1, 1), "(d, d) with d = 3 (from Sigma)"),
        ("factor", "beta", [1.0], "(k) with k = 2 (from A)"),
        ("factor", "beta", [1.0, 2.0, 3.0], "(k) with k = 2 (from A)"),
        ("linear_autoencoder", "target", [1], "(d) with d = 3 (from Sigma)"),
    ],
)
def test_sizes_agree(evaluate: Eval, model: str, key: str, value: Any, source: str) -> None:
    error = evaluate.refused(model, changed(model, **{key: value}))
    assert error.startswith(f"{key}: shape ") and f"{source} is expected" in error


def test_the_downstream_covariance_has_the_size_of_the_loadings(evaluate: Eval) -> None:
    given = changed("factor", sigma_nu2=ABSENT, sigma2=1.0, Sigma_down=diagonal(1, 2, 3))
    assert evaluate.refused("factor", given).startswith("Sigma_down: shape (3, 3) came, (d, d) with d = 4 (from A)")


# ---- dimensions


@pytest.mark.parametrize(("model", "key"), DIMENSIONS)
@pytest.mark.parametrize(
    ("value", "came"),
    [(0, "0"), (-1, "-1"), (1.5, "1.5"), (1.0, "1.0"), (True, "true"), ("1", "the string '1'"), (None, "null"),
     ([1], "a list of one item"), (INFINITE, "inf"), (float("nan"), "nan")],
)  # fmt: skip
def test_dimensions_are_positive_integers(evaluate: Eval, model: str, key: str, value: Any, came: str) -> None:
    error = evaluate.refused(model, changed(model, **{key: value}))
    assert error == f"{key}: {came} came, a positive integer is expected\n"


@pytest.mark.parametrize("model", ["spectral", "linear_autoencoder"])
@pytest.mark.parametrize("value", [3, 4, 2**53])
def test_k_is_below_d(evaluate: Eval, model: str, value: int) -> None:
    error = evaluate.refused(model, changed(model, k=value))
    assert (
        error.startswith("k: ") and error.endswith("k < d with d = 3 (from Sigma) is expected\n") and len(error) < 120
    )


@pytest.mark.parametrize("value", [2**53 + 1, 10**30, 10**200])
def test_dimensions_that_no_float_holds(evaluate: Eval, value: int) -> None:
    error = evaluate.refused("spectral", changed("spectral", k=value))
    assert (
        error.startswith("k: ")
        and error.endswith(" came, a positive integer up to 2^53 is expected\n")
        and len(error) < 120
    )


def test_loadings_have_fewer_columns_than_rows(evaluate: Eval) -> None:
    error = evaluate.refused("factor", changed("factor", A=[[1.0, 0.0], [0.0, 1.0]]))
    assert error == "A: d = 2 (from A), k = 2 (from A) came, k < d is expected\n"


# ---- spectra


@pytest.mark.parametrize("ratio", [0.0, 1e-12, 9e-11])
def test_a_closed_eigengap(evaluate: Eval, ratio: float) -> None:
    error = evaluate.refused("linear_autoencoder", changed("linear_autoencoder", Sigma=diagonal(1, 1 - ratio, 0.1)))
    assert error.startswith("k: the gap between eigenvalues of Sigma 1 ") and "closed" in error
    given = changed("spectral", Sigma_plus=diagonal(0.8, 0.5, 0.5 - 0.8 * ratio))
    assert evaluate.refused("spectral", given).startswith("k: the gap between ")


def test_an_eigengap_just_open(evaluate: Eval) -> None:
    lae = changed("linear_autoencoder", Sigma=diagonal(1, 1 - 1.1e-10, 0.1))
    assert evaluate.document("linear_autoencoder", lae)["weights"][0] > 1e19
    assert evaluate.document("spectral", changed("spectral", Sigma_plus=diagonal(0.8, 0.5, 0.5 - 1e-10)))


def test_a_closed_gap_elsewhere_does_not_matter(evaluate: Eval) -> None:
    document = evaluate.document("spectral", changed("spectral", Sigma_plus=diagonal(0.5, 0.5, 0.2)))
    assert len(document["weights"]) == 1


@pytest.mark.parametrize("last", [(0.0, -0.2), (-0.1, -0.2), (1e-14, -0.5)])
def test_the_kth_eigenvalue_is_positive(evaluate: Eval, last: tuple[float, float]) -> None:
    error = evaluate.refused("spectral", changed("spectral", Sigma_plus=diagonal(0.8, *last)))
    assert error.startswith("k: eigenvalue 2 of the whitened cross-covariance is ") and "positive" in error


def test_no_cross_covariance_at_all(evaluate: Eval) -> None:
    assert evaluate.refused("spectral", changed("spectral", Sigma_plus=diagonal(0, 0, 0))).startswith("k: eigenvalue 2")


@pytest.mark.parametrize("plus", [diagonal(1.001, 0.5, 0.2), diagonal(0.8, 0.5, -1.5), diagonal(1 + 1e-8, 0.5, 0.2)])
def test_a_pair_that_cannot_be(evaluate: Eval, plus: list[list[float]]) -> None:
    error = evaluate.refused("spectral", changed("spectral", Sigma_plus=plus))
    assert error.startswith("Sigma_plus: the joint covariance of the pair is not positive semidefinite")


@pytest.mark.parametrize("plus", [diagonal(1.0, 0.5, 0.2), diagonal(0.8, 0.5, -1.0), diagonal(1 + 1e-10, 0.5, 0.2)])
def test_a_pair_with_a_singular_joint_covariance(evaluate: Eval, plus: list[list[float]]) -> None:
    assert evaluate.document("spectral", changed("spectral", Sigma_plus=plus))["d_base"] == 3


def test_a_singular_joint_covariance_in_another_basis(evaluate: Eval) -> None:
    """Where whitening multiplies rounding, the tolerance is multiplied as well."""
    rng = np.random.default_rng(20261121)
    for condition in (1e2, 1e6, 1e10):
        root = np.linalg.qr(rng.standard_normal((3, 3)))[0] * np.sqrt([1.0, condition**-0.5, 1 / condition])
        turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        plus = root @ turn @ np.diag([1.0, 0.4, -1.0]) @ turn.T @ root.T
        given = changed("spectral", Sigma=(root @ root.T).tolist(), Sigma_plus=(plus / 2 + plus.T / 2).tolist(), k=1)
        code, _, err = evaluate("spectral", {**given, "target": [1.0, 0.0, 0.0]})
        assert code == 2 and err.startswith("symasym: target: f* lies outside")  # and not Sigma_plus


@pytest.mark.parametrize(
    "loadings",
    [[[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]], [[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]], [[1.0, 1.0], [1.0, 1.0 + 1e-13], [0, 0]],
     [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]],
)  # fmt: skip
def test_loadings_of_full_rank(evaluate: Eval, loadings: list[list[float]]) -> None:
    error = evaluate.refused("factor", changed("factor", A=loadings))
    assert error.startswith("A: its singular values ") and "full column rank is expected" in error


# ---- targets


def test_a_target_outside_the_span(evaluate: Eval) -> None:
    error = evaluate.refused("linear_autoencoder", changed("linear_autoencoder", target=[1.0, 1.0, 0.0]))
    distance = math.sqrt(2 / 5)  # variances 3 and 2
    assert error.startswith("target: f* lies outside the span") and f"= {distance:.3g};" in error
    error = evaluate.refused("linear_autoencoder", changed("linear_autoencoder", target=[1.0, 1e-7, 0.0]))
    assert f"= {1e-7 * math.sqrt(2 / 3):.3g};" in error


def test_a_target_hardly_outside_is_projected(evaluate: Eval) -> None:
    document = evaluate.document("linear_autoencoder", changed("linear_autoencoder", target=[1.0, 1e-9, 0.0]))
    assert document["residual"] == pytest.approx(1e-9 * math.sqrt(2 / 3), rel=1e-6)
    inside = evaluate.document("linear_autoencoder", GOOD["linear_autoencoder"])
    assert document["interaction"] == inside["interaction"] and inside["residual"] < 1e-15


def test_the_span_is_that_under_the_downstream_law(evaluate: Eval) -> None:
    down = [[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]]
    error = evaluate.refused(
        "linear_autoencoder", changed("linear_autoencoder", target=[1.0, 1.0, 0.0], Sigma_down=down)
    )
    assert f"= {math.sqrt((1 - 0.81) / 3.8):.3g};" in error  # Var(x2 | x1) over Var(x1 + x2)


@pytest.mark.parametrize(("model", "key"), keys(Kind.VECTOR))
def test_a_target_that_is_zero(evaluate: Eval, model: str, key: str) -> None:
    zero = [-0.0 for _ in GOOD[model][key]]
    assert evaluate.refused(model, changed(model, **{key: zero})).startswith(f"{key}: only zeros came, so that f* = 0")


def test_a_target_in_the_span_is_not_misspecified_whatever_the_input_says(evaluate: Eval) -> None:
    for model in MODELS:
        assert evaluate.document(model, changed(model, misspecified=True)) == evaluate.document(model, GOOD[model])
        assert evaluate.document(model, changed(model, misspecified=False)) == evaluate.document(model, GOOD[model])


@pytest.mark.parametrize(("model", "key"), [*((model, "misspecified") for model in MODELS), *keys(Kind.FLAG)])
@pytest.mark.parametrize("value", [1, 0, 1.0, "true", None, [True], {}])
def test_flags(evaluate: Eval, model: str, key: str, value: Any) -> None:
    error = evaluate.refused(model, changed(model, **{key: value}))
    assert error.startswith(f"{key}: ") and error.endswith(" came, true or false is expected\n")


# ---- scalars

POSITIVE = [*((model, "alpha") for model in MODELS), *keys(Kind.POSITIVE)]
NOISE = [*((model, "sigma2") for model in MODELS if not noise_keys(model)), *keys(Kind.NOT_NEGATIVE)]


@pytest.mark.parametrize(("model", "key"), [*POSITIVE, *NOISE, *keys(Kind.DEGREES_OF_FREEDOM)])
@pytest.mark.parametrize(
    ("value", "came"),
    [(-1, "-1"), (-1e-9, "-1e-09"), (float("nan"), "NaN"), (INFINITE, "an infinite number"), (10**400, "an infinite number"),
     ("1", "the string '1'"), (None, "null"), (True, "true"), ([1], "a list of one item"), ({}, "an object")],
)  # fmt: skip
def test_scalars(evaluate: Eval, model: str, key: str, value: Any, came: str) -> None:
    error = evaluate.refused(model, changed(model, **{key: value}))
    assert error.startswith(f"{key}: ") and f"{came}" in error and "expected" in error


@pytest.mark.parametrize("zero", [0, 0.0, -0.0])
@pytest.mark.parametrize(("model", "key"), POSITIVE)
def test_what_is_not_zero(evaluate: Eval, model: str, key: str, zero: float) -> None:
    error = evaluate.refused(model, changed(model, **{key: zero}))
    assert error == f"{key}: {zero} came, a positive number is expected\n"


@pytest.mark.parametrize("value", [4, 4.0, 3, 0, -5])
def test_degrees_of_freedom_above_four(evaluate: Eval, value: float) -> None:
    error = evaluate.refused("linear_autoencoder", changed("linear_autoencoder", degrees_of_freedom=value))
    assert error.startswith(f"degrees_of_freedom: {value} came, a number above 4 is expected")


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2", None])
def test_negatives_are_counted(evaluate: Eval, value: Any) -> None:
    assert evaluate.refused("spectral", changed("spectral", negatives=value)).startswith("negatives: ")


def test_which_noise_is_wanted(evaluate: Eval) -> None:
    down = diagonal(1, 2, 3, 4)
    for model in ("spectral", "linear_autoencoder"):
        assert evaluate.refused(model, changed(model, sigma2=ABSENT)).startswith("sigma2: the key is missing")
    factor = changed("factor", sigma_nu2=ABSENT)
    assert evaluate.refused("factor", factor).startswith("sigma_nu2: the key is missing")
    assert evaluate.refused("factor", {**factor, "sigma2": 1}).startswith("sigma2: the model determines it")
    assert evaluate.refused("factor", changed("factor", sigma2=1)).startswith("sigma2: the model determines it")
    assert evaluate.refused("factor", {**factor, "Sigma_down": down}).startswith("sigma2: the key is missing, because")
    assert evaluate.refused("factor", changed("factor", Sigma_down=down)).startswith(
        "sigma2: the key is missing, because"
    )
    both = changed("factor", Sigma_down=down, sigma2=1)
    assert evaluate.refused("factor", both).startswith("sigma_nu2: came together with Sigma_down")
    assert evaluate.document("factor", {**factor, "Sigma_down": down, "sigma2": 0.7})["sigma2"] == 0.7


# ---- numbers that arithmetic does not carry


@pytest.mark.parametrize(
    ("model", "keys", "named"),
    [
        ("linear_autoencoder", {"Sigma": diagonal(3e200, 2e200, 1e200)}, "Sigma"),
        ("linear_autoencoder", {"Sigma": diagonal(3e-200, 2e-200, 1e-200)}, "Sigma"),
        ("linear_autoencoder", {"Sigma": diagonal(1.5e308, 1e308, 1e307)}, "Sigma"),
        ("linear_autoencoder", {"Sigma": diagonal(3e-320, 2e-320, 1e-320)}, "Sigma"),
        ("linear_autoencoder", {"target": [1e160, 0, 0]}, "target"),
        ("linear_autoencoder", {"target": [1e-160, 0, 0]}, "target"),
        ("linear_autoencoder", {"target": [5e-324, 0, 0]}, "target"),
        ("linear_autoencoder", {"alpha": 1e-200}, "alpha"),
        ("linear_autoencoder", {"alpha": 1e200}, "alpha"),
        ("linear_autoencoder", {"alpha": 1e308}, "alpha"),
        ("linear_autoencoder", {"alpha": 5e-324}, "alpha"),
        ("linear_autoencoder", {"sigma2": 1e-320}, "sigma2"),
        ("linear_autoencoder", {"sigma2": 1e308}, "sigma2"),
        ("spectral", {"Sigma": diagonal(1e300, 1e300, 1e300)}, "Sigma"),
        ("spectral", {"Sigma_plus": diagonal(0.8e-200, 0.5e-200, 0.2e-200)}, "Sigma_plus"),
        ("spectral", {"target": [1e200, 0, 0]}, "target"),
        ("spectral", {"Sigma_down": diagonal(1e200, 1e200, 1e200)}, "Sigma_down"),
        ("spectral", {"Sigma_down": diagonal(1e-200, 1e-200, 1e-200)}, "Sigma_down"),
        ("factor", {"A": [[1e200], [1e199], [1e198]], "beta": [1.0]}, "A"),
        ("factor", {"A": [[1e-200], [1e-201], [1e-202]], "beta": [1.0]}, "A"),
        ("factor", {"beta": [1e200, 1.0]}, "beta"),
        ("factor", {"beta": [1e-200, 1e-200]}, "beta"),
    ],
)
def test_overflow_and_underflow(evaluate: Eval, model: str, keys: dict[str, Any], named: str) -> None:
    error = evaluate.refused(model, changed(model, **keys))
    assert error.startswith(f"{named}: ") and "expected" in error


def test_units_do_not_matter_where_the_model_has_none(evaluate: Eval) -> None:
    """`x` in units of 1e-40: the risk is the same."""
    plain = evaluate.document("spectral", GOOD["spectral"])
    scaled = changed("spectral", target=[1e40, -2e40, 0.0], Sigma=diagonal(*[1e-80] * 3),
                     Sigma_plus=diagonal(0.8e-80, 0.5e-80, 0.2e-80))  # fmt: skip
    assert evaluate.document("spectral", scaled)["risk"]["mean"] == pytest.approx(plain["risk"]["mean"], rel=1e-12)
    tiny = changed("spectral", target=[1.0, -2.0, 0.0], Sigma_down=entry(diagonal(1, 1, 1), 0, 1, 1e-180))
    tiny["Sigma_down"][1][0] = 1e-180
    assert evaluate.document("spectral", tiny)["risk"]["mean"] == pytest.approx(plain["risk"]["mean"], rel=1e-12)


# ---- files


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "--input: "),
        ("   \n", "--input: "),
        ("{", "--input: "),
        ('{"k": 1,}', "--input: "),
        ("{'k': 1}", "--input: "),
        ('{"k": 01}', "--input: "),
        ('{"k": 1} {"k": 2}', "Extra data"),
        ("[]", "a list of 0 items"),
        ('[{"k": 1}]', "a list of one item"),
        ("3", "holds 3;"),
        ("NaN", "holds nan;"),
        ("null", "holds null;"),
        ('"Sigma"', "holds the string 'Sigma';"),
        ("[" * 100_000, "too deeply"),
        ('{"a":' * 100_000, "too deeply"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8 text"),
        (bytes(range(256)), "not UTF-8 text"),
        (b"\x00\x01\x02", "is not JSON"),
    ],
    ids=range(18),
)
def test_what_is_not_a_json_object(evaluate: Eval, text: str | bytes, said: str) -> None:
    error = evaluate.refused("spectral", text)
    assert error.startswith("--input: ") and said in error and "a JSON object is expected" in error


@pytest.mark.parametrize(
    ("literal", "came"),
    [("NaN", "NaN"), ("Infinity", "infinite"), ("-Infinity", "infinite"), ("1e999", "infinite"), ("-1e999", "infinite"),
     ("7" * 5000, "infinite"), ("-" + "7" * 5000, "infinite"), ("[" * 900 + "]" * 900, "a list"), ("1e-999", "0.0")],
    ids=range(9),
)  # fmt: skip
def test_literals_that_are_no_numbers(evaluate: Eval, literal: str, came: str) -> None:
    text = json.dumps(changed("spectral", alpha=12345)).replace("12345", literal)
    assert literal in text
    error = evaluate.refused("spectral", text)
    assert error.startswith("alpha: ") and came in error and len(error) < 200
    text = json.dumps(changed("spectral", target=[12345, 0, 0])).replace("12345", literal)
    assert evaluate.refused("spectral", text).startswith("target: ")
    text = json.dumps(changed("spectral", k=12345)).replace("12345", literal)
    assert evaluate.refused("spectral", text).startswith("k: ")


def test_a_key_that_comes_twice(evaluate: Eval) -> None:
    text = json.dumps(GOOD["spectral"])
    assert evaluate.refused("spectral", text[:-1] + ', "k": 2}') == "k: the key came twice, once is expected\n"
    assert evaluate.refused("spectral", '{"k": 1, "k": 1}') == "k: the key came twice, once is expected\n"


def test_a_byte_order_mark_is_not_data(evaluate: Eval) -> None:
    assert evaluate.document("spectral", b"\xef\xbb\xbf" + json.dumps(GOOD["spectral"]).encode())


def test_files_that_cannot_be_read(evaluate: Eval, tmp_path: Path) -> None:
    for path, said in [
        (tmp_path, "Is a directory"),
        (tmp_path / "nowhere.json", "No such file"),
        (tmp_path / "no\nwhere.json", "No such file"),
        (Path("/" + "x" * 300), "File name too long"),
        (Path("a\0b"), "null"),
    ]:
        code = main(["eval", "spectral", "--input", str(path)])
        out, err = evaluate.capsys.readouterr()
        assert (code, out) == (2, "") and err.startswith("symasym: --input: ") and said in err
        assert len(err.splitlines()) == 1


# ---- keys, models, verbs


@pytest.mark.parametrize("model", MODELS)
def test_keys_that_are_missing(evaluate: Eval, model: str) -> None:
    assert evaluate.refused(model, {}).count("the key is missing") == 1
    for name in GOOD[model]:
        assert evaluate.refused(model, changed(model, **{name: ABSENT})).startswith(f"{name}: the key is missing")


@pytest.mark.parametrize(
    ("model", "name", "hint"),
    [
        ("spectral", "Sigma_pluss", "did you mean Sigma_plus?"),
        ("spectral", "sigma2s", "did you mean sigma2?"),
        ("spectral", "Target", "did you mean target?"),
        ("spectral", "zzz", "known are Sigma, Sigma_plus, k, "),
        ("spectral", "d", "known are "),
        ("spectral", "", "known are "),
        ("spectral", "a\nb\u2028c\ud800", "known are "),
        ("spectral", "x" * 10_000, "known are "),
        ("factor", "Sigma", "Sigma_down?"),
        ("factor", "sigma_nu", "did you mean sigma_nu2?"),
        ("linear_autoencoder", "degrees", "did you mean degrees_of_freedom?"),
    ],
)
def test_keys_that_are_unknown(evaluate: Eval, model: str, name: str, hint: str) -> None:
    error = evaluate.refused(model, changed(model, **{name: 1}))
    assert "not a key of this model" in error and hint in error and len(error) < 300
    if name.isidentifier() and len(name) < 60:
        assert error.startswith(f"{name}: ")


def test_models_and_verbs_that_are_unknown(evaluate: Eval) -> None:
    assert "did you mean spectral?" in evaluate.refused("spectrall", GOOD["spectral"])
    assert "did you mean factor?" in evaluate.refused("facto", GOOD["factor"])
    assert "there is no file nowhere.py" in evaluate.refused("nowhere.py", GOOD["factor"])
    assert evaluate.refused(str(BARE), {}).startswith("Sigma: the key is missing")
    assert "invalid choice: 'probit'" in evaluate.refused("spectral", GOOD["spectral"], "--downstream", "probit")
    assert main(["plan"]) == 2
    assert "does not have the verb yet" in evaluate.capsys.readouterr().err


@pytest.mark.parametrize(
    "orders", ["0", "1", "0.5,1", "-0.1", "nan", "", "0.5,", "a", "0.5;0.6", "inf", "1e-400", "a\nb"]
)
def test_orders_of_quantiles(evaluate: Eval, orders: str) -> None:
    assert evaluate.refused("spectral", GOOD["spectral"], f"--quantiles={orders}").startswith("--quantiles: ")


# ---- what is taken


@pytest.mark.parametrize("model", MODELS)
def test_defaults(evaluate: Eval, model: str) -> None:
    document = evaluate.document(model, GOOD[model])
    assert document["schema"] == "symasym.law/1" and document["downstream"] == "least_squares"
    assert document["alpha"] == 1.0 and list(document["risk"]["quantiles"]) == ["0.5", "0.95"]
    assert document == evaluate.document(model, changed(model, alpha=1))
    defaults = {key.name: key.default for key in instance_of(model).keys if isinstance(key.default, int | float)}
    said = {key: v for key, v in {**defaults, **optional(model, "DEFAULTS", {})}.items() if key not in GOOD[model]}
    assert document["risk"] == evaluate.document(model, changed(model, misspecified=False, **said))["risk"]
    assert set(document) - {"remarks"} == {
        "schema", "model", "downstream", "alpha", "sigma2", "d_eff", "d_act", "d_base", "weights", "multiplicities",
        "interaction", "risk", "alpha0", "residual", "unconditional", "route",
    }  # fmt: skip
    assert ("remarks" in document) == (instance_of(model).remarks is not None)


@pytest.mark.parametrize("model", MODELS)
def test_numbers_of_the_document_fit_together(evaluate: Eval, model: str) -> None:
    document = evaluate.document(model, changed(model, alpha=2.5), "--quantiles", "0.01,0.5,0.99")
    weights = np.repeat(document["weights"], document["multiplicities"])
    assert document["interaction"]["mean"] == pytest.approx(weights.sum(), rel=1e-13)
    assert document["interaction"]["variance"] == pytest.approx(2 * (weights**2).sum(), rel=1e-13)
    assert document["risk"]["variance"] == pytest.approx(2 * (weights**2).sum() / 2.5**2, rel=1e-13)
    rank = document["d_base"] - document["d_eff"]
    assert document["alpha0"] == pytest.approx(weights.sum() / (document["sigma2"] * rank), rel=1e-13)
    low, middle, high = document["risk"]["quantiles"].values()
    assert document["sigma2"] * document["d_eff"] < low < middle < high
    assert len(weights) == rank and document["d_act"] == document["d_eff"]


@pytest.mark.parametrize("model", MODELS)
def test_the_downstream_covariance_is_that_of_the_data_by_default(evaluate: Eval, model: str) -> None:
    document = evaluate.document(model, GOOD[model])
    root = problem(loaded(model), GOOD[model]).down_root
    given = elsewhere(model, GOOD[model], (root @ root.T).tolist(), document["sigma2"])
    again = evaluate.document(model, given)
    for name in ("sigma2", "alpha0", "d_eff", "d_base"):
        assert again[name] == pytest.approx(document[name], rel=1e-12)
    for name in ("interaction", "risk"):
        assert {**again[name], "quantiles": 0} == pytest.approx({**document[name], "quantiles": 0}, rel=1e-12)
    first, second = (np.repeat(d["weights"], d["multiplicities"]) for d in (document, again))
    np.testing.assert_allclose(first, second, rtol=1e-12)


@pytest.mark.parametrize(("model", "key"), SYMMETRIC)
def test_an_asymmetry_of_rounding_is_taken(evaluate: Eval, model: str, key: str) -> None:
    plain = whole(model, key)
    bent = entry(plain, 0, 1, plain[0][1] + 1e-11 * max(max(row) for row in plain))
    document = evaluate.document(model, with_key(model, key, bent))
    expected = evaluate.document(model, with_key(model, key, plain))
    assert document["interaction"]["mean"] == pytest.approx(expected["interaction"]["mean"], rel=1e-8)


def test_general_position(evaluate: Eval) -> None:
    """The same problem in another basis: `x -> M x`, `target -> M^{-T} target`."""
    rng = np.random.default_rng(20261122)
    for model, move in (("spectral", rng.standard_normal((3, 3))), ("linear_autoencoder", None)):
        move = np.linalg.qr(rng.standard_normal((3, 3)))[0] if move is None else move
        plain = changed(model, Sigma_down=SIGMA, target=[1.0, 0.0, 0.0])
        moved = dict(plain)
        for key in ("Sigma", "Sigma_plus", "Sigma_down"):
            if key in plain:
                matrix = move @ np.array(plain[key], float) @ move.T
                moved[key] = (matrix / 2 + matrix.T / 2).tolist()
        moved["target"] = np.linalg.solve(move.T, plain["target"]).tolist()
        first, second = evaluate.document(model, plain), evaluate.document(model, moved)
        np.testing.assert_allclose(first["weights"], second["weights"], rtol=1e-10)
        assert second["residual"] < 1e-12


def test_equal_weights_share_an_entry(evaluate: Eval) -> None:
    document = evaluate.document("factor", GOOD["factor"])
    assert len(document["weights"]) == 1 and document["multiplicities"] == [2]


def test_weights_that_are_known_to_be_positive_stay(evaluate: Eval) -> None:
    """Fourteen decades between them; each is `lam_i lam_a^2 / (lam_i - lam_a)^2`, which no data makes zero."""
    document = evaluate.document("linear_autoencoder", changed("linear_autoencoder", Sigma=diagonal(2, 1, 1e-7)))
    assert document["multiplicities"] == [1, 1]
    assert document["weights"] == pytest.approx([2.0, 1e-14 / 2], rel=1e-6)


def test_weights_that_are_eigenvalues_are_dropped_when_they_are_rounding(evaluate: Eval) -> None:
    given = changed("linear_autoencoder", Sigma=diagonal(2, 1, 1e-7), Sigma_down=diagonal(2, 1, 1e-7))
    document = evaluate.document("linear_autoencoder", given)
    assert document["multiplicities"] == [1] and document["d_base"] == 3


def test_without_noise_there_is_no_crossover(evaluate: Eval) -> None:
    document = evaluate.document("spectral", changed("spectral", sigma2=-0.0))
    assert document["alpha0"] is None and math.copysign(1, document["sigma2"]) == 1
    assert document["risk"]["mean"] == pytest.approx(document["interaction"]["mean"], rel=1e-14)
    assert evaluate.document("factor", changed("factor", sigma_nu2=0))["alpha0"] > 0


def test_no_interaction() -> None:
    """No model of the catalogue learns everything; a law without a direction to learn is written all the same."""
    numeric = NumericLaw(np.array(1.5), np.array(2.0), np.zeros(0), 3, 3)
    evaluation = Evaluation({}, derivation("spectral").law, AlignedPoint({}, {}), numeric, 0.0)
    text = dump("symasym.law/1", law_document("none", evaluation, (0.5,)))
    document = json.loads(text, parse_constant=_never)
    assert document["weights"] == document["multiplicities"] == []
    assert document["interaction"] == {"mean": 0.0, "variance": 0.0} and document["alpha0"] is None
    assert document["risk"] == {"mean": 4.5, "variance": 0.0, "quantiles": {"0.5": 4.5}}


def test_examples_are_good_inputs(evaluate: Eval) -> None:
    for model in MODELS:
        assert evaluate.document(model, dict(instance_of(model).example)), model


def test_the_checker_of_refusals_notices(evaluate: Eval) -> None:
    """A planted mistake: a good input is no refusal, two lines are not one."""
    with pytest.raises(AssertionError):
        evaluate.refused("spectral", GOOD["spectral"])
    spoilt: Callable[..., tuple[int, str, str]] = lambda *_: (2, "", "symasym: k: two\nlines\n")  # noqa: E731
    with pytest.MonkeyPatch.context() as patch, pytest.raises(AssertionError):
        patch.setattr(Eval, "__call__", spoilt)
        evaluate.refused("spectral", GOOD["spectral"])
