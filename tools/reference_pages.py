"""Write docs/commands.md from the argument parsers, docs/bibliography.md from symasym/references.bib, and docs/pictures.md.

    python tools/reference_pages.py            writes them
    python tools/reference_pages.py --check    exit code 1 where a file is not what would be written

The pages are made of the parsers' actions and not of `--help`, whose layout changes between releases of Python; a test holds them
against `--help`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from symasym import references
from symasym.cli.main import VERBS, Parser

DOCS = Path(__file__).parent.parent / "docs"
REMAKE = "python tools/reference_pages.py"

COMMANDS = f"""# Commands

Made by `{REMAKE}` from the program's own argument parsers. `symasym VERB --help` says the same.

Exit codes: 0 done; 1 a check failed (a simulation rejects, a claim differs, `generated/` is stale); 2 bad input, said in one
line on stderr that names the key, what came and what is expected. `symasym --version` prints the version.

"""

BIBLIOGRAPHY = f"""# Bibliography

Made by `{REMAKE}` from `symasym/references.bib`. The keys stand in docstrings, model files, kernels and write-ups.

"""


def parser_of(verb: str) -> Parser:
    """The parser of one verb."""
    parser = Parser(prog=f"symasym {verb}", description=VERBS[verb])
    import_module(f"symasym.cli.{verb}_command").configure(parser)
    return parser


def commands() -> str:
    """The page of the command line: a section for each verb."""
    return COMMANDS + "\n".join(
        f"## {verb}\n\n{text[0].upper()}{text[1:]}.\n\n{_table(verb)}" for verb, text in VERBS.items()
    )


def _table(verb: str) -> str:
    rows = list(_rows(parser_of(verb)))
    if not rows:
        return f"    symasym {verb}\n"
    return "\n".join(["| argument | meaning |", "|---|---|", *rows]) + "\n"


def _rows(parser: Parser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        choices = "|".join(map(str, action.choices or ()))
        takes = "" if action.nargs == 0 else action.metavar or choices or action.dest.upper()
        names = ", ".join(action.option_strings)
        shown = f"{names} {takes}".strip() if names else str(takes)
        notes = [text for text in (action.help, _default(action)) if text]
        if action.required and names:
            notes.insert(0, "required")
        yield f"| `{_cell(shown)}` | {_cell('; '.join(notes))} |"


def _default(action: argparse.Action) -> str:
    """The default, where there is one that the help text does not name already."""
    plain = action.nargs != 0 and action.default not in (None, argparse.SUPPRESS, [], "")
    return f"`{action.default}` by default" if plain and "default" not in (action.help or "") else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def bibliography() -> str:
    """Every entry of the one bibliography file under its key."""
    return BIBLIOGRAPHY + "\n".join(f"## {entry.key}\n\n{entry.text()}\n" for entry in references.load().values())


PICTURES = f"""# Laws in pictures

Made by `{REMAKE}` of what `tools/figures.py` has drawn: for each model, at the problem that `symasym verify` simulates,
the risk against `alpha = m/n` with the place where pre-training starts to pay, and the weights of the law. For a problem of
your own: `symasym eval MODEL --input FILE.json --plot FILE.svg`.

"""


def pictures() -> str:
    """A section for each picture of a model."""
    drawn = sorted(file.stem for file in (DOCS / "figures").glob("*.svg") if file.stem != "headline")
    return PICTURES + "\n".join(
        f"## {name}\n\n![{name}: risk against m/n, weights](figures/{name}.svg)\n" for name in drawn
    )


PAGES = {"commands.md": commands, "bibliography.md": bibliography, "pictures.md": pictures}


def main() -> int:
    """Write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = [name for name, page in PAGES.items() if check and (DOCS / name).read_text(encoding="utf-8") != page()]
    for name, page in PAGES.items():
        if not check:
            (DOCS / name).write_text(page(), encoding="utf-8")
    for name in stale:
        print(f"docs/{name} is not what would be written; remake: {REMAKE}", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
