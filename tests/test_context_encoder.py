"""The trial of the shape: two spaces of different sizes, GL(k), coupled encoder and decoder, several noise ranges."""

from __future__ import annotations

import sympy
from support import derivation


def test_derives_with_two_families_of_weights() -> None:
    derived = derivation("context_encoder")
    d1, d2, k = (sympy.Symbol(name, integer=True, positive=True) for name in ("d1", "d2", "k"))
    assert [str(item.index) for item in derived.law.outside] == ["m", "a"]
    assert sympy.expand(derived.quotient.dimension - k * (d1 + d2 - k)) == 0
    assert derived.law.d_base == d1
    assert str(derived.quotient.fields[0].rho) == "G"


def test_reduced_rank_regression_is_as_efficient_as_its_dimension_when_the_rank_is_k() -> None:
    """With rank `k` and unit noise the loss is twice a Gaussian likelihood, so Wilks gives the dimension of the quotient."""
    law = derivation("context_encoder").law
    written = law.expand(law.excess_loss_mean, d1=4, d2=3, k=2, r=2)
    ones = {entry: 1 for entry in written.atoms(sympy.Indexed) if str(entry.base.label) == "nu"}
    assert written.subs(ones) == 2 * (4 + 3 - 2)
