"""SymPy expressions of a law into the index IR.

Operands are sorted here, so that no text depends on SymPy's internal order.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import sympy
from sympy.core.sorting import default_sort_key

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.ir import (
    Add,
    Const,
    Entry,
    Mul,
    Node,
    PairSum,
    Power,
    Range,
    Scalar,
    Size,
    Sum,
    exact,
    free_indices,
    size_of,
)
from symasym.errors import NotDerivableYet

__all__ = ["affine", "convert", "index_range"]

Limits = tuple[sympy.Symbol, sympy.Expr, sympy.Expr]


def affine(expression: sympy.Expr) -> Affine:
    """A bound or a number of indices as an integer combination of dimensions."""
    constant, coefficients = 0, {}
    for part, number in sympy.expand(expression).as_coefficients_dict().items():
        if not number.is_Integer or not (part == 1 or isinstance(part, sympy.Symbol)):
            raise NotDerivableYet(
                f"{expression}: an integer combination of dimensions is expected as a bound in a kernel"
            )
        if part == 1:
            constant = int(number)
        else:
            coefficients[part.name] = int(number)
    return Affine.of(constant, coefficients)


def index_range(index: sympy.Symbol, first: sympy.Expr, last: sympy.Expr) -> Range:
    """A range of an index."""
    return Range(index.name, affine(first), affine(last))


def convert(expression: sympy.Expr, sizes: frozenset[str], ranges: Mapping[str, Range]) -> Node:
    """An expression as a node; `sizes` names the dimensions, `ranges` has the range of each open index by its name."""

    def sub(part: sympy.Expr) -> Node:
        return convert(part, sizes, ranges)

    match expression:
        case sympy.Rational():
            return Const(exact(Fraction(int(expression.p), int(expression.q))))
        case sympy.Symbol() if expression.name in ranges:
            raise NotDerivableYet(f"{expression}: kernels do not compute with the value of an index yet")
        case sympy.Symbol():
            return Size(expression.name) if expression.name in sizes else Scalar(expression.name)
        case sympy.Indexed():
            return _entry(expression, ranges)
        case sympy.Sum():
            return _sum(expression.function, tuple(expression.limits), sizes, ranges)
        case sympy.Add():
            return Add(tuple(sub(part) for part in sorted(expression.args, key=default_sort_key)))
        case sympy.Mul():
            return Mul(tuple(sub(part) for part in sorted(expression.args, key=default_sort_key)))
        case sympy.Pow() if isinstance(expression.exp, sympy.Rational):
            return Power(sub(expression.base), exact(Fraction(int(expression.exp.p), int(expression.exp.q))))
    raise NotDerivableYet(f"{expression}: {type(expression).__name__} has no place in a kernel yet")


def _entry(expression: sympy.Indexed, ranges: Mapping[str, Range]) -> Entry:
    names = [str(index) for index in expression.indices]
    if len(names) != 1 or names[0] not in ranges:
        raise NotDerivableYet(
            f"{expression}: entries of families with one index that a sum or a range binds are expected"
        )
    return Entry(str(expression.base.label), names[0], ranges[names[0]])


def _sum(body: sympy.Expr, limits: tuple[Limits, ...], sizes: frozenset[str], ranges: Mapping[str, Range]) -> Node:
    """SymPy's limits run from the innermost to the outermost one."""
    if not limits:
        return convert(body, sizes, ranges)
    *inner, (index, first, last) = limits
    over = index_range(index, first, last)
    if inner and index in inner[-1][1].free_symbols | inner[-1][2].free_symbols:
        partner, after, end = inner[-1]
        if sympy.expand(after - index) != 1 or sympy.expand(end - last) != 0:
            raise NotDerivableYet(
                f"({partner}, {after}, {end}): a range that depends on {index} must be {index} + 1..{last} in a kernel"
            )
        pair = {index.name: over, partner.name: over}
        summand = _sum(body, tuple(inner[:-1]), sizes, {**ranges, **pair})
        if free_indices(summand) & set(pair):
            return PairSum(over, partner.name, summand)
        return Mul((Const(Fraction(1, 2)), size_of(over.size), size_of(over.size - 1), summand))
    summand = _sum(body, tuple(inner), sizes, {**ranges, index.name: over})
    return Sum(over, summand) if over.index in free_indices(summand) else Mul((size_of(over.size), summand))
