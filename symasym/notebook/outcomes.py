"""What comes out of an evaluation and of a simulation."""

from __future__ import annotations

from symasym.evaluation.outcome import Evaluation
from symasym.general.route import General
from symasym.notebook.view import Table, View, number, view
from symasym.simulation.findings import Extrapolation, Verdict
from symasym.simulation.procedure import Verification
from symasym.simulation.report import SAID

__all__: list[str] = []


@view.register
def _evaluation(thing: Evaluation) -> View:
    """The law in numbers, or the slope of a misspecified target, with how it was reached."""
    reached = Table(
        (), (("route", thing.route), ("relative distance of the target from the span", f"{thing.residual:.1e}"))
    )
    outside = thing.misspecified
    if outside is not None:
        cells = (("R(w*) - sigma^2", number(outside.excess)), ("variance", number(outside.variance)))
        said = "sqrt(m) (R(w_hat) - R(w*)) is Gaussian in the limit"
        return View("Misspecified target", (said,), (), (Table((), cells), reached))
    found = view(thing.numeric if thing.logistic is None else thing.logistic)
    law = () if thing.law is None else (view(thing.law),)
    return View(found.title, (), found.lines, (*found.tables, reached), (*found.more, *law))


@view.register
def _general(thing: General) -> View:
    return view(thing.law())


@view.register
def _verdict(thing: Verdict) -> View:
    """Every extrapolated constant against the derived one, and the checks."""
    found = [(name.replace("_", " "), value) for name, value in vars(thing).items() if isinstance(value, Extrapolation)]
    constants = tuple((name, *map(number, (e.derived, e.fit.intercept, e.fit.intercept_se, e.z))) for name, e in found)
    checks = tuple((c.name, number(c.value), number(c.bound), SAID[c.holds]) for c in thing.checks)
    tables = [Table(("constant", "derived", "found", "se", "z"), constants)] if constants else []
    tables += [Table(("check", "value", "bound", ""), checks)]
    tables += [Table((), tuple((reason,) for reason in thing.reasons))] if thing.reasons else []
    return View(thing.verdict, (), (), tuple(tables))


@view.register
def _verification(thing: Verification) -> View:
    judged = view(thing.judgement)
    grid = ", ".join(map(str, thing.results.grid))
    run = Table((), (("repetitions at each m", str(thing.reps)), ("m", grid), ("seed", str(thing.seed))))
    return View(f"{thing.model}: {judged.title}", (), (), (run, *judged.tables))
