"""The private functions of a kernel: one for each formula, one for the derivatives of each, one for each domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from symasym.codegen.index.affine import Affine
from symasym.codegen.index.algebra import powers
from symasym.codegen.index.domain import Condition
from symasym.codegen.index.inputs import Inputs
from symasym.codegen.index.ir import Mul, Node, Power, Range, is_number, walk
from symasym.codegen.index.lower import Lowering
from symasym.codegen.index.ops import Op
from symasym.codegen.index.programs import Derivative, Normal, Program, Seeded, pullback, values
from symasym.codegen.numpy.body import Body
from symasym.codegen.numpy.entry import head

__all__ = ["Function", "Writer", "divided_by", "names_in"]


@dataclass(frozen=True)
class Function:
    """A function of prepared arrays, sizes, the rows of a block, the floating-point type and the workspace.

    `arrays` are the arguments of the law that it takes. `hot` has for each nest its arrays, the product of its other axes and the
    size of its own; `cold` the numbers that a problem holds in arrays over at most one index. `returned` has the argument and the
    part of it, "" for the whole, to which each derivative belongs.
    """

    name: str
    arrays: tuple[str, ...]
    parameters: tuple[str, ...]
    head: tuple[str, ...]
    docstring: str
    body: tuple[str, ...]
    hot: tuple[tuple[int, str, str], ...] = ()
    cold: Affine = field(default_factory=Affine)
    returned: tuple[tuple[str, str], ...] = ()

    def renamed(self, name: str) -> Function:
        """The same under another name."""
        first, *rest = self.head
        return replace(self, name=name, head=(first.replace(self.name, name, 1), *rest))


def names_in(nodes: Iterable[Node]) -> set[str]:
    """Families and scalars in formulas."""
    return set().union(*[node.names for node in nodes])


def divided_by(nodes: Iterable[Node]) -> set[str]:
    """Families and scalars in denominators, where an infinity would vanish without a trace."""
    products = [part for node in nodes for part in walk(node) if isinstance(part, Mul | Power)]
    return names_in(base for part in products for base, exponent in powers(part)[1].items() if exponent < 0)


@dataclass
class Writer:
    """Writes functions of one law for one layout; `given` are the arguments of the public functions that call them."""

    form: Normal
    given: Inputs
    last: bool
    suffix: str = ""

    @property
    def axis(self) -> int:
        """The axis of an index."""
        return 0 if self.last else 1

    def _empty(self, hints: Mapping[Op, str]) -> Body:
        letters = self.form.letters
        return Body(self.given.lengths, letters.order, letters.range_of, self.last, hints)

    def _body(self, program: Program) -> Body:
        body = self._empty(program.hints)
        body.write(program.steps, program.variables)
        return body

    def arrays(self, nodes: Iterable[Node]) -> list[str]:
        """Families and scalars that formulas need, in the order of the arguments."""
        used = names_in(nodes)
        return [name for name in (*self.given.lengths, *self.given.scalars) if name in used]

    def _function(
        self,
        name: str,
        docstring: str,
        arrays: Sequence[str],
        body: Body,
        returns: str,
        extra: Mapping[str, str] | None = None,
        returned: Sequence[tuple[str, str]] = (),
    ) -> Function:
        types = dict.fromkeys(arrays, "Floats") | dict.fromkeys(self.given.sizes, "int")
        types |= {"rows": "int", "kind": "np.dtype", "work": "_Work"} | dict(extra or {})
        name += self.suffix
        top = head(name, [f"{n}: {t}" for n, t in types.items()], returns)
        return Function(
            name,
            tuple(arrays),
            tuple(types),
            top,
            docstring,
            tuple(body.lines),
            tuple(body.hot),
            body.cold,
            tuple(returned),
        )

    # ---- values

    def along(self, name: str, letter: str, docstring: str, parts: Sequence[tuple[Range, Node]]) -> Function:
        """A quantity with one entry for each index of some ranges."""
        nodes = [node for _, node in parts]
        program = values(self.form, nodes, [f"{letter}_{over.index}" for over, _ in parts], invert=not self.last)
        body = self._body(program)
        joined = [f"({body.text(op)}, {over.size})" for op, (over, _) in zip(program.outputs, parts, strict=True)]
        body.assign("return ", f"_join(kind, {self.axis}, {', '.join(joined)})")
        return self._function(name, docstring, self.arrays(nodes), body, "Floats")

    def single(self, name: str, docstring: str, node: Node) -> Function:
        """A quantity with one value."""
        program = values(self.form, [node], ["value"], invert=not self.last)
        body = self._body(program)
        text = body.text(program.outputs[0])
        body.assign("return ", f"np.array([{text}], kind)" if is_number(node) else text)
        return self._function(name, docstring, self.arrays([node]), body, "Floats")

    # ---- derivatives

    def pullback(self, name: str, docstring: str, parts: Sequence[Seeded], extra: Mapping[str, str]) -> Function:
        """Derivatives of a seeded sum by every family and scalar, as a tuple in the order of the parameters.

        With one value for each problem, that value comes first.
        """
        arrays = self.arrays(part.value for part in parts)
        program = pullback(self.form, parts)
        body = self._body(program)
        texts, returned = [body.text(op) for op in program.outputs if op.kind != "seed"], list[tuple[str, str]]()
        for argument in arrays:
            found = [d for d in program.derivatives if d.name == argument]
            if argument in self.given.lengths:
                cuts = self._family(body, argument, self.given.lengths[argument], found)
            else:
                cuts = [("", " + ".join(body.text(op) for d in found for op in d.terms) or "np.zeros(rows, kind)")]
            returned += [(argument, cut) for cut, _ in cuts]
            texts += [text for _, text in cuts]
        body.assign("return ", ", ".join(texts) + ("," if len(texts) == 1 else "") if texts else "()")
        return self._function(name, docstring, arrays, body, "tuple[Floats, ...]", extra, returned)

    def _family(self, body: Body, name: str, length: Affine, found: Sequence[Derivative]) -> list[tuple[str, str]]:
        """Parts of the derivative by a family with their texts; one part, added up, unless they follow one another."""
        parts = [(d.range, " + ".join(body.text(op) for op in d.terms)) for d in found if d.range is not None]
        reached, joined, left = Affine(), list[tuple[str, str]](), list(parts)
        while following := next((part for part in left if part[0].first == reached + 1), None):
            left.remove(following)
            reached = following[0].last
            joined.append((f"{following[0].first - 1}:{reached}", following[1]))
        if parts and not left and reached == length:
            return joined if len(joined) > 1 else [("", joined[0][1])]
        variable = body.fresh(f"{name}_bar")
        body.lines.append(f"{variable} = np.zeros({f'({length}, rows)' if self.last else f'(rows, {length})'}, kind)")
        for over, text in parts:
            cut = f"{over.first - 1}:{over.last}"
            body.assign(f"{variable}[{cut if self.last else f':, {cut}'}] += ", text)
        return [("", variable)]

    # ---- domain

    def domain(self, name: str, arrays: Sequence[str], conditions: Sequence[Condition], bottom: Set[str]) -> Function:
        """Which problems fulfil the conditions on these arguments: True for all, or a value for each.

        Arguments that formulas divide by, `bottom`, must be finite; an infinity anywhere else shows in the result.
        """
        body = self._empty({})
        finite = [a for a in arrays if a in bottom or a in self.given.scalars]
        body.assign("inside = ", f"_finite({', '.join([str(self.last), *finite])})")
        lowering = Lowering()
        for condition in conditions:
            if names_in(condition.nodes) <= set(arrays):
                more, less = (body.text(lowering.lower(node)) for node in condition.nodes)
                more = more if names_in(condition.nodes[:1]) else f"np.asarray({more})"  # a number alone has no axes
                body.assign("inside = ", f"inside & _above({more}, {less}, {condition.strict}, {self.axis})")
        body.assign("return ", "inside")
        return self._function(name, "Which problems are inside the domain.", arrays, body, "bool | NDArray[np.bool_]")
