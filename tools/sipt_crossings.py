"""Write `docs/sipt_crossings.md` and its figure: which directions structure-inducing pre-training learns, weight by weight."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from symasym import catalogue
from symasym.evaluation import evaluate_inputs, law_document
from symasym.files import write_whole
from symasym.pipeline import derive_model

DOCS = Path(__file__).parent.parent / "docs"
VARIANCES = np.array([3.0, 2.5, 1.6, 1.0])
CORRELATIONS = np.array([0.2, 0.6, 0.5, 0.9])
RANK = 2
WIDTH, HEIGHT, LEFT, BOTTOM = 640.0, 320.0, 60.0, 40.0
COLOURS = ("#1f4e79", "#b03a2e", "#1e8449", "#7d3c98")
GRID = np.linspace(0, 1, 201)

PAGE = """# Which directions are learned, and where that changes

Made by `python tools/sipt_crossings.py` from `derivations/sipt.py`. Structure-inducing pre-training weighs reconstruction against
attraction along the edges of a graph, `(1 - g) L_M + g L_SI`. Where `Sigma` and `Sigma_plus` commute it learns the `k`
directions with the largest gains

    v_p(g) = sig_p (1 - g + g rho_p)^2 / (1 - g + g sig_p),      where 1 - g + g rho_p > 0,

so that `g = 0` takes the largest variances `sig_p` and `g = 1` the largest correlations `rho_p`. Two directions change places
where `v_p = v_q`, at roots of a cubic polynomial in `g`. `symasym eval sipt` lists the weights at which the learned set changes
under `remarks.crossings`, each one bracketed by a change of sign in rational arithmetic.

The example has `d = 4`, `k = {rank}`, `sig = {variances}`, `rho = {correlations}`:

![gains against the weight of structure](sipt_crossings.svg)

| g | enters (variance, correlation) | leaves |
|---|---|---|
{crossings}
At a crossing the two directions are learned equally well, the gap in the law closes and its mean grows without bound like the
inverse square of the distance. The target is `z_p + z_q` over the learned directions, `E||L(Z)||^2` as it stands in the law:

| g | learned | `E\\|\\|L(Z)\\|\\|^2` |
|---|---|---|
{means}
Between the crossings the set stays and the law still depends on `g`, not always in the same direction.
Where `Sigma` and `Sigma_plus` do not commute nothing crosses, the learned directions turn with `g`, and near an avoided crossing
they turn fast; `eval` then finds `w*` numerically and takes the general route.
"""


def gains(weights: np.ndarray) -> np.ndarray:
    """`(d, len(weights))`."""
    attracted = 1 + np.multiply.outer(CORRELATIONS - 1, weights)
    penalty = 1 + np.multiply.outer(VARIANCES - 1, weights)
    return VARIANCES[:, None] * np.where(attracted > 0, attracted, 0) ** 2 / penalty


def learned(weight: float) -> list[int]:
    """Directions with the largest gains, counted from 0."""
    return sorted(np.argsort(-gains(np.array([weight]))[:, 0], kind="stable")[:RANK].tolist())


def document(weight: float) -> dict:
    """The problem as `symasym eval` takes it."""
    chosen = learned(weight)
    return {
        "Sigma": np.diag(VARIANCES).tolist(),
        "Sigma_plus": np.diag(VARIANCES * CORRELATIONS).tolist(),
        "structure_weight": weight,
        "k": RANK,
        "target": [float(p in chosen) for p in range(len(VARIANCES))],
        "sigma2": 1.0,
    }


def figure(crossings: list[float]) -> str:
    """Gains as curves, crossings as dashed lines."""
    values = gains(GRID)
    top = values.max()

    def place(weight: float, value: float) -> str:
        return f"{LEFT + weight * WIDTH:.1f},{10 + HEIGHT * (1 - value / top):.1f}"

    lines = [
        f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="'
        + " ".join(place(w, v) for w, v in zip(GRID, row, strict=True))
        + '"/>'
        for colour, row in zip(COLOURS, values, strict=True)
    ]
    for weight in crossings:
        x = LEFT + weight * WIDTH
        lines.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="10" y2="{10 + HEIGHT}" stroke="#777" stroke-dasharray="4 4"/>'
        )
    axes = f'<path d="M{LEFT},10 V{10 + HEIGHT} H{LEFT + WIDTH}" fill="none" stroke="black"/>'
    texts = [
        f'<text x="{LEFT + w * WIDTH:.0f}" y="{30 + HEIGHT}" text-anchor="middle">{w:g}</text>' for w in (0, 0.5, 1)
    ]
    texts += [
        f'<text x="{LEFT - 8}" y="{14 + HEIGHT * (1 - v / top):.0f}" text-anchor="end">{v:g}</text>'
        for v in (0, 1, 2, 3)
    ]
    for n, (colour, s, c) in enumerate(zip(COLOURS, VARIANCES, CORRELATIONS, strict=True)):
        texts.append(
            f'<text x="{LEFT + WIDTH - 170}" y="{40 + 18 * n}" fill="{colour}">variance {s:g}, correlation {c:g}</text>'
        )
    size = f'width="{LEFT + WIDTH + 20:.0f}" height="{HEIGHT + BOTTOM:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">\n'
        + "\n".join([axes, *lines, *texts])
        + "\n</svg>\n"
    )


def main() -> int:
    """Write both files."""
    loaded = catalogue.load("sipt")
    law = derive_model(loaded.model, loaded.name).law
    found = law_document("sipt", evaluate_inputs(loaded, document(0.0)), ())["remarks"]["crossings"]
    rows = "".join(
        f"| {c['structure_weight']:.12f} | "
        + " | ".join(
            ", ".join(f"({p['variance']:g}, {p['correlation']:g})" for p in c[side]) for side in ("enters", "leaves")
        )
        + " |\n"
        for c in found
    )
    means = []
    for weight in np.linspace(0, 1, 21):
        order = learned(weight)
        order += [p for p in range(len(VARIANCES)) if p not in order]
        numbers = {"sig": VARIANCES[order], "rho": CORRELATIONS[order], "r": 1 - weight, "gamma": weight}
        numeric = law.at(d=len(VARIANCES), k=RANK, b=np.ones(RANK), sigma2=1.0, **numbers)
        names = ", ".join(str(p + 1) for p in learned(weight))
        means.append(f"| {weight:.2f} | {names} | {float(numeric.interaction_cumulant(1)):.4g} |\n")
    page = PAGE.format(
        rank=RANK,
        variances=VARIANCES.tolist(),
        correlations=CORRELATIONS.tolist(),
        crossings=rows,
        means="".join(means),
    )
    write_whole(DOCS / "sipt_crossings.md", page)
    write_whole(DOCS / "sipt_crossings.svg", figure([c["structure_weight"] for c in found]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
