"""Objects as a notebook shows them: `html(thing)` a compact page, `latex(thing)` its formulas.

One description of each kind of object (`view`), two ways to write it. Models, stages, laws, evaluations, verifications and
findings have one, and find it through `symasym.model.displayed`.
"""

# These say how their objects are seen, by registering with `view`.
import symasym.notebook.findings
import symasym.notebook.laws
import symasym.notebook.outcomes
import symasym.notebook.stages  # noqa: F401
from symasym.notebook.page import html, latex
from symasym.notebook.view import View, view

__all__ = ["View", "html", "latex", "view"]
