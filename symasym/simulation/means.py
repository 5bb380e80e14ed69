"""Sample means of matrices made of data, for a batch of data sets: `S_m = (1/m) sum_s S(z_s)`."""

from __future__ import annotations

import numpy as np

from symasym.errors import NotDerivableYet
from symasym.general.arrays import Matrices, matrix_array, scalar_array
from symasym.model.sample_means import SampleMean
from symasym.simulation.letters import Samples, is_sampled, sampled
from symasym.simulation.moments import gram
from symasym.words.atoms import Factor, Word, columns_of
from symasym.words.lower import lower_matrix
from symasym.words.network import words_of
from symasym.words.polynomial import LogDet, MatrixPolynomial, Monomial, ScalarPolynomial

__all__ = ["sample_mean_array"]


def sample_mean_array(mean: SampleMean, samples: Samples, constants: Matrices) -> np.ndarray:
    """`S_m`, `(B, rows, columns)`, of `S(z) = sum c L u v^T R` with data vectors `u`, `v`, one of which may be left out.

    Raises `NotDerivableYet` for a matrix of higher order in the data.
    """
    batch, (rows, columns) = len(next(iter(samples.values()))), mean.shape
    total = np.zeros((batch, constants.size(rows), constants.size(columns)))
    for (monomial, word), number in lower_matrix(mean.expression).terms.items():
        places = [n for n, (atom, _) in enumerate(word) if is_sampled(atom)]
        if _varies(monomial) or not _is_outer(word, places):
            raise NotDerivableYet(
                f"estimator: the sample mean {mean} is of higher order in the data, so the model file has to bring its own"
            )
        term = MatrixPolynomial(rows, columns, {(monomial, word): number})
        factor = scalar_array(ScalarPolynomial({monomial: number}), constants)
        total += factor * _mean_word(word, places, samples, constants) if places else matrix_array(term, constants)
    return total


def _varies(monomial: Monomial) -> bool:
    words = (word for scalar in monomial.scalars if not isinstance(scalar, LogDet) for word in words_of(scalar))
    return any(is_sampled(atom) for word in words for atom, _ in word)


def _is_outer(word: Word, places: list[int]) -> bool:
    """True if the data vectors in a word are one, or two that stand together as `u v^T`."""
    if len(places) < 2:
        return True
    return len(places) == 2 and places[1] == places[0] + 1 and columns_of(word[places[0]]) == 1


def _mean_word(word: Word, places: list[int], samples: Samples, constants: Matrices) -> np.ndarray:
    """`L E_m[u v^T] R` of a word with the data vectors at `places`."""
    first, last = places[0], places[-1]
    middle = _moment(word[first : last + 1], samples)
    before, after = word[:first], word[last + 1 :]
    left = middle if not before else constants.word(before, before[0][0].rows) @ middle
    return left if not after else left @ constants.word(after, after[0][0].rows)


def _moment(vectors: tuple[Factor, ...], samples: Samples) -> np.ndarray:
    """`(1/m) sum_s u_s v_s^T`, `u_s` alone, or `v_s^T` alone; copies are averaged over as well."""
    values = [sampled(atom, samples) for atom, _ in vectors]
    flat = [value.reshape(len(value), -1, value.shape[-1]) for value in values]
    ones = np.ones((*flat[0].shape[:-1], 1))
    u, v = flat if len(flat) == 2 else ((ones, flat[0]) if vectors[0][1] else (flat[0], ones))
    return gram(u, v) / u.shape[1]
