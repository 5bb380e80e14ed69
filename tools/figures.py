"""Make the pictures of the documentation: `docs/figures/headline.svg` and one of each model of the catalogue.

    python tools/figures.py [headline] [MODEL ...]

Without arguments all of them. The headline is the factor model at the problem of the audited claim `factor-law`: the derived
law, the published constant, and the procedure itself. Seeds are fixed, so the same version of matplotlib writes the same bytes.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from symasym import catalogue, figures
from symasym.claims.audit import audit_claim
from symasym.claims.problems import Numbers
from symasym.claims.reading import published
from symasym.claims.setting import setting
from symasym.evaluation import evaluate_inputs
from symasym.figures.canvas import PAGE, sheet, styled
from symasym.figures.cdf import INTERACTION, draw_distribution
from symasym.figures.curve import crossover_of, draw_risk
from symasym.figures.subject import SQUARED, Subject, interaction_of
from symasym.law.numeric import NumericLaw
from symasym.simulation.chunks import Chunk, simulate
from symasym.simulation.problem import Problem
from symasym.simulation.procedure import SEED, default_input

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "figures"
CLAIM = "factor-law"
M, SMALL = 4000, 60
"""Unlabelled samples of the simulation: of the limit, and few of them, where the limit is not reached."""
REPETITIONS, CHUNK = 3000, 100
ALPHAS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Places of the simulated risk, in crossovers."""


def laws() -> tuple[Numbers, dict[str, NumericLaw]]:
    """The problem of the claim, and the derived and the published law there."""
    claim = published(CLAIM)
    finding = audit_claim(claim)
    assert claim.simulation is not None
    here = Numbers(setting(claim.setting), claim.simulation)
    derived = evaluate_inputs(here.setting.loaded, here.document).numeric
    (part,) = finding.parts
    stated = np.full(derived.weights.shape, here.value(part.claimed))
    return here, {"derived": derived, "published": replace(derived, weights=stated)}


def interactions(here: Problem, m: int) -> np.ndarray:
    """The interaction of every repetition of the first stage on `m` samples."""
    pieces = [simulate(here, Chunk(m, number, CHUNK, 0), SEED) for number in range(REPETITIONS // CHUNK)]
    return np.concatenate([np.sum(piece.displaced**2, axis=1) for piece in pieces])


def risks(here: Problem, m: int, n: int) -> tuple[float, float]:
    """Mean of `n (R - sigma^2)` and its standard error."""
    pieces = [simulate(here, Chunk(m, number, CHUNK, n), SEED + n) for number in range(REPETITIONS // CHUNK)]
    total = np.concatenate([piece.bias + here.noise * piece.spread for piece in pieces])
    return float(total.mean()), float(total.std(ddof=1) / np.sqrt(len(total)))


@styled
def headline() -> Figure:
    """Risk against `alpha` and the distribution of the interaction: derived, published, simulated."""
    here, found = laws()
    figure, (left, right) = sheet(PAGE, 2.7, 2)
    alpha0 = crossover_of(found["derived"]) or 1.0
    draw_risk(left, {name: Subject(law, SQUARED) for name, law in found.items()}, alphas=(alpha0 / 4, alpha0 * 12))
    _simulated(left, here.problem, alpha0)
    left.set_ylim(0, 4 * float(found["derived"].noise) * found["derived"].d_base)
    left.legend(loc="upper right")
    left.set_title("factor model: risk of the second stage")
    right.set_title("what the first stage adds to it")
    samples = {f"simulated, m = {m}": interactions(here.problem, m) for m in (SMALL, M)}
    alone = {name: Subject(interaction_of(law), INTERACTION) for name, law in found.items()}
    draw_distribution(right, alone, samples, quantity=INTERACTION, span=(-0.1, 6.0))
    return figure


def _simulated(axes: Axes, here: Problem, alpha0: float) -> None:
    """Simulated means with two standard errors."""
    sizes = [round(M / (share * alpha0)) for share in ALPHAS]
    means, errors = np.transpose([risks(here, M, n) for n in sizes])
    label = f"simulated, m = {M}"
    axes.errorbar(
        M / np.array(sizes), means, 2 * errors, fmt="s", color="0.3", mfc="none", ms=5, capsize=2, label=label
    )


def of_model(name: str) -> Figure:
    """Risk and weights at the problem that the model file verifies."""
    loaded = catalogue.load(name)
    return figures.overview(evaluate_inputs(loaded, default_input(loaded)), panels=("risk", "weights"))


def main() -> int:
    """Draw and write."""
    for name in sys.argv[1:] or ["headline", *catalogue.names()]:
        path = figures.save(headline() if name == "headline" else of_model(name), FOLDER / f"{name}.svg")
        print(f"{path.relative_to(FOLDER.parents[1])}: {path.stat().st_size / 1000:.0f} kB", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
