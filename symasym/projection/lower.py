"""From the front end's expressions to polynomials in inner products."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import sympy
from sympy.matrices.expressions import MatAdd, MatMul
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import NotDerivableYet
from symasym.model.families import (
    FamilyMixture,
    FamilyNumber,
    FamilyVector,
    LogMeanExp,
    Member,
    Softmax,
    SpanProjector,
)
from symasym.model.scalars import Inner
from symasym.projection.algebra import FREE, NONE, Dot, LogMean, Number, Polynomial, Role, Share, Side, Vector

__all__ = ["Lowering"]

Linear = list[tuple[Polynomial, bool, Vector]]
"""A vector as a combination of known ones; the flag says whether it is projected on the span."""


@dataclass
class Lowering:
    """Lowers expressions in one member; `logits[n]` is `q_i` of the softmax number `n`, at `FREE`."""

    logits: list[Polynomial] = field(default_factory=list)

    def scalar(self, expression: sympy.Expr) -> Polynomial:
        """A scalar expression, its member at `FREE`. Raises `NotDerivableYet` for a function that is not known."""
        match expression:
            case sympy.Rational():
                return Polynomial.number(Fraction(int(expression.p), int(expression.q)))
            case sympy.Add():
                return Polynomial.of(pair for term in expression.args for pair in self.scalar(term).terms.items())
            case sympy.Mul():
                return self._product([self.scalar(factor) for factor in expression.args])
            case sympy.Pow() if expression.exp.is_Integer and expression.exp > 0:
                return self._product([self.scalar(expression.base)] * int(expression.exp))
            case Softmax():
                return Polynomial.factor(Share(1, self._softmax(expression), FREE))
            case LogMeanExp():
                return Polynomial.factor(LogMean(2, self._softmax(expression)))
            case FamilyNumber():
                return Polynomial.factor(Number(0, str(expression.args[0]), FREE))
            case Inner():
                return self._inner(*(self.vector(argument) for argument in expression.args))
        raise NotDerivableYet(
            f"loss: {expression} is a {type(expression).__name__}; sums, products, inner products, softmax and log_mean_exp_over "
            "of family members are derived"
        )

    def log_density(self, data: str, family: str) -> Polynomial:
        """Minus the log density of `(1/K) sum_i N(u_i, I)`, up to a constant."""
        x, u = Vector(Role.DATA, data, NONE), Vector(Role.PARAMETER, family, FREE)
        square = [((Dot.of(Side.FULL, x, x),), 1), ((Dot.of(Side.FULL, x, u),), -2), ((Dot.of(Side.FULL, u, u),), 1)]
        self.logits.append(Polynomial.of(square) * Fraction(-1, 2))
        return Polynomial.factor(LogMean(2, len(self.logits) - 1)) * -1

    def vector(self, expression: MatrixExpr) -> Linear:
        """A vector expression as a combination of data, parameters and known vectors."""
        match expression:
            case FamilyVector():
                role = Role.PARAMETER if expression.estimated else Role.KNOWN
                return [(Polynomial.number(1), False, Vector(role, str(expression.args[0]), FREE))]
            case FamilyMixture():
                return [(Polynomial.number(1), False, Vector(Role.DATA, expression.name, NONE))]
            case MatAdd():
                return [term for argument in expression.args for term in self.vector(argument)]
            case MatMul():
                *left, last = expression.args
                found = self.vector(last)
                for factor in reversed(left):
                    found = self._times(factor, found)
                return found
        raise NotDerivableYet(
            f"loss: {expression} is a {type(expression).__name__}, a combination of family members is expected"
        )

    def _times(self, factor: sympy.Basic, vector: Linear) -> Linear:
        if isinstance(factor, SpanProjector):
            return [(number, True, v) for number, _, v in vector]
        if isinstance(factor, MatrixExpr):
            raise NotDerivableYet(f"loss: the matrix {factor} stands in front of family members; span(u) is derived")
        scalar = self.scalar(factor)
        return [(scalar * number, projected, v) for number, projected, v in vector]

    def _inner(self, left: Linear, right: Linear) -> Polynomial:
        """Members of both sides are the same one, so that plain products of factors are meant."""
        return Polynomial.of(
            pair
            for a, projected, u in left
            for b, also, v in right
            for pair in (
                a * b * Polynomial.factor(Dot.of(Side.SPAN if projected or also else Side.FULL, u, v))
            ).terms.items()
        )

    @staticmethod
    def _product(factors: list[Polynomial]) -> Polynomial:
        product = Polynomial.number(1)
        for factor in factors:
            product = product * factor
        return product

    def _softmax(self, node: Softmax | LogMeanExp) -> int:
        logit, member = node.args
        assert isinstance(member, Member)
        lowered = self.scalar(logit)
        if lowered not in self.logits:
            self.logits.append(lowered)
        return self.logits.index(lowered)
