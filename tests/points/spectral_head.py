"""Test points of the spectral model with a discarded head: those without one, but for what is simulated."""

from pathlib import Path
from runpy import run_path

globals().update(
    {name: value for name, value in run_path(str(Path(__file__).with_name("spectral.py"))).items() if name[0] != "_"}
)

SIZES = [{"d": d, "k": k} for d in (2, 3) for k in range(1, d)]
TYPICAL = {"d": 3, "k": 2}
FURTHER = []
