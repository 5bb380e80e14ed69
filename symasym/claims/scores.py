"""The covariance of scores as a form in tangent matrices of a descriptor, in trace words: one identity for all dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import sympy
from sympy.matrices.expressions import ZeroMatrix

from symasym.calculus.derivative import differentiate_matrix
from symasym.calculus.expectation import Moments
from symasym.calculus.forms import directions
from symasym.claims.claim import Part
from symasym.claims.compare import Comparison
from symasym.claims.exact import exact_matrix, exact_scalar
from symasym.claims.finding import Confirmation, PartFinding
from symasym.claims.language import parse
from symasym.claims.setting import Setting
from symasym.claims.words import lowered
from symasym.model.data import GaussianVector, gaussian
from symasym.model.matrices import Constant, eye
from symasym.model.model import LeastSquares, Model
from symasym.referee.explicit import explicit
from symasym.words.lower import atom_of, lower_matrix
from symasym.words.polynomial import MatrixPolynomial, Monomial, ScalarPolynomial
from symasym.words.show import show_scalar
from symasym.words.substitute import substitute_scalar

__all__ = ["derived_score", "score_finding"]

SEED = 2026


def score_finding(setting: Setting, part: Part) -> PartFinding:
    """`Cov(Dl[U], Dl[V])` at any `w` against a form in `H1 = DD[U]`, `H2 = DD[V]`: both are polynomials in trace words."""
    expression = parse(part.claimed, setting.scope)
    claimed, derived = _claimed(setting, expression), derived_score(setting)
    difference = claimed - derived
    equal = not difference
    comparison = Comparison(equal, "identity", show_scalar(difference))
    confirmation = _confirmed(setting, expression, equal)
    shown = expression if equal else show_scalar(derived)
    return PartFinding(part, expression, shown, "agrees" if equal else "differs", comparison, confirmation)


def _along(setting: Setting, slot: str) -> MatrixPolynomial:
    """`DD(w)[U]` or `DD(w)[V]`."""
    assert setting.descriptor is not None
    first_stage = setting.derivation.forms
    moving = directions(first_stage.parameters, first_stage.scalar_parameters, slot)
    return differentiate_matrix(lower_matrix(setting.descriptor), moving)


def _claimed(setting: Setting, expression: sympy.Expr) -> ScalarPolynomial:
    images = {atom_of(h): _along(setting, slot) for h, slot in zip(setting.tangents, "UV", strict=True)}
    return substitute_scalar(lowered(expression, Moments(), setting.fixed), images)


def derived_score(setting: Setting) -> ScalarPolynomial:
    """`E[Dl[U] Dl[V]] - E Dl[U] E Dl[V]`; the second part vanishes at `w*` alone."""
    first_stage = setting.derivation.forms
    along_u = _turned(setting)
    mean_u = substitute_scalar(first_stage.gradient, along_u)
    return _with_numbers(first_stage.score - mean_u * first_stage.gradient, setting.fixed)


def _turned(setting: Setting) -> dict[Any, MatrixPolynomial]:
    """Directions `V` and the directions `U` of the same parameters."""
    first_stage = setting.derivation.forms
    u = directions(first_stage.parameters, first_stage.scalar_parameters, "U")
    v = directions(first_stage.parameters, first_stage.scalar_parameters, "V")
    return {v[p].single_atom: u[p] for p in first_stage.parameters}


def _with_numbers(polynomial: ScalarPolynomial, fixed: Mapping[sympy.Symbol, sympy.Expr]) -> ScalarPolynomial:
    """Fixed scalars put into the powers of a polynomial."""
    terms = []
    for monomial, number in polynomial.terms.items():
        value, powers = Fraction(number), []
        for symbol, power in monomial.powers:
            if symbol in fixed:
                value *= Fraction(int(fixed[symbol].p), int(fixed[symbol].q)) ** power
            else:
                powers.append((symbol, power))
        terms.append((Monomial(tuple(powers), monomial.scalars), value))
    return ScalarPolynomial(terms)


def _confirmed(setting: Setting, expression: sympy.Expr, equal: bool) -> Confirmation:
    """The claimed form against the referee's arrays, in general position, exactly; it must say what the identity says."""
    rng, sizes, model = Random(SEED), _sizes(setting), _first_stage(setting.loaded.model)
    values = _random_values(model, setting, sizes, rng)
    (parameter,) = model.parameters
    along = [_random_matrix(parameter, sizes, rng) for _ in "UV"]
    found = explicit(model, sizes, values)
    u, v = (direction.reshape(-1) for direction in along)
    derived = Fraction(u @ found.score @ v - (u @ found.gradient) * (v @ found.gradient))
    tangents = [_tangent(setting, parameter, direction, values, sizes) for direction in along]
    claimed = exact_scalar(expression, {**values, **dict(zip(setting.tangents, tangents, strict=True))}, sizes)
    at = {str(s): n for s, n in sizes.items()}
    return Confirmation("referee", at, str(claimed), str(derived), (claimed == derived) == equal)


def _first_stage(model: Model) -> Model:
    """The model with nothing asked of it downstream, so that no point is out of place."""
    d = model.input.shape[0]
    return replace(model, downstream=LeastSquares(gaussian("x_down", d, cov=eye(d)), ZeroMatrix(d, 1)), aligned=None)


def _sizes(setting: Setting) -> dict[sympy.Symbol, int]:
    sizes = max((s for s in setting.domain.sizes() if max(s.values()) <= 3), key=lambda s: sum(s.values()))
    return {sympy.Symbol(s.name, integer=True, positive=True): n for s, n in sizes.items()}


def _random_values(model: Model, setting: Setting, sizes: Mapping[sympy.Symbol, int], rng: Random) -> dict[Any, Any]:
    """Matrices in general position; the forms are polynomials, so that nothing else is asked of them."""
    symbols = {s for s in model.loss.atoms(sympy.MatrixSymbol) if not isinstance(s, GaussianVector)}
    values: dict[Any, Any] = {}
    for symbol in sorted(symbols, key=str):
        matrix = _random_matrix(symbol, sizes, rng)
        values[symbol] = matrix + matrix.T if isinstance(symbol, Constant) and symbol.symmetric else matrix
    for scalar in model.scalars:
        value = setting.fixed.get(scalar, sympy.S.One)
        values[scalar] = Fraction(int(value.p), int(value.q))
    return values


def _random_matrix(symbol: Any, sizes: Mapping[sympy.Symbol, int], rng: Random) -> np.ndarray:
    rows, columns = (int(sympy.sympify(n).subs(sizes)) for n in symbol.shape)
    entries = [
        [Fraction(rng.choice([-1, 1]) * rng.randint(1, 7), rng.randint(1, 5)) for _ in range(columns)]
        for _ in range(rows)
    ]
    return np.array(entries, dtype=object)


def _tangent(
    setting: Setting, parameter: Any, along: np.ndarray, values: Mapping[Any, Any], sizes: Mapping[sympy.Symbol, int]
) -> np.ndarray:
    """`DD[V]` by a central difference, exact for a quadratic descriptor."""
    assert setting.descriptor is not None
    above, below = (
        exact_matrix(setting.descriptor, {**values, parameter: values[parameter] + sign * along}, sizes)
        for sign in (1, -1)
    )
    return (above - below) / Fraction(2)
