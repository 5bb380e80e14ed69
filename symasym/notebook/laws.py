"""Laws, symbolic and in numbers."""

from __future__ import annotations

import numpy as np
import sympy

from symasym.codegen.latex.corollary import SIGMA, display_rows, limit_theorem
from symasym.codegen.latex.printer import formula
from symasym.law.distinct import distinct_weights
from symasym.law.law import Law
from symasym.law.logistic import LogisticLaw
from symasym.law.numeric import NumericLaw
from symasym.law.numeric_logistic import NumericLogistic
from symasym.notebook.view import Display, Shown, Table, View, number, of_step, view
from symasym.steps import Line
from symasym.steps.law import law_step

__all__: list[str] = []

FEW = 6
"""Weights that a limit is written out with."""
QUANTILES = (0.05, 0.5, 0.95)
_SQUARED, _LOG_LOSS = r"n \, (R - \sigma^{2})", r"n \, (R - R^{\ast})"
_TO = r"\xrightarrow{d}"


@view.register
def _law(thing: Law) -> View:
    """The theorem, the weights and what they are made of; moments and assumptions folded away."""
    theorem = Display(limit_theorem(thing), "limit, alpha = m/n")
    lines: tuple[Shown, ...] = (theorem, *_weight_lines(thing))
    sizes = (
        Line(sympy.Symbol("d_eff"), thing.d_eff, "rank of the features"),
        Line(sympy.Symbol("d_base"), thing.d_base, "without pre-training"),
        Line(sympy.Symbol("alpha0"), thing.alpha0, "crossover"),
    )
    more = (of_step(law_step(thing), "moments and assumptions"), View("where", (), _relations(thing)))
    return View(thing.title or thing.name, (), (*lines, *sizes), (), more)


def _weight_lines(law: Law) -> tuple[Line, ...]:
    """The weights with their ranges, and what they are made of."""
    ranges = {sympy.IndexedBase("omega")[item.index]: item for item in law.outside}
    notes = {left: f"weight, {r.index} = {r.first}..{r.last}" for left, r in ranges.items()}
    return tuple(Line(left, right, notes.get(left, "")) for left, _, right in display_rows(law) if left is not None)


def _relations(law: Law) -> tuple[Line, ...]:
    return tuple(Line(None, relation) for relation in (*law.where, *law.assume))


@view.register
def _logistic(thing: LogisticLaw) -> View:
    law = thing.least_squares
    second = formula(law.d_eff - 1)
    omega = " + ".join(
        rf"{formula(sympy.Sum(sympy.IndexedBase('omega')[r.index], r.limits))} \chi^{{2}}_{{1,{formula(r.index)}}}"
        for r in law.outside
    )
    log_loss = (
        rf"{_LOG_LOSS} {_TO} \frac{{1}}{{2}} \chi^{{2}}_{{{formula(law.d_eff)}}} + \frac{{J}}{{2 \alpha}} "
        rf"\Bigl( {omega} \Bigr)"
    )
    zero_one = (
        rf"n \, (R_{{01}} - R_{{01}}^{{\ast}}) {_TO} \frac{{q_{{f}}}}{{4}} \Bigl( \frac{{1}}{{J}} \chi^{{2}}_{{{second}}} "
        rf"+ \frac{{1}}{{\alpha}} \Bigl( {omega} \Bigr) \Bigr)"
    )
    lines: tuple[Shown, ...] = (
        Display(log_loss, "log-loss, alpha = m/n"),
        Display(zero_one, "zero-one error"),
        *(line for line in _weight_lines(law) if line.left != SIGMA),
        *(Line(symbol, meaning) for symbol, meaning in thing.definitions),
        Line(sympy.Symbol("alpha0"), thing.alpha0, "crossover, of both"),
    )
    return View(f"{law.title or law.name}, logistic downstream", (), lines, (), (View("where", (), _relations(law)),))


# ---- numbers


@view.register
def _numeric(thing: NumericLaw) -> View:
    return _of_numbers(thing, "Limit law in numbers", _SQUARED)


def _of_numbers(law: NumericLaw, title: str, risk: str) -> View:
    shape = np.broadcast_shapes(np.shape(law.noise), np.shape(law.alpha), law.weights.shape[:-1])
    if shape:
        return View(
            title, (f"a batch of {' x '.join(map(str, shape))} laws with {law.weights.shape[-1]} weights each",)
        )
    heights, counts = distinct_weights(law)
    rows = [("sigma^2", law.noise), ("alpha", law.alpha), ("d_eff", law.d_eff), ("d_base", law.d_base)]
    rows += [("mean", law.mean), ("variance", law.var), ("alpha0", _crossover(law))]
    rows += [(f"{100 * p:g} %", law.ppf(np.asarray(p))) for p in QUANTILES]
    weights = tuple((number(w), str(c)) for w, c in zip(heights, counts, strict=True))
    main = Table((), tuple((name, number(value)) for name, value in rows))
    folded = (
        (View(f"{int(counts.sum())} weights", (), (), (Table(("weight", "times"), weights),)),) if len(weights) else ()
    )
    return View(title, (), (Display(rf"{risk} {_TO} {_limit(law, heights, counts)}"),), (main,), folded)


def _crossover(law: NumericLaw) -> object:
    with np.errstate(divide="ignore", invalid="ignore"):
        return law.crossover


def _limit(law: NumericLaw, heights: np.ndarray, counts: np.ndarray) -> str:
    """The limit with its largest weights."""
    noise = _tex(law.noise)
    front = rf"{noise} \cdot {law.d_act}" if law.averaged else rf"{noise} \, \chi^{{2}}_{{{law.d_act}}}"
    offset = [_tex(law.offset)] if float(law.offset) else []
    terms = offset + [rf"{_tex(w)} \, {_chi(c, law.central)}" for w, c in zip(heights[:FEW], counts, strict=False)]
    terms += [r"\cdots"] if len(heights) > FEW else []
    if not terms:
        return front
    share = "" if law.alpha == 1 else rf"\frac{{1}}{{{_tex(law.alpha)}}} "
    return rf"{front} + {share}\Bigl( {' + '.join(terms)} \Bigr)"


def _chi(count: int, central: bool) -> str:
    return rf"\chi^{{2}}_{{{count}}}" if central else rf"\chi^{{\prime \, 2}}_{{{count}}}"


def _tex(value: object) -> str:
    """Five digits, powers of ten written out."""
    digits, _, power = f"{float(value):.5g}".partition("e")  # type: ignore[arg-type]
    return rf"{digits} \cdot 10^{{{int(power)}}}" if power else digits


@view.register
def _numeric_logistic(thing: NumericLogistic) -> View:
    risks = (
        _of_numbers(thing.log_loss.unconditional(), "log-loss", _LOG_LOSS),
        _of_numbers(thing.zero_one, "zero-one error", r"n \, (R_{01} - R_{01}^{\ast})"),
    )
    lines = tuple(Display(item.tex, risk.title) for risk in risks for item in risk.lines if isinstance(item, Display))
    return View("Logistic laws in numbers", (), lines, (), risks)
