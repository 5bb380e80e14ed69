r"""Long sums of trace words made short: products that come again and again get a letter.

A word `tr(A Sigma U_A^T A Sigma V_A^T)` is a cycle of factors, the same when read backwards with every factor transposed. The
run of factors whose name saves most, over all words and both directions of reading, is named first, then the next, until the sum
is short enough or nothing is saved. A run with one direction in it gets a name for both: `P_U` and `P_V`, defined as `P_D`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import sympy
from sympy.matrices.expressions import MatMul, MatrixSymbol, Transpose
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.codegen.latex.printer import formula
from symasym.codegen.latex.width import width
from symasym.model.scalars import Tr

__all__ = ["Abbreviated", "abbreviated"]

LONGEST = 6
"""Factors of a run."""
WORTH = 10.0
"""Ems that a name must save beyond its own definition."""
DIRECTIONS = ("U", "V")

Run = tuple[MatrixExpr, ...]


@dataclass(frozen=True)
class Abbreviated:
    """The sum with names in it, and what they stand for, in terms of earlier names; `either` stands for both directions."""

    expression: sympy.Expr
    definitions: tuple[tuple[MatrixSymbol, MatrixExpr], ...]
    either: str


def abbreviated(
    expression: sympy.Expr, letter: Callable[[], str], either: str, enough: Callable[[sympy.Expr], bool]
) -> Abbreviated:
    """Names until `enough` says that the expression is short; `letter` gives a new letter at each call.

    Equal in value to the expression when the definitions are put in, with U and V for `either`.
    """
    definitions: list[tuple[MatrixSymbol, MatrixExpr]] = []
    while not enough(expression):
        words = _words(expression)
        run = _best(words)
        if run is None:
            break
        name = letter()
        expression = expression.xreplace({word: _renamed(word, run, name) for word in words})
        definitions.append(_definition(run, name, either))
    return Abbreviated(expression, tuple(definitions), either)


def _words(expression: sympy.Expr) -> dict[Tr, int]:
    """The traces of products of symbols, and how often each occurs."""
    found: dict[Tr, int] = {}
    for node in sympy.preorder_traversal(expression):
        if isinstance(node, Tr) and isinstance(node.args[0], MatMul) and node.args[0].as_coeff_matrices()[0] == 1:
            found[node] = found.get(node, 0) + 1
    return found


# ---- factors and runs


def _flipped(factor: MatrixExpr) -> MatrixExpr | None:
    """The factor transposed; None for an inverse of which symmetry is not known."""
    if isinstance(factor, Transpose):
        return factor.arg
    base = factor.arg if isinstance(factor, sympy.Inverse) else factor
    if getattr(base, "symmetric", None) in (True, sympy.true):
        return factor
    return None if isinstance(factor, sympy.Inverse) else Transpose(factor)


def _turned(run: Run) -> Run | None:
    """The run read backwards."""
    found = [_flipped(factor) for factor in reversed(run)]
    return None if any(factor is None for factor in found) else tuple(f for f in found if f is not None)


_NAMED = re.compile(r"([A-Z]\d*)_([UV])")
"""A name that was given to a run with a direction in it."""


def _directions(run: Run) -> list[str]:
    """U or V for each factor that is a direction, or a name with one in it."""
    return [direction for factor in run if (direction := _direction(factor))]


def _direction(factor: MatrixExpr) -> str:
    name = _name(factor)
    named = _NAMED.fullmatch(name)
    return named[2] if named else name[0] if name[:2] in ("U_", "V_") else ""


def _name(factor: MatrixExpr) -> str:
    """The name of a symbol that is none of the model's own."""
    bare = factor.arg if isinstance(factor, Transpose | sympy.Inverse) else factor
    return str(bare.name) if type(bare) is MatrixSymbol else ""


