"""Special cases of a law, by substitution into its formulas: one feature, equal eigenvalues.

Sums whose bounds meet are written out, sums of what does not depend on the index are multiplied out; nothing else is done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import sympy

from symasym.law.law import Law

__all__ = ["SpecialCase", "degree", "equal_entries", "gathered", "one_feature", "signed"]

Weight = tuple[sympy.Expr, tuple[sympy.Symbol, sympy.Expr, sympy.Expr]]


@dataclass(frozen=True)
class SpecialCase:
    """`conditions` under which the law has these weights, with their index ranges, and this mean of the excess loss."""

    conditions: tuple[sympy.Basic, ...]
    weights: tuple[Weight, ...]
    excess_loss_mean: sympy.Expr


def one_feature(law: Law) -> SpecialCase | None:
    """Every learned range has one index; None where the dimensions do not allow that or nothing would change."""
    sizes = [item.size - 1 for item in law.ranges if item.learned]
    unknown = sorted(set().union(*(size.free_symbols for size in sizes)), key=str)
    found = sympy.solve(sizes, unknown, dict=True) if unknown else []
    if len(found) != 1 or not all(value.is_Integer and value > 0 for value in found[0].values()):
        return None
    values = found[0]
    conditions = tuple(sympy.Eq(symbol, values[symbol], evaluate=False) for symbol in unknown if symbol in values)
    return _case(law, conditions, lambda expression: collapsed(expression.xreplace(values)))


def equal_entries(law: Law, apart: Collection[str]) -> SpecialCase | None:
    """Every family but those named is the same on all indices of a range: `lam` on the learned one, `lam_0` outside.

    None where the formulas have no such family.
    """
    families = [name for name in law.families if name not in apart]
    table: dict[sympy.Basic, sympy.Symbol] = {}
    conditions: list[sympy.Basic] = []
    used = {entry for _, expression in _formulas(law) for entry in expression.atoms(sympy.Indexed)}
    for name in families:
        places = [item for item in law.ranges if any(_occurs(e, name, item) for e in used)]
        for number, item in enumerate(sorted(places, key=lambda r: not r.learned)):
            sample = next(e for e in used if str(e.base.label) == name)
            common = sympy.Symbol(name if number == 0 else f"{name}_{number - 1}", **_signs(sample))
            for index in (item.index, item.partner):
                table[sample.base[index]] = common
            conditions.append(sympy.Eq(sample.base[item.index], common, evaluate=False))
    if not table:
        return None
    return _case(law, tuple(conditions), lambda expression: gathered(expression.xreplace(table)))


def _signs(entry: sympy.Indexed) -> dict[str, bool]:
    """A number that stands for all entries is what they are."""
    return {"positive": True} if entry.is_positive else {"real": True}


def _occurs(entry: sympy.Indexed, name: str, item: object) -> bool:
    return str(entry.base.label) == name and entry.indices[0] in (item.index, item.partner)  # type: ignore[attr-defined]


def _formulas(law: Law) -> list[tuple[tuple[sympy.Symbol, sympy.Expr, sympy.Expr] | None, sympy.Expr]]:
    return [(limits, law.expand(weight)) for weight, limits in law.weights] + [(None, law.expand(law.excess_loss_mean))]


def _case(
    law: Law, conditions: tuple[sympy.Basic, ...], change: Callable[[sympy.Expr], sympy.Expr]
) -> SpecialCase | None:
    """The changed formulas; None where none of them changes."""
    before = _formulas(law)
    after = [_readable(change(expression)) for _, expression in before]
    if all(new == old for new, (_, old) in zip(after, before, strict=True)):
        return None
    moved = {c.lhs: c.rhs for c in conditions if isinstance(c.lhs, sympy.Symbol)}
    weights = tuple(
        (new, (limits[0], limits[1].xreplace(moved), limits[2].xreplace(moved)))
        for new, (limits, _) in zip(after, before, strict=True)
        if limits is not None
    )
    return SpecialCase(conditions, weights, after[-1])


def _readable(expression: sympy.Expr) -> sympy.Expr:
    """Numbers multiplied into sums of terms, and signs into differences that have more minus than plus signs."""
    number, rest = expression.as_coeff_Mul()
    terms = [number * term for term in sympy.Add.make_args(rest)]
    return sympy.Add(*map(signed, terms))


def signed(term: sympy.Expr) -> sympy.Expr:
    """`-(lam - 2)` as `2 - lam`, also under a sum; equal in value."""
    number, rest = term.as_coeff_Mul()
    factors = list(sympy.Mul.make_args(rest))
    for place, factor in enumerate(factors):
        if isinstance(factor, sympy.Sum):
            inner, function = factor.function.as_coeff_Mul()
            number, factors[place] = number * inner, sympy.Sum(function, *factor.limits)
    for place, factor in enumerate(factors if number.is_negative else ()):
        turned = _turned(factor)
        if turned is not None:
            factors[place] = turned
            return sympy.Mul(-number, *factors)
    return sympy.Mul(number, *factors)


def _turned(factor: sympy.Expr) -> sympy.Expr | None:
    """Minus the factor, where that has fewer minus signs."""
    if _mostly_negative(factor):
        return -factor
    if isinstance(factor, sympy.Sum):
        parts = list(sympy.Mul.make_args(factor.function))
        place = next((n for n, part in enumerate(parts) if _mostly_negative(part)), None)
        if place is not None:
            parts[place] = -parts[place]
            return sympy.Sum(sympy.Mul(*parts), *factor.limits)
    return None


def _mostly_negative(factor: sympy.Expr) -> bool:
    """True for a sum of terms that turned over has fewer minus signs."""
    if not isinstance(factor, sympy.Add):
        return False
    minus = sum(bool(term.as_coeff_Mul()[0].is_negative) for term in factor.args)
    return 2 * minus >= len(factor.args)


def collapsed(expression: sympy.Expr) -> sympy.Expr:
    """Sums over a known number of indices written out, outer sums first."""
    if not expression.has(sympy.Sum):
        return expression
    if not isinstance(expression, sympy.Sum):
        return expression.func(*map(collapsed, expression.args))
    *inner, (index, first, last) = expression.limits
    body = sympy.Sum(expression.function, *inner) if inner else expression.function
    length = sympy.expand(last - first + 1)
    if length.is_Integer:
        return sympy.Add(*(_reduced(collapsed(body.subs(index, first + n))) for n in range(int(length))))
    return sympy.Sum(collapsed(body), (index, first, last))


def _reduced(term: sympy.Expr) -> sympy.Expr:
    """Factors that cancel, cancelled, in a term without sums."""
    return term if term.has(sympy.Sum) else sympy.factor(term)


def gathered(expression: sympy.Expr) -> sympy.Expr:
    """Sums with what does not depend on the index in front, and counted where nothing depends on it."""
    if not expression.has(sympy.Sum):
        return expression
    if not isinstance(expression, sympy.Sum):
        return expression.func(*map(gathered, expression.args))
    total = gathered(expression.function)
    for index, first, last in expression.limits:
        total = _summed(total, index, first, last)
    return total


def _summed(body: sympy.Expr, index: sympy.Symbol, first: sympy.Expr, last: sympy.Expr) -> sympy.Expr:
    """The sum over one index, term by term in what depends on it; sums inside are kept whole."""
    kept = {inner: sympy.Dummy(f"sum{n}") for n, inner in enumerate(sorted(body.atoms(sympy.Sum), key=str))}
    moving = [letter for inner, letter in kept.items() if inner.has(index)]
    back = {letter: inner for inner, letter in kept.items()}
    whole = sympy.factor(sympy.together(body.xreplace(kept)))
    alone, rest = whole.as_independent(index, *moving, as_Add=False)
    entries = sorted((e for e in rest.atoms(sympy.Indexed) if e.has(index)), key=str) + moving
    if not entries:
        return sympy.factor(alone * sympy.summation(rest, (index, first, last))).xreplace(back)
    table: dict[sympy.Expr, sympy.Expr] = {}
    for term in sympy.Add.make_args(sympy.expand(rest)) if rest.is_polynomial(*entries) else (rest,):
        factor, dependent = term.as_independent(index, *moving, as_Add=False)
        table[dependent] = table.get(dependent, sympy.S.Zero) + factor
    if len(table) > 1:  # several sums are no easier to read than one
        return (alone * sympy.Sum(rest, (index, first, last))).xreplace(back)
    ((dependent, factor),) = table.items()
    return (alone * sympy.factor(factor) * sympy.Sum(dependent, (index, first, last))).xreplace(back)


def degree(expression: sympy.Expr, family: str) -> sympy.Expr | None:
    """`n` where every summand is homogeneous of degree `n` in a family of entries; None where it is not."""
    scale = sympy.Dummy("scale", positive=True)
    found = set()
    sums = expression.atoms(sympy.Sum) or {expression}
    for summand in (item.function if isinstance(item, sympy.Sum) else item for item in sums):
        entries = {e for e in summand.atoms(sympy.Indexed) if str(e.base.label) == family}
        ratio = sympy.cancel(summand.xreplace({e: scale * e for e in entries}) / summand)
        base, exponent = ratio.as_base_exp()
        found.add(exponent if base == scale else sympy.S.Zero if ratio == 1 else None)
    return found.pop() if len(found) == 1 else None
