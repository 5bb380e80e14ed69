"""What tests need to know about models and the engine must not: exact points, good inputs, sizes, all by a model's name.

Every model has a file `tests/points/NAME.py`; a variant `NAME_VARIANT` uses that of `NAME` unless it has its own. It holds

* `SIZES`, a list of `{dimension: size}`; `TYPICAL`, one that leaves something outside of the learned span;
* `families(sizes, rng)`, `scalars(rng)` with `rng` a `random.Random`: exact values by name, so that `w*` is rational;
* `GOOD`: a good JSON input, required keys alone; `good(rng)` with a NumPy generator: a random one in general position with
  some of the keys that may be left out, `(document, extras)`;
* `SIMULATION`: `reps` and `m` of the quick simulation test, for the problem that the instance verifies.

And where a model asks for it

* `problems(sizes, count, rng)`: arrays `(count, ..)` of families or scalars for the accuracy tests, where the law's `assume` does
  not say all that must hold of them;
* `companions(values, elements)`: what else changes with the representative `w*`, `elements` by name;
* `DEFAULTS`: keys that may be left out, at values that change nothing, beyond the instance's own defaults;
* `FURTHER`: changes of the verified problem that are simulated as well; `APART`: changes under which all its weights differ;
  a key changed to None is left out.
"""

from __future__ import annotations

import copy
import re
import runpy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import sympy
from draws import rational_covariance

from symasym import catalogue, inputs
from symasym.alignment.ranges import Ranges
from symasym.alignment.specification import entry_table
from symasym.asymptotics.instantiate import Instantiated, instantiate
from symasym.law.law import IndexRange, Law
from symasym.law.write_out import write_out
from symasym.model.evaluate import evaluate_matrix
from symasym.model.families import FamilyModel
from symasym.model.instance import Instance
from symasym.model.model import Model
from symasym.pipeline import Derivation, derive_model
from symasym.simulation.procedure import default_input

HERE = Path(__file__).parent
TRIALS = HERE / "models"
BARE = HERE / "files" / "bare.py"
"""A model file without an instance."""
NAMES = catalogue.names()
"""The catalogue."""
_EVERY = {name: [name, *(f"{name}_{variant}" for variant in catalogue.load(name).variants)] for name in NAMES}
FAMILIES = [name for name in NAMES if isinstance(catalogue.load(name).definition, FamilyModel)]
"""Models of a family of vectors; `tests/projection` has them."""
_SINGLE = [name for key, every in _EVERY.items() if key not in FAMILIES for name in every]
OPEN = [name for name in _SINGLE if catalogue.load(name).model.aligned is None]
"""Models and variants without a closed form; `tests/test_open_models.py` has them."""
MODELS = [name for name in NAMES if name not in (*OPEN, *FAMILIES)]
VARIANTS = [name for name in _SINGLE if name not in (*OPEN, *MODELS)]
TRIAL_MODELS = sorted(path.stem for path in TRIALS.glob("*.py"))
"""Models that only tests know."""
ALL = [*MODELS, *VARIANTS, *TRIAL_MODELS]


@cache
def loaded(name: str) -> catalogue.Loaded:
    """A model of the catalogue by its name, a variant by the name it is built under, a trial model by its file."""
    if name in (*MODELS, *VARIANTS, *OPEN):
        return catalogue.load(name)
    return catalogue.load(str(TRIALS / f"{name}.py"))


def instance_of(name: str) -> Instance:
    """The instance of a model of the catalogue."""
    instance = loaded(name).instance
    assert instance is not None
    return instance


@cache
def derivation(name: str) -> Derivation:
    return derive_model(loaded(name).model, name)


# ---- point files


def point_path(name: str) -> Path | None:
    """The point file of a model, or of the model that it is a variant of."""
    paths = (HERE / "points" / f"{stem}.py" for stem in (name, loaded(name).path.stem))
    return next((path for path in paths if path.is_file()), None)


@cache
def point_file(name: str) -> dict[str, Any]:
    """The names that a point file defines."""
    path = point_path(name)
    if path is None:
        raise KeyError(f"tests/points/{name}.py: say how to draw a point of {name}, as tests/support.py says")
    return runpy.run_path(str(path))


