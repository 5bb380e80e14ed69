"""The language of formulas: exact, safe, with shapes that are checked."""

import pytest
import sympy

from symasym.claims.language import Scope, parse, relation
from symasym.claims.setting import setting
from symasym.errors import InputError, ShapeError

i, k = sympy.Symbol("i", integer=True), sympy.Symbol("k", integer=True, positive=True)
lam = sympy.IndexedBase(sympy.Symbol("lam", real=True))
scope = Scope({"i": i, "k": k, "s": sympy.Symbol("s", positive=True)}, {"lam": lam})
MATRICES = setting("spectral-diagonal").scope
FACTOR = setting("factor").scope


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.25", sympy.Rational(1, 4)),
        ("1/3 + 1/6", sympy.Rational(1, 2)),
        ("-lam[i]**2", -(lam[i] ** 2)),
        ("Sum(lam[i], (i, 1, k))", sympy.Sum(lam[i], (i, 1, k))),
        ("sqrt(lam[i])/2", sympy.sqrt(lam[i]) / 2),
    ],
)
def test_scalars(text, expected):
    assert parse(text, scope) == expected


def test_definitions_may_have_an_index_or_arguments():
    further = scope.defining(["r[i] = lam[i]/2", "f(x) = x**2 + 1", "t = Sum(r[i], (i, 1, k))"])
    assert parse("f(r[i]) + 1", further) == lam[i] ** 2 / 4 + 2
    assert parse("t", further) == sympy.Symbol("t", real=True)
    assert further.letters[sympy.Symbol("t", real=True)] == sympy.Sum(lam[i] / 2, (i, 1, k))


def test_extremes_are_written_out_at_sizes():
    node = parse("largest(lam[i], (i, 1, k))", scope)
    assert node.written({k: 2}) == sympy.Max(lam[1], lam[2])


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "lam.__class__",
        "(1).real",
        "[x for x in (1, 2)]",
        "lambda: 1",
        "2**9999",
        "s**(10**9)",
        "'text'",
        "True",
        "s if k else i",
        "Sum(lam[i], i)",
        "f(s)",
        "q",
        "q[i]",
        "s s",
        "(" * 300 + "s" + ")" * 300,
        "s+" * 3000 + "s",
    ],
)
def test_what_is_no_formula_is_refused_in_a_sentence(text):
    with pytest.raises(InputError) as refused:
        parse(text, scope)
    assert str(refused.value).startswith("formula: ") and "\n" not in str(refused.value)


def test_shapes_are_checked():
    parse("tr(H1*S*H2*S)", MATRICES)
    with pytest.raises(ShapeError, match=r"beta.T has k columns but .* has d rows"):
        parse("beta.T*inv(I + A*A.T)*beta", FACTOR)
    with pytest.raises(ShapeError, match="square"):
        parse("inv(A)", FACTOR)
    with pytest.raises(ShapeError):
        parse("tr(A*A)", FACTOR)
    with pytest.raises(ShapeError):
        parse("1 + A*A.T", FACTOR)


def test_a_product_of_shape_one_by_one_is_a_number_in_a_sum():
    assert parse("1 + beta.T*inv(eye(k) + A.T*A)*beta", FACTOR).is_commutative


def test_relations():
    assert relation("lam[i] > s", scope) == sympy.StrictGreaterThan(lam[i], scope.names["s"])
    with pytest.raises(InputError, match="not of the form"):
        relation("lam[i] != s", scope)
