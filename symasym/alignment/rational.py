"""Sums of products of rational functions with one reduction at the end.

Every product and sum of the polynomial field searches for a greatest common divisor. The denominators of a law are products
of few irreducible polynomials, which are found once; a numerator is then reduced by trial division by them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import Any, TypeVar

import sympy
from sympy.polys.fields import FracElement, FracField
from sympy.polys.matrices import DomainMatrix
from sympy.polys.rings import PolyElement

__all__ = ["Fractions", "value_at"]

Key = TypeVar("Key")
Powers = Counter[PolyElement]
"""Irreducible polynomials with integer coefficients, and how often each occurs."""


class Fractions:
    """Sums of products in a field of rational functions over the rationals."""

    def __init__(self, field: FracField) -> None:
        self.field = field
        self._known: dict[PolyElement, tuple[int, Powers]] = {}

    def product(self, factors: Sequence[FracElement]) -> FracElement:
        """The product of some elements."""
        return self.sum_of_products([factors])

    def inverse(self, element: FracElement) -> FracElement:
        """One over an element that is not 0."""
        sign = 1 if element.numer.LC > 0 else -1
        return self.field.raw_new(sign * element.denom, sign * element.numer)

    def matrix_product(self, *matrices: DomainMatrix) -> DomainMatrix:
        """The product of dense matrices over the field, from the left."""
        first, *others = matrices
        for other in others:
            columns = other.transpose().to_list()
            rows = [
                [self.sum_of_products(zip(row, column, strict=True)) for column in columns] for row in first.to_list()
            ]
            first = DomainMatrix(rows, (first.shape[0], other.shape[1]), first.domain)
        return first

    def gathered(self, parts: Mapping[Key, Iterable[Sequence[FracElement]]]) -> dict[Key, FracElement]:
        """A sum of products for each key; those that vanish are left out."""
        sums = {key: self.sum_of_products(products) for key, products in parts.items()}
        return {key: value for key, value in sums.items() if value}

    def sum_of_products(self, products: Iterable[Sequence[FracElement]]) -> FracElement:
        """`sum_n prod_m f_nm`, the same element that the field's own operations give."""
        gathered: dict[frozenset, list] = {}
        for factors in products:
            numer, number, powers = self.field.ring.one, 1, Powers()
            if not all(factors):
                continue
            for factor in factors:
                numer = numer * factor.numer
                if factor.denom != 1:
                    content, found = self._factored(factor.denom)
                    number *= content
                    powers.update(found)
            numer = numer if number == 1 else numer.mul_ground(sympy.QQ(1, number))
            kept = gathered.setdefault(frozenset(powers.items()), [powers, self.field.ring.zero])
            kept[1] = kept[1] + numer
        return self._reduced(*self._over_common(list(gathered.values())))

    def _factored(self, denom: PolyElement) -> tuple[int, Powers]:
        if denom not in self._known:
            content, factors = denom.factor_list()
            self._known[denom] = int(content), Powers(dict(factors))
        return self._known[denom]

    def _over_common(self, parts: list[list]) -> tuple[PolyElement, Powers]:
        if len(parts) == 1:
            return parts[0][1], parts[0][0]
        common = Powers()
        for powers, _ in parts:
            common |= powers
        numer = self.field.ring.zero
        for powers, part in parts:
            numer = numer + _expand(part, common - powers)
        return numer, common

    def _reduced(self, numer: PolyElement, powers: Powers) -> FracElement:
        if not numer:
            return self.field.zero
        left = Powers()
        for base, power in powers.items():
            while power:
                quotient, remainder = numer.div(base)
                if remainder:
                    break
                numer, power = quotient, power - 1
            if power:
                left[base] = power
        # integer coefficients without a common divisor, and a denominator that leads with a positive one
        below = lcm(*(int(c.denominator) for c in numer.values()))
        above = gcd(*(int(c.numerator) * (below // int(c.denominator)) for c in numer.values()))
        numer = numer.mul_ground(sympy.QQ(below, gcd(above, below)))
        number = below // gcd(above, below)
        denom = _expand(self.field.ring.one.mul_ground(sympy.QQ(number)), left)
        self._known[denom] = number, left
        return self.field.raw_new(numer, denom)


def _expand(start: PolyElement, powers: Powers) -> PolyElement:
    for base, power in powers.items():
        start = start * base**power
    return start


def value_at(element: FracElement, values: Sequence[Any]) -> Any:
    """An element of the field at numbers for its generators."""
    return _polynomial_at(element.numer, values) / _polynomial_at(element.denom, values)


def _polynomial_at(polynomial: PolyElement, values: Sequence[Any]) -> Any:
    total: Any = Fraction(0)
    for exponents, coefficient in polynomial.terms():
        term: Any = Fraction(int(coefficient.numerator), int(coefficient.denominator))
        for value, exponent in zip(values, exponents, strict=True):
            if exponent:
                term = term * value**exponent
        total = total + term
    return total
