"""The law as a corollary: limit theorem, weights, moments, crossover, excess loss, assumptions."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from symasym.codegen.latex.blocks import Row, aligned, dollars
from symasym.codegen.latex.layout import Layout
from symasym.codegen.latex.names import symbol
from symasym.codegen.latex.notation import current
from symasym.codegen.latex.printer import formula
from symasym.codegen.latex.prose import prose
from symasym.law.law import IndexRange, Law, downstream_variance

__all__ = [
    "EXCESS",
    "MEAN",
    "OMEGA",
    "SIGMA",
    "VARIANCE",
    "Corollary",
    "corollary",
    "display_rows",
    "is_plain",
    "limit_theorem",
    "names",
]

SIGMA = sympy.Symbol("sigma2", positive=True)
OMEGA = sympy.IndexedBase("omega")
MEAN, VARIANCE = sympy.Symbol("E||L(Z)||^2"), sympy.Symbol("Var||L(Z)||^2")
EXCESS = sympy.Symbol("E h(Z, Z)/2")


@dataclass(frozen=True)
class Corollary:
    """Section on the law: `theorem` is a formula, weights, moments, crossover and excess are displays."""

    theorem: str
    ranges: str
    weights: str
    own_variance: str
    spread: str
    moments: str
    general_moments: str
    crossover: str
    excess: str
    d_eff: str
    d_base: str
    dimension: str
    assumptions: tuple[str, ...]


def limit_theorem(law: Law, mark: str = "") -> str:
    """The limit theorem with the weights by name; `mark` stands before the arrow, for alignment."""
    left = rf"{symbol('n')} \, ({symbol('R')} - {formula(SIGMA)}) {mark}{current().operator('limit')}"
    shift = f"{formula(SIGMA)} {_factor(law.d_eff)}"
    chi = symbol("chi")
    sums = [
        rf"{formula(sympy.Sum(OMEGA[r.index], r.limits))} {chi}^{{2}}_{{1,{formula(r.index)}}}" for r in law.outside
    ]
    if not sums:
        return f"{left} {shift}"
    total = sums[0] if len(sums) == 1 else rf"\biggl( {' + '.join(sums)} \biggr)"
    return rf"{left} {shift} + \frac{{1}}{{{symbol('alpha')}}} {total}"


def _factor(dimension: sympy.Expr) -> str:
    return f"({formula(dimension)})" if isinstance(dimension, sympy.Add) else formula(dimension)


def is_plain(noise: sympy.Expr) -> bool:
    """True if the noise variance is a symbol of the model and needs no definition."""
    return isinstance(noise, sympy.Symbol) and noise.name == SIGMA.name


def _letter(law: Law) -> str:
    """What the variances are called."""
    taken = {*law.families, *law.scalars, *law.dimensions}
    return next((letter for letter in "vuzy" if letter not in taken), "v")


def _spread(item: IndexRange, law: Law, index: sympy.Symbol) -> sympy.Basic:
    """What the variance of a range is called: `v_a`, or `v` where it is the same for all indices."""
    assert item.variance is not None
    letter = _letter(law)
    if item.variance.has(item.index):
        return sympy.IndexedBase(letter)[index]
    return sympy.Symbol(letter if len(law.outside) == 1 else f"{letter}_{item.index}")


def names(law: Law) -> dict[sympy.Basic, sympy.Basic]:
    """What the section on the law gives a name of its own: the variances and a noise that is more than a symbol."""
    table: dict[sympy.Basic, sympy.Basic] = {}
    for r in law.outside:
        assert r.variance is not None
        for index in (r.partner, r.index):
            table[r.variance.xreplace({r.index: index})] = _spread(r, law, index)
    if not is_plain(law.noise):
        table[law.noise] = SIGMA
    return table


def _named(expression: sympy.Expr, law: Law) -> sympy.Expr:
    return expression.xreplace(names(law))


def _definitions(law: Law) -> list[Row]:
    rows: list[Row] = [(symbol, "=", definition) for symbol, definition in law.definitions]
    if not is_plain(law.noise):
        rows.append((SIGMA, "=", law.noise))
    return rows


def display_rows(law: Law) -> list[Row]:
    """The weights in full, and what they are made of."""
    rows: list[Row] = [(OMEGA[limits[0]], "=", weight) for weight, limits in law.weights]
    return rows + _definitions(law)


def _weights(law: Law) -> list[Row]:
    rows: list[Row] = []
    for weight, (index, _, _) in law.weights:
        rows.append((OMEGA[index], "=", _named(weight, law)))
    for r in law.outside:
        assert r.variance is not None
        rows.append((_spread(r, law, r.index), "=", r.variance))
    return rows + _definitions(law)


def _assumptions(law: Law) -> tuple[str, ...]:
    relations = [f"${formula(relation)}$" for relation in (*law.where, *law.assume)]
    found = [f"{', '.join(relations)} for all values of the indices"] if relations else []
    found += [f"${formula(minor)} > 0$, which could not be decided" for minor in law.undecided]
    return (*found, *map(prose, law.hypotheses))


def corollary(law: Law, layout: Layout) -> Corollary:
    """Everything that the section on the law prints."""

    def moments(mean: sympy.Expr, variance: sympy.Expr) -> str:
        return aligned([(MEAN, "=", _named(mean, law)), (VARIANCE, "=", _named(variance, law))], layout)

    ranges = [rf"${formula(r.index)} = {formula(r.first)}, \ldots, {formula(r.last)}$" for r in law.outside]
    own = [rf"${formula(downstream_variance[r.index])} = {formula(r.own)}$" for r in law.outside]
    some = bool(law.outside)
    return Corollary(
        theorem=limit_theorem(law),
        ranges=" and ".join(ranges),
        weights=aligned(_weights(law), layout) if some else "",
        own_variance=" and ".join(own),
        spread=_letter(law),
        moments=moments(law.mean, law.variance) if some else "",
        general_moments=moments(law.general_mean, law.general_variance) if some else "",
        crossover=aligned([(sympy.Symbol("alpha0"), "=", _named(law.alpha0, law))], layout) if some else "",
        excess=aligned([(EXCESS, "=", law.excess_loss_mean)], layout),
        d_eff=dollars(law.d_eff),
        d_base=dollars(law.d_base),
        dimension=dollars(law.quotient_dimension),
        assumptions=_assumptions(law),
    )
