"""The change of coordinates is part of the model, so it is checked: loss, features and derived covariances keep their form."""

from __future__ import annotations

from symasym.errors import ConditionViolated
from symasym.model.aligned import Frame
from symasym.model.data import GaussianVector
from symasym.model.matrices import Parameter, Truth
from symasym.model.model import Model
from symasym.symmetry.invariance import prove_form_kept
from symasym.words.lower import atom_of, lower_matrix
from symasym.words.polynomial import MatrixPolynomial
from symasym.words.substitute import substitute_matrix

__all__ = ["prove_frames"]


def prove_frames(model: Model) -> None:
    """Prove for every frame that the problem in new coordinates is the same problem with other constants.

    Raises `ConditionViolated` or `NotDerivableYet` with the frame and what it changes.
    """
    assert model.aligned is not None
    for frame in model.aligned.frames:
        what = f"aligned: the loss in the frame of {frame.element}"
        prove_form_kept(model.loss, frame.images, frame.group, model.where, what)
        _check_features(model, frame)
        _check_covariances(model, frame)


def _images(frame: Frame) -> dict:
    return {atom_of(symbol): lower_matrix(image) for symbol, image in frame.images.items()}


def _check_features(model: Model, frame: Frame) -> None:
    features = lower_matrix(model.features)
    if substitute_matrix(features, _images(frame)) != features:
        raise ConditionViolated(
            f"aligned: the features {model.features} change in the frame of {frame.element}; the frame must leave them alone"
        )


def _check_covariances(model: Model, frame: Frame) -> None:
    """A covariance that is derived from the true parameter must follow it: `Cov(T x)` has the form of `Cov(x)` at the image."""
    images = _images(frame)
    truths: dict = {}
    for vector in model.data:
        for truth in vector.cov.atoms(Truth):
            for symbol, image in frame.images.items():
                if isinstance(symbol, Parameter) and symbol.name == truth.of:
                    moved = image.xreplace({symbol: truth})
                    truths[atom_of(truth)] = lower_matrix(moved)
    for vector in model.data:
        if isinstance(vector, GaussianVector) and vector.cov.atoms(Truth):
            own = lower_matrix(vector.cov)
            turned = images.get(atom_of(vector), MatrixPolynomial.atom(atom_of(vector)))
            rotation = MatrixPolynomial(turned.rows, own.rows, {(m, w[:-1]): c for (m, w), c in turned.terms.items()})
            if rotation @ own @ rotation.T != substitute_matrix(own, truths):
                raise ConditionViolated(
                    f"aligned: Cov({vector}) = {vector.cov} does not keep its form in the frame of {frame.element}"
                )
