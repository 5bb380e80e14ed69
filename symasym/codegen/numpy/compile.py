"""A kernel in memory, for a law whose module is not on disk."""

from __future__ import annotations

from types import ModuleType

from symasym.codegen.natural import Natural
from symasym.codegen.numpy.emit import emit
from symasym.law.law import Law

__all__ = ["compile_kernel"]


def compile_kernel(law: Law, natural: Natural | None = None) -> ModuleType:
    """The module that `emit(law, natural=natural)` describes, executed; nothing is entered in `sys.modules`."""
    module = ModuleType(law.name)
    exec(compile(emit(law, natural=natural), f"<kernel of {law.name}>", "exec"), module.__dict__)
    return module
