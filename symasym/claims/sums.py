"""A normal form for expressions with symbolic sums, strong enough to print differences and to prove most identities.

Terms that are sums over the same range are gathered under one sign, factors in front go inside, every summand is a factored
rational function. What this does not decide is decided at random rational points (see `compare`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import sympy

__all__ = ["anonymous", "factored", "normal"]

_ANONYMOUS = re.compile(r"_(\d+)_\d+")

Limits = tuple[tuple[sympy.Symbol, sympy.Expr, sympy.Expr], ...]


def normal(expression: sympy.Expr) -> sympy.Expr:
    """The expression with equal sums gathered and every summand factored; 0 if that shows it to be 0."""
    plain, rest = sympy.S.Zero, []
    gathered: dict[tuple, tuple[sympy.Expr, Limits]] = {}
    for term in sympy.Add.make_args(sympy.expand_mul(_inside_first(expression), deep=False)):
        factors = sympy.Mul.make_args(term)
        sums = [f for f in factors if isinstance(f, sympy.Sum)]
        others = sympy.Mul(*(f for f in factors if not isinstance(f, sympy.Sum)))
        if not sums and not others.has(sympy.Sum):
            plain += others
        elif len(sums) == 1 and not others.has(sympy.Sum):
            _gather(gathered, sums[0], others)
        else:
            rest.append(term)
    total = factored(plain) + sympy.Add(*rest)
    for summand, limits in gathered.values():
        total += _sum(factored(summand), limits)
    return total


def _inside_first(expression: sympy.Expr) -> sympy.Expr:
    """Products of a sum of terms with a sum over an index multiplied out at the top, so that each term has its own `Sum`."""
    if isinstance(expression, sympy.Sum):
        return sympy.Sum(normal(expression.function), *expression.limits)
    if isinstance(expression, sympy.Add):
        return sympy.Add(*map(_inside_first, expression.args))
    if isinstance(expression, sympy.Mul) and expression.has(sympy.Sum):
        return sympy.expand_mul(sympy.Mul(*map(_inside_first, expression.args)), deep=False)
    return expression


def _gather(gathered: dict, total: sympy.Sum, factor: sympy.Expr) -> None:
    """Add `factor * total` to what stands under the same limits; bound indices are renamed to those met first."""
    limits: Limits = tuple(tuple(limit) for limit in total.limits)
    body = total.function
    key = tuple((n, _shape(first, limits), _shape(last, limits)) for n, (_, first, last) in enumerate(limits))
    if key in gathered:
        before, known = gathered[key]
        names = {old[0]: sympy.Dummy() for old in limits}
        back = {names[old[0]]: new[0] for old, new in zip(limits, known, strict=True)}
        body = body.xreplace(names).xreplace(back)
        clash = {index for index, _, _ in known} & factor.free_symbols
        if not clash:
            gathered[key] = before + factor * body, known
            return
    gathered[key] = gathered.get(key, (sympy.S.Zero, limits))[0] + factor * body, limits


def _shape(bound: sympy.Expr, limits: Limits) -> sympy.Expr:
    """A bound with the bound indices numbered, so that `j = i + 1..k` is recognised under other names."""
    return bound.xreplace({index: sympy.Symbol(f"_{n}") for n, (index, _, _) in enumerate(limits)})


def _sum(summand: sympy.Expr, limits: Limits) -> sympy.Expr:
    if summand == 0:
        return sympy.S.Zero
    if summand.free_symbols & {index for index, _, _ in limits}:
        return sympy.Sum(summand, *limits)
    return summand * sympy.factor(sympy.Sum(sympy.S.One, *limits).doit())


def factored(expression: sympy.Expr) -> sympy.Expr:
    """A rational function in lowest terms, factored; sums inside count as symbols."""
    hidden: dict[sympy.Basic, sympy.Symbol] = {}
    for total in sorted(expression.atoms(sympy.Sum), key=sympy.default_sort_key):
        hidden[total] = sympy.Dummy("sum", real=True)
    inside = expression.xreplace(hidden)
    back: Mapping[sympy.Symbol, sympy.Basic] = {symbol: total for total, symbol in hidden.items()}
    return sympy.factor(inside).xreplace(back)


def anonymous(expression: sympy.Expr) -> sympy.Expr:
    """Bound indices renamed by how deep their sum goes, so that equal sums are equal whatever their indices are called."""
    if not expression.has(sympy.Sum):
        return expression
    if not isinstance(expression, sympy.Sum):
        return expression.func(*map(anonymous, expression.args))
    inside = anonymous(expression.function)
    known = (_ANONYMOUS.fullmatch(str(symbol)) for symbol in inside.atoms(sympy.Symbol))
    height = 1 + max((int(match[1]) for match in known if match), default=0)
    names = {index: sympy.Symbol(f"_{height}_{n}", integer=True) for n, (index, *_) in enumerate(expression.limits)}
    limits = [(names[index], *(bound.xreplace(names) for bound in bounds)) for index, *bounds in expression.limits]
    return sympy.Sum(inside.xreplace(names), *limits)
