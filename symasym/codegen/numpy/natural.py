"""What a kernel does with natural parameters: functions around the change of coordinates, and the slots of their text.

Formulas are put in terms of the eigenvalues `mu` and of the target's coefficients `c` in coordinates with `T M T^T = 1`; the
divided differences of the variances `v_a`, and of the derivative by `c_i^2`, are what gradients by matrices need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from symasym.codegen.index.adjoint import adjoints
from symasym.codegen.index.affine import Affine
from symasym.codegen.index.algebra import ONE, ZERO, add, mul, number, power
from symasym.codegen.index.convert import convert
from symasym.codegen.index.divided import at_index, conjugates_joined, divided, substituted
from symasym.codegen.index.formulas import Formulas
from symasym.codegen.index.inputs import Inputs
from symasym.codegen.index.ir import Entry, Node, Range, Scalar, walk
from symasym.codegen.index.programs import Normal
from symasym.codegen.numpy.dense import Dense
from symasym.codegen.numpy.entry import call, head
from symasym.codegen.numpy.functions import Function
from symasym.codegen.numpy.natural_words import law_call
from symasym.codegen.numpy.public import Group, work_lines
from symasym.codegen.pencil import Pencil
from symasym.errors import NotDerivableYet

__all__ = ["natural_slots"]

MU, COEFFICIENT, HALF = "mu", "c", Fraction(1, 2)


@dataclass(frozen=True)
class _Natural:
    """The formulas of a law in terms of `mu` and `c`; `family` and `coefficient` are those of the law in these terms."""

    pencil: Pencil
    form: Normal
    given: Inputs
    inside: Range
    outside: tuple[tuple[Range, Node], ...]
    noise: Node
    family: Node
    coefficient: Node
    length: Affine

    @property
    def scalars(self) -> tuple[str, ...]:
        """Scalar arguments of the law."""
        return self.given.scalars

    @property
    def sizes(self) -> tuple[str, ...]:
        """Dimensions."""
        return self.given.sizes

    def dense(self, letters: Sequence[str], **known: str) -> Dense:
        """An empty function of `mu` and `c`."""
        lengths = {MU: self.length, COEFFICIENT: self.inside.size} | self.given.lengths
        return Dense(lengths, letters, known)


def _natural(pencil: Pencil, read: Formulas, form: Normal, given: Inputs) -> _Natural:
    if len(read.learned) != 1 or set(given.lengths) != {pencil.family, pencil.coefficient}:
        raise NotDerivableYet("natural parameters: one learned range and no further family are expected")
    inside = form.letters.own(read.learned[0].range)
    entry = Entry(MU, inside.index, inside)
    family = power(entry, HALF) if pencil.kind == "cross" else entry
    scale: Node = ONE
    for index, expression in pencil.scale.items():
        if expression != 1:
            node = convert(sympy.sympify(expression), read.sizes, {index: read.learned[0].range})
            scale = substituted(form.letters.rename(node, {}, [read.learned[0].range]), {pencil.family: family})
    coefficient = mul(Entry(COEFFICIENT, inside.index, inside), scale)
    table = {pencil.family: family, pencil.coefficient: coefficient}
    outside = tuple((over, substituted(conjugates_joined(node), table)) for over, node in form.outside)
    noise = substituted(conjugates_joined(form.noise), table)
    return _Natural(pencil, form, given, inside, outside, noise, family, coefficient, read.length)


def natural_slots(pencil: Pencil, read: Formulas, form: Normal, given: Inputs, core: Group) -> dict[str, Any]:
    """Slots of the functions of natural parameters."""
    natural = _natural(pencil, read, form, given)
    functions = [_to_law(natural), _from_law(natural), _inside(natural), _outside(natural, read)]
    own = {"functions": functions, "kind": pencil.kind, "template": "natural_pencil.py.jinja", "tables": []}
    return _public(natural, read, core) | own


# ---- private functions


def _function(natural: _Natural, name: str, arrays: Sequence[str], text: str, body: Dense, returns: str) -> Function:
    types = dict.fromkeys((*arrays, *natural.scalars), "Floats") | dict.fromkeys(natural.sizes, "int")
    types |= {"rows": "int", "kind": "np.dtype"}
    top = head(name, [f"{argument}: {of}" for argument, of in types.items()], returns)
    return Function(name, tuple(arrays), tuple(types), top, text, tuple(body.lines))


def _to_law(natural: _Natural) -> Function:
    """The families of the law."""
    body, i = natural.dense([natural.inside.index]), natural.inside.index
    length = natural.given.lengths[natural.pencil.family]
    whole = Range(i, Affine(1), length)
    family = body.text(at_index(natural.family, natural.inside, whole), (i,))
    coefficient = body.text(natural.coefficient, (i,))
    first, second = _in_order(natural, family, coefficient)
    body.assign("return ", f"{first}, {second}")
    text = "The families of the law, from eigenvalues and coefficients."
    return _function(natural, "_law_families", (MU, COEFFICIENT), text, body, "tuple[Floats, Floats]")


def _in_order(natural: _Natural, family: str, coefficient: str) -> list[str]:
    by_name = {natural.pencil.family: family, natural.pencil.coefficient: coefficient}
    return [by_name[name] for name in natural.given.lengths]


def _from_law(natural: _Natural) -> Function:
    """Derivatives by eigenvalues, coefficients and scalars from those by families; scalars in the order of the law."""
    i, inside = natural.inside.index, natural.inside
    body = natural.dense([i], mu_bar_=MU)
    seed_family, seed = Entry("family_bar", i, inside), Entry("coefficient_bar", i, inside)
    body.lengths |= {"family_bar": natural.given.lengths[natural.pencil.family], "coefficient_bar": inside.size}
    found = adjoints([(natural.family, seed_family), (natural.coefficient, seed)], natural.form.letters)
    by_mu, by_c = (found.get(Entry(name, i, inside), ZERO) for name in (MU, COEFFICIENT))
    length = natural.given.lengths[natural.pencil.family]
    body.lines.append(f"mu_bar = np.zeros((rows, {natural.length}), kind)")
    if natural.pencil.kind != "cross" and length != inside.size:
        body.lines.append(f"mu_bar[:, :{length}] = family_bar")
    body.assign(f"mu_bar[:, :{inside.size}] = ", body.text(by_mu, (i,)))
    scalars = []
    for name in natural.scalars:
        derivative = found.get(Scalar(name), ZERO)
        scalars.append(body.text(derivative, ()) if derivative != ZERO else "0.0")
    body.assign("return ", ", ".join(["mu_bar", body.text(by_c, (i,)), *scalars]))
    text = "Derivatives by eigenvalues, coefficients and scalars, from those by the families of the law."
    arrays = (MU, COEFFICIENT, "family_bar", "coefficient_bar")
    return _function(natural, "_from_families", arrays, text, body, "tuple[Any, ...]")


def _inside(natural: _Natural) -> Function:
    """`c_i c_j` times the divided difference of the derivative by `c_i^2`."""
    inside = natural.inside
    p, q = inside, Range(f"{inside.index}_", inside.first, inside.last)
    seeds = [(node, Entry(f"v_bar_{over.index}", over.index, over)) for over, node in natural.outside]
    found = adjoints([*seeds, (natural.noise, Scalar("noise_bar"))], natural.form.letters)
    slope: list[Node] = []
    for leaf, adjoint in found.items():
        if isinstance(leaf, Entry) and leaf.family == COEFFICIENT:
            own = Range(leaf.index, inside.first, inside.last)
            at_own = mul(number(HALF), power(Entry(COEFFICIENT, leaf.index, leaf.range), -1))
            slope += [at_index(mul(at_own, term), own, p) for term in _terms(adjoint)]
    by_square = add(*slope)
    if any(
        isinstance(part, Entry) and part.family == COEFFICIENT and part.index == p.index for part in walk(by_square)
    ):
        raise NotDerivableYet(
            "natural parameters: variances that are quadratic in the target's coefficients are expected"
        )
    body = natural.dense([p.index, q.index, *(over.index for over, _ in natural.outside)])
    for over, _ in natural.outside:
        start = natural.form.start[over.index]
        body.known[f"v_bar_{over.index}"] = f"v_bar_{over.index}"
        body.lines.append(f"v_bar_{over.index} = v_bar[:, {start}:{start + over.size}]")
    c = mul(Entry(COEFFICIENT, p.index, p), Entry(COEFFICIENT, q.index, q))
    text = body.text(mul(c, divided(by_square, MU, p, q)), (p.index, q.index))
    body.assign("return ", text)
    arrays = (MU, COEFFICIENT, "v_bar", "noise_bar")
    what = "`H / 2` between learned indices."
    return _function(natural, "_inside_pairs", arrays, what, body, "Floats")


def _terms(node: Node) -> tuple[Node, ...]:
    return getattr(node, "terms", (node,))


def _outside(natural: _Natural, read: Formulas) -> Function:
    """The divided difference of the variances `v_a` between all indices that are not learned."""
    body = natural.dense(
        [letter for over, _ in natural.outside for letter in (over.index, f"{over.index}_")] + [natural.inside.index]
    )
    start = natural.form.start
    total = read.number_outside
    lines = []
    for n, (first, v) in enumerate(natural.outside):
        for second, w in natural.outside[n:]:
            q = Range(f"{second.index}_", second.first, second.last)
            pair = _between(first, v, second, w, q)
            if pair != ZERO:
                text = body.text(pair, (first.index, q.index))
                rows, columns = (f"{start[r.index]}:{start[r.index] + r.size}" for r in (first, second))
                lines.append((f"found[:, {rows}, {columns}] = ", text))
                if first != second:
                    lines.append((f"found[:, {columns}, {rows}] = ", f"np.swapaxes(found[:, {rows}, {columns}], 1, 2)"))
    body.lines.append(f"found = np.zeros((rows, {total}, {total}), kind)")
    for left, text in lines:
        body.assign(left, text)
    body.lines.append("return found")
    text = "Divided differences of `v_a` between indices that are not learned."
    return _function(natural, "_outside_pairs", (MU, COEFFICIENT), text, body, "Floats")


def _between(first: Range, v: Node, second: Range, w: Node, q: Range) -> Node:
    """Of two ranges: `v` at both ends must be one formula, of which `w` may be the value at `mu = 0`."""
    depends, other = (_has_mu(node, over) for node, over in ((v, first), (w, second)))
    if not depends and not other:
        return ZERO
    if not depends or (other and first != second):
        raise NotDerivableYet("natural parameters: variances outside the span are expected to be one formula in mu")
    return divided(v, MU, first, q)


def _has_mu(node: Node, over: Range) -> bool:
    return any(isinstance(part, Entry) and (part.family, part.index) == (MU, over.index) for part in walk(node))


# ---- public functions

SHAPES = {
    "pair": ["({0}, {0})", "({0}, {0})", "({0})"],
    "own": ["({0}, {0})", "({0})"],
    "loadings": ["({0}, {1})", "({1})"],
    "cross": ["({0}, {0})", "({0}, {2})", "({2}, {2})", "({0})"],
}
"""Core dimensions of the matrices and of the target: `d`, `k`, the dimension of the second view."""


def _public(natural: _Natural, read: Formulas, core: Group) -> dict[str, Any]:
    pencil, given = natural.pencil, natural.given
    names = [*pencil.matrices, pencil.target]
    d, k = str(read.length), str(natural.inside.size)
    scalars = list(given.scalars)
    arrays = [*names, *scalars, "alpha"]
    keyword = [] if pencil.kind == "loadings" else [f"{k}: int"]
    parameters = [f"{name}: ArrayLike" for name in (*names, *scalars)] + ["alpha: ArrayLike = 1.0", "*", *keyword]
    options = ["sigma_down: ArrayLike | None = None", "dtype: DTypeLike | None = None"]
    return {
        "names": names,
        "scalars": scalars,
        "others": ", ".join([*scalars, "alpha"]),
        "parameters": [*parameters, *options],
        "cumulant_parameters": [*parameters, "order: int = 4", *options],
        "weights": law_call(arrays, [] if pencil.kind == "loadings" else [k]),
        "gradient_parameters": [*parameters, 'of: str | int | Mapping[str | int, ArrayLike] = "risk_mean"', *options],
        "documentation": _documentation(natural, d, k),
        "prologue": [
            *call("kind = _float_type", ["dtype", *(f"{a}={a}" for a in [*arrays, "sigma_down"])]),
            "_at_most_double(kind)",
            *(f"{name} = np.asarray({name}, kind)" for name in arrays),
            *_sizes(natural, d, k),
            "if sigma_down is not None:",
            "    sigma_down = np.asarray(sigma_down, kind)",
            f'    _square("sigma_down", sigma_down, {d})',
            *call("batch = _batch", _leads(natural, names, scalars)),
        ],
        "rows": _rows(natural, names, scalars),
        "length": d,
        "learned": k,
        "families": ", ".join(given.lengths),
        "law_arguments": ", ".join(
            [*given.lengths, *scalars, "alpha", *(f"{s}={s}" for s in given.keywords), "sigma_down=frame.down"]
        ),
        "variance_arguments": ", ".join(
            [
                *given.lengths,
                *(s for s in scalars if s in core.fields["outside"].arrays),
                *(f"{s}={s}" for s in given.keywords),
            ]
        ),
        "family": pencil.family,
        "coefficient": pencil.coefficient,
        "tail": ", ".join([*scalars, *given.sizes, "rows", "kind"]),
        "gradient_arguments": ", ".join(
            [
                *given.lengths,
                *scalars,
                "alpha",
                *(f"{s}={s}" for s in given.keywords),
                "of=asked, sigma_down=frame.down",
            ]
        ),
        "private": [
            *_work(core, given),
            *_private("label_noise", core, "noise"),
            *(_private("own", core, "own") if "own" in core.fields else ["own = np.ones((1, 1), kind)"]),
        ],
        "project": pencil.kind != "loadings",
        "is_cross": pencil.kind == "cross",
        "correlations": pencil.correlations,
        "shared": str(natural.given.lengths[pencil.family]),
        "gradient_fields": [*names, *scalars, "alpha"],
    }


def _work(core: Group, given: Inputs) -> list[str]:
    """The workspace of these functions."""
    return work_lines(
        given, core, ["noise", *(["own"] if "own" in core.fields else [])], Affine(1), "", "rows", "False"
    )


def _private(variable: str, core: Group, name: str) -> list[str]:
    """Lines that call a private function of the kernel, in the layout with the batch first."""
    function = core.tables[-1][1][name]
    return call(f"{variable} = {function.name}", function.parameters, 3)


def _sizes(natural: _Natural, d: str, k: str) -> list[str]:
    kind, matrices, target = natural.pencil.kind, natural.pencil.matrices, natural.pencil.target
    if kind == "loadings":
        (name,) = matrices
        lines = [f'{d}, {k} = _loadings_shape("{name}", {name})']
    else:
        lines = [f'{d} = _square("{matrices[0]}", {matrices[0]})']
    if kind == "pair":
        lines.append(f'_square("{matrices[1]}", {matrices[1]}, {d})')
    most = f"{d} - 1"
    if kind == "cross":
        second = "views"
        lines.append(f'{second} = _square("{matrices[2]}", {matrices[2]})')
        lines.append(f'_check_core("{matrices[1]}", {matrices[1]}, ({d}, {second}), f"(..., {{{d}}}, {{{second}}})")')
        most = f"min({d} - 1, {second})"
    if kind != "loadings":
        lines.append(f'{k} = _below("{k}", {k}, {most})')
    size = k if kind == "loadings" else d
    lines.append(f'_check_core("{target}", {target}, ({size},), f"(..., {{{size}}})")')
    for name in natural.sizes:
        if name not in (d, k):
            if kind != "cross":
                raise NotDerivableYet(f"natural parameters: the dimension {name} is not known")
            length = natural.given.lengths[natural.pencil.family]
            lines.append(f"{name} = " + (f"min({d}, views)" if str(length) == name else "views"))
    return lines


def _leads(natural: _Natural, names: Sequence[str], scalars: Sequence[str]) -> list[str]:
    leads = [f"{name}={name}.shape[:-2]" for name in natural.pencil.matrices]
    leads.append(f"{natural.pencil.target}={natural.pencil.target}.shape[:-1]")
    leads += [f"{name}={name}.shape" for name in (*scalars, "alpha")]
    return [*leads, "sigma_down=() if sigma_down is None else sigma_down.shape[:-2]"]


def _rows(natural: _Natural, names: Sequence[str], scalars: Sequence[str]) -> list[str]:
    rows = [f"_rows({name}, 2, batch)" for name in natural.pencil.matrices]
    rows.append(f"_rows({natural.pencil.target}, 1, batch)")
    rows += [f"_rows({name}, 0, batch)" for name in (*scalars, "alpha")]
    return [*rows, "_rows(sigma_down, 2, batch)"]


def _documentation(natural: _Natural, d: str, k: str) -> list[str]:
    pencil = natural.pencil
    names = [*pencil.matrices, pencil.target]
    shapes = [shape.format(d, k, "p") for shape in SHAPES[pencil.kind]]
    lines = [f"* `{name}`: shape (..., {shape[1:]}." for name, shape in zip(names, shapes, strict=True)]
    lines = [line.replace(")..", ").") for line in lines]
    lines += [f"* `{name}`: shape (...)." for name in natural.scalars]
    return lines
