"""A claim against the derivation: every part, every stage, and the verdict."""

from __future__ import annotations

import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.calculus.expectation import Moments
from symasym.claims.claim import Claim, Part, worst
from symasym.claims.compare import compare
from symasym.claims.confirm import confirm
from symasym.claims.finding import Finding, OrderFinding, PartFinding
from symasym.claims.language import parse
from symasym.claims.orders import order_finding
from symasym.claims.place import place
from symasym.claims.quantities import form_entry, quantity
from symasym.claims.scores import score_finding
from symasym.claims.setting import Setting, setting
from symasym.claims.specialise import values_of
from symasym.claims.words import lowered
from symasym.errors import InputError, ShapeError
from symasym.model.scalars import MatrixScalar

__all__ = ["audit_claim"]


def audit_claim(claim: Claim) -> Finding:
    """Derive, compare, confirm; simulation is another matter (`simulate`).

    A claim without a setting states nothing that could be compared. Raises `InputError` where the claim file says what is not
    understood.
    """
    if not claim.setting:
        return Finding(claim, "descriptive", ())
    here = setting(claim.setting).defining(claim.definitions)
    parts = tuple(_part(part, here, claim.about) for part in claim.parts)
    stages = tuple(_part(part, here, "stage") for part in claim.stages)
    repaired = tuple(_part(part, here, "stage") for part in claim.repaired)
    order = None if claim.order is None else order_finding(claim.order, here)
    return Finding(claim, _verdict(claim, parts, order), parts, stages, repaired, order)


def _verdict(claim: Claim, parts: tuple[PartFinding, ...], order: OrderFinding | None) -> str:
    verdicts = [part.verdict for part in parts] + ([order.verdict] if order is not None else [])
    return worst(verdicts) if verdicts else "descriptive"


def _part(part: Part, here: Setting, about: str) -> PartFinding:
    if part.what == "score_form":
        return score_finding(here, part)
    values = values_of(part.where, here.scope)
    domain, letters = values.domain(here.domain), values.letters(here.scope.letters)
    general = quantity(part.what).derived(here, part)
    derived, confirmation = values.simplified(general), confirm(here, part, general)
    try:
        claimed = values.simplified(_claimed(part, here))
    except ShapeError as error:
        message = str(error).removeprefix(f"{here.scope.where}: ")
        return PartFinding(part, None, derived, "ill-typed", None, confirmation, message)
    comparison = compare(claimed, derived, domain, letters)
    verdict = "bound" if about == "bound" else "agrees" if comparison.equal else "differs"
    return PartFinding(
        part, claimed, derived, verdict, comparison, confirmation, _agreement(part, here, claimed, derived)
    )


def _claimed(part: Part, here: Setting) -> sympy.Expr:
    """The source's formula as a scalar expression; forms in `H1`, `H2` at the entry, traces in aligned coordinates."""
    expression = parse(part.claimed, here.scope)
    if isinstance(expression, MatrixExpr):
        shape = tuple(expression.shape)
        if shape != (1, 1):
            raise ShapeError(f"{expression} is a matrix of shape {shape}, a number is expected")
    if here.descriptor is not None and expression.has(*here.tangents):
        if not part.entry:
            raise InputError(f"{part.what}: the formula is a form in H1 and H2, so an entry is expected")
        return form_entry(here, expression, place(part.entry, part.what))
    if expression.has(MatrixScalar):
        entries = here.entries()
        value = entries.trace_sum(lowered(expression, Moments(), here.fixed))
        return here.present(value, entries.definitions)
    return expression


def _agreement(part: Part, here: Setting, claimed: sympy.Expr, derived: sympy.Expr) -> str:
    """Where the two sides are found equal, if the claim file names it; what it names is checked."""
    if not part.agrees_where:
        return ""
    values = values_of(part.agrees_where, here.scope)
    difference = compare(
        values.simplified(claimed),
        values.simplified(derived),
        values.domain(here.domain),
        values.letters(here.scope.letters),
    )
    if not difference.equal:
        raise InputError(f"agrees_where: the two sides differ where {', '.join(part.agrees_where)}")
    return f"equal where {', '.join(part.agrees_where)}"
