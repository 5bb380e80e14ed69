"""LaTeX: names, formulas, prose, line breaking."""

import re

import pytest
import sympy
from latex_samples import LARGE, WIDE, A, Sigma, Sigma_plus, a, b, bodies, c, d, i, j, k, lam, lines

from symasym.codegen.latex import formula
from symasym.codegen.latex.blocks import aligned
from symasym.codegen.latex.layout import Layout, fits
from symasym.codegen.latex.names import symbol
from symasym.codegen.latex.prose import mathematics, prose
from symasym.codegen.latex.total import total
from symasym.model import gaussian, indexed, inner, logdet, norm2, parameter, quad, tr, truth
from symasym.model.matrices import eye

tau, sigma2 = sympy.Symbol("tau", real=True), sympy.Symbol("sigma2", positive=True)
level = sympy.Symbol("level", positive=True)
x = gaussian("x", d, cov=Sigma)


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
        ("sig", r"\varsigma"),
        ("x'", "x'"),
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
        (tr(parameter("gamma", 1, 1)) ** 2, r"\gamma^{2}"),
        (lam[i] / 2 + lam[j] / 2, r"\frac{\lambda_{i} + \lambda_{j}}{2}"),
        (lam[i] / (2 * b[i]) + lam[j] / (2 * b[j]), r"\frac{\lambda_{j}}{2 b_{j}} + \frac{\lambda_{i}}{2 b_{i}}"),
        (
            (1 + sympy.Sum(lam[i], (i, 1, k)))
            * 8
            * (sympy.Sum(lam[i], (i, 1, k)) / 4 + sympy.Sum(b[i], (i, 1, k)) / 4),
            r"2 \left( 1 + \sum_{i=1}^{k} \lambda_{i} \right) \left( \sum_{i=1}^{k} b_{i} + \sum_{i=1}^{k} \lambda_{i} \right)",
        ),
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


# ---- line breaking


@pytest.mark.parametrize("name", WIDE)
def test_wide_formulas_are_broken_until_they_fit(name):
    assert not fits(formula(WIDE[name]), 30)
    tex = aligned([(sympy.Symbol("h"), "=", WIDE[name])], Layout(30.0, {"lam", "A"}, (i, j, a)))
    for body in bodies(tex):
        assert all(fits(line, 30) for line in lines(body))


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
