"""The text of a kernel module: everything is decided here, the template only sets it out."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from symasym.codegen.index.domain import conditions
from symasym.codegen.index.formulas import Formulas, InputRange, formulas
from symasym.codegen.index.inputs import Inputs, inputs
from symasym.codegen.index.ir import Node
from symasym.codegen.index.programs import normal
from symasym.codegen.index.relations import relations
from symasym.codegen.natural import Natural
from symasym.codegen.numpy.document import docstring
from symasym.codegen.numpy.entry import call, size_function
from symasym.codegen.numpy.functions import Function
from symasym.codegen.numpy.names import NATURAL, check_names
from symasym.codegen.numpy.natural import natural_slots
from symasym.codegen.numpy.natural_words import word_slots
from symasym.codegen.numpy.portable import portable_slots
from symasym.codegen.numpy.public import Group, core_group, excess_group, excess_slots, public_slots
from symasym.codegen.numpy.runtime_text import runtime_parts
from symasym.codegen.numpy.wrap import WIDTH
from symasym.codegen.pencil import Pencil
from symasym.codegen.words.tables import Tables
from symasym.errors import NotDerivableYet
from symasym.law.law import Law

__all__ = ["TEMPLATE", "context", "emit"]

TEMPLATE = Path(__file__).with_name("kernel.py.jinja")


def emit(
    law: Law,
    *,
    references: Sequence[str] = (),
    source: str | None = None,
    natural: Natural | None = None,
) -> str:
    """Text of the module that evaluates a law with NumPy alone; the same text for the same law, under any hash seed.

    `references` go to its docstring; `source` is the file that states the model, `derivations/NAME.py` unless given.
    `natural` says how natural parameters are aligned, or is the tables of trace words that they go into as they are; without it
    the kernel has functions of aligned ones alone.
    Raises `NotDerivableYet` for an expression that has no place in a kernel, `InputError` for names that Python or the
    kernel uses itself.
    """
    return _template().render(context(law, references, source or f"derivations/{law.name}.py", natural))


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATE.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(TEMPLATE.name)


def context(law: Law, references: Sequence[str], source: str, natural: Natural | None = None) -> Mapping[str, Any]:
    """The slots of the template."""
    read = formulas(law)
    if not read.learned or not read.outside:
        raise NotDerivableYet(f"{law.name}: kernels are for laws with ranges both in and out of the learned span")
    form = normal(read)
    given, more = _inputs(read)
    sizes_checked = relations(law, read)
    domain, unchecked = conditions(law, read, form.letters)
    shared = (given.sizes, given.families) == (more.sizes, more.families)
    sizes = [size_function("_sizes", given, sizes_checked)]
    if not shared:
        sizes.append(size_function("_excess_sizes", more, sizes_checked))
    own = {name for arguments in (given, more) for name in (*arguments.lengths, *arguments.scalars, *arguments.sizes)}
    own_sizes = set(given.sizes)  # `formula` reads them off its arguments
    check_names(own, ())
    core, excess = core_group(form, given, domain), excess_group(form, more, domain)
    slots: dict[str, Any] = {}
    match natural:
        case Pencil():
            slots = natural_slots(natural, read, form, given, core)
        case Tables():
            slots = word_slots(natural)
            check_names({*natural.arguments, *natural.scalars}, (), NATURAL)
    portable = portable_slots(form, given)
    lines = [
        line for function in (*core.functions, *excess.functions, *slots.get("functions", ())) for line in function.body
    ]
    check_names(own, _variables([*lines, *portable["body"]]) - own_sizes)
    return {
        "made": _comment(f"Made by `symasym build` from {source}; do not edit.", f"Remake: symasym build {law.name}"),
        "docstring": docstring(law, read, given, sizes_checked, domain, unchecked, source, references, natural),
        "signature": _signature(given, read),
        "core": _comment(
            f"Core dimensions of {', '.join([*(family.name for family in given.families), *given.scalars, 'alpha'])}, g, "
            "sigma_down and of the arrays in the result;",
            f"n = {read.number_outside}.",
        ),
        "functions": _distinct([*core.functions, *excess.functions]),
        "tables": [*_tables(core), *_tables(excess)],
        "sizes": sizes,
        "length": str(read.length),
        "number_outside": read.number_outside,
        "learned_indices": _positions(read.learned),
        "outside_indices": _positions(read.outside),
        "d_eff": read.d_eff,
        "rank": read.rank,
        "runtime": runtime_parts(slots.get("kind")),
        "natural": slots,
        "portable": portable,
        **public_slots(read, given, core),
        **excess_slots(more, "_sizes" if shared else "_excess_sizes", excess),
    }


def _distinct(functions: Sequence[Function]) -> list[Function]:
    """Each function once."""
    return list({function.name: function for function in functions}.values())


def _tables(group: Group) -> list[str]:
    """The functions of a group by name: a table for each layout."""
    kind = f"_{group.name.title()}Functions"
    lines = ["", "", f"class {kind}(NamedTuple):", '    """Functions on arrays of one layout."""', ""]
    lines += [f"    {name}: Callable" for name in group.fields]
    for last, table in group.tables:
        text = call(f"_{group.name}_{'LAST' if last else 'FIRST'} = {kind}", [f.name for f in table.values()])
        lines += ["", "", *text] if last or len(group.tables) == 1 else text
    return lines


def _comment(*parts: str) -> list[str]:
    """A comment: on one line if it fits, otherwise each part by itself."""
    whole = " ".join(parts)
    texts = [whole] if len(whole) + 2 <= WIDTH else parts
    return [
        f"# {line}"
        for text in texts
        for line in textwrap.wrap(text, WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    ]


def _inputs(read: Formulas) -> tuple[Inputs, Inputs]:
    """Arguments of the law; the same with what the mean excess loss needs besides."""
    nodes: list[Node] = [
        read.noise,
        *(item.own for item in read.ranges),
        *(definition for _, definition in read.definitions),
    ]
    nodes += [item.variance for item in read.outside if item.variance is not None]
    extra = [read.length, read.rank, read.d_eff, *(item.range.size for item in read.ranges)]
    return inputs(read, nodes, extra), inputs(read, [*nodes, read.excess_loss_mean], extra)


_BOUND = re.compile(r"^\s*(?:for )?([A-Za-z_]\w*)(?:\[[^=]*\])? (?:\+?=|in) ")
"""A line that binds a variable."""


def _variables(lines: Sequence[str]) -> set[str]:
    """Variables in the bodies of generated functions."""
    return {found[1] for line in set(lines) if (found := _BOUND.match(line))}


def _signature(given: Inputs, read: Formulas) -> str:
    """Core dimensions of families, scalars, alpha, g and sigma_down, and of the array fields of the result."""
    length = _core(str(read.length))
    arguments = [f"({_core(str(family.length))})" for family in given.families] + ["()"] * (len(given.scalars) + 1)
    return ",".join([*arguments, f"({length})", f"({length},{length})"]) + "->(n)" + ",()" * 5


def _core(length: str) -> str:
    """A length as a name: `d1 + d2` is `d1_plus_d2`."""
    return length.replace(" + ", "_plus_").replace(" - ", "_minus_").replace(" * ", "_times_")


def _positions(ranges: Sequence[InputRange]) -> str:
    """Positions of the indices, counted from 0, as pairs of start and end."""
    merged: list[list[Any]] = []
    for item in ranges:
        start, stop = item.range.first - 1, item.range.last
        if merged and merged[-1][1] == start:
            merged[-1][1] = stop
        else:
            merged.append([start, stop])
    return f"[{', '.join(f'({start or 0}, {stop})' for start, stop in merged)}]"
