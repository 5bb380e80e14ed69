"""The common part of every kernel, as text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Part", "runtime_parts"]

MARK = "# ---- copied into kernels\n"
FOLDER = Path(__file__).with_name("runtime")
TITLES = {
    "cumulants": "weights, cumulants and their derivatives",
    "downstream": "downstream covariances that are not diagonal",
    "blocks": "blocks of a batch",
    "arguments": "arguments",
}
WORDS = {
    "matrices": "natural parameters",
    "words": "trace words",
    "minimum": "the minimiser of the population loss",
    "natural_words": "the law from trace words",
}


@dataclass(frozen=True)
class Part:
    """One module of the common part."""

    title: str
    text: str


def runtime_parts(natural: str | None = None) -> list[Part]:
    """The modules of `runtime/`, each from its mark on; with natural parameters, those of this kind."""
    names = dict(TITLES)
    if natural == "words":
        names |= WORDS
    elif natural:
        names |= {
            "matrices": "natural parameters",
            "natural": "eigenvalue problems",
            f"natural_{natural}": "their aligned coordinates",
        }
    return [Part(title, _text(name)) for name, title in names.items()]


def _text(name: str) -> str:
    whole = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    return whole.split(MARK, 1)[1].strip()
