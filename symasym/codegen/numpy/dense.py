"""Formulas over one or two indices as plain array expressions, the batch on the first axis.

For what is computed once for each problem next to an eigenvalue problem, so that blocks would gain nothing. A sum whose terms
depend on both indices is one matrix product for each of its terms, `sum_e P_pe Q_qe`; nothing over three indices exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.algebra import add, mul, power, powers, product, total
from symasym.codegen.index.ir import Add, Entry, Exact, Mul, Node, Power, Scalar, Sum, is_number, map_children
from symasym.codegen.numpy.notation import ATOM, POWER, Notation
from symasym.codegen.numpy.wrap import wrapped
from symasym.errors import NotDerivableYet

__all__ = ["Dense", "separated"]


def separated(node: Node, p: str, q: str) -> Node:
    """The node with every sum over terms in both indices as sums of products whose factors have one of them each."""
    if isinstance(node, Sum) and {p, q} <= node.body.free:
        return add(
            *(total(node.range, term) for term in _distributed(separated(node.body, p, q), p, q, node.range.index))
        )
    if isinstance(node, Sum):
        return total(node.range, separated(node.body, p, q))
    changed = map_children(node, lambda child: separated(child, p, q))
    match changed:
        case Add(terms=terms):
            return add(*terms)
        case Mul(factors=factors):
            return mul(*factors)
        case Power(base=base, exponent=exponent):
            return power(base, exponent)
    return changed


def _distributed(node: Node, p: str, q: str, over: str) -> list[Node]:
    """Terms of which no factor depends on both indices and on the one that is summed over."""
    every = {p, q, over}
    if not every <= node.free:
        return [node]
    if isinstance(node, Add):
        return [part for term in node.terms for part in _distributed(term, p, q, over)]
    coefficient, found = powers(node)
    parts = [product(coefficient, {b: e for b, e in found.items() if not every <= b.free})]
    for base, exponent in found.items():
        if every <= base.free:
            if not isinstance(base, Add) or exponent.denominator != 1 or exponent < 0:
                raise NotDerivableYet(f"{base.key}: a factor in three indices under a sum")
            for _ in range(int(exponent)):
                parts = [mul(part, term) for part in parts for term in _distributed(base, p, q, over)]
    return parts


@dataclass
class Dense:
    """Lines of one function; `lengths` has the length of each family, `known` the names of arrays that are no arguments."""

    lengths: dict[str, Affine]
    letters: Sequence[str]
    known: dict[str, str] = field(default_factory=dict)
    lead: str = ":"
    """The key of the batch: one axis, or `...` for any number."""
    sums: str = "np.add.reduce"
    lines: list[str] = field(default_factory=list)
    _views: dict[tuple[str, tuple[Affine, Affine]], str] = field(default_factory=dict)
    _sums: dict[Node, str] = field(default_factory=dict)

    def text(self, node: Node, axes: tuple[str, ...]) -> str:
        """The expression with the batch and these indices as axes; sums are put into variables first."""
        if len(axes) == 2:
            node = separated(node, *axes)
        shown = _Shown(self, axes).show(node)
        return f"np.full((rows,{' 1,' * len(axes)}), {shown}, kind)" if is_number(node) else shown

    def assign(self, head: str, text: str) -> None:
        """One line if it fits, otherwise broken."""
        self.lines += wrapped(head, text, 1)

    def view(self, entry: Entry) -> str:
        """The part of a family that belongs to a range."""
        key = (entry.family, entry.range.bounds)
        if key not in self._views:
            name = self.known.get(entry.family, entry.family)
            length = self.lengths.get(entry.family)
            start, stop = entry.range.first - 1, entry.range.last
            if length is None or (start == Affine() and stop == length):
                self._views[key] = name
            else:
                own = f"{name}_{entry.index.rstrip('_')}"
                taken = sum(view == own or view.startswith(f"{own}_") for view in self._views.values())
                self._views[key] = f"{own}_{taken + 1}" if taken else own
                cut = f"{'' if start == Affine() else start}:{'' if stop == length else stop}"
                self.lines.insert(0, f"{self._views[key]} = {name}[{self.lead}, {cut}]")
        return self._views[key]

    def total(self, node: Sum) -> tuple[str, tuple[str, ...]]:
        """The variable of a sum, and its axes."""
        axes = tuple(letter for letter in self.letters if letter in node.free)
        if node not in self._sums:
            text = self._summed(node, axes)
            name = "_".join(["sum", str(len(self._sums) + 1), *(axis.rstrip("_") for axis in axes)])
            self.assign(f"{name} = ", text)
            self._sums[node] = name
        return self._sums[node], axes

    def _summed(self, node: Sum, axes: tuple[str, ...]) -> str:
        over = node.range.index
        if len(axes) == 1 and self.lead == "...":  # the index that stays, often the longer one, is the inner loop
            return f"{self.sums}({_Shown(self, (over, *axes)).show(node.body)}, axis=-2)"
        if len(axes) < 2:
            return f"{self.sums}({_Shown(self, (*axes, over)).show(node.body)}, axis=-1)"
        coefficient, found = powers(node.body)
        p, q = axes
        right = {base: e for base, e in found.items() if q in base.free}
        left = {base: e for base, e in found.items() if base not in right}
        first = _Shown(self, (p, over)).show(product(coefficient, left))
        second = _Shown(self, (q, over)).show(product(1, right))
        return f"np.matmul({first}, np.swapaxes({second}, 1, 2))"


class _Shown(Notation):
    """Text of an expression with given axes."""

    times = " * "

    def __init__(self, dense: Dense, axes: tuple[str, ...]) -> None:
        self.dense, self.axes = dense, axes

    def power(self, base: Node, exponent: Exact) -> tuple[str, int]:
        if exponent == Fraction(1, 2):
            return f"{self.dense.sums[:2]}.sqrt({self.show(base)})", ATOM
        shown = str(exponent) if exponent.denominator == 1 else f"({exponent.numerator} / {exponent.denominator})"
        return f"{self.show(base, ATOM)} ** {shown}", POWER

    def other(self, node: Node) -> tuple[str, int]:
        match node:
            case Scalar(name=name):
                return self.dense.known.get(name, name) + self._behind(()), ATOM
            case Entry(index=index):
                return self.dense.view(node) + self._behind((index,)), ATOM
            case Sum():
                name, axes = self.dense.total(node)
                return name + self._behind(axes), ATOM
        raise NotDerivableYet(f"{node.key}: no place in a gradient by natural parameters")

    def _behind(self, own: tuple[str, ...]) -> str:
        """New axes for the indices that an array lacks."""
        keys = [":" if axis in own else "None" for axis in self.axes]
        if "None" not in keys:
            return ""
        while self.dense.lead == ":" and keys[-1] == ":":
            keys.pop()
        return f"[{self.dense.lead}, {', '.join(keys)}]"
