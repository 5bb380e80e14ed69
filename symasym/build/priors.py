"""Published bounds on a model's interaction beside what is derived in their letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import sympy

from symasym.claims.audit import audit_claim
from symasym.claims.claim import Claim
from symasym.claims.finding import Finding, PartFinding
from symasym.claims.mathtext import prose_tex
from symasym.claims.reading import published, published_names
from symasym.claims.setting import Setting, setting
from symasym.codegen.latex.names import escaped
from symasym.codegen.latex.printer import formula
from symasym.codegen.latex.prior import PriorBound
from symasym.law.special import gathered

__all__ = ["prior_bounds"]

PAPER = "TinatiTu2026"
"""What claim files call [TT26]."""
_CITED = re.compile(r"\[TT26\]")


def prior_bounds(model: str) -> tuple[PriorBound, ...]:
    """Every published claim that is a bound on a mean of the model, audited."""
    return tuple(found for claim in _bounds() if setting(claim.setting).loaded.name == model for found in _found(claim))


@cache
def _bounds() -> tuple[Claim, ...]:
    claims = map(published, published_names())
    return tuple(claim for claim in claims if claim.about == "bound" and claim.setting)


@cache
def _audited(claim_id: str) -> Finding:
    return audit_claim(published(claim_id))


def _found(claim: Claim) -> Iterator[PriorBound]:
    here = setting(claim.setting).defining(claim.definitions)
    for part in _audited(claim.id).parts:
        if part.claimed is not None and part.part.what == "mean":
            yield PriorBound(
                key=claim.source,
                place=_CITED.sub(rf"\\cite{{{PAPER}}}", escaped(claim.place)),
                statement=_capital(claim.statement_latex.strip()),
                coordinates=_coordinates(here),
                bound=part.claimed,
                derived=gathered(part.derived),
                definitions=_definitions(part.claimed, part.derived, here, claim),
                example=_example(part),
                remark=prose_tex(claim.remark),
            )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _coordinates(here: Setting) -> str:
    ranges = ", ".join(
        rf"${formula(r.index)} = {formula(r.first)}, \ldots, {formula(r.last)}$" for r in here.domain.ranges
    )
    assume = ", ".join(f"${formula(relation)}$" for relation in here.aligned.assume)
    return f"{prose_tex(here.summary)}; {ranges}; {assume}."


def _definitions(
    bound: sympy.Basic, derived: sympy.Basic, here: Setting, claim: Claim
) -> tuple[tuple[sympy.Symbol, sympy.Expr], ...]:
    """Letters that the two sides use, with their meaning, the claim's own first; what a meaning uses comes behind it."""
    rows: list[tuple[sympy.Symbol, sympy.Expr]] = []
    waiting = [bound, derived]
    own = [re.match(r"\s*(\w+)\s*=", text)[1] for text in claim.definitions]  # type: ignore[index]
    while waiting:
        expression = waiting.pop(0)
        letters = [s for s in here.scope.letters if expression.has(s) and s not in dict(rows)]
        for symbol in sorted(letters, key=lambda s: (str(s) not in own, str(s))):
            rows.append((symbol, here.scope.letters[symbol]))
            waiting.append(here.scope.letters[symbol])
    return tuple(rows)


def _example(part: PartFinding) -> tuple[str, sympy.Expr, sympy.Expr] | None:
    example = None if part.comparison is None else part.comparison.counterexample
    if example is None:
        return None
    shown = []
    for name, value in example.point.document().items():
        table = value.items() if isinstance(value, dict) else [("", value)]
        for place, number in table:
            symbol = sympy.IndexedBase(name)[sympy.Integer(place)] if place else sympy.Symbol(name)
            shown.append(f"${formula(symbol)} = {formula(sympy.sympify(number))}$")
    return ", ".join(shown), sympy.sympify(example.claimed), sympy.sympify(example.derived)