def sizes_of(name: str) -> list[dict[str, int]]:
    """Sizes at which a model is tested."""
    return [dict(sizes) for sizes in point_file(name)["SIZES"]]


def typical(name: str) -> dict[str, int]:
    """One of them, with something outside of the learned span."""
    return dict(point_file(name)["TYPICAL"])


def good(name: str) -> dict[str, Any]:
    """A good input, required keys alone."""
    return copy.deepcopy(point_file(name)["GOOD"])


def random_good(name: str, rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any]]:
    """A random good input in general position, and some of the keys that may be left out; arrays are arrays."""
    document, extras = point_file(name)["good"](rng)
    return dict(document), dict(extras)


def optional(name: str, what: str, otherwise: Any) -> Any:
    """What a point file need not say."""
    return copy.deepcopy(point_file(name).get(what, otherwise) if point_path(name) else otherwise)


CASES = [(name, sizes) for name in ALL if point_path(name) for sizes in sizes_of(name)]
"""Every model has a point file (tests/test_referee.py)."""


def label(case: tuple[str, dict[str, int]]) -> str:
    """How a case is called in pytest's output."""
    name, sizes = case
    return name + "-" + "-".join(f"{key}{value}" for key, value in sizes.items())


# ---- sizes


def symbols(sizes: Mapping[str, int]) -> dict[sympy.Symbol, int]:
    """Sizes by dimension symbol."""
    return {sympy.Symbol(name, integer=True, positive=True): size for name, size in sizes.items()}


def concrete(size: Any, sizes: Mapping[str, int]) -> int:
    """A dimension or a bound as a number."""
    return int(sympy.sympify(size).subs(symbols(sizes)))


def input_dimension(name: str, sizes: Mapping[str, int]) -> int:
    """Dimension of the features' input."""
    return concrete(loaded(name).model.input.shape[0], sizes)


def positions(ranges: Sequence[IndexRange], sizes: Mapping[str, int]) -> list[int]:
    """The indices in some ranges of a law, counted from 0."""
    return [n - 1 for item in ranges for n in range(concrete(item.first, sizes), concrete(item.last, sizes) + 1)]


def inside(law: Law, sizes: Mapping[str, int]) -> list[int]:
    """The learned indices of a law, counted from 0."""
    return positions([item for item in law.ranges if item.learned], sizes)


def outside(law: Law, sizes: Mapping[str, int]) -> list[int]:
    """The indices that displacements reach, counted from 0."""
    return positions(law.outside, sizes)


def sizes_within(name: str, largest: int) -> Iterator[dict[str, int]]:
    """All sizes up to `largest` that the model allows, as long as something is outside of the learned span."""
    law, names = derivation(name).law, sorted(typical(name))
    arguments = list(symbols(dict.fromkeys(names, 1)))
    allowed = sympy.lambdify(arguments, [*map(sympy.sympify, loaded(name).model.where)])
    for numbers in product(range(1, largest + 1), repeat=len(names)):
        sizes = dict(zip(names, numbers, strict=True))
        if all(allowed(*numbers)) and outside(law, sizes):
            yield sizes


@cache
def _spacious(name: str, shortest: int) -> dict[str, int]:
    law = derivation(name).law

    def order(sizes: dict[str, int]) -> tuple[int, ...]:
        lengths = [len(positions([item], sizes)) for item in law.ranges]
        short = min(min(lengths), shortest)
        return short, len(set(lengths)), len(set(sizes.values())), -sum(sizes.values())

    return max(sizes_within(name, 8), key=order)


def spacious(name: str, shortest: int) -> dict[str, int]:
    """Sizes with no range shorter than that where 8 dimensions allow it, ranges and dimensions of different lengths."""
    return dict(_spacious(name, shortest))


# ---- inputs


