"""What the public functions of a kernel do before they compute: read arguments, check shapes, find the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symasym.codegen.index.inputs import Inputs
from symasym.codegen.index.relations import Relation
from symasym.codegen.numpy.checks import size_lines
from symasym.codegen.numpy.wrap import WIDTH

__all__ = ["EntryPoint", "SizeFunction", "call", "documentation", "entry_point", "head", "size_function"]

INDENT = "    "


@dataclass(frozen=True)
class SizeFunction:
    """The function that checks lengths and returns all sizes."""

    head: tuple[str, ...]
    body: tuple[str, ...]


@dataclass(frozen=True)
class EntryPoint:
    """Parameters and first lines of a public function; after them arguments are arrays and sizes are integers."""

    parameters: tuple[str, ...]
    documentation: tuple[str, ...]
    prologue: tuple[str, ...]
    batch: tuple[str, ...]
    names: str
    domain: tuple[str, ...]
    compute: tuple[str, ...]
    rows: tuple[str, ...]


def head(name: str, parameters: Sequence[str], returns: str) -> tuple[str, ...]:
    """The `def` line; where it would be too long parameters on a line of their own, or on one each."""
    line = f"def {name}({', '.join(parameters)}) -> {returns}:"
    if len(line) <= WIDTH:
        return (line,)
    if len(INDENT) + len(", ".join(parameters)) <= WIDTH:
        return (f"def {name}(", INDENT + ", ".join(parameters), f") -> {returns}:")
    return (f"def {name}(", *(f"{INDENT}{parameter}," for parameter in parameters), f") -> {returns}:")


def size_function(name: str, given: Inputs, conditions: Sequence[Relation]) -> SizeFunction:
    """The size function of one set of arguments."""
    parameters = [f"{family.name}: Floats" for family in given.families] + [f"{size}: int" for size in given.keywords]
    returns = "int" if len(given.sizes) == 1 else f"tuple[{', '.join(['int'] * len(given.sizes)) or '()'}]"
    return SizeFunction(head(name, parameters, returns), tuple(size_lines(given, conditions)))


def entry_point(
    given: Inputs,
    sizes: str,
    scalars: Sequence[str],
    options: Sequence[tuple[str, tuple[str, ...]]] = (),
    *,
    alpha: bool = False,
    keywords: Sequence[str] = (),
    computed: Sequence[str] | None = None,
) -> EntryPoint:
    """The start of a public function of all families and the given scalars.

    `sizes` names the size function; `options` are optional arrays, each with its core dimensions; `keywords` further parameters;
    `computed` the arrays that the function computes with, if not all.
    """
    families = [family.name for family in given.families]
    arrays = [*families, *scalars, *(["alpha"] if alpha else [])]
    optional = [name for name, _ in options]
    parameters = [f"{name}: ArrayLike" for name in (*families, *scalars)] + ["alpha: ArrayLike = 1.0"] * alpha
    parameters += ["*", *(f"{size}: int" for size in given.keywords)]
    parameters += [
        *keywords,
        *(f"{name}: ArrayLike | None = None" for name in optional),
        "dtype: DTypeLike | None = None",
    ]
    both = ["if g is not None and sigma_down is not None:"]
    both += ['    raise ValueError("sigma_down: came together with g, at most one of them is expected")']
    lines = both if optional else []
    lines += call("kind = _float_type", ["dtype", *(f"{name}={name}" for name in (*arrays, *optional))])
    lines += [f"{name} = np.asarray({name}, kind)" for name in arrays]
    sizing = f"{sizes}({', '.join([*families, *given.keywords])})"
    lines.append(f"{', '.join(given.sizes)} = {sizing}" if given.sizes else sizing)
    lines += [
        f'{name} = None if {name} is None else _downstream("{name}", {name}, kind, ({", ".join(core)},), "{core[0]}")'
        for name, core in options
    ]
    leads = [f"{name}={name}.shape[:-1]" for name in families] + [
        f"{name}={name}.shape" for name in arrays[len(families) :]
    ]
    leads += [f"{name}=() if {name} is None else {name}.shape[:-{len(core)}]" for name, core in options]
    used = [name for name in arrays if computed is None or name in computed]
    rows = [f"_rows({name}, {int(name in families)}, batch)" for name in used]
    rows += [f"_rows({name}, {len(core)}, batch)" for name, core in options]
    passed = [*used, *optional, *(["*factors"] if keywords and alpha else [])]
    return EntryPoint(
        tuple(parameters),
        documentation(given, scalars),
        tuple(lines),
        tuple(call("batch = _batch", leads)),
        ", ".join([*used, *optional]),
        _head("domain", ["rows", *passed]),
        _head("compute", ["rows", *passed]),
        tuple(rows),
    )


def documentation(given: Inputs, scalars: Sequence[str]) -> tuple[str, ...]:
    """Shapes of the arguments."""
    lines = [f"* `{family.name}`: shape (..., {family.length})." for family in given.families]
    lines += [f"* `{name}`: shape (...)." for name in scalars]
    return (*lines, *(f"* `{size}`: a dimension, which no array tells." for size in given.keywords))


def _head(name: str, parameters: Sequence[str]) -> tuple[str, ...]:
    """The start of a function inside a function."""
    *before, last = call(f"def {name}", parameters)
    return *before, f"{last}:"


def call(head: str, arguments: Sequence[str], depth: int = 1) -> list[str]:
    """A call on one line if it fits at this depth, else with all arguments on a line, else with one argument on each."""
    line = f"{head}({', '.join(arguments)})"
    if len(INDENT) * depth + len(line) <= WIDTH:
        return [line]
    if len(INDENT) * (depth + 1) + len(", ".join(arguments)) <= WIDTH:
        return [f"{head}(", INDENT + ", ".join(arguments), ")"]
    return [f"{head}(", *(f"{INDENT}{argument}," for argument in arguments), ")"]
