"""A verification as a document (`symasym.verify/1`) and as text."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from symasym.simulation.judge import Check, Mean
from symasym.simulation.procedure import Verification

__all__ = ["verification_document", "verification_text"]

ALLOWANCE = "twice the distance from the law of the law stretched by 1 + |slope| / (m * derived)"
SAID = {True: "holds", False: "fails", None: "open"}


def _mean(mean: Mean) -> dict[str, float]:
    return {"mean": mean.mean, "se": mean.se, "expected": mean.expected, "derived": mean.limit, "z": mean.z}


def _check(check: Check) -> dict[str, Any]:
    return {"name": check.name, "value": check.value, "bound": check.bound, "verdict": SAID[check.holds]}


def verification_document(run: Verification) -> dict[str, Any]:
    """The document of `symasym verify`, without its schema key."""
    judged = run.judgement
    distance = judged.kolmogorov
    return {
        "model": run.model,
        "input": run.input,
        "seed": run.seed,
        "reps": run.reps,
        "jobs": run.jobs,
        "n": judged.n,
        "alpha": float(judged.law.alpha),
        "sigma2": float(judged.law.noise),
        "d_eff": judged.law.d_eff,
        "grid": [asdict(point) for point in judged.grid],
        "interaction": {
            "derived": judged.derived,
            "intercept": judged.fit.intercept,
            "se": judged.fit.intercept_se,
            "z": judged.z,
            "slope": judged.fit.slope,
            "slope_se": judged.fit.slope_se,
            "chi2": judged.fit.chi2,
            "degrees_of_freedom": judged.fit.degrees_of_freedom,
            "p": judged.fit.p,
        },
        "kolmogorov": {
            "m": distance.m,
            "distance": distance.distance,
            "bound": distance.bound,
            "noise": distance.noise,
            "allowance": distance.allowance,
            "allowance_rule": ALLOWANCE,
        },
        "weights": {
            "derived": sorted((w for w in judged.law.weights.tolist() if w > 0), reverse=True),
            "observed": judged.observed_weights,
            "groups": [asdict(group) for group in judged.weights],
        },
        "degrees_of_freedom": _mean(judged.spread),
        "total": {"m": judged.grid[-1].m, **_mean(judged.total)},
        "checks": [_check(check) for check in judged.checks],
        "verdict": judged.verdict,
        "reasons": judged.reasons,
        "seconds": run.seconds,
    }


def verification_text(run: Verification) -> str:
    """The same for reading."""
    judged = run.judgement
    fit, distance = judged.fit, judged.kolmogorov
    lines = [
        f"{run.model}: the procedure against the derived law, seed {run.seed}, {run.reps} repetitions at each m",
        "",
        f"{'m':>10}  {'mean of m ||(I - Pi) f*||^2':>28}  {'se':>10}",
        *(f"{point.m:>10}  {point.mean:>28.6g}  {point.se:>10.3g}" for point in judged.grid),
        f"{'a of a+b/m':>10}  {fit.intercept:>28.6g}  {fit.intercept_se:>10.3g}",
        f"{'derived':>10}  {judged.derived:>28.6g}",
        "",
        f"b = {fit.slope:.4g} +- {fit.slope_se:.2g}; deviations from the line: chi2 = {fit.chi2:.2f} on "
        f"{fit.degrees_of_freedom}, p = {fit.p:.2g}",
        "",
        f"{'weights':>10}  {'derived sum':>12}  {'extrapolated':>12}  {'se':>10}  {'z':>6}",
        *(
            f"{g.size:>10}  {g.derived:>12.6g}  {g.intercept:>12.6g}  {g.se:>10.3g}  {g.z:>6.2f}"
            for g in judged.weights
        ),
        "",
        f"n (R - sigma^2) at m = {distance.m}, n = {judged.n}: mean {judged.total.mean:.6g} +- {judged.total.se:.3g}; "
        f"the law says {judged.total.limit:.6g} in the limit and {judged.total.expected:.6g} at this m and n",
        f"Kolmogorov distance at m = {distance.m}: {distance.distance:.4f}, bound {distance.bound:.4f} = 1.63/sqrt(reps) + "
        f"{distance.allowance:.4f}, the last being {ALLOWANCE}",
        "",
        *(_line(check) for check in judged.checks),
        "",
        f"{judged.verdict} after {run.seconds:.1f} s",
        *(f"  {reason}" for reason in judged.reasons),
    ]
    return "\n".join(lines)


def _line(check: Check) -> str:
    return f"{SAID[check.holds]:>6}  {check.name:<20}{check.value:>12.4g}  bound {check.bound:.4g}"
