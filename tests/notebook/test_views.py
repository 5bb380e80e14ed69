"""What notebooks show: every stage of every model, laws, evaluations, verifications and findings."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from support import NAMES

import symasym
from symasym import catalogue
from symasym.claims.audit import audit_claim
from symasym.claims.reading import published
from symasym.codegen.latex.pdf import INSTALL
from symasym.codegen.latex.printer import formula
from symasym.codegen.mathml import mathml
from symasym.errors import SymasymError
from symasym.evaluation import evaluate_inputs
from symasym.general.route import General
from symasym.law.distinct import distinct_weights
from symasym.law.numeric import NumericLaw
from symasym.model.displayed import Displayed
from symasym.notebook import html, latex, view
from symasym.notebook.page import LONG, page, sheet
from symasym.notebook.view import Display, Table, View
from symasym.pipeline import AnyDerivation, Derivation, derive
from symasym.simulation.logistic_judge import LogisticJudgement
from symasym.simulation.procedure import default_input, verify
from symasym.steps import Line, steps

EVERY = [(name, variant) for name in NAMES for variant in ("", *catalogue.load(name).variants)]
STAGES = ("model", "quotient", "forms", "blocks", "covariance", "downstream", "law", "logistic")
LAW = NumericLaw(np.array(1.3), np.array(2.0), np.array([0.7, 0.2, 0.2]), 2, 6)


def derived(name: str, variant: str) -> AnyDerivation:
    loaded = catalogue.load(name)
    found = loaded.variant(variant) if variant else loaded
    return derive(found.definition, found.name)


def shown(thing: Any) -> str:
    """The text of the HTML, which is well-formed; no command of LaTeX is left in it."""
    page = thing._repr_html_()
    text = "".join(ET.fromstring(page).itertext())
    assert page.startswith('<div class="symasym">') and not re.search(r"\\[A-Za-z]", text)
    return text


def objects(derivation: AnyDerivation) -> Iterator[Displayed]:
    yield derivation
    yield from (found for name in STAGES if isinstance(found := getattr(derivation, name, None), Displayed))
    yield from steps(derivation)[:2]


def compiles(formulas: list[str], folder: Path) -> None:
    """All formulas in one document, with amsmath alone."""
    text = "\n\n".join(rf"\noindent {tex}" for tex in formulas)
    preamble = r"\documentclass{article}\usepackage{amsmath,amssymb}\begin{document}"
    (folder / "shown.tex").write_text(f"{preamble}\n{text}\n\\end{{document}}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "shown.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in (folder / "shown.log").read_text(encoding="latin-1")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason=f"pdflatex is not installed; to run this: {INSTALL}")
@pytest.mark.parametrize(("name", "variant"), EVERY, ids=["_".join(filter(None, case)) for case in EVERY])
def test_every_stage_shows_itself_in_html_and_in_latex_that_compiles(name: str, variant: str, tmp_path: Path) -> None:
    derivation, formulas = derived(name, variant), []
    for thing in objects(derivation):
        assert shown(thing)
        formulas.append(thing._repr_latex_())
        assert formulas[-1].startswith("$") and formulas[-1].endswith("$")
    if isinstance(derivation, Derivation):
        law = derivation.law
        text, tex = shown(law), law._repr_latex_()
        assert tex.count(r"\xrightarrow{d}") == text.count("→d") == 1
        for weight, (index, _, _) in law.weights:
            assert rf"\omega_{{{index}}}" in tex and f"ω{index}" in text
            for symbol in {entry.base for entry in weight.atoms(sympy.Indexed)}:
                assert formula(symbol) in tex and "".join(ET.fromstring(mathml(formula(symbol))).itertext()) in text
    compiles(formulas, tmp_path)


def test_every_kind_of_object_that_says_so_has_a_view() -> None:
    def below(kind: type) -> Iterator[type]:
        for item in kind.__subclasses__():
            yield item
            yield from below(item)

    found = set(below(Displayed))
    assert {"Model", "FamilyModel", "Law", "General", "Verdict", "Finding", "Audit"} <= {
        kind.__name__ for kind in found
    }
    assert all(view.dispatch(kind) is not view.dispatch(object) for kind in found)
    with pytest.raises(TypeError, match="a int has no view"):
        html(3)


# ---- laws and outcomes


def test_a_law_in_numbers_shows_them() -> None:
    text, tex = shown(LAW), LAW._repr_latex_()
    for value in (LAW.mean, LAW.var, LAW.crossover, LAW.ppf(np.array(0.95))):
        assert f"{float(value):.6g}" in text and f"{float(value):.6g}" in tex
    assert r"1.3 \cdot 2 + \frac{1}{2} \Bigl( 0.7 \, \chi^{2}_{1} + 0.2 \, \chi^{2}_{2} \Bigr)" in tex
    assert r"1.3 \, \chi^{2}_{2} + " in LAW.unconditional()._repr_latex_()
    assert r"10^{-7}" in replace(LAW, weights=np.array([2e-7]))._repr_latex_()
    assert "a batch of 3" in shown(replace(LAW, alpha=np.ones(3)))
    without = replace(LAW, weights=np.zeros(0), d_base=2)
    assert "alpha0-" in shown(without) and r"\xrightarrow{d} 1.3 \cdot 2" in without._repr_latex_()


def test_weights_are_counted_for_print_up_to_rounding() -> None:
    law = replace(LAW, weights=np.array([0.2 * (1 + 1e-15), 0.7, 0.2, 0.2 * (1 + 1e-7)]))
    heights, counts = distinct_weights(law)
    assert counts.tolist() == [1, 1, 2] and heights == pytest.approx([0.7, 0.2 * (1 + 1e-7), 0.2], rel=1e-12)


@pytest.mark.parametrize("name", ["spectral", "gmm", "void_task"])
def test_an_evaluation_shows_its_law_and_how_it_was_reached(name: str) -> None:
    loaded = catalogue.load(name)
    found = evaluate_inputs(loaded, default_input(loaded))
    text = shown(found)
    assert f"mean{float(found.numeric.mean):.6g}" in text and found.route in text
    assert found._repr_latex_().count(r"\chi") > 0


def test_a_logistic_evaluation_shows_both_risks() -> None:
    loaded = catalogue.load("factor")
    found = evaluate_inputs(loaded, default_input(loaded), "logistic")
    assert found.logistic is not None
    text = shown(found)
    for risk in (found.logistic.log_loss.unconditional(), found.logistic.zero_one):
        assert f"variance{float(risk.var):.6g}" in text
    assert "R_{01}" in found.logistic._repr_latex_()


def test_a_misspecified_target_shows_its_slope() -> None:
    loaded = catalogue.load("linear_autoencoder")
    document = {**default_input(loaded), "target": [1.0] * 8, "misspecified": True}
    found = evaluate_inputs(loaded, document)
    assert found.misspecified is not None and f"variance{found.misspecified.variance:.6g}" in shown(found)


def test_arrays_of_the_general_route_show_their_law() -> None:
    found = General(*[np.zeros(1)] * 7, np.array([0.5]), *[np.zeros(1)] * 2, np.array(1.0), *[np.zeros(1)] * 4, 1, 2)
    assert shown(found) == shown(found.law())


def test_a_verification_shows_constants_checks_and_reasons() -> None:
    run = verify(catalogue.load("linear_autoencoder"), reps=60, m=(100, 200))
    text = shown(run)
    assert text.startswith("linear_autoencoder: inconclusive") and run.judgement.reasons[0] in text
    assert all(check.name in text for check in run.judgement.checks)
    assert f"{run.judgement.interaction.derived:.6g}" in text  # type: ignore[union-attr]
    assert r"\text{inconclusive}" in run.judgement._repr_latex_()


def test_a_logistic_verification_shows_both_constants() -> None:
    run = verify(catalogue.load("linear_autoencoder"), reps=40, m=(400, 800), n=200, downstream="logistic")
    text, judged = shown(run), run.judgement
    assert isinstance(judged, LogisticJudgement)
    for name, found, _ in judged.named:
        assert f"{found.derived:.6g}" in text and f"{name}, precision" in text


def test_an_audit_and_its_findings_show_both_sides() -> None:
    found = symasym.audit("factor", "g[a]*Sum(noise*beta[i]**2/ell[i]**2, (i, 1, k))")
    (part,) = found.findings.values()
    assert part.comparison is not None and part.comparison.counterexample is not None
    for thing in (found, part):
        assert formula(part.derived) in thing._repr_latex_() and "claimed" in shown(thing)
    assert str(part.comparison.counterexample.claimed) in shown(part)
    finding = audit_claim(published("factor-law"))
    assert "factor-law: differs" in shown(finding) and "derived" in finding._repr_latex_()


# ---- how views are written


def test_text_is_escaped_and_long_formulas_are_folded() -> None:
    x = sympy.Symbol("x")
    long = sympy.Add(*(x**n / (n + x) for n in range(2, 30)))
    evil = '<script>alert(1)</script> & "more"'
    seen = View(evil, (evil,), (Line(x, x + 1), Line(x, long, evil)), (Table((evil,), ((evil,),)),), (View(evil),))
    written = page(seen)
    root = ET.fromstring(written)
    assert root.find(".//script") is None and "&lt;script" in written
    assert sum(1 for _ in root.iter("details")) == 2 and LONG < 1000
    assert not {item.tag for item in root.iter()} - {
        "div", "p", "b", "table", "thead", "tbody", "tr", "td", "th", "details", "summary", "math", "mrow", "mi", "mo", "mn",
        "msup", "mfrac", "mtext", "mspace",
    }  # fmt: skip
    assert r"\textless{}script" in sheet(seen)


def test_a_long_formula_is_broken_in_latex() -> None:
    x = sympy.IndexedBase("x")
    tex = sheet(View("", (), (Line(sympy.Symbol("y"), sympy.Add(*(x[n] for n in range(1, 60)))),)))
    assert tex.count(r"\\") >= 1 and r"y & =" in tex


def test_a_display_keeps_its_latex() -> None:
    assert r"& \frac{a}{b}" in sheet(View("", (), (Display(r"\frac{a}{b}", "a ratio"),)))


SCRIPT = """
import hashlib, sys
from symasym.law import law
before = [name for name in sys.modules if name.startswith(("symasym.codegen", "symasym.notebook", "matplotlib"))]
import symasym
from symasym import explain
found = explain("spectral")
text = "".join(x._repr_html_() + x._repr_latex_() for x in (found, found.model, found.forms, found.blocks, found.law))
print(hashlib.sha256(text.encode()).hexdigest(), before, "matplotlib" in sys.modules)
"""


def test_neither_the_hash_seed_matters_nor_is_anything_loaded_before_it_is_shown() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("0", "1")
    ]
    assert said[0] == said[1] and said[0].rstrip().endswith("[] False")


def test_refusals_have_no_view() -> None:
    assert not isinstance(SymasymError("x"), Displayed) and latex(LAW) == LAW._repr_latex_()
