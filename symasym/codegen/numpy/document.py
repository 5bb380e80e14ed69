"""The docstring of a kernel: the law in formulas, its arguments, assumptions, references."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import sympy

from symasym.codegen.index.domain import Condition
from symasym.codegen.index.formulas import Formulas, InputRange
from symasym.codegen.index.inputs import Inputs
from symasym.codegen.index.ir import Node
from symasym.codegen.index.relations import Relation
from symasym.codegen.natural import Natural
from symasym.codegen.numpy.formula import formula, formula_lines
from symasym.codegen.numpy.wrap import WIDTH
from symasym.codegen.pencil import Pencil
from symasym.codegen.words.tables import Tables
from symasym.law.law import Law

__all__ = ["docstring"]

INDENT = "    "


def docstring(
    law: Law,
    read: Formulas,
    given: Inputs,
    sizes: Sequence[Relation],
    domain: Sequence[Condition],
    unchecked: Sequence[sympy.Basic],
    source: str,
    references: Sequence[str],
    natural: Natural | None = None,
) -> str:
    """Text of the module's docstring, without the quotes."""
    sections = [
        [f"{law.title}: the limiting law of n (R - sigma^2)."],
        _law_lines(read),
        _argument_lines(read, given, source),
        _natural_lines(natural, source),
        _assumption_lines(law, given, sizes, domain, unchecked),
    ]
    if references:
        sections.append(["References:", *(line for text in references for line in _item(text))])
    text = "\n\n".join("\n".join(lines) for lines in sections)
    return text.replace("\\", "\\\\").replace('"""', "'''")


def _law_lines(read: Formulas) -> list[str]:
    """The law, then what its letters mean."""
    first = read.outside[0].range.index if read.outside else "a"
    lines = [
        f"n (R - sigma^2) -> sigma^2 d_eff + (1/alpha) ||L(Z)||^2,   ||L(Z)||^2 = sum_{first} omega_{first} chi2_1",
        "",
        *_equation("sigma^2", read.noise),
        f"d_eff = {read.d_eff},   rank L = {read.rank}",
    ]
    for item in read.outside:
        lines += _range_lines(item)
    for name, definition in read.definitions:
        lines += _equation(name, definition)
    lines += _equation("lim E m (L(w_hat) - L(w*))", read.excess_loss_mean)
    return [f"{INDENT}{line}".rstrip() for line in lines]


def _range_lines(item: InputRange) -> list[str]:
    over = item.range
    assert item.variance is not None
    return [
        f"omega_{over.index} = g_{over.index} v_{over.index}   for {over}",
        *_equation(f"v_{over.index}", item.variance),
        *_equation(f"g_{over.index}", item.own, "   unless given"),
    ]


def _equation(left: str, right: Node, remark: str = "") -> list[str]:
    head, *rest = formula_lines(right, WIDTH - len(f"{INDENT}{left} = {remark}"))
    lines = [f"{left} = {head}", *(" " * (len(left) + 1) + line for line in rest)]
    return [*lines[:-1], lines[-1] + remark]


def _argument_lines(read: Formulas, given: Inputs, source: str) -> list[str]:
    general = (
        "A downstream covariance that is not diagonal in aligned coordinates is given as `sigma_down`; the weights are "
        "then the eigenvalues of diag(v)^{1/2} S diag(v)^{1/2}, with S its Schur complement on the learned indices "
        f"{', '.join(str(item.range) for item in read.learned)}."
    )
    start = (
        f"Arguments are in aligned coordinates, in which {source} states the model. The last axis of a family is its "
        "index, counted from 1 in the formulas; leading axes are a batch and broadcast:"
    )
    families = [
        f"{family.name}, shape (..., {family.length}): {', '.join(map(str, family.ranges))}"
        for family in given.families
    ]
    if given.scalars:
        families.append(
            f"{', '.join(given.scalars)}, shape (...): {'scalars' if len(given.scalars) > 1 else 'a scalar'}"
        )
    return [*_paragraph(start), *(line for text in families for line in _indented(text)), *_paragraph(general)]


NATURAL = {
    "pair": "T {0} T^T = 1 and T {1} T^T diagonal",
    "own": "T {0} T^T diagonal",
    "loadings": "T {0} diagonal, {0} being turned from the right as well",
    "cross": "T {0} T^T = 1 and T {1} U^T diagonal, U {2} U^T = 1",
}


def _natural_lines(natural: Natural | None, source: str) -> list[str]:
    """How natural parameters are aligned, or why there are none."""
    functions = "`natural_law`, `natural_cumulants` and `natural_value_and_gradient`"
    match natural:
        case Pencil():
            taken = ", ".join([*natural.matrices, natural.target])
            aligned = NATURAL[natural.kind].format(*natural.matrices)
            text = f"{functions} take {taken} as they are and find aligned coordinates z = T x, {aligned}, themselves."
        case Tables():
            text = (
                f"{functions} take {', '.join(natural.arguments)} as they are, also where {source} has no aligned coordinates "
                "for them: they evaluate the forms of the first stage at w* from trace words, which costs the cube of the "
                "number of parameters for each problem."
            )
        case None:
            text = (
                "There are no functions of natural parameters here: the forms are made of more than trace words. "
                "`symasym.evaluate` takes them in any position."
            )
    return _paragraph(text)


def _assumption_lines(
    law: Law, given: Inputs, sizes: Sequence[Relation], domain: Sequence[Condition], unchecked: Sequence[sympy.Basic]
) -> list[str]:
    checked = [relation for relation in sizes if set(relation.names) <= set(given.sizes)]
    other = [*(str(relation) for relation in sizes if relation not in checked), *map(_plain, unchecked)]
    lines = [f"Checked: {', '.join(map(str, checked))}."] if checked else []
    stated = [f"{formula(c.more)} {'>' if c.strict else '>='} {formula(c.less)}" for c in domain]
    lines += _paragraph(
        f"Domain: finite numbers with {', '.join([*stated, 'alpha > 0'])}, no weight negative, a positive definite "
        "`sigma_down`. A problem outside of it has NaN throughout, and so has one in which an intermediate number "
        "overflows or underflows."
    )
    if other:
        lines += _paragraph(f"Assumed and not checked: {', '.join(other)}.")
    return lines + [line for text in law.hypotheses for line in _item(text)]


def _plain(expression: sympy.Basic) -> str:
    """`lam[i] > lam[a]` as `lam_i > lam_a`."""
    labels = {
        e: sympy.Symbol(f"{e.base.label}_{'_'.join(map(str, e.indices))}") for e in expression.atoms(sympy.Indexed)
    }
    sides = [side.xreplace(labels) for side in expression.args]
    return str(expression.func(*sides, evaluate=False))  # nobody asks here whether it is true, which takes long


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=INDENT, subsequent_indent=2 * INDENT)


def _paragraph(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH)


def _item(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="* ", subsequent_indent="  ")
