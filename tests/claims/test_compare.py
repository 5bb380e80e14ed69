"""Two formulas for one thing: equal ones are recognised, others get the smallest point at which they differ."""

import pytest
import sympy

from symasym.claims.compare import compare
from symasym.claims.language import Scope, parse, relation
from symasym.claims.points import Domain, Range
from symasym.claims.sums import normal

i, j, a, c = (sympy.Symbol(name, integer=True) for name in "ijac")
d, k = (sympy.Symbol(name, integer=True, positive=True) for name in "dk")
lam, b = (sympy.IndexedBase(sympy.Symbol(name, real=True)) for name in ("lam", "b"))
scope = Scope({"i": i, "j": j, "a": a, "c": c, "d": d, "k": k}, {"lam": lam, "b": b}).defining(
    ["tau = Sum(lam[i]**2, (i, 1, k))"]
)
domain = Domain(
    dimensions=(d, k),
    ranges=(Range(i, sympy.Integer(1), k, j), Range(a, k + 1, d, c)),
    assume=tuple(relation(text, scope) for text in ("lam[i] > lam[a]", "lam[a] > 0")),
    where=(k < d,),
)
BASE = "Sum(b[i]**2*(1 + tau + lam[i]**2)/(lam[i] - lam[a])**2, (i, 1, k))"


def compared(claimed, derived=BASE):
    return compare(parse(claimed, scope), parse(derived, scope), domain, scope.letters)


@pytest.mark.parametrize(
    "claimed",
    [
        "Sum(b[j]**2*(1 + tau + lam[j]**2)/(lam[a] - lam[j])**2, (j, 1, k))",
        "Sum(b[i]**2*(1 + lam[i]**2)/(lam[i] - lam[a])**2, (i, 1, k)) + tau*Sum(b[i]**2/(lam[i] - lam[a])**2, (i, 1, k))",
        "Sum(b[i]**2*(1 + Sum(lam[j]**2, (j, 1, k)) + lam[i]**2)/(lam[i] - lam[a])**2, (i, 1, k))",
        "Sum(Sum(b[i]**2*((1 + lam[i]**2)/k + lam[j]**2)/(lam[i]**2 - 2*lam[i]*lam[a] + lam[a]**2), (j, 1, k)), (i, 1, k))",
        "Sum((b[i]*sqrt(1 + tau + lam[i]**2)/(lam[i] - lam[a]))**2, (i, 1, k))",
        f"{BASE.replace('(i, 1, k))', '(i, 1, k - 1))')} + b[k]**2*(1 + tau + lam[k]**2)/(lam[k] - lam[a])**2",
    ],
)
def test_equal_forms_written_differently_are_recognised(claimed):
    assert compared(claimed).equal


@pytest.mark.parametrize(
    ("what", "claimed"),
    [
        ("a factor 2", f"2*{BASE}"),
        ("no eigengap", "Sum(b[i]**2*(1 + tau + lam[i]**2)/lam[i]**2, (i, 1, k))"),
        ("a swapped index", "Sum(b[i]**2*(1 + tau + lam[a]**2)/(lam[i] - lam[a])**2, (i, 1, k))"),
        ("a term that vanishes for k = 1", f"{BASE} + Sum(lam[i]*lam[j], (j, i + 1, k), (i, 1, k))/1000"),
        ("a term that vanishes where all are equal", f"{BASE} + Sum((lam[i] - lam[j])**2, (j, 1, k), (i, 1, k))/1000"),
        ("a sum one term short", BASE.replace("(i, 1, k))", "(i, 1, k - 1))")),
        ("absolute values", "Sum(sqrt(b[i]**2)*b[i]*(1 + tau + lam[i]**2)/(lam[i] - lam[a])**2, (i, 1, k))"),
        ("a term with a pole", f"{BASE} + 1/(100 - 100*tau)"),
    ],
)
def test_planted_mistakes_are_caught(what, claimed):
    found = compared(claimed)
    assert not found.equal, what
    point = found.counterexample.point
    values = [point.value(side) for side in (found.counterexample.claimed, found.counterexample.derived)]
    assert values[0] != values[1]
    entries = {str(entry): value for entry, value in point.entries.items()}
    sizes = {str(s): n for s, n in point.sizes.items()}
    assert all(
        entries[f"lam[{n}]"] > entries[f"lam[{m}]"] > 0
        for n in range(1, sizes["k"] + 1)
        for m in range(sizes["k"] + 1, sizes["d"] + 1)
        if f"lam[{n}]" in entries and f"lam[{m}]" in entries
    )


def test_the_counterexample_is_small():
    document = compared(f"2*{BASE}").counterexample.document()
    assert (document["d"], document["k"]) == (2, 1)
    assert document["b"] == {"1": "1"} and document["lam"] == {"1": "1", "2": "1/2"}
    assert (document["claimed"], document["derived"]) == ("24", "12")


def test_the_difference_is_a_closed_form():
    gap = "Sum(b[i]**2/(lam[i] - lam[a]), (i, 1, k))"
    found = compare(parse(gap, scope), parse("Sum(b[i]**2/lam[i], (i, 1, k))", scope), domain, scope.letters)
    assert isinstance(found.difference, sympy.Sum)
    assert normal(found.difference - parse("Sum(b[i]**2*lam[a]/((lam[i] - lam[a])*lam[i]), (i, 1, k))", scope)) == 0


def test_values_that_are_not_rational_are_compared_with_many_digits():
    root = "Sum(sqrt(2 + lam[i]), (i, 1, k))"
    other = "Sum((2 + lam[i])/sqrt(2 + lam[i]), (i, 1, k))"
    assert compared(root, other).equal
    assert not compared(root, f"{other} + 1/10**20").equal


def test_normal_gathers_sums_and_takes_constants_out():
    assert normal(parse("Sum(2, (i, 1, k)) + Sum(lam[i], (i, 1, k)) - Sum(lam[j], (j, 1, k))", scope)) == 2 * k
    assert normal(parse("Sum(b[i], (i, 1, k)) - Sum(b[a], (a, k + 1, d))", scope)) != 0


def test_a_relation_between_two_indices_of_a_range_holds_for_every_pair():
    """Its second index is not an unknown; left open, it stood in the point that is shown, as `lam[j]`."""
    pairs = Domain(domain.dimensions, domain.ranges, (*domain.assume, lam[i] + lam[j] > 3), domain.where)
    sizes = {d: 4, k: 3}
    sums = [r for r in pairs.relations(sizes) if r.gts.is_Add]
    assert {r.gts for r in sums} == {lam[1] + lam[2], lam[1] + lam[3], lam[2] + lam[3]}
    found = compare(parse(f"2*{BASE}", scope), parse(BASE, scope), pairs, scope.letters)
    assert all(index.is_Integer for entry in found.counterexample.point.entries for index in entry.indices)
