"""C for the weights of a law and their power sums: the operations of the index IR, one loop for each index.

Arrays over two indices never exist: in a nest the index outside the learned span is the inner loop, which a compiler turns into
vector instructions without reordering sums, and every operation there is one scalar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.algebra import ONE, mul
from symasym.codegen.index.formulas import formulas
from symasym.codegen.index.inputs import Inputs, inputs
from symasym.codegen.index.ir import Add, Const, Mul, Node, Power, Range, Size
from symasym.codegen.index.ops import Op
from symasym.codegen.index.programs import Normal, normal, values
from symasym.codegen.index.schedule import Cold, Nest
from symasym.errors import NotDerivableYet
from symasym.law.law import Law

__all__ = ["Module", "emit_c"]

SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}

SUMS = (
    "double one = 0, two = 0;",
    "for (long q = 0; q < {number}; q++) {{ one += w[q]; two += w[q] * w[q]; }}",
    "sums[n * orders] = one;",
    "if (orders > 1) sums[n * orders + 1] = two;",
    "for (long r = 2; r < orders; r++) {{",
    "    double total = 0;",
    "    for (long q = 0; q < {number}; q++) {{",
    "        double power = w[q];",
    "        for (long m = 0; m < r; m++) power *= w[q];",
    "        total += power;",
    "    }}",
    "    sums[n * orders + r] = total;",
    "}}",
)
"""The sums of the powers of the weights; most want the first two."""


@dataclass(frozen=True)
class Module:
    """C text with one function, and the arguments it takes: families with their lengths, scalars, dimensions."""

    text: str
    given: Inputs
    number: Affine


def emit_c(law: Law, fold: bool = False) -> Module:
    """The function `power_sums(count, orders, sizes.., families with strides, scalars with strides, weights, sums)`.

    `fold`: two terms of a sum of quotients share a division, which is quicker as long as products of two denominators are in
    the range of numbers.
    """
    read = formulas(law)
    form = normal(read)
    outside = [
        (over, v if own == ONE else mul(own, v)) for (over, v), (_, own) in zip(form.outside, form.own, strict=True)
    ]
    nodes = [read.noise, *(d for _, d in read.definitions), *(item.own for item in read.ranges)]
    nodes += [item.variance for item in read.outside if item.variance is not None]
    given = inputs(read, nodes, [read.length, read.d_eff, *(item.range.size for item in read.ranges)])
    writer = _Writer(form, fold)
    program = values(form, [node for _, node in outside], [f"w_{over.index}" for over, _ in outside])
    writer.write(program.steps)
    for (over, _), op in zip(outside, program.outputs, strict=True):
        writer.store(op, over, form.start[over.index])
    return Module(_module(given, writer, read.number_outside), given, read.number_outside)


def _module(given: Inputs, writer: _Writer, number: Affine) -> str:
    sizes = [f"long {name}" for name in given.sizes]
    arrays = [
        part for name in (*given.lengths, *given.scalars) for part in (f"const double *{name}_0", f"long {name}_by")
    ]
    parameters = ", ".join(["long count", "long orders", *sizes, *arrays, "double *weights", "double *sums"])
    rows = [f"const double *restrict {name} = {name}_0 + n * {name}_by;" for name in given.lengths]
    rows += [f"const double {name} = {name}_0[n * {name}_by];" for name in given.scalars]
    buffers = [f"double *restrict {name} = malloc(sizeof(double) * ({size} + 1));" for name, size in writer.buffers]
    body = [
        "#include <math.h>",
        "#include <stdlib.h>",
        "",
        f"void power_sums({parameters}) {{",
        f"    double *restrict kept = malloc(sizeof(double) * ({number} + 1));",
        *(f"    {line}" for line in buffers),
        "    for (long n = 0; n < count; n++) {",
        *(f"        {line}" for line in rows),
        f"        double *restrict w = weights ? weights + n * ({number}) : kept;",
        *(f"        {line}" for line in writer.lines),
        *(f"        {line.format(number=number)}" for line in SUMS),
        "    }",
        "    free(kept);",
        *(f"    free({name});" for name, _ in writer.buffers),
        "}",
        "",
    ]
    return "\n".join(body)


@dataclass
class _Writer:
    """Lines for one problem; `buffers` are arrays over one index, with their lengths."""

    form: Normal
    fold: bool = False
    lines: list[str] = field(default_factory=list)
    buffers: list[tuple[str, str]] = field(default_factory=list)
    next: str = ""
    """The index that is meant one further on, in the second of two terms."""

    def write(self, steps: Sequence[Cold | Nest]) -> None:
        """All steps, in order."""
        for step in steps:
            if isinstance(step, Cold):
                self._cold(step.op)
            else:
                self._nest(step)

    def store(self, op: Op, over: Range, start: Affine) -> None:
        """The weights of one range."""
        self.lines.append(f"{self._loop(over)} w[{start} + {over.index}] = {self._name(op)};")

    # ---- names

    def _name(self, op: Op) -> str:
        match op.kind:
            case "number":
                assert isinstance(op.data, Node)
                return _number(op.data)
            case "scalar":
                return str(op.data)
            case "entry":
                leaf = op.leaf
                return f"{leaf.family}[{leaf.range.first - 1} + {self._at(leaf.range.index)}]"
        letters = sorted(op.layout)
        if len(letters) == 1:
            return f"t{op.number}[{self._at(letters[0])}]"
        return f"t{op.number}_next" if letters and self.next in letters else f"t{op.number}"

    def _at(self, letter: str) -> str:
        return f"{letter} + 1" if letter == self.next else letter

    def _text(self, op: Op) -> str:
        args = [self._name(arg) for arg in op.args]
        match op.kind:
            case "add" | "sub" | "mul" | "div":
                return f"{args[0]} {SIGNS[op.kind]} {args[1]}"
            case "neg":
                return f"-({args[0]})"
            case "square":
                return f"({args[0]}) * ({args[0]})"
            case "sqrt":
                return f"sqrt({args[0]})"
            case "pow":
                return f"pow({args[0]}, {_number(Const(op.exponent))})"
        raise NotDerivableYet(f"{op.kind}: no such operation in C yet")

    def _loop(self, over: Range) -> str:
        return f"for (long {over.index} = 0; {over.index} < {over.size}; {over.index}++)"

    def _of(self, letter: str) -> Range:
        return self.form.letters.range_of[letter]

    def _declare(self, op: Op) -> str:
        """Where a result goes: a variable, or an array over its index that lives as long as the call."""
        if not op.layout:
            return f"double t{op.number}"
        (letter,) = op.layout
        self.buffers.append((f"t{op.number}", str(self._of(letter).size)))
        return f"t{op.number}[{letter}]"

    # ---- whole arrays

    def _cold(self, op: Op) -> None:
        if op.kind == "sum":
            self._sum(op)
            return
        target = self._declare(op)
        loops = [self._loop(self._of(letter)) for letter in op.layout]
        self.lines.append(" ".join([*loops, f"{target} = {self._text(op)};"]))

    def _sum(self, op: Op) -> None:
        reduction = op.reduction
        if reduction.other is not None or op.layout:
            raise NotDerivableYet("sums on one side of an index have no place in C yet")
        self.lines.append(f"double t{op.number} = 0;")
        product = " * ".join(f"({self._name(arg)})" for arg in op.args)
        self.lines.append(f"{self._loop(reduction.range)} t{op.number} += {product};")

    # ---- nests

    def _nest(self, nest: Nest) -> None:
        """The nest's own index is the inner loop; what is complete behind the nest follows in loops of its own."""
        letters = sorted(frozenset().union(*(op.body for op in nest.ops if nest.is_large(op) or op.kind == "sum")))
        others = [letter for letter in letters if letter != nest.letter]
        if nest.second is not None or len(others) != 1:
            raise NotDerivableYet("arrays over more than two indices have no place in C yet")
        (other,) = others
        inside = [op for op in nest.ops if nest.is_large(op) or (op.kind == "sum" and len(op.body) > 1)]
        done = set(inside)
        if any(arg in nest.ops and not nest.is_large(arg) for op in inside for arg in op.args):
            raise NotDerivableYet("a sum that is used in its own nest has no place in C yet")
        for op in inside:
            if op.kind == "sum":
                target, loops = self._declare(op), [self._loop(self._of(letter)) for letter in op.layout]
                self.lines.append(" ".join([*loops, f"{target} = 0;"]))
        self._double(inside, other, nest.letter)
        for op in nest.ops:
            if op not in done:
                self._cold(op)

    def _double(self, inside: Sequence[Op], other: str, letter: str) -> None:
        """The two loops of a nest."""
        start, size, inner = f"long {other} = 0", self._of(other).size, self._loop(self._of(letter))
        divisions = [op.args[0] for op in inside if op.kind == "sum"]
        if self.fold and all(_shares(op, other) for op in inside if op.kind == "sum"):
            self.lines += [f"{start};", f"for (; {other} + 1 < {size}; {other} += 2) {inner} {{"]
            self._scalars([op for op in inside if op.kind != "sum" and op not in divisions])
            self.next = other
            self._scalars([op for op in inside if op.kind != "sum" and op not in divisions])
            self.next = ""
            self.lines += [f"    {self._shared(op, other)}" for op in inside if op.kind == "sum"]
            self.lines.append("}")
            start = ""
        self.lines.append(f"for ({start}; {other} < {size}; {other}++) {inner} {{")
        self._scalars([op for op in inside if op.kind != "sum"])
        for op in inside:
            if op.kind == "sum":
                product = " * ".join(f"({self._name(arg)})" for arg in op.args)
                self.lines.append(f"    {self._name(op)} += {product};")
        self.lines.append("}")

    def _scalars(self, ops: Sequence[Op]) -> None:
        """Operations in two indices, one number each."""
        tail = "_next" if self.next else ""
        self.lines += [f"    const double t{op.number}{tail} = {self._text(op)};" for op in ops]

    def _shared(self, op: Op, other: str) -> str:
        """Two terms of a sum over one denominator."""
        above, below = op.args[0].args
        first = self._name(above), self._name(below)
        self.next = other
        second = self._name(above), self._name(below)
        self.next = ""
        top = f"({first[0]}) * ({second[1]}) + ({second[0]}) * ({first[1]})"
        return f"{self._name(op)} += ({top}) / (({first[1]}) * ({second[1]}));"


def _shares(op: Op, other: str) -> bool:
    """True for a sum over an index of quotients: two of its terms can share a division."""
    return len(op.args) == 1 and op.args[0].kind == "div" and op.reduction.letter == other


def _number(node: Node) -> str:
    """A number in doubles."""
    match node:
        case Const(value=value):
            return (
                f"({value.numerator}.0 / {value.denominator}.0)" if value.denominator != 1 else f"{value.numerator}.0"
            )
        case Size(name=name):
            return f"(double){name}"
        case Add(terms=terms):
            return f"({' + '.join(map(_number, terms))})"
        case Mul(factors=factors):
            return f"({' * '.join(map(_number, factors))})"
        case Power(base=base, exponent=exponent):
            return f"pow({_number(base)}, {_number(Const(Fraction(exponent)))})"
    raise TypeError(type(node).__name__)
