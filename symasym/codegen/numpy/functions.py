"""The private functions of a kernel, one for each formula: name, parameters, body."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symasym.codegen.numpy.entry import head
from symasym.codegen.index.formulas import Formulas
from symasym.codegen.index.inputs import Inputs, closure, inputs, scalars_of
from symasym.codegen.index.ir import Node, Range, is_number
from symasym.codegen.numpy.printer import Lines

__all__ = ["Function", "excess_function", "noise_function", "outside_function", "own_function"]


@dataclass(frozen=True)
class Function:
    """A function of prepared arrays and sizes; its parameters have the names of the arguments that they come from."""

    name: str
    parameters: tuple[str, ...]
    head: tuple[str, ...]
    docstring: str
    body: tuple[str, ...]

    @property
    def call(self) -> str:
        """The call, for where every parameter is a variable."""
        return f"{self.name}({', '.join(self.parameters)})"


def _function(
    name: str, needed: Inputs, body: Iterable[str], docstring: str, returns: str = "Floats", typed: bool = False
) -> Function:
    """`typed`: the function also takes the floating-point type `kind`."""
    body = tuple(body)
    used = {part.id for part in ast.walk(ast.parse("\n".join(body))) if isinstance(part, ast.Name)}
    arrays = [*(family.name for family in needed.families), *needed.scalars]
    sizes = [size for size in needed.sizes if size in used]
    kind = [("kind", "np.dtype")] if typed else []
    typing = [*((a, "Floats") for a in arrays), *((s, "int") for s in sizes), *kind]
    first = head(name, [f"{n}: {t}" for n, t in typing], returns)
    return Function(name, tuple(n for n, _ in typing), first, docstring, body)


def _opened(read: Formulas, given: Inputs, nodes: Sequence[Node]) -> Lines:
    """Lines that start with the definitions in use."""
    lines = Lines(given.lengths)
    used = {name for node in closure(read, nodes) for name in scalars_of(node)}
    for name, definition in read.definitions:
        if name in used:
            lines.define(name, definition)
    return lines


def _along_ranges(
    name: str, letter: str, docstring: str, read: Formulas, given: Inputs, parts: Sequence[tuple[Range, Node]]
) -> Function:
    """A quantity with one entry for each index of some ranges."""
    nodes = [node for _, node in parts]
    lines = _opened(read, given, nodes)
    joined = [f"({lines.define(f'{letter}_{over.index}', node, over)}, {over.size})" for over, node in parts]
    lines.finish(f"_join(kind, {', '.join(joined)})")
    return _function(name, inputs(read, nodes, [over.size for over, _ in parts]), lines.lines, docstring, typed=True)


def outside_function(read: Formulas, given: Inputs) -> Function:
    """`v_a`."""
    parts = [(item.range, item.variance) for item in read.outside if item.variance is not None]
    docstring = "`v_a` for the indices outside the learned span."
    return _along_ranges("_outside_variance", "v", docstring, read, given, parts)


def own_function(read: Formulas, given: Inputs) -> Function:
    """`g_a` of the pre-training data."""
    parts = [(item.range, item.own) for item in read.outside]
    docstring = "`g_a` of the pre-training data for the indices outside the learned span."
    return _along_ranges("_own_variance", "g", docstring, read, given, parts)


def _number_or_array(name: str, docstring: str, read: Formulas, given: Inputs, node: Node) -> Function:
    lines = _opened(read, given, [node])
    lines.give(node)
    returns = "float" if is_number(node) else "Floats"
    return _function(name, inputs(read, [node]), lines.lines, docstring, returns)


def noise_function(read: Formulas, given: Inputs) -> Function:
    """`sigma^2`."""
    return _number_or_array("_noise_variance", "`sigma^2`.", read, given, read.noise)


def excess_function(read: Formulas, given: Inputs) -> Function:
    """Mean of the limiting excess loss."""
    docstring = "Mean of the limit of `m (L(w_hat) - L(w*))`."
    return _number_or_array("_excess_loss_mean", docstring, read, given, read.excess_loss_mean)
