"""The two-stage procedure itself at finite `m` and `n`: the last judge of every law.

`verify(loaded, document)` runs it and judges; `verify_law(law, results)` judges results that are there already. Names
are looked up when they are first used, because model files import `symasym.simulation.estimators` and must stay cheap
to load.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symasym.simulation.findings import Judgement
    from symasym.simulation.judge import verify_law
    from symasym.simulation.procedure import Verification, verify
    from symasym.simulation.results import Results

_HOME = {
    "Judgement": "symasym.simulation.findings",
    "verify_law": "symasym.simulation.judge",
    "Verification": "symasym.simulation.procedure",
    "verify": "symasym.simulation.procedure",
    "Results": "symasym.simulation.results",
}

__all__ = ["Judgement", "Results", "Verification", "verify", "verify_law"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'symasym.simulation' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
