"""The bibliography: parser, printed forms, and that every key in use is there."""

import ast
import re
import shutil
from pathlib import Path

import pytest

from symasym.codegen.latex.pdf import INSTALL, compile_pdf
from symasym.errors import InputError
from symasym.references import FILE, load, lookup, parse

ROOT = Path(__file__).parents[1]
CITED = re.compile(r"\[([A-Z][A-Za-z]+\d{4}[a-z]?)\]")


def _docstrings(tree: ast.AST) -> list[str]:
    owners = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    return [text for owner in owners if (text := ast.get_docstring(owner))]


def _cited() -> dict[str, Path]:
    """Keys in `references=[...]` of model files and in docstrings of the package, with a file that uses them."""
    found: dict[str, Path] = {}
    for path in sorted([*(ROOT / "symasym").rglob("*.py"), *(ROOT / "derivations").glob("*.py")]):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for text in _docstrings(tree):
            found.update(dict.fromkeys(CITED.findall(text), path))
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.keyword)
                and node.arg == "references"
                and isinstance(node.value, ast.List | ast.Tuple)
            ):
                keys = [item.value for item in node.value.elts if isinstance(item, ast.Constant)]
                found.update(dict.fromkeys(keys, path))
    return found


def test_every_cited_key_exists():
    cited = _cited()
    assert {"TinatiTu2026", "Anderson1963", "WeidemanTrefethen2007"} <= set(cited)
    missing = {key: str(path.relative_to(ROOT)) for key, path in cited.items() if key not in load()}
    assert missing == {}


def test_entries_are_complete_and_plain():
    for key, reference in load().items():
        assert re.fullmatch(r"[A-Z][A-Za-z]+(18|19|20)\d\d[a-z]?", key)
        assert key.startswith(reference.authors[0][0].title().replace(" ", "").replace("-", "")) or key.startswith(
            reference.authors[0][0].replace(" ", "")
        )
        assert reference.venue or reference.eprint or reference.publisher
        text = reference.text()
        assert text.isascii() and "\n" not in text and not re.search(r"[{}~\\]|  |\.\.|, ,", text)
        assert reference.year in text and reference.title.replace("{", "").replace("}", "") in text


def test_key_year_is_the_year():
    assert all(key[-4:] == reference.year for key, reference in load().items())


def test_bibtex_reads_back():
    text = "\n\n".join(reference.bibtex() for reference in load().values())
    assert parse(text) == load()


def test_text_and_latex():
    reference = load()["TinatiTu2026"]
    assert reference.text() == (
        "M. Tinati and S. Tu. On the asymptotics of self-supervised pre-training: two-stage M-estimation and representation "
        "symmetry. Proceedings of the Thirty Ninth Conference on Learning Theory, Proceedings of Machine Learning Research "
        "336:6197-6309, 2026; arXiv:2603.27631."
    )
    assert r"\emph{On the asymptotics" in reference.latex() and "336:6197--6309" in reference.latex()


def test_unknown_key_is_refused():
    with pytest.raises(InputError, match="Nobody1900"):
        lookup("Nobody1900")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("@book{A1900,\n title = {T},\n year = {1900},\n}", "A1900 has no author"),
        ("@book{A1900,\n author = {A, B},\n title = {T},\n year = {1900},", "A1900 is not closed"),
        ("@book{A1900,\n author = {A, B},\n colour = {red},\n}", "line 3: 'colour"),
        ("@book{A1900,\n author = {A, B},\n author = {A, B},\n}", "line 3"),
        ("@book{A1900,\n title = {T {U},\n}", "braces of title"),
        ("@book{A1900,\n title = T,\n}", "line 2"),
        ("title = {T},", "line 1"),
        ("@book{A1900,\nauthor={A},\ntitle={T},\nyear={1900}\n}\n@book{A1900,", "line 6: the key A1900 is there twice"),
    ],
)
def test_planted_mistakes_are_refused(text, complaint):
    with pytest.raises(InputError, match=re.escape(complaint)):
        parse(text)


def test_file_ships_with_the_package():
    assert FILE.is_file() and FILE.parent.name == "symasym"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason=f"pdflatex is not installed; to run this: {INSTALL}")
def test_all_entries_typeset(tmp_path):
    items = "\n".join(rf"\bibitem{{{key}}} {reference.latex()}" for key, reference in load().items())
    page = (
        "\\documentclass[11pt]{article}\\usepackage{microtype}\\emergencystretch=4em\\begin{document}"
        f"\\begin{{thebibliography}}{{99}}\n{items}\n\\end{{thebibliography}}\\end{{document}}"
    )
    compile_pdf(page, tmp_path / "references.pdf")
