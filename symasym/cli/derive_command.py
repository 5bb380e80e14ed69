"""`symasym derive MODEL|FILE.py`: the law, derived now, for symbolic dimensions."""

from __future__ import annotations

import argparse
from pathlib import Path

from symasym import catalogue
from symasym.build.writeup import require_names, writeup
from symasym.cli.waiting import waiting
from symasym.codegen.json import derivation_document
from symasym.codegen.latex import display, macros
from symasym.codegen.latex.notation import PLAIN
from symasym.codegen.latex.notation_file import read_notation
from symasym.codegen.latex.paper import WIDTH
from symasym.codegen.text import steps_text
from symasym.document import dump
from symasym.errors import InputError
from symasym.evaluation import DOWNSTREAM
from symasym.pipeline import AnyDerivation, Derivation, derive, require_linear

__all__ = ["configure", "run"]

PARTS = ("document", "display", "macros")
NARROWEST = 10.0
"""Ems into which a display can be broken."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("model", metavar="MODEL|FILE.py", help="a model of the catalogue, or a model file")
    parser.add_argument("--variant", metavar="NAME", help="a variant that the model file offers")
    parser.add_argument("--steps", action="store_true", help="every stage, with the rule it uses")
    parser.add_argument("--format", choices=("text", "latex", "json"), default="text")
    parser.add_argument(
        "--part", choices=PARTS, help="with --format latex: the whole document, one display, its macros"
    )
    parser.add_argument(
        "--width", metavar="EMS", type=float, help=f"with --part display: width of a line, by default {WIDTH:g}"
    )
    parser.add_argument(
        "--notation", metavar="FILE", help="with --format latex: a TOML file that says how names are printed"
    )
    parser.add_argument("--downstream", choices=DOWNSTREAM, default="least_squares")


def run(arguments: argparse.Namespace) -> int:
    """Derive and print."""
    loaded = catalogue.load(arguments.model)
    if arguments.variant:
        loaded = loaded.variant(arguments.variant)
    for option in ("part", "width", "notation"):
        if getattr(arguments, option) is not None and arguments.format != "latex":
            raise InputError(f"--{option}: it is for --format latex, and {arguments.format} came")
    with waiting("derive") as progress:
        derivation = derive(loaded.definition, loaded.name, progress)
    downstream = arguments.downstream
    if downstream == "logistic":
        require_linear(derivation)
    references = loaded.instance.references if loaded.instance else ()
    if arguments.format == "json":
        print(dump("symasym.derivation/1", derivation_document(derivation, loaded.summary, references, downstream)))
    elif arguments.format == "latex":
        print(_latex(arguments, loaded, derivation), end="")
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


def _latex(arguments: argparse.Namespace, loaded: catalogue.Loaded, derivation: AnyDerivation) -> str:
    """The part that is asked for, in the notation that is asked for."""
    notation = read_notation(Path(arguments.notation)) if arguments.notation else PLAIN
    require_names(notation, [derivation])
    if arguments.width is not None and (arguments.part != "display" or not arguments.width >= NARROWEST):
        raise InputError(f"--width: {arguments.width:g} came, at least {NARROWEST:g} is expected, with --part display")
    if arguments.part in (None, "document"):
        return writeup(loaded, derivation, arguments.downstream, notation)
    if not isinstance(derivation, Derivation):
        raise InputError(
            f"--part: {arguments.part} came, and {loaded.name} has no closed form; document is what it has"
        )
    if arguments.part == "macros":
        return macros([derivation.law], notation)
    return display(derivation.law, arguments.width or WIDTH, notation)
