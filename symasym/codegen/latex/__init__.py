"""LaTeX: `emit` writes a derivation up, `display` shows a law as one equation, `formula` prints any expression."""

from symasym.codegen.latex.emit import display, emit
from symasym.codegen.latex.printer import formula

__all__ = ["display", "emit", "formula"]
