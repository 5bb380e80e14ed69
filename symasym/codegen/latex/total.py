"""What is added up line by line, as one sum: like terms together, each coefficient a single fraction."""

from __future__ import annotations

from collections.abc import Iterable

import sympy

__all__ = ["total"]


def total(terms: Iterable[sympy.Expr]) -> sympy.Expr:
    """The sum of the terms, collected by products of their sums over indices and of their directions `U_x`, `V_x`.

    Equal in value to the plain sum: constants come out of sums over indices, products are multiplied out, and nothing
    that stands under a sum changes otherwise.
    """
    letters: dict[sympy.Basic, sympy.Dummy] = {}
    whole = sympy.Add(*(_open(term, letters) for term in terms))
    directions = [s for s in whole.free_symbols if isinstance(s, sympy.Symbol) and s.name[:2] in ("U_", "V_")]
    generators = [*sorted(directions, key=str), *letters.values()]
    if not generators:
        return whole
    back = {letter: meaning for meaning, letter in letters.items()}
    polynomial = sympy.Poly(sympy.expand(whole), *generators)
    parts = []
    for powers, coefficient in polynomial.terms():
        monomial = sympy.Mul(*(g**n for g, n in zip(generators, powers, strict=True)))
        parts.append(sympy.factor(coefficient) * monomial)
    return sympy.Add(*parts).xreplace(back)


def _open(expression: sympy.Expr, letters: dict[sympy.Basic, sympy.Dummy]) -> sympy.Expr:
    """The expression with a letter for each sum over indices, after what does not depend on the indices came out."""
    if isinstance(expression, sympy.Sum):
        bound = set(expression.variables)
        factors = sympy.Mul.make_args(sympy.factor_terms(expression.function))
        outside = [factor for factor in factors if not factor.free_symbols & bound]
        inside = [factor for factor in factors if factor.free_symbols & bound]
        rest = sympy.Sum(sympy.Mul(*inside), *expression.limits)
        return sympy.Mul(*outside) * letters.setdefault(rest, sympy.Dummy(f"s{len(letters)}"))
    if isinstance(expression, sympy.Add | sympy.Mul | sympy.Pow):
        return expression.func(*(_open(part, letters) for part in expression.args))
    return expression
