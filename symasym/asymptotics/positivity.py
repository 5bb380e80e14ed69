"""Is an entry positive under the stated relations? Yes, no, or undecided.

Gaps are written as positive symbols: with `lam[i] > lam[a]` the entry `lam[i] - lam[a]` becomes one. What cannot be decided is
reported as an assumption of the law, never taken for granted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sympy

from symasym.alignment.ranges import Range
from symasym.errors import InputError

__all__ = ["Facts"]


@dataclass(frozen=True)
class Facts:
    """Relations between entries, for all indices, and between dimensions: `positive` ones, and `gaps` (larger, smaller)."""

    positive: frozenset[sympy.Expr]
    gaps: tuple[tuple[sympy.Expr, sympy.Expr], ...]
    partners: Mapping[sympy.Symbol, sympy.Symbol]

    @classmethod
    def of(cls, relations: Sequence[sympy.Basic], ranges: Iterable[Range]) -> Facts:
        """Read `lam[i] > lam[a]`, `lam[i] > 0` and the like."""
        positive: set[sympy.Expr] = set()
        gaps: list[tuple[sympy.Expr, sympy.Expr]] = []
        for relation in relations:
            if not isinstance(relation, sympy.StrictGreaterThan | sympy.StrictLessThan):
                raise InputError(f"aligned.assume: {relation} is not of the form u > v or u < v")
            larger, smaller = relation.gts, relation.lts
            if larger == 0:
                raise InputError(f"aligned.assume: {relation} states a negative entry; make its opposite the family")
            if smaller == 0:
                positive.add(larger)
            else:
                gaps.append((larger, smaller))
        for _ in gaps:  # lam[i] > lam[a] > 0 makes lam[i] positive as well
            positive |= {larger for larger, smaller in gaps if smaller in positive}
        return cls(frozenset(positive), tuple(gaps), {item.partner: item.index for item in ranges})

    def sign(self, expression: sympy.Expr) -> int | None:
        """+1 or -1 where the sign is the same for all admissible entries, 0 for zero, None where undecided."""
        if expression == 0:
            return 0
        total = 1
        for factor in sympy.Mul.make_args(expression):
            base, exponent = factor.as_base_exp()
            found = self._sign_of_base(base)
            if found is None:
                return None
            if found < 0 and exponent.is_Integer and exponent % 2:
                total = -total
        return total

    def _is_positive(self, symbol: sympy.Expr) -> bool:
        if symbol.is_positive:
            return True
        if isinstance(symbol, sympy.Pow):
            return self._is_positive(symbol.base)
        if isinstance(symbol, sympy.Indexed):
            return symbol.base[self.partners.get(symbol.indices[0], symbol.indices[0])] in self.positive
        return symbol in self.positive

    def _sign_of_base(self, base: sympy.Expr) -> int | None:
        if base.is_number:
            return int(sympy.sign(base))
        if self._is_positive(base):
            return 1
        if not isinstance(base, sympy.Add):
            return None
        for candidate in (base, self._with_gaps(base)):
            found = self._sign_of_sum(candidate)
            if found is not None:
                return found
        return None

    def _with_gaps(self, base: sympy.Expr) -> sympy.Expr:
        """Write the larger of two entries as the smaller plus a positive gap."""
        present = base.atoms(sympy.Indexed)
        by_index = {entry: entry.base[self.partners.get(entry.indices[0], entry.indices[0])] for entry in present}
        for larger, smaller in self.gaps:
            if isinstance(larger, sympy.Symbol) and base.has(larger):
                base = base.subs(larger, smaller + sympy.Dummy("gap", positive=True))
            for u in present:
                for v in present:
                    if u != v and by_index[u] == larger and by_index[v] == smaller:
                        base = base.subs(u, v + sympy.Dummy("gap", positive=True))
        return sympy.expand(base)

    def _sign_of_sum(self, total: sympy.Expr) -> int | None:
        """All monomials of one sign, at least one of them not a mere square of something unknown."""
        signs, strict = set(), False
        for term in sympy.Add.make_args(total):
            coefficient, rest = term.as_coeff_Mul()
            known = True
            for factor in sympy.Mul.make_args(rest):
                base, exponent = factor.as_base_exp()
                if self._is_positive(base):
                    continue
                known = False
                if not (exponent.is_Integer and exponent % 2 == 0):
                    return None
            strict = strict or known
            signs.add(int(sympy.sign(coefficient)))
        return signs.pop() if len(signs) == 1 and strict else None
