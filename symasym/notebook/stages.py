"""Models and the stages of a derivation: the steps that the command line and the write-up show."""

from __future__ import annotations

import sympy

from symasym.alignment.blocks import Blocks
from symasym.asymptotics.covariance import Covariance
from symasym.asymptotics.downstream import Downstream
from symasym.calculus.forms import Forms
from symasym.model.families import FamilyModel
from symasym.model.model import Model
from symasym.notebook.view import View, of_step, view
from symasym.pipeline import Derivation, FamilyDerivation, GeneralDerivation
from symasym.steps import Line, Step, steps
from symasym.steps.blocks import blocks_step, covariance_step
from symasym.steps.forms import forms_step
from symasym.steps.law import downstream_step
from symasym.steps.setting import setting_step, symmetry_step
from symasym.symmetry.quotient import Quotient

__all__: list[str] = []


@view.register
def _step(thing: Step) -> View:
    return of_step(thing)


@view.register
def _model(thing: Model) -> View:
    found = setting_step(thing)
    symmetry = (Line(p, image, f"{a.group} acts") for a in thing.actions for p, image in a.images.items())
    return View(thing.title or "Model", (), (*found.lines, *symmetry, *_relations(thing)))


@view.register
def _family_model(thing: FamilyModel) -> View:
    lines = (
        Line(sympy.Symbol("l"), thing.loss, "loss of one sample"),
        *(
            Line(None, block.value, f"features of a member, with the coefficients {block.coefficient}")
            for block in thing.features
        ),
        Line(sympy.Symbol("sigma^2"), thing.noise, "label noise"),
        Line(None, None, str(thing.symmetry)),
    )
    return View(thing.title or "Model of a family", (), (*lines, *_relations(thing)))


def _relations(model: Model | FamilyModel) -> tuple[Line, ...]:
    stated = tuple(Line(None, relation, "where") for relation in model.where)
    return (*stated, *(Line(None, None, f"assumed: {words}") for words in model.assumptions))


@view.register
def _quotient(thing: Quotient) -> View:
    return of_step(symmetry_step(thing))


@view.register
def _forms(thing: Forms) -> View:
    return of_step(forms_step(thing))


@view.register
def _blocks(thing: Blocks) -> View:
    return of_step(blocks_step(thing))


@view.register
def _covariance(thing: Covariance) -> View:
    return of_step(covariance_step(thing))


@view.register
def _downstream(thing: Downstream) -> View:
    return of_step(downstream_step(thing, thing.entries))


@view.register
def _derivation(thing: Derivation) -> View:
    """The law, and where the stages are: each shows itself, which for all of them at once can take seconds."""
    return _with_stages(view(thing.law), ("quotient", "forms", "blocks", "covariance", "downstream"))


@view.register
def _general_derivation(thing: GeneralDerivation) -> View:
    return _with_stages(view(thing.model), ("quotient", "forms"))


def _with_stages(found: View, names: tuple[str, ...]) -> View:
    said = f"stages, each of which shows itself: {', '.join(f'.{name}' for name in names)}"
    return View(found.title, (said,), found.lines, found.tables, found.more)


@view.register
def _family_derivation(thing: FamilyDerivation) -> View:
    found = view(thing.model)
    more = tuple(of_step(step, f"{n}. {step.title}") for n, step in enumerate(steps(thing), 1))
    return View(found.title, found.words, found.lines, found.tables, more)
