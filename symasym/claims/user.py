"""A user's own claim about a law: `symasym.audit(law, claimed)`, and `symasym audit --claim FILE`."""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import sympy

from symasym.api import derive
from symasym.claims.audit import audit_claim
from symasym.claims.claim import Claim, Part, worst
from symasym.claims.compare import Comparison, compare
from symasym.claims.finding import Finding, PartFinding
from symasym.claims.language import Scope, parse
from symasym.claims.points import Domain, Range
from symasym.claims.quantities import LAW, downstream_at, law_quantity
from symasym.claims.reading import claim_of, table_of
from symasym.claims.specialise import values_of
from symasym.claims.sums import normal
from symasym.errors import InputError, ShapeError, SymasymError
from symasym.law.law import Law, alpha, downstream_variance, schur
from symasym.model.displayed import Displayed
from symasym.model.model import Model

__all__ = ["Audit", "audit", "audit_file"]

ALIASES = {"weights": "weight", "risk": "risk_mean", "sigma2": "noise", "excess": "excess_mean"}
KEYS = ("model", "what", "formula", "claimed", "id", "source", "definitions", "where")


@dataclass(frozen=True)
class Audit(Displayed):
    """A user's claims about one law, each with its finding; true where all of them agree."""

    law: Law
    findings: Mapping[str, PartFinding]

    @property
    def verdict(self) -> str:
        """The weightiest of the verdicts."""
        return worst([finding.verdict for finding in self.findings.values()])

    @property
    def agrees(self) -> bool:
        """True if every claim agrees."""
        return self.verdict == "agrees"

    def __bool__(self) -> bool:
        return self.agrees

    def __getitem__(self, what: str) -> PartFinding:
        return self.findings[what]

    def __str__(self) -> str:
        return "\n".join(_line(what, finding) for what, finding in self.findings.items())


def _line(what: str, finding: PartFinding) -> str:
    if finding.comparison is None or finding.comparison.equal:
        return f"{what}: {finding.verdict}{f', {finding.message}' if finding.message else ''}"
    at = finding.comparison.counterexample
    where = "" if at is None else f"; at {at.document()}"
    return f"{what}: {finding.verdict}, claimed - derived = {finding.comparison.difference}{where}"


def audit(
    law: Law | str | PathLike[str] | Model,
    claimed: sympy.Expr | str | Mapping[str, sympy.Expr | str],
    what: str | None = None,
) -> Audit:
    """Compare what is claimed of a law with what is derived: equal, or where not.

    * `law`: a law, or anything that `symasym.derive` takes.
    * `claimed`: an expression in the law's symbols (SymPy, or text such as `"Sum(g[a]*b[i]**2, (i, 1, k))"`), or a
      dictionary of such by `weight`, `mean`, `variance`, `risk_mean`, `noise`, `excess_mean`.
    * `what`: which of these a single expression is; left out, it is `weight` where it leaves an outside index open,
      `risk_mean` where `alpha` stands in it, and `mean` otherwise.

    Symbols go by their names. Where the claim does not mention the downstream variances `g`, those of the
    pre-training data are taken. Equal forms are recognised as identities, or else at random rational points of
    several dimensions. Raises `InputError` for a symbol that the law does not have.
    """
    found = law if isinstance(law, Law) else derive(law)
    table = claimed if isinstance(claimed, Mapping) else {what or _guess(found, claimed): claimed}
    return Audit(found, {str(name): _finding(found, str(name), value, (), ()) for name, value in table.items()})


def _guess(law: Law, claimed: Any) -> str:
    expression = _expression(law, claimed, law_scope(law))
    free = {str(s) for s in expression.free_symbols}
    if free & {str(item.index) for item in law.outside}:
        return "weight"
    return "risk_mean" if str(alpha) in free else "mean"


def _finding(law: Law, what: str, claimed: Any, definitions: tuple[str, ...], where: tuple[str, ...]) -> PartFinding:
    name = ALIASES.get(what, what)
    if name not in LAW:
        raise InputError(f"what: {what} is not a quantity of a law; known are {', '.join(LAW)}")
    scope = law_scope(law).defining(definitions)
    values = values_of(where, scope)
    derived = law_quantity(law, name)
    part = Part(what=name, claimed=str(claimed))
    try:
        expression = _expression(law, claimed, scope)
    except ShapeError as error:
        return PartFinding(part, None, derived, "ill-typed", None, None, str(error))
    if not any(entry.base == downstream_variance for entry in expression.atoms(sympy.Indexed)):
        derived = downstream_at(law, derived, {})
    letters = values.letters({**dict(law.definitions), **scope.letters})
    sides = values.simplified(expression), values.simplified(derived)
    found: Comparison = compare(*sides, values.domain(law_domain(law)), letters)
    return PartFinding(part, normal(sides[0]), normal(sides[1]), "agrees" if found.equal else "differs", found)


# ---- the law's symbols


def law_scope(law: Law) -> Scope:
    """What names mean in a formula about a law."""
    formulas = [*law.formulas(), law.mean, law.general_mean, law.excess_loss_mean, *(e for _, e in law.definitions)]
    symbols = {s for e in formulas for s in e.free_symbols if isinstance(s, sympy.Symbol)}
    bases = {entry.base for e in formulas for entry in e.atoms(sympy.Indexed)} | {downstream_variance, schur}
    families = {str(base.label): base for base in bases}
    names: dict[str, Any] = {s.name: s for s in symbols if s.name not in families}
    names |= {str(s): s for s, _ in law.definitions}
    names |= {str(i): i for item in law.ranges for i in (item.index, item.partner)}
    names |= {s.name: s for item in law.ranges for bound in (item.first, item.last) for s in bound.free_symbols}
    names[str(alpha)] = alpha
    return Scope(names, families, where="claimed")


