"""Rational functions split by the parity of one generator, a square root."""

from __future__ import annotations

from sympy.polys.fields import FracElement, FracField
from sympy.polys.rings import PolyElement

from symasym.alignment.rational import Fractions

__all__ = ["even_and_odd", "squared_out"]


def even_and_odd(element: FracElement, position: int, fractions: Fractions) -> tuple[FracElement, FracElement]:
    """`P, Q`, even in the generator `r` at `position`, with `element = P + r Q`."""
    if all(exponents[position] % 2 == 0 for exponents in element.denom):
        below = fractions.inverse(element.field.raw_new(element.denom))
        even, odd = (fractions.product((part, below)) for part in _split(element.numer, position, element.field))
        return even, odd
    square = element.field.gens[position] ** 2
    (n_0, n_1), (d_0, d_1) = (_split(part, position, element.field) for part in (element.numer, element.denom))
    scale = fractions.inverse(fractions.sum_of_products([(d_0, d_0), (-square, d_1, d_1)]))
    return (
        fractions.sum_of_products([(n_0, d_0, scale), (-square, n_1, d_1, scale)]),
        fractions.sum_of_products([(n_1, d_0, scale), (-n_0, d_1, scale)]),
    )


def _split(part: PolyElement, position: int, field: FracField) -> tuple[FracElement, FracElement]:
    """`P, Q` for a polynomial."""
    tables: tuple[dict, dict] = ({}, {})
    for exponents, coefficient in part.items():
        odd = exponents[position] % 2
        lowered = tuple(e - (odd if n == position else 0) for n, e in enumerate(exponents))
        tables[odd][lowered] = coefficient
    even, odd_part = (field.raw_new(part.ring.from_dict(table)) for table in tables)
    return even, odd_part


def squared_out(element: FracElement, position: int, radicand: FracElement, fractions: Fractions) -> FracElement:
    """`r^2 -> radicand` in an element that is even in the generator `r` at `position`."""
    field = element.field

    def put(part: PolyElement) -> FracElement:
        powers: dict[int, dict] = {}
        for exponents, coefficient in part.items():
            rest = tuple(0 if n == position else e for n, e in enumerate(exponents))
            powers.setdefault(exponents[position] // 2, {})[rest] = coefficient
        return fractions.sum_of_products(
            (field.raw_new(part.ring.from_dict(p)), *n * [radicand]) for n, p in powers.items()
        )

    return fractions.product((put(element.numer), fractions.inverse(put(element.denom))))
