"""Notes: every slot has a key, pages are balanced, LaTeX compiles to two pages at most, committed notes are fresh."""

import ast
import re
import shutil
import zlib
from dataclasses import fields
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sympy
from claims_findings import NAMES, finding
from jinja2 import meta

from symasym.claims.mathtext import mathml, prose_tex, tex
from symasym.claims.notes import ENVIRONMENT, HTML, TEX, Note, render, write_notes
from symasym.codegen.latex.pdf import INSTALL, compile_pdf

DOCS = Path(__file__).parents[2] / "docs" / "audit"
ADJECTIVES = (
    "wrong",
    "incorrect",
    "false",
    "flawed",
    "erroneous",
    "mistaken",
    "correct",
    "unfortunately",
    "clearly",
    "obviously",
)

needs_tex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason=f"pdflatex is not installed; to run this: {INSTALL}"
)


@pytest.mark.parametrize("template", ["note.tex.j2", "note.html.j2"])
def test_slots_are_keys(template):
    source = ENVIRONMENT.loader.get_source(ENVIRONMENT, template)[0]
    assert meta.find_undeclared_variables(ENVIRONMENT.parse(source)) == {item.name for item in fields(Note)}


class _Balanced(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", NAMES)
def test_html_is_balanced_and_in_neutral_words(name):
    page = render(finding(name), HTML)
    parser = _Balanced()
    parser.feed(page)
    assert parser.open == []
    words = set(re.findall(r"[a-z]+", re.sub(r"<[^>]*>", " ", page).lower()))
    assert not words & set(ADJECTIVES)
    assert "`" not in page and "<code>" not in page


@needs_tex
@pytest.mark.parametrize("name", NAMES)
def test_latex_compiles_to_two_pages_at_most(name, tmp_path):
    compile_pdf(render(finding(name), TEX), tmp_path / "note.pdf")
    assert 1 <= _pages((tmp_path / "note.pdf").read_bytes()) <= 2


def _pages(pdf):
    """The page count in the catalogue, which pdflatex compresses."""
    streams = [pdf]
    for match in re.finditer(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            streams.append(zlib.decompress(match.group(1)))
        except zlib.error:
            continue
    return max(int(n) for text in streams for n in re.findall(rb"/Count (\d+)", text))


@pytest.mark.parametrize("name", NAMES)
def test_committed_notes_are_fresh(name):
    """To mend it: symasym audit --notes docs/audit."""
    assert (DOCS / f"{name}.tex").read_text(encoding="utf-8") == render(finding(name), TEX)
    assert (DOCS / f"{name}.html").read_text(encoding="utf-8") == render(finding(name), HTML)


def test_no_note_is_left_over():
    assert sorted({path.stem for path in DOCS.iterdir()}) == NAMES


def test_notes_are_written(tmp_path):
    paths = write_notes([finding("factor-noise")], tmp_path / "notes")
    assert [path.name for path in paths] == ["factor-noise.tex", "factor-noise.html"]
    assert all(path.is_file() for path in paths)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2/b[j]", r"\frac{2}{{b}_{j}}"),
        ("8*(1 + tau + 1)", r"8 \left( 1 + \tau + 1 \right)"),
        ("a - (b - c)", r"a - \left( b - c \right)"),
        ("Sum(x[i]**2, (i, 1, k))", r"\sum_{i = 1}^{k} {{x}_{i}}^{2}"),
        ("inv(A.T*A)", r"{\left( {A}^{\top} A \right)}^{- 1}"),
        ("s = t^2 = 1", r"s = {t}^{2} = 1"),
    ],
)
def test_formulas_as_they_stand(text, expected):
    assert tex(text) == expected
    assert mathml(text).startswith("<math>")


def test_prose_keeps_what_is_no_formula():
    assert prose_tex("take `x_1` & 5 %, `1 2`") == r"take $x_{1}$ \& 5 \%, 1 2"


@pytest.mark.parametrize("name", NAMES)
def test_numbers_worked_by_hand_add_up(name):
    """Every chain of equal signs between numbers in the prose of a note holds."""
    for piece in re.findall(r"`([^`]*)`", finding(name).claim.by_hand):
        sides = [ast.unparse(ast.parse(side.strip().replace("^", "**"), mode="eval")) for side in piece.split("=")]
        numbers = [sympy.sympify(side) for side in sides if not re.search(r"[A-Za-z_]", side)]
        assert len(set(numbers)) <= 1 or len(numbers) < len(sides), piece
