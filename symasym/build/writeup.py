"""A write-up with everything that is known of a model: derivation, records of checks, prior bounds."""

from __future__ import annotations

from collections.abc import Iterable

from symasym.build.priors import prior_bounds
from symasym.catalogue import Loaded
from symasym.codegen.latex import emit
from symasym.codegen.latex.context import names_of
from symasym.codegen.latex.notation import PLAIN, Notation
from symasym.codegen.latex.notation_file import require_used
from symasym.codegen.latex.paper import ALWAYS
from symasym.evidence import Evidence, evidence
from symasym.pipeline import AnyDerivation

__all__ = ["require_names", "writeup"]


def writeup(
    loaded: Loaded, derivation: AnyDerivation, downstream: str = "least_squares", notation: Notation = PLAIN
) -> str:
    """The document of a model; records and bounds are those of the catalogue's models, a file of the user has none."""
    references = tuple(loaded.instance.references) if loaded.instance else ()
    return emit(
        derivation,
        references,
        loaded.summary,
        downstream,
        notation=notation,
        evidence=evidence(loaded.name) if loaded.in_catalogue else Evidence(),
        bounds=prior_bounds(loaded.name) if loaded.in_catalogue else (),
    )


def require_names(notation: Notation, derivations: Iterable[AnyDerivation]) -> None:
    """Refuse a notation for a symbol that none of these derivations has."""
    if notation.symbols:
        require_used(notation, set().union(*map(names_of, derivations), ALWAYS))
