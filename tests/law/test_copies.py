"""What remains of a formula for infinitely many copies, and what finitely many add."""

import sympy
from support import derivation

from symasym.law.copies import split_by_count

K = sympy.Symbol("K", positive=True)


def test_both_parts_make_the_whole_at_every_count() -> None:
    law = derivation("spectral").law
    ((weight, _),) = law.weights
    many, more = split_by_count(weight, K)
    for count in (1, 2, 7):
        difference = (many + more / count - weight.subs(K, count)).expand()
        written = law.expand(difference, d=4, k=2)
        assert sympy.simplify(written) == 0
    assert not many.has(K) and not more.has(K) and more != 0


def test_a_formula_that_is_not_affine_or_has_no_count_is_left() -> None:
    i, k = sympy.symbols("i k", integer=True, positive=True)
    x = sympy.IndexedBase("x")
    assert split_by_count(sympy.Sum(x[i] / K**2, (i, 1, k)), K) is None
    assert split_by_count(sympy.Sum(x[i] / (1 + K), (i, 1, k)), K) is None
    assert split_by_count(sympy.Sum(x[i], (i, 1, k)), K) is None
