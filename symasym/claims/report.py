"""Findings as JSON (schema `symasym.audit/1`) and as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from symasym.claims.finding import Confirmation, Finding, OrderFinding, PartFinding, Simulated
from symasym.codegen.latex.printer import formula

__all__ = ["audit_document", "audit_text", "failed", "note", "source_of", "title_of"]

FAILING = ("differs", "ill-typed")


def failed(findings: Sequence[Finding]) -> bool:
    """True if one of the verdicts is `differs` or `ill-typed`."""
    return any(finding.verdict in FAILING for finding in findings)


def source_of(finding: Finding) -> str:
    """The source with the place in it."""
    claim = finding.claim
    return f"{claim.source}, {claim.place}" if claim.place else claim.source


def title_of(part: PartFinding) -> str:
    """What a part is called, in plain text."""
    return _plain(part.part.title or part.part.what)


def _plain(text: str) -> str:
    """Prose without the backquotes round its formulas."""
    return " ".join(text.replace("`", "").split())


# ---- JSON


def audit_document(findings: Sequence[Finding]) -> dict[str, Any]:
    """The document without its schema key."""
    return {"claims": [_entry(finding) for finding in findings]}


def _entry(finding: Finding) -> dict[str, Any]:
    deciding = finding.deciding
    comparison = None if deciding is None else deciding.comparison
    differs = comparison is not None and not comparison.equal
    return {
        "id": finding.claim.id,
        "source": source_of(finding),
        "verdict": finding.verdict,
        "difference": formula(comparison.difference) if differs and comparison is not None else None,
        "counterexample": _counterexample(finding),
        "simulation": _simulation(finding.simulation),
        "note": note(finding),
        "about": finding.claim.about,
        "statement": finding.claim.statement,
        "parts": [_part(part) for part in finding.parts],
        "stages": [_part(part) for part in finding.stages],
        "repaired": [_part(part) for part in finding.repaired],
        "order": None if finding.order is None else _order(finding.order),
    }


def _counterexample(finding: Finding) -> dict[str, Any] | None:
    if finding.order is not None and finding.verdict in (*FAILING, "conditional"):
        path = max((p for p in finding.order.paths if not p.bounded), key=lambda p: p.to_claimed[-1])
        return {"path": path.name, path.vary: path.values[-1], "derived / claimed order": path.to_claimed[-1]}
    part = finding.deciding
    if (
        part is None
        or finding.verdict not in FAILING
        or part.comparison is None
        or part.comparison.counterexample is None
    ):
        return None
    return part.comparison.counterexample.document()


def _simulation(found: Simulated | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "quantity": found.quantity,
        "mean": found.mean,
        "se": found.se,
        "z_claimed": found.z_claimed,
        "z_derived": found.z_derived,
        "claimed": found.claimed,
        "derived": found.derived,
        "seed": found.seed,
        "date": found.date,
        "how": found.how,
    }


def _part(part: PartFinding) -> dict[str, Any]:
    comparison = part.comparison
    example = None if comparison is None else comparison.counterexample
    return {
        "title": title_of(part),
        "what": part.part.what,
        "verdict": part.verdict,
        "claimed": None if part.claimed is None else _latex(part.claimed),
        "derived": _latex(part.derived),
        "difference": None if comparison is None or comparison.equal else _latex(comparison.difference),
        "claimed over derived": formula(part.claimed / part.derived)
        if part.verdict == "bound" and part.claimed is not None
        else None,
        "proof": None if comparison is None else comparison.how,
        "counterexample": None if example is None else example.document(),
        "confirmation": None if part.confirmation is None else _confirmation(part.confirmation),
        "note": part.message or None,
    }


def _latex(expression: sympy.Basic) -> str:
    return formula(expression)


def _confirmation(found: Confirmation) -> dict[str, Any]:
    return {
        "route": found.route,
        "at": dict(found.at),
        "derived": found.derived,
        "confirmed": found.confirmed,
        "holds": found.holds,
    }


def _order(found: OrderFinding) -> dict[str, Any]:
    return {
        "claimed": formula(found.claimed),
        "derived": formula(found.derived),
        "condition": found.condition,
        "paths": [
            {
                "name": path.name,
                path.vary: list(path.values),
                "derived": list(path.derived),
                "derived / claimed order": list(path.to_claimed),
                "derived / derived order": list(path.to_derived),
                "bounded": path.bounded,
            }
            for path in found.paths
        ],
    }


# ---- in words


def note(finding: Finding) -> str:
    """The verdict in one or two sentences."""
    words = [_verdict_words(finding)]
    if finding.claim.remark:
        words.append(_plain(finding.claim.remark))
    return " ".join(filter(None, words))


def _verdict_words(finding: Finding) -> str:
    if finding.order is not None:
        unbounded = [path.name for path in finding.order.paths if not path.bounded]
        if not unbounded:
            return "The ratio of the derived quantity to the claimed order is bounded along every path."
        condition = (
            f" Right under the condition: {finding.order.condition}." if finding.verdict == "conditional" else ""
        )
        return f"The ratio of the derived quantity to the claimed order grows along: {'; '.join(unbounded)}.{condition}"
    by_verdict = {v: [title_of(p) for p in finding.parts if p.verdict == v] for v in ("ill-typed", "differs", "agrees")}
    words = [f"Ill-typed: {p.message}." for p in finding.parts if p.verdict == "ill-typed"]
    words += [f"Agrees {title_of(p)}." for p in finding.repaired if p.verdict == "agrees"]
    if by_verdict["differs"]:
        words.append(f"Differs in: {'; '.join(by_verdict['differs'])}.")
        if by_verdict["agrees"]:
            words.append(f"Agrees in: {'; '.join(by_verdict['agrees'])}.")
    words += [f"The two sides are {p.message}." for p in finding.parts if p.verdict == "differs" and p.message][:1]
    words += [_factor(p) for p in finding.parts if p.verdict == "bound"]
    if finding.verdict == "agrees":
        words.append(_grounds(finding))
    return " ".join(words)


def _grounds(finding: Finding) -> str:
    """What an agreement rests on."""
    identities = all(part.comparison is not None and part.comparison.how == "identity" for part in finding.parts)
    return (
        "Agrees as an identity, for symbolic dimensions."
        if identities
        else "Agrees at random rational points of several dimensions."
    )


def _factor(part: PartFinding) -> str:
    """A bound by its factor at the smallest point."""
    example = None if part.comparison is None else part.comparison.counterexample
    if example is None:
        return "The bound equals the derived value."
    ratio = sympy.nsimplify(example.claimed / example.derived)
    point = _shown(example.point.document())
    return (
        f"The bound is {example.claimed} where the derived mean is {example.derived}, a factor of {ratio}, at {point}."
    )


def _shown(point: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} = {value if not isinstance(value, dict) else '(' + ', '.join(value.values()) + ')'}"
        for name, value in point.items()
    )


def audit_text(findings: Sequence[Finding]) -> str:
    """One paragraph for each claim."""
    return "\n\n".join(_paragraph(finding) for finding in findings)


def _paragraph(finding: Finding) -> str:
    lines = [f"{finding.claim.id}: {finding.verdict}", f"  source: {source_of(finding)}", f"  {note(finding)}"]
    for part in finding.parts:
        lines.append(f"  {title_of(part)}: {part.verdict}")
        if part.claimed is not None and part.verdict != "agrees":
            lines.append(f"    claimed  {part.claimed}")
        lines.append(f"    derived  {part.derived}")
        if part.comparison is not None and part.comparison.counterexample is not None:
            example = part.comparison.counterexample
            lines.append(
                f"    at {_shown(example.point.document())}: claimed {example.claimed}, derived {example.derived}"
            )
        if part.confirmation is not None:
            word = "confirmed" if part.confirmation.holds else "NOT confirmed"
            lines.append(f"    {word} by {part.confirmation.route}: {part.confirmation.confirmed}")
    if finding.order is not None:
        lines += [f"  derived order {finding.order.derived}, claimed {finding.order.claimed}"]
        lines += [
            f"    {path.name}: ratio {path.to_claimed[0]:.3g} .. {path.to_claimed[-1]:.3g}"
            for path in finding.order.paths
        ]
    if finding.simulation is not None:
        s = finding.simulation
        against = "" if s.z_claimed is None else f", claimed {s.claimed:.5g} (z = {s.z_claimed:+.1f})"
        lines.append(
            f"  simulation: {s.quantity}: {s.mean:.5g} +- {s.se:.2g}; derived {s.derived:.5g} (z = {s.z_derived:+.1f}){against}; "
            f"seed {s.seed}, {s.date}"
        )
    return "\n".join(lines)
