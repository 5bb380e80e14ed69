"""`symasym derive MODEL|FILE.py`: the law, derived now, for symbolic dimensions."""

from __future__ import annotations

import argparse

from symasym import catalogue
from symasym.cli.waiting import waiting
from symasym.codegen.json import derivation_document
from symasym.codegen.latex import emit
from symasym.codegen.text import steps_text
from symasym.document import dump
from symasym.evaluation import DOWNSTREAM
from symasym.pipeline import Derivation, derive, require_linear

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("model", metavar="MODEL|FILE.py")
    parser.add_argument("--variant", metavar="NAME", help="a variant that the model file offers")
    parser.add_argument("--steps", action="store_true", help="every stage, with the rule it uses")
    parser.add_argument("--format", choices=("text", "latex", "json"), default="text")
    parser.add_argument("--downstream", choices=DOWNSTREAM, default="least_squares")


def run(arguments: argparse.Namespace) -> int:
    """Derive and print."""
    loaded = catalogue.load(arguments.model)
    if arguments.variant:
        loaded = loaded.variant(arguments.variant)
    with waiting("derive") as progress:
        derivation = derive(loaded.definition, loaded.name, progress)
    downstream = arguments.downstream
    if downstream == "logistic":
        require_linear(derivation)
    references = loaded.instance.references if loaded.instance else ()
    if arguments.format == "json":
        print(dump("symasym.derivation/1", derivation_document(derivation, loaded.summary, references, downstream)))
    elif arguments.format == "latex":
        print(emit(derivation, references, loaded.summary, downstream), end="")
    else:
        if arguments.steps:
            print(steps_text(derivation, downstream))
        if not isinstance(derivation, Derivation):
            print(derivation)
            if downstream == "logistic" and not arguments.steps:
                print(steps_text(derivation, downstream).rsplit("\n\n", 1)[1], end="")
        else:
            print(derivation.logistic if downstream == "logistic" else derivation.law)
    return 0
