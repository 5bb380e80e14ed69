"""Put the law together: from field elements to SymPy sums with symbolic bounds."""

from __future__ import annotations

import sympy
from sympy.polys.fields import FracElement

from symasym.alignment.entries import Entries
from symasym.alignment.ranges import Range
from symasym.asymptotics.covariance import Covariance
from symasym.asymptotics.downstream import Downstream
from symasym.calculus.forms import Forms
from symasym.law.law import IndexRange, Law
from symasym.law.logistic import LogisticLaw
from symasym.model.model import Model
from symasym.symmetry.quotient import Quotient
from symasym.words.lower import lower_scalar
from symasym.words.substitute import substitute_scalar

__all__ = ["assemble", "assemble_logistic"]


def _outside_variance(item: Range, downstream: Downstream, entries: Entries) -> sympy.Expr:
    """`v_a = sum_i theta_i^2 slope^T V slope`."""
    total = sympy.S.Zero
    for leak in downstream.leaks:
        if leak.outside == item:
            summand = entries.show(leak.variance, leak.block.first, leak.block.second)
            total += sympy.Sum(summand, (leak.learned.index, leak.learned.first, leak.learned.last))
    return total


Limits = tuple[sympy.Symbol, sympy.Expr, sympy.Expr]


def excess_loss_mean(covariance: Covariance) -> sympy.Expr:
    """`(1/2) tr(h V)`, the limit mean of `m (L(w_hat) - L(w*))`, over all blocks; sums over the same indices are joined."""
    entries = covariance.entries
    summands: dict[tuple[Limits, ...], tuple[FracElement, Range, Range | None]] = {}

    def add(value: FracElement, first: Range, second: Range | None, *limits: Limits) -> None:
        before = summands[limits][0] if limits in summands else entries.field.zero
        summands[limits] = before + value, first, second

    for pair in covariance.pairs:
        first, second = pair.block.first, pair.block.second
        if first == second:
            inner = (first.partner, first.index + 1, first.last)
        else:
            inner = (second.index, second.first, second.last)
        add(pair.excess, first, second, inner, _limits(first))
    for diagonal in covariance.diagonals:
        add(diagonal.excess, diagonal.block.over, None, _limits(diagonal.block.over))
    for over, value in covariance.coupling_excess.summands.items():
        add(value, over, None, _limits(over))
    sums = [_sum(entries.show(value, *ends) / 2, *limits) for limits, (value, *ends) in summands.items()]
    return sympy.Add(entries.show(covariance.coupling_excess.number) / 2, *sums)


def _limits(item: Range) -> Limits:
    return item.index, item.first, item.last


def _sum(summand: sympy.Expr, *limits: Limits) -> sympy.Expr:
    """A sum, or a product with the number of terms where the summand is constant."""
    if summand == 0:
        return sympy.S.Zero
    if summand.free_symbols & {index for index, _, _ in limits}:
        return sympy.Sum(summand, *limits)
    counted = sympy.Sum(sympy.S.One, *limits).doit()
    return summand * sympy.factor(counted)


def assemble(
    name: str, model: Model, quotient: Quotient, forms: Forms, covariance: Covariance, downstream: Downstream
) -> Law:
    """The law of an aligned model, as a value of its own."""
    assert model.aligned is not None
    entries = covariance.entries
    ranges = []
    for item in sorted((*downstream.learned, *downstream.outside), key=entries.ranges.all.index):
        variance = None if item in downstream.learned else _outside_variance(item, downstream, entries)
        own = entries.show(downstream.pretraining_variance[item], item)
        ranges.append(IndexRange(item.index, item.partner, item.first, item.last, own, variance))
    noise = entries.trace_sum(substitute_scalar(lower_scalar(model.downstream.noise), forms.point))
    excess = excess_loss_mean(covariance)
    return Law(
        name=name,
        title=model.title,
        ranges=tuple(ranges),
        noise=noise,
        rank=downstream.rank,
        excess_loss_mean=excess,
        quotient_dimension=quotient.dimension,
        definitions=(*entries.definitions.items(), *forms.scale_moments.items()),
        where=tuple(model.where),
        assume=(*model.aligned.assume, *forms.scale_conditions),
        undecided=covariance.undecided,
        hypotheses=tuple(model.assumptions),
    )


def assemble_logistic(law: Law, entries: Entries, downstream: Downstream) -> LogisticLaw:
    """The laws of a logistic second stage beside that of least squares: the coefficients of `f*` are all that is new."""
    coefficient = {
        item.index: entries.show(downstream.theta[item] * downstream.feature_entries[item], item)
        for item in downstream.learned
    }
    target = tuple((item, coefficient[item.index]) for item in law.ranges if item.index in coefficient)
    return LogisticLaw(law, target)
