"""Polynomials in inner products as people read them, in text and in LaTeX."""

from __future__ import annotations

from fractions import Fraction

import sympy
from sympy.core.symbol import Str
from sympy.printing.printer import Printer

from symasym.projection.algebra import (
    FREE,
    Constant,
    Dot,
    Factor,
    LogMean,
    Monomial,
    Number,
    Polynomial,
    Role,
    Share,
    Side,
    Vector,
)

__all__ = ["expression", "show"]

LETTERS = "ijklmn"


def _letter(index: int) -> str:
    return "*" if index == FREE else LETTERS[index]


def _vector(vector: Vector, side: Side, latex: bool) -> str:
    if vector.role is Role.DATA:
        inside, outside = (r"\xi", "y") if latex else ("xi", "y")
        return {Side.IN: inside, Side.OUT: outside}.get(side, vector.name)
    name = f"\\{vector.name}" if latex and len(vector.name) > 1 else vector.name
    return f"{name}_{{{_letter(vector.member)}}}" if latex else f"{name}[{_letter(vector.member)}]"


def _factor(factor: Factor, latex: bool) -> str:
    match factor:
        case Share():
            return rf"\pi_{{{_letter(factor.member)}}}" if latex else f"w[{_letter(factor.member)}]"
        case Number():
            return (
                f"{factor.name}_{{{_letter(factor.member)}}}" if latex else f"{factor.name}[{_letter(factor.member)}]"
            )
        case Dot():
            first, second = (_vector(v, factor.side, latex) for v in (factor.first, factor.second))
            return rf"\langle {first}, {second} \rangle" if latex else f"<{first}, {second}>"
        case LogMean():
            return r"\log \tfrac{1}{K} \sum_i e^{q_i}" if latex else "log mean exp q"
        case Constant():
            return r"\tfrac{1}{K}" if latex else f"({factor.name})"
    raise AssertionError(factor)


def _monomial(monomial: Monomial, number: Fraction, latex: bool) -> str:
    size = abs(number)
    shown = [] if size == 1 and monomial else [str(size)]
    shown += [_factor(factor, latex) for factor in monomial]
    return (r" \, " if latex else " ").join(shown)


def show(polynomial: Polynomial, latex: bool = False) -> str:
    """A sum over all indices that occur twice and more."""
    text = ""
    for monomial, number in polynomial.terms.items():
        sign = "-" if number < 0 else "+" if text else ""
        text += (f" {sign} " if text else sign) + _monomial(monomial, number, latex)
    return text or "0"


class _Shown(sympy.Expr):
    """A factor, in text and in LaTeX."""

    is_commutative = True
    is_extended_real = True

    def _sympystr(self, printer: Printer) -> str:
        return str(self.args[0])

    def _latex(self, printer: Printer) -> str:
        return str(self.args[1])


def expression(polynomial: Polynomial) -> sympy.Expr:
    """The polynomial as an expression that prints, sums over members understood."""
    return sympy.Add(
        *(
            sympy.Mul(
                sympy.Rational(number.numerator, number.denominator),
                *(_Shown(Str(_factor(factor, False)), Str(_factor(factor, True))) for factor in monomial),
            )
            for monomial, number in polynomial.terms.items()
        )
    )
