"""A concrete two-stage problem in the coordinates of the input: what is sampled, what is estimated, what is to be predicted.

Nothing here goes through aligned coordinates or trace words: matrices are put into the front end's own expressions. Only the
first stage of a model file that names no estimator does, to minimise the model's empirical loss from `w*` on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from symasym.catalogue import Loaded
from symasym.errors import InputError
from symasym.evaluation.evaluate import Prepared, prepare
from symasym.evaluation.general import place_minimiser
from symasym.evaluation.numbers import constants_of, sizes_of, symbol_values
from symasym.general.route import general
from symasym.model.evaluate import evaluate, evaluate_matrix
from symasym.model.model import Model
from symasym.pipeline import derive_general
from symasym.simulation.estimators import Estimator
from symasym.simulation.generic import filled_up, generic_estimator
from symasym.simulation.sampler import MaskSource, MixtureSource, Source, sources

__all__ = ["Problem", "problem"]

STARTS = 1
"""Random starts of the generic estimator beside `w*`: that `w*` is the global minimiser is put to the test on every data set."""


@dataclass(frozen=True)
class Problem:
    """Everything a repetition needs.

    * `given`: the checked inputs with the dimensions, for the estimator.
    * `sources`: the data laws of the first stage.
    * `down_root`: lower triangular `L` with `L L^T = Sigma_down`, `(d, d)`.
    * `target`: `L^T` times the coefficient vector of `f*`, so that its Euclidean norm is that of `f*` in `L2(mu_down)`,
      `(d,)`.
    * `noise`: `sigma^2`.
    """

    model: Model
    estimator: Estimator
    given: Mapping[str, Any]
    values: Mapping[sympy.Basic, np.ndarray | float]
    sizes: Mapping[sympy.Symbol, int]
    sources: tuple[Source | MixtureSource | MaskSource, ...]
    down_root: np.ndarray
    target: np.ndarray
    noise: float

    @property
    def width(self) -> int:
        """Random numbers in one unlabelled sample."""
        return sum(source.width for source in self.sources)

    @property
    def parameters(self) -> tuple[sympy.Basic, ...]:
        """What the first stage estimates: matrices and numbers."""
        parameters: tuple[sympy.Basic, ...] = (*self.model.parameters, *self.model.scalar_parameters)
        return parameters

    @property
    def features(self) -> int:
        """Number `p` of features."""
        return int(sympy.sympify(self.model.features.shape[0]).subs(self.sizes))

    def estimates(self, samples: Mapping[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """What the first stage makes of a batch of data sets, parameter name -> `(B, rows, columns)`, `(B,)` for a scalar one.

        Raises `InputError` for an estimator that leaves a parameter out or gives it another shape.
        """
        found = self.estimator(samples, self.given, rng)
        batch = len(next(iter(samples.values())))
        for parameter in self.parameters:
            shape = (batch, *(int(sympy.sympify(n).subs(self.sizes)) for n in getattr(parameter, "shape", ())))
            came = np.shape(found[parameter.name]) if parameter.name in found else "nothing"
            if came != shape:
                raise InputError(f"estimator: {came} came for {parameter.name}, an array of shape {shape} is expected")
        return {name: np.asarray(value, float) for name, value in found.items()}

    def feature_matrices(self, estimates: Mapping[str, np.ndarray]) -> np.ndarray:
        """`Phi` with `psi(x, w) = Phi x`, `(B, p, d)`: the features at the unit vectors.

        `estimates` has `(B, rows, columns)` for every matrix parameter and `(B,)` for every scalar one.
        """
        (batch,) = {len(value) for value in estimates.values()}
        unit, parameters = np.eye(len(self.target)), self.parameters
        return np.stack(
            [
                evaluate_matrix(
                    self.model.features,
                    {**self.values, self.model.input: unit, **{p: estimates[p.name][b] for p in parameters}},
                    self.sizes,
                )
                for b in range(batch)
            ]
        )


def problem(loaded: Loaded, document: Mapping[str, Any], downstream: str = "least_squares") -> Problem:
    """Put the inputs into the model's own expressions; a logistic second stage has no use for the label noise in them.

    Raises `InputError` naming the key.
    """
    here = prepare(loaded, document, downstream)
    model, given = here.model, here.given
    sizes, values = sizes_of(model, given), symbol_values(model, here.instance, given, here.point)
    down = given.get("Sigma_down")
    if down is None:
        down = evaluate_matrix(model.input.cov, values, sizes)
    root = np.linalg.cholesky(down)
    target = evaluate_matrix(model.downstream.target, values, sizes)[:, 0]
    if not np.any(target):
        raise InputError("target: f* is zero; a target that is not zero is expected")
    noise = given["sigma2"] if "sigma2" in given else evaluate(model.downstream.noise, values, sizes)
    return Problem(
        model=model,
        estimator=here.instance.estimator_for(given) or _generic(here, values, sizes),
        given=given,
        values=values,
        sizes=sizes,
        sources=sources(model, values, sizes),
        down_root=root,
        target=root.T @ target,
        noise=float(noise),
    )


def _generic(
    here: Prepared, values: Mapping[sympy.Basic, np.ndarray | float], sizes: Mapping[sympy.Symbol, int]
) -> Estimator:
    """The estimator of any model: from `w*`, in the metric of the population's Hessian there, and from elsewhere."""
    stages = derive_general(here.model)
    constants = constants_of(here.model, here.instance, here.given, here.point)
    minimiser = place_minimiser(stages, here.given, here.point, constants).minimiser
    there = general(here.model, {**constants, **minimiser}, stages.forms, stages.quotient, misspecified=True)
    hessian = filled_up(there.hessian, there.vertical)
    return generic_estimator(here.model, values, sizes, minimiser, hessian, STARTS)
