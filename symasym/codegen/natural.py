"""How a kernel takes natural parameters: through an eigenvalue problem where there is one, else through trace words."""

from __future__ import annotations

from symasym.codegen.pencil import Pencil, pencil_of
from symasym.codegen.words.tables import Tables, tables_of
from symasym.errors import NotDerivableYet
from symasym.pipeline import Derivation

__all__ = ["Natural", "natural_of"]

Natural = Pencil | Tables


def natural_of(derivation: Derivation) -> Natural | None:
    """The pencil of a model, else its tables; None where the forms are made of more than trace words."""
    pencil = pencil_of(derivation.model)
    if pencil is not None:
        return pencil
    try:
        return tables_of(derivation.model, derivation.forms, derivation.quotient)
    except NotDerivableYet:
        return None
