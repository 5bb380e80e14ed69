"""`symasym VERB ...`: a table of verbs, each in a module of its own that is imported only when it is called."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import NoReturn

from symasym import __version__
from symasym.errors import InputError, SymasymError

__all__ = ["main"]

VERBS = {
    "list": "models, one line each",
    "derive": "the law, derived now, for symbolic dimensions",
    "eval": "numbers for given matrices",
    "verify": "finite-sample simulation against the law",
    "audit": "published statements against derived ones",
    "build": "write generated/: kernels, write-ups, laws",
    "new": "a commented model file to start from",
    "bench": "derivations and kernels against the alternatives",
    "doctor": "what is installed, and whether it works",
    "cite": "how to cite symasym and the sources of its models",
}
LATER = ("plan",)


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line and exits with 2."""

    def error(self, message: str) -> NoReturn:
        """One line on stderr, exit code 2."""
        raise InputError(f"{self.prog.removeprefix('symasym ')}: {message} (see {self.prog} --help)")


def _usage() -> str:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:{width}}  {text}" for verb, text in VERBS.items())
    return f"usage: symasym VERB [ARGUMENTS]\n\n{verbs}\n\nsymasym VERB --help says more; symasym --version"


def _dispatch(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_usage())
        return 0
    verb, rest = arguments[0], arguments[1:]
    if verb == "--version":
        print(f"symasym {__version__}")
        return 0
    if verb in LATER:
        raise InputError(f"{verb}: this release does not have the verb yet")
    if verb not in VERBS:
        near = get_close_matches(verb, [*VERBS, *LATER], n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(VERBS)}"
        raise InputError(f"VERB: there is no verb {verb}; {hint}")
    command = import_module(f"symasym.cli.{verb}_command")
    parser = Parser(prog=f"symasym {verb}", description=VERBS[verb])
    command.configure(parser)
    result: int = command.run(parser.parse_args(rest))
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; 0 done, 1 a check failed, 2 bad input (said in one line on stderr)."""
    try:
        return _dispatch(sys.argv[1:] if arguments is None else arguments)
    except SymasymError as error:
        print(f"symasym: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        print("symasym: interrupted", file=sys.stderr)
        return 130
