"""Commands and bibliography are what the program and the bibliography file say."""

from __future__ import annotations

import re
import tomllib

import pytest
from by_path import TOP, load

from symasym import references
from symasym.cli.main import VERBS

tool = load("tools/reference_pages.py")


@pytest.mark.parametrize("name", tool.PAGES)
def test_the_page_is_fresh(name: str) -> None:
    assert (TOP / "docs" / name).read_text(encoding="utf-8") == tool.PAGES[name](), f"remake: {tool.REMAKE}"


@pytest.mark.parametrize("verb", VERBS)
def test_options_are_those_of_help(verb: str) -> None:
    section = tool.commands().split(f"\n## {verb}\n")[1].split("\n## ")[0]
    shown = set(re.findall(r"^\| `(--[\w-]+)", section, flags=re.MULTILINE))
    helped = set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", tool.parser_of(verb).format_help(), flags=re.MULTILINE))
    assert shown == helped - {"--help"}


def test_every_reference_has_a_heading() -> None:
    assert re.findall(r"^## (\w+)$", tool.bibliography(), flags=re.MULTILINE) == list(references.load())


def pins(name: str) -> dict[str, str]:
    """Versions in a lock."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (TOP / name).read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_the_lock_of_the_site_fits_on_top_of_the_other() -> None:
    own, base = pins("requirements-docs.lock"), pins("requirements.lock")
    assert {name: own[name] for name in own.keys() & base.keys()} == {
        name: base[name] for name in own.keys() & base.keys()
    }
    extra = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"][
        "docs"
    ]
    assert {re.split(r"[<>=]", item)[0] for item in extra} <= own.keys()
    assert "://" not in (TOP / "requirements-docs.lock").read_text(encoding="utf-8")
