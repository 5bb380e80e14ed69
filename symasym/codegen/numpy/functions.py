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
from symasym.codegen.numpy.body import Body, part_of
from symasym.codegen.numpy.entry import head

__all__ = ["Function", "Writer", "divided_by", "names_in"]


@dataclass(frozen=True)
class Function:
    """A function of prepared arrays, sizes, the rows of a block, the floating-point type and the workspace.

    `arrays` are the arguments of the law that it takes. `hot` has for each nest its arrays, the product of its other axes and the
    size of its own; `cold` the numbers that a problem holds in arrays over at most one index. `returned` has the argument of each
    derivative.
    """

    name: str
    arrays: tuple[str, ...]
    parameters: tuple[str, ...]
    head: tuple[str, ...]
    docstring: str
    body: tuple[str, ...]
    hot: tuple[tuple[int, str, str], ...] = ()
    cold: Affine = field(default_factory=Affine)
    returned: tuple[str, ...] = ()

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


def _are_consecutive(ranges: Sequence[Range], length: Affine) -> bool:
    """Whether ranges, in some order, follow one another from the first index to the last."""
    ends = {over.first - 1: over.last for over in ranges}
    reached, steps = Affine(), 0
    while steps < len(ranges) and reached in ends:
        reached, steps = ends[reached], steps + 1
    return steps == len(ranges) == len(ends) and reached == length


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
        alone = not self.suffix  # one layout does for formulas without arrays over two indices
        return Body(self.given.lengths, letters.order, letters.range_of, self.last, hints, alone and not self.last)

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
        returned: Sequence[str] = (),
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
        body = self._empty(program.hints)
        whole = self._families(body, program)
        body.write(program.steps, program.variables)
        texts, returned = [body.text(op) for op in program.outputs if op.kind != "seed"], list[str]()
        for argument in arrays:
            found = [d for d in program.derivatives if d.name == argument]
            returned.append(argument)
            if argument in whole:
                self._fill(body, whole[argument], found)
                texts.append(whole[argument])
            elif argument in self.given.lengths:
                texts.append(self._family(body, argument, self.given.lengths[argument], found))
            else:
                texts.append(" + ".join(body.text(op) for d in found for op in d.terms) or "np.zeros(rows, kind)")
        body.assign("return ", ", ".join(texts) + ("," if len(texts) == 1 else "") if texts else "()")
        return self._function(name, docstring, arrays, body, "tuple[Floats, ...]", extra, returned)

    def _families(self, body: Body, program: Program) -> dict[str, str]:
        """One array for the derivative by each family of several consecutive ranges.

        Parts that are one operation are computed in their place.
        """
        found = {}
        for name in dict.fromkeys(d.name for d in program.derivatives if d.range is not None):
            parts, length = [d for d in program.derivatives if d.name == name], self.given.lengths[name]
            if len(parts) > 1 and _are_consecutive([d.range for d in parts if d.range is not None], length):
                found[name] = body.array(f"{name}_bar", length)
                homes = {d.terms[0]: self._cut(found[name], d) for d in parts if len(d.terms) == 1}
                body.homes |= {op: home for op, home in homes.items() if op.layout and op not in body.homes}
        return found

    def _cut(self, variable: str, part: Derivative) -> str:
        """The part of an array that belongs to a range."""
        assert part.range is not None
        cut = part_of(part.range, self.given.lengths[part.name])
        return f"{variable}[{cut if self.last else f':, {cut}'}]"

    def _fill(self, body: Body, variable: str, parts: Sequence[Derivative]) -> None:
        """Parts that are not in their place yet."""
        for part in parts:
            home = self._cut(variable, part)
            if body.placed.get(part.terms[0]) != home:
                body.assign(f"{home} = ", self._sum(body, part))

    def _sum(self, body: Body, part: Derivative) -> str:
        """The terms of a derivative by entries of a family, with an axis for these."""
        lone = "" if self.last else "[:, None]"
        return " + ".join(body.text(op) + (lone if not op.layout and op.kind != "number" else "") for op in part.terms)

    def _family(self, body: Body, name: str, length: Affine, found: Sequence[Derivative]) -> str:
        """The derivative by a family: one range, or parts added up."""
        if len(found) == 1 and found[0].range is not None and found[0].range.size == length:
            return " + ".join(body.text(op) for op in found[0].terms)
        variable = body.fresh(f"{name}_bar")
        body.lines.append(f"{variable} = np.zeros({f'({length}, rows)' if self.last else f'(rows, {length})'}, kind)")
        for part in found:
            body.assign(f"{self._cut(variable, part)} += ", self._sum(body, part))
        return variable

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
