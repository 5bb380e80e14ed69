"""Sums of products with one reduction against the field's own arithmetic, down to numerator and denominator."""

from __future__ import annotations

import random
from functools import reduce
from operator import mul

import pytest
import sympy
from sympy.polys.fields import FracElement, FracField
from sympy.polys.matrices import DomainMatrix
from sympy.polys.orderings import lex

from symasym.alignment.rational import Fractions, _quotient

FIELD = FracField(["x", "y", "z"], sympy.ZZ, lex)
X, Y, Z = FIELD.gens
POOL = [X, Y, X + Y, X - Z, 1 + X * Y, 2 * X + 3, X**2 + Z, FIELD.ground_new(sympy.QQ(-6, 35)), FIELD.one, FIELD.zero]


def element(rng: random.Random) -> FracElement:
    """Quotients that share factors, with signs and numbers to be gathered."""
    above = reduce(mul, rng.choices(POOL, k=2)) * rng.choice([1, -1, 4, -10])
    below = reduce(mul, rng.choices(POOL[:-1], k=3)) * rng.choice([1, -1, 6])
    return above / below + rng.choice([FIELD.zero, FIELD.zero, FIELD.one, X / Y])


@pytest.mark.parametrize("seed", range(20))
def test_sums_of_products_are_those_of_the_field(seed: int) -> None:
    rng = random.Random(seed)
    fractions = Fractions(FIELD)
    for _ in range(5):
        products = [[element(rng) for _ in range(rng.randrange(4))] for _ in range(rng.randrange(4))]
        expected = sum((reduce(mul, factors, FIELD.one) for factors in products), FIELD.zero)
        found = fractions.sum_of_products(products)
        assert (found.numer, found.denom) == (expected.numer, expected.denom)
        assert hash(found) == hash(expected)


def test_what_cancels_leaves_zero_and_is_left_out() -> None:
    fractions = Fractions(FIELD)
    pair = [(X / (X + Y), Y / Z), (-X / (X + Y), Y / Z)]
    assert fractions.sum_of_products(pair) == FIELD.zero
    assert fractions.gathered({"gone": pair, "kept": pair[:1]}) == {"kept": X * Y / ((X + Y) * Z)}
    assert fractions.sum_of_products([]) == FIELD.zero


def test_matrix_products() -> None:
    rng = random.Random(1)
    a, b = (
        DomainMatrix([[element(rng) for _ in range(n)] for _ in range(m)], (m, n), FIELD.to_domain())
        for m, n in ((2, 3), (3, 2))
    )
    assert Fractions(FIELD).matrix_product(a, b, a) == a * b * a


def test_quotients_of_polynomials() -> None:
    x, y, z = FIELD.ring.gens
    over = FIELD.ring.clone(domain=sympy.QQ)
    pool = [x, y, x + y, 2 * x - 3 * z, x**2 + z, x * y - 5, 7 * z**3 - 2 * x + 1]
    for base in pool:
        for other in [*pool, 6 * x, -4 * y**2 + z, FIELD.ring.one]:
            assert _quotient(base * other, base) == other
            for rest in (FIELD.ring.one, z**4, 3 * y):
                numer = base * other + rest
                remainder = numer.set_ring(over).rem(base.set_ring(over))
                assert (_quotient(numer, base) is None) == bool(remainder)


def test_numbers_are_kept_in_lowest_terms() -> None:
    fractions = Fractions(FIELD)
    found = fractions.sum_of_products([(X / 6, Y), (X / 10, Y), (FIELD.one / 15, X * Y)])
    assert found == X * Y / 3 and (found.numer, found.denom) == (X.numer * Y.numer, FIELD.ring.ground_new(3))
    halves = fractions.sum_of_products([(X / (2 * (X + Y)),), (X / (2 * (X + Y)),)])
    assert (halves.numer, halves.denom) == (X.numer, (X + Y).numer)
