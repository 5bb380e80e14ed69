"""The figures of the paper on the mixture model, from the derived law: `docs/gmm-figures.md`, `docs/gmm-figure-2.svg`, `-3.svg`.

    python tools/gmm_figures.py [--seed 20261121] [--samples 5000] [--reps 1000] [--n 100,1000,10000,100000] [--keep FOLDER]

Centres `u_i = beta e_i`, `theta` proportional to the blocks `(1/i) 1_{d+1}` with the norm 10, as the published code has it
(App. K says 1). Figure 2: the mean along `K`, `d` and `beta`, exact, next to Monte Carlo in the published style: `N` samples, no
reduction, the plug-in inverse as it is. Figure 3: the limit against the procedure itself, the EM algorithm and least squares,
along `n`; a quarter of an hour on one core, kept in the folder named, if any, so that a stopped run goes on.
"""

from __future__ import annotations

import argparse
import datetime
import runpy
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

import symasym
from symasym import catalogue
from symasym.simulation.checkpoint import Checkpoint
from symasym.simulation.family_procedure import FamilyResults, run_family

TOP = Path(__file__).resolve().parents[1]
ORACLE = runpy.run_path(str(TOP / "tests" / "mixture_oracle.py"))
NORM = 10.0
BETAS = np.round(np.geomspace(0.5, 10, 14), 4)
DIMENSIONS = [5, 10, 20, 50, 100, 200, 500, 1000]
SAMPLED = {"K": [2, 3, 4, 6], "d": [5, 10, 20], "beta": [BETAS[0], BETAS[6], BETAS[10]]}


