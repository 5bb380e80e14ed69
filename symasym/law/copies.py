"""A formula in the number `K` of copies that a loss averages over: what remains for `K -> oo`, and what `1/K` adds."""

from __future__ import annotations

import sympy

__all__ = ["split_by_count"]


def split_by_count(formula: sympy.Expr, count: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr] | None:
    """`(A, B)` with `formula = A + B/K`, `K = count`; None where the formula is not of that form or does not contain `K`.

    Sums are split summand by summand.
    """
    symbols = count.free_symbols
    if len(symbols) != 1 or not formula.has(*symbols):
        return None
    (symbol,) = symbols
    share = sympy.Symbol("share", positive=True)
    (solved,) = sympy.solve(sympy.Eq(1 / count, share), symbol) or (None,)
    if solved is None:
        return None
    many = formula.replace(lambda e: isinstance(e, sympy.Sum), lambda e: _mapped(e, symbol, solved, share, 0))
    more = formula.replace(lambda e: isinstance(e, sympy.Sum), lambda e: _mapped(e, symbol, solved, share, 1))
    if many.has(symbol, share) or more.has(symbol, share):
        return None
    return many, more


def _mapped(total: sympy.Sum, symbol: sympy.Symbol, solved: sympy.Expr, share: sympy.Symbol, order: int) -> sympy.Expr:
    """The sum of the coefficients of `share^order` of a summand that is affine in it; left alone if it is not."""
    numerator, denominator = sympy.fraction(sympy.cancel(sympy.together(total.function.subs(symbol, solved))))
    polynomial = sympy.Poly(numerator, share) if not denominator.has(share) else None
    if polynomial is None or polynomial.degree() > 1:
        return total
    return sympy.Sum(sympy.factor(polynomial.coeff_monomial(share**order) / denominator), *total.limits)
