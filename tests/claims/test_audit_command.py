"""`symasym audit`: exit codes, documents, one line for bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from symasym.claims.reading import published_names
from symasym.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["audit", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--list")
    assert code == 0 and out.split() == published_names()


@pytest.mark.parametrize(
    ("name", "expected"), [("factor-law", 1), ("factor-noise", 1), ("spectral-score", 0), ("factor-prior", 0)]
)
def test_exit_code_and_document(capsys: pytest.CaptureFixture[str], name: str, expected: int) -> None:
    code, out, _ = run(capsys, name, "--format", "json")
    document = json.loads(out)
    assert code == expected
    assert document["schema"] == "symasym.audit/1"
    assert [claim["id"] for claim in document["claims"]] == [name]


def test_a_claim_of_ones_own_beside_a_published_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    formula = "g[a]*Sum(noise*beta[i]**2/((noise + ell[i])*ell[i]), (i, 1, k))"
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"model": "factor", "what": "weight", "formula": formula}))
    code, out, _ = run(capsys, "--claim", str(file), "--format", "json")
    (claim,) = json.loads(out)["claims"]
    assert (code, claim["id"], claim["verdict"]) == (0, "mine", "agrees")
    assert claim["simulation"] is None and claim["counterexample"] is None and claim["difference"] is None
    file.write_text(json.dumps({"model": "factor", "what": "weight", "formula": f"2*{formula}"}))
    code, out, _ = run(capsys, "factor-prior", "--claim", str(file), "--format", "json")
    first, second = json.loads(out)["claims"]
    assert code == 1
    assert (first["id"], second["verdict"], second["counterexample"]["d"]) == ("factor-prior", "differs", 2)


def test_notes_are_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, "factor-noise", "--notes", str(tmp_path / "notes"))
    assert code == 1 and out.startswith("factor-noise: ill-typed") and err.count("written: ") == 2
    assert sorted(path.name for path in (tmp_path / "notes").iterdir()) == ["factor-noise.html", "factor-noise.tex"]


def test_a_note_of_ones_own_claim(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"model": "factor", "what": "mean", "formula": "k"}))
    run(capsys, "--claim", str(file), "--notes", str(tmp_path))
    assert "differs" in (tmp_path / "mine.tex").read_text() and "differs" in (tmp_path / "mine.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["spectral-lew"], "CLAIM: there is no claim spectral-lew; did you mean spectral-law?"),
        (["--claim", "nowhere.toml"], "--claim: there is no file nowhere.toml"),
        (["--claim", "nowhere.py"], "--claim: there is no file nowhere.py"),
        (["factor-law", "--seed", "one"], "--seed: one came, a whole number is expected"),
    ],
)
def test_bad_input_is_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out, err) == (2, "", f"symasym: {message}\n")
