"""What a newcomer does wrong first, and the sentence that comes."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from by_path import TOP

import symasym
from symasym import figures
from symasym.benchmarks.rows import Row
from symasym.cli.main import main
from symasym.errors import InputError
from symasym.model import O, constant, covariance, dims, parameter

POINT = {"k": 1, "d": 3, "lam": [0.9, 0.5, 0.1], "b": [1.0], "K": 1, "sigma2": 1.0}


@pytest.fixture(scope="module")
def law() -> symasym.Law:
    return symasym.derive("spectral")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"alpha": -1}, "alpha: -1 came, a positive number is expected"),
        ({"alpha": 0}, "alpha: 0 came, a positive number is expected"),
        ({"alpha": [1, np.nan]}, "alpha: nan came, a positive number is expected"),
        ({"sigma2": -1}, "sigma2: -1 came, a number that is not negative is expected"),
        ({"K": -2}, "K: -2 came, a number that is not negative is expected"),
        ({"lam": "abc"}, "lam: 'abc' came, a number or an array of numbers is expected"),
    ],
)
def test_a_law_refuses_numbers_as_eval_and_the_kernels_do(law: symasym.Law, wrong: dict, sentence: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        law.at(**{**POINT, **wrong})


def test_a_law_takes_arrays(law: symasym.Law) -> None:
    found = law.at(**{**POINT, "alpha": [1.0, 4.0], "sigma2": 0.0})
    np.testing.assert_allclose(found.mean, [found.mean[0], found.mean[0] / 4], rtol=1e-15)


@pytest.mark.parametrize(
    "declare", [lambda d: parameter("A", 1, d), lambda d: covariance("S", d), lambda d: constant("u", d)]
)
def test_one_dimension_comes_in_a_tuple(declare: object) -> None:
    with pytest.raises(InputError, match=r"^\w: the tuple \(d,\) came, one size is expected"):
        declare(dims("d"))


def test_an_action_is_a_mapping() -> None:
    d, k = dims("d k")
    A = parameter("A", k, d)
    with pytest.raises(InputError, match=r"^symmetry: the action of O\(k\) gives Q\*A, a mapping"):
        O(k).acts(lambda Q: Q * A)


def test_evaluate_takes_a_file(law: symasym.Law) -> None:
    with pytest.raises(InputError, match=r"^model: a Law came, a name or the path of a model file is expected$"):
        symasym.evaluate(law, {})
    with pytest.raises(InputError, match=r"^evaluation: a NumericLaw came, what symasym.evaluate gives is expected$"):
        figures.overview(law.at(**POINT))


def test_a_rounded_number_in_aligned_coordinates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (TOP / "derivations/linear_autoencoder.py").read_text()
    (tmp_path / "page.py").write_text(text.replace("A: {i: 1}, B: {i: 1}", "A: {i: 0.5}, B: {i: 2}"))
    assert main(["derive", str(tmp_path / "page.py")]) == 2
    assert "the number 0.5 is rounded, an exact one is expected; write sympy.Rational(1, 2)" in capsys.readouterr().err


def test_rows_of_a_benchmark_are_printed_as_they_come(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows(runs: int) -> Iterator[Row]:
        yield Row("import sympy", 0.5, "s", 1.0)
        raise InputError("bench: the rival has gone")

    monkeypatch.setattr("symasym.benchmarks.startup.rows", rows)
    assert main(["bench", "startup", "--runs", "1"]) == 2
    found = capsys.readouterr()
    assert found.out.splitlines()[2] == "| import sympy | 0.5 s | at most 1 s | yes |  |  |  |"
    assert "the rival has gone" in found.err


def test_runs_of_a_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "startup", "--runs", "0"]) == 2
    assert capsys.readouterr().err == "symasym: --runs: 0 came, a whole number of at least 1 is expected\n"


def test_the_two_means_say_for_which_covariance(law: symasym.Law) -> None:
    means = [line for line in str(law).splitlines() if "E||L(Z)||^2 = " in line and "alpha0" not in line]
    assert [line.split("   ")[-1] for line in means] == [
        "for a diagonal downstream covariance",
        "for any downstream covariance",
    ]
