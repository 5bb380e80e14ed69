"""`symasym cite [MODEL ...]`: BibTeX of the program and of the sources of its models."""

from __future__ import annotations

import argparse

from symasym import __version__, catalogue, references

__all__ = ["configure", "run"]

SOFTWARE = f"""@software{{symasym,
  author  = {{{{The symasym developers}}}},
  title   = {{symasym: limit laws of two-stage M-estimation, derived for symbolic dimensions}},
  version = {{{__version__}}},
  year    = {{2026}}
}}"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("models", nargs="*", metavar="MODEL", help="also the sources of these models (default: of all)")


def run(arguments: argparse.Namespace) -> int:
    """Print BibTeX."""
    loaded = [catalogue.load(name) for name in (arguments.models or catalogue.names())]
    keys = sorted({key for item in loaded if item.instance for key in item.instance.references})
    table = references.load()
    print("\n\n".join([SOFTWARE, *(table[key].bibtex() for key in keys)]))
    return 0
