"""SymPy expressions of a law into the index IR.

Operands are sorted here, so that no text depends on SymPy's internal order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

import sympy
from sympy.core.sorting import default_sort_key

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.ir import (
    Add,
    Const,
    Entry,
    Exact,
    Mul,
    Node,
    PairSum,
    Power,
    Range,
    Scalar,
    Size,
    Sum,
    free_indices,
    size_of,
)
from symasym.errors import NotDerivableYet

__all__ = ["Known", "affine", "convert", "every_part", "index_range"]

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


def every_part(expressions: Iterable[sympy.Basic]) -> set[sympy.Basic]:
    """The expressions and all that they are made of."""
    found: set[sympy.Basic] = set()
    left = list(expressions)
    while left:
        part = left.pop()
        if part not in found:
            found.add(part)
            left += part.args
    return found


Known = dict[frozenset[tuple[str, Range]], dict[sympy.Expr, Node]]
"""What was made of expressions, by the ranges of the indices that were open there."""


def convert(
    expression: sympy.Expr, sizes: frozenset[str], ranges: Mapping[str, Range], known: Known | None = None
) -> Node:
    """An expression as a node; `sizes` names the dimensions, `ranges` has the range of each open index by its name.

    With the same `known`, parts that several expressions share are converted once.
    """
    return _Conversion(sizes, ranges, {} if known is None else known).node(expression)


class _Conversion:
    """Converts expressions with these open indices."""

    def __init__(self, sizes: frozenset[str], ranges: Mapping[str, Range], known: Known) -> None:
        self.sizes, self.ranges, self.known = sizes, ranges, known
        self.here = known.setdefault(frozenset(ranges.items()), {})

    def node(self, expression: sympy.Expr) -> Node:
        found = self.here.get(expression)
        if found is None:
            found = self.here[expression] = self._node(expression)
        return found

    def _nodes(self, operands: Iterable[sympy.Expr]) -> tuple[Node, ...]:
        return tuple([self.node(operand) for operand in sorted(operands, key=default_sort_key)])

    def _node(self, expression: sympy.Expr) -> Node:
        match expression:
            case sympy.Mul():
                return Mul(self._nodes(expression.args))
            case sympy.Add():
                return Add(self._nodes(expression.args))
            case sympy.Pow() if isinstance(expression.exp, sympy.Rational):
                return Power(self.node(expression.base), _exact(expression.exp))
            case sympy.Indexed():
                return _entry(expression, self.ranges)
            case sympy.Rational():
                return Const(_exact(expression))
            case sympy.Symbol() if expression.name in self.ranges:
                raise NotDerivableYet(f"{expression}: kernels do not compute with the value of an index yet")
            case sympy.Symbol():
                return Size(expression.name) if expression.name in self.sizes else Scalar(expression.name)
            case sympy.Sum():
                return self._sum(expression.function, tuple(expression.limits))
        raise NotDerivableYet(f"{expression}: {type(expression).__name__} has no place in a kernel yet")

    def _with(self, opened: Mapping[str, Range]) -> _Conversion:
        return _Conversion(self.sizes, {**self.ranges, **opened}, self.known)

    def _sum(self, body: sympy.Expr, limits: tuple[Limits, ...]) -> Node:
        """SymPy's limits run from the innermost to the outermost one."""
        if not limits:
            return self.node(body)
        *inner, (index, first, last) = limits
        over = index_range(index, first, last)
        if inner and index in inner[-1][1].free_symbols | inner[-1][2].free_symbols:
            partner, after, end = inner[-1]
            if sympy.expand(after - index) != 1 or sympy.expand(end - last) != 0:
                raise NotDerivableYet(
                    f"({partner}, {after}, {end}): a range that depends on {index} must be {index} + 1..{last} in a kernel"
                )
            pair = {index.name: over, partner.name: over}
            summand = self._with(pair)._sum(body, tuple(inner[:-1]))
            if free_indices(summand) & set(pair):
                return PairSum(over, partner.name, summand)
            return Mul((Const(Fraction(1, 2)), size_of(over.size), size_of(over.size - 1), summand))
        summand = self._with({index.name: over})._sum(body, tuple(inner))
        return Sum(over, summand) if over.index in free_indices(summand) else Mul((size_of(over.size), summand))


def _exact(value: sympy.Rational) -> Exact:
    return int(value.p) if value.q == 1 else Fraction(int(value.p), int(value.q))


def _entry(expression: sympy.Indexed, ranges: Mapping[str, Range]) -> Entry:
    names = [_name(index) for index in expression.indices]
    if len(names) != 1 or names[0] not in ranges:
        raise NotDerivableYet(
            f"{expression}: entries of families with one index that a sum or a range binds are expected"
        )
    return Entry(_name(expression.base.label), names[0], ranges[names[0]])


def _name(of: sympy.Basic) -> str:
    """A symbol's name, which takes a fraction of the time of its text."""
    return of.name if isinstance(of, sympy.Symbol) else str(of)
