"""What verified the laws, kept as data: exact comparisons, evaluations at 50 digits, simulations.

The tools that run them write the files (`tools/exactness.py`, `tools/verification.py`); the pages and the write-ups are made from
them.
"""

from symasym.evidence.records import Digits, Evidence, Exact, Simulation
from symasym.evidence.stored import evidence, simulations

__all__ = ["Digits", "Evidence", "Exact", "Simulation", "evidence", "simulations"]
