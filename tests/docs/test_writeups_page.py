"""docs/writeups.md runs as printed: commands, the notation file, the paper, the Python code."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from latex_samples import needs_tex

from symasym.cli.main import main
from symasym.codegen.latex.pdf import compile_pdf

PAGE = (Path(__file__).parents[2] / "docs" / "writeups.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands of the page write."""
    made = tmp_path_factory.mktemp("page")
    (made / "notation.toml").write_text(blocks("toml")[0], encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        for line in "".join(blocks("console")).splitlines():
            command, _, target = line.removeprefix("$ ").partition(" > ")
            program, *arguments = shlex.split(command)
            assert program == "symasym"
            with (made / target).open("w", encoding="utf-8") as stream, pytest.MonkeyPatch.context() as output:
                output.setattr(sys, "stdout", stream)
                assert main(arguments) == 0
    return made


def test_sections_are_those_that_the_page_lists(folder: Path) -> None:
    titles = re.findall(r"\\section\{(.*?)\}", (folder / "spectral.tex").read_text(encoding="utf-8"))
    assert titles == re.findall(r"^\d\. \*(.*?)\*", PAGE, flags=re.MULTILINE)


def test_the_notation_of_the_page_is_used(folder: Path) -> None:
    tex = (folder / "ours.tex").read_text(encoding="utf-8")
    assert r"\boldsymbol{A}^{\mathsf{T}}" in tex and r"\mu_{i}" in tex and r"\mathbf{E}" in tex
    own = tex.split(r"\section{Comparison with prior bounds}")[0]  # the rest is in a source's letters
    assert r"\lambda" not in own and not re.search(r"\\top(?![a-z])", own)
    assert r"\lambda_{i} - \mu_{j}" in tex


@needs_tex
def test_the_paper_compiles(folder: Path) -> None:
    text = blocks("latex")[0]
    for name in ("symasym-macros", "spectral.display"):
        text = text.replace(rf"\input{{{name}}}", (folder / f"{name}.tex").read_text(encoding="utf-8"))
    assert r"\input" not in text
    compile_pdf(text, folder / "paper.pdf")
    compile_pdf((folder / "ours.tex").read_text(encoding="utf-8"), folder / "ours.pdf")


def test_python_runs_as_printed() -> None:
    done = subprocess.run([sys.executable, "-c", blocks("python")[0]], check=True, capture_output=True, text=True)
    assert r"\begin{equation}\label{eq:spectral-law}" in done.stdout
