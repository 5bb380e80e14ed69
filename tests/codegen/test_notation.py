"""Notation: files, bold, macros, displays, and what is refused."""

import re

import pytest
import sympy
from latex_samples import Sigma, derived, lam, written
from support import loaded

from symasym.build.writeup import writeup
from symasym.cli.main import main
from symasym.codegen.latex import display, emit, formula, macros
from symasym.codegen.latex.layout import fits
from symasym.codegen.latex.names import spelled
from symasym.codegen.latex.notation import PLAIN, Notation, using
from symasym.codegen.latex.notation_file import notation_of, read_notation
from symasym.codegen.latex.prose import mathematics
from symasym.errors import InputError
from symasym.model import indices

i, a = indices("i a")
OWN = """
transpose = "\\\\mathsf{T}"
expectation = "\\\\mathbf{E}"
trace = "\\\\operatorname{Tr}"
bold = ["matrices"]

[symbols]
ell = "\\\\mu"
noise = "\\\\tau^2"
"""


def printed(notation, name="factor", **more):
    derivation, references = derived(name)
    return emit(derivation, references, notation=notation, **more)


def test_a_file_changes_names_transposes_operators_and_weight(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    tex = printed(read_notation(path))
    assert r"\boldsymbol{A}^{\mathsf{T}} (\tau^{2} I_{d} + \boldsymbol{A} \boldsymbol{A}^{\mathsf{T}})^{-1} x" in tex
    assert r"\mathbf{E} D l [ V ]" in tex and r"\operatorname{Tr}(" in tex
    assert (
        r"\frac{\mu_{i}}{\tau^{2} (\mu_{i} + \tau^{2})}" in tex
        or r"\frac{\mu_{i}}{\tau^{2} (\tau^{2} + \mu_{i})}" in tex
    )
    for old in (r"\ell", r"\top", r"\mathbb", r"\delta", r"\mathrm{noise}"):
        assert old not in re.sub(r"\\begin\{tabular\}.*?\\end\{tabular\}", "", tex, flags=re.DOTALL), old
    assert printed(PLAIN) == printed(PLAIN) != tex


def test_nothing_is_left_of_a_notation_behind_its_document():
    before = formula(lam[i])
    with using(Notation(symbols={"lam": r"\mu"})):
        assert (formula(lam[i]), mathematics("lam[i]")) == (r"\mu_{i}", r"\mu_{i}")
    assert formula(lam[i]) == before == r"\lambda_{i}"


def test_letters_of_the_house_step_back_where_they_are_taken():
    """noise is printed as delta, unless something else is called delta."""
    names = {"noise", "lam"}
    assert PLAIN.for_names(names, (), (), spelled).symbols == {"noise": r"\delta"}
    assert PLAIN.for_names({*names, "delta"}, (), (), spelled).symbols == {}
    assert Notation(symbols={"noise": "s"}).for_names(names, (), (), spelled).symbols == {"noise": "s"}
    assert r"\delta" in written("factor")


def test_powers_and_scripts_of_a_name_that_has_some():
    with using(Notation(symbols={"noise": r"\tau_0^{2}", "lam": r"\lambda^{\circ}"})):
        noise = sympy.Symbol("noise", positive=True)
        assert formula(noise**2) == r"\tau_0^{4}"
        assert formula(lam[i] ** 2) == r"(\lambda^{\circ}_{i})^{2}"
    with using(Notation(symbols={"lam": r"\mu", "A": "M"})):
        assert [formula(sympy.Symbol(name)) for name in ("lam_0", "U_A", "A_*")] == [r"\mu_{0}", "U_{M}", r"M_{\ast}"]
    with using(Notation(bold=frozenset({"Sigma"}))):
        assert formula(Sigma.T) == r"\boldsymbol{\Sigma}^{\top}" or formula(Sigma.T) == r"\boldsymbol{\Sigma}"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"transpos": "T"}, "the key transpos is not known; did you mean transpose"),
        ({"transpose": 3}, "transpose: 3 came, LaTeX in a string is expected"),
        ({"transpose": ""}, "transpose: '' came"),
        ({"bold": "matrices"}, "bold: 'matrices' came, a list of matrices and vectors is expected"),
        ({"bold": ["scalars"]}, "bold: .*scalars.* came"),
        ({"symbols": []}, r"symbols: \[\] came, a table of LaTeX by name is expected"),
        ({"symbols": {"lam": r"\mathrm{x"}}, "symbols.lam: the braces of .* do not match"),
        ({"symbols": {"lam": "}x{"}}, "symbols.lam: the braces"),
        ({"symbols": {"lam": "$x$"}}, r"symbols.lam: .* has \$"),
        ({"symbols": {"lam": r"\input{x}"}}, r"symbols.lam: .* has .*input"),
        ({"symbols": {"lam": 2}}, "symbols.lam: 2 came"),
    ],
)
def test_bad_tables_are_refused_in_one_sentence(table, words):
    with pytest.raises(InputError, match=words):
        notation_of(table)


