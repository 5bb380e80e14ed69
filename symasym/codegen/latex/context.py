"""The sections on the symmetry and on the derivation: fields are the slots of their templates."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from symasym.codegen.latex.blocks import Block, blocks, dollars, sentence
from symasym.codegen.latex.layout import Layout
from symasym.codegen.latex.names import escaped
from symasym.codegen.latex.printer import formula
from symasym.codegen.latex.prose import prose
from symasym.model.groups import Algebra
from symasym.pipeline import AnyDerivation, FamilyDerivation, GeneralDerivation
from symasym.steps import Step
from symasym.symmetry.quotient import Quotient
from symasym.words.show import show_atom, show_matrix

__all__ = ["Action", "Numbers", "Stage", "Stages", "Symmetry", "names_of", "numbers", "shapes_of", "stages", "symmetry"]

_OWN_SECTION = frozenset({"Setting", "Symmetry", "Law", "Numbers", "Integrals"})
"""Steps that the sections around the derivation show."""


@dataclass(frozen=True)
class Action:
    """One group, what it does, and how it moves the features and the representative."""

    group: str
    images: str
    representation: str
    vertical: str
    algebra: str


@dataclass(frozen=True)
class Symmetry:
    """Section on the symmetry."""

    actions: tuple[Action, ...]
    total_dimension: str
    orbit_dimension: str
    dimension: str


@dataclass(frozen=True)
class Stage:
    """One step of the derivation."""

    title: str
    rule: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Stages:
    """Section with the steps."""

    stages: tuple[Stage, ...]


def symmetry(quotient: Quotient) -> Symmetry:
    """Group action, vertical directions, representation, dimension of the quotient."""
    actions = []
    for field in quotient.fields:
        action = field.action
        images = ", ".join(rf"${formula(p)} \mapsto {formula(image)}$" for p, image in action.images.items())
        vertical = ", ".join(
            f"${formula(show_matrix(velocity))}$ in ${formula(show_atom(atom))}$"
            for atom, velocity in field.velocity.items()
        )
        actions.append(
            Action(
                group=rf"$\mathrm{{{action.group.symbol}}}({formula(action.group.size)})$",
                images=images,
                representation=f"${formula(field.rho)}$",
                vertical="" if field.algebra is Algebra.ZERO else vertical,
                algebra=field.algebra.value,
            )
        )
    return Symmetry(
        actions=tuple(actions),
        total_dimension=dollars(quotient.total_dimension),
        orbit_dimension=dollars(quotient.orbit_dimension),
        dimension=dollars(quotient.dimension),
    )


@dataclass(frozen=True)
class Numbers:
    """Section of a model without a closed form: what is computed from given matrices; `drifts` with a local penalty."""

    dimension: str
    assumptions: tuple[str, ...]
    drifts: bool


def numbers(derivation: GeneralDerivation) -> Numbers:
    """What stands in place of a corollary."""
    relations = (dollars(*derivation.model.where),) if derivation.model.where else ()
    assumptions = (*relations, *map(prose, derivation.model.assumptions))
    return Numbers(dollars(derivation.quotient.dimension), assumptions, derivation.model.local_penalty != 0)


def stages(steps: tuple[Step, ...], layout: Layout) -> Stages:
    """The steps that have no section of their own, each with its rule and its formulas."""
    return Stages(
        tuple(
            Stage(escaped(step.title), sentence(prose(step.rule)), blocks(step.lines, layout))
            for step in steps
            if step.title not in _OWN_SECTION
        )
    )


def names_of(derivation: AnyDerivation) -> set[str]:
    """Names that the formulas of a derivation use, so that new ones differ from them."""
    if isinstance(derivation, FamilyDerivation):
        return {str(s) for s in derivation.model.loss.free_symbols} | {derivation.model.parameter.name}
    model = derivation.model
    symbols = {str(s) for s in model.loss.free_symbols | model.features.free_symbols}
    symbols |= {str(m.name) for m in (*model.parameters, *model.data)}.union(*shapes_of(derivation))
    symbols |= {str(s) for s in model.downstream.noise.free_symbols if isinstance(s, sympy.Symbol)}
    if isinstance(derivation, GeneralDerivation):
        return symbols
    law = derivation.law
    ranges = {str(s) for r in derivation.blocks.entries.ranges.all for s in (r.index, r.partner)}
    definitions = {str(symbol) for symbol, _ in law.definitions}
    return symbols | ranges | definitions | {*law.families, *law.scalars, *law.dimensions}


def shapes_of(derivation: AnyDerivation) -> tuple[set[str], set[str]]:
    """Names of matrices and of vectors."""
    if isinstance(derivation, FamilyDerivation):
        return set(), {derivation.model.parameter.name, derivation.model.input.name}
    model = derivation.model
    down = model.downstream
    parts = [model.loss, model.local_penalty, model.features, down.target, down.noise, down.x.cov, down.x]
    parts += [law.covariance(v.position, v.position) for v in model.data for _, law in v.law.components]
    found = set().union(*(part.atoms(sympy.MatrixSymbol) for part in parts))
    vectors = {str(s.name) for s in found if s.shape[1] == 1}
    return {str(s.name) for s in found} - vectors, vectors
