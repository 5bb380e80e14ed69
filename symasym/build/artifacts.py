"""The generated files of one model, as text."""

from __future__ import annotations

from dataclasses import dataclass

from symasym.build.writeup import writeup
from symasym.catalogue import Loaded
from symasym.codegen.json import derivation_document
from symasym.codegen.latex import display
from symasym.codegen.latex.notation import PLAIN, Notation
from symasym.codegen.natural import natural_of
from symasym.codegen.numpy import emit as emit_numpy
from symasym.document import dump
from symasym.pipeline import AnyDerivation, Derivation, derive

__all__ = ["Artifacts", "artifacts"]


@dataclass(frozen=True)
class Artifacts:
    """A derivation and the files made from it, by path below `generated/`; kernel and display only with a closed form."""

    derivation: AnyDerivation
    summary: str
    files: dict[str, str]


def artifacts(loaded: Loaded, notation: Notation = PLAIN) -> Artifacts:
    """Derive a model and write down kernel, write-up, display and law."""
    derivation = derive(loaded.definition, loaded.name)
    references = tuple(loaded.instance.references) if loaded.instance else ()
    name = loaded.name
    files: dict[str, str] = {}
    if isinstance(derivation, Derivation):
        source = f"derivations/{loaded.path.name}"
        files[f"kernels/{name}.py"] = emit_numpy(
            derivation.law, references=references, source=source, natural=natural_of(derivation)
        )
        files[f"latex/{name}.display.tex"] = display(derivation.law, notation=notation)
    files |= {
        f"latex/{name}.tex": writeup(loaded, derivation, notation=notation),
        f"laws/{name}.json": dump("symasym.derivation/1", derivation_document(derivation, loaded.summary, references))
        + "\n",
    }
    return Artifacts(derivation, loaded.summary, files)
