"""`symasym new`: the file it writes works as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from symasym import catalogue
from symasym.cli.main import main


def test_the_new_file_derives_and_evaluates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "my_model", "--output", str(tmp_path)]) == 0
    path = tmp_path / "my_model.py"
    assert f"wrote {path}" in capsys.readouterr().out
    assert main(["derive", str(path)]) == 0
    assert "My model" in capsys.readouterr().out
    problem = tmp_path / "problem.json"
    problem.write_text(json.dumps(catalogue.load(str(path)).example))
    assert main(["eval", str(path), "--input", str(problem)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["route"] == "general" and len(document["weights"]) == 2
    assert document["minimiser"]["search"]["reached"] >= 6


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("My Model",), "NAME: My Model came"),
        (("class",), "NAME: class came"),
        (("../up",), "NAME: ../up came"),
        (("taken",), "is there already"),
        (("fine", "--output", "nowhere"), "--output: there is no folder nowhere"),
    ],
)
def test_what_cannot_be_written_is_said(
    arguments: tuple[str, ...],
    named: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.py").write_text("mine")
    assert main(["new", *arguments]) == 2
    assert named in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["taken.py"] and (tmp_path / "taken.py").read_text() == "mine"
