"""Statements in C that compute a schedule for several problems at a time, one in each lane of a vector.

In a nest the nest's own index is the outer loop. What follows is cut into loops over the other index, as few as possible: a
sum over that index is complete behind its loop, and what needs it comes in a later one.

Two divisions of one loop share a division, `1 / x = y (1 / (x y))`. Where a product `x y` leaves the range of numbers the
block is computed again with a division for each term. (Four to a division take as long: by then it is not divisions that are
waited for.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby

from symasym.codegen.index.ir import Add, Const, Mul, Node, Power, Range, Size
from symasym.codegen.index.ops import Op
from symasym.codegen.index.programs import Normal
from symasym.codegen.index.schedule import Cold, Nest, Step
from symasym.errors import NotDerivableYet

__all__ = ["Lines", "number"]

INDENT = "    "
SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


@dataclass
class Lines:
    """Lines for one block; `buffers` are arrays over one index, with their lengths; `shares` says that divisions are shared."""

    form: Normal
    share: bool
    lines: list[str] = field(default_factory=list)
    buffers: dict[str, str] = field(default_factory=dict)
    homes: dict[Op, str] = field(default_factory=dict)
    """Arrays, from some place on, to which results belong; others get a buffer."""
    shares: bool = False
    _local: set[Op] = field(default_factory=set)
    """Operations over the index of the nest that is being written: there they are variables."""
    _ahead: tuple[str, int] = ("", 0)
    """The index that is meant some places further on, in the second of two terms side by side."""

    def write(self, steps: Sequence[Step]) -> None:
        """All steps, in order."""
        for nests, group in groupby(steps, key=lambda step: isinstance(step, Nest)):
            if not nests:
                self._cold([step.op for step in group if isinstance(step, Cold)])
                continue
            for step in group:
                assert isinstance(step, Nest)
                _Loops(self, step).write()

    # ---- names

    def name(self, op: Op) -> str:
        """What stands for an operation where it is used."""
        match op.kind:
            case "number":
                assert isinstance(op.data, Node)
                return number(op.data)
            case "scalar":
                return str(op.data)
            case "entry":
                leaf = op.leaf
                return f"{leaf.family}[{leaf.range.first - 1} + {self._at(leaf.range.index)}]"
        if len(op.layout) == 1 and op not in self._local:
            return f"{self.homes.get(op, f't{op.number}')}[{self._at(next(iter(op.layout)))}]"
        return f"v{op.number}" + (self._suffix if self._ahead[0] in op.layout else "")

    @property
    def _suffix(self) -> str:
        return f"_{self._ahead[1] + 1}" if self._ahead[1] else ""

    def _at(self, letter: str) -> str:
        further, places = self._ahead
        return f"{letter} + {places}" if letter == further and places else letter

    def text(self, op: Op) -> str:
        """The operation, written out."""
        args = [self.name(arg) for arg in op.args]
        if all(arg.kind == "number" for arg in op.args):  # a vector all the same
            args[0] = f"(zero + {args[0]})"
        match op.kind:
            case "add" | "sub" | "mul" | "div":
                return f"{args[0]} {SIGNS[op.kind]} {args[1]}"
            case "neg":
                return f"-({args[0]})"
            case "square":
                return f"({args[0]}) * ({args[0]})"
            case "sqrt":
                return f"roots({args[0]})"
            case "pow":
                return f"powers({args[0]}, {number(Const(op.exponent))})"
            case "seed":
                return f"slope({args[0]}, orders, wanted, totals)"
        raise NotDerivableYet(f"{op.kind}: no such operation in C yet")

    def product(self, op: Op) -> str:
        """What a sum adds up."""
        return " * ".join(f"({self.name(arg)})" for arg in op.args)

    def range_of(self, letter: str) -> Range:
        """The range of a letter."""
        return self.form.letters.range_of[letter]

    def loop(self, letter: str) -> str:
        """The head of a loop over all of an index."""
        return f"for (long {letter} = 0; {letter} < {self.range_of(letter).size}; {letter}++)"

    def array(self, op: Op, letter: str) -> str:
        """The entry of a result in its array, which lives as long as the call."""
        if op not in self.homes:
            self.buffers[f"t{op.number}"] = str(self.range_of(letter).size)
        return f"{self.homes.get(op, f't{op.number}')}[{letter}]"

    # ---- whole arrays

    def _cold(self, ops: Sequence[Op]) -> None:
        """Operations over one index side by side share a loop; a sum has a loop of its own."""
        for alone, group in groupby(ops, key=lambda op: () if op.kind == "sum" else tuple(op.layout)):
            if alone:
                (letter,) = alone
                self.lines.append(f"{self.loop(letter)} {{")
                for op in group:
                    self.lines.append(f"{INDENT}{self.array(op, letter)} = {self.text(op)};")
                self.lines.append("}")
                continue
            for op in group:
                if op.kind == "sum":
                    self.total(op)
                else:
                    self.lines.append(f"const vec v{op.number} = {self.text(op)};")

    def total(self, op: Op) -> None:
        """A sum of an array over one index."""
        if op.reduction.other is not None or op.layout:
            raise NotDerivableYet("sums on one side of an index have no place in C yet")
        self.lines.append(f"vec v{op.number} = zero;")
        self.lines.append(f"{self.loop(op.reduction.letter)} v{op.number} += {self.product(op)};")

    def body(self, ops: Sequence[Op], letter: str, double: bool) -> list[str]:
        """The operations of one loop over `letter`: for one index, or for two of them side by side."""
        lines = []
        for op in ops:
            if double and op.kind == "div" and letter in op.args[1].layout:
                lines += self._shared(op, letter)
                continue
            several = range(2 if double and letter in op.body | op.layout else 1)
            if op.kind != "sum":
                lines += [f"const vec {name} = {text};" for name, text in self._beside(op, letter, several, self.text)]
                continue
            terms = self._beside(op, letter, several, self.product)
            if letter in op.layout:
                lines += [f"{name} += {text};" for name, text in terms]
            else:  # the terms first, so that additions wait for one another less
                lines.append(f"{self.name(op)} += {' + '.join(text for _, text in terms)};")
        return lines

    def _beside(self, op: Op, letter: str, places: range, text: Callable[[Op], str]) -> list[tuple[str, str]]:
        """The name and the text of an operation for indices side by side."""
        found = []
        for ahead in places:
            self._ahead = letter, ahead
            found.append((self.name(op), text(op)))
        self._ahead = "", 0
        return found

    def _shared(self, op: Op, letter: str) -> list[str]:
        """Two quotients by one division."""
        self.shares = True
        above, below = op.args
        lines, places = [], range(2)
        tops, bottoms, targets = (
            [name for name, _ in self._beside(part, letter, places, self.name)] for part in (above, below, op)
        )
        both, inverse = f"both_{op.number}", f"inverse_{op.number}"
        lines.append(f"const vec {both} = ({bottoms[0]}) * ({bottoms[1]}), {inverse} = 1.0 / {both};")
        lines.append(f"seen = within(seen, {both});")
        for top, bottom, target in zip(tops, reversed(bottoms), targets, strict=True):
            lines.append(f"const vec {target} = {'' if top == '1.0' else f'({top}) * '}({inverse} * ({bottom}));")
        return lines

    def local(self, ops: Sequence[Op]) -> None:
        """These operations are variables until further notice."""
        self._local = set(ops)


@dataclass
class _Loops:
    """One nest: the loop over its own index with loops over other indices in it.

    `level` of an operation over two indices is the number of its loop; what is over the nest's own index is known before the loop
    of its `level`.
    """

    to: Lines
    nest: Nest
    level: dict[Op, int] = field(default_factory=dict)
    other: dict[Op, str] = field(default_factory=dict)
    """The index of the loop of an operation over two indices."""

    def write(self) -> None:
        """The lines of the nest."""
        self._place()
        to, nest = self.to, self.nest
        inside = [op for op in nest.ops if op.layout == {nest.letter}]
        sums = [op for op in nest.ops if nest.is_partial(op)]
        for op in sums:
            if op.layout:
                (letter,) = op.layout
                to.lines.append(f"{to.loop(letter)} {to.array(op, letter)} = zero;")
            else:
                to.lines.append(f"vec v{op.number} = zero;")
        to.local(inside)
        to.lines.append(f"{to.loop(nest.letter)} {{")
        for level in range(max(self.level.values()) + 1):
            to.lines += [INDENT + line for line in self._before(level)]
            for letter in dict.fromkeys(self.other.values()):
                to.lines += [INDENT + line for line in self._loop(level, letter)]
        for op in inside:
            if op in nest.stored:
                to.lines.append(f"{INDENT}{to.array(op, nest.letter)} = v{op.number};")
        to.lines.append("}")
        to.local(())

    def _place(self) -> None:
        """Levels and loops of all operations."""
        nest = self.nest
        if nest.second is not None:
            raise NotDerivableYet("sums over pairs have no place in C yet")
        for op in nest.ops:
            others = sorted((op.body | op.layout) - {nest.letter})
            if len(others) > 1 or (nest.is_large(op) and op.kind in ("sum", "seed")):
                raise NotDerivableYet("arrays over more than two indices have no place in C yet")
            if op.kind == "sum" and op.reduction.other is not None:
                raise NotDerivableYet("sums on one side of an index have no place in C yet")
            needed = [self.level.get(arg, 0) + (arg.kind == "sum" and arg in self.other) for arg in op.args]
            self.level[op] = max(needed, default=0)
            if others:
                self.other[op] = others[0]

    def _before(self, level: int) -> list[str]:
        """What is over the nest's own index alone, and can be computed before the loops of a level."""
        to, lines = self.to, []
        for op in self.nest.ops:
            if op in self.other or self.level[op] != level:
                continue
            if op.kind == "sum":
                lines.append(f"v{op.number} += {to.product(op)};")
            else:
                lines.append(f"const vec v{op.number} = {to.text(op)};")
        return lines

    def _loop(self, level: int, letter: str) -> list[str]:
        """One loop over another index."""
        to, nest = self.to, self.nest
        mine = [op for op in nest.ops if self.level[op] == level and self.other.get(op) == letter]
        if not mine:
            return []
        lines = [f"vec v{op.number} = zero;" for op in mine if op.kind == "sum" and not nest.is_partial(op)]
        early = {arg for op in mine for arg in op.args if nest.is_large(arg) and self.level.get(arg) != level}
        late = [op for op in mine if nest.is_large(op) and self._is_read_later(op, level)]
        for op in late:
            to.buffers[f"kept_{op.number}"] = str(to.range_of(letter).size)
        loaded = sorted(early, key=lambda op: op.number)

        def body(double: bool) -> list[str]:
            places = (("", ""), ("_2", " + 1")) if double else (("", ""),)
            first = [f"const vec v{o.number}{s} = kept_{o.number}[{letter}{n}];" for o in loaded for s, n in places]
            end = [f"kept_{o.number}[{letter}{n}] = v{o.number}{s};" for o in late for s, n in places]
            return [INDENT + line for line in (*first, *to.body(mine, letter, double), *end)]

        if to.share and any(op.kind == "div" and letter in op.args[1].layout for op in mine):
            size = f"({to.range_of(letter).size})"
            pairs = f"pairs_{letter}_{level}"
            lines.append(f"const long {pairs} = shared ? {size} / 2 * 2 : 0;")
            lines += [f"for (long {letter} = 0; {letter} < {pairs}; {letter} += 2) {{", *body(True), "}"]
            lines.append(f"for (long {letter} = {pairs}; {letter} < {size}; {letter}++) {{")
            return [*lines, *body(False), "}"]
        return [*lines, f"{to.loop(letter)} {{", *body(False), "}"]

    def _is_read_later(self, op: Op, level: int) -> bool:
        return any(op in user.args and self.level[user] != level for user in self.nest.ops)


def number(node: Node) -> str:
    """A number in doubles."""
    match node:
        case Const(value=value):
            return (
                f"({value.numerator}.0 / {value.denominator}.0)" if value.denominator != 1 else f"{value.numerator}.0"
            )
        case Size(name=name):
            return f"(double){name}"
        case Add(terms=terms):
            return f"({' + '.join(map(number, terms))})"
        case Mul(factors=factors):
            return f"({' * '.join(map(number, factors))})"
        case Power(base=base, exponent=exponent):
            return f"pow({number(base)}, {number(Const(Fraction(exponent)))})"
    raise TypeError(type(node).__name__)