def law_domain(law: Law) -> Domain:
    """Where a law holds."""
    dimensions = {s for item in law.ranges for bound in (item.first, item.last) for s in bound.free_symbols}
    assume = [r for r in law.assume if isinstance(r, sympy.StrictGreaterThan | sympy.StrictLessThan)]
    positive = [sympy.StrictGreaterThan(minor, 0) for minor in law.undecided if not minor.has(sympy.Sum)]
    return Domain(
        dimensions=tuple(sorted(dimensions, key=str)),
        ranges=tuple(Range(item.index, item.first, item.last, item.partner) for item in law.ranges),
        assume=tuple(r for r in [*assume, *positive] if not isinstance(r, sympy.logic.boolalg.BooleanAtom)),
        where=law.where,
    )


def _expression(law: Law, claimed: Any, scope: Scope) -> sympy.Expr:
    """The claimed expression with the law's own symbols."""
    if isinstance(claimed, str):
        return sympy.sympify(parse(claimed, scope))
    expression = sympy.sympify(claimed)
    if not isinstance(expression, sympy.Expr) or isinstance(expression, sympy.MatrixExpr):
        raise InputError(f"claimed: a {type(claimed).__name__} came; a scalar expression, or text, is expected")
    bound = {index for total in expression.atoms(sympy.Sum) for index in total.variables}
    table: dict[sympy.Basic, sympy.Basic] = {}
    for base in {entry.base for entry in expression.atoms(sympy.Indexed)}:
        table[base.label] = _known(str(base.label), scope.families).label
    labels = set(table)
    for symbol in expression.atoms(sympy.Symbol) - labels:
        if symbol.name in scope.names:
            table[symbol] = scope.names[symbol.name]
        elif symbol not in bound:
            _known(symbol.name, scope.names)
    return expression.xreplace(table)


def _known(name: str, table: Mapping[str, Any]) -> Any:
    if name not in table:
        raise InputError(f"claimed: {name} is not a symbol of the law; known are {', '.join(sorted(table))}")
    return table[name]


# ---- files


def audit_file(path: str | PathLike[str]) -> Finding:
    """A claim in a TOML, JSON or Python file.

    Keys: `model` (a name, a path, in Python also a `Model`), `what` and `formula` (or `claimed`, a table of formulas
    by `what`), in the symbols of the law; further `id`, `source`, `definitions`, `where` (values of families). A
    file with `parts` or `order` is read like the published ones.
    """
    file = Path(path)
    table = _python(file) if file.suffix == ".py" else table_of(file)
    if "parts" in table or "order" in table:
        return audit_claim(claim_of(table, file.stem))
    stray = sorted(set(table) - set(KEYS))
    if stray and file.suffix != ".py":
        raise InputError(f"--claim: {file.name}: the key {stray[0]} is not known; known are {', '.join(KEYS)}")
    return _audit_table(table, file)


def _audit_table(table: Mapping[str, Any], file: Path) -> Finding:
    model = _required(table, "model", file)
    claimed = table.get("claimed") or {_required(table, "what", file): _required(table, "formula", file)}
    if not isinstance(claimed, Mapping):
        raise InputError(
            f"--claim: {file.name}: claimed holds a {type(claimed).__name__}, a table of formulas is expected"
        )
    if isinstance(model, str) and model.endswith(".py") and not Path(model).is_absolute():
        model = str(file.parent / model)
    law = derive(model)
    definitions, where = (_texts(table, key, file) for key in ("definitions", "where"))
    parts = tuple(_finding(law, str(what), value, definitions, where) for what, value in claimed.items())
    name, source = str(table.get("id", file.stem)), str(table.get("source", file.name))
    statement = "; ".join(f"{what} = {value}" for what, value in claimed.items())
    claim = Claim(name, source, "", "law", statement, "", "", tuple(part.part for part in parts))
    return Finding(claim, worst([part.verdict for part in parts]), parts)


def _required(table: Mapping[str, Any], key: str, file: Path) -> Any:
    if key not in table:
        raise InputError(f"--claim: {file.name}: the key {key} is missing; model, what and formula are expected")
    return table[key]


def _texts(table: Mapping[str, Any], key: str, file: Path) -> tuple[str, ...]:
    found = table.get(key, ())
    if not isinstance(found, list | tuple) or not all(isinstance(item, str) for item in found):
        raise InputError(f"--claim: {file.name}: {key} is {found!r}, a list of texts is expected")
    return tuple(found)


def _python(file: Path) -> dict[str, Any]:
    """The variables of a Python file, which is run like a model file."""
    if not file.is_file():
        raise InputError(f"--claim: there is no file {file}")
    try:
        found = runpy.run_path(str(file))
    except SymasymError:
        raise
    except Exception as error:
        raise InputError(f"--claim: {file.name}: {type(error).__name__}: {error}") from error
    return {key: found[key] for key in (*KEYS, "parts", "order") if key in found}
