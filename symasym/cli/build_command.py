"""`symasym build`: derive, check, write `generated/`, print the table of laws."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from pathlib import Path

from symasym import catalogue
from symasym.build.artifacts import Artifacts, artifacts
from symasym.build.check import check
from symasym.build.gallery import Exhibit, gallery
from symasym.build.writeup import require_names
from symasym.codegen.latex import macros
from symasym.codegen.latex.notation import PLAIN
from symasym.codegen.latex.notation_file import read_notation
from symasym.codegen.latex.pdf import compile_pdf
from symasym.codegen.numpy import compile_kernel
from symasym.errors import InputError
from symasym.files import write_whole
from symasym.pipeline import AnyDerivation, Derivation

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--check", action="store_true", help="compare with what is there, write nothing")
    parser.add_argument("--pdf", action="store_true", help="compile the write-ups as well (needs pdflatex)")
    parser.add_argument("--notation", metavar="FILE", help="a TOML file that says how the write-ups print names")
    parser.add_argument("--output", metavar="DIR", help="where to write; by default generated/ of the checkout")


def _destination(arguments: argparse.Namespace) -> Path:
    if arguments.output:
        return Path(arguments.output)
    top = catalogue.checkout()
    if top is None:
        raise InputError("--output: missing; outside a source checkout build needs the folder to write to")
    return top / "generated"


def run(arguments: argparse.Namespace) -> int:
    """Build or compare; 1 where the comparison fails."""
    destination = _destination(arguments)
    notation = read_notation(Path(arguments.notation)) if arguments.notation else PLAIN
    built: dict[str, Artifacts] = {}
    for loaded in _with_variants(arguments.models or catalogue.names()):
        start = time.perf_counter()
        made = artifacts(loaded, notation)
        checked = "no closed form"
        if isinstance(made.derivation, Derivation):
            difference = check(made.derivation, compile_kernel(made.derivation.law))
            checked = f"routes agree to {difference:.1e}"
        seconds = time.perf_counter() - start
        print(f"{loaded.name}: derived and checked in {seconds:.1f} s, {checked}", file=sys.stderr)
        built[loaded.name] = made
    require_names(notation, [made.derivation for made in built.values()])
    files = {path: text for made in built.values() for path, text in made.files.items()}
    if not arguments.models:
        exhibits = [Exhibit(made.derivation, made.summary) for made in built.values()]
        files["gallery.md"] = gallery(exhibits)
        laws = [made.derivation.law for made in built.values() if isinstance(made.derivation, Derivation)]
        files["latex/symasym-macros.tex"] = macros(laws, notation)
    orphans = [] if arguments.models else _orphans(destination, set(files))
    if arguments.check:
        return _compare(destination, files, orphans)
    for path, text in files.items():
        write_whole(destination / path, text)
    for orphan in orphans:
        orphan.unlink()
        print(f"removed {orphan.name}: no model makes it", file=sys.stderr)
    if arguments.pdf:
        for name in built:
            compile_pdf(files[f"latex/{name}.tex"], destination / "pdf" / f"{name}.pdf")
    print("\n\n".join(_shown(made.derivation) for made in built.values()))
    print(f"\n{len(files)} files under {destination.name}/: kernels/, latex/, laws/, gallery.md")
    return 0


def _shown(derivation: AnyDerivation) -> str:
    return str(derivation.law if isinstance(derivation, Derivation) else derivation)


def _with_variants(names: Sequence[str]) -> Iterator[catalogue.Loaded]:
    """Every model, followed by the variants that its file offers."""
    for name in names:
        loaded = catalogue.load(name)
        yield loaded
        if loaded.name in catalogue.names() or name.endswith(".py"):
            yield from map(loaded.variant, loaded.variants)


def _orphans(destination: Path, made: set[str]) -> list[Path]:
    """Files of the generated folders that no model makes any more."""
    found = [path for folder in ("kernels", "latex", "laws") for path in sorted((destination / folder).glob("*.*"))]
    return [path for path in found if path.relative_to(destination).as_posix() not in made]


def _compare(destination: Path, files: dict[str, str], orphans: list[Path]) -> int:
    stale = []
    for path, text in files.items():
        there = destination / path
        before = there.read_text(encoding="utf-8") if there.is_file() else ""
        if before != text:
            stale.append(path)
            lines = unified_diff(
                before.splitlines(), text.splitlines(), f"committed/{path}", f"derived/{path}", lineterm="", n=1
            )
            print("\n".join(list(lines)[:40]))
    for orphan in orphans:
        print(f"{orphan.relative_to(destination)}: no model makes this file")
    if stale or orphans:
        print(
            f"generated/ is stale ({len(stale)} files differ, {len(orphans)} orphans); mend it with: symasym build",
            file=sys.stderr,
        )
        return 1
    print(f"generated/ is fresh: {len(files)} files")
    return 0
