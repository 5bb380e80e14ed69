"""All tables of a model: loss, forms, features, target, orbit, and what must hold of the natural parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy

from symasym.asymptotics.downstream import feature_derivative, feature_matrix
from symasym.asymptotics.positivity import INEQUALITY
from symasym.calculus.forms import Forms
from symasym.codegen.words.covers import bilinear
from symasym.codegen.words.terms import Block, Definition, Powers, Table, Vertical
from symasym.codegen.words.writer import Writer
from symasym.errors import NotDerivableYet
from symasym.model.data import GaussianVector
from symasym.model.groups import Algebra
from symasym.model.matrices import Constant, ScalarTruth, Truth
from symasym.model.model import Model
from symasym.symmetry.quotient import Quotient
from symasym.words.lower import lower_matrix, lower_scalar
from symasym.words.substitute import substitute_matrix, substitute_scalar

__all__ = ["Tables", "tables_of"]


@dataclass(frozen=True)
class Tables:
    """Everything that the law of a model is made of; see `runtime/words.py` for what each table is.

    `arguments`: natural parameters that are matrices, the target last; `scalars`: those that are numbers, without `alpha`.
    """

    parameters: dict[str, tuple[str, str]]
    arguments: dict[str, tuple[str, str]]
    scalars: tuple[str, ...]
    target_name: str
    symmetric: tuple[str, ...]
    definite: tuple[str, ...]
    nonnegative: tuple[str, ...]
    relations: tuple[tuple[str, bool], ...]
    joint: tuple[tuple[tuple[str, ...], ...], ...]
    numbers: dict[str, tuple[tuple[Fraction, Powers], ...]]
    definitions: tuple[Definition, ...]
    loss: Table
    gradient: dict[str, Table]
    hessian: dict[Block, Table]
    score: dict[Block, Table]
    features: Table
    slopes: dict[str, Table]
    target: Table
    down: Table
    noise: Table
    vertical: tuple[Vertical, ...]
    input: str
    output: str
    known: bool


def tables_of(model: Model, forms: Forms, quotient: Quotient) -> Tables:
    """Tables of a model with matrix parameters and features that are linear in the data.

    Raises `NotDerivableYet` for scalar parameters, labels and sample means, whose forms are more than words.
    """
    if forms.scalar_parameters or forms.integrals or forms.sample_means or forms.penalty:
        raise NotDerivableYet("natural parameters: forms that are made of trace words alone are expected")
    data, numbers = model.data, model.scalars
    laws = [vector.law for vector in data]
    known = any(law.atoms(Truth, ScalarTruth) for law in laws)
    write = Writer(forms)
    task = model.downstream
    parameters = {p.name: _shape(p) for p in model.parameters}
    matrices, target = _arguments(model, known)
    features = substitute_matrix(feature_matrix(model), forms.point)
    hessian, score = bilinear(write, forms.hessian), bilinear(write, forms.score)
    found = Tables(
        parameters=parameters,
        arguments={symbol.name: _shape(symbol) for symbol in matrices},
        scalars=tuple(sorted(s.name for s in numbers)),
        target_name=target,
        symmetric=tuple(s.name for s in matrices if isinstance(s, Constant) and s.symmetric),
        definite=_definite(data, matrices),
        nonnegative=tuple(sorted(s.name for s in numbers if s.is_nonnegative)),
        relations=tuple(_relations(model, write)),
        joint=() if known else tuple(write.joint(law) for law in dict.fromkeys(laws)),
        numbers=write.numbers,
        loss=() if known else write.scalar(forms.population),
        gradient=write.linear(forms.gradient),
        hessian=hessian,
        score=score,
        features=write.matrix(features),
        slopes=write.slopes(feature_derivative(model, forms)),
        target=write.matrix(substitute_matrix(lower_matrix(task.target), forms.point)),
        down=write.matrix(substitute_matrix(lower_matrix(model.input.cov), forms.point)),
        noise=write.scalar(substitute_scalar(lower_scalar(task.noise), forms.point)),
        vertical=tuple(write.vertical(field) for field in quotient.fields if field.algebra is not Algebra.ZERO),
        input=str(model.input.shape[0]),
        output=str(features.rows),
        known=known,
        definitions=tuple(write.definitions.values()),
    )
    return found


def _shape(symbol: sympy.MatrixSymbol) -> tuple[str, str]:
    return str(symbol.shape[0]), str(symbol.shape[1])


def _arguments(model: Model, known: bool) -> tuple[list[sympy.MatrixSymbol], str]:
    """The matrices that a user gives, by name, with what the target is made of at the end; and the name of that."""
    task = model.downstream
    parts = [model.loss, model.features, task.target, task.noise]
    found = {symbol.name: symbol for part in parts for symbol in part.atoms(Constant)}
    found |= {p.name: p for p in model.parameters} if known else {}
    targets = [s.name for s in task.target.atoms(Constant)]
    if len(targets) != 1:
        raise NotDerivableYet("natural parameters: a target with one constant is expected")
    (target,) = targets
    order = sorted(found, key=lambda name: (name == target, name))
    return [found[name] for name in order], target


def _relations(model: Model, write: Writer) -> Iterator[tuple[str, bool]]:
    """What is assumed of scalars alone: the name of a number that must be positive, or not negative, and whether strictly."""
    for relation in model.aligned.assume if model.aligned else ():
        if isinstance(relation, INEQUALITY) and not relation.atoms(sympy.Indexed):
            strict = isinstance(relation, sympy.StrictGreaterThan | sympy.StrictLessThan)
            yield write.scalar_name(relation.gts - relation.lts), strict


def _definite(data: Sequence[GaussianVector], matrices: Sequence[sympy.MatrixSymbol]) -> tuple[str, ...]:
    """Constants that are the covariance of a vector, latent ones included."""
    laws = dict.fromkeys(vector.law for vector in data)
    vectors = {*data, *(v for law in laws for v in law.atoms(GaussianVector))}
    own = {vector.law.covariance(n, n) for vector in vectors for n in range(len(vector.law.names))}
    return tuple(s.name for s in matrices if s in own)
