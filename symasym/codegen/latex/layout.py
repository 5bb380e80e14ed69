r"""Formulas on lines that fit the page.

A formula that is too wide for one line is broken between the terms of a sum. Where a term is too wide by itself, the
part of it that helps most gets a name (`q_{ia}`) and is defined next to the formula; a part that has a name keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

import sympy
from sympy.matrices.expressions import MatAdd, MatMul, MatrixSymbol
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.codegen.latex.abbreviate import abbreviated
from symasym.codegen.latex.printer import formula, signed_texts
from symasym.codegen.latex.tidy import tidy
from symasym.codegen.latex.width import width
from symasym.model.scalars import MatrixScalar, Tr

__all__ = ["Definition", "Layout", "RELATION", "fits"]

RELATION = 1.34
"""Width of an equals sign with its spaces, in ems."""
_SAFETY = 1.02
_INDENT = 1.0
_WORTH = 0.5
"""How many ems a name must save."""
_SCALARS = ("q", "r", "z", "p", "y")
_MATRICES = ("N", "P", "W", "Y", "X", "M", "F", "J", "H")
_EITHER = ("D", "T", "R")
_LINES = 7
"""Lines of trace words that are printed without names."""


@dataclass(frozen=True)
class Definition:
    """A part that was given a name: `name = meaning`, as SymPy objects."""

    name: sympy.Basic
    meaning: sympy.Basic


def fits(tex: str, room: float) -> bool:
    """True if the formula is at most `room` ems wide."""
    return _SAFETY * width(tex) <= room


@dataclass
class Layout:
    """Breaks formulas; `room` is the width of the text in ems, `taken` the names in use, `order` that of the indices.

    `fresh` collects the definitions made since it was last emptied; `either` is the letter that stands for both directions in
    definitions of matrices.
    """

    room: float
    taken: set[str] = field(default_factory=set)
    order: tuple[sympy.Symbol, ...] = ()
    fresh: list[Definition] = field(default_factory=list)
    either: str = ""
    _known: dict[sympy.Basic, tuple[str, bool]] = field(default_factory=dict)

    def lines(self, expression: sympy.Basic, used: float = 0.0) -> list[str]:
        """The formula on lines; `used` ems of each line are taken by what stands to the left of it."""
        shown, room = self.fitted(expression, used), self.room - used
        whole = formula(shown)
        return [whole] if fits(whole, room) else _filled(signed_texts(shown), room)

    def fitted(self, expression: sympy.Basic, used: float = 0.0) -> sympy.Basic:
        """The expression with so many parts named that it can be broken into lines, not too many of them."""
        shown, room = tidy(expression), self.room - used
        if isinstance(shown, sympy.Add) and shown.has(Tr):
            shown = self._abbreviated(shown, room)
        while not fits(formula(shown), room):
            terms = signed_texts(shown)
            if len(terms) > 1 and all(fits(f"+ {tex}", room - _INDENT) for _, tex in terms):
                break
            shorter = self._shorten(shown, room - _INDENT)
            if shorter is None:
                break
            shown = shorter
        return shown

    def defined(self) -> list[Definition]:
        """The definitions made since the last call."""
        made, self.fresh = self.fresh, []
        return made

    def _abbreviated(self, expression: sympy.Expr, room: float) -> sympy.Expr:
        """A long sum of trace words with names for what comes often."""

        def letter() -> str:
            found = next(name for name in _endless(_MATRICES) if name not in self.taken)
            self.taken.add(found)
            return found

        def enough(shown: sympy.Expr) -> bool:
            return width(formula(shown)) < _LINES * room

        if enough(expression):
            return expression
        either = next(name for name in _endless(_EITHER) if name not in self.taken)
        found = abbreviated(expression, letter, either, enough)
        self.fresh += [Definition(name, meaning) for name, meaning in found.definitions]
        self.either = either
        return found.expression

    def _shorten(self, expression: sympy.Basic, room: float) -> sympy.Basic | None:
        """One part named: the smallest that makes the widest term fit, or else the one that saves most."""
        indices = _indices(expression)
        target = max(_parts(expression), key=lambda part: width(formula(part)))
        matrix = isinstance(expression, sympy.MatrixBase)
        options = []
        for number, (meaning, change) in enumerate(_candidates(target, whole=matrix)):
            name = self._name(meaning, indices, commit=False)
            size = width(formula(meaning))
            # what is saved is counted in the formula, not on the line: a fraction is as wide as the wider of its sides
            saved = (size - width(formula(name))) * _count(target, change[0])
            if saved > _WORTH:
                after = formula(target.xreplace({change[0]: change[1](name)}))
                enough = fits(after, room / expression.cols - 1 if matrix else room)
                options.append(
                    ((not enough, _preference(meaning), size if enough else -saved, number), meaning, change)
                )
        if not options:
            return None
        _, meaning, change = min(options, key=lambda option: option[0])
        name = self._name(meaning, indices, commit=True)
        return expression.xreplace({change[0]: change[1](name)})

    def _name(self, meaning: sympy.Basic, indices: set[sympy.Symbol], commit: bool) -> sympy.Basic:
        """The name of a part, which carries the indices that are free in it."""
        place = {index: n for n, index in enumerate(self.order)}
        free = [index for index in sympy.ordered(indices) if index in meaning.free_symbols]
        free.sort(key=lambda index: place.get(index, len(place)))
        pattern = meaning.xreplace({index: sympy.Symbol(f"_{n}") for n, index in enumerate(free)})
        matrix = isinstance(meaning, MatrixExpr)
        if pattern in self._known:
            return _named(self._known[pattern][0], meaning, free)
        letters = _MATRICES if matrix else _SCALARS
        letter = next(name for name in _endless(letters) if name not in self.taken)
        name = _named(letter, meaning, free)
        if commit:
            self.taken.add(letter)
            self._known[pattern] = (letter, matrix)
            self.fresh.append(Definition(name, meaning))
        return name


def _named(letter: str, meaning: sympy.Basic, free: list[sympy.Symbol]) -> sympy.Basic:
    if isinstance(meaning, MatrixExpr):
        return MatrixSymbol(letter, *meaning.shape)
    return sympy.IndexedBase(letter)[tuple(free)] if free else sympy.Symbol(letter)


def _endless(letters: Iterable[str]) -> Iterator[str]:
    found = tuple(letters)
    yield from found
    number = 1
    while True:
        yield from (f"{letter}{number}" for letter in found)
        number += 1


def _filled(terms: list[tuple[int, str]], room: float) -> list[str]:
    """As many terms on each line as fit; a line after the first begins with its sign."""
    lines: list[str] = []
    for n, (sign, tex) in enumerate(terms):
        mark = "-" if sign < 0 else "+" if n else ""
        term = f"{mark} {tex}".strip()
        space = room - (_INDENT if len(lines) > 1 else 0.0)
        if lines and fits(f"{lines[-1]} {term}", space):
            lines[-1] += f" {term}"
        else:
            lines.append(f"{{}} {term}" if lines else term)
    return lines


def _indices(expression: sympy.Basic) -> set[sympy.Symbol]:
    """The symbols that count, as opposed to those that are dimensions."""
    found: set[sympy.Symbol] = set()
    for entry in expression.atoms(sympy.Indexed):
        found.update(symbol for index in entry.indices for symbol in index.free_symbols)
    for total in expression.atoms(sympy.Sum):
        found.update(total.variables)
    return found


def _parts(expression: sympy.Basic) -> list[sympy.Basic]:
    """What must fit each by itself: the terms of a sum, the entries of a matrix, or the whole."""
    if isinstance(expression, sympy.MatrixBase):
        return list(expression)
    return list(expression.args) if isinstance(expression, sympy.Add | MatAdd) else [expression]


def _preference(meaning: sympy.Basic) -> int:
    """Sums of terms make the best definitions, monomials the poorest."""
    if isinstance(meaning, sympy.Add | sympy.Sum | MatrixExpr):
        return 0
    if isinstance(meaning, MatrixScalar):
        return 1
    return 2 if meaning.has(sympy.Add, sympy.Sum, MatrixScalar) else 3


def _count(expression: sympy.Basic, node: sympy.Basic) -> int:
    return sum(item == node for item in sympy.preorder_traversal(expression))


Change = tuple[sympy.Basic, Callable[[sympy.Basic], sympy.Basic]]
"""Which node changes, and what it becomes, given the name."""


def _itself(name: sympy.Basic) -> sympy.Basic:
    return name


def _candidates(part: sympy.Basic, whole: bool = False) -> Iterator[tuple[sympy.Basic, Change]]:
    """What could get a name in a part (the part itself only if `whole`): its meaning, and the change to make."""
    seen = set()
    for node in sympy.preorder_traversal(part):
        if node in seen or isinstance(node, MatrixSymbol | sympy.Indexed):
            continue
        seen.add(node)
        scalar = isinstance(node, sympy.Add | sympy.Sum | sympy.Mul | sympy.Pow | MatrixScalar)
        if (whole or node != part) and (scalar or isinstance(node, MatAdd)):
            yield node, (node, _itself)
        if isinstance(node, MatMul):
            yield from _runs(node)


Factors = list[MatrixExpr]


def _runs(product: MatMul) -> Iterator[tuple[sympy.Basic, Change]]:
    """Halves and the middle of a long matrix product."""
    number, factors = product.as_coeff_matrices()
    size = len(factors)
    if size < 4:
        return
    for first, last in ((0, size // 2), (size // 2, size), (size // 4, size - size // 4)):
        before, run, after = factors[:first], factors[first:last], factors[last:]

        yield MatMul(*run), (product, partial(_replaced, number, before, after))


def _replaced(number: sympy.Expr, before: Factors, after: Factors, name: sympy.Basic) -> sympy.Basic:
    product = [*before, name, *after]
    return MatMul(number, *product) if number != 1 or len(product) == 1 else MatMul(*product)
