"""Files outside of the package (tools, extensions of the site), loaded where a test needs them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

TOP = Path(__file__).parent.parent


def load(path: str) -> ModuleType:
    """The module in a file, a path from the top of the checkout; it may import its neighbours."""
    file = TOP / path
    spec = importlib.util.spec_from_file_location(f"by_path_{file.stem}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    sys.path.insert(0, str(file.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(file.parent))
    return module
