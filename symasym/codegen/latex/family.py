"""Sections of a model of a family: setting, symmetry, and the integrals that the law ends in."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from symasym.codegen.latex.blocks import Row, aligned, dollars
from symasym.codegen.latex.layout import Layout
from symasym.codegen.latex.printer import formula
from symasym.codegen.latex.prose import prose
from symasym.model.families import FamilyModel, Member
from symasym.pipeline import FamilyDerivation

__all__ = ["Family", "Integrals", "Relabelling", "family", "integrals", "relabelling"]


@dataclass(frozen=True)
class Family:
    """Section on the model: `loss` and `features` are displays; `coefficients` of the features in `f*`, block by block."""

    loss: str
    data: str
    centre: str
    count: str
    dimension: str
    features: str
    coefficients: str
    sources: str


@dataclass(frozen=True)
class Relabelling:
    """Section on the symmetry."""

    group: str
    count: str
    dimension: str


@dataclass(frozen=True)
class Integrals:
    """Section in place of a corollary."""

    count: str
    dimension: str
    integrals: tuple[str, ...]
    assumptions: tuple[str, ...]


def family(model: FamilyModel, sources: str, layout: Layout) -> Family:
    """Loss, law of the data, features and target; `sources` are the keys to cite."""
    member = next(iter(model.features[0].coefficient.atoms(Member)))
    rows: list[Row] = [(sympy.Symbol(f"psi_{n}"), "=", block.value) for n, block in enumerate(model.features, 1)]
    return Family(
        loss=aligned([(sympy.Symbol("l(w; z)"), "=", model.loss)], layout),
        data=formula(model.input),
        centre=formula(model.parameter[member]),
        count=formula(model.parameter.count),
        dimension=formula(model.parameter.dimension),
        features=aligned(rows, layout),
        coefficients=dollars(*(block.coefficient for block in model.features)),
        sources=sources,
    )


def relabelling(model: FamilyModel) -> Relabelling:
    """The finite group of relabellings."""
    count, dimension = model.parameter.count, model.parameter.dimension
    return Relabelling(rf"S_{{{formula(count)}}}", formula(count), formula(count * dimension))


def integrals(derivation: FamilyDerivation) -> Integrals:
    """What is left to be integrated, and what is assumed."""
    model = derivation.model
    return Integrals(
        count=formula(model.parameter.count),
        dimension=formula(model.parameter.dimension),
        integrals=tuple(prose(words) for words in derivation.integrals),
        assumptions=tuple(prose(words) for words in model.assumptions),
    )
