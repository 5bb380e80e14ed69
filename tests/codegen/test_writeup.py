"""The write-up: what is in it, where each formula comes from, the same bytes every time."""

import os
import re
import subprocess
import sys
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path

import pytest
import sympy
from jinja2 import meta
from latex_samples import WORKED, b, bodies, d, derived, i, k, lam, lines, written
from support import ALL, derivation, exactly, expanded, point, positions, symbols, typical

from symasym.codegen.latex import emit, formula
from symasym.codegen.latex.checks import Checks
from symasym.codegen.latex.context import Stages, Symmetry
from symasym.codegen.latex.corollary import Corollary, names
from symasym.codegen.latex.emit import ENVIRONMENT, Document, References
from symasym.codegen.latex.layout import fits
from symasym.codegen.latex.paper import Display, Macros
from symasym.codegen.latex.prior import Prior
from symasym.codegen.latex.setting import Setting
from symasym.codegen.latex.special import Specials, target_families
from symasym.codegen.latex.total import total
from symasym.errors import InputError
from symasym.law.special import degree, equal_entries, one_feature
from symasym.steps import steps
from symasym.steps.blocks import _coupling_lines, _functional

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("model", "role"),
    [
        ("linear_autoencoder", r"multivariate $t$ with $\nu$ degrees of freedom"),
        ("spectral", r"$K$ independent copies, over which the loss averages"),
        ("factor_noise_estimated", r"$\delta$ & scalar & \parbox[t]{0.66\linewidth}{\raggedright parameter"),
        ("factor_noise_estimated", r"\raggedright true value of $\delta$"),
        ("factor", r"$\delta$ & scalar & \parbox[t]{0.66\linewidth}{\raggedright known, positive"),
    ],
)
def test_table_of_symbols_says_what_they_are(model, role):
    assert role in written(model)


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
    assert titles == ["Setting", "Symmetry", "Derivation", "Corollary", "Special cases", "What verified it"]
    shown = re.findall(r"\\subsection\{(.*?)\}", tex)
    assert shown == [
        step.title for step in steps(derived(model)[0]) if step.title not in ("Setting", "Symmetry", "Law")
    ]
    assert tex.count(r"\bibitem") >= 3
    for remains in ("<<", "<%", "**", "lam[", "None", "Matrix(", "Sum(", "_plus", "NaN"):
        assert remains not in tex


@pytest.mark.parametrize("model", ALL)
def test_every_display_fits_by_the_estimate(model):
    for body in bodies(written(model)):
        assert all(fits(line, 41.5) for line in lines(body))


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


@pytest.mark.parametrize(
    "context",
    [Setting, Symmetry, Stages, Corollary, Specials, Checks, Prior, References, Document, Display, Macros],
)
def test_template_slots_are_the_context_fields(context):
    source = ENVIRONMENT.loader.get_source(ENVIRONMENT, f"{context.__name__.lower()}.tex.j2")[0]
    slots = meta.find_undeclared_variables(ENVIRONMENT.parse(source))
    assert slots == {item.name for item in fields(context)}


def test_unknown_key_is_refused_and_plain_text_is_printed():
    derivation, _ = derived("factor")
    with pytest.raises(InputError, match="Nobody1900"):
        emit(derivation, ["Nobody1900"])
    assert r"\bibitem{source1} Notes by hand, 100\%" in emit(derivation, ["Notes by hand, 100%"])


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


