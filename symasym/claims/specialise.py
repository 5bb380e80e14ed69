"""Families with values of their own: `lam[i] = 1/i` put into formulas and domains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sympy

from symasym.claims.language import Scope, parse
from symasym.claims.points import Domain
from symasym.claims.sums import normal
from symasym.errors import InputError

__all__ = ["Values", "values_of"]


@dataclass(frozen=True)
class Values:
    """Families as functions of their index, scalars as expressions."""

    families: Mapping[sympy.IndexedBase, tuple[sympy.Symbol, sympy.Expr]]
    scalars: Mapping[sympy.Symbol, sympy.Expr]

    def __bool__(self) -> bool:
        return bool(self.families or self.scalars)

    def into(self, expression: sympy.Basic) -> sympy.Basic:
        """The expression with the values put in."""
        table = {}
        for entry in expression.atoms(sympy.Indexed):
            if entry.base in self.families:
                index, value = self.families[entry.base]
                table[entry] = value.subs(index, entry.indices[0])
        return expression.xreplace(table).xreplace(dict(self.scalars))

    def simplified(self, expression: sympy.Expr) -> sympy.Expr:
        """The same in normal form."""
        return normal(self.into(expression)) if self else expression

    def letters(self, letters: Mapping[sympy.Symbol, sympy.Expr]) -> dict[sympy.Symbol, sympy.Expr]:
        """The letters with the values put into what they stand for."""
        return {symbol: self.into(value) for symbol, value in letters.items()}

    def domain(self, domain: Domain) -> Domain:
        """The domain that is left: relations between entries that have values now are taken for checked."""
        kept = tuple(r for r in domain.assume if self.into(r) == r)
        return replace(domain, assume=kept)


def values_of(equations: Sequence[str], scope: Scope) -> Values:
    """Read `lam[i] = 1/i` and `sigma2 = 1`."""
    families, scalars = {}, {}
    for text in equations:
        left, equals, right = text.partition("=")
        if not equals:
            raise InputError(f"{scope.where}: {text} is not of the form family[index] = value or name = value")
        target = parse(left, scope)
        if isinstance(target, sympy.Indexed) and len(target.indices) == 1 and target.indices[0].is_Symbol:
            families[target.base] = target.indices[0], parse(right, scope)
        elif isinstance(target, sympy.Symbol):
            scalars[target] = parse(right, scope)
        else:
            raise InputError(
                f"{scope.where}: {left.strip()} cannot be given a value; family[index] or a name is expected"
            )
    return Values(families, scalars)
