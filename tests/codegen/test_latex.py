"""LaTeX: names, formulas, line breaking, the write-up, the PDF."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import pytest
import sympy
from jinja2 import meta
from support import ALL, derivation, loaded, symbols, typical
from sympy.matrices.expressions import MatMul

from symasym.codegen.latex import display, emit, formula
from symasym.codegen.latex.blocks import aligned
from symasym.codegen.latex.context import Stages, Symmetry
from symasym.codegen.latex.corollary import Corollary, names
from symasym.codegen.latex.emit import ENVIRONMENT, Display, Document, References
from symasym.codegen.latex.layout import Layout, fits
from symasym.codegen.latex.names import symbol
from symasym.codegen.latex.pdf import INSTALL, LatexError, PdflatexMissing, compile_pdf, complaints
from symasym.codegen.latex.prose import mathematics, prose
from symasym.codegen.latex.setting import Setting
from symasym.codegen.latex.total import total
from symasym.codegen.latex.width import width
from symasym.errors import InputError, SymasymError
from symasym.model import covariance, dims, gaussian, indexed, indices, inner, logdet, norm2, parameter, quad, tr, truth
from symasym.model.matrices import eye
from symasym.pipeline import Derivation
from symasym.steps import steps

ROOT = Path(__file__).parents[2]
WORKED = ("factor", "linear_autoencoder", "spectral")

needs_tex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason=f"pdflatex is not installed; to run this: {INSTALL}"
)

i, j, a, c = indices("i j a c")
lam, b = indexed("lam b")
d, k = dims("d k")
tau, sigma2 = sympy.Symbol("tau", real=True), sympy.Symbol("sigma2", positive=True)
level = sympy.Symbol("level", positive=True)
A, Sigma, Sigma_plus = parameter("A", k, d), covariance("Sigma", d), covariance("Sigma_plus", d)
x = gaussian("x", d, cov=Sigma)


def derived(name: str) -> tuple[Derivation, tuple[str, ...]]:
    instance = loaded(name).instance
    return derivation(name), tuple(instance.references) if instance else ()


@cache
def written(name: str) -> str:
    return emit(*derived(name), summary="A summary with V = h^{-1} s h^{-1} in it & 100 % of the signs.")


# ---- names


@pytest.mark.parametrize(
    ("name", "tex"),
    [
        ("Sigma_plus", r"\Sigma_{+}"),
        ("x_plus", "x^{+}"),
        ("x_minus", "x^{-}"),
        ("A_*", r"A_{\ast}"),
        ("w*", r"w^{\ast}"),
        ("Sigma_down", r"\Sigma_{\mathrm{down}}"),
        ("sigma2", r"\sigma^{2}"),
        ("sigma_nu2", r"\sigma_{\nu}^{2}"),
        ("tau_2", r"\tau_{2}"),
        ("lam", r"\lambda"),
        ("ell", r"\ell"),
        ("U_A", "U_{A}"),
        ("w_hat", r"\hat{w}"),
        ("alpha0", r"\alpha_{0}"),
        ("d1", "d_{1}"),
        ("target", r"\mathrm{target}"),
        ("degrees_of_freedom", r"\mathrm{degrees\ of\ freedom}"),
        ("d_eff", r"d_{\mathrm{eff}}"),
        ("E", "E"),
    ],
)
def test_names(name, tex):
    assert symbol(name) == tex


# ---- formulas


@pytest.mark.parametrize(
    ("expression", "tex"),
    [
        (lam[i], r"\lambda_{i}"),
        (lam[i] - lam[a], r"\lambda_{i} - \lambda_{a}"),
        (4 * lam[i] - 4 * lam[a], r"4 (\lambda_{i} - \lambda_{a})"),
        (1 / (lam[i] - lam[a]) ** 2, r"\frac{1}{(\lambda_{i} - \lambda_{a})^{2}}"),
        (lam[i] ** 2 + tau + 1, r"1 + \tau + \lambda_{i}^{2}"),
        (-sympy.sqrt(lam[i]), r"- \sqrt{\lambda_{i}}"),
        (sympy.sqrt(lam[i]) * sympy.sqrt(lam[j]), r"\sqrt{\lambda_{i} \lambda_{j}}"),
        (lam[i] ** sympy.Rational(3, 2), r"\lambda_{i}^{3/2}"),
        (k * (2 * d - k + 1) / 2, r"\frac{k (2 d - k + 1)}{2}"),
        (k**2 / 2 - k / 2, r"\frac{k (k - 1)}{2}"),
        (sigma2**2, r"\sigma^{4}"),
        (2 * level * lam[i], r"2 \mathrm{level} \, \lambda_{i}"),
        (level * eye(d) + A.T * A, r"\mathrm{level} \, I_{d} + A^{\top} A"),
        (sympy.Indexed("S", a, c) ** 2, "S_{a c}^{2}"),
        (sympy.Indexed("U_A", i, i), "(U_{A})_{i i}"),
        (sympy.Sum(lam[i] ** 2, (i, 1, k)), r"\sum_{i=1}^{k} \lambda_{i}^{2}"),
        (sympy.Sum(lam[i] + lam[j], (j, i + 1, k), (i, 1, k)), r"\sum_{1 \le i < j \le k} (\lambda_{i} + \lambda_{j})"),
        (
            sympy.Sum(lam[i] * lam[a], (a, k + 1, d), (i, 1, k)),
            r"\sum_{i=1}^{k} \sum_{a=k + 1}^{d} \lambda_{a} \lambda_{i}",
        ),
        (sympy.Sum(lam[i] / 2, (i, 1, k)), r"\frac{1}{2} \sum_{i=1}^{k} \lambda_{i}"),
        (
            sympy.Sum(b[i], (i, 1, k)) * sympy.Sum(lam[i], (i, 1, k)),
            r"\left( \sum_{i=1}^{k} b_{i} \right) \sum_{i=1}^{k} \lambda_{i}",
        ),
        (lam[i] > lam[a], r"\lambda_{i} > \lambda_{a}"),
        (A * x, "A x"),
        (A * Sigma_plus * A.T, r"A \Sigma_{+} A^{\top}"),
        ((eye(d) + A.T * A).inv(), r"(I_{d} + A^{\top} A)^{-1}"),
        (truth(A).T, r"A_{\ast}^{\top}"),
        (gaussian("x_plus", d, cov=Sigma).T, r"(x^{+})^{\top}"),
        (norm2(A * x), r"\lVert A x \rVert^{2}"),
        (norm2(A * x) ** 2, r"\lVert A x \rVert^{4}"),
        (inner(A * x, A * Sigma * x) ** 2, r"\langle A x, A \Sigma x \rangle^{2}"),
        (quad(x, Sigma.inv()) / 2, r"\frac{1}{2} x^{\top} \Sigma^{-1} x"),
        (tr(Sigma * Sigma_plus), r"\operatorname{tr}(\Sigma \Sigma_{+})"),
        (logdet(Sigma), r"\log\det (\Sigma)"),
        (sympy.Tuple(1, -lam[i]), r"(1, - \lambda_{i})"),
        (
            sympy.ImmutableMatrix([[8 * lam[i] * (1 + tau), 8 * (1 + tau)], [0, 8 * (1 + tau)]]),
            r"8 (\tau + 1) \begin{pmatrix} \lambda_{i} & 1 \\ 0 & 1 \end{pmatrix}",
        ),
        (sympy.ImmutableMatrix([[0, 0], [0, 0]]), r"0_{2 \times 2}"),
    ],
)
def test_formulas(expression, tex):
    assert formula(expression) == tex


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("V = h^{-1} s h^{-1} on the horizontal space", r"$V = h ^{- 1} s h ^{- 1}$ on the horizontal space"),
        ("pair {i, j}, i < j, coordinates A[i,j]", r"pair $\{ i , j \}$, $i < j$, coordinates $A_{i j}$"),
        ("D inv(S)[H] = -inv(S) H inv(S), traces", r"$D S^{-1} [ H ] = - S^{-1} H S^{-1}$, traces"),
        (
            "L(v) = -(I - Pi) <theta, D psi[v]>: a rule",
            r"$L ( v ) = - ( I - \Pi ) \langle \theta , D \psi [ v ] \rangle$: a rule",
        ),
        ("w* is a minimiser in R & 5 % off", r"$w^{\ast}$ is a minimiser in $R$ \& $5$ \% off"),
        ("weight, a = k + 1..d, for a diagonal", r"weight, $a = k + 1 \ldots d$, for a diagonal"),
        ("A word about a_b and a word", "A word about $a_{b}$ and a word"),
        ("no formula here", "no formula here"),
        ("", ""),
    ],
)
def test_prose_tells_formulas_from_words(text, tex):
    assert prose(text) == tex


@pytest.mark.parametrize(
    "text", ["{", "}", "a^", "x_", "<", "||", "$", "\\input{x}", "#", "[", "a[", "w**", "é ∑ λ", "inv(", "%"]
)
def test_any_text_can_be_typeset(text):
    for tex in (prose(text), mathematics(text), symbol(text or "x"), formula(sympy.Symbol(text))):
        braces = re.sub(r"\\[{}]", "", tex)
        assert braces.count("{") == braces.count("}")
        assert tex.isascii()
        assert r"\input" not in tex


@pytest.mark.parametrize(
    ("model", "role"),
    [
        ("linear_autoencoder", r"multivariate $t$ with $\mathrm{degrees\ of\ freedom}$ degrees of freedom"),
        ("spectral", r"$K$ independent copies, over which the loss averages"),
        ("factor_noise_estimated", r"$\mathrm{noise}$ & scalar & \parbox[t]{0.66\linewidth}{\raggedright parameter"),
        ("factor_noise_estimated", r"\raggedright true value of $\mathrm{noise}$"),
        ("factor", r"$\mathrm{noise}$ & scalar & \parbox[t]{0.66\linewidth}{\raggedright known, positive"),
    ],
)
def test_table_of_symbols_says_what_they_are(model, role):
    assert role in written(model)


# ---- line breaking

LARGE = sympy.Add(*((n + 2) * lam[i] ** n * lam[a] ** (7 - n) for n in range(8)))
LONG = MatMul(*([A, Sigma, A.T] * 9 + [A, Sigma_plus, A.T] * 6))
WIDE = {
    "sum": sympy.Add(*(lam[i] ** n for n in range(60))),
    "fraction": LARGE * (1 + lam[i]) / (LARGE + lam[a]) ** 2,
    "summand": sympy.Sum(LARGE / (lam[i] - lam[a]) ** 2 * (1 + LARGE), (i, 1, k)),
    "power": LARGE**3 * sympy.Add(*(lam[j] ** n for n in range(12))),
    "matrix": sympy.ImmutableMatrix(2, 2, lambda p, q: LARGE * (p + 1 + lam[i]) / (LARGE + q + lam[a])),
    "trace": tr(LONG),
    "traces": 4 * tr(LONG) * tr(MatMul(*([A, Sigma, A.T] * 6))) - tr(LONG),
    "tuple": sympy.Tuple(*(LARGE + n for n in range(4))),
}


def _bodies(tex: str) -> list[str]:
    return re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", tex, re.DOTALL)


def _lines(body: str) -> list[str]:
    return [line.removesuffix(r" \\") for line in body.split("\n")]


@pytest.mark.parametrize("name", WIDE)
def test_wide_formulas_are_broken_until_they_fit(name):
    assert not fits(formula(WIDE[name]), 30)
    tex = aligned([(sympy.Symbol("h"), "=", WIDE[name])], Layout(30.0, {"lam", "A"}, (i, j, a)))
    for body in _bodies(tex):
        assert all(fits(line, 30) for line in _lines(body))


@pytest.mark.parametrize("name", ["fraction", "summand", "power", "matrix", "tuple"])
def test_named_parts_mean_what_they_replace(name):
    layout = Layout(30.0, {"lam"}, (i, j, a))
    fitted, known = layout.fitted(WIDE[name]), []
    while definitions := layout.defined():
        known += [(definition.name, layout.fitted(definition.meaning)) for definition in definitions]
    assert known
    for _ in known:
        fitted = fitted.xreplace(dict(known))
    table = {lam[n]: sympy.Rational(value) for n, value in ((i, "3/2"), (j, "2/5"), (a, "1/7"))}

    def number(expression: sympy.Basic) -> sympy.Basic:
        body = expression.function if isinstance(expression, sympy.Sum) else expression
        return body.subs(table)

    assert number(fitted) == number(WIDE[name])


def test_a_part_keeps_its_name_under_other_indices():
    layout = Layout(20.0, {"lam"}, (i, j, a))
    first = layout.fitted(sympy.Sum(LARGE / (lam[i] - lam[a]), (i, 1, k)))
    made = len(layout.defined())
    second = layout.fitted(sympy.Sum(LARGE.subs(i, j) / (lam[j] - lam[a]), (j, 1, k)))
    assert (made, layout.defined()) == (1, [])
    assert second == first.subs(i, j).xreplace({i: j})


def test_new_names_differ_from_those_in_use():
    layout = Layout(30.0, {"q", "r"}, (i, a))
    layout.fitted(WIDE["summand"])
    assert not {str(definition.name.base) for definition in layout.defined()} & {"q", "r", "lam"}


def test_terms_that_are_added_up_are_one_sum():
    families = indexed("U_A V_A")
    u, v = (sympy.Sum(family[i, i] / sympy.sqrt(lam[i]), (i, 1, k)) for family in families)
    moved, other = sympy.Symbol("U_level"), sympy.Symbol("V_level")
    terms = [
        u * sympy.Sum(-level * families[1][i, i] / (2 * sympy.sqrt(lam[i]) * (d - k)), (i, 1, k)),
        sympy.Mul(level / (d - k), u, v, evaluate=False),
        (moved + u) * (other * tau - v) * level,
    ]
    shown = total(terms)
    assert len(shown.args) == 4 and sympy.simplify(shown.coeff(u * v) - (level / (d - k) / 2 - level)) == 0
    values = {d: 7, k: 2, level: sympy.Rational(3, 2), tau: sympy.Rational(1, 5), moved: 11, other: 13}
    values |= {family[n, n]: 3 * n + place for place, family in enumerate(families) for n in (1, 2)}
    values |= {lam[1]: 4, lam[2]: 9}

    def number(expression):
        return sympy.nsimplify(expression.subs({k: 2}).doit().subs(values))

    assert number(sympy.Add(*terms)) == number(shown) != 0
    assert total([level, 2 * level]) == 3 * level


@pytest.mark.parametrize("model", ALL)
def test_coupling_terms_are_printed_as_one_sum_with_their_value(model):
    """The sum printed for `added to ...` is that of the lines of the step, at random numbers."""
    for step in steps(derived(model)[0]):
        for note in {line.note for line in step.lines if line.note.startswith("added to")}:
            terms = [line.right for line in step.lines if line.note == note]
            whole = sympy.Add(*terms).subs(symbols(typical(model))).doit()
            shown = total(terms).subs(symbols(typical(model))).doit()
            letters = sorted((whole.free_symbols | whole.atoms(sympy.Indexed)) - {whole}, key=str)
            entries = {e: sympy.Rational(n + 3, 2 * n + 5) for n, e in enumerate(letters) if e.is_Indexed}
            numbers = {e: sympy.Rational(2 * n + 9, n + 4) for n, e in enumerate(letters) if e.is_Symbol}
            difference = (whole - shown).subs(entries).subs(numbers)
            assert sympy.simplify(difference) == 0


# ---- the write-up


@pytest.mark.parametrize("model", ALL)
def test_write_up_has_every_section_and_step(model):
    tex = written(model)
    titles = re.findall(r"\\section\{(.*?)\}", tex)
    assert titles == ["Setting", "Symmetry", "Derivation", "Corollary"]
    shown = re.findall(r"\\subsection\{(.*?)\}", tex)
    assert shown == [
        step.title for step in steps(derived(model)[0]) if step.title not in ("Setting", "Symmetry", "Law")
    ]
    assert tex.count(r"\bibitem") >= 3
    for remains in ("<<", "<%", "**", "lam[", "None", "Matrix(", "Sum(", "_plus", "NaN"):
        assert remains not in tex


@pytest.mark.parametrize("model", ALL)
def test_every_display_fits_by_the_estimate(model):
    for body in _bodies(written(model)):
        assert all(fits(line, 41.5) for line in _lines(body))


@pytest.mark.parametrize("model", WORKED)
def test_formulas_come_from_the_derivation(model):
    """What the law holds is what is printed: change it, and the print changes."""
    found, references = derived(model)
    law = found.law
    for item in (law.excess_loss_mean, law.quotient_dimension, *(letter for letter, _ in law.definitions)):
        assert formula(item) in written(model).replace(" \\\\\n&\\quad {}", "")
    marked = replace(law, excess_loss_mean=sympy.Symbol("zeta"), quotient_dimension=sympy.Symbol("Upsilon"), rank=3 * k)
    tex = emit(replace(found, law=marked), references)
    assert r"= \zeta" in tex and r"dimension $\Upsilon$" in tex and r"d_{\mathrm{base}} =$ $4 k$" in tex


@pytest.mark.parametrize("model", ALL)
def test_names_in_the_corollary_stand_for_what_they_replace(model):
    law = derived(model)[0].law
    table = names(law)
    back = {name: meaning for meaning, name in table.items()}
    for expression in (law.mean, law.variance, law.general_mean, law.general_variance, law.alpha0):
        assert expression.xreplace(table).xreplace(back) == expression
    for r in law.outside:
        shown = r.variance.xreplace(table)
        assert shown.free_symbols & {r.partner} == set()


def test_templates_hold_no_formula_of_a_law():
    """Only where nothing more is derived stands the theorem itself."""
    for template in sorted(set(ENVIRONMENT.list_templates()) - {"integrals.tex.j2", "numbers.tex.j2"}):
        source = ENVIRONMENT.loader.get_source(ENVIRONMENT, template)[0]
        assert not re.search(r"\\(frac|sum|sqrt|lambda|tau|omega)(?![A-Za-z])", source)
        assert not re.search(r"<%-?\s*(set|macro|call|filter|elif)", source)


@pytest.mark.parametrize("context", [Setting, Symmetry, Stages, Corollary, References, Document, Display])
def test_template_slots_are_the_context_fields(context):
    source = ENVIRONMENT.loader.get_source(ENVIRONMENT, f"{context.__name__.lower()}.tex.j2")[0]
    slots = meta.find_undeclared_variables(ENVIRONMENT.parse(source))
    assert slots == {item.name for item in fields(context)}


def test_unknown_key_is_refused_and_plain_text_is_printed():
    derivation, _ = derived("factor")
    with pytest.raises(InputError, match="Nobody1900"):
        emit(derivation, ["Nobody1900"])
    assert r"\bibitem{source1} Notes by hand, 100\%" in emit(derivation, ["Notes by hand, 100%"])


def test_display_is_one_labelled_equation():
    tex = display(derived("spectral")[0].law)
    assert tex.count(r"\begin{equation}\label{eq:spectral-law}") == tex.count(r"\end{equation}") == 1
    assert (
        r"\omega_{a} &= \frac{g_{a}}{4} \sum_{i=1}^{k} \frac{b_{i}^{2} (2 K + 2 \tau" in tex
        and r"\tau &= \sum_{i=1}^{k} \lambda_{i}^{2}" in tex
    )


def test_same_bytes_under_every_hash_seed():
    code = (
        "import runpy, sys; from symasym.pipeline import derive_model; from symasym.codegen.latex import emit, display\n"
        "f = runpy.run_path('derivations/spectral.py'); d = derive_model(f['model'], 'spectral')\n"
        "sys.stdout.write(emit(d, f['instance'].references) + display(d.law))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "12345")
    ]
    assert runs[0] == runs[1] == runs[2]
    assert not re.search(rb"20\d\d-\d\d-\d\d|/home|/tmp|/root", runs[0])


# ---- TeX itself

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


@needs_tex
@pytest.mark.parametrize("model", ALL)
def test_write_ups_compile_without_a_line_that_sticks_out(model, tmp_path):
    compile_pdf(written(model), tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")


@needs_tex
def test_same_text_gives_the_same_pdf(tmp_path):
    for name in ("one.pdf", "two.pdf"):
        compile_pdf(written("factor"), tmp_path / name)
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


@needs_tex
def test_displays_and_wide_formulas_compile(tmp_path):
    packages = r"\usepackage{amssymb,mathtools}\setlength{\textwidth}{330pt}"
    bodies = [aligned([(sympy.Symbol("h"), "=", e)], Layout(32.0, {"lam", "A"}, (i, j, a))) for e in WIDE.values()]
    bodies += [display(derived(model)[0].law) for model in WORKED]
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


@pytest.mark.parametrize("model", ALL)
def test_gathered_terms_of_low_rank_have_the_sum_of_the_terms(model):
    """The forms on the diagonal entries at random rational directions, term by term and gathered."""
    case, sizes = derivation(model), typical(model)
    at = point(model, sizes, 5)
    for entries, terms in (
        (case.blocks.entries, case.blocks.hessian_coupling),
        (case.blocks.entries, case.blocks.score_coupling),
        (case.covariance.entries, case.covariance.coupling),
    ):
        plain = sympy.Add(
            *(
                sympy.Mul(entries.show(t.coefficient), functional(t.left, entries, "U"), functional(t.right, entries, "V"))
                for t in terms
            )
        )
        shown = sympy.Add(*(line.right for line in coupling_lines(terms, entries, "")))
        found = [number_at(expression, case, at) for expression in (plain, shown)]
        assert found[0] == found[1]
        assert not terms or not shown.has(sympy.Sum) or found[0] != 0
