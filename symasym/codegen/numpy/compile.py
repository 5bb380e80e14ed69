"""A kernel in memory, for a law whose module is not on disk."""

from __future__ import annotations

from types import ModuleType

from symasym.codegen.numpy.emit import emit
from symasym.codegen.pencil import Pencil
from symasym.law.law import Law

__all__ = ["compile_kernel"]


def compile_kernel(law: Law, pencil: Pencil | None = None) -> ModuleType:
    """The module that `emit(law, pencil=pencil)` describes, executed; nothing is entered in `sys.modules`."""
    module = ModuleType(law.name)
    exec(compile(emit(law, pencil=pencil), f"<kernel of {law.name}>", "exec"), module.__dict__)
    return module
