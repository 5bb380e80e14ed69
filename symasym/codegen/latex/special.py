"""The section on special cases: what the formulas become, by substitution, never typed."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from symasym.codegen.latex.blocks import Row, aligned, dollars
from symasym.codegen.latex.corollary import EXCESS, OMEGA, SIGMA
from symasym.codegen.latex.layout import Layout
from symasym.codegen.latex.printer import formula
from symasym.law.copies import split_by_count
from symasym.law.law import Law, alpha
from symasym.law.special import SpecialCase, degree, equal_entries, one_feature, signed
from symasym.model.scalars import Average
from symasym.pipeline import Derivation

__all__ = ["Case", "Specials", "specials"]


@dataclass(frozen=True)
class Case:
    """One case: a title, what is assumed, and the formulas as a display."""

    title: str
    conditions: str
    display: str


@dataclass(frozen=True)
class Specials:
    """Section on special cases; empty fields where there is nothing to say.

    `large` is the mean for large `alpha` as a display; `few` and `many` are the numbers of dimensions with and without
    pre-training; `target` names the family in which the weights are of the second degree.
    """

    cases: tuple[Case, ...]
    copies: tuple[Case, ...]
    large: str
    few: str
    many: str
    target: str


def target_families(derivation: Derivation) -> tuple[str, ...]:
    """Families of the target's coefficients: those of `theta` that the covariance of the first stage does not have."""
    entries, down = derivation.blocks.entries, derivation.downstream
    learnt = {name for item, value in down.theta.items() for name in _families(entries.show(value, item))}
    pairs = (
        entries.show(v, p.block.first, p.block.second)
        for p in derivation.covariance.pairs
        for v in sum(p.covariance, ())
    )
    diagonals = (entries.show(v, d.block.over) for d in derivation.covariance.diagonals for v in sum(d.covariance, ()))
    found = {name for value in (*pairs, *diagonals) for name in _families(value)}
    return tuple(sorted(learnt - found))


def _families(expression: sympy.Expr) -> set[str]:
    return {str(entry.base.label) for entry in expression.atoms(sympy.Indexed)}


def specials(derivation: Derivation, layout: Layout) -> Specials:
    """Everything that the section prints."""
    law, targets = derivation.law, target_families(derivation)
    found = [("One feature", one_feature(law)), ("Equal entries", equal_entries(law, targets))]
    cases = tuple(_case(title, case, layout) for title, case in found if case is not None)
    counts = sorted({node.args[2] for node in derivation.model.loss.atoms(Average)}, key=str)
    copies = tuple(case for count in counts if (case := _copies(law, count, layout)) is not None)
    squares = [
        family for family in targets if law.weights and all(degree(weight, family) == 2 for weight, _ in law.weights)
    ]
    return Specials(
        cases=cases,
        copies=copies,
        large=aligned(_large(law), layout) if law.outside else "",
        few=dollars(law.d_eff),
        many=dollars(law.d_base),
        target=dollars(*(sympy.IndexedBase(family) for family in squares)),
    )


def _case(title: str, case: SpecialCase, layout: Layout) -> Case:
    rows: list[Row] = [(OMEGA[limits[0]], "=", weight) for weight, limits in case.weights]
    ranges = [_range(*limits) for _, limits in case.weights]
    conditions = [f"${formula(c)}$" for c in case.conditions]
    shown = aligned([*rows, (EXCESS, "=", case.excess_loss_mean)], layout)
    return Case(title, ", ".join([*conditions, *ranges]), shown)


def _range(index: sympy.Symbol, first: sympy.Expr, last: sympy.Expr) -> str:
    return rf"${formula(index)} = {formula(first)}, \ldots, {formula(last)}$"


def _copies(law: Law, count: sympy.Expr, layout: Layout) -> Case | None:
    """What infinitely many copies leave, and what finitely many add."""
    rows: list[Row] = []
    for weight, (index, _, _) in law.weights:
        split = split_by_count(weight, count)
        if split is None:
            return None
        many, more = split
        rows.append((OMEGA[index], "=", sympy.Add(signed(many), signed(more / count))))
    return Case("Copies", f"${formula(count)}$", aligned(rows, layout)) if rows else None


def _large(law: Law) -> list[Row]:
    """Mean of the limit with the crossover in place of the mean interaction."""
    ratio = sympy.Mul(law.rank, sympy.Symbol("alpha0"), 1 / alpha, evaluate=False)
    limit = sympy.Symbol("sigma^2 d_eff + E||L(Z)||^2 / alpha")
    return [(limit, "=", SIGMA * sympy.Add(law.d_eff, ratio, evaluate=False))]
