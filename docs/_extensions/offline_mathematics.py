"""Mathematics without a network: MathJax comes from an installed package and goes into the site as one file.

SVG output, because it needs no fonts: a page opened from disk may not be allowed to load any. `tex-svg-full` has every TeX
extension in it and looks for nothing at run time, as long as the menu, which would fetch accessibility parts, is off.
"""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

SCRIPT = "tex-svg-full.js"
PACKAGE = "sphinx-mathjax-offline"


def script() -> Path:
    """Where the package keeps the script; the package itself, which would copy 24 MB, is not loaded as an extension."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ExtensionError(f"{PACKAGE} is not installed; pip install 'symasym[docs]', or ./run docs, brings it")
    return Path(found.origin).parent / "static" / "mathjax" / SCRIPT


def _copy(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        shutil.copyfile(script(), Path(app.outdir) / "_static" / SCRIPT)


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.config.mathjax_path = SCRIPT
    app.config.mathjax3_config = {
        "options": {"enableMenu": False},
        "svg": {"fontCache": "local"},
    }
    app.connect("build-finished", _copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
