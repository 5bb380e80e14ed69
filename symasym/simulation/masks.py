"""Masks in the empirical loss that are not drawn: an average over all of them is an expectation, given the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import sympy

from symasym.calculus.masks import expectation_over_masks
from symasym.errors import NotDerivableYet
from symasym.model.evaluate import evaluate
from symasym.model.masks import Mask
from symasym.model.model import Model
from symasym.model.scalars import Average
from symasym.simulation.letters import Letter, is_sampled
from symasym.words.atoms import Atom
from symasym.words.contract import contract_words, dimensions_of
from symasym.words.network import Edge, Network
from symasym.words.polynomial import Scalar, ScalarPolynomial

__all__ = ["averaged_masks", "joined"]


def averaged_masks(
    model: Model, loss: ScalarPolynomial, values: Mapping[sympy.Basic, np.ndarray | float]
) -> ScalarPolynomial:
    """The loss with its expectation over the masks whose averages run over infinitely many."""
    averages = (node.args[1:] for node in model.loss.atoms(Average))
    never_drawn = {mask for mask, count in averages if isinstance(mask, Mask) and evaluate(1 / count, values, {}) == 0}
    if not never_drawn:
        return loss
    if never_drawn != set(model.masks):
        raise NotDerivableYet(
            "estimator: some masks are drawn and some averaged, so the model file has to bring an estimator of its own"
        )
    return expectation_over_masks(loss)


def joined(scalars: Sequence[Scalar], moment: Callable[[Letter, Letter], Atom]) -> ScalarPolynomial:
    """The sample mean of a network with one data vector in it, or two: `[M x]_i [N y]_j` is `[M S N^T]_ij`, `S = mean x y^T`."""
    (network, *others) = scalars
    loose = [_outwards(edge) for edge in network.edges if _has_data(edge)] if isinstance(network, Network) else []
    if others or not isinstance(network, Network) or len(loose) > 2:
        raise NotDerivableYet(
            "estimator: averaged masks stand next to more than two data vectors, so the model file has to bring an estimator of "
            "its own"
        )
    rest = [edge for edge in network.edges if not _has_data(edge)]
    loose.sort(key=lambda edge: edge.word[-1][0].key)
    right = loose[-1]
    if len(loose) == 1:
        letter = moment((), (right.word[-1][0],))
        new = Edge(right.tail, (*right.word[:-1], (letter, False)), None)
    else:
        left = loose[0].reversed
        letter = moment((left.word[0][0],), (right.word[-1][0],))
        new = Edge(right.tail, (*right.word[:-1], (letter, False), *left.word[1:]), left.head)
    return contract_words([*rest, new], dimensions_of(network))


def _has_data(edge: Edge) -> bool:
    return any(is_sampled(atom) for atom, _ in edge.word)


def _outwards(edge: Edge) -> Edge:
    """The edge turned so that its data vector stands at the end."""
    return edge if edge.head is None else edge.reversed