@pytest.mark.parametrize("model", ALL)
def test_gathered_terms_of_low_rank_have_the_sum_of_the_terms(model):
    """The forms on the diagonal entries at random directions, term by term and gathered; some cancel altogether."""
    case, sizes = derivation(model), symbols(typical(model))
    for entries, terms in (
        (case.blocks.entries, case.blocks.hessian_coupling),
        (case.blocks.entries, case.blocks.score_coupling),
        (case.covariance.entries, case.covariance.coupling),
    ):
        plain = [
            sympy.Mul(
                entries.show(term.coefficient),
                _functional(term.left, entries, "U"),
                _functional(term.right, entries, "V"),
            )
            for term in terms
        ]
        shown = [line.right for line in _coupling_lines(terms, entries, "")]
        assert len(shown) <= len(plain)
        both = sympy.Add(*plain), sympy.Add(*shown)
        written_out = [expression.subs(sizes).doit() for expression in both]
        letters = sorted(set().union(*(e.atoms(sympy.Indexed) | e.free_symbols for e in written_out)), key=str)
        numbers = {e: 2 + sympy.Rational(3 * n + 5, 7) ** 2 for n, e in enumerate(letters) if e.is_Indexed}
        numbers |= {e: sympy.Rational(2 * n + 3, 5) for n, e in enumerate(letters) if e.is_Symbol}
        first, second = (sympy.N(e.subs(numbers), 40) for e in written_out)
        scale = max([abs(sympy.N(e.subs(sizes).doit().subs(numbers), 15)) for e in plain], default=1)
        assert abs(first - second) <= scale * sympy.Float("1e-30")


# ---- special cases


@pytest.mark.parametrize("model", ALL)
def test_special_cases_are_the_law_at_their_conditions(model):
    """At random rational points that fulfil the conditions: exact."""
    case = derivation(model)
    law, sizes, none = case.law, dict(typical(model)), (sympy.Symbol("none"), sympy.S.One, sympy.S.One)
    for special in filter(None, (one_feature(law), equal_entries(law, target_families(case)))):
        here = sizes | {str(c.lhs): int(c.rhs) for c in special.conditions if c.lhs.is_Symbol}
        at = fulfilling(special.conditions, law, point(model, here, 11), here)
        full = [*law.weights, (law.excess_loss_mean, none)]
        short = [*special.weights, (special.excess_loss_mean, none)]
        for (before, (index, first, last)), (after, _) in zip(full, short, strict=True):
            number, end = (bound.subs(symbols(here)) for bound in (first, last))
            if number <= end:
                values = [exactly(expanded(law, e.subs(index, number), here), at) for e in (before, after)]
                assert values[0] == values[1]


def fulfilling(conditions, law, at, sizes):
    """The point with the entries that a condition names all the same, also under the name of their common value."""
    families = {name: list(values) for name, values in at.families.items()}
    families["g"] = [Fraction(2 + n) for n in range(max(sizes.values()))]
    scalars = dict(at.scalars)
    for condition in (c for c in conditions if c.lhs.is_Indexed):
        values = families[str(condition.lhs.base.label)]
        (item,) = (item for item in law.ranges if item.index == condition.lhs.indices[0])
        places = positions([item], sizes)
        common = values[places[0]] if places else Fraction(1)
        scalars[condition.rhs.name] = common
        for place in places:
            values[place] = common
    return replace(at, families=families, scalars=scalars)


def test_special_cases_say_what_is_known_otherwise():
    """Factor model with one feature: excess loss d/2, half the number of free parameters [VanDerVaart1998]."""
    law = derivation("factor").law
    special = one_feature(law)
    assert special.excess_loss_mean == d / 2
    assert equal_entries(law, ("beta",)).weights[0][0].has(sympy.Symbol("ell", real=True))
    assert equal_entries(law, ("beta", "ell")) is None


@pytest.mark.parametrize(
    ("expression", "family", "found"),
    [
        (b[i] ** 2 * lam[i], "b", 2),
        (sympy.Sum(b[i] ** 2 / (1 + lam[i]), (i, 1, k)), "b", 2),
        (sympy.Sum(b[i] ** 2 + b[i], (i, 1, k)), "b", None),
        (sympy.Sum(lam[i], (i, 1, k)), "b", 0),
    ],
)
def test_degree(expression, family, found):
    assert degree(expression, family) == found
