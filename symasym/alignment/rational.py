"""Sums of products of rational functions with one reduction at the end.

Every product and sum of the polynomial field searches for a greatest common divisor. The denominators of a law are products
of few irreducible polynomials, which are found once; a numerator is then reduced by trial division by them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from operator import add
from typing import Any, TypeVar

from sympy.polys.fields import FracElement, FracField
from sympy.polys.matrices import DomainMatrix
from sympy.polys.rings import PolyElement

__all__ = ["Fractions", "value_at"]

Key = TypeVar("Key")
Powers = Counter[PolyElement]
"""Irreducible polynomials with integer coefficients, and how often each occurs."""


class Fractions:
    """Sums of products in a field of rational functions whose polynomials have integer coefficients.

    The fractions are those over the rationals; arithmetic of integers is several times as fast.
    """

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
        gathered: dict[frozenset, _Part] = {}
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
            part, key = _Part(numer, number, powers), frozenset(powers.items())
            gathered[key] = gathered[key] + part if key in gathered else part
        return self._reduced(self._over_common(list(gathered.values())))

    def _factored(self, denom: PolyElement) -> tuple[int, Powers]:
        if denom not in self._known:
            content, factors = denom.factor_list()
            self._known[denom] = int(content), Powers(dict(factors))
        return self._known[denom]

    def _over_common(self, parts: list[_Part]) -> _Part:
        common = Powers()
        for part in parts:
            common |= part.powers
        wide = (_Part(_expand(p.numer, common - p.powers), p.number, common) for p in parts)
        return sum(wide, start=_Part(self.field.ring.zero, 1, common))

    def _reduced(self, part: _Part) -> FracElement:
        if not part.numer:
            return self.field.zero
        numer, left = part.numer, Powers()
        for base, power in part.powers.items():
            while power and (quotient := _quotient(numer, base)) is not None:
                numer, power = quotient, power - 1
            if power:
                left[base] = power
        # integers without a common divisor, and a denominator that leads with a positive one
        common = gcd(part.number, *map(int, numer.values()))
        number = part.number // common
        denom = _expand(self.field.ring.ground_new(number), left)
        self._known[denom] = number, left
        return self.field.raw_new(numer.quo_ground(common) if common != 1 else numer, denom)


@dataclass(frozen=True)
class _Part:
    """A polynomial over a positive number and powers of irreducible polynomials."""

    numer: PolyElement
    number: int
    powers: Powers

    def __add__(self, other: _Part) -> _Part:
        """The sum of two over the same powers."""
        number = lcm(self.number, other.number)
        one, two = (p.numer if p.number == number else p.numer * (number // p.number) for p in (self, other))
        return _Part(one + two, number, self.powers)


def _quotient(numer: PolyElement, base: PolyElement) -> PolyElement | None:
    """`numer / base` if that is a polynomial; given up at the first term that `base` does not divide.

    Coefficients are integers, those of `base` without a common divisor, so that those of the quotient are integers too.
    """
    if len(base) == 1 and base.LC == 1:
        (shift,) = base
        lowered = {tuple(e - s for e, s in zip(exps, shift, strict=True)): c for exps, c in numer.items()}
        return base.ring.from_dict(lowered) if all(min(exps) >= 0 for exps in lowered) else None
    first, lead = base.LM, base.LC
    rest, terms, found = dict(numer), list(base.items()), {}
    while rest:
        top = max(rest)  # the order of the ring is lexicographic
        shift = tuple(e - f for e, f in zip(top, first, strict=True))
        if min(shift) < 0 or rest[top] % lead:
            return None
        found[shift] = factor = rest[top] // lead
        for exps, c in terms:
            at = tuple(map(add, exps, shift))
            value = rest.get(at, 0) - factor * c
            if value:
                rest[at] = value
            else:
                del rest[at]
    return base.ring.from_dict(found)


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
        term: Any = Fraction(int(coefficient))
        for value, exponent in zip(values, exponents, strict=True):
            if exponent:
                term = term * value**exponent
        total = total + term
    return total
