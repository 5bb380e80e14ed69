"""`symasym verify`: documents, exit codes, one line for bad arguments."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from support import BARE

from symasym import catalogue
from symasym.cli.main import main
from symasym.simulation.procedure import default_input

SMALL = ("verify", "linear_autoencoder", "--jobs", "1", "--reps", "200", "--m", "200,100,400")
LONG = ("verify", "linear_autoencoder", "--jobs", "1", "--reps", "4000", "--m", "200,800,2500")


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_an_accepted_law_exits_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, *LONG, "--format", "json")
    document = json.loads(out)
    assert (code, document["verdict"], document["reasons"]) == (0, "accepted", [])
    assert all(check["verdict"] == "holds" for check in document["checks"])


def test_the_document_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, *SMALL, "--seed", "7", "--n", "100", "--format", "json")
    document = json.loads(out)
    assert code == 1 and all(line.startswith("verify: ") for line in err.splitlines())  # progress, on a slow machine
    assert document["schema"] == "symasym.verify/1" and document["verdict"] == "inconclusive"
    assert document["reasons"][0].startswith("precision")
    assert (document["model"], document["seed"], document["reps"], document["n"]) == ("linear_autoencoder", 7, 200, 100)
    assert document["input"] == default_input(catalogue.load("linear_autoencoder"))
    assert document["alpha"] == 4 and document["sigma2"] == 1 and document["d_eff"] == 2
    assert [point["m"] for point in document["grid"]] == [100, 200, 400]
    assert all(point["se"] > 0 for point in document["grid"])
    interaction = document["interaction"]
    assert interaction["z"] == pytest.approx((interaction["intercept"] - interaction["derived"]) / interaction["se"])
    assert sum(document["weights"]["derived"]) == pytest.approx(interaction["derived"])
    assert document["variance"]["derived"] == pytest.approx(2 * sum(w**2 for w in document["weights"]["derived"]))
    assert len(document["weights"]["observed"]) == 6
    distance = document["kolmogorov"]
    assert distance["bound"] == pytest.approx(1.63 / 200**0.5 + distance["allowance"]) and distance["allowance_rule"]
    assert document["total"]["m"] == 400 and document["total"]["derived"] == pytest.approx(
        2 + interaction["derived"] / 4
    )
    assert document["degrees_of_freedom"]["expected"] == pytest.approx(100 * 2 / 97)
    assert {check["verdict"] for check in document["checks"]} <= {"holds", "open"}
    assert document["seconds"] > 0


def test_the_text_says_the_same(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "input.json"
    path.write_text(json.dumps(default_input(catalogue.load("linear_autoencoder"))))
    code, out, _ = call(capsys, *SMALL, "--input", str(path))
    assert code == 1
    for word in ("a in a + b/m", "derived", "Kolmogorov", "inconclusive after", "precision: the standard error"):
        assert word in out


def test_a_checkpoint_goes_on(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = str(tmp_path / "run.json")
    first, second = (json.loads(call(capsys, *SMALL, "--format", "json", "--checkpoint", path)[1]) for _ in range(2))
    assert first.pop("seconds") != second.pop("seconds")
    assert first == second
    code, out, err = call(capsys, *SMALL, "--seed", "1", "--checkpoint", path)
    assert (code, out) == (2, "") and err.startswith("symasym: --checkpoint: ") and err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("verify",), "MODEL"),
        (("verify", "spectrall"), "did you mean spectral"),
        (("verify", "spectral", "--reps", "0"), "reps: 0 came"),
        (("verify", "spectral", "--reps", "many"), "--reps: many came"),
        (("verify", "spectral", "--m", "abc"), "--m: abc came"),
        (("verify", "spectral", "--m", "500"), "m: 1 value came"),
        (("verify", "spectral", "--m", "500,-1"), "m: -1 came"),
        (("verify", "spectral", "--n", "1"), "n: 1 came"),
        (("verify", "spectral", "--n", "x"), "--n: x came"),
        (("verify", "spectral", "--jobs", "0"), "jobs: 0 came"),
        (("verify", "spectral", "--seed", "x"), "--seed: x came"),
        (("verify", "spectral", "--format", "latex"), "--format"),
        (("verify", "spectral", "--input", "nowhere.json"), "nowhere.json"),
        (("verify", "spectral", "--plot", "figure.eps"), "--plot: figure.eps came"),
        (("verify", "spectral", "--plot", "nowhere/figure.png"), "--plot: there is no folder nowhere"),
        (("verify", str(BARE)), "--input: missing"),
    ],
)
def test_bad_arguments_are_one_line(arguments: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("symasym: ") and err.count("\n") == 1 and named in err


def test_a_figure_needs_matplotlib(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    code, out, err = call(capsys, *SMALL, "--plot", str(path))
    if find_spec("matplotlib") is None:
        assert (code, out) == (2, "") and "pip install 'symasym[plot]'" in err and err.count("\n") == 1
    else:
        assert path.read_bytes().startswith(b"\x89PNG")


FEW = ("verify", "linear_autoencoder", "--downstream", "logistic", "--reps", "40", "--m", "400,800", "--n", "200")


def test_a_logistic_second_stage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The document has both risks; neither processes nor a checkpoint change the numbers; the figure shows both laws."""
    path, picture = str(tmp_path / "run.json"), tmp_path / "run.svg"
    code, out, err = call(capsys, *FEW, "--jobs", "1", "--format", "json", "--checkpoint", path, "--plot", str(picture))
    document = json.loads(out)
    assert (code, err, document["downstream"], document["alpha"], document["n"]) == (1, "", "logistic", 4.0, 200)
    assert document["verdict"] == "inconclusive" and any("precision" in reason for reason in document["reasons"])
    for risk in ("log_loss", "zero_one"):
        found = document[risk]
        assert found["z"] == pytest.approx((found["intercept"] - found["derived"]) / found["se"])
        assert [point["m"] for point in found["grid"]] == [400, 800] and found["kolmogorov"]["distance"] > 0
    assert picture.read_bytes().startswith(b"<?xml")
    again = json.loads(call(capsys, *FEW, "--jobs", "2", "--format", "json")[1])
    kept = json.loads(call(capsys, *FEW, "--jobs", "1", "--format", "json", "--checkpoint", path)[1])
    for other in (again, kept):
        assert {**other, "seconds": 0, "jobs": 1} == {**document, "seconds": 0}
    code, out, err = call(capsys, *FEW[:2], "--checkpoint", path, "--reps", "40", "--m", "400,800", "--n", "200")
    assert (code, out) == (2, "") and "--checkpoint" in err


def test_the_text_of_a_logistic_second_stage(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, *FEW, "--jobs", "1")
    assert code == 1
    for word in ("logistic downstream", "separable", "0-1 error", "Kolmogorov distance of the log-loss at n = 200"):
        assert word in out


def test_a_logistic_second_stage_of_a_family_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "verify", "gmm", "--downstream", "logistic")
    assert (code, out) == (2, "") and err.count("\n") == 1
    assert err.startswith("symasym: downstream: logistic came") and "least_squares is expected" in err
