"""Figures as files: the same bytes again, no date, a sentence where matplotlib is missing, `eval --plot`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from support import NAMES, good

import symasym
from symasym import figures
from symasym.cli.main import main
from symasym.errors import InputError
from symasym.law.numeric import NumericLaw

LAW = NumericLaw(np.array(1.3), np.array(2.0), np.array([0.7, 0.2]), 2, 4)
BEGINNINGS = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}
SCRIPT = """
import hashlib, sys, numpy as np
from symasym import figures
from symasym.law.numeric import NumericLaw
law = NumericLaw(np.array(1.3), np.array(2.0), np.array([0.7, 0.2]), 2, 4)
data = figures.save(figures.risk({"one": law, "other": law}), sys.argv[1]).read_bytes()
print(hashlib.sha256(data).hexdigest(), "matplotlib.pyplot" in sys.modules)
"""


@pytest.mark.parametrize("suffix", figures.SUFFIXES)
def test_the_same_figure_is_the_same_bytes_whatever_the_settings_are(suffix: str, tmp_path: Path) -> None:
    first = figures.save(figures.risk(LAW), tmp_path / f"first{suffix}").read_bytes()
    with mpl.rc_context({"font.size": 20, "lines.linewidth": 9, "svg.hashsalt": None, "axes.facecolor": "red"}):
        second = figures.save(figures.risk(LAW), tmp_path / f"second{suffix}").read_bytes()
    assert first == second and first.startswith(BEGINNINGS[suffix])
    assert b"dc:date" not in first and b"CreationDate" not in first and mpl.rcParams["svg.hashsalt"] is None


def test_neither_the_hash_seed_nor_pyplot_matters(tmp_path: Path) -> None:
    said = []
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", SCRIPT, str(tmp_path / f"{seed}.svg")]
        said.append(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split())
    assert said[0] == said[1] and said[0][1] == "False"


def test_without_matplotlib_one_sentence_says_what_brings_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"^figures.risk: matplotlib is not installed; pip install 'symasym\[plot\]'"):
        figures.risk(LAW)
    assert main(["verify", "spectral", "--plot", str(tmp_path / "a.png")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("symasym: --plot: matplotlib is not installed") and err.count("\n") == 1


def test_unknown_names_are_no_figures() -> None:
    with pytest.raises(AttributeError, match="riks"):
        _ = figures.riks  # type: ignore[attr-defined]
    assert set(dir(figures)) >= {"risk", "distribution", "weights", "overview", "verification", "save"}


def test_eval_draws_what_it_prints(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "input.json").write_text(json.dumps(good("spectral")))
    command = ["eval", "spectral", "--input", str(tmp_path / "input.json")]
    assert main(command) == 0
    plain = capsys.readouterr().out
    for suffix, beginning in BEGINNINGS.items():
        assert main([*command, "--plot", str(tmp_path / f"law{suffix}")]) == 0
        assert capsys.readouterr().out == plain
        assert (tmp_path / f"law{suffix}").read_bytes().startswith(beginning)


@pytest.mark.parametrize(
    ("name", "said"), [("law.jpg", "--plot: law.jpg came"), ("nowhere/law.pdf", "--plot: there is no folder")]
)
def test_bad_names_are_refused_before_the_work(name: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "spectral", "--input", "nowhere.json", "--plot", name]) == 2
    assert capsys.readouterr().err.startswith(f"symasym: {said}")


def test_every_model_of_the_catalogue_has_its_picture() -> None:
    folder = Path(symasym.__file__).parents[1] / "docs" / "figures"
    drawn = {path.stem for path in folder.glob("*.svg")}
    assert drawn == {"headline", *NAMES}, "python tools/figures.py MODEL draws one"
