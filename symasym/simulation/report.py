"""A verification as a document (`symasym.verify/1`) and as text."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from symasym.simulation.family_judge import FamilyJudgement
from symasym.simulation.findings import Check, Extrapolation, Judgement, Kolmogorov, Mean, MisspecifiedJudgement
from symasym.simulation.logistic_judge import LogisticJudgement
from symasym.simulation.procedure import Verification

__all__ = ["verification_document", "verification_text"]

ALLOWANCE = "twice the distance from the law of the law stretched by 1 + |slope| / (m * derived)"
SAID = {True: "holds", False: "fails", None: "open"}


def verification_document(run: Verification) -> dict[str, Any]:
    """The document of `symasym verify`, without its schema key."""
    judged = run.judgement
    match judged:
        case MisspecifiedJudgement():
            found = _misspecified(judged)
        case FamilyJudgement():
            found = _family(judged)
        case LogisticJudgement():
            found = _logistic(judged)
        case _:
            found = _interaction(judged)
    return {
        "model": run.model,
        "downstream": "logistic" if isinstance(judged, LogisticJudgement) else "least_squares",
        "input": run.input,
        "seed": run.seed,
        "reps": run.reps,
        "jobs": run.jobs,
        "n": run.results.n,
        **found,
        "checks": [_check(check) for check in judged.checks],
        "verdict": judged.verdict,
        "reasons": judged.reasons,
        "seconds": run.seconds,
    }


def _misspecified(judged: MisspecifiedJudgement) -> dict[str, Any]:
    return {
        "misspecified": {
            "excess": judged.outside.excess,
            "centre": _extrapolation(judged.centre),
            "variance": _extrapolation(judged.variance),
        },
        "kolmogorov": _kolmogorov(judged.kolmogorov),
    }


def _kolmogorov(distance: Kolmogorov) -> dict[str, Any]:
    return {
        "m": distance.m,
        "distance": distance.distance,
        "bound": distance.bound,
        "noise": distance.noise,
        "allowance": distance.allowance,
    }


def _interaction(judged: Judgement) -> dict[str, Any]:
    fit, distance = judged.interaction.fit, judged.kolmogorov
    return {
        "alpha": float(judged.law.alpha),
        "sigma2": float(judged.law.noise),
        "d_eff": judged.law.d_eff,
        "grid": [asdict(point) for point in judged.grid],
        "interaction": {
            **_extrapolation(judged.interaction),
            "slope": fit.slope,
            "slope_se": fit.slope_se,
            "chi2": fit.chi2,
            "degrees_of_freedom": fit.degrees_of_freedom,
            "p": fit.p,
        },
        "variance": _extrapolation(judged.variance),
        **({} if judged.drift is None else {"drift": _extrapolation(judged.drift)}),
        "weights": {
            "derived": sorted((weight for weight in judged.law.weights.tolist() if weight > 0), reverse=True),
            "observed": judged.observed_weights,
            "groups": [{"size": group.size, **_extrapolation(group.sum)} for group in judged.weights],
        },
        "kolmogorov": {**_kolmogorov(distance), "allowance_rule": ALLOWANCE},
        "degrees_of_freedom": _mean(judged.spread),
        "total": {"m": judged.grid[-1].m, **_mean(judged.total)},
    }


def _family(judged: FamilyJudgement) -> dict[str, Any]:
    return {
        "alpha": float(judged.law.alpha),
        "sigma2": float(judged.law.noise),
        "d_eff": judged.law.d_eff,
        "grid": [asdict(point) for point in judged.grid],
        "interaction": _extrapolation(judged.interaction),
        "variance": _extrapolation(judged.variance),
        "kolmogorov": {**_kolmogorov(judged.kolmogorov), "allowance_rule": ALLOWANCE},
        "degrees_of_freedom": _extrapolation(judged.spread),
        "total": _extrapolation(judged.total),
    }


def _logistic(judged: LogisticJudgement) -> dict[str, Any]:
    """Both risks; their Kolmogorov bounds by the same rule as for least squares."""
    document: dict[str, Any] = {
        "alpha": float(judged.law.least_squares.alpha),
        "d_eff": judged.law.least_squares.d_eff,
        "separable": judged.separable,
    }
    for name, found, risk in judged.named:
        document["log_loss" if name == "log-loss" else "zero_one"] = {
            **_extrapolation(found),
            "p": found.fit.p,
            "grid": [asdict(point) for point in risk.grid],
            "kolmogorov": {**_kolmogorov(risk.distance), "allowance_rule": ALLOWANCE},
        }
    return document


def _extrapolation(found: Extrapolation) -> dict[str, float]:
    return {
        "derived": found.derived,
        "intercept": found.fit.intercept,
        "se": found.fit.intercept_se,
        "z": found.z,
    }


def _mean(mean: Mean) -> dict[str, float]:
    return {"mean": mean.mean, "se": mean.se, "expected": mean.expected, "derived": mean.limit, "z": mean.z}


def _check(check: Check) -> dict[str, Any]:
    return {"name": check.name, "value": check.value, "bound": check.bound, "verdict": SAID[check.holds]}


def verification_text(run: Verification) -> str:
    """The same for reading."""
    judged = run.judgement
    match judged:
        case MisspecifiedJudgement():
            lines = _misspecified_lines(judged, run)
        case FamilyJudgement():
            lines = _family_lines(judged, run)
        case LogisticJudgement():
            lines = _logistic_lines(judged, run)
        case _:
            lines = _lines(judged, run)
    ending = [
        "",
        *(_line(check) for check in judged.checks),
        "",
        f"{judged.verdict} after {run.seconds:.1f} s",
        *(f"  {reason}" for reason in judged.reasons),
    ]
    return "\n".join([*lines, *ending])


def _misspecified_lines(judged: MisspecifiedJudgement, run: Verification) -> list[str]:
    distance = judged.kolmogorov
    return [
        f"{run.model}: the procedure against the derived law of a misspecified target, seed {run.seed}, {run.reps} repetitions "
        "at each m",
        f"R(w*) - sigma^2 = {judged.outside.excess:.6g}; judged is sqrt(m) (R(w_hat) - R(w*)), Gaussian in the limit",
        "",
        f"{'extrapolated':>12}  {'derived':>12}  {'found':>12}  {'se':>10}  {'z':>6}",
        _row("mean", judged.centre),
        _row("variance", judged.variance),
        f"Kolmogorov distance at m = {distance.m}: {distance.distance:.4f}, bound {distance.bound:.4f}",
    ]


def _family_lines(judged: FamilyJudgement, run: Verification) -> list[str]:
    distance = judged.kolmogorov
    return [
        f"{run.model}: the procedure against the derived law, seed {run.seed}, {run.reps} repetitions at each m",
        "",
        f"{'m':>12}  {'m ||(I - Pi) f*||^2':>20}  {'se':>10}",
        *(f"{point.m:>12}  {point.mean:>20.6g}  {point.se:>10.3g}" for point in judged.grid),
        "",
        f"{'a in a + b/m':>12}  {'derived':>12}  {'found':>12}  {'se':>10}  {'z':>6}",
        _row("mean", judged.interaction),
        _row("variance", judged.variance),
        _row("label noise", judged.spread),
        _row("total", judged.total),
        f"Kolmogorov distance at m = {distance.m}: {distance.distance:.4f}, bound {distance.bound:.4f}",
    ]


def _logistic_lines(judged: LogisticJudgement, run: Verification) -> list[str]:
    first, second = judged.risks
    sizes = zip(first.grid, second.grid, judged.separable, strict=True)
    return [
        f"{run.model}, logistic downstream: the procedure against the derived laws, seed {run.seed}, {run.reps} repetitions at "
        "each m",
        "n times both excess risks, less a control with mean 0: the score at f* in the learned features",
        "",
        f"{'m':>12}  {'log-loss':>12}  {'se':>10}  {'0-1 error':>12}  {'se':>10}  {'separable':>9}",
        *(f"{a.m:>12}  {a.mean:>12.6g}  {a.se:>10.3g}  {b.mean:>12.6g}  {b.se:>10.3g}  {c:>9}" for a, b, c in sizes),
        "",
        f"{'a in a + b/n':>12}  {'derived':>12}  {'found':>12}  {'se':>10}  {'z':>6}",
        *(_row(name, found) for name, found, _ in judged.named),
        *(
            f"Kolmogorov distance of the {name} at n = {run.results.n}: {risk.distance.distance:.4f}, bound "
            f"{risk.distance.bound:.4f}"
            for name, _, risk in judged.named
        ),
    ]


def _lines(judged: Judgement, run: Verification) -> list[str]:
    fit, distance, total = judged.interaction.fit, judged.kolmogorov, judged.total
    return [
        f"{run.model}: the procedure against the derived law, seed {run.seed}, {run.reps} repetitions at each m",
        "",
        f"{'m':>12}  {'m ||(I - Pi) f*||^2':>20}  {'se':>10}",
        *(f"{point.m:>12}  {point.mean:>20.6g}  {point.se:>10.3g}" for point in judged.grid),
        "",
        f"{'a in a + b/m' if judged.drift is None else 'extrapolated':>12}  {'derived':>12}  {'found':>12}  {'se':>10}  {'z':>6}",
        _row("mean", judged.interaction),
        _row("variance", judged.variance),
        *([] if judged.drift is None else [_row("drift", judged.drift)]),
        *(_row("weight" if g.size == 1 else f"{g.size} weights", g.sum) for g in judged.weights),
        f"b = {fit.slope:.4g} +- {fit.slope_se:.2g} for the mean; deviations from the line: chi2 = {fit.chi2:.2f} on "
        f"{fit.degrees_of_freedom}, p = {fit.p:.2g}",
        "",
        f"n (R - sigma^2) at m = {distance.m}, n = {judged.n}: mean {total.mean:.6g} +- {total.se:.3g}",
        f"the law says {total.expected:.6g} at this m and n, {total.limit:.6g} in the limit",
        f"Kolmogorov distance at m = {distance.m}: {distance.distance:.4f}, bound {distance.bound:.4f} = 1.63/sqrt(reps) + "
        f"{distance.allowance:.4f}",
        f"(the last is {ALLOWANCE})",
    ]


def _row(name: str, found: Extrapolation) -> str:
    fit = found.fit
    return f"{name:>12}  {found.derived:>12.6g}  {fit.intercept:>12.6g}  {fit.intercept_se:>10.3g}  {found.z:>6.2f}"


def _line(check: Check) -> str:
    return f"{SAID[check.holds]:>6}  {check.name:<20}{check.value:>12.4g}  bound {check.bound:.4g}"
