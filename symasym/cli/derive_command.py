"""`symasym derive MODEL|FILE.py`: the law, derived now, for symbolic dimensions."""

from __future__ import annotations

import argparse

from symasym import catalogue
from symasym.codegen.json import derivation_document
from symasym.codegen.latex import emit
from symasym.codegen.text import steps_text
from symasym.document import dump
from symasym.errors import NotDerivableYet
from symasym.pipeline import Derivation, derive

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("model", metavar="MODEL|FILE.py")
    parser.add_argument("--variant", metavar="NAME", help="a variant that the model file offers")
    parser.add_argument("--steps", action="store_true", help="every stage, with the rule it uses")
    parser.add_argument("--format", choices=("text", "latex", "json"), default="text")
    parser.add_argument("--downstream", choices=("least_squares", "logistic"), default="least_squares")


def run(arguments: argparse.Namespace) -> int:
    """Derive and print."""
    if arguments.downstream == "logistic":
        raise NotDerivableYet("downstream: logistic is not derived yet; least_squares is")
    loaded = catalogue.load(arguments.model)
    if arguments.variant:
        loaded = loaded.variant(arguments.variant)
    derivation = derive(loaded.definition, loaded.name)
    references = loaded.instance.references if loaded.instance else ()
    if arguments.format == "json":
        print(dump("symasym.derivation/1", derivation_document(derivation, loaded.summary, references)))
    elif arguments.format == "latex":
        print(emit(derivation, references, loaded.summary), end="")
    else:
        if arguments.steps:
            print(steps_text(derivation))
        print(derivation.law if isinstance(derivation, Derivation) else derivation)
    return 0