def problem(K: int, d: int, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """Centres `(K, d)` and `theta` `(K, d + 1)` of the paper's experiments."""
    theta = np.outer(1 / np.arange(1, K + 1), np.ones(d + 1))
    return beta * np.eye(K, d), NORM * theta / np.linalg.norm(theta)


def exact(K: int, d: int, beta: float) -> tuple[float, float, float]:
    """Mean of `||L(Z)||^2`, the relative error it is known to, and seconds of the processor."""
    centres, theta = problem(K, d, beta)
    start = time.process_time()
    found = symasym.evaluate("gmm", {"centers": centres.tolist(), "theta": theta.tolist(), "sigma2": 1.0})
    return (
        float(found.numeric.interaction_cumulant(1)),
        found.remarks["integrals"]["error"]["mean"],
        time.process_time() - start,
    )


def sampled(K: int, d: int, beta: float, size: int, rng: np.random.Generator) -> float:
    """Monte Carlo in the published style: one matrix from `size` samples, its plug-in inverse."""
    centres, theta = problem(K, d, beta)
    x = centres[rng.integers(K, size=size)] + rng.standard_normal((size, d))
    moments = ORACLE["Moments"].at(x, np.full(size, 1 / size), centres, theta)
    return float(moments.eigenvalues().sum())


def r_squared(x: np.ndarray, y: np.ndarray, degree: int) -> float:
    """Of a least squares polynomial."""
    rest = y - np.polyval(np.polyfit(x, y, degree), x)
    return float(1 - rest @ rest / np.sum((y - y.mean()) ** 2))


def figure_two(size: int, seed: int) -> tuple[list[str], dict[str, tuple]]:
    """The table, and the curves by what varies."""
    rows, curves = [], {}
    sweeps = {
        "K": ([(K, 30, 2.0) for K in range(2, 15)], 0),
        "d": ([(4, d, 2.0) for d in DIMENSIONS], 1),
        "beta": ([(4, 20, float(beta)) for beta in BETAS], 2),
    }
    for name, (points, varied) in sweeps.items():
        xs, ys, dots = [], [], []
        for number, point in enumerate(points):
            value, error, seconds = exact(*point)
            shown = ""
            if point[varied] in SAMPLED[name]:
                rng = np.random.default_rng([seed, ord(name[0]), number])
                dots.append((point[varied], sampled(*point, size, rng)))
                shown = f"{dots[-1][1]:.4g}"
            rows.append(
                f"| {name} | {point[0]} | {point[1]} | {point[2]:g} | {value:.10g} | {error:.0e} | {1000 * seconds:.0f} "
                f"| {shown} |"
            )
            print(rows[-1], flush=True)
            xs.append(point[varied])
            ys.append(value)
        curves[name] = (np.array(xs, float), np.array(ys), dots)
    return rows, curves


def fits(curves: dict[str, tuple]) -> list[str]:
    """The published compact summaries, fitted to exact values; and what is exact along `d`."""
    K, d, beta = curves["K"], curves["d"], curves["beta"]
    hyperbola = np.polyfit(1 / (d[0] + 1), d[1], 1)
    worst = np.max(np.abs(d[1] - np.polyval(hyperbola, 1 / (d[0] + 1))) / d[1])
    return [
        "| curve | fit | R^2, exact values | R^2, published |",
        "|---|---|---|---|",
        f"| K | quadratic | {r_squared(K[0], K[1], 2):.4f} | 0.99 |",
        f"| d | a + b log d | {r_squared(np.log(d[0]), d[1], 1):.4f} | 0.89 |",
        f"| beta | power law | {r_squared(np.log(beta[0]), np.log(beta[1]), 1):.4f} | 0.90 |",
        "",
        "R^2 of the power law is in logarithms. For a fixed `theta` the mean is `c_in + (d - 3) c_out`; here its norm is fixed,",
        "so that the numbers shrink like `1/sqrt(d + 1)` and the mean is exactly `a - b/(d + 1)` with",
        f"a = {hyperbola[1]:.8g}, b = {-hyperbola[0]:.8g} (largest relative deviation of the values above: {worst:.0e}).",
        "It is bounded: the logarithm describes the range drawn. The blocks `(1/i) 1_d` are orthogonal to the span of the",
        "centred centres, so that only the numbers `b_i` of `theta` enter and the rotation of the span plays no part in these",
        "experiments. *Known to* is relative to the mean, by a coarser rule. The mean vanishes like `exp(-beta^2 / 4)` without a",
        "rotation, and the integrals over one variable have rounding relative to numbers of order one; where they leave less",
        "than eight digits of the mean of four centres, a grid is taken. Times are those of the processor.",
    ]


def draw_two(curves: dict[str, tuple], path: Path) -> None:
    """Three panels."""
    figure = Figure(figsize=(9, 3), layout="constrained")
    for axes, (name, (x, y, dots)) in zip(figure.subplots(1, 3), curves.items(), strict=True):
        axes.plot(x, y, "-", color="black", linewidth=1, label="exact")
        axes.plot(*zip(*dots, strict=True), "o", markersize=4, label="Monte Carlo")
        axes.set(xlabel=name, ylabel="mean of the interaction" if name == "K" else "")
        if name != "K":
            axes.set_xscale("log")
        if name == "beta":
            axes.set_yscale("log")
        axes.legend(frameon=False)
    FigureCanvasSVG(figure).print_svg(path, metadata={"Date": None})


def figure_three(
    sizes: list[int], reps: int, seed: int, keep: str | None
) -> tuple[list[str], dict[int, FamilyResults], symasym.NumericLaw]:
    """The procedure along `n`, `m = 2 n`."""
    centres, theta = problem(4, 20, 2.0)
    document = {"centers": centres.tolist(), "theta": theta.tolist(), "sigma2": 1.0, "alpha": 2.0}
    law, loaded = symasym.evaluate("gmm", document).numeric, catalogue.load("gmm")
    rows, found = [], {}
    for n in sizes:
        kept = Checkpoint(Path(keep) / f"gmm-{n}.json", {"n": n, "reps": reps, "seed": seed}) if keep else None
        results = found[n] = run_family(loaded, document, [2 * n], reps, 2.0, seed, 1, kept=kept)
        interaction, variance = results.interactions[0] / 2.0, results.spread[0]
        total = results.bias[0] + variance
        cells = [
            f"{sample.mean():.4g} +- {sample.std(ddof=1) / np.sqrt(reps):.2g}"
            for sample in (total, interaction, variance)
        ]
        rows.append(f"| {n} | {2 * n} | {reps} | {' | '.join(cells)} |")
        print(rows[-1], flush=True)
    mean = float(law.interaction_cumulant(1)) / 2
    rows.append(f"| limit | | | {float(law.mean):.6g} | {mean:.6g} | {law.d_eff} |")
    return rows, found, law


def draw_three(found: dict[int, FamilyResults], law: symasym.NumericLaw, path: Path) -> None:
    """Distribution functions of the total, of the interaction and of the variance term, at 60 quantiles each."""
    figure = Figure(figsize=(9, 3), layout="constrained")
    panels, orders = figure.subplots(1, 3), np.linspace(0.01, 0.99, 60)
    limits = [law.ppf(orders), law.ppf(orders) - law.d_eff * float(law.noise), np.full(60, float(law.d_eff))]
    for n, results in found.items():
        samples = (results.bias[0] + results.spread[0], results.interactions[0] / 2, results.spread[0])
        for axes, sample in zip(panels, samples, strict=True):
            axes.plot(np.quantile(sample, orders), orders, linewidth=1, label=f"n = {n}")
    for axes, limit, title in zip(panels, limits, ("total", "interaction", "variance term"), strict=True):
        axes.plot(limit, orders, "--", color="black", linewidth=1, label="limit")
        axes.set(xlabel=title, xscale="log")
    panels[0].legend(frameon=False)
    FigureCanvasSVG(figure).print_svg(path, metadata={"Date": None})


def main() -> None:
    """Compute, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--reps", type=int, default=1000)
    parser.add_argument("--n", default="100,1000,10000,100000")
    parser.add_argument("--keep")
    arguments = parser.parse_args()
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "symasym"})
    docs = TOP / "docs"
    table, curves = figure_two(arguments.samples, arguments.seed)
    draw_two(curves, docs / "gmm-figure-2.svg")
    rows, found, law = figure_three(
        [int(n) for n in arguments.n.split(",")], arguments.reps, arguments.seed, arguments.keep
    )
    draw_three(found, law, docs / "gmm-figure-3.svg")
    page = [
        "# The figures of the paper on the mixture model",
        "",
        f"Made by `tools/gmm_figures.py` on {datetime.date.today()}, seed {arguments.seed}. Centres `beta e_i`,",
        f"`theta` proportional to the blocks `(1/i) 1_{{d+1}}` with the norm {NORM:g}, as the published code has it; App. K says",
        f"1, which divides every mean by {NORM**2:g}.",
        "",
        "## Figure 2: mean of the interaction",
        "",
        "![Mean of the interaction along K, d and beta](gmm-figure-2.svg)",
        "",
        f"Monte Carlo: {arguments.samples} samples, no reduction, plug-in inverse (which is biased), in the published style.",
        "",
        "| varies | K | d | beta | exact | known to | ms | Monte Carlo |",
        "|---|---|---|---|---|---|---|---|",
        *table,
        "",
        *fits(curves),
        "",
        "## Figure 3: the procedure against the limit",
        "",
        "![Distributions along n](gmm-figure-3.svg)",
        "",
        "`K = 4`, `d = 20`, `beta = 2`, `alpha = m/n = 2`, `sigma^2 = 1`: the EM algorithm on `m` samples, from the true",
        "centres, and least squares on `n`. *Interaction* is `n ||(I - Pi) f*||^2`, the variance term that of label noise;",
        "in the total the two meet, with the error of the fit to the design that a small `n` adds.",
        "",
        "| n | m | repetitions | total | interaction | variance term |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
    ]
    (docs / "gmm-figures.md").write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    main()
