"""`symasym eval MODEL --input FILE.json`: numbers for given matrices."""

from __future__ import annotations

import argparse
from dataclasses import replace

from symasym import catalogue, figures, inputs
from symasym.cli.plot_option import figure_path
from symasym.document import dump
from symasym.errors import InputError
from symasym.evaluation import DOWNSTREAM, evaluate_inputs, law_document

__all__ = ["configure", "run"]


def _quantiles(text: str) -> tuple[float, ...]:
    try:
        orders = tuple(float(part) for part in text.split(","))
    except ValueError:
        orders = (float("nan"),)
    if not all(0 < order < 1 for order in orders):
        raise InputError(
            f"--quantiles: {inputs.label(text)} came, numbers between 0 and 1 separated by commas are expected"
        )
    return orders


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("model", metavar="MODEL|FILE.py", help="a model of the catalogue, or a model file")
    parser.add_argument("--input", required=True, metavar="FILE.json", help="the problem, one JSON object")
    parser.add_argument("--downstream", choices=DOWNSTREAM, default="least_squares")
    parser.add_argument(
        "--unconditional",
        action="store_true",
        help="risk over label noise as well: sigma^2 chi2_{d_act}, or (1/2) chi2_{d_act} for logistic, in place of its mean",
    )
    parser.add_argument("--quantiles", default="0.5,0.95", metavar="0.5,0.95")
    parser.add_argument(
        "--plot",
        metavar="FILE.pdf|png|svg",
        help="also a figure: risk against alpha with the crossover, distribution, weights (needs matplotlib)",
    )
    parser.add_argument("--format", choices=("json",), default="json")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate and print one JSON document."""
    quantiles, figure = _quantiles(arguments.quantiles), figure_path(arguments.plot)
    loaded = catalogue.load(arguments.model)
    evaluation = evaluate_inputs(loaded, inputs.read(arguments.input), arguments.downstream)
    if arguments.unconditional:
        evaluation = replace(evaluation, numeric=evaluation.numeric.unconditional())
    document = law_document(loaded.name, evaluation, quantiles)
    if figure is not None:
        figures.save(figures.overview(evaluation, loaded.name, quantiles), figure)
    print(dump("symasym.law/1", document))
    return 0