def test_two_symbols_need_two_letters():
    with pytest.raises(InputError, match=r"symbols.ell: \\beta is how beta is printed"):
        printed(Notation(symbols={"ell": r"\beta"}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[symbols]\nlamb = 'x'", "symbols.lamb: no formula has a symbol of this name; did you mean lam?"),
        ("transpose = ", "own.toml cannot be read"),
        ("tranpose = 'x'", "did you mean transpose?"),
    ],
)
def test_the_command_line_says_what_is_wrong_with_a_file(text, words, tmp_path, capsys):
    path = tmp_path / "own.toml"
    path.write_text(text)
    assert main(["derive", "spectral", "--format", "latex", "--notation", str(path)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1) and words in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--notation", "nowhere.toml", "--format", "latex"], "--notation: there is no file nowhere.toml"),
        (["--part", "display"], "--part: it is for --format latex, and text came"),
        (["--notation", "own.toml", "--format", "json"], "--notation: it is for --format latex, and json came"),
        (["--format", "latex", "--width", "20"], "--width: 20 came, at least 10 is expected, with --part display"),
        (["--format", "latex", "--part", "display", "--width", "3"], "--width: 3 came, at least 10 is expected"),
    ],
)
def test_options_that_do_not_go_together(options, words, capsys):
    assert main(["derive", "factor", *options]) == 2
    assert words in capsys.readouterr().err


def test_a_model_without_a_closed_form_has_a_document_alone(capsys):
    assert main(["derive", "void_task", "--format", "latex", "--part", "display"]) == 2
    assert "void_task has no closed form; document is what it has" in capsys.readouterr().err


# ---- displays and macros


def test_display_is_one_labelled_equation_of_macros():
    tex = display(derived("spectral")[0].law)
    assert tex.count(r"\begin{equation}\label{eq:spectral-law}") == tex.count(r"\end{equation}") == 1
    assert r"\symomega_{a} &= \frac{\symg_{a}}{4} \sum_{i=1}^{\symk} \frac{\symb_{i}^{2} (2 \symK + 2 \symtau" in tex
    assert r"\symtau &= \sum_{i=1}^{\symk} \symlam_{i}^{2}" in tex
    assert not re.search(r"\\(lambda|sigma|omega|tau|alpha|chi)(?![A-Za-z])", tex)


@pytest.mark.parametrize("model", ["factor", "linear_autoencoder", "spectral", "sipt_clique", "masked_autoencoder"])
@pytest.mark.parametrize("width", [22.0, 30.0])
def test_macros_give_back_the_formulas_and_lines_fit(model, width):
    """With the macros put in, the display is what is printed without them."""
    law = derived(model)[0].law
    tex, table = display(law, width), dict(re.findall(r"\\providecommand\{(\\sym[A-Za-z]+)\}\{(.*)\}", macros([law])))
    plain = re.sub(r"\\sym[A-Za-z]+", lambda found: table[found[0]], tex)
    assert r"\sym" not in plain
    body = plain[plain.index(r"\begin{aligned}") : plain.index(r"\end{aligned}")]
    shown = [line.removesuffix(r" \\").replace("&", "") for line in body.split("\n")[1:] if line]
    assert all(fits(line, width) for line in shown)
    if model == "spectral":
        assert formula(law.definitions[0][1]) in plain


def test_macro_file_has_every_macro_once_and_keeps_what_is_defined():
    laws = [derived(model)[0].law for model in ("factor", "spectral", "sipt")]
    tex = macros(laws)
    names = re.findall(r"\\(\w+)\{(\\sym[A-Za-z]+)\}", tex)
    assert {kind for kind, _ in names} == {"providecommand"} and len(names) == len(set(names))
    assert r"\providecommand{\symsigma}{\sigma}" in tex and r"\providecommand{\symsigmaNu}{\sigma_{\nu}}" in tex
    own = macros(laws, Notation(symbols={"lam": r"\mu"}, operators={"limit": r"\rightsquigarrow"}))
    assert r"\providecommand{\symlam}{\mu}" in own and r"\providecommand{\symlimit}{\rightsquigarrow}" in own


def test_the_same_three_levels_from_the_command_line(capsys):
    derivation, _ = derived("factor")
    for part, expected in (
        ("document", writeup(loaded("factor"), derivation)),
        ("display", display(derivation.law)),
        ("macros", macros([derivation.law])),
    ):
        assert main(["derive", "factor", "--format", "latex", "--part", part]) == 0
        assert capsys.readouterr().out == expected
