"""The README runs as printed, and has exactly two set-up commands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
README = (TOP / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_two_set_up_commands() -> None:
    section = README.split("## Set-up")[1].split("\n## ")[0]
    assert re.findall(r"^    (\S.*)$", section, flags=re.MULTILINE) == ["./run build", "./run test"]


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_python_examples_run(number: int) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", blocks("python")[number]], check=True, capture_output=True)


def test_console_examples_run(tmp_path: Path) -> None:
    (document,) = blocks("json")
    (tmp_path / "mine.json").write_text(document)
    commands = [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]
    assert len(commands) >= 6
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "symasym"
        subprocess.run([sys.executable, "-m", program, *arguments], check=True, capture_output=True, cwd=tmp_path)


def test_files_that_are_mentioned_exist() -> None:
    for path in re.findall(r"`((?:docs|derivations|symasym|generated)/[\w./]*|CONTRIBUTING\.md)`", README):
        assert (TOP / path).exists(), path
