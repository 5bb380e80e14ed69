"""LaTeX: `emit` writes a derivation up, `display` shows a law as one equation with `macros`, `formula` prints any expression."""

from symasym.codegen.latex.emit import emit
from symasym.codegen.latex.paper import display, macros
from symasym.codegen.latex.printer import formula

__all__ = ["display", "emit", "formula", "macros"]
