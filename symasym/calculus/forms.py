"""The forms of the first stage at the minimiser: gradient, score form `s`, Hessian form `h`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import sympy

from symasym.calculus.average import multiply_averages
from symasym.calculus.derivative import differentiate_scalar
from symasym.calculus.expectation import Moments, expectation
from symasym.calculus.labels import NamedIntegral, label_forms
from symasym.calculus.linearise import expected_means, linearised
from symasym.model.displayed import Displayed
from symasym.model.matrices import ScalarParameter, truth
from symasym.model.model import Model
from symasym.words.atoms import Atom, Kind
from symasym.words.inverse import inverse, inverse_of_atom
from symasym.words.lower import atom_of, lower_scalar
from symasym.words.polynomial import MatrixPolynomial, ScalarPolynomial
from symasym.words.substitute import substitute_matrix, substitute_scalar

__all__ = ["Forms", "ScalarDirection", "direction", "directions", "forms"]


@dataclass(frozen=True)
class Forms(Displayed):
    """Forms in the directions `U` and `V`, as polynomials in trace words, at `w = w*`.

    * `parameters`: the atoms that move; a direction in `A` is the atom `U_A` or `V_A` of the same shape.
    * `scalar_parameters`: the numbers that move; a direction in `v` is the symbol `U_v` or `V_v`.
    * `population`: `E l(w)`, `w` free.
    * `gradient`: `E Dl[V]`.
    * `score`: `s(U, V) = E[Dl[U] Dl[V]]`, `l` to first order in the sample means (symasym.calculus.linearise).
    * `hessian`: `h(U, V) = D^2 E l [U, V]`.
    * `penalty`: `DP[V]`, `P` the local penalty.
    * `point`: what turns an expression in the true value into one at `w = w*`.
    * `definitions`: derived covariance atoms and what they stand for at `w*`.
    * `scale_moments`: symbols for the moments `E rho^p` of random scales, and their values.
    * `sample_means`: sample means of the loss and their expectations, which stand in their place.
    * `slope`: `Dl[V]` of one sample, `w` free.
    * `integrals`: named integrals that labels bring into `score` and `hessian`; `population` and `slope` leave labels out, whose
      part of the gradient vanishes at `w*`.
    """

    parameters: tuple[Atom, ...]
    scalar_parameters: tuple[ScalarParameter, ...]
    population: ScalarPolynomial
    gradient: ScalarPolynomial
    score: ScalarPolynomial
    hessian: ScalarPolynomial
    penalty: ScalarPolynomial
    point: dict[Any, Any]
    definitions: dict[Atom, MatrixPolynomial]
    scale_moments: dict[sympy.Symbol, sympy.Expr]
    sample_means: dict[Atom, MatrixPolynomial]
    slope: ScalarPolynomial
    integrals: dict[sympy.Symbol, NamedIntegral] = field(default_factory=dict)


class ScalarDirection(sympy.Symbol):
    """The direction in which a scalar parameter moves: `U_v` or `V_v`."""

    @property
    def slot(self) -> str:
        """`U` or `V`."""
        return str(self.name)[0]

    @property
    def parameter(self) -> ScalarParameter:
        """The parameter that moves."""
        return ScalarParameter(str(self.name)[2:], positive=True)


def direction(parameter: Atom, slot: str) -> Atom:
    """The direction in which `parameter` moves; `slot` is `U` or `V`."""
    return Atom(f"{slot}_{parameter.key}", Kind.DIRECTION, parameter.rows, parameter.columns, payload=(parameter, slot))


def directions(parameters: Iterable[Atom], scalars: Iterable[ScalarParameter], slot: str) -> dict[Any, Any]:
    """All parameters moving: what `differentiate_scalar` and `differentiate_matrix` take."""
    moving: dict[Any, Any] = {parameter: MatrixPolynomial.atom(direction(parameter, slot)) for parameter in parameters}
    moving.update({v: ScalarPolynomial.symbol(ScalarDirection(f"{slot}_{v.name}", real=True)) for v in scalars})
    return moving


def _at_truth(model: Model, moments: Moments) -> tuple[dict[Any, Any], dict[Atom, MatrixPolynomial]]:
    """`A* -> A`, and `(I + A A^T)^{-1} -> Sigma_x^{-1}` where that is what `Sigma_x` is."""
    truths: dict[Any, Any] = {atom_of(truth(p)): MatrixPolynomial.atom(atom_of(p)) for p in model.parameters}
    truths |= {truth(v): v for v in model.scalar_parameters}
    definitions = {atom: substitute_matrix(value, truths) for atom, value in moments.definitions.items()}
    point = dict(truths)
    for atom, value in definitions.items():
        if atom.rows == atom.columns:
            inverted = inverse(value).single_atom
            if inverted is not None:
                point[inverted] = MatrixPolynomial.atom(inverse_of_atom(atom))
    return point, definitions


def forms(model: Model) -> Forms:
    """Differentiate the loss, take expectations, set `w = w*`."""
    moments, parameters, scalars = Moments(), tuple(map(atom_of, model.parameters)), model.scalar_parameters
    along_u, along_v = directions(parameters, scalars, "U"), directions(parameters, scalars, "V")
    labels = label_forms(model.loss, along_u, along_v, moments)
    loss = lower_scalar(labels.rest)
    means = expected_means(loss, moments)
    loss = linearised(loss, means, moments)
    score_u, score_v = differentiate_scalar(loss, along_u), differentiate_scalar(loss, along_v)
    gradient = expectation(score_v, moments)
    score = expectation(multiply_averages(score_u, score_v), moments)
    if means:  # S(z) - E S is centred: what is left of the mean of the score is the gradient, zero at w*
        score = score - expectation(score_u, moments) * gradient
    hessian = expectation(differentiate_scalar(score_u, along_v), moments)
    point, definitions = _at_truth(model, moments)
    return Forms(
        parameters,
        scalars,
        expectation(loss, moments),
        substitute_scalar(gradient, point),
        substitute_scalar(score + labels.score, point),
        substitute_scalar(hessian + labels.hessian, point),
        substitute_scalar(differentiate_scalar(lower_scalar(model.local_penalty), along_v), point),
        point,
        definitions,
        moments.scale_moments,
        {atom: substitute_matrix(value, point) for atom, value in means.items()},
        score_v,
        {s: replace(n, variance=substitute_scalar(n.variance, point)) for s, n in labels.integrals.items()},
    )
