"""The pages without Sphinx: links lead somewhere, every page is in a list, marked code prints what is printed."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from by_path import TOP, load

import symasym
import symasym.model
from symasym.cli.main import main

DOCS = TOP / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *(DOCS / "notebooks").glob("*.ipynb")])
TEXTS = [*PAGES, TOP / "README.md", TOP / "CONTRIBUTING.md", TOP / "CHANGELOG.md", TOP / "generated" / "gallery.md"]
LINK = re.compile(r"\]\(([^()\s]+)\)")
OUTSIDE = ("http:", "https:", "mailto:", "data:")


def text_of(page: Path) -> str:
    """The Markdown of a page."""
    text = page.read_text(encoding="utf-8")
    if page.suffix != ".ipynb":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")


def prose_of(page: Path) -> str:
    """The page without blocks and spans of code, in which brackets are not links."""
    text = re.sub(r"^```.*?^```", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors_of(page: Path) -> set[str]:
    """Addresses of the headings, as repositories and the site make them."""
    text = re.sub(r"^```.*?^```", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def broken(page: Path) -> list[str]:
    """Links of a page that lead nowhere."""
    found = []
    for link in LINK.findall(prose_of(page)):
        if link.startswith(OUTSIDE):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        headed = anchor and target.suffix in (".md", ".ipynb")
        if not target.exists() or (headed and anchor not in anchors_of(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One heading\n\n[a](#one-heading) [b](gone.md) [c](#another) `[d](code.md)` ![e](gone.svg)\n")
    assert broken(page) == ["gone.md", "#another", "gone.svg"]


def listed() -> list[list[str]]:
    """The lists of index.md."""
    blocks = re.findall(r"^```\{toctree\}\n(.*?)^```", (DOCS / "index.md").read_text(), flags=re.DOTALL | re.MULTILINE)
    return [[line for line in block.splitlines() if line and not line.startswith(":")] for block in blocks]


def test_every_page_is_in_one_list() -> None:
    names = {str(page.relative_to(DOCS).with_suffix("")) for page in PAGES} - {"index"}
    for name in sorted(names):
        places = [entries for entries in listed() if any(fnmatchcase(name, entry) for entry in entries)]
        assert len(places) == 1, f"docs/{name} is in {len(places)} lists of docs/index.md, one is expected"
    for entry in (entry for entries in listed() for entry in entries):
        assert any(fnmatchcase(name, entry) for name in names), f"docs/index.md lists {entry}, which is no page"


# ---- tables

BAR = re.compile(r"(?<!\\)\|")


def ragged(text: str) -> list[str]:
    """Rows of tables with another number of cells than the head, e.g. by a bar inside of code."""
    found = []
    for table in re.findall(r"^\|.*\n\|[-:| ]+\|\n(?:\|.*\n)*", text, flags=re.MULTILINE):
        head, _, *rows = table.splitlines()
        found += [row for row in rows if len(BAR.findall(row)) != len(BAR.findall(head))]
    return found


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_tables_have_their_columns(page: Path) -> None:
    assert ragged(text_of(page)) == []


def test_a_bar_in_a_cell_is_found() -> None:
    table = "| a | b |\n|---|---|\n| c | `x|y` |\n| c | `x\\|y` |\n"
    assert ragged(table) == ["| c | `x|y` |"]


# ---- code

MARK = "<!-- runs -->"
BLOCK = re.compile(rf"^{MARK}\n```(\w+)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", flags=re.DOTALL | re.MULTILINE)
MARKS = re.compile(rf"^{MARK}$", flags=re.MULTILINE)
MARKED = [page for page in PAGES if MARKS.search(text_of(page))]


def test_marked_pages() -> None:
    assert {"story.md", "unlabelled.md"} <= {page.name for page in MARKED}
    for page in MARKED:  # a mark in front of something else would be passed over in silence
        assert len(BLOCK.findall(text_of(page))) == len(MARKS.findall(text_of(page))), page.name


@pytest.mark.parametrize("page", MARKED, ids=lambda page: page.name)
def test_marked_code_prints_what_is_printed(page: Path, tmp_path: Path) -> None:
    """Python blocks of a page run in one clean process, in order; each prints the text block behind it."""
    program, expected = ["import sys"], []
    for language, code, output in BLOCK.findall(text_of(page)):
        if language == "console":
            for line in code.splitlines():
                _, name, *arguments = shlex.split(line)
                done = [sys.executable, "-m", name, *arguments]
                subprocess.run(done, check=True, capture_output=True, cwd=tmp_path)
        else:
            assert language == "python"
            program += [code, "print('\\0', end='')"]
            expected.append(output)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(program)],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.stdout.split("\0")[:-1] == expected


# ---- the interface


def test_the_interface_names_what_is_public() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\.\. auto\w+:: (?:\w+\.)*(\w+)$", page, flags=re.MULTILINE))
    assert set(symasym.__all__) - {"__version__"} <= documented
    assert set(symasym.model.__all__) <= documented


def test_the_page_of_kernels_has_every_function() -> None:
    page = (DOCS / "kernels.md").read_text(encoding="utf-8")
    kernel = load("generated/kernels/spectral.py")
    functions = {name for name in kernel.__all__ if name.islower()}
    assert functions == set(re.findall(r"autofunction:: spectral\.(\w+)$", page, flags=re.MULTILINE))


def test_the_claim_on_the_page_of_claims_agrees(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```", (DOCS / "claims.md").read_text(), flags=re.DOTALL | re.MULTILINE)
    (tmp_path / "mine.toml").write_text(block)
    assert main(["audit", "--claim", str(tmp_path / "mine.toml")]) == 0