def _for(run: Run, direction: str) -> Run:
    """The same run in another direction."""
    table = {}
    for symbol in set().union(*(factor.atoms(MatrixSymbol) for factor in run)):
        if _direction(symbol):
            named = _NAMED.fullmatch(str(symbol.name))
            name = f"{named[1]}_{direction}" if named else f"{direction}{symbol.name[1:]}"
            table[symbol] = MatrixSymbol(name, *symbol.shape)
    return tuple(factor.xreplace(table) for factor in run)


def _key(run: Run) -> str:
    """The same text for runs that get the same name: read forwards or backwards, in the direction U or V."""
    general = _for(run, DIRECTIONS[0])
    turned = _turned(general)
    texts = [_text(general)] + ([] if turned is None else [_text(turned)])
    return min(texts)


def _text(run: Run) -> str:
    return " ".join(map(str, run))


def _cycles(word: Tr) -> tuple[Run, Iterator[tuple[int, int]]]:
    """The factors of a word and the runs in it, as start and length."""
    factors: Run = tuple(word.args[0].args)
    size = len(factors)
    return factors, ((start, length) for length in range(2, min(LONGEST, size - 1) + 1) for start in range(size))


def _run(factors: Run, start: int, length: int) -> Run:
    return tuple(factors[(start + n) % len(factors)] for n in range(length))


def _best(words: Mapping[Tr, int]) -> Run | None:
    """The run whose name saves most, None where none is worth one; among equals the first in alphabetical order."""
    counts: dict[str, float] = {}
    example: dict[str, Run] = {}
    for word, times in words.items():
        factors, places = _cycles(word)
        taken: dict[str, set[int]] = {}
        for start, length in places:
            run = _run(factors, start, length)
            if len(_directions(run)) > 1:
                continue
            key, covered = _key(run), {(start + n) % len(factors) for n in range(length)}
            if covered & taken.setdefault(key, set()):
                continue
            taken[key] |= covered
            counts[key] = counts.get(key, 0) + times
            kept = example.setdefault(key, run)
            example[key] = min(kept, run, key=_text)
    best = min(counts, key=lambda key: (-_saved(example[key], counts[key]), key), default=None)
    return example[best] if best is not None and _saved(example[best], counts[best]) > WORTH else None


def _saved(run: Run, count: float) -> float:
    size = width(formula(MatMul(*run)))
    return (count - 1) * (size - 1.2) - 2.0


# ---- names


def _definition(run: Run, letter: str, either: str) -> tuple[MatrixSymbol, MatrixExpr]:
    shape = MatMul(*run).shape
    if _directions(run):
        return MatrixSymbol(f"{letter}_{either}", *shape), MatMul(*_for(run, either))
    return MatrixSymbol(letter, *shape), MatMul(*run)


def _renamed(word: Tr, run: Run, letter: str) -> Tr:
    """The word with the name for every run in it that is the named one, in either direction of reading."""
    factors: list[MatrixExpr] = list(word.args[0].args)
    size, key = len(run), _key(run)
    start = 0
    while size < len(factors) and start < len(factors):
        here = _run(tuple(factors), start, size)
        name = _matched(here, run, letter) if len(_directions(here)) < 2 and _key(here) == key else None
        if name is None:
            start += 1
            continue
        # turn the cycle so that the run comes first; what was named before keeps its place in the cycle
        rest = [factors[(start + size + n) % len(factors)] for n in range(len(factors) - size)]
        factors, start = [name, *rest], 1
    return Tr(MatMul(*factors)) if factors != list(word.args[0].args) else word


def _matched(here: Run, run: Run, letter: str) -> MatrixExpr | None:
    """The name of a run, transposed where it is the named one read backwards."""
    directions = _directions(here)
    wanted = _for(run, directions[0]) if directions else run
    shape = MatMul(*wanted).shape
    name = MatrixSymbol(f"{letter}_{directions[0]}" if directions else letter, *shape)
    if here == wanted:
        return name
    return Transpose(name) if here == _turned(wanted) else None
