"""Where the model files are, and what is in them.

In a checkout they stand in `derivations/` at the top; a wheel carries them inside the package. Names and summaries are read from
the source text; a model is imported only when it is asked for.
"""

from __future__ import annotations

import ast
import runpy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from symasym.errors import InputError, NotDerivableYet, ShapeError, SymasymError

if TYPE_CHECKING:
    from symasym.model.families import FamilyModel
    from symasym.model.instance import Instance
    from symasym.model.model import Model

__all__ = ["Loaded", "checkout", "load", "names", "summary"]

PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Loaded:
    """A model file, imported; `example` is a JSON input where the file states no instance.

    `definition` is what the file calls `model`: a `Model`, or a `FamilyModel`, which has a chain of stages of its own.
    """

    name: str
    path: Path
    summary: str
    definition: Model | FamilyModel
    instance: Instance | None
    variants: Mapping[str, Model | FamilyModel]
    example: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> Model:
        """The model, where it is one of matrices; `NotDerivableYet` for a model of a family."""
        if not hasattr(self.definition, "parameters"):
            raise NotDerivableYet(
                f"{self.name}: a model of a family of vectors came, a model of matrices is expected here"
            )
        return cast("Model", self.definition)

    @property
    def in_catalogue(self) -> bool:
        """True for a file of the catalogue, of which records of checks are kept."""
        return self.path.resolve().parent == _folder().resolve()

    def variant(self, name: str) -> Loaded:
        """The same file with one of its variants in place of the model, called `model_variant`."""
        if name not in self.variants:
            known = f"known are {', '.join(self.variants)}" if self.variants else "the file has none"
            raise InputError(f"--variant: {self.name} has no variant {name}; {known}")
        return replace(self, name=f"{self.name}_{name}", definition=self.variants[name])

    def for_inputs(self, given: Mapping[str, Any]) -> Loaded:
        """What checked inputs ask for: the model, or the variant that the instance chooses."""
        chosen = self.instance.variant(given) if self.instance is not None and self.instance.variant is not None else ""
        return self.variant(chosen) if chosen else self


def checkout() -> Path | None:
    """The top of the source checkout this package runs from, or None where it was installed from a wheel."""
    top = PACKAGE.parent
    return top if (top / "derivations").is_dir() and (top / "pyproject.toml").is_file() else None


def _folder() -> Path:
    top = checkout()
    return top / "derivations" if top else PACKAGE / "derivations"


def names() -> list[str]:
    """Names of the models of the catalogue, sorted."""
    return sorted(path.stem for path in _folder().glob("*.py") if not path.stem.startswith("_"))


def summary(name: str) -> str:
    """First line of a model file's docstring, read without importing it."""
    text = ast.get_docstring(ast.parse((_folder() / f"{name}.py").read_text(encoding="utf-8"))) or ""
    return text.strip().split("\n")[0]


def _path(name: str) -> Path:
    if name.endswith(".py"):
        path = Path(name)
        if not path.is_file():
            raise InputError(f"MODEL: there is no file {name}")
        return path
    if name not in names():
        near = get_close_matches(name, names(), n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names())}"
        raise InputError(f"MODEL: there is no model {name}; {hint}")
    return _folder() / f"{name}.py"


def load(name: str) -> Loaded:
    """Import a model by its name in the catalogue (`NAME_VARIANT` for a variant), or from the path of a file ending in `.py`.

    Raises `InputError` with one sentence for an unknown name, a missing file, or a file that does not define `model`.
    """
    for base in names():
        if name.startswith(f"{base}_") and name not in names():
            loaded = load(base)
            if name.removeprefix(f"{base}_") in loaded.variants:
                return loaded.variant(name.removeprefix(f"{base}_"))
    path = _path(name)
    try:
        found = runpy.run_path(str(path))
    except SymasymError:
        raise
    except SystemExit as error:
        raise InputError(
            f"{path.name}: the file ends the program (exit {error.code}) instead of defining a model"
        ) from None
    except Exception as error:
        raise _explained(error, path) from error
    model = found.get("model")
    if model is None:
        raise InputError(f"{path.name}: the file defines no variable called model")
    if not all(hasattr(model, name) for name in ("loss", "symmetry", "features", "downstream", "aligned")):
        raise InputError(f"{path.name}: model is a {type(model).__name__}, a Model is expected")
    text = (found.get("__doc__") or "").strip().split("\n")[0]
    return Loaded(
        path.stem, path, text, model, found.get("instance"), found.get("variants", {}), found.get("example", {})
    )


def _explained(error: Exception, path: Path) -> SymasymError:
    """A foreign exception in a model file, in one sentence; SymPy's own refusal of 1x1 matrices gets its hint."""
    line = next((f" in line {e.tb_lineno}" for e in _frames(error) if e.tb_frame.f_code.co_filename == str(path)), "")
    message = " ".join(str(error).split())
    if "Mix of Matrix and Scalar" in message:
        return ShapeError(
            f"{path.name}{line}: a matrix is added to or multiplied with a scalar; if it is a bare 1x1 matrix, write inner(u, v) "
            "for u.T*v and quad(u, S) for u.T*S*u"
        )
    return InputError(f"{path.name}{line}: {type(error).__name__}: {message}")


def _frames(error: Exception) -> list:
    frames, trace = [], error.__traceback__
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    return frames[::-1]
