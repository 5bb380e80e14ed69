"""The forms of the first stage at the minimiser: gradient, score form `s`, Hessian form `h`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy

from symasym.calculus.average import multiply_averages
from symasym.calculus.derivative import differentiate_scalar
from symasym.calculus.expectation import Moments, expectation
from symasym.calculus.labels import averaged_labels
from symasym.calculus.linearise import expected_means, linearised
from symasym.model.displayed import Displayed
from symasym.model.matrices import ScalarParameter, truth
from symasym.model.model import Model
from symasym.words.atoms import Atom, Kind
from symasym.words.inverse import inverse, inverse_of_atom
from symasym.words.lower import atom_of, lower_scalar
from symasym.words.polynomial import MatrixPolynomial, Monomial, Scalar, ScalarPolynomial, Smooth
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
    * `scale_conditions`: where these moments are finite, e.g. `nu > 4`.
    * `sample_means`: sample means of the loss and their expectations, which stand in their place.
    * `slope`: `Dl[V]` of one sample, `w` free.
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
    scale_conditions: tuple[sympy.Basic, ...]
    sample_means: dict[Atom, MatrixPolynomial]
    slope: ScalarPolynomial

    @cached_property
    def integrals(self) -> dict[sympy.Symbol, Smooth]:
        """The means of smooth functions in the forms, by the names that people read."""
        forms = (self.gradient, self.hessian, self.score)
        scalars = (scalar for form in forms for monomial, _ in form.sorted_terms() for scalar in monomial.scalars)
        found = dict.fromkeys(scalar for scalar in scalars if isinstance(scalar, Smooth) and scalar.covariance)
        return {sympy.Symbol(f"J_{n}", real=True): scalar for n, scalar in enumerate(found, 1)}

    def named(self, form: ScalarPolynomial) -> ScalarPolynomial:
        """A form with names in place of its integrals."""
        names: dict[Scalar, sympy.Symbol] = {scalar: symbol for symbol, scalar in self.integrals.items()}
        if not names:
            return form
        parts = []
        for monomial, number in form.sorted_terms():
            kept = tuple(scalar for scalar in monomial.scalars if scalar not in names)
            part = ScalarPolynomial({Monomial(monomial.powers, kept): number})
            for scalar in monomial.scalars:
                if scalar in names:
                    part = part * ScalarPolynomial.symbol(names[scalar])
            parts.append(part)
        return ScalarPolynomial.sum(parts)


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


def _truths(model: Model) -> dict[Any, Any]:
    """`A* -> A`."""
    truths: dict[Any, Any] = {atom_of(truth(p)): MatrixPolynomial.atom(atom_of(p)) for p in model.parameters}
    return truths | {truth(v): v for v in model.scalar_parameters}


def _at_truth(truths: dict[Any, Any], moments: Moments) -> tuple[dict[Any, Any], dict[Atom, MatrixPolynomial]]:
    """`A* -> A`, and `(I + A A^T)^{-1} -> Sigma_x^{-1}` where that is what `Sigma_x` is."""
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
    labels = averaged_labels(model.loss, along_u, along_v)
    loss = lower_scalar(labels.loss)
    means = expected_means(loss, moments)
    loss = linearised(loss, means, moments)
    score_u, score_v = differentiate_scalar(loss, along_u), differentiate_scalar(loss, along_v)
    truths = _truths(model)  # what the loss itself says of true values goes first: much vanishes there
    here_u, here_v = (substitute_scalar(score, truths) for score in (score_u, score_v))
    gradient = expectation(here_v, moments)
    score = expectation(multiply_averages(here_u, here_v) + substitute_scalar(labels.noise, truths), moments)
    if means:  # S(z) - E S is centred: what is left of the mean of the score is the gradient, zero at w*
        score = score - expectation(here_u, moments) * gradient
    hessian = expectation(substitute_scalar(differentiate_scalar(score_u, along_v), truths), moments)
    point, definitions = _at_truth(truths, moments)
    return Forms(
        parameters,
        scalars,
        expectation(loss, moments),
        substitute_scalar(gradient, point),
        substitute_scalar(score, point),
        substitute_scalar(hessian, point),
        substitute_scalar(differentiate_scalar(lower_scalar(model.local_penalty), along_v), point),
        point,
        definitions,
        moments.scale_moments,
        moments.scale_conditions,
        {atom: substitute_matrix(value, point) for atom, value in means.items()},
        score_v,
    )
