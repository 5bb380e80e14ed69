"""symasym: limit laws of two-stage M-estimation, derived for symbolic dimensions.

    import symasym
    law = symasym.derive("spectral")
    law.at(k=2, d=4, lam=[0.9, 0.5, 0.3, 0.1], b=[1, 2], K=1, sigma2=1, alpha=5).ppf(0.95)

Names are looked up when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symasym.api import derive, evaluate, explain, general_law, models
    from symasym.claims.user import audit
    from symasym.errors import ConditionViolated, InputError, NeverDerivable, NotDerivableYet, ShapeError, SymasymError
    from symasym.law.law import Law
    from symasym.law.numeric import NumericLaw
    from symasym.model.model import LeastSquares, Model
    from symasym.pipeline import Derivation
    from symasym.sweeps.result import Sweep, load_sweep
    from symasym.sweeps.run import sweep

__version__ = "0.1.0"

_HOME = {
    "audit": "symasym.claims.user",
    "derive": "symasym.api",
    "evaluate": "symasym.api",
    "explain": "symasym.api",
    "general_law": "symasym.api",
    "models": "symasym.api",
    "load_sweep": "symasym.sweeps.result",
    "sweep": "symasym.sweeps.run",
    "Sweep": "symasym.sweeps.result",
    "Law": "symasym.law.law",
    "NumericLaw": "symasym.law.numeric",
    "LeastSquares": "symasym.model.model",
    "Model": "symasym.model.model",
    "Derivation": "symasym.pipeline",
    "ConditionViolated": "symasym.errors",
    "InputError": "symasym.errors",
    "NeverDerivable": "symasym.errors",
    "NotDerivableYet": "symasym.errors",
    "ShapeError": "symasym.errors",
    "SymasymError": "symasym.errors",
}

__all__ = [
    "ConditionViolated",
    "Derivation",
    "InputError",
    "Law",
    "LeastSquares",
    "Model",
    "NeverDerivable",
    "NotDerivableYet",
    "NumericLaw",
    "ShapeError",
    "Sweep",
    "SymasymError",
    "__version__",
    "audit",
    "derive",
    "evaluate",
    "explain",
    "general_law",
    "load_sweep",
    "models",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'symasym' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
