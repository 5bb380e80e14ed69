"""The generated files of one model, as text."""

from __future__ import annotations

from dataclasses import dataclass

from symasym.catalogue import Loaded
from symasym.codegen.json import derivation_document
from symasym.codegen.latex import emit as emit_latex
from symasym.codegen.numpy import emit as emit_numpy
from symasym.document import dump
from symasym.pipeline import Derivation, derive_model

__all__ = ["Artifacts", "artifacts"]


@dataclass(frozen=True)
class Artifacts:
    """A derivation and the files made from it, by path below `generated/`."""

    derivation: Derivation
    files: dict[str, str]


def artifacts(loaded: Loaded) -> Artifacts:
    """Derive a model and write down kernel, write-up and law."""
    derivation = derive_model(loaded.model, loaded.name)
    references = tuple(loaded.instance.references) if loaded.instance else ()
    name = loaded.name
    files = {
        f"kernels/{name}.py": emit_numpy(
            derivation.law, references=references, source=f"derivations/{loaded.path.name}"
        ),
        f"latex/{name}.tex": emit_latex(derivation, references, loaded.summary),
        f"laws/{name}.json": dump("symasym.derivation/1", derivation_document(derivation, loaded.summary, references))
        + "\n",
    }
    return Artifacts(derivation, files)
