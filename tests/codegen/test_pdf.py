"""LaTeX to PDF: the log is read, every document compiles, next to what papers load as well."""

import re
import subprocess
from pathlib import Path

import pytest
import sympy
from latex_samples import WIDE, WORKED, a, derived, i, j, needs_tex, written
from support import FAMILIES, MODELS, OPEN, VARIANTS

from symasym.cli.main import main
from symasym.codegen.latex import display, formula
from symasym.codegen.latex.blocks import aligned
from symasym.codegen.latex.layout import Layout
from symasym.codegen.latex.paper import WIDTH
from symasym.codegen.latex.pdf import LatexError, PdflatexMissing, compile_pdf, complaints
from symasym.codegen.latex.width import width
from symasym.errors import SymasymError
from symasym.steps import steps

PAGE = "\\documentclass{article}\\usepackage{amsmath}\\begin{document}\n%s\n\\end{document}\n"


def test_log_is_read():
    log = (
        "Overfull \\hbox (12.5pt too wide) detected at line 4\nOverfull \\hbox (0.4pt too wide) in paragraph\n"
        "LaTeX Warning: Reference `eq:no' on page 1 undefined on input line 3.\n"
        "LaTeX Warning: Citation `Nobody' on page 1 undefined on input line 3.\n"
    )
    found = complaints(log)
    assert found == ["overfull hbox, 12.5 pt, detected at line 4", "undefined: eq:no", "undefined: Nobody"]
    assert complaints("! Undefined control sequence.\n") == ["error: Undefined control sequence."]
    assert complaints("Missing character: There is no ^^e9 in font cmr10!\n") == ["missing glyph: ^^e9 in cmr10"]
    assert complaints("LaTeX Font Warning: Font shape `T1/xyz/m/n' undefined\n") == [
        "font: Font shape `T1/xyz/m/n' undefined"
    ]


def test_missing_pdflatex_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PdflatexMissing, match="apt-get install texlive-latex-base texlive-latex-recommended"):
        compile_pdf(PAGE % "x", tmp_path / "x.pdf")
    assert issubclass(PdflatexMissing, SymasymError) and issubclass(LatexError, SymasymError)


@needs_tex
@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (r"\begin{align*} h &= " + "x" * 200 + r" \end{align*}", "overfull hbox"),
        (r"see \ref{eq:nowhere}", "undefined: eq:nowhere"),
        (r"see \cite{Nobody1900}", "undefined: Nobody1900"),
        (r"\undefinedcommand", "Undefined control sequence"),
        (r"$x^{2", "error"),
        (r"\font\bare=cmmi10 \bare\char200", "missing glyph: .*cmmi10"),
    ],
)
def test_planted_mistakes_are_refused(body, complaint, tmp_path):
    target = tmp_path / "page.pdf"
    target.write_bytes(b"as it was")
    with pytest.raises(LatexError, match=complaint):
        compile_pdf(PAGE % body, target)
    assert target.read_bytes() == b"as it was"
    assert list(tmp_path.iterdir()) == [target]


