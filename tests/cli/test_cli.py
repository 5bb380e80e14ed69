"""The command line: verbs, exit codes, one line on stderr, documents with a schema."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sympy
from support import BARE, MODELS, NAMES, derivation

from symasym import Law, catalogue, derive
from symasym.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Exit code 2, nothing on stdout, one line on stderr."""
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("symasym: ") and err.count("\n") == 1
    return err


def test_list_names_every_model(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == NAMES
    document = json.loads(run(capsys, "list", "--format", "json")[1])
    assert document["schema"] == "symasym.list/1"
    assert [entry["name"] for entry in document["models"]] == NAMES


def test_list_does_not_import_sympy() -> None:
    program = "import sys; from symasym.cli.main import main; main(['list']); sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL, check=False).returncode == 0


@pytest.mark.parametrize("name", MODELS)
def test_derive_prints_a_closed_form_with_symbolic_dimensions(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "derive", name)
    assert code == 0
    for item in derivation(name).law.outside:
        assert f"omega[{item.index}] = g[{item.index}]*" in out
        assert f"{item.index} = {item.first}..{item.last}" in out


@pytest.mark.parametrize("name", MODELS)
def test_steps_show_every_stage_with_its_rule(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "derive", name, "--steps")
    titles = ["Setting", "Symmetry", "Score and Hessian forms", "Aligned coordinates", "Blocks",
              "Covariance of the first stage", "Excess pre-training loss", "Downstream map", "Law"]  # fmt: skip
    for number, title in enumerate(titles, 1):
        assert f"{number}. {title}\n    rule: " in out


@pytest.mark.parametrize("name", MODELS)
def test_json_carries_an_srepr_that_rebuilds_the_law(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(run(capsys, "derive", name, "--format", "json")[1])
    assert document["schema"] == "symasym.derivation/1"
    assert Law.from_srepr(document["law"]["srepr"]) == derive(name)
    assert str(derive(name).mean) == document["law"]["mean"]["text"]


def test_a_variant_goes_by_its_joined_name_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    joined = run(capsys, "derive", "factor_noise_estimated")
    assert joined[0] == 0 and joined == run(capsys, "derive", "factor", "--variant", "noise_estimated")
    assert "known are noise_estimated" in refused(capsys, "derive", "factor", "--variant", "unknown")


def test_derive_takes_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "derive", str(BARE))
    assert code == 0 and "omega[a] = " in out


def test_latex_is_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "derive", "spectral", "--format", "latex")
    assert code == 0
    assert out.startswith("%") or out.startswith(r"\documentclass")
    assert out.rstrip().endswith(r"\end{document}")


@pytest.mark.parametrize("name", NAMES)
def test_eval_of_the_example(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    instance = catalogue.load(name).instance
    assert instance is not None
    path = tmp_path / "input.json"
    path.write_text(json.dumps(instance.example))
    code, out, err = run(capsys, "eval", name, "--input", str(path), "--quantiles", "0.1,0.9")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["schema"] == "symasym.law/1"
    assert list(document["risk"]["quantiles"]) == ["0.1", "0.9"]
    total = sum(w * n for w, n in zip(document["weights"], document["multiplicities"], strict=True))
    assert document["interaction"]["mean"] == pytest.approx(total, rel=1e-12)
    expected = document["sigma2"] * document["d_act"] + total / document["alpha"]
    assert document["risk"]["mean"] == pytest.approx(expected, rel=1e-12)
    assert document["weights"] == sorted(document["weights"], reverse=True)


def test_eval_over_label_noise_as_well(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "input.json"
    path.write_text(json.dumps({"A": [[1], [2], [0], [1]], "beta": [1], "sigma_nu2": 1}))
    averaged = json.loads(run(capsys, "eval", "factor", "--input", str(path))[1])
    full = json.loads(run(capsys, "eval", "factor", "--input", str(path), "--unconditional")[1])
    assert full["unconditional"] and not averaged["unconditional"]
    assert full["risk"]["mean"] == pytest.approx(averaged["risk"]["mean"], rel=1e-14)
    more = 2 * averaged["d_eff"] * averaged["sigma2"] ** 2
    assert full["risk"]["variance"] == pytest.approx(averaged["risk"]["variance"] + more, rel=1e-14)


def test_equal_weights_share_an_entry(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "input.json"
    path.write_text(json.dumps({"A": [[1], [2], [0], [1]], "beta": [1], "sigma_nu2": 1}))
    document = json.loads(run(capsys, "eval", "factor", "--input", str(path))[1])
    assert document["multiplicities"] == [3]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("dervie", "spectral"), "did you mean derive"),
        (("derive", "spectrall"), "did you mean spectral"),
        (("derive", "nowhere.py"), "there is no file nowhere.py"),
        (("derive", "spectral", "--format", "yaml"), "--format"),
        (("derive", "spectral", "--downstream", "probit"), "--downstream"),
        (("derive",), "MODEL"),
        (("eval", "spectral"), "--input"),
        (("eval", "spectral", "--input", "nowhere.json"), "nowhere.json"),
        (("eval", "spectral", "--input", "x", "--quantiles", "2"), "--quantiles"),
        (("plan",), "does not have the verb yet"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert named in refused(capsys, *arguments)


def test_doctor_finds_everything_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "doctor", "--format", "json")
    document = json.loads(out)
    assert code == 0 and document["schema"] == "symasym.doctor/1" and document["healthy"]
    assert document["required"]["sympy"] == sympy.__version__
    assert run(capsys, "doctor")[1].rstrip().endswith("healthy")


def test_cite_prints_the_sources_of_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "cite", "spectral")
    assert code == 0
    assert "@software{symasym," in out and "TinatiTu2026" in out and "HaoChen2021" in out


def test_the_module_is_the_same_program() -> None:
    outputs = [
        subprocess.run([*command, "list"], capture_output=True, check=True).stdout
        for command in ([sys.executable, "-m", "symasym"], [str(Path(sys.executable).parent / "symasym")])
    ]
    assert outputs[0] == outputs[1]
