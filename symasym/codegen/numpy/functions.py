"""The private functions of a kernel: one for each formula, one for the derivatives of each, one for the domain."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.domain import Condition
from symasym.codegen.index.inputs import Inputs
from symasym.codegen.index.ir import Entry, Node, Range, Scalar, is_number, walk
from symasym.codegen.index.lower import Lowering
from symasym.codegen.index.ops import Op
from symasym.codegen.index.programs import Derivative, Normal, Program, Seeded, pullback, values
from symasym.codegen.numpy.body import Body
from symasym.codegen.numpy.entry import head

__all__ = ["Function", "Writer"]


@dataclass(frozen=True)
class Function:
    """A function of prepared arrays and sizes; its parameters have the names of the arguments that they come from.

    `hot` has for each nest its arrays, the product of its other axes and the size of its own; `cold` the numbers that a problem holds
    in arrays over at most one index.
    """

    name: str
    parameters: tuple[str, ...]
    head: tuple[str, ...]
    docstring: str
    body: tuple[str, ...]
    hot: tuple[tuple[int, str, str], ...] = ()
    cold: Affine = field(default_factory=Affine)
    arrays: tuple[str, ...] = ()

    @property
    def call(self) -> str:
        """The call, for where every parameter is a variable."""
        return f"{self.name}({', '.join(self.parameters)})"


_KINDS = {"n": "int", "kind": "np.dtype", "work": "_Work", "seeds": "_Seeds | _Given", "bar": "Floats"}
"""Parameters that are not arguments of the law, in order behind the sizes."""


def names_in(nodes: Iterable[Node]) -> set[str]:
    """Families and scalars in formulas."""
    parts = [part for node in nodes for part in walk(node)]
    return {p.family for p in parts if isinstance(p, Entry)} | {p.name for p in parts if isinstance(p, Scalar)}


@dataclass
class Writer:
    """Writes functions of one law for one layout; `given` are the arguments of the public functions that call them."""

    form: Normal
    given: Inputs
    blocked: bool

    @property
    def axis(self) -> int:
        """The axis of the index."""
        return 0 if self.blocked else 1

    def _empty(self, hints: Mapping[Op, str]) -> Body:
        letters = self.form.letters
        return Body(self.given.lengths, letters.order, letters.range_of, self.blocked, hints)

    def _body(self, program: Program) -> Body:
        body = self._empty(program.hints)
        body.write(program.steps, [*program.outputs, *(op for d in program.derivatives for op in d.terms)])
        return body

    def arrays(self, nodes: Iterable[Node]) -> list[str]:
        """Families and scalars that formulas need, in the order of the arguments."""
        used = names_in(nodes)
        return [name for name in self._all if name in used]

    @property
    def _all(self) -> list[str]:
        return [*(family.name for family in self.given.families), *self.given.scalars]

    def _function(self, name: str, docstring: str, arrays: Sequence[str], body: Body, returns: str) -> Function:
        text = tuple(body.lines)
        used = {part.id for part in ast.walk(ast.parse("\n".join(text))) if isinstance(part, ast.Name)}
        sizes = [size for size in self.given.sizes if size in used]
        extra = [extra for extra in _KINDS if extra in used]
        typing = [*((a, "Floats") for a in arrays), *((s, "int") for s in sizes), *((e, _KINDS[e]) for e in extra)]
        top = head(name, [f"{n}: {t}" for n, t in typing], returns)
        return Function(name, tuple(n for n, _ in typing), top, docstring, text, tuple(body.hot), body.cold, tuple(arrays))

    # ---- values

    def along(self, name: str, letter: str, docstring: str, parts: Sequence[tuple[Range, Node]]) -> Function:
        """A quantity with one entry for each index of some ranges."""
        nodes = [node for _, node in parts]
        program = values(self.form, nodes, [f"{letter}_{over.index}" for over, _ in parts])
        body = self._body(program)
        joined = [f"({body.text(op)}, {over.size})" for op, (over, _) in zip(program.outputs, parts, strict=True)]
        body.assign("return ", f"_join(kind, {self.axis}, {', '.join(joined)})")
        return self._function(name, docstring, self.arrays(nodes), body, "Floats")

    def single(self, name: str, docstring: str, node: Node) -> Function:
        """A quantity with one value."""
        nodes = [node]
        program = values(self.form, nodes, ["value"])
        body = self._body(program)
        text = body.text(program.outputs[0])
        body.assign("return ", f"np.array([{text}], kind)" if is_number(node) else text)
        return self._function(name, docstring, self.arrays(nodes), body, "Floats")

    # ---- derivatives

    def pullback(self, name: str, docstring: str, parts: Sequence[Seeded]) -> Function:
        """Derivatives of a seeded sum by every family and scalar, as a tuple in the order of the parameters.

        With one value for each problem, that value comes first.
        """
        arrays = self.arrays(part.value for part in parts)
        program = pullback(self.form, parts)
        body = self._body(program)
        returned = [body.text(op) for op in program.outputs if op.kind != "seed"]
        for name_ in arrays:
            found = [d for d in program.derivatives if d.name == name_]
            if name_ in self.given.lengths:
                returned.append(self._family(body, name_, self.given.lengths[name_], found))
            else:
                returned.append(" + ".join(body.text(op) for d in found for op in d.terms) or "np.zeros(n, kind)")
        body.assign("return ", ", ".join(returned) + ("," if len(returned) == 1 else "") if returned else "()")
        return self._function(name, docstring, arrays, body, "tuple[Floats, ...]")

    def _family(self, body: Body, name: str, length: Affine, found: Sequence[Derivative]) -> str:
        """The text of the derivative by a family: its parts side by side if they follow one another, else added up."""
        parts = [(d.range, " + ".join(body.text(op) for op in d.terms)) for d in found if d.range is not None]
        reached, joined, left = Affine(), list[str](), list(parts)
        while following := next((part for part in left if part[0].first == reached + 1), None):
            left.remove(following)
            joined.append(f"({following[1]}, {following[0].size})")
            reached = following[0].last
        if parts and not left and reached == length:
            return parts[0][1] if len(parts) == 1 else f"_join(kind, {self.axis}, {', '.join(joined)})"
        variable = body.fresh(f"{name}_bar")
        body.lines.append(f"{variable} = np.zeros({f'({length}, n)' if self.blocked else f'(n, {length})'}, kind)")
        for over, text in parts:
            cut = f"{over.first - 1}:{over.last}"
            body.assign(f"{variable}[{cut if self.blocked else f':, {cut}'}] += ", text)
        return variable

    # ---- domain

    def domain(self, name: str, arrays: Sequence[str], conditions: Sequence[Condition]) -> Function:
        """Which problems fulfil the conditions on these arguments: True for all, or a value for each."""
        body = self._empty({})
        body.assign("inside = ", f"_finite({', '.join([str(self.blocked), *arrays])})")
        lowering = Lowering()
        for condition in conditions:
            if names_in(condition.nodes) <= set(arrays):
                more, less = (body.text(lowering.lower(node)) for node in condition.nodes)
                body.assign("inside = ", f"inside & _above({more}, {less}, {condition.strict}, {self.axis})")
        body.assign("return ", "inside")
        return self._function(name, "Which problems are inside the domain.", arrays, body, "bool | NDArray[np.bool_]")
