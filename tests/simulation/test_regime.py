"""Problems whose largest `m` is not one of which the law speaks end as inconclusive, and say why; others are judged as ever."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import verified

from symasym import catalogue
from symasym.cli.main import main
from symasym.evaluation import evaluate_inputs
from symasym.simulation import verify
from symasym.simulation.findings import Check
from symasym.simulation.problem import problem
from symasym.simulation.regime import regime, within_regime

DROPOUT = str(Path(__file__).parent.parent.parent / "docs" / "examples" / "dropout_code.py")


def two_units(first: float, second: float, p: float) -> dict[str, Any]:
    """Exchanging the units leaves the population loss alone, and nothing in the loss of a sample: no group is declared."""
    Sigma = np.diag([first, second, 0.4, 0.4, 0.4])
    Sigma[0, 1] = Sigma[1, 0] = 0.2
    target = [1.0, 0.5, 0.0, 0.0, 0.0]
    return {"Sigma": Sigma.tolist(), "k": 2, "p": p, "target": target, "project": True, "sigma2": 0.5, "alpha": 2.0}


def checks_of(name: str, document: dict[str, Any], m: int) -> dict[str, Check]:
    loaded = catalogue.load(name)
    return {
        check.name: check for check in regime(loaded, evaluate_inputs(loaded, document), problem(loaded, document), m)
    }


def test_two_minima_and_a_flat_direction_are_seen() -> None:
    """The angle of the code has a standard deviation of the order of 1, where no dropout would leave it free."""
    found = checks_of(DROPOUT, two_units(2.0, 1.7, 0.7), 4000)
    assert found["weak direction"].holds is None and found["weak direction"].value > 1
    assert "limit has not been reached" in found["weak direction"].meaning
    assert found["one minimum"].holds is None and found["one minimum"].value == 2
    assert "2 points at which the losses of samples differ" in found["one minimum"].meaning


def test_two_minima_alone() -> None:
    found = checks_of(DROPOUT, two_units(4.0, 1.0, 0.5), 4000)
    assert found["weak direction"].holds and found["one minimum"].value == 2


def test_signs_that_no_sample_sees_are_one_minimum() -> None:
    """One unit may change its sign; no group says so, and none needs to."""
    document = {**two_units(2.0, 0.6, 0.7), "k": 1}
    loaded = catalogue.load(DROPOUT)
    signs = {np.sign(point["A"][0, 0]) for point in evaluate_inputs(loaded, document).minima}
    assert signs == {-1.0, 1.0}
    assert checks_of(DROPOUT, document, 4000)["one minimum"].holds


def test_the_weak_direction_is_one_of_w_whatever_its_units() -> None:
    """In other units of the data and of the label the number is the same, and it falls like `1 / sqrt(m)`."""
    document = verified("linear_autoencoder")
    values = [checks_of("linear_autoencoder", document, m)["weak direction"].value for m in (100, 400)]
    assert values[0] == pytest.approx(2 * values[1], rel=1e-12)
    other = {**document, "Sigma": (1e6 * np.array(document["Sigma"])).tolist()}
    assert checks_of("linear_autoencoder", other, 100)["weak direction"].value == pytest.approx(values[0], rel=1e-9)


def test_the_variance_of_eigenvectors_by_the_textbook() -> None:
    """The angle of the first of two components has the variance `lam_1 lam_2 / (lam_1 - lam_2)^2 / m` [Anderson1963].

    `w = (A, B)` with `A = B^T` a unit vector, and both turn by the angle: relative to `w*`, of each block by itself.
    """
    document = {"Sigma": [[3.0, 0.0], [0.0, 2.0]], "k": 1, "target": [1.0, 0.0], "sigma2": 1.0}
    found = checks_of("linear_autoencoder", document, 600)["weak direction"].value
    # the horizontal direction moves both blocks, each by one standard deviation of the angle
    assert found == pytest.approx(np.sqrt(2 * 6.0 / 600), rel=1e-9)


def test_where_the_regime_is_open_nothing_is_rejected() -> None:
    """Estimates from half of the samples: rejected, but not where the limit is said to be out of reach."""
    loaded = catalogue.load("linear_autoencoder")
    estimator = loaded.instance.estimator

    def wasteful(samples: Any, given: Any, rng: Any) -> Any:
        return estimator({name: value[:, ::2] for name, value in samples.items()}, given, rng)

    wrong = replace(loaded, instance=replace(loaded.instance, estimator=wasteful))
    judged = verify(wrong, reps=500, m=(250, 500)).judgement
    assert judged.verdict == "rejected"
    opened = replace(judged.checks[0], holds=None)
    assert within_regime(replace(judged, checks=judged.checks[1:]), (opened,)).verdict == "inconclusive"


def test_the_command_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "problem.json").write_text(json.dumps(two_units(2.0, 1.7, 0.7)), encoding="utf-8")
    arguments = ["--input", str(tmp_path / "problem.json"), "--reps", "40", "--m", "100,200"]
    assert main(["verify", DROPOUT, *arguments]) == 1
    said = capsys.readouterr().out
    assert "inconclusive after" in said and "\n  weak direction: at m = 200 " in said and "\n  one minimum: " in said
