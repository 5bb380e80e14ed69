"""A polynomial of the field back in SymPy, as a product of irreducible factors."""

from __future__ import annotations

from collections.abc import Sequence

import sympy
from sympy.polys.rings import PolyElement

__all__ = ["factored_form"]


def factored_form(
    part: PolyElement, symbols: list[sympy.Expr], halves: set[int], scalars: Sequence[int] = ()
) -> sympy.Expr:
    """A polynomial as a product of its irreducible factors, after pulling out monomials and halving even exponents."""
    if not part:
        return sympy.S.Zero
    ring = part.ring
    lowest = tuple(min(exponents[n] for exponents in part) for n in range(ring.ngens))
    rest = ring.from_dict({tuple(e - f for e, f in zip(exps, lowest, strict=True)): c for exps, c in part.items()})
    even = {n for n in halves if all(exps[n] % 2 == 0 for exps in rest)}
    rest = ring.from_dict(
        {tuple(e // 2 if n in even else e for n, e in enumerate(exps)): c for exps, c in rest.items()}
    )
    result = sympy.Mul(
        *(
            s ** (sympy.Rational(e, 2) if n in halves else e)
            for n, (s, e) in enumerate(zip(symbols, lowest, strict=True))
            if e
        )
    )
    names = [s if n in even or n not in halves else sympy.sqrt(s) for n, s in enumerate(symbols)]
    number, shown = _factored(rest, names, scalars)
    return number * (result * shown)


def _factored(part: PolyElement, names: list[sympy.Expr], scalars: Sequence[int]) -> tuple[sympy.Rational, sympy.Expr]:
    """A number, and the product of the irreducible factors."""
    content, factors = part.factor_list()
    number, result = sympy.Integer(int(content)), sympy.S.One
    # a factor is written with more positive terms than negative ones; its sign goes to the front, or to one that has as many
    surplus = [sum(1 if c > 0 else -1 for c in base.coeffs()) for base, _ in factors]
    flips = [balance < 0 for balance in surplus]
    number *= (-1) ** sum(power for flip, (_, power) in zip(flips, factors, strict=True) if flip)
    for n, (_, power) in enumerate(factors):
        if number < 0 and surplus[n] == 0 and power % 2:
            flips[n], number = True, -number
    for flip, (base, power) in zip(flips, factors, strict=True):
        result *= _irreducible(-base if flip else base, names, scalars) ** power
    return number, result


SAVED = 3
"""Operations that a nested form must save."""


def _irreducible(polynomial: PolyElement, names: list[sympy.Expr], scalars: Sequence[int]) -> sympy.Expr:
    """Written out, or by powers of a scalar with factored coefficients where that is clearly shorter."""
    plain = _as_expression(polynomial, names)
    options = []
    for n in scalars:
        degrees = {exponents[n] for exponents in polynomial}
        if len(polynomial) > 3 and max(degrees) and len(degrees) < len(polynomial):
            options.append(sympy.Add(*(_coefficient(polynomial, n, degree, names, scalars) for degree in degrees)))
    shortest = min(options, key=sympy.count_ops, default=plain)
    return shortest if sympy.count_ops(shortest) + SAVED <= sympy.count_ops(plain) else plain


def _coefficient(
    polynomial: PolyElement, n: int, degree: int, names: list[sympy.Expr], scalars: Sequence[int]
) -> sympy.Expr:
    """The terms with one power of a generator, that power in front of what else factors out."""
    terms = {(*e[:n], 0, *e[n + 1 :]): c for e, c in polynomial.items() if e[n] == degree}
    number, shown = _factored(polynomial.ring.from_dict(terms), names, scalars)
    return sympy.Mul(number, names[n] ** degree, shown)


def _as_expression(polynomial: PolyElement, names: list[sympy.Expr]) -> sympy.Expr:
    return sympy.Add(
        *(
            sympy.Mul(
                sympy.Integer(int(c)),
                *(name**e for name, e in zip(names, exps, strict=True) if e),
            )
            for exps, c in polynomial.terms()
        )
    )
