"""Random exact points for every model, by name: what tests need to know about a model and the engine must not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import numpy as np
import sympy

from symasym import catalogue
from symasym.alignment.entries import entry_table
from symasym.alignment.ranges import Ranges
from symasym.model.model import Model
from symasym.pipeline import Derivation, derive_model

MODELS = catalogue.names()
SIZES = [(d, k) for d in (2, 3, 4) for k in range(1, d)]


@cache
def derivation(name: str) -> Derivation:
    return derive_model(catalogue.load(name).model, name)


@dataclass(frozen=True)
class Point:
    """Aligned numbers at concrete sizes, exact; `Sigma_down` is aligned and general."""

    sizes: dict[str, int]
    families: dict[str, list[Fraction]]
    scalars: dict[str, Fraction]
    Sigma_down: np.ndarray

    @property
    def floats(self) -> dict[str, Any]:
        table: dict[str, Any] = {name: np.array([float(v) for v in values]) for name, values in self.families.items()}
        return {**self.sizes, **table, **{name: float(value) for name, value in self.scalars.items()}}


def _squares(count: int, rng: Random) -> list[Fraction]:
    """Distinct squares of rationals below 1, descending."""
    roots = sorted(rng.sample(range(1, 24), count), reverse=True)
    return [Fraction(root, 25) ** 2 for root in roots]


def _rational(rng: Random) -> Fraction:
    return Fraction(rng.choice([-1, 1]) * rng.randint(1, 12), rng.randint(1, 7))


def random_covariance(d: int, rng: Random) -> np.ndarray:
    """A random rational symmetric positive definite matrix."""
    root = np.array([[_rational(rng) for _ in range(d)] for _ in range(d)], dtype=object)
    return root @ root.T + np.array([[Fraction(int(m == n)) for n in range(d)] for m in range(d)], dtype=object)


def point(name: str, d: int, k: int, seed: int) -> Point:
    """A random rational point of a model, with a rational `w*`."""
    rng = Random(f"{name} {d} {k} {seed}")
    learned = [_rational(rng) for _ in range(k)]
    families = {
        "spectral": lambda: {"lam": _squares(d, rng), "b": learned},
        "factor": lambda: {"ell": [4 * value for value in _squares(k, rng)], "beta": learned},
        "linear_autoencoder": lambda: {"lam": [9 * value for value in _squares(d, rng)], "b": learned},
    }[name]()
    scalar = "sigma_nu2" if name == "factor" else "sigma2"
    return Point({"d": d, "k": k}, families, {scalar: Fraction(rng.randint(1, 9), 4)}, random_covariance(d, rng))


def exact_matrices(model: Model, at: Point) -> dict[Any, Any]:
    """Values for the explicit engine: every parameter and constant of the aligned model as rational matrices."""
    assert model.aligned is not None
    sizes = {sympy.Symbol(n, integer=True, positive=True): s for n, s in at.sizes.items()}
    ranges, values = Ranges(model.aligned.ranges), {}
    for symbol, spec in entry_table(model.aligned, ranges).items():
        rows, columns = (int(sympy.sympify(n).subs(sizes)) for n in symbol.shape)
        matrix = [[Fraction(0)] * columns for _ in range(rows)]
        for item in ranges.of(symbol.shape[0]):
            if item.index not in spec or (symbol.shape[1] != 1 and item not in ranges.of(symbol.shape[1])):
                continue
            for n in range(int(item.first.subs(sizes)), int(item.last.subs(sizes)) + 1):
                matrix[n - 1][0 if symbol.shape[1] == 1 else n - 1] = _entry(spec[item.index], item.index, n, at)
        values[symbol] = matrix
    values.update({symbol: at.scalars[str(symbol)] for symbol in _scalars(model) if str(symbol) in at.scalars})
    values.update({symbol: at.Sigma_down.tolist() for symbol in model.downstream.x.cov.atoms(sympy.MatrixSymbol)})
    return values


def _scalars(model: Model) -> set[sympy.Symbol]:
    parts = model.loss.free_symbols | model.downstream.noise.free_symbols
    return {symbol for symbol in parts if isinstance(symbol, sympy.Symbol)}


def _entry(expression: sympy.Expr, index: sympy.Symbol, n: int, at: Point) -> Fraction:
    written = sympy.sympify(expression).subs(index, n)
    table = {
        entry: sympy.Rational(value.numerator, value.denominator)
        for entry in written.atoms(sympy.Indexed)
        for value in (at.families[str(entry.base.label)][int(entry.indices[0]) - 1],)
    }
    number = sympy.sympify(written.xreplace(table))
    return Fraction(int(number.p), int(number.q))


def float_matrices(values: Mapping[Any, Any]) -> dict[str, np.ndarray | float]:
    """The same values by name, in floats, for the general route."""
    return {
        str(symbol): float(value) if isinstance(value, Fraction) else np.array(value, dtype=object).astype(float)
        for symbol, value in values.items()
    }
