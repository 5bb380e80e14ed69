"""The law as a corollary: limit theorem, weights, moments, crossover, excess loss, assumptions."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from symasym.codegen.latex.blocks import Row, aligned
from symasym.codegen.latex.layout import Layout
from symasym.codegen.latex.printer import formula
from symasym.codegen.latex.prose import prose
from symasym.law.law import IndexRange, Law, downstream_variance

__all__ = ["Corollary", "corollary", "display_rows", "limit_theorem", "names"]

_SIGMA = sympy.Symbol("sigma2", positive=True)
_OMEGA, _SPREAD = sympy.IndexedBase("omega"), sympy.IndexedBase("v")
_MEAN, _VARIANCE = sympy.Symbol("E||L(Z)||^2"), sympy.Symbol("Var||L(Z)||^2")


@dataclass(frozen=True)
class Corollary:
    """Section on the law; fields that end in `_rows` and `theorem` are bodies of `align*`."""

    theorem: str
    ranges: str
    weight_rows: str
    weight_where: str
    own_variance: str
    moment_rows: str
    general_rows: str
    crossover_rows: str
    excess_rows: str
    excess_where: str
    d_eff: str
    d_base: str
    dimension: str
    assumptions: tuple[str, ...]


def limit_theorem(law: Law) -> str:
    """Right side of the limit theorem, with the weights by name."""
    shift = f"{formula(_noise(law))} {_factor(law.d_eff)}"
    sums = [
        rf"{formula(sympy.Sum(_OMEGA[r.index], r.limits))} \chi^{{2}}_{{1,{formula(r.index)}}}" for r in law.outside
    ]
    if not sums:
        return shift
    total = sums[0] if len(sums) == 1 else rf"\biggl( {' + '.join(sums)} \biggr)"
    return rf"{shift} + \frac{{1}}{{\alpha}} {total}"


def _factor(dimension: sympy.Expr) -> str:
    return f"({formula(dimension)})" if isinstance(dimension, sympy.Add) else formula(dimension)


def _noise(law: Law) -> sympy.Expr:
    return law.noise if isinstance(law.noise, sympy.Symbol) else _SIGMA


def _spread(item: IndexRange, law: Law, index: sympy.Symbol) -> sympy.Basic:
    """What the variance of a range is called: `v_a`, or `v` where it is the same for all indices."""
    assert item.variance is not None
    if item.variance.has(item.index):
        return _SPREAD[index]
    return sympy.Symbol("v" if len(law.outside) == 1 else f"v_{item.index}")


def names(law: Law) -> dict[sympy.Basic, sympy.Basic]:
    """What the section on the law gives a name of its own: the variances and a noise that is more than a symbol."""
    table: dict[sympy.Basic, sympy.Basic] = {}
    for r in law.outside:
        assert r.variance is not None
        for index in (r.partner, r.index):
            table[r.variance.xreplace({r.index: index})] = _spread(r, law, index)
    if not isinstance(law.noise, sympy.Symbol):
        table[law.noise] = _SIGMA
    return table


def _named(expression: sympy.Expr, law: Law) -> sympy.Expr:
    return expression.xreplace(names(law))


def _definitions(law: Law) -> list[Row]:
    rows: list[Row] = [(symbol, "=", definition) for symbol, definition in law.definitions]
    if not isinstance(law.noise, sympy.Symbol):
        rows.append((_SIGMA, "=", law.noise))
    return rows


def display_rows(law: Law) -> list[Row]:
    """The weights in full, and what they are made of."""
    rows: list[Row] = [(_OMEGA[limits[0]], "=", weight) for weight, limits in law.weights]
    return rows + _definitions(law)


def _weights(law: Law) -> list[Row]:
    rows: list[Row] = []
    for weight, (index, _, _) in law.weights:
        rows.append((_OMEGA[index], "=", _named(weight, law)))
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
    weight_rows, weight_where = aligned(_weights(law), layout)
    excess_rows, excess_where = aligned(
        [(sympy.Symbol("m (L(w_hat) - L(w*))"), r"\longrightarrow", law.excess_loss_mean)], layout
    )
    ranges = [
        rf"${formula(r.index)} = {formula(r.first)}, \ldots, {formula(r.last)}$" for r in law.outside
    ]
    own = [rf"${formula(downstream_variance[r.index])} = {formula(r.own)}$" for r in law.outside]
    return Corollary(
        theorem=rf"n \, (R - \sigma^{{2}}) &\xrightarrow{{d}} {limit_theorem(law)}",
        ranges=" and ".join(ranges),
        weight_rows=weight_rows,
        weight_where=weight_where,
        own_variance=" and ".join(own),
        moment_rows=aligned([(_MEAN, "=", _named(law.mean, law)), (_VARIANCE, "=", _named(law.variance, law))], layout)[0],
        general_rows=aligned(
            [(_MEAN, "=", _named(law.general_mean, law)), (_VARIANCE, "=", _named(law.general_variance, law))], layout
        )[0],
        crossover_rows=aligned([(sympy.Symbol("alpha0"), "=", _named(law.alpha0, law))], layout)[0],
        excess_rows=excess_rows,
        excess_where=excess_where,
        d_eff=f"${formula(law.d_eff)}$",
        d_base=f"${formula(law.d_base)}$",
        dimension=f"${formula(law.quotient_dimension)}$",
        assumptions=_assumptions(law),
    )