def checked(name: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as the program takes them, with the sizes of all dimensions that they tell."""
    return inputs.check(
        instance_of(name), _plain(document), loaded(name).model.where, str(loaded(name).model.input.shape[0])
    )


def _plain(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in document.items()}


def verified(name: str, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The problem that the instance verifies, with some keys changed, added or, where None, left out."""
    document = {**default_input(loaded(name)), **(changes or {})}
    return {key: value for key, value in document.items() if value is not None}


def input_size(name: str, document: Mapping[str, Any]) -> int:
    """Dimension of the features' input of a concrete problem."""
    return input_dimension(name, {key: v for key, v in checked(name, document).items() if isinstance(v, int)})


def noise_keys(name: str) -> list[str]:
    """Keys that say nothing but the label noise variance, where the model determines it."""
    law = derivation(name).law
    elsewhere = {s.name for formula in law.formulas()[1:] for s in formula.atoms(sympy.Symbol)}
    own = {s.name for s in law.noise.atoms(sympy.Symbol)} - elsewhere - {"sigma2"}
    return [key.name for key in instance_of(name).keys if key.name in own]


def elsewhere(name: str, document: Mapping[str, Any], Sigma_down: Any, sigma2: float = 0.5) -> dict[str, Any]:
    """The same problem under another downstream covariance, where the model does not determine the noise."""
    own = noise_keys(name)
    kept = {key: value for key, value in document.items() if key not in own}
    return {**kept, "Sigma_down": Sigma_down, **({"sigma2": sigma2} if own else {})}


# ---- points


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


def point(name: str, sizes: dict[str, int], seed: int) -> Point:
    """A random rational point of a model, with a rational `w*`."""
    rng = Random(f"{name} {sorted(sizes.items())} {seed}")
    numbers = point_file(name)
    families, scalars = numbers["families"](sizes, rng), numbers["scalars"](rng)
    return Point(sizes, families, scalars, rational_covariance(input_dimension(name, sizes), rng))


def law_values(law: Law, at: Point) -> dict[str, Any]:
    """The numbers of a point that a law takes."""
    floats = at.floats
    return {name: floats[name] for name in (*law.dimensions, *law.families, *law.scalars)}


def expanded(law: Law, expression: sympy.Expr, sizes: Mapping[str, int]) -> sympy.Expr:
    """Definitions, which may mention each other, and sums written out."""
    for _ in law.definitions:
        expression = law.expand(expression)
    return law.expand(expression, **sizes)


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
    down = model.downstream.x.cov.atoms(sympy.MatrixSymbol) - set(values)
    values.update({symbol: at.Sigma_down.tolist() for symbol in down})
    return values


def _entry(expression: sympy.Expr, index: sympy.Symbol, n: int, at: Point) -> Fraction:
    return exactly(sympy.sympify(expression).subs(index, n), at)


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
    assert number.is_Rational, f"{expression} is {number} at this point; draw families so that w* is rational"
    return Fraction(int(number.p), int(number.q))


# ---- data


def covariance_of(model: Model, left: Any, right: Any) -> Any:
    """`Cov(left, right)` of two data vectors, None where they are independent."""
    if left.law != right.law:
        return None
    return left.law.covariance(left.position, right.position)


def moved_by(images: Mapping[Any, Any], element: Any, turn: np.ndarray, vector: Any, size: int) -> np.ndarray:
    """`T` with `vector -> T vector` under a frame; the identity where it stays."""
    image = images.get(vector)
    return np.eye(size) if image is None else evaluate_matrix(image, {vector: np.eye(size), element: turn}, {})


# ---- kernels


def core_lengths(function: Any, sizes: Mapping[str, int]) -> dict[str, int]:
    """Length of the last axis of each family that a function of a kernel takes, as its docstring states it."""
    found = re.findall(r"\* `(\w+)`: shape \(\.\.\., ([^),]+)\)", function.__doc__)
    return {name: concrete(sympy.sympify(core, locals=_letters(sizes)), sizes) for name, core in found}


def _letters(sizes: Mapping[str, int]) -> dict[str, sympy.Symbol]:
    return {symbol.name: symbol for symbol in symbols(sizes)}


def arguments_of(function: Any, values: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
    """Families, cut to their length, scalars and dimensions that a function of a kernel takes by name."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    lengths = core_lengths(function, sizes)
    known = {
        **sizes,
        **{name: np.asarray(v)[..., : lengths[name]] if name in lengths else v for name, v in values.items()},
    }
    return {name: value for name, value in known.items() if name in names}
