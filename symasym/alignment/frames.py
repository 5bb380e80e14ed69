"""The change of coordinates is part of the model, so it is checked: loss, features, laws and task keep their form.

In the frame `z -> T_z z` the law of the data has the means `T_u E u` and covariances `T_u Cov(u, v) T_v^T`. Constants that are
such moments move along, others as the frame says; what is derived from constants and true parameters must come out as the same
expression in the moved ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from symasym.errors import ConditionViolated, NotDerivableYet
from symasym.model.aligned import Frame
from symasym.model.data import GaussianVector
from symasym.model.groups import SignedPermutations
from symasym.model.matrices import Constant, truth
from symasym.model.model import Model
from symasym.symmetry.invariance import prove_form_kept
from symasym.words.atoms import Kind
from symasym.words.lower import atom_of, lower_matrix, lower_scalar
from symasym.words.polynomial import MatrixPolynomial
from symasym.words.show import show_matrix
from symasym.words.substitute import substitute_matrix, substitute_scalar

__all__ = ["prove_frames"]


def prove_frames(model: Model) -> None:
    """Prove for every frame that the problem in new coordinates is the same problem with other constants.

    Raises `ConditionViolated` or `NotDerivableYet` with the frame and what it changes.
    """
    assert model.aligned is not None
    for frame in model.aligned.frames:
        what = f"aligned: the loss in the frame of {frame.element}"
        moved = _moved(model, frame)
        known = {c: show_matrix(moved[atom_of(c)]) for c in model.loss.atoms(Constant) if atom_of(c) in moved}
        prove_form_kept(model.loss, {**known, **frame.images}, frame.group, model.where, what)
        _check_features(model, frame)
        _check_moments(model, frame, moved)
        _check_masks(model, frame)
        _check_task(model, frame, moved)


def _check_features(model: Model, frame: Frame) -> None:
    features = lower_matrix(model.features)
    images = {atom_of(symbol): lower_matrix(image) for symbol, image in frame.images.items()}
    if substitute_matrix(features, images) != features:
        raise ConditionViolated(
            f"aligned: the features {model.features} change in the frame of {frame.element}; the frame must leave them alone"
        )


def _moved(model: Model, frame: Frame) -> dict[Any, MatrixPolynomial]:
    """Images of what laws are made of: true values move like their parameters, constants as covariances or as the frame says."""
    truths = {parameter: truth(parameter) for parameter in model.parameters}
    found = {
        atom_of(truths.get(symbol, symbol)): lower_matrix(image.xreplace(truths))
        for symbol, image in frame.images.items()
        if not isinstance(symbol, GaussianVector)
    }
    for _, own, image in _law_moments(model, frame):
        atom = own.single_atom
        if atom is not None and atom.kind is Kind.CONSTANT:
            found.setdefault(atom, image)
    return found


def _turn(vector: GaussianVector, frame: Frame) -> MatrixPolynomial:
    """`T` with the image `T z` of a data vector; the identity where the frame leaves it alone."""
    image = lower_matrix(frame.images.get(vector, vector))
    terms = {}
    for (monomial, word), number in image.terms.items():
        if not word or word[-1] != (atom_of(vector), False) or any(a.kind is Kind.DATA for a, _ in word[:-1]):
            raise NotDerivableYet(
                f"aligned: the frame of {frame.element} takes {vector} to {frame.images[vector]}; a matrix times {vector} is "
                "expected"
            )
        terms[monomial, word[:-1]] = number
    return MatrixPolynomial(image.rows, vector.shape[0], terms)


def _law_moments(model: Model, frame: Frame) -> Iterator[tuple[str, MatrixPolynomial, MatrixPolynomial]]:
    """Name, form and image of the means, `T_u E u`, and covariances, `T_u Cov(u, v) T_v^T`, of vectors of the loss or the frame.

    In a mixture those of every component.
    """
    vectors = {*model.data, *(symbol for symbol in frame.images if isinstance(symbol, GaussianVector))}
    ordered = sorted(vectors, key=lambda vector: (vector.law.names, vector.position))
    for n, u in enumerate(ordered):
        for v in ordered[n:]:
            if u.law == v.law:
                for _, law in u.law.components:
                    own = lower_matrix(law.covariance(u.position, v.position))
                    if own:
                        yield f"Cov({u}, {v})", own, _turn(u, frame) @ own @ _turn(v, frame).T
        for _, law in u.law.components:
            centre = lower_matrix(law.mean(u.position))
            if centre:
                yield f"E {u}", centre, _turn(u, frame) @ centre


def _check_masks(model: Model, frame: Frame) -> None:
    """`T R T^T` of a mask has its law if `T` is a signed permutation, which only permutes the i.i.d. entries of `R`."""
    for mask in model.masks:
        if mask not in frame.images:
            continue
        kept = isinstance(frame.group, SignedPermutations)
        if not kept or lower_matrix(frame.images[mask]) != lower_matrix(frame.element * mask * frame.element.T):
            raise ConditionViolated(
                f"aligned: {mask} -> {frame.images[mask]} in the frame of {frame.element} in {frame.group} does not keep the law "
                f"of the mask; {frame.element}*{mask}*{frame.element}.T with a signed permutation does"
            )


def _check_moments(model: Model, frame: Frame, moved: dict[Any, MatrixPolynomial]) -> None:
    for name, own, image in _law_moments(model, frame):
        if substitute_matrix(own, moved) != image:
            raise ConditionViolated(
                f"aligned: {name} does not keep its form in the frame of {frame.element}; what it is made of must move along"
            )


def _check_task(model: Model, frame: Frame, moved: dict[Any, MatrixPolynomial]) -> None:
    """A target that is derived, `<t, x>`, must be the same function: `T_x^T t(moved) = t`; so must the noise level."""
    target, noise = lower_matrix(model.downstream.target), lower_scalar(model.downstream.noise)
    derived = any(atom.kind is Kind.TRUTH for _, word in target.terms for atom, _ in word)
    if derived and _turn(model.input, frame).T @ substitute_matrix(target, moved) != target:
        raise ConditionViolated(
            f"aligned: the target {model.downstream.target} does not keep its form in the frame of {frame.element}"
        )
    if substitute_scalar(noise, moved) != noise:
        raise ConditionViolated(
            f"aligned: the noise level {model.downstream.noise} does not keep its form in the frame of {frame.element}"
        )
