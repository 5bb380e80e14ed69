"""`symasym doctor`: what is installed, and whether it works."""

from __future__ import annotations

import argparse
import platform
import shutil
from importlib import metadata

from symasym import __version__, catalogue
from symasym.document import dump
from symasym.pipeline import derive

__all__ = ["configure", "run"]

REQUIRED = ("sympy", "numpy", "mpmath", "jinja2")
OPTIONAL = ("python-flint", "matplotlib", "scipy", "jax", "numba", "scikit-learn")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    """Print versions, extras, the TeX program, and the outcome of one derivation for each model."""
    failures = {}
    for name in catalogue.names():
        try:
            derive(catalogue.load(name).definition, name)
        except Exception as error:  # a doctor reports whatever is wrong
            failures[name] = f"{type(error).__name__}: {error}"
    report = {
        "symasym": __version__,
        "python": platform.python_version(),
        "required": {package: _version(package) for package in REQUIRED},
        "optional": {package: _version(package) for package in OPTIONAL},
        "pdflatex": shutil.which("pdflatex") is not None,
        "models": {name: failures.get(name, "derived") for name in catalogue.names()},
    }
    healthy = not failures and all(report["required"].values())  # type: ignore[attr-defined]
    if arguments.format == "json":
        print(dump("symasym.doctor/1", {**report, "healthy": healthy}))
    else:
        _print(report, healthy)
    return 0 if healthy else 1


def _print(report: dict, healthy: bool) -> None:
    print(f"symasym {report['symasym']}, Python {report['python']}")
    for title in ("required", "optional"):
        for package, version in report[title].items():
            print(
                f"  {package:14}  {version or 'not installed'}{'' if version or title == 'required' else ' (optional)'}"
            )
    line = (
        "found"
        if report["pdflatex"]
        else "not found; PDF needs it: apt-get install texlive-latex-base texlive-latex-recommended"
    )
    print(f"  {'pdflatex':14}  {line}")
    width = max(map(len, report["models"]))
    for name, outcome in report["models"].items():
        print(f"  {name:{width}}  {outcome}")
    print("healthy" if healthy else "not healthy")
