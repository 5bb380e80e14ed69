"""Is an entry positive under the stated relations? Yes, no, or undecided.

Gaps are written as positive symbols: with `lam[i] > lam[a]` the entry `lam[i] - lam[a]` becomes one, with `lam[i] >= lam[a]` one
that may be zero. A gap between expressions, `mu[i] sig[i] > mu[a] sig[a]`, gives its irreducible factor a sign. Where
`0 < t < c`, `t` is written as `c / (1 + y)` with `y > 0`, so that mixtures such as `t u + (1 - t) v` become sums of one sign.
What cannot be decided is reported as an assumption of the law, never taken for granted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sympy

from symasym.alignment.ranges import Range
from symasym.errors import InputError

__all__ = ["INEQUALITY", "Facts"]

STRICT = sympy.StrictGreaterThan | sympy.StrictLessThan
INEQUALITY = STRICT | sympy.GreaterThan | sympy.LessThan


@dataclass(frozen=True)
class Facts:
    """Relations between entries, for all indices, and between dimensions.

    `positive` and `nonnegative` quantities, and `gaps` `(larger, smaller, strict)`: `larger - smaller` is positive where
    `strict`, not negative otherwise. `signs` of irreducible polynomials follow from strict relations between expressions.
    `bounds`: quantity -> `(number, strict)` that it stays below.
    """

    positive: frozenset[sympy.Expr]
    nonnegative: frozenset[sympy.Expr]
    gaps: tuple[tuple[sympy.Expr, sympy.Expr, bool], ...]
    partners: Mapping[sympy.Symbol, sympy.Symbol]
    signs: Mapping[sympy.Expr, int] = field(default_factory=dict)
    bounds: Mapping[sympy.Expr, tuple[sympy.Expr, bool]] = field(default_factory=dict)

    @classmethod
    def of(cls, relations: Sequence[sympy.Basic], ranges: Iterable[Range]) -> Facts:
        """Read `lam[i] > lam[a]`, `lam[i] > 0`, `s[m] >= 0` and the like."""
        positive: set[sympy.Expr] = set()
        nonnegative: set[sympy.Expr] = set()
        gaps: list[tuple[sympy.Expr, sympy.Expr, bool]] = []
        composite: list[sympy.Expr] = []
        bounds: dict[sympy.Expr, tuple[sympy.Expr, bool]] = {}
        for relation in relations:
            if not isinstance(relation, INEQUALITY):
                raise InputError(f"aligned.assume: {relation} is not of the form u > v, u >= v, u < v or u <= v")
            larger, smaller, strict = relation.gts, relation.lts, isinstance(relation, STRICT)
            bounds |= _bound(larger - smaller, strict)
            if strict and not (_simple(larger) and _simple(smaller)):
                composite.append(larger - smaller)
                continue
            if larger == 0:
                raise InputError(f"aligned.assume: {relation} states a negative entry; make its opposite the family")
            if smaller == 0:
                (positive if strict else nonnegative).add(larger)
            else:
                gaps.append((larger, smaller, strict))
        for _ in gaps:  # lam[i] > lam[a] >= 0 makes lam[i] positive, lam[i] >= lam[a] >= 0 not negative
            for larger, smaller, strict in gaps:
                if smaller in positive or smaller.is_positive or (strict and smaller in nonnegative):
                    positive.add(larger)
                elif smaller in nonnegative:
                    nonnegative.add(larger)
        partners = {item.partner: item.index for item in ranges}
        facts = cls(frozenset(positive), frozenset(nonnegative - positive), tuple(gaps), partners, bounds=bounds)
        for _ in composite:  # what one gap decides may decide the next
            for difference in composite:
                facts = facts._with_positive(difference)
        return facts

    def _with_positive(self, expression: sympy.Expr) -> Facts:
        """With the sign of the one factor of a positive expression whose sign is not known; unchanged if there are more."""
        total, unknown = 1, []
        for part, inverted in zip(sympy.fraction(sympy.together(expression)), (False, True), strict=True):
            number, factors = sympy.factor_list(part)
            total *= int(sympy.sign(number))
            for base, power in factors:
                found = self.sign(base)
                if found:
                    total *= found**power
                else:
                    unknown.append((base, -power if inverted else power))
        if len(unknown) != 1 or unknown[0][1] % 2 == 0:
            return self
        normal, sign = _normal(unknown[0][0])
        return replace(self, signs={**self.signs, normal: total * sign})

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
        return self._named(symbol) in self.positive

    def _is_nonnegative(self, symbol: sympy.Expr) -> bool:
        if symbol.is_nonnegative or self._is_positive(symbol):
            return True
        if isinstance(symbol, sympy.Pow):
            return bool(symbol.exp.is_positive) and self._is_nonnegative(symbol.base)
        return self._named(symbol) in self.nonnegative

    def _named(self, symbol: sympy.Expr) -> sympy.Expr:
        """The entry as relations write it: by the first index of its range."""
        if not isinstance(symbol, sympy.Indexed):
            return symbol
        return symbol.base[self.partners.get(symbol.indices[0], symbol.indices[0])]

    def _one_index_each(self, base: sympy.Expr) -> bool:
        """True if the entries use one index of each range, so that renaming it changes nothing."""
        used = {entry.indices[0] for entry in base.atoms(sympy.Indexed)}
        return len({self.partners.get(index, index) for index in used}) == len(used)

    def _sign_of_base(self, base: sympy.Expr) -> int | None:
        if base.is_number:
            return int(sympy.sign(base))
        if self._is_positive(base):
            return 1
        if not isinstance(base, sympy.Add):
            return None
        if self.signs:
            normal, sign = _normal(base.xreplace({e: self._named(e) for e in base.atoms(sympy.Indexed)}))
            if normal in self.signs and self._one_index_each(base):
                return sign * self.signs[normal]
        apart = self._with_gaps(base)
        for candidate in (base, apart, *map(self._within_bounds, (base, apart))):
            found = self._sign_of_sum(candidate)
            if found is not None:
                return found
        return None

    def _within_bounds(self, base: sympy.Expr) -> sympy.Expr:
        """Write positive quantities below a number, `t < c`, as `c / (1 + y)`; the positive denominator is left out."""
        for quantity in base.atoms(sympy.Indexed, sympy.Symbol):
            if self._named(quantity) not in self.bounds or not self._is_positive(quantity):
                continue
            number, strict = self.bounds[self._named(quantity)]
            y = sympy.Dummy("y", positive=True) if strict else sympy.Dummy("y", nonnegative=True)
            above, below = sympy.fraction(sympy.together(base.subs(quantity, number / (1 + y))))
            if below.free_symbols <= {y}:  # no denominator of its own, of which the sign may be another
                base = above
        return sympy.expand(base)

    def _with_gaps(self, base: sympy.Expr) -> sympy.Expr:
        """Write the larger of two entries, or of an entry and a scalar, as the smaller plus a gap, along chains to their end."""
        for _ in self.gaps:
            for larger, smaller, strict in self.gaps:
                base = self._with_gap(base, larger, smaller, strict)
        return sympy.expand(base)

    def _with_gap(self, base: sympy.Expr, larger: sympy.Expr, smaller: sympy.Expr, strict: bool) -> sympy.Expr:
        def gap() -> sympy.Dummy:
            return sympy.Dummy("gap", positive=True) if strict else sympy.Dummy("gap", nonnegative=True)

        if isinstance(larger, sympy.Symbol) and base.has(larger):
            base = base.subs(larger, smaller + gap())
        present = base.atoms(sympy.Indexed)
        for u in present:
            for v in present | base.free_symbols:
                if u != v and self._named(u) == larger and self._named(v) == smaller:
                    base = base.subs(u, v + gap())
        return base

    def _sign_of_sum(self, total: sympy.Expr) -> int | None:
        """All monomials of one sign or zero, at least one of them surely not zero."""
        signs, strict = set(), False
        for term in sympy.Add.make_args(total):
            coefficient, rest = term.as_coeff_Mul()
            known = True
            for factor in sympy.Mul.make_args(rest):
                base, exponent = factor.as_base_exp()
                if self._is_positive(base):
                    continue
                known = False
                square = exponent.is_Integer and exponent % 2 == 0
                if not (square or (exponent.is_positive and self._is_nonnegative(base))):
                    return None
            strict = strict or known
            signs.add(int(sympy.sign(coefficient)))
        return signs.pop() if len(signs) == 1 and strict else None


def _bound(difference: sympy.Expr, strict: bool) -> dict[sympy.Expr, tuple[sympy.Expr, bool]]:
    """`{t: (c, strict)}` if what is positive, or not negative, is `c - t`, `c` a positive number."""
    number, rest = sympy.expand(difference).as_coeff_Add()
    quantity = -rest
    return (
        {quantity: (number, strict)}
        if number.is_positive and isinstance(quantity, sympy.Indexed | sympy.Symbol)
        else {}
    )


def _simple(expression: sympy.Expr) -> bool:
    """An entry, a symbol or a number, and not an expression in them."""
    return isinstance(expression, sympy.Indexed | sympy.Symbol) or expression.is_number


def _normal(expression: sympy.Expr) -> tuple[sympy.Expr, int]:
    """A polynomial without its numerical factor, and the sign of that factor."""
    if sympy.expand(expression).is_number:
        return expression, 1
    _, primitive = sympy.Poly(expression).primitive()
    sign = -1 if primitive.LC() < 0 else 1
    return (sign * primitive).as_expr(), sign
