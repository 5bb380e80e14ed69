"""One way through the house: from a model to its law, stage by stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import sympy

from symasym.alignment.blocks import Blocks, blocks
from symasym.alignment.entries import Entries
from symasym.alignment.frames import prove_frames
from symasym.alignment.ranges import Ranges
from symasym.asymptotics.assemble import assemble, assemble_logistic
from symasym.asymptotics.covariance import Covariance, covariance
from symasym.asymptotics.downstream import Downstream, downstream, feature_matrix
from symasym.asymptotics.positivity import INEQUALITY, Facts
from symasym.calculus.bilinear import moving_in, split_bilinear
from symasym.calculus.forms import Forms, ScalarDirection, forms
from symasym.errors import NotDerivableYet
from symasym.general.freeness import check_free
from symasym.law.law import Law
from symasym.law.logistic import LogisticLaw
from symasym.model.displayed import Displayed
from symasym.model.families import FamilyModel
from symasym.model.model import Model
from symasym.projection.derivation import FamilyDerivation, derive_family
from symasym.symmetry.quotient import Quotient, quotient
from symasym.words.network import Network

__all__ = [
    "AnyDerivation",
    "Derivation",
    "FamilyDerivation",
    "GeneralDerivation",
    "derive",
    "derive_general",
    "derive_model",
    "not_linear",
    "require_linear",
]


SPARE_SUMS = 8
"""Power sums beyond the traces of the forms, where coupled diagonal entries bring some (see `asymptotics.coupling`)."""


@dataclass(frozen=True)
class Derivation(Displayed):
    """Every stage of a derivation, in order; the last one is the law."""

    name: str
    model: Model
    quotient: Quotient
    forms: Forms
    blocks: Blocks
    covariance: Covariance
    downstream: Downstream
    law: Law

    @property
    def logistic(self) -> LogisticLaw:
        """The laws with logistic regression as the second stage."""
        return assemble_logistic(self.law, self.blocks.entries, self.downstream)


@dataclass(frozen=True)
class GeneralDerivation(Displayed):
    """The stages that hold for symbolic dimensions without aligned coordinates: symmetry and forms.

    `w*`, `V`, `K` and the weights then come as arrays, for given matrices, from these same forms (`symasym.general`).
    """

    name: str
    model: Model
    quotient: Quotient
    forms: Forms

    def __str__(self) -> str:
        counts = {name: len(form.terms) for name, form in (("s", self.forms.score), ("h", self.forms.hessian))}
        lines = [
            self.model.title or self.name,
            "  n (R - sigma^2) -> sigma^2 d_act + (1/alpha) ||L(Z)||^2,   alpha = m/n",
            "  no aligned coordinates are stated, so there is no closed form",
            f"  symbolic: loss invariant under {', '.join(map(str, self.model.actions)) or 'no group'}",
            f"  symbolic: dimension of the quotient {self.quotient.dimension}",
            *self._penalty(),
            f"  symbolic: score form s ({counts['s']} trace words) and Hessian form h ({counts['h']}), for every size",
            "  numeric: w* from several starts unless the model file gives it; V = h^-1 s h^-1 on the horizontal space;",
            "  numeric: weights = eigenvalues of K V, by symasym eval on given matrices",
        ]
        lines += [f"  where {', '.join(map(str, self.model.where))}"] if self.model.where else []
        lines += [f"  assumed: {words}" for words in self.model.assumptions]
        return "\n".join(lines)

    def _penalty(self) -> list[str]:
        penalty = self.model.local_penalty
        if penalty == 0:
            return []
        return [f"  local penalty: ({penalty}) / sqrt(m) added to the empirical loss, so that Z has the mean -h^+ DP"]


AnyDerivation: TypeAlias = Derivation | GeneralDerivation | FamilyDerivation
Progress: TypeAlias = Callable[[str], None]
"""Called with the name of every stage as it begins, for whoever waits."""


def _silent(stage: str) -> None:
    """Nobody waits."""


def derive(model: Model | FamilyModel, name: str = "model", progress: Progress = _silent) -> AnyDerivation:
    """The law in closed form where the model states aligned coordinates, else the stages that need none."""
    if isinstance(model, FamilyModel):
        return derive_family(model, name)
    return derive_general(model, name) if model.aligned is None else derive_model(model, name, progress)


def require_linear(derivation: AnyDerivation) -> None:
    """Logistic regression as the second stage is derived for features that are linear in a Gaussian input.

    Raises `NotDerivableYet` for others.
    """
    if isinstance(derivation, FamilyDerivation):
        raise not_linear(derivation.name)


def not_linear(name: str) -> NotDerivableYet:
    """What to say of a model whose features are no linear functions."""
    return NotDerivableYet(
        "downstream: logistic came, but it is derived for features that are linear in a Gaussian input, which those of "
        f"{name} are not; least_squares is expected"
    )


def derive_general(model: Model, name: str = "model") -> GeneralDerivation:
    """Symmetry and forms of any model, for symbolic dimensions."""
    feature_matrix(model)
    return GeneralDerivation(name, model, quotient(model), forms(model))


def derive_model(model: Model | FamilyModel, name: str = "model", progress: Progress = _silent) -> Derivation:
    """Derive the law of an aligned model for symbolic dimensions.

    Raises `ConditionViolated` with the offending direction or counterexample, `NotDerivableYet` where a stage does not reach.
    """
    if isinstance(model, FamilyModel):
        raise NotDerivableYet(
            f"{name}: the law of a family ends in integrals; symasym.explain shows the symbolic stages, symasym.evaluate "
            "(symasym eval) the numbers"
        )
    if model.aligned is None:
        raise NotDerivableYet(
            f"{name}: the model states no aligned coordinates, so there is no closed form; symasym.explain shows the symbolic "
            "stages, symasym.evaluate (symasym eval) the numbers"
        )
    feature_matrix(model)  # refuses features that are not linear before anything else is made of them
    progress("symmetry")
    symmetry = quotient(model)
    progress("score and Hessian forms")
    first_stage = forms(model)
    progress("frames")
    prove_frames(model)
    progress("blocks in aligned coordinates")
    entries = _entries(model, first_stage)
    aligned = blocks(first_stage, symmetry, entries)
    limit = covariance(
        aligned,
        _facts(model, entries),
        model.scalar_parameters,
        progress,
    )
    progress("downstream map and law")
    check_free(model, symmetry, limit.vertical_dimension)
    second_stage = downstream(model, first_stage, limit)
    law = assemble(name, model, symmetry, first_stage, limit, second_stage)
    return Derivation(name, model, symmetry, first_stage, aligned, limit, second_stage, law)


def _facts(model: Model, entries: Entries) -> Facts:
    """What is assumed of entries and dimensions, as stated and in terms of the roots that `w*` carries."""
    assert model.aligned is not None
    stated = [*model.aligned.assume, *_inequalities(model.where)]
    moved = [entries.with_roots(relation) for relation in stated]
    return Facts.of(
        [*stated, *(new for old, new in zip(stated, moved, strict=True) if new not in (old, sympy.true))],
        entries.ranges.all,
    )


def _inequalities(relations: Sequence[sympy.Basic]) -> list[sympy.Basic]:
    """Of the relations between dimensions those that can decide a sign."""
    return [r for r in relations if isinstance(r, INEQUALITY)]


def _entries(model: Model, first_stage: Forms) -> Entries:
    """The field in which the entries live: it must know all scalars, and how many power sums there can be."""
    assert model.aligned is not None
    scalars = {
        symbol
        for form in (first_stage.gradient, first_stage.score, first_stage.hessian)
        for monomial in form.terms
        for base, _ in monomial.powers
        for symbol in base.free_symbols
        if not isinstance(symbol, ScalarDirection)
    }
    bounds = {s for pair in model.aligned.ranges.values() for bound in pair for s in sympy.sympify(bound).free_symbols}
    traces = {
        scalar
        for form in (first_stage.gradient, first_stage.score, first_stage.hessian)
        for monomial in form.terms
        for scalar in monomial.scalars
        if isinstance(scalar, tuple | Network) and not moving_in(scalar)
    }
    spare = SPARE_SUMS if split_bilinear(first_stage.hessian)[1] else 0
    known = scalars | bounds | set(model.scalars)
    return Entries(model.aligned, Ranges(model.aligned.ranges), known, len(traces) + spare)
