"""Data laws: jointly Gaussian vectors, pairs, independent copies.

A vector carries its law with it (as a SymPy argument), so a loss that mentions `x` says everything about it. Two vectors
are correlated only if they belong to the same law; everything else is independent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import overload

import sympy
from sympy.core.symbol import Str
from sympy.matrices.expressions import ZeroMatrix
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import ConditionViolated, InputError, ShapeError
from symasym.model.masks import Mask
from symasym.model.matrices import ModelSymbol, is_symmetric

__all__ = ["GaussianLaw", "GaussianVector", "Scale", "copy", "exchangeable", "gaussian", "joint", "student"]


class Scale(sympy.Basic):
    """A positive random scale `rho` with `E rho = 1`, shared by all vectors of a law: `x = sqrt(rho) g`, `g` Gaussian.

    `student(nu)`: `rho = (nu - 2) / chi2_nu`, so that `x` is multivariate t with the covariance of `g`.
    """

    @property
    def degrees_of_freedom(self) -> sympy.Expr:
        """`nu`."""
        return self.args[0]

    def finite(self, order: int) -> sympy.Basic:
        """Where `E rho^p` is finite: `nu > 2p`. Below that its formula gives numbers that are no moments."""
        return sympy.Gt(self.degrees_of_freedom, 2 * order)

    def moment(self, order: int) -> sympy.Expr:
        """`E rho^p = (nu - 2)^p / ((nu - 2) (nu - 4) .. (nu - 2p))`, see `finite`; a polynomial in partial fractions.

        Raises `ConditionViolated` for a number `nu` with which it is infinite.
        """
        nu = self.degrees_of_freedom
        if self.finite(order) == sympy.false:
            raise ConditionViolated(
                f"student: moments of order {2 * order} of the data are needed, but they are infinite with {nu} degrees of "
                f"freedom; more than {2 * order} are expected"
            )
        product = sympy.prod([(nu - 2) / (nu - 2 * j) for j in range(1, order + 1)])
        return sympy.apart(sympy.cancel(product), nu) if nu.free_symbols else product


class GaussianLaw(sympy.Basic):
    """The joint law of vectors `v_1 .. v_q`: means, and covariances `Cov(v_i, v_j)` of shape `(d_i, d_j)`.

    Arguments: names, dimensions, a tuple of rows of covariances, means (`ZeroMatrix` where centred), and a `Scale` where the law
    is a Gaussian one with a random scale (elliptical).
    """

    def doit(self, **hints: object) -> GaussianLaw:
        """The law itself: covariances stay as they were written."""
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the vectors, in order; together with the covariances they identify the law."""
        return tuple(str(name) for name in self.args[0])

    @property
    def dimensions(self) -> tuple[sympy.Expr, ...]:
        """Dimension of each vector."""
        return tuple(self.args[1])

    def covariance(self, i: int, j: int) -> MatrixExpr:
        """`Cov(v_i, v_j) = E (v_i - E v_i)(v_j - E v_j)^T`."""
        return self.args[2][i][j]

    def mean(self, i: int) -> MatrixExpr:
        """`E v_i`, of shape `(d_i, 1)`."""
        return self.args[3][i]

    @property
    def scale(self) -> Scale | None:
        """The random scale that the vectors share; None for a Gaussian law."""
        return self.args[4] if len(self.args) > 4 else None

    @property
    def components(self) -> tuple[tuple[sympy.Expr, GaussianLaw], ...]:
        """Probability and law of every component of a mixture: one component, itself."""
        return ((sympy.S.One, self),)

    def alone(self, i: int, name: str) -> GaussianLaw:
        """The law of `v_i` by itself, under another name."""
        (vector,) = joint(name, (self.dimensions[i],), {(0, 0): self.covariance(i, i)}, {0: self.mean(i)})
        return vector.law if self.scale is None else GaussianLaw(*vector.law.args, self.scale)

    def vector(self, i: int) -> GaussianVector:
        """The `i`-th vector."""
        return GaussianVector(self.args[0][i], self.args[1][i], sympy.Integer(1), self, sympy.Integer(i))


class GaussianVector(ModelSymbol):
    """A random vector of shape `(d, 1)`; `law` and `position` say how it varies with its companions.

    It is Gaussian given the component of a mixture and the scale of an elliptical law, where its law is one of these.
    """

    @property
    def law(self) -> GaussianLaw:
        """The joint law the vector belongs to; a `symasym.model.mixtures.MixtureLaw` has the same properties."""
        return self.args[3]

    @property
    def position(self) -> int:
        """Its place in the joint law."""
        return int(self.args[4])

    @property
    def cov(self) -> MatrixExpr:
        """Its own covariance, `(d, d)`."""
        return self.law.covariance(self.position, self.position)

    @property
    def mean(self) -> MatrixExpr:
        """Its mean, `(d, 1)`."""
        return self.law.mean(self.position)


