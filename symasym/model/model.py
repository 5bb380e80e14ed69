"""`Model`: loss, symmetry, features, downstream task and aligned coordinates, checked as it is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import sympy
from sympy.matrices.expressions import MatrixSymbol, ZeroMatrix
from sympy.matrices.expressions.matexpr import MatrixExpr

from symasym.errors import InputError, NotDerivableYet, ShapeError
from symasym.model.aligned import Aligned
from symasym.model.data import GaussianLaw, GaussianVector
from symasym.model.displayed import Displayed
from symasym.model.groups import Action
from symasym.model.masks import Mask
from symasym.model.matrices import ModelSymbol, Parameter, ScalarParameter, ScalarTruth
from symasym.model.sample_means import SampleMean
from symasym.model.scalars import Average, LabelLoss, Smooth
from symasym.model.shapes import check_matrix, check_scalar

__all__ = ["LeastSquares", "Model"]


@dataclass(frozen=True)
class LeastSquares:
    """Downstream task: least squares of `y = f*(x) + e` on the features, `n` labelled samples.

    `x` is the law of the features' input downstream; `target`, of shape `(d, 1)`, is the coefficient vector of
    `f*(x) = <target, x>`, which must lie in the span of the features; `noise` is `sigma^2 = Var(e)`.
    """

    x: GaussianVector
    target: MatrixExpr
    noise: sympy.Expr = field(default_factory=lambda: sympy.Symbol("sigma2", positive=True))


@dataclass(frozen=True)
class Model(Displayed):
    """Two-stage problem, as it stands on the paper's page.

    * `loss`: scalar per-sample loss `l(w; z)`; with sample means in it, `l(w; z, S_m)`, so that `w_hat` minimises
      `(1/m) sum_j l(w; z_j, S_m)` (`F(w, S_m)` where no data stand outside of the means).
    * `symmetry`: an action, or several through `product`, or `trivial()`.
    * `features`: `psi(x, w)`, a matrix expression of shape `(p, 1)`, linear in one data vector.
    * `downstream`: what is fitted on the labelled sample.
    * `aligned`: coordinates in which a closed form exists; `None` leaves the general route alone.
    * `where`: relations between dimensions, e.g. `k < d`.
    * `assumptions`: hypotheses in words that the engine cannot check, e.g. that `w*` is the global minimiser.
    * `local_penalty`: `P(w)`, without data, of which `P(w) / sqrt(m)` is added to the empirical loss; zero by default. It shifts
      the limit of the first stage and need not be invariant: `w*` is the point of the orbit at which it is stationary.

    Raises `ShapeError` or `InputError` with one sentence that names the field.
    """

    loss: sympy.Expr
    symmetry: Sequence[Action] | Action
    features: MatrixExpr
    downstream: LeastSquares
    aligned: Aligned | None = None
    where: Sequence[sympy.Basic] = ()
    assumptions: Sequence[str] = ()
    title: str = ""
    local_penalty: sympy.Expr = sympy.S.Zero

    def __post_init__(self) -> None:
        check_scalar(self.loss, "loss")
        if not self.parameters:
            raise InputError(
                f"loss: {self.loss} mentions no parameter; declare one with parameter(name, rows, columns)"
            )
        self._check_penalty()
        self._check_names()
        self._check_averages()
        self._check_masks()
        self._check_integrals()
        self._check_sample_means()
        self._check_features()
        self._check_downstream()
        for action in self.actions:
            for parameter, image in action.images.items():
                check_matrix(image, f"symmetry, image of {parameter}")

    @property
    def actions(self) -> tuple[Action, ...]:
        """The declared symmetry as a sequence of actions; empty for the trivial group."""
        return (self.symmetry,) if isinstance(self.symmetry, Action) else tuple(self.symmetry)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The first-stage parameters, by name."""
        return tuple(sorted(self.loss.atoms(Parameter), key=lambda parameter: parameter.name))

    @property
    def scalar_parameters(self) -> tuple[ScalarParameter, ...]:
        """The first-stage parameters that are numbers, by name."""
        return tuple(sorted(self.loss.atoms(ScalarParameter), key=str))

    @property
    def data(self) -> tuple[GaussianVector, ...]:
        """The random vectors that the loss mentions, by name."""
        return tuple(sorted(self.loss.atoms(GaussianVector), key=lambda vector: vector.name))

    @property
    def masks(self) -> tuple[Mask, ...]:
        """The random masks that the loss mentions, by name."""
        return tuple(sorted(self.loss.atoms(Mask), key=lambda mask: mask.name))

    @property
    def sample_means(self) -> tuple[SampleMean, ...]:
        """The sample means that the loss mentions, by name."""
        return tuple(sorted(self.loss.atoms(SampleMean), key=lambda mean: mean.name))

    @property
    def scalars(self) -> tuple[sympy.Symbol, ...]:
        """Scalar symbols of the loss, the data laws, the features and the task, by name; true values go by their parameters."""
        task = self.downstream
        parts = (self.loss, self.local_penalty, self.features, task.target, task.noise, task.x)
        shapes = (n for part in parts for symbol in part.atoms(MatrixSymbol) for n in symbol.shape)
        dimensions = {symbol for n in shapes for symbol in sympy.sympify(n).free_symbols}
        found = {s for part in parts for s in part.atoms(sympy.Symbol) if not isinstance(s, ScalarTruth)}
        return tuple(sorted(found - dimensions, key=str))

    @property
    def input(self) -> GaussianVector:
        """The data vector the features are computed from."""
        return next(iter(self.features.atoms(GaussianVector)))

    def _check_names(self) -> None:
        """Entries and values go by name, so a name stands for one thing."""
        task = self.downstream
        parts = (self.loss, self.local_penalty, self.features, task.target, task.noise)
        symbols = {symbol for part in parts for symbol in part.atoms(MatrixSymbol) if isinstance(symbol, ModelSymbol)}
        by_name: dict[str, ModelSymbol] = {}
        for symbol in sorted(symbols, key=str):
            if by_name.setdefault(symbol.name, symbol) != symbol:
                raise InputError(f"loss: two different symbols are called {symbol.name}; give each a name of its own")

    def _check_penalty(self) -> None:
        """A local penalty is a known function of the parameters of the loss."""
        check_scalar(self.local_penalty, "local_penalty")
        if self.local_penalty.atoms(GaussianVector, Mask, SampleMean, Average):
            raise InputError(
                f"local_penalty: {self.local_penalty} depends on data; a function of the parameters is expected"
            )
        for parameter in sorted(self.local_penalty.atoms(Parameter, ScalarParameter), key=str):
            if parameter not in (*self.parameters, *self.scalar_parameters):
                raise InputError(f"local_penalty: {parameter} is not a parameter of the loss")
        if self.local_penalty != 0 and self.aligned is not None:
            raise NotDerivableYet(
                "local_penalty: the closed form does not know about it; leave aligned out, and the general route takes it along"
            )

    def _check_averages(self) -> None:
        """A vector or mask averaged over copies stands for nothing outside of its averages, and has one number of copies."""
        nodes = sorted(self.loss.atoms(Average), key=str)
        rest, counts = self.loss.xreplace(dict.fromkeys(nodes, sympy.S.One)), dict[sympy.Basic, sympy.Expr]()
        for _, vector, count in (node.args for node in nodes):
            if rest.has(vector):
                raise InputError(f"loss: {vector} is averaged over copies and also stands outside of that average")
            if counts.setdefault(vector, count) != count:
                raise InputError(
                    f"loss: {vector} is averaged over {counts[vector]} and over {count} copies; one number is expected"
                )

    def _check_integrals(self) -> None:
        if self.aligned is not None and self.loss.atoms(LabelLoss, Smooth):
            raise NotDerivableYet(
                "loss: labels and smooth functions bring integrals that the closed form does not know; leave aligned out for the "
                "general route"
            )

    def _check_masks(self) -> None:
        """Masks are independent of the data and of the task."""
        for vector in self.data:
            if vector.law.has(Mask):
                raise InputError(f"loss: the law of {vector} mentions a mask; masks are independent of the data")
        for name, part in (
            ("target", self.downstream.target),
            ("noise", self.downstream.noise),
            ("x", self.downstream.x),
        ):
            if part.has(Mask):
                raise InputError(f"downstream.{name}: {part} contains a random mask, a known quantity is expected")

    def _check_sample_means(self) -> None:
        """Sample means belong to the first stage."""
        parts = (("features", self.features), ("target", self.downstream.target), ("noise", self.downstream.noise))
        for name, part in parts:
            if stray := sorted(map(str, part.atoms(SampleMean))):
                raise InputError(
                    f"{name}: {part} contains the sample mean {stray[0]}, which may stand in the loss only"
                )

    def _check_features(self) -> None:
        if not isinstance(self.features, MatrixExpr):
            raise InputError(f"features: {self.features} is a scalar; a column vector of shape (p, 1) is expected")
        rows, columns = check_matrix(self.features, "features")
        if columns != 1:
            raise ShapeError(
                f"features: {self.features} has shape {(rows, columns)}, a column vector (p, 1) is expected"
            )
        vectors = self.features.atoms(GaussianVector)
        if len(vectors) != 1:
            raise InputError(f"features: {self.features} must depend on exactly one data vector, it has {len(vectors)}")
        if self.features.has(Mask):
            raise InputError(
                f"features: {self.features} contains a random mask; features of the unmasked data are expected"
            )

    def _check_downstream(self) -> None:
        expected = (self.input.shape[0], 1)
        for name, vector in (("x", self.downstream.x), ("target", self.downstream.target)):
            found = check_matrix(vector, f"downstream.{name}")
            if found != expected:
                raise ShapeError(
                    f"downstream.{name}: {vector} has shape {found}, the features' input {self.input} has {expected}"
                )
        if not isinstance(self.downstream.x.law, GaussianLaw):
            raise NotDerivableYet(
                f"downstream.x: {self.downstream.x} is a mixture; a centred Gaussian vector is expected, with the covariance "
                "covariance('Sigma_down', dimension), say, which is by default that of the mixture"
            )
        if not isinstance(self.downstream.x.mean, ZeroMatrix):
            raise NotDerivableYet(
                f"downstream.x: {self.downstream.x} has the mean {self.downstream.x.mean}; centred is expected"
            )
        check_scalar(self.downstream.noise, "downstream.noise")
