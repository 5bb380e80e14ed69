"""What the templates print: one object for each template, its fields the template's slots, every value computed here."""

from __future__ import annotations

from dataclasses import dataclass

import sympy
from sympy.matrices.expressions import ZeroMatrix

from symasym.codegen.latex.blocks import Block, Row, aligned, blocks, sentence
from symasym.codegen.latex.layout import Layout
from symasym.codegen.latex.printer import formula
from symasym.codegen.latex.prose import prose
from symasym.model.data import GaussianVector
from symasym.model.groups import Algebra
from symasym.model.matrices import Constant, Truth
from symasym.model.model import Model
from symasym.model.scalars import inner
from symasym.pipeline import Derivation
from symasym.steps import Step
from symasym.symmetry.quotient import Quotient
from symasym.words.show import show_atom, show_matrix

__all__ = ["Action", "Setting", "Stage", "Stages", "SymbolRow", "Symmetry", "names_of", "setting", "stages", "symmetry"]

_OWN_SECTION = frozenset({"Setting", "Symmetry", "Law"})
"""Steps that the sections around the derivation show."""


@dataclass(frozen=True)
class SymbolRow:
    """A row of the table of symbols."""

    symbol: str
    shape: str
    role: str


@dataclass(frozen=True)
class Setting:
    """Section on the model: `loss` (and `loss_where`), `features` and `target` are bodies of `align*`."""

    loss: str
    loss_where: str
    symbols: tuple[SymbolRow, ...]
    features: str
    input: str
    input_law: str
    target: str
    where: str
    sources: str


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


def _dollars(*expressions: sympy.Basic) -> str:
    return ", ".join(f"${formula(expression)}$" for expression in expressions)


# ---- setting


def _law(vector: GaussianVector, data: tuple[GaussianVector, ...]) -> str:
    mean = "centred " if isinstance(vector.mean, ZeroMatrix) else ""
    words = [f"{mean}Gaussian", f"covariance ${formula(vector.cov)}$"]
    if not mean:
        words.insert(1, f"mean ${formula(vector.mean)}$")
    for other in data:
        if other.law == vector.law and other.position < vector.position:
            cross = vector.law.covariance(other.position, vector.position)
            if not isinstance(cross, ZeroMatrix):
                pair = rf"\operatorname{{Cov}}({formula(other)}, {formula(vector)})"
                words.append(f"${pair} = {formula(cross)}$")
    if len(data) > 1 and all(other.law != vector.law for other in data if other != vector):
        words.append("independent of the others")
    return ", ".join(words)


def _shape(matrix: sympy.Basic) -> str:
    rows, columns = matrix.shape
    return f"${formula(rows)}$" if columns == 1 else rf"${formula(rows)} \times {formula(columns)}$"


def _symbols(model: Model) -> tuple[SymbolRow, ...]:
    down = model.downstream
    mentioned = [model.loss, model.features, down.target, down.noise, down.x.cov]
    mentioned += [vector.cov for vector in model.data] + [vector.mean for vector in model.data]
    for vector in model.data:
        mentioned += [vector.law.covariance(vector.position, other.position) for other in model.data if other.law == vector.law]
    matrices: set[sympy.Basic] = set().union(*(expression.atoms(Constant, Truth) for expression in mentioned))
    scalars = {s for s in down.noise.free_symbols | model.loss.free_symbols if isinstance(s, sympy.Symbol)}
    sizes = {s for m in {*matrices, *model.parameters, *model.data} for size in m.shape for s in sympy.sympify(size).free_symbols}
    rows = [SymbolRow(_dollars(p), _shape(p), "parameter, learned in pre-training") for p in model.parameters]
    rows += [SymbolRow(_dollars(v), _shape(v), f"data: {_law(v, model.data)}") for v in model.data]
    for matrix in sorted(matrices, key=lambda m: str(m.name)):
        if isinstance(matrix, Truth):
            role = f"true value of ${formula(sympy.Symbol(matrix.of))}$"
        else:
            role = "known, symmetric" if matrix.symmetric else "known"
        rows.append(SymbolRow(_dollars(matrix), _shape(matrix), role))
    for scalar in sorted(scalars - sizes, key=str):
        rows.append(SymbolRow(_dollars(scalar), "scalar", "known, positive" if scalar.is_positive else "known"))
    return tuple(rows)


def setting(model: Model, sources: str, layout: Layout) -> Setting:
    """Loss, data law, features, downstream task, symbols with their shapes; `sources` are the keys to cite."""
    loss, where = aligned([(sympy.Symbol("l(w; z)"), "=", model.loss)], layout)
    down = model.downstream
    features, _ = aligned([(sympy.Symbol(f"psi({down.x.name}, w)"), "=", model.features)], layout)
    rows: list[Row] = [(sympy.Symbol(f"f^*({down.x.name})"), "=", inner(down.target, down.x))]
    if not isinstance(down.noise, sympy.Symbol):
        rows.append((sympy.Symbol("sigma^2"), "=", down.noise))
    target, _ = aligned(rows, layout)
    return Setting(
        loss=loss,
        loss_where=where,
        symbols=_symbols(model),
        features=features,
        input=formula(down.x),
        input_law=rf"\mathcal{{N}}({_centre(down.x)}, {formula(down.x.cov)})",
        target=target,
        where=_dollars(*model.where),
        sources=sources,
    )


def _centre(vector: GaussianVector) -> str:
    return "0" if isinstance(vector.mean, ZeroMatrix) else formula(vector.mean)


# ---- symmetry


def symmetry(quotient: Quotient) -> Symmetry:
    """Group action, vertical directions, representation, dimension of the quotient."""
    actions = []
    for field in quotient.fields:
        action = field.action
        images = ", ".join(rf"${formula(p)} \mapsto {formula(image)}$" for p, image in action.images.items())
        vertical = ", ".join(
            f"${formula(show_matrix(velocity))}$ in ${formula(show_atom(atom))}$" for atom, velocity in field.velocity.items()
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
        total_dimension=_dollars(quotient.total_dimension),
        orbit_dimension=_dollars(quotient.orbit_dimension),
        dimension=_dollars(quotient.dimension),
    )


# ---- derivation


def stages(steps: tuple[Step, ...], layout: Layout) -> Stages:
    """The steps that have no section of their own, each with its rule and its formulas."""
    return Stages(
        tuple(
            Stage(step.title, sentence(prose(step.rule)), blocks(step.lines, layout))
            for step in steps
            if step.title not in _OWN_SECTION
        )
    )


def names_of(derivation: Derivation) -> set[str]:
    """Names that the formulas of a derivation use, so that new ones differ from them."""
    model, law = derivation.model, derivation.law
    symbols = {str(s) for s in model.loss.free_symbols | model.features.free_symbols}
    symbols |= {str(m.name) for m in (*model.parameters, *model.data)}
    ranges = {str(s) for r in derivation.blocks.entries.ranges.all for s in (r.index, r.partner)}
    definitions = {str(symbol) for symbol, _ in law.definitions}
    return symbols | ranges | definitions | {*law.families, *law.scalars, *law.dimensions}
