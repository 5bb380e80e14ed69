"""C for the weights of a law, their cumulants and the derivatives of these, from the index IR: several problems at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from symasym.codegen.c.lines import INDENT, Lines
from symasym.codegen.index.affine import Affine
from symasym.codegen.index.algebra import ONE, mul
from symasym.codegen.index.formulas import formulas
from symasym.codegen.index.inputs import Inputs, inputs
from symasym.codegen.index.ir import Node, Range
from symasym.codegen.index.programs import Normal, Program, Seeded, normal, pullback, values
from symasym.errors import InputError
from symasym.law.law import Law

__all__ = ["Module", "emit_c"]

HELPERS = Path(__file__).with_name("lanes.h")


@dataclass(frozen=True)
class Module:
    """C text with two functions, and the arguments they take: families with their lengths, scalars, dimensions."""

    text: str
    given: Inputs
    number: Affine


def emit_c(law: Law, share: bool = True) -> Module:
    """The functions `forward` and `pullback`, which return 0, or 1 without memory.

    Arguments of both: number of problems, of orders, dimensions, families and scalars each with its stride in numbers (0 where
    problems share it). Then the first has weights (or NULL) and cumulants; the second factors of the power sums with their
    stride, the sum of the products, and its derivative by every family and scalar. `share`: two terms of a sum share a
    division.
    """
    read = formulas(law)
    form = normal(read)
    outside = [
        (over, v if own == ONE else mul(own, v)) for (over, v), (_, own) in zip(form.outside, form.own, strict=True)
    ]
    nodes = [read.noise, *(d for _, d in read.definitions), *(item.own for item in read.ranges)]
    nodes += [item.variance for item in read.outside if item.variance is not None]
    given = inputs(read, nodes, [read.length, read.d_eff, *(item.range.size for item in read.ranges)])
    _check_names([*given.lengths, *given.scalars, *given.sizes])
    parts = [
        _helpers(),
        _forward(form, outside, given, read.number_outside, share),
        _backward(form, outside, given, share),
    ]
    return Module("\n".join(parts), given, read.number_outside)


_OWN = re.compile(
    r"(row|rows|room|orders|w|at_|value|weights|found|totals|wanted|seen|shared|zero|vec|loose|mask|span|load|store|turned|within"
    r"|in_range|roots|powers|cumulants|slope|forward|pullback|[tv]\d+(_2)?|(both|inverse|kept|pairs|bar|by)_.*|.*_(0|by)"
    r"|auto|case|char|const|default|do|double|enum|extern|float|goto|inline|int|long|register|restrict|short|signed|sizeof|static"
    r"|struct|switch|typedef|union|unsigned|void|volatile)"
)
"""Names that the text uses itself, and words of C."""


def _check_names(names: Sequence[str]) -> None:
    """`InputError` if an argument cannot have its name in C."""
    for name in names:
        if _OWN.fullmatch(name):
            raise InputError(f"{name}: C uses this name itself; another name is expected")


@cache
def _helpers() -> str:
    return HELPERS.read_text(encoding="utf-8")


Outside = Sequence[tuple[Range, Node]]


def _forward(form: Normal, outside: Outside, given: Inputs, total: Affine, share: bool) -> str:
    """The weights and their cumulants."""
    program = values(form, [node for _, node in outside], [f"w_{over.index}" for over, _ in outside])
    lines = Lines(form, share)
    starts = {over.index: form.start[over.index] for over, _ in outside}
    places = {letter: f"(w + {start})" if start != Affine() else "w" for letter, start in starts.items()}
    for (over, _), op in zip(outside, program.outputs, strict=True):
        if op.layout == {over.index} and not op.is_leaf:
            lines.homes.setdefault(op, places[over.index])
    lines.write(program.steps)
    for (over, _), op in zip(outside, program.outputs, strict=True):
        if lines.homes.get(op) == places[over.index]:
            continue
        value = ("zero + " if op.kind == "number" else "") + lines.name(op)
        lines.lines.append(f"{lines.loop(over.index)} w[{starts[over.index]} + {over.index}] = {value};")
    lines.lines.append(f"cumulants(w, {total}, orders, totals);")
    out = [f"if (weights) store(weights, w, {total}, row, rows);", "store(found, totals, orders, row, rows);"]
    buffers = {"w": str(total), "totals": "orders"}
    return _function("forward", given, lines, ["double *weights", "double *found"], buffers, [], out)


def _backward(form: Normal, outside: Outside, given: Inputs, share: bool) -> str:
    """A sum of products of factors and power sums, and its derivatives."""
    program = pullback(form, [Seeded(node, "slope", over) for over, node in outside])
    lines = Lines(form, share)
    lines.lines.append("for (long at_ = 0; at_ < orders; at_++) totals[at_] = zero;")
    lines.write(program.steps)
    lines.lines.append("vec value = zero;")
    lines.lines.append("for (long at_ = 0; at_ < orders; at_++) value += wanted[at_] * totals[at_];")
    out, arrays = (
        ["store(by_value, &value, 1, row, rows);"],
        ["const double *wanted_0", "long wanted_by", "double *by_value"],
    )
    for name in (*given.lengths, *given.scalars):
        arrays.append(f"double *by_{name}")
        size = str(given.lengths.get(name, 1))
        lines.buffers[f"bar_{name}"] = size
        lines.lines += _derivative(lines, program, name, size, name in given.lengths)
        out.append(f"store(by_{name}, bar_{name}, {size}, row, rows);")
    start = ["load(wanted, wanted_0, wanted_by, orders, row, rows);"]
    buffers = {"totals": "orders", "wanted": "orders"}
    return _function("pullback", given, lines, arrays, buffers, start, out, "value")


def _derivative(lines: Lines, program: Program, name: str, size: str, family: bool) -> list[str]:
    """The derivative by one argument, collected from its parts."""
    found = [f"for (long at_ = 0; at_ < {size}; at_++) bar_{name}[at_] = zero;"]
    for derivative in (d for d in program.derivatives if d.name == name):
        for op in derivative.terms:
            if not family:
                found.append(f"bar_{name}[0] += {lines.name(op)};")
                continue
            over = derivative.range
            assert over is not None
            letter = next(iter(op.layout), over.index)
            found.append(f"{lines.loop(letter)} bar_{name}[{over.first - 1} + {letter}] += {lines.name(op)};")
    return found


def _function(
    name: str,
    given: Inputs,
    lines: Lines,
    results: Sequence[str],
    buffers: dict[str, str],
    start: Sequence[str],
    out: Sequence[str],
    checked: str = "totals[orders - 1]",
) -> str:
    """One function: blocks of problems, each computed with shared divisions and, if need be, again without."""
    arrays = [
        part
        for argument in (*given.lengths, *given.scalars)
        for part in (f"const double *{argument}_0", f"long {argument}_by")
    ]
    parameters = ", ".join(["long rows", "long orders", *(f"long {size}" for size in given.sizes), *arrays, *results])
    rooms = {argument: str(length) for argument, length in given.lengths.items()} | buffers | lines.buffers
    body = [
        f"load({argument}, {argument}_0, {argument}_by, {given.lengths[argument]}, row, rows);"
        for argument in given.lengths
    ]
    for scalar in given.scalars:
        body += [f"vec {scalar};", f"load(&{scalar}, {scalar}_0, {scalar}_by, 1, row, rows);"]
    inner = [*lines.lines, *out]
    if lines.shares:
        inner.insert(0, "span seen = {zero + 1.0, zero + 1.0};")
        inner.append(f"if (!shared || in_range(seen, {checked})) break;")
        body += ["for (int shared = 1;; shared = 0) {", *(INDENT + line for line in inner), "}"]
    else:
        body += inner
    sizes = " + ".join(f"({size})" for size in rooms.values())
    taken, place = [], "room"
    for room, size in rooms.items():
        taken.append(f"vec *restrict const {room} = {place};")
        place = f"{room} + ({size})"
    return "\n".join(
        [
            f"int {name}({parameters}) {{",
            f"{INDENT}vec *const room = aligned_alloc(64, sizeof(vec) * ({sizes} + 1));",
            f"{INDENT}if (!room) return 1;",
            *(INDENT + line for line in taken),
            f"{INDENT}for (long row = 0; row < rows; row += LANES) {{",
            *(INDENT * 2 + line for line in (*body[: len(given.lengths)], *start, *body[len(given.lengths) :])),
            f"{INDENT}}}",
            f"{INDENT}free(room);",
            f"{INDENT}return 0;",
            "}",
            "",
        ]
    )
