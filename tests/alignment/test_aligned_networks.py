"""Networks read at diagonal matrices against the same networks on arrays."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from symasym.alignment.networks import aligned_bilinear, diagonal_word, functional_word
from symasym.calculus.bilinear import split_linear
from symasym.calculus.forms import direction
from symasym.errors import NotDerivableYet
from symasym.general.arrays import Matrices
from symasym.general.networks import network_array
from symasym.model import constant, covariance, dims, parameter
from symasym.words.atoms import Word
from symasym.words.lower import atom_of
from symasym.words.network import Edge, Network
from symasym.words.polynomial import Monomial, ScalarPolynomial

d, k = dims("d k")
SIZES = {d: 4, k: 2}
A, B, S, u = parameter("A_a", k, d), parameter("B_a", d, k), covariance("S_a", d), constant("u_a", d)
a, b, s = ((atom_of(symbol), False) for symbol in (A, B, S))
U, V = ((direction(atom_of(A), slot), False) for slot in "UV")
DIAGONALS = {
    "A_a": np.array([2.0, -3.0, 0, 0]),
    "B_a": np.array([5.0, 0.5, 0, 0]),
    "S_a": np.array([1.0, 7.0, -2.0, 0.3]),
}
MATRICES = Matrices(
    {
        "A_a": np.eye(2, 4) * DIAGONALS["A_a"],
        "B_a": np.eye(4, 2) * DIAGONALS["B_a"][:2],
        "S_a": np.diag(DIAGONALS["S_a"]),
    },
    SIZES,
)


def T(factor: tuple) -> tuple:
    return factor[0], True


BU, BV = (b, U), (b, V)
BUt, BVt = (T(U), T(b)), (T(V), T(b))
WEBS = {
    "both on one loop": (Edge(0, (b, U, s, *BVt), 0), Edge(0, (s,), 0)),
    "both on one loop, the other way round": (Edge(0, (b, V, s, *BU), 0), Edge(0, (s,), 0)),
    "both transposed": (Edge(0, (*BUt, s, *BVt), 0), Edge(0, (s,), 0)),
    "two loops": (Edge(0, (*BU, s), 0), Edge(0, BV, 0)),
    "two loops, joined by diagonal edges": (Edge(0, BU, 0), Edge(0, (s,), 1), Edge(0, (s,), 1), Edge(1, BVt, 1)),
    "side by side": (Edge(0, BU, 1), Edge(0, BV, 1)),
    "side by side, weighted": (Edge(0, (s, *BU), 1), Edge(0, (s,), 0), Edge(1, (b, a), 1), Edge(0, (*BV, s), 1)),
    "there and back": (Edge(0, (s, *BU), 1), Edge(1, (*BV, s), 0)),
    "there and back, transposed": (Edge(0, BUt, 1), Edge(1, (s, *BV), 0), Edge(1, (s,), 1)),
    "three coordinates": (Edge(0, BU, 1), Edge(1, (s,), 2), Edge(1, (b, a), 2), Edge(1, (s,), 0), Edge(1, BV, 0)),
    "all one coordinate in the end": (Edge(0, BU, 1), Edge(1, BV, 0), Edge(0, (s,), 1), Edge(0, (s,), 1)),
}


def diagonal(word: Word) -> np.ndarray:
    """The product of the diagonals, whatever the shapes."""
    return np.prod([DIAGONALS[atom.key] for atom, _ in word], axis=0, initial=1.0) * np.ones(4)


def form(network: Network) -> ScalarPolynomial:
    return ScalarPolynomial({Monomial((), (network,)): 1})


def aligned_array(network: Network) -> np.ndarray:
    """What `U_pq f_q V_qp g_p` and its relatives put at the entries of `U` and `V`."""
    pairs, products, local = aligned_bilinear(form(network))
    assert not products
    total = np.zeros((2, 4, 2, 4))
    for pair in pairs:
        inner, outer = diagonal(pair.inner), diagonal(pair.outer)
        for p, q in product(range(2), range(4)):
            row, column = (p, q) if pair.transposed else (q, p)
            if row < 2:
                total[p, q, row, column] += inner[q] * outer[p]
    for term in local:
        for p in range(2):
            total[p, p, p, p] += diagonal(term.word)[p]
    return total


@pytest.mark.parametrize("edges", WEBS.values(), ids=WEBS)
def test_two_directions(edges: tuple[Edge, ...]) -> None:
    network = Network(edges)
    expected = network_array(network, MATRICES.word)
    assert np.any(expected)
    np.testing.assert_allclose(aligned_array(network), expected, rtol=1e-13)


def test_one_direction_and_none() -> None:
    linear = Network((Edge(0, (s, *BV), 0), Edge(0, (s,), 1), Edge(0, (b, a), 1), Edge(1, (s,), 1)))
    (term,) = split_linear(form(linear))
    expected = network_array(linear, MATRICES.word)
    np.testing.assert_allclose(np.diag(diagonal(functional_word(term)))[:2], expected, rtol=1e-13)
    still = Network((Edge(0, (s,), 1), Edge(0, (b, a), 1), Edge(1, (s,), 1)))
    assert np.sum(diagonal(diagonal_word(still))) == pytest.approx(
        float(network_array(still, MATRICES.word)), rel=1e-13
    )


@pytest.mark.parametrize(
    "edges",
    [
        (Edge(0, BU, 1), Edge(1, (s,), 1), Edge(0, BV, 0)),  # a bridge
        (Edge(0, BU, 1), Edge(1, BV, 2), Edge(2, (s,), 2)),  # a path
        (Edge(None, ((atom_of(u), True), *BU), 0), Edge(0, (*BV, s), 0)),  # a fixed vector at an end
    ],
)
def test_what_is_not_block_diagonal_is_refused(edges: tuple[Edge, ...]) -> None:
    with pytest.raises(NotDerivableYet, match="is not block diagonal in aligned coordinates"):
        aligned_bilinear(form(Network(edges)))
