"""What the tests of LaTeX share: write-ups of the catalogue, wide formulas, displays taken apart."""

from __future__ import annotations

import re
import shutil
from functools import cache

import pytest
import sympy
from support import derivation, loaded
from sympy.matrices.expressions import MatMul

from symasym.codegen.latex import emit
from symasym.codegen.latex.pdf import INSTALL
from symasym.evidence import evidence
from symasym.model import covariance, dims, indexed, indices, parameter, tr
from symasym.pipeline import Derivation

WORKED = ("factor", "linear_autoencoder", "spectral")

needs_tex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason=f"pdflatex is not installed; to run this: {INSTALL}"
)

i, j, a, c = indices("i j a c")
lam, b = indexed("lam b")
d, k = dims("d k")
A, Sigma, Sigma_plus = parameter("A", k, d), covariance("Sigma", d), covariance("Sigma_plus", d)

LARGE = sympy.Add(*((n + 2) * lam[i] ** n * lam[a] ** (7 - n) for n in range(8)))
LONG = MatMul(*([A, Sigma, A.T] * 9 + [A, Sigma_plus, A.T] * 6))
WIDE = {
    "sum": sympy.Add(*(lam[i] ** n for n in range(60))),
    "fraction": LARGE * (1 + lam[i]) / (LARGE + lam[a]) ** 2,
    "summand": sympy.Sum(LARGE / (lam[i] - lam[a]) ** 2 * (1 + LARGE), (i, 1, k)),
    "power": LARGE**3 * sympy.Add(*(lam[j] ** n for n in range(12))),
    "matrix": sympy.ImmutableMatrix(2, 2, lambda p, q: LARGE * (p + 1 + lam[i]) / (LARGE + q + lam[a])),
    "trace": tr(LONG),
    "traces": 4 * tr(LONG) * tr(MatMul(*([A, Sigma, A.T] * 6))) - tr(LONG),
    "tuple": sympy.Tuple(*(LARGE + n for n in range(4))),
}


def derived(name: str) -> tuple[Derivation, tuple[str, ...]]:
    """A derivation and the keys of its sources."""
    instance = loaded(name).instance
    return derivation(name), tuple(instance.references) if instance else ()


@cache
def written(name: str) -> str:
    """The write-up of a model with a closed form, records of checks included."""
    summary = "A summary with V = h^{-1} s h^{-1} in it & 100 % of the signs."
    return emit(*derived(name), summary=summary, evidence=evidence(name))


def bodies(tex: str) -> list[str]:
    """The displays of a document."""
    return re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", tex, re.DOTALL)


def lines(body: str) -> list[str]:
    """The lines of a display."""
    return [line.removesuffix(r" \\") for line in body.split("\n")]
