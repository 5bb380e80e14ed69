"""docs/inside.md quotes the engine: every line of its text blocks is said by the command on the page."""

from __future__ import annotations

import re

from by_path import TOP

from symasym.cli.main import main

PAGE = (TOP / "docs" / "inside.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Blocks of code of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


def test_what_is_quoted_is_said(tmp_path, monkeypatch, capsys) -> None:
    (file,), (command,) = blocks("python"), blocks("console")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tied.py").write_text(file)
    assert main(command.split()[2:]) == 0
    said = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    quoted = [" ".join(line.split()) for block in blocks("text") for line in block.splitlines()]
    assert len(quoted) == 10
    for line in quoted:
        assert any(found == line or found.startswith(f"{line} [") for found in said), line


def test_the_counts_of_words(tmp_path) -> None:
    import symasym

    (tmp_path / "tied.py").write_text(blocks("python")[0])
    forms = symasym.explain(str(tmp_path / "tied.py")).forms
    hessian, score = map(int, re.findall(r"\((\d+) words\)", PAGE))
    assert (len(forms.hessian.terms), len(forms.score.terms)) == (hessian, score)