def joint(
    names: str,
    dimensions: tuple[sympy.Expr, ...],
    covariances: Mapping[tuple[int, int], MatrixExpr],
    means: Mapping[int, MatrixExpr] | None = None,
) -> tuple[GaussianVector, ...]:
    """Jointly Gaussian vectors.

    `covariances[i, j]` with `i <= j` is `Cov(v_i, v_j)`, of shape `(d_i, d_j)`; pairs left out are uncorrelated, and every
    `(i, i)` is required. `means[i]` has shape `(d_i, 1)`; left out means centred.
    """
    labels = names.split()
    if len(labels) != len(dimensions):
        raise InputError(f"joint: {len(labels)} names ({names}) but {len(dimensions)} dimensions")
    table: list[list[MatrixExpr]] = []
    for i, rows in enumerate(dimensions):
        table.append([])
        for j, columns in enumerate(dimensions):
            given = covariances.get((min(i, j), max(i, j)))
            if given is None and i == j:
                raise InputError(f"joint: the covariance of {labels[i]}, key ({i}, {i}), is missing")
            block = ZeroMatrix(rows, columns) if given is None else (given if i <= j else given.T)
            if tuple(block.shape) != (rows, columns):
                raise ShapeError(
                    f"joint: Cov({labels[i]}, {labels[j]}) has shape {tuple(block.shape)}, expected {(rows, columns)}"
                )
            table[-1].append(block)
    centres = [(means or {}).get(i, ZeroMatrix(rows, 1)) for i, rows in enumerate(dimensions)]
    for label, rows, centre in zip(labels, dimensions, centres, strict=True):
        if tuple(centre.shape) != (rows, 1):
            raise ShapeError(f"joint: the mean of {label} has shape {tuple(centre.shape)}, expected {(rows, 1)}")
    law = GaussianLaw(
        sympy.Tuple(*map(Str, labels)),
        sympy.Tuple(*dimensions),
        sympy.Tuple(*(sympy.Tuple(*row) for row in table)),
        sympy.Tuple(*centres),
    )
    return tuple(law.vector(i) for i in range(len(labels)))


def gaussian(name: str, dimension: sympy.Expr, cov: MatrixExpr, mean: MatrixExpr | None = None) -> GaussianVector:
    """`x ~ N(mean, cov)` in `R^dimension`; centred by default."""
    return joint(name, (dimension,), {(0, 0): cov}, None if mean is None else {0: mean})[0]


def exchangeable(
    names: str, cov: MatrixExpr, cross: MatrixExpr, mean: MatrixExpr | None = None
) -> tuple[GaussianVector, ...]:
    """An exchangeable family, e.g. a positive pair: every vector has covariance `cov`, every two have `cross`.

    Every vector has the mean `mean`; left out means centred. `cross` must be symmetric (`Cov(x, x+) = Cov(x+, x)`).
    """
    if not is_symmetric(cross):
        raise InputError(
            f"exchangeable: the cross-covariance {cross} must be symmetric (Cov(x, x+) = Cov(x+, x)); declare it with "
            "covariance(name, dimension), or use joint"
        )
    count, dimension = len(names.split()), cov.shape[0]
    table = {(i, j): cov if i == j else cross for i in range(count) for j in range(i, count)}
    return joint(names, (dimension,) * count, table, None if mean is None else dict.fromkeys(range(count), mean))


def student(name: str, dimension: sympy.Expr, cov: MatrixExpr, degrees_of_freedom: sympy.Expr) -> GaussianVector:
    """Centred multivariate t in `R^dimension`: `x = sqrt((nu - 2) / chi2_nu) g`, `g ~ N(0, cov)`, so `Cov x = cov`; `nu > 2`."""
    (vector,) = joint(name, (dimension,), {(0, 0): cov})
    return GaussianLaw(*vector.law.args, Scale(sympy.sympify(degrees_of_freedom))).vector(0)


@overload
def copy(vector: Mask, name: str) -> Mask: ...


@overload
def copy(vector: GaussianVector, name: str) -> GaussianVector: ...


def copy(vector: GaussianVector | Mask, name: str) -> GaussianVector | Mask:
    """A fresh copy of a vector or mask, with its marginal law, independent of everything else."""
    if isinstance(vector, Mask):
        return Mask(name, *vector.args[1:])
    if name in vector.law.names:
        raise InputError(f"copy: the name {name} is taken by a vector of the same law; a copy needs a name of its own")
    return vector.law.alone(vector.position, name).vector(0)
