"""Random exact points for every model, by name: what tests need to know about a model and the engine must not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import sympy

from symasym import catalogue
from symasym.alignment.entries import entry_table
from symasym.alignment.ranges import Ranges
from symasym.asymptotics.instantiate import Instantiated, instantiate
from symasym.law.write_out import write_out
from symasym.model.model import Model
from symasym.pipeline import Derivation, derive_model

TRIALS = Path(__file__).parent / "models"
MODELS = catalogue.names()
VARIANTS = [f"{name}_{variant}" for name in MODELS for variant in catalogue.load(name).variants]
SIZES = [{"d": d, "k": k} for d in (2, 3, 4) for k in range(1, d)]
ENCODER_SIZES = [
    {"k": k, "r": r, "d1": d1, "d2": d2}
    for k, r, d1, d2 in (
        (1, 1, 2, 1),
        (1, 2, 2, 2),
        (1, 2, 3, 2),
        (2, 2, 3, 2),
        (1, 2, 2, 3),
        (2, 3, 3, 4),
        (1, 1, 3, 3),
    )
]
"""Bottleneck, rank, both dimensions: ranges of size 0 and 1, either space the larger one."""
CASES = [(name, sizes) for name in (*MODELS, *VARIANTS) for sizes in SIZES]
CASES += [("context_encoder", sizes) for sizes in ENCODER_SIZES]


def loaded(name: str) -> catalogue.Loaded:
    """A model of the catalogue by its name, a variant by the name it is built under, a trial model by its file."""
    if name in (*MODELS, *VARIANTS):
        return catalogue.load(name)
    return catalogue.load(str(TRIALS / f"{name}.py"))


@cache
def derivation(name: str) -> Derivation:
    return derive_model(loaded(name).model, name)


def label(case: tuple[str, dict[str, int]]) -> str:
    """How a case is called in pytest's output."""
    name, sizes = case
    return name + "-" + "-".join(f"{key}{value}" for key, value in sizes.items())


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


def _families(name: str, sizes: dict[str, int], rng: Random) -> dict[str, list[Fraction]]:
    learned = [_rational(rng) for _ in range(sizes["k"])]
    match name:
        case "spectral":
            return {"lam": _squares(sizes["d"], rng), "b": learned}
        case "factor" | "factor_noise_estimated":
            return {"ell": [4 * value for value in _squares(sizes["k"], rng)], "beta": learned}
        case "linear_autoencoder":
            return {"lam": [9 * value for value in _squares(sizes["d"], rng)], "b": learned}
        case "context_encoder":
            noise = [Fraction(rng.randint(1, 9), rng.randint(1, 5)) for _ in range(max(sizes["d1"], sizes["d2"]))]
            return {"s": _squares(sizes["r"], rng), "nu": noise, "b": learned}
    raise KeyError(f"tests/support.py: say how to draw a point of {name}")


def point(name: str, sizes: dict[str, int], seed: int) -> Point:
    """A random rational point of a model, with a rational `w*`."""
    rng = Random(f"{name} {sorted(sizes.items())} {seed}")
    families = _families(name, sizes, rng)
    noise = Fraction(rng.randint(1, 9), 4)
    scalars = {
        "spectral": {"K": Fraction(rng.randint(1, 3)), "sigma2": noise},
        "linear_autoencoder": {"degrees_of_freedom": Fraction(rng.randint(9, 30), 2), "sigma2": noise},
        "factor": {"sigma_nu2": noise, "noise": Fraction(rng.randint(1, 9), 5)},
        "factor_noise_estimated": {"sigma_nu2": noise, "noise": Fraction(rng.randint(1, 9), 5)},
        "context_encoder": {"sigma2": noise},
    }[name]
    return Point(sizes, families, scalars, random_covariance(sizes.get("d", sizes.get("d1", 0)), rng))


def symbols(sizes: Mapping[str, int]) -> dict[sympy.Symbol, int]:
    """Sizes by dimension symbol."""
    return {sympy.Symbol(name, integer=True, positive=True): size for name, size in sizes.items()}


def written_out(case: Derivation, at: Point) -> Instantiated:
    """The closed form at a point, as full exact matrices."""
    return instantiate(
        case.forms.parameters,
        case.covariance,
        case.blocks.score_coupling,
        case.downstream,
        at.sizes,
        at.families,
        {**at.scalars, **{s.name: exactly(value, at) for s, value in case.forms.scale_moments.items()}},
        at.Sigma_down,
        case.blocks.hessian_coupling,
        case.forms.scalar_parameters,
    )


def exact_matrices(model: Model, at: Point) -> dict[Any, Any]:
    """Values for the explicit engine: every parameter and constant of the aligned model as rational matrices."""
    assert model.aligned is not None
    sizes = symbols(at.sizes)
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
    values.update({symbol: at.scalars[symbol.name] for symbol in model.scalars})
    values.update({symbol: at.Sigma_down.tolist() for symbol in model.downstream.x.cov.atoms(sympy.MatrixSymbol)})
    return values


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


def exactly(expression: sympy.Expr, at: Point) -> Fraction:
    """A formula with sums at an exact point."""
    written = write_out(expression, at.sizes)
    numbers = {
        entry: at.families[str(entry.base.label)][int(entry.indices[0]) - 1] for entry in written.atoms(sympy.Indexed)
    }
    numbers.update({s: at.scalars[str(s)] for s in written.free_symbols if str(s) in at.scalars})
    number = sympy.sympify(
        written.xreplace({k: sympy.Rational(v.numerator, v.denominator) for k, v in numbers.items()})
    )
    return Fraction(int(number.p), int(number.q))
