"""The coordinates a source prints its formulas in: the model with its matrices diagonal in the source's own letters.

A setting is data (`settings/*.toml`). The pipeline derives the law in these coordinates, stationarity and positivity included, so
that nothing has to be translated afterwards.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym import catalogue
from symasym.alignment.entries import Entries
from symasym.alignment.ranges import Range as AlignedRange, Ranges
from symasym.asymptotics.covariance import Covariance
from symasym.claims.estimator import inverse_hessian
from symasym.claims.language import Scope, parse, relation
from symasym.claims.points import Domain, Range
from symasym.claims.sums import normal
from symasym.errors import InputError
from symasym.model.aligned import Aligned, indexed, indices
from symasym.model.matrices import Constant, dims, eye
from symasym.model.model import Model
from symasym.pipeline import Derivation, derive_model

__all__ = ["Setting", "read_setting", "setting"]

FOLDER = Path(__file__).with_name("settings")
TANGENTS = ("H1", "H2")
SPARE = 16
"""Power sums that the forms of a claim may need."""


@dataclass(frozen=True)
class Setting:
    """A model in a source's coordinates.

    * `scope`: what the source's letters stand for; `fixed`: scalars of the model that the source gives a value.
    * `descriptor`: what the source calls the estimator's target, e.g. `A^T A`; `tangents`: two symmetric matrices `H1`, `H2` of
      its shape.
    * `downstream`: the diagonal of the downstream covariance by range; left out, that of the pre-training data.
    """

    name: str
    summary: str
    loaded: catalogue.Loaded
    aligned: Aligned
    scope: Scope
    domain: Domain
    fixed: Mapping[sympy.Symbol, sympy.Expr]
    descriptor: MatrixExpr | None
    downstream: Mapping[sympy.Symbol, sympy.Expr]

    @cached_property
    def model(self) -> Model:
        """The model of the catalogue with these coordinates for its own."""
        known = {
            symbol: self.aligned.diagonal[symbol] for symbol in self.aligned.diagonal if symbol.name not in self._extra
        }
        return replace(self.loaded.model, aligned=replace(self.aligned, diagonal=known))

    @property
    def _extra(self) -> set[str]:
        """Matrices of the source that the model does not have, such as a projector."""
        own = {symbol.name for symbol in _matrices(self.loaded.model)}
        return {symbol.name for symbol in self.aligned.diagonal} - own

    @cached_property
    def derivation(self) -> Derivation:
        """Every stage, derived in the source's coordinates."""
        return derive_model(self.model, self.loaded.name)

    @cached_property
    def inverse_hessian(self) -> Covariance:
        """`h^{-1}` on the horizontal space."""
        return inverse_hessian(self.derivation)

    def defining(self, definitions: Sequence[str]) -> Setting:
        """The setting with further definitions; what is derived already is kept."""
        if not definitions:
            return self
        further = replace(self, scope=self.scope.defining(definitions))
        further.__dict__.update({name: getattr(self, name) for name in ("model", "derivation")})
        return further

    @property
    def tangents(self) -> tuple[MatrixExpr, ...]:
        """`H1`, `H2`."""
        return tuple(self.scope.names[name] for name in TANGENTS)

    def entries(self) -> Entries:
        """A field in which forms with the source's matrices have entries."""
        ranges = Ranges(self.aligned.ranges)
        bounds = {
            s for pair in self.aligned.ranges.values() for bound in pair for s in sympy.sympify(bound).free_symbols
        }
        return Entries(self.aligned, ranges, bounds | set(self.loaded.model.scalars), SPARE)

    def range_of(self, index: sympy.Symbol) -> AlignedRange:
        """The engine's range of an index or of the second index over the same range."""
        first = next(item.index for item in self.domain.ranges if index in (item.index, item.second))
        return next(item for item in self.derivation.blocks.entries.ranges.all if item.index == first)

    def present(self, expression: sympy.Expr, definitions: Mapping[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
        """A derived expression in the source's letters: fixed scalars put in, power sums under the source's names."""
        names = self._letters(definitions)
        rest = {symbol: value for symbol, value in definitions.items() if symbol not in names}
        partners = {item.partner: self._second(item.index) for item in Ranges(self.aligned.ranges).all}
        return normal(expression.xreplace({**names, **rest}).xreplace(partners).subs(dict(self.fixed)))

    def _second(self, index: sympy.Symbol) -> sympy.Symbol:
        return next(item.second for item in self.domain.ranges if item.index == index)

    def _letters(self, definitions: Mapping[sympy.Symbol, sympy.Expr]) -> dict[sympy.Symbol, sympy.Expr]:
        """The source's names for the engine's power sums, where it has them."""
        found: dict[sympy.Symbol, sympy.Expr] = {}
        for symbol, value in definitions.items():
            for letter, meaning in self.scope.letters.items():
                if normal(value.subs(dict(self.fixed)) - meaning) == 0:
                    found[symbol] = letter
        return found


def _matrices(model: Model) -> list[Any]:
    """Constant matrices and parameters of a model, by name."""
    parts = (model.loss, model.features, model.downstream.target, model.downstream.noise, model.downstream.x)
    found = {s for part in parts for s in part.atoms(sympy.MatrixSymbol) if isinstance(s, Constant)}
    return sorted({*found, *model.parameters}, key=lambda symbol: symbol.name)


@cache
def setting(name: str) -> Setting:
    """A setting of the package by its name."""
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
        raise InputError(f"setting: there is none called {name}; known are {known}")
    return read_setting(tomllib.loads(path.read_text(encoding="utf-8")), name)


def read_setting(table: Mapping[str, Any], name: str) -> Setting:
    """A setting from its table; `docs/claims.md` says what its keys are."""
    loaded = catalogue.load(table["model"])
    model = loaded.model
    families = {family: indexed(family)[0] for family in table["families"]}
    scope = Scope(_names(table, model), families, where=f"setting {name}")
    ranges = {
        indices(index)[0]: (parse(first, scope), parse(last, scope)) for index, (first, last) in table["ranges"].items()
    }
    matrices = {symbol.name: symbol for symbol in _matrices(model)}
    for label, value in table.get("extra", {}).items():
        dimension = parse(value["dimension"], scope)
        matrices[label] = Constant(label, dimension, dimension, sympy.true)
    letters = dict(scope.names)
    for label, of in {**{n: n for n in matrices}, **table.get("names", {})}.items():
        letters[label] = matrices[of]
    scope = replace(scope, names=letters)
    descriptor = parse(table["descriptor"]["is"], scope) if "descriptor" in table else None
    if descriptor is not None:
        more: dict[str, Any] = {table["descriptor"]["name"]: descriptor, "I": eye(descriptor.shape[0])}
        more |= {tangent: Constant(tangent, *descriptor.shape, sympy.true) for tangent in TANGENTS}
        scope = replace(scope, names={**scope.names, **more})
    diagonal = {matrices[label]: _weight(value, scope) for label, value in table["diagonal"].items()}
    diagonal |= {matrices[label]: _weight(value["diagonal"], scope) for label, value in table.get("extra", {}).items()}
    at = {matrices[label]: _weight(value, scope) for label, value in table["at"].items()}
    assume = tuple(relation(text, scope) for text in table.get("assume", ()))
    strict = tuple(r for r in assume if isinstance(r, sympy.StrictGreaterThan | sympy.StrictLessThan))
    scope = scope.defining(table.get("definitions", ()))
    seconds = table.get("second", {})
    return Setting(
        name=name,
        summary=table.get("summary", ""),
        loaded=loaded,
        aligned=Aligned(ranges=ranges, diagonal=diagonal, at=at, assume=strict),
        scope=scope,
        domain=Domain(
            dimensions=tuple(sorted({s for r in ranges.values() for b in r for s in b.free_symbols}, key=str)),
            ranges=tuple(
                Range(index, first, last, indices(seconds.get(str(index), f"{index}_2"))[0])
                for index, (first, last) in ranges.items()
            ),
            assume=assume,
            where=tuple(model.where),
            squares=frozenset(table.get("squares", ())),
        ),
        fixed={_scalar(model, label): parse(str(value), scope) for label, value in table.get("fixed", {}).items()},
        descriptor=descriptor,
        downstream={indices(index)[0]: parse(value, scope) for index, value in table.get("downstream", {}).items()},
    )


def _scalar(model: Model, name: str) -> sympy.Symbol:
    for symbol in model.scalars:
        if symbol.name == name:
            return symbol
    raise InputError(f"fixed: the model has no scalar {name}; it has {', '.join(map(str, model.scalars))}")


def _weight(value: Mapping[str, str], scope: Scope) -> dict[sympy.Symbol, sympy.Expr]:
    return {indices(index)[0]: parse(entry, scope) for index, entry in value.items()}


def _names(table: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """Dimensions, indices, families, scalars and data vectors by name."""
    shapes = {n for symbol in _matrices(model) for n in symbol.shape}
    sizes = {s for n in shapes for s in sympy.sympify(n).free_symbols}
    names: dict[str, Any] = {str(s): s for s in dims(" ".join(sorted(map(str, sizes))))}
    for index in (*table["ranges"], *table.get("second", {}).values()):
        names[index] = indices(index)[0]
    names |= {s.name: s for s in model.scalars if s.name not in table.get("fixed", {})}
    names |= {vector.name: vector for vector in (*model.data, model.input)}
    names["alpha"] = sympy.Symbol("alpha", positive=True)
    return names
