"""The quotient by the symmetry: vertical directions and dimensions, for symbolic sizes."""

from __future__ import annotations

from dataclasses import dataclass

import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.calculus.derivative import differentiate_matrix
from symasym.model.displayed import Displayed
from symasym.model.groups import Action, Algebra
from symasym.model.model import Model
from symasym.symmetry.equivariance import representation
from symasym.symmetry.invariance import prove_form_kept
from symasym.words.atoms import Atom, Kind
from symasym.words.lower import atom_of, lower_matrix
from symasym.words.polynomial import MatrixPolynomial
from symasym.words.substitute import substitute_matrix

__all__ = ["Quotient", "VerticalField", "quotient"]


@dataclass(frozen=True)
class VerticalField:
    """Directions along the orbit of one action: `velocity[A]` is `d/dt (exp(t xi) . w)_A` at `t = 0`, linear in `xi`.

    A parameter that the group does not move has no entry.
    """

    action: Action
    xi: Atom
    velocity: dict[Atom, MatrixPolynomial]
    rho: MatrixExpr

    @property
    def algebra(self) -> Algebra:
        """What `xi` ranges over."""
        return self.action.group.algebra


@dataclass(frozen=True)
class Quotient(Displayed):
    """Parameter space modulo symmetry; `dim W - dim G` where the action is free at `w*` (checked on the blocks)."""

    fields: tuple[VerticalField, ...]
    total_dimension: sympy.Expr
    orbit_dimension: sympy.Expr

    @property
    def dimension(self) -> sympy.Expr:
        """Dimension of the quotient."""
        expanded = sympy.expand(self.total_dimension - self.orbit_dimension)
        factored = _without_minus(sympy.factor(expanded))
        # SymPy multiplies a number into a lone sum when it rebuilds it, so such a factored form would not survive srepr
        return factored if not factored.args or factored.func(*factored.args) == factored else expanded


def _without_minus(product: sympy.Expr) -> sympy.Expr:
    """`-k (k - d)` as `k (d - k)`."""
    number, rest = product.as_coeff_Mul()
    sums = [item for item in sympy.Mul.make_args(rest) if item.is_Add]
    return -number * rest.xreplace({sums[0]: -sums[0]}) if number < 0 and sums else product


def _velocity(action: Action, index: int) -> tuple[Atom, dict[Atom, MatrixPolynomial]]:
    element = atom_of(action.element)
    name = "xi" if index == 0 else f"xi_{index + 1}"
    xi = Atom(name, Kind.DIRECTION, element.rows, element.columns, payload=(element, "xi"))
    at_identity = {element: MatrixPolynomial.identity(element.rows)}
    velocity = {}
    for symbol, image in action.images.items():
        moved = differentiate_matrix(lower_matrix(image), {element: MatrixPolynomial.atom(xi)})
        velocity[atom_of(symbol)] = substitute_matrix(moved, at_identity)
    return xi, velocity


def quotient(model: Model) -> Quotient:
    """Prove the declared symmetry and differentiate its action at the identity."""
    fields = []
    for index, action in enumerate(model.actions):
        prove_form_kept(model.loss, action.images, action.group, model.where, "loss: it")
        xi, velocity = _velocity(action, index)
        fields.append(VerticalField(action, xi, velocity, representation(model, action)))
    total = sum((parameter.shape[0] * parameter.shape[1] for parameter in model.parameters), sympy.Integer(0))
    total += len(model.scalar_parameters)
    orbit = sum((field.action.group.dimension for field in fields), sympy.Integer(0))
    return Quotient(tuple(fields), total, orbit)
