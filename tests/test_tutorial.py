"""The tutorial runs as printed."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from symasym import catalogue
from symasym.cli.main import main

PAGE = (Path(__file__).parent.parent / "docs" / "tutorial.md").read_text(encoding="utf-8")
FILES = {"paired_components.py": 0, "paired_closed.py": 2}
"""Which block is which file."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, number in FILES.items():
        (tmp_path / name).write_text(blocks("python")[number])
    example = catalogue.load(str(tmp_path / "paired_components.py")).example
    (tmp_path / "problem.json").write_text(json.dumps(example))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_commands_run_as_printed(folder: Path) -> None:
    commands = [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]
    assert [shlex.split(command)[1] for command in commands] == ["new", "derive", "eval", "verify", "derive"]
    (folder / "paired_components.py").rename(folder / "kept.py")
    for command in commands:
        program, *arguments = shlex.split(command)
        done = subprocess.run([sys.executable, "-m", program, *arguments], check=False, capture_output=True, text=True)
        allowed = (0, 1) if arguments[0] == "verify" else (0,)  # a short run may end as inconclusive
        assert done.returncode in allowed, done.stderr
        assert "rejected" not in done.stdout
        if arguments[0] == "new":
            (folder / "kept.py").replace(folder / "paired_components.py")


def test_python_runs_as_printed(folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", blocks("python")[1]], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("[")


def test_both_files_are_one_model(folder: Path) -> None:
    """The closed form at the eigenvalues of a commuting pair is what the first file gives for turned matrices."""
    import numpy as np

    from symasym import derive, evaluate

    s, c, g, b = np.array([2.0, 1.5, 0.8, 0.5]), np.array([0.9, 0.8, 0.2, 0.1]), 0.7, np.array([1.0, -0.5])
    law = derive("paired_closed.py").at(d=4, k=2, s=s, c=c, g=g, b=b, sigma2=1.0)
    turn = np.linalg.qr(np.random.default_rng(5).standard_normal((4, 4)))[0]
    document = {
        "Sigma": (turn * s @ turn.T).tolist(),
        "Sigma_plus": (turn * c @ turn.T).tolist(),
        "target": (turn[:, :2] @ b).tolist(),
        "k": 2,
        "g": g,
        "sigma2": 1.0,
    }
    found = evaluate("paired_components.py", document)
    np.testing.assert_allclose(found.numeric.weights, np.sort(law.weights)[::-1], rtol=1e-8)


def test_what_the_engine_says_of_an_assumption_left_out_is_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stated = ", s[i] + g * c[i] * (s[i] + s[a]) / s[i] > s[a] + 2 * g * c[a]]"
    page = blocks("python")[2]
    assert stated in page
    Path("left_out.py").write_text(page.replace(stated, "]"))
    assert main(["derive", "left_out.py"]) == 0
    (said,) = (line for line in capsys.readouterr().out.splitlines() if "not decided" in line)
    assert f"    {said.strip()}\n" in PAGE


def test_the_messages_of_the_table_are_the_messages(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = blocks("python")[0]
    wrong = {
        "is not invariant under": page.replace("O(k).acts(lambda Q: {A: Q * A})", "GL(k).acts(lambda Q: {A: Q * A})"),
        "the Hessian form is zero (the declared group is too small": page.replace("O(k).acts(lambda Q: {A: Q * A})", "trivial()"),
        "Sigma: the key is missing": page.replace('"Sigma": ', '"Sigma_down": '),
        "mentions no parameter": page.replace("norm2(x - A.T * A * x) - 2 * g * inner(A * x, A * x_plus)", "g * norm2(x)"),
        "target: f* lies outside the span": page.replace('    "project": True,\n', ""),
        "has shape (d, 1), but A*x_plus has shape (k, 1)": page.replace("inner(A * x, A * x_plus)", "inner(x, A * x_plus)"),
        "is not equivariant": page.replace("features=A * x", "features=constant('e', 1, k) * A * x"),
        "is taken at two points": re.sub(r'"Sigma": .*\n.*"Sigma_plus": .*\n',
            '"Sigma": [[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]], "Sigma_plus": [[0.1, 0, 0], [0, 0.1, 0], [0, 0, 0.1]],', page
        ).replace("[1.0, 0.5, 0.0, 0.0]", "[1.0, 0.5, 0.0]"),
        "no minimum that the 12 starts agree on": page.replace("norm2(x - A.T * A * x)", "-norm2(x - A.T * A * x)"),
    }  # fmt: skip
    for message, text in wrong.items():
        assert text != page, message
        (folder / "wrong.py").write_text(text)
        codes = [main(["derive", "wrong.py"])]
        if codes == [0]:
            example = catalogue.load("wrong.py").example
            (folder / "wrong.json").write_text(json.dumps(example))
            codes.append(main(["eval", "wrong.py", "--input", "wrong.json"]))
        said = capsys.readouterr().err
        assert codes[-1] == 2 and message in said, f"{message}: {said}"
        assert said.count("\n") == 1
