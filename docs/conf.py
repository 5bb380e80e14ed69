"""The site, made by `./run docs`.

The pages are Markdown that reads well where it lies; Sphinx adds navigation, search, the interface, and mathematics that
needs no network. What is particular to this site is in `_extensions`, a file for each matter.
"""

import sys
from pathlib import Path

import symasym

HERE = Path(__file__).parent
# Kernels are files that import nothing of symasym; the interface page documents one where it lies.
sys.path[:0] = [str(HERE / "_extensions"), str(HERE.parent / "generated" / "kernels")]

project = "symasym"
author = "The symasym developers"
copyright = author
version = release = symasym.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "audit_notes",
    "docstrings",
    "notebooks",
    "offline_mathematics",
]
exclude_patterns = ["_build", "_extensions", "examples"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
smartquotes = False  # docstrings are formulas and code more often than prose
autodoc_type_aliases = {"ArrayLike": "ArrayLike", "DTypeLike": "DTypeLike"}

html_theme = "furo"
html_title = f"symasym {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
