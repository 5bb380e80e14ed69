"""A law as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import sympy

if TYPE_CHECKING:
    from symasym.law.law import Law

__all__ = ["law_text"]

Formula = TypeVar("Formula", bound=sympy.Basic)
DOWNSTREAM = ("g", "S")
"""The letters of the downstream covariance."""


def law_text(law: Law) -> str:
    """The law in a few lines: the limit theorem, the weights, what the letters stand for, what is assumed.

    Where a scalar or dimension of the model is called `g` or `S`, the downstream covariance is written `g_down`, `S_down`.
    """
    taken = {*law.scalars, *law.dimensions}
    letters = {name: f"{name}_down" if name in taken else name for name in DOWNSTREAM}
    bases = {_family(name): _family(letter) for name, letter in letters.items()}

    def shown(formula: Formula) -> Formula:
        return formula.xreplace(bases)

    g, S = letters.values()
    ranges = ", ".join(f"{r.index} = {r.first}..{r.last}{'' if not r.learned else ' (learned)'}" for r in law.ranges)
    lines = [
        f"{law.title or law.name}",
        f"  n (R - sigma^2) -> sigma^2 d_eff + (1/alpha) ||L(Z)||^2,   alpha = m/n,   {ranges}",
        "  ||L(Z)||^2 = sum of omega chi2_1 over the indices outside the learned span",
    ]
    for weight, (index, _, _) in law.weights:
        lines.append(f"  omega[{index}] = {shown(weight)}")
    for symbol, definition in law.definitions:
        lines.append(f"  {symbol} = {definition}")
    lines += [
        f"  E||L(Z)||^2 = {shown(law.mean)}   for a diagonal downstream covariance",
        f"  E||L(Z)||^2 = {shown(law.general_mean)}   for any downstream covariance",
        f"  sigma^2 = {law.noise}",
        f"  d_eff = {law.d_eff}, d_base = {law.d_base}, alpha0 = E||L(Z)||^2 / (sigma^2 (d_base - d_eff))",
        f"  m (L(w_hat) - L(w*)) has limit mean {law.excess_loss_mean}",
        f"  dimension of the quotient: {law.quotient_dimension}",
        f"  {g}: diagonal of the downstream covariance in aligned coordinates; {S}: its Schur complement on the learned span,",
        f"  the weights then being the eigenvalues of diag(v)^(1/2) {S} diag(v)^(1/2) with v = omega/{g}",
        f"  where {', '.join(map(str, (*law.where, *law.assume)))}",
    ]
    lines += [f"  assumed positive, not decided: {minor}" for minor in law.undecided]
    lines += [f"  assumed: {words}" for words in law.hypotheses]
    return "\n".join(lines)


def _family(name: str) -> sympy.IndexedBase:
    return sympy.IndexedBase(sympy.Symbol(name, real=True))
