"""Expressions as plain text, for docstrings: `sum_{i=1..k} b_i^2 (1 + tau + lam_i^2) / (2 (lam_i - lam_a)^2)`."""

from __future__ import annotations

from fractions import Fraction

from symasym.codegen.index.ir import Add, Entry, Exact, Node, PairSum, Scalar, Sum
from symasym.codegen.numpy.notation import ATOM, POWER, PRODUCT, SUM, Notation
from symasym.codegen.numpy.wrap import broken

__all__ = ["formula", "formula_lines"]


_INDENT = "    "


class _Formula(Notation):
    """Text of expressions; a part that comes again is not written again."""

    times = " "

    def __init__(self) -> None:
        self._known: dict[Node, tuple[str, int]] = {}

    def _text(self, node: Node) -> tuple[str, int]:
        found = self._known.get(node)
        if found is None:
            found = self._known[node] = super()._text(node)
        return found

    def power(self, base: Node, exponent: Exact) -> tuple[str, int]:
        if exponent == Fraction(1, 2):
            return f"sqrt({self.show(base)})", ATOM
        return self.show(base, ATOM) + (f"^{exponent}" if exponent.denominator == 1 else f"^({exponent})"), POWER

    def other(self, node: Node) -> tuple[str, int]:
        match node:
            case Scalar(name=name):
                return name, ATOM
            case Entry(family=family, index=index):
                return f"{family}_{index}", ATOM
            case Sum(range=over, body=body):
                inner = body if isinstance(body, Sum | PairSum) else None
                text = self.show(inner) if inner else self.show(body, PRODUCT)
                return f"sum_{{{over.compact}}} {text}", SUM
            case PairSum(range=over, partner=partner, body=body):
                return f"sum_{{{over.first}<={over.index}<{partner}<={over.last}}} {self.show(body, PRODUCT)}", SUM
        raise TypeError(type(node).__name__)


def formula(node: Node) -> str:
    """The expression on one line."""
    return _Formula().show(node)


def formula_lines(node: Node, room: int) -> list[str]:
    """The expression with one term on a line, if it is a sum of sums over indices; lines of at most `room` characters."""
    show = _Formula().show
    terms = [show(node)]
    if isinstance(node, Add) and any(isinstance(term, Sum | PairSum) for term in node.terms):
        first, *rest = map(show, node.terms)
        terms = [first, *(f"- {term[1:]}" if term.startswith("-") else f"+ {term}" for term in rest)]
    lines = []
    for term in terms:
        first, *rest = broken(term, room - len(_INDENT))
        lines += [first, *(_INDENT + line for line in rest)]
    return lines
