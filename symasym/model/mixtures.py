"""Finite mixtures of Gaussian laws: a component is drawn, and the vectors of the law are jointly Gaussian given it.

Vectors of one law share the component; a `copy` has a component of its own. Expectations condition on the components:
`E p = sum_c pi_c E_c p`.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy
from sympy.core.symbol import Str
from sympy.matrices.expressions import ZeroMatrix
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError, NotDerivableYet, ShapeError
from symasym.model.data import GaussianLaw, GaussianVector

__all__ = ["MixtureLaw", "mixture"]


class MixtureLaw(sympy.Basic):
    """With probability `pi_c` the Gaussian law `c`. Arguments: names, the probabilities, the Gaussian laws of these names."""

    def doit(self, **hints: object) -> MixtureLaw:
        """The law itself."""
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the vectors, in order."""
        return tuple(str(name) for name in self.args[0])

    @property
    def dimensions(self) -> tuple[sympy.Expr, ...]:
        """Dimension of each vector."""
        return self.components[0][1].dimensions

    @property
    def components(self) -> tuple[tuple[sympy.Expr, GaussianLaw], ...]:
        """Probability and law of every component."""
        return tuple(zip(self.args[1], self.args[2], strict=True))

    @property
    def scale(self) -> None:
        """There is no random scale."""
        return

    def mean(self, i: int) -> MatrixExpr:
        """`E v_i = sum_c pi_c mu_ci`."""
        return _weighted([(p, law.mean(i)) for p, law in self.components], (self.dimensions[i], sympy.S.One))

    def covariance(self, i: int, j: int) -> MatrixExpr:
        """`Cov(v_i, v_j)` over all components: within them, and of their means."""
        within = [(p, law.covariance(i, j)) for p, law in self.components]
        outer = [(p, law.mean(i) * law.mean(j).T) for p, law in self.components]
        outer.append((sympy.S.NegativeOne, self.mean(i) * self.mean(j).T))
        return _weighted([*within, *outer], (self.dimensions[i], self.dimensions[j]))

    def alone(self, i: int, name: str) -> MixtureLaw:
        """The law of `v_i` by itself, under another name."""
        laws = (law.alone(i, name) for _, law in self.components)
        return MixtureLaw(sympy.Tuple(Str(name)), self.args[1], sympy.Tuple(*laws))

    def vector(self, i: int) -> GaussianVector:
        """The `i`-th vector."""
        return GaussianVector(self.args[0][i], self.dimensions[i], sympy.Integer(1), self, sympy.Integer(i))


def _weighted(terms: Sequence[tuple[sympy.Expr, MatrixExpr]], shape: tuple[sympy.Expr, sympy.Expr]) -> MatrixExpr:
    """A sum of multiples of matrices, equal matrices gathered."""
    numbers: dict[MatrixExpr, sympy.Expr] = {}
    for number, matrix in terms:
        if not isinstance(matrix, ZeroMatrix):
            numbers[matrix] = numbers.get(matrix, sympy.S.Zero) + number
    total: MatrixExpr = ZeroMatrix(*shape)
    for matrix, number in numbers.items():
        total = total + sympy.simplify(number) * matrix
    return total


def mixture(
    names: str,
    weights: Sequence[sympy.Expr | float],
    components: Sequence[GaussianVector | Sequence[GaussianVector]],
) -> tuple[GaussianVector, ...]:
    """Vectors that are jointly Gaussian given a component, which they share; `weights` are its probabilities.

    A component is given by its vectors, in order, as `gaussian`, `joint` or `exchangeable` makes them, whatever their names:

        x, x_plus = mixture("x x_plus", weights=[p, 1 - p],
                            components=[exchangeable("x x_plus", Sigma, Sigma_plus, mean=mu) for mu in (mu_1, mu_2)])

    Raises `InputError` where weights or components do not fit, `NotDerivableYet` for components that are not Gaussian.
    """
    labels, numbers = names.split(), [_weight(weight) for weight in weights]
    if len(numbers) != len(components) or not numbers:
        raise InputError(f"mixture: {len(numbers)} weights came for {len(components)} components of {names}")
    total = sympy.simplify(sum(numbers))
    if total != 1 or any(weight.is_nonpositive for weight in numbers):
        shown = ", ".join(map(str, numbers))
        raise InputError(
            f"mixture: the weights {shown} of {names} add up to {total}; positive weights with the sum 1 are expected"
        )
    laws = [_law(component, labels) for component in components]
    for law in laws:
        if law.dimensions != laws[0].dimensions:
            raise ShapeError(
                f"mixture: components of {names} have the dimensions {laws[0].dimensions} and {law.dimensions}"
            )
    found = MixtureLaw(sympy.Tuple(*map(Str, labels)), sympy.Tuple(*numbers), sympy.Tuple(*laws))
    return tuple(found.vector(i) for i in range(len(labels)))


def _weight(weight: sympy.Expr | float) -> sympy.Expr:
    """Decimals as they are written, so that exact routes can take them."""
    number = sympy.sympify(weight)
    return sympy.Rational(str(weight)) if isinstance(number, sympy.Float) else number


def _law(component: GaussianVector | Sequence[GaussianVector], labels: Sequence[str]) -> GaussianLaw:
    vectors = (component,) if isinstance(component, GaussianVector) else tuple(component)
    law = vectors[0].law
    if tuple(law.vector(i) for i in range(len(law.names))) != vectors or len(labels) != len(vectors):
        raise InputError(
            f"mixture: the component {', '.join(map(str, vectors))} does not hold all vectors of one joint law, one for each of "
            f"{', '.join(labels)}, in order"
        )
    if not isinstance(law, GaussianLaw) or law.scale is not None:
        raise NotDerivableYet(
            f"mixture: the component {', '.join(map(str, vectors))} is not Gaussian, which is not derived yet"
        )
    return GaussianLaw(sympy.Tuple(*map(Str, labels)), *law.args[1:])
