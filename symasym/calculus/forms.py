"""The forms of the first stage at the minimiser: gradient, score form `s`, Hessian form `h`."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from symasym.calculus.average import multiply_averages
from symasym.calculus.derivative import differentiate_scalar
from symasym.calculus.expectation import Moments, expectation
from symasym.model.model import Model
from symasym.words.atoms import Atom, Kind
from symasym.words.inverse import inverse, inverse_of_atom
from symasym.words.lower import atom_of, lower_scalar
from symasym.words.polynomial import MatrixPolynomial, ScalarPolynomial
from symasym.words.substitute import substitute_matrix, substitute_scalar

__all__ = ["Forms", "direction", "forms"]


@dataclass(frozen=True)
class Forms:
    """Forms in the directions `U` and `V`, as polynomials in trace words, at `w = w*`.

    * `parameters`: the atoms that move; a direction in `A` is the atom `U_A` or `V_A` of the same shape.
    * `gradient`: `E Dl[V]`.
    * `score`: `s(U, V) = E[Dl[U] Dl[V]]`.
    * `hessian`: `h(U, V) = D^2 E l [U, V]`.
    * `point`: what turns an expression in the true value into one at `w = w*`.
    * `definitions`: derived covariance atoms and what they stand for at `w*`.
    * `scale_moments`: symbols for the moments `E rho^p` of random scales, and their values.
    """

    parameters: tuple[Atom, ...]
    gradient: ScalarPolynomial
    score: ScalarPolynomial
    hessian: ScalarPolynomial
    point: dict[Atom, MatrixPolynomial]
    definitions: dict[Atom, MatrixPolynomial]
    scale_moments: dict[sympy.Symbol, sympy.Expr]


def direction(parameter: Atom, slot: str) -> Atom:
    """The direction in which `parameter` moves; `slot` is `U` or `V`."""
    return Atom(f"{slot}_{parameter.key}", Kind.DIRECTION, parameter.rows, parameter.columns, payload=(parameter, slot))


def _directions(parameters: tuple[Atom, ...], slot: str) -> dict[Atom, MatrixPolynomial]:
    return {parameter: MatrixPolynomial.atom(direction(parameter, slot)) for parameter in parameters}


def _at_truth(model: Model, moments: Moments) -> tuple[dict[Atom, MatrixPolynomial], dict[Atom, MatrixPolynomial]]:
    """`A* -> A`, and `(I + A A^T)^{-1} -> Sigma_x^{-1}` where that is what `Sigma_x` is."""
    by_name = {parameter.name: atom_of(parameter) for parameter in model.parameters}
    truths = {
        symbol: MatrixPolynomial.atom(by_name[symbol.payload.of])
        for definition in moments.definitions.values()
        for _, word in definition.terms
        for symbol, _ in word
        if symbol.kind is Kind.TRUTH
    }
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
    loss, moments = lower_scalar(model.loss), Moments()
    parameters = tuple(map(atom_of, model.parameters))
    along_u, along_v = _directions(parameters, "U"), _directions(parameters, "V")
    score_u, score_v = differentiate_scalar(loss, along_u), differentiate_scalar(loss, along_v)
    gradient = expectation(score_v, moments)
    score = expectation(multiply_averages(score_u, score_v), moments)
    hessian = expectation(differentiate_scalar(score_u, along_v), moments)
    point, definitions = _at_truth(model, moments)
    return Forms(
        parameters,
        substitute_scalar(gradient, point),
        substitute_scalar(score, point),
        substitute_scalar(hessian, point),
        point,
        definitions,
        moments.scale_moments,
    )
