"""Rational functions split by the parity of one generator, a square root."""

from __future__ import annotations

from sympy.polys.fields import FracElement, FracField
from sympy.polys.rings import PolyElement

__all__ = ["even_and_odd", "squared_out"]


def even_and_odd(element: FracElement, position: int) -> tuple[FracElement, FracElement]:
    """`P, Q`, even in the generator `r` at `position`, with `element = P + r Q`."""
    generator = element.field.gens[position]
    (n_0, n_1), (d_0, d_1) = (_split(part, position, element.field) for part in (element.numer, element.denom))
    norm = d_0**2 - generator**2 * d_1**2
    return (n_0 * d_0 - generator**2 * n_1 * d_1) / norm, (n_1 * d_0 - n_0 * d_1) / norm


def _split(part: PolyElement, position: int, field: FracField) -> tuple[FracElement, FracElement]:
    """`P, Q` for a polynomial."""
    tables: tuple[dict, dict] = ({}, {})
    for exponents, coefficient in part.items():
        odd = exponents[position] % 2
        lowered = tuple(e - (odd if n == position else 0) for n, e in enumerate(exponents))
        tables[odd][lowered] = coefficient
    even, odd_part = (field.new(part.ring.from_dict(table)) for table in tables)
    return even, odd_part


def squared_out(element: FracElement, position: int, radicand: FracElement) -> FracElement:
    """`r^2 -> radicand` in an element that is even in the generator `r` at `position`."""
    field = element.field

    def put(part: PolyElement) -> FracElement:
        powers: dict[int, dict] = {}
        for exponents, coefficient in part.items():
            rest = tuple(0 if n == position else e for n, e in enumerate(exponents))
            powers.setdefault(exponents[position] // 2, {})[rest] = coefficient
        return sum((field.new(part.ring.from_dict(p)) * radicand**n for n, p in powers.items()), field.zero)

    return put(element.numer) / put(element.denom)
