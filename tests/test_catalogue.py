"""A model is one file: the engine lists, derives, evaluates, simulates and builds whatever stands in the folder of the catalogue.

A copy of the folder gets a model that the engine has never seen. It is the linear autoencoder with half of its decoder,
`||x - 2 B A x||^2`, whose law must be that of the linear autoencoder.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from support import NAMES

from symasym import catalogue, derive, evaluate
from symasym.cli.main import main

KNOWN, NEW = "linear_autoencoder", "half_decoder"
CHANGES = {
    '"""Linear autoencoder: ': '"""Half a decoder: ',
    'title="Linear autoencoder"': 'title="Half a decoder"',
    "norm2(x - B * A * x)": "norm2(x - 2 * B * A * x)",
    "B: {i: 1}": "B: {i: Rational(1, 2)}",
    '"B": vectors}': '"B": vectors / 2}',
    "import numpy as np\n": "import numpy as np\nfrom sympy import Rational\n",
}


@pytest.fixture
def grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one more model in it."""
    top = catalogue.checkout()
    assert top is not None
    shutil.copytree(top / "derivations", tmp_path / "derivations")
    (tmp_path / "pyproject.toml").touch()
    text = (tmp_path / "derivations" / f"{KNOWN}.py").read_text(encoding="utf-8")
    for old, new in CHANGES.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "derivations" / f"{NEW}.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(catalogue, "PACKAGE", tmp_path / "symasym")
    return tmp_path


def test_a_new_file_is_a_new_model(grown: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert catalogue.names() == sorted([*NAMES, NEW])
    assert main(["list"]) == 0
    assert "Half a decoder" in capsys.readouterr().out
    for verb in (["derive", NEW, "--steps"], ["derive", NEW, "--format", "latex"], ["cite", NEW]):
        assert main(verb) == 0
    assert "omega[a] = " in capsys.readouterr().out

    ours, theirs = derive(NEW), derive(KNOWN)
    assert ours.weights == theirs.weights and ours.quotient_dimension == theirs.quotient_dimension
    document = catalogue.load(KNOWN).instance.verification
    np.testing.assert_allclose(
        evaluate(NEW, document).numeric.weights, evaluate(KNOWN, document).numeric.weights, rtol=1e-12
    )


def test_it_is_evaluated_simulated_and_built(grown: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (grown / "problem.json").write_text(json.dumps(catalogue.load(NEW).instance.example), encoding="utf-8")
    assert main(["eval", NEW, "--input", str(grown / "problem.json")]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == NEW
    assert main(["verify", NEW, "--reps", "150", "--m", "200,400"]) in (0, 1)  # so short a run may end as inconclusive
    assert "rejected" not in capsys.readouterr().out
    assert main(["build", NEW]) == 0
    made = sorted(path.relative_to(grown / "generated").as_posix() for path in (grown / "generated").rglob("*.*"))
    assert made == [f"kernels/{NEW}.py", f"latex/{NEW}.display.tex", f"latex/{NEW}.tex", f"laws/{NEW}.json"]
    assert main(["build", NEW, "--check"]) == 0
