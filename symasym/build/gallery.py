"""The gallery: one page with the law of every model, made from the derivations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy

from symasym.codegen.latex import formula
from symasym.law.copies import split_by_count
from symasym.law.law import Law
from symasym.model.model import Model
from symasym.model.scalars import Average
from symasym.pipeline import AnyDerivation, Derivation, FamilyDerivation, GeneralDerivation
from symasym.projection.show import show

__all__ = ["Exhibit", "gallery"]

HEAD = r"""# Gallery of laws

Made by `symasym build` from the model files; nothing on this page was typed in. For every model, with $\alpha = m/n$,

$$n\,(R - \sigma^2) \xrightarrow{d} \sigma^2 d_{\mathrm{act}} + \frac{1}{\alpha} \sum_a \omega_a\, \chi^2_1 .$$

Formulas hold for every size, in aligned coordinates: $g_a$ is the variance of coordinate $a$ downstream; for a downstream
covariance that is not diagonal there, the weights are the eigenvalues of $\mathrm{diag}(v)^{1/2} S\, \mathrm{diag}(v)^{1/2}$ with
$v_a = \omega_a / g_a$ and $S$ its Schur complement on the learned span. What the other letters stand for is said in the write-up
(`latex/`) of each model, which also has the derivation; kernels are under `kernels/`, data under `laws/`.

The page has least squares downstream. Logistic regression (`symasym derive MODEL --downstream logistic`) takes the same weights
and one integral over $f_*$, for every model here but those whose features are not linear.

"""


@dataclass(frozen=True)
class Exhibit:
    """A derivation and the one sentence that its file says about it."""

    derivation: AnyDerivation
    summary: str


def gallery(exhibits: Sequence[Exhibit]) -> str:
    """The page, as Markdown with LaTeX formulas."""
    lines = ["| model | law | outside the learned span |", "|---|---|---|", *map(_row, exhibits)]
    return HEAD + "\n".join(lines) + "\n\n" + "\n".join(map(_section, exhibits))


def _row(exhibit: Exhibit) -> str:
    derivation = exhibit.derivation
    if isinstance(derivation, FamilyDerivation):
        return f"| [{derivation.name}](#{derivation.name}) | symbolic forms, integrals of a few dimensions | |"
    anchor = f"[{derivation.name}](#{derivation.name})"
    if isinstance(derivation, GeneralDerivation):
        return f"| {anchor} | symbolic forms, weights by numbers | |"
    law = derivation.law
    return f"| {anchor} | closed form | ${formula(law.rank)}$ weights |"


def _section(exhibit: Exhibit) -> str:
    if isinstance(exhibit.derivation, FamilyDerivation):
        return _family(exhibit.derivation, exhibit.summary)
    derivation, model = exhibit.derivation, exhibit.derivation.model
    lines = [
        f"## {derivation.name}",
        "",
        exhibit.summary or model.title,
        "",
        f"* loss: $\\displaystyle {formula(model.loss)}$",
        f"* features: ${formula(model.features)}$; symmetry: {_symmetry(model)}; quotient of dimension "
        f"${formula(derivation.quotient.dimension)}$",
    ]
    body = _numeric(derivation) if isinstance(derivation, GeneralDerivation) else _closed(derivation)
    return "\n".join([*lines, *body, *_assumed(derivation), ""])


def _symmetry(model: Model) -> str:
    if not model.actions:
        return "none"
    return " and ".join(
        rf"$\mathrm{{{action.group.symbol}}}({formula(action.group.size)})$: "
        + ", ".join(rf"${formula(p)} \mapsto {formula(image)}$" for p, image in action.images.items())
        for action in model.actions
    )


def _numeric(derivation: GeneralDerivation) -> list[str]:
    score, hessian = (len(form.terms) for form in (derivation.forms.score, derivation.forms.hessian))
    return [
        "",
        f"Symbolic: the score form ({score} trace words) and the Hessian form ({hessian}), for every size. Numeric: "
        "$w^\\ast$, the covariance and the weights, for given matrices.",
    ]


def _closed(derivation: Derivation) -> list[str]:
    law = derivation.law
    lines = [
        f"* $d_{{\\mathrm{{eff}}}} = {formula(law.d_eff)}$, $d_{{\\mathrm{{base}}}} = {formula(law.d_base)}${_noise(law)}"
    ]
    for weight, (index, first, last) in law.weights:
        where = f"{formula(index)} = {formula(first)}, \\dots, {formula(last)}"
        lines += ["", f"$$\\omega_{{{formula(index)}}} = {formula(weight)}, \\qquad {where}$$"]
    used = set().union(*(weight.free_symbols for weight, _ in law.weights))
    lines += [f"\n$${formula(symbol)} = {formula(value)}$$" for symbol, value in law.definitions if symbol in used]
    for count in sorted({node.args[2] for node in derivation.model.loss.atoms(Average)}, key=str):
        lines += _copies(law, count)
    return lines


def _noise(law: Law) -> str:
    """The label noise, where the model determines it."""
    return "" if law.noise.is_Symbol else f", $\\sigma^2 = {formula(law.noise)}$"


def _copies(law: Law, count: sympy.Expr) -> list[str]:
    """What a copy is worth: the weights for infinitely many, and what finitely many add."""
    lines = []
    for weight, (index, _, _) in law.weights:
        split = split_by_count(weight, count)
        if split is not None:
            many, more = split
            lines += [
                "",
                f"What a copy is worth: with ${formula(count)}$ of them $\\omega_{{{formula(index)}}}$ is the sum of",
                "",
                f"$${formula(many)} \\quad \\text{{and}} \\quad {formula(1 / count)} \\cdot {formula(more)},$$",
                "",
                "the first being the weight for infinitely many.",
            ]
    return lines


def _family(derivation: FamilyDerivation, summary: str) -> str:
    """A model of a family: its score, and the displaced target on both sides."""
    model = derivation.model
    lines = [
        f"## {derivation.name}",
        "",
        summary or model.title,
        "",
        f"* loss: $\\displaystyle {formula(model.loss)}$",
        *(
            f"* features of a member: ${formula(block.value)}$, coefficients ${formula(block.coefficient)}$"
            for block in model.features
        ),
        f"* symmetry: {model.symmetry}",
        "",
        "Symbolic in the number of members and in the dimension, with $x = \\xi + y$ split at the span of the members: the score",
        "",
        f"$${show(derivation.score, latex=True)}$$",
        "",
        "and the displaced target outside,",
        "",
        f"$${show(derivation.outside, latex=True)}$$",
        "",
        "Numeric: integrals over $\\xi$, weights inside, once each, and outside, once for each dimension there.",
        "",
        "Assumed: " + "; ".join(model.assumptions) + ".",
        "",
    ]
    return "\n".join(lines)


def _assumed(derivation: Derivation | GeneralDerivation) -> list[str]:
    model = derivation.model
    relations = [*model.where, *(model.aligned.assume if model.aligned else ())]
    said = [f"${formula(relation)}$" for relation in relations] + list(model.assumptions)
    if isinstance(derivation, Derivation):
        said += [f"${formula(minor)} > 0$ (could not be decided)" for minor in derivation.law.undecided]
    return ["", "Assumed: " + "; ".join(said) + "."] if said else []
