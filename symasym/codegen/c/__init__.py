"""Laws as C from the same index IR, compiled and loaded where there is a compiler."""

from symasym.codegen.c.compile import Compiled, compile_c
from symasym.codegen.c.emit import emit_c

__all__ = ["Compiled", "compile_c", "emit_c"]