@needs_tex
def test_shell_is_out_of_reach(tmp_path):
    compile_pdf(PAGE % rf"\immediate\write18{{touch {tmp_path}/reached}} x", tmp_path / "page.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["page.pdf"]


GENERATED = Path(__file__).parents[2] / "generated" / "latex"
DOCUMENTS = sorted(
    path.name for path in GENERATED.glob("*.tex") if "." not in path.stem and path.stem != "symasym-macros"
)


def test_every_model_and_variant_has_a_document():
    assert {name.removesuffix(".tex") for name in DOCUMENTS} == {*MODELS, *VARIANTS, *OPEN, *FAMILIES}


@needs_tex
@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_compile_without_warnings(name, tmp_path):
    """What `symasym build --pdf` does with each; tests/cli/test_build.py compares the files with what is derived now."""
    compile_pdf((GENERATED / name).read_text(encoding="utf-8"), tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")


@needs_tex
def test_build_makes_a_pdf_and_stops_at_one_with_a_complaint(tmp_path, monkeypatch):
    assert main(["build", "factor", "--pdf", "--output", str(tmp_path)]) == 0
    made = sorted(path.name for path in (tmp_path / "pdf").iterdir())
    assert made == ["factor.pdf", "factor_noise_estimated.pdf"]
    wide = tmp_path / "wide.toml"
    wide.write_text('[symbols]\nell = "' + "x" * 200 + '"\n')
    (tmp_path / "pdf" / "factor.pdf").unlink()
    assert main(["build", "factor", "--pdf", "--output", str(tmp_path), "--notation", str(wide)]) == 2
    assert not (tmp_path / "pdf" / "factor.pdf").exists()


# ---- next to what papers load

PAPERS = {
    "amsart": r"""\documentclass[11pt]{amsart}
\usepackage{amssymb,mathtools,hyperref,graphicx}
\newtheorem{theorem}{Theorem}""",
    "article": r"""\documentclass[11pt]{article}
\usepackage[margin=25mm]{geometry}
\usepackage{amsmath,amssymb,amsthm,bm,natbib,booktabs,xcolor,hyperref}
\newtheorem{theorem}{Theorem}""",
    # what the template of a single-column conference style loads, as far as Debian's recommended packages have it:
    # without times (its fonts are elsewhere), nicefrac and cleveref
    "single column": r"""\documentclass[10pt]{article}
\usepackage[letterpaper,textheight=9in,textwidth=5.5in,top=1in]{geometry}
\usepackage[utf8]{inputenc}
\usepackage[round,sort]{natbib}
\usepackage{fancyhdr,lineno,eso-pic,url,booktabs,amsfonts,amsmath,microtype,xcolor,hyperref,amsthm}
\linenumbers
\newtheorem{theorem}{Theorem}""",
    # the same for a two-column style; without times, algorithm, algorithmic, forloop and cleveref
    "two columns": r"""\documentclass[10pt,twocolumn]{article}
\usepackage[letterpaper,textwidth=6.75in,textheight=9in]{geometry}
\usepackage{microtype,graphicx,subcaption,booktabs,hyperref,fancyhdr,xcolor,natbib,eso-pic,url}
\usepackage{amsmath,amssymb,mathtools,amsthm}
\setlength{\columnsep}{0.25in}
\newtheorem{theorem}{Theorem}""",
}
COLUMN = {"two columns": 22.0}
"""Widths to which displays are broken, in ems, where the default is wider than a column."""


@needs_tex
@pytest.mark.parametrize("paper", PAPERS)
def test_three_displays_and_the_macros_fit_into_a_paper(paper, tmp_path):
    """The macro file as committed, displays as `derive --format latex --part display` prints them."""
    laws = [derived(model)[0].law for model in WORKED]
    shown = [display(law, COLUMN.get(paper, WIDTH)) for law in laws]
    references = " ".join(rf"\eqref{{eq:{law.name.replace('_', '-')}-law}}" for law in laws)
    macro_file = (GENERATED / "symasym-macros.tex").read_text(encoding="utf-8")
    text = "\n".join(
        [
            PAPERS[paper],
            r"\newcommand{\symlam}{\mu}",  # the paper's own letter stays
            macro_file,
            r"\begin{document}\begin{theorem}See",
            references,
            *shown,
            r"\end{theorem}\end{document}",
        ]
    )
    compile_pdf(text, tmp_path / "paper.pdf")
    macros = set(re.findall(r"\\sym[A-Za-z]+", "\n".join(shown)))
    assert macros <= set(re.findall(r"\\providecommand\{(\\sym[A-Za-z]+)\}", macro_file))


@needs_tex
def test_same_text_gives_the_same_pdf(tmp_path):
    for name in ("one.pdf", "two.pdf"):
        compile_pdf(written("factor"), tmp_path / name)
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


@needs_tex
def test_wide_formulas_compile(tmp_path):
    packages = r"\usepackage{amssymb,mathtools}\setlength{\textwidth}{330pt}"
    bodies = [aligned([(sympy.Symbol("h"), "=", e)], Layout(32.0, {"lam", "A"}, (i, j, a))) for e in WIDE.values()]
    compile_pdf(
        PAGE.replace(r"\begin{document}", packages + r"\begin{document}") % "\n".join(bodies), tmp_path / "page.pdf"
    )


@needs_tex
def test_width_estimate_against_tex(tmp_path):
    sides = [
        side
        for model in WORKED
        for step in steps(derived(model)[0])
        for line in step.lines
        for side in (line.left, line.right)
    ]
    texts = sorted(
        {formula(side) for side in sides if side is not None} | {formula(WIDE["fraction"]), formula(WIDE["matrix"])}
    )
    boxes = "\n".join(rf"\setbox0\hbox{{$\displaystyle {tex}$}}\typeout{{WIDTH \the\wd0}}" for tex in texts)
    page = r"\documentclass[11pt]{article}\usepackage{amsmath,amssymb}\begin{document}" + boxes + r"\end{document}"
    (tmp_path / "widths.tex").write_text(page)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "widths.tex"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    measured = [float(points) / 10.95 for points in re.findall(r"WIDTH ([\d.]+)pt", done.stdout)]
    assert len(measured) == len(texts)
    for tex, size in zip(texts, measured, strict=True):
        assert 0.98 * size - 0.05 <= width(tex) <= 1.12 * size + 0.1, tex
