"""From the covariance of the first stage to the law: excess loss, downstream map, weights."""

from __future__ import annotations

import sympy

from symasym.alignment.entries import Entries
from symasym.asymptotics.downstream import Downstream
from symasym.law.law import Law
from symasym.steps.blocks import coordinates, second
from symasym.steps.step import Line, Step

__all__ = ["downstream_step", "excess_step", "law_step"]


_VARIANCE = (
    "variance of a component outside the learned span, the sum over {0} of theta[{0}]^2 c V c^T, V the block of {1}"
)


def excess_step(law: Law) -> Step:
    """Mean of the excess loss of pre-training."""
    lines = (Line(sympy.Symbol("E h(Z, Z)/2"), law.excess_loss_mean, "mean of the limit of m (L(w_hat) - L(w*))"),)
    return Step("Excess pre-training loss", "(1/2) tr(h V), block by block", lines)


def downstream_step(downstream: Downstream, entries: Entries) -> Step:
    """How a displacement of the first stage leaves the span of the features."""
    lines = []
    for item in downstream.learned:
        lines.append(
            Line(None, entries.show(downstream.feature_entries[item], item), f"entry of Phi(w*) at {item.index}")
        )
        lines.append(
            Line(
                sympy.Indexed("theta", item.index),
                entries.show(downstream.theta[item], item),
                f"coefficient of f* on the feature {item.index}",
            )
        )
    for leak in downstream.leaks:
        block = leak.block
        names = coordinates(block.coordinates, block.first.index, second(block))
        slopes = [entries.show(value, block.first, block.second) for value in leak.slope]
        slope = slopes[0] if len(slopes) == 1 else sympy.Tuple(*slopes)
        place = f"({leak.learned.index}, {leak.outside.index})"
        lines.append(Line(sympy.Symbol("c"), slope, f"coefficients of {names} in the entry of DPhi[V] at {place}"))
        variance = entries.show(leak.variance, block.first, block.second)
        summed = sympy.Sum(variance, (leak.learned.index, leak.learned.first, leak.learned.last))
        lines.append(Line(sympy.Indexed("v", leak.outside.index), summed, _VARIANCE.format(leak.learned.index, place)))
    rule = (
        "psi(x, w) = Phi(w) x, f* = theta^T Phi(w*) x, L(v) = -(I - Pi) DPhi[v]^T theta: rotation inside the span of the "
        "features drops out, rotation of the span does not; the components of L(Z) are independent"
    )
    return Step("Downstream map", rule, tuple(lines))


def law_step(law: Law) -> Step:
    """Weights, moments, dimensions, crossover."""
    lines = []
    for weight, (index, first, last) in law.weights:
        note = f"weight, {index} = {first}..{last}, for a diagonal downstream covariance with entries g"
        lines.append(Line(sympy.Indexed("omega", index), weight, note))
    lines += [
        Line(sympy.Symbol("E||L||^2"), law.mean, "diagonal downstream covariance"),
        Line(sympy.Symbol("E||L||^2"), law.general_mean, "general: S is the Schur complement on the learned span"),
        Line(sympy.Symbol("Var||L||^2"), law.general_variance, "general downstream covariance"),
        Line(sympy.Symbol("sigma^2"), law.noise, "label noise"),
        Line(sympy.Symbol("d_eff"), law.d_eff, "rank of the features"),
        Line(sympy.Symbol("d_base"), law.d_base, "effective dimension without pre-training"),
        Line(sympy.Symbol("alpha0"), law.alpha0, "crossover"),
    ]
    lines += [Line(None, None, f"assumed: {words}") for words in law.hypotheses]
    rule = "n (R - sigma^2) -> sigma^2 d_eff + (1/alpha) sum_a omega_a chi2_1, alpha = m/n"
    return Step("Law", rule, tuple(lines))
