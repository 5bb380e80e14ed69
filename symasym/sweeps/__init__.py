"""A kernel over a grid of parameters: in chunks, on any executor, restartable."""

from symasym.sweeps.result import Sweep, load_sweep
from symasym.sweeps.run import sweep

__all__ = ["Sweep", "load_sweep", "sweep"]
